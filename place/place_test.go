package place_test

import (
	"math"
	"testing"

	"tarir/entity"
	"tarir/place"
)

func TestPlacesAreFoundByCodeAndByName(t *testing.T) {
	if !place.Bundled() {
		t.Fatal("built without the gazetteer: run make")
	}
	told := []*entity.Entity{
		(&entity.Entity{ID: "1", Schema: "Address", Properties: map[string][]string{}}).Add("name", "ECTUL").Add("city", "Tulcán").Add("country", "ec"),
		(&entity.Entity{ID: "2", Schema: "Address", Properties: map[string][]string{}}).Add("name", "XXYYY").Add("latitude", "1.5").Add("longitude", "-2.5"),
		(&entity.Entity{ID: "3", Schema: "Address", Properties: map[string][]string{}}).Add("name", "XXZZZ").Add("city", "Nowhere at all").Add("country", "xx"),
		(&entity.Entity{ID: "4", Schema: "Address", Properties: map[string][]string{}}).Add("name", "XXWWW").Add("latitude", "91").Add("longitude", "0"),
	}
	b := place.NewBook(func(_ string, fn func(*entity.Entity)) {
		for _, e := range told {
			fn(e)
		}
	})
	for s, want := range map[string][2]float64{
		"COBOG": {4.7, -74.1}, "BOG": {4.7, -74.1}, "ECTUL": {0.8, -77.7}, "XXYYY": {1.5, -2.5}, "Lima": {-12.0, -77.0}, "Lima, US": {40.7, -84.1}, "bogota": {4.6, -74.1}, "Quito, EC": {-0.2, -78.5},
	} {
		p, ok := b.Find(s)
		if !ok || math.Abs(p.Lat-want[0]) > 0.2 || math.Abs(p.Lon-want[1]) > 0.2 {
			t.Errorf("%s: %+v, %v, want about %v", s, p, ok, want)
		}
	}
	for _, s := range []string{"", "XXZZZ", "XXWWW", "PEBOG", "no such town anywhere", "0Q0"} {
		if p, ok := b.Find(s); ok {
			t.Errorf("%q is placed at %+v", s, p)
		}
	}
	if n := b.Name("ECTUL"); n != "Tulcán" {
		t.Errorf("ECTUL is called %s", n)
	}
	if n := b.Name("XXZZZ"); n != "Nowhere at all" {
		t.Errorf("XXZZZ is called %s", n)
	}
	if n := b.Name("0Q0"); n != "0Q0" {
		t.Errorf("0Q0 is called %s", n)
	}
}

func TestPlacesAreSoFarApart(t *testing.T) {
	var b place.Book
	for _, c := range []struct {
		a, b string
		km   float64
	}{{"Paris", "Lyon", 392}, {"Lima", "Lima", 0}, {"BOG", "LIM", 1880}} {
		p, ok1 := b.Find(c.a)
		q, ok2 := b.Find(c.b)
		if !ok1 || !ok2 {
			t.Skip("built without the gazetteer")
		}
		if km := place.Apart(p, q); math.Abs(km-c.km) > 20 || km != place.Apart(q, p) {
			t.Errorf("%s and %s are %.0f km apart, not %.0f", c.a, c.b, km, c.km)
		}
	}
	if km := place.Apart(place.Place{Lat: 90}, place.Place{Lat: -90, Lon: 77}); math.Abs(km-20015) > 1 {
		t.Errorf("the poles are %.0f km apart", km)
	}
}

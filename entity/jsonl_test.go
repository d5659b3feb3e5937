package entity_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tarir/entity"
)

func TestJSONLinesAreReadAndWrittenWithoutLoss(t *testing.T) {
	line := `{"id":"p1","schema":"Person","caption":"Ana","datasets":["x"],"properties":{"name":["Ana","آنا"],"birthDate":["1985-04"],"profession":["driver"],"height":["1.70"]},"target":true}`
	e, dropped, err := entity.Decode([]byte(line))
	if err != nil || len(dropped) > 0 {
		t.Fatal(err, dropped)
	}
	got, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, []byte(line))
}

func same(t interface{ Errorf(string, ...any) }, a, b []byte) {
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil || !reflect.DeepEqual(x, y) {
		t.Errorf("written %s\n   read %s", a, b)
	}
}

func TestWhatIsNoEntityIsRefusedWithAReason(t *testing.T) {
	for line, want := range map[string]string{
		`{"schema":"Person"}`:   "no id",
		`{"id":"x"}`:            "no schema",
		`{"id":7,"schema":"X"}`: "no id",
		`[]`:                    "not a FollowTheMoney entity",
		``:                      "not a FollowTheMoney entity",
		`{"id":"x","schema":"Person","properties":[]}`:            "properties",
		`{"id":"x","schema":"Person","properties":{"name":[{}]}}`: "property name",
	} {
		if _, _, err := entity.Decode([]byte(line)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", line, err, want)
		}
	}
	e, dropped, err := entity.Decode([]byte(`{"id":"x","schema":"Person","properties":{"name":"Ana","religion":["z"],"height":1.7,"parent":{"id":"y"}}}`))
	if err != nil || !reflect.DeepEqual(dropped, []string{"religion"}) || e.First("name") != "Ana" || e.First("height") != "1.7" || e.First("parent") != "y" {
		t.Errorf("%+v %v %v", e, dropped, err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"id":"p1","schema":"Person","properties":{"name":["Ana"]},"x":1}`))
	f.Add([]byte(`{"id":"o","schema":"Ownership","properties":{"owner":["p1"],"asset":["a"]}}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		e, _, err := entity.Decode(line)
		if err != nil {
			return
		}
		out, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, dropped, err := entity.Decode(out)
		if err != nil || len(dropped) > 0 {
			t.Fatalf("%s: %v, dropped %v", out, err, dropped)
		}
		out2, err := again.Encode()
		if err != nil || !bytes.Equal(out, out2) {
			t.Fatalf("%s becomes %s", out, out2)
		}
		e.Selectors("FR")
		e.Ends()
		entity.Looks(line)
	})
}

func TestAPoolKeepsEveryTellingOnceInAnyOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		list := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) *entity.Entity {
			e := entity.New("Person", rapid.SampledFrom([]string{"a", "b"}).Draw(t, "who")).Add("name", rapid.SampledFrom([]string{"Ana", "Ben"}).Draw(t, "name"))
			e.Source = rapid.SampledFrom([]string{"f", "g"}).Draw(t, "file") + "#" + rapid.SampledFrom([]string{"1", "9", "10"}).Draw(t, "line")
			return e
		}), 1, 20).Draw(rt, "tellings")
		write := func(list []*entity.Entity) string {
			p := entity.NewPool()
			for _, e := range list {
				p.Add(e)
			}
			var b strings.Builder
			for _, e := range p.All() {
				line, err := e.Encode()
				if err != nil {
					rt.Fatal(err)
				}
				b.Write(line)
				for _, part := range e.Split() {
					if part.ID != e.ID {
						rt.Fatalf("%s is a part of %s", part.ID, e.ID)
					}
				}
			}
			return b.String()
		}
		want := write(list)
		if got := write(rapid.Permutation(list).Draw(rt, "order")); got != want {
			rt.Fatalf("%s\nin another order %s", want, got)
		}
		if got := write(append(list, list...)); got != want {
			rt.Fatalf("%s\ntold twice %s", want, got)
		}
	})
}

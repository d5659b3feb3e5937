package entity_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tarir/entity"
)

func person(id string, props ...string) *entity.Entity {
	e := &entity.Entity{ID: id, Schema: "Person", Properties: map[string][]string{}}
	for i := 0; i < len(props); i += 2 {
		e.Add(props[i], props[i+1])
	}
	return e
}

func TestStrongSelectorsMergeAndWeakOnesSuggest(t *testing.T) {
	r := entity.Resolve([]*entity.Entity{
		person("a", "name", "Ana Ruiz", "passportNumber", "AB 123456", "nationality", "co", "birthDate", "1990-05-01"),
		person("b", "name", "Ana R.", "passportNumber", "ab123456", "nationality", "col", "birthDate", "1990"),
		person("c", "name", "Ben", "phone", "+573001234567"),
		person("d", "name", "Carla", "phone", "+57 300 123 4567"),
		person("e", "name", "Ruiz Ana", "birthDate", "1990-05-01"),
	}, nil)
	if len(r.Merges) != 1 || r.Merges[0].Into != "a" || r.Merges[0].ID != "b" || r.Merges[0].Selector.Value != "CO:AB123456" {
		t.Errorf("merges %+v", r.Merges)
	}
	if got := r.Canonical("b"); got != "a" {
		t.Errorf("b is %s", got)
	}
	want := []entity.Suggestion{{"a", "e", []string{"same name and birth date"}}, {"c", "d", []string{"same phone"}}}
	if !reflect.DeepEqual(r.Suggested, want) {
		t.Errorf("suggested %+v", r.Suggested)
	}
	a := r.Entities[slices.IndexFunc(r.Entities, func(e *entity.Entity) bool { return e.ID == "a" })]
	if parts := a.Split(); len(parts) != 2 || parts[1].First("name") != "Ana R." {
		t.Errorf("taken apart: %+v", parts)
	}
}

func TestAMergeOfTwoPeopleIsRefusedAndListed(t *testing.T) {
	for name, c := range map[string]struct {
		a, b   *entity.Entity
		reason string
	}{
		"birth dates": {
			person("a", "passportNumber", "AB123456", "birthDate", "1990-05-01"), person("b", "passportNumber", "AB123456", "birthDate", "1991"),
			"birth dates",
		},
		"documents": {
			person("a", "idNumber", "AB123456", "passportNumber", "X1234567"), person("b", "idNumber", "AB123456", "passportNumber", "X7654321"),
			"document numbers",
		},
		"kinds": {
			person("a", "taxNumber", "12345678"), &entity.Entity{ID: "b", Schema: "Company", Properties: map[string][]string{"taxNumber": {"12345678"}}},
			"one is a Person, the other a Company",
		},
	} {
		r := entity.Resolve([]*entity.Entity{c.a, c.b}, nil)
		if len(r.Merges) > 0 || len(r.Refused) != 1 || !strings.Contains(r.Refused[0].Reason, c.reason) || len(r.Entities) != 2 {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestADecisionUndoesAMerge(t *testing.T) {
	list := []*entity.Entity{person("a", "passportNumber", "AB123456"), person("b", "passportNumber", "AB123456"), person("c", "passportNumber", "AB123456")}
	if r := entity.Resolve(list, nil); len(r.Entities) != 1 {
		t.Errorf("%d entities", len(r.Entities))
	}
	r := entity.Resolve(list, []entity.Apart{{"b", "a"}})
	if len(r.Entities) != 2 || r.Canonical("b") == r.Canonical("a") {
		t.Errorf("%+v", r.Entities)
	}
}

func TestAFillerNumberMergesNobody(t *testing.T) {
	var list []*entity.Entity
	for i := range 60 {
		list = append(list, person(fmt.Sprint(i), "passportNumber", "0000000"))
	}
	if r := entity.Resolve(list, nil); len(r.Merges)+len(r.Suggested) > 0 {
		t.Errorf("%d merges, %d suggestions", len(r.Merges), len(r.Suggested))
	}
}

func TestAPassportMergesItsHolders(t *testing.T) {
	pass := func(id, holder string) *entity.Entity {
		return &entity.Entity{ID: id, Schema: "Passport", Properties: map[string][]string{"holder": {holder}, "number": {"AB123456"}, "country": {"fr"}}}
	}
	r := entity.Resolve([]*entity.Entity{person("a", "name", "Ana"), person("b", "name", "Anna"), pass("p", "a"), pass("q", "b")}, nil)
	if r.Canonical("b") != "a" || r.Canonical("q") != "p" {
		t.Errorf("%+v", r.Merges)
	}
}

// people draws persons who share and contradict each other a lot.
func people(t *rapid.T) []*entity.Entity {
	n := rapid.IntRange(1, 12).Draw(t, "people")
	out := make([]*entity.Entity, n)
	for i := range out {
		out[i] = person(fmt.Sprintf("p%02d", i), "name", rapid.SampledFrom([]string{"", "Ana", "Ben"}).Draw(t, "name"))
		for _, k := range []string{"passportNumber", "idNumber", "taxNumber"} {
			out[i].Add(k, rapid.SampledFrom([]string{"", "", "11111", "22222", "33333"}).Draw(t, k))
		}
		out[i].Add("birthDate", rapid.SampledFrom([]string{"", "", "1990", "1990-05-01", "1990-06-01"}).Draw(t, "born"))
		out[i].Add("phone", rapid.SampledFrom([]string{"", "+573001234567"}).Draw(t, "phone"))
	}
	return out
}

func TestResolvingDependsOnWhatWasToldAndNotOnWhen(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		list := people(rt)
		want := entity.Resolve(list, nil)
		got := entity.Resolve(rapid.Permutation(list).Draw(rt, "order"), nil)
		if !reflect.DeepEqual(got, want) {
			rt.Fatalf("%+v\nin another order %+v", want, got)
		}
		parts := 0
		for _, e := range want.Entities {
			list := e.Split()
			parts += len(list)
			for i, a := range list {
				for _, b := range list[:i] {
					x, y := a.First("birthDate"), b.First("birthDate")
					if x != "" && y != "" && !strings.HasPrefix(x, y) && !strings.HasPrefix(y, x) {
						rt.Fatalf("%s and %s are one, born %s and %s", a.ID, b.ID, x, y)
					}
					if x, y := a.First("passportNumber"), b.First("passportNumber"); x != "" && y != "" && x != y {
						rt.Fatalf("%s and %s are one with passports %s and %s", a.ID, b.ID, x, y)
					}
				}
			}
		}
		if parts != len(list) {
			rt.Fatalf("%d of %d are left", parts, len(list))
		}
		// Every two that share a strong selector are one, or a refusal tells of it.
		var apart []entity.Apart
		for _, m := range want.Merges {
			apart = append(apart, entity.Apart{A: m.Into, B: m.ID})
		}
		again := entity.Resolve(list, apart)
		for _, m := range want.Merges {
			if again.Canonical(m.Into) == again.Canonical(m.ID) {
				rt.Fatalf("%s and %s are one although somebody decided otherwise", m.Into, m.ID)
			}
		}
	})
}

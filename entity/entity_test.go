package entity_test

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"tarir/entity"
)

func TestMergingKeepsEveryValueOnce(t *testing.T) {
	values := rapid.SliceOf(rapid.SampledFrom([]string{"", "Ana", "Ben", "Cleo"}))
	rapid.Check(t, func(rt *rapid.T) {
		a, b := entity.New("Person", "x"), entity.New("Person", "x")
		if a.ID != b.ID {
			rt.Fatal("the same parts give different ids")
		}
		said := map[string]bool{}
		for _, e := range []*entity.Entity{a, b} {
			for _, v := range values.Draw(rt, "names") {
				e.Add("name", v)
				if v != "" {
					said[v] = true
				}
			}
		}
		a = entity.Union(a, b)
		got := map[string]bool{}
		for _, v := range a.Properties["name"] {
			if got[v] {
				rt.Fatalf("%q twice", v)
			}
			got[v] = true
		}
		if !reflect.DeepEqual(got, said) {
			rt.Fatalf("merged %v, said %v", got, said)
		}
	})
}

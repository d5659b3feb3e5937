package world_test

import (
	"reflect"
	"testing"

	"tarir/money/ledger"
	"tarir/world"
)

func TestASocietyIsTheSameForTheSameSeed(t *testing.T) {
	make := func(seed uint64) (*world.Society, []ledger.Payment) {
		s, err := world.NewSociety("small", seed)
		if err != nil {
			t.Fatal(err)
		}
		var list []ledger.Payment
		if err := s.Each(func(p *ledger.Payment) error { list = append(list, *p); return nil }); err != nil {
			t.Fatal(err)
		}
		return s, list
	}
	a, listA := make(3)
	b, listB := make(3)
	if !reflect.DeepEqual(a.Entities, b.Entities) || !reflect.DeepEqual(a.Adverts, b.Adverts) || !reflect.DeepEqual(a.Journeys, b.Journeys) || !reflect.DeepEqual(a.Organisations, b.Organisations) || !reflect.DeepEqual(listA, listB) {
		t.Error("two societies of one seed differ")
	}
	if c, _ := make(4); reflect.DeepEqual(a.Organisations, c.Organisations) {
		t.Error("another seed makes the same organisations")
	}
}

func TestTheTruthOfASocietyIsOfWhatItTells(t *testing.T) {
	for seed := range uint64(3) {
		s, err := world.NewSociety("small", seed)
		if err != nil {
			t.Fatal(err)
		}
		entities, accounts := map[string]bool{}, map[string]bool{}
		for _, e := range s.Entities {
			entities[e.ID] = true
			if e.Schema == "BankAccount" {
				accounts[e.First("bankName")+"/"+e.First("accountNumber")] = true
			}
		}
		for _, j := range s.Journeys {
			if reason := j.Check(); reason != "" {
				t.Errorf("journey %+v %s", j, reason)
			}
		}
		seen := map[string]bool{}
		for _, o := range s.Organisations {
			for _, m := range o.Members {
				if !entities[m.Entity] || len(m.Roles) == 0 || seen[m.Entity] {
					t.Errorf("%s: member %s told %v, roles %v, twice %v", o.ID, m.Entity, entities[m.Entity], m.Roles, seen[m.Entity])
				}
				seen[m.Entity] = true
				for _, a := range m.Accounts {
					if !accounts[a] {
						t.Errorf("%s: nobody tells of account %s", o.ID, a)
					}
				}
			}
			for _, v := range o.Victims {
				if !entities[v] || seen[v] {
					t.Errorf("%s: victim %s told %v, elsewhere too %v", o.ID, v, entities[v], seen[v])
				}
				seen[v] = true
			}
			if len(o.AtRest) == 0 || len(o.Victims) == 0 {
				t.Errorf("%s: %d places of rest, %d victims", o.ID, len(o.AtRest), len(o.Victims))
			}
		}
	}
}

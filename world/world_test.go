package world_test

import (
	"testing"

	"pgregory.net/rapid"

	"tarir/money/ledger"
	"tarir/world"
)

func TestTheTruthIsOfPaymentsThatAreThere(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		spec := world.Spec{Payments: int64(rapid.IntRange(10_000, 20_000).Draw(rt, "payments")), Seed: rapid.Uint64().Draw(rt, "seed"), Each: rapid.IntRange(1, 3).Draw(rt, "each")}
		w := world.New(spec)
		byRef := map[string]ledger.Payment{}
		last := int64(0)
		var list []ledger.Payment
		if err := w.Each(func(p *ledger.Payment) error {
			if _, twice := byRef[p.Ref]; twice {
				rt.Fatalf("reference %s twice", p.Ref)
			}
			if p.From == p.To || p.Paid.Units <= 0 || p.At <= 0 {
				rt.Fatalf("payment %+v", p)
			}
			byRef[p.Ref] = *p
			list = append(list, *p)
			last = max(last, p.At)
			return nil
		}); err != nil {
			rt.Fatal(err)
		}
		if n := int64(len(list)); n < spec.Payments {
			rt.Fatalf("%d payments of %d", n, spec.Payments)
		}
		illicit := map[string]bool{}
		for _, ref := range w.Truth().Illicit {
			illicit[ref] = true
		}
		check := func(p world.Pattern, crime bool) {
			accounts := map[string]bool{}
			for _, a := range p.Accounts {
				accounts[a] = true
			}
			if len(p.Payments) == 0 || len(accounts) == 0 {
				rt.Fatalf("pattern %s is empty", p.ID)
			}
			for _, ref := range p.Payments {
				x, there := byRef[ref]
				if !there || illicit[ref] != crime {
					rt.Fatalf("%s: payment %s there %v, illicit %v", p.ID, ref, there, illicit[ref])
				}
				if !accounts[x.From.String()] && !accounts[x.To.String()] {
					rt.Fatalf("%s: payment %s is between others", p.ID, ref)
				}
			}
		}
		for _, p := range w.Truth().Patterns {
			check(p, true)
		}
		for _, p := range w.Truth().Innocent {
			check(p, false)
		}
		// The same again gives the same.
		i := 0
		if err := world.New(spec).Each(func(p *ledger.Payment) error {
			if *p != list[i] {
				rt.Fatalf("payment %d is %+v, was %+v", i, *p, list[i])
			}
			i++
			return nil
		}); err != nil {
			rt.Fatal(err)
		}
	})
}

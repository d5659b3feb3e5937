package analysis

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// readNetworks reads networks.json; found is false where the analysis wrote none.
func readNetworks(dir string) (list []Network, found bool, err error) {
	b, err := os.ReadFile(filepath.Join(dir, NetworksFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read networks: %w", err)
	}
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, false, fmt.Errorf("read networks: %w", err)
	}
	return list, true, nil
}

// networks compares networks with the organisations of the truth. One is found when at least half of its members are in
// one network of which they make up at least half.
func (e *Evaluation) networks(list []Network, truth Truth) error {
	type role struct{ entity, role string }
	memberOf := map[string]int{} // organisation of each true member
	wantRoles, gotRoles := map[role]bool{}, map[role]bool{}
	want, got := map[string]bool{}, map[string]bool{}
	victims, namedVictims := map[string]bool{}, map[string]bool{}
	leads, namedLeads := map[string]bool{}, map[string]bool{}
	for k, o := range truth.Organisations {
		for _, m := range o.Members {
			memberOf[m.Entity] = k
			want[m.Entity] = true
			for _, r := range m.Roles {
				wantRoles[role{m.Entity, r}] = true
			}
		}
		for _, v := range o.Victims {
			victims[v] = true
		}
		for _, v := range o.Leads {
			leads[v] = true
		}
	}
	found, right := map[int]bool{}, 0
	e.VictimsAsSuspects = 0
	for _, n := range list {
		for _, v := range n.Victims {
			namedVictims[v.Entity] = true
		}
		for _, l := range n.Leads {
			namedLeads[l.Entity] = true
		}
		by := map[int]int{}
		for _, m := range n.Members {
			if victims[m.Entity] && !got[m.Entity] {
				e.VictimsAsSuspects++
			}
			got[m.Entity] = true
			for _, r := range m.Roles {
				gotRoles[role{m.Entity, r.Role}] = true
			}
			if k, ok := memberOf[m.Entity]; ok {
				by[k]++
			}
		}
		for k, c := range by {
			if 2*c >= len(truth.Organisations[k].Members) && 2*c >= len(n.Members) {
				right++
				found[k] = true
				break
			}
		}
	}
	organisations := rate(right, len(list), len(truth.Organisations))
	organisations.Recall = float64(len(found)) / float64(len(truth.Organisations))
	members, roles := overlap(got, want), overlapOf(gotRoles, wantRoles)
	if len(victims) > 0 {
		r := overlap(namedVictims, victims)
		e.Victims = &r
	}
	if len(leads) > 0 {
		r := overlap(namedLeads, leads)
		e.Leads = &r
	}
	e.Organisations, e.Members, e.Roles = &organisations, &members, &roles
	return e.atRestOf(list, truth)
}

func overlapOf[K comparable](named, want map[K]bool) Rate {
	right := 0
	for a := range named {
		if want[a] {
			right++
		}
	}
	return rate(right, len(named), len(want))
}

// atRestOf compares where networks say proceeds rest with where the truth says it, by account.
func (e *Evaluation) atRestOf(list []Network, truth Truth) error {
	named := map[restPlace]float64{}
	for _, n := range list {
		for _, r := range n.Proceeds.AtRest {
			x, err := json.Number(r.Amount).Float64() // a share is reported, so a float's rounding does not matter
			if err != nil {
				return fmt.Errorf("read networks: amount at rest %q: %w", r.Amount, err)
			}
			named[restPlace{r.Account, r.Currency}] += x
		}
	}
	return e.rests(named, truth)
}

package analysis

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"tarir/message"
)

// ChangesFile says what is different from the analysis before in the same folder.
const ChangesFile = "changes.json"

// Change is what became of one organisation since the analysis before.
type Change struct {
	Network string `json:"network"`
	// Kind is new, changed, same or gone (it is no network any more: Network is its id before).
	Kind       string   `json:"kind"`
	From       []string `json:"from"`        // networks before of which it has members, those with the most first; two and more: merged
	Split      bool     `json:"split"`       // the network that it comes from is now several
	MembersIn  []string `json:"members_in"`  // entities
	MembersOut []string `json:"members_out"` // members before who are in no network that comes from it
	VictimsIn  []string `json:"victims_in"`  // possible victims who were in no network before
	Received   *Moved   `json:"received,omitempty"`
	AtRest     *Moved   `json:"at_rest,omitempty"`
}

// Moved is a sum before and after, of the currency of which there is most now.
type Moved struct {
	Before   string `json:"before"`
	After    string `json:"after"`
	Currency string `json:"currency"`
}

// compareNetworks says what changed. Networks are the same organisation where they share members: ids follow the members and
// change with them. Cost: linear in members.
func compareNetworks(before, after []Network) []Change {
	was := map[string]int{} // network before, by member
	victims := map[string]bool{}
	for i := range before {
		for _, m := range before[i].Members {
			was[m.Entity] = i
		}
		for _, v := range before[i].Victims {
			victims[v.Entity] = true
		}
	}
	now := map[string]int{}
	into := map[int][]int{} // networks now that come from one before
	from := make([][]int, len(after))
	for i := range after {
		shared := map[int]int{}
		for _, m := range after[i].Members {
			now[m.Entity] = i
			if k, ok := was[m.Entity]; ok {
				shared[k]++
			}
		}
		from[i] = slices.SortedFunc(maps.Keys(shared), func(a, b int) int {
			return cmp.Or(shared[b]-shared[a], strings.Compare(before[a].ID, before[b].ID))
		})
		for _, k := range from[i] {
			into[k] = append(into[k], i)
		}
	}
	out := []Change{}
	for i := range after {
		n := &after[i]
		c := Change{Network: n.ID, Kind: "new", From: []string{}, MembersIn: []string{}, MembersOut: []string{}, VictimsIn: []string{}}
		for _, m := range n.Members {
			if _, ok := was[m.Entity]; !ok {
				c.MembersIn = append(c.MembersIn, m.Entity)
			}
		}
		for _, v := range n.Victims {
			if !victims[v.Entity] {
				c.VictimsIn = append(c.VictimsIn, v.Entity)
			}
		}
		for _, k := range from[i] {
			c.From = append(c.From, before[k].ID)
			c.Split = c.Split || len(into[k]) > 1
			if into[k][0] == i { // told once
				for _, m := range before[k].Members {
					if _, ok := now[m.Entity]; !ok {
						c.MembersOut = append(c.MembersOut, m.Entity)
					}
				}
			}
		}
		if len(c.From) > 0 {
			old := &before[from[i][0]]
			c.Received = moved(old.Proceeds.Received, n.Proceeds.Received)
			c.AtRest = moved(sumRests(old.Proceeds.AtRest), sumRests(n.Proceeds.AtRest))
			c.Kind = "changed"
			if len(c.From) == 1 && !c.Split && len(c.MembersIn)+len(c.MembersOut)+len(c.VictimsIn) == 0 && c.Received == nil && c.AtRest == nil {
				c.Kind = "same"
			}
		}
		out = append(out, c)
	}
	for k := range before {
		if len(into[k]) == 0 {
			out = append(out, Change{Network: before[k].ID, Kind: "gone", From: []string{}, MembersIn: []string{}, MembersOut: []string{}, VictimsIn: []string{}})
		}
	}
	return out
}

// moved compares sums of the currency that comes first now; nil where they are the same.
func moved(before, after []Sum) *Moved {
	if len(after) == 0 {
		return nil
	}
	m := &Moved{Before: "0", After: after[0].Amount, Currency: after[0].Currency}
	for _, s := range before {
		if s.Currency == m.Currency {
			m.Before = s.Amount
		}
	}
	if m.Before == m.After {
		return nil
	}
	return m
}

// sumRests adds up rests by currency, exactly: they are decimals of one scale each.
func sumRests(list []Rest) []Sum {
	units, scale := map[string]int64{}, map[string]int{}
	for _, r := range list {
		whole, fraction, _ := strings.Cut(r.Amount, ".")
		u, err := strconv.ParseInt(whole+fraction, 10, 64)
		if err != nil {
			continue // what we wrote ourselves reads back
		}
		units[r.Currency] += u
		scale[r.Currency] = max(scale[r.Currency], len(fraction))
	}
	var out []Sum
	for _, c := range slices.Sorted(maps.Keys(units)) {
		s := fmt.Sprintf("%0*d", scale[c]+1, units[c])
		if scale[c] > 0 {
			s = s[:len(s)-scale[c]] + "." + s[len(s)-scale[c]:]
		}
		out = append(out, Sum{s, c})
	}
	slices.SortStableFunc(out, func(a, b Sum) int { return -compareDecimals(a.Amount, b.Amount) })
	return out
}

// told says a change in a language, a sentence each.
func (c *Change) told(say *message.Language) []string {
	var out []string
	add := func(key string, params ...any) { out = append(out, say.Text("change."+key, params...)) }
	if c.Kind == "new" {
		add("new")
	}
	if len(c.From) > 1 {
		add("merged", "ids", strings.Join(c.From, say.Text("page.comma")))
	}
	if c.Split {
		add("split", "id", c.From[0])
	}
	if c.Kind != "new" && len(c.MembersIn) > 0 {
		add("members_in", "n", len(c.MembersIn))
	}
	if len(c.MembersOut) > 0 {
		add("members_out", "n", len(c.MembersOut))
	}
	if c.Kind != "new" && len(c.VictimsIn) > 0 {
		add("victims_in", "n", len(c.VictimsIn))
	}
	if c.Received != nil {
		add("money", "before", c.Received.Before+" "+c.Received.Currency, "after", c.Received.After+" "+c.Received.Currency)
	}
	if c.AtRest != nil {
		add("rest", "before", c.AtRest.Before+" "+c.AtRest.Currency, "after", c.AtRest.After+" "+c.AtRest.Currency)
	}
	return out
}

func writeChanges(dir string, list []Change) error {
	b, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", ChangesFile, err)
	}
	return writeFile(filepath.Join(dir, ChangesFile), append(b, '\n'))
}

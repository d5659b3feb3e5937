package notice

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tarir/handling"
)

// Organisation is what a draft needs of an organisation that analysis found: a part of an element of networks.json.
type Organisation struct {
	ID      string             `json:"id"`
	Score   float64            `json:"score"`
	Stages  map[string]float64 `json:"stages"`
	Members []struct {
		Entity     string   `json:"entity"`
		Name       string   `json:"name"`
		Accounts   []string `json:"accounts"`
		Confidence float64  `json:"confidence"`
		Roles      []struct {
			Role       string  `json:"role"`
			Confidence float64 `json:"confidence"`
		} `json:"roles"`
	} `json:"members"`
	Victims []struct {
		Pseudonym string `json:"pseudonym"`
		Entity    string `json:"entity"`
		Minor     bool   `json:"minor"`
	} `json:"victims"`
	Findings []string `json:"findings"`
	Proceeds struct {
		AtRest []Resting `json:"at_rest"`
		Left   []Resting `json:"left"`
	} `json:"proceeds"`
}

// Resting is money where it rests, or how it left what is known.
type Resting struct {
	Account  string `json:"account"`
	Amount   string `json:"amount"` // a decimal
	Currency string `json:"currency"`
	AsOf     string `json:"as_of"`
	How      string `json:"how,omitempty"`
}

// ErrNothing says that there is nothing to draft a notice from.
var ErrNothing = errors.New("there is nothing to ask for")

// Evidence is what goes with a draft: what is claimed, without whom it could harm.
type Evidence struct {
	Organisation string         `json:"organisation"`
	Stages       []string       `json:"stages"`
	Members      []EvidenceOf   `json:"members"`
	AtRest       []Resting      `json:"at_rest"`
	Findings     []string       `json:"findings"`
	Victims      int            `json:"victims"` // how many, never who
	LeftOut      map[string]int `json:"left_out"`
}

// EvidenceOf is a member of the organisation.
type EvidenceOf struct {
	Name       string   `json:"name"`
	Accounts   []string `json:"accounts"`
	Roles      []string `json:"roles"`
	Confidence float64  `json:"confidence"`
}

// FromOrganisation drafts a silver notice about where an organisation's money rests, with the evidence to attach. Left out are its
// victims (their number alone is told), accounts that are not a member's (a debtor's, a shop's), members of whom one is not sure
// enough, and the ids of the bureau's own records. A person completes the draft, and says how sure the source and the information
// are: no text of it accuses anybody of more than was found.
func FromOrganisation(text []byte, id, owner string, now time.Time) (*Form, *Evidence, error) {
	var all []Organisation
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, nil, fmt.Errorf("read the networks: %w: give the networks.json of an analysis", err)
	}
	i := slices.IndexFunc(all, func(o Organisation) bool { return o.ID == id })
	if id == "" && len(all) > 0 {
		i = 0
	}
	if i < 0 {
		return nil, nil, fmt.Errorf("%w: there is no organisation %q in the networks", ErrNothing, id)
	}
	o := &all[i]
	victims := map[string]bool{}
	for _, v := range o.Victims {
		victims[v.Entity] = true
	}
	ev := &Evidence{Organisation: o.ID, Findings: o.Findings, Victims: len(o.Victims), LeftOut: map[string]int{}}
	for _, s := range []string{"recruitment", "transport", "exploitation", "money"} {
		if o.Stages[s] > 0 {
			ev.Stages = append(ev.Stages, s)
		}
	}
	holder := map[string]string{}
	for _, m := range o.Members {
		switch {
		case victims[m.Entity]: // counted with the victims
			continue
		case len(m.Accounts) == 0:
			ev.LeftOut["members_without_an_account"]++
			continue
		case m.Confidence < sureEnough:
			ev.LeftOut["members_not_sure_enough"]++
			continue
		}
		e := EvidenceOf{Name: m.Name, Accounts: m.Accounts, Confidence: m.Confidence}
		for _, r := range m.Roles {
			e.Roles = append(e.Roles, r.Role)
		}
		for _, a := range m.Accounts {
			holder[a] = cmp.Or(m.Name, a)
		}
		ev.Members = append(ev.Members, e)
	}
	ev.LeftOut["victims"] += len(o.Victims)
	f := &Form{
		Colour: Silver, Owner: owner, Purpose: handling.Locate, Status: Associate, Until: now.AddDate(1, 0, 0), Case: o.ID,
		Facts: Texts{"en": fmt.Sprintf("Analysis of payments points to an organisation of %d members with accounts, covering: %s. "+
			"Its proceeds were followed to the accounts listed. Whoever holds them may not know where the money comes from.", len(ev.Members), strings.Join(ev.Stages, ", "))},
	}
	for _, r := range o.Proceeds.AtRest {
		who, ok := holder[r.Account]
		if !ok {
			ev.LeftOut["accounts_of_others"]++
			continue
		}
		ev.AtRest = append(ev.AtRest, r)
		f.Assets = append(f.Assets, Asset{
			Kind: "account", Identifier: r.Account, Amount: r.Amount, Currency: r.Currency, AsOf: day(r.AsOf), Measures: []string{"locate", "monitor", "information"},
			Link: "Proceeds of the organisation rest here; the account is held by " + who + ".", Source: "payments of the reporting institution, followed lot by lot",
		})
	}
	for _, r := range o.Proceeds.Left {
		// What went to a shop, a payroll or any other account that many use is not the organisation's money any more.
		if r.How != "other institution" {
			ev.LeftOut["spent_or_cash"]++
			continue
		}
		if _, ok := holder[r.Account]; ok || !strings.Contains(r.Account, "/") {
			continue
		}
		ev.AtRest = append(ev.AtRest, r)
		f.Assets = append(f.Assets, Asset{
			Kind: "account", Identifier: r.Account, Amount: r.Amount, Currency: r.Currency, AsOf: day(r.AsOf), Measures: []string{"locate", "identify", "information"},
			Link: "Proceeds of the organisation were paid to this account; its holder is not known here.", Source: "payments of the reporting institution, followed lot by lot",
		})
	}
	if len(f.Assets) == 0 {
		return nil, nil, fmt.Errorf("%w: no money of %s rests on an account of a member, or went on to one that can be named", ErrNothing, o.ID)
	}
	return f, ev, nil
}

// sureEnough is the confidence from which on a member is named to others (our choice).
const sureEnough = 0.5

func day(s string) Date {
	if len(s) >= 10 {
		return Date(s[:10])
	}
	return Date(s)
}

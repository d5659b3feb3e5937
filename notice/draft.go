package notice

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
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
		Pseudonym string   `json:"pseudonym"`
		Entity    string   `json:"entity"`
		Minor     bool     `json:"minor"`
		Accounts  []string `json:"accounts"`
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
	all, err := readOrganisations(text)
	if err != nil {
		return nil, nil, err
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

func readOrganisations(text []byte) (all []Organisation, err error) {
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("read the networks: %w: give the networks.json of an analysis", err)
	}
	return all, nil
}

// accountsOfVictims are the accounts of possible victims, as far as an analysis tells; nobody asks others about them.
func accountsOfVictims(all []Organisation) map[string]bool {
	out := map[string]bool{}
	for _, o := range all {
		victims := map[string]bool{}
		for _, v := range o.Victims {
			victims[v.Entity] = true
			for _, a := range v.Accounts {
				out[a] = true
			}
		}
		for _, m := range o.Members {
			if victims[m.Entity] {
				for _, a := range m.Accounts {
					out[a] = true
				}
			}
		}
	}
	return out
}

// FindingEvidence is what goes with a draft from one finding: how it was done, without who.
type FindingEvidence struct {
	Finding    string         `json:"finding"`
	Typology   string         `json:"typology"`
	Stage      string         `json:"stage"`
	Score      float64        `json:"score"`
	Indicators []string       `json:"indicators"` // of the catalogue
	First      string         `json:"first"`
	Last       string         `json:"last"`
	Accounts   int            `json:"accounts"`
	Payments   int            `json:"payments"`
	Adverts    int            `json:"adverts"`
	Journeys   int            `json:"journeys"`
	Amount     string         `json:"amount,omitempty"`
	Currency   string         `json:"currency,omitempty"`
	What       []string       `json:"what"` // the sentences of its explanation that name nobody
	LeftOut    map[string]int `json:"left_out"`
}

// FromFinding drafts a notice from one line of findings.jsonl, with the evidence to attach. Purple tells the method and names
// nobody. Blue asks who stands behind the account that the finding is about; it is refused where that account may be a victim's. A person
// completes the draft, and says in particular what the subject's status is.
func FromFinding(findings, networks []byte, id string, colour Colour, owner string, now time.Time) (*Form, *FindingEvidence, error) {
	type line struct {
		FindingEvidence
		ID          string   `json:"id"`
		Accounts    []string `json:"accounts"`
		Payments    []string `json:"payments"`
		Adverts     []string `json:"adverts"`
		Journeys    []string `json:"journeys"`
		Explanation []struct {
			Params map[string]any `json:"params"`
			Text   string         `json:"text"`
		} `json:"explanation"`
	}
	var f *line
	for d := json.NewDecoder(bytes.NewReader(findings)); f == nil; {
		var l line
		err := d.Decode(&l)
		switch {
		case errors.Is(err, io.EOF):
			return nil, nil, fmt.Errorf("%w: there is no finding %q", ErrNothing, id)
		case err != nil:
			return nil, nil, fmt.Errorf("read the findings: %w: give the findings.jsonl of an analysis", err)
		case l.ID == id:
			f = &l
		}
	}
	all, err := readOrganisations(networks)
	if err != nil {
		return nil, nil, err
	}
	ev := &f.FindingEvidence
	ev.Finding, ev.Accounts, ev.Payments, ev.Adverts, ev.Journeys = f.ID, len(f.Accounts), len(f.Payments), len(f.Adverts), len(f.Journeys)
	ev.LeftOut = map[string]int{"accounts": len(f.Accounts), "payments": len(f.Payments)}
	for _, e := range f.Explanation {
		if namesNobody(e.Params) {
			ev.What = append(ev.What, e.Text)
		} else {
			ev.LeftOut["sentences"]++
		}
	}
	kind := strings.ReplaceAll(f.Typology, "_", " ")
	out := &Form{Colour: colour, Owner: owner, Purpose: colour.Purposes()[0], Until: now.AddDate(1, 0, 0), Case: f.ID, Status: NoPerson}
	switch colour {
	case Purple:
		out.Facts = Texts{"en": fmt.Sprintf("Analysis found the pattern \"%s\" (%s).", kind, f.Stage)}
		out.Method = Method{What: "method", Description: Texts{"en": strings.Join(append([]string{"Pattern: " + kind + "."}, ev.What...), " ")}, Investigated: true, Aim: "compare"}
	case Blue:
		if len(f.Accounts) == 0 {
			return nil, nil, fmt.Errorf("%w: the finding %s is about no account: draft a purple notice from it", ErrNothing, id)
		}
		if accountsOfVictims(all)[f.Accounts[0]] {
			return nil, nil, fmt.Errorf("%w: whom the finding %s is about may be a victim: raise a safeguard instead", ErrNothing, id)
		}
		ev.LeftOut["accounts"]--
		out.Status, out.Purpose = "", handling.Identify // what the person is, somebody must say
		out.Facts = Texts{"en": fmt.Sprintf("Analysis found the pattern \"%s\" (%s) at the account named. Whoever holds it may not control it. %s", kind, f.Stage, strings.Join(ev.What, " "))}
		out.Things = []Thing{{Kind: "account", Value: f.Accounts[0]}}
		out.Enquiry = Enquiry{Asks: []string{"identity"}, Investigation: f.ID}
	default:
		return nil, nil, fmt.Errorf("%w: from a finding come purple and blue notices; for a silver one follow its money (tarir trace --json --finding %s) and draft from that", ErrNothing, id)
	}
	return out, ev, nil
}

// namesNobody says whether a sentence's parameters are counts and sums alone.
func namesNobody(params map[string]any) bool {
	for _, v := range params {
		switch v := v.(type) {
		case float64:
		case map[string]any: // a sum
			if len(v) != 2 || v["amount"] == nil || v["currency"] == nil {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// TraceEvidence is what goes with a draft from a trace: how it was followed, and where it led.
type TraceEvidence struct {
	Policy    string         `json:"policy"`
	Started   []Sum          `json:"started"`
	Places    []TracePlace   `json:"places"`
	Truncated bool           `json:"truncated"`
	LeftOut   map[string]int `json:"left_out"`
}

// Sum is an amount, a decimal.
type Sum struct {
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
}

// TracePlace is an account that a trace led to.
type TracePlace struct {
	Resting
	Steps int `json:"steps"` // payments on the way of its largest part
}

// FromTrace drafts a silver notice from the answer of a trace (tarir trace --json), with the evidence to attach. Left out are accounts of
// possible victims, money that was spent, drawn or lost among many, sums below a hundredth of what was followed (mostly innocent people's),
// and the references of the payments.
func FromTrace(text, networks []byte, owner string, now time.Time) (*Form, *TraceEvidence, error) {
	var t struct {
		TraceEvidence
		Backward bool `json:"backward"`
		Rests    []struct {
			Resting
			Through []string `json:"through"`
		} `json:"rests"`
	}
	if err := json.Unmarshal(text, &t); err != nil {
		return nil, nil, fmt.Errorf("read the trace: %w: give what tarir trace --json wrote", err)
	}
	if t.Backward {
		return nil, nil, fmt.Errorf("%w: this trace goes back to where money came from; a silver notice needs one that goes forward", ErrNothing)
	}
	all, err := readOrganisations(networks)
	if err != nil {
		return nil, nil, err
	}
	victims := accountsOfVictims(all)
	followed := map[string]float64{}
	for _, s := range t.Started {
		v, err := strconv.ParseFloat(s.Amount, 64)
		if err != nil {
			return nil, nil, fmt.Errorf("read the trace: the amount %q is no number", s.Amount)
		}
		followed[s.Currency] += v
	}
	ev := &t.TraceEvidence
	ev.LeftOut = map[string]int{}
	f := &Form{
		Colour: Silver, Owner: owner, Purpose: handling.Locate, Status: Associate, Until: now.AddDate(1, 0, 0),
		Facts: Texts{"en": "Money was followed, payment by payment, to the accounts listed. Whoever holds them may not know where it comes from."},
	}
	for _, r := range t.Rests {
		v, err := strconv.ParseFloat(r.Amount, 64)
		if err != nil {
			return nil, nil, fmt.Errorf("read the trace: the amount %q is no number", r.Amount)
		}
		switch {
		case r.How != "held" && r.How != "other institution" || !strings.Contains(r.Account, "/"):
			ev.LeftOut["spent_or_cash"]++
			continue
		case victims[r.Account]:
			ev.LeftOut["victims"]++
			continue
		case v < followed[r.Currency]/100:
			ev.LeftOut["small_sums"]++
			continue
		}
		ev.Places = append(ev.Places, TracePlace{r.Resting, len(r.Through)})
		f.Assets = append(f.Assets, Asset{
			Kind: "account", Identifier: r.Account, Amount: r.Amount, Currency: r.Currency, AsOf: day(r.AsOf), Measures: []string{"locate", "identify", "monitor", "information"},
			Link: "Part of the money that was followed rests here; its holder is not known here.", Source: "payments of the reporting institution, followed lot by lot (" + t.Policy + ")",
		})
	}
	if len(f.Assets) == 0 {
		return nil, nil, fmt.Errorf("%w: nothing of the money rests on an account that can be named", ErrNothing)
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

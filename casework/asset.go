package casework

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"time"

	"tarir/notice"
)

// AssetState is where money or a thing stands on its way back.
type AssetState string

// The states, from the first to the last. What is released is located again.
const (
	Located     AssetState = "located"
	Monitored   AssetState = "monitored"
	Frozen      AssetState = "frozen"
	Confiscated AssetState = "confiscated"
	Returned    AssetState = "returned" // to victims
)

// AssetStates are all of them, in order.
var AssetStates = []AssetState{Located, Monitored, Frozen, Confiscated, Returned}

// ErrAsset is wrapped by what is wrong with an asset or a move.
var ErrAsset = errors.New("this asset cannot be kept so")

// Asset is something that could be taken from those who earned it by crime. Its value is divided among the states: what was frozen of it
// is not located any more, so that nothing is counted twice.
type Asset struct {
	ID          string                `json:"id"`
	Kind        string                `json:"kind"`                 // of notice.AssetKinds
	Identifier  string                `json:"identifier,omitempty"` // account INSTITUTION/NUMBER, plate, wallet, register number, address
	Country     string                `json:"country,omitempty"`
	Description string                `json:"description,omitempty"`
	Value       string                `json:"value"` // a decimal
	Currency    string                `json:"currency"`
	AsOf        time.Time             `json:"as_of"`
	Source      string                `json:"source"` // of the value
	Owner       string                `json:"owner,omitempty"`
	Controller  string                `json:"controller,omitempty"` // who decides about it
	Link        string                `json:"link"`                 // asset to person to offence, as a sentence
	Trace       []Ref                 `json:"trace,omitempty"`      // what ties it to the proceeds: findings, payments, networks
	Amounts     map[AssetState]string `json:"amounts,omitempty"`    // how much of the value is in each state
	Moves       []AssetMove           `json:"moves,omitempty"`
}

// AssetMove says what was done with an asset, by whom and on which legal basis. The program only writes it down: money is frozen and
// confiscated by the authorities of the country where it is.
type AssetMove struct {
	From      AssetState `json:"from"`
	To        AssetState `json:"to"`
	Amount    string     `json:"amount"`
	At        time.Time  `json:"at"`
	Person    string     `json:"person"`
	Authority string     `json:"authority,omitempty"` // who decided: a court, an FIU, a bank
	Route     string     `json:"route,omitempty"`     // of RouteKinds
	Reason    string     `json:"reason"`
}

// RouteKinds are the legal ways.
var RouteKinds = []string{"hold", "fiu_postponement", "freezing_order", "mutual_legal_assistance", "conviction", "non_conviction_based", "settlement", "compensation"}

// assetTable says from which state what goes where, and whether an authority must have decided.
var assetTable = map[AssetState]map[AssetState]bool{
	Located:     {Monitored: false, Frozen: true, Confiscated: true},
	Monitored:   {Located: false, Frozen: true, Confiscated: true},
	Frozen:      {Located: true, Confiscated: true, Returned: true},
	Confiscated: {Returned: true},
}

var pseudonym = regexp.MustCompile(`^V-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$`)

// Check says what is missing, and sets the amounts of a new asset: all of it is located.
func (a *Asset) Check() error {
	switch {
	case !slices.Contains(notice.AssetKinds, a.Kind):
		return fmt.Errorf("%w: the kind is one of %s", ErrAsset, strings.Join(notice.AssetKinds, ", "))
	case a.ID == "" || a.Identifier == "" && a.Description == "":
		return fmt.Errorf("%w: say by what it can be recognised: an identifier or a description", ErrAsset)
	case !decimal.MatchString(a.Value) || a.Currency == "" || a.AsOf.IsZero() || a.Source == "":
		return fmt.Errorf("%w: give its value as a decimal with a point, the currency, as of when, and who says so", ErrAsset)
	case strings.TrimSpace(a.Link) == "":
		return fmt.Errorf("%w: say what links it to a person and to an offence", ErrAsset)
	}
	if a.Amounts == nil {
		a.Amounts = map[AssetState]string{Located: a.Value}
	}
	total := "0"
	for s, amount := range a.Amounts {
		if !slices.Contains(AssetStates, s) || !decimal.MatchString(amount) {
			return fmt.Errorf("%w: %q of %q is no amount of a state", ErrAsset, amount, s)
		}
		total = sum(total, amount)
	}
	if !same(total, a.Value) {
		return fmt.Errorf("%w: its parts add up to %s, and its value is %s", ErrAsset, total, a.Value)
	}
	return nil
}

func same(a, b string) bool { return !less(a, b) && !less(b, a) }

// minus is a − b, with as many places as the longer one has.
func minus(a, b string) string {
	if x, ok := new(big.Rat).SetString(b); ok && x.Sign() != 0 {
		return sum(a, "-"+b)
	}
	return a
}

// Move takes a part of the value from one state to another. After an error nothing has changed.
func (a *Asset) Move(m AssetMove) error {
	decided, ok := assetTable[m.From][m.To]
	have := a.Amounts[m.From]
	if have == "" {
		have = "0"
	}
	switch {
	case !ok:
		return fmt.Errorf("%w: nothing goes from %q to %q", ErrAsset, m.From, m.To)
	case !decimal.MatchString(m.Amount) || same(m.Amount, "0"):
		return fmt.Errorf("%w: say how much, as a decimal with a point", ErrAsset)
	case less(have, m.Amount):
		return fmt.Errorf("%w: %s %s of it is %s, which is less than %s", ErrAsset, have, a.Currency, m.From, m.Amount)
	case m.Person == "" || m.At.IsZero() || strings.TrimSpace(m.Reason) == "":
		return fmt.Errorf("%w: say who did it, when and why", ErrAsset)
	case decided && (m.Authority == "" || !slices.Contains(RouteKinds, m.Route)):
		return fmt.Errorf("%w: name the authority that decided, and the legal way: %s", ErrAsset, strings.Join(RouteKinds, ", "))
	case (m.To == Frozen || m.To == Confiscated) && (pseudonym.MatchString(a.Owner) || pseudonym.MatchString(a.Controller)):
		return fmt.Errorf("%w: it belongs to a possible victim or a witness, who is not the subject of coercive measures (ALL-08; Council of Europe Convention, article 26)", ErrAsset)
	}
	next := map[AssetState]string{}
	for s, amount := range a.Amounts {
		next[s] = amount
	}
	next[m.From] = minus(have, m.Amount)
	if same(next[m.From], "0") {
		delete(next, m.From)
	}
	if next[m.To] == "" {
		next[m.To] = "0"
	}
	next[m.To] = sum(next[m.To], m.Amount)
	a.Amounts, a.Moves = next, append(a.Moves, m)
	return nil
}

// Sums are amounts by currency and state.
type Sums map[string]map[AssetState]string

// SumAssets adds up assets. One that several cases have is counted once: ids say which are the same.
func SumAssets(list []Asset) Sums {
	out, seen := Sums{}, map[string]bool{}
	for _, a := range list {
		if seen[a.ID] {
			continue
		}
		seen[a.ID] = true
		if out[a.Currency] == nil {
			out[a.Currency] = map[AssetState]string{}
		}
		by := out[a.Currency]
		for s, amount := range a.Amounts {
			if by[s] == "" {
				by[s] = "0"
			}
			by[s] = sum(by[s], amount)
		}
	}
	return out
}

// Share is how much of the proceeds known is in a state, in percent with one place; empty where the proceeds are not known.
func (s Sums) Share(currency string, state AssetState, proceeds string) string {
	p, ok := new(big.Rat).SetString(proceeds)
	have, ok2 := new(big.Rat).SetString(s[currency][state])
	if !ok || p.Sign() <= 0 {
		return ""
	}
	if !ok2 {
		have = new(big.Rat)
	}
	return have.Mul(have, big.NewRat(100, 1)).Quo(have, p).FloatString(1)
}

// Silver is the form of a silver notice for an asset: to find, identify and watch it. What is to be frozen or confiscated travels between
// authorities.
func (a *Asset) Silver(owner string, now time.Time) notice.Form {
	return notice.Form{
		Colour: notice.Silver, Owner: owner, Purpose: "locate", Status: notice.Associate, Until: now.AddDate(1, 0, 0),
		Assets: []notice.Asset{{
			Kind: a.Kind, Identifier: a.Identifier, Country: a.Country, Description: a.Description, Amount: a.Value, Currency: a.Currency,
			AsOf: notice.Date(a.AsOf.UTC().Format(time.DateOnly)), Link: a.Link, Source: a.Source, Measures: []string{"locate", "identify", "information", "monitor"},
		}},
	}
}

// StopPayment is the form of a request to hold what is on an account. A person completes it: the payments by which the money came, and who
// can be reached now.
func (a *Asset) StopPayment() (StopForm, error) {
	if a.Kind != "account" || a.Amounts[Located] == "" && a.Amounts[Monitored] == "" {
		return StopForm{}, fmt.Errorf("%w: a payment is stopped on an account, on which something is left that is not frozen", ErrAsset)
	}
	if pseudonym.MatchString(a.Owner) {
		return StopForm{}, fmt.Errorf("%w: the account belongs to a possible victim: no measure is taken against them (ALL-08)", ErrAsset)
	}
	open := "0"
	for _, s := range []AssetState{Located, Monitored} {
		if a.Amounts[s] != "" {
			open = sum(open, a.Amounts[s])
		}
	}
	return StopForm{Account: a.Identifier, Amount: open, Currency: a.Currency, Wish: "both"}, nil
}

// KeepsMoves says whether an asset may be rewritten: what was done with it is written down by moves alone, and a new value is first of all
// located.
func KeepsMoves(before, after []byte) error {
	var a, b Asset
	if err := json.Unmarshal(before, &a); err != nil {
		return err
	}
	if err := json.Unmarshal(after, &b); err != nil {
		return err
	}
	for _, s := range AssetStates {
		have, want := cmp.Or(a.Amounts[s], "0"), cmp.Or(b.Amounts[s], "0")
		if s == Located {
			want = minus(sum(want, a.Value), b.Value) // what it was worth more or less
		}
		if !same(have, want) {
			return fmt.Errorf("%w: how much of it is %s is changed by a move", ErrAsset, s)
		}
	}
	if x, y := fmt.Sprint(a.Moves), fmt.Sprint(b.Moves); x != y {
		return fmt.Errorf("%w: its moves stand as they were made", ErrAsset)
	}
	return nil
}

package handling

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Purpose is one of the closed list for which data may be processed (RPD article 10(2)).
type Purpose string

// The purposes.
const (
	Wanted    Purpose = "wanted"    // search for a wanted person with a view to detention, arrest or restriction of movement
	Locate    Purpose = "locate"    // locate a person or an object of interest to the police
	Inform    Purpose = "inform"    // give or obtain information on a criminal investigation or a criminal history
	Warn      Purpose = "warn"      // warn of a person, event, object or modus operandi
	Identify  Purpose = "identify"  // identify a person or a dead body
	Forensic  Purpose = "forensic"  // carry out forensic analysis
	Security  Purpose = "security"  // carry out security checks
	Strategic Purpose = "strategic" // identify threats, crime trends and criminal networks
)

// Purposes are all of them.
var Purposes = []Purpose{Wanted, Locate, Inform, Warn, Identify, Forensic, Security, Strategic}

// Kind is a kind of member.
type Kind string

// The kinds of members.
const (
	Secretariat   Kind = "secretariat"
	Bureau        Kind = "bureau" // national central bureau
	Unit          Kind = "unit"   // specialised unit
	FIU           Kind = "fiu"
	Police        Kind = "police"
	Bank          Kind = "bank"
	MoneyTransfer Kind = "money_transfer"
	Private       Kind = "private"
	NGO           Kind = "ngo"
	International Kind = "international"
)

// Kinds are all of them.
var Kinds = []Kind{Secretariat, Bureau, Unit, FIU, Police, Bank, MoneyTransfer, Private, NGO, International}

// Confidentiality is a level (RPD article 112). The receiver may protect more than asked, never less.
type Confidentiality string

// The levels; none given is OfficialUse.
const (
	OfficialUse  Confidentiality = "official_use"
	Restricted   Confidentiality = "restricted"   // named groups; no bulk export
	Confidential Confidentiality = "confidential" // named persons; a second person to open it; no copy, no mail
)

var levels = []Confidentiality{"", OfficialUse, Restricted, Confidential}

// TLP is a label of the Traffic Light Protocol 2.0.
type TLP string

// The labels, the most open first. None given says nothing, and allows nothing that the other codes do not.
const (
	TLPClear       TLP = "CLEAR"
	TLPGreen       TLP = "GREEN"
	TLPAmber       TLP = "AMBER"
	TLPAmberStrict TLP = "AMBER+STRICT"
	TLPRed         TLP = "RED"
)

var tlps = []TLP{TLPClear, "", TLPGreen, TLPAmber, TLPAmberStrict, TLPRed}

// PAP is a label of the Permissible Actions Protocol.
type PAP string

// The labels, the most open first.
const (
	PAPClear PAP = "CLEAR"
	PAPGreen PAP = "GREEN"
	PAPAmber PAP = "AMBER"
	PAPRed   PAP = "RED"
)

var paps = []PAP{PAPClear, "", PAPGreen, PAPAmber, PAPRed}

// ParseTLP reads a label as it is written anywhere: with or without its prefix, in any case. WHITE is CLEAR of version 1.
func ParseTLP(s string) (TLP, error) {
	t := TLP(strings.TrimPrefix(strings.ReplaceAll(strings.ToUpper(strings.TrimSpace(s)), " ", ""), "TLP:"))
	if t == "WHITE" {
		t = TLPClear
	}
	if t == "" || !slices.Contains(tlps, t) {
		return "", fmt.Errorf("%q is no TLP label: write CLEAR, GREEN, AMBER, AMBER+STRICT or RED", s)
	}
	return t, nil
}

// ParsePAP reads a label as ParseTLP does.
func ParsePAP(s string) (PAP, error) {
	p := PAP(strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(s)), "PAP:"))
	if p == "WHITE" {
		p = PAPClear
	}
	if p == "" || !slices.Contains(paps, p) {
		return "", fmt.Errorf("%q is no PAP label: write CLEAR, GREEN, AMBER or RED", s)
	}
	return p, nil
}

// Europol's handling codes.
const (
	H0 = "H0" // may be used within the purpose
	H1 = "H1" // not to be disclosed in judicial proceedings without the provider's permission
	H2 = "H2" // not to be passed on without the provider's permission
	H3 = "H3" // other restrictions, as written: a person reads them and sets a rule first
)

// Status is what somebody is in what a record tells.
type Status string

// The statuses.
const (
	Suspect Status = "suspect"
	Victim  Status = "victim"
	Witness Status = "witness"
	Other   Status = "other"
)

// Restriction is what an owner denies to others. Empty lists deny nobody.
type Restriction struct {
	By            string    `json:"by"` // the owner who asks for it
	Members       []string  `json:"members,omitempty"`
	Kinds         []Kind    `json:"kinds,omitempty"`
	Countries     []string  `json:"countries,omitempty"` // ISO 3166
	Purposes      []Purpose `json:"purposes,omitempty"`
	ContactFirst  bool      `json:"contact_first,omitempty"` // no police action before the owner was asked
	NoOnward      bool      `json:"no_onward,omitempty"`     // not to be passed on
	NoDisclosure  bool      `json:"no_disclosure,omitempty"` // not to be told to the person it is about
	Text          string    `json:"text,omitempty"`          // as written (H3)
	TextIsCovered bool      `json:"text_covered,omitempty"`  // a person read the text and set the rules above
}

// Label is how a record is to be handled.
type Label struct {
	Owners          []string        `json:"owners"` // several where it was derived from records of several
	Purpose         Purpose         `json:"purpose"`
	Confidentiality Confidentiality `json:"confidentiality,omitempty"`
	TLP             TLP             `json:"tlp,omitempty"`
	PAP             PAP             `json:"pap,omitempty"`
	Europol         []string        `json:"europol,omitempty"` // H0 to H3; none is H2
	Evaluations     []Evaluation    `json:"evaluations,omitempty"`
	Restrictions    []Restriction   `json:"restrictions,omitempty"`
	Addressed       []string        `json:"addressed,omitempty"` // members to whom it was sent
	Named           []string        `json:"named,omitempty"`     // persons and groups to whom it is open, where the level asks for names
	Status          Status          `json:"status,omitempty"`
	Minor           bool            `json:"minor,omitempty"`
	Public          bool            `json:"public,omitempty"` // an extract may be published
	Recorded        time.Time       `json:"recorded"`
	Until           time.Time       `json:"until"`               // end of retention
	Lease           time.Time       `json:"lease,omitzero"`      // of a copy: until when it is shown without contact with its owner
	Withdrawn       bool            `json:"withdrawn,omitempty"` // recalled by its owner
}

// LeaseTime is how long a copy is shown without contact with its owner (our choice).
const LeaseTime = 7 * 24 * time.Hour

// Check says what is wrong with a label before it is put on a record.
func (l *Label) Check() error {
	switch {
	case len(l.Owners) == 0 || slices.Contains(l.Owners, ""):
		return fmt.Errorf("say whose record it is")
	case !slices.Contains(Purposes, l.Purpose):
		return fmt.Errorf("%q is no purpose: choose one of %s", l.Purpose, join(Purposes))
	case !slices.Contains(levels, l.Confidentiality):
		return fmt.Errorf("%q is no level of confidentiality: choose one of %s", l.Confidentiality, join(levels[1:]))
	case !slices.Contains(tlps, l.TLP):
		return fmt.Errorf("%q is no TLP label", l.TLP)
	case !slices.Contains(paps, l.PAP):
		return fmt.Errorf("%q is no PAP label", l.PAP)
	case l.Recorded.IsZero() || l.Until.IsZero():
		return fmt.Errorf("say when it was recorded and until when it is kept")
	case !l.Until.After(l.Recorded):
		return fmt.Errorf("its retention ends before it was recorded")
	case l.Public && (l.Status == Victim || l.Status == Witness || l.Minor):
		return fmt.Errorf("a victim, a witness or a minor is not made public by a label")
	}
	for _, h := range l.Europol {
		if !slices.Contains([]string{H0, H1, H2, H3}, h) {
			return fmt.Errorf("%q is no handling code: choose H0, H1, H2 or H3", h)
		}
	}
	for _, e := range l.Evaluations {
		if err := e.Check(); err != nil {
			return err
		}
	}
	for _, r := range l.Restrictions {
		for _, k := range r.Kinds {
			if !slices.Contains(Kinds, k) {
				return fmt.Errorf("%q is no kind of member: choose one of %s", k, join(Kinds))
			}
		}
		for _, p := range r.Purposes {
			if !slices.Contains(Purposes, p) {
				return fmt.Errorf("%q is no purpose: choose one of %s", p, join(Purposes))
			}
		}
	}
	return nil
}

func join[T ~string](list []T) string {
	var out []string
	for _, x := range list {
		out = append(out, string(x))
	}
	return strings.Join(out, ", ")
}

// Combine is the label of what was derived from several records: each in it is as strict as the strictest. Nobody may do with
// it what they may not do with every part. At least one label must be given.
func Combine(first *Label, more ...*Label) *Label {
	out := *first
	out.Europol = codes(first)
	if len(more) == 0 {
		return &out
	}
	out.Restrictions = first.restrictions()
	for _, l := range more {
		out.Addressed = both(out.toWhom(), l.toWhom(), out.asksAddressed(), l.asksAddressed())
		out.Named = both(out.Named, l.Named, out.asksNames(), l.asksNames())
		out.Owners = union(out.Owners, l.Owners)
		out.Confidentiality = stricter(levels, out.Confidentiality, l.Confidentiality)
		out.TLP = stricter(tlps, out.TLP, l.TLP)
		out.PAP = stricter(paps, out.PAP, l.PAP)
		out.Europol = union(out.Europol, codes(l))
		out.Evaluations = append(slices.Clone(out.Evaluations), l.Evaluations...)
		out.Restrictions = append(slices.Clone(out.Restrictions), l.restrictions()...)
		if l.Purpose != out.Purpose {
			// What was gathered for two purposes serves neither without being asked: each part's purpose is denied by the other.
			out.Restrictions = append(out.Restrictions, onlyFor(out.Purpose), onlyFor(l.Purpose))
		}
		out.Status = protect(out.Status, l.Status)
		out.Minor = out.Minor || l.Minor
		out.Public = out.Public && l.Public
		out.Withdrawn = out.Withdrawn || l.Withdrawn
		if l.Recorded.Before(out.Recorded) {
			out.Recorded = l.Recorded
		}
		if l.Until.Before(out.Until) {
			out.Until = l.Until
		}
		if !l.Lease.IsZero() && (out.Lease.IsZero() || l.Lease.Before(out.Lease)) {
			out.Lease = l.Lease
		}
	}
	out.Europol = slices.DeleteFunc(slices.Clone(out.Europol), func(h string) bool { return h == H0 && len(out.Europol) > 1 })
	out.Public = out.Public && out.Status != Victim && out.Status != Witness && !out.Minor
	return &out
}

// onlyFor denies every purpose but one.
func onlyFor(p Purpose) Restriction {
	return Restriction{Purposes: slices.DeleteFunc(slices.Clone(Purposes), func(q Purpose) bool { return q == p })}
}

// codes are a label's handling codes; none is H2 (our choice, for want of a rule).
func codes(l *Label) []string {
	if len(l.Europol) == 0 {
		return []string{H2}
	}
	return l.Europol
}

func stricter[T comparable](order []T, a, b T) T {
	if slices.Index(order, a) < slices.Index(order, b) {
		return b
	}
	return a
}

// protect is the status that protects more.
func protect(a, b Status) Status {
	order := []Status{"", Other, Suspect, Witness, Victim}
	return stricter(order, a, b)
}

func union[T cmp.Ordered](a, b []T) []T {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

// covered says that a person read what an owner wrote in words, and set rules for it.
func (l *Label) covered() bool {
	return slices.ContainsFunc(l.Restrictions, func(r Restriction) bool { return r.TextIsCovered })
}

// restrictions are a label's, with one more for words (H3) that nobody has read: the rules for another's words do not stand for
// them.
func (l *Label) restrictions() []Restriction {
	if slices.Contains(l.Europol, H3) && !l.covered() {
		return append(slices.Clone(l.Restrictions), Restriction{Text: "H3"})
	}
	return l.Restrictions
}

// toWhom are those to whom it is addressed; to whom it belongs alone is one of them.
func (l *Label) toWhom() []string {
	if len(l.Owners) == 1 {
		return union(l.Addressed, l.Owners)
	}
	return l.Addressed
}

// asksAddressed says that it is open to those only to whom it was sent, asksNames to those only who are named.
func (l *Label) asksAddressed() bool {
	return l.TLP == TLPRed || l.TLP == TLPAmber || l.TLP == TLPAmberStrict
}

func (l *Label) asksNames() bool {
	return l.TLP == TLPRed || l.Confidentiality == Restricted || l.Confidentiality == Confidential
}

// both are those whom both lists name, of those lists that count. Where that is nobody the list names nobody who could be: an
// empty one would be filled by the next label that is combined.
func both(a, b []string, countsA, countsB bool) []string {
	var out []string
	switch {
	case !countsA && !countsB:
		return nil
	case !countsA:
		out = slices.Clone(b)
	case !countsB:
		out = slices.Clone(a)
	default:
		for _, x := range a {
			if slices.Contains(b, x) {
				out = append(out, x)
			}
		}
	}
	if len(out) == 0 {
		return []string{nobody}
	}
	return out
}

const nobody = "\x00nobody"

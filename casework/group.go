package casework

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"tarir/handling"
)

// Expert groups: members of several organisations who keep what they know of threats, trends, routes and modi operandi, and of indicators by which
// these are found. An entry has versions, is discussed, and is endorsed version by version. It names nobody: persons, accounts and numbers are for
// cases and notices.

// Group is a space of its members.
type Group struct {
	ID         string           `json:"id"`
	Title      string           `json:"title"`
	Owner      string           `json:"owner"` // the member whose node keeps it
	Purpose    handling.Purpose `json:"purpose"`
	LegalBasis string           `json:"legal_basis"`
	Members    []GroupMember    `json:"members"`
	Opened     time.Time        `json:"opened"`
	Version    int64            `json:"version"`
}

// GroupMember is an organisation in a group, and which counts it agreed to contribute.
type GroupMember struct {
	Member      string   `json:"member"`
	Contributes []string `json:"contributes,omitempty"` // of TallyKinds
}

// KnowledgeKind is what an entry is about.
type KnowledgeKind string

// The kinds.
const (
	Threat    KnowledgeKind = "threat"
	Trend     KnowledgeKind = "trend"
	Route     KnowledgeKind = "route"
	MethodOf  KnowledgeKind = "method" // a modus operandi
	Indicator KnowledgeKind = "indicator"
)

// KnowledgeKinds are all kinds.
var KnowledgeKinds = []KnowledgeKind{Threat, Trend, Route, MethodOf, Indicator}

// EvidenceLevels say on what an entry stands, from the least (our choice; of single sources handling's evaluations say more).
var EvidenceLevels = []string{"hypothesis", "single_source", "several_sources", "confirmed"}

// Stages are those of the business model.
var Stages = []string{"recruitment", "transport", "exploitation", "money"}

// Knowledge is an entry of a group.
type Knowledge struct {
	ID       string        `json:"id"`
	Kind     KnowledgeKind `json:"kind"`
	Title    string        `json:"title"`
	Text     string        `json:"text"`
	Evidence string        `json:"evidence"`          // of EvidenceLevels
	Sources  []string      `json:"sources,omitempty"` // where it can be read: reports, cases by their references
	Stages   []string      `json:"stages,omitempty"`
	Seen     []string      `json:"countries,omitempty"` // ISO 3166

	Severity  string         `json:"severity,omitempty"`  // threat: low, medium, high
	Change    *Change        `json:"change,omitempty"`    // trend
	Way       *Way           `json:"way,omitempty"`       // route
	What      string         `json:"what,omitempty"`      // method: method, object, device, hiding_place, as a purple notice has it
	Indicator *IndicatorText `json:"indicator,omitempty"` // indicator

	Author   string    `json:"author"`             // the member
	Computed bool      `json:"computed,omitempty"` // proposed by the program, from counts
	Made     time.Time `json:"made"`
	Version  int64     `json:"version"`
	Rev      int64     `json:"rev"`               // counts every change, remarks and endorsements too
	Retired  string    `json:"retired,omitempty"` // why it stands no more

	Said     []Remark             `json:"said,omitempty"`
	Endorsed map[string]time.Time `json:"endorsed,omitempty"` // of this version, by member
	Taken    map[string]int64     `json:"taken,omitempty"`    // indicator: who uses it, and how many findings each had; -1: fewer than are told
}

// Change is what changed, for a trend.
type Change struct {
	Measure string `json:"measure"` // of TallyKinds and its key: route FR>DE/rail
	Before  int64  `json:"before"`
	Now     int64  `json:"now"`
	Period  string `json:"period"`
	Than    string `json:"than"` // the period before
}

// Way is a route.
type Way struct {
	From     string   `json:"from"` // country or place
	To       string   `json:"to"`
	Via      []string `json:"via,omitempty"`
	Modes    []string `json:"modes,omitempty"`
	Low      string   `json:"price_low,omitempty"` // decimals
	High     string   `json:"price_high,omitempty"`
	Currency string   `json:"currency,omitempty"`
}

// IndicatorText is a part of an indicator pack (docs/indicators.md): what differs from the shipped one.
type IndicatorText struct {
	Typology string `json:"typology"` // whose findings are counted back
	Pack     string `json:"pack"`     // TOML
}

// Remark is what a member said about an entry.
type Remark struct {
	Member string    `json:"member"`
	At     time.Time `json:"at"`
	Text   string    `json:"text"`
}

// Bounds of an entry.
const (
	mostText    = 20_000
	mostRemark  = 4_000
	mostRemarks = 500
)

// ErrGroup is wrapped by what is not possible in a group.
var ErrGroup = errors.New("this is not possible in this group")

// Check says what a group lacks.
func (g *Group) Check() error {
	var seen []string
	for _, m := range g.Members {
		switch {
		case m.Member == "" || slices.Contains(seen, m.Member):
			return fmt.Errorf("%w: a member stands in it once", ErrGroup)
		}
		for _, k := range m.Contributes {
			if !slices.Contains(TallyKinds, k) {
				return fmt.Errorf("%w: %q is nothing that is contributed: %s", ErrGroup, k, strings.Join(TallyKinds, ", "))
			}
		}
		seen = append(seen, m.Member)
	}
	switch {
	case strings.TrimSpace(g.Title) == "" || len(g.Title) > 200:
		return fmt.Errorf("%w: give it a title of at most 200 bytes", ErrGroup)
	case !slices.Contains(handling.Purposes, g.Purpose) || strings.TrimSpace(g.LegalBasis) == "":
		return fmt.Errorf("%w: say first what it is for and on which legal basis", ErrGroup)
	case !slices.Contains(seen, g.Owner):
		return fmt.Errorf("%w: its owner is a member", ErrGroup)
	}
	return nil
}

// Member is a member of the group; nil: it is none.
func (g *Group) Member(id string) *GroupMember {
	for i := range g.Members {
		if g.Members[i].Member == id {
			return &g.Members[i]
		}
	}
	return nil
}

// personal finds what names a person or a number: no place for it is here. It finds what is written as such; who writes must know the rest.
var personal = regexp.MustCompile(`(?i)[\w.+-]+@[\w-]+\.[a-z]{2,}|\+?\d[\d ()/-]{8,}\d|\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b`)

// Check says what an entry lacks.
func (k *Knowledge) Check() error {
	fail := func(text string, args ...any) error {
		return fmt.Errorf("%w: %s", ErrGroup, fmt.Sprintf(text, args...))
	}
	switch {
	case !slices.Contains(KnowledgeKinds, k.Kind):
		return fail("%q is no kind of entry: threat, trend, route, method, indicator", k.Kind)
	case strings.TrimSpace(k.Title) == "" || len(k.Title) > 200 || strings.TrimSpace(k.Text) == "" || len(k.Text) > mostText:
		return fail("an entry has a title of at most 200 bytes and a text of at most %d", mostText)
	case !slices.Contains(EvidenceLevels, k.Evidence):
		return fail("the evidence is one of %s", strings.Join(EvidenceLevels, ", "))
	case k.Evidence != "hypothesis" && len(k.Sources) == 0:
		return fail("name the sources, or call it a hypothesis")
	case k.Kind == Threat && !slices.Contains([]string{"low", "medium", "high"}, k.Severity):
		return fail("the severity of a threat is low, medium or high")
	case k.Kind == Trend && (k.Change == nil || k.Change.Measure == "" || k.Change.Period == ""):
		return fail("a trend says what changed, and when")
	case k.Kind == Route && (k.Way == nil || k.Way.From == "" || k.Way.To == ""):
		return fail("a route leads from somewhere to somewhere")
	case k.Kind == MethodOf && !slices.Contains([]string{"method", "object", "device", "hiding_place"}, k.What):
		return fail("say what it is: method, object, device or hiding_place")
	case k.Kind == Indicator && (k.Indicator == nil || k.Indicator.Typology == "" || strings.TrimSpace(k.Indicator.Pack) == "" || len(k.Indicator.Pack) > mostText):
		return fail("an indicator has a typology and a part of an indicator pack")
	}
	for _, s := range k.Stages {
		if !slices.Contains(Stages, s) {
			return fail("a stage is one of %s", strings.Join(Stages, ", "))
		}
	}
	for _, text := range []string{k.Title, k.Text} {
		if personal.MatchString(text) {
			return fail("it has a number or an address by which somebody is found: those are for cases and notices")
		}
	}
	return nil
}

// Change makes the next version of an entry: what it says is replaced, what was said about it stays, and it is to be endorsed anew.
func (k *Knowledge) Next(by string, to Knowledge, version int64, now time.Time) (*Knowledge, error) {
	switch {
	case k.Version != version:
		return nil, ErrChanged
	case k.Kind != to.Kind:
		return nil, fmt.Errorf("%w: it is a %s and stays one", ErrGroup, k.Kind)
	case k.Retired != "":
		return nil, fmt.Errorf("%w: it stands no more", ErrGroup)
	}
	if err := to.Check(); err != nil {
		return nil, err
	}
	to.ID, to.Author, to.Made, to.Said, to.Computed, to.Retired = k.ID, by, now, k.Said, false, ""
	to.Version, to.Rev, to.Endorsed, to.Taken = k.Version+1, k.Rev, nil, nil
	return &to, nil
}

// Remark adds what a member says.
func (k *Knowledge) Remark(by, text string, now time.Time) error {
	text = strings.TrimSpace(text)
	switch {
	case text == "" || len(text) > mostRemark:
		return fmt.Errorf("%w: a remark has a text of at most %d bytes", ErrGroup, mostRemark)
	case personal.MatchString(text):
		return fmt.Errorf("%w: it has a number or an address by which somebody is found: those are for cases and notices", ErrGroup)
	case len(k.Said) >= mostRemarks:
		return fmt.Errorf("%w: there are %d remarks: write a new version", ErrGroup, mostRemarks)
	}
	k.Said = append(k.Said, Remark{by, now, text})
	return nil
}

// Endorse says that a member stands by a version. Nobody endorses what they wrote themselves.
func (k *Knowledge) Endorse(by string, version int64, now time.Time) error {
	switch {
	case k.Version != version:
		return ErrChanged
	case k.Retired != "":
		return fmt.Errorf("%w: it stands no more", ErrGroup)
	case by == k.Author && !k.Computed:
		return fmt.Errorf("%w: its author does not endorse it", ErrGroup)
	}
	if k.Endorsed == nil {
		k.Endorsed = map[string]time.Time{}
	}
	if _, ok := k.Endorsed[by]; !ok {
		k.Endorsed[by] = now
	}
	return nil
}

// Quorum is how many members have to endorse an entry: half of those who did not write it, and two at least where there are so many.
func (g *Group) Quorum() int {
	others := len(g.Members) - 1
	return max((others+1)/2, min(2, others), 1)
}

// Stands says whether an entry is endorsed.
func (g *Group) Stands(k *Knowledge) bool {
	n := 0
	for m := range k.Endorsed {
		if g.Member(m) != nil {
			n++
		}
	}
	return k.Retired == "" && n >= g.Quorum()
}

// Found is how many findings the users of an indicator had, those who had too few to tell apart; and how many use it.
func (k *Knowledge) Found() (findings int64, users int) {
	for _, m := range slices.Sorted(maps.Keys(k.Taken)) {
		users++
		findings += max(k.Taken[m], 0)
	}
	return findings, users
}

// WordsOf are those by which an entry is found.
func (k *Knowledge) WordsOf() []string {
	out := words(strings.Join(append([]string{k.Title, k.Text, string(k.Kind)}, k.Seen...), " "))
	slices.Sort(out)
	return slices.Compact(out)
}

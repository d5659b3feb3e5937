package casework

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/gonum/stat/distuv"
)

// What members contribute to a group's trends and routes: counts by period, never records. A member leaves out its small counts before anything
// leaves its node; the group shows sums of three members or more, so that no member's count can be read off by another one.

// TallyKinds are what is counted, and how a key is written:
//
//	route     FROM>TO/mode, countries as ISO 3166
//	typology  the typology of a finding
//	signal    a code of what explains findings: wording, papers, control
//	channel   how suspicious payments went
//	merchant  the merchant category (ISO 18245) of suspicious payments
//	price     CURRENCY/FROM-TO of suspicious adverts
//	site      the site of suspicious adverts
var TallyKinds = []string{"route", "typology", "signal", "channel", "merchant", "price", "site"}

// Tally is a count.
type Tally struct {
	Kind  string `json:"kind"`
	Key   string `json:"key"`
	Count int64  `json:"count"`
}

// LeastMembers is how many members a sum has at least (our choice).
const LeastMembers = 3

// Contribution is what a member contributes for a period.
type Contribution struct {
	Group  string    `json:"group"`
	Member string    `json:"member"`
	Period string    `json:"period"` // 2026-09 or 2026-Q3
	Counts []Tally   `json:"counts"`
	Made   time.Time `json:"made"`
}

// keys are of codes: nobody's name fits in.
var (
	tallyKey   = regexp.MustCompile(`^[A-Za-z0-9_.>/?-]{1,64}$`)
	periodForm = regexp.MustCompile(`^(\d{4})-(?:(0[1-9]|1[0-2])|Q([1-4]))$`)
)

// Period reads a period: its beginning and the beginning of the next.
func Period(s string) (from, to time.Time, err error) {
	m := periodForm.FindStringSubmatch(s)
	if m == nil {
		return from, to, fmt.Errorf("%w: a period is a month (2026-09) or a quarter (2026-Q3)", ErrGroup)
	}
	var year, month, quarter int
	_, _ = fmt.Sscan(m[1], &year) // the form says that it is a number
	if m[3] != "" {
		_, _ = fmt.Sscan(m[3], &quarter)
		from = time.Date(year, time.Month(3*quarter-2), 1, 0, 0, 0, 0, time.UTC)
		return from, from.AddDate(0, 3, 0), nil
	}
	_, _ = fmt.Sscan(strings.TrimPrefix(m[2], "0"), &month)
	from = time.Date(year, time.Month(month), 1, 0, 0, 0, 0, time.UTC)
	return from, from.AddDate(0, 1, 0), nil
}

// Before is the period before one.
func Before(s string) string {
	from, to, err := Period(s)
	if err != nil {
		return ""
	}
	if strings.Contains(s, "Q") {
		from = from.AddDate(0, -3, 0)
		return fmt.Sprintf("%04d-Q%d", from.Year(), (int(from.Month())+2)/3)
	}
	_ = to
	return from.AddDate(0, -1, 0).Format("2006-01")
}

// Contribute makes a contribution of counts: of the kinds that the member agreed to, without small ones. left is how many cells were left out.
func Contribute(g *Group, member, period string, counts []Tally, now time.Time) (c *Contribution, left int, err error) {
	m := g.Member(member)
	if m == nil {
		return nil, 0, fmt.Errorf("%w: %s is no member of it", ErrGroup, member)
	}
	if _, to, err := Period(period); err != nil {
		return nil, 0, err
	} else if now.Before(to) {
		return nil, 0, fmt.Errorf("%w: %s is not over: what is told of a period is told once", ErrGroup, period)
	}
	sums := map[[2]string]int64{}
	for _, x := range counts {
		sums[[2]string{x.Kind, x.Key}] += x.Count
	}
	c = &Contribution{Group: g.ID, Member: member, Period: period, Made: now, Counts: []Tally{}}
	for _, k := range slices.SortedFunc(maps.Keys(sums), func(a, b [2]string) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) }) {
		switch {
		case !slices.Contains(m.Contributes, k[0]):
			continue
		case sums[k] < SmallCell || !tallyKey.MatchString(k[1]):
			left++
			continue
		}
		c.Counts = append(c.Counts, Tally{k[0], k[1], sums[k]})
	}
	return c, left, nil
}

// mostTallies is how many cells a contribution has.
const mostTallies = 20_000

// Check says what is wrong with a contribution to a group.
func (c *Contribution) Check(g *Group) error {
	m := g.Member(c.Member)
	if m == nil || c.Group != g.ID {
		return fmt.Errorf("%w: it is from no member of this group", ErrGroup)
	}
	if _, _, err := Period(c.Period); err != nil {
		return err
	}
	if len(c.Counts) > mostTallies {
		return fmt.Errorf("%w: more than %d counts", ErrGroup, mostTallies)
	}
	seen := map[[2]string]bool{}
	for _, x := range c.Counts {
		k := [2]string{x.Kind, x.Key}
		switch {
		case !slices.Contains(m.Contributes, x.Kind):
			return fmt.Errorf("%w: this member did not agree to contribute %q", ErrGroup, x.Kind)
		case x.Count < SmallCell || x.Count > 1<<40:
			return fmt.Errorf("%w: a count is %d at least", ErrGroup, SmallCell)
		case !tallyKey.MatchString(x.Key):
			return fmt.Errorf("%w: a key is a code", ErrGroup)
		case seen[k]:
			return fmt.Errorf("%w: a count stands in it twice", ErrGroup)
		}
		seen[k] = true
	}
	return nil
}

// Sum is what members counted together.
type Sum struct {
	Kind    string `json:"kind"`
	Key     string `json:"key"`
	Count   int64  `json:"count"`
	Members int    `json:"members"` // that had it
}

// Together adds the contributions of a period. Sums of fewer than LeastMembers members are left out; how many is told.
func Together(list []Contribution, period string) (out []Sum, left int) {
	sums := map[[2]string]*Sum{}
	for _, c := range list {
		if c.Period != period {
			continue
		}
		for _, x := range c.Counts {
			k := [2]string{x.Kind, x.Key}
			if sums[k] == nil {
				sums[k] = &Sum{Kind: x.Kind, Key: x.Key}
			}
			sums[k].Count += x.Count
			sums[k].Members++
		}
	}
	out = []Sum{}
	for _, s := range sums {
		if s.Members < LeastMembers {
			left++
			continue
		}
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b Sum) int {
		return cmp.Or(cmp.Compare(slices.Index(TallyKinds, a.Kind), slices.Index(TallyKinds, b.Kind)), cmp.Compare(b.Count, a.Count), cmp.Compare(a.Key, b.Key))
	})
	return out, left
}

// Emerging is a count that changed more than chance explains.
type Emerging struct {
	Kind    string  `json:"kind"`
	Key     string  `json:"key"`
	Before  int64   `json:"before"` // of the same members; small counts are not told, so that 0 may be up to four a member
	Now     int64   `json:"now"`
	Members int     `json:"members"` // that had it in the period
	Expect  float64 `json:"expect"`  // at the rate of its kind
	Chance  float64 `json:"chance"`  // that it is that many by chance
}

// Limits of what is told as emerging (our choice).
const (
	emergingShare = 0.01 // of what is told that may be chance (Benjamini and Hochberg, 1995)
	emergingTimes = 1.5  // as many as expected, at least
)

// Emerge finds what is new or has grown against the period before: counts of the members that contributed to both, compared with how their counts of
// the same kind grew together. A count is binomial among those of its kind given their sum; what was too small to be told counts as four a member, so
// that a cell that just passed the limit is not taken for new.
func Emerge(list []Contribution, period string) []Emerging {
	before := Before(period)
	in := map[string]map[string]bool{period: {}, before: {}}
	for _, c := range list {
		if in[c.Period] != nil {
			in[c.Period][c.Member] = true
		}
	}
	type pair struct {
		now, before int64
		members     int            // that told it now
		told        map[string]int // 1: now, 2: before
	}
	cells := map[[2]string]*pair{}
	both := 0
	for m := range in[period] {
		if in[before][m] {
			both++
		}
	}
	if both < LeastMembers {
		return nil
	}
	for _, c := range list {
		if in[c.Period] == nil || !in[period][c.Member] || !in[before][c.Member] {
			continue
		}
		for _, x := range c.Counts {
			k := [2]string{x.Kind, x.Key}
			if cells[k] == nil {
				cells[k] = &pair{told: map[string]int{}}
			}
			if c.Period == period {
				cells[k].now += x.Count
				cells[k].members++
				cells[k].told[c.Member] |= 1
			} else {
				cells[k].before += x.Count
				cells[k].told[c.Member] |= 2
			}
		}
	}
	totals := map[string]*pair{}
	for k, p := range cells {
		if totals[k[0]] == nil {
			totals[k[0]] = &pair{}
		}
		totals[k[0]].now += p.now
		totals[k[0]].before += p.before
	}
	var out []Emerging
	tried := 0
	for k, p := range cells {
		tried++
		if p.members < LeastMembers {
			continue
		}
		t := totals[k[0]]
		hidden := int64(0) // that may have been there before
		for _, told := range p.told {
			if told == 1 {
				hidden += SmallCell - 1
			}
		}
		had := p.before + hidden
		n := float64(p.now + had)
		// The share of the period in the sum of the kind, without this cell, so that it is not its own measure.
		rate := float64(t.now-p.now+1) / float64(t.now-p.now+t.before-p.before+2)
		expect := float64(had) * rate / (1 - rate)
		chance := 1 - (distuv.Binomial{N: n, P: rate}).CDF(float64(p.now)-1)
		if math.IsNaN(chance) || float64(p.now) < emergingTimes*expect {
			chance = 1
		}
		out = append(out, Emerging{k[0], k[1], p.before, p.now, p.members, math.Round(expect*10) / 10, math.Max(chance, 0)})
	}
	slices.SortFunc(out, func(a, b Emerging) int {
		return cmp.Or(cmp.Compare(a.Chance, b.Chance), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Key, b.Key))
	})
	last := 0
	for i, e := range out {
		if e.Chance <= emergingShare*float64(i+1)/float64(tried) {
			last = i + 1
		}
	}
	return out[:last]
}

// Proposal makes an entry of what emerges, for the group to discuss.
func (e *Emerging) Proposal(owner, period string, now time.Time) Knowledge {
	k := Knowledge{
		Kind: Trend, Title: fmt.Sprintf("%s %s: %d in %s", e.Kind, e.Key, e.Now, period), Evidence: "several_sources", Sources: []string{fmt.Sprintf("counts of %d members", e.Members)},
		Text:   fmt.Sprintf("%d in %s, after %d in %s. At the rate of its kind %.1f were to be expected; the chance of so many is %.2g. Counts of %d members; counts below %d are not told.", e.Now, period, e.Before, Before(period), e.Expect, e.Chance, e.Members, SmallCell),
		Change: &Change{Measure: e.Kind + " " + e.Key, Before: e.Before, Now: e.Now, Period: period, Than: Before(period)}, Author: owner, Computed: true, Made: now, Version: 1,
	}
	return k
}

package match

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"tarir/entity"
	"tarir/name"
)

// Ask is what is asked: is somebody or something like this known?
type Ask struct {
	Schema    string // of FollowTheMoney; empty: any
	Names     []string
	Births    []Date
	Countries []string // two letters, upper case
	Sex       string   // M, F or X
	Selectors []string // KIND:VALUE
}

// Feature is a part of a score: what it is about, what it adds or takes away, and in words what was seen.
type Feature struct {
	Name  string  `json:"name"`
	Adds  float64 `json:"adds"`
	Why   string  `json:"why"`
	Alike float64 `json:"alike"` // how much it agrees, from 0 to 1
}

// The features.
const (
	FeatureName     = "name"
	FeatureCommon   = "common_name"
	FeatureBirth    = "birth_date"
	FeatureCountry  = "country"
	FeatureSex      = "sex"
	FeatureSelector = "number"
)

// Threshold is the score from which a record is told as a possible match.
const Threshold = name.Threshold

// What agreeing and contradicting features add: our choice, measured in docs/performance.md.
const (
	addsDay        = 0.08
	addsYear       = 0.03
	addsSwapped    = 0.02  // day and month the other way round, or the first of January for what is not known
	takesNear      = -0.05 // one figure of the date is another
	takesYear      = -0.10 // the years are one apart
	takesBirth     = -0.25
	addsCountry    = 0.03
	takesCountry   = -0.06
	takesSex       = -0.15
	takesCommon    = -0.08
	takesDocument  = -0.10
	strongSelector = 0.97
	weakSelector   = 0.75
)

// score compares a question with a record by their best pair of names. common says that the words which agreed are frequent ones.
func (q *wanted) score(r *Record, common func(*name.Name) bool) (float64, []Feature) {
	var out []Feature
	total := 0.0
	add := func(f Feature) {
		out = append(out, f)
		total += f.Adds
	}
	if len(q.names) > 0 && len(r.Names) > 0 {
		k := name.KindOf(r.Schema)
		best, at := name.Result{Score: -1}, ""
		var with *name.Name
		for _, n := range r.Names {
			p := name.Parse(n, k)
			for i, a := range q.names {
				if a.Kind != k && (k == name.Person) == (a.Kind == name.Person) {
					a = name.Parse(q.ask.Names[i/max(len(q.names)/len(q.ask.Names), 1)], k)
				}
				if a.Kind != k {
					continue
				}
				if v := name.Score(a, p); v > best.Score {
					best, at, with = name.Compare(a, p), n, p
				}
			}
		}
		if best.Score > 0 {
			add(Feature{FeatureName, best.Score, at + ": " + best.String(), best.Score})
			if common(with) {
				add(Feature{FeatureCommon, takesCommon, "many people have this name", 0})
			}
		}
	}
	named := total > 0
	if f, ok := birth(q.ask.Births, r.Births); ok {
		if f.Adds > 0 && len(out) > 1 {
			// A date that agrees makes up for a common name.
			total -= out[1].Adds
			out = out[:1]
		}
		if named {
			add(f)
		}
	}
	if named && len(q.ask.Countries) > 0 && len(r.Countries) > 0 {
		if shared := slices.ContainsFunc(q.ask.Countries, func(c string) bool { return slices.Contains(r.Countries, c) }); shared {
			add(Feature{FeatureCountry, addsCountry, "a country is the same", 1})
		} else {
			add(Feature{FeatureCountry, takesCountry, "the countries are others: " + strings.Join(r.Countries, ", "), 0})
		}
	}
	if named && q.ask.Sex != "" && r.Sex != "" && q.ask.Sex != r.Sex && q.ask.Sex != "X" && r.Sex != "X" {
		add(Feature{FeatureSex, takesSex, "the sex is another", 0})
	}
	if f, ok := numbers(q.ask.Selectors, r.Selectors, total); ok && (named || f.Adds > 0) {
		add(f)
	}
	return math.Round(min(max(total, 0), 1)*1e4) / 1e4, out
}

// birth compares dates of birth: the best of all pairs counts.
func birth(a, b []Date) (Feature, bool) {
	f, ok := Feature{Name: FeatureBirth, Adds: -1}, false
	for _, x := range a {
		for _, y := range b {
			v, why, alike := dates(x, y)
			if v > f.Adds {
				f.Adds, f.Why, f.Alike, ok = v, why, alike, true
			}
		}
	}
	return f, ok
}

func dates(x, y Date) (adds float64, why string, alike float64) {
	sameDay, sameMonth, days := x.Day == y.Day, x.Month == y.Month, x.Day > 0 && y.Day > 0
	switch {
	case x == y && days:
		return addsDay, "the birth date is the same", 1
	case x.Year == y.Year && !days && (sameMonth || x.Month == 0 || y.Month == 0):
		return addsYear, "as far as it is known the birth date is the same", 0.8
	case x.Year == y.Year && days && x.Day == y.Month && x.Month == y.Day:
		return addsSwapped, "day and month of birth are the other way round", 0.8
	case x.Year == y.Year && days && (x.Day == 1 && x.Month == 1 || y.Day == 1 && y.Month == 1):
		return addsSwapped, "the year of birth is the same; 1 January is often written for what is not known", 0.7
	case x.Year == y.Year && (sameDay || sameMonth):
		return takesNear, "the birth date differs in " + map[bool]string{true: "its month", false: "its day"}[sameDay] + ": " + y.String(), 0.5
	case days && sameDay && sameMonth:
		if d := x.Year - y.Year; d == 1 || d == -1 || d%10 == 0 && d >= -10 && d <= 10 {
			return takesNear, "the year of birth differs in one figure: " + y.String(), 0.5
		}
	}
	if d := x.Year - y.Year; d == 1 || d == -1 {
		return takesYear, "the years of birth are one apart: " + y.String(), 0.3
	}
	return takesBirth, "the birth date is another: " + y.String(), 0
}

// numbers compares selectors. One that agrees lifts a score to at least what its kind is worth; documents of one country that are others
// take something away.
func numbers(a, b []string, now float64) (Feature, bool) {
	for _, strong := range []bool{true, false} {
		for _, s := range a {
			if kindOf(s).Strong() == strong && slices.Contains(b, s) {
				worth := weakSelector
				if strong {
					worth = strongSelector
				}
				return Feature{FeatureSelector, max(worth-now, 0.05), fmt.Sprintf("the %s is the same", kindOf(s)), 1}, true
			}
		}
	}
	for _, s := range a {
		if kindOf(s) != entity.Document {
			continue
		}
		issuer, _, _ := strings.Cut(strings.TrimPrefix(s, "document:"), ":")
		for _, t := range b {
			if rest, ok := strings.CutPrefix(t, "document:"); ok && issuer != "" && strings.HasPrefix(rest, issuer+":") {
				return Feature{FeatureSelector, takesDocument, "a document of the same country has another number", 0}, true
			}
		}
	}
	return Feature{}, false
}

// Sentence says for the person at the desk what an answer is.
func (h *Hit) Sentence() string {
	if h.Score < Threshold {
		return "Not the same, as far as can be told."
	}
	var parts []string
	for _, f := range h.Features {
		if f.Name != FeatureName {
			parts = append(parts, f.Why)
		}
	}
	s := "Possible match"
	if len(parts) > 0 {
		s += ": " + strings.Join(parts, "; ")
	}
	return s + ". Compare before you act: only the owner of the record can confirm."
}

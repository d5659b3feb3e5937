package typology

import (
	"sort"

	"tarir/explain"
	"tarir/money/flow"
)

// Reason is one sentence of an explanation.
type Reason = explain.Reason

// Hit is one typology seen at one account, person, company or contact.
type Hit struct {
	Typology   string
	Indicators []string       // ids met, sorted
	Strength   float64        // 0 to 1: how far beyond the thresholds
	Accounts   []flow.Account // the subject first; empty where it is about no account
	Holder     string         // whom it is about where it is about no account: an entity's id or a contact
	Data       string         // kinds of data it was seen in: P payments, J journeys, A adverts, E entities; empty: P
	Payments   []int64        // ledger rows, ascending
	Adverts    []int          // places in the caller's list, ascending
	Journeys   []int
	Entities   []string // ids, sorted
	First      int64    // seconds since 1970
	Last       int64
	Reasons    []Reason
	Truncated  bool // a limit of the pack cut the search
}

// kinds are the kinds of data it was seen in.
func (h *Hit) kinds() string {
	if h.Data == "" {
		return "P"
	}
	return h.Data
}

func say(code string, params ...any) Reason { return sentences.Say(code, params...) }

// percent is a share from 0 to 1 as whole percents.
func percent(part, whole int64) int {
	if whole == 0 {
		return 0
	}
	return int(float64(part)*100/float64(whole) + 0.5)
}

// sortRows sorts and removes doubles.
func sortRows(rows []int64) []int64 {
	sort.Slice(rows, func(i, j int) bool { return rows[i] < rows[j] })
	out := rows[:0]
	for i, r := range rows {
		if i == 0 || r != rows[i-1] {
			out = append(out, r)
		}
	}
	return out
}

// distinctAfter keeps the subject first and the others once, in ascending order, Outside left out.
func distinctAfter(subject flow.Account, others []flow.Account) []flow.Account {
	sort.Slice(others, func(i, j int) bool { return others[i] < others[j] })
	out := []flow.Account{subject}
	for i, a := range others {
		if a != subject && a != flow.Outside && (i == 0 || a != others[i-1]) {
			out = append(out, a)
		}
	}
	return out
}

// days is a span of seconds in days, at least one.
func days(first, last int64) int { return int((last-first)/flow.Day) + 1 }

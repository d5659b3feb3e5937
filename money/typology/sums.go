package typology

import (
	"fmt"
	"math"
	"slices"

	"tarir/money/flow"
	"tarir/money/ledger"
)

// units turns a decimal of the pack into the graph's unit of a currency.
func units(g *flow.Graph, currency uint8, value float64) int64 {
	return int64(math.Round(value * math.Pow10(int(g.Currencies()[currency].Scale))))
}

// smallSums tests payments against a limit that the pack gives in one or several currencies. A payment that does not
// compare with any of them is never small.
type smallSums struct {
	limits  []Amount
	senders int
	known   bool
	text    string
}

func newSmallSums(p params, use string, senders int) smallSums {
	s := smallSums{limits: p.amounts(use), senders: senders}
	s.known = len(s.limits) > 0
	for i, a := range s.limits {
		if i > 0 {
			s.text += " or "
		}
		s.text += fmt.Sprintf("%g %s", a.High, a.Currency)
	}
	return s
}

func (l smallSums) holds(s *scan, e flow.Entry) bool {
	v, ok := s.price(l.limits, e)
	if !ok {
		return false
	}
	for _, a := range l.limits {
		if a.Currency == v.code {
			return !v.atLeast(a.High)
		}
	}
	return false
}

// band finds the pack's amount whose range holds the payment, widened by a share on both sides.
func band(s *scan, amounts []Amount, e flow.Entry, widen float64) (Amount, bool) {
	v, ok := s.price(amounts, e)
	if !ok {
		return Amount{}, false
	}
	for _, a := range amounts {
		if a.Currency == v.code && v.atLeast(a.Low*(1-widen)) && !v.above(a.High*(1+widen)) {
			return a, true
		}
	}
	return Amount{}, false
}

// round says that an amount has no minor units and is a multiple of ten major ones, or of a hundred where it is larger
// than a thousand.
func round(g *flow.Graph, e flow.Entry) bool {
	unit := int64(math.Pow10(int(g.Currencies()[e.Currency()].Scale)))
	step := 10 * unit
	if e.Amount() > 1000*unit {
		step = 100 * unit
	}
	return e.Amount() > 0 && e.Amount()%step == 0
}

// link is money that came in and went on: entries of an account's in and out lists.
type link struct{ in, out int }

// links pairs each payment received with the first payment made within the time whose amount is between low and high
// times it; each payment made serves once. Linear but for payments of the same short time.
func (s *scan) links(seconds int64, low, high float64, keepIn, keepOut func(i int) bool) []link {
	if len(s.in) == 0 || len(s.out) == 0 {
		return nil
	}
	const look = 16 // payments made after one received that are compared with it
	var out []link
	var used []bool
	start := 0
	for i, e := range s.in {
		if keepIn != nil && !keepIn(i) || e.Peer() == s.account {
			continue
		}
		for start < len(s.out) && s.out[start].At() < e.At() {
			start++
		}
		for k, n := start, 0; k < len(s.out) && n < look; k, n = k+1, n+1 {
			o := s.out[k]
			if o.At()-e.At() > s.patience(e, o, seconds) {
				break
			}
			if o.Peer() == s.account || keepOut != nil && !keepOut(k) || used != nil && used[k] {
				continue
			}
			if r, ok := s.ratio(o, e); !ok || r < low || r > high {
				continue
			}
			if used == nil {
				used = make([]bool, len(s.out))
			}
			used[k] = true
			out = append(out, link{i, k})
			break
		}
	}
	return out
}

// patience is the time within which o counts as following e: where only days are known, "within 24 hours" is the same
// day or the next.
func (s *scan) patience(e, o flow.Entry, seconds int64) int64 {
	if e.DateOnly() || o.DateOnly() {
		return (seconds + flow.Day - 1) / flow.Day * flow.Day
	}
	return seconds
}

// others is the number of different counterparties of a list, Outside and the scanned account left out.
func (s *scan) others(list []flow.Entry) int {
	s.seen2.reset()
	for _, e := range list {
		if e.Peer() != flow.Outside && e.Peer() != s.account {
			s.seen2.add(e.Peer(), 1)
		}
	}
	return s.seen2.n
}

func (s *scan) money(amount int64, currency uint8) ledger.Money { return s.g.Money(amount, currency) }

// middle is the median of a list, which it sorts; 0 for an empty one.
func middle(list []int64) int64 {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return list[len(list)/2]
}

// episodes cuts links at pauses longer than a month and keeps the stretches that have at least min links and in which
// at least half of the kept payments received have one: a habit, not a coincidence among many payments.
func (s *scan) episodes(links []link, min int, keepIn func(i int) bool) [][]link {
	const pause = 31 * flow.Day
	var out [][]link
	for lo := 0; lo < len(links); {
		hi := lo + 1
		for hi < len(links) && s.in[links[hi].in].At()-s.in[links[hi-1].in].At() <= pause {
			hi++
		}
		received := 0
		for i := links[lo].in; i <= links[hi-1].in; i++ {
			if keepIn(i) {
				received++
			}
		}
		if hi-lo >= min && 2*(hi-lo) >= received {
			out = append(out, links[lo:hi])
		}
		lo = hi
	}
	return out
}

package trace

import (
	"slices"

	"tarir/money/flow"
)

// state is an account that holds, or held, traced money of one currency.
type state struct {
	account  flow.Account
	currency uint8
	balance  int64 // all money known to be there
	traced   int64
	parts    []part       // in order of arrival; where pooled only the traced ones
	pool     bool         // haircut, poison, presumed: parts are drawn from in proportion or in order without other money
	arriving []flow.Entry // the account's lists
	leaving  []flow.Entry
	in, out  int // next entries of them
	heap     int // place there; -1: not in it
	head     int // parts before it are used up (FIFO)
	now      int64
	met      []met // counterparties of the second now
}

// part is money that came together: lot -1 is money that is not traced.
type part struct {
	lot    int32
	amount int64
}

type key struct {
	account  flow.Account
	currency uint8
}

// met is what an account got from one counterparty within one second, in its own list and as lots. The two come in
// any order, since the payer's step and the receiver's are of the same second; what is in the list beyond the lots is
// money that is not traced.
type met struct {
	peer         flow.Account
	listed, lots int64
	other        int64 // counted as not traced so far
}

// settle brings the count of money that is not traced up to date for one counterparty of the current second.
func (s *state) settle(peer flow.Account, at, listed, lots int64) {
	if at != s.now {
		s.now, s.met = at, s.met[:0]
	}
	i := slices.IndexFunc(s.met, func(m met) bool { return m.peer == peer })
	if i < 0 {
		s.met = append(s.met, met{peer: peer})
		i = len(s.met) - 1
	}
	m := &s.met[i]
	m.listed += listed
	m.lots += lots
	more := max(0, m.listed-m.lots) - m.other
	m.other += more
	switch {
	case more > 0:
		s.balance += more
		if !s.pool {
			s.parts = append(s.parts, part{-1, more})
		}
	case more < 0:
		s.balance = max(s.traced, s.balance+more)
		for k := len(s.parts) - 1; k >= s.head && more < 0 && !s.pool; k-- {
			if p := &s.parts[k]; p.lot < 0 {
				n := min(p.amount, -more)
				p.amount -= n
				more += n
			}
		}
	}
}

// draw takes an amount out of the parts, from the first or from the last.
func (s *state) draw(amount int64, lifo bool) []part {
	var out []part
	for amount > 0 && s.head < len(s.parts) {
		i := s.head
		if lifo {
			i = len(s.parts) - 1
		}
		p := &s.parts[i]
		n := min(amount, p.amount)
		out = append(out, part{p.lot, n})
		p.amount -= n
		amount -= n
		if p.amount == 0 {
			if lifo {
				s.parts = s.parts[:i]
			} else {
				s.head++
			}
		}
	}
	if s.head > 64 && s.head*2 > len(s.parts) {
		s.parts = append(s.parts[:0], s.parts[s.head:]...)
		s.head = 0
	}
	return out
}

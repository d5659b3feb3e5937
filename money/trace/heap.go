package trace

import "math/bits"

// The heap orders accounts by the second of their next payment, and equal seconds by account, so that the result does
// not depend on how the heap was filled. Written out because container/heap's interface calls were a third of a trace.

// due is an account and the second of its next payment, which is kept beside the pointer so that most comparisons read
// the heap alone.
type due struct {
	at int64
	s  *state
}

func (a due) before(b due) bool {
	if a.at != b.at {
		return a.at < b.at
	}
	if a.s.account != b.s.account {
		return a.s.account < b.s.account
	}
	return a.s.currency < b.s.currency
}

// put moves an account that is in the heap to where its second belongs, or adds it.
func (t *tracer) put(s *state, at int64) {
	if s.heap < 0 {
		s.heap = len(t.heap)
		t.heap = append(t.heap, due{at, s})
	}
	t.heap[s.heap].at = at
	t.fix(s.heap)
}

func (t *tracer) swap(i, j int) {
	h := t.heap
	h[i], h[j] = h[j], h[i]
	h[i].s.heap, h[j].s.heap = i, j
}

// fix restores the order around place i.
func (t *tracer) fix(i int) {
	for i > 0 {
		up := (i - 1) / 2
		if !t.heap[i].before(t.heap[up]) {
			break
		}
		t.swap(i, up)
		i = up
	}
	for {
		c := 2*i + 1
		if c >= len(t.heap) {
			return
		}
		if c+1 < len(t.heap) && t.heap[c+1].before(t.heap[c]) {
			c++
		}
		if !t.heap[c].before(t.heap[i]) {
			return
		}
		t.swap(i, c)
		i = c
	}
}

func (t *tracer) remove(s *state) {
	if s.heap < 0 {
		return
	}
	i, last := s.heap, len(t.heap)-1
	t.swap(i, last)
	t.heap = t.heap[:last]
	s.heap = -1
	if i < last {
		t.fix(i)
	}
}

// mulDiv is a×b/c rounded down, exact for all amounts. b must not exceed c by more than keeps the result in range.
func mulDiv(a, b, c int64) int64 {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	if hi >= uint64(c) {
		return 1<<63 - 1 // amounts are below 2^55: only a conversion rate beyond any real one leads here
	}
	q, _ := bits.Div64(hi, lo, uint64(c))
	return int64(q)
}

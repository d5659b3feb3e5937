package flow

import (
	"errors"

	"golang.org/x/sync/errgroup"
)

// merge joins two slabs that follow one another in the ledger. It costs one pass over both, without the ledger.
func merge(a, b *slab) (*slab, error) {
	s := &slab{
		from: a.from, to: b.to, n: a.n + b.n,
		channels: a.channels | b.channels, timed: a.timed || b.timed, exchanges: a.exchanges || b.exchanges, purposes: a.purposes || b.purposes,
	}
	if err := s.allocate(); err != nil {
		return nil, err
	}
	final := s.mergeContexts(a, b)
	var eg errgroup.Group
	eg.Go(func() error {
		mergeSide(&s.out, &a.out, &b.out, func(at int, fromB bool, pos int) {
			from, n := a, 0
			if fromB {
				from, n = b, 1
			}
			s.row[at] = from.row[pos]
			if c := from.ctx.at(pos); c != 0 {
				s.ctx.set(at, final[n][c])
			}
		})
		s.sortOutside(&order{})
		return nil
	})
	eg.Go(func() error {
		mergeSide(&s.in, &a.in, &b.in, nil)
		return nil
	})
	_ = eg.Wait() // neither can fail
	if len(s.contexts) > maxContexts {
		return nil, errors.Join(errors.New("merge parts of the payment graph: too many different merchant categories, places and devices"), s.release())
	}
	return s, nil
}

// mergeContexts joins two ordered lists of contexts and says which number each got.
func (s *slab) mergeContexts(a, b *slab) (final [2][]uint32) {
	final[0], final[1] = make([]uint32, len(a.contexts)), make([]uint32, len(b.contexts))
	i, j := 0, 0
	for i < len(a.contexts) || j < len(b.contexts) {
		c := 1
		switch {
		case j == len(b.contexts):
			c = -1
		case i < len(a.contexts):
			c = a.contexts[i].compare(b.contexts[j])
		}
		n := uint32(len(s.contexts))
		if c <= 0 {
			s.contexts = append(s.contexts, a.contexts[i])
			final[0][i] = n
			i++
		}
		if c >= 0 {
			if c > 0 {
				s.contexts = append(s.contexts, b.contexts[j])
			}
			final[1][j] = n
			j++
		}
	}
	return final
}

// mergeSide fills d, whose entries are allocated, with those of a and b; of one second, a's come first. placed is told
// where each entry went and whence it came.
func mergeSide(d, a, b *side, placed func(at int, fromB bool, pos int)) {
	accounts := max(len(a.start), len(b.start)) - 1
	for _, x := range []*side{a, b} {
		if n := len(x.accounts); n > 0 {
			accounts = max(accounts, int(x.accounts[n-1])+1)
		}
	}
	d.start = make([]uint32, accounts+1)
	at := 0
	for acc := range accounts {
		d.start[acc] = uint32(at)
		i, iEnd := a.span(Account(acc))
		j, jEnd := b.span(Account(acc))
		for i < iEnd || j < jEnd {
			fromB := i == iEnd || j < jEnd && b.entries[j].at < a.entries[i].at
			pos := i
			if fromB {
				pos = j
				d.entries[at] = b.entries[j]
				j++
			} else {
				d.entries[at] = a.entries[i]
				i++
			}
			if placed != nil {
				placed(at, fromB, pos)
			}
			at++
		}
	}
	d.start[accounts] = uint32(at)
	d.thin(at)
}

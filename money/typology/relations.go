package typology

import (
	"context"
	"runtime"

	"golang.org/x/sync/errgroup"

	"tarir/money/flow"
)

// relations tells for every payment whether its two sides have a lasting relation, and for every account whether it is
// a hub. It is computed once for a graph, in one pass over all lists, and read by all detectors.
//
// A pair is lasting when its payments in one direction spread over more than lastingDays, or are more than
// lastingPayments: rent, wages, a family. Everybody else is a stranger.
type relations struct {
	outAt, inAt       []uint32 // first index into outStranger, inStranger of each account
	outStranger       []bool
	inStranger        []bool
	hub               []uint64 // one bit an account
	hubs              int
	strangersPerMonth float64
}

type relationParams struct {
	lastingDays, lastingPayments, hubCounterparties int
}

func relate(ctx context.Context, g *flow.Graph, p relationParams) (*relations, error) {
	n := g.Accounts()
	r := &relations{outAt: make([]uint32, n+1), inAt: make([]uint32, n+1), hub: make([]uint64, n/64+1)}
	v := g.View()
	for a := range n {
		out, in := v.Degree(flow.Account(a))
		r.outAt[a+1], r.inAt[a+1] = r.outAt[a]+uint32(out), r.inAt[a]+uint32(in)
	}
	r.outStranger, r.inStranger = make([]bool, r.outAt[n]), make([]bool, r.inAt[n])
	hubs := make([][]flow.Account, runtime.GOMAXPROCS(0))
	eg, ctx := errgroup.WithContext(ctx)
	for w := range hubs {
		eg.Go(func() error {
			v := g.View()
			var pairs pairTable
			return chunks(ctx, n, w, len(hubs), func(lo, hi int) {
				for a := lo; a < hi; a++ {
					out, in := v.Out(flow.Account(a)), v.In(flow.Account(a))
					nOut := pairs.mark(out, r.outStranger[r.outAt[a]:r.outAt[a+1]], p)
					nIn := pairs.mark(in, r.inStranger[r.inAt[a]:r.inAt[a+1]], p)
					if nOut > p.hubCounterparties || nIn > p.hubCounterparties || a == 0 {
						hubs[w] = append(hubs[w], flow.Account(a))
					}
				}
			})
		})
	}
	if err := eg.Wait(); err != nil {
		return nil, err
	}
	for _, list := range hubs {
		r.hubs += len(list)
		for _, a := range list {
			r.hub[a>>6] |= 1 << (a & 63)
		}
	}
	return r, nil
}

// pairTable gathers the counterparties of one list.
type pairTable struct {
	index counter
	first []int64
	last  []int64
	count []int32
}

// mark fills stranger for a list and returns the number of different counterparties.
func (t *pairTable) mark(list []flow.Entry, stranger []bool, p relationParams) int {
	switch len(list) {
	case 0:
		return 0
	case 1:
		stranger[0] = list[0].Peer() != flow.Outside
		return 1
	}
	t.index.reset()
	t.first, t.last, t.count = t.first[:0], t.last[:0], t.count[:0]
	for _, e := range list {
		i := t.index.get(e.Peer()) - 1
		if i < 0 {
			t.first, t.last, t.count = append(t.first, e.At()), append(t.last, e.At()), append(t.count, 0)
			i = int32(len(t.count) - 1)
			t.index.add(e.Peer(), i+1)
		}
		t.last[i] = e.At()
		t.count[i]++
	}
	span, most := int64(p.lastingDays)*flow.Day, int32(p.lastingPayments)
	for k, e := range list {
		i := t.index.get(e.Peer()) - 1
		stranger[k] = e.Peer() != flow.Outside && t.last[i]-t.first[i] <= span && t.count[i] <= most
	}
	return len(t.count)
}

// chunks hands worker w of n its share of [0, total) in pieces, so that a stretch of busy accounts is spread.
func chunks(ctx context.Context, total, w, n int, work func(lo, hi int)) error {
	const size = 1024
	for lo := w * size; lo < total; lo += n * size {
		if err := ctx.Err(); err != nil {
			return err
		}
		work(lo, min(lo+size, total))
	}
	return nil
}

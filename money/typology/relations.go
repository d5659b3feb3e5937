package typology

import (
	"context"
	"math"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"tarir/money/flow"
)

// relations tells for every payment whether its two sides have a lasting relation, and for every account whether it is
// a hub. It is computed once for a graph, in one pass over all lists, and read by all detectors.
//
// A pair is lasting when its payments in one direction spread over more than lastingDays, or are more than
// lastingPayments: rent, wages, a family. A purchase, a card payment whose merchant category is known, is a shop's trade
// and no relation of this kind either way. Everybody else is a stranger.
type relations struct {
	outAt, inAt   []uint32 // first index into outStranger, inStranger of each account
	outStranger   []bool
	inStranger    []bool
	strangersOut  []uint32  // payments to strangers of each account
	hubOut, hubIn []uint64  // one bit an account: very many payees, very many payers
	waged         []uint64  // one bit an account: it received wages
	firstSeen     []uint32  // second of the first payment of each account
	watched       *coverage // when the ledger looks on
	// usualOut and usualIn are how many strangers the usual account pays and is paid by, over the time covered: the mean
	// without the tenth of the accounts that have the most.
	usualOut, usualIn float64
	sums              *sums   // payments by size
	newSeconds        int64   // how long an account is a newcomer
	newcomers         float64 // share of the payments that newcomers make
}

func isWage(e flow.Entry) bool { return e.Purpose() == flow.PurposeWage }

func bit(set []uint64, a flow.Account) bool { return set[a>>6]>>(a&63)&1 == 1 }

// rate is how many payments to strangers an account makes on average within a time.
func (r *relations) rate(a flow.Account, seconds int64) float64 {
	return float64(r.strangersOut[a]) * min(1, float64(seconds)/r.watched.total)
}

type relationParams struct {
	lastingDays, lastingPayments, hubCounterparties int
	newSeconds                                      int64 // how long an account is a newcomer
}

func relate(ctx context.Context, g *flow.Graph, p relationParams) (*relations, error) {
	n := g.Accounts()
	r := &relations{
		newSeconds: p.newSeconds,
		outAt:      make([]uint32, n+1), inAt: make([]uint32, n+1), hubOut: make([]uint64, n/64+1), hubIn: make([]uint64, n/64+1), waged: make([]uint64, n/64+1), firstSeen: make([]uint32, n), strangersOut: make([]uint32, n),
	}
	first, last := g.Span()
	r.watched = newCoverage(first, last)
	v := g.View()
	for a := range n {
		out, in := v.Degree(flow.Account(a))
		r.outAt[a+1], r.inAt[a+1] = r.outAt[a]+uint32(out), r.inAt[a]+uint32(in)
	}
	r.outStranger, r.inStranger = make([]bool, r.outAt[n]), make([]bool, r.inAt[n])
	type part struct {
		hubOut, hubIn   []flow.Account
		manyOut, manyIn [1 << 12]int // accounts by number of strangers
		watched         *coverage
		sums            *sums
	}
	parts := make([]part, runtime.GOMAXPROCS(0))
	eg, within := errgroup.WithContext(ctx)
	for w := range parts {
		eg.Go(func() error {
			v := g.View()
			var pairs pairTable
			parts[w].watched, parts[w].sums = newCoverage(first, last), newSums(len(g.Currencies()))
			return chunks(within, n, w, len(parts), func(lo, hi int) {
				for a := lo; a < hi; a++ {
					out, in := v.Out(flow.Account(a)), v.In(flow.Account(a))
					parts[w].watched.add(out)
					parts[w].sums.add(out)
					nOut, sOut := pairs.mark(out, r.outStranger[r.outAt[a]:r.outAt[a+1]], p)
					for _, s := range r.outStranger[r.outAt[a]:r.outAt[a+1]] {
						if s {
							r.strangersOut[a]++
						}
					}
					nIn, sIn := pairs.mark(in, r.inStranger[r.inAt[a]:r.inAt[a+1]], p)
					r.firstSeen[a] = earliest(out, in)
					if _, _, _, purposes := g.HasContext(); purposes && slices.ContainsFunc(in, isWage) {
						r.waged[a>>6] |= 1 << (a & 63) // 64 accounts of a word are always one worker's
					}
					if nOut > p.hubCounterparties || a == 0 {
						parts[w].hubOut = append(parts[w].hubOut, flow.Account(a))
					}
					if nIn > p.hubCounterparties || a == 0 {
						parts[w].hubIn = append(parts[w].hubIn, flow.Account(a))
					}
					if len(out) > 0 {
						parts[w].manyOut[min(sOut, len(parts[w].manyOut)-1)]++
					}
					if len(in) > 0 {
						parts[w].manyIn[min(sIn, len(parts[w].manyIn)-1)]++
					}
				}
			})
		})
	}
	if err := eg.Wait(); err != nil {
		return nil, err
	}
	var manyOut, manyIn [1 << 12]int
	r.sums = newSums(len(g.Currencies()))
	for _, part := range parts {
		r.watched.join(part.watched)
		r.sums.join(part.sums)
		for _, a := range part.hubOut {
			r.hubOut[a>>6] |= 1 << (a & 63)
		}
		for _, a := range part.hubIn {
			r.hubIn[a>>6] |= 1 << (a & 63)
		}
		for i := range manyOut {
			manyOut[i] += part.manyOut[i]
			manyIn[i] += part.manyIn[i]
		}
	}
	r.watched.finish()
	r.usualOut, r.usualIn = usual(manyOut[:]), usual(manyIn[:])
	var err error
	r.newcomers, err = r.newcomerShare(ctx, g)
	return r, err
}

// newcomer says whether an account was first seen shortly before a time, and whether the ledger reaches far enough back
// to tell.
func (r *relations) newcomer(a flow.Account, at int64) (is, known bool) {
	if at-r.watched.since(at) < r.newSeconds {
		return false, false
	}
	return at-int64(r.firstSeen[a]) < r.newSeconds, true
}

// newcomerShare is the base rate of newcomers among payers.
func (r *relations) newcomerShare(ctx context.Context, g *flow.Graph) (float64, error) {
	type part struct{ new, all int64 }
	parts := make([]part, runtime.GOMAXPROCS(0))
	eg, ctx := errgroup.WithContext(ctx)
	for w := range parts {
		eg.Go(func() error {
			v := g.View()
			return chunks(ctx, g.Accounts(), w, len(parts), func(lo, hi int) {
				for a := max(lo, 1); a < hi; a++ {
					for _, e := range v.Out(flow.Account(a)) {
						if is, known := r.newcomer(flow.Account(a), e.At()); known {
							parts[w].all++
							if is {
								parts[w].new++
							}
						}
					}
				}
			})
		})
	}
	err := eg.Wait()
	var sum part
	for _, p := range parts {
		sum.new, sum.all = sum.new+p.new, sum.all+p.all
	}
	return float64(sum.new) / float64(max(sum.all, 1)), err
}

// earliest is the second of the first of an account's payments.
func earliest(out, in []flow.Entry) uint32 {
	at := int64(math.MaxUint32)
	for _, list := range [][]flow.Entry{out, in} {
		if len(list) > 0 {
			at = min(at, list[0].At())
		}
	}
	return uint32(at)
}

// usual is the mean of a histogram without the tenth at its upper end.
func usual(many []int) float64 {
	total := 0
	for _, n := range many {
		total += n
	}
	left, sum := total-total/10, 0
	if left == 0 {
		return 0
	}
	rest := left
	for value, n := range many {
		n = min(n, rest)
		sum += n * value
		rest -= n
	}
	return float64(sum) / float64(left)
}

// pairTable gathers the counterparties of one list.
type pairTable struct {
	index counter
	first []int64
	last  []int64
	count []int32
}

// mark fills stranger for a list and returns the number of different counterparties and of the strangers among them.
func (t *pairTable) mark(list []flow.Entry, stranger []bool, p relationParams) (peers, strangers int) {
	if len(list) == 0 {
		return 0, 0
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
		if e.Peer() == flow.Outside || t.last[i]-t.first[i] > span || t.count[i] > most || e.Purchase() {
			continue
		}
		stranger[k] = true
		if t.first[i] >= 0 { // each counterparty once: a negative first, with last moved along, keeps their distance
			strangers++
			t.last[i] -= t.first[i] + 1
			t.first[i] = -1
		}
	}
	return len(t.count), strangers
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

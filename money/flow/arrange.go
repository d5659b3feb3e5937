package flow

import (
	"context"
	"math/bits"
	"runtime"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// parts is how the accounts are divided while a slab is built: runs of 2^shift accounts, about a thousand of them, so
// that writing to all parts in turn stays within the second cache, and so does one part of a hundred million payments.
type parts struct {
	shift uint
	n     int
}

const (
	partBits = 10
	maxShift = 16 // an account's number within its part has to fit two bytes
)

func divide(accounts int) parts {
	shift := min(max(bits.Len(uint(accounts))-partBits, 0), maxShift)
	return parts{uint(shift), max(accounts-1, 0)>>shift + 1}
}

// arrange puts the entries of every part in order of account and time. Entries of one account and second keep the order
// of the ledger, in which each part was filled.
func (b *builder) arrange(ctx context.Context) error {
	accounts := b.l.Accounts().Len()
	b.s.out.start, b.s.in.start = make([]uint32, accounts+1), make([]uint32, accounts+1)
	b.s.out.start[accounts], b.s.in.start[accounts] = uint32(b.s.n), uint32(b.s.n)
	var final []uint32
	numbered := make(chan struct{})
	var next atomic.Int64
	eg, ctx := errgroup.WithContext(ctx)
	eg.Go(func() error {
		defer close(numbered)
		final = b.number()
		return nil
	})
	for range runtime.GOMAXPROCS(0) {
		eg.Go(func() error {
			a := arranger{b: b}
			for {
				i := int(next.Add(1)) - 1
				if i >= 2*b.parts.n {
					return nil
				}
				if err := ctx.Err(); err != nil {
					return err
				}
				if i < b.parts.n {
					a.in(i)
					continue
				}
				<-numbered
				a.final = final
				a.out(i - b.parts.n)
			}
		})
	}
	return eg.Wait()
}

// arranger is the scratch space of one worker.
type arranger struct {
	b       *builder
	final   []uint32 // number of each context
	next    []uint32
	entries []Entry
	rows    []uint32
	ctx     contexts
	order   order
}

// lists counts a part's entries by account, writes the starts of their lists, and leaves in next where each begins.
func (a *arranger) lists(d *side, own []uint16, part int, first uint32) {
	lo := part << a.b.parts.shift
	n := min(1<<a.b.parts.shift, len(d.start)-1-lo)
	a.next = append(a.next[:0], make([]uint32, n)...)
	for _, o := range own {
		a.next[o]++
	}
	for i, k := range a.next {
		d.start[lo+i], a.next[i] = first, first
		first += k
	}
}

func (a *arranger) out(part int) {
	s, lo, hi := a.b.s, a.b.outParts[part], a.b.outParts[part+1]
	own := a.b.ownOut[lo:hi]
	a.lists(&s.out, own, part, lo)
	a.entries = append(a.entries[:0], s.out.entries[lo:hi]...)
	a.rows = append(a.rows[:0], s.row[lo:hi]...)
	said := len(s.contexts) > 1
	if said {
		a.ctx = append(a.ctx[:0], s.ctx[3*lo:3*hi]...)
	}
	for i, o := range own {
		k := a.next[o]
		a.next[o] = k + 1
		s.out.entries[k] = a.entries[i]
		s.row[k] = a.rows[i]
		if said {
			s.ctx.set(int(k), a.final[a.ctx.at(i)])
		}
	}
	a.eachList(&s.out, part, func(lo int, list []Entry) {
		a.order.by(list, func(e Entry) uint32 { return e.at })
		a.order.applyOut(s, lo)
	})
}

func (a *arranger) in(part int) {
	s, lo, hi := a.b.s, a.b.inParts[part], a.b.inParts[part+1]
	own := a.b.ownIn[lo:hi]
	a.lists(&s.in, own, part, lo)
	a.entries = append(a.entries[:0], s.in.entries[lo:hi]...)
	for i, o := range own {
		k := a.next[o]
		a.next[o] = k + 1
		s.in.entries[k] = a.entries[i]
	}
	a.eachList(&s.in, part, func(_ int, list []Entry) {
		a.order.by(list, func(e Entry) uint32 { return e.at })
		a.order.apply(list)
	})
}

// eachList sorts the part's lists that the ledger does not hold in order of time. The lists end where next is now.
func (a *arranger) eachList(d *side, part int, sort func(lo int, list []Entry)) {
	first := part << a.b.parts.shift
	for i, end := range a.next {
		lo := d.start[first+i]
		if list := d.entries[lo:end]; !inOrder(list) {
			sort(int(lo), list)
		}
	}
}

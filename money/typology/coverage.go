package typology

import (
	"slices"

	"tarir/money/flow"
)

// coverage is when a ledger looks on: the stretches of time that hold a fair part of its payments. A folder of files
// often holds one statement from years before the others. Taking all time from the first payment to the last for
// watched would make every rate too low and every account of the later files a newcomer.
//
// Time is divided into blocks of 30 days. A block is covered when it holds at least a tenth of the payments of the
// typical block, the one in which the median payment stands.
type coverage struct {
	first  int64 // second at which block 0 begins
	blocks []block
	watch  []int64 // for each block the second since which everything up to it is covered; -1 where it is not covered
	total  float64 // seconds covered, at least a day
}

// block counts the payments of 30 days.
type block struct {
	n           int64
	first, last int64
}

const blockSeconds = 30 * flow.Day

func newCoverage(first, last int64) *coverage {
	return &coverage{first: first, blocks: make([]block, (last-first)/blockSeconds+1)}
}

func (c *coverage) add(list []flow.Entry) {
	for _, e := range list {
		at := e.At()
		b := &c.blocks[(at-c.first)/blockSeconds]
		if b.n == 0 {
			b.first, b.last = at, at
		}
		b.first, b.last = min(b.first, at), max(b.last, at)
		b.n++
	}
}

// join adds what another worker counted.
func (c *coverage) join(o *coverage) {
	for i, x := range o.blocks {
		b := &c.blocks[i]
		switch {
		case x.n == 0:
		case b.n == 0:
			*b = x
		default:
			*b = block{b.n + x.n, min(b.first, x.first), max(b.last, x.last)}
		}
	}
}

// finish decides which blocks are covered.
func (c *coverage) finish() {
	counts := make([]int64, 0, len(c.blocks))
	var all int64
	for _, b := range c.blocks {
		counts = append(counts, b.n)
		all += b.n
	}
	slices.Sort(counts)
	typical, below := int64(0), int64(0)
	for _, n := range counts {
		if below += n; 2*below >= all {
			typical = n
			break
		}
	}
	c.watch = make([]int64, len(c.blocks))
	since := int64(-1)
	for i, b := range c.blocks {
		if b.n == 0 || b.n*10 < typical {
			c.watch[i], since = -1, -1
			continue
		}
		if since < 0 {
			since = b.first
		}
		c.watch[i] = since
		// A block between two covered ones counts whole; at the ends, only from the first or to the last payment.
		from, to := c.first+int64(i)*blockSeconds, c.first+int64(i+1)*blockSeconds
		if since == b.first {
			from = b.first
		}
		if i+1 == len(c.blocks) || c.blocks[i+1].n == 0 || c.blocks[i+1].n*10 < typical {
			to = b.last
		}
		c.total += float64(to - from)
	}
	c.total = max(c.total, flow.Day)
}

// since is the second from which on the ledger covers everything up to at, or at itself where it does not cover at.
func (c *coverage) since(at int64) int64 {
	if i := (at - c.first) / blockSeconds; i >= 0 && i < int64(len(c.watch)) && c.watch[i] >= 0 {
		return c.watch[i]
	}
	return at
}

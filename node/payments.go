package node

import (
	"context"
	"slices"

	"tarir/money/ledger"
)

// payments are those of a ledger that results name. To read a few out of a million costs as much as a sweep over all, so they
// are read together and kept while the results are written.
type payments struct {
	l    *ledger.Ledger
	rows []int64 // ascending
	list []ledger.Payment
}

// load reads the payments of rows that are not there yet.
func (p *payments) load(ctx context.Context, rows ...[]int64) error {
	more := slices.Compact(slices.Sorted(slices.Values(slices.Concat(rows...))))
	more = slices.DeleteFunc(more, func(r int64) bool { _, known := slices.BinarySearch(p.rows, r); return known })
	if len(more) == 0 {
		return nil
	}
	list, err := p.l.Read(ctx, more)
	if err != nil {
		return err
	}
	all, joined := make([]int64, 0, len(p.rows)+len(more)), make([]ledger.Payment, 0, len(p.rows)+len(more))
	i := 0
	for k, r := range more {
		for i < len(p.rows) && p.rows[i] < r {
			all, joined = append(all, p.rows[i]), append(joined, p.list[i])
			i++
		}
		all, joined = append(all, r), append(joined, list[k])
	}
	p.rows, p.list = append(all, p.rows[i:]...), append(joined, p.list[i:]...)
	return nil
}

// at is a payment that was loaded.
func (p *payments) at(row int64) *ledger.Payment {
	i, found := slices.BinarySearch(p.rows, row)
	if !found {
		panic("node: a payment was not loaded")
	}
	return &p.list[i]
}

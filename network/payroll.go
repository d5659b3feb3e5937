package network

import (
	"slices"

	"tarir/money/flow"
)

// Our defaults: a trade that pays its people does so as any employer, on the same days.
const (
	payrollDays   = 3 // within which payments to several are one pay day
	payrollTimes  = 3 // pay days
	payrollOthers = 2 // others inside who are paid on each
)

// paidWith says that somebody is paid by one inside on the days on which others inside are paid too, again and again; nil where
// not. Wages that a payment names as such are left out: an honest employer names them.
func (b *builder) paidWith(a int, inside map[int]bool) *Reason {
	for _, x := range b.list[a].Accounts {
		by := map[int][]int64{} // when, by payer
		rows := map[int][]int64{}
		for i, e := range b.v.In(x) {
			if e.Peer() == flow.Outside || business(e) {
				continue
			}
			if o := b.of(e.Peer()); inside[o] && o != a && !b.isVictim(o) {
				by[o] = append(by[o], e.At())
				rows[o] = append(rows[o], b.v.Row(x, i, false))
			}
		}
		payers := make([]int, 0, len(by))
		for o := range by {
			payers = append(payers, o)
		}
		slices.SortFunc(payers, b.compare)
		for _, o := range payers {
			if len(by[o]) < payrollTimes {
				continue
			}
			times := 0
			for _, day := range by[o] {
				if b.paidAround(o, day, a, inside) >= payrollOthers {
					times++
				}
			}
			if times >= payrollTimes && times*2 > len(by[o]) {
				return &Reason{Reason: sentences.Say("paid_with", "payer", b.list[o].Caption, "times", times), Payments: slices.Sorted(slices.Values(rows[o][max(0, len(rows[o])-shownPayments):]))}
			}
		}
	}
	return nil
}

// paidAround counts those inside, another than one, whom somebody pays within days of a moment.
func (b *builder) paidAround(payer int, at int64, other int, inside map[int]bool) int {
	paid := map[int]bool{}
	for _, x := range b.list[payer].Accounts {
		out := b.v.Out(x)
		k, _ := slices.BinarySearchFunc(out, at-payrollDays*flow.Day, func(e flow.Entry, t int64) int { return int(min(1, max(-1, e.At()-t))) })
		for ; k < len(out) && out[k].At() <= at+payrollDays*flow.Day; k++ {
			e := out[k]
			if e.Peer() == flow.Outside || business(e) {
				continue
			}
			if o := b.of(e.Peer()); o != other && o != payer && inside[o] {
				paid[o] = true
			}
		}
	}
	return len(paid)
}

package network

import (
	"slices"

	"tarir/money/flow"
)

const (
	manyFed    = 4     // times the usual food, from which somebody feeds many
	fedMonths  = 3     // months in which food was bought
	equipment  = 3     // purchases of furniture, telephones and the like
	foodSample = 2_000 // accounts from which the usual is taken
)

// food says what an account buys of food a month in which it buys any, in minor units of the currency of which it buys
// most often, and in how many months.
func (b *builder) food(x flow.Account) (monthly int64, months int) {
	sums := map[int64]int64{}
	for i, e := range b.v.Out(x) {
		if e.Purchase() && b.in.Food[b.v.Context(x, i, true).MCC] {
			sums[e.At()/(30*86_400)] += e.Amount()
		}
	}
	var sum int64
	for _, v := range sums {
		sum += v
	}
	if len(sums) == 0 {
		return 0, 0
	}
	return sum / int64(len(sums)), len(sums)
}

// usual is the median of what accounts that buy food buy of it a month, over accounts taken evenly by number.
func (b *builder) usual() int64 {
	step := max(1, b.in.Graph.Accounts()/foodSample)
	var list []int64
	for x := 1; x < b.in.Graph.Accounts(); x += step {
		if o, _ := b.v.Degree(flow.Account(x)); o > hubDegree {
			continue
		}
		if m, n := b.food(flow.Account(x)); n > 0 {
			list = append(list, m)
		}
	}
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return list[len(list)/2]
}

// feeds says how many times the usual food an actor buys who also pays rent and has done so for months; 0 where not.
func (b *builder) feeds(a int) float64 {
	if b.usualFood == 0 {
		return 0
	}
	most := 0.0
	for _, x := range b.list[a].Accounts {
		rent := slices.ContainsFunc(b.v.Out(x), func(e flow.Entry) bool { return e.Purpose() == flow.PurposeRent })
		if monthly, months := b.food(x); rent && months >= fedMonths {
			most = max(most, float64(monthly)/float64(b.usualFood))
		}
	}
	return most
}

// shops matches payments to merchants of food, and with site to those of what a site is fitted out with too.
func (b *builder) shops(site bool) func(flow.Account, int, flow.Entry) bool {
	return func(x flow.Account, i int, e flow.Entry) bool {
		if !e.Purchase() {
			return false
		}
		mcc := b.v.Context(x, i, true).MCC
		return b.in.Food[mcc] || site && b.in.Site[mcc]
	}
}

// boughtFor lists the purchases on which the roles of somebody stand: all the food of one who feeds many, what a site is fitted out with, and what
// findings name of which they are the subject, weak ones too: the role says what it was bought for.
func (b *builder) boughtFor(a int, roles []RoleOf) []int64 {
	var out []int64
	for _, r := range roles {
		for _, why := range r.Because {
			for _, f := range why.Findings {
				for _, row := range b.in.Findings[f].Payments {
					if x := b.payments[row].from; x != flow.Outside && b.of(x) == a {
						out = append(out, row)
					}
				}
			}
			if why.Code != "feeds" && why.Code != "equips" {
				continue
			}
			bought := b.shops(why.Code == "equips")
			for _, x := range b.list[a].Accounts {
				for i, e := range b.v.Out(x) {
					if bought(x, i, e) {
						out = append(out, b.v.Row(x, i, true))
					}
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// equips says that somebody also buys furniture, telephones and electronics again and again, as for a closed site where many
// work (F03).
func (b *builder) equips(a int) bool {
	n := 0
	for _, x := range b.list[a].Accounts {
		for i, e := range b.v.Out(x) {
			if e.Purchase() && b.in.Site[b.v.Context(x, i, true).MCC] {
				n++
			}
		}
	}
	return n >= equipment
}

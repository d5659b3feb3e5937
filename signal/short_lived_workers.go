package signal

import (
	"slices"

	"tarir/entity"
	"tarir/money/flow"
)

// shortLivedWorkers finds employers whose workers stay for weeks (L07), by the dates of their employment or, where none are
// told, by their first and last wage. Those whose time has not ended yet count as staying. Harvests are short too.
func shortLivedWorkers(s *scan) {
	_, end := s.in.Graph.Span()
	stay := map[string][]float64{}
	told := map[string][]string{}
	for firm, list := range s.employed {
		for _, w := range list {
			from, to := dayOf(w.from), dayOf(w.to)
			if from == 0 {
				continue
			}
			if to == 0 {
				to = end / 86_400
				if to-from < int64(s.int("days")) {
					continue // too new to tell
				}
			}
			stay[firm] = append(stay[firm], float64(to-from))
			told[firm] = append(told[firm], w.who)
		}
	}
	s.in.Held.Each("Organization", func(e *entity.Entity) {
		if len(stay[e.ID]) > 0 {
			return
		}
		type span struct{ first, last int64 }
		for _, a := range s.in.Held.Accounts(e.ID) {
			wages := map[flow.Account]span{}
			for _, x := range s.v.Out(a) {
				if x.Purpose() != flow.PurposeWage || x.Peer() == flow.Outside {
					continue
				}
				w, ok := wages[x.Peer()]
				if !ok {
					w.first = x.At()
				}
				w.last = x.At()
				wages[x.Peer()] = w
			}
			for peer, w := range wages {
				if end-w.last > 40*flow.Day { // a month and more without a wage: gone
					stay[e.ID] = append(stay[e.ID], float64(w.last-w.first)/float64(flow.Day))
					told[e.ID] = append(told[e.ID], s.in.Held.Subject(peer))
				} else if w.last-w.first >= int64(s.int("days"))*flow.Day {
					stay[e.ID] = append(stay[e.ID], float64(w.last-w.first)/float64(flow.Day))
				}
			}
		}
	})
	for _, firm := range sortedKeys(stay) {
		list := stay[firm]
		if len(list) < s.int("workers") {
			continue
		}
		slices.Sort(list)
		if median := list[len(list)/2]; median < s.num("days") {
			slices.Sort(told[firm])
			s.hit(firm, "P", over(float64(len(list)), s.num("workers")), "L07").because("short_stays", "workers", len(list), "days", median).done()
		}
	}
}

// payrollTooLow finds companies that pay far less in wages, for what they take, than those of the same trade (L08). Of a
// trade with few companies nothing is said.
func payrollTooLow(s *scan) {
	type firm struct {
		id      string
		share   float64
		takings int64
		wages   int64
	}
	trades := map[string][]firm{}
	s.in.Held.Each("Organization", func(e *entity.Entity) {
		trade := e.First("sector")
		if trade == "" {
			trade = e.First("classification")
		}
		if trade == "" {
			return
		}
		f := firm{id: e.ID}
		in := 0
		for _, a := range s.in.Held.Accounts(e.ID) {
			for _, x := range s.v.In(a) {
				f.takings += x.Amount()
				in++
			}
			for _, x := range s.v.Out(a) {
				if x.Purpose() == flow.PurposeWage {
					f.wages += x.Amount()
				}
			}
		}
		if in >= s.int("takings") {
			f.share = float64(f.wages) / float64(f.takings)
			trades[trade] = append(trades[trade], f)
		}
	})
	for _, trade := range sortedKeys(trades) {
		list := trades[trade]
		if len(list) < s.int("peers") {
			continue
		}
		shares := make([]float64, len(list))
		for i := range list {
			shares[i] = list[i].share
		}
		slices.Sort(shares)
		median := shares[len(shares)/2]
		for _, f := range list {
			if median > 0 && f.share < s.num("share")*median {
				s.hit(f.id, "P", 0.4+0.4*(1-f.share/(s.num("share")*median)), "L08").
					because("low_payroll", "percent", int(f.share*100+0.5), "usual", int(median*100+0.5), "peers", len(list), "trade", trade).done()
			}
		}
	}
}

// benefitsCollected finds accounts to which several people who get benefits pass them on within days (F06), where those people
// share an address, a phone number or a device.
func benefitsCollected(s *scan) {
	type passed struct {
		from flow.Account
		list []int
	}
	by := map[flow.Account][]passed{}
	within := int64(s.num("days") * 86_400)
	for a := flow.Account(1); int(a) < s.in.Graph.Accounts(); a++ {
		in := s.v.In(a)
		if !slices.ContainsFunc(in, func(e flow.Entry) bool { return e.Purpose() == flow.PurposeBenefit }) {
			continue
		}
		out := s.v.Out(a)
		sum, got := map[flow.Account]int64{}, int64(0)
		which := map[flow.Account][]int{}
		for _, b := range in {
			if b.Purpose() != flow.PurposeBenefit {
				continue
			}
			got += b.Amount()
			for i, e := range out {
				if e.At() >= b.At() && e.At() <= b.At()+within && e.Peer() != flow.Outside && !business(e) {
					sum[e.Peer()] += e.Amount()
					which[e.Peer()] = append(which[e.Peer()], i)
				}
			}
		}
		for _, peer := range sortedKeys(sum) {
			if float64(sum[peer]) >= s.num("share")*float64(got) {
				by[peer] = append(by[peer], passed{a, which[peer]})
			}
		}
	}
	for _, to := range sortedKeys(by) {
		list := by[to]
		if len(list) < s.int("claimants") {
			continue
		}
		common := map[string]int{}
		for _, p := range list {
			for _, m := range s.marksOf(p.from, p.list) {
				common[m]++
			}
		}
		most := 0
		for _, n := range common {
			most = max(most, n)
		}
		if most < s.int("claimants") {
			continue
		}
		d := s.hit(s.in.Held.Subject(to), "P E", over(float64(len(list)), s.num("claimants")), "F06")
		for _, p := range list {
			out := s.v.Out(p.from)
			for _, i := range p.list {
				d.payment(s.v, p.from, out, i, true)
			}
			d.entities(s.in.Held.Subject(p.from))
		}
		d.because("benefits", "claimants", len(list), "together", most).done()
	}
}

// marksOf are the addresses, phone numbers and devices behind an account and some of its payments.
func (s *scan) marksOf(a flow.Account, paid []int) []string {
	out := s.marks(s.in.Held.Entity(s.in.Held.Holder(a)))
	for _, i := range paid {
		if d := s.v.Context(a, i, true).Device; d != "" {
			out = append(out, "device:"+d)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

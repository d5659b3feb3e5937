package typology

// roundAmounts finds cash takings that are nearly all round and come several times a week without card takings beside
// them (M09), and deposits day after day by which coins and small notes of several people are gathered (F05).
type roundAmounts struct {
	week, month int64
	perWeek     int
	share       float64
	weeks       int
	days        int
}

func newRoundAmounts(p params) detector {
	return roundAmounts{7 * 86400, 30 * 86400, p.int("per_week"), p.num("round_share"), p.int("min_weeks"), p.int("deposit_days")}
}

func (t roundAmounts) scan(s *scan) {
	if len(s.in) < t.perWeek*t.weeks {
		return
	}
	cash, rounds, cards := 0, 0, 0
	for _, e := range s.in {
		switch {
		case isCashIn(e):
			cash++
			if round(s.g, e) {
				rounds++
			}
		case e.Channel().String() == "card":
			cards++
		}
	}
	if cash < t.perWeek*t.weeks {
		return
	}
	if cards == 0 && float64(rounds) > t.share*float64(cash) {
		t.report(s, cash, rounds)
	}
	if s.hub(s.account) {
		return
	}
	// Days with a cash deposit within any thirty.
	var dates []int64
	for _, e := range s.in {
		if d := e.At() / 86400; isCashIn(e) && (len(dates) == 0 || dates[len(dates)-1] != d) {
			dates = append(dates, d)
		}
	}
	lo := 0
	for hi := range dates {
		for dates[hi]-dates[lo] >= 30 {
			lo++
		}
		if hi-lo+1 < t.days {
			continue
		}
		h := s.hit(over(float64(hi-lo+1), float64(t.days)), "F05")
		for i, e := range s.in {
			if d := e.At() / 86400; isCashIn(e) && d >= dates[lo] && d <= dates[hi] {
				h.in(i)
			}
		}
		h.because("daily_deposits", "days", hi-lo+1)
		h.done()
		return
	}
}

func (t roundAmounts) report(s *scan, cash, rounds int) {
	isRound := func(i int) bool { return isCashIn(s.in[i]) && round(s.g, s.in[i]) }
	for _, w := range s.stretches(s.in, t.week, t.perWeek, isRound) {
		if s.in[w.hi-1].At()-s.in[w.lo].At() < int64(t.weeks-1)*t.week {
			continue
		}
		h := s.hit(over(float64(rounds)/float64(cash), t.share), "M09")
		n := 0
		for i := w.lo; i < w.hi; i++ {
			if isRound(i) {
				h.in(i)
				n++
			}
		}
		h.because("round_amounts", "deposits", n, "percent", percent(int64(rounds), int64(cash)), "weeks", int((h.h.Last-h.h.First)/t.week)+1)
		h.done()
	}
}

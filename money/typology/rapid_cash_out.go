package typology

// rapidCashOut finds accounts whose credits are drawn in cash at once (M04), and the reverse, cash in and transfers out
// (M15): the two ends at which money changes its form.
type rapidCashOut struct {
	seconds, wireSeconds int64
	share, wireShare     float64
	times                int
}

func newRapidCashOut(p params) detector {
	return rapidCashOut{p.hours("within_hours"), p.days("wire_within_days"), p.num("share"), p.num("wire_share"), p.int("times")}
}

func (t rapidCashOut) scan(s *scan) {
	if s.hub(s.account) || len(s.in) < t.times || len(s.out) < t.times {
		return
	}
	t.look(s, "M04", "rapid_cash_out", t.seconds, t.share,
		func(i int) bool { return s.strangerIn[i] && !isCashIn(s.in[i]) }, func(i int) bool { return isCashOut(s.out[i]) })
	t.look(s, "M15", "cash_in_wires_out", t.wireSeconds, t.wireShare,
		func(i int) bool { return isCashIn(s.in[i]) }, func(i int) bool { return s.strangerOut[i] && !isCashOut(s.out[i]) })
}

// look counts the payments received that payments made within the time use up by at least the share.
func (t rapidCashOut) look(s *scan, indicator, code string, seconds int64, share float64, keepIn, keepOut func(int) bool) {
	h := s.hit(0, indicator)
	n, received, next := 0, 0, 0
	var in, out int64
	for i, e := range s.in {
		if !keepIn(i) {
			continue
		}
		received++
		var gone int64
		lo := max(next, after(s.out, e.At()))
		k := lo
		for ; k < len(s.out) && s.out[k].At()-e.At() <= s.patience(e, s.out[k], seconds) && float64(gone) < share*float64(e.Amount()); k++ {
			if keepOut(k) && s.out[k].Currency() == e.Currency() {
				gone += s.out[k].Amount()
			}
		}
		if e.Amount() == 0 || float64(gone) < share*float64(e.Amount()) || float64(gone) > 1.5*float64(e.Amount()) {
			continue
		}
		for j := lo; j < k; j++ {
			if keepOut(j) && s.out[j].Currency() == e.Currency() {
				h.out(j)
			}
		}
		next = k
		h.in(i)
		if e.Currency() == s.in[0].Currency() {
			in, out = in+e.Amount(), out+gone
		}
		n++
	}
	if n < t.times || n*2 < received {
		return
	}
	h.h.Strength = over(float64(n), float64(t.times))
	h.because(code, "times", n, "in", s.money(in, s.in[0].Currency()), "out", s.money(out, s.in[0].Currency()), "hours", int(seconds/3600))
	h.done()
}

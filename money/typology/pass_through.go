package typology

import "tarir/money/flow"

// passThrough finds accounts whose money leaves as it came: nearly the same amount within hours (M04), and, where most
// of what comes in goes on within a day to one beneficiary, income handed over at once (S07). The holder may be a mule
// or a victim whose account is used.
type passThrough struct {
	seconds   int64
	low, high float64
	times     int
	handTimes int
	handShare float64
}

func newPassThrough(p params) detector {
	return passThrough{p.hours("within_hours"), p.num("low_ratio"), p.num("high_ratio"), p.int("times"), p.int("hand_over_times"), p.num("hand_over_share")}
}

func (t passThrough) scan(s *scan) {
	if s.hub(s.account) || len(s.in) < t.times || len(s.out) < t.times {
		return
	}
	// Income and rent repeat; what is passed on for others comes from whoever needed it passed on.
	fromStranger := func(i int) bool { return s.strangerIn[i] }
	for _, episode := range s.episodes(s.links(t.seconds, t.low, t.high, fromStranger, nil), t.times, fromStranger) {
		t.report(s, episode)
	}
}

// report tells of one episode: links near each other in which most of what came in from strangers went on.
func (t passThrough) report(s *scan, links []link) {
	h := s.hit(over(float64(len(links)), float64(t.times)), "M04")
	var in, out int64
	cur := s.in[links[0].in].Currency()
	s.seen.reset()
	top := flow.Outside
	for _, l := range links {
		h.in(l.in)
		h.out(l.out)
		received, ok := s.worth(s.in[l.in], cur)
		passed, ok2 := s.worth(s.out[l.out], cur)
		if ok && ok2 {
			in, out = in+received, out+passed
		}
		if p := s.out[l.out].Peer(); s.seen.add(p, 1) > s.seen.get(top) || top == flow.Outside {
			top = p
		}
	}
	h.because("pass_through", "times", len(links), "hours", int(t.seconds/3600), "in", s.money(in, cur), "out", s.money(out, cur), "percent", percent(out, in))
	if n := int(s.seen.get(top)); top != flow.Outside && n >= t.handTimes && float64(n) >= t.handShare*float64(len(links)) {
		h.h.Indicators = append(h.h.Indicators, "S07")
		h.because("hand_over", "times", n, "beneficiary", s.g.AccountName(top))
	}
	h.done()
}

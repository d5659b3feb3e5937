package typology

import "tarir/money/ledger"

// cryptoOffRamp finds accounts that turn other people's credits into crypto-assets within days (M11).
type cryptoOffRamp struct {
	seconds int64
	payers  int
	share   float64
}

func newCryptoOffRamp(p params) detector {
	return cryptoOffRamp{p.hours("within_hours"), p.int("min_payers"), p.num("share")}
}

func (t cryptoOffRamp) scan(s *scan) {
	if s.hub(s.account) || len(s.in) < t.payers {
		return
	}
	isCrypto := func(i int) bool { return s.out[i].Channel() == ledger.ChannelCrypto }
	h := s.hit(0, "M11")
	s.seen.reset()
	var in, out int64
	next := 0
	for k, o := range s.out {
		if !isCrypto(k) {
			continue
		}
		for i := max(next, after(s.in, o.At()-s.patience(o, o, t.seconds))); i < len(s.in) && s.in[i].At() <= o.At(); i++ {
			if s.in[i].Channel() == ledger.ChannelCrypto || s.in[i].Peer() == s.account {
				continue
			}
			s.seen.add(s.in[i].Peer(), 1)
			h.in(i)
			if amount, ok := s.worth(s.in[i], s.in[0].Currency()); ok {
				in += amount
			}
			next = i + 1
		}
		h.out(k)
		if amount, ok := s.worth(o, s.in[0].Currency()); ok {
			out += amount
		}
	}
	if s.seen.n < t.payers || in == 0 || float64(out) < t.share*float64(in) {
		return
	}
	h.h.Strength = over(float64(s.seen.n), float64(t.payers))
	h.because("crypto_off_ramp", "payers", s.seen.n, "hours", int(t.seconds/3600), "percent", percent(out, in))
	h.done()
}

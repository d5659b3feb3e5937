package signal

import (
	"slices"

	"tarir/entity"
	"tarir/money/ledger"
)

// cryptoThenAdvert finds people who again and again buy a little crypto, in multiples of a small unit, and whose contact
// stands in a new advert within a day (S14): sites that sell adverts take it.
func cryptoThenAdvert(s *scan) {
	posted := map[string][]int{} // adverts by whose contact stands in them
	for k := range s.in.Posters {
		p := &s.in.Posters[k]
		if who := s.bearers[k]; !p.Wide && p.Contact.Kind != entity.Image && len(s.in.Held.Accounts(who)) > 0 {
			posted[who] = append(posted[who], p.Adverts...)
		}
	}
	unit, span := s.num("unit"), int64(s.num("hours")*3600)
	for _, who := range sortedKeys(posted) {
		list := posted[who]
		slices.Sort(list)
		list = slices.Compact(list)
		at := make([]int64, len(list))
		for k, i := range list {
			at[k] = s.in.Adverts[i].At / 1000
		}
		slices.Sort(at)
		d := s.hit(who, "P A", 0, "S14")
		times := 0
		for _, a := range s.in.Held.Accounts(who) {
			out := s.v.Out(a)
			for i, e := range out {
				m := s.in.Graph.Money(e.Amount(), e.Currency())
				if e.Channel() != ledger.ChannelCrypto || !multiple(m, unit) {
					continue
				}
				if k, _ := slices.BinarySearch(at, e.At()); k < len(at) && at[k] <= e.At()+span {
					times++
					d.payment(s.v, a, out, i, true)
				}
			}
		}
		if times >= s.int("times") {
			d.h.Strength = over(float64(times), s.num("times"))
			d.adverts(list...).because("crypto_then_advert", "times", times, "hours", s.int("hours")).done()
		}
	}
}

// multiple says that a sum is a whole multiple of so many major units.
func multiple(m ledger.Money, unit float64) bool {
	one := int64(unit)
	for range m.Scale {
		one *= 10
	}
	return one > 0 && m.Units > 0 && m.Units%one == 0
}

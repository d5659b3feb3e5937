package typology

import (
	"context"
	"slices"
	"strings"

	"tarir/money/flow"
)

// travelBundle looks at what one account buys, by merchant category: tickets, lodging, phones and adverts together for
// several people (S08); bursts at visa and document services (R05); lodging in several cities (S12) or several places
// along a road in one night (T04); boats, engines and vans out of proportion (T05); supplies for a closed site (F03);
// laboratory and clinic costs of somebody who is no clinic (O04).
type travelBundle struct {
	month, fortnight, quarter int64
	kinds                     int
	categories                map[string][]string // by name
	documents, cities, stops  int
	craftTimes                float64
	supplies, lab             int
	kind                      []string // of each context
}

func newTravelBundle(p params) detector {
	t := &travelBundle{
		month: p.days("window_days"), fortnight: p.days("document_days"), quarter: p.days("lab_days"),
		kinds: p.int("min_categories"), documents: p.int("documents"), cities: p.int("cities"), stops: p.int("stops"),
		craftTimes: p.num("craft_times"), supplies: p.int("supply_categories"), lab: p.int("lab_times"),
		categories: map[string][]string{},
	}
	for _, name := range []string{"lodging", "taxi", "travel", "phone", "cosmetics", "pharmacy", "advert", "documents", "craft", "food", "furniture", "fuel", "clinic"} {
		t.categories[name] = p.category(name)
	}
	return t
}

// bundle are the categories of S08.
var bundle = []string{"lodging", "taxi", "travel", "phone", "cosmetics", "pharmacy", "advert"}

// supply are those of F03.
var supply = []string{"food", "phone", "furniture"}

// purchase is one payment made with what it was for.
type purchase struct {
	i    int
	kind string
}

// prepare sorts the merchant categories that occur.
func (t *travelBundle) prepare(_ context.Context, g *flow.Graph, _ *relations) (string, error) {
	t.kind = make([]string, len(g.Contexts()))
	names := keys(t.categories)
	for i, c := range g.Contexts() {
		for _, name := range names {
			if c.MCC != "" && slices.Contains(t.categories[name], c.MCC) {
				t.kind[i] = name
				break
			}
		}
	}
	return "", nil
}

func (t *travelBundle) scan(s *scan) {
	if s.hub(s.account) || len(s.out) < min(t.kinds, t.lab) || len(s.out) > 64*s.lim.expand {
		return
	}
	var all []purchase
	for i, e := range s.out {
		kind := ""
		switch p := e.Purpose(); {
		case p == flow.PurposeTravel:
			kind = "travel"
		case p == flow.PurposeAdvert:
			kind = "advert"
		case e.Merchant():
			kind = t.kind[s.own.ContextNumber(s.account, i, true)]
		}
		if kind != "" {
			all = append(all, purchase{i, kind})
		}
	}
	if len(all) == 0 {
		return
	}
	t.kindsWithin(s, all, bundle, t.kinds, t.month, "S08", "travel_bundle")
	t.kindsWithin(s, all, supply, t.supplies, t.month, "F03", "supplies")
	t.burst(s, all, "documents", t.documents, t.fortnight, "R05", "documents")
	t.burst(s, all, "clinic", t.lab, t.quarter, "O04", "laboratory")
	t.placesWithin(s, all, []string{"lodging"}, t.cities, t.month, false, "S12", "lodging_cities")
	t.placesWithin(s, all, []string{"fuel", "lodging", "travel"}, t.stops, flow.Day, true, "T04", "night_stops")
	t.craft(s, all)
}

// kindsWithin reports every run of windows in which at least min of the kinds were bought.
func (t *travelBundle) kindsWithin(s *scan, all []purchase, kinds []string, min int, seconds int64, indicator, code string) {
	var list []purchase
	for _, b := range all {
		if slices.Contains(kinds, b.kind) {
			list = append(list, b)
		}
	}
	count := map[string]int{}
	var runs []window
	lo := 0
	for hi, b := range list {
		count[b.kind]++
		for s.out[b.i].At()-s.out[list[lo].i].At() >= seconds {
			if k := list[lo].kind; count[k] > 1 {
				count[k]--
			} else {
				delete(count, k)
			}
			lo++
		}
		switch k := len(runs) - 1; {
		case len(count) < min:
		case k >= 0 && runs[k].hi > lo:
			runs[k].hi = hi + 1
		default:
			runs = append(runs, window{lo, hi + 1})
		}
	}
	for _, r := range runs {
		var names []string
		h := s.hit(0, indicator)
		for _, b := range list[r.lo:r.hi] {
			names = append(names, b.kind)
			h.out(b.i)
		}
		slices.Sort(names)
		names = slices.Compact(names)
		h.h.Strength = over(float64(len(names)), float64(min))
		h.because(code, "categories", strings.Join(names, ", "), "payments", r.hi-r.lo, "days", days(h.h.First, h.h.Last))
		h.done()
	}
}

func (t *travelBundle) burst(s *scan, all []purchase, kind string, min int, seconds int64, indicator, code string) {
	var list []purchase
	for _, b := range all {
		if b.kind == kind {
			list = append(list, b)
		}
	}
	for lo := 0; lo+min <= len(list); lo++ {
		hi := lo + min - 1
		if s.out[list[hi].i].At()-s.out[list[lo].i].At() >= seconds {
			continue
		}
		for hi+1 < len(list) && s.out[list[hi+1].i].At()-s.out[list[lo].i].At() < seconds {
			hi++
		}
		h := s.hit(over(float64(hi-lo+1), float64(min)), indicator)
		for _, b := range list[lo : hi+1] {
			h.out(b.i)
		}
		h.because(code, "payments", hi-lo+1, "days", days(h.h.First, h.h.Last))
		h.done()
		return
	}
}

func (t *travelBundle) placesWithin(s *scan, all []purchase, kinds []string, min int, seconds int64, night bool, indicator, code string) {
	type stay struct {
		purchase
		place string
	}
	var list []stay
	for _, b := range all {
		hour := s.out[b.i].At() / flow.Hour % 24
		if !slices.Contains(kinds, b.kind) || night && (s.out[b.i].DateOnly() || hour < 22 && hour >= 6) {
			continue
		}
		if place := s.own.Context(s.account, b.i, true).Place; place != "" {
			list = append(list, stay{b, place})
		}
	}
	count := map[string]int{}
	lo := 0
	for hi, b := range list {
		count[b.place]++
		for s.out[b.i].At()-s.out[list[lo].i].At() >= seconds {
			if p := list[lo].place; count[p] == 1 {
				delete(count, p)
			} else {
				count[p]--
			}
			lo++
		}
		if len(count) < min {
			continue
		}
		h := s.hit(over(float64(len(count)), float64(min)), indicator)
		for _, x := range list[lo : hi+1] {
			h.out(x.i)
		}
		h.because(code, "places", len(count), "days", days(h.h.First, h.h.Last))
		h.done()
		return
	}
}

// craft compares spending on boats, engines and vehicles within a month with the account's mean month over the year.
func (t *travelBundle) craft(s *scan, all []purchase) {
	var list []int
	for _, b := range all {
		if b.kind == "craft" {
			list = append(list, b.i)
		}
	}
	if len(list) == 0 {
		return
	}
	first, last := s.out[0].At(), s.out[len(s.out)-1].At()
	if last-first < 90*flow.Day {
		return
	}
	total, cur, _ := s.sum(s.out, nil)
	var spent int64
	for _, i := range list {
		if s.out[i].Currency() == cur {
			spent += s.out[i].Amount()
		}
	}
	months := float64(last-first) / float64(30*flow.Day)
	mean := float64(total-spent) / months
	if mean <= 0 || float64(spent) <= t.craftTimes*mean {
		return
	}
	h := s.hit(over(float64(spent), t.craftTimes*mean), "T05")
	for _, i := range list {
		h.out(i)
	}
	h.because("craft", "sum", s.money(spent, cur), "mean", s.money(int64(mean), cur))
	h.done()
}

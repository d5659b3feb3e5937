package trace

import (
	"cmp"
	"maps"
	"slices"

	"tarir/money/flow"
)

// How large a flow is drawn.
const (
	flowLayers = 7   // layers of accounts; what goes further is told in words
	flowWidth  = 14  // places of a layer; the smaller ones are one
	flowShare  = 200 // a place through which less than one part in this many went is not shown by itself
)

// What a station is.
const (
	StationSource  = "source"  // where traced money came from
	StationAccount = "account" // an account that it went through
	StationRest    = "rest"    // an account where a tenth of it or more stayed
	StationLeft    = "left"    // a way out of the data
	StationOthers  = "others"  // the smaller places of a layer
)

// Flow is a trace in layers, from left to right: an account stands in the layer in which traced money first reached it. Money that comes back to an earlier
// layer cannot be drawn so, and is only summed.
type Flow struct {
	Stations []Station
	Streams  []Stream
	Back     int64 // came back to an earlier layer
	Further  int64 // went beyond the last layer
	Foreign  bool  // there is money of other currencies
}

// Station is a place of a flow. In and Out are in the currency's unit.
type Station struct {
	Layer   int
	Kind    string
	Label   string
	Account flow.Account // of an account, or of the institution or hub in which money left
	Others  int          // how many places are joined in it
	In, Out int64
}

// Stream is money between two stations, by index.
type Stream struct {
	From, To int
	Amount   int64
}

// Saying names the places of a flow.
type Saying struct {
	Payer   func(row int64) flow.Account // who made the payment that a seed is
	Account func(flow.Account) string
	Left    func(How) string
	Source  func(row int64, payer flow.Account) string
}

// Main is the currency in which the trace started with most; amounts of different currencies are compared by number alone.
func (r *Result) Main() (currency uint8) {
	for c, t := range r.Totals {
		if t.Started > r.Totals[currency].Started {
			currency = uint8(c)
		}
	}
	return currency
}

// Layers is the flow of a forward trace in a currency; nil where there is nothing to draw.
func (r *Result) Layers(currency uint8, say Saying) *Flow {
	if len(r.Lots) == 0 {
		return nil
	}
	f := flowing{
		say: say, lots: r.Lots, currency: currency, layer: map[flow.Account]int32{}, labelled: map[string]int32{},
		number: map[station]int32{}, sums: map[[2]int32]int64{},
	}
	f.layers()
	f.places()
	for i := range f.lots {
		f.lot(i)
	}
	return f.draw()
}

// station is where a flow's money is: an account of a layer, a source, or a way out of the data. A trace may have hundreds
// of thousands of lots, so stations are told apart by numbers alone.
type station struct {
	layer   int32
	kind    int32        // of stationKinds
	label   int32        // of flowing.labels; named where the account says it
	account flow.Account // none of a source and of a way out without an account
}

var stationKinds = []string{StationSource, StationAccount, StationLeft, StationOthers}

// named is the label of a station that is called what its account is. Most are never drawn, and names cost more than numbers.
const named = -1

const (
	kindSource = iota
	kindAccount
	kindLeft
	kindOthers
)

// flowing gathers the streams of a flow.
type flowing struct {
	out      Flow
	say      Saying
	lots     []Lot
	currency uint8
	layer    map[flow.Account]int32
	labels   []string
	labelled map[string]int32 // labels by their text
	stations []station
	number   map[station]int32
	place    []int32 // the station of each lot; -1 for those of other currencies
	sums     map[[2]int32]int64
}

// layers gives each account the layer after that of whoever first brought it traced money. A payment that starts the
// trace is often made with money that another such payment brought.
func (f *flowing) layers() {
	order := make([]int32, 0, len(f.lots))
	for i := range f.lots {
		if l := &f.lots[i]; l.Currency == f.currency && l.Account != flow.Outside {
			order = append(order, int32(i))
		}
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(f.lots[a].At, f.lots[b].At) })
	for _, i := range order {
		l := &f.lots[i]
		if _, ok := f.layer[l.Account]; ok {
			continue
		}
		from := f.say.Payer(l.Row)
		if l.Parent >= 0 {
			from = f.lots[l.Parent].Account
		}
		f.layer[l.Account] = f.layer[from] + 1
	}
}

func (f *flowing) label(text string) int32 {
	n, ok := f.labelled[text]
	if !ok {
		n = int32(len(f.labels))
		f.labels, f.labelled[text] = append(f.labels, text), n
	}
	return n
}

// called is what a station is called.
func (f *flowing) called(s station) string {
	if s.label == named {
		return f.say.Account(s.account)
	}
	return f.labels[s.label]
}

func (f *flowing) station(s station) int32 {
	n, ok := f.number[s]
	if !ok {
		n = int32(len(f.stations))
		f.stations, f.number[s] = append(f.stations, s), n
	}
	return n
}

// places finds where each lot is.
func (f *flowing) places() {
	f.place = make([]int32, len(f.lots))
	for i := range f.lots {
		switch l := &f.lots[i]; {
		case l.Currency != f.currency:
			f.place[i] = -1
		case l.How == Cash || l.How == Crypto || l.How == Outside:
			f.place[i] = f.station(station{layer: int32(l.Hops) + 1, kind: kindLeft, label: f.label(f.say.Left(l.How))})
		case l.How == Hub || l.How == Institution:
			f.place[i] = f.station(station{f.layer[l.Account], kindLeft, named, l.Account})
		default:
			f.place[i] = f.station(station{f.layer[l.Account], kindAccount, named, l.Account})
		}
	}
}

func (f *flowing) lot(i int) {
	l := &f.lots[i]
	if l.Currency != f.currency {
		f.out.Foreign = true
		return
	}
	to, from := f.stations[f.place[i]], station{}
	if l.Parent >= 0 {
		if f.place[l.Parent] < 0 {
			return
		}
		from = f.stations[f.place[l.Parent]]
		if to.kind == kindLeft {
			to.layer = max(to.layer, from.layer+1)
		}
	} else {
		payer := f.say.Payer(l.Row)
		if at, ok := f.layer[payer]; ok && payer != flow.Outside && (at < to.layer || to.kind == kindLeft) {
			// A payment that starts the trace, made with money that an earlier one brought.
			from = station{at, kindAccount, named, payer}
			if to.kind == kindLeft {
				to.layer = max(to.layer, at+1)
			}
		} else {
			from = station{kind: kindSource, label: f.label(f.say.Source(l.Row, payer))}
		}
	}
	switch {
	case to.layer <= from.layer:
		f.out.Back += l.Amount
	case to.layer > flowLayers || from.layer > flowLayers:
		if from.layer <= flowLayers {
			f.out.Further += l.Amount
		}
	default:
		f.sums[[2]int32{f.station(from), f.station(to)}] += l.Amount
	}
}

// draw keeps the largest places of each layer and joins the others.
func (f *flowing) draw() *Flow {
	through := map[int32]int64{}
	var started int64
	for k, v := range f.sums {
		through[k[1]] += v
		if f.stations[k[0]].layer == 0 {
			through[k[0]] += v
			started += v
		}
	}
	all := slices.Collect(maps.Keys(through))
	slices.SortFunc(all, func(a, b int32) int { return f.order(a, b, through[a], through[b]) })
	number, others := map[int32]int{}, map[int32]int{}
	small := func(p int32) bool { return number[f.stations[p].layer] > flowWidth || through[p]*flowShare < started }
	for _, p := range all {
		layer := f.stations[p].layer
		if number[layer]++; small(p) {
			others[layer]++
		}
	}
	clear(number)
	joined := map[int32]int32{}
	for _, p := range all {
		layer := f.stations[p].layer
		joined[p] = p
		if number[layer]++; small(p) && others[layer] > 1 {
			joined[p] = f.station(station{layer: layer, kind: kindOthers, label: f.label("")})
		}
	}
	sums := map[[2]int32]int64{}
	for k, v := range f.sums {
		from, ok := joined[k[0]]
		if !ok { // nothing came here within the picture
			from = k[0]
		}
		sums[[2]int32{from, joined[k[1]]}] += v
	}
	index := map[int32]int{}
	in, gone := map[int32]int64{}, map[int32]int64{}
	for k, v := range sums {
		in[k[1]] += v
		gone[k[0]] += v
	}
	keys := slices.Collect(maps.Keys(sums))
	most := func(p int32) int64 { return max(in[p], gone[p]) }
	slices.SortFunc(keys, func(a, b [2]int32) int {
		return cmp.Or(f.order(a[0], b[0], most(a[0]), most(b[0])), f.order(a[1], b[1], most(a[1]), most(b[1])))
	})
	node := func(p int32) int {
		if i, ok := index[p]; ok {
			return i
		}
		x := f.stations[p]
		s := Station{Layer: int(x.layer), Kind: stationKinds[x.kind], Label: f.called(x), Account: x.account, In: in[p], Out: gone[p]}
		if x.kind == kindOthers {
			s.Others = others[x.layer]
		}
		if left := s.In - s.Out; x.kind == kindAccount && left > 0 && left*10 >= s.In {
			s.Kind = StationRest
		}
		index[p] = len(f.out.Stations)
		f.out.Stations = append(f.out.Stations, s)
		return index[p]
	}
	for _, k := range keys {
		from, to := node(k[0]), node(k[1])
		f.out.Streams = append(f.out.Streams, Stream{from, to, sums[k]})
	}
	if len(f.out.Streams) == 0 {
		return nil
	}
	return &f.out
}

// order compares stations by layer, then by the money, most first, then by what they are called.
func (f *flowing) order(a, b int32, moneyA, moneyB int64) int {
	x, y := f.stations[a], f.stations[b]
	if c := cmp.Or(cmp.Compare(x.layer, y.layer), cmp.Compare(moneyB, moneyA)); c != 0 || a == b {
		return c
	}
	return cmp.Or(cmp.Compare(f.called(x), f.called(y)), cmp.Compare(stationKinds[x.kind], stationKinds[y.kind]))
}

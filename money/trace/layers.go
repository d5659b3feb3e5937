package trace

import (
	"cmp"
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
	f := flowing{say: say, lots: r.Lots, currency: currency, layer: map[flow.Account]int{}, sums: map[[2]station]int64{}}
	f.layers()
	for i := range f.lots {
		f.lot(int32(i))
	}
	return f.draw()
}

// station is where a flow's money is: an account of a layer, a source, or a way out of the data.
type station struct {
	layer   int
	kind    string
	label   string
	account flow.Account
}

// flowing gathers the streams of a flow.
type flowing struct {
	out      Flow
	say      Saying
	lots     []Lot
	currency uint8
	layer    map[flow.Account]int
	sums     map[[2]station]int64
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
		before := f.layer[f.say.Payer(l.Row)]
		if l.Parent >= 0 {
			before = f.layer[f.lots[l.Parent].Account]
		}
		f.layer[l.Account] = before + 1
	}
}

func (f *flowing) place(l *Lot) station {
	switch l.How {
	case Cash, Crypto, Outside:
		return station{layer: int(l.Hops) + 1, kind: StationLeft, label: f.say.Left(l.How)}
	case Hub, Institution:
		return station{f.layer[l.Account], StationLeft, f.say.Account(l.Account), l.Account}
	}
	return station{f.layer[l.Account], StationAccount, f.say.Account(l.Account), l.Account}
}

func (f *flowing) lot(i int32) {
	l := &f.lots[i]
	if l.Currency != f.currency {
		f.out.Foreign = true
		return
	}
	to := f.place(l)
	payer := f.say.Payer(l.Row)
	from := station{kind: StationSource, label: f.say.Source(l.Row, payer)}
	switch at, ok := f.layer[payer]; {
	case l.Parent < 0 && ok && payer != flow.Outside && (at < to.layer || to.kind == StationLeft):
		// A payment that starts the trace, made with money that an earlier one brought.
		from = station{at, StationAccount, f.say.Account(payer), payer}
		if to.kind == StationLeft {
			to.layer = max(to.layer, at+1)
		}
	case l.Parent >= 0:
		if f.lots[l.Parent].Currency != f.currency {
			return
		}
		from = f.place(&f.lots[l.Parent])
		if to.kind == StationLeft {
			to.layer = max(to.layer, from.layer+1)
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
		f.sums[[2]station{from, to}] += l.Amount
	}
}

// draw keeps the largest places of each layer and joins the others.
func (f *flowing) draw() *Flow {
	through := map[station]int64{}
	var started int64
	for k, v := range f.sums {
		through[k[1]] += v
		if k[0].layer == 0 {
			through[k[0]] += v
			started += v
		}
	}
	all := make([]station, 0, len(through))
	for p := range through {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b station) int {
		return cmp.Or(cmp.Compare(a.layer, b.layer), cmp.Compare(through[b], through[a]), cmp.Compare(a.label, b.label), cmp.Compare(a.kind, b.kind))
	})
	number, others := map[int]int{}, map[int]int{}
	small := func(p station) bool { return number[p.layer] > flowWidth || through[p]*flowShare < started }
	for _, p := range all {
		if number[p.layer]++; small(p) {
			others[p.layer]++
		}
	}
	clear(number)
	joined := map[station]station{}
	for _, p := range all {
		joined[p] = p
		if number[p.layer]++; small(p) && others[p.layer] > 1 {
			joined[p] = station{layer: p.layer, kind: StationOthers}
		}
	}
	sums := map[[2]station]int64{}
	for k, v := range f.sums {
		from, ok := joined[k[0]]
		if !ok { // nothing came here within the picture
			from = k[0]
		}
		sums[[2]station{from, joined[k[1]]}] += v
	}
	index := map[station]int{}
	in, gone := map[station]int64{}, map[station]int64{}
	keys := make([][2]station, 0, len(sums))
	for k, v := range sums {
		keys = append(keys, k)
		in[k[1]] += v
		gone[k[0]] += v
	}
	order := func(a, b station) int {
		return cmp.Or(cmp.Compare(a.layer, b.layer), cmp.Compare(max(in[b], gone[b]), max(in[a], gone[a])), cmp.Compare(a.label, b.label), cmp.Compare(a.kind, b.kind))
	}
	slices.SortFunc(keys, func(a, b [2]station) int { return cmp.Or(order(a[0], b[0]), order(a[1], b[1])) })
	node := func(p station) int {
		if i, ok := index[p]; ok {
			return i
		}
		s := Station{Layer: p.layer, Kind: p.kind, Label: p.label, Account: p.account, In: in[p], Out: gone[p]}
		if p.kind == StationOthers {
			s.Others = others[p.layer]
		}
		if left := s.In - s.Out; p.kind == StationAccount && left > 0 && left*10 >= s.In {
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

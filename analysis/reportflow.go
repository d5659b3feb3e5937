package analysis

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"tarir/money/flow"
	"tarir/money/trace"
	"tarir/report"
)

// rests fills what the report says of the trace of all findings together.
func (r *reporter) rests(p *report.Page, traced *trace.Result, kindOf map[int64]string) {
	ways := map[trace.How]map[uint8]int64{}
	for _, x := range traced.Rests {
		if ways[x.How] == nil {
			ways[x.How] = map[uint8]int64{}
		}
		ways[x.How][x.Currency] += x.Amount
	}
	for c, t := range traced.Totals {
		if t.Started > 0 {
			p.Traced = append(p.Traced, written(r.g.Money(t.Started, uint8(c))))
		}
	}
	for how := trace.Held; how <= trace.Limit; how++ {
		for c := range r.g.Currencies() {
			if sum := ways[how][uint8(c)]; sum > 0 {
				p.Ways = append(p.Ways, report.Sum{What: r.how(how), Amount: written(r.g.Money(sum, uint8(c)))})
			}
		}
	}
	p.AtRest, p.MoreRest = r.places(traced, reportRests)
	p.Flow = r.flow(traced, kindOf)
}

// how says to a person how a trace ended.
func (r *reporter) how(h trace.How) string {
	key := h.String()
	if h == trace.Institution {
		key = "institution"
	}
	return r.say.Text("how." + key)
}

// places lists the largest places of a trace with the way of the largest lot there.
func (r *reporter) places(traced *trace.Result, most int) (out []report.Rest, more int) {
	var ways []way
	rests := slices.Clone(traced.Rests)
	if len(rests) > most {
		more = len(rests) - most
		rests = rests[:most]
	}
	for _, x := range rests {
		largest := x.Lots[0]
		for _, i := range x.Lots {
			if traced.Lots[i].Rest > traced.Lots[largest].Rest {
				largest = i
			}
		}
		var rows []int64
		for _, i := range traced.Path(largest) {
			if row := traced.Lots[i].Row; row >= 0 {
				rows = append(rows, row)
			}
		}
		cut := len(rows) > reportThrough
		if cut {
			rows = slices.Concat(rows[:reportThrough/2], rows[len(rows)-reportThrough/2:])
		}
		ways = append(ways, way{rows: rows, cut: cut})
		out = append(out, report.Rest{
			Account: r.g.AccountName(x.Account), How: r.how(x.How), Amount: written(r.g.Money(x.Amount, x.Currency)), AsOf: day(x.At),
		})
	}
	for i := range out {
		ways[i].text = &out[i].Through
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ways = append(r.ways, ways...)
	return out, more
}

// writeWays writes the references of all ways.
func (r *reporter) writeWays(ctx context.Context) error {
	var rows []int64
	for _, w := range r.ways {
		rows = append(rows, w.rows...)
	}
	if err := r.known.load(ctx, rows); err != nil {
		return err
	}
	for _, w := range r.ways {
		var refs []string
		for i, row := range w.rows {
			if w.cut && i == reportThrough/2 {
				refs = append(refs, "…")
			}
			refs = append(refs, r.known.at(row).Reference())
		}
		*w.text = strings.Join(refs, " → ")
	}
	return nil
}

// tracesOf are the traces of networks.
func tracesOf(list []Network) []*trace.Result {
	out := make([]*trace.Result, len(list))
	for i := range list {
		out[i] = list[i].traced
	}
	return out
}

// How large a flow is drawn.
const (
	flowLayers = 7   // layers of accounts; what goes further is told in words
	flowWidth  = 14  // places of a layer; the smaller ones are one
	flowShare  = 200 // a place through which less than one part in this many went is not shown by itself
)

// station is where a flow's money is: an account of a layer, a source, or a way out of the data.
type station struct {
	layer int
	kind  string
	label string
}

// flow draws the lots of a trace in the currency of which there is most, layer by layer: an account stands in the layer
// in which traced money first reached it. Money that comes back to an earlier layer cannot be drawn from left to right
// and is told in words. sources names the first layer by row; where it is nil the payers of the traced payments are.
func (r *reporter) flow(traced *trace.Result, sources map[int64]string) *report.Flow {
	currency := uint8(0)
	for c, t := range traced.Totals {
		if t.Started > traced.Totals[currency].Started {
			currency = uint8(c)
		}
	}
	f := flowing{r: r, lots: traced.Lots, currency: currency, layer: map[flow.Account]int{}, sums: map[[2]station]int64{}}
	if len(traced.Lots) == 0 {
		return nil
	}
	f.layers()
	for i := range f.lots {
		f.lot(int32(i), sources)
	}
	return f.draw()
}

// flowing gathers the links of a flow.
type flowing struct {
	r        *reporter
	lots     []trace.Lot
	currency uint8
	layer    map[flow.Account]int
	sums     map[[2]station]int64
	back     int64 // money that came back to an earlier layer
	further  int64 // money that went beyond the last layer
	foreign  bool  // there is money of other currencies
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
		before := f.layer[f.payer(l)]
		if l.Parent >= 0 {
			before = f.layer[f.lots[l.Parent].Account]
		}
		f.layer[l.Account] = before + 1
	}
}

// payer is who made the payment that a lot came by, where it starts the trace.
func (f *flowing) payer(l *trace.Lot) flow.Account { return f.r.seeds[l.Row].Peer }

func (f *flowing) place(l *trace.Lot) station {
	switch l.How {
	case trace.Cash, trace.Crypto, trace.Outside:
		return station{int(l.Hops) + 1, "left", f.r.how(l.How)}
	case trace.Hub, trace.Institution:
		return station{f.layer[l.Account], "left", f.r.g.AccountName(l.Account)}
	}
	return station{f.layer[l.Account], "account", f.r.g.AccountName(l.Account)}
}

func (f *flowing) lot(i int32, sources map[int64]string) {
	l := &f.lots[i]
	if l.Currency != f.currency {
		f.foreign = true
		return
	}
	to := f.place(l)
	from := station{0, "source", f.r.side(f.r.g.Ledger().Accounts().Account(uint32(f.payer(l))))}
	if sources != nil {
		from.label = sources[l.Row]
	}
	payer := f.payer(l)
	switch at, ok := f.layer[payer]; {
	case l.Parent < 0 && ok && payer != flow.Outside && (at < to.layer || to.kind == "left"):
		// A payment of the finding made with money that an earlier one brought.
		from = station{at, "account", f.r.g.AccountName(payer)}
		if to.kind == "left" {
			to.layer = max(to.layer, at+1)
		}
	case l.Parent >= 0:
		if f.lots[l.Parent].Currency != f.currency {
			return
		}
		from = f.place(&f.lots[l.Parent])
		if to.kind == "left" {
			to.layer = max(to.layer, from.layer+1)
		}
	}
	switch {
	case to.layer <= from.layer:
		f.back += l.Amount
	case to.layer > flowLayers || from.layer > flowLayers:
		if from.layer <= flowLayers {
			f.further += l.Amount
		}
	default:
		f.sums[[2]station{from, to}] += l.Amount
	}
}

// draw keeps the largest places of each layer and joins the others.
func (f *flowing) draw() *report.Flow {
	through := map[station]int64{}
	var started int64
	for k, v := range f.sums {
		through[k[1]] += v
		if k[0].layer == 0 {
			through[k[0]] += v
			started += v
		}
	}
	var all []station
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
			joined[p] = station{p.layer, "others", ""}
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
	out := &report.Flow{}
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
		n := report.FlowNode{Label: p.label, Layer: p.layer, Kind: p.kind}
		if p.kind == "others" {
			n.Label = f.r.say.Text("page.others_n", "n", others[p.layer])
		}
		n.Text = f.r.say.Text("page.label_sum", "label", n.Label, "sum", f.money(max(in[p], gone[p])))
		if left := in[p] - gone[p]; p.kind == "account" && left > 0 {
			n.Text = f.r.say.Text("page.not_gone_on", "label", n.Label, "sum", f.money(max(in[p], gone[p])), "left", f.money(left))
			if left*10 >= in[p] {
				n.Kind = "rest"
			}
		}
		index[p] = len(out.Nodes)
		out.Nodes = append(out.Nodes, n)
		return index[p]
	}
	for _, k := range keys {
		from, to := node(k[0]), node(k[1])
		out.Links = append(out.Links, report.Link{
			From: from, To: to, Value: worth(f.r.g.Money(sums[k], f.currency)),
			Text: fmt.Sprintf("%s → %s: %s", out.Nodes[from].Label, out.Nodes[to].Label, f.money(sums[k])),
		})
	}
	if len(out.Links) == 0 {
		return nil
	}
	if f.back > 0 {
		out.Notes = append(out.Notes, f.r.say.Text("page.came_back", "sum", f.money(f.back)))
	}
	if f.further > 0 {
		out.Notes = append(out.Notes, f.r.say.Text("page.went_further", "sum", f.money(f.further)))
	}
	if f.foreign {
		out.Notes = append(out.Notes, f.r.say.Text("page.other_currencies"))
	}
	return out
}

func (f *flowing) money(units int64) string { return written(f.r.g.Money(units, f.currency)) }

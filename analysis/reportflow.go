package analysis

import (
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
	if err := r.known.refer(ctx, rows); err != nil {
		return err
	}
	for _, w := range r.ways {
		var refs []string
		for i, row := range w.rows {
			if w.cut && i == reportThrough/2 {
				refs = append(refs, "…")
			}
			refs = append(refs, r.known.reference(row))
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

// flow draws the lots of a trace in the currency of which there is most. sources names the first layer by row; where it is nil the payers of
// the traced payments are.
func (r *reporter) flow(traced *trace.Result, sources map[int64]string) *report.Flow {
	currency := traced.Main()
	money := func(units int64) string { return written(r.g.Money(units, currency)) }
	say := trace.Saying{
		Payer:   func(row int64) flow.Account { return r.seeds[row].Peer },
		Account: r.g.AccountName,
		Left:    r.how,
		Source: func(row int64, payer flow.Account) string {
			if sources != nil {
				return sources[row]
			}
			return r.side(r.g.Ledger().Accounts().Account(uint32(payer)))
		},
	}
	f := traced.Layers(currency, say)
	if f == nil {
		return nil
	}
	out := &report.Flow{}
	for _, p := range f.Stations {
		n := report.FlowNode{Label: p.Label, Layer: p.Layer, Kind: p.Kind}
		if p.Others > 0 {
			n.Label = r.say.Text("page.others_n", "n", p.Others)
		}
		n.Text = r.say.Text("page.label_sum", "label", n.Label, "sum", money(max(p.In, p.Out)))
		if left := p.In - p.Out; left > 0 && (p.Kind == trace.StationAccount || p.Kind == trace.StationRest) {
			n.Text = r.say.Text("page.not_gone_on", "label", n.Label, "sum", money(max(p.In, p.Out)), "left", money(left))
		}
		out.Nodes = append(out.Nodes, n)
	}
	for _, l := range f.Streams {
		out.Links = append(out.Links, report.Link{
			From: l.From, To: l.To, Value: r.g.Money(l.Amount, currency).Float(), Text: fmt.Sprintf("%s → %s: %s", out.Nodes[l.From].Label, out.Nodes[l.To].Label, money(l.Amount)),
		})
	}
	if f.Back > 0 {
		out.Notes = append(out.Notes, r.say.Text("page.came_back", "sum", money(f.Back)))
	}
	if f.Further > 0 {
		out.Notes = append(out.Notes, r.say.Text("page.went_further", "sum", money(f.Further)))
	}
	if f.Foreign {
		out.Notes = append(out.Notes, r.say.Text("page.other_currencies"))
	}
	return out
}

package analysis

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tarir/journey"
	"tarir/money/flow"
	"tarir/network"
	"tarir/online"
	"tarir/report"
)

// How much the report tells of an organisation.
const (
	reportOrganisations = 40
	reportTold          = 6  // findings that a sentence leads to
	reportLeft          = 15 // places where its money went on to
	reportRoutes        = 30
	reportRoundTimes    = 3 // a round travelled less often may be a holiday
	reportFamilies      = 12
	reportEvidence      = 80 // adverts and journeys each
	reportSteps         = 6  // accounts to restrain, the largest
	reportCircuit       = 30 // days in which towns are a round
)

// organisations tells the networks that matter most.
func (r *reporter) organisations(in network.Input, list []Network) (out []report.Organisation) {
	for i := range list[:min(len(list), reportOrganisations)] {
		out = append(out, *r.organisation(in, &list[i]))
	}
	return out
}

func (r *reporter) organisation(in network.Input, n *Network) *report.Organisation {
	o := &report.Organisation{Rank: n.Rank, ID: n.ID, Score: score(n.Score), Members: len(n.Members), Victims: len(n.Victims), Reasons: r.told(n.Explanation), Contacts: n.Contacts}
	for _, s := range []string{"recruitment", "transport", "exploitation", "money"} {
		if v := n.Stages[s]; v > 0 {
			o.Stages = append(o.Stages, report.Stage{Name: s, Score: score(v)})
		}
	}
	for _, v := range n.Victims {
		if v.Minor {
			o.Minors++
		}
		o.Safeguard = append(o.Safeguard, report.Protected{Pseudonym: v.Pseudonym, Minor: v.Minor, Because: r.told(v.Because)})
	}
	slices.SortStableFunc(o.Safeguard, func(a, b report.Protected) int {
		if a.Minor != b.Minor {
			if a.Minor {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.Pseudonym, b.Pseudonym)
	})
	for _, m := range n.Members {
		p := report.Part{Name: m.Name, ID: m.Entity, Confidence: score(m.Confidence), Accounts: m.Accounts, Because: r.told(m.Because)}
		for _, x := range m.Roles {
			p.Roles = append(p.Roles, report.Stage{Name: x.Role, Score: score(x.Confidence)})
			for _, why := range r.told(x.Because) {
				if !slices.ContainsFunc(p.Because, func(t report.Told) bool { return t.Text == why.Text }) {
					p.Because = append(p.Because, why)
				}
			}
		}
		o.Parts = append(o.Parts, p)
	}
	for _, l := range n.Leads {
		o.Follow = append(o.Follow, report.Part{Name: l.Name, ID: l.Entity, Confidence: score(l.Tie), Accounts: l.Accounts, Because: r.told(l.Because)})
	}
	for _, s := range n.Proceeds.Received {
		o.Received = append(o.Received, report.Amount(s.Amount, s.Currency))
	}
	for _, s := range n.held {
		o.Held = append(o.Held, report.Amount(s.Amount, s.Currency))
	}
	o.AtRest, _ = r.rested(n.Proceeds.AtRest, len(n.Proceeds.AtRest))
	o.Left, o.MoreLeft = r.rested(n.Proceeds.Left, reportLeft)
	o.Flow = r.flow(n.traced, nil)
	o.Chart = r.chart(n)
	o.Lanes = r.lanes(in, n)
	ways := routes(in, []Network{*n})
	o.Routes = r.routesOf(ways)
	o.Map = r.mapOf(ways)
	o.Families = familiesOf(in, n)
	who := map[string]string{}
	for _, m := range n.Members {
		who[m.Entity] = m.Name
	}
	for _, v := range n.Victims {
		who[v.Entity] = v.Pseudonym
	}
	o.Rounds = r.rounds(in, n, who)
	for i, a := range n.of.Adverts {
		if i == reportEvidence {
			o.MoreAdverts = len(n.of.Adverts) - i
			break
		}
		x := in.Adverts[a]
		o.Adverts = append(o.Adverts, report.Advert{ID: x.ID, At: minute(x.At), Site: x.Site, City: x.City})
	}
	for i, j := range n.of.Journeys {
		if i == reportEvidence {
			o.MoreJourneys = len(n.of.Journeys) - i
			break
		}
		x := in.Journeys[j]
		name := who[x.Traveller()]
		if name == "" {
			name = r.say.Text("page.somebody_else") // who merely stands in the data is not named
		}
		o.Journeys = append(o.Journeys, report.Journey{ID: x.ID, At: minute(x.When()), Who: name, From: r.book.Name(x.From), To: r.book.Name(x.To), Mode: string(x.Mode), Booking: x.Booking})
	}
	o.Next = r.next(in, n, o)
	return o
}

func minute(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02 15:04") }

func (r *reporter) told(list []NetworkReason) []report.Told {
	out := make([]report.Told, 0, len(list))
	for _, x := range list {
		t := report.Told{Text: r.say.Reason(x.Reason), Findings: x.Findings, Adverts: len(x.Adverts), Journeys: len(x.Journeys)}
		if len(t.Findings) > reportTold {
			t.MoreFindings = len(t.Findings) - reportTold
			t.Findings = t.Findings[:reportTold]
		}
		for _, row := range x.rows {
			t.Payments = append(t.Payments, r.payment(r.known.at(row)))
		}
		out = append(out, t)
	}
	return out
}

// rested lists the largest places, by number of the currency's main unit.
func (r *reporter) rested(list []Rest, most int) (out []report.Rest, more int) {
	list = largestFirst(list)
	for i, x := range list {
		if i == most {
			return out, len(list) - i
		}
		how := ""
		if x.How != "" {
			how = r.say.Text("how." + strings.TrimPrefix(x.How, "other "))
		}
		out = append(out, report.Rest{Account: x.Account, How: how, Amount: report.Amount(x.Amount, x.Currency), AsOf: date(x.AsOf)})
	}
	return out, 0
}

func largestFirst(list []Rest) []Rest {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b Rest) int { return -compareDecimals(a.Amount, b.Amount) })
	return list
}

// worthAsking are the largest places whose money is worth a request: at least a hundredth (our default) of what the largest of their currency holds.
func worthAsking(list []Rest) (out []Rest) {
	largest := map[string]float64{}
	for _, x := range largestFirst(list) {
		v, _ := strconv.ParseFloat(x.Amount, 64) // we have written it
		largest[x.Currency] = max(largest[x.Currency], v)
		if v >= largest[x.Currency]/100 && len(out) < reportSteps {
			out = append(out, x)
		}
	}
	return out
}

// compareDecimals compares two amounts that are not negative, as written.
func compareDecimals(a, b string) int {
	wa, fa, _ := strings.Cut(a, ".")
	wb, fb, _ := strings.Cut(b, ".")
	return cmp.Or(cmp.Compare(len(wa), len(wb)), cmp.Compare(wa, wb), cmp.Compare(fa, fb))
}

// chart is who belongs to a network, each in the column of the stage of their surest role, with the money between them.
func (r *reporter) chart(n *Network) *report.Chart {
	c := &report.Chart{}
	holder := map[flow.Account]int{}
	index := map[string]int{}
	for _, m := range n.of.Members {
		if m.Contact {
			continue
		}
		k := len(c.Nodes)
		node := report.ChartNode{Label: m.Caption, Stage: "money"}
		if len(m.Roles) > 0 {
			node.Role = r.say.Name("role", string(m.Roles[0].Role))
			node.Stage = m.Roles[0].Role.Stage()
		}
		c.Nodes = append(c.Nodes, node)
		index[m.ID] = k
		for _, a := range m.Accounts {
			holder[a] = k
		}
	}
	type sum struct {
		units int64
		n     int
	}
	sums := map[[2]int]map[uint8]sum{}
	v := r.g.View()
	for _, m := range n.of.Members {
		for _, a := range m.Accounts {
			for _, e := range v.Out(a) {
				to, ok := holder[e.Peer()]
				from := holder[a]
				if !ok || to == from {
					continue
				}
				k := [2]int{from, to}
				if sums[k] == nil {
					sums[k] = map[uint8]sum{}
				}
				s := sums[k][e.Currency()]
				sums[k][e.Currency()] = sum{s.units + e.Amount(), s.n + 1}
			}
		}
	}
	keys := make([][2]int, 0, len(sums))
	for k := range sums {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b [2]int) int { return cmp.Or(a[0]-b[0], a[1]-b[1]) })
	for _, k := range keys {
		var texts []string
		value := 0.0
		for code := range r.g.Currencies() {
			if s := sums[k][uint8(code)]; s.n > 0 {
				m := r.g.Money(s.units, uint8(code))
				texts = append(texts, r.say.Text("page.sum_payments", "sum", written(m), "n", s.n))
				value = max(value, m.Float())
			}
		}
		text := r.say.Text("page.label_sum", "label", c.Nodes[k[0]].Label+" → "+c.Nodes[k[1]].Label, "sum", strings.Join(texts, r.say.Text("page.and")))
		c.Links = append(c.Links, report.ChartLink{Link: report.Link{From: k[0], To: k[1], Value: value, Text: text}, Kind: "money"})
	}
	for _, t := range n.of.Ties {
		a, ok := index[t.A]
		b, also := index[t.B]
		if ok && also {
			c.Links = append(c.Links, report.ChartLink{Link: report.Link{From: a, To: b, Text: r.say.Reason(t.Reason)}, Kind: "tie"})
		}
	}
	if len(c.Nodes) == 0 {
		return nil
	}
	return c
}

// lanes counts what happened by week.
func (r *reporter) lanes(in network.Input, n *Network) *report.Lanes {
	const week = 7 * 86_400
	type event struct {
		at    int64
		value float64
	}
	kinds := []struct {
		label, kind, unit string
		events            []event
	}{
		{label: r.say.Text("page.posts"), kind: "recruitment", unit: r.say.Text("page.posts")},
		{label: r.say.Text("page.journeys"), kind: "transport", unit: r.say.Text("page.journeys")},
		{label: r.say.Text("page.adverts"), kind: "exploitation", unit: r.say.Text("page.adverts")},
		{label: r.say.Text("page.money_received"), kind: "money"},
	}
	recruits := map[int]bool{}
	for _, m := range n.of.Members {
		for _, role := range m.Roles {
			if role.Role == network.Recruiter {
				for _, why := range role.Because {
					for _, a := range why.Adverts {
						recruits[a] = true
					}
				}
			}
		}
	}
	for _, a := range n.of.Adverts {
		k := 2
		if recruits[a] {
			k = 0
		}
		kinds[k].events = append(kinds[k].events, event{in.Adverts[a].At / 1000, 1})
	}
	for _, j := range n.of.Journeys {
		kinds[1].events = append(kinds[1].events, event{in.Journeys[j].When() / 1000, 1})
	}
	// Money of the currency of which most was traced.
	most := uint8(0)
	for c, t := range n.traced.Totals {
		if t.Started > n.traced.Totals[most].Started {
			most = uint8(c)
		}
	}
	for i := range n.traced.Lots {
		if l := &n.traced.Lots[i]; l.Parent < 0 && l.Currency == most {
			kinds[3].events = append(kinds[3].events, event{l.At, r.g.Money(l.Amount, most).Float()})
		}
	}
	first, last := int64(0), int64(0)
	for _, k := range kinds {
		for _, e := range k.events {
			if first == 0 || e.at < first {
				first = e.at
			}
			last = max(last, e.at)
		}
	}
	if first == 0 || (last-first)/week > 520 {
		return nil
	}
	first = first / week * week
	out := &report.Lanes{First: first}
	for _, k := range kinds {
		if len(k.events) == 0 {
			continue
		}
		lane := report.Lane{Label: k.label, Kind: k.kind, Weeks: make([]float64, (last-first)/week+1)}
		for _, e := range k.events {
			lane.Weeks[(e.at-first)/week] += e.value
		}
		for i, v := range lane.Weeks {
			unit := k.unit
			if unit == "" {
				unit = r.g.Money(0, most).Currency
			}
			lane.Texts = append(lane.Texts, r.say.Text("page.week_of", "day", day(first+int64(i)*week), "n", fmt.Sprintf("%.0f", v), "unit", unit))
		}
		out.Lanes = append(out.Lanes, lane)
	}
	return out
}

// routesOf are the ways of a network, the most travelled first.
func (r *reporter) routesOf(ways []networkRoute) []report.Route {
	var out []report.Route
	for _, x := range ways[:min(len(ways), reportRoutes)] {
		out = append(out, report.Route{From: r.book.Name(x.From), To: r.book.Name(x.To), Mode: string(x.Mode), Journeys: x.Journeys, People: x.People, First: day(x.First / 1000), Last: day(x.Last / 1000)})
	}
	return out
}

// rounds are what its people travelled again and again; who names them. Others who go rounds are not told.
func (r *reporter) rounds(in network.Input, n *Network, who map[string]string) []report.Round {
	var list []*journey.Journey
	for _, j := range n.of.Journeys {
		if who[in.Journeys[j].Traveller()] != "" {
			list = append(list, in.Journeys[j])
		}
	}
	var out []report.Round
	for _, l := range journey.Loops(list, reportRoundTimes) {
		x := report.Round{Who: who[l.Person], Times: l.Times}
		var places []string
		for _, p := range append(slices.Clone(l.Places), l.Places[0]) {
			places = append(places, r.book.Name(p))
		}
		x.Way = strings.Join(places, " → ")
		first, last := list[l.Journeys[0]].When(), list[l.Journeys[0]].When()
		for _, j := range l.Journeys {
			first, last = min(first, list[j].When()), max(last, list[j].When())
		}
		x.First, x.Last = day(first/1000), day(last/1000)
		out = append(out, x)
		if len(out) == reportRoutes {
			break
		}
	}
	return out
}

// mapOf draws ways whose places are known; nil if there is none.
func (r *reporter) mapOf(ways []networkRoute) *report.Map {
	m := &report.Map{}
	index := map[string]int{}
	at := func(code string) (int, bool) {
		if i, ok := index[code]; ok {
			return i, true
		}
		p, ok := r.book.Find(code)
		if ok {
			index[code] = len(m.Places)
			m.Places = append(m.Places, report.MapPlace{Name: r.book.Name(code), At: [2]float64{p.Lon, p.Lat}})
		}
		return index[code], ok
	}
	for _, x := range ways {
		from, ok := at(x.From)
		to, also := at(x.To)
		if !ok || !also || from == to {
			continue
		}
		text := fmt.Sprintf("%s → %s (%s): %s %d, %s – %s", r.book.Name(x.From), r.book.Name(x.To), r.say.Name("mode", string(x.Mode)), r.say.Text("page.people"), x.People, day(x.First/1000), day(x.Last/1000))
		m.Ways = append(m.Ways, report.MapWay{From: from, To: to, People: x.People, Mode: string(x.Mode), Text: text})
	}
	if len(m.Ways) == 0 {
		return nil
	}
	return m
}

// familiesOf are the families of which a network's contacts posted at least two adverts.
func familiesOf(in network.Input, n *Network) []report.Family {
	ours := map[int]bool{}
	for _, a := range n.of.Adverts {
		ours[a] = true
	}
	var out []report.Family
	for i := range in.Families {
		f := &in.Families[i]
		own := 0
		var at []int64
		var places []string
		young := false
		for _, m := range f.Members {
			if !ours[m] {
				continue
			}
			own++
			x := in.Adverts[m]
			at = append(at, x.At)
			if x.City != "" && !slices.Contains(places, x.City) {
				places = append(places, x.City)
			}
			young = young || slices.ContainsFunc(online.Wordings(x), func(t online.Told) bool { return t.Wording == online.Young })
		}
		if own < 2 {
			continue
		}
		slices.Sort(places)
		var members []int
		var prices []float64
		currency := ""
		for _, m := range f.Members {
			if ours[m] {
				members = append(members, m)
				if v, ok := online.PriceOf(in.Adverts[m]); ok {
					prices, currency = append(prices, v), in.Adverts[m].Currency
				}
			}
		}
		x := report.Family{ID: f.ID, Adverts: own, Texts: f.Texts, Places: places, First: day(slices.Min(at) / 1000), Last: day(slices.Max(at) / 1000), Young: young}
		x.Language = online.Language(in.Adverts[f.Head])
		if len(prices) > 0 {
			slices.Sort(prices)
			x.Price = fmt.Sprintf("%.0f – %.0f – %.0f %s", prices[0], online.Median(prices), prices[len(prices)-1], currency)
		}
		stays, _ := online.Movement(in.Adverts, members)
		if towns, from, to := online.Circuit(stays, reportCircuit); len(towns) >= 3 {
			x.Circuit = strings.Join(towns, " → ") + " (" + day(from/1000) + " – " + day(to/1000) + ")"
		}
		if !young {
			x.Template = f.Template(in.Adverts)
			x.Young = x.Template == ""
		}
		out = append(out, x)
	}
	slices.SortFunc(out, func(a, b report.Family) int { return cmp.Or(b.Adverts-a.Adverts, cmp.Compare(a.ID, b.ID)) })
	return out[:min(len(out), reportFamilies)]
}

// next says what to do: safeguard first, then restrain what still rests, then ask those who know more.
func (r *reporter) next(in network.Input, n *Network, o *report.Organisation) (out []report.Step) {
	add := func(act, key string, params ...any) {
		out = append(out, report.Step{Act: act, Text: r.say.Text("next."+key, params...)})
	}
	if o.Minors > 0 {
		add("safeguard", "minors", "n", o.Minors)
	}
	if o.Victims > 0 {
		add("safeguard", "victims", "n", o.Victims)
	}
	for _, f := range o.Families {
		if f.Young {
			add("safeguard", "young", "family", f.ID)
		}
	}
	hold := worthAsking(n.Proceeds.AtRest)
	for _, x := range hold {
		add("restrain", "restrain", "sum", report.Amount(x.Amount, x.Currency), "account", x.Account, "day", date(x.AsOf))
	}
	if more := len(n.Proceeds.AtRest) - len(hold); more > 0 {
		add("restrain", "restrain_more", "n", more)
	}
	for i, x := range o.Left {
		if i == 3 {
			break
		}
		if x.Account != "" {
			add("ask", "ask_on", "sum", x.Amount, "account", x.Account, "day", x.AsOf)
		}
	}
	if len(o.Follow) > 0 {
		add("ask", "ask_leads", "n", len(o.Follow))
	}
	for _, c := range o.Contacts {
		add("ask", "ask_contact", "contact", c)
	}
	bookings := map[string]bool{}
	for _, j := range n.of.Journeys {
		if b := in.Journeys[j].Booking; b != "" {
			bookings[b] = true
		}
	}
	if len(bookings) > 0 {
		add("ask", "ask_carriers", "n", len(bookings))
	}
	return out
}

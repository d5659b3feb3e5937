package pages

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"tarir/casework"
	"tarir/chart"
	"tarir/exchange/register"
	"tarir/money/trace"
	"tarir/node"
	"tarir/notice"
)

// Where the money of a case went, by each policy and up to each day; from there to a stop-payment or a silver notice in two steps: what and how much, then to whom.

var policies = []trace.Policy{trace.Haircut, trace.FIFO, trace.LIFO, trace.Poison, trace.Presumed}

type flowNode struct {
	Label string `json:"label"`
	Layer int    `json:"layer"`
	Kind  string `json:"kind"`
	Text  string `json:"text"`
}

type flowLink struct {
	From  int     `json:"from"`
	To    int     `json:"to"`
	Value float64 `json:"value"`
	Text  string  `json:"text"`
}

type flowDrawing struct {
	Title string     `json:"title"`
	Nodes []flowNode `json:"nodes"`
	Links []flowLink `json:"links"`
}

type moneyData struct {
	caseHead
	P        *chart.Picture
	T        *chart.Traced
	Flow     *flowDrawing
	Policies []string
	Policy   string
	Finding  string
	Party    int32
	Until    string // a day
	Days     int    // of the slider
	Day      int
	Notes    []string
	Assets   []chart.Asset
	Version  int64
	None     bool // there is nothing to trace
}

func (s *Server) money(a *ask) error {
	id, q := a.r.PathValue("id"), a.r.URL.Query()
	p, c, err := s.n.Picture(a.r.Context(), a.who(), id)
	if err != nil {
		return err
	}
	d := &moneyData{caseHead: s.head(a, c, "money"), P: p, Finding: q.Get("finding"), Party: -1, Policy: q.Get("policy"), Assets: p.Assets, Version: c.Drawn}
	for _, x := range policies {
		d.Policies = append(d.Policies, x.String())
	}
	policy, err := trace.ParsePolicy(d.Policy)
	if err != nil {
		policy, d.Policy = trace.Haircut, trace.Haircut.String()
	}
	if t := q.Get("party"); t != "" {
		if d.Party, err = partyOf(p, t); err != nil {
			return err
		}
	}
	v := s.view(a)
	question := chart.Question{Finding: d.Finding, Party: d.Party, Policy: policy}
	if len(p.Payments) > 0 {
		first, last := p.Payments[0].At, p.Payments[len(p.Payments)-1].At
		d.Days = int((last-first)/86400) + 1
		d.Day = d.Days
		if t := q.Get("day"); t != "" {
			d.Day = int(min(max(number(t), 0), int64(d.Days)))
		}
		if d.Day < d.Days {
			question.Until = first + int64(d.Day)*86400 + 86399
		}
		d.Until = v.Day(time.Unix(first+int64(d.Day)*86400, 0))
	}
	left := func(h trace.How) string { return v.L.Text("how." + h.String()) }
	t, _, err := s.n.TraceCase(a.r.Context(), a.who(), id, question, left, v.L.Text("page.cash_or_unnamed"))
	switch {
	case errors.Is(err, chart.ErrNoPayments):
		d.None = true
	case err != nil:
		return err
	default:
		d.T = t
		if d.Flow, d.Notes = v.flow(t); t.Cut {
			d.Notes = append(d.Notes, v.L.Text("page.truncated"))
		}
	}
	if a.r.Header.Get("HX-Request") != "" {
		return s.part(a, "money", "traced", d)
	}
	return s.show(a, http.StatusOK, "money", "money", d)
}

// flow is a trace as it is drawn, and what of it is not.
func (v *view) flow(t *chart.Traced) (*flowDrawing, []string) {
	f := t.Flow
	if f == nil {
		return nil, nil
	}
	out := &flowDrawing{Title: v.T("flow_title")}
	for _, x := range f.Stations {
		n := flowNode{Label: x.Label, Layer: x.Layer, Kind: x.Kind}
		if x.Others > 0 {
			n.Label = v.L.Text("page.others_n", "n", x.Others)
		}
		n.Text = v.L.Text("page.label_sum", "label", n.Label, "sum", v.Money(t.Money(max(x.In, x.Out))))
		if left := x.In - x.Out; left > 0 && (x.Kind == trace.StationAccount || x.Kind == trace.StationRest) {
			n.Text = v.L.Text("page.not_gone_on", "label", n.Label, "sum", v.Money(t.Money(max(x.In, x.Out))), "left", v.Money(t.Money(left)))
		}
		out.Nodes = append(out.Nodes, n)
	}
	for _, l := range f.Streams {
		out.Links = append(out.Links, flowLink{l.From, l.To, t.Money(l.Amount).Float(), fmt.Sprintf("%s → %s: %s", out.Nodes[l.From].Label, out.Nodes[l.To].Label, v.Money(t.Money(l.Amount)))})
	}
	var notes []string
	if f.Back > 0 {
		notes = append(notes, v.L.Text("page.came_back", "sum", v.Money(t.Money(f.Back))))
	}
	if f.Further > 0 {
		notes = append(notes, v.L.Text("page.went_further", "sum", v.Money(t.Money(f.Further))))
	}
	if f.Foreign {
		notes = append(notes, v.L.Text("page.other_currencies"))
	}
	return out, notes
}

type actData struct {
	caseHead
	Account  string
	Amount   string
	Currency string
	Seqs     string // entries of the payments by which it came
	Members  []*register.Member
	May      bool // ask for payments to be stopped
	Silver   bool
	Wishes   []string
	Form     map[string]string // what was typed
}

// act is the first step: what rests where, and what can be asked for.
func (s *Server) act(a *ask) error { return s.actWith(a, "") }

func (s *Server) actWith(a *ask, wrong string) error {
	id, v := a.r.PathValue("id"), a.r.PostFormValue
	a.home = "/cases/" + id + "/money"
	p, c, err := s.n.Picture(a.r.Context(), a.who(), id)
	if err != nil {
		return err
	}
	account := v("account")
	if i := p.PartyOf(account); i >= 0 && p.Parties[i].Kind == chart.Victim {
		return errVictim
	}
	d := &actData{
		caseHead: s.head(a, c, "money"), Account: account, Amount: v("amount"), Currency: v("currency"), Seqs: v("seqs"), May: s.n.May(a.session.Person, "stop"),
		Silver: s.n.Config().Notices.Silver && s.n.May(a.session.Person, "draft"), Wishes: []string{"hold", "trace", "both"}, Form: map[string]string{},
	}
	for k := range a.r.PostForm {
		d.Form[k] = v(k)
	}
	all, err := s.n.Members(a.r.Context(), a.who())
	if err != nil && !errors.Is(err, node.ErrNotAllowed) {
		return err
	}
	institution, _, _ := strings.Cut(account, "/")
	for _, m := range all {
		if m.ID != s.n.Member() && slices.Contains(m.Rights, register.Answer) {
			d.Members = append(d.Members, m)
		}
	}
	// The institution that keeps the account first, if it is a member.
	slices.SortStableFunc(d.Members, func(x, y *register.Member) int {
		near := func(m *register.Member) int {
			if institution != "" && (strings.Contains(m.ID, institution) || strings.Contains(institution, strings.TrimPrefix(m.ID, "BANK-"))) {
				return 0
			}
			return 1
		}
		return near(x) - near(y)
	})
	return s.showWith(a, http.StatusOK, "act", "act", d, wrong)
}

var errVictim = errors.New("a possible victim is behind this account: nothing of theirs is held or taken; see to their safety first")

// asset is the entry of what rests on an account; it is put into the case where it is not there yet.
func (s *Server) asset(a *ask, id string) (seq int64, p *chart.Picture, err error) {
	v := a.r.PostFormValue
	if p, _, err = s.n.Picture(a.r.Context(), a.who(), id); err != nil {
		return 0, nil, err
	}
	if i := p.PartyOf(v("account")); i >= 0 && p.Parties[i].Kind == chart.Victim {
		return 0, nil, errVictim
	}
	for _, x := range p.Assets {
		if x.Account == v("account") {
			return x.Seq, p, nil
		}
	}
	x := casework.Asset{
		ID: v("account"), Kind: "account", Identifier: v("account"), Value: v("amount"), Currency: v("currency"), AsOf: time.Now().UTC(), Source: strings.TrimSpace(v("source")), Link: strings.TrimSpace(v("link")),
	}
	if i := p.PartyOf(v("account")); i >= 0 && p.Parties[i].Kind != chart.Account {
		x.Owner = p.Parties[i].Label
	}
	text, err := json.Marshal(x)
	if err != nil {
		return 0, nil, err
	}
	put, err := s.n.AddToCase(a.r.Context(), a.who(), id, []node.NewEntry{{Kind: casework.AssetEntry, Body: text}})
	if err != nil {
		return 0, nil, err
	}
	return put[0].Seq, p, nil
}

// actStop is the second step: the request to hold goes out.
func (s *Server) actStop(a *ask) error {
	id, v := a.r.PathValue("id"), a.r.PostFormValue
	_, p, err := s.asset(a, id)
	if err != nil {
		return s.actWith(a, err.Error())
	}
	form := casework.StopForm{
		Account: v("account"), Amount: v("amount"), Currency: v("currency"), Offence: v("offence"), Reference: strings.TrimSpace(v("reference")), Officer: strings.TrimSpace(v("officer")),
		LegalBasis: strings.TrimSpace(v("law")), Wish: v("wish"),
	}
	wanted := map[int64]bool{}
	for _, t := range strings.Fields(v("seqs")) {
		wanted[number(t)] = true
	}
	for i := range p.Payments {
		if x := &p.Payments[i]; wanted[x.Seq] || len(wanted) == 0 && x.ToAcct == form.Account && x.Suspicious() {
			form.Payments = append(form.Payments, casework.Payment{Reference: x.Ref, Time: time.Unix(x.At, 0).UTC(), Amount: x.Money.Decimal(), From: x.FromAcct, To: x.ToAcct})
		}
	}
	list, err := s.n.RequestStops(a.r.Context(), a.who(), []node.StopRequest{{Asked: v("asked"), Form: form}})
	if err != nil {
		return s.actWith(a, err.Error())
	}
	text, err := json.Marshal(casework.Ref{Kind: "stop", ID: list[0].ID})
	if err != nil {
		return err
	}
	if _, err := s.n.AddToCase(a.r.Context(), a.who(), id, []node.NewEntry{{Kind: casework.RecordEntry, Body: text}}); err != nil {
		return err
	}
	return back(a, "/stops/"+list[0].ID)
}

// actSilver is the second step: the draft of a silver notice, to be completed.
func (s *Server) actSilver(a *ask) error {
	id := a.r.PathValue("id")
	seq, _, err := s.asset(a, id)
	if err != nil {
		return s.actWith(a, err.Error())
	}
	var r *notice.Record
	if r, err = s.n.SilverFor(a.r.Context(), a.who(), id, seq); err != nil {
		return s.actWith(a, err.Error())
	}
	return back(a, "/notices/"+r.ID)
}

// mostRests is how many resting places a page lists.
const mostRests = 100

// Rests are the largest resting places.
func (d *moneyData) Rests() []chart.Resting { return d.T.Rests[:min(len(d.T.Rests), mostRests)] }

// MoreRests is how many are not listed.
func (d *moneyData) MoreRests() int { return max(0, len(d.T.Rests)-mostRests) }

// Mine says whether it can be asked to hold what rests there: money that is still on an account that no possible victim is behind.
func (d *moneyData) Mine(r chart.Resting) bool {
	return d.CanWrite() && r.How == trace.Held && (r.Party < 0 || d.P.Parties[r.Party].Kind != chart.Victim)
}

package pages

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"tarir/casework"
	"tarir/chart"
	"tarir/node"
	"tarir/store"
)

// The network chart of a case, and the same as a table.

// How much is drawn at first; the rest is reached by expanding.
const (
	mostParties = 10_000
	mostTies    = 50_000
	mostRows    = 200 // of the table on a page
	mostAround  = 200 // ties of a party that is expanded
)

// drawnParty and drawnTie are what the chart is given.
type drawnParty struct {
	I       int32    `json:"i"`
	ID      string   `json:"id"`
	Label   string   `json:"label"`
	Kind    string   `json:"kind"`
	Roles   []string `json:"roles,omitempty"`
	Stage   string   `json:"stage,omitempty"`
	Network int32    `json:"network"`
	X       float64  `json:"x"`
	Y       float64  `json:"y"`
	Degree  int      `json:"degree"`
}

type drawnTie struct {
	I          int32   `json:"i"`
	From       int32   `json:"from"`
	To         int32   `json:"to"`
	Kind       string  `json:"kind"`
	Worth      float64 `json:"worth"` // of the largest sum, to filter by; the sums are exact in the text
	Count      int     `json:"count"`
	Suspicious int     `json:"suspicious"`
	First      int64   `json:"first"`
	Last       int64   `json:"last"`
	Text       string  `json:"text"`
}

type drawnNetwork struct {
	Version int64        `json:"version"`
	Parties []drawnParty `json:"parties"`
	Ties    []drawnTie   `json:"ties"`
}

// tieText says what ties two parties.
func (v *view) tieText(p *chart.Picture, t *chart.Tie) string {
	between := p.Parties[t.From].Label + " → " + p.Parties[t.To].Label
	switch t.Kind {
	case chart.Paid:
		var sums []string
		for _, m := range t.Sums {
			sums = append(sums, v.Money(m))
		}
		return v.T("tie_paid", "between", between, "sum", strings.Join(sums, " + "), "n", v.Number(t.Count))
	case chart.Shares:
		return v.T("tie_shares", "between", between, "what", v.Name("selector", t.What))
	}
	return between + ": " + t.What
}

// Tie says what ties two parties, for tables.
func (v *view) Tie(p *chart.Picture, t *chart.Tie) string { return v.tieText(p, t) }

func drawNetwork(v *view, p *chart.Picture, version int64, parties, ties []int32) *drawnNetwork {
	out := &drawnNetwork{Version: version, Parties: make([]drawnParty, len(parties)), Ties: make([]drawnTie, len(ties))}
	for k, i := range parties {
		x := &p.Parties[i]
		out.Parties[k] = drawnParty{i, x.ID, x.Label, string(x.Kind), x.Roles, x.Stage, x.Network, round(x.X), round(x.Y), x.Degree}
	}
	for k, i := range ties {
		t := &p.Ties[i]
		d := drawnTie{I: i, From: t.From, To: t.To, Kind: string(t.Kind), Count: t.Count, Suspicious: t.Suspicious, First: t.First, Last: t.Last}
		for _, m := range t.Sums {
			d.Worth = max(d.Worth, m.Float())
		}
		if len(ties) <= 5000 { // of very many it is told when one is chosen
			d.Text = v.tieText(p, t)
		}
		out.Ties[k] = d
	}
	return out
}

func round(x float64) float64 { return float64(int(x*1e4)) / 1e4 }

type networkData struct {
	caseHead
	P        *chart.Picture
	Rows     []int32 // of the table
	More     int
	Shown    int
	Ties     int
	Kinds    []chart.PartyKind
	Stages   []string
	Words    map[string]string
	Drawings []*casework.Entry
	Drawing  int64 // that is shown
	Saved    json.RawMessage
	Title    string
}

// Party is a party of the table.
func (d *networkData) Party(i int32) *chart.Party { return &d.P.Parties[i] }

var networkWords = []string{"failed", "shown", "added", "path_from", "path", "no_path", "too_many"}

func (s *Server) network(a *ask) error {
	id := a.r.PathValue("id")
	p, c, err := s.n.Picture(a.r.Context(), a.who(), id)
	if err != nil {
		return err
	}
	d := &networkData{
		caseHead: s.head(a, c, "network"), P: p, Kinds: chart.PartyKinds, Stages: append(slices.Clone(casework.Stages), "all", "none"), Words: map[string]string{},
		Drawing: number(a.r.URL.Query().Get("drawing")), Saved: json.RawMessage("{}"),
	}
	for _, w := range networkWords {
		d.Words[w] = a.l.Text("web.chart_" + w)
	}
	parties := p.First(mostParties)
	d.Shown, d.Ties = len(parties), len(p.Between(parties, mostTies))
	// Who matters most first: members, then leads, then by how many ties they have.
	rank := func(i int32) int {
		switch x := &p.Parties[i]; {
		case x.Member:
			return 0
		case x.Lead:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(parties, func(x, y int32) int {
		if r := rank(x) - rank(y); r != 0 {
			return r
		}
		return p.Parties[y].Degree - p.Parties[x].Degree
	})
	d.Rows, d.More = parties[:min(len(parties), mostRows)], max(0, len(parties)-mostRows)
	if d.Drawings, err = s.n.Entries(a.r.Context(), a.who(), id, casework.DrawingEntry, 0, 100); err != nil {
		return err
	}
	for _, e := range d.Drawings {
		if e.Seq == d.Drawing {
			d.Saved, d.Title = e.Body, e.Title
		}
	}
	return s.show(a, http.StatusOK, "network", "network", d)
}

func (s *Server) json(a *ask, v any) error {
	a.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	return json.NewEncoder(a.w).Encode(v)
}

// pictureAt is the picture that a chart was drawn from; errChanged where the case says something else now.
func (s *Server) pictureAt(a *ask) (*chart.Picture, int64, error) {
	p, c, err := s.n.Picture(a.r.Context(), a.who(), a.r.PathValue("id"))
	if err == nil && number(a.r.URL.Query().Get("v")) != c.Drawn {
		return nil, 0, casework.ErrChanged
	}
	return p, c.Drawn, err
}

func partyOf(p *chart.Picture, text string) (int32, error) {
	n := number(text)
	if n < 0 || n >= int64(len(p.Parties)) || text == "" {
		return 0, store.ErrNone
	}
	return int32(n), nil
}

func (s *Server) networkData(a *ask) error {
	id := a.r.PathValue("id")
	p, c, err := s.n.Picture(a.r.Context(), a.who(), id)
	if err != nil {
		return err
	}
	parties := p.First(mostParties)
	if seq := number(a.r.URL.Query().Get("drawing")); seq > 0 {
		list, err := s.n.Entries(a.r.Context(), a.who(), id, casework.DrawingEntry, seq-1, 1)
		if err != nil {
			return err
		}
		var d casework.Drawing
		if len(list) == 1 && list[0].Seq == seq && json.Unmarshal(list[0].Body, &d) == nil && len(d.Shown) > 0 {
			parties = parties[:0]
			for _, id := range d.Shown {
				if i, ok := p.Find(id); ok {
					parties = append(parties, i)
				}
			}
			slices.Sort(parties)
			parties = slices.Compact(parties)
		}
	}
	return s.json(a, drawNetwork(s.view(a), p, c.Drawn, parties, p.Between(parties, mostTies)))
}

func (s *Server) networkAround(a *ask) error {
	p, version, err := s.pictureAt(a)
	if err != nil {
		return err
	}
	i, err := partyOf(p, a.r.PathValue("n"))
	if err != nil {
		return err
	}
	ties := p.Around(i, mostAround)
	return s.json(a, drawNetwork(s.view(a), p, version, ends(p, ties, i), ties))
}

// ends are the parties of some ties, in order.
func ends(p *chart.Picture, ties []int32, with ...int32) []int32 {
	out := with
	for _, t := range ties {
		out = append(out, p.Ties[t].From, p.Ties[t].To)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (s *Server) networkPath(a *ask) error {
	p, version, err := s.pictureAt(a)
	if err != nil {
		return err
	}
	q := a.r.URL.Query()
	from, err1 := partyOf(p, q.Get("from"))
	to, err2 := partyOf(p, q.Get("to"))
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	ties := p.Path(from, to)
	return s.json(a, drawNetwork(s.view(a), p, version, ends(p, ties), ties))
}

type partyData struct {
	caseHead
	P       *chart.Picture
	I       int32
	Party   *chart.Party
	Ties    []int32
	More    int
	Version int64
	Rows    []chart.Row
	Shown   []chart.Row
	Cut     int
}

// Tie is a tie of the party.
func (d *partyData) Tie(i int32) *chart.Tie { return &d.P.Ties[i] }

// Other is who is at the other end of a tie.
func (d *partyData) Other(i int32) int32 {
	if t := &d.P.Ties[i]; t.From != d.I {
		return t.From
	}
	return d.P.Ties[i].To
}

// Account says whether money can be asked to be held there: never where a possible victim is behind it.
func (d *partyData) Account() bool { return d.Party.Kind != chart.Victim && len(d.Party.Accounts) > 0 }

func (s *Server) partyAt(a *ask, p *chart.Picture, c *casework.Case) (*partyData, error) {
	i, err := partyOf(p, a.r.PathValue("n"))
	if err != nil {
		return nil, err
	}
	d := &partyData{caseHead: s.head(a, c, "network"), P: p, I: i, Party: &p.Parties[i], Version: c.Drawn}
	d.Ties = p.Around(i, 1<<30)
	d.Ties, d.More = d.Ties[:min(len(d.Ties), 30)], max(0, len(d.Ties)-30)
	return d, nil
}

// networkParty is the part of a page beside the chart: who it is, and on what that stands.
func (s *Server) networkParty(a *ask) error {
	p, c, err := s.n.Picture(a.r.Context(), a.who(), a.r.PathValue("id"))
	if err != nil {
		return err
	}
	d, err := s.partyAt(a, p, c)
	if err != nil {
		return err
	}
	return s.part(a, "network", "party", d)
}

const mostStatement = 500

// party is a page of one party: its ties, its accounts' statement with the marked rows, and what of it happened when.
func (s *Server) party(a *ask) error {
	p, c, err := s.n.Picture(a.r.Context(), a.who(), a.r.PathValue("id"))
	if err != nil {
		return err
	}
	if v := a.r.URL.Query().Get("v"); v != "" && number(v) != c.Drawn {
		return casework.ErrChanged
	}
	d, err := s.partyAt(a, p, c)
	if err != nil {
		return err
	}
	d.Rows = p.Statement(d.I)
	d.Shown = d.Rows
	if a.r.URL.Query().Has("marked") {
		d.Shown = slices.DeleteFunc(slices.Clone(d.Rows), func(r chart.Row) bool { return !r.Suspicious() })
	}
	if d.Cut = len(d.Shown) - mostStatement; d.Cut > 0 {
		d.Shown = d.Shown[d.Cut:]
	}
	return s.show(a, http.StatusOK, "party", "party", d)
}

// saveDrawing keeps a chart as it was arranged, as an entry of the case.
func (s *Server) saveDrawing(a *ask) error {
	id := a.r.PathValue("id")
	a.home = "/cases/" + id + "/network"
	var d casework.Drawing
	if err := json.Unmarshal([]byte(a.r.PostFormValue("drawing")), &d); err != nil {
		return errors.New("the chart has not been drawn: this needs a browser that runs scripts")
	}
	d.Title = strings.TrimSpace(a.r.PostFormValue("title"))
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	put, err := s.n.AddToCase(a.r.Context(), a.who(), id, []node.NewEntry{{Kind: casework.DrawingEntry, Body: text}})
	if err != nil {
		return err
	}
	return back(a, fmt.Sprintf("/cases/%s/network?drawing=%d", id, put[0].Seq))
}

// networkFTM writes the entities that are shown as FollowTheMoney lines.
func (s *Server) networkFTM(a *ask) error {
	id := a.r.PathValue("id")
	var d casework.Drawing
	if err := json.Unmarshal([]byte(a.r.PostFormValue("drawing")), &d); err != nil {
		return errors.New("the chart has not been drawn: this needs a browser that runs scripts")
	}
	refs := make([]node.EntryRef, len(d.Shown))
	for i, id := range d.Shown {
		refs[i] = node.EntryRef{Kind: casework.EntityEntry, ID: id}
	}
	list, err := s.n.EntriesForExport(a.r.Context(), a.who(), id, refs)
	if err != nil {
		return err
	}
	a.w.Header().Set("Content-Type", "application/x-ndjson")
	a.w.Header().Set("Content-Disposition", `attachment; filename="chart.ftm.jsonl"`)
	for _, e := range list {
		if _, err := fmt.Fprintf(a.w, "%s\n", e.Body); err != nil {
			return nil //nolint:nilerr // who asked has gone
		}
	}
	return nil
}

// Tools are what can be done with the chart as a whole.
func (d *networkData) Tools() []string { return []string{"in", "out", "fit", "arrange", "png", "svg"} }

// TieKinds are the kinds of ties, by their names.
func (d *networkData) TieKinds() []string {
	return []string{string(chart.Paid), string(chart.Shares), string(chart.Told)}
}

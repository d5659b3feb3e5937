package pages

import (
	"fmt"
	"net/http"
	"time"

	"tarir/casework"
	"tarir/chart"
)

// Map and timeline of a case.

type mapSpot struct {
	Name    string     `json:"name"`
	At      [2]float64 `json:"at"`
	Adverts []int      `json:"adverts,omitempty"`
}

type mapWay struct {
	From  int    `json:"from"`
	To    int    `json:"to"`
	Kind  string `json:"kind"`
	Weeks []int  `json:"weeks"`
	Text  string `json:"text"`
}

type mapDrawing struct {
	First   int64     `json:"first"`
	Weeks   int       `json:"weeks"`
	Spots   []mapSpot `json:"spots"`
	Ways    []mapWay  `json:"ways"`
	Title   string    `json:"title"`
	Between string    `json:"between"`
}

type mapData struct {
	caseHead
	Map     *chart.Map
	Drawing *mapDrawing
	Rows    []chart.Way
	Kinds   []string
	Half    int // the week from which the second half counts, for the trend
}

// Trend is how many there were in the first and in the second half of the time.
func (d *mapData) Trend(w chart.Way) (out [2]int) {
	for i, n := range w.Weeks {
		if i < d.Half {
			out[0] += n
		} else {
			out[1] += n
		}
	}
	return out
}

const mostWays = 200

func (s *Server) caseMap(a *ask) error {
	p, c, err := s.n.Picture(a.r.Context(), a.who(), a.r.PathValue("id"))
	if err != nil {
		return err
	}
	m := p.Map()
	v := s.view(a)
	d := &mapData{caseHead: s.head(a, c, "map"), Map: m, Rows: m.Ways[:min(len(m.Ways), mostWays)], Half: m.Weeks / 2}
	d.Drawing = &mapDrawing{First: m.First, Weeks: m.Weeks, Spots: []mapSpot{}, Ways: []mapWay{}, Title: v.T("map_title"), Between: v.T("between", "from", "{from}", "to", "{to}")}
	for _, x := range m.Spots {
		d.Drawing.Spots = append(d.Drawing.Spots, mapSpot{x.Name, x.At, x.Adverts})
	}
	seen := map[string]bool{}
	for _, w := range m.Ways {
		d.Drawing.Ways = append(d.Drawing.Ways, mapWay{w.From, w.To, w.Kind, w.Weeks, fmt.Sprintf("%s → %s (%s)", w.FromName, w.ToName, v.Name("mode", w.Kind))})
		if !seen[w.Kind] {
			seen[w.Kind] = true
			d.Kinds = append(d.Kinds, w.Kind)
		}
	}
	if len(m.Ways) == 0 && len(m.Spots) > 0 || !seen[chart.AdvertWay] && c.Counts[casework.AdvertEntry] > 0 {
		d.Kinds = append(d.Kinds, chart.AdvertWay)
	}
	return s.show(a, http.StatusOK, "map", "map", d)
}

type timelineLane struct {
	Label  string `json:"label"`
	Kind   string `json:"kind"` // of the colours
	Counts []int  `json:"counts"`
}

type timelineDrawing struct {
	Title string         `json:"title"`
	First int64          `json:"first"`
	Step  int64          `json:"step"`
	Lanes []timelineLane `json:"lanes"`
}

type timelineData struct {
	caseHead
	Entries  []*casework.Entry
	Drawing  *timelineDrawing
	From, To string
	Next     string // the moment before which is looked next
	Party    int32
	Label    string
}

// laneColour is the colour of a lane, by what it shows.
var laneColour = map[casework.EntryKind]string{casework.PaymentEntry: "money", casework.AdvertEntry: "exploitation", casework.JourneyEntry: "transport", casework.FindingEntry: "suspicious"}

func (s *Server) timeline(a *ask) error {
	id, q := a.r.PathValue("id"), a.r.URL.Query()
	p, c, err := s.n.Picture(a.r.Context(), a.who(), id)
	if err != nil {
		return err
	}
	d := &timelineData{caseHead: s.head(a, c, "timeline"), From: q.Get("from"), To: q.Get("to"), Party: -1}
	day := func(text string) time.Time {
		t, err := time.Parse(time.DateOnly, text)
		if err != nil {
			return time.Time{}
		}
		return t
	}
	from, to := day(d.From), day(d.To)
	if !to.IsZero() {
		to = to.AddDate(0, 0, 1)
	}
	before := to
	if t, err := time.Parse(time.RFC3339Nano, q.Get("before")); err == nil {
		before = t
	}
	if t := q.Get("party"); t != "" {
		if d.Party, err = partyOf(p, t); err != nil {
			return err
		}
		d.Label = p.Parties[d.Party].Label
	}
	if d.Entries, err = s.n.Timeline(a.r.Context(), a.who(), id, from, before, onPage); err != nil {
		return err
	}
	if d.Party >= 0 {
		if d.Entries, err = s.n.PartyTimeline(a.r.Context(), a.who(), id, &p.Parties[d.Party], from, before, onPage); err != nil {
			return err
		}
	}
	if len(d.Entries) == onPage {
		d.Next = d.Entries[onPage-1].At.UTC().Format(time.RFC3339Nano)
	}
	moments := p.Moments(d.Party)
	first, last := int64(0), int64(0)
	for _, list := range moments {
		for _, t := range list {
			if first == 0 || t < first {
				first = t
			}
			last = max(last, t)
		}
	}
	step := int64(24 * 3600)
	if last-first > 200*step {
		step *= 7
	}
	first -= first % step
	v := s.view(a)
	d.Drawing = &timelineDrawing{Title: v.T("timeline"), First: first, Step: step}
	for _, k := range chart.Kinds {
		if len(moments[k]) == 0 {
			continue
		}
		colour := laneColour[k]
		if colour == "" {
			colour = "party"
		}
		l := timelineLane{Label: v.Name("entry", string(k)), Kind: colour, Counts: make([]int, (last-first)/step+1)}
		for _, t := range moments[k] {
			l.Counts[(t-first)/step]++
		}
		d.Drawing.Lanes = append(d.Drawing.Lanes, l)
	}
	return s.show(a, http.StatusOK, "timeline", "timeline", d)
}

// LastWeek is the number of the last week.
func (d *mapData) LastWeek() int { return max(0, d.Map.Weeks-1) }

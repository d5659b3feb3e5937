// Package release writes what an operation achieved as a page for the public, in one of four languages: one file that opens offline and prints
// well, or PDF. Small numbers of people are suppressed, nobody is named, and whoever was arrested is presumed innocent.
package release

import (
	_ "embed" // page.html
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"tarir/casework"
	"tarir/message"
	"tarir/paper"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

// row is a number of the page, with its breakdowns.
type row struct {
	ID     string
	Label  string
	Number string
	By     []breakdown
}

type breakdown struct {
	Label string
	Cells []cell
}

type cell struct{ Label, Number string }

type data struct {
	Lang, Dir              string
	Heading, Period, AsOf  string
	Taking                 []string
	Measure, Number, Total string
	None                   string
	Rows                   []row
	Notes                  []string
}

// closed are the tags by which people are broken down in public: the words of a closed list alone.
func closed(m *casework.Measure, tag string) bool { return m.Tags[tag] != nil }

// Write writes the page. The figures are those of casework.Count as of a day.
func Write(w io.Writer, o *casework.Operation, figures map[string]*casework.Figure, asOf time.Time, l *message.Language) error {
	if err := page.Execute(w, dataOf(o, figures, asOf, l)); err != nil {
		return fmt.Errorf("write the release: %w", err)
	}
	return nil
}

// WritePDF writes the same on paper.
func WritePDF(w io.Writer, o *casework.Operation, figures map[string]*casework.Figure, asOf time.Time, l *message.Language) error {
	d := dataOf(o, figures, asOf, l)
	doc := paper.New(d.Heading, l.Right, asOf)
	doc.Heading(1, d.Heading)
	doc.Note(d.Period)
	for _, t := range d.Taking {
		doc.Note(t)
	}
	doc.Para(d.AsOf)
	if len(d.Rows) == 0 {
		doc.Para(d.None)
	}
	var rows [][]string
	for _, r := range d.Rows {
		label := r.Label
		for _, b := range r.By {
			var cells []string
			for _, c := range b.Cells {
				cells = append(cells, c.Label+" "+c.Number)
			}
			label += "\n" + b.Label + ": " + strings.Join(cells, " · ")
		}
		rows = append(rows, []string{label, r.Number})
	}
	if len(rows) > 0 {
		doc.Table([]string{d.Measure, d.Number}, []float64{5, 1}, rows)
	}
	for _, n := range d.Notes {
		doc.Note("– " + n)
	}
	return doc.Write(w)
}

func dataOf(o *casework.Operation, figures map[string]*casework.Figure, asOf time.Time, l *message.Language) *data {
	d := data{
		Lang: l.Code, Dir: "ltr",
		Heading: l.Text("release.heading", "title", o.Title),
		Period:  l.Text("release.period", "from", o.From.UTC().Format(time.DateOnly), "to", o.To.UTC().Format(time.DateOnly)),
		AsOf:    l.Text("release.as_of", "day", asOf.UTC().Format(time.DateOnly)),
		Measure: l.Text("release.measure"), Number: l.Text("release.number"), Total: l.Text("release.total"), None: l.Text("release.none"),
	}
	if l.Right {
		d.Dir = "rtl"
	}
	if n := len(o.Countries); n > 0 {
		d.Taking = append(d.Taking, l.Text("release.countries", "n", n))
	}
	if n := len(o.Participants); n > 0 {
		d.Taking = append(d.Taking, l.Text("release.members", "n", n))
	}
	people := false
	for i := range casework.Measures {
		m := &casework.Measures[i]
		f := figures[m.ID]
		if f == nil {
			continue
		}
		people = people || m.People
		d.Rows = append(d.Rows, rowOf(m, f, l))
	}
	d.Notes = []string{l.Text("release.presumed"), l.Text("release.victims_first"), l.Text("release.once"), l.Text("release.money_once")}
	if people {
		d.Notes = append(d.Notes, l.Text("release.small"))
	}
	return &d
}

func rowOf(m *casework.Measure, f *casework.Figure, l *message.Language) row {
	if few := f.By["colour"]["silver"]; m.ID == "notices" && few > 0 && few < casework.SmallCell {
		// A few silver notices are in no public number at all (SIL-04).
		g := casework.Figure{Measure: f.Measure, Number: f.Number - few, By: map[string]map[string]int64{"colour": maps.Clone(f.By["colour"])}}
		delete(g.By["colour"], "silver")
		f = &g
	}
	r := row{ID: m.ID, Label: l.Name("measure", m.ID), Number: number(f.Number)}
	if m.Amount {
		r.Number = ""
		b := breakdown{Label: l.Text("release.of", "what", l.Name("tag", "state"))}
		for _, state := range slices.Sorted(maps.Keys(f.ByState)) {
			for _, currency := range slices.Sorted(maps.Keys(f.ByState[state])) {
				b.Cells = append(b.Cells, cell{l.Name("tagged", state), number2(f.ByState[state][currency]) + " " + currency})
			}
		}
		r.By = []breakdown{b}
		return r
	}
	for _, tag := range slices.Sorted(maps.Keys(f.By)) {
		if !closed(m, tag) {
			continue // free words could name somebody
		}
		by := maps.Clone(f.By[tag])
		said := int64(0)
		for _, n := range by {
			said += n
		}
		b := breakdown{Label: l.Text("release.of", "what", l.Name("tag", tag))}
		if !m.People {
			for _, v := range inOrder(m.Tags[tag], by) {
				b.Cells = append(b.Cells, cell{l.Name("tagged", v), number(by[v])})
			}
			r.By = append(r.By, b)
			continue
		}
		// Whoever is not told apart by it is a cell as well: else the difference to the whole would be one.
		if rest := f.Number - said; rest > 0 {
			by[""] = rest
		}
		t := casework.PublishFigure(by, inOrder(m.Tags[tag], by)...)
		for i, v := range t.Rows {
			label := l.Name("tagged", v)
			if v == "" {
				label = l.Name("tagged", "unknown")
			}
			b.Cells = append(b.Cells, cell{label, publicNumber(t.Cells[i][0])})
		}
		r.By = append(r.By, b)
	}
	if m.People {
		r.Number = publicNumber(casework.PublishFigure(map[string]int64{"": f.Number}, "").Total)
	}
	return r
}

// inOrder are what a tag says, in the order of its list; what is not told apart comes last.
func inOrder(list []string, by map[string]int64) (out []string) {
	for _, v := range append(slices.Clone(list), "") {
		if by[v] > 0 {
			out = append(out, v)
		}
	}
	return out
}

func publicNumber(c casework.Cell) string {
	if c.Suppressed {
		return "…"
	}
	return number(c.Number)
}

// number writes thousands apart, by a narrow space that does not break: it is read alike in all four languages.
func number(n int64) string { return number2(fmt.Sprint(n)) }

func number2(s string) string {
	whole, rest, point := strings.Cut(s, ".")
	var b strings.Builder
	for i, c := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteString("\u202f")
		}
		b.WriteRune(c)
	}
	if point {
		b.WriteString("." + rest)
	}
	return b.String()
}

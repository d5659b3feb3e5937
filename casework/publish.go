package casework

import (
	"fmt"
)

// SmallCell is the smallest number about people that is published: smaller ones could give somebody away.
const SmallCell = 5

// Cell is a number of a published table. What is suppressed says nothing but that.
type Cell struct {
	Number     int64 `json:"number"`
	Suppressed bool  `json:"suppressed,omitempty"`
}

func (c Cell) String() string {
	if c.Suppressed {
		return "…"
	}
	return fmt.Sprint(c.Number)
}

// Table is a published table of one or two attributes with its margins. Public tables of people are broken down by no more.
type Table struct {
	Rows    []string `json:"rows"`
	Columns []string `json:"columns"` // one, unnamed, where there is one attribute
	Cells   [][]Cell `json:"cells"`
	Row     []Cell   `json:"row_totals"`
	Column  []Cell   `json:"column_totals"`
	Total   Cell     `json:"total"`
}

// Publish makes a table of counts of people, by row and column. Numbers from 1 to 4 are suppressed, and with them as many others as it takes
// that neither a margin nor what is left says what they are: in each line with something suppressed there are at least two such cells, what
// stands in them adds up to at least two small cells, and one of them could be as large as that. Zeros are suppressed like other numbers
// where they are needed. A total below the smallest cell is suppressed with everything in it.
func Publish(counts map[string]map[string]int64, rows, columns []string) *Table {
	t := &Table{Rows: rows, Columns: columns}
	t.Row, t.Column = make([]Cell, len(rows)), make([]Cell, len(columns))
	for i, r := range rows {
		t.Cells = append(t.Cells, make([]Cell, len(columns)))
		for j, c := range columns {
			n := counts[r][c]
			t.Cells[i][j].Number = n
			t.Row[i].Number += n
			t.Column[j].Number += n
			t.Total.Number += n
		}
	}
	t.suppress()
	for i := range t.Cells {
		for j := range t.Cells[i] {
			t.Cells[i][j].hide()
		}
	}
	for i := range t.Row {
		t.Row[i].hide()
	}
	for j := range t.Column {
		t.Column[j].hide()
	}
	t.Total.hide()
	return t
}

func (c *Cell) hide() {
	if c.Suppressed {
		c.Number = 0
	}
}

func small(n int64) bool { return n > 0 && n < SmallCell }

// line is a row, a column or a margin: cells that add up to a sum.
type line struct {
	cells []*Cell
	sum   *Cell
}

func (t *Table) lines() []line {
	var out []line
	for i := range t.Rows {
		var l line
		for j := range t.Columns {
			l.cells = append(l.cells, &t.Cells[i][j])
		}
		l.sum = &t.Row[i]
		out = append(out, l)
	}
	for j := range t.Columns {
		var l line
		for i := range t.Rows {
			l.cells = append(l.cells, &t.Cells[i][j])
		}
		l.sum = &t.Column[j]
		out = append(out, l)
	}
	var rows, columns line
	for i := range t.Row {
		rows.cells = append(rows.cells, &t.Row[i])
	}
	for j := range t.Column {
		columns.cells = append(columns.cells, &t.Column[j])
	}
	rows.sum, columns.sum = &t.Total, &t.Total
	return append(out, rows, columns)
}

func (t *Table) suppress() {
	if small(t.Total.Number) {
		t.Total.Suppressed = true
	}
	all := t.lines()
	for _, l := range all {
		for _, c := range l.cells {
			if small(c.Number) || t.Total.Suppressed {
				c.Suppressed = true
			}
		}
	}
	for changed := true; changed; {
		changed = false
		for _, l := range all {
			changed = l.protect() || changed
		}
	}
}

// protect suppresses more of a line until its sum tells nothing, and says whether it did.
func (l *line) protect() (changed bool) {
	if l.sum.Suppressed {
		// The sum is one unknown more: with one cell it would be the same number.
		hidden := 0
		for _, c := range l.cells {
			if c.Suppressed {
				hidden++
			}
		}
		if hidden == 0 && len(l.cells) > 0 {
			smallest(l.cells).Suppressed = true
			return true
		}
		return false
	}
	for {
		var hidden []*Cell
		total := int64(0)
		for _, c := range l.cells {
			if c.Suppressed {
				hidden = append(hidden, c)
				total += c.Number
			}
		}
		if len(hidden) == 0 || len(hidden) >= 2 && total >= 2*SmallCell {
			return changed
		}
		c := smallest(l.cells)
		if c == nil { // nothing is left to hide behind: the sum goes too
			l.sum.Suppressed = true
			return true
		}
		c.Suppressed, changed = true, true
	}
}

// smallest is the smallest cell that still stands, but the largest zero there is: zeros hide little.
func smallest(cells []*Cell) *Cell {
	var out *Cell
	for _, c := range cells {
		if c.Suppressed {
			continue
		}
		if out == nil || out.Number == 0 && c.Number > 0 || c.Number > 0 && c.Number < out.Number {
			out = c
		}
	}
	return out
}

// PublishFigure is a number of people broken down by one attribute, in the order given.
func PublishFigure(by map[string]int64, order ...string) *Table {
	counts := map[string]map[string]int64{}
	for v, n := range by {
		counts[v] = map[string]int64{"": n}
	}
	return Publish(counts, order, []string{""})
}

package casework

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// An attacker has the published table, knows the rules, and asks what a suppressed cell can be: all tables that fit are tried.
func TestASuppressedCellCannotBeWorkedOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		nr, nc := rapid.IntRange(1, 2).Draw(t, "rows"), rapid.IntRange(1, 3).Draw(t, "columns")
		var rows, columns []string
		for i := range nr {
			rows = append(rows, fmt.Sprint("r", i))
		}
		for j := range nc {
			columns = append(columns, fmt.Sprint("c", j))
		}
		counts := map[string]map[string]int64{}
		for _, r := range rows {
			counts[r] = map[string]int64{}
			for _, c := range columns {
				counts[r][c] = int64(rapid.OneOf(rapid.IntRange(0, 6), rapid.IntRange(0, 12)).Draw(t, r+c))
			}
		}
		p := Publish(counts, rows, columns)
		for i := range rows {
			for j := range columns {
				n := counts[rows[i]][columns[j]]
				switch c := p.Cells[i][j]; {
				case small(n) && !c.Suppressed:
					t.Fatalf("%d stands in the table", n)
				case !c.Suppressed && c.Number != n:
					t.Fatal("a number that is published is the number")
				case c.Suppressed && c.Number != 0:
					t.Fatal("what is suppressed still has its number")
				}
			}
		}
		for i := range rows {
			for j := range columns {
				if !p.Cells[i][j].Suppressed {
					continue
				}
				if low, high := bounds(p, i, j); high-low < 3 {
					t.Fatalf("cell %d,%d of %v is between %d and %d: %+v", i, j, counts, low, high, p)
				}
			}
		}
	})
}

// bounds are the least and the most that a suppressed cell may be in any table that fits what is published. It fills the suppressed cells one
// by one, up to what their lines leave.
func bounds(p *Table, wantI, wantJ int) (low, high int64) {
	const most = 16 // of a line whose sum is suppressed
	rows, columns := make([]int64, len(p.Rows)), make([]int64, len(p.Columns))
	left := func(sum Cell, known int64) int64 {
		if sum.Suppressed {
			return -1
		}
		return sum.Number - known
	}
	for i := range rows {
		known := int64(0)
		for j := range columns {
			known += p.Cells[i][j].Number
		}
		rows[i] = left(p.Row[i], known)
	}
	for j := range columns {
		known := int64(0)
		for i := range rows {
			known += p.Cells[i][j].Number
		}
		columns[j] = left(p.Column[j], known)
	}
	var cells [][2]int
	for i := range rows {
		for j := range columns {
			if p.Cells[i][j].Suppressed {
				cells = append(cells, [2]int{i, j})
			}
		}
	}
	fits := func(value int64) bool {
		var try func(k int, rows, columns []int64) bool
		try = func(k int, rows, columns []int64) bool {
			if k == len(cells) {
				for _, r := range rows {
					if r > 0 {
						return false
					}
				}
				for _, c := range columns {
					if c > 0 {
						return false
					}
				}
				return true
			}
			i, j := cells[k][0], cells[k][1]
			from, to := int64(0), int64(most)
			if rows[i] >= 0 {
				to = min(to, rows[i])
			}
			if columns[j] >= 0 {
				to = min(to, columns[j])
			}
			if i == wantI && j == wantJ {
				if value > to {
					return false
				}
				from, to = value, value
			}
			// The last cell of a row takes what is left.
			last := k+1 == len(cells) || cells[k+1][0] != i
			if last && rows[i] >= 0 {
				if rows[i] < from || rows[i] > to {
					return false
				}
				from, to = rows[i], rows[i]
			}
			// So does the last one of a column.
			if j2 := k + 1; columns[j] >= 0 && !below(cells[j2:], j) {
				if columns[j] < from || columns[j] > to {
					return false
				}
				from, to = columns[j], columns[j]
			}
			for v := from; v <= to; v++ {
				r, c := rows[i], columns[j]
				if r >= 0 {
					rows[i] -= v
				}
				if c >= 0 {
					columns[j] -= v
				}
				ok := try(k+1, rows, columns)
				rows[i], columns[j] = r, c
				if ok {
					return true
				}
				if last && rows[i] < 0 && columns[j] < 0 && v >= 1 {
					break // whatever more of it changes nothing
				}
			}
			return false
		}
		return try(0, rows, columns)
	}
	low = -1
	for v := range int64(most + 1) {
		if fits(v) {
			if low < 0 {
				low = v
			}
			high = v
		}
	}
	return low, high
}

func below(cells [][2]int, column int) bool {
	for _, c := range cells {
		if c[1] == column {
			return true
		}
	}
	return false
}

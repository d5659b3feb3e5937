package delimited

import (
	"encoding/csv"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func records(text string, sep byte, bound int) (out [][]string, bad []string, lines []int64) {
	s := NewScanner(strings.NewReader(text), sep, bound)
	for s.Scan() {
		lines = append(lines, s.Line())
		if s.Bad() != "" {
			bad = append(bad, s.Bad())
			continue
		}
		out = append(out, append([]string{}, s.Fields()...))
	}
	return out, bad, lines
}

// Whatever encoding/csv writes is read back as it was.
func TestWhatIsWrittenAsCSVIsReadAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.SliceOfN(rapid.StringMatching(`[a-zA-Z0-9 ,;"\n\t|é]{0,12}`), 2, 5), 1, 20).Draw(t, "rows")
		var b strings.Builder
		w := csv.NewWriter(&b)
		if err := w.WriteAll(rows); err != nil {
			t.Fatal(err)
		}
		got, bad, _ := records(b.String(), ',', 1<<20)
		if len(bad) > 0 || !reflect.DeepEqual(got, rows) {
			t.Fatalf("wrote %q\nread %q\nbad %q", rows, got, bad)
		}
	})
}

func TestABrokenRecordIsNamedByItsLineAndReadingGoesOn(t *testing.T) {
	got, bad, lines := records("a,b\n\n\"x\ny\",2\n\"open,3\n5,6\n"+strings.Repeat("z", 300)+"\n7,8", ',', 100)
	want := [][]string{{"a", "b"}, {"x\ny", "2"}, {"5", "6"}, {"7", "8"}}
	if !reflect.DeepEqual(got, want) || len(bad) != 2 || fmt.Sprint(lines) != "[1 3 5 6 7 8]" {
		t.Errorf("want %q and two bad records, got %q, %q at lines %v", want, got, bad, lines)
	}
}

// gigabyte is an endless line that is never held in memory whole.
type gigabyte struct{ left int }

func (g *gigabyte) Read(p []byte) (int, error) {
	if g.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), g.left)
	for i := range p[:n] {
		p[i] = 'x'
	}
	g.left -= n
	return n, nil
}

func TestALineOfOneGigabyteIsOneBadRecordInBoundedMemory(t *testing.T) {
	s := NewScanner(&gigabyte{1 << 30}, ',', 1<<20)
	n, held := 0, 0
	for s.Scan() {
		n++
		held = max(held, len(s.block))
		if s.Bad() == "" || len(s.Raw()) > 1<<20 {
			t.Errorf("want a bad record with a short raw text, got %q and %d bytes", s.Bad(), len(s.Raw()))
		}
	}
	if n != 1 || held > 4<<20 {
		t.Errorf("want one record and at most 4 MiB held, got %d and %d bytes", n, held)
	}
}

func FuzzScanner(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "\"a\"\"b\",c\r\n", "\"", "a\"b,c\n", ",,,\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := NewScanner(strings.NewReader(text), ',', 64)
		last := int64(0)
		for s.Scan() {
			if s.Line() <= last {
				t.Fatalf("line %d comes after line %d", s.Line(), last)
			}
			last = s.Line()
		}
		if last > int64(strings.Count(text, "\n"))+1 {
			t.Fatalf("line %d of a text with %d line ends", last, strings.Count(text, "\n"))
		}
	})
}

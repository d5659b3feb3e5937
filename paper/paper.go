// Package paper makes documents for printing: PDF with headings, paragraphs and tables, in every language of the program, Arabic from right to left. The
// same document gives the same bytes.
package paper

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"

	"codeberg.org/go-pdf/fpdf"
	"github.com/go-fonts/dejavu/dejavusans"
	"github.com/go-fonts/dejavu/dejavusansbold"
)

// Sizes, in millimetres and points: A4, which prints on Letter, too.
const (
	margin   = 18.0
	text     = 10.0
	lineOf   = 0.5 // height of a line, mm a point
	cellPad  = 1.2
	mostRows = 100_000
)

// Doc is a document that is being written.
type Doc struct {
	pdf   *fpdf.Fpdf
	right bool // from right to left
	width float64
	rows  int
}

// New begins a document. Made is when it is from; the clock is not asked.
func New(title string, right bool, made time.Time) *Doc {
	p := fpdf.New("P", "mm", "A4", "")
	p.SetCreationDate(made.UTC())
	p.SetModificationDate(made.UTC())
	p.SetCatalogSort(true)
	p.SetTitle(plain(title), true)
	p.SetProducer("Tarir", true)
	p.SetMargins(margin, margin, margin)
	p.SetAutoPageBreak(true, margin)
	p.AddUTF8FontFromBytes("s", "", dejavusans.TTF)
	p.AddUTF8FontFromBytes("s", "B", dejavusansbold.TTF)
	d := &Doc{pdf: p, right: right}
	w, _ := p.GetPageSize()
	d.width = w - 2*margin
	p.SetFooterFunc(func() {
		p.SetY(-12)
		p.SetFont("s", "", 8)
		p.SetTextColor(90, 102, 117)
		p.CellFormat(0, 5, fmt.Sprint(p.PageNo()), "", 0, "C", false, 0, "")
		p.SetTextColor(22, 32, 44)
	})
	p.AddPage()
	p.SetTextColor(22, 32, 44)
	return d
}

func (d *Doc) align() string {
	if d.right {
		return "R"
	}
	return "L"
}

// lines breaks a text into lines of a width, each as it is seen.
func (d *Doc) lines(s string, width float64) []string {
	var out []string
	for _, para := range strings.Split(plain(s), "\n") {
		line := ""
		put := func(l string) { out = append(out, seen(l, d.right)) }
		// Spaces that do not break stay in their words.
		for _, w := range strings.FieldsFunc(para, func(r rune) bool { return r == ' ' || r == '\t' }) {
			for _, w := range d.pieces(w, width) {
				next := strings.TrimSpace(line + " " + w)
				if line != "" && d.pdf.GetStringWidth(seen(next, d.right)) > width {
					put(line)
					next = w
				}
				line = next
			}
		}
		put(line)
	}
	return out
}

// plain leaves of a text what can be drawn: signs of direction do their work by order here, and what the font cannot have (PDF's maps end at U+FFFF) is
// shown as missing.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.Is(unicode.Cf, r) || unicode.IsControl(r):
			return -1
		case r > 0xffff:
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(s, string(unicode.ReplacementChar)))
}

// pieces cuts a word that is wider than a line.
func (d *Doc) pieces(w string, width float64) []string {
	if d.pdf.GetStringWidth(w) <= width {
		return []string{w}
	}
	var out []string
	piece := ""
	for _, r := range w {
		if piece != "" && d.pdf.GetStringWidth(piece+string(r)) > width {
			out, piece = append(out, piece), ""
		}
		piece += string(r)
	}
	return append(out, piece)
}

func (d *Doc) write(s, style string, size float64) {
	d.pdf.SetFont("s", style, size)
	for _, l := range d.lines(s, d.width) {
		d.pdf.CellFormat(d.width, size*lineOf, l, "", 1, d.align(), false, 0, "")
	}
}

// Heading writes a heading; level 1 is the title of the whole.
func (d *Doc) Heading(level int, s string) {
	size := map[int]float64{1: 18, 2: 13}[level]
	if size == 0 {
		size = 11
	}
	if level > 1 {
		d.pdf.Ln(4)
		if _, h := d.pdf.GetPageSize(); d.pdf.GetY() > h-margin-25 { // not alone at the foot of a page
			d.pdf.AddPage()
		}
	}
	d.write(s, "B", size)
	d.pdf.Ln(1.5)
}

// Para writes a paragraph.
func (d *Doc) Para(s string) {
	d.write(s, "", text)
	d.pdf.Ln(1.5)
}

// Note writes a paragraph in small letters.
func (d *Doc) Note(s string) {
	d.pdf.SetTextColor(90, 102, 117)
	d.write(s, "", 8.5)
	d.pdf.SetTextColor(22, 32, 44)
	d.pdf.Ln(1)
}

// Table writes a table. Shares are those of the width that each column has; a row that does not fit stands on the next page, below the head once more.
func (d *Doc) Table(head []string, shares []float64, rows [][]string) {
	total := 0.0
	for _, s := range shares {
		total += s
	}
	widths := make([]float64, len(shares))
	for i, s := range shares {
		widths[i] = d.width * s / total
	}
	if len(head) > 0 {
		d.row(head, widths, "B", nil)
	}
	for _, r := range rows {
		if d.rows++; d.rows > mostRows {
			return
		}
		d.row(r, widths, "", func() {
			if len(head) > 0 {
				d.row(head, widths, "B", nil)
			}
		})
	}
	d.pdf.Ln(2)
}

// row writes a row; again is called at the head of a new page.
func (d *Doc) row(cells []string, widths []float64, style string, again func()) {
	d.pdf.SetFont("s", style, text-1)
	height := (text - 1) * lineOf
	var all [][]string
	most := 1
	for i, c := range cells {
		l := d.lines(c, widths[i]-2*cellPad)
		all = append(all, l)
		most = max(most, len(l))
	}
	_, page := d.pdf.GetPageSize()
	if d.pdf.GetY()+height*float64(min(most, 40))+2*cellPad > page-margin {
		d.pdf.AddPage()
		if again != nil {
			again()
		}
		d.pdf.SetFont("s", style, text-1)
	}
	// A cell that is longer than a page is cut into rows of forty lines.
	for from := 0; from < most; from += 40 {
		to := min(from+40, most)
		if from > 0 {
			d.pdf.AddPage()
			d.pdf.SetFont("s", style, text-1)
		}
		y := d.pdf.GetY()
		x := margin
		if d.right {
			x = margin + d.width
		}
		for i := range all {
			if d.right {
				x -= widths[i]
			}
			for k := from; k < min(to, len(all[i])); k++ {
				d.pdf.SetXY(x+cellPad, y+cellPad+height*float64(k-from))
				d.pdf.CellFormat(widths[i]-2*cellPad, height, all[i][k], "", 0, d.align(), false, 0, "")
			}
			if !d.right {
				x += widths[i]
			}
		}
		y += height*float64(to-from) + 2*cellPad
		d.pdf.SetDrawColor(213, 219, 226)
		d.pdf.Line(margin, y, margin+d.width, y)
		d.pdf.SetXY(margin, y)
	}
}

// Write writes the document.
func (d *Doc) Write(w io.Writer) error {
	if err := d.pdf.Output(w); err != nil {
		return fmt.Errorf("write the PDF: %w", err)
	}
	return nil
}

// Has says whether every letter of a text is in the font; what is not is seen as a box.
func Has(s string) bool {
	return !slices.ContainsFunc([]rune(s), func(r rune) bool {
		if r == '\n' || r == '\t' {
			return false
		}
		_, ok := face().NominalGlyph(r)
		return !ok
	})
}

// Band colours the head of every page from here on, which prints behind nothing: r, g and b from 0 to 255. It is for papers that are known by their colour.
func (d *Doc) Band(r, g, b int) {
	w, _ := d.pdf.GetPageSize()
	draw := func() {
		d.pdf.SetFillColor(r, g, b)
		d.pdf.Rect(0, 0, w, 8, "F")
		d.pdf.SetFillColor(255, 255, 255)
	}
	d.pdf.SetHeaderFunc(draw)
	draw()
}

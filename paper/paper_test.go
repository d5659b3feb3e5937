package paper

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestArabicIsSeenInItsForms(t *testing.T) {
	// "salam": seen from the left it is meem, which alone looks as it is written, lam-alef and seen in their forms.
	if got := seen("سلام", true); got != "\u0645\ufefc\ufeb3" {
		t.Errorf("%+q", got)
	}
	if got := seen("plain", false); got != "plain" {
		t.Errorf("%q", got)
	}
	// A number stays as it is read, and what stands before it in the text is seen on its right.
	got := seen("من 12 إلى 15", true)
	if i, j := strings.Index(got, "15"), strings.Index(got, "12"); i < 0 || j < 0 || i > j {
		t.Errorf("%+q", got)
	}
	if got := seen("44\u202f000", true); got != "44\u202f000" {
		t.Errorf("a number is turned round: %q", got)
	}
	if got := seen("Andes: سلام", true); !strings.HasSuffix(got, " :Andes") {
		t.Errorf("%+q", got)
	}
	if got := seen("(سلام)", true); !strings.HasPrefix(got, "(") || !strings.HasSuffix(got, ")") {
		t.Errorf("brackets are not mirrored: %+q", got)
	}
	if got := seen("name שלום here", false); got != "name םולש here" {
		t.Errorf("%q", got)
	}
}

func sample(right bool) *Doc {
	d := New("Nightfall", right, time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	d.Heading(1, "Operation Nightfall")
	d.Para("What it achieved, день и ночь, ημέρα — العملية من 12 إلى 15 مارس.")
	d.Heading(2, "Numbers")
	var rows [][]string
	for range 60 {
		rows = append(rows, []string{"arrests", strings.Repeat("a long cell ", 10), "103"})
	}
	rows = append(rows, []string{strings.Repeat("word", 100), strings.Repeat("line\n", 90), "1"})
	d.Table([]string{"measure", "what", "number"}, []float64{3, 5, 1}, rows)
	d.Note("Small numbers are suppressed.")
	return d
}

// A reader of PDF of others reads it, it has pages, and the same document is the same bytes.
func TestADocumentIsReadByOthers(t *testing.T) {
	for _, right := range []bool{false, true} {
		var a, b bytes.Buffer
		if err := sample(right).Write(&a); err != nil {
			t.Fatal(err)
		}
		if err := sample(right).Write(&b); err != nil || !bytes.Equal(a.Bytes(), b.Bytes()) {
			t.Error("the same document has other bytes", err)
		}
		path := filepath.Join(t.TempDir(), "a.pdf")
		if err := os.WriteFile(path, a.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("pdftotext", "-layout", path, "-").CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for _, want := range []string{"Operation Nightfall", "день и ночь", "103", "Small numbers are suppressed"} {
			if !strings.Contains(string(out), want) {
				t.Errorf("%q is not in it:\n%s", want, out[:min(len(out), 2000)])
			}
		}
		if n := strings.Count(string(out), "\f"); n < 3 {
			t.Errorf("%d pages", n)
		}
	}
}

// Whatever stands in a document, no letter is lost and nothing panics.
func TestAnyTextIsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(rapid.RuneFrom([]rune("ab 1()«»-سلاماً شלום\n\t\u200f\u202e\u0301ﷺЖ中😀"))).Draw(t, "text")
		for _, right := range []bool{false, true} {
			got := seen(strings.ReplaceAll(s, "\n", " "), right)
			if !utf8.ValidString(got) {
				t.Fatalf("%q becomes %q", s, got)
			}
		}
	})
	d := New("😀\x00", true, time.Time{}) // fonts take long to be read: one document for all
	for _, s := range []string{"", "😀", "\x00\xff", "ﷺ", "\u202eabc", strings.Repeat("س", 500), strings.Repeat("\n", 50), strings.Repeat("W", 3000), "\u0301\u0301"} {
		d.Para(s)
		d.Heading(2, s)
		d.Table(nil, []float64{1, 1}, [][]string{{s, s}})
	}
	var b bytes.Buffer
	if err := d.Write(&b); err != nil {
		t.Fatal(err)
	}
}

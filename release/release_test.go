package release

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tarir/casework"
	"tarir/message"
	"tarir/paper"
)

var update = flag.Bool("update", false, "write the golden files")

func andes(t *testing.T) (*casework.Operation, []casework.Report) {
	p, reports, err := casework.PresetOf("andes")
	if err != nil {
		t.Fatal(err)
	}
	for i := range reports {
		reports[i].Member = "GS"
	}
	return &casework.Operation{ID: "andes", Title: p.Title, From: p.From, To: p.To, Countries: p.Countries}, reports
}

func write(t *testing.T, o *casework.Operation, reports []casework.Report, at time.Time, lang string) string {
	l, err := message.For(lang)
	if err != nil {
		t.Fatal(err)
	}
	figures, _ := casework.Count(reports, at)
	var b bytes.Buffer
	if err := Write(&b, o, figures, at, l); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTheReleaseOfAnOperationInFourLanguages(t *testing.T) {
	o, reports := andes(t)
	at := time.Date(2019, 9, 10, 0, 0, 0, 0, time.UTC)
	for _, lang := range message.Codes {
		got := write(t, o, reports, at, lang)
		if !strings.Contains(got, ">103<") || !strings.Contains(got, "44\u202f000") || !strings.Contains(got, "2\u202f000\u202f000 USD") || strings.Contains(got, "measure.") || strings.Contains(got, "release.") {
			t.Errorf("%s: %s", lang, got)
		}
		if (lang == "ar") != strings.Contains(got, `dir="rtl"`) {
			t.Errorf("%s is written in the wrong direction", lang)
		}
		golden := filepath.Join("testdata", "andes."+lang+".html")
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil || string(want) != got {
			t.Errorf("%s is not what stands in %s (-update writes it): %v", lang, golden, err)
		}
	}
}

func TestTheReleaseTellsNoSmallNumberOfPeopleAndNobodysName(t *testing.T) {
	o, _ := andes(t)
	at := o.To
	var reports []casework.Report
	add := func(measure string, n int, tags map[string]string) {
		for i := range n {
			reports = append(reports, casework.Report{Measure: measure, Record: fmt.Sprint(measure, len(reports), i), Member: "GS", At: at, Tags: tags})
		}
	}
	add("victims", 3, map[string]string{"sex": "M", "referred_to": "Casa Ana"})
	add("victims", 20, map[string]string{"sex": "F"})
	add("victims", 30, nil)
	add("arrests", 2, map[string]string{"role": "son of Vargo"})
	add("notices", 4, map[string]string{"colour": "silver"})
	add("notices", 7, map[string]string{"colour": "blue"})
	got := write(t, o, reports, at, "en")
	if !strings.Contains(got, ">7<") || strings.Contains(got, "silver") || strings.Contains(got, ">11<") {
		t.Errorf("a few silver notices can be worked out:\n%s", got)
	}
	for _, word := range []string{"Ana", "Vargo", "male 3", ">2<"} {
		if strings.Contains(got, word) {
			t.Errorf("it tells %q:\n%s", word, got)
		}
	}
	if !strings.Contains(got, ">53<") || !strings.Contains(got, "male …") || strings.Contains(got, "female 20") {
		t.Errorf("%s", got)
	}
}

// On paper stands what stands on the page.
func TestTheReleaseOnPaper(t *testing.T) {
	o, reports := andes(t)
	at := time.Date(2019, 9, 10, 0, 0, 0, 0, time.UTC)
	figures, _ := casework.Count(reports, at)
	for _, lang := range message.Codes {
		l, err := message.For(lang)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), lang+".pdf")
		if dir := os.Getenv("TARIR_KEEP_PDF"); dir != "" {
			path = filepath.Join(dir, lang+".pdf") // to be looked at
		}
		var b bytes.Buffer
		if err := WritePDF(&b, o, figures, at, l); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("pdftotext", "-layout", path, "-").CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		read := strings.NewReplacer("\u202f", " ", "\u202c", "", "\u202a", "", "\u202b", "").Replace(string(out))
		wanted := []string{"103", "44 000", "2 000 000 USD"}
		if l.Right {
			wanted = []string{"103", "USD"} // a reader of PDF turns what is from right to left round again, each in its way
		}
		for _, want := range wanted {
			if !strings.Contains(read, want) {
				t.Errorf("%s lacks %q:\n%s", lang, want, out)
			}
		}
		for _, r := range dataOf(o, figures, at, l).Rows {
			if !paper.Has(r.Label) {
				t.Errorf("%s: the font lacks a letter of %q", lang, r.Label)
			}
		}
	}
}

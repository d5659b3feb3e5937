package lists

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tarir/intake"
	"tarir/intake/intaketest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestListsAreRead(t *testing.T) {
	for _, name := range []string{"un.xml", "eu.xml", "uk.xml", "sdn.xml", "notices.json", "notice.json"} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join("testdata", name))
			if err != nil {
				t.Fatal(err)
			}
			r := intaketest.Read(t, Formats, name, string(data))
			if r.Err != nil || r.Count.Read != r.Count.Accepted+r.Count.Rejected {
				t.Fatalf("%+v", r.Count)
			}
			intaketest.Golden(t, *update, name, r)
		})
	}
}

// What stands beside the list is read with it: names of OFAC's persons are in a file of their own.
func TestAliasesAreReadFromTheFileBeside(t *testing.T) {
	inputs, err := intake.Find([]string{"testdata/sdn.csv"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := inputs[0].Open(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer text.Close()
	f, err := intake.Recognise(Formats, "sdn.csv", text.Head())
	if err != nil || f != SDN {
		t.Fatal(f, err)
	}
	r := &intaketest.Result{}
	if r.Count, err = intake.Read(context.Background(), f, inputs[0], text, r, func(x intake.Rejection) error { r.Rejections = append(r.Rejections, x); return nil }); err != nil {
		t.Fatal(err)
	}
	intaketest.Golden(t, *update, "sdn.csv", r)
}

func TestDatesOfListsAreUnderstood(t *testing.T) {
	for in, want := range map[string]string{
		"1971-02-03": "1971-02-03", "01 Nov 1940": "1940-11-01", "Nov 1940": "1940-11", "1940": "1940", "circa 1940": "1940", "1940 to 1942": "1940 1941 1942", "01 Jan 1961 to 31 Dec 1962": "1961 1962", "03/02/1971": "1971-02-03",
		"00/00/1973": "1973", "00/05/1973": "1973-05", "dd/mm/1972": "1972", "1958/11/05": "1958-11-05", "1940 to 1990": "", "soon": "", "1970-00-00": "", "": "",
	} {
		got, ok := dates(in)
		if strings.Join(got, " ") != want || ok != (want != "") {
			t.Errorf("%q: %v %v, want %q", in, got, ok, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		got, ok := dates(rapid.String().Draw(t, "text"))
		if ok == (len(got) == 0) || slices.Contains(got, "") {
			t.Fatal(got, ok)
		}
	})
}

func FuzzUN(f *testing.F) { intaketest.Fuzz(f, UN, seed(f, "un.xml")) }

func FuzzEU(f *testing.F) { intaketest.Fuzz(f, EU, seed(f, "eu.xml")) }

func FuzzUK(f *testing.F) { intaketest.Fuzz(f, UK, seed(f, "uk.xml")) }

func FuzzSDN(f *testing.F) { intaketest.Fuzz(f, SDN, seed(f, "sdn.csv")) }

func FuzzSDNXML(f *testing.F) { intaketest.Fuzz(f, SDNXML, seed(f, "sdn.xml")) }

func FuzzNotices(f *testing.F) {
	intaketest.Fuzz(f, Notices, seed(f, "notices.json"), seed(f, "notice.json"))
}

func seed(f *testing.F, file string) string {
	data, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		f.Fatal(err)
	}
	return string(data)
}

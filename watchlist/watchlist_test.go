package watchlist

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tarir/intake"
	"tarir/match"
)

func index(t testing.TB) *match.Index {
	t.Helper()
	x, err := match.Open(t.TempDir(), true, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

const samples = "../intake/lists/testdata/"

func TestListsAreTakenUpAndSayWhatChanged(t *testing.T) {
	x := index(t)
	var rejected []intake.Rejection
	load := func(paths ...string) []Loaded {
		t.Helper()
		got, err := Load(context.Background(), x, paths, nil, Options{Reject: func(r intake.Rejection) error { rejected = append(rejected, r); return nil }})
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range got {
			if l.Entities != int64(l.Taken)+l.Without || l.Read-l.Refused > l.Entities || l.Licence == "" && l.Source != "more" {
				t.Errorf("%+v", l)
			}
		}
		return got
	}
	got := load(samples+"un.xml", samples+"eu.xml", samples+"uk.xml", samples+"sdn.csv")
	if len(got) != 4 || len(rejected) != 2 || rejected[0].Line == 0 || rejected[0].Reason == "" {
		t.Fatalf("%+v %+v", got, rejected)
	}
	got = load(samples + "un.xml")
	if got[0].Change != (match.Change{Same: 2}) {
		t.Errorf("%+v", got[0])
	}
	// One is gone from the list, one has another name, and one is new.
	text, err := os.ReadFile(samples + "sdn.xml")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "sdn.xml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if got = load(path); got[0].Source != "us-ofac-sdn" || got[0].Change != (match.Change{Added: 4, Removed: 9}) {
		t.Errorf("%+v", got[0])
	}
	for name, want := range map[string]string{"Мохаммед Салах ад-Дин Зидан": "un-113219", "Anna Exemplarska": "ofac-900001", "Usama bin Laden": ""} {
		a, err := x.Find(context.Background(), &match.Ask{Schema: "Person", Names: []string{name}}, match.Options{})
		if err != nil {
			t.Fatal(err)
		}
		id := ""
		if len(a.Hits) > 0 {
			id = a.Hits[0].Record.ID
		}
		if id != want {
			t.Errorf("%s: %q, want %q", name, id, want)
		}
	}
}

func TestAListThatBreaksOffChangesNothing(t *testing.T) {
	x := index(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "more.jsonl")
	write := func(s string) {
		if err := os.WriteFile(path, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"id":"1","schema":"Person","properties":{"name":["Ana Exemplar"]}}` + "\n" + `{"id":"2","schema":"Ownership","properties":{"owner":["1"],"asset":["3"]}}` + "\n" + "{broken\n")
	got, err := Load(context.Background(), x, []string{path}, nil, Options{})
	if err != nil || got[0].Taken != 1 || got[0].Without != 1 || got[0].Refused != 1 {
		t.Fatalf("%+v %v", got, err)
	}
	text, err := os.ReadFile(samples + "un.xml")
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, "un.xml")
	write(string(text))
	if _, err := Load(context.Background(), x, []string{path}, nil, Options{}); err != nil {
		t.Fatal(err)
	}
	write(string(text[:len(text)*2/3]))
	if _, err := Load(context.Background(), x, []string{path}, nil, Options{}); err == nil {
		t.Fatal("a list that was cut off was taken for the whole")
	}
	if x.Records() != 3 || x.State() != match.Complete {
		t.Errorf("%d records, %s", x.Records(), x.State())
	}
	if _, err := Load(context.Background(), x, []string{dir + "/none"}, nil, Options{}); err == nil {
		t.Error("a file that is not there was read")
	}
}

func TestATableIsAnsweredRowByRowInOrder(t *testing.T) {
	x := index(t)
	if _, err := Load(context.Background(), x, []string{samples + "uk.xml"}, nil, Options{}); err != nil {
		t.Fatal(err)
	}
	ask := func(ctx context.Context, a *match.Ask) (*match.Answer, error) { return x.Find(ctx, a, match.Options{}) }
	in := "id,Name,born,Nationality,schema,note\n1,Anna EKZEMPLAR,1971-02-03,Moldova,,x\n2,Nobody Knows,,,Person,\n3,,,,,\n4,Ana,around 1985,,,\n5,EXAMPLE STAR,,,Vessel,\n6,Ana Exemplar,,Atlantis,,\n7,Ana Exemplar\n"
	var out strings.Builder
	got, err := Check(context.Background(), strings.NewReader(in), &out, 3, ask, func(int) {})
	if err != nil || got != (Checked{Rows: 7, Known: 3, Unknown: 1, Refused: 3}) {
		t.Fatalf("%+v %v", got, err)
	}
	rows, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
	if err != nil || len(rows) != 8 {
		t.Fatal(rows, err)
	}
	for i, want := range []string{"", "true", "false", "", "", "true", "", "true"} {
		if i > 0 && (rows[i][0] != string(rune('0'+i)) || rows[i][7] != want) {
			t.Errorf("row %d: %v", i, rows[i])
		}
	}
	if !strings.Contains(rows[4][12], "birth date") || !strings.Contains(rows[6][12], "Atlantis") || rows[1][10] != "uk-tst0001" {
		t.Errorf("%v", rows)
	}
	if _, err := Check(context.Background(), strings.NewReader("a,b\n1,2\n"), io.Discard, 1, ask, func(int) {}); !errors.Is(err, ErrColumns) {
		t.Error(err)
	}
	failed := errors.New("the node is away")
	if _, err := Check(context.Background(), strings.NewReader(in), io.Discard, 2, func(context.Context, *match.Ask) (*match.Answer, error) { return nil, failed }, func(int) {}); !errors.Is(err, failed) {
		t.Error(err)
	}
}

// Whatever stands in a table: each row is answered or refused, in order, and nothing is lost.
func TestNoRowIsLost(t *testing.T) {
	x := index(t)
	if _, err := Load(context.Background(), x, []string{samples + "eu.xml"}, nil, Options{}); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		var in strings.Builder
		w := csv.NewWriter(&in)
		_ = w.Write([]string{"name", "born", "country"})
		n := rapid.IntRange(0, 30).Draw(t, "rows")
		for range n {
			_ = w.Write([]string{rapid.String().Draw(t, "name"), rapid.SampledFrom([]string{"", "1971", "x", "1971-02-03"}).Draw(t, "born"), rapid.SampledFrom([]string{"", "md", "Moldova", "?"}).Draw(t, "country") + "x"[:rapid.IntRange(0, 1).Draw(t, "x")]})
		}
		w.Flush()
		var out strings.Builder
		got, err := Check(context.Background(), strings.NewReader(in.String()), &out, 4, func(ctx context.Context, a *match.Ask) (*match.Answer, error) { return x.Find(ctx, a, match.Options{}) }, func(int) {})
		if err != nil {
			t.Fatal(err)
		}
		if got.Rows != got.Known+got.Unknown+got.Unclear+got.Refused {
			t.Fatalf("%+v", got)
		}
		rows, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
		if err != nil || len(rows) != got.Rows+1 {
			t.Fatal(len(rows), got, err)
		}
	})
}

func TestNamesAreMeasuredByAliases(t *testing.T) {
	m, _, err := Measure(context.Background(), []string{samples + "un.xml", samples + "eu.xml"}, nil)
	if err != nil || len(m.Scripts) < 2 || !strings.Contains(m.String(), "Cyrillic") {
		t.Fatal(m, err)
	}
	for _, s := range m.Scripts {
		if s.Found > s.Pairs || s.Pairs == 0 {
			t.Errorf("%+v", s)
		}
	}
}

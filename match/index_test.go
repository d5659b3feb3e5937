package match_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tarir/match"
	"tarir/name"
)

func open(t testing.TB, records ...match.Record) *match.Index {
	t.Helper()
	x, err := match.Open(t.TempDir(), true, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.Update(context.Background(), match.Source{Name: "test", Whole: true}, seq(records)); err != nil {
		t.Fatal(err)
	}
	return x
}

// The index looks at few of the names that are there. What it must not do is overlook one that scoring every name would have found.
func TestTheIndexFindsWhatScoringEveryNameFinds(t *testing.T) {
	p := newPeople(5)
	var records []match.Record
	for range 5000 {
		records = append(records, p.record())
	}
	x := open(t, records...)
	parsed := make([]*name.Name, len(records))
	for i, r := range records {
		parsed[i] = name.Parse(r.Names[0], name.KindOf(r.Schema))
	}
	r := rand.New(rand.NewPCG(1, 1))
	should, found, logged := 0, 0, 0
	for range 150 {
		at := r.IntN(len(records))
		ask := &match.Ask{Schema: records[at].Schema, Names: []string{slip(r, records[at].Names[0])}}
		n := name.Parse(ask.Names[0], name.KindOf(ask.Schema))
		got, err := x.Find(context.Background(), ask, match.Options{Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		have := map[string]bool{}
		for _, h := range got.Hits {
			have[h.Record.ID] = true
		}
		for i := range records {
			if records[i].Schema != ask.Schema || len(got.Hits) >= 40 {
				continue
			}
			if s := name.Score(n, parsed[i]); s >= 0.75 {
				should++
				if have[records[i].ID] {
					found++
				} else if logged++; logged < 40 {
					t.Logf("%s is not found by %s: %.2f", records[i].Names[0], ask.Names[0], s)
				}
			}
		}
	}
	t.Logf("%d of %d found", found, should)
	if float64(found) < 0.95*float64(should) {
		t.Error("the index overlooks too much")
	}
}

func person(id, born string, names ...string) match.Record {
	r := match.Record{ID: id, Schema: "Person", Names: names, Doc: `{"id":"` + id + `"}`}
	if born != "" {
		d, err := match.ParseDate(born)
		if err != nil {
			panic(err)
		}
		r.Births = []match.Date{d}
	}
	return r
}

func find(t testing.TB, x *match.Index, a *match.Ask) []string {
	t.Helper()
	got, err := x.Find(context.Background(), a, match.Options{Limit: 50})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, h := range got.Hits {
		ids = append(ids, h.Record.ID)
	}
	return ids
}

func named(n string) *match.Ask { return &match.Ask{Schema: "Person", Names: []string{n}} }

func seq(records []match.Record) iter.Seq2[match.Record, error] {
	return func(yield func(match.Record, error) bool) {
		for _, r := range records {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// A name in signs is found by each way to read it, and finds by each.
func TestNamesInSignsAreFoundByTheirReadings(t *testing.T) {
	x := open(t, person("1", "", "佐々木裕子"), person("2", "", "Tanaka Kakuei"), person("3", "", "王毅"), person("4", "", "สมชาย ใจดี"))
	for asked, want := range map[string]string{
		"Hiroko Sasaki": "1", "SASAKI YUKO": "1", "佐々木裕子": "1", "ささき ゆうこ": "1", "田中角栄": "2", "Wang Yi": "3", "Somchai Jaidee": "4",
	} {
		if got := find(t, x, named(asked)); !slices.Contains(got, want) {
			t.Errorf("%s: %v", asked, got)
		}
	}
}

func TestASourceThatIsReadAnewReplacesWhatItSaid(t *testing.T) {
	ctx := context.Background()
	x := open(t, person("1", "1970", "Ana Exemplar"), person("2", "", "Omar Beispiel"), person("3", "", "Ivan Primer"))
	if _, err := x.Update(ctx, match.Source{Name: "other", Whole: true}, seq([]match.Record{person("1", "", "Ana Otra")})); err != nil {
		t.Fatal(err)
	}
	c, err := x.Update(ctx, match.Source{Name: "test", Whole: true}, seq([]match.Record{person("1", "1970", "Ana Exemplar"), person("2", "", "Layla Andere"), person("4", "", "Luis Ejemplo")}))
	if err != nil || c != (match.Change{Added: 1, Changed: 1, Removed: 1, Same: 1}) {
		t.Fatal(c, err)
	}
	for name, want := range map[string]int{"Ana Exemplar": 1, "Ana Otra": 1, "Omar Beispiel": 0, "Layla Andere": 1, "Ivan Primer": 0, "Luis Ejemplo": 1} {
		if got := find(t, x, named(name)); len(got) != want {
			t.Errorf("%s: %v, want %d", name, got, want)
		}
	}
	if x.Records() != 4 {
		t.Errorf("%d records", x.Records())
	}
	// A source that breaks off changes nothing.
	broken := func(yield func(match.Record, error) bool) {
		if yield(person("9", "", "Never Seen"), nil) {
			yield(match.Record{}, errors.New("the line broke"))
		}
	}
	if _, err := x.Update(ctx, match.Source{Name: "test", Whole: true}, broken); err == nil {
		t.Fatal("it was taken")
	}
	if got := find(t, x, named("Luis Ejemplo")); len(got) != 1 || len(find(t, x, named("Never Seen"))) != 0 {
		t.Error("it changed something:", got)
	}
	if err := x.Verify(); err != nil {
		t.Error(err)
	}
}

// Whatever is put and taken out, and however the segments are merged: what is found is what a map would have.
func TestPuttingAndTakingOutIsWhatAMapDoes(t *testing.T) {
	pool := newPeople(11)
	var names []string
	for range 40 {
		names = append(names, pool.person())
	}
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "index")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		x, err := match.Open(dir, true, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		model := map[string]string{}
		for range rapid.IntRange(1, 7).Draw(t, "steps") {
			var records []match.Record
			var gone []string
			for range rapid.IntRange(0, 6).Draw(t, "records") {
				id := rapid.StringMatching("[a-h]").Draw(t, "id")
				n := rapid.SampledFrom(names).Draw(t, "name")
				if slices.ContainsFunc(records, func(r match.Record) bool { return r.ID == id }) {
					continue
				}
				records = append(records, person(id, "", n))
				model[id] = n
			}
			for range rapid.IntRange(0, 2).Draw(t, "gone") {
				id := rapid.StringMatching("[a-h]").Draw(t, "gone id")
				if slices.ContainsFunc(records, func(r match.Record) bool { return r.ID == id }) || slices.Contains(gone, id) {
					continue
				}
				gone = append(gone, id)
				delete(model, id)
			}
			if _, err := x.Put(context.Background(), match.Source{Name: "s", Whole: true}, records, gone...); err != nil {
				t.Fatal(err)
			}
			if rapid.IntRange(0, 3).Draw(t, "open") == 0 {
				if x, err = match.Open(dir, false, time.Now); err != nil {
					t.Fatal(err)
				}
			}
			if x.Records() != len(model) {
				t.Fatalf("%d records, %d in the model", x.Records(), len(model))
			}
			for id, n := range model {
				r, ok, err := x.Get(id)
				if err != nil || !ok || r.Names[0] != n {
					t.Fatalf("%s: %v %v %v, want %s", id, r.Names, ok, err, n)
				}
				got, err := x.Find(context.Background(), named(n), match.Options{Limit: 50})
				if err != nil || !slices.ContainsFunc(got.Hits, func(h match.Hit) bool { return h.Record.ID == id }) {
					t.Fatalf("%s (%s) is not found: %v", id, n, err)
				}
			}
		}
	})
}

// Whoever asks while it is changed gets what was there before or what is there after.
func TestTheIndexAnswersWhileItIsChanged(t *testing.T) {
	x := open(t, person("old", "", "Ana Exemplar"))
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for ctx.Err() == nil {
				got, err := x.Find(context.Background(), named("Ana Exemplar"), match.Options{})
				if err != nil || len(got.Hits) != 1 || got.State != match.Complete {
					t.Errorf("%v %v", got, err)
					return
				}
				if _, _, err := x.Known("phone:+33612345678"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	p := newPeople(3)
	for i := range 30 {
		records := []match.Record{person("old", "", "Ana Exemplar", fmt.Sprint("Alias Nr ", i))}
		for range 50 {
			records = append(records, p.record())
		}
		if _, err := x.Put(context.Background(), match.Source{Name: "test", Whole: true}, records); err != nil {
			t.Fatal(err)
		}
		runtime.GC() // segments that nobody reads are unmapped
	}
	cancel()
	wg.Wait()
}

func TestWhatIsNotWholeSaysSo(t *testing.T) {
	now := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	dir := t.TempDir()
	x, err := match.Open(dir, true, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	if x.State() != match.Empty {
		t.Error(x.State())
	}
	put := func(s match.Source) {
		t.Helper()
		if _, err := x.Put(context.Background(), s, []match.Record{person("1", "", "Ana Exemplar")}); err != nil {
			t.Fatal(err)
		}
	}
	if put(match.Source{Name: "a"}); x.State() != match.Loading {
		t.Error(x.State())
	}
	if put(match.Source{Name: "a", Whole: true, MaxAge: "24h"}); x.State() != match.Complete {
		t.Error(x.State())
	}
	now = now.Add(25 * time.Hour)
	if x.State() != match.Stale {
		t.Error(x.State())
	}
}

func TestADamagedIndexIsNotRead(t *testing.T) {
	dir := t.TempDir()
	x, err := match.Open(dir, true, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.Update(context.Background(), match.Source{Name: "a", Whole: true}, newPeople(1).many(500)); err != nil {
		t.Fatal(err)
	}
	list, _ := filepath.Glob(filepath.Join(dir, "*.seg"))
	data, err := os.ReadFile(list[0])
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{"cut": data[:len(data)/2], "empty": nil, "other": []byte("this is something else altogether")} {
		if err := os.WriteFile(list[0], bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := match.Open(dir, false, time.Now); err == nil {
			t.Errorf("%s: it was opened", name)
		}
	}
	turned := slices.Clone(data)
	turned[len(turned)-10] ^= 1
	if err := os.WriteFile(list[0], turned, 0o600); err != nil {
		t.Fatal(err)
	}
	if x, err = match.Open(dir, false, time.Now); err != nil {
		t.Fatal(err)
	}
	if err := x.Verify(); err == nil {
		t.Error("a bit was turned and nobody saw it")
	}
}

func TestWhatContradictsLowersAndWhatAgreesRaises(t *testing.T) {
	x := open(t, match.Record{ID: "1", Schema: "Person", Names: []string{"Ana Exemplar"}, Births: []match.Date{{Year: 1970, Month: 3, Day: 28}}, Countries: []string{"MD"}, Sex: "F", Selectors: []string{"document:MD:A123456"}})
	score := func(a match.Ask) float64 {
		a.Schema = "Person"
		got, err := x.Find(context.Background(), &a, match.Options{Least: 0.01})
		if err != nil || len(got.Hits) != 1 {
			t.Fatal(got, err)
		}
		sum := 0.0
		for _, f := range got.Hits[0].Features {
			sum += f.Adds
			if f.Why == "" {
				t.Errorf("%s says nothing", f.Name)
			}
		}
		if s := got.Hits[0].Score; math.Abs(min(max(sum, 0), 1)-s) > 1e-3 {
			t.Errorf("the parts of the score %v make %v", s, sum)
		}
		return got.Hits[0].Score
	}
	date := func(s string) []match.Date {
		d, err := match.ParseDate(s)
		if err != nil {
			t.Fatal(err)
		}
		return []match.Date{d}
	}
	near := []string{"Anna Exemplair"}
	plain := score(match.Ask{Names: near})
	for what, c := range map[string]struct {
		a    match.Ask
		more bool
	}{
		"same day":         {match.Ask{Names: near, Births: date("1970-03-28")}, true},
		"same year":        {match.Ask{Names: near, Births: date("1970")}, true},
		"swapped":          {match.Ask{Names: near, Births: append(date("1970-03-28"), date("1999-01-05")...)}, true},
		"other year":       {match.Ask{Names: near, Births: date("1950-01-05")}, false},
		"one figure":       {match.Ask{Names: near, Births: date("1971-03-28")}, false},
		"country":          {match.Ask{Names: near, Countries: []string{"MD", "FR"}}, true},
		"other country":    {match.Ask{Names: near, Countries: []string{"FR"}}, false},
		"other sex":        {match.Ask{Names: near, Sex: "M"}, false},
		"document":         {match.Ask{Names: near, Selectors: []string{"document:MD:A123456"}}, true},
		"another document": {match.Ask{Names: near, Selectors: []string{"document:MD:B999999"}}, false},
	} {
		if s := score(c.a); s == plain || s > plain != c.more {
			t.Errorf("%s: %v, plain %v", what, s, plain)
		}
	}
	if s := score(match.Ask{Names: []string{"Somebody Else"}, Selectors: []string{"document:MD:A123456"}}); s < 0.9 {
		t.Errorf("the document alone gives %v", s)
	}
}

func TestAnOrganisationIsFoundByItsFirstLetters(t *testing.T) {
	org := func(id, n string) match.Record {
		return match.Record{ID: id, Schema: "Organization", Names: []string{n}}
	}
	x := open(t, org("1", "People's Liberation Army"), org("2", "ADF"), org("3", "Example Trading LLC"))
	for n, want := range map[string]string{"PLA": "1", "P.L.A.": "1", "Allied Democratic Forces": "2", "Exampel Trading": "3", "PLB": ""} {
		got := find(t, x, &match.Ask{Schema: "Organization", Names: []string{n}})
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", n, got, want)
		}
	}
}

// Another process sees what one changes, and only one changes at a time.
func TestTwoProcessesShareAnIndex(t *testing.T) {
	dir := t.TempDir()
	a, err := match.Open(dir, true, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	put := func(x *match.Index, id, n string) error {
		_, err := x.Put(context.Background(), match.Source{Name: "s", Whole: true}, []match.Record{person(id, "", n)})
		return err
	}
	if err := put(a, "1", "Ana Exemplar"); err != nil {
		t.Fatal(err)
	}
	b, err := match.Open(dir, false, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if err := put(b, "2", "Omar Beispiel"); err != nil {
		t.Fatal(err)
	}
	if err := put(a, "3", "Ivan Primer"); err != nil {
		t.Fatal(err)
	}
	if err := b.Refresh(); err != nil {
		t.Fatal(err)
	}
	for _, n := range []string{"Ana Exemplar", "Omar Beispiel", "Ivan Primer"} {
		if len(find(t, a, named(n))) != 1 || len(find(t, b, named(n))) != 1 {
			t.Errorf("%s is not found by both", n)
		}
	}
	busy := func(yield func(match.Record, error) bool) {
		if err := put(b, "4", "Too Early"); !errors.Is(err, match.ErrBusy) {
			t.Error("two change it at once:", err)
		}
	}
	if _, err := a.Update(context.Background(), match.Source{Name: "t", Whole: true}, busy); err != nil {
		t.Fatal(err)
	}
}

// An index that was built by a version whose words have other keys is written anew when it is opened.
func TestAnIndexOfAnotherVersionIsWrittenAnew(t *testing.T) {
	dir := t.TempDir()
	x, err := match.Open(dir, true, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.Put(context.Background(), match.Source{Name: "a", Whole: true}, []match.Record{person("1", "", "Ana Exemplar")}); err != nil {
		t.Fatal(err)
	}
	list, _ := filepath.Glob(filepath.Join(dir, "*.seg"))
	data, err := os.ReadFile(list[0])
	if err != nil {
		t.Fatal(err)
	}
	other := bytes.Replace(data, fmt.Appendf(nil, `"keys":%d`, name.KeysVersion), []byte(`"keys":0`), 1)
	if bytes.Equal(other, data) {
		t.Fatal("the header has no version")
	}
	if err := os.WriteFile(list[0], other, 0o600); err != nil {
		t.Fatal(err)
	}
	if x, err = match.Open(dir, false, time.Now); err != nil {
		t.Fatal(err)
	}
	again, _ := filepath.Glob(filepath.Join(dir, "*.seg"))
	if len(find(t, x, named("Anna Exemplar"))) != 1 || len(again) != 1 || again[0] == list[0] || x.Records() != 1 {
		t.Error(again)
	}
}

func TestDatesThatAreNone(t *testing.T) {
	for text, want := range map[string]string{"1970": "1970", "1970-05": "1970-05", "1970-05-01": "1970-05-01", "1970-05-01T00:00:00": "1970-05-01", "1970-00-00": "", "around 1985": "", "1970-02-30": "", "70-01-01": "", "": "", "1970-13": "", "0001-01-01": ""} {
		d, err := match.ParseDate(text)
		if (err == nil) != (want != "") || err == nil && d.String() != want {
			t.Errorf("%q: %v %v", text, d, err)
		}
		if err != nil && !errors.Is(err, match.ErrDate) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzPairs(f *testing.F) {
	f.Add("schema,name1,name2\nPerson,Ana,Anna\n")
	f.Add("name2,name1,schema\n\"\n")
	f.Fuzz(func(t *testing.T, table string) {
		read, refused, err := match.Pairs(strings.NewReader(table), io.Discard)
		if err == nil && (refused > read || read < 0) {
			t.Fatal(read, refused)
		}
	})
}

// A date that is another person's makes an alarm rarer, the right one a find more frequent; no threshold that is higher tells more.
func TestRatesFallWithTheThresholdAndDatesTellPeopleApart(t *testing.T) {
	with := func(r match.Record, country string) match.Record { r.Countries = []string{country}; return r }
	people := []match.Record{
		with(person("1", "1970-03-04", "Ahmed Hassan Ali", "Ahmad Hasan Aly", "Abu Omar"), "EG"),
		with(person("2", "1991-11-12", "Ahmed Hassan"), "SD"),
		with(person("3", "1985", "Ahmed Hassan"), "SD"), // of no day
	}
	r := match.MeasureRates(slices.Values(people))
	for i, with := range r.Asked {
		for k, row := range r.Rows {
			if row.Known[i] != 1 || row.Strangers[i] == 0 {
				t.Fatalf("%s: %d known and %d strangers", with, row.Known[i], row.Strangers[i])
			}
			if k > 0 && (row.Found[i] > r.Rows[k-1].Found[i] || row.Alarms[i] > r.Rows[k-1].Alarms[i]) {
				t.Errorf("%s: from %.2f on more are told than from %.2f", with, row.Threshold, r.Rows[k-1].Threshold)
			}
		}
	}
	at := slices.IndexFunc(r.Rows, func(x match.Rate) bool { return x.Threshold >= match.Threshold })
	if row := r.Rows[at]; row.Found[1] != 1 || row.Alarms[0] == 0 || row.Alarms[1] != 0 {
		t.Errorf("%+v\n%s", row, r)
	}
}

// A name in signs is found under its spelling elsewhere, and the other way round, from the usual score on: what is sure enough to be told must
// not be lost on the way to being scored.
func TestNamesInSignsAreFoundInTheIndex(t *testing.T) {
	for _, c := range [][]string{{"Jong Un KIM", "金正恩", "김정은", "정은 김"}, {"Wan Kuok KOI", "尹國駒"}, {"金正恩", "Kim Jong Un", "김정은"}, {"김정은", "Kim Jong-un", "KIM, Jong Un", "金正恩"}, {"尹國駒", "Wan Kuok Koi"}} {
		x, err := match.Open(t.TempDir(), true, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		records := []match.Record{{ID: "it", Schema: "Person", Names: []string{c[0]}}}
		p := newPeople(5)
		for range 2_000 {
			records = append(records, p.record())
		}
		if _, err := x.Put(context.Background(), match.Source{Name: "list"}, records); err != nil {
			t.Fatal(err)
		}
		for _, n := range c[1:] {
			got, err := x.Find(context.Background(), &match.Ask{Schema: "Person", Names: []string{n}}, match.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(got.Hits, func(h match.Hit) bool { return h.Record.ID == "it" }) {
				t.Errorf("%s is not found by %s: %v", c[0], n, got.Hits)
			}
		}
	}
}

package analysis_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tarir/analysis"
)

// society makes the small society and keeps the truth apart from the input.
func society(t *testing.T, seed uint64) (input, truth string) {
	t.Helper()
	dir := t.TempDir()
	input = filepath.Join(dir, "world")
	if err := analysis.MakeSociety("small", seed, input); err != nil {
		t.Fatal(err)
	}
	truth = filepath.Join(dir, "truth.json")
	if err := os.Rename(filepath.Join(input, "truth.json"), truth); err != nil {
		t.Fatal(err)
	}
	return input, truth
}

func TestNoVictimIsASuspect(t *testing.T) {
	for seed := range uint64(3) {
		input, truth := society(t, seed)
		out := t.TempDir()
		if _, err := analysis.Analyse(ctx, analysis.AnalyseOptions{Inputs: []string{input}, Out: out}); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(out, analysis.NetworksFile))
		if err != nil {
			t.Fatal(err)
		}
		valid(t, schema(t, "networks"), "networks.json", b)
		everyReasonHasItsEvidence(t, b)
		e, err := analysis.Evaluate(ctx, truth, out)
		if err != nil {
			t.Fatal(err)
		}
		if e.VictimsAsSuspects > 0 {
			t.Errorf("seed %d: %d victims are listed as members", seed, e.VictimsAsSuspects)
		}
		if e.Organisations == nil || e.Organisations.Right == 0 {
			t.Errorf("seed %d: no organisation was found, so nothing is shown", seed)
		}
	}
}

// everyReasonHasItsEvidence: whatever is said of somebody names a finding, an advert, a journey or a payment.
func everyReasonHasItsEvidence(t *testing.T, networks []byte) {
	t.Helper()
	var list []analysis.Network
	if err := json.Unmarshal(networks, &list); err != nil {
		t.Fatal(err)
	}
	check := func(who string, reasons []analysis.NetworkReason) {
		for _, r := range reasons {
			if len(r.Findings)+len(r.Adverts)+len(r.Journeys)+len(r.Payments) == 0 {
				t.Errorf("%s: nothing is named for %q", who, r.Code)
			}
		}
	}
	for _, n := range list {
		for _, m := range n.Members {
			check(m.Entity, m.Because)
			for _, r := range m.Roles {
				check(m.Entity, r.Because)
			}
		}
		for _, v := range n.Victims {
			check(v.Pseudonym, v.Because)
		}
		for _, l := range n.Leads {
			check(l.Entity, l.Because)
		}
	}
}

// TestWhateverWayTheDataCameTheResultIsTheSame deals the lines of every file of a society into batches at random, gives them to
// a kept ledger one after the other, and compares with all of it at once: a new file updates what was found to what would be
// found anew.
func TestWhateverWayTheDataCameTheResultIsTheSame(t *testing.T) {
	input, _ := society(t, 4)
	results := func(dir string) string {
		var all strings.Builder
		for _, f := range []string{analysis.NetworksFile, analysis.FindingsFile, analysis.RoutesFile, analysis.RoutesTable} {
			b, err := os.ReadFile(filepath.Join(dir, f))
			if err != nil {
				t.Fatal(err)
			}
			all.Write(b)
		}
		return all.String()
	}
	full := t.TempDir()
	if _, err := analysis.Analyse(ctx, analysis.AnalyseOptions{Inputs: []string{input}, Out: full}); err != nil {
		t.Fatal(err)
	}
	want := results(full)
	for seed := range uint64(4) {
		r := rand.New(rand.NewPCG(seed, 7))
		batches := 2 + r.IntN(3)
		dirs := deal(t, r, input, batches)
		out, ledger := t.TempDir(), filepath.Join(t.TempDir(), "ledger")
		for k, dir := range dirs {
			s, err := analysis.Analyse(ctx, analysis.AnalyseOptions{Inputs: []string{dir}, Ledger: ledger, Out: out})
			if err != nil {
				t.Fatal(err)
			}
			if k > 0 && len(s.Changes) == 0 {
				t.Errorf("seed %d: nothing is said of what batch %d changed", seed, k)
			}
		}
		if got := results(out); got != want {
			t.Errorf("seed %d: in %d batches the results differ: %s", seed, batches, firstDifference([]byte(want), []byte(got)))
		}
	}
}

// deal puts the lines of every file into batches at random, in an order of their own; a file that is not of lines goes into one.
func deal(t *testing.T, r *rand.Rand, input string, batches int) []string {
	t.Helper()
	var dirs []string
	for range batches {
		dirs = append(dirs, t.TempDir())
	}
	for _, name := range []string{"payments.csv", "adverts.jsonl", "journeys.csv", "entities.jsonl", "statements.xml", "reports.xml"} {
		b, err := os.ReadFile(filepath.Join(input, name))
		if err != nil {
			t.Fatal(err)
		}
		parts := make([]strings.Builder, batches)
		lines := strings.SplitAfter(string(b), "\n")
		switch filepath.Ext(name) {
		case ".xml":
			parts[r.IntN(batches)].Write(b)
			lines = nil
		case ".csv":
			for i := range parts {
				parts[i].WriteString(lines[0])
			}
			lines = lines[1:]
		}
		r.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		for _, l := range lines {
			if l != "" {
				parts[r.IntN(batches)].WriteString(strings.TrimSuffix(l, "\n") + "\n")
			}
		}
		for i := range parts {
			if parts[i].Len() == 0 {
				continue
			}
			if err := os.WriteFile(filepath.Join(dirs[i], name), []byte(parts[i].String()), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dirs
}

// TestHostileRecordsAreTakenOrRejectedAndNothingHangs: owners who own each other, an advert of ten megabytes, journeys that
// cannot have been, and texts from right to left with emoji.
func TestHostileRecordsAreTakenOrRejectedAndNothingHangs(t *testing.T) {
	dir, out := t.TempDir(), t.TempDir()
	for name, text := range map[string]string{
		"entities.jsonl": `{"id":"a","schema":"Company","properties":{"name":["A"]}}
{"id":"b","schema":"Company","properties":{"name":["B"]}}
{"id":"o1","schema":"Ownership","properties":{"owner":["a"],"asset":["b"]}}
{"id":"o2","schema":"Ownership","properties":{"owner":["b"],"asset":["a"]}}
{"id":"o3","schema":"Ownership","properties":{"owner":["a"],"asset":["a"]}}
`,
		"adverts.jsonl": `{"id":"1","posted_at":"2024-05-01T10:00:00Z","text":"` + strings.Repeat("word ", 2_000_000) + `"}
{"id":"2","posted_at":"2024-05-01T10:00:00Z","title":"منى","text":"فتياتنا ليل نهار 📞 ٠٩٨٧ ٦٥٤ ٣٢١ 💋\u202e\u200f"}
{"id":"3","posted_at":"2024-05-02T10:00:00Z","title":"👩‍👩‍👧","text":"🔥🔥🔥"}
`,
		"journeys.csv": `id,person,from,to,departure,arrival,mode
1,p,PELIM,CLARI,2024-05-02T10:00:00Z,2024-05-01T10:00:00Z,bus
2,p,PELIM,CLARI,2024-05-02T10:00:00Z,2025-05-01T10:00:00Z,bus
3,p,PELIM,CLARI,2024-05-02T10:00:00Z,2024-05-02T20:00:00Z,bus
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := analysis.Analyse(ctx, analysis.AnalyseOptions{Inputs: []string{dir}, Out: out, Lang: "ar"})
	if err != nil {
		t.Fatal(err)
	}
	if c := s.Counts; c.Read != 11 || c.Accepted != 8 || c.Rejected != 3 {
		t.Errorf("read %d, accepted %d, rejected %d; want 11 = 8 + 3", c.Read, c.Accepted, c.Rejected)
	}
	b, err := os.ReadFile(filepath.Join(out, analysis.RejectedFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"arrives before it departs", "takes more than 90 days", "adverts.jsonl"} {
		if !strings.Contains(string(b), want) {
			t.Errorf("rejected.jsonl does not say %q", want)
		}
	}
}

// firstDifference shows two texts where they begin to differ.
func firstDifference(a, b []byte) string {
	x, y := strings.Split(string(a), "\n"), strings.Split(string(b), "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			k := 0
			for k < min(len(x[i]), len(y[i])) && x[i][k] == y[i][k] {
				k++
			}
			around := func(s string) string { return s[max(0, k-300):min(len(s), k+300)] }
			return fmt.Sprintf("line %d, byte %d\n%s\n---\n%s", i+1, k, around(x[i]), around(y[i]))
		}
	}
	return "one is longer"
}

package analysis_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"tarir/analysis"
)

var ctx = context.Background()

// schema compiles one of the published schemas.
func schema(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile(filepath.Join("..", "docs", "schema", name+".schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func valid(t *testing.T, s *jsonschema.Schema, what string, b []byte) {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if err := s.Validate(v); err != nil {
		t.Errorf("%s: %v\n%s", what, err, b)
	}
}

// world makes a small world and its analysis.
func world(t *testing.T, payments int64) (truth, results string) {
	t.Helper()
	dir := t.TempDir()
	if err := analysis.MakeWorld(payments, 5, filepath.Join(dir, "world")); err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(dir, "bad.csv")
	if err := os.WriteFile(bad, []byte("id,time,from_bank,from_account,to_bank,to_account,amount,currency\nx,2024-01-01,A,1,B,2,-5,EUR\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	results = filepath.Join(dir, "results")
	if _, err := analysis.Analyse(ctx, analysis.AnalyseOptions{Inputs: []string{filepath.Join(dir, "world", "payments.csv"), bad}, Out: results}); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "world", "truth.json"), results
}

func TestOutputsKeepTheirPublishedShape(t *testing.T) {
	truth, results := world(t, 20_000)
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(results, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	valid(t, schema(t, "summary"), "summary.json", read(analysis.SummaryFile))
	for file, name := range map[string]string{analysis.FindingsFile: "findings", analysis.RejectedFile: "rejected", analysis.TraceFile: "trace"} {
		s := schema(t, name)
		lines := bytes.Split(bytes.TrimSpace(read(file)), []byte("\n"))
		if len(lines[0]) == 0 {
			t.Errorf("%s is empty, so that its shape is not seen", file)
		}
		for i, line := range lines {
			valid(t, s, fmt.Sprintf("%s line %d", file, i+1), line)
		}
	}
	encode := func(v any, err error) []byte {
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	valid(t, schema(t, "evaluation"), "evaluation", encode(analysis.Evaluate(ctx, truth, results)))
	b, err := os.ReadFile(truth)
	valid(t, schema(t, "truth"), "truth.json", encode(json.RawMessage(b), err))
	var first struct{ ID string }
	if err := json.Unmarshal(bytes.SplitN(read(analysis.FindingsFile), []byte("\n"), 2)[0], &first); err != nil {
		t.Fatal(err)
	}
	for _, backward := range []bool{false, true} {
		valid(t, schema(t, "trace-answer"), "trace answer", encode(analysis.Trace(ctx, analysis.TraceOptions{Ledger: results, Findings: []string{first.ID}, Policy: "fifo", Backward: backward})))
	}
}

func TestWhatWasPlantedIsFoundAndLookAlikesAreNot(t *testing.T) {
	truth, results := world(t, 100_000)
	e, err := analysis.Evaluate(ctx, truth, results)
	if err != nil {
		t.Fatal(err)
	}
	for name, k := range e.Typologies {
		if k.RecallByAny < 1 {
			t.Errorf("%s: %d of %d found", name, k.FoundByAny, k.Patterns)
		}
	}
	if e.InnocentPatternsNamed > 0 || e.VictimsAsSuspects > 0 {
		t.Errorf("%d innocent patterns named, %d victims among suspects", e.InnocentPatternsNamed, e.VictimsAsSuspects)
	}
	if e.Payments.Recall < 0.9 {
		t.Errorf("recall of payments %.3f", e.Payments.Recall)
	}
}

// labelled is a table of AMLSim with labels that a function gives.
func labelled(label func(i int) (sar string, alert int)) string {
	rng := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	b.WriteString("tran_id,orig_acct,bene_acct,tx_type,base_amt,tran_timestamp,is_sar,alert_id\n")
	for i := range 4000 {
		from, to := rng.IntN(300), rng.IntN(300)
		if i%400 < 8 { // a ring now and then, and a fan
			from, to = 1000+i/400*10+i%400, 1000+i/400*10+(i%400+1)%8
		} else if i%400 < 20 {
			from, to = 2000+i, 7
		}
		sar, alert := label(i)
		fmt.Fprintf(&b, "%d,%d,%d,TRANSFER,%d.%02d,2017-%02d-%02dT00:00:00Z,%s,%d\n", i+1, from, to, 10+rng.IntN(900), rng.IntN(100), 1+i/400, 1+i%400/15, sar, alert)
	}
	return b.String()
}

func TestLabelsNeverReachDetection(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	tables := map[string]string{
		"labels of the rings":  labelled(func(i int) (string, int) { return map[bool]string{true: "True", false: "False"}[i%400 < 8], i % 7 }),
		"labels shuffled":      labelled(func(int) (string, int) { return []string{"True", "False"}[rng.IntN(2)], rng.IntN(50) }),
		"everything is honest": labelled(func(int) (string, int) { return "False", -1 }),
	}
	var want [][]byte
	for name, table := range tables {
		dir := t.TempDir()
		in := filepath.Join(dir, "transactions.csv")
		if err := os.WriteFile(in, []byte(table), 0o600); err != nil {
			t.Fatal(err)
		}
		out := filepath.Join(dir, "out")
		if _, err := analysis.Analyse(ctx, analysis.AnalyseOptions{Inputs: []string{in}, Out: out}); err != nil {
			t.Fatal(err)
		}
		var got [][]byte
		for _, f := range []string{analysis.FindingsFile, analysis.TraceFile} {
			b, err := os.ReadFile(filepath.Join(out, f))
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, b)
		}
		if len(got[0]) == 0 {
			t.Fatal("nothing was found, so nothing is shown")
		}
		if want == nil {
			want = got
		}
		for i := range got {
			if !bytes.Equal(got[i], want[i]) {
				t.Errorf("%s: the results differ from those with other labels", name)
			}
		}
	}
}

func TestOrderOfFilesDoesNotChangeFindings(t *testing.T) {
	dir := t.TempDir()
	if err := analysis.MakeWorld(20_000, 9, dir); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "payments.csv"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(b), "\n")
	var files [3]string
	for k := range files {
		var part strings.Builder
		part.WriteString(lines[0])
		for i := 1 + k; i < len(lines); i += len(files) {
			part.WriteString(lines[i])
		}
		files[k] = filepath.Join(dir, fmt.Sprintf("part%d.csv", k))
		if err := os.WriteFile(files[k], []byte(part.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	analyse := func(inputs ...string) string {
		out := t.TempDir()
		if _, err := analysis.Analyse(ctx, analysis.AnalyseOptions{Inputs: inputs, Out: out}); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(out, analysis.FindingsFile))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	want := analyse(files[0], files[1], files[2])
	if got := analyse(files[2], files[0], files[1]); got != want {
		t.Errorf("other order, other findings:\n%s\n\n%s", want, got)
	}
}

// FuzzTruth evaluates an analysis against a truth file with anything in it: an error or figures between 0 and 1.
func FuzzTruth(f *testing.F) {
	dir := f.TempDir()
	if err := analysis.MakeWorld(10_000, 5, dir); err != nil {
		f.Fatal(err)
	}
	results := filepath.Join(dir, "results")
	if _, err := analysis.Analyse(ctx, analysis.AnalyseOptions{Inputs: []string{filepath.Join(dir, "payments.csv")}, Out: results}); err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(filepath.Join(dir, "truth.json"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good[:min(len(good), 4000)])
	f.Add([]byte(`{"illicit_payments":["W1","W1",""],"patterns":[{"id":"a","typology":"cycle","payments":["W1"],"accounts":["BANK/1"]},{}]}`))
	f.Add([]byte(`{"organisations":[{"rests":[{"account":"X/1","amount":-1,"currency":"USD"}]}],"victims":["X/1"]}`))
	path := filepath.Join(dir, "fuzzed.json")
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		e, err := analysis.Evaluate(ctx, path, results)
		if err != nil {
			return
		}
		for _, r := range []float64{e.Payments.Precision, e.Payments.Recall, e.Accounts.Precision, e.Accounts.Recall} {
			if !(r >= 0 && r <= 1) {
				t.Fatalf("a rate of %v", r)
			}
		}
	})
}

package node_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tarir/node"
)

// society makes the small society and keeps the truth apart from the input.
func society(t *testing.T, seed uint64) (input, truth string) {
	t.Helper()
	dir := t.TempDir()
	input = filepath.Join(dir, "world")
	if err := node.MakeSociety("small", seed, input); err != nil {
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
		if _, err := node.Analyse(ctx, node.AnalyseOptions{Inputs: []string{input}, Out: out}); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(out, node.NetworksFile))
		if err != nil {
			t.Fatal(err)
		}
		valid(t, schema(t, "networks"), "networks.json", b)
		e, err := node.Evaluate(ctx, truth, out)
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

func TestNetworksDependOnWhatWasToldAndNotOnWhen(t *testing.T) {
	input, _ := society(t, 4)
	files := func(order ...string) []string {
		var out []string
		for _, f := range order {
			out = append(out, filepath.Join(input, f))
		}
		return out
	}
	analyse := func(inputs []string) []byte {
		out := t.TempDir()
		if _, err := node.Analyse(ctx, node.AnalyseOptions{Inputs: inputs, Out: out}); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(out, node.NetworksFile))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	want := analyse(files("payments.csv", "adverts.jsonl", "journeys.csv", "entities.jsonl"))
	// Entities and journeys in two halves, the later one first.
	for _, name := range []string{"entities.jsonl", "journeys.csv"} {
		b, err := os.ReadFile(filepath.Join(input, name))
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.SplitAfter(string(b), "\n")
		half := len(lines) / 2
		head := ""
		if name == "journeys.csv" {
			head = lines[0]
		}
		for part, text := range map[string]string{"1-": strings.Join(lines[:half], ""), "0-": head + strings.Join(lines[half:], "")} {
			if err := os.WriteFile(filepath.Join(input, part+name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := analyse(files("0-entities.jsonl", "0-journeys.csv", "adverts.jsonl", "1-journeys.csv", "1-entities.jsonl", "payments.csv")); !bytes.Equal(got, want) {
		t.Errorf("told in another order, the networks differ: %s", firstDifference(want, got))
	}
}

// firstDifference shows two texts where they begin to differ.
func firstDifference(a, b []byte) string {
	x, y := strings.Split(string(a), "\n"), strings.Split(string(b), "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			from := max(0, i-8)
			return strings.Join(x[from:min(len(x), i+8)], "\n") + "\n---\n" + strings.Join(y[from:min(len(y), i+8)], "\n")
		}
	}
	return "one is longer"
}

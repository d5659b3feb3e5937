package analysis_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tarir/analysis"
	"tarir/casework"
)

func TestWhatAnAnalysisSaysIsCounted(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	write("results/findings.jsonl", `{"id":"f1","typology":"fan_in","payments":["P1","P2","P3"],"adverts":["a1"],"first":"2024-03-01T00:00:00Z","last":"2024-03-31T23:59:59Z","explanation":[{"code":"strangers"},{"code":"strangers"}]}
{"id":"f2","typology":"fan_in","payments":["P4"],"last":"2024-04-01T00:00:00Z","explanation":[]}
`)
	write("results/routes.csv", "from,to,from_name,to_name,mode,journeys,people,first,last,months,networks\nMXMEX,BYALO,Mexico City,Nowhere,bus,9,9,x,x,2024-02:1 2024-03:8,n\n??,FRLYS,?,Lyon,rail,3,3,x,x,2024-03:3,n\n")
	inputs := write("in/payments.csv", "id,time,from_bank,from_account,to_bank,to_account,amount,currency,channel,mcc\n"+
		"P1,2024-03-05T10:00:00Z,A,1,B,2,10.00,EUR,mvts,7011\nP2,2024-03-31T23:30:00-02:00,A,1,B,2,10.00,EUR,mvts,\nP3,2024-03-05T10:00:00Z,A,1,B,2,10.00,EUR,,\nP9,2024-03-05T10:00:00Z,A,1,B,2,10.00,EUR,mvts,7011\n")
	write("in/adverts.jsonl", `{"id":"a1","posted_at":"2024-03-05","text":"x","site":"board","price":"90","currency":"eur"}`+"\n"+`{"id":"a2","posted_at":"2024-03-05","text":"x","site":"board","price":"90","currency":"eur"}`+"\n")
	write("in/truth.json", `{"illicit_payments":[]}`) // is left out
	got, err := analysis.Tallies(t.Context(), filepath.Join(dir, "results"), []string{filepath.Dir(inputs)}, "2024-03")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, x := range got {
		lines = append(lines, fmt.Sprint(x.Kind, " ", x.Key, " ", x.Count))
	}
	// P2 is of April in UTC; what no finding names is not counted.
	want := "channel mvts 1\nmerchant 7011 1\nprice EUR/64-128 1\nroute MX>BY/bus 8\nroute XX>FR/rail 3\nsignal strangers 1\nsite board 1\ntypology fan_in 1"
	if s := strings.Join(lines, "\n"); s != want {
		t.Errorf("got\n%s\nwant\n%s", s, want)
	}
	if _, err := analysis.Tallies(t.Context(), dir, nil, "2024-03"); err == nil || !strings.Contains(err.Error(), "no folder of results") {
		t.Error(err)
	}
	if _, err := analysis.Tallies(t.Context(), filepath.Join(dir, "results"), nil, "March"); !errors.Is(err, casework.ErrGroup) {
		t.Error(err)
	}
}

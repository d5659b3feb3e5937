package htcds

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var known = []string{"prs_FirstName", "prs_Gender", "vic_TypeOfExploitation", "vic_MethodsOfControl", "spl_Type"}

func all(t *Table) (rows []Row, wrong []string) {
	for {
		_, r, err := t.Next()
		switch {
		case errors.Is(err, io.EOF):
			return rows, wrong
		case errors.Is(err, ErrTable):
			return rows, append(wrong, err.Error())
		case err != nil:
			wrong = append(wrong, err.Error())
		default:
			rows = append(rows, r)
		}
	}
}

func TestATableIsRead(t *testing.T) {
	table, err := Open(strings.NewReader("\xef\xbb\xbfPRS_firstname__c,vic_TypeOfExploitation,vic_MethodsOfControl,Id,prs_Gender\nAna,Forced labour;SexualExploitation,RestrictsMovement,007,Feminine\nZuleyka,Slavery,,1,\n,,,2,\nEva,\"ForcedLabour\",,3\n\"x,,\n"), known)
	if err != nil || len(table.Unknown) != 1 || table.Unknown[0] != "Id" {
		t.Fatal(err, table)
	}
	rows, wrong := all(table)
	if len(rows) != 2 || !slices.Equal(rows[0]["vic_TypeOfExploitation"], []string{"ForcedLabour", "SexualExploitation"}) || rows[0]["prs_FirstName"][0] != "Ana" {
		t.Error(rows)
	}
	if len(wrong) != 3 || strings.Contains(strings.Join(wrong, ""), "Zuleyka") || strings.Contains(strings.Join(wrong, ""), "Slavery") {
		t.Error(wrong)
	}
	for _, bad := range []string{"", "a,b\n1,2\n", "prs_FirstName,PRS_FIRSTNAME__c\n", strings.Repeat("a,", 600) + "\n"} {
		if _, err := Open(strings.NewReader(bad), known); !errors.Is(err, ErrTable) {
			t.Errorf("%.20q: %v", bad, err)
		}
	}
}

func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var want []Row
		for range rapid.IntRange(0, 5).Draw(t, "rows") {
			r := Row{"prs_FirstName": {strings.TrimSpace("x" + strings.ReplaceAll(rapid.String().Draw(t, "name"), "\r", ""))}}
			for _, f := range []string{"vic_TypeOfExploitation", "vic_MethodsOfControl", "spl_Type"} {
				list := rapid.SliceOfNDistinct(rapid.SampledFrom(lists[f]), 0, 3, func(s string) string { return s }).Draw(t, f)
				if len(list) > 0 {
					r[f] = list
				}
			}
			want = append(want, r)
		}
		var b bytes.Buffer
		if err := Write(&b, []string{"prs_FirstName"}, want); err != nil {
			t.Fatal(err)
		}
		table, err := Open(&b, known)
		if err != nil {
			t.Fatal(err)
		}
		got, wrong := all(table)
		if len(wrong) > 0 || !slices.EqualFunc(got, want, func(a, b Row) bool { return maps.EqualFunc(a, b, slices.Equal) }) {
			t.Fatalf("%v %q, want %q", wrong, got, want)
		}
	})
}

func FuzzTable(f *testing.F) {
	f.Add("prs_FirstName,vic_TypeOfExploitation\nAna,ForcedLabour\n")
	f.Add("prs_Gender\n\"Feminine\n")
	f.Fuzz(func(t *testing.T, text string) {
		table, err := Open(strings.NewReader(text), known)
		if err != nil {
			return
		}
		rows, _ := all(table)
		for _, r := range rows {
			if len(r) == 0 {
				t.Fatal("an empty row was taken")
			}
		}
	})
}

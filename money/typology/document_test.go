package typology_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"tarir/money/typology"
)

var update = flag.Bool("update", false, "write docs/indicators.md")

// TestIndicatorsDocument keeps the tables of docs/indicators.md those of the shipped pack.
func TestIndicatorsDocument(t *testing.T) {
	const path = "../../docs/indicators.md"
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const mark = "<!-- from here on written by go test ./money/typology -run Document -update -->\n"
	head, _, found := strings.Cut(string(b), mark)
	if !found {
		t.Fatalf("%s has no line %q", path, strings.TrimSpace(mark))
	}
	want := head + mark + tables(typology.Default())
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(b) != want {
		t.Errorf("%s is not that of the pack: go test ./money/typology -run Document -update", path)
	}
}

func tables(p *typology.Pack) string {
	var b strings.Builder
	b.WriteString("\n## Indicators\n\nP payments, J journeys and bookings, A adverts and posts, E entities and accounts.\n")
	for _, stage := range []string{"recruitment", "transport", "exploitation", "money"} {
		fmt.Fprintf(&b, "\n### %s%s\n\n| id | name | data | rule | source | points to | assessed by |\n|---|---|---|---|---|---|---|\n", strings.ToUpper(stage[:1]), stage[1:])
		for _, id := range p.IndicatorIDs() {
			if i := p.Indicators[id]; i.Stage == stage {
				assessed := i.Assessed
				if i.PartOf != "" {
					assessed += " (a case of " + i.PartOf + ")"
				}
				fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", id, cell(i.Name), i.Data, cell(i.Rule), cell(i.Source), cell(i.Role), cell(assessed))
			}
		}
	}
	b.WriteString("\n## Typologies and their parameters\n")
	for _, name := range p.TypologyNames() {
		y := p.Typologies[name]
		fmt.Fprintf(&b, "\n### %s\n\n%s Stage: %s. Indicators: %s.\n\n| parameter | value | unit | source |\n|---|---|---|---|\n", name, y.Summary, y.Stage, strings.Join(y.Indicators, ", "))
		keys := make([]string, 0, len(y.Params))
		for k := range y.Params {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			v := y.Params[k]
			fmt.Fprintf(&b, "| %s | %g | %s | %s |\n", k, v.Value, cell(v.Unit), cell(v.Source))
		}
	}
	return b.String()
}

func cell(s string) string { return strings.ReplaceAll(s, "|", "\\|") }

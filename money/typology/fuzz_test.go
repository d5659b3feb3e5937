package typology_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"tarir/money/flow"
	"tarir/money/typology"
)

// FuzzParsePack feeds any text to the reader of indicator packs: it refuses it, or gives a pack that can be run.
func FuzzParsePack(f *testing.F) {
	f.Add("[typology.fan_in.params]\nwindow_days = { value = 14, source = 'our review' }")
	f.Add("[engine]\nhub_counterparties = { value = 2, source = 'x' }\n[[amount]]\nuse='route_price'\nname='x'\ncurrency='EUR'\nlow=1\nhigh=2\nsource='x'")
	f.Add("[typology.cycle]\noff = true\nweight = 0.5\n[category.lodging]\nmcc=['7011']\nsource='x'")
	f.Add(strings.Join(strings.Split(typology.DefaultPack, "\n")[:40], "\n"))
	g := storyGraph(f)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := typology.ParsePack(text)
		if err != nil {
			return
		}
		if _, err := typology.Run(context.Background(), g, p, typology.Options{}); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzPackNumbers runs the shipped pack with one number replaced by any other that the reader of packs takes: an
// analyst's slip of the pen must not stop an analysis.
func FuzzPackNumbers(f *testing.F) {
	d := typology.Default()
	type place struct{ typology, param string }
	var places []place
	for _, k := range slices.Sorted(maps.Keys(d.Engine)) {
		places = append(places, place{"", k})
	}
	for _, name := range d.TypologyNames() {
		for _, k := range slices.Sorted(maps.Keys(d.Typologies[name].Params)) {
			places = append(places, place{name, k})
		}
	}
	values := []float64{0, 0.3, 1, 7, 1e5, 1e300}
	for i := range places { // two of them at each place; the rest is what fuzzing is for
		f.Add(uint(i), values[i%len(values)])
		f.Add(uint(i), values[(i+3)%len(values)])
	}
	g := storyGraph(f)
	f.Fuzz(func(t *testing.T, i uint, v float64) {
		at := places[i%uint(len(places))]
		line := fmt.Sprintf("%s = { value = %g, source = 'a test' }\n", at.param, v)
		section := "[engine]\n"
		if at.typology != "" {
			section = "[typology." + at.typology + ".params]\n"
		}
		p, err := typology.ParsePack(section + line)
		if err != nil {
			return
		}
		if _, err := typology.Run(context.Background(), g, p, typology.Options{}); err != nil {
			t.Fatal(err)
		}
	})
}

// storyGraph is the graph of an ordinary life with every pattern in it.
func storyGraph(t testing.TB) *flow.Graph {
	t.Helper()
	s := &story{t: t}
	s.ordinary()
	for _, p := range patterns {
		p.tell(s, p.enough)
	}
	return s.graph()
}

package casework

import (
	_ "embed" // presets.toml
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

//go:embed presets.toml
var presetsText []byte

// ErrPreset says that there is no operation of a name.
var ErrPreset = errors.New("there is no such operation")

// Preset is an operation of the past, by public figures.
type Preset struct {
	Title     string         `toml:"title"`
	From      time.Time      `toml:"from"`
	To        time.Time      `toml:"to"`
	Countries []string       `toml:"countries"`
	Source    string         `toml:"source"`
	Figures   []PresetFigure `toml:"figures"`
}

// PresetFigure is a number of a release, as of a day.
type PresetFigure struct {
	Measure  string            `toml:"measure"`
	Number   int64             `toml:"number"`
	Amount   string            `toml:"amount"`
	Currency string            `toml:"currency"`
	At       time.Time         `toml:"at"`
	Tags     map[string]string `toml:"tags"`
	About    string            `toml:"about"` // how the release says it, where the number is not exact
}

func presets() (map[string]Preset, error) {
	var out map[string]Preset
	if _, err := toml.Decode(string(presetsText), &out); err != nil {
		return nil, fmt.Errorf("read the presets: %w", err)
	}
	return out, nil
}

// Presets are the names of the operations that can be replayed.
func Presets() ([]string, error) {
	all, err := presets()
	return slices.Sorted(maps.Keys(all)), err
}

// PresetOf is a preset and what would have been reported: each record has an id of its own, and each batch of checks is one.
func PresetOf(name string) (*Preset, []Report, error) {
	all, err := presets()
	if err != nil {
		return nil, nil, err
	}
	p, ok := all[name]
	if !ok {
		return nil, nil, fmt.Errorf("%w as %q: %s", ErrPreset, name, strings.Join(slices.Sorted(maps.Keys(all)), ", "))
	}
	var out []Report
	for i, f := range p.Figures {
		m := MeasureOf(f.Measure)
		if m == nil {
			return nil, nil, fmt.Errorf("%w: %s counts %q", ErrPreset, name, f.Measure)
		}
		r := Report{Measure: f.Measure, At: f.At.UTC(), Tags: f.Tags}
		switch {
		case m.Amount:
			r.Record, r.Amount, r.Currency = fmt.Sprintf("%s/%s/%d", name, f.Measure, i+1), f.Amount, f.Currency
			out = append(out, r)
		case m.Bulk:
			r.Record, r.Number = fmt.Sprintf("%s/%s/%d", name, f.Measure, i+1), f.Number
			out = append(out, r)
		default:
			for k := range f.Number {
				r.Record = fmt.Sprintf("%s/%s/%d-%04d", name, f.Measure, i+1, k+1)
				out = append(out, r)
			}
		}
	}
	return &p, out, nil
}

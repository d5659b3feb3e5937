package typology

import (
	"strings"
	"testing"
)

func TestEveryTypologyBuildsFromTheShippedPack(t *testing.T) {
	p := Default()
	for name, b := range builders {
		if _, ok := p.Typologies[name]; !ok {
			t.Errorf("typology %s has a detector and no section in default.toml", name)
			continue
		}
		b.build(params{typology: name, pack: p}) // panics where a parameter is missing
	}
}

func TestEveryIndicatorOfPaymentsIsAssessed(t *testing.T) {
	p := Default()
	if len(p.Indicators) < 82 {
		t.Fatalf("%d indicators", len(p.Indicators))
	}
	for id, ind := range p.Indicators {
		if ind.Data != "P" || strings.HasPrefix(ind.Assessed, "not assessable") {
			continue
		}
		if len(p.Uses(id)) == 0 {
			t.Errorf("indicator %s needs payments alone and no typology assesses it", id)
		}
	}
}

func TestPackMistakesAreNamed(t *testing.T) {
	for text, want := range map[string]string{
		"[typology.fan_inn]\nstage='money'":                                                    `no typology "fan_inn"`,
		"[typology.fan_in.params]\nwindow = { value = 3, source = 'x' }":                       `no parameter "window"`,
		"[typology.fan_in.params]\nwindow_days = { value = 3 }":                                "has no source",
		"[typology.fan_in.params]\nwindow_days = { value = -3, source = 'x' }":                 "must be from 0 to 36500",
		"[typology.fan_in.params]\nwindow_days = { value = nan, source = 'x' }":                "must be from 0 to 36500",
		"[typology.fan_in.params]\nwindow_days = { value = 48, unit = 'hours', source = 'x' }": "is in days, not in hours",
		"[engine]\nhubs = { value = 3, source = 'x' }":                                         `no parameter "hubs"`,
		"[typology.fan_in]\nindicators = ['Z99']":                                              "Z99, which is not defined",
		"colour = 'red'": "unknown key",
		"[[amount]]\nuse='route_price'\nname='x'\ncurrency='ZZZ'\nlow=1\nhigh=2\nsource='x'": "known currency",
		"[[": "read indicator pack",
	} {
		if _, err := ParsePack(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error with %q", text, err, want)
		}
	}
}

func TestAPackMayHoldOnlyWhatDiffers(t *testing.T) {
	p, err := ParsePack("[typology.fan_in.params]\nwindow_days = { value = 14, source = 'our review' }")
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Typologies["fan_in"].Params["window_days"].Value; got != 14 {
		t.Errorf("window_days = %v", got)
	}
	if got := p.Typologies["fan_in"].Params["min_counterparties"].Value; got != 5 {
		t.Errorf("min_counterparties = %v", got)
	}
}

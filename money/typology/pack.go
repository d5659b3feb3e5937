package typology

import (
	_ "embed"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/BurntSushi/toml"

	"tarir/money/ledger"
)

// DefaultPack is the indicator pack shipped with Tarir, as text.
//
//go:embed default.toml
var DefaultPack string

// Pack is an indicator pack: what is looked for, with which numbers, and where each comes from.
type Pack struct {
	Version    int                  `toml:"version"`
	Name       string               `toml:"name"`
	Engine     map[string]Param     `toml:"engine"`
	Typologies map[string]Typology  `toml:"typology"`
	Indicators map[string]Indicator `toml:"indicator"`
	Amounts    []Amount             `toml:"amount"`
	Categories map[string]Category  `toml:"category"`
}

// Typology is one shape or habit.
type Typology struct {
	Summary    string           `toml:"summary" json:"summary"`
	Stage      string           `toml:"stage" json:"stage"`
	Alone      bool             `toml:"alone" json:"alone"`   // reported, weak, even with no other indicator beside it
	Weight     float64          `toml:"weight" json:"weight"` // 0 to 1: what it adds to a finding's score
	Indicators []string         `toml:"indicators" json:"indicators"`
	Off        bool             `toml:"off" json:"off"`
	Data       string           `toml:"data" json:"data"` // kinds of data it looks at; empty: payments alone
	Params     map[string]Param `toml:"params" json:"params"`
}

// Param is a number with its unit and its source.
type Param struct {
	Value  float64 `toml:"value" json:"value"`
	Unit   string  `toml:"unit" json:"unit,omitempty"`
	Source string  `toml:"source" json:"source"`
}

// Indicator is a published or own indicator, by the ids of the field guide.
type Indicator struct {
	Name     string `toml:"name" json:"name"`
	Stage    string `toml:"stage" json:"stage"`
	Data     string `toml:"data" json:"data"` // kinds it needs: P payments, J journeys, A adverts, E entities
	Rule     string `toml:"rule" json:"rule"`
	Source   string `toml:"source" json:"source"`
	Role     string `toml:"role" json:"role"`                 // whom it points to; victim is always among the possible roles
	PartOf   string `toml:"part_of" json:"part_of,omitempty"` // indicator of which this is a case: the two count as one
	Assessed string `toml:"assessed" json:"assessed"`         // typology, or why it is not assessed from payments
}

// Amount is a sum of money with a meaning: a reporting threshold, a route's price.
type Amount struct {
	Use      string  `toml:"use" json:"use"`
	Name     string  `toml:"name" json:"name"`
	Currency string  `toml:"currency" json:"currency"`
	Low      float64 `toml:"low" json:"low"`
	High     float64 `toml:"high" json:"high"`
	Source   string  `toml:"source" json:"source"`
}

// Category is a group of merchant category codes (ISO 18245).
type Category struct {
	MCC    []string `toml:"mcc" json:"mcc"`
	Source string   `toml:"source" json:"source"`
}

// Default is the pack shipped with Tarir.
func Default() *Pack {
	p, err := ParsePack(DefaultPack)
	if err != nil {
		panic("typology: the shipped indicator pack is broken: " + err.Error())
	}
	return p
}

// ParsePack reads a pack and checks it: every key known, every number with a source, every indicator named defined.
// What a pack leaves out is taken from the shipped one, so an analyst's file may hold only what differs.
func ParsePack(text string) (*Pack, error) {
	var p Pack
	md, err := toml.Decode(text, &p)
	if err != nil {
		return nil, fmt.Errorf("read indicator pack: %w", err)
	}
	if un := md.Undecoded(); len(un) > 0 {
		return nil, fmt.Errorf("read indicator pack: unknown key %s", un[0])
	}
	if text != DefaultPack {
		if err := p.inherit(Default()); err != nil {
			return nil, err
		}
	}
	return &p, p.check()
}

func (p *Pack) inherit(d *Pack) error {
	if p.Version == 0 {
		p.Version = d.Version
	}
	if err := sameUnits("engine", p.Engine, d.Engine); err != nil {
		return err
	}
	p.Engine = fill(p.Engine, d.Engine)
	p.Indicators = fill(p.Indicators, d.Indicators)
	p.Categories = fill(p.Categories, d.Categories)
	uses := map[string]bool{}
	for _, a := range p.Amounts {
		uses[a.Use] = true
	}
	for _, a := range d.Amounts {
		if !uses[a.Use] {
			p.Amounts = append(p.Amounts, a)
		}
	}
	if p.Typologies == nil {
		p.Typologies = map[string]Typology{}
	}
	for name, t := range p.Typologies {
		base, ok := d.Typologies[name]
		if !ok {
			return fmt.Errorf("read indicator pack: there is no typology %q; tarir indicators list shows them", name)
		}
		if err := sameUnits(name, t.Params, base.Params); err != nil {
			return err
		}
		t.Params = fill(t.Params, base.Params)
		if t.Summary == "" {
			t.Summary = base.Summary
		}
		if t.Stage == "" {
			t.Stage = base.Stage
		}
		if t.Indicators == nil {
			t.Indicators = base.Indicators
		}
		if t.Data != "" && t.Data != base.Data {
			return fmt.Errorf("read indicator pack: %s looks at %s; that cannot be changed", name, base.Data)
		}
		t.Data = base.Data
		if t.Weight == 0 {
			t.Weight, t.Alone = base.Weight, base.Alone || t.Alone
		}
		p.Typologies[name] = t
	}
	p.Typologies = fill(p.Typologies, d.Typologies)
	return nil
}

// sameUnits gives the numbers of a pack the units of the shipped one and refuses another: 48 where days are meant is not
// 48 hours.
func sameUnits(section string, have, base map[string]Param) error {
	for _, k := range keys(have) {
		v := have[k]
		switch b, ok := base[k]; {
		case !ok:
			return fmt.Errorf("read indicator pack: %s has no parameter %q; it has %s", section, k, strings.Join(keys(base), ", "))
		case v.Unit == "":
			v.Unit = b.Unit
			have[k] = v
		case v.Unit != b.Unit:
			return fmt.Errorf("read indicator pack: %s.%s is in %s, not in %s; write the number in %[3]s", section, k, b.Unit, v.Unit)
		}
	}
	return nil
}

// maxAmount is the largest sum that a pack may name, in major units.
const maxAmount = 1e9

// bounds of a number by its unit: beyond them it is a slip of the pen, and searches would not end.
func bounds(name, unit string) (least, most float64) {
	switch {
	case name == "max_hops" || name == "ring_max_hops":
		return 0, maxHops
	case unit == "hours from UTC":
		return -12, 14
	case unit == "hour":
		return 0, 24
	case strings.HasPrefix(unit, "days"):
		return 0, 36_500
	case unit == "hours":
		return 0, 24 * 36_500
	case unit == "share of the payment before", unit == "out/in":
		return 0, 10
	case strings.HasPrefix(unit, "share"), unit == "probability", unit == "score":
		return 0, 1
	case name == "max_known", unit == "ways":
		return 0, 1_000_000
	}
	return 1, 1_000_000 // of none of them all would be found
}

func fill[V any](m, from map[string]V) map[string]V {
	if m == nil {
		m = map[string]V{}
	}
	for k, v := range from {
		if _, ok := m[k]; !ok {
			m[k] = v
		}
	}
	return m
}

func keys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

func (p *Pack) check() error {
	number := func(section, name string, v Param) error {
		if v.Source == "" {
			return fmt.Errorf("read indicator pack: %s.%s has no source; write where the number comes from, or \"our default\"", section, name)
		}
		if least, most := bounds(name, v.Unit); !(v.Value >= least && v.Value <= most) { // so that what is not a number fails too
			return fmt.Errorf("read indicator pack: %s.%s is %g %s; it must be from %g to %g", section, name, v.Value, v.Unit, least, most)
		}
		return nil
	}
	for _, k := range keys(p.Engine) {
		if err := number("engine", k, p.Engine[k]); err != nil {
			return err
		}
	}
	for _, name := range keys(p.Typologies) {
		t := p.Typologies[name]
		for _, k := range keys(t.Params) {
			if err := number(name, k, t.Params[k]); err != nil {
				return err
			}
		}
		for _, id := range t.Indicators {
			if _, ok := p.Indicators[id]; !ok {
				return fmt.Errorf("read indicator pack: typology %s names the indicator %s, which is not defined", name, id)
			}
		}
		if t.Weight < 0 || t.Weight > 1 {
			return fmt.Errorf("read indicator pack: the weight of %s is not between 0 and 1", name)
		}
		if _, ok := builders[name]; !ok && t.Data == "" {
			return fmt.Errorf("read indicator pack: there is no typology %q", name)
		}
	}
	for _, a := range p.Amounts {
		if a.Source == "" || !ledger.KnownCurrency(a.Currency) || !(0 <= a.Low && a.Low <= a.High && a.High <= maxAmount) {
			return fmt.Errorf("read indicator pack: amount %s %q needs a known currency, 0 ≤ low ≤ high ≤ %g and a source", a.Use, a.Name, maxAmount)
		}
	}
	for _, k := range keys(p.Categories) {
		if p.Categories[k].Source == "" {
			return fmt.Errorf("read indicator pack: category %s has no source", k)
		}
	}
	return nil
}

// params gives a detector its numbers by name; a name that the pack lacks is a mistake of ours.
type params struct {
	typology string
	pack     *Pack
	used     map[string][]Amount // filled with the amounts that each typology compares payments with; may be nil
}

func (p params) num(name string) float64 { return p.pack.Num(p.typology, name) }

func (p params) int(name string) int        { return int(p.num(name)) }
func (p params) days(name string) int64     { return seconds(p.num(name) * 86400) }
func (p params) hours(name string) int64    { return seconds(p.num(name) * 3600) }
func (p params) category(n string) []string { return p.pack.Categories[n].MCC }

// seconds of a window: at least one, as none would hold not even the payment that opens it.
func seconds(s float64) int64 { return max(1, int64(s)) }

// amounts lists the pack's amounts of one use.
func (p params) amounts(use string) []Amount {
	var out []Amount
	for _, a := range p.pack.Amounts {
		if a.Use == use {
			out = append(out, a)
		}
	}
	if p.used != nil {
		p.used[p.typology] = append(p.used[p.typology], out...)
	}
	return out
}

// Num is a parameter of a typology; a name that the pack lacks is a mistake of the program.
func (p *Pack) Num(typology, name string) float64 {
	v, ok := p.Typologies[typology].Params[name]
	if !ok {
		panic("typology: " + typology + " has no parameter " + name)
	}
	return v.Value
}

// different counts indicators, those that are a case of another among them as one with it.
func (p *Pack) different(ids []string) int {
	n := 0
	for _, id := range ids {
		if whole := p.Indicators[id].PartOf; whole == "" || !slices.Contains(ids, whole) {
			n++
		}
	}
	return n
}

func (p *Pack) engine(name string) float64 {
	v, ok := p.Engine[name]
	if !ok {
		panic("typology: the pack has no engine." + name)
	}
	return v.Value
}

// builder makes a detector from a pack and says which fields it needs.
type builder struct {
	needs need
	build func(p params) detector
}

// need lists the fields without which a typology cannot be assessed.
type need uint8

const (
	needTime need = 1 << iota
	needMCC
	needPlace
	needDevice
	needPurpose
	needCash
	needCrypto
)

var needNames = []struct {
	n    need
	text string
}{
	{needTime, "times of day"},
	{needMCC, "merchant category codes"},
	{needPlace, "places"},
	{needDevice, "devices"},
	{needPurpose, "purposes of payment"},
	{needCash, "cash channels"},
	{needCrypto, "crypto channels"},
}

func (n need) missing(f fields) []string {
	have := []bool{f.time, f.mcc, f.place, f.device, f.purpose, f.cash, f.crypto}
	var out []string
	for i, x := range needNames {
		if n&x.n != 0 && !have[i] {
			out = append(out, x.text)
		}
	}
	return out
}

// IndicatorIDs lists the pack's indicators in order.
func (p *Pack) IndicatorIDs() []string { return keys(p.Indicators) }

// TypologyNames lists the pack's typologies in order.
func (p *Pack) TypologyNames() []string { return keys(p.Typologies) }

// Uses lists the typologies that assess an indicator.
func (p *Pack) Uses(indicator string) []string {
	var out []string
	for _, name := range p.TypologyNames() {
		if slices.Contains(p.Typologies[name].Indicators, indicator) {
			out = append(out, name)
		}
	}
	return out
}

package message_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tarir/explain"
	"tarir/message"
	"tarir/money/typology"
	"tarir/network"
	"tarir/signal"
)

var braces = regexp.MustCompile(`\{[a-z_]+\}`)

func language(t *testing.T, code string) *message.Language {
	t.Helper()
	l, err := message.For(code)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// sentences are all reasons in English; a code that two packages give would be told by one of them wrongly.
func sentences(t *testing.T) explain.Catalog {
	t.Helper()
	all := explain.Catalog{}
	for _, c := range []explain.Catalog{typology.Sentences(), signal.Sentences(), network.Sentences()} {
		for code, text := range c {
			if _, ok := all[code]; ok {
				t.Errorf("two packages have a reason %s", code)
			}
			all[code] = text
		}
	}
	return all
}

func TestEveryLanguageSaysEverything(t *testing.T) {
	want := map[string][]string{} // the braces of each key
	for code, text := range sentences(t) {
		want["reason."+code] = params(text)
	}
	english := language(t, "en")
	for _, k := range english.Keys() {
		want[k] = params(english.Text(k))
	}
	p := typology.Default()
	for _, name := range p.TypologyNames() {
		want["typology."+name], want["summary."+name] = nil, nil
	}
	for _, id := range p.IndicatorIDs() {
		want["indicator."+id] = nil
	}
	for _, s := range []string{"recruitment", "transport", "exploitation", "money"} {
		want["stage."+s] = nil
	}
	for _, code := range message.Codes[1:] {
		l := language(t, code)
		have := l.Keys()
		for _, k := range slices.Sorted(maps.Keys(want)) {
			if !slices.Contains(have, k) {
				t.Errorf("%s says nothing for %s", code, k)
			} else if got := params(l.Text(k)); !slices.Equal(got, want[k]) {
				t.Errorf("%s: %s has %v, want %v", code, k, got, want[k])
			}
		}
		for _, k := range have {
			if _, ok := want[k]; !ok && !strings.HasPrefix(k, "role.") && !strings.HasPrefix(k, "act.") && !strings.HasPrefix(k, "mode.") && !strings.HasPrefix(k, "channel.") && !strings.HasPrefix(k, "kind.") && !strings.HasPrefix(k, "stage.") {
				t.Errorf("%s has %s, which nothing asks for", code, k)
			}
		}
	}
}

func params(text string) []string {
	list := braces.FindAllString(text, -1)
	slices.Sort(list)
	return slices.Compact(list)
}

func TestAReasonIsToldInEachLanguageFromItsCodeAndNumbers(t *testing.T) {
	r := explain.Catalog{"subject": "Subject of a finding: {typology}."}.Say("subject", "typology", "payroll skimming")
	for code, want := range map[string]string{
		"en": "Subject of a finding: payroll skimming.", "fr": "Sujet d'un constat : salaires reversés.", "es": "Sujeto de un hallazgo: salarios entregados.", "ar": "المعني بنتيجة: \u2068أجور مسلَّمة\u2069.",
	} {
		if got := language(t, code).Reason(r); got != want {
			t.Errorf("%s: %q, want %q", code, got, want)
		}
	}
}

func TestAnUnknownLanguageIsRefused(t *testing.T) {
	if _, err := message.For("xx"); err == nil || !strings.Contains(err.Error(), "en, fr, es and ar") {
		t.Errorf("%v", err)
	}
}

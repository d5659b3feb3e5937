package pages

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"tarir/message"
	"tarir/money/ledger"
)

func TestNumbersMoneyAndDatesAsEachLanguageWritesThem(t *testing.T) {
	at := time.Date(2026, 11, 6, 7, 5, 0, 0, time.FixedZone("", 3600))
	for lang, want := range map[string][3]string{
		"en": {"1,234,567", "−1,234.50\u00a0EUR", "6 Nov 2026, 06:05 UTC"},
		"fr": {"1\u202f234\u202f567", "−1\u202f234,50\u00a0EUR", "6 nov. 2026, 06:05 UTC"},
		"es": {"1.234.567", "−1.234,50\u00a0EUR", "6 nov. 2026, 6:05 UTC"},
		"ar": {"1,234,567", "−1,234.50\u00a0EUR", "06\u200f/11\u200f/2026, 6:05 ص UTC"},
	} {
		v := &view{Lang: lang}
		if got := [3]string{v.Number(1234567), v.Money(ledger.Money{Units: -123450, Scale: 2, Currency: "EUR"}), v.Time(at)}; got != want {
			t.Errorf("%s: %q, want %q", lang, got, want)
		}
		if v.Time(time.Time{}) != "" || v.At(time.Time{}) != "" {
			t.Errorf("%s writes a time that is none", lang)
		}
	}
}

// TestEveryFieldIsCalledByItsName: of Tarir and of FollowTheMoney; codes are no names, and stay.
func TestEveryFieldIsCalledByItsName(t *testing.T) {
	l, err := message.For("en")
	if err != nil {
		t.Fatal(err)
	}
	v := &view{L: l, Lang: "en"}
	for way, want := range map[string]string{
		"birth_date": "Date of birth", "properties.birthDate": "What is said · Date of birth", "properties.imoNumber": "What is said · imo number",
		"other_sums.EUR": "other sums · EUR", "lots.0": "lots · 1",
	} {
		if got := v.field(way); got != want {
			t.Errorf("%s is called %q, want %q", way, got, want)
		}
	}
}

// TestNoDigitIsLost: what is written has the digits of the decimal, in every language.
func TestNoDigitIsLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := ledger.Money{Units: rapid.Int64().Draw(t, "units"), Scale: uint8(rapid.IntRange(0, 9).Draw(t, "scale")), Currency: "USD"}
		digits := func(s string) (out string) {
			for _, r := range s {
				if r >= '0' && r <= '9' {
					out += string(r)
				}
			}
			return out
		}
		for lang := range writing {
			if got := decimal(lang, m.Decimal()); digits(got) != digits(m.Decimal()) {
				t.Fatalf("%s: %s becomes %s", lang, m.Decimal(), got)
			}
		}
	})
}

// TestADiffHasBothTexts: what stayed and what went is the old text, what stayed and what came the new one.
func TestADiffHasBothTexts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("ab é\nش ")))
		before, after := text.Draw(t, "before"), text.Draw(t, "after")
		var a, b string
		for _, c := range diffWords(before, after) {
			if c.Kind != "new" {
				a += c.Text
			}
			if c.Kind != "old" {
				b += c.Text
			}
		}
		if a != before || b != after {
			t.Fatalf("%q and %q of %q and %q", a, b, before, after)
		}
	})
}

package pages

import (
	"html/template"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/go-playground/locales"
	"github.com/go-playground/locales/ar"
	"github.com/go-playground/locales/en_GB"
	"github.com/go-playground/locales/es"
	"github.com/go-playground/locales/fr"

	"tarir/money/ledger"
)

// Numbers, money and dates as each language writes them, by the Unicode Common Locale Data Repository. Digits are Latin in all four, as they are in the records.

var writing = map[string]locales.Translator{"en": en_GB.New(), "fr": fr.New(), "es": es.New(), "ar": ar.New()}

// separators are the sign between groups of three digits and the one before decimals.
func separators(lang string) (group, point string) {
	if lang == "ar" { // those of the repository go with Arabic-Indic digits
		return ",", "."
	}
	s := writing[lang].FmtNumber(1111.5, 1)
	i, j := strings.Index(s, "111"), strings.LastIndex(s, "111")
	return s[1:i], strings.TrimSuffix(s[j+3:], "5")
}

// decimal writes an exact decimal with a point.
func decimal(lang, s string) string {
	group, point := separators(lang)
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "−", s[1:]
	}
	whole, part, _ := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + group + whole[i:]
	}
	if part != "" {
		part = point + part
	}
	return sign + whole + part
}

// Number writes a whole number.
func (v *view) Number(n any) string {
	switch n := n.(type) {
	case int:
		return decimal(v.Lang, strconv.Itoa(n))
	case int64:
		return decimal(v.Lang, strconv.FormatInt(n, 10))
	case int32:
		return decimal(v.Lang, strconv.Itoa(int(n)))
	}
	return ""
}

// Money writes an amount with the code of its currency, which is never taken for another dollar's sign.
func (v *view) Money(m ledger.Money) string { return v.Amount(m.Decimal(), m.Currency) }

// Amount writes a decimal as it stands in a record.
func (v *view) Amount(amount, currency string) string {
	if amount == "" {
		return ""
	}
	return decimal(v.Lang, amount) + "\u00a0" + currency
}

// Day writes a day; empty for none.
func (v *view) Day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return writing[v.Lang].FmtDateMedium(t.UTC())
}

// Time writes a time where the reader is, and says where that is; empty for none. Who did not tell where they are reads UTC.
func (v *view) Time(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	zone := v.Zone
	if zone == nil {
		zone = time.UTC
	}
	here := t.In(zone)
	name := here.Format("MST")
	if name[0] == '+' || name[0] == '-' { // a zone without a name of its own
		name = "UTC" + here.Format("-07:00")
	}
	return writing[v.Lang].FmtDateMedium(here) + ", " + writing[v.Lang].FmtTimeShort(here) + " " + name
}

// At writes a time as an element that programs can read, too.
func (v *view) At(t time.Time) template.HTML {
	if t.IsZero() {
		return ""
	}
	return template.HTML(`<time datetime="` + t.UTC().Format(time.RFC3339) + `">` + template.HTMLEscapeString(v.Time(t)) + `</time>`) //nolint:gosec // escaped
}

// Seconds is a time of so many seconds since 1970.
func (v *view) Seconds(s int64) template.HTML {
	if s == 0 {
		return ""
	}
	return v.At(time.Unix(s, 0))
}

// Decimal writes a decimal as it stands in a record.
func (v *view) Decimal(s string) string { return decimal(v.Lang, s) }

// Clock writes a deadline with how long it is until then; a page that is open counts on.
func (v *view) Clock(t time.Time) template.HTML {
	return template.HTML(`<time data-clock datetime="` + t.UTC().Format(time.RFC3339) + `">` + template.HTMLEscapeString(v.Time(t)) + `</time>`) //nolint:gosec // escaped
}

// Percent writes a share from 0 to 1 as a whole number of hundredths.
func (v *view) Percent(share float64) string {
	return writing[v.Lang].FmtPercent(math.Floor(100*share), 0)
}

package entity

import (
	"strings"
	"sync"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// Country gives the two-letter code (ISO 3166-1) of a country told by its two- or three-letter code, in upper case; what
// is no code is returned as it is.
func Country(s string) string {
	s = strings.ToUpper(strings.TrimSpace(s))
	switch s {
	case "D": // as passports of Germany print it
		return "DE"
	case "UK":
		return "GB"
	}
	if len(s) == 2 || len(s) == 3 {
		if r, err := language.ParseRegion(s); err == nil && r.IsCountry() {
			return r.String()
		}
	}
	return s
}

// EachCountryName calls yield with the names of countries in the languages of what is read most, and their two-letter codes. The names
// are those of the Unicode CLDR, and a few more that are in use.
func EachCountryName(yield func(name, code string)) {
	for _, tag := range []language.Tag{language.English, language.French, language.Spanish, language.German, language.Italian, language.Portuguese, language.Dutch, language.Russian, language.Arabic, language.Turkish, language.Polish} {
		namer := display.Regions(tag)
		for a := 'A'; a <= 'Z'; a++ {
			for b := 'A'; b <= 'Z'; b++ {
				code := string([]rune{a, b})
				if r, err := language.ParseRegion(code); err == nil && r.IsCountry() && r.String() == code {
					yield(namer.Name(r), code)
				}
			}
		}
	}
	for name, code := range map[string]string{
		"UK": "GB", "USA": "US", "U.S.A.": "US", "United States of America": "US", "England": "GB", "Scotland": "GB", "Great Britain": "GB", "Britain": "GB", "United Kingdom of Great Britain and Northern Ireland": "GB", "DPRK": "KP",
		"Democratic People's Republic of Korea": "KP", "Korea, North": "KP", "Korea, South": "KR", "Republic of Korea": "KR", "Korea": "KR", "PRC": "CN", "People's Republic of China": "CN", "UAE": "AE", "Holland": "NL", "Nederland": "NL",
		"Schweiz": "CH", "Svizzera": "CH", "Deutschland": "DE", "Burma": "MM", "Ivory Coast": "CI", "Turkey": "TR", "Russian Federation": "RU", "Syrian Arab Republic": "SY", "Islamic Republic of Iran": "IR", "Iran (Islamic Republic of)": "IR",
		"Democratic Republic of the Congo": "CD", "Congo, Democratic Republic of the": "CD", "Congo, Republic of the": "CG", "Libyan Arab Jamahiriya": "LY", "United Republic of Tanzania": "TZ", "Czech Republic": "CZ", "Viet Nam": "VN",
		"Hong Kong": "HK", "China, Hong Kong Special Administrative Region": "HK", "Macau": "MO", "Macao": "MO", "Virgin Islands, British": "VG", "Macedonia, The Former Yugoslav Republic of": "MK", "Congo": "CG",
		"Bolivarian Republic of Venezuela": "VE", "Republic of Moldova": "MD", "Palestine": "PS", "Palestinian": "PS", "St. Vincent and the Grenadines": "VC", "State of Palestine": "PS", "Gambia, The": "GM", "Bahamas, The": "BS", "Brunei Darussalam": "BN", "Lao People's Democratic Republic": "LA",
	} {
		yield(name, code)
	}
}

var named = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	EachCountryName(func(name, code string) {
		if k := countryKey(name); k != "" && out[k] == "" { // a code that is no longer in use may have no name
			out[k] = code
		}
	})
	return out
})

// CountryNamed gives the two-letter code of a country told by a code or by its name; empty where it is neither.
func CountryNamed(s string) string {
	s = strings.TrimSpace(s)
	if c := Country(s); len(c) == 2 {
		if r, err := language.ParseRegion(c); err == nil && r.IsCountry() {
			return c
		}
	}
	return named()[countryKey(s)]
}

// countryKey is a country's name without what is written in several ways.
func countryKey(s string) string {
	s = strings.NewReplacer("&", "and", ".", "", "’", "'", "saint ", "st ").Replace(fold(s))
	return strings.TrimPrefix(strings.Join(strings.Fields(s), " "), "the ")
}

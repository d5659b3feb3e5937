package entity

import (
	"strings"

	"golang.org/x/text/language"
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

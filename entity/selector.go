package entity

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Kind is a kind of selector.
type Kind string

// The kinds of selectors, with their normal form.
const (
	Phone    Kind = "phone"    // E.164: +33612345678
	Email    Kind = "email"    // lower case
	IBAN     Kind = "iban"     // ISO 13616, upper case without spaces, check digits right
	Account  Kind = "account"  // INSTITUTION/NUMBER
	BIC      Kind = "bic"      // ISO 9362, upper case, without a branch XXX
	Card     Kind = "card"     // first six, stars, last four, and a keyed hash; never the number
	Wallet   Kind = "wallet"   // btc:, eth:, trx: or xmr: and the address
	Plate    Kind = "plate"    // country where known, a colon, Latin letters and digits: FR:AB123CD
	Document Kind = "document" // issuing country where known, a colon, letters and digits
	Number   Kind = "number"   // tax, company or identity number: kind, country where known, colons, letters and digits
	Handle   Kind = "handle"   // platform, a colon, the name in lower case
	Device   Kind = "device"   // as told, lower case
	IP       Kind = "ip"       // RFC 5952
	Image    Kind = "image"    // perceptual hash, lower-case hexadecimal; weak: anybody may show another's image
)

// Strong says that two entities with the same selector of the kind are one. What a family, a household or an office may
// share is weak: it only suggests.
func (k Kind) Strong() bool {
	switch k {
	case IBAN, Account, Wallet, Document, Number, Card:
		return true
	}
	return false
}

// Selector is a contact or identifier in its normal form: two that are equal are the same.
type Selector struct {
	Kind  Kind   `json:"kind"`
	Value string `json:"value"`
}

// Compare orders selectors by kind and value.
func (s Selector) Compare(o Selector) int {
	return cmp.Or(cmp.Compare(s.Kind, o.Kind), cmp.Compare(s.Value, o.Value))
}

var (
	emailForm = regexp.MustCompile(`^[a-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)+$`)
	bicForm   = regexp.MustCompile(`^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?$`)
)

// ParseEmail normalises an e-mail address.
func ParseEmail(s string) (Selector, bool) {
	s = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(norm.NFKC.String(s)), "mailto:"))
	return Selector{Email, s}, len(s) <= 254 && emailForm.MatchString(s)
}

// ParseIBAN normalises an IBAN and checks its length and check digits (ISO 13616, mod 97-10).
func ParseIBAN(s string) (Selector, bool) {
	s = strings.TrimPrefix(plain(s), "IBAN")
	if len(s) < 15 || len(s) > 34 || s[0] < 'A' || s[1] < 'A' || s[2] > '9' || s[3] > '9' {
		return Selector{}, false
	}
	if n, ok := ibanLengths[s[:2]]; ok && n != len(s) {
		return Selector{}, false
	}
	rest := 0
	for _, c := range []byte(s[4:] + s[:4]) {
		if c >= 'A' {
			rest = (rest*100 + int(c-'A') + 10) % 97
		} else {
			rest = (rest*10 + int(c-'0')) % 97
		}
	}
	return Selector{IBAN, s}, rest == 1
}

// ibanLengths are those of the IBAN registry; a country that is missing here is checked by its digits alone.
var ibanLengths = map[string]int{
	"AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22,
	"DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21,
	"HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27,
	"MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22,
	"SA": 24, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "SV": 28, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}

// ParseBIC normalises a BIC (ISO 9362); the branch XXX is the head office and left out.
func ParseBIC(s string) (Selector, bool) {
	s = plain(s)
	if !bicForm.MatchString(s) {
		return Selector{}, false
	}
	if len(s) == 11 {
		s = strings.TrimSuffix(s, "XXX")
	}
	return Selector{BIC, s}, true
}

// ParseCard masks a card number at once: what is kept is the issuer's six digits, the last four, and a hash keyed with a
// secret of the node, without which the ten thousand to a million numbers behind a mask could be tried one by one.
func ParseCard(s string, secret []byte) (Selector, bool) {
	s = plain(s)
	if len(s) < 13 || len(s) > 19 || strings.Trim(s, "0123456789") != "" || !luhn(s) || strings.Trim(s, s[:1]) == "" {
		return Selector{}, false
	}
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(s))
	return Selector{Card, s[:6] + strings.Repeat("*", len(s)-10) + s[len(s)-4:] + ":" + hex.EncodeToString(h.Sum(nil)[:12])}, true
}

// luhn checks a number by the Luhn formula (ISO/IEC 7812-1, annex B).
func luhn(s string) bool {
	sum := 0
	for i := range len(s) {
		d := int(s[len(s)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// ParseAccount makes the selector of an account as the ledger writes it.
func ParseAccount(institution, number string) (Selector, bool) {
	number = strings.TrimSpace(number)
	if number == "" {
		return Selector{}, false
	}
	if institution = strings.TrimSpace(institution); institution == "" {
		return Selector{Account, number}, true
	}
	return Selector{Account, institution + "/" + number}, true
}

// ParsePlate normalises a vehicle's registration; country is ISO 3166 or empty.
func ParsePlate(s, country string) (Selector, bool) {
	s = latin(plain(s))
	if len(s) < 3 || len(s) > 10 || !hasDigit(s) {
		return Selector{}, false
	}
	return Selector{Plate, scoped(country, s)}, true
}

// ParseDocument normalises the number of a passport or identity card; country is the issuer's, ISO 3166 with two or three
// letters, or empty.
func ParseDocument(number, country string) (Selector, bool) {
	number = plain(number)
	if len(number) < 5 || len(number) > 20 || !hasDigit(number) {
		return Selector{}, false
	}
	return Selector{Document, scoped(country, number)}, true
}

// Registers are the properties of FollowTheMoney that hold a number of a register, which ParseNumber normalises.
var Registers = []string{"idNumber", "taxNumber", "registrationNumber", "socialSecurityNumber", "vatCode", "innCode", "ogrnCode", "leiCode", "dunsCode", "imoNumber", "mmsi"}

// wide are the registers that give a number once in the world: the country of who bears it says nothing.
var wide = map[string]bool{"imoNumber": true, "leiCode": true, "dunsCode": true, "mmsi": true}

// ParseNumber normalises a tax, company or identity number, or that of a ship; what says which register's.
func ParseNumber(what, number, country string) (Selector, bool) {
	number = plain(number)
	if what == "imoNumber" {
		number = strings.TrimPrefix(number, "IMO")
	}
	if wide[what] {
		country = ""
	}
	if len(number) < 4 || len(number) > 30 || !hasDigit(number) {
		return Selector{}, false
	}
	return Selector{Number, what + ":" + scoped(country, number)}, true
}

// ParseIP normalises an address of the internet; private ones name no one and are refused.
func ParseIP(s string) (Selector, bool) {
	a, err := netip.ParseAddr(strings.Trim(strings.TrimSpace(s), "[]"))
	if err != nil || a.IsPrivate() || a.IsLoopback() || a.IsUnspecified() || a.IsMulticast() || a.IsLinkLocalUnicast() {
		return Selector{}, false
	}
	return Selector{IP, a.Unmap().WithZone("").String()}, true
}

// ParseDevice normalises a device's identifier.
func ParseDevice(s string) (Selector, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	return Selector{Device, s}, s != "" && len(s) <= 200
}

func scoped(country, s string) string {
	if country = strings.ToUpper(strings.TrimSpace(country)); country == "" {
		return s
	}
	return Country(country) + ":" + s
}

// plain keeps the letters and digits of a text, in upper case and in their compatible form.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9', r >= 'A' && r <= 'Z', r > 0x7f && unicode.IsLetter(r):
			return r
		}
		return -1
	}, strings.ToUpper(norm.NFKC.String(digits(s))))
}

func hasDigit(s string) bool { return strings.ContainsAny(s, "0123456789") }

// Selectors lists an entity's own selectors in order, each once. Regions are where its phone numbers are dialled when
// they name no country; its own countries come first.
func (e *Entity) Selectors(regions ...string) []Selector { return e.selectors(nil, regions) }

func (e *Entity) selectors(book *Phonebook, regions []string) []Selector {
	var out []Selector
	add := func(s Selector, ok bool) {
		if ok && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	p := e.Properties
	var countries []string
	for _, k := range []string{"country", "nationality", "citizenship", "jurisdiction", "mainCountry"} {
		countries = append(countries, p[k]...)
	}
	home := ""
	for i, c := range countries {
		if i > 0 && Country(c) != Country(home) {
			home = ""
			break
		}
		home = c
	}
	for _, v := range append(slices.Clone(p["phone"]), ifIs(e, "UserAccount", p["number"])...) {
		add(book.Phone(v, append(slices.Clone(countries), regions...)...))
	}
	for _, v := range p["email"] {
		add(ParseEmail(v))
	}
	for _, v := range p["iban"] {
		add(ParseIBAN(v))
	}
	for _, v := range p["ipAddress"] {
		add(ParseIP(v))
	}
	for _, v := range p["swiftBic"] {
		add(ParseBIC(v))
	}
	for _, v := range p["passportNumber"] {
		add(ParseDocument(v, home))
	}
	for _, k := range Registers {
		if k == "registrationNumber" && !Is(e.Schema, "Organization") {
			continue // of a vehicle it is the plate
		}
		for _, v := range p[k] {
			add(ParseNumber(k, v, home))
		}
	}
	switch {
	case Is(e.Schema, "BankAccount"):
		for _, v := range p["accountNumber"] {
			add(ParseAccount(e.First("bankName"), v))
		}
	case Is(e.Schema, "CryptoWallet"):
		for _, v := range p["publicKey"] {
			add(ParseWallet(v))
		}
	case Is(e.Schema, "Vehicle"):
		for _, v := range p["registrationNumber"] {
			add(ParsePlate(v, home))
		}
	case Is(e.Schema, "Identification"):
		for _, v := range append(slices.Clone(p["number"]), p["passportNumber"]...) {
			add(ParseDocument(v, home))
		}
	case Is(e.Schema, "UserAccount"):
		for _, v := range p["username"] {
			add(ParseHandle(v, e.First("service")))
		}
	}
	slices.SortFunc(out, Selector.Compare)
	return out
}

func ifIs(e *Entity, schema string, values []string) []string {
	if Is(e.Schema, schema) {
		return values
	}
	return nil
}

package entity

import (
	"errors"
	"fmt"
	"strings"
)

// MRZ is what a machine-readable zone says (ICAO Doc 9303, parts 4 to 6).
type MRZ struct {
	Kind        string // document code: P, I, A, C, V
	Issuer      string // three letters as printed
	Number      string
	FamilyName  string
	GivenNames  string
	Nationality string
	Birth       string // YYMMDD as printed: which century it does not say
	Expiry      string
	Sex         string // M, F or <
}

// ErrMRZ is wrapped by the errors of ParseMRZ.
var ErrMRZ = errors.New("not a machine-readable zone")

// ParseMRZ reads the lines of a passport (two of 44 signs), a visa (two of 44 or 36) or an identity card (three of 30 or
// two of 36) and checks every check digit.
func ParseMRZ(text string) (MRZ, error) {
	lines := strings.Fields(strings.ToUpper(text))
	width := 0
	for _, l := range lines {
		if strings.Trim(l, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<") != "" || width != 0 && len(l) != width {
			return MRZ{}, fmt.Errorf("%w: its lines must be of equal length and hold A–Z, 0–9 and <", ErrMRZ)
		}
		width = len(l)
	}
	switch {
	case len(lines) == 2 && (width == 44 || width == 36):
		return twoLines(lines[0], lines[1])
	case len(lines) == 3 && width == 30:
		return threeLines(lines[0], lines[1], lines[2])
	}
	return MRZ{}, fmt.Errorf("%w: it has two lines of 44 or 36 signs or three of 30, this has %d of %d", ErrMRZ, len(lines), width)
}

func twoLines(a, b string) (MRZ, error) {
	m := MRZ{
		Kind: strings.Trim(a[:2], "<"), Issuer: strings.Trim(a[2:5], "<"), Number: strings.TrimRight(b[:9], "<"), Nationality: strings.Trim(b[10:13], "<"),
		Birth: b[13:19], Sex: b[20:21], Expiry: b[21:27],
	}
	m.names(a[5:])
	fields := []check{{"document number", b[:9], b[9]}, {"birth date", b[13:19], b[19]}, {"expiry date", b[21:27], b[27]}}
	if a[0] != 'V' {
		end := len(b) - 1
		if len(b) == 44 {
			if strings.Trim(b[28:42], "<") != "" || b[42] != '<' {
				fields = append(fields, check{"personal number", b[28:42], b[42]})
			}
		}
		fields = append(fields, check{"whole line", b[:10] + b[13:20] + b[21:end], b[end]})
	}
	return m, verify(fields)
}

func threeLines(a, b, c string) (MRZ, error) {
	m := MRZ{
		Kind: strings.Trim(a[:2], "<"), Issuer: strings.Trim(a[2:5], "<"), Number: strings.TrimRight(a[5:14], "<"), Nationality: strings.Trim(b[15:18], "<"),
		Birth: b[:6], Sex: b[7:8], Expiry: b[8:14],
	}
	m.names(c)
	number, digit := a[5:14], a[14]
	if digit == '<' { // a longer number goes on in the optional field, its check digit behind it
		rest := a[15:]
		if i := strings.IndexByte(rest, '<'); i > 0 {
			number += rest[:i-1]
			m.Number, digit = number, rest[i-1]
		}
	}
	return m, verify([]check{
		{"document number", number, digit},
		{"birth date", b[:6], b[6]},
		{"expiry date", b[8:14], b[14]},
		{"all lines", a[5:] + b[:7] + b[8:15] + b[18:29], b[29]},
	})
}

func (m *MRZ) names(s string) {
	family, given, _ := strings.Cut(s, "<<")
	words := func(s string) string {
		return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '<' }), " ")
	}
	m.FamilyName, m.GivenNames = words(family), words(given)
}

// Selector is the document's number.
func (m MRZ) Selector() (Selector, bool) { return ParseDocument(m.Number, m.Issuer) }

type check struct {
	name, field string
	digit       byte
}

func verify(list []check) error {
	for _, c := range list {
		if want := checkDigit(c.field); want != c.digit {
			return fmt.Errorf("%w: the check digit of its %s is wrong; read or type it again", ErrMRZ, c.name)
		}
	}
	return nil
}

// checkDigit is that of Doc 9303 part 3, 4.9: weights 7, 3, 1, letters from 10, < as 0.
func checkDigit(s string) byte {
	sum := 0
	for i := range len(s) {
		v := 0
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			v = int(c - '0')
		case c >= 'A' && c <= 'Z':
			v = int(c-'A') + 10
		}
		sum += v * [3]int{7, 3, 1}[i%3]
	}
	return byte('0' + sum%10)
}

package handling

import (
	"fmt"
	"slices"
	"strings"
)

// Evaluation is how far a source and what it told are believed, as the code was received. It is never turned into another
// scheme but for display, and that is marked as ours.
type Evaluation struct {
	Scheme string `json:"scheme"` // 4x4, 6x6 or 3x5x2
	Code   string `json:"code"`   // source and information, and in 3x5x2 the handling: A1, B2, 2CP
}

// The schemes.
const (
	FourByFour = "4x4"   // Europol Regulation, article 29
	SixBySix   = "6x6"   // Admiralty code
	ThreeFive  = "3x5x2" // United Kingdom, in place of 5x5x5
)

var grades = map[string][]string{ // what may stand at each place
	FourByFour: {"ABCX", "1234"},
	SixBySix:   {"ABCDEFG", "123456"}, // G (deliberately deceptive) is MISP's: read, never written
	ThreeFive:  {"123", "ABCDE", "PC"},
}

// Check says whether a code is one of its scheme. In 3x5x2 the handling may be missing.
func (e Evaluation) Check() error {
	places, ok := grades[e.Scheme]
	if !ok {
		return fmt.Errorf("%q is no evaluation scheme: choose 4x4, 6x6 or 3x5x2", e.Scheme)
	}
	good := len(e.Code) == len(places) || e.Scheme == ThreeFive && len(e.Code) == 2
	for i := range e.Code {
		good = good && i < len(places) && strings.IndexByte(places[i], e.Code[i]) >= 0
	}
	if !good {
		return fmt.Errorf("%q is no evaluation of %s", e.Code, e.Scheme)
	}
	return nil
}

// OpenSource is what an advert or a web page is worth (our choice).
var OpenSource = Evaluation{FourByFour, "X4"}

// Strength is how an evaluation is shown beside those of other schemes. The mapping is ours.
type Strength string

// The strengths. Unknown is no judgement and is never averaged with the others.
const (
	Strong  Strength = "strong"
	Fair    Strength = "fair"
	Weak    Strength = "weak"
	Unknown Strength = "unknown"
)

// Strength shows an evaluation.
func (e Evaluation) Strength() Strength {
	if e.Check() != nil {
		return Unknown
	}
	code, is := e.Code[:2], func(list string) bool { return slices.Contains(strings.Fields(list), e.Code[:2]) }
	switch e.Scheme {
	case FourByFour:
		switch {
		case code[0] == 'X' || code == "C4":
			return Unknown
		case is("A1 B1 A2"):
			return Strong
		case is("B2 A3 B3"):
			return Fair
		}
	case SixBySix:
		switch {
		case code[0] == 'F' || code[1] == '6':
			return Unknown
		case is("A1 A2 B1 B2"):
			return Strong
		case is("B3 C1 C2 C3 A3"):
			return Fair
		}
	case ThreeFive:
		switch {
		case code[1] == 'D':
			return Unknown
		case is("1A 1B"):
			return Strong
		case is("1C 2A 2B"):
			return Fair
		}
	}
	return Weak
}

package name

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// unspaced says that a letter's writing puts no space between words.
func unspaced(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana, unicode.Thai)
}

// readTerms takes the words of organisations in other writings: those that stand alone by their bare letters, and those that are written
// together with others, the longest first.
func (l *lists) readTerms(terms map[string]string) {
	l.terms = map[string]string{}
	var list []string
	for t, english := range terms {
		if t = norm.NFKC.String(t); unspaced([]rune(t)[0]) {
			list = append(list, t)
		} else {
			t = bareLetters(t)
		}
		l.terms[t] = english
	}
	slices.SortFunc(list, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	pairs := make([]string, 0, 2*len(list))
	for _, t := range list {
		pairs = append(pairs, t, " "+l.terms[t]+" ")
	}
	l.within = strings.NewReplacer(pairs...)
}

// inBrackets are legal forms of Japan and Korea by their first sign, which also are one sign with brackets: ㈱, ㈜.
var inBrackets = strings.NewReplacer("(株)", "株式会社", "(有)", "有限会社", "(주)", "주식회사", "(유)", "유한회사")

// inEnglish writes in English what is said of organisations in another writing (limited, bank, trading), so that it meets what it is called
// elsewhere; names stay as they are.
func inEnglish(text string) string {
	if ascii(text) {
		return text
	}
	l := known()
	var out, run strings.Builder
	flush := func() {
		s := run.String()
		run.Reset()
		switch {
		case s == "" || ascii(s):
			out.WriteString(s)
		case strings.ContainsFunc(s, unspaced):
			out.WriteString(l.within.Replace(s))
		default:
			if e := l.term(s); e != "" {
				s = " " + e + " "
			}
			out.WriteString(s)
		}
	}
	for _, r := range inBrackets.Replace(norm.NFKC.String(text)) {
		if unicode.IsLetter(r) || unicode.IsMark(r) || r == '"' || r == '״' || r == '\'' {
			run.WriteRune(r)
			continue
		}
		flush()
		out.WriteRune(r)
	}
	flush()
	return out.String()
}

// bareLetters is a word in small letters without marks and quotes.
func bareLetters(word string) string {
	return norm.NFC.String(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) && (scriptOf(r) == latin || unicode.Is(unicode.Arabic, r)) || r == '"' || r == '״' || r == '\'' {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFD.String(word)))
}

// term looks a word up, without its article where it is Arabic.
func (l *lists) term(word string) string {
	word = bareLetters(word)
	if e := l.terms[word]; e != "" {
		return e
	}
	for _, article := range []string{"ال", "لل", "وال"} {
		if rest, ok := strings.CutPrefix(word, article); ok {
			return l.terms[rest]
		}
	}
	return ""
}

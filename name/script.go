package name

import (
	"slices"
	"strings"
	"unicode"

	unidecode "github.com/mozillazg/go-unidecode"
	"golang.org/x/text/unicode/norm"
)

// script is the writing of a word, as far as comparing depends on it.
type script uint8

const (
	latin  script = iota // and what spells out its vowels: Cyrillic, Greek, Georgian, Armenian, kana
	abjad                // vowels are mostly not written: Arabic, Hebrew; or only where they are not a short a: Devanagari, Thai
	han                  // a sign is a syllable
	hangul               // likewise
)

func scriptOf(r rune) script {
	switch {
	case r < 0x250:
		return latin
	case unicode.In(r, unicode.Arabic, unicode.Hebrew, unicode.Devanagari, unicode.Thai, unicode.Bengali, unicode.Gujarati, unicode.Gurmukhi, unicode.Tamil, unicode.Telugu, unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Syriac, unicode.Sinhala, unicode.Kannada, unicode.Malayalam):
		return abjad
	case unicode.Is(unicode.Han, r):
		return han
	case unicode.Is(unicode.Hangul, r):
		return hangul
	}
	return latin
}

// own says how a letter reads where the library's way is not how names are written.
var own = map[rune]string{
	'ا': "a", 'أ': "a", 'إ': "i", 'آ': "a", 'ٱ': "a", 'ة': "a", 'ى': "a", 'ع': "a", 'ء': "", 'ؤ': "u", 'ئ': "i", 'ي': "i", 'ی': "i", 'و': "w", 'ه': "h", 'ح': "h",
	'خ': "kh", 'غ': "gh", 'ش': "sh", 'ذ': "dh", 'ث': "th", 'ص': "s", 'ض': "d", 'ط': "t", 'ظ': "z", 'ق': "q", 'ج': "j", 'ک': "k", 'گ': "g", 'چ': "ch", 'پ': "p", 'ژ': "zh",
	'א': "a", 'ע': "a", 'ו': "v", 'י': "i", 'ח': "h", 'ה': "h", 'כ': "k", 'ך': "k", 'צ': "ts", 'ץ': "ts", 'ק': "k", 'ש': "sh", 'ט': "t", 'ת': "t", 'פ': "p", 'ף': "f",
	'Υ': "y", 'υ': "y", 'ύ': "y", 'Η': "i", 'η': "i", 'ή': "i", 'Χ': "kh", 'χ': "kh",
	'ə': "a", 'Ə': "a", 'х': "kh", 'Х': "kh", 'ё': "e", 'Ё': "e", 'щ': "shch", 'ь': "", 'ъ': "", 'є': "ie", 'ї': "i",
}

// surnames of Korea, which are written as they have been for long and not as they sound.
var korean = map[rune]string{'이': "lee", '박': "park", '최': "choi", '정': "jung", '김': "kim", '임': "lim", '류': "ryu", '노': "noh", '유': "yoo", '오': "oh", '우': "woo", '안': "ahn", '신': "shin", '조': "cho", '리': "ri"}

// compoundHan are family names of two signs, of China and Korea.
var compoundHan = map[string]bool{
	"欧阳": true, "歐陽": true, "司马": true, "司馬": true, "诸葛": true, "諸葛": true, "上官": true, "东方": true, "東方": true, "慕容": true, "司徒": true, "皇甫": true, "尉迟": true, "公孙": true, "公孫": true,
	"南宮": true, "南宫": true, "鮮于": true, "鲜于": true, "獨孤": true, "独孤": true, "司空": true, "西門": true, "西门": true,
}

// compoundHangul are family names of two syllables.
var compoundHangul = map[string]bool{"남궁": true, "황보": true, "제갈": true, "선우": true, "독고": true, "사공": true, "서문": true, "동방": true}

// word is a run of letters or digits as it stands in a text, with how it reads in Latin letters.
type word struct {
	latin  string
	native string // where it was written in Han or Hangul
	script script
}

// ascii says that a text is ASCII alone.
func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// words takes a text apart. What separates words is told by parse; apostrophes and marks within words are dropped.
func words(text string, person bool) []word {
	if ascii(text) {
		return plainWords(text)
	}
	// Compatibility forms, so that ﬁ, ① and full-width letters are what they stand for.
	text = norm.NFKC.String(text)
	// Where a name's parts are separated by the writer, they are not taken apart once more.
	person = person && !strings.ContainsAny(strings.TrimSpace(text), " ·・•=＝")
	var out []word
	var run []rune
	flush := func() {
		if len(run) > 0 {
			out = append(out, spell(run, person)...)
			run = run[:0]
		}
	}
	marks := 0
	for _, r := range text {
		switch {
		case unicode.Is(unicode.Mn, r) && scriptOf(r) == latin, unicode.Is(unicode.Me, r):
			// A mark that has no letter of its own: what is piled upon letters says nothing.
		case unicode.IsLetter(r), unicode.IsDigit(r):
			if len(run) > 0 && (scriptOf(r) == han) != (scriptOf(run[0]) == han) && scriptOf(run[0]) != latin && !unicode.In(r, unicode.Hiragana, unicode.Katakana) {
				flush()
			}
			marks = 0
			run = append(run, r)
		case unicode.IsMark(r): // signs of vowels in Indian and Thai writing are letters to us, but not many of them in a row
			if marks++; marks <= 3 {
				run = append(run, r)
			}
		case r == 'ـ', r == '\'', r == '’', r == '‘', r == 'ʼ', r == 'ʻ', r == '`', r == '´', r == 'ʹ', r == '′', r == '"', r == '\u200d', r == '\u200e', r == '\u200f', r == '\u00ad', r == 'ー' && len(run) > 0:
		case r == '\u200c': // it separates the parts of one Persian word
		case r == '&' || r == '＆':
			flush()
			out = append(out, word{latin: "and"})
		default:
			flush()
		}
	}
	flush()
	return out
}

// plainWords is words for what is ASCII, which most names are.
func plainWords(text string) []word {
	var out []word
	b := make([]byte, 0, len(text))
	start := 0
	flush := func() {
		if len(b) > start {
			out = append(out, word{latin: string(b[start:])})
			start = len(b)
		}
	}
	for i := range len(text) {
		switch c := text[i]; {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			b = append(b, c)
		case c >= 'A' && c <= 'Z':
			b = append(b, c+'a'-'A')
		case c == '\'', c == '`', c == '"':
		case c == '&':
			flush()
			out = append(out, word{latin: "and"})
		default:
			flush()
		}
	}
	flush()
	return out
}

// spell writes a run in Latin letters. A personal name in Han or Hangul without a space is taken apart behind the family name.
func spell(run []rune, person bool) []word {
	s := scriptOf(run[0])
	if s == hangul && person && len(run) >= 2 && len(run) <= 4 {
		n := 1
		if len(run) > 2 && compoundHangul[string(run[:2])] {
			n = 2
		}
		first := ""
		if n == 1 {
			first = korean[run[0]]
		}
		if first == "" {
			first = letters(run[:n])
		}
		return []word{{first, string(run[:n]), hangul}, {letters(run[n:]), string(run[n:]), hangul}}
	}
	if s == han && person && len(run) >= 2 && len(run) <= 4 {
		n := 1
		if len(run) > 2 && compoundHan[string(run[:2])] {
			n = 2
		}
		return []word{{letters(run[:n]), string(run[:n]), han}, {letters(run[n:]), string(run[n:]), han}}
	}
	if t := string(run); t == "الله" || t == "اللہ" {
		return []word{{latin: "allah", script: abjad}}
	}
	if len(run) > 4 && unicode.Is(unicode.Arabic, run[0]) && run[1] == 'ل' && (run[0] == 'ا' || run[0] == 'ٱ') {
		return append([]word{{latin: "al", script: abjad}}, spell(run[2:], person)...) // the article is written together with its word
	}
	w := word{latin: letters(run), script: s}
	if s == han || s == hangul {
		w.native = string(run)
	}
	if w.latin == "" {
		return nil
	}
	return []word{w}
}

// letters reads runes in Latin letters: lower case, a to z and 0 to 9 alone.
func letters(run []rune) string {
	if !slices.ContainsFunc(run, func(r rune) bool { return !kana(r) }) {
		return hepburn(run)
	}
	if unicode.Is(unicode.Thai, run[0]) {
		return thai(run)
	}
	var b strings.Builder
	for _, r := range run {
		s, ok := own[r]
		if !ok {
			s, ok = own[unicode.ToLower(r)]
		}
		if !ok {
			s = unidecode.Unidecode(string(r))
		}
		for i := range len(s) {
			c := s[i]
			if c >= 'A' && c <= 'Z' {
				c += 'a' - 'A'
			}
			if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
				b.WriteByte(c)
			}
		}
	}
	return b.String()
}

// Latin are the words of a text in Latin letters, small, as far as they can be read: by them a text is found from another script.
func Latin(text string) []string {
	var out []string
	for _, w := range words(text, false) {
		if w.latin != "" {
			out = append(out, w.latin)
		}
	}
	return out
}

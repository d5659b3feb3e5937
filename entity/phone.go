package entity

import (
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/unicode/norm"
)

// ParsePhone normalises a phone number that stands alone. Regions (ISO 3166, in order of likelihood) are where it is
// dialled if it names no country itself.
func ParsePhone(s string, regions ...string) (Selector, bool) {
	f := Finder{Regions: regions}
	found := f.Phones(s)
	if len(found) != 1 {
		return Selector{}, false
	}
	return found[0].Selector, true
}

// Found is a selector in a text.
type Found struct {
	Selector
	Start, End int // bytes of the text
}

// Finder finds selectors in running text. It keeps what it learned of numbers seen before, so it is not for use by
// several goroutines at once.
type Finder struct {
	// Regions are where phone numbers are dialled that name no country, most likely first (ISO 3166).
	Regions []string
	// Secret keys the hashes of card numbers.
	Secret []byte

	known  map[string]string // digits, with + and regions, to E.164 or nothing
	signs  []sign
	groups []group
}

// sign is one digit of a text as a reader would see it, or what stands between digits.
type sign struct {
	kind       signKind
	digit      byte
	start, end int
}

type signKind uint8

const (
	isDigit  signKind = iota
	isMaybe           // a letter that looks like a digit: one where a digit stands beside it
	isHardly          // the same, where digits stand on both sides
	isGap             // may stand within a number
	isPlus
	isBreak // may not
)

// Phones finds phone numbers in any writing: with any signs between the groups, emoji among them; in full-width,
// mathematical, keycap, Arabic-Indic or any other decimal digits; spelled in words of ten languages, glued or apart; with
// letters O and l for 0 and 1. What is no number where it could be dialled is none: prices, ages, measures and dates are
// left out, and words between the groups end it.
//
// Cost: linear in the text, and 5 to 10 µs for each number not met before.
func (f *Finder) Phones(text string) []Found {
	f.read(text)
	var out []Found
	for i := 0; i < len(f.signs); {
		if f.signs[i].kind == isBreak || f.signs[i].kind == isGap {
			i++
			continue
		}
		j := f.run(i)
		n := len(out)
		if out = f.numbers(out, f.signs[i:j], false); len(out) == n {
			out = f.numbers(out, f.signs[i:j], true)
		}
		i = max(j, i+1)
	}
	return out
}

// run is the end of the stretch of digits that begins at i: gaps are of at most three signs, and a plus begins anew.
func (f *Finder) run(i int) int {
	gap := 0
	end := i + 1
	for j := i + 1; j < len(f.signs); j++ {
		switch f.signs[j].kind {
		case isDigit, isMaybe, isHardly:
			gap, end = 0, j+1
		case isGap:
			if gap++; gap > 3 {
				return end
			}
		default:
			return end
		}
	}
	return end
}

// group is a stretch of digits without anything between.
type group struct{ from, to int } // of the run's digits

// numbers tells which numbers a run holds. lenient takes letters that look like digits even where a whole group is made
// of them.
func (f *Finder) numbers(out []Found, run []sign, lenient bool) []Found {
	plus := run[0].kind == isPlus
	var digits []byte
	var at []sign
	sure, maybe := 0, 0
	f.groups = f.groups[:0]
	for k, s := range run {
		switch s.kind {
		case isDigit:
			sure++
		case isMaybe:
			if !lenient && !before(run, k) && !behind(run, k) {
				continue
			}
			maybe++
		case isHardly:
			if !before(run, k) || !behind(run, k) {
				continue
			}
			maybe++
		default:
			continue
		}
		apart := len(at) == 0 || at[len(at)-1].end != s.start && gapBetween(run, k)
		if apart {
			f.groups = append(f.groups, group{len(digits), len(digits)})
		}
		digits, at = append(digits, s.digit), append(at, s)
		f.groups[len(f.groups)-1].to = len(digits)
	}
	if sure < 5 || sure+maybe < 7 || lenient && maybe == 0 || len(digits) > 40 || f.noPhone(string(digits)) {
		return out
	}
	take := func(from, to int, plus bool) bool {
		e164 := f.dial(string(digits[from:to]), plus)
		if e164 == "" || strings.Trim(e164[1:], e164[1:2]) == "" { // +55555555555 is nobody's
			return false
		}
		start := at[from].start
		if plus {
			start = run[0].start
		}
		out = append(out, Found{Selector{Phone, e164}, start, at[to-1].end})
		return true
	}
	if len(digits) <= 15 && take(0, len(digits), plus) {
		return out
	}
	// Several numbers side by side, or digits of something else before or behind: the longest stretch of whole groups
	// that can be dialled, then what follows it; a long stretch without gaps by digits.
	for g := 0; g < len(f.groups); g++ {
		found := false
		for h := len(f.groups); h > g && !found; h-- {
			from, to := f.groups[g].from, f.groups[h-1].to
			if to-from < 7 || to-from > 15 || to-from == len(digits) {
				continue
			}
			if take(from, to, plus && g == 0) {
				g, found = h-1, true
			}
		}
	}
	if len(f.groups) == 1 && len(digits) > 11 {
		for n := min(len(digits)-1, 13); n >= 9; n-- {
			for from := 0; from+n <= len(digits); from++ {
				if take(from, from+n, false) {
					return out
				}
			}
		}
	}
	return out
}

// gapBetween says that something stands between the digit run[k] and the one before.
func gapBetween(run []sign, k int) bool {
	return k > 0 && (run[k-1].kind == isGap || run[k-1].kind == isPlus)
}

// before says that a digit stands before a letter of a run without a gap, behind that one stands behind it.
func before(run []sign, k int) bool {
	for k--; k >= 0 && run[k].kind != isGap; k-- {
		if run[k].kind == isDigit {
			return true
		}
	}
	return false
}

func behind(run []sign, k int) bool {
	for k++; k < len(run) && run[k].kind != isGap; k++ {
		if run[k].kind == isDigit {
			return true
		}
	}
	return false
}

// noPhone says that a run looks like something else: measures and prices in groups, or a date.
func (f *Finder) noPhone(digits string) bool {
	if len(f.groups) >= 3 {
		round, measures := true, true
		for _, g := range f.groups {
			s := digits[g.from:g.to]
			round = round && len(s) <= 4 && s[len(s)-1] == '0'
			measures = measures && (len(s) == 2 || len(s) == 3 && s[0] == '1')
		}
		if round || measures && len(f.groups) == 3 {
			return true
		}
		// 2024-05-06, with or without a time behind it, and 06.05.2024.
		year := func(g group) bool {
			return g.to-g.from == 4 && (digits[g.from:g.from+2] == "19" || digits[g.from:g.from+2] == "20")
		}
		small := func(g group, most string) bool {
			s := digits[g.from:g.to]
			return len(s) == 1 || len(s) == 2 && s <= most
		}
		g := f.groups
		if year(g[0]) && small(g[1], "12") && small(g[2], "31") || small(g[0], "31") && small(g[1], "12") && year(g[2]) && g[0].from == 0 {
			return true
		}
	}
	return false
}

// dial gives the E.164 form of digits, or nothing where they cannot be dialled.
func (f *Finder) dial(digits string, plus bool) string {
	key := digits
	if plus {
		key = "+" + digits
	} else if strings.HasPrefix(digits, "00") {
		key = "+" + digits[2:]
	}
	if key[0] != '+' {
		key += "/" + strings.Join(f.Regions, ",")
	}
	if v, ok := f.known[key]; ok {
		return v
	}
	v := f.parse(digits, key)
	if f.known == nil || len(f.known) > 1<<20 {
		f.known = map[string]string{}
	}
	f.known[strings.Clone(key)] = v
	return v
}

func (f *Finder) parse(digits, key string) string {
	try := func(s, region string) string {
		n, err := phonenumbers.Parse(s, region)
		if err != nil || !phonenumbers.IsValidNumber(n) {
			return ""
		}
		return phonenumbers.Format(n, phonenumbers.E164)
	}
	if key[0] == '+' {
		return try(key, "ZZ")
	}
	for _, r := range f.Regions {
		if v := try(digits, strings.ToUpper(r)); v != "" {
			return v
		}
	}
	if len(digits) >= 11 { // a country's code without a plus
		return try("+"+digits, "ZZ")
	}
	return ""
}

// read turns a text into signs.
func (f *Finder) read(text string) {
	f.signs = f.signs[:0]
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			switch {
			case c >= '0' && c <= '9':
				f.signs = append(f.signs, sign{isDigit, c, i, i + 1})
			case c == '+':
				f.signs = append(f.signs, sign{isPlus, 0, i, i + 1})
			case c == '$' || c == ',' || c == ':' || c == '\n' || c == '\r' || c == '@' || c == '%' || c == ';':
				f.signs = append(f.signs, sign{isBreak, 0, i, i + 1})
			case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
				i = f.word(text, i)
				continue
			default:
				f.signs = append(f.signs, sign{isGap, 0, i, i + 1})
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		switch d, ok := digitOf(r); {
		case ok:
			f.signs = append(f.signs, sign{isDigit, d, i, i + n})
		case unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r) || unicode.Is(unicode.Cf, r):
			// Variation selectors, keycap marks, direction marks and joiners are not seen.
			if k := len(f.signs) - 1; k >= 0 && f.signs[k].end == i {
				f.signs[k].end = i + n
			}
		case r == '€' || r == '£' || r == '¥' || r == '،' || r == '：':
			f.signs = append(f.signs, sign{isBreak, 0, i, i + n})
		case r == '＋':
			f.signs = append(f.signs, sign{isPlus, 0, i, i + n})
		case unicode.IsLetter(r):
			i = f.word(text, i)
			continue
		default:
			f.signs = append(f.signs, sign{isGap, 0, i, i + n})
		}
		i += n
	}
}

// word reads the letters that begin at i and returns where they end: number words become digits, a letter or two that
// look like digits may be some, anything else ends a number.
func (f *Finder) word(text string, i int) int {
	j := i
	ascii := true
	for j < len(text) {
		c := text[j]
		if c < utf8.RuneSelf {
			if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
				j++
				continue
			}
			break
		}
		r, n := utf8.DecodeRuneInString(text[j:])
		if _, digit := digitOf(r); digit || !unicode.IsLetter(r) && !unicode.Is(unicode.Mn, r) {
			break
		}
		ascii = false
		j += n
	}
	w := text[i:j]
	if len(w) <= 6 && f.alike(w, i) {
		return j
	}
	if spelled := spell(w, ascii); spelled != "" {
		for k := range len(spelled) {
			// All digits of a glued word stand at the word.
			f.signs = append(f.signs, sign{isDigit, spelled[k], i, j})
		}
		return j
	}
	if ascii && len(w) == 1 && (w[0] == 'x' || w[0] == 'X') { // 06x12x34
		f.signs = append(f.signs, sign{isGap, 0, i, j})
		return j
	}
	f.signs = append(f.signs, sign{isBreak, 0, i, j})
	return j
}

// alike reads a word of at most three letters that all look like digits.
func (f *Finder) alike(w string, at int) bool {
	if utf8.RuneCountInString(w) > 3 {
		return false
	}
	n := len(f.signs)
	for k, r := range w {
		d, kind, ok := lookAlike(r)
		if !ok {
			f.signs = f.signs[:n]
			return false
		}
		f.signs = append(f.signs, sign{kind, d, at + k, at + k + utf8.RuneLen(r)})
	}
	return true
}

// lookAlike gives the digit that a letter of the Latin, Cyrillic or Greek script looks like.
func lookAlike(r rune) (byte, signKind, bool) {
	switch r {
	case 'O', 'o', 'О', 'о', 'Ο', 'ο', 'Օ', 'օ':
		return '0', isMaybe, true
	case 'l', 'I', 'і', 'І', 'Ι', 'ι', 'ӏ', 'Ӏ':
		return '1', isMaybe, true
	case 'З', 'з', 'Ʒ':
		return '3', isMaybe, true
	case 'Z', 'z':
		return '2', isHardly, true
	case 'S', 's', 'Ѕ':
		return '5', isHardly, true
	case 'б', 'G':
		return '6', isHardly, true
	case 'B', 'В':
		return '8', isHardly, true
	case 'g', 'q':
		return '9', isHardly, true
	}
	return 0, 0, false
}

// wordsOfDigits are the names of the digits in English, Spanish, French, Portuguese, Romanian, Turkish, Arabic, Russian,
// Thai and Vietnamese. Words that mean something else far more often (English "to", "for"; Vietnamese "ba", "hai") are
// left out.
var wordsOfDigits = [10]string{
	"zero oh cero nol sifir صفر ноль ศูนย์ khong",
	"one uno un una um uma unu bir واحد один หนึ่ง mot",
	"two dos deux dois duas doi doua iki اثنان اثنين два สอง",
	"three tres trois trei uc ثلاثة ثلاث три สาม",
	"four cuatro quatre quatro patru dort اربعة أربعة اربع четыре สี่ bon",
	"five cinco cinq cinci bes خمسة خمس пять ห้า",
	"six seis sase alti ستة ست шесть หก sau",
	"seven siete sept sete sapte yedi سبعة سبع семь เจ็ด bay",
	"eight ocho huit oito opt sekiz ثمانية ثمان восемь แปด tam",
	"nine nueve neuf nove noua dokuz تسعة تسع девять เก้า chin",
}

// numberWords gives the digit of each word, without accents and in lower case.
var numberWords = sync.OnceValue(func() map[string]byte {
	out := map[string]byte{}
	for d, list := range wordsOfDigits {
		for _, w := range strings.Fields(list) {
			out[fold(w)] = byte('0' + d)
		}
	}
	return out
})

const longestNumberWord = 24 // bytes

// spell gives the digits of a word that is made of number words alone, glued or single; nothing for any other.
func spell(w string, ascii bool) string {
	if len(w) > 200 || len(w) < 2 {
		return ""
	}
	if ascii {
		// The first letters of the Latin number words: most words end here.
		switch w[0] | 0x20 {
		case 'z', 'o', 'c', 'n', 's', 'u', 'b', 'm', 't', 'd', 'i', 'f', 'q', 'p', 'a', 'y', 'e', 'h', 'k':
		default:
			return ""
		}
	}
	var buf [256]byte
	s := w
	if ascii {
		b := buf[:0]
		for i := range len(w) {
			b = append(b, w[i]|0x20)
		}
		s = string(b)
	} else {
		s = fold(w)
	}
	words := numberWords()
	if d, ok := words[s]; ok {
		return string(d)
	}
	if utf8.RuneCountInString(s) < 5 {
		return ""
	}
	var out []byte
	for len(s) > 0 {
		n := min(len(s), longestNumberWord)
		for ; n > 0; n-- {
			if d, ok := words[s[:n]]; ok {
				out = append(out, d)
				s = s[n:]
				break
			}
		}
		if n == 0 {
			return ""
		}
	}
	return string(out)
}

// fold is a word in lower case without accents.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) && !unicode.Is(unicode.Thai, r) {
			return -1
		}
		return r
	}, norm.NFKD.String(strings.ToLower(s)))
}

// digitOf gives the value of a rune that is a digit of any script or style.
func digitOf(r rune) (byte, bool) {
	switch {
	case r >= '0' && r <= '9':
		return byte(r), true
	case r < 0x80:
		return 0, false
	case unicode.Is(unicode.Nd, r):
		// The digits of a script stand in a row of ten, from a zero; the mathematical ones in five rows.
		if r >= 0x1d7ce && r <= 0x1d7ff {
			return byte('0' + (r-0x1d7ce)%10), true
		}
		zero := r
		for n := 0; n < 9 && unicode.Is(unicode.Nd, zero-1); n++ {
			zero--
		}
		// Rows that touch one another begin at a multiple of ten from the first.
		return byte('0' + (r-zero)%10), true
	case r >= '①' && r <= '⑨':
		return byte('1' + r - '①'), true
	case r == '⓪':
		return '0', true
	case r >= '❶' && r <= '❾':
		return byte('1' + r - '❶'), true
	case r >= '⁴' && r <= '⁹':
		return byte('4' + r - '⁴'), true
	case r == '⁰':
		return '0', true
	case r == '¹':
		return '1', true
	case r == '²' || r == '³':
		return byte('2' + r - '²'), true
	case r >= '₀' && r <= '₉':
		return byte('0' + r - '₀'), true
	}
	return 0, false
}

// digits writes the digits of any script as ASCII.
func digits(s string) string {
	if !slices.ContainsFunc([]byte(s), func(c byte) bool { return c >= utf8.RuneSelf }) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if d, ok := digitOf(r); ok {
			return rune(d)
		}
		return r
	}, s)
}

package name

import (
	"math/bits"
	"slices"
	"strings"
)

// KeysVersion is changed with everything that changes which words a name has or which keys a word: an index that was built with others does
// not find what it holds.
const KeysVersion = 2

// Word is a word of a name as an index keeps it: a letter that says what it is, the word in Latin letters and, where it was written in
// signs that are syllables, a zero byte and those.
//
//	l  letters that spell out vowels     a  letters that mostly do not
//	h  Han                               k  Hangul
//	i  an initial                        @  a country, by its code
type Word string

// Words are those by which a name is looked for. Titles, small words and numbers are not.
func (n *Name) Words() []Word {
	out := make([]Word, 0, len(n.tokens))
	for i := range n.tokens[:min(len(n.tokens), most)] {
		t := &n.tokens[i]
		switch t.class {
		case particle, title, number:
			continue
		case place:
			out = append(out, Word("@"+t.native))
			continue
		case initial:
			out = append(out, Word("i"+t.text))
			continue
		}
		text := t.text[:min(len(t.text), longestWord)]
		switch t.script {
		case abjad:
			out = append(out, Word("a"+text))
		case han, hangul:
			out = append(out, Word("  hk"[t.script:t.script+1]+text+"\x00"+t.native))
		default:
			out = append(out, Word("l"+text))
		}
	}
	return out
}

// Alone says that there is one word to find the name by.
func (n *Name) Alone() bool {
	words := 0
	for i := range n.tokens {
		if n.tokens[i].class.names() {
			words++
		}
	}
	return words == 1
}

// Weight is how much the i-th of Words says.
func (n *Name) Weight(i int) float64 {
	for k := range n.tokens {
		switch n.tokens[k].class {
		case particle, title, number:
			continue
		}
		if i == 0 {
			return n.tokens[k].weight
		}
		i--
	}
	return 0
}

// Initial says that a word is one letter for a name.
func (w Word) Initial() bool { return w[0] == 'i' }

// Text is the word in Latin letters; the code of a country.
func (w Word) Text() string {
	if i := strings.IndexByte(string(w), 0); i > 0 {
		return string(w[1:i])
	}
	return string(w[1:])
}

func (w Word) token() token {
	t := token{text: w.Text()}
	switch w[0] {
	case 'a':
		t.script = abjad
	case 'h':
		t.script = han
	case 'k':
		t.script = hangul
	case 'i':
		t.class = initial
	case '@':
		t.class, t.native = place, t.text
		return t
	}
	if k := 2 + len(t.text); t.script >= han && len(w) > k {
		t.native = string(w[k:])
	}
	return t
}

// Alike is how much two words are alike, from 0 to 1.
func Alike(a, b Word) float64 {
	if a[0] == '@' || b[0] == '@' { // a country is that country or none
		return exactly(a == b)
	}
	x, y := a.token(), b.token()
	v, _ := wordsAlike(&x, &y)
	return v
}

func exactly(same bool) float64 {
	if same {
		return 1
	}
	return 0
}

// Like is a word made ready to be compared with many, one after the other. Words in their order are compared fastest.
type Like struct {
	t       token
	measure *measure
}

// Wanted makes a word ready.
func Wanted(w Word) *Like {
	t := w.token()
	return &Like{t, newMeasure(t.text)}
}

// Alike is how much a word is alike, from 0 to 1. Sounds says that the consonants of both are the same.
func (l *Like) Alike(w Word, sounds bool) float64 {
	if l.t.class == place || w[0] == '@' {
		return exactly(l.t.class == place && w[0] == '@' && l.t.text == w.Text())
	}
	o := w.token()
	if o.class != plain || l.t.class != plain || o.script != latin || l.t.script != latin || o.text == l.t.text {
		v, _ := wordsAlike(&l.t, &o)
		return v
	}
	allowed := budget(max(len(l.t.text), len(o.text)))
	most := allowed
	if sounds {
		most *= far
	} else if d := len(l.t.text) - len(o.text); d > mostLonger || d < -mostLonger {
		return 0
	}
	switch cost := l.measure.to(o.text, most); {
	case cost <= allowed && sounds:
		return max(0.8, 1-0.4*float64(cost/allowed))
	case cost <= allowed:
		return 1 - 0.4*float64(cost/allowed)
	case cost <= most && vowel(l.t.text[0]) == vowel(o.text[0]):
		return 0.75
	}
	return 0
}

// Others are other words for the same name: Ted for Theodore.
func (w Word) Others() []Word {
	l := known()
	var out []Word
	text := w.Text()
	for _, g := range l.same[text] {
		for _, o := range l.groups[g] {
			if o != text {
				out = append(out, Word("l"+o))
			}
		}
	}
	return out
}

// Kept calls yield with the keys under which an index keeps a word; Asked with those under which it looks for words like it, and
// whether they are keys of sounds (see Like.Alike). Two words that are alike in one sound, or in any vowels, share a key; most that
// share one are not alike.
func (w Word) Kept(yield func(uint64)) {
	add := func(k uint64, _ bool) { yield(k) }
	switch w[0] {
	case 'i', '@':
		return
	case 'l':
		skeletonKey('f', w, add)
	default:
		skeletonKey('u', w, add)
	}
	w.near(add)
}

// Asked: see Kept.
func (w Word) Asked(yield func(key uint64, sounds bool)) {
	switch w[0] {
	case 'i', '@':
		return
	case 'l':
		skeletonKey('u', w, yield) // in a script without vowels, or of syllables
	default:
		skeletonKey('u', w, yield)
		skeletonKey('f', w, yield)
	}
	w.near(yield)
}

func skeletonKey(what byte, w Word, yield func(uint64, bool)) {
	s := bones(nil, w.Text(), w[0] != 'a')
	for i := range s {
		if s[i] = twin(s[i]); s[i] == 'r' {
			s[i] = 'l'
		}
	}
	if len(s) > 1 {
		yield(mix(uint64(what), string(s), -1), true)
	}
}

// near yields the word by its consonants, by its sounds with no matter which vowels, and by its sounds without each of them: with
// vowels in two classes and, of short words, in which a consonant is all that may be another, with vowels as they are.
func (w Word) near(yield func(uint64, bool)) {
	var buf [longestWord]byte
	text := w.Text()
	if k := skeleton(text); len(k) > 2 {
		yield(mix('s', k, -1), true)
	}
	yield(mix('w', string(sounds(buf[:0], text, anyVowel)), -1), false)
	if len(text) <= 6 {
		without('x', string(sounds(buf[:0], text, eachVowel)), yield)
	}
	if len(text) >= 6 {
		without('v', string(sounds(buf[:0], text, frontVowel)), yield)
	}
}

// without yields a word and what is left of it without each sound.
func without(what byte, s string, yield func(uint64, bool)) {
	yield(mix(uint64(what), s, -1), false)
	if len(s) < 4 {
		return
	}
	for i := range len(s) {
		if i == 0 || s[i] != s[i-1] {
			yield(mix(uint64(what), s, i), false)
		}
		if i > 0 && i+1 < len(s) && vowel(s[i-1]) && vowel(s[i+1]) { // without what stood between them, two vowels are one
			yield(mix(uint64(what), s[:i]+s[i+1:], i), false)
		}
	}
}

// mix is a hash (FNV-1a, 64 bits, finished as in MurmurHash3) of a text without one of its bytes.
func mix(h uint64, s string, without int) uint64 {
	h ^= 14695981039346656037
	for i := range len(s) {
		if i != without {
			h = (h ^ uint64(s[i])) * 1099511628211
		}
	}
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	return h ^ h>>33
}

const (
	anyVowel = iota
	frontVowel
	eachVowel
)

// sounds writes a word in classes of sounds, all vowels in a row as their first: any as a, or e for e, i and y, or each as it is.
func sounds(out []byte, s string, vowels int) []byte {
	inVowel := false
	for i := range len(s) {
		var c byte
		switch s[i] {
		case 'a', 'e', 'i', 'o', 'u', 'y':
			if inVowel {
				continue
			}
			inVowel = true
			c = 'a'
			switch {
			case vowels == eachVowel && s[i] == 'y':
				c = 'i'
			case vowels == eachVowel:
				c = s[i]
			case vowels == frontVowel && (s[i] == 'e' || s[i] == 'i' || s[i] == 'y'):
				c = 'e'
			}
			out = append(out, c)
			continue
		case 'w':
			c = 'f'
			if i > 0 && !vowel(s[i-1]) || i == len(s)-1 {
				c = 'a'
			}
		case 'b':
			c = 'b'
		case 'p':
			c = 'b'
			if i+1 < len(s) && s[i+1] == 'h' {
				c = 'f'
			}
		case 'f', 'v':
			c = 'f'
		case 'd', 't':
			c = 't'
			if i+1 < len(s) && (s[i+1] == 's' || s[i+1] == 'z' || s[i+1] == 'j') {
				continue
			}
		case 'c', 'g', 'k', 'q':
			c = 'k'
			if s[i] == 'c' && i+1 < len(s) && s[i+1] == 'h' {
				c = 'c'
			} else if s[i] == 'c' && i+1 < len(s) && (s[i+1] == 'e' || s[i+1] == 'i' || s[i+1] == 'y') {
				c = 's'
			}
			if s[i] == 'g' && i > 0 && s[i-1] == 'n' && i+1 == len(s) {
				continue
			}
		case 's', 'x', 'z':
			c = 's'
			if s[i] == 'z' && i+1 < len(s) && s[i+1] == 'h' {
				c = 'c'
			}
		case 'j': // ja and ya, ji and zhi: left to the vowels beside it
			c = 'c'
			if i > 0 && vowel(s[i-1]) || i == len(s)-1 {
				c = 'a'
			}
		case 'h':
			continue
		default:
			c = s[i]
		}
		if c == 'a' { // w and j that are vowels
			if inVowel {
				continue
			}
			inVowel = true
			out = append(out, c)
			continue
		}
		inVowel = false
		if len(out) == 0 || out[len(out)-1] != c {
			out = append(out, c)
		}
	}
	return out
}

// Letters is what MayBeAlike compares: the consonants of a word by classes of sounds, its vowels, and its length.
func (w Word) Letters() uint32 {
	var m uint32
	text := w.Text()
	for i := range len(text) {
		next := byte(0)
		if i+1 < len(text) {
			next = text[i+1]
		}
		switch text[i] {
		case 'a':
			m |= 1 << 16
		case 'e':
			m |= 1 << 17
		case 'i', 'y':
			m |= 1 << 18
		case 'o':
			m |= 1 << 19
		case 'u':
			m |= 1 << 20
		case 'b', 'p', 'f', 'v':
			m |= 1
		case 'd', 't':
			if next != 's' && next != 'z' && next != 'j' {
				m |= 2
			}
		case 'g', 'k', 'q':
			if next != 's' && (i == 0 || text[i-1] != 'n') {
				m |= 4
			}
		case 's', 'z':
			if next != 'h' && i+1 < len(text) && (i == 0 || text[i-1] != 'k') {
				m |= 8
			}
		case 'm', 'n':
			m |= 16
		case 'l':
			m |= 32
		case 'r':
			if next != 'n' {
				m |= 64
			}
		}
	}
	if w[0] != 'l' {
		m |= 1 << 31 // its vowels say nothing
	}
	return m | uint32(min(len(text), 15))<<24
}

// MayBeAlike says by the Letters of two words, quickly, whether they may be alike: a consonant that only one has must be another's in
// the other, or be left out, and so with a vowel (see distance for what that costs).
func MayBeAlike(a, b uint32) bool {
	onlyA, onlyB := a&^b, b&^a
	least := 0.9 * float32(max(bits.OnesCount32(onlyA&0xffff), bits.OnesCount32(onlyB&0xffff)))
	if (a|b)>>31 == 0 {
		least += 0.4 * float32(max(bits.OnesCount32(onlyA&0x1f0000), bits.OnesCount32(onlyB&0x1f0000)))
	} else if least < 1 {
		return true
	}
	return least <= 0.2+budget(int(max(a>>24&15, b>>24&15)))
}

// Blurred are keys that spellings of one name have in common, in any order and script: any two of its words, by their consonants in
// classes of sounds. A name of one word has that alone.
func (n *Name) Blurred() []string {
	var out []string
	for _, r := range n.Readings() {
		out = append(out, r.blurred()...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (n *Name) blurred() []string {
	var words [][]string // the codes of each
	for i := range n.tokens {
		t := &n.tokens[i]
		if !t.class.names() || len(words) == 6 {
			continue
		}
		var codes []string
		// A ch is a k in one way of writing and an s in another, a kh a k or an h: Jamal and Gamal, Rachid and Rashid, Мохаммед.
		for _, ch := range []byte{'k', 's', 'h'} {
			text := t.text
			if ch == 'h' {
				if text = strings.ReplaceAll(text, "kh", "h"); text == t.text {
					continue
				}
				ch = 'k'
			}
			c := bones(nil, text, t.script != abjad)
			for i := range c {
				switch {
				case c[i] == 'c':
					c[i] = ch
				case c[i] == 'r':
					c[i] = 'l'
				default:
					c[i] = twin(c[i])
				}
			}
			if len(c) == 0 {
				c = []byte("-")
			}
			if !slices.Contains(codes, string(c)) {
				codes = append(codes, string(c))
			}
		}
		words = append(words, codes)
	}
	var out []string
	if len(words) == 1 {
		out = words[0]
	}
	for i, a := range words {
		for _, b := range words[i+1:] {
			for _, x := range a {
				for _, y := range b {
					out = append(out, min(x, y)+"+"+max(x, y))
				}
			}
		}
	}
	return out
}

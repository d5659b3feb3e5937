package online

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/zeebo/xxh3"
	"golang.org/x/text/unicode/norm"
)

// maxWords is how many words of a text are compared; nothing that people write as an advert is longer.
const maxWords = 400

// word is a word of a text: a hash of it without case and accents, and where it stands.
type word struct {
	hash       uint32
	start, end uint32
}

// wordsOf cuts a text into words: runs of letters, and single signs in the scripts that are written without spaces.
// Digits, punctuation and emoji are left out, as they are what changes between adverts of one template, or is put in to
// make them look different.
func wordsOf(text string, out []word) []word {
	var buf [64]byte
	for i := 0; i < len(text) && len(out) < maxWords; {
		c := text[i]
		if c < utf8.RuneSelf {
			if !asciiLetter(c) {
				i++
				continue
			}
			b, j := buf[:0], i
			for j < len(text) && asciiLetter(text[j]) {
				if len(b) < len(buf) {
					b = append(b, text[j]|0x20)
				}
				j++
			}
			if j == len(text) || text[j] < utf8.RuneSelf {
				out = append(out, word{uint32(xxh3.Hash(b)), uint32(i), uint32(j)})
				i = j
				continue
			}
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		switch {
		case unspaced(r):
			out = append(out, word{uint32(xxh3.HashString(text[i : i+n])), uint32(i), uint32(i + n)})
			i += n
		case unicode.IsLetter(r):
			j := i
			for j < len(text) {
				r, n := utf8.DecodeRuneInString(text[j:])
				if unspaced(r) || !unicode.IsLetter(r) && !unicode.IsMark(r) && r != '\u200d' && r != '\u200c' {
					break
				}
				j += n
			}
			out = append(out, word{uint32(xxh3.HashString(fold(text[i:j]))), uint32(i), uint32(j)})
			i = j
		default:
			i += n
		}
	}
	return out
}

func asciiLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// unspaced says that a script is written without spaces between words.
func unspaced(r rune) bool {
	return r >= 0x0e00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// fold is a word in lower case and compatible form, without marks.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsMark(r) || r == '\u200d' || r == '\u200c' || r == 'ـ' {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(s))
}

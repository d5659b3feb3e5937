package name

import (
	"strings"
	"unicode"
)

// thaiLetters are the consonants at the beginning of a syllable and the vowels, as the Royal Thai General System of Transcription writes
// them. The end of a syllable is written as its letter reads at the beginning: names keep it more often than the System does.
var thaiLetters = map[rune]string{
	'ก': "k", 'ข': "kh", 'ฃ': "kh", 'ค': "kh", 'ฅ': "kh", 'ฆ': "kh", 'ง': "ng", 'จ': "ch", 'ฉ': "ch", 'ช': "ch", 'ซ': "s", 'ฌ': "ch",
	'ญ': "y", 'ฎ': "d", 'ฏ': "t", 'ฐ': "th", 'ฑ': "th", 'ฒ': "th", 'ณ': "n", 'ด': "d", 'ต': "t", 'ถ': "th", 'ท': "th", 'ธ': "th", 'น': "n",
	'บ': "b", 'ป': "p", 'ผ': "ph", 'ฝ': "f", 'พ': "ph", 'ฟ': "f", 'ภ': "ph", 'ม': "m", 'ย': "y", 'ร': "r", 'ฤ': "rue", 'ล': "l", 'ฦ': "lue",
	'ว': "w", 'ศ': "s", 'ษ': "s", 'ส': "s", 'ห': "h", 'ฬ': "l", 'อ': "o", 'ฮ': "h",
	'ะ': "a", 'ั': "a", 'า': "a", 'ำ': "am", 'ิ': "i", 'ี': "i", 'ึ': "ue", 'ื': "ue", 'ุ': "u", 'ู': "u", 'เ': "e", 'แ': "ae", 'โ': "o", 'ใ': "ai", 'ไ': "ai",
}

func thaiConsonant(r rune) bool { return r >= 'ก' && r <= 'ฮ' }

// thaiVowel says that a sign is a vowel that stands behind, above or below its consonant.
func thaiVowel(r rune) bool { return r >= 'ะ' && r <= 'ู' || r == '็' || r == 'ํ' }

// thai writes a run of Thai in Latin letters. Vowels that stand before their consonant are read behind it, what the sign of silence stands
// on is not read, and the short vowels that are not written stay unwritten.
func thai(run []rune) string {
	r := make([]rune, 0, len(run))
	for _, c := range run {
		switch {
		case c == '์' || c == '๎': // silence: of the consonant, and of its vowel
			for len(r) > 0 && thaiVowel(r[len(r)-1]) {
				r = r[:len(r)-1]
			}
			if len(r) > 0 {
				r = r[:len(r)-1]
			}
			// Where a short a and a consonant make the syllable, one more is silent too: จันทร์ is chan.
			if n := len(r); n > 2 && thaiConsonant(r[n-1]) && thaiConsonant(r[n-2]) && r[n-3] == 'ั' {
				r = r[:n-1]
			}
		case c >= '็' && c <= '๋' || c == 'ๆ' || c == 'ฯ' || c == 'ฺ': // tones, shortness, repetition
		default:
			r = append(r, c)
		}
	}
	var b strings.Builder
	at := func(i int) rune {
		if i >= 0 && i < len(r) {
			return r[i]
		}
		return 0
	}
	for i := 0; i < len(r); i++ {
		c := r[i]
		switch {
		case c >= 'เ' && c <= 'ไ' && thaiConsonant(at(i+1)):
			i++
			first, next := at(i), at(i+1)
			if first == 'ห' && sonorant(next) {
				i++
				first, next = next, at(i+1)
			}
			if first != 'อ' {
				b.WriteString(thaiLetters[first])
			}
			if strings.ContainsRune("รลว", next) && thaiConsonant(at(i+2)) {
				b.WriteString(thaiLetters[next]) // both begin the syllable: โปรด
				i++
			}
			switch two := string(c) + string(at(i+1)); two {
			case "เา":
				b.WriteString("ao")
				i++
			case "เี":
				b.WriteString("ia")
				if i++; at(i+1) == 'ย' {
					i++
				}
			case "เื":
				b.WriteString("uea")
				if i++; at(i+1) == 'อ' {
					i++
				}
			case "เิ":
				b.WriteString("oe")
				i++
			case "ไย":
				b.WriteString("ai")
				i++
			default:
				b.WriteString(thaiLetters[c])
			}
		case c == 'ร' && at(i+1) == 'ร': // a vowel: กรรม is kam, บรรหาร is banhan
			b.WriteString("a")
			if i++; !thaiConsonant(at(i+1)) || thaiVowel(at(i+2)) {
				b.WriteString("n")
			}
		case c == 'ํ':
			if at(i+1) == 'า' {
				b.WriteString("am")
				i++
			}
		case c == 'ญ' && i > 0 && !thaiVowel(at(i+1)):
			b.WriteString("n")
		case c == 'ร' && i > 0 && i+1 == len(r) && r[i-1] != 'ต' && r[i-1] != 'ท':
			if i < 2 || r[i-2] != 'ั' { // silent behind the end of a syllable: จักร is chak
				b.WriteString("n")
			}
		case c == 'อ' && (i == 0 || thaiVowel(at(i-1)) || thaiVowel(at(i+1))): // carries a vowel
		case c == 'ห' && sonorant(at(i+1)): // says the tone alone
		case thaiLetters[c] != "":
			b.WriteString(thaiLetters[c])
		case c >= '๐' && c <= '๙':
			b.WriteRune(c - '๐' + '0')
		case !unicode.Is(unicode.Thai, c):
			b.WriteString(letters([]rune{c})) // of another script, in one word with it
		}
	}
	return b.String()
}

// sonorant says that a consonant has an h before it for its tone alone.
func sonorant(r rune) bool { return r != 0 && strings.ContainsRune("งญนมยรลว", r) }

package name

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"embed"
	"slices"
	"strings"
	"sync"
	"unicode"

	unidecode "github.com/mozillazg/go-unidecode"
)

//go:embed all:japanese/dist
var japaneseShipped embed.FS

// japaneseNames are how family and given names that are written in signs read, in Latin letters. Empty, where the program was built
// without the table.
var japaneseNames = sync.OnceValue(func() (t struct{ family, given map[string][]string }) {
	t.family, t.given = map[string][]string{}, map[string][]string{}
	eachRow(japaneseShipped, "japanese/dist/names.tsv.gz", func(f [3]string) {
		to := t.given
		if f[0] == "f" {
			to = t.family
		}
		if r := letters([]rune(f[2])); !slices.Contains(to[f[1]], r) {
			to[f[1]] = append(to[f[1]], r)
		}
	})
	return t
})

// eachRow reads a table that the program was built with: gzip, rows of three columns separated by tabs, and the notice of its source in lines
// that begin with #. Without the table there are no rows; one that is broken ends the program, which was built wrongly.
func eachRow(shipped embed.FS, path string, row func([3]string)) {
	b, err := shipped.ReadFile(path)
	if err != nil {
		return
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		panic("name: " + path + " is broken: " + err.Error())
	}
	lines := bufio.NewScanner(z)
	for lines.Scan() {
		if f := strings.Split(lines.Text(), "\t"); len(f) == 3 && f[0] != "" {
			row([3]string(f))
		}
	}
	if err := lines.Err(); err != nil {
		panic("name: " + path + " is broken: " + err.Error())
	}
}

// mostReadings is how many ways to read one name in signs are tried.
const mostReadings = 8

// inJapanese gives how the name of a person that is written in signs may read in Japanese, the family name first. Only names whose parts
// are known are read: a given name can be read in ways that no rule tells.
func inJapanese(text string) []string {
	if !strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		return nil
	}
	parts := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) })
	var splits [][2]string
	switch len(parts) {
	case 1:
		if p := []rune(parts[0]); len(p) <= 8 {
			for i := 1; i < len(p); i++ {
				splits = append(splits, [2]string{string(p[:i]), string(p[i:])})
			}
		}
	case 2:
		splits = [][2]string{{parts[0], parts[1]}, {parts[1], parts[0]}}
	}
	t := japaneseNames()
	var out []string
	for _, s := range splits {
		for _, f := range partIn(t.family, s[0]) {
			for _, g := range partIn(t.given, s[1]) {
				if r := f + " " + g; len(out) < mostReadings && !slices.Contains(out, r) {
					out = append(out, r)
				}
			}
		}
	}
	return out
}

// partIn reads a part of a name: as the table says, or by its letters where it is written in kana.
func partIn(t map[string][]string, part string) []string {
	if r := []rune(part); !slices.ContainsFunc(r, func(r rune) bool { return !kana(r) }) {
		return []string{letters(r)}
	}
	return t[part]
}

func kana(r rune) bool { return unicode.In(r, unicode.Hiragana, unicode.Katakana) || r == 'ー' }

// small are the kana that change the one before them.
var small = map[rune]string{'ゃ': "a", 'ゅ': "u", 'ょ': "o", 'ャ': "a", 'ュ': "u", 'ョ': "o", 'ぁ': "a", 'ぃ': "i", 'ぅ': "u", 'ぇ': "e", 'ぉ': "o", 'ァ': "a", 'ィ': "i", 'ゥ': "u", 'ェ': "e", 'ォ': "o"}

// longVowels are written as passports do it: Ono for おおの, Shota for しょうた.
var longVowels = strings.NewReplacer("ou", "o", "oo", "o", "uu", "u")

// hepburn writes a run of kana in Latin letters.
func hepburn(run []rune) string {
	var b []byte
	double := false
	for _, r := range run {
		v, isSmall := small[r]
		switch {
		case r == 'ー' || r == '・':
			continue
		case r == 'っ' || r == 'ッ':
			double = true
			continue
		case isSmall && len(b) > 1:
			// しょ is sho, きょ is kyo, ティ is ti, ファ is fa.
			last := b[len(b)-1]
			b = b[:len(b)-1]
			glide := strings.ContainsRune("ゃゅょャュョ", r)
			if before := b[len(b)-1]; glide && last == 'i' && before != 'h' && before != 'j' {
				b = append(b, 'y')
			} else if glide && last != 'i' {
				b = append(b, last, 'y')
			}
			b = append(b, v...)
			continue
		}
		s := syllable(r)
		switch {
		case double && strings.HasPrefix(s, "ch"):
			b = append(b, 't')
		case double && s != "":
			b = append(b, s[0])
		}
		double = false
		b = append(b, s...)
	}
	return longVowels.Replace(string(b))
}

// syllable reads one of the kana. The library's way is not how names are written for all of them.
func syllable(r rune) string {
	switch r {
	case 'じ', 'ジ', 'ぢ', 'ヂ':
		return "ji"
	case 'づ', 'ヅ':
		return "zu"
	case 'ふ', 'フ':
		return "fu"
	case 'を', 'ヲ':
		return "o"
	}
	return unidecode.Unidecode(string(r))
}

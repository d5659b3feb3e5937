package name

import (
	"slices"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

func TestSyllablesOfCantoneseAreSpelledAsInHongKong(t *testing.T) {
	for in, want := range map[string]string{
		"can4": "chan", "wong4": "wong", "lei5": "lei", "zoeng1": "cheung", "joeng4": "yeung", "jyu4": "yu", "jyun4": "yuen", "gwok3": "kwok", "ng4": "ng", "aau1": "au", "dang6": "tang", "baak6": "pak", "heoi2": "hui", "zyu1": "chu", "": "",
	} {
		if got := hongKong(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestWhatIsSaidWhereAWordBegins(t *testing.T) {
	for in, want := range map[string]string{"리": "이", "로": "노", "녀": "여", "량": "양", "라": "나", "김": "김", "노": "노", "x": "x", "": ""} {
		if got := beginning(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.RuneFrom(nil, unicode.Hangul).Draw(t, "syllable"))
		if once := beginning(s); beginning(once) != once {
			t.Fatalf("%s %s %s", s, once, beginning(once))
		}
	})
}

// A name whose first sign is no family name of Korea is not read in Korean, and what is no name of a person in signs is not read at all.
func TestOnlyNamesAreRead(t *testing.T) {
	for _, in := range []string{"習近平", "佐々木裕子", "金", "", "金正恩正恩正恩", "Kim 正恩", "金 正 恩"} {
		if got := inKorean(in); len(got) > 0 {
			t.Errorf("%s: %v", in, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.SampledFrom([]rune("金李朴盧王習近平南宮正恩 ・a김")), 0, 7, -1).Draw(t, "text")
		korean, cantonese := inKorean(text), inCantonese(text)
		if len(korean) > mostReadings || len(cantonese) > 1 || slices.Contains(korean, "") || slices.Contains(cantonese, "") {
			t.Fatal(korean, cantonese)
		}
	})
}

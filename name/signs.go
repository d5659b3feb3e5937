package name

import (
	"embed"
	"slices"
	"strings"
	"sync"
	"unicode"
)

//go:embed all:signs/dist
var signsShipped embed.FS

// reading is how a Chinese sign reads elsewhere.
type reading struct {
	hangul   []string // in Korea, the readings of names first
	jyutping string   // in Cantonese
}

// signReadings are the readings of signs. Empty, where the program was built without the table.
var signReadings = sync.OnceValue(func() map[rune]reading {
	out := map[rune]reading{}
	eachRow(signsShipped, "signs/dist/readings.tsv.gz", func(f [3]string) {
		r := reading{hangul: strings.Fields(f[1])}
		r.jyutping, _, _ = strings.Cut(f[2], " ")
		out[[]rune(f[0])[0]] = r
	})
	return out
})

// familySigns takes the name of a person in signs apart: the family name and the given one, which may be written with something between
// them. ok is false for what is no such name.
func familySigns(text string) (family, given []rune, ok bool) {
	parts := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) })
	all := []rune(strings.Join(parts, ""))
	if len(all) < 2 || len(all) > 5 || len(parts) > 2 || slices.ContainsFunc(all, func(r rune) bool { return !unicode.Is(unicode.Han, r) }) {
		return nil, nil, false
	}
	n := 1
	switch {
	case len(parts) == 2:
		n = len([]rune(parts[0]))
	case len(all) > 2 && compoundHan[string(all[:2])]:
		n = 2
	}
	return all[:n], all[n:], n <= 2
}

// koreanFamilies are the family names of one syllable that nearly everybody in Korea bears, in both ways of writing a sound that begins
// with r or n. The list is ours, from general knowledge; add to it freely.
var koreanFamilies = func() map[string]bool {
	out := map[string]bool{}
	for _, f := range strings.Fields(`김 이 리 박 최 정 강 조 윤 장 임 림 한 오 서 신 권 황 안 송 류 유 전 홍 고 문 양 량 손 배 백 허 남 심 노 로 하 곽 성 차 주 우 구 민 진 나 라 지 엄 채 원
		천 방 공 현 함 염 렴 변 여 려 추 도 석 소 선 설 마 길 연 위 표 명 기 반 왕 금 옥 육 륙 인 맹 제 모 탁 국 어 은 편 용 룡 예 경 봉 사 부 가 복 태 목 형 계 피 두 감 음 온 호 승 시 상 갈 좌`) {
		out[f] = true
	}
	return out
}()

// inKorean gives how the name of a person that is written in signs may read in Korean, in Hangul.
func inKorean(text string) []string {
	family, given, ok := familySigns(text)
	if !ok || len(given) > 3 {
		return nil
	}
	t := signReadings()
	families := soundings(t, family, true)
	if len(families) > 0 && string(family) == "金" {
		families = []string{"김"}
	}
	between := "" // a family name of one syllable is told by its place, and is spelled as such names are
	if len(family) > 1 {
		between = " "
	}
	var out []string
	for _, f := range families {
		if !koreanFamilies[f] && !compoundHangul[f] {
			continue
		}
		for _, g := range soundings(t, given, false) {
			if r := f + between + g; len(out) < mostReadings && !slices.Contains(out, r) {
				out = append(out, r)
			}
		}
	}
	return out
}

// soundings reads signs in Hangul, as they are said in the south and in the north, which keeps r and n where a word begins. All readings
// of a family name are tried; a given name has the first one of each sign.
func soundings(t map[rune]reading, signs []rune, all bool) []string {
	var rest strings.Builder
	for _, s := range signs[1:] {
		r := t[s].hangul
		if len(r) == 0 {
			return nil
		}
		rest.WriteString(r[0])
	}
	first := t[signs[0]].hangul
	if !all && len(first) > 1 {
		first = first[:1]
	}
	var out []string
	for _, r := range first {
		for _, s := range []string{beginning(r), r} {
			if s += rest.String(); !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
}

// beginning is a syllable as it is said in the south where a word begins with it: 리 is 이, 로 is 노, 녀 is 여.
func beginning(syllable string) string {
	r := []rune(syllable)
	if len(r) != 1 || r[0] < '가' || r[0] > '힣' {
		return syllable
	}
	const (
		none, n, l    = 11, 2, 5       // consonants that begin a syllable
		vowels, tails = 21, 28         // how many there are
		first         = vowels * tails // syllables with one beginning
	)
	at := int(r[0] - '가')
	begins, vowel := at/first, at%first/tails
	soft := slices.Contains([]int{2, 3, 6, 7, 12, 17, 20}, vowel) // ya, yae, yeo, ye, yo, yu, i
	switch {
	case (begins == l || begins == n) && soft:
		begins = none
	case begins == l:
		begins = n
	}
	return string('가' + rune(begins*first+at%first))
}

// inCantonese gives how the name of a person that is written in signs is spelled in Hong Kong.
func inCantonese(text string) []string {
	family, given, ok := familySigns(text)
	if !ok {
		return nil
	}
	t := signReadings()
	var words []string
	for _, s := range slices.Concat(family, given) {
		w := hongKong(t[s].jyutping)
		if w == "" {
			return nil
		}
		words = append(words, w)
	}
	return []string{strings.Join(words, " ")}
}

// How the beginnings and the rests of syllables in Jyutping are written by the authorities of Hong Kong; what is not here is written alike.
var (
	cantoneseBegins = []struct{ jyutping, is string }{
		{"gw", "kw"}, {"kw", "kw"}, {"ng", "ng"}, {"b", "p"}, {"d", "t"}, {"g", "k"}, {"z", "ch"}, {"c", "ch"}, {"j", "y"},
	}
	cantoneseRests = map[string]string{
		"aa": "a", "aai": "ai", "aau": "au", "aam": "am", "aan": "an", "aang": "ang", "aap": "ap", "aat": "at", "aak": "ak",
		"ou": "o", "oe": "eu", "oeng": "eung", "oek": "euk", "eoi": "ui", "eon": "un", "eot": "ut", "yu": "u", "yun": "uen", "yut": "uet",
	}
)

// hongKong writes a syllable of Jyutping as names are written in Hong Kong: zoeng1 is cheung.
func hongKong(jyutping string) string {
	s := strings.TrimRight(jyutping, "0123456789")
	if s == "" || s == "m" || s == "ng" {
		return s
	}
	begins, rest := "", s
	if !strings.ContainsRune("aeou", rune(s[0])) {
		begins, rest = s[:1], s[1:]
		for _, b := range cantoneseBegins {
			if strings.HasPrefix(s, b.jyutping) {
				begins, rest = b.is, s[len(b.jyutping):]
				break
			}
		}
	}
	if r, ok := cantoneseRests[rest]; ok {
		rest = r
	}
	return begins + rest
}

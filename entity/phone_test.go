package entity_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"tarir/entity"
)

func TestPhonesInAnyWriting(t *testing.T) {
	for text, want := range map[string]string{
		"+33 6 12 34 56 78":                "+33612345678",
		"0033612345678":                    "+33612345678",
		"call 06.12.34.56.78 now":          "+33612345678",
		"(202) 555-0143 or 06 12 34 56 78": "+12025550143 +33612345678",
		"06*12*34*56*78":                   "+33612345678",
		"0️⃣6️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣8️⃣":                                  "+33612345678",
		"０６１２３４５６７８":                                                      "+33612345678",
		"𝟎𝟔𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖":                                                      "+33612345678",
		"٠٦١٢٣٤٥٦٧٨":                                                      "+33612345678",
		"۰۶ ۱۲ ۳۴ ۵۶ ۷۸":                                                  "+33612345678",
		"06💋12💋34💋56💋78":                                                  "+33612345678",
		"zero six one two three four five six 7 8":                        "+33612345678",
		"cero seis uno dos tres cuatro cinco seis 78":                     "+33612345678",
		"zéro six un deux trois quatre cinq six sept huit":                "+33612345678",
		"zerosixonetwothreefourfivesixseveneight":                         "+33612345678",
		"O6 12 34 56 78":                                                  "+33612345678",
		"O6 l2 34 56 78":                                                  "+33612345678",
		"06 12 34 56 7B":                                                  "",
		"06 12 З4 56 78":                                                  "+33612345678", // a Cyrillic letter for 3
		"صفر ستة واحد اثنان ثلاثة 45678":                                  "+33612345678",
		"ноль шесть один два три 4 5 6 7 8":                               "+33612345678",
		"06 12 34 56 78 call me":                                          "+33612345678",
		"150/200/300 €":                                                   "",
		"90-60-90":                                                        "",
		"100-70-110":                                                      "",
		"2024-05-06 12:30":                                                "",
		"from 06.05.2024":                                                 "",
		"22 years, 170 cm, 55 kg, 24/7":                                   "",
		"$200 $300 $400":                                                  "",
		"call zero six then one two then three four five six seven eight": "",
		"ref 000000000000":                                                "",
		"":                                                                "",
	} {
		f := entity.Finder{Regions: []string{"FR", "US"}}
		var got []string
		for _, p := range f.Phones(text) {
			got = append(got, p.Value)
			if p.Start < 0 || p.End > len(text) || p.Start >= p.End {
				t.Errorf("%q: found at %d to %d", text, p.Start, p.End)
			}
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%q: found %q, want %q", text, s, want)
		}
	}
}

// disguises write a number of ten digits so that a search does not find it.
var disguises = map[string]func(r *rand.Rand, d string) string{
	"plain":   func(_ *rand.Rand, d string) string { return d },
	"dashes":  func(_ *rand.Rand, d string) string { return d[:3] + "-" + d[3:6] + "-" + d[6:] },
	"bracket": func(_ *rand.Rand, d string) string { return "(" + d[:3] + ") " + d[3:6] + " " + d[6:] },
	"stars":   func(_ *rand.Rand, d string) string { return strings.Join(strings.Split(d, ""), "*") },
	"emoji":   func(_ *rand.Rand, d string) string { return d[:3] + "🌹" + d[3:6] + "💦" + d[6:] },
	"full":    func(_ *rand.Rand, d string) string { return mapDigits(d, '０') },
	"bold":    func(_ *rand.Rand, d string) string { return mapDigits(d, '𝟬') },
	"arabic":  func(_ *rand.Rand, d string) string { return mapDigits(d, '٠') },
	"thai":    func(_ *rand.Rand, d string) string { return mapDigits(d, '๐') },
	"keycap": func(_ *rand.Rand, d string) string {
		return strings.Join(strings.Split(d, ""), "\ufe0f\u20e3") + "\ufe0f\u20e3"
	},
	"english": spelled("zero one two three four five six seven eight nine", " "),
	"spanish": spelled("cero uno dos tres cuatro cinco seis siete ocho nueve", " "),
	"french":  spelled("zéro un deux trois quatre cinq six sept huit neuf", "-"),
	"glued":   spelled("zero one two three four five six seven eight nine", ""),
	"letters": func(_ *rand.Rand, d string) string { return strings.NewReplacer("0", "O", "1", "l").Replace(d) },
	"mixed": func(r *rand.Rand, d string) string {
		words := strings.Fields("zero one two three four five six seven eight nine")
		var b strings.Builder
		for i := range d {
			if r.IntN(3) == 0 {
				fmt.Fprintf(&b, " %s ", words[d[i]-'0'])
			} else {
				b.WriteByte(d[i])
			}
		}
		return b.String()
	},
}

func mapDigits(d string, zero rune) string {
	return strings.Map(func(r rune) rune { return r - '0' + zero }, d)
}

func spelled(words, between string) func(*rand.Rand, string) string {
	list := strings.Fields(words)
	return func(_ *rand.Rand, d string) string {
		var out []string
		for i := range d {
			out = append(out, list[d[i]-'0'])
		}
		return strings.Join(out, between)
	}
}

func number(r *rand.Rand) string {
	for {
		d := fmt.Sprintf("%d%02d%d%06d", 2+r.IntN(8), r.IntN(100), 2+r.IntN(8), r.IntN(1_000_000))
		if s, ok := entity.ParsePhone(d, "US"); ok && s.Value == "+1"+d {
			return d
		}
	}
}

func TestDisguisedPhonesAreFoundAndDecoysAreNot(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const n = 300
	for name, disguise := range disguises {
		found, wrong := 0, 0
		f := entity.Finder{Regions: []string{"US"}}
		for range n {
			d := number(r)
			text := fmt.Sprintf("New in town, %d years, %d cm. %d for an hour, open %d-%d. Call %s today!", 18+r.IntN(20), 155+r.IntN(30), 100+10*r.IntN(20), 8+r.IntN(4), 18+r.IntN(6), disguise(r, d))
			for _, p := range f.Phones(text) {
				if p.Value == "+1"+d {
					found++
				} else {
					wrong++
				}
			}
		}
		if found < n*95/100 || wrong > n/100 {
			t.Errorf("%s: %d of %d found, %d wrong", name, found, n, wrong)
		}
	}
	f := entity.Finder{Regions: []string{"US"}}
	for range 5000 {
		text := fmt.Sprintf("%d-%d-%d, %d kg, %d/%d/%d roses, posted 20%02d-%02d-%02d %02d:%02d, room %d", 80+r.IntN(30), 55+r.IntN(20), 80+r.IntN(30), 45+r.IntN(30),
			100+10*r.IntN(10), 150+10*r.IntN(10), 300+10*r.IntN(10), 15+r.IntN(10), 1+r.IntN(12), 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(3000))
		if p := f.Phones(text); len(p) > 0 {
			t.Errorf("%q: found %v", text, p)
		}
	}
}

func FuzzPhones(f *testing.F) {
	for name := range disguises {
		f.Add(disguises[name](rand.New(rand.NewPCG(1, 2)), "2025550143"))
	}
	f.Fuzz(func(t *testing.T, text string) {
		finder := entity.Finder{Regions: []string{"US", "FR"}}
		found := finder.Phones(text)
		for _, p := range found {
			if p.Start < 0 || p.Start >= p.End || p.End > len(text) {
				t.Fatalf("found at %d to %d of %d", p.Start, p.End, len(text))
			}
		}
		if again := finder.Phones(text); !slices.Equal(again, found) {
			t.Fatalf("found %v, and then %v", found, again)
		}
	})
}

func BenchmarkPhones(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	var texts []string
	names := make([]string, 0, len(disguises))
	for n := range disguises {
		names = append(names, n)
	}
	slices.Sort(names)
	size := 0
	for i := range 20_000 {
		var words []string
		for range 50 {
			words = append(words, []string{"sweet", "new", "in", "town", "outcall", "only", "visit", "me", "tonight", "hotel", "kisses", "available", "ask", "for", "one"}[r.IntN(15)])
		}
		text := strings.Join(words, " ") + " " + disguises[names[i%len(names)]](r, number(r)) + " ✨ " + strings.Join(words[:10], " ")
		texts = append(texts, text)
		size += len(text)
	}
	b.ResetTimer()
	b.SetBytes(int64(size / len(texts)))
	f := entity.Finder{Regions: []string{"US"}}
	for i := 0; b.Loop(); i++ {
		f.Phones(texts[i%len(texts)])
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "adverts/s")
}

func BenchmarkFind(b *testing.B) {
	text := strings.Repeat("sweet new in town outcall only visit me tonight hotel kisses available ask for one ", 4) + "💋 Mail ana.r@example.org telegram: @Rosa_24 call 202 555 0143 ✨"
	b.SetBytes(int64(len(text)))
	f := entity.Finder{Regions: []string{"US"}}
	for b.Loop() {
		f.Find(text)
	}
}

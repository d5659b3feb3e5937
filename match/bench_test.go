package match_test

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tarir/match"
)

// people makes records of people and companies that do not exist, the same for the same seed: names of several traditions, frequent
// ones as frequent as they are (Zipf), 3 of 10 written in Arabic or Cyrillic letters as well or instead.
type people struct {
	r                *rand.Rand
	given, surnames  []string
	givenAt, surname *rand.Zipf
	n                int
}

func newPeople(seed uint64) *people {
	p := &people{r: rand.New(rand.NewPCG(seed, 7))}
	// Syllables of an onset, a vowel and an end, as many as languages have: names are seven letters long in the mean.
	onsets := strings.Fields("b bl br c ch d dr f fr g gl gr h j k kl kr kh l m n p pr qu r s sch sh sk sl st str t tr th ts v w y z zh")
	onsets = append(onsets, "", "", "")
	vowels := strings.Fields("a a a e e i i o o u ai au ei ie ou ia")
	ends := append(strings.Fields("n n r s l m t k d ng rd nd st ck x rt nk"), "", "", "", "", "", "", "", "")
	word := func(least, most int) string {
		var b strings.Builder
		for range least + p.r.IntN(most-least+1) {
			b.WriteString(onsets[p.r.IntN(len(onsets))] + vowels[p.r.IntN(len(vowels))] + ends[p.r.IntN(len(ends))])
		}
		w := b.String()
		return strings.ToUpper(w[:1]) + w[1:]
	}
	p.given = strings.Fields("Mohammed Ahmed Ali Maria Jose Ivan Juan Anna Fatima Omar Hassan David Elena Sergey Li Wei Kim Abdul Ibrahim Yusuf Olga Carlos Ana Luis Aisha Daniel Peter Paul Michael Andrei Natalia Dmitry Marie Pierre Hans Karl Laura Sofia Giorgi Nino Tigran Amit Priya Raj Nguyen Thi Van Minh Chen Zhang")
	for range 20_000 {
		p.given = append(p.given, word(1, 3))
	}
	for range 1_000_000 {
		p.surnames = append(p.surnames, word(2, 3))
	}
	p.givenAt = rand.NewZipf(p.r, 1.1, 8, uint64(len(p.given)-1))
	p.surname = rand.NewZipf(p.r, 1.05, 400, uint64(len(p.surnames)-1))
	return p
}

var cyrillic = strings.NewReplacer("sh", "ш", "ch", "ч", "kh", "х", "a", "а", "b", "б", "d", "д", "e", "е", "f", "ф", "g", "г", "h", "х", "i", "и", "j", "ж", "k", "к", "l", "л", "m", "м", "n", "н", "o", "о", "p", "п", "r", "р", "s", "с", "t", "т", "u", "у", "v", "в", "z", "з", "y", "й", "w", "в", "c", "к", "x", "кс", "q", "к")

func (p *people) person() string {
	g := p.given[p.givenAt.Uint64()]
	s := p.surnames[p.surname.Uint64()]
	switch p.r.IntN(10) {
	case 0:
		return g + " bin " + p.given[p.givenAt.Uint64()] + " al-" + s
	case 1:
		return g + " " + p.given[p.givenAt.Uint64()] + " " + s
	case 2:
		return g + " " + s + " " + p.surnames[p.surname.Uint64()]
	case 3:
		return cyrillic.Replace(strings.ToLower(g)) + " " + cyrillic.Replace(strings.ToLower(s))
	}
	return g + " " + s
}

func (p *people) record() match.Record {
	p.n++
	r := match.Record{ID: "r" + strconv.Itoa(p.n), Schema: "Person"}
	if p.r.IntN(5) == 0 {
		r.Schema = "Company"
		r.Names = []string{p.surnames[p.surname.Uint64()] + " " + []string{"Trading LLC", "Shipping Ltd", "GmbH", "Group SA", "Import Export", "Hotel"}[p.r.IntN(6)]}
	} else {
		r.Names = []string{p.person()}
		r.Births = []match.Date{{Year: 1940 + p.r.IntN(70), Month: 1 + p.r.IntN(12), Day: 1 + p.r.IntN(28)}}
		r.Sex = []string{"M", "F"}[p.r.IntN(2)]
	}
	c := []string{"FR", "MX", "MA", "TH", "RO", "NG", "VN", "CO"}[p.r.IntN(8)]
	r.Countries = []string{c}
	r.Selectors = []string{fmt.Sprintf("document:%s:%09d", c, p.n), fmt.Sprintf("phone:+33%09d", p.r.IntN(1e9))}
	r.Doc = fmt.Sprintf(`{"id":%q,"schema":%q,"properties":{"name":[%q],"country":[%q],"passportNumber":["%09d"]}}`, r.ID, r.Schema, r.Names[0], strings.ToLower(c), p.n)
	return r
}

func (p *people) many(n int) iter.Seq2[match.Record, error] {
	return func(yield func(match.Record, error) bool) {
		for range n {
			if !yield(p.record(), nil) {
				return
			}
		}
	}
}

func sizes() []int {
	if v, err := strconv.Atoi(os.Getenv("TARIR_BENCH_RECORDS")); err == nil {
		return []int{v}
	}
	return []int{10_000, 200_000, 1_000_000}
}

// BenchmarkCheck builds an index of each size and asks it: numbers, names that nobody has, and names on it with a slip.
// TARIR_BENCH_RECORDS sets one size.
func BenchmarkCheck(b *testing.B) {
	for _, n := range sizes() {
		b.Run(fmt.Sprint("records=", n), func(b *testing.B) {
			dir := b.TempDir()
			x, err := match.Open(dir, true, time.Now)
			if err != nil {
				b.Fatal(err)
			}
			ctx := context.Background()
			begin := time.Now()
			made := 0.0
			{
				p := newPeople(1)
				t := time.Now()
				list := make([]match.Record, 0, 100_000) // what making them costs is not the index's
				for range min(n, 100_000) {
					list = append(list, p.record())
				}
				made = time.Since(t).Seconds() / float64(len(list))
			}
			begin = time.Now()
			if _, err := x.Update(ctx, match.Source{Name: "made", Whole: true}, newPeople(1).many(n)); err != nil {
				b.Fatal(err)
			}
			took := time.Since(begin).Seconds() - made*float64(n)
			x = nil
			runtime.GC()
			begin = time.Now()
			if x, err = match.Open(dir, false, time.Now); err != nil {
				b.Fatal(err)
			}
			opened := time.Since(begin)
			size := int64(0)
			entries, _ := os.ReadDir(dir)
			for _, e := range entries {
				i, _ := e.Info()
				size += i.Size()
			}
			b.Run("build", func(b *testing.B) {
				for b.Loop() {
				}
				b.ReportMetric(float64(n)/took, "records/s")
				b.ReportMetric(float64(size)/float64(n), "bytes/record")
				b.ReportMetric(opened.Seconds()*1e3, "open-ms")
			})
			ask := func(name string, question func(i int) *match.Ask, hits bool) {
				b.Run(name, func(b *testing.B) {
					var took []time.Duration
					i, found := 0, 0
					for b.Loop() {
						q := question(i)
						t := time.Now()
						a, err := x.Find(ctx, q, match.Options{})
						if err != nil {
							b.Fatal(err)
						}
						took = append(took, time.Since(t))
						if len(a.Hits) > 0 {
							found++
						}
						i++
					}
					slices.Sort(took)
					b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
					b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
					b.ReportMetric(float64(found)/float64(i), "found")
				})
			}
			b.Run("number", func(b *testing.B) {
				r := rand.New(rand.NewPCG(3, 3))
				for b.Loop() {
					if _, _, err := x.Known(fmt.Sprintf("document:FR:%09d", r.IntN(2*n))); err != nil {
						b.Fatal(err)
					}
				}
			})
			other := newPeople(2) // other surnames
			ask("unknown", func(int) *match.Ask {
				return &match.Ask{Schema: "Person", Names: []string{other.person()}, Births: []match.Date{{Year: 1940 + other.r.IntN(70), Month: 1 + other.r.IntN(12), Day: 1 + other.r.IntN(28)}}}
			}, false)
			again := newPeople(1)
			var known []match.Record
			for range min(n, 5000) {
				if r := again.record(); r.Schema == "Person" {
					known = append(known, r)
				}
			}
			ask("known", func(i int) *match.Ask {
				r := known[i%len(known)]
				return &match.Ask{Schema: "Person", Names: []string{slip(other.r, r.Names[0])}, Births: r.Births}
			}, true)
		})
	}
}

// slip leaves a letter of a name out, or writes another.
func slip(r *rand.Rand, s string) string {
	b := []rune(s)
	i := 1 + r.IntN(len(b)-1)
	if b[i] == ' ' || b[i-1] == ' ' {
		return s
	}
	if r.IntN(2) == 0 {
		return string(append(b[:i:i], b[i+1:]...))
	}
	b[i], b[i-1] = b[i-1], b[i]
	return string(b)
}

package online

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// corpus makes adverts of families by a power law and as many of nobody's, of sixty words; a share of the words of a family's
// advert is changed, and up to four slots of one to three words are filled anew. Every tenth sentence is one that
// everybody uses.
func corpus(n int, noise float64, seed uint64) (list []*Advert, truth []int) {
	r := rand.New(rand.NewPCG(seed, 1))
	vocabulary := make([]string, 6000)
	for i := range vocabulary {
		var b strings.Builder
		for range 2 + r.IntN(3) {
			b.WriteString([]string{"ba", "ce", "di", "fo", "gu", "la", "me", "ni", "ro", "su", "ta", "ve", "zi", "no", "ka"}[r.IntN(15)])
		}
		vocabulary[i] = b.String()
	}
	// Words are as frequent as in a language: the k-th a k-th as often as the first.
	zipf := rand.NewZipf(r, 1.07, 2, uint64(len(vocabulary)-1))
	phrase := func(k int) []string {
		out := make([]string, k)
		for i := range out {
			out[i] = vocabulary[zipf.Uint64()]
		}
		return out
	}
	var stock [][]string
	for range 12 {
		stock = append(stock, phrase(8))
	}
	text := func() []string {
		var out []string
		for len(out) < 60 {
			if r.IntN(10) == 0 {
				out = append(out, stock[r.IntN(len(stock))]...)
			} else {
				out = append(out, phrase(6)...)
			}
		}
		return out
	}
	put := func(words []string, family int) {
		s := strings.Join(words, " ")
		if r.IntN(2) == 0 {
			s += fmt.Sprintf(" 💋 %d$ call +1%d", 100+r.IntN(200), 2_000_000_000+r.IntN(1_000_000_000))
		}
		list = append(list, &Advert{ID: fmt.Sprintf("a%07d", r.IntN(10_000_000)*10+len(list)%10), Text: s})
		truth = append(truth, family)
	}
	for family := 1; len(list) < n/2; family++ {
		head := text()
		slots := r.IntN(5)
		var at []int
		for range slots {
			at = append(at, r.IntN(len(head)))
		}
		for range min(2+int(2/(0.004+r.Float64())), 300) {
			var words []string
			for i, w := range head {
				if slices.Contains(at, i) {
					words = append(words, phrase(1+r.IntN(3))...)
					continue
				}
				if r.Float64() < noise {
					switch r.IntN(3) {
					case 0:
						continue
					case 1:
						words = append(words, phrase(1)...)
					}
					w = phrase(1)[0]
				}
				words = append(words, w)
			}
			put(words, family)
		}
	}
	for len(list) < n {
		put(text(), -len(list))
	}
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i]; truth[i], truth[j] = truth[j], truth[i] })
	return list, truth
}

// pairs compares families with the truth by pairs of adverts.
func pairs(families []Family, truth []int) (precision, recall float64) {
	choose := func(n int) float64 { return float64(n) * float64(n-1) / 2 }
	all, named, right := 0.0, 0.0, 0.0
	size := map[int]int{}
	for _, f := range truth {
		size[f]++
	}
	for _, n := range size {
		all += choose(n)
	}
	for _, f := range families {
		named += choose(len(f.Members))
		of := map[int]int{}
		for _, m := range f.Members {
			of[truth[m]]++
		}
		for _, n := range of {
			right += choose(n)
		}
	}
	return right / max(named, 1), right / max(all, 1)
}

func TestFamiliesAreFoundInSpiteOfNoise(t *testing.T) {
	for noise, least := range map[float64]float64{0: 0.99, 0.05: 0.98, 0.15: 0.95} {
		list, truth := corpus(8000, noise, 7)
		families, err := Families(context.Background(), list, nil)
		if err != nil {
			t.Fatal(err)
		}
		p, r := pairs(families, truth)
		t.Logf("noise %.2f: precision %.4f, recall %.4f, F1 %.4f, %d families", noise, p, r, 2*p*r/(p+r), len(families))
		if p < least || r < least {
			t.Errorf("noise %.2f: precision %.4f, recall %.4f", noise, p, r)
		}
	}
}

func TestTheOrderOfAdvertsDoesNotChangeFamilies(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		list, _ := corpus(400, 0.1, rapid.Uint64().Draw(rt, "seed"))
		members := func(list []*Advert) []string {
			families, err := Families(context.Background(), list, nil)
			if err != nil {
				rt.Fatal(err)
			}
			var out []string
			for _, f := range families {
				var ids []string
				for _, m := range f.Members {
					ids = append(ids, list[m].ID)
				}
				slices.Sort(ids)
				out = append(out, f.ID+" "+strings.Join(ids, ","))
			}
			return out
		}
		want := members(list)
		if got := members(rapid.Permutation(list).Draw(rt, "order")); !slices.Equal(got, want) {
			rt.Fatalf("%v\nin another order %v", want, got)
		}
	})
}

func BenchmarkFamilies(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("n=%.0e", float64(n)), func(b *testing.B) {
			list, truth := corpus(n, 0.05, 7)
			debug.FreeOSMemory() // what made the texts is not counted, the texts are
			peak := peakMemory(b)
			b.ReportAllocs()
			b.ResetTimer()
			var families []Family
			for b.Loop() {
				var err error
				if families, err = Families(context.Background(), list, nil); err != nil {
					b.Fatal(err)
				}
			}
			p, r := pairs(families, truth)
			b.ReportMetric(2*p*r/(p+r), "F1")
			b.ReportMetric(float64(b.N)*float64(n)/b.Elapsed().Seconds(), "adverts/s")
			b.ReportMetric(float64(peak())/float64(n), "peak-B/advert")
		})
	}
}

// peakMemory watches how much memory the process holds, and tells the most when it is called.
func peakMemory(b *testing.B) func() uint64 {
	b.Helper()
	most := uint64(0)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		held := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
		for {
			metrics.Read(held)
			most = max(most, held[0].Value.Uint64()-held[1].Value.Uint64())
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	})
	return func() uint64 {
		close(stop)
		wg.Wait()
		return most
	}
}

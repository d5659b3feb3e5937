package online

import (
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestImagesThatDifferInFewBitsAreOne(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		turned := func(b []byte, n int) []byte {
			b = append([]byte(nil), b...)
			for _, k := range r.Perm(256)[:n] {
				b[k/8] ^= 1 << (k % 8)
			}
			return b
		}
		first := make([]byte, 32)
		for i := range first {
			first[i] = byte(r.Uint32())
		}
		near := turned(first, rapid.IntRange(0, alikeBits).Draw(rt, "near"))
		far := turned(first, rapid.IntRange(alikeBits+1, 256).Draw(rt, "far"))
		a, b, c := hex.EncodeToString(first), hex.EncodeToString(near), hex.EncodeToString(far)
		same := SameImages([]*Advert{{Images: []string{a}}, {Images: []string{b}}, {Images: []string{"abcd"}}})
		if same[a] != same[b] {
			rt.Fatalf("%s and %s are one image", a, b)
		}
		if same["abcd"] != "abcd" {
			rt.Fatalf("a hash of another length stands for %q", same["abcd"])
		}
		same = SameImages([]*Advert{{Images: []string{a, c}}})
		if same[a] == same[c] {
			rt.Fatalf("%s and %s are two images", a, c)
		}
	})
}

func BenchmarkSameImages(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	var adverts []*Advert
	for len(adverts) < 100_000 {
		first := make([]byte, 32)
		for i := range first {
			first[i] = byte(r.Uint32())
		}
		for range 1 + r.IntN(8) {
			h := append([]byte(nil), first...)
			for range 6 {
				k := r.IntN(256)
				h[k/8] ^= 1 << (k % 8)
			}
			adverts = append(adverts, &Advert{Images: []string{hex.EncodeToString(h)}})
		}
	}
	b.ResetTimer()
	for b.Loop() {
		SameImages(adverts)
	}
	b.ReportMetric(float64(b.N)*float64(len(adverts))/b.Elapsed().Seconds(), "images/s")
}

func TestAllImagesThatAreConnectedAreFound(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		var list []picture
		for range rapid.IntRange(1, 4).Draw(rt, "originals") {
			original := picture{r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64()}
			if len(list) > 0 && rapid.Bool().Draw(rt, "a part in common") {
				original[0] = original[0]&^0xffff | list[0][0]&0xffff
			}
			for range rapid.IntRange(1, 12).Draw(rt, "copies") {
				p := original
				for range rapid.IntRange(0, 40).Draw(rt, "turned") {
					k := r.IntN(256)
					p[k/64] ^= 1 << (k % 64)
				}
				list = append(list, p)
			}
		}
		want, got := newForest(len(list)), newForest(len(list))
		for i := range list {
			for k := range i {
				if list[i].differ(&list[k]) <= alikeBits {
					want.join(int32(i), int32(k))
				}
			}
		}
		for _, p := range alikePictures(list) {
			got.join(p[0], p[1])
		}
		for i := range list {
			if got.find(int32(i)) != want.find(int32(i)) {
				rt.Fatalf("picture %d of %d", i, len(list))
			}
		}
	})
}

func TestImagesThatComeOneAfterTheOtherAreTheSameAsAllAtOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		var adverts []*Advert
		for range rapid.IntRange(1, 30).Draw(rt, "originals") {
			original := make([]byte, imageBytes)
			for i := range original {
				original[i] = byte(r.Uint32())
			}
			for range rapid.IntRange(1, 6).Draw(rt, "copies") {
				b := append([]byte(nil), original...)
				for range r.IntN(40) {
					k := r.IntN(256)
					b[k/8] ^= 1 << (k % 8)
				}
				adverts = append(adverts, &Advert{Images: []string{hex.EncodeToString(b), []string{"", "none", "ABCD"}[r.IntN(3)]}})
			}
		}
		r.Shuffle(len(adverts), func(i, k int) { adverts[i], adverts[k] = adverts[k], adverts[i] })
		memo := NewMemo()
		for n := 0; n < len(adverts); {
			n = min(len(adverts), n+rapid.IntRange(1, 20).Draw(rt, "more"))
			at, list, first := images(adverts[:n], memo)
			at2, list2, first2 := images(adverts[:n], &Memo{off: true})
			if !slices.Equal(at, at2) || !slices.Equal(list, list2) || !slices.Equal(first, first2) {
				rt.Fatalf("after %d adverts: %v, want %v", n, first, first2)
			}
			var b strings.Builder
			if _, err := memo.WriteTo(&b); err != nil {
				rt.Fatal(err)
			}
			var err error
			if memo, err = ReadMemo(b.String()); err != nil {
				rt.Fatal(err)
			}
		}
		if memo.images.first[0] != 0 || len(memo.images.list) == 0 {
			rt.Fatal("nothing was remembered")
		}
	})
}

package online

import (
	"encoding/hex"
	"math/rand/v2"
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

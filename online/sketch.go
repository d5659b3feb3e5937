package online

import (
	"context"
	"math"
	"slices"
	"sync"
)

const (
	sketchSize = 64
	bands      = 21
	rows       = 3
	// alike is how many of the places of two sketches must be equal for their texts to be compared word by word: texts
	// that share a tenth of their pairs of words have on average a tenth of the places equal.
	alike = 12
)

// sketch stands for the set of pairs of neighbouring words of a text: the share of equal places of two sketches is an
// estimate of the share of pairs that their texts have in common (Broder 1997; one permutation, Li, Owen and Zhang 2012;
// empty places filled after Shrivastava 2017). The smallest hash of each sixty-fourth of all hashes has a place.
type sketch [sketchSize]uint32

const emptyPlace = math.MaxUint32

func sketchOf(words []uint32) (s sketch) {
	for i := range s {
		s[i] = emptyPlace
	}
	put := func(h uint64) {
		h = mix(h)
		k, v := h>>58, uint32(h)
		if v != emptyPlace && v < s[k] {
			s[k] = v
		}
	}
	if len(words) == 1 {
		put(uint64(words[0]))
	}
	for i := 1; i < len(words); i++ {
		put(uint64(words[i-1])<<32 | uint64(words[i]))
	}
	full := s
	for i := range s {
		for k := uint64(1); full[i] == emptyPlace && len(words) > 0; k++ {
			if v := full[mix(uint64(i)<<32|k)%sketchSize]; v != emptyPlace {
				s[i] = v
				break
			}
		}
	}
	return s
}

// mix is the finalizer of MurmurHash3 (public domain): every bit of the input reaches every bit of the output.
func mix(h uint64) uint64 {
	h += 0x9E3779B97F4A7C15
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

func (s *sketch) equal(o *sketch) int {
	n := 0
	for i := range s {
		if s[i] == o[i] {
			n++
		}
	}
	return n
}

// alikePairs calls found for pairs of texts with alike sketches: in each of 21 bands, texts with the same three places
// lie side by side, those with the same fourth next to each other, and each is compared with the first of them and with the
// one before it, never all with all. Texts are told by their places in the list, so the pairs depend on the list and on
// nothing else. found is called with the pairs of one band at a time.
//
// Time n log n, memory 8 bytes a text.
func alikePairs(ctx context.Context, sketches []sketch, found func(pairs [][2]int32) error) error {
	keys := make([]uint64, 0, len(sketches))
	var pairs [][2]int32
	for band := range bands {
		if err := ctx.Err(); err != nil {
			return err
		}
		keys = keys[:0]
		for i := range sketches {
			s := &sketches[i]
			if s[0] == emptyPlace {
				continue
			}
			h := mix(mix(mix(uint64(s[band*rows]))+uint64(s[band*rows+1])) + uint64(s[band*rows+2]))
			next := mix(uint64(s[(band*rows+rows)%sketchSize])) >> (64 - nextBits)
			keys = append(keys, h>>(placeBits+nextBits)<<(placeBits+nextBits)|next<<placeBits|uint64(i))
		}
		sortKeys(keys)
		head := 0
		pairs = pairs[:0]
		compare := func(a, b uint64) {
			i, k := int32(a&placeMask), int32(b&placeMask)
			if sketches[i].equal(&sketches[k]) >= alike {
				pairs = append(pairs, [2]int32{i, k})
			}
		}
		for i := 1; i < len(keys); i++ {
			if keys[i]>>(placeBits+nextBits) != keys[head]>>(placeBits+nextBits) {
				head = i
				continue
			}
			compare(keys[i-1], keys[i])
			if head < i-1 {
				compare(keys[head], keys[i])
			}
		}
		if err := found(pairs); err != nil {
			return err
		}
	}
	return nil
}

const (
	placeBits = 26 // 67 million texts
	placeMask = 1<<placeBits - 1
	nextBits  = 8
)

// sortKeys sorts two halves at once and merges them.
func sortKeys(keys []uint64) {
	if len(keys) < 1<<14 {
		slices.Sort(keys)
		return
	}
	mid := len(keys) / 2
	var wg sync.WaitGroup
	wg.Go(func() { slices.Sort(keys[:mid]) })
	slices.Sort(keys[mid:])
	wg.Wait()
	low := slices.Clone(keys[:mid])
	for k, i, j := 0, 0, mid; i < len(low); k++ {
		if j == len(keys) || low[i] <= keys[j] {
			keys[k] = low[i]
			i++
		} else {
			keys[k] = keys[j]
			j++
		}
	}
}

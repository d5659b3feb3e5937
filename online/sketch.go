package online

import (
	"context"
	"math"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"
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

// pairsAlike calls found for pairs of texts with alike sketches: in each of 21 bands, texts with the same three places
// lie side by side, and each is compared with the first of them and with the one before it, never all with all. Texts
// are told by their places in the list, so the pairs depend on the list and on nothing else.
//
// Time n log n, memory 8 bytes a text and processor.
func pairsAlike(ctx context.Context, sketches []sketch, found func(a, b int32)) error {
	workers := min(runtime.GOMAXPROCS(0), bands)
	type pair struct{ a, b int32 }
	pairs := make([][]pair, bands)
	eg, ctx := errgroup.WithContext(ctx)
	for w := range workers {
		eg.Go(func() error {
			keys := make([]uint64, 0, len(sketches))
			for band := w; band < bands; band += workers {
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
					keys = append(keys, h>>placeBits<<placeBits|uint64(i))
				}
				slices.Sort(keys)
				head := 0
				for i := 1; i < len(keys); i++ {
					if keys[i]>>placeBits != keys[head]>>placeBits {
						head = i
						continue
					}
					x := &sketches[keys[i]&placeMask]
					if x.equal(&sketches[keys[i-1]&placeMask]) >= alike {
						pairs[band] = append(pairs[band], pair{int32(keys[i-1] & placeMask), int32(keys[i] & placeMask)})
					}
					if head < i-1 && x.equal(&sketches[keys[head]&placeMask]) >= alike {
						pairs[band] = append(pairs[band], pair{int32(keys[head] & placeMask), int32(keys[i] & placeMask)})
					}
				}
			}
			return nil
		})
	}
	if err := eg.Wait(); err != nil {
		return err
	}
	for _, list := range pairs {
		for _, p := range list {
			found(p.a, p.b)
		}
	}
	return nil
}

const (
	placeBits = 26 // 67 million texts
	placeMask = 1<<placeBits - 1
)

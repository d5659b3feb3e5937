package online

import (
	"encoding/hex"
	"math/bits"
	"slices"
	"strings"

	"tarir/entity"
)

// alikeBits is how many of the 256 bits of two perceptual hashes may differ for the images to be taken for one (the
// threshold that the authors of PDQ recommend).
const alikeBits = 31

// imageBytes is the length of a perceptual hash that is compared by distance; any other is only compared whole.
const (
	imageBytes = 32
	imageParts = imageBytes / 2
)

// SameImages names each perceptual hash in the adverts by a hash that stands for all that show the same image: the smallest
// of those that are connected by hashes that differ in at most 31 of 256 bits. Hashes of another length stand for
// themselves.
//
// Method: if two hashes differ in at most 31 bits, then in at least one of sixteen parts of sixteen bits in at most one bit
// (multi-index hashing, Norouzi, Punjani and Fleet 2012): each part and its sixteen neighbours are looked up. Cost: linear in
// the hashes and in those that share a part.
func SameImages(adverts []*Advert) map[string]string {
	var list []string
	for _, a := range adverts {
		for _, h := range a.Images {
			list = append(list, imageHash(h))
		}
	}
	slices.Sort(list)
	list = slices.Compact(list)
	root := make([]int, len(list))
	for i := range root {
		root[i] = i
	}
	find := func(i int) int {
		for root[i] != i {
			root[i] = root[root[i]]
			i = root[i]
		}
		return i
	}
	words := make([][imageParts]uint16, len(list))
	// The hashes with a part of a value, one after the other: the last of them, and the one before each.
	last, before := make([][1 << 16]int32, imageParts), make([][imageParts]int32, len(list))
	for i, h := range list {
		b, err := hex.DecodeString(h)
		if err != nil || len(b) != imageBytes {
			continue
		}
		for k := range words[i] {
			words[i][k] = uint16(b[2*k])<<8 | uint16(b[2*k+1])
		}
		for k, v := range words[i] {
			for flip := range 17 { // the part itself, then each of its bits turned
				x := v
				if flip < 16 {
					x ^= 1 << flip
				}
				for j := last[k][x]; j > 0; j = before[j-1][k] {
					if differ(&words[i], &words[j-1]) <= alikeBits {
						if a, b := find(i), find(int(j-1)); a != b {
							root[max(a, b)] = min(a, b)
						}
					}
				}
			}
		}
		for k, v := range words[i] {
			before[i][k], last[k][v] = last[k][v], int32(i+1)
		}
	}
	out := make(map[string]string, len(list))
	for i, h := range list {
		out[h] = list[find(i)]
	}
	return out
}

func imageHash(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

func differ(a, b *[imageParts]uint16) int {
	n := 0
	for i := range a {
		n += bits.OnesCount16(a[i] ^ b[i])
	}
	return n
}

// withImages adds the images of adverts to their contacts: whoever shows the same image is behind both, as with a number.
func withImages(adverts []*Advert, contacts [][]entity.Selector) {
	same := SameImages(adverts)
	for i, a := range adverts {
		for _, h := range a.Images {
			s := entity.Selector{Kind: entity.Image, Value: same[imageHash(h)]}
			if s.Value != "" && !slices.Contains(contacts[i], s) {
				contacts[i] = append(contacts[i], s)
			}
		}
	}
}

package online

import (
	"encoding/binary"
	"encoding/hex"
	"math/bits"
	"runtime"
	"slices"
	"strings"
	"sync"

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
	pictures := make([]picture, 0, len(list))
	at := make([]int, 0, len(list)) // of each picture in the list
	for i, h := range list {
		b, err := hex.DecodeString(h)
		if err != nil || len(b) != imageBytes {
			continue
		}
		var p picture
		for k := range p {
			p[k] = binary.BigEndian.Uint64(b[8*k:])
		}
		pictures, at = append(pictures, p), append(at, i)
	}
	for _, p := range alikePictures(pictures) {
		if a, b := find(at[p[0]]), find(at[p[1]]); a != b {
			root[max(a, b)] = min(a, b)
		}
	}
	out := make(map[string]string, len(list))
	for i, h := range list {
		out[h] = list[find(i)]
	}
	return out
}

func imageHash(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// picture is a perceptual hash of 256 bits.
type picture [imageBytes / 8]uint64

func (p *picture) part(k int) uint16 { return uint16(p[k/4] >> (16 * (k % 4))) }

func (p *picture) differ(o *picture) int {
	return bits.OnesCount64(p[0]^o[0]) + bits.OnesCount64(p[1]^o[1]) + bits.OnesCount64(p[2]^o[2]) + bits.OnesCount64(p[3]^o[3])
}

// mostOfPart bounds how many pictures with one part are compared with each other picture, the nearest by hash. A picture that
// thousands take from elsewhere has thousands of such: they are connected through their neighbours.
const mostOfPart = 16

// alikePictures lists pairs that differ in at most 31 bits, with all processors.
func alikePictures(list []picture) [][2]int {
	// The pictures with a part of a value stand together, in order.
	var begin [imageParts][]int32
	var by [imageParts][]int32
	for k := range imageParts {
		begin[k], by[k] = make([]int32, 1<<16+1), make([]int32, len(list))
		for i := range list {
			begin[k][int(list[i].part(k))+1]++
		}
		for v := range 1 << 16 {
			begin[k][v+1] += begin[k][v]
		}
		next := slices.Clone(begin[k])
		for i := range list {
			v := list[i].part(k)
			by[k][next[v]] = int32(i)
			next[v]++
		}
	}
	workers := runtime.GOMAXPROCS(0)
	found := make([][][2]int, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < len(list); i += workers {
				p := &list[i]
				for k := range imageParts {
					v := p.part(k)
					for flip := range 17 { // the part itself, then each of its bits turned
						x := v
						if flip < 16 {
							x ^= 1 << flip
						}
						same := by[k][begin[k][x]:begin[k][int(x)+1]]
						n, _ := slices.BinarySearch(same, int32(i))
						for _, o := range same[max(0, n-mostOfPart):n] {
							if p.differ(&list[o]) <= alikeBits {
								found[w] = append(found[w], [2]int{int(o), i})
							}
						}
					}
				}
			}
		})
	}
	wg.Wait()
	return slices.Concat(found...)
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

package online

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"math/bits"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

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
	_, list, first := images(adverts)
	out := make(map[string]string, len(list))
	for i, h := range list {
		out[h] = list[first[i]]
	}
	return out
}

// images lists the hashes in the adverts, in order: which of them stands at each place of the adverts' images, one after the
// other, and which stands for each.
func images(adverts []*Advert) (at []int32, list []string, first []int32) {
	met := map[string]int32{}
	var hashes []string
	for _, a := range adverts {
		for _, h := range a.Images {
			h = imageHash(h)
			n, ok := met[h]
			if !ok {
				n = int32(len(hashes))
				met[h], hashes = n, append(hashes, h)
			}
			at = append(at, n)
		}
	}
	type one struct {
		begins uint64 // of the text, so that most are told apart without it
		n      int32
	}
	order := make([]one, len(hashes))
	for n, h := range hashes {
		var b [8]byte
		copy(b[:], h)
		order[n] = one{binary.BigEndian.Uint64(b[:]), int32(n)}
	}
	slices.SortFunc(order, func(a, b one) int {
		if c := cmp.Compare(a.begins, b.begins); c != 0 {
			return c
		}
		return strings.Compare(hashes[a.n], hashes[b.n])
	})
	list = make([]string, len(order))
	rank := make([]int32, len(order))
	pictures := make([]picture, 0, len(list))
	which := make([]int32, 0, len(list)) // of the list each picture is
	for i, o := range order {
		list[i], rank[o.n] = hashes[o.n], int32(i)
		if len(list[i]) != 2*imageBytes {
			continue
		}
		var b [imageBytes]byte
		if _, err := hex.Decode(b[:], []byte(list[i])); err != nil {
			continue
		}
		var p picture
		for k := range p {
			p[k] = binary.BigEndian.Uint64(b[8*k:])
		}
		pictures, which = append(pictures, p), append(which, int32(i))
	}
	for k := range at {
		at[k] = rank[at[k]]
	}
	same := newForest(len(list))
	for _, p := range alikePictures(pictures) {
		same.join(which[p[0]], which[p[1]])
	}
	for i := range list {
		same[i] = same.find(int32(i))
	}
	return at, list, same
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

// alikePictures lists pairs that differ in at most 31 bits, as many as connect all that are connected, with all processors, each
// of which takes a part at a time.
func alikePictures(list []picture) [][2]int32 {
	found := make([][][2]int32, imageParts)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for k := int(next.Add(1)) - 1; k < imageParts; k = int(next.Add(1)) - 1 {
				found[k] = alikeByPart(list, k)
			}
		})
	}
	wg.Wait()
	return slices.Concat(found...)
}

// alikeByPart connects those that differ in at most 31 bits, and in at most one of part k.
func alikeByPart(list []picture, k int) [][2]int32 {
	// The pictures with one value of the part stand together on a shelf, in order. Their bits stand there too, since to fetch
	// them from elsewhere would take most of the time.
	type one struct {
		picture
		at int32
	}
	begin := make([]int32, 1<<16+1)
	for i := range list {
		begin[int(list[i].part(k))+1]++
	}
	for v := range 1 << 16 {
		begin[v+1] += begin[v]
	}
	by, next := make([]one, len(list)), slices.Clone(begin)
	for i := range list {
		v := list[i].part(k)
		by[next[v]] = one{list[i], int32(i)}
		next[v]++
	}
	var out [][2]int32
	same := newForest(len(list))
	compare := func(p *one, before []one) {
		if len(before) > mostOfPart {
			before = before[len(before)-mostOfPart:]
		}
		for i := range before {
			q := &before[i]
			if p.differ(&q.picture) <= alikeBits && same.join(q.at, p.at) {
				out = append(out, [2]int32{q.at, p.at})
			}
		}
	}
	for v := range 1 << 16 {
		here := by[begin[v]:begin[v+1]]
		for i := range here {
			compare(&here[i], here[:i])
		}
		if len(here) == 0 {
			continue
		}
		for bit := range 16 { // the shelf whose value differs in one bit, once for both
			x := v | 1<<bit
			there := by[begin[x]:begin[x+1]]
			if x == v || len(there) == 0 {
				continue
			}
			i, j := 0, 0
			for i < len(here) || j < len(there) {
				if j == len(there) || i < len(here) && here[i].at < there[j].at {
					compare(&here[i], there[:j])
					i++
				} else {
					compare(&there[j], here[:i])
					j++
				}
			}
		}
	}
	return out
}

// withImages adds the images of adverts to their contacts: whoever shows the same image is behind both, as with a number.
func withImages(adverts []*Advert, contacts [][]entity.Selector) {
	at, list, first := images(adverts)
	for i, a := range adverts {
		for range a.Images {
			s := entity.Selector{Kind: entity.Image, Value: list[first[at[0]]]}
			at = at[1:]
			if s.Value != "" && !slices.Contains(contacts[i], s) {
				contacts[i] = append(contacts[i], s)
			}
		}
	}
}

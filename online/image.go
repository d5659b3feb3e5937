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
// the hashes and in those that share a part: of one part a hash is compared with at most 256 that are unlike it.
func SameImages(adverts []*Advert) map[string]string {
	_, list, first := images(adverts, &Memo{off: true})
	out := make(map[string]string, len(list))
	for i, h := range list {
		out[h] = list[first[i]]
	}
	return out
}

// images lists the hashes in the adverts, in order: which of them stands at each place of the adverts' images, one after the
// other, and which stands for each. What memo knows of an earlier call is not compared again.
func images(adverts []*Advert, memo *Memo) (at []int32, list []string, first []int32) {
	met := make(map[string]int32, len(memo.images.list))
	hashes := make([]string, 0, len(memo.images.list))
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
	pairs, ok := memo.images.again(list, pictures, which, same)
	if !ok {
		pairs = alikePictures(pictures)
	}
	for _, p := range pairs {
		same.join(which[p[0]], which[p[1]])
	}
	for i := range list {
		same[i] = same.find(int32(i))
	}
	if !memo.off {
		memo.images = knownImages{list, same}
	}
	return at, list, same
}

// knownImages are hashes in order, and for each the one that stands for it.
type knownImages struct {
	list  []string
	first []int32
}

// again connects in same the pictures of a list that were connected before, and lists the pairs of alike pictures of which one is
// new. It does nothing where the list does not hold all that are known, or so many new ones that everything is quicker.
func (k *knownImages) again(list []string, pictures []picture, which []int32, same forest) (pairs [][2]int32, ok bool) {
	place := make([]int32, 0, len(k.list)) // of each that is known in the list
	fresh := make([]bool, len(list))
	for i, h := range list {
		if n := len(place); n < len(k.list) && k.list[n] == h {
			place = append(place, int32(i))
		} else {
			fresh[i] = true
		}
	}
	if len(place) < len(k.list) || len(place) == 0 || (len(list)-len(place))*imageParts > len(list) {
		return nil, false
	}
	for n, first := range k.first {
		same.join(place[n], place[first])
	}
	for i := range pictures {
		if !fresh[which[i]] {
			continue
		}
		p := pictures[i]
		for o := range pictures {
			q := &pictures[o]
			// The first half tells nearly all of those apart that are not alike.
			if bits.OnesCount64(p[0]^q[0])+bits.OnesCount64(p[1]^q[1]) <= alikeBits && p.differ(q) <= alikeBits && o != i {
				pairs = append(pairs, [2]int32{int32(i), int32(o)})
			}
		}
	}
	return pairs, true
}

func imageHash(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// picture is a perceptual hash of 256 bits.
type picture [imageBytes / 8]uint64

func (p *picture) part(k int) uint16 { return uint16(p[k/4] >> (16 * (k % 4))) }

func (p *picture) differ(o *picture) int {
	return bits.OnesCount64(p[0]^o[0]) + bits.OnesCount64(p[1]^o[1]) + bits.OnesCount64(p[2]^o[2]) + bits.OnesCount64(p[3]^o[3])
}

// mostCompared bounds how many pictures with one part, and unlike it, a picture is compared with. Only pictures that were made to
// have a part in common, and nothing else, come to so many.
const mostCompared = 256

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

// standing is a picture on a shelf, and its place in the list. Its bits stand there too, since to fetch them from elsewhere would
// take most of the time.
type standing struct {
	picture
	at int32
}

// alikeByPart connects those that differ in at most 31 bits, and in at most one of part k.
func alikeByPart(list []picture, k int) [][2]int32 {
	// The pictures with one value of the part stand together on a shelf.
	begin := make([]int32, 1<<16+1)
	for i := range list {
		begin[int(list[i].part(k))+1]++
	}
	for v := range 1 << 16 {
		begin[v+1] += begin[v]
	}
	by, next := make([]standing, len(list)), slices.Clone(begin)
	for i := range list {
		v := list[i].part(k)
		by[next[v]] = standing{list[i], int32(i)}
		next[v]++
	}
	c := connecting{same: newForest(len(list))}
	for v := range 1 << 16 {
		here := by[begin[v]:begin[v+1]]
		if len(here) == 0 {
			continue
		}
		c.shelf(here)
		for bit := range 16 { // the shelf whose value differs in one bit, once for both
			if x := v | 1<<bit; x != v {
				c.shelves(here, by[begin[x]:begin[x+1]])
			}
		}
	}
	return c.pairs
}

// connecting finds pairs of alike pictures. A picture that thousands take from elsewhere has thousands of variants on one shelf:
// once one of them is found to be alike, the others, which are connected with it, are not compared.
type connecting struct {
	same   forest
	pairs  [][2]int32
	groups [][]*standing
	of     map[int32]int
}

func (c *connecting) alike(p, q *standing) bool {
	if p.differ(&q.picture) > alikeBits {
		return false
	}
	if c.same.join(p.at, q.at) {
		c.pairs = append(c.pairs, [2]int32{p.at, q.at})
	}
	return true
}

// few is how many comparisons cost less than sparing some.
const few = 32

// shelf connects pictures with one value of a part.
func (c *connecting) shelf(list []standing) {
	if len(list)*len(list) <= few {
		for i := range list {
			for k := range i {
				c.alike(&list[i], &list[k])
			}
		}
		return
	}
	groups := c.groups[:0]
	for i := range list {
		p := &list[i]
		unlike := 0
		into := -1
		kept := groups[:0]
		for _, g := range groups {
			if !c.connected(p, g, &unlike) {
				kept = append(kept, g)
			} else if into < 0 {
				into, kept = len(kept), append(kept, append(g, p))
			} else { // p connects the two
				kept[into] = append(kept[into], g...)
			}
		}
		if groups = kept; into < 0 {
			groups = append(groups, []*standing{p})
		}
	}
	c.groups = groups
}

// shelves connects pictures of two shelves.
func (c *connecting) shelves(a, b []standing) {
	if len(a)*len(b) <= few {
		for i := range a {
			for k := range b {
				c.alike(&a[i], &b[k])
			}
		}
		return
	}
	if len(a) > len(b) {
		a, b = b, a
	}
	if c.of == nil {
		c.of = map[int32]int{}
	}
	clear(c.of)
	groups := c.groups[:0]
	for i := range b {
		root := c.same.find(b[i].at)
		n, ok := c.of[root]
		if !ok {
			n = len(groups)
			c.of[root], groups = n, append(groups, nil)
		}
		groups[n] = append(groups[n], &b[i])
	}
	for i := range a {
		unlike := 0
		for _, g := range groups {
			c.connected(&a[i], g, &unlike)
		}
	}
	c.groups = groups
}

// connected says that a picture is alike one of a group that is connected, or was connected with them before.
func (c *connecting) connected(p *standing, group []*standing, unlike *int) bool {
	if c.same.find(p.at) == c.same.find(group[0].at) {
		return true
	}
	for _, q := range group {
		if *unlike >= mostCompared {
			return false
		}
		if c.alike(p, q) {
			return true
		}
		*unlike++
	}
	return false
}

// withImages adds the images of adverts to their contacts: whoever shows the same image is behind both, as with a number.
func withImages(adverts []*Advert, contacts [][]entity.Selector, memo *Memo) {
	at, list, first := images(adverts, memo)
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

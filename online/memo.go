package online

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/zeebo/xxh3"
)

// Memo is what earlier calls of Families found out about texts, by what they say: which two were made from one template, how
// the texts of a family go along with its head, and which families the texts of a group form. All depend on nothing but those
// texts, so a new advert costs the alignments with those that it is like, and no others are done again. It also holds what an
// earlier call of Contacts found out about images: which of them are connected.
//
// Its size is 17 bytes a compared pair, for each text about 30 and one a word of its family's head, and 36 an image. One call of
// Families and one of Contacts may use it side by side, two of one of them may not.
type Memo struct {
	akin   map[[2]uint64]bool // by head and text
	groups map[uint64]formed
	before map[uint64]seat // of each text, as the call before left it
	used   map[uint64]bool // groups of the last call
	mu     sync.Mutex
	off    bool // nothing is remembered
	images knownImages
}

// NewMemo knows nothing.
func NewMemo() *Memo {
	return &Memo{akin: map[[2]uint64]bool{}, groups: map[uint64]formed{}}
}

// formed is what form found.
type formed struct {
	shapes []shape
	rest   []uint64 // texts that are in none, after all rounds
}

// shape is a family without its adverts.
type shape struct {
	head     uint64    // hash of the head's words
	texts    []uint64  // of all its texts
	along    [][]int16 // alignment.at of each of them
	foreign  bool      // all texts of later shapes of the group were compared with the head and are not akin to it
	constant []bool
	slot     []bool
}

// seat is where a text stands in a group: in which of its shapes, and at which place there.
type seat struct {
	group    uint64
	shape    int
	position int
}

// begin makes the memo ready for a call.
func (m *Memo) begin() {
	m.before = map[uint64]seat{}
	for key, g := range m.groups {
		if m.used != nil && !m.used[key] {
			delete(m.groups, key)
			continue
		}
		for i, s := range g.shapes {
			for k, t := range s.texts {
				m.before[t] = seat{key, i, k}
			}
		}
		for _, t := range g.rest {
			m.before[t] = seat{group: key, shape: len(g.shapes)}
		}
	}
	m.used = map[uint64]bool{}
}

// aligned tells how a text was aligned with a head by an earlier call; foreign: it is not akin to it.
func (m *Memo) aligned(head, text uint64) (along []int16, foreign bool) {
	h, ok := m.before[head]
	t, known := m.before[text]
	if !ok || !known || h.group != t.group {
		return nil, false
	}
	m.mu.Lock()
	shapes := m.groups[h.group].shapes
	m.mu.Unlock()
	if h.shape == len(shapes) || shapes[h.shape].head != head {
		return nil, false
	}
	s := &shapes[h.shape]
	switch {
	case t.shape == h.shape:
		return s.along[t.position], false
	}
	return nil, s.foreign && t.shape > h.shape
}

// split finds the families of a group, or knows them.
func (m *Memo) split(al *aligner, texts []text, group []int32) []Family {
	var b []byte
	for _, i := range group {
		b = binary.LittleEndian.AppendUint64(b, texts[i].hash)
	}
	key := xxh3.Hash(b)
	m.mu.Lock()
	g, known := m.groups[key]
	m.mu.Unlock()
	if !known {
		g = m.form(al, texts, group)
	}
	if !m.off {
		m.mu.Lock()
		m.used[key] = true
		if len(group) > 1 {
			m.groups[key] = g
		}
		m.mu.Unlock()
	}
	at := make(map[uint64]int32, len(group))
	for _, i := range group {
		at[texts[i].hash] = i
	}
	var out []Family
	for _, s := range g.shapes {
		f := Family{ID: familyID(s.head), Texts: len(s.texts), constant: s.constant, slot: s.slot}
		for _, h := range s.texts {
			f.Members = append(f.Members, texts[at[h]].adverts...)
		}
		if len(f.Members) < 2 {
			continue
		}
		slices.Sort(f.Members)
		f.Head = slices.Min(texts[at[s.head]].adverts)
		out = append(out, f)
	}
	return out
}

// ErrMemo says that what is read is no memo of this version; it can be made anew.
var ErrMemo = errors.New("not a memo of this version")

const memoMagic = "TARIRFM3"

// WriteTo writes the memo, without the groups that the last call of Families had no use for.
func (m *Memo) WriteTo(w io.Writer) (int64, error) {
	b := []byte(memoMagic)
	b = binary.AppendUvarint(b, uint64(len(m.akin)))
	pairs := slices.SortedFunc(maps.Keys(m.akin), func(a, b [2]uint64) int { return slices.Compare(a[:], b[:]) })
	for _, p := range pairs {
		b = binary.LittleEndian.AppendUint64(b, p[0])
		b = binary.LittleEndian.AppendUint64(b, p[1])
		b = append(b, bit(m.akin[p]))
	}
	keys := slices.DeleteFunc(slices.Sorted(maps.Keys(m.groups)), func(k uint64) bool { return m.used != nil && !m.used[k] })
	b = binary.AppendUvarint(b, uint64(len(keys)))
	for _, k := range keys {
		b = binary.LittleEndian.AppendUint64(b, k)
		g := m.groups[k]
		b = binary.AppendUvarint(b, uint64(len(g.rest)))
		for _, t := range g.rest {
			b = binary.LittleEndian.AppendUint64(b, t)
		}
		b = binary.AppendUvarint(b, uint64(len(g.shapes)))
		for _, s := range g.shapes {
			b = binary.LittleEndian.AppendUint64(b, s.head)
			b = append(b, bit(s.foreign))
			b = binary.AppendUvarint(b, uint64(len(s.texts)))
			for i, h := range s.texts {
				b = binary.LittleEndian.AppendUint64(b, h)
				b = binary.AppendUvarint(b, uint64(len(s.along[i])))
				for _, at := range s.along[i] {
					b = binary.AppendUvarint(b, uint64(at+1))
				}
			}
			for _, list := range [][]bool{s.constant, s.slot} {
				b = binary.AppendUvarint(b, uint64(len(list)))
				for _, x := range list {
					b = append(b, bit(x))
				}
			}
		}
	}
	b = binary.AppendUvarint(b, uint64(len(m.images.list)))
	for i, h := range m.images.list {
		b = binary.AppendUvarint(b, uint64(m.images.first[i]))
		// Most are of one length, and take half as much as numbers.
		var raw [imageBytes]byte
		if n, err := hex.Decode(raw[:], []byte(h[:min(len(h), 2*imageBytes)])); err == nil && n == imageBytes && hex.EncodeToString(raw[:]) == h {
			b = append(append(b, 1), raw[:]...)
		} else {
			b = append(binary.AppendUvarint(append(b, 0), uint64(len(h))), h...)
		}
	}
	n, err := w.Write(b)
	return int64(n), err
}

func bit(x bool) byte {
	if x {
		return 1
	}
	return 0
}

// ReadMemo reads what WriteTo wrote. Anything else is ErrMemo.
func ReadMemo(b string) (*Memo, error) {
	rest, ok := strings.CutPrefix(b, memoMagic)
	if !ok {
		return nil, ErrMemo
	}
	r := memoReader{b: []byte(rest)}
	n := r.count(17)
	m := &Memo{akin: make(map[[2]uint64]bool, n), groups: map[uint64]formed{}}
	for range n {
		p := [2]uint64{r.hash(), r.hash()}
		m.akin[p] = r.bit()
	}
	for range r.count(9) {
		k := r.hash()
		g := formed{rest: make([]uint64, r.count(8))}
		for i := range g.rest {
			g.rest[i] = r.hash()
		}
		g.shapes = make([]shape, 0, r.count(12))
		for range cap(g.shapes) {
			s := shape{head: r.hash(), foreign: r.bit()}
			s.texts = make([]uint64, r.count(9))
			s.along = make([][]int16, len(s.texts))
			for i := range s.texts {
				s.texts[i] = r.hash()
				if n := r.count(1); n > 0 {
					s.along[i] = make([]int16, n)
				}
				for k := range s.along[i] {
					s.along[i][k] = r.place()
				}
			}
			for _, list := range []*[]bool{&s.constant, &s.slot} {
				if n := r.count(1); n > 0 {
					*list = make([]bool, n)
				}
				for i := range *list {
					(*list)[i] = r.bit()
				}
			}
			g.shapes = append(g.shapes, s)
		}
		m.groups[k] = g
	}
	m.images.list = make([]string, r.count(2))
	m.images.first = make([]int32, len(m.images.list))
	for i := range m.images.list {
		m.images.first[i] = int32(r.below(len(m.images.list)))
		if r.bit() {
			m.images.list[i] = hex.EncodeToString(r.bytes(imageBytes))
		} else {
			m.images.list[i] = string(r.bytes(r.count(1)))
		}
	}
	if r.bad || len(r.b) > 0 {
		return nil, fmt.Errorf("%w: it is cut off", ErrMemo)
	}
	return m, nil
}

// memoReader reads numbers off a text; what is not there is bad.
type memoReader struct {
	b   []byte
	bad bool
}

// count reads a number of elements that take at least so many bytes each.
func (r *memoReader) count(size int) int {
	v, n := binary.Uvarint(r.b)
	if n <= 0 || v > uint64(len(r.b)/size) {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return int(v)
}

// place reads a place in a text; -1 is none.
func (r *memoReader) place() int16 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 || v > math.MaxInt16 {
		r.bad, r.b = true, nil
		return -1
	}
	r.b = r.b[n:]
	return int16(v) - 1
}

// below reads a number less than n.
func (r *memoReader) below(n int) int {
	v, size := binary.Uvarint(r.b)
	if size <= 0 || v >= uint64(n) {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[size:]
	return int(v)
}

func (r *memoReader) bytes(n int) []byte {
	if len(r.b) < n {
		r.bad, r.b = true, nil
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *memoReader) hash() uint64 {
	if len(r.b) < 8 {
		r.bad, r.b = true, nil
		return 0
	}
	v := binary.LittleEndian.Uint64(r.b)
	r.b = r.b[8:]
	return v
}

func (r *memoReader) bit() bool {
	if len(r.b) < 1 {
		r.bad = true
		return false
	}
	v := r.b[0] != 0
	r.b = r.b[1:]
	return v
}

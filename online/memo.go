package online

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"

	"github.com/zeebo/xxh3"
)

// Memo is what earlier calls of Families found out about texts, by what they say: which two were made from one template, and
// which families the texts of a group form. Both depend on nothing but those texts, so a new advert costs the alignments with
// those that it is like, and no others are done again.
//
// Its size is 17 bytes a compared pair and about 30 a text. Not for two calls at once.
type Memo struct {
	akin   map[[2]uint64]bool
	groups map[uint64][]shape
	used   map[uint64]bool // groups of the last call
	mu     sync.Mutex
	off    bool // nothing is remembered
}

// NewMemo knows nothing.
func NewMemo() *Memo {
	return &Memo{akin: map[[2]uint64]bool{}, groups: map[uint64][]shape{}, used: map[uint64]bool{}}
}

// shape is a family without its adverts.
type shape struct {
	head     uint64   // hash of the head's words
	texts    []uint64 // of all its texts
	constant []bool
	slot     []bool
}

// split finds the families of a group, or knows them.
func (m *Memo) split(al *aligner, texts []text, group []int32) []Family {
	var b []byte
	for _, i := range group {
		b = binary.LittleEndian.AppendUint64(b, texts[i].hash)
	}
	key := xxh3.Hash(b)
	m.mu.Lock()
	shapes, known := m.groups[key]
	m.mu.Unlock()
	if !known {
		shapes = split(al, texts, group)
	}
	if !m.off {
		m.mu.Lock()
		m.used[key] = true
		if len(group) > 1 {
			m.groups[key] = shapes
		}
		m.mu.Unlock()
	}
	at := make(map[uint64]int32, len(group))
	for _, i := range group {
		at[texts[i].hash] = i
	}
	var out []Family
	for _, s := range shapes {
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

const memoMagic = "TARIRFM1"

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
	keys := slices.DeleteFunc(slices.Sorted(maps.Keys(m.groups)), func(k uint64) bool { return len(m.used) > 0 && !m.used[k] })
	b = binary.AppendUvarint(b, uint64(len(keys)))
	for _, k := range keys {
		b = binary.LittleEndian.AppendUint64(b, k)
		b = binary.AppendUvarint(b, uint64(len(m.groups[k])))
		for _, s := range m.groups[k] {
			b = binary.LittleEndian.AppendUint64(b, s.head)
			b = binary.AppendUvarint(b, uint64(len(s.texts)))
			for _, h := range s.texts {
				b = binary.LittleEndian.AppendUint64(b, h)
			}
			for _, list := range [][]bool{s.constant, s.slot} {
				b = binary.AppendUvarint(b, uint64(len(list)))
				for _, x := range list {
					b = append(b, bit(x))
				}
			}
		}
	}
	b = binary.LittleEndian.AppendUint64(b, xxh3.Hash(b))
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
func ReadMemo(b []byte) (*Memo, error) {
	if len(b) < len(memoMagic)+8 || string(b[:len(memoMagic)]) != memoMagic || xxh3.Hash(b[:len(b)-8]) != binary.LittleEndian.Uint64(b[len(b)-8:]) {
		return nil, ErrMemo
	}
	r := memoReader{b: b[len(memoMagic) : len(b)-8]}
	n := r.count(17)
	m := &Memo{akin: make(map[[2]uint64]bool, n), groups: map[uint64][]shape{}, used: map[uint64]bool{}}
	for range n {
		p := [2]uint64{r.hash(), r.hash()}
		m.akin[p] = r.bit()
	}
	for range r.count(9) {
		k := r.hash()
		shapes := make([]shape, 0, r.count(11))
		for range cap(shapes) {
			s := shape{head: r.hash(), texts: make([]uint64, r.count(8))}
			for i := range s.texts {
				s.texts[i] = r.hash()
			}
			for _, list := range []*[]bool{&s.constant, &s.slot} {
				if n := r.count(1); n > 0 {
					*list = make([]bool, n)
				}
				for i := range *list {
					(*list)[i] = r.bit()
				}
			}
			shapes = append(shapes, s)
		}
		m.groups[k] = shapes
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

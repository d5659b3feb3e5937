package entity

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/zeebo/xxh3"
)

// Pool collects what sources tell, and makes one entity of each id. The same told again by the same file is kept once,
// so a statement that names its account in each of a million entries costs no more than one that names it once. The
// order of telling does not matter.
type Pool struct {
	byID map[string]*tellings
}

type tellings struct {
	list []*Entity
	keys [][16]byte // of the list, once it has more than one: most things are told once
}

// NewPool makes an empty pool.
func NewPool() *Pool { return &Pool{byID: map[string]*tellings{}} }

// Len is the number of different ids.
func (p *Pool) Len() int { return len(p.byID) }

// Add takes an entity; it must not be changed afterwards.
func (p *Pool) Add(e *Entity) {
	t := p.byID[e.ID]
	if t == nil {
		t = &tellings{}
		p.byID[e.ID] = t
	}
	for _, x := range e.Split() {
		if len(t.list) == 0 {
			t.list = []*Entity{x}
			continue
		}
		if len(t.keys) == 0 {
			t.keys = [][16]byte{t.list[0].Key()}
		}
		k := x.Key()
		if i := slices.Index(t.keys, k); i >= 0 {
			if earlier(x.Source, t.list[i].Source) {
				t.list[i] = x
			}
			continue
		}
		t.list, t.keys = append(t.list, x), append(t.keys, k)
	}
}

// Get gives the entity of an id, merged from all that told of it; nil if there is none.
func (p *Pool) Get(id string) *Entity {
	if t := p.byID[id]; t != nil {
		return Union(t.list...)
	}
	return nil
}

// All lists the entities in order of id.
func (p *Pool) All() []*Entity {
	out := make([]*Entity, 0, len(p.byID))
	for _, id := range slices.Sorted(maps.Keys(p.byID)) {
		out = append(out, p.Get(id))
	}
	return out
}

// Key is a hash of what an entity says and of the file in which it does: two with the same key are one telling.
func (e *Entity) Key() [16]byte {
	h := xxh3.New()
	put := func(s string) { _, _ = h.WriteString(strconv.Itoa(len(s)) + ":" + s) } // a hash does not fail
	file, _, _ := strings.Cut(e.Source, "#")
	put(file)
	put(e.ID)
	put(e.Schema)
	for _, k := range slices.Sorted(maps.Keys(e.Properties)) {
		put(k)
		put(strconv.Itoa(len(e.Properties[k])))
		for _, v := range e.Properties[k] {
			put(v)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(e.Extra)) {
		put(k)
		put(string(e.Extra[k]))
	}
	return h.Sum128().Bytes()
}

// earlier says that a place FILE#LINE of one file comes before another.
func earlier(a, b string) bool {
	_, x, _ := strings.Cut(a, "#")
	_, y, _ := strings.Cut(b, "#")
	return cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(x, y)) < 0
}

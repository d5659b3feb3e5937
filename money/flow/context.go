package flow

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"math/bits"
	"slices"

	"tarir/money/ledger"
)

// compare orders contexts by category, place and device; the empty one is first.
func (c Context) compare(d Context) int {
	return cmp.Or(cmp.Compare(c.MCC, d.MCC), cmp.Compare(c.Place, d.Place), cmp.Compare(c.Device, d.Device))
}

// contextsOf numbers the distinct combinations of merchant category, place and device of a segment's payments: first by
// the segment's own codes, which are small numbers, then by text for the few that are different.
func (d *decoded) contextsOf(c *ledger.Columns) error {
	d.ctx = nil
	any, width := false, [3]int{}
	for i, col := range []*ledger.Coded{&c.MCC, &c.Place, &c.Device} {
		any = any || slices.ContainsFunc(col.Texts, func(s string) bool { return s != "" })
		width[i] = bits.Len(uint(len(col.Texts)))
	}
	if !any {
		return nil
	}
	if width[0]+width[1]+width[2] > 64 {
		return fmt.Errorf("build payment graph: %w: a segment names more merchant categories, places and devices than it can hold", ledger.ErrDamaged)
	}
	d.numbers = slices.Grow(d.numbers[:0], c.N)
	d.ctx = d.numbers[:c.N]
	d.codes.reset()
	d.texts = d.texts[:0]
	for i := range c.N {
		mcc, place, device := c.MCC.Code[i], c.Place.Code[i], c.Device.Code[i]
		n, fresh := d.codes.number((uint64(mcc)<<width[1]|uint64(place))<<width[2] | uint64(device))
		if fresh {
			d.texts = append(d.texts, Context{c.MCC.Texts[mcc], c.Place.Texts[place], c.Device.Texts[device]})
		}
		d.ctx[i] = n
	}
	numbers := make([]uint32, len(d.texts))
	d.b.mu.Lock()
	for i, x := range d.texts {
		numbers[i] = d.b.contexts.number(x)
	}
	many := len(d.b.contexts.list)
	d.b.mu.Unlock()
	if many > maxContexts {
		return fmt.Errorf("build payment graph: more than %d different combinations of merchant category, place and device; split the ledger", maxContexts-1)
	}
	for i, n := range d.ctx {
		d.ctx[i] = numbers[n]
	}
	return nil
}

// number puts the contexts in alphabetical order, so that the same ledger gives the same slab whichever worker came
// first, and says which number each got.
func (b *builder) number() []uint32 {
	list := b.contexts.list
	order := make([]uint32, len(list))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(x, y uint32) int { return list[x].compare(list[y]) })
	b.s.contexts = make([]Context, len(order))
	final := make([]uint32, len(order))
	for n, old := range order {
		b.s.contexts[n], final[old] = list[old], uint32(n)
	}
	b.contexts = contextTable{}
	return final
}

// contextTable numbers contexts in the order in which they come; 0 is the empty one. A Go map of three texts would
// copy them and compare them more often.
type contextTable struct {
	seed  maphash.Seed
	list  []Context
	slots []contextSlot
}

type contextSlot struct {
	hash uint32
	n    uint32 // number + 1; 0 is free
}

func newContextTable() contextTable {
	t := contextTable{seed: maphash.MakeSeed(), slots: make([]contextSlot, 1<<10)}
	t.number(Context{})
	return t
}

func (t *contextTable) number(c Context) uint32 {
	if 2*len(t.list) >= len(t.slots) {
		old := t.slots
		t.slots = make([]contextSlot, 4*len(old))
		for _, x := range old {
			if x.n != 0 {
				k := t.first(x.hash)
				for t.slots[k].n != 0 {
					k = t.after(k)
				}
				t.slots[k] = x
			}
		}
	}
	h := maphash.String(t.seed, c.Device) + 31*maphash.String(t.seed, c.Place) + 1021*maphash.String(t.seed, c.MCC)
	hash := uint32(h ^ h>>32)
	for k := t.first(hash); ; k = t.after(k) {
		switch x := t.slots[k]; {
		case x.n == 0:
			t.list = append(t.list, c)
			t.slots[k] = contextSlot{hash, uint32(len(t.list))}
			return uint32(len(t.list) - 1)
		case x.hash == hash && t.list[x.n-1] == c:
			return x.n - 1
		}
	}
}

func (t *contextTable) first(hash uint32) int { return int(hash) & (len(t.slots) - 1) }
func (t *contextTable) after(k int) int       { return (k + 1) & (len(t.slots) - 1) }

// numbering numbers keys in the order in which they come.
type numbering struct {
	slots []numbered
	n     uint32
}

type numbered struct {
	key uint64
	n   uint32 // + 1; 0 is free
}

func (t *numbering) reset() {
	if t.slots == nil {
		t.slots = make([]numbered, 1<<10)
	}
	clear(t.slots)
	t.n = 0
}

func (t *numbering) number(key uint64) (n uint32, fresh bool) {
	s := t.slot(key)
	if s.n != 0 {
		return s.n - 1, false
	}
	if 2*int(t.n) >= len(t.slots) {
		old := t.slots
		t.slots = make([]numbered, 4*len(old))
		for _, x := range old {
			if x.n != 0 {
				*t.slot(x.key) = x
			}
		}
		s = t.slot(key)
	}
	t.n++
	*s = numbered{key, t.n}
	return t.n - 1, true
}

// slot is where a key is, or belongs. Keys hash by a multiplication (Knuth, The Art of Computer Programming, vol. 3, 6.4).
func (t *numbering) slot(key uint64) *numbered {
	mask := len(t.slots) - 1
	k := int(key*0x9e3779b97f4a7c15>>32) & mask
	for t.slots[k].n != 0 && t.slots[k].key != key {
		k = (k + 1) & mask
	}
	return &t.slots[k]
}

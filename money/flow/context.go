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
	// Most payments name a device alone, or a category and a place alone, and these plain tables will do for.
	places := len(c.Place.Texts)
	shops, devices := zeros(&d.shops, len(c.MCC.Texts)*places), zeros(&d.devices, len(c.Device.Texts))
	noDevice := int32(slices.Index(c.Device.Texts, ""))
	noMCC, noPlace := int32(slices.Index(c.MCC.Texts, "")), int32(slices.Index(c.Place.Texts, ""))
	d.codes.reset()
	d.numbers = slices.Grow(d.numbers[:0], c.N)
	d.ctx, d.texts = d.numbers[:c.N], d.texts[:0]
	for i := range c.N {
		mcc, place, device := c.MCC.Code[i], c.Place.Code[i], c.Device.Code[i]
		var n *uint32 // number + 1
		switch shop := int(mcc)*places + int(place); {
		case device == noDevice && shop < len(shops):
			n = &shops[shop]
		case mcc == noMCC && place == noPlace && int(device) < len(devices):
			n = &devices[device]
		default:
			n = d.codes.at((uint64(mcc)<<width[1]|uint64(place))<<width[2] | uint64(device))
		}
		if *n == 0 {
			d.texts = append(d.texts, Context{c.MCC.Texts[mcc], c.Place.Texts[place], c.Device.Texts[device]})
			*n = uint32(len(d.texts))
		}
		d.ctx[i] = *n - 1
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

// zeros makes a table of n zeros in space that is used again; none where it would be large.
func zeros(space *[]uint32, n int) []uint32 {
	if n > 1<<21 {
		return nil
	}
	*space = slices.Grow((*space)[:0], n)[:n]
	clear(*space)
	return *space
}

// numbering holds a number for each key.
type numbering struct {
	slots []numbered
	n     int
}

type numbered struct {
	key  uint64
	used bool
	n    uint32
}

func (t *numbering) reset() {
	if t.slots == nil {
		t.slots = make([]numbered, 1<<10)
	}
	clear(t.slots)
	t.n = 0
}

// at gives the number of a key to read or change, 0 for a new one. It is valid until the next call.
func (t *numbering) at(key uint64) *uint32 {
	s := t.slot(key)
	if !s.used {
		if t.n++; 2*t.n > len(t.slots) {
			old := t.slots
			t.slots = make([]numbered, 4*len(old))
			for _, x := range old {
				if x.used {
					*t.slot(x.key) = x
				}
			}
			s = t.slot(key)
		}
		s.key, s.used = key, true
	}
	return &s.n
}

// slot is where a key is, or belongs. Keys hash by a multiplication (Knuth, The Art of Computer Programming, vol. 3, 6.4).
func (t *numbering) slot(key uint64) *numbered {
	mask := len(t.slots) - 1
	k := int(key*0x9e3779b97f4a7c15>>32) & mask
	for t.slots[k].used && t.slots[k].key != key {
		k = (k + 1) & mask
	}
	return &t.slots[k]
}

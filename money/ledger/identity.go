package ledger

import (
	"encoding/binary"

	"github.com/zeebo/xxh3"
)

// identity is what makes a payment itself: ref is a hash of what the source calls it, body of what it says. Two rows
// are the same payment when both are equal. For a payment with a Key only the Key counts. For one without any name ref
// covers the content and the number of equal payments before it in the same file.
//
// 128 bits: with 10^8 payments the chance of any accidental equality is below 10^-22.
type identity struct{ ref, body uint64 }

const identitySize = 16

// outcome of offering a payment to the ledger.
type outcome uint8

const (
	isNew outcome = iota
	isKnown
	isConflict // same reference, other content, same file
)

// identityOf hashes p; scratch is reused between calls and returned.
func identityOf(p *Payment, scratch []byte) (id identity, named bool, out []byte) {
	b := scratch[:0]
	if p.Key != "" {
		b = append(b, 'k')
		b = append(b, p.Key...)
		h := xxh3.Hash128(b)
		return identity{h.Hi, h.Lo}, false, b
	}
	b = append(b, 'c')
	b = binary.LittleEndian.AppendUint64(b, uint64(p.At))
	b = binary.LittleEndian.AppendUint64(b, uint64(p.Paid.Units))
	b = binary.LittleEndian.AppendUint64(b, uint64(p.Received.Units))
	b = append(b, p.Paid.Scale, p.Received.Scale, byte(p.Channel), byte(p.Status))
	for _, s := range [...]string{p.Paid.Currency, p.Received.Currency, p.From.Institution, p.From.Number, p.To.Institution, p.To.Number} {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	if p.Ref == "" {
		// The texts tell apart what has no reference; with a reference a corrected text is not another payment.
		b = append(b, p.Purpose...)
		h := xxh3.Hash128(b)
		return identity{h.Hi, h.Lo}, false, b
	}
	return identity{xxh3.HashString(p.Ref), xxh3.Hash(b)}, true, b
}

// next is the identity of the following payment with equal content in the same file.
func (id identity) next() identity {
	// A multiplication by an odd constant and an addition permute 64-bit numbers, so no two ordinals meet by design.
	return identity{id.ref*0x9E3779B97F4A7C15 + 1, id.body}
}

// identities is an open-addressing table of all identities in the ledger. pass tells in which reading of which file
// a slot was last met, which is how equal payments within one file are told from the same payment met again.
type identities struct {
	slots []identity
	pass  []uint32
	n     int
	mask  uint64
}

func newIdentities(capacity int) *identities {
	size := 1024
	for size*2 < capacity*3 {
		size *= 2
	}
	return &identities{slots: make([]identity, size), pass: make([]uint32, size), mask: uint64(size - 1)}
}

// zero is the empty slot; a real identity that hashes to it is moved by one.
func (id identity) nonZero() identity {
	if id == (identity{}) {
		return identity{1, 0}
	}
	return id
}

// offer records id as met in this pass. named says that ref is a reference of the source, for which another body in
// the same pass is a conflict; keyed that the source made the identifier, so an equal one is always the same payment.
func (t *identities) offer(id identity, named, keyed bool, pass uint32) (outcome, identity) {
	for {
		id = id.nonZero()
		again := false
		i := id.ref & t.mask
		for ; t.slots[i] != (identity{}); i = (i + 1) & t.mask {
			if t.slots[i].ref != id.ref {
				continue
			}
			if t.slots[i].body == id.body {
				if again = !named && !keyed && t.pass[i] == pass; again {
					break // an equal payment stands earlier in this file, so this is the next one
				}
				t.pass[i] = pass
				return isKnown, id
			}
			if named && t.pass[i] == pass {
				return isConflict, id
			}
		}
		if again {
			id = id.next()
			continue
		}
		t.put(i, id, pass)
		return isNew, id
	}
}

// load adds an identity read from disk, met in no pass yet.
func (t *identities) load(id identity) {
	i := id.ref & t.mask
	for t.slots[i] != (identity{}) {
		i = (i + 1) & t.mask
	}
	t.put(i, id, 0)
}

func (t *identities) put(i uint64, id identity, pass uint32) {
	t.slots[i], t.pass[i] = id, pass
	t.n++
	if uint64(t.n)*3 <= (t.mask+1)*2 {
		return
	}
	old, oldPass := t.slots, t.pass
	size := len(old) * 2
	t.slots, t.pass, t.mask = make([]identity, size), make([]uint32, size), uint64(size-1)
	for k, id := range old {
		if id == (identity{}) {
			continue
		}
		i := id.ref & t.mask
		for t.slots[i] != (identity{}) {
			i = (i + 1) & t.mask
		}
		t.slots[i], t.pass[i] = id, oldPass[k]
	}
}

func appendKey(b []byte, id identity) []byte {
	b = binary.LittleEndian.AppendUint64(b, id.ref)
	return binary.LittleEndian.AppendUint64(b, id.body)
}

func readKey(b []byte) identity {
	return identity{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])}
}

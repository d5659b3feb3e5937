package ledger

import (
	"encoding/binary"
	"fmt"
	"unsafe"

	"github.com/zeebo/xxh3"
	"golang.org/x/sys/unix"
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
//
// Every payment costs one random access to a table of hundreds of megabytes; on large pages it is a third quicker, so a
// large table is mapped outside the heap and close must be called.
type identities struct {
	slots []slot
	mem   []byte // what slots lie in; nil on the heap
	n     int
	mask  uint64

	fetched uint32 // keeps the looks of load from being optimised away
}

// slot is empty where its identity is zero.
type slot struct {
	identity
	pass uint32
}

func newIdentities(capacity int) (*identities, error) {
	size := 1024
	for size*2 < capacity*3 {
		size *= 2
	}
	t := &identities{}
	return t, t.make(size)
}

// make gives the table empty slots, a power of two.
func (t *identities) make(size int) error {
	t.mask, t.mem = uint64(size-1), nil
	bytes := size * int(unsafe.Sizeof(slot{}))
	if bytes < 1<<22 {
		t.slots = make([]slot, size)
		return nil
	}
	mem, err := unix.Mmap(-1, 0, bytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return fmt.Errorf("make room for the identities of %d payments: %w", size, err)
	}
	_ = unix.Madvise(mem, unix.MADV_HUGEPAGE) // a hint: without it the table is only slower
	t.mem, t.slots = mem, unsafe.Slice((*slot)(unsafe.Pointer(unsafe.SliceData(mem))), size)
	return nil
}

func (t *identities) close() {
	if t.mem != nil {
		_ = unix.Munmap(t.mem) // cannot fail for a mapping made here
	}
	t.slots, t.mem = nil, nil
}

// zero is the empty slot; a real identity that hashes to it is moved by one.
func (id identity) nonZero() identity {
	if id == (identity{}) {
		return identity{1, 0}
	}
	return id
}

// touch fetches the place of an identity.
func (t *identities) touch(id identity) uint32 { return t.slots[id.ref&t.mask].pass }

// offer records id as met in this pass. named says that ref is a reference of the source, for which another body in
// the same pass is a conflict; keyed that the source made the identifier, so an equal one is always the same payment.
func (t *identities) offer(id identity, named, keyed bool, pass uint32) (outcome, identity, error) {
	for {
		id = id.nonZero()
		again := false
		i := id.ref & t.mask
		for ; t.slots[i].identity != (identity{}); i = (i + 1) & t.mask {
			s := &t.slots[i]
			if s.ref != id.ref {
				continue
			}
			if s.body == id.body {
				if again = !named && !keyed && s.pass == pass; again {
					break // an equal payment stands earlier in this file, so this is the next one
				}
				s.pass = pass
				return isKnown, id, nil
			}
			if named && s.pass == pass {
				return isConflict, id, nil
			}
		}
		if again {
			id = id.next()
			continue
		}
		return isNew, id, t.put(i, slot{id, pass})
	}
}

// load adds the identities of a segment, met in no pass yet. The places of several are fetched together, as none is in a cache.
func (t *identities) load(b []byte) error {
	const together = 32 * identitySize
	for len(b) > 0 {
		some := b[:min(together, len(b))]
		b = b[len(some):]
		for k := 0; k < len(some); k += identitySize {
			t.fetched += t.touch(readKey(some[k:]))
		}
		for ; len(some) > 0; some = some[identitySize:] {
			id := readKey(some)
			if err := t.put(t.free(id), slot{id, 0}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *identities) free(id identity) uint64 {
	i := id.ref & t.mask
	for t.slots[i].identity != (identity{}) {
		i = (i + 1) & t.mask
	}
	return i
}

func (t *identities) put(i uint64, s slot) error {
	t.slots[i] = s
	t.n++
	if uint64(t.n)*3 <= (t.mask+1)*2 {
		return nil
	}
	old := *t
	if err := t.make(len(old.slots) * 2); err != nil {
		*t = old
		return err
	}
	for _, s := range old.slots {
		if s.identity != (identity{}) {
			t.slots[t.free(s.identity)] = s
		}
	}
	old.close()
	return nil
}

func appendKey(b []byte, id identity) []byte {
	b = binary.LittleEndian.AppendUint64(b, id.ref)
	return binary.LittleEndian.AppendUint64(b, id.body)
}

func readKey(b []byte) identity {
	return identity{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])}
}

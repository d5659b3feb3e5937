package ledger

import (
	"bytes"
	"cmp"

	"github.com/zeebo/xxh3"
)

// AccountTable numbers accounts from 1 in the order in which they are first met; 0 is Outside. The bytes of all names
// lie in one arena, so a million accounts cost about 80 MB and no work for the garbage collector.
type AccountTable struct {
	arena []byte
	spans []span // by number
	slots []span // open addressing; number 0 is empty
	mask  uint64
}

// span is where an account's name lies. The slots of the table hold it whole: a look that finds the name through its
// number alone would wait for memory once more, of two million accounts nearly every time.
type span struct {
	off    uint64
	number uint32
	inst   uint16
	num    uint16
}

func newAccountTable() *AccountTable {
	return &AccountTable{spans: make([]span, 1, 1024), slots: make([]span, 1024), mask: 1023}
}

// Len is the number of accounts including Outside; numbers run from 0 to Len-1.
func (t *AccountTable) Len() int { return len(t.spans) }

// Account gives the account of a number.
func (t *AccountTable) Account(n uint32) Account {
	inst, num := t.parts(n)
	return Account{string(inst), string(num)}
}

// Compare orders two accounts by institution and number. Numbers of accounts depend on what was read first; this does not.
func (t *AccountTable) Compare(a, b uint32) int {
	instA, numA := t.parts(a)
	instB, numB := t.parts(b)
	return cmp.Or(bytes.Compare(instA, instB), bytes.Compare(numA, numB))
}

func (t *AccountTable) parts(n uint32) (inst, num []byte) {
	s := t.spans[n]
	mid := s.off + uint64(s.inst)
	return t.arena[s.off:mid], t.arena[mid : mid+uint64(s.num)]
}

// Lookup finds an account's number.
func (t *AccountTable) Lookup(a Account) (uint32, bool) {
	if a.Outside() {
		return 0, true
	}
	n, _ := t.find(a, accountHash(a))
	return n, n != 0
}

func accountHash(a Account) uint64 {
	// The two halves are hashed apart so that no separator can be forged.
	return xxh3.HashString(a.Number) ^ (xxh3.HashString(a.Institution)*0x9E3779B97F4A7C15 + 0x7F4A7C15)
}

// touch fetches the place of an account with a hash.
func (t *AccountTable) touch(hash uint64) uint32 { return t.slots[hash&t.mask].number }

func (t *AccountTable) find(a Account, hash uint64) (n uint32, slot uint64) {
	slot = hash & t.mask
	for ; t.slots[slot].number != 0; slot = (slot + 1) & t.mask {
		s := &t.slots[slot]
		if int(s.num) != len(a.Number) || int(s.inst) != len(a.Institution) {
			continue
		}
		mid := s.off + uint64(s.inst)
		if string(t.arena[mid:mid+uint64(s.num)]) == a.Number && string(t.arena[s.off:mid]) == a.Institution {
			return s.number, slot
		}
	}
	return 0, slot
}

// add gives the account's number, a new one if it is not known yet.
func (t *AccountTable) add(a Account, hash uint64) uint32 {
	if a.Outside() {
		return 0
	}
	n, slot := t.find(a, hash)
	if n != 0 {
		return n
	}
	n = uint32(len(t.spans))
	s := span{uint64(len(t.arena)), n, uint16(len(a.Institution)), uint16(len(a.Number))}
	t.spans = append(t.spans, s)
	t.arena = append(append(t.arena, a.Institution...), a.Number...)
	t.slots[slot] = s
	if uint64(len(t.spans))*3 > (t.mask+1)*2 {
		t.grow()
	}
	return n
}

func (t *AccountTable) grow() {
	size := len(t.slots) * 2
	t.slots, t.mask = make([]span, size), uint64(size-1)
	for n := 1; n < len(t.spans); n++ {
		slot := accountHash(t.Account(uint32(n))) & t.mask
		for t.slots[slot].number != 0 {
			slot = (slot + 1) & t.mask
		}
		t.slots[slot] = t.spans[n]
	}
}

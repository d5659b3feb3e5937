package flow

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
)

// slab is an immutable part of the graph: the booked payments of the ledger segments [from, to).
type slab struct {
	from, to int
	n        int // payments

	out, in  side
	row      []uint32  // ledger row of each out entry
	ctx      contexts  // context of each out entry
	contexts []Context // the slab's own, by number; 0 is the empty one
	global   []uint32  // the graph's number of each

	channels  uint16 // one bit for each channel that occurs
	timed     bool   // some payment has a time of day
	exchanges bool   // some payment was received as another amount than was paid
	purposes  bool   // some payment says what it is for

	mem    []byte // what the arrays lie in
	stored bool   // mem is a file's
}

// side is one direction: the entries of each account, in order of time.
type side struct {
	// accounts lists the accounts of a sparse slab in ascending order; nil where start is indexed by account itself.
	accounts []uint32
	found    []uint64 // of a sparse slab: a bit for each account that is listed
	before   []uint32 // how many are listed before each 64
	start    []uint32 // first entry of each account, one more at the end
	entries  []Entry
}

func (s *slab) side(out bool) *side {
	if out {
		return &s.out
	}
	return &s.in
}

func (s *side) span(a Account) (lo, hi int) {
	i := int(a)
	if s.accounts != nil {
		word, bit := i/64, uint64(1)<<(i%64)
		if word >= len(s.found) || s.found[word]&bit == 0 {
			return 0, 0
		}
		i = int(s.before[word]) + bits.OnesCount64(s.found[word]&(bit-1))
	}
	if i+1 >= len(s.start) {
		return 0, 0
	}
	return int(s.start[i]), int(s.start[i+1])
}

// each calls fn for the accounts of a side that have entries, in ascending order.
func (s *side) each(fn func(a Account, lo, hi int)) {
	for i := range len(s.start) - 1 {
		if s.start[i] == s.start[i+1] {
			continue
		}
		a := Account(i)
		if s.accounts != nil {
			a = Account(s.accounts[i])
		}
		fn(a, int(s.start[i]), int(s.start[i+1]))
	}
}

// contexts are numbers of three bytes each.
type contexts []byte

const maxContexts = 1 << 24

func (c contexts) at(i int) uint32 {
	b := c[i*3 : i*3+3 : i*3+3]
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16
}

func (c contexts) set(i int, n uint32) {
	b := c[i*3 : i*3+3 : i*3+3]
	b[0], b[1], b[2] = byte(n), byte(n>>8), byte(n>>16)
}

// allocate gives the slab's arrays in one anonymous mapping with large pages, which the random writes of the building
// and the random reads of traces need: on small pages half of their time goes into finding the page. Pages that are
// never written, those of the contexts where there are none, are not resident.
func (s *slab) allocate() error {
	if s.n == 0 {
		return nil
	}
	mem, err := unix.Mmap(-1, 0, slabBytes(s.n), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return fmt.Errorf("build payment graph of %d payments: %w", s.n, err)
	}
	_ = unix.Madvise(mem, unix.MADV_HUGEPAGE) // a hint: without it the graph is only slower
	s.mem = mem
	s.carve(mem)
	return nil
}

const entryBytes = int(unsafe.Sizeof(Entry{}))

func slabBytes(n int) int { return n * (2*entryBytes + 4 + 3) }

// carve lays the slab's arrays over memory: entries out, entries in, rows, contexts.
func (s *slab) carve(mem []byte) {
	base, n := unsafe.Pointer(unsafe.SliceData(mem)), s.n
	s.out.entries = unsafe.Slice((*Entry)(base), n)
	s.in.entries = unsafe.Slice((*Entry)(unsafe.Add(base, n*entryBytes)), n)
	s.row = unsafe.Slice((*uint32)(unsafe.Add(base, n*2*entryBytes)), n)
	s.ctx = mem[n*(2*entryBytes+4) : n*(2*entryBytes+4+3)]
}

func (s *slab) release() error {
	if s.mem == nil {
		return nil
	}
	err := unix.Munmap(s.mem)
	*s = slab{}
	return err
}

// bytes is what the slab occupies.
func (s *slab) bytes() int64 {
	n := slabBytes(s.n)
	if len(s.contexts) == 1 {
		n -= len(s.ctx) // never written, not resident
	}
	return int64(n + 4*(len(s.out.start)+len(s.in.start)+len(s.out.accounts)+len(s.in.accounts)+3*len(s.out.found)+3*len(s.in.found)))
}

// thin keeps of a small slab in a large ledger only the accounts that occur in it.
func (s *side) thin(n int) {
	if len(s.start) < 4*n || s.accounts != nil {
		return
	}
	accounts, start := []uint32{}, []uint32{}
	s.each(func(a Account, lo, _ int) {
		accounts = append(accounts, uint32(a))
		start = append(start, uint32(lo))
	})
	s.list(accounts)
	s.start = append(start, uint32(n))
}

// list makes a side sparse: accounts are those that occur in it, ascending.
func (s *side) list(accounts []uint32) {
	s.accounts, s.found, s.before = accounts, nil, nil
	if len(accounts) == 0 {
		return
	}
	words := int(accounts[len(accounts)-1])/64 + 1
	s.found, s.before = make([]uint64, words), make([]uint32, words)
	for _, a := range accounts {
		s.found[a/64] |= 1 << (a % 64)
	}
	for w := 1; w < words; w++ {
		s.before[w] = s.before[w-1] + uint32(bits.OnesCount64(s.found[w-1]))
	}
}

// order sorts lists: numbers of 32 bits with the place behind them are quicker to sort than entries, and stable.
type order struct {
	keys    []uint64
	entries []Entry
	beside  []uint64
}

func (o *order) by(list []Entry, key func(Entry) uint32) {
	o.keys = o.keys[:0]
	for i, e := range list {
		o.keys = append(o.keys, uint64(key(e))<<32|uint64(i))
	}
	if len(list) > 1<<10 {
		o.radix()
		return
	}
	// Most lists are nearly in order, as files follow one another in time: each key moves a few places. Where that comes
	// to more than sorting costs, they are sorted.
	moves := 8 * len(o.keys)
	for i := 1; i < len(o.keys); i++ {
		k, j := o.keys[i], i
		for ; j > 0 && o.keys[j-1] > k && moves > 0; j-- {
			o.keys[j] = o.keys[j-1]
			moves--
		}
		o.keys[j] = k
		if moves == 0 {
			slices.Sort(o.keys)
			return
		}
	}
}

// radix sorts by the upper half of the keys, whose lower half is in order, eleven bits at a time.
func (o *order) radix() {
	const digit = 11
	o.beside = append(o.beside[:0], o.keys...)
	least, most := o.keys[0]>>32, o.keys[0]>>32
	for _, k := range o.keys {
		least, most = min(least, k>>32), max(most, k>>32)
	}
	for shift := 0; (most-least)>>shift > 0; shift += digit {
		var at [1 << digit]int
		for _, k := range o.keys {
			at[(k>>32-least)>>shift&(1<<digit-1)]++
		}
		n := 0
		for d, many := range at {
			at[d] = n
			n += many
		}
		for _, k := range o.keys {
			d := (k>>32 - least) >> shift & (1<<digit - 1)
			o.beside[at[d]] = k
			at[d]++
		}
		o.keys, o.beside = o.beside, o.keys
	}
}

func (o *order) apply(list []Entry) {
	o.entries = append(o.entries[:0], list...)
	for i, k := range o.keys {
		list[i] = o.entries[uint32(k)]
	}
}

// applyOut moves rows and contexts along.
func (o *order) applyOut(s *slab, lo int) {
	n := len(o.keys)
	o.apply(s.out.entries[lo : lo+n])
	o.beside = o.beside[:0]
	for i := lo; i < lo+n; i++ {
		o.beside = append(o.beside, uint64(s.ctx.at(i))<<32|uint64(s.row[i]))
	}
	for i, k := range o.keys {
		x := o.beside[uint32(k)]
		s.row[lo+i] = uint32(x)
		if c := uint32(x >> 32); c != s.ctx.at(lo+i) {
			s.ctx.set(lo+i, c)
		}
	}
}

// crowd is the number of payments of one second from which those of Outside are put in order of the account. Where only
// days are known, all cash of a bank's day is of one second, and to find one payment in it must not cost the whole day.
const crowd = 64

func (s *slab) sortOutside(o *order) {
	lo, end := s.out.span(Outside)
	for lo < end {
		hi := lo + 1
		for hi < end && s.out.entries[hi].at == s.out.entries[lo].at {
			hi++
		}
		if hi-lo > crowd {
			o.by(s.out.entries[lo:hi], func(e Entry) uint32 { return uint32(e.Peer()) })
			o.applyOut(s, lo)
		}
		lo = hi
	}
}

// find is the place of the k-th entry of an account's out list with a second and a counterparty; k counts down by those
// seen where it is not here.
func (s *slab) find(a Account, at uint32, peer Account, k *int) (pos int, ok bool) {
	lo, hi := s.out.span(a)
	before := func(x Entry, at uint32) int { return cmp.Compare(x.at, at) }
	i, _ := slices.BinarySearchFunc(s.out.entries[lo:hi], at, before)
	if lo += i; a == Outside && lo+crowd < hi && s.out.entries[lo+crowd].at == at {
		n, _ := slices.BinarySearchFunc(s.out.entries[lo:hi], at+1, before)
		i, _ = slices.BinarySearchFunc(s.out.entries[lo:lo+n], peer, func(x Entry, p Account) int { return cmp.Compare(x.Peer(), p) })
		lo += i
	}
	for ; lo < hi && s.out.entries[lo].at == at; lo++ {
		if s.out.entries[lo].Peer() != peer {
			continue
		}
		if *k == 0 {
			return lo, true
		}
		*k--
	}
	return 0, false
}

func inOrder(list []Entry) bool {
	for i := 1; i < len(list); i++ {
		if list[i].at < list[i-1].at {
			return false
		}
	}
	return true
}

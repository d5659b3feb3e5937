package flow

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unsafe"

	"github.com/zeebo/xxh3"
	"golang.org/x/sys/unix"

	"tarir/money/ledger"
)

// A slab file is the magic, the length and the checksum of the header, the header, and from the next page on the arrays
// as they lie in memory, in the byte order of the machine: entries out, entries in, rows, contexts, starts out and in,
// accounts out and in, and the texts of the contexts. It is a copy of what the ledger says, made to be mapped; it is not
// meant to be carried to another machine.
const (
	magic      = "TARIRFG1"
	pageSize   = 4096
	slabSuffix = ".slab"
)

type header struct {
	From       int        `json:"from"`
	To         int        `json:"to"`
	Segments   []string   `json:"segments"` // checksum of each segment
	Currencies []Currency `json:"currencies"`
	N          int        `json:"payments"`
	Channels   uint16     `json:"channels"`
	Timed      bool       `json:"timed"`
	Exchanges  bool       `json:"exchanges"`
	Purposes   bool       `json:"purposes"`
	Lengths    [5]int     `json:"lengths"` // starts out, in, accounts out, in, bytes of contexts
	Sparse     [2]bool    `json:"sparse"`  // out, in list their accounts
	Order      string     `json:"byte_order"`
	Sum        string     `json:"xxh3"` // of everything after the header
}

// Open makes the graph of l with the slabs that dir holds, builds what they lack and keeps it there. Where dir cannot be
// written the graph is built all the same, and Unsaved says why it was not kept.
func Open(ctx context.Context, l *ledger.Ledger, dir string) (*Graph, error) {
	currencies, err := currenciesOf(l)
	if err != nil {
		return nil, err
	}
	unlock, unsaved := lock(ctx, dir)
	if unsaved == nil {
		defer unlock()
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	slabs, err := assemble(ctx, l, currencies, dir)
	if err != nil {
		return nil, err
	}
	g := newGraph(l, currencies, slabs)
	if unsaved == nil {
		unsaved = save(l, currencies, slabs, dir)
	}
	g.unsaved = unsaved
	return g, nil
}

// assemble loads the slabs that fit, builds one of what is left, and merges.
func assemble(ctx context.Context, l *ledger.Ledger, currencies []Currency, dir string) (slabs []*slab, err error) {
	defer func() {
		if err != nil {
			for _, s := range slabs {
				err = errors.Join(err, s.release())
			}
		}
	}()
	at, all := 0, len(l.Segments())
	for at < all {
		s := load(l, currencies, dir, at)
		if s == nil {
			break
		}
		slabs = append(slabs, s)
		at = s.to
	}
	if at < all {
		s, err := build(ctx, l, currencies, at, all)
		if err != nil {
			return slabs, err
		}
		slabs = append(slabs, s)
	}
	for n := len(slabs); n > 1 && slabs[n-1].n*2 >= slabs[n-2].n; n = len(slabs) {
		s, err := merge(slabs[n-2], slabs[n-1])
		if err != nil {
			return slabs, err
		}
		if err := errors.Join(slabs[n-2].release(), slabs[n-1].release()); err != nil {
			return slabs, errors.Join(err, s.release())
		}
		slabs = append(slabs[:n-2], s)
	}
	return slabs, nil
}

func lock(ctx context.Context, dir string) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("keep payment graph: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("keep payment graph: %w", err)
	}
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() {
				_ = unix.Flock(int(f.Fd()), unix.LOCK_UN) // closing would not, while a process just being started has a copy
				f.Close()
			}, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) {
			f.Close()
			return nil, fmt.Errorf("keep payment graph: %w", err)
		}
		select { // another process builds it: wait and use what it made
		case <-ctx.Done():
			f.Close()
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func slabName(from, to int) string { return fmt.Sprintf("%06d-%06d%s", from, to, slabSuffix) }

// load maps the largest slab that begins at a segment and belongs to this ledger; nil if there is none. A file that is
// damaged or out of date is as good as none.
func load(l *ledger.Ledger, currencies []Currency, dir string, from int) *slab {
	names, _ := filepath.Glob(filepath.Join(dir, fmt.Sprintf("%06d-*%s", from, slabSuffix)))
	slices.Sort(names)
	slices.Reverse(names)
	for _, name := range names {
		if s, err := mapSlab(name); err == nil {
			if s.fits(l, currencies, from) {
				return s.slab
			}
			_ = s.release() // of a mapping just made: nothing to tell
		}
	}
	return nil
}

// mappedSlab is a slab with the header it was read by.
type mappedSlab struct {
	*slab
	h header
}

func (s mappedSlab) fits(l *ledger.Ledger, currencies []Currency, from int) bool {
	segs := l.Segments()
	if s.h.From != from || s.h.To > len(segs) || s.h.To-s.h.From != len(s.h.Segments) || len(s.h.Currencies) > len(currencies) {
		return false
	}
	for i, sum := range s.h.Segments {
		if segs[from+i].Payments.SHA256 != sum {
			return false
		}
	}
	return slices.Equal(s.h.Currencies, currencies[:len(s.h.Currencies)])
}

var errSlab = errors.New("not a slab of this version, or damaged")

func mapSlab(path string) (s mappedSlab, err error) {
	f, err := os.Open(path)
	if err != nil {
		return s, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return s, err
	}
	if st.Size() < pageSize || st.Size() > 1<<46 {
		return s, errSlab
	}
	mem, err := unix.Mmap(int(f.Fd()), 0, int(st.Size()), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return s, fmt.Errorf("map %s: %w", filepath.Base(path), err)
	}
	_ = unix.Madvise(mem, unix.MADV_WILLNEED)
	if s, err = readSlab(mem); err != nil {
		return s, errors.Join(err, unix.Munmap(mem))
	}
	s.mem, s.stored = mem, true
	return s, nil
}

const headerAt = len(magic) + 4 + 8

// readSlab lays a slab over the content of a file.
func readSlab(mem []byte) (mappedSlab, error) {
	var none mappedSlab
	if len(mem) < headerAt || string(mem[:len(magic)]) != magic {
		return none, errSlab
	}
	n := int(binary.LittleEndian.Uint32(mem[len(magic):]))
	if n > len(mem)-headerAt || xxh3.Hash(mem[headerAt:headerAt+n]) != binary.LittleEndian.Uint64(mem[len(magic)+4:]) {
		return none, errSlab
	}
	var h header
	if json.Unmarshal(mem[headerAt:headerAt+n], &h) != nil || h.Order != byteOrder() {
		return none, errSlab
	}
	data := mem[min(len(mem), pages(headerAt+n)):]
	if h.N < 0 || h.N > len(data) {
		return none, errSlab
	}
	size := slabBytes(h.N)
	for i, l := range h.Lengths {
		if l < 0 || l > len(data) {
			return none, errSlab
		}
		if i < 4 {
			l *= 4
		}
		size += l
	}
	if size != len(data) || sumText(data) != h.Sum {
		return none, errSlab
	}
	s := &slab{from: h.From, to: h.To, n: h.N, channels: h.Channels, timed: h.Timed, exchanges: h.Exchanges, purposes: h.Purposes}
	s.carve(data)
	rest := data[slabBytes(h.N):]
	// The arrays of entries are 39 bytes a payment: what follows may stand askew, so it is copied.
	numbers := func(n int) []uint32 {
		out := make([]uint32, n)
		for i := range out {
			out[i] = binary.NativeEndian.Uint32(rest[4*i:])
		}
		rest = rest[4*n:]
		return out
	}
	s.out.start, s.in.start = numbers(h.Lengths[0]), numbers(h.Lengths[1])
	for i, side := range []*side{&s.out, &s.in} {
		accounts := numbers(h.Lengths[2+i])
		if n := len(accounts); n > 0 && (!slices.IsSorted(accounts) || accounts[n-1] >= maxAccounts) {
			return none, errSlab
		}
		if h.Sparse[i] {
			side.list(accounts)
		}
	}
	var ok bool
	if s.contexts, ok = decodeContexts(rest); !ok {
		return none, errSlab
	}
	return mappedSlab{s, h}, nil
}

func sumText(b []byte) string { return textOf(xxh3.Hash(b)) }

func textOf(sum uint64) string { return hex.EncodeToString(binary.BigEndian.AppendUint64(nil, sum)) }

func pages(n int) int { return (n + pageSize - 1) / pageSize * pageSize }

func byteOrder() string {
	if binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
		return "little"
	}
	return "big"
}

// save writes the slabs that dir does not hold and removes all others.
func save(l *ledger.Ledger, currencies []Currency, slabs []*slab, dir string) error {
	keep := map[string]bool{}
	for _, s := range slabs {
		name := slabName(s.from, s.to)
		keep[name] = true
		if s.stored {
			continue
		}
		if err := writeSlab(l, currencies, s, filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("keep payment graph: %w", err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("keep payment graph: %w", err)
	}
	for _, e := range entries {
		ours := strings.HasSuffix(e.Name(), slabSuffix) || strings.HasSuffix(e.Name(), slabSuffix+".tmp")
		if ours && !keep[e.Name()] {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				return fmt.Errorf("keep payment graph: %w", err)
			}
		}
	}
	return nil
}

func writeSlab(l *ledger.Ledger, currencies []Currency, s *slab, path string) (err error) {
	texts := encodeContexts(s.contexts)
	h := header{
		From: s.from, To: s.to, Currencies: currencies, N: s.n, Channels: s.channels, Timed: s.timed, Exchanges: s.exchanges, Purposes: s.purposes,
		Lengths: [5]int{len(s.out.start), len(s.in.start), len(s.out.accounts), len(s.in.accounts), len(texts)},
		Sparse:  [2]bool{s.out.accounts != nil, s.in.accounts != nil}, Order: byteOrder(),
	}
	for _, seg := range l.Segments()[s.from:s.to] {
		h.Segments = append(h.Segments, seg.Payments.SHA256)
	}
	parts := [][]byte{raw(s.out.entries), raw(s.in.entries), raw(s.row), s.ctx, raw(s.out.start), raw(s.in.start), raw(s.out.accounts), raw(s.in.accounts), texts}
	sum := xxh3.New()
	for _, p := range parts {
		_, _ = sum.Write(p) // a hash does not fail
	}
	h.Sum = textOf(sum.Sum64())
	head, err := json.Marshal(h)
	if err != nil {
		return err
	}
	tmp := path + ".tmp"
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(tmp)
		}
	}()
	first := make([]byte, pages(headerAt+len(head)))
	copy(first, magic)
	binary.LittleEndian.PutUint32(first[len(magic):], uint32(len(head)))
	binary.LittleEndian.PutUint64(first[len(magic)+4:], xxh3.Hash(head))
	copy(first[headerAt:], head)
	for _, p := range append([][]byte{first}, parts...) {
		if _, err = io.Copy(f, bytes.NewReader(p)); err != nil {
			return err
		}
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

// raw is the memory of a slice.
func raw[T any](s []T) []byte {
	var x T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(x)))
}

func encodeContexts(list []Context) []byte {
	var b []byte
	for _, c := range list {
		for _, t := range []string{c.MCC, c.Place, c.Device} {
			b = append(binary.AppendUvarint(b, uint64(len(t))), t...)
		}
	}
	return b
}

func decodeContexts(b []byte) (list []Context, ok bool) {
	for len(b) > 0 {
		var t [3]string
		for i := range t {
			n, k := binary.Uvarint(b)
			if k <= 0 || n > uint64(len(b)-k) {
				return nil, false
			}
			t[i], b = string(b[k:k+int(n)]), b[k+int(n):]
		}
		list = append(list, Context{t[0], t[1], t[2]})
	}
	return list, len(list) > 0
}

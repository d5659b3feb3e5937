// Package logbook is an append-only log on disk that nobody can change in silence: a Merkle tree (RFC 6962, as golang.org/x/mod
// builds it for the Go checksum database) over its entries. Whoever holds a signed checkpoint can check that an entry is in it,
// and that a later checkpoint only added to it.
//
// A folder holds three files. entries: the entries one after the other. hashes: the tree, 32 bytes each, in the order of
// tlog.StoredHashIndex. ends: for each entry where it ends, 8 bytes. A fourth, the journal, holds the last appends until these three
// are synced, so a crash or a full disk at any moment leaves the state before an append or after it.
//
// Cost: an append writes the entry twice and on average 64 bytes of hashes, and syncs one file once; appends that come while one is
// on its way are written together. A proof reads about log2(n) hashes. Memory does not grow with the log.
package logbook

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// MaxEntry is the most bytes of an entry.
const MaxEntry = 1 << 20

var (
	// ErrTooLarge is an entry of more than MaxEntry bytes.
	ErrTooLarge = errors.New("the entry is larger than 1 MiB")
	// ErrClosed is what is asked of a book after Close, or after its files could not be put back in order.
	ErrClosed = errors.New("the log is closed")
)

// Damage says where a log is not what it was when it was written.
type Damage struct {
	Entry int64  // the first entry that is touched; -1 where that cannot be told
	What  string // which file, and how
}

func (d *Damage) Error() string {
	if d.Entry < 0 {
		return "the log was changed: " + d.What
	}
	return fmt.Sprintf("the log was changed at entry %d: %s", d.Entry, d.What)
}

// Book is an open log. Its methods may be called by several goroutines.
type Book struct {
	dir                   string
	entries, hashes, ends *os.File
	journal               *journal

	mu     sync.Mutex // of waiting
	queue  []*waiting
	commit sync.Mutex // held by who writes
	state  sync.RWMutex
	size   int64
	end    int64 // of the last entry
	broken error
}

// waiting is an append that is not on disk yet.
type waiting struct {
	list  [][]byte
	first int64
	err   error
	done  bool
}

// Open opens the log in a folder, or makes one. What a crash left half-written is cut off, or written to its end.
func Open(dir string) (_ *Book, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	b := &Book{dir: dir}
	defer func() {
		if err != nil {
			b.closeFiles()
		}
	}()
	for name, f := range map[string]**os.File{"entries": &b.entries, "hashes": &b.hashes, "ends": &b.ends} {
		if *f, err = os.OpenFile(filepath.Join(dir, name), os.O_RDWR|os.O_CREATE, 0o600); err != nil {
			return nil, fmt.Errorf("open log: %w", err)
		}
	}
	if b.journal, err = openJournal(dir); err != nil {
		return nil, err
	}
	info, err := b.ends.Stat()
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	if err := b.goTo(info.Size() / 8); err != nil {
		return nil, err
	}
	replayed, err := b.replay()
	if err != nil {
		return nil, err
	}
	for f, want := range map[*os.File]int64{b.entries: b.end, b.hashes: tlog.StoredHashCount(b.size) * tlog.HashSize} {
		info, err := f.Stat()
		if err != nil {
			return nil, fmt.Errorf("open log: %w", err)
		}
		if info.Size() < want {
			return nil, &Damage{-1, fmt.Sprintf("%s has %d bytes of %d", filepath.Base(f.Name()), info.Size(), want)}
		}
	}
	// Before anything is cut off, the last entry must be whole: where its end was changed, what looks like a rest is evidence.
	if n := b.size - 1; n >= 0 {
		text, err := b.Entry(n)
		if err != nil {
			return nil, &Damage{n, "its end in the file ends is not as it was written"}
		}
		var h tlog.Hash
		if err := b.hash(tlog.StoredHashIndex(0, n), &h); err != nil {
			return nil, err
		}
		if h != tlog.RecordHash(text) {
			return nil, &Damage{n, "its text, its end or its hash is not as it was written"}
		}
	}
	err = b.cut()
	if err == nil && replayed {
		if err = b.sync(); err == nil {
			err = b.journal.forget(0)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	return b, syncDir(dir)
}

// goTo makes the book end after so many entries.
func (b *Book) goTo(size int64) (err error) {
	b.size = size
	b.end, err = b.endOf(size - 1)
	return err
}

// replay writes to the files what the journal holds, if anything: after a crash they may lack it.
func (b *Book) replay() (replayed bool, err error) {
	list, err := b.journal.read()
	if err != nil || len(list) == 0 {
		return false, err
	}
	first, last := list[0].first, list[len(list)-1]
	end := last.first + int64(len(last.entries))
	switch {
	case first > b.size:
		return false, &Damage{b.size, fmt.Sprintf("ends is shorter than when the journal went on from it at entry %d", first)}
	case end < b.size:
		return false, &Damage{end, "the journal does not hold it as it was written"}
	}
	err = b.goTo(first)
	for _, batch := range list {
		var g *growing
		if err == nil {
			g, err = b.grownBy(batch.entries)
		}
		if err == nil {
			err = b.put(g, batch.entries)
		}
	}
	if err != nil {
		return false, fmt.Errorf("open log: %w", err)
	}
	return true, nil
}

// sync makes what the files hold durable.
func (b *Book) sync() error { return errors.Join(b.entries.Sync(), b.hashes.Sync(), b.ends.Sync()) }

// cut shortens the files to what is there for good.
func (b *Book) cut() error {
	return errors.Join(b.ends.Truncate(b.size*8), b.entries.Truncate(b.end), b.hashes.Truncate(tlog.StoredHashCount(b.size)*tlog.HashSize))
}

func (b *Book) closeFiles() error {
	var errs []error
	for _, f := range []*os.File{b.entries, b.hashes, b.ends} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	if b.journal != nil {
		errs = append(errs, b.journal.file.Close())
	}
	return errors.Join(errs...)
}

// Close waits for what is being written and closes the files.
func (b *Book) Close() error {
	b.commit.Lock()
	defer b.commit.Unlock()
	b.state.Lock()
	defer b.state.Unlock()
	if errors.Is(b.broken, ErrClosed) {
		return nil
	}
	var err error
	if b.broken == nil {
		if err = b.sync(); err == nil {
			err = b.journal.forget(0)
		}
	}
	b.broken = ErrClosed
	return errors.Join(err, b.closeFiles())
}

// Size is the number of entries.
func (b *Book) Size() int64 {
	b.state.RLock()
	defer b.state.RUnlock()
	return b.size
}

// Append adds entries, in order and next to each other, and returns the number of the first. When it returns without an
// error they are on disk; with one, none of them is there.
func (b *Book) Append(list ...[]byte) (first int64, err error) {
	for _, e := range list {
		if len(e) > MaxEntry {
			return 0, ErrTooLarge
		}
	}
	if len(list) == 0 {
		return b.Size(), nil
	}
	w := &waiting{list: list}
	b.mu.Lock()
	b.queue = append(b.queue, w)
	b.mu.Unlock()
	// Whoever gets here first writes for all who wait.
	b.commit.Lock()
	defer b.commit.Unlock()
	if w.done {
		return w.first, w.err
	}
	b.mu.Lock()
	queue := b.queue
	b.queue = nil
	b.mu.Unlock()
	err = b.write(queue)
	for _, w := range queue {
		w.done, w.err = true, err
	}
	return w.first, w.err
}

// write puts the entries of all who wait on disk. The caller holds commit.
func (b *Book) write(queue []*waiting) error {
	b.state.RLock()
	size, broken := b.size, b.broken
	b.state.RUnlock()
	if broken != nil {
		return broken
	}
	all := batch{first: size}
	for _, w := range queue {
		w.first = size + int64(len(all.entries))
		all.entries = append(all.entries, w.list...)
	}
	g, err := b.grownBy(all.entries)
	if err != nil {
		return fmt.Errorf("append to log: %w", err)
	}
	if err := b.commitBatch(g, &all); err != nil {
		return fmt.Errorf("append to log: %w", err)
	}
	return nil
}

// commitBatch makes entries durable.
func (b *Book) commitBatch(g *growing, all *batch) error {
	if !b.journal.fits(all.bytes()) {
		if err := b.sync(); err != nil {
			return err
		}
		b.journal.next = 0
	}
	at := b.journal.next
	err := b.journal.add(all.text())
	if err == nil {
		err = b.put(g, all.entries)
	}
	if err == nil {
		return nil
	}
	// What was written of it must not come back, neither with the next append nor when the log is opened.
	if undo := errors.Join(b.cut(), b.journal.forget(at)); undo != nil {
		b.state.Lock()
		b.broken = fmt.Errorf("%w: it could not be put back in order after an error of the disk: %w", ErrClosed, undo)
		b.state.Unlock()
	}
	return err
}

// put writes entries and their part of the tree to the files, without waiting for the disk.
func (b *Book) put(g *growing, entries [][]byte) error {
	var text, ends []byte
	for _, e := range entries {
		text = append(text, e...)
		ends = binary.BigEndian.AppendUint64(ends, uint64(b.end)+uint64(len(text)))
	}
	hashes := make([]byte, 0, len(g.more)*tlog.HashSize)
	for i := range g.more {
		hashes = append(hashes, g.more[i][:]...)
	}
	_, err := b.entries.WriteAt(text, b.end)
	if err == nil {
		_, err = b.hashes.WriteAt(hashes, g.base*tlog.HashSize)
	}
	if err == nil {
		_, err = b.ends.WriteAt(ends, b.size*8)
	}
	if err != nil {
		return err
	}
	b.state.Lock()
	b.size, b.end = g.size, b.end+int64(len(text))
	b.state.Unlock()
	return nil
}

// growing is a book's tree with entries more that are not on disk.
type growing struct {
	b    *Book
	base int64 // hashes on disk
	size int64
	more []tlog.Hash
}

func (b *Book) growing(size int64) *growing {
	return &growing{b: b, base: tlog.StoredHashCount(size), size: size}
}

// grownBy is the book's tree with entries more.
func (b *Book) grownBy(entries [][]byte) (*growing, error) {
	g := b.growing(b.size)
	for _, e := range entries {
		if err := g.add(e); err != nil {
			return nil, err
		}
	}
	return g, nil
}

func (g *growing) add(entry []byte) error {
	more, err := tlog.StoredHashes(g.size, entry, g)
	g.more = append(g.more, more...)
	g.size++
	return err
}

// ReadHashes makes it a tlog.HashReader.
func (g *growing) ReadHashes(at []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(at))
	for i, k := range at {
		if k >= g.base {
			out[i] = g.more[k-g.base]
		} else if err := g.b.hash(k, &out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Grown is the tree as it would be with entries more.
func (b *Book) Grown(entries ...[]byte) (tlog.Tree, error) {
	b.state.RLock()
	g, err := b.grownBy(entries)
	b.state.RUnlock()
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.TreeHash(g.size, g)
	return tlog.Tree{N: g.size, Hash: root}, err
}

func writeSynced(f *os.File, text []byte, at int64) error {
	if _, err := f.WriteAt(text, at); err != nil {
		return err
	}
	return f.Sync()
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	defer d.Close()
	return d.Sync()
}

func (b *Book) endOf(n int64) (int64, error) {
	var buf [8]byte
	if n < 0 {
		return 0, nil
	}
	if _, err := b.ends.ReadAt(buf[:], n*8); err != nil {
		return 0, fmt.Errorf("read log: %w", err)
	}
	return int64(binary.BigEndian.Uint64(buf[:])), nil
}

func (b *Book) hash(k int64, h *tlog.Hash) error {
	if _, err := b.hashes.ReadAt(h[:], k*tlog.HashSize); err != nil {
		return fmt.Errorf("read log: %w", err)
	}
	return nil
}

// ReadHashes makes a book a tlog.HashReader.
func (b *Book) ReadHashes(at []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(at))
	for i, k := range at {
		if err := b.hash(k, &out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Entry reads one entry.
func (b *Book) Entry(n int64) ([]byte, error) {
	if n < 0 || n >= b.Size() {
		return nil, fmt.Errorf("read log: there is no entry %d", n)
	}
	from, err := b.endOf(n - 1)
	if err != nil {
		return nil, err
	}
	to, err := b.endOf(n)
	if err != nil {
		return nil, err
	}
	if from < 0 || to < from || to-from > MaxEntry {
		return nil, &Damage{n, "ends names no possible place for it"}
	}
	text := make([]byte, to-from)
	if _, err := b.entries.ReadAt(text, from); err != nil && !(errors.Is(err, io.EOF) && len(text) == 0) {
		return nil, fmt.Errorf("read log: %w", err)
	}
	return text, nil
}

// Each gives the entries from number from on, in order, until fn returns an error.
func (b *Book) Each(ctx context.Context, from int64, fn func(n int64, entry []byte) error) error {
	for n, size := from, b.Size(); n < size; n++ {
		if n&1023 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		e, err := b.Entry(n)
		if err != nil {
			return err
		}
		if err := fn(n, e); err != nil {
			return err
		}
	}
	return nil
}

// Root is the hash of the tree of the first size entries.
func (b *Book) Root(size int64) (tlog.Hash, error) {
	if size < 0 || size > b.Size() {
		return tlog.Hash{}, fmt.Errorf("read log: it has no %d entries", size)
	}
	return tlog.TreeHash(size, b)
}

// ProveEntry proves that entry n is in the tree of size entries; tlog.CheckRecord checks it.
func (b *Book) ProveEntry(size, n int64) (tlog.RecordProof, error) {
	return tlog.ProveRecord(size, n, b)
}

// ProveGrowth proves that the tree of size entries begins with that of old; tlog.CheckTree checks it.
func (b *Book) ProveGrowth(size, old int64) (tlog.TreeProof, error) {
	return tlog.ProveTree(size, old, b)
}

// Verify reads the whole log, builds its tree anew and compares. A *Damage names the first entry that is not as it was
// written. Whoever can write the files could rewrite all of them together: only a checkpoint kept elsewhere shows that, so each
// of those known is compared too.
func (b *Book) Verify(ctx context.Context, known ...tlog.Tree) error {
	size := b.Size()
	var tree []tlog.Hash // of the right edge only: for each level the last complete hash
	end := int64(0)
	at := int64(0)
	for n := range size {
		if n&255 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		to, err := b.endOf(n)
		if err != nil {
			return err
		}
		if to < end || to-end > MaxEntry {
			return &Damage{n, "its end in the file ends is not as it was written"}
		}
		end = to
		text, err := b.Entry(n)
		if errors.Is(err, io.EOF) {
			return &Damage{n, "its end in the file ends is not as it was written"}
		}
		if err != nil {
			return err
		}
		h := tlog.RecordHash(text)
		for level := 0; ; level++ {
			var stored tlog.Hash
			if err := b.hash(at, &stored); err != nil {
				return err
			}
			if stored != h {
				if level == 0 {
					return &Damage{n, "its text, its end or its hash is not as it was written"}
				}
				return &Damage{n, fmt.Sprintf("a hash over the %d entries up to it is not as it was written", int64(1)<<level)}
			}
			at++
			if n>>level&1 == 0 {
				if level == len(tree) {
					tree = append(tree, h)
				} else {
					tree[level] = h
				}
				break
			}
			h = tlog.NodeHash(tree[level], h)
		}
	}
	for _, t := range known {
		if t.N > size {
			return &Damage{size, fmt.Sprintf("it ends here, and once had %d entries", t.N)}
		}
		root, err := b.Root(t.N)
		if err != nil {
			return err
		}
		if root != t.Hash {
			return &Damage{-1, fmt.Sprintf("its first %d entries are not those that a signed checkpoint speaks of: the whole log was written anew", t.N)}
		}
	}
	return nil
}

// Checkpoint signs how large the log is and what is in it, in the form of a C2SP tlog-checkpoint.
func (b *Book) Checkpoint(origin string, signer note.Signer) ([]byte, tlog.Tree, error) {
	size := b.Size()
	root, err := b.Root(size)
	if err != nil {
		return nil, tlog.Tree{}, err
	}
	t := tlog.Tree{N: size, Hash: root}
	msg, err := note.Sign(&note.Note{Text: fmt.Sprintf("%s\n%d\n%s\n", origin, size, root)}, signer)
	if err != nil {
		return nil, tlog.Tree{}, fmt.Errorf("sign checkpoint: %w", err)
	}
	return msg, t, nil
}

// ErrCheckpoint is a checkpoint that is not signed by who should, of another log, or none at all.
var ErrCheckpoint = errors.New("this is no checkpoint of that log")

// ReadCheckpoint checks the signature of a checkpoint and of which log it is.
func ReadCheckpoint(msg []byte, origin string, verifiers ...note.Verifier) (tlog.Tree, error) {
	n, err := note.Open(msg, note.VerifierList(verifiers...))
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	var t tlog.Tree
	var hash string
	if k, err := fmt.Sscanf(strings.TrimPrefix(n.Text, origin+"\n"), "%d\n%s\n", &t.N, &hash); err != nil || k != 2 || t.N < 0 {
		return tlog.Tree{}, ErrCheckpoint
	}
	if t.Hash, err = tlog.ParseHash(hash); err != nil || n.Text != fmt.Sprintf("%s\n%d\n%s\n", origin, t.N, t.Hash) {
		return tlog.Tree{}, ErrCheckpoint
	}
	return t, nil
}

package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
)

const (
	lockName = "lock"
	// segmentRows is the size at which a segment is closed and committed: what a crash can cost in re-reading, and
	// large enough that Parquet's headers do not count.
	segmentRows = 1 << 20
	chunkRows   = 4096
	// waiting chunks are what the import can go on with while a segment is synced to the disk: some 30 MB.
	waiting = 24
)

// ErrLocked says that another process is importing into the ledger.
var ErrLocked = errors.New("another process is importing into this ledger; wait for it or name another folder")

// Refusal is why one payment was not taken. It is about the record, not about the ledger: the import goes on.
type Refusal struct{ Reason string }

func (r Refusal) Error() string { return r.Reason }

// Import adds payments to a ledger. One goroutine calls its methods; encoding and writing run behind it. Commit ends
// it, Abort gives it up; one of the two must be called.
type Import struct {
	dir      string
	manifest manifest
	accounts *AccountTable
	ids      *identities
	lock     *os.File

	pass    uint32
	file    string
	scratch []byte
	ahead   []lookup
	touched uint32 // keeps the looks of Ahead from being optimised away
	rows    []row
	keys    []identity
	fresh   []accountRow
	pending []SourceCount

	chunks chan chunk
	failed chan struct{} // closed by the writer when it has given up
	done   chan struct{} // closed by the writer when it has ended
	err    error         // of the writer; read after failed or done is closed
	free   chan chunk
}

// chunk is what travels to the writer: rows, or a commit with the sources that are complete by then.
type chunk struct {
	rows    []row
	keys    []identity
	fresh   []accountRow
	sources []SourceCount
}

// Begin opens the ledger in dir for import, creating the folder if needed, and clears what an interrupted import left.
func Begin(ctx context.Context, dir string) (*Import, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create ledger folder: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock ledger: %w", err)
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		lock.Close()
		return nil, ErrLocked
	}
	im, err := begin(ctx, dir)
	if err != nil {
		lock.Close()
		return nil, err
	}
	im.lock = lock
	go im.write()
	return im, nil
}

func begin(ctx context.Context, dir string) (*Import, error) {
	l, err := Open(ctx, dir)
	if err != nil {
		return nil, err
	}
	if err := removeStray(dir, l.manifest); err != nil {
		return nil, err
	}
	ids, err := newIdentities(int(l.rows))
	if err != nil {
		return nil, err
	}
	im := &Import{
		dir: dir, manifest: l.manifest, accounts: l.accounts, ids: ids,
		rows: make([]row, 0, chunkRows), keys: make([]identity, 0, chunkRows),
		chunks: make(chan chunk, waiting), free: make(chan chunk, waiting+2), done: make(chan struct{}), failed: make(chan struct{}),
	}
	for _, s := range l.manifest.Segments {
		b, err := os.ReadFile(filepath.Join(dir, s.Keys.Name))
		if err != nil {
			return nil, fmt.Errorf("read identities: %w", err)
		}
		if int64(len(b)) != s.Rows*identitySize {
			return nil, fmt.Errorf("%w: %s has %d bytes for %d payments", ErrDamaged, s.Keys.Name, len(b), s.Rows)
		}
		if err := im.ids.load(b); err != nil {
			return nil, err
		}
	}
	return im, nil
}

// Source says that the payments which follow come from one reading of the named file; equal payments are counted, and
// references must be unique, within one source.
func (im *Import) Source(file string) {
	im.pass++
	im.file = file
}

// Add offers a payment. known says that the ledger had it already. The error is a Refusal if the payment cannot be
// kept and anything else if the ledger cannot go on.
func (im *Import) Add(p *Payment) (known bool, err error) {
	var at lookup
	if len(im.ahead) > 0 && im.ahead[0].p == p {
		at, im.ahead = im.ahead[0], im.ahead[1:]
	} else {
		at = im.lookup(p)
	}
	if err := p.Check(); err != nil {
		return false, Refusal{err.Error()}
	}
	got, id, err := im.ids.offer(at.id, at.named, p.Key != "", im.pass)
	if err != nil {
		return false, err
	}
	switch got {
	case isKnown:
		return true, nil
	case isConflict:
		return false, Refusal{"reference already used in this file for a different payment; where references repeat by design, leave id out of the mapping"}
	}
	im.rows = append(im.rows, row{
		Time: p.At, From: im.account(p.From, at.from), To: im.account(p.To, at.to),
		Amount: p.Paid.Units, Scale: int32(p.Paid.Scale), Currency: p.Paid.Currency,
		ReceivedAmount: p.Received.Units, ReceivedScale: int32(p.Received.Scale), ReceivedCurrency: p.Received.Currency,
		Channel: p.Channel.String(), Status: p.Status.String(), DateOnly: p.DateOnly, OffsetMin: int32(p.OffsetMin),
		MCC: p.MCC, Place: p.Place, Device: p.Device, Purpose: p.Purpose, FromName: p.FromName, ToName: p.ToName,
		Ref: p.Ref, File: p.File, Line: p.Line, Extra: p.Extra,
	})
	im.keys = append(im.keys, id)
	if len(im.rows) == chunkRows {
		return false, im.send(nil)
	}
	return false, nil
}

// lookup is what Add looks up of a payment.
type lookup struct {
	p        *Payment
	id       identity
	named    bool
	from, to uint64 // hashes of the accounts
}

func (im *Import) lookup(p *Payment) lookup {
	l := lookup{p: p, from: accountHash(p.From), to: accountHash(p.To)}
	l.id, l.named, im.scratch = identityOf(p, im.scratch)
	return l
}

// Ahead says which payments Add will be given next, in that order and unchanged. Each needs a look at three places of
// tables that no cache holds; to fetch those of many payments together takes hardly longer than those of one.
func (im *Import) Ahead(next []*Payment) {
	im.ahead = im.ahead[:0]
	for _, p := range next {
		im.ahead = append(im.ahead, im.lookup(p))
	}
	touched := uint32(0)
	for i := range im.ahead { // nothing but looks, so that the processor has many under way
		l := &im.ahead[i]
		touched += im.ids.touch(l.id) + im.accounts.touch(l.from) + im.accounts.touch(l.to)
	}
	im.touched = touched
}

func (im *Import) account(a Account, hash uint64) uint32 {
	before := im.accounts.Len()
	n := im.accounts.add(a, hash)
	if im.accounts.Len() != before {
		kept := im.accounts.Account(n) // the payment's strings may not outlive the call
		im.fresh = append(im.fresh, accountRow{n, kept.Institution, kept.Number})
	}
	return n
}

func (im *Import) send(sources []SourceCount) error {
	select {
	case im.chunks <- chunk{im.rows, im.keys, im.fresh, sources}:
	case <-im.failed:
		return im.err
	}
	im.fresh = nil
	select {
	case c := <-im.free:
		im.rows, im.keys = c.rows[:0], c.keys[:0]
	default:
		im.rows, im.keys = make([]row, 0, chunkRows), make([]identity, 0, chunkRows)
	}
	return nil
}

// Done records what the reading of the current source gave. The count is committed no earlier than its payments.
func (im *Import) Done(c SourceCount) error {
	return im.send([]SourceCount{c})
}

// Commit makes everything added so far durable and ends the import.
func (im *Import) Commit() error {
	err := im.send(nil)
	im.end()
	if err == nil {
		err = im.err
	}
	return err
}

// Abort ends the import; segments that were already committed stay.
func (im *Import) Abort() {
	im.end()
}

func (im *Import) end() {
	close(im.chunks)
	<-im.done
	im.ids.close()
	// Unlocked by name: a process being started at this moment may still hold a copy of the open file.
	_ = unix.Flock(int(im.lock.Fd()), unix.LOCK_UN)
	im.lock.Close()
}

// write is the goroutine behind an import; Commit and Abort wait for it.
func (im *Import) write() {
	defer close(im.done)
	if im.err = im.writeAll(); im.err != nil {
		close(im.failed)
	}
}

func (im *Import) writeAll() (err error) {
	var w *segmentWriter
	defer func() {
		if err != nil && w != nil {
			w.abort()
		}
	}()
	number := 0
	for _, s := range im.manifest.Segments {
		number = max(number, s.Number)
	}
	commit := func() error {
		if w == nil && len(im.pending) == 0 {
			return nil
		}
		next := im.manifest
		if w != nil {
			seg, err := w.close()
			if err != nil {
				return err
			}
			if err := syncDir(im.dir); err != nil {
				return err
			}
			next.Segments = append(slices.Clip(next.Segments), seg)
			w = nil
		}
		next.Sources = append(slices.Clip(next.Sources), im.pending...)
		if err := next.write(im.dir); err != nil {
			return err
		}
		im.manifest, im.pending = next, nil
		return nil
	}
	for c := range im.chunks {
		if len(c.rows) > 0 {
			if w == nil {
				number++
				if w, err = newSegmentWriter(im.dir, number); err != nil {
					return err
				}
			}
			if err = w.write(c.rows, c.keys, c.fresh); err != nil {
				return err
			}
		}
		im.pending = append(im.pending, c.sources...)
		select {
		case im.free <- c:
		default:
		}
		if w != nil && w.rows >= segmentRows {
			if err = commit(); err != nil {
				return err
			}
		}
	}
	err = commit()
	return err
}

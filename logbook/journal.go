package logbook

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
)

// journalSize is the bytes of the journal; only a single batch that is larger makes it grow. Its room is taken once, so that an append
// syncs no new size of a file.
var journalSize int64 = 128 << 10

const journalMagic = "tarirJ1\n"

// journal makes an append durable with one sync. A batch is written to it, synced, and only then to the three files, which are synced
// when the journal is full or the log is closed; then it begins anew at its start. After a crash the batches in it are written to
// the files once more. So the files never hold an entry more than the journal speaks of: where they do, it was changed.
//
// A batch is journalMagic, the number of its first entry (8 bytes), how many entries it has and how many bytes (4 each), the length of each
// entry (4), the entries, and the SHA-256 of all of that.
type journal struct {
	file *os.File
	next int64 // where the next batch goes
}

// batch is what a journal holds of one append.
type batch struct {
	first   int64
	entries [][]byte
}

func openJournal(dir string) (*journal, error) {
	f, err := os.OpenFile(filepath.Join(dir, "journal"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	return &journal{file: f}, nil
}

// read gives the batches from the start of the journal on that are whole and follow each other.
func (j *journal) read() ([]batch, error) {
	text, err := io.ReadAll(io.NewSectionReader(j.file, 0, math.MaxInt64))
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	var out []batch
	for {
		b, rest, ok := parseBatch(text)
		if n := len(out); !ok || n > 0 && b.first != out[n-1].first+int64(len(out[n-1].entries)) {
			return out, nil // what follows was written before, or never to its end
		}
		out, text = append(out, b), rest
	}
}

func (b *batch) text() []byte {
	out := append(make([]byte, 0, b.bytes()), journalMagic...)
	out = binary.BigEndian.AppendUint64(out, uint64(b.first))
	out = binary.BigEndian.AppendUint32(out, uint32(len(b.entries)))
	total := 0
	for _, e := range b.entries {
		total += len(e)
	}
	out = binary.BigEndian.AppendUint32(out, uint32(total))
	for _, e := range b.entries {
		out = binary.BigEndian.AppendUint32(out, uint32(len(e)))
	}
	for _, e := range b.entries {
		out = append(out, e...)
	}
	sum := sha256.Sum256(out)
	return append(out, sum[:]...)
}

// bytes is the length of a batch's text.
func (b *batch) bytes() int64 {
	n := int64(len(journalMagic)+8+4+4+sha256.Size) + 4*int64(len(b.entries))
	for _, e := range b.entries {
		n += int64(len(e))
	}
	return n
}

func parseBatch(text []byte) (b batch, rest []byte, ok bool) {
	const head = len(journalMagic) + 16
	if len(text) < head || string(text[:len(journalMagic)]) != journalMagic {
		return batch{}, nil, false
	}
	b.first = int64(binary.BigEndian.Uint64(text[len(journalMagic):]))
	count := int64(binary.BigEndian.Uint32(text[head-8:]))
	total := int64(binary.BigEndian.Uint32(text[head-4:]))
	whole := int64(head) + 4*count + total
	if b.first < 0 || count == 0 || whole+sha256.Size > int64(len(text)) {
		return batch{}, nil, false
	}
	sum := sha256.Sum256(text[:whole])
	if !bytes.Equal(sum[:], text[whole:whole+sha256.Size]) {
		return batch{}, nil, false
	}
	entries := text[int64(head)+4*count : whole]
	for i := range count {
		n := binary.BigEndian.Uint32(text[int64(head)+4*i:])
		if int64(n) > int64(len(entries)) {
			return batch{}, nil, false
		}
		b.entries = append(b.entries, entries[:n:n])
		entries = entries[n:]
	}
	return b, text[whole+sha256.Size:], len(entries) == 0
}

// fits says whether there is room for n bytes more.
func (j *journal) fits(n int64) bool { return j.next+n <= journalSize }

// add writes a batch and waits for the disk. With an error nothing of it is there.
func (j *journal) add(text []byte) error {
	info, err := j.file.Stat()
	if err != nil {
		return err
	}
	switch have := info.Size(); {
	case have < journalSize:
		if _, err := j.file.WriteAt(make([]byte, journalSize-have), have); err != nil {
			return errors.Join(err, j.file.Truncate(have))
		}
	case have > journalSize && j.next == 0:
		if err := j.file.Truncate(journalSize); err != nil {
			return err
		}
	}
	if err := writeSynced(j.file, text, j.next); err != nil {
		return err
	}
	j.next += int64(len(text))
	return nil
}

// forget makes the journal end at a place, for good. It needs no room on the disk.
func (j *journal) forget(from int64) error {
	j.next = from
	info, err := j.file.Stat()
	if err != nil || info.Size() <= from {
		return err
	}
	if err := j.file.Truncate(from); err != nil {
		return err
	}
	return j.file.Sync()
}

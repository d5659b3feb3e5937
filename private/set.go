package private

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"runtime"
	"slices"
	"sync"
)

// Set holds the tags of a list, and of things that do not exist, so that its size says little about the list's.
type Set struct {
	Public []byte // of the key that made the tags
	tags   []Tag  // in order
}

// NewSet tags things with a key, with all processors, and adds tags drawn at random up to Padded(len(things)).
func NewSet(ctx context.Context, k *Key, things []string, random io.Reader) (*Set, error) {
	public, err := k.Public()
	if err != nil {
		return nil, err
	}
	s := &Set{Public: public, tags: make([]Tag, Padded(len(things)))}
	workers := runtime.GOMAXPROCS(0)
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < len(things) && ctx.Err() == nil; i += workers {
				if s.tags[i], errs[w] = k.Tag(things[i]); errs[w] != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	if err := errors.Join(append(errs, ctx.Err())...); err != nil {
		return nil, err
	}
	r := bufio.NewReader(random)
	for i := len(things); i < len(s.tags); i++ {
		var b [8]byte
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return nil, fmt.Errorf("pad the set: %w", err)
		}
		s.tags[i] = Tag(binary.BigEndian.Uint64(b[:]))
	}
	slices.Sort(s.tags)
	return s, nil
}

// Padded is how many tags a set of n things has: the next number with at most log2(log2 n) + 1 bits that are not zero (Padmé, Nikitin et
// al., Proc. PETS 2019), and at least 1024.
func Padded(n int) int {
	if n <= 1024 {
		return 1024
	}
	e := bits.Len(uint(n)) - 1
	last := e - bits.Len(uint(e))
	return (n + 1<<last - 1) >> last << last
}

// Len is how many tags there are.
func (s *Set) Len() int { return len(s.tags) }

// Has says whether a tag is in the set.
func (s *Set) Has(t Tag) bool {
	_, ok := slices.BinarySearch(s.tags, t)
	return ok
}

const setMagic = "TARIRSET1"

// Write writes the set: a magic, the public key, the number of tags, and the differences from one to the next.
func (s *Set) Write(w io.Writer) error {
	b := binary.AppendUvarint([]byte(setMagic), uint64(len(s.Public)))
	b = append(b, s.Public...)
	b = binary.AppendUvarint(b, uint64(len(s.tags)))
	last := Tag(0)
	for _, t := range s.tags {
		if b = binary.AppendUvarint(b, uint64(t-last)); len(b) > 1<<16 {
			if _, err := w.Write(b); err != nil {
				return err
			}
			b = b[:0]
		}
		last = t
	}
	_, err := w.Write(b)
	return err
}

// ErrSet is a set that cannot be read.
var ErrSet = errors.New("this is no set of a private check, or it is damaged")

// ReadSet reads a set.
func ReadSet(r io.Reader) (*Set, error) {
	b := bufio.NewReaderSize(r, 1<<16)
	magic := make([]byte, len(setMagic))
	if _, err := io.ReadFull(b, magic); err != nil || string(magic) != setMagic {
		return nil, ErrSet
	}
	n, err := binary.ReadUvarint(b)
	if err != nil || n > 1024 {
		return nil, ErrSet
	}
	s := &Set{Public: make([]byte, n)}
	if _, err := io.ReadFull(b, s.Public); err != nil {
		return nil, ErrSet
	}
	count, err := binary.ReadUvarint(b)
	if err != nil || count > 1<<32 {
		return nil, ErrSet
	}
	last := Tag(0)
	for range count { // memory grows with what is there, not with what is said
		d, err := binary.ReadUvarint(b)
		if err != nil || len(s.tags) > 0 && last+Tag(d) < last {
			return nil, ErrSet
		}
		last += Tag(d)
		s.tags = append(s.tags, last)
	}
	if _, err := b.ReadByte(); err != io.EOF {
		return nil, ErrSet
	}
	return s, nil
}

package records

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"unsafe"

	"github.com/klauspost/compress/zstd"
	"github.com/zeebo/xxh3"
	"golang.org/x/sync/errgroup"

	"tarir/entity"
	"tarir/flat"
	"tarir/journey"
	"tarir/online"
)

// Kind of record.
type Kind string

// The kinds, each in segments of its own.
const (
	Entities Kind = "entities"
	Adverts  Kind = "adverts"
	Journeys Kind = "journeys"
)

var kinds = [...]Kind{Entities, Adverts, Journeys}

// ErrDamaged is wrapped by every error about a file that is not what the manifest says.
var ErrDamaged = errors.New("the kept records are damaged")

const (
	manifestName = "manifest.json"
	version      = 2
	suffix       = ".flat.zst"
	keysSuffix   = ".keys"
)

// Segment is one file of records of a kind, and the file of their keys.
type Segment struct {
	Name    string `json:"name"`
	Kind    Kind   `json:"kind"`
	Rows    int64  `json:"rows"`
	Bytes   int64  `json:"bytes,omitempty"` // of its records as they are in memory; 0: not told
	SHA256  string `json:"sha256"`
	KeysSum string `json:"keys_sha256"`
}

type manifest struct {
	Version  int       `json:"version"`
	Segments []Segment `json:"segments"`
}

// Set is what a folder holds.
type Set struct {
	dir    string
	m      manifest
	memory *Memory // nil: nothing is remembered
}

// Memory keeps the records of segments that were read, for a process that reads a folder again once it has grown: segments
// never change. Records that are read with it are shared and must not be changed. The zero Memory remembers nothing yet.
type Memory struct {
	mu   sync.Mutex
	read map[string]*reading // by kind and sum of the segment
}

// reading is a segment that is read, or being read; whoever asks meanwhile waits.
type reading struct {
	done chan struct{}
	list any
	err  error
}

// Remember reads what comes with the help of a memory, and adds to it.
func (s *Set) Remember(m *Memory) { s.memory = m }

// Open reads a folder's manifest; a folder without one holds nothing.
func Open(dir string) (*Set, error) {
	s := &Set{dir: dir, m: manifest{Version: version}}
	b, err := os.ReadFile(filepath.Join(dir, manifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read manifest of records: %w", err)
	}
	if err := json.Unmarshal(b, &s.m); err != nil {
		return nil, fmt.Errorf("%w: %s is not readable: %v", ErrDamaged, manifestName, err)
	}
	if s.m.Version != version {
		return nil, fmt.Errorf("records of format %d are not known to this version of tarir; use the version that wrote them or import the sources again", s.m.Version)
	}
	return s, nil
}

// Rows is how many records of a kind there are.
func (s *Set) Rows(k Kind) int64 {
	n := int64(0)
	for _, seg := range s.m.Segments {
		if seg.Kind == k {
			n += seg.Rows
		}
	}
	return n
}

// Segments lists the segments.
func (s *Set) Segments() []Segment { return slices.Clone(s.m.Segments) }

// Adverts reads all adverts from segment number from on (0 for all), in order, with what each shows: that is read of a
// segment once and kept beside it.
func (s *Set) Adverts(ctx context.Context, from int) ([]*online.Advert, error) {
	var out []*online.Advert
	for i, seg := range s.m.Segments {
		if seg.Kind != Adverts || i < from {
			continue
		}
		list, err := segment(ctx, s, seg, advertFields)
		if err != nil {
			return nil, err
		}
		if err := s.show(ctx, seg, list); err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return online.Sort(out), nil
}

// Journeys reads all journeys, in order.
func (s *Set) Journeys(ctx context.Context, from int) ([]*journey.Journey, error) {
	list, err := all(ctx, s, Journeys, from, journeyFields)
	return journey.Sort(list), err
}

// Entities reads all entities, one for each id, in order.
func (s *Set) Entities(ctx context.Context, from int) ([]*entity.Entity, error) {
	list, err := all(ctx, s, Entities, from, entityFields)
	p := entity.NewPool()
	for _, e := range list {
		p.Add(e)
	}
	return p.All(), err
}

// all reads the records of a kind.
func all[T any](ctx context.Context, s *Set, k Kind, from int, fields func(*flat.Coder, *T)) ([]*T, error) {
	var out []*T
	for i, seg := range s.m.Segments {
		if seg.Kind != k || i < from {
			continue
		}
		list, err := segment(ctx, s, seg, fields)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}

// Ahead reads into the memory what the folder holds, all kinds side by side. What cannot be read is told to whoever asks for it.
func (s *Set) Ahead(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { _, _ = all(ctx, s, Adverts, 0, advertFields) })
	wg.Go(func() { _, _ = all(ctx, s, Journeys, 0, journeyFields) })
	wg.Go(func() { _, _ = all(ctx, s, Entities, 0, entityFields) })
	wg.Wait()
}

// segment reads the records of a segment, with all processors, or remembers them.
func segment[T any](ctx context.Context, s *Set, seg Segment, fields func(*flat.Coder, *T)) ([]*T, error) {
	if s.memory == nil {
		return readSegment(ctx, s, seg, fields)
	}
	r, first := s.memory.of(seg)
	if first {
		r.list, r.err = readSegment(ctx, s, seg, fields)
		if r.err != nil {
			s.memory.forget(seg)
		}
		close(r.done)
	}
	select {
	case <-r.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	list, _ := r.list.([]*T)
	return list, r.err
}

// of is the reading of a segment; first says that the caller is to read it.
func (m *Memory) of(seg Segment) (r *reading, first bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.read == nil {
		m.read = map[string]*reading{}
	}
	key := string(seg.Kind) + " " + seg.SHA256
	if r = m.read[key]; r == nil {
		r, first = &reading{done: make(chan struct{})}, true
		m.read[key] = r
	}
	return r, first
}

// forget lets a segment be read again.
func (m *Memory) forget(seg Segment) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.read, string(seg.Kind)+" "+seg.SHA256)
}

func readSegment[T any](ctx context.Context, s *Set, seg Segment, fields func(*flat.Coder, *T)) ([]*T, error) {
	parts, err := s.frames(ctx, seg)
	if err != nil {
		return nil, err
	}
	out, err := decodeAll(ctx, parts, fields)
	if errors.Is(err, flat.ErrRecord) {
		err = fmt.Errorf("%w: %s: %w", ErrDamaged, seg.Name, err)
	}
	return out, err
}

// decodeAll reads records, with all processors.
func decodeAll[T any](ctx context.Context, parts []string, fields func(*flat.Coder, *T)) ([]*T, error) {
	space := make([]T, len(parts))
	out := make([]*T, len(parts))
	workers := runtime.GOMAXPROCS(0)
	var eg errgroup.Group
	for w := range workers {
		eg.Go(func() error {
			for i := w * len(parts) / workers; i < (w+1)*len(parts)/workers; i++ {
				if i&1023 == 0 && ctx.Err() != nil {
					return ctx.Err()
				}
				if err := flat.Decode(parts[i], func(c *flat.Coder) { fields(c, &space[i]) }); err != nil {
					return fmt.Errorf("record %d: %w", i, err)
				}
				out[i] = &space[i]
			}
			return nil
		})
	}
	return out, eg.Wait()
}

// frames reads a segment whole, checks its sum and number, and cuts it into its records.
func (s *Set) frames(ctx context.Context, seg Segment) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(filepath.Join(s.dir, seg.Name))
	if err != nil {
		return nil, fmt.Errorf("read records: %w", err)
	}
	h := sha256.Sum256(b)
	if sum := hex.EncodeToString(h[:]); sum != seg.SHA256 {
		return nil, fmt.Errorf("%w: %s was changed after it was written", ErrDamaged, seg.Name)
	}
	parts, err := unpack(b, seg.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %v", ErrDamaged, seg.Name, err)
	}
	if int64(len(parts)) != seg.Rows {
		return nil, fmt.Errorf("%w: %s holds %d records, not %d", ErrDamaged, seg.Name, len(parts), seg.Rows)
	}
	return parts, nil
}

// unpack decompresses records, which take so many bytes as far as is told, and cuts them apart.
func unpack(b []byte, size int64) ([]string, error) {
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	var room []byte
	if size > 0 && size/1000 < int64(len(b)) { // no text becomes so short
		room = make([]byte, 0, size)
	}
	text, err := z.DecodeAll(b, room)
	if err != nil {
		return nil, err
	}
	return flat.Frames(unsafe.String(unsafe.SliceData(text), len(text))) // never written again
}

// Verify reads everything and returns the names of damaged files.
func (s *Set) Verify(ctx context.Context) ([]string, error) {
	var out []string
	for _, seg := range s.m.Segments {
		_, err := s.frames(ctx, seg)
		if ctx.Err() != nil {
			return out, ctx.Err()
		}
		if err != nil {
			out = append(out, seg.Name)
		}
		if sum, err := fileSum(filepath.Join(s.dir, seg.Name+keysSuffix)); err != nil || sum != seg.KeysSum {
			out = append(out, seg.Name+keysSuffix)
		}
	}
	return out, nil
}

func fileSum(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:]), nil
}

// Import adds records to a folder. Not for several goroutines at once; Commit or Abort must be called.
type Import struct {
	set   *Set
	known map[[16]byte]struct{}
	open  map[Kind]*writer
	buf   []byte
}

type writer struct {
	seg  Segment
	file *os.File
	sum  hash.Hash
	z    *zstd.Encoder
	buf  []byte
	keys []byte
}

// Begin opens a folder for import, creating it if needed. The caller sees to it that there is one import at a time, as
// that into the ledger beside it does.
func Begin(dir string) (*Import, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create folder of records: %w", err)
	}
	s, err := Open(dir)
	if err != nil {
		return nil, err
	}
	var rows int64
	for _, k := range kinds {
		rows += s.Rows(k)
	}
	im := &Import{set: s, known: make(map[[16]byte]struct{}, rows), open: map[Kind]*writer{}}
	for _, seg := range s.m.Segments {
		b, err := os.ReadFile(filepath.Join(dir, seg.Name+keysSuffix))
		if err != nil {
			return nil, fmt.Errorf("read keys of records: %w", err)
		}
		if int64(len(b)) != 16*seg.Rows {
			return nil, fmt.Errorf("%w: %s has %d bytes for %d records", ErrDamaged, seg.Name+keysSuffix, len(b), seg.Rows)
		}
		for ; len(b) > 0; b = b[16:] {
			im.known[[16]byte(b)] = struct{}{}
		}
	}
	return im, im.sweep()
}

// sweep removes what an interrupted import left.
func (im *Import) sweep() error {
	entries, err := os.ReadDir(im.set.dir)
	if err != nil {
		return fmt.Errorf("clear records: %w", err)
	}
	keep := map[string]bool{manifestName: true}
	for _, seg := range im.set.m.Segments {
		keep[seg.Name], keep[seg.Name+keysSuffix] = true, true
	}
	for _, e := range entries {
		ours := strings.HasSuffix(e.Name(), suffix) || strings.HasSuffix(e.Name(), keysSuffix) || e.Name() == manifestName+".tmp"
		if ours && !keep[e.Name()] {
			if err := os.Remove(filepath.Join(im.set.dir, e.Name())); err != nil {
				return fmt.Errorf("clear records: %w", err)
			}
		}
	}
	return nil
}

// Entity keeps an entity; another file that says the same is another telling.
func (im *Import) Entity(e *entity.Entity) (known bool, err error) {
	return im.add(Entities, e.Key(), func(c *flat.Coder) { entityFields(c, e) })
}

// Advert keeps an advert.
func (im *Import) Advert(a *online.Advert) (known bool, err error) {
	x := *a
	x.Source = ""
	return im.add(Adverts, im.said(Adverts, func(c *flat.Coder) { advertFields(c, &x) }), func(c *flat.Coder) { advertFields(c, a) })
}

// Journey keeps a journey.
func (im *Import) Journey(j *journey.Journey) (known bool, err error) {
	x := *j
	x.Source = ""
	return im.add(Journeys, im.said(Journeys, func(c *flat.Coder) { journeyFields(c, &x) }), func(c *flat.Coder) { journeyFields(c, j) })
}

// said is the key of a record by its words, wherever they stand.
func (im *Import) said(k Kind, words func(*flat.Coder)) [16]byte {
	im.buf = flat.Encode(append(im.buf[:0], k...), words)
	return xxh3.Hash128(im.buf).Bytes()
}

func (im *Import) add(k Kind, key [16]byte, record func(*flat.Coder)) (known bool, err error) {
	if _, ok := im.known[key]; ok {
		return true, nil
	}
	w := im.open[k]
	if w == nil {
		if w, err = im.create(k); err != nil {
			return false, err
		}
		im.open[k] = w
	}
	w.buf = flat.Encode(w.buf[:0], record)
	if _, err := w.z.Write(w.buf); err != nil {
		return false, fmt.Errorf("keep %s: %w", k, err)
	}
	w.keys = append(w.keys, key[:]...)
	w.seg.Rows++
	w.seg.Bytes += int64(len(w.buf))
	im.known[key] = struct{}{}
	return false, nil
}

func (im *Import) create(k Kind) (*writer, error) {
	n := len(im.set.m.Segments) + len(im.open) + 1
	w := &writer{seg: Segment{Name: fmt.Sprintf("%06d-%s%s", n, k, suffix), Kind: k}, sum: sha256.New()}
	f, err := os.OpenFile(filepath.Join(im.set.dir, w.seg.Name), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("keep %s: %w", k, err)
	}
	w.file = f
	w.z, err = zstd.NewWriter(io.MultiWriter(f, w.sum), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("keep %s: %w", k, err)
	}
	return w, nil
}

func (w *writer) close(dir string) error {
	err := w.z.Close()
	if err == nil {
		err = w.file.Sync()
	}
	if cerr := w.file.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	w.seg.SHA256 = hex.EncodeToString(w.sum.Sum(nil))
	h := sha256.Sum256(w.keys)
	w.seg.KeysSum = hex.EncodeToString(h[:])
	return writeSynced(filepath.Join(dir, w.seg.Name+keysSuffix), w.keys)
}

func writeSynced(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, bytes.NewReader(b))
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

// Commit makes everything added durable and ends the import.
func (im *Import) Commit() error {
	next := im.set.m
	next.Segments = slices.Clone(next.Segments)
	for _, k := range kinds {
		w := im.open[k]
		if w == nil {
			continue
		}
		delete(im.open, k)
		if err := w.close(im.set.dir); err != nil {
			im.Abort()
			return fmt.Errorf("keep %s: %w", k, err)
		}
		next.Segments = append(next.Segments, w.seg)
	}
	if len(next.Segments) == len(im.set.m.Segments) {
		return nil
	}
	b, err := json.MarshalIndent(next, "", " ")
	if err != nil {
		return fmt.Errorf("write manifest of records: %w", err)
	}
	path := filepath.Join(im.set.dir, manifestName)
	if err := writeSynced(path+".tmp", append(b, '\n')); err != nil {
		return fmt.Errorf("write manifest of records: %w", err)
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		return fmt.Errorf("write manifest of records: %w", err)
	}
	d, err := os.Open(im.set.dir)
	if err != nil {
		return fmt.Errorf("write manifest of records: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("write manifest of records: %w", err)
	}
	im.set.m = next
	return nil
}

// Abort gives the import up; after Commit it does nothing.
func (im *Import) Abort() {
	for k, w := range im.open {
		_ = w.z.Close() // of a file that is given up
		w.file.Close()
		os.Remove(filepath.Join(im.set.dir, w.seg.Name))
		delete(im.open, k)
	}
}

package match

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/bits"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"unsafe"

	"github.com/zeebo/xxh3"

	"tarir/flat"
	"tarir/name"
)

// builder puts a segment together.
type builder struct {
	path     string
	file     *os.File // of the records, which are written as they come
	w        *bufio.Writer
	vocab    map[name.Word]uint32
	words    []name.Word
	named    []uint32 // words of all names
	nameAt   []uint64
	nameOf   []uint32
	alone    []bool // the name has one word to be found by
	year     []uint16
	hashes   []uint64
	hashed   []uint32
	recordAt []uint64
	at       uint64
	batch    []prepared
}

// prepared is a record with what takes time done to it.
type prepared struct {
	r     *Record
	body  []byte
	names [][]name.Word
	alone []bool
}

const (
	batchSize = 4096
	byYear    = 2048 // names with a pair of words from which on they stand in order of their years of birth
)

// newBuilder begins a segment; its records go to a file beside it at once, so that memory holds only what finds them.
func newBuilder(path string) (*builder, error) {
	f, err := os.Create(path + ".records")
	if err != nil {
		return nil, fmt.Errorf("build index: %w", err)
	}
	return &builder{path: path, file: f, w: bufio.NewWriterSize(f, 1<<20), vocab: map[name.Word]uint32{}, nameAt: []uint64{0}, recordAt: []uint64{0}}, nil
}

// add takes a record up. It may be written later, so it must not be changed.
func (b *builder) add(r *Record) error {
	if b.batch = append(b.batch, prepared{r: r}); len(b.batch) < batchSize {
		return nil
	}
	return b.flush()
}

// flush reads the names of a batch with all processors, and takes them up in order.
func (b *builder) flush() error {
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wg.Go(func() {
			for i := w; i < len(b.batch); i += workers {
				p := &b.batch[i]
				p.body = flat.Encode(nil, p.r.fields)
				k := name.KindOf(p.r.Schema)
				for _, n := range p.r.Names {
					parsed := name.Parse(n, k)
					words := parsed.Words()
					if a := parsed.Acronym(); a != "" {
						words = append(words, name.Word("l"+a))
					}
					p.names = append(p.names, words)
					p.alone = append(p.alone, parsed.Alone())
				}
			}
		})
	}
	wg.Wait()
	for i := range b.batch {
		if err := b.take(&b.batch[i]); err != nil {
			return err
		}
	}
	clear(b.batch)
	b.batch = b.batch[:0]
	return nil
}

var errLarge = errors.New("a part of an index holds at most four billion names")

func (b *builder) take(p *prepared) error {
	id := uint32(len(b.year))
	if len(b.year) > 1<<31 || len(b.nameOf) > 1<<31 {
		return errLarge
	}
	for i, words := range p.names {
		for _, w := range words {
			n, ok := b.vocab[w]
			if !ok {
				n = uint32(len(b.words))
				w = name.Word(strings.Clone(string(w)))
				b.vocab[w] = n
				b.words = append(b.words, w)
			}
			b.named = append(b.named, n)
		}
		b.nameAt = append(b.nameAt, uint64(len(b.named)))
		b.nameOf = append(b.nameOf, id)
		b.alone = append(b.alone, p.alone[i])
	}
	year := uint16(0)
	if len(p.r.Births) == 1 {
		year = uint16(p.r.Births[0].Year)
	}
	b.year = append(b.year, year)
	for _, s := range p.r.Selectors {
		b.hashes, b.hashed = append(b.hashes, hashOf(s)), append(b.hashed, id)
	}
	b.hashes, b.hashed = append(b.hashes, hashOf(idKey(p.r.ID))), append(b.hashed, id)
	// flat frames a record by its length: what follows is read by it.
	if _, err := b.w.Write(p.body[4:]); err != nil {
		return fmt.Errorf("build index: %w", err)
	}
	b.at += uint64(len(p.body) - 4)
	b.recordAt = append(b.recordAt, b.at)
	return nil
}

// idKey is under which a record is found by its id; no selector begins so.
func idKey(id string) string { return "\x00" + id }

// drop gives up.
func (b *builder) drop() {
	_ = b.file.Close()
	_ = os.Remove(b.path + ".records")
	_ = os.Remove(b.path + ".new")
}

// frequentFrom is how many names have a word that is frequent: such words are looked up together with another one.
func frequentFrom(names int) int { return max(1024, names/4000) }

// finish writes the segment. After an error there is none.
func (b *builder) finish() (err error) {
	defer b.drop()
	if err := errors.Join(b.flush(), b.w.Flush()); err != nil {
		return fmt.Errorf("build index: %w", err)
	}
	// Words get numbers in their order, so that a word is found without a table.
	order := make([]uint32, len(b.words))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(x, y uint32) int { return cmp.Compare(b.words[x], b.words[y]) })
	number := make([]uint32, len(order))
	for i, w := range order {
		number[w] = uint32(i)
	}
	b.vocab = nil
	listAt := make([]uint64, len(b.words)+1)
	for i, w := range b.named {
		b.named[i] = number[w]
		listAt[number[w]+1]++
	}
	frequent, rank := b.frequent(listAt)
	for i := range b.words {
		listAt[i+1] += listAt[i]
	}
	list := make([]uint32, len(b.named))
	next := slices.Clone(listAt[:len(b.words)])
	for n := range b.nameOf {
		words := b.named[b.nameAt[n]:b.nameAt[n+1]]
		for _, w := range words { // a name that has a word twice stands there twice
			list[next[w]] = uint32(n)
			next[w]++
		}
	}
	wordAt := make([]uint32, 1, len(b.words)+1)
	letters := make([]uint32, 0, len(b.words))
	var text []byte
	for _, w := range order {
		text = append(text, b.words[w]...)
		if len(text) > 1<<32-1 {
			return errLarge
		}
		wordAt = append(wordAt, uint32(len(text)))
		letters = append(letters, b.words[w].Letters())
	}
	near, nearAt := b.near(order)
	pairs, pairAt, pairNames := b.pairs(rank)
	slots, slotOf := b.slots()
	f, err := os.Create(b.path + ".new")
	if err != nil {
		return fmt.Errorf("build index: %w", err)
	}
	defer f.Close()
	h := header{Records: len(b.year), Names: len(b.nameOf), Words: len(b.words), Keys: name.KeysVersion, Sections: map[string]section{}}
	sections := []struct {
		key  string
		data []byte
	}{
		{"words", text},
		{"wordAt", raw(wordAt)},
		{"letters", raw(letters)},
		{"listAt", raw(listAt)},
		{"list", raw(list)},
		{"near", raw(near)},
		{"nearAt", raw(nearAt)},
		{"nameOf", raw(b.nameOf)},
		{"nameAt", raw(b.nameAt)},
		{"nameWords", raw(b.named)},
		{"pairs", raw(pairs)},
		{"pairAt", raw(pairAt)},
		{"pairNames", raw(pairNames)},
		{"frequent", raw(frequent)},
		{"year", raw(b.year)},
		{"slots", raw(slots)},
		{"slotOf", raw(slotOf)},
		{"recordAt", raw(b.recordAt)},
	}
	return b.write(f, &h, sections)
}

func raw[T uint16 | uint32 | uint64](s []T) []byte {
	if len(s) == 0 {
		return nil
	}
	var x T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(x)))
}

const headerRoom = 8 << 10

func (b *builder) write(f *os.File, h *header, sections []struct {
	key  string
	data []byte
},
) error {
	if _, err := b.file.Seek(0, 0); err != nil {
		return fmt.Errorf("build index: %w", err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	var at int64 = headerRoom
	if _, err := f.Seek(at, 0); err != nil {
		return fmt.Errorf("build index: %w", err)
	}
	pad := func() error {
		n := (8 - at%8) % 8
		at += n
		_, err := w.Write(make([]byte, n))
		return err
	}
	for _, s := range sections {
		h.Sections[s.key] = section{at, int64(len(s.data)), fmt.Sprintf("%016x", xxh3.Hash(s.data))}
		if _, err := w.Write(s.data); err != nil {
			return fmt.Errorf("build index: %w", err)
		}
		at += int64(len(s.data))
		if err := pad(); err != nil {
			return fmt.Errorf("build index: %w", err)
		}
	}
	sum := xxh3.New()
	buf := make([]byte, 1<<20)
	begin := at
	for {
		n, err := b.file.Read(buf)
		_, _ = sum.Write(buf[:n])
		if _, err := w.Write(buf[:n]); err != nil {
			return fmt.Errorf("build index: %w", err)
		}
		at += int64(n)
		if err != nil {
			break // its end, or the length says so
		}
	}
	if uint64(at-begin) != b.at {
		return fmt.Errorf("build index: the records were not read back: %w", errSegment)
	}
	h.Sections["records"] = section{begin, at - begin, fmt.Sprintf("%016x", sum.Sum64())}
	head, err := json.Marshal(h)
	if err != nil {
		return err
	}
	if len(head) > headerRoom-16 {
		return errLarge
	}
	front := binary.LittleEndian.AppendUint64([]byte(segmentMagic), uint64(len(head)))
	err = w.Flush()
	if err == nil {
		_, err = f.WriteAt(append(front, head...), 0)
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("build index: %w", err)
	}
	if err := os.Rename(b.path+".new", b.path); err != nil {
		return fmt.Errorf("build index: %w", err)
	}
	return syncDir(filepath.Dir(b.path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// near puts the words into buckets by their keys.
func (b *builder) near(order []uint32) (near, nearAt []uint32) {
	buckets := 1 << bits.Len(uint(len(order)*2))
	mask := uint64(buckets - 1)
	nearAt = make([]uint32, buckets+1)
	var keys []uint32
	var ends []int
	for _, w := range order {
		begin := len(keys)
		b.words[w].Kept(func(k uint64) {
			if x := uint32(k & mask); !slices.Contains(keys[begin:], x) {
				keys = append(keys, x)
				nearAt[x+1]++
			}
		})
		ends = append(ends, len(keys))
	}
	for i := range buckets {
		nearAt[i+1] += nearAt[i]
	}
	near = make([]uint32, len(keys))
	next := slices.Clone(nearAt[:buckets])
	begin := 0
	for i, end := range ends {
		for _, k := range keys[begin:end] {
			near[next[k]] = uint32(i)
			next[k]++
		}
		begin = end
	}
	return near, nearAt
}

// frequent gives the words of many names, the most frequent first, and their ranks; counts stand one place behind their words.
func (b *builder) frequent(counts []uint64) ([]uint32, []uint32) {
	from := uint64(frequentFrom(len(b.nameOf)))
	var list []uint32
	for w := range uint32(len(counts) - 1) {
		if counts[w+1] >= from {
			list = append(list, w)
		}
	}
	slices.SortFunc(list, func(x, y uint32) int { return cmp.Or(cmp.Compare(counts[y+1], counts[x+1]), cmp.Compare(x, y)) })
	list = list[:min(len(list), 1<<16-1)]
	rank := make([]uint32, len(counts)-1)
	for i, w := range list {
		rank[w] = uint32(i) + 1
	}
	return list, rank
}

// pairs lists the names by two of their frequent words, or by their only word.
func (b *builder) pairs(rank []uint32) (pairs []uint32, pairAt []uint64, names []uint32) {
	var all []uint64 // rank, rank, name
	var own []uint32
	for n := range b.nameOf {
		own = own[:0]
		words := b.named[b.nameAt[n]:b.nameAt[n+1]]
		for _, w := range words {
			if r := rank[w]; r > 0 && !slices.Contains(own, r) {
				own = append(own, r)
			}
		}
		if b.alone[n] {
			for _, x := range own {
				all = append(all, uint64(x)<<32|uint64(n))
			}
		}
		slices.Sort(own)
		for i, x := range own {
			for _, y := range own[i+1:] {
				all = append(all, uint64(x)<<48|uint64(y)<<32|uint64(n))
			}
		}
	}
	sortHalves(all)
	pairAt = []uint64{0}
	for i, p := range all {
		key := uint32(p >> 32)
		if i == 0 || key != pairs[len(pairs)-1] {
			if i > 0 {
				pairAt = append(pairAt, uint64(i))
			}
			pairs = append(pairs, key)
		}
		names = append(names, uint32(p))
	}
	if len(all) > 0 {
		pairAt = append(pairAt, uint64(len(all)))
	}
	for i := range pairs {
		if list := names[pairAt[i]:pairAt[i+1]]; len(list) >= byYear {
			slices.SortFunc(list, func(x, y uint32) int {
				return cmp.Or(cmp.Compare(b.year[b.nameOf[x]], b.year[b.nameOf[y]]), cmp.Compare(x, y))
			})
		}
	}
	return pairs, pairAt, names
}

// sortHalves sorts with two processors.
func sortHalves(s []uint64) {
	if len(s) < 1<<16 {
		slices.Sort(s)
		return
	}
	mid := len(s) / 2
	var wg sync.WaitGroup
	wg.Go(func() { slices.Sort(s[:mid]) })
	slices.Sort(s[mid:])
	wg.Wait()
	a, b := slices.Clone(s[:mid]), s[mid:]
	out := s[:0]
	for len(a) > 0 && len(b) > 0 {
		if a[0] <= b[0] {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	out = append(out, a...)
	_ = append(out, b...)
}

// slots makes the table of selectors and ids, at most two thirds full.
func (b *builder) slots() ([]uint64, []uint32) {
	size := 1 << bits.Len(uint(len(b.hashes)*3/2+1))
	slots, of := make([]uint64, size), make([]uint32, size)
	mask := uint64(size - 1)
	for k, h := range b.hashes {
		i := h & mask
		for of[i] != 0 {
			i = (i + 1) & mask
		}
		slots[i], of[i] = h, b.hashed[k]+1
	}
	return slots, of
}

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
					for _, parsed := range name.Parse(n, k).Spellings() {
						words := parsed.Words()
						if a := parsed.Acronym(); a != "" {
							words = append(words, name.Word("l"+a))
						}
						p.names = append(p.names, words)
						p.alone = append(p.alone, parsed.Alone())
					}
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
	count := make([]uint32, len(b.words))
	for i, w := range b.named {
		b.named[i] = number[w]
		count[number[w]]++
	}
	frequent, rank := b.frequent(count)
	list, listAt := b.lists(rank)
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
	near, nearAt := b.near(order, letters)
	pairs := b.pairs(rank)
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
		{"count", raw(count)},
		{"listAt", raw(listAt)},
		{"list", raw(list)},
		{"near", raw(near)},
		{"nearAt", raw(nearAt)},
		{"nameOf", raw(b.nameOf)},
		{"pairs", raw(pairs.key)},
		{"pairAt", raw(pairs.at)},
		{"pairList", raw(pairs.list)},
		{"pairYear", raw(pairs.year)},
		{"pairYearAt", raw(pairs.yearAt)},
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

// row appends what a list says of a name.
func (b *builder) row(list []uint32, n uint32) []uint32 {
	words := b.named[b.nameAt[n]:b.nameAt[n+1]]
	return append(append(list, n, uint32(b.year[b.nameOf[n]])<<16|uint32(len(words))), words...)
}

// lists gives the names with each word that is not frequent.
func (b *builder) lists(rank []uint32) (list []uint32, listAt []uint64) {
	listAt = make([]uint64, len(b.words)+1)
	each := func(do func(word, name uint32)) {
		for n := range uint32(len(b.nameOf)) {
			words := b.named[b.nameAt[n]:b.nameAt[n+1]]
			for i, w := range words {
				if rank[w] == 0 && !slices.Contains(words[:i], w) {
					do(w, n)
				}
			}
		}
	}
	each(func(w, n uint32) { listAt[w+1] += 2 + b.nameAt[n+1] - b.nameAt[n] })
	for i := range b.words {
		listAt[i+1] += listAt[i]
	}
	list = make([]uint32, listAt[len(b.words)])
	next := slices.Clone(listAt[:len(b.words)])
	each(func(w, n uint32) { next[w] += uint64(len(b.row(list[next[w]:next[w]], n))) })
	return list, listAt
}

// near puts the words into buckets by their keys, each with its letters.
func (b *builder) near(order, letters []uint32) (near, nearAt []uint32) {
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
	near = make([]uint32, 2*len(keys))
	next := slices.Clone(nearAt[:buckets])
	begin := 0
	for i, end := range ends {
		for _, k := range keys[begin:end] {
			near[2*next[k]], near[2*next[k]+1] = uint32(i), letters[i]
			next[k]++
		}
		begin = end
	}
	return near, nearAt
}

// frequent gives the words of many names, the most frequent first, and the ranks of all words.
func (b *builder) frequent(count []uint32) ([]uint32, []uint32) {
	from := uint32(frequentFrom(len(b.nameOf)))
	var list []uint32
	for w, n := range count {
		if n >= from {
			list = append(list, uint32(w))
		}
	}
	slices.SortFunc(list, func(x, y uint32) int { return cmp.Or(cmp.Compare(count[y], count[x]), cmp.Compare(x, y)) })
	list = list[:min(len(list), 1<<16-1)]
	rank := make([]uint32, len(count))
	for i, w := range list {
		rank[w] = uint32(i) + 1
	}
	return list, rank
}

// pairs are the names by two of their frequent words, or by their only word.
type pairs struct {
	key, list        []uint32
	at, year, yearAt []uint64
}

func (b *builder) pairs(rank []uint32) (p pairs) {
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
	yearOf := func(x uint64) uint16 { return b.year[b.nameOf[uint32(x)]] }
	for len(all) > 0 {
		key := uint32(all[0] >> 32)
		end := slices.IndexFunc(all, func(x uint64) bool { return uint32(x>>32) != key })
		if end < 0 {
			end = len(all)
		}
		same := all[:end]
		if len(same) >= byYear {
			slices.SortFunc(same, func(x, y uint64) int { return cmp.Or(cmp.Compare(yearOf(x), yearOf(y)), cmp.Compare(x, y)) })
		}
		for i, x := range same {
			if len(same) >= byYear && (i == 0 || yearOf(x) != yearOf(same[i-1])) {
				p.year, p.yearAt = append(p.year, uint64(len(p.key))<<16|uint64(yearOf(x))), append(p.yearAt, uint64(len(p.list)))
			}
			if i == 0 {
				p.at = append(p.at, uint64(len(p.list)))
			}
			p.list = b.row(p.list, uint32(x))
		}
		p.key = append(p.key, key)
		all = all[end:]
	}
	p.at = append(p.at, uint64(len(p.list)))
	return p
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

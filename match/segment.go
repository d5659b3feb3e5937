package match

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"unsafe"

	"github.com/zeebo/xxh3"
	"golang.org/x/sys/unix"

	"tarir/flat"
	"tarir/name"
)

// A segment is a file that holds records and everything to find them by; it is written once and memory-mapped. All numbers are
// little-endian. After the magic and the length of the header comes the header as JSON, then the sections, each beginning at a
// multiple of eight:
//
//	words      the distinct words of all names, one after the other
//	wordAt     where each begins (uint32, one more than there are)
//	letters    its consonants (uint32)
//	count      how many times it stands in a name (uint32)
//	listAt     where its list of names begins (uint64, one more); that of a frequent word is empty
//	list       rows of names, in order (uint32)
//	near       numbers of words, each with its consonants, by bucket of their keys (uint32)
//	nearAt     how many stand before each bucket (uint32, one more)
//	nameOf     the record of each name (uint32)
//	pairs      pairs of frequent words, in order: rank of one << 16 | rank of the other (uint32)
//	pairAt     where the names with the pair begin (uint64, one more)
//	pairList   rows of names (uint32), in order; of a pair that many have, in order of their years of birth
//	pairYear   number of such a pair << 16 | year of birth, in order (uint64)
//	pairYearAt where its rows begin (uint64)
//	frequent   the word of each rank, from 1 on (uint32); rank 0 stands for "no other word"
//	year       the year of birth of each record, 0 if it is not known or there are several (uint16)
//	slots      a hash table of selectors and ids: hash (uint64)
//	slotOf     the record in each slot, plus one (uint32)
//	recordAt   where each record begins (uint64, one more)
//	records    the records
//
// A row of a name is its number, the year of birth of its record << 16 | the number of its words, and those. It is written as often as the
// name is in a list, so that looking through a list reads the file in order: reading the words of names that lie all over it took twice
// as long as everything else.
const segmentMagic = "TARIRIX2"

// header describes a segment.
type header struct {
	Records  int                `json:"records"`
	Names    int                `json:"names"`
	Words    int                `json:"words"`
	Keys     int                `json:"keys"` // name.KeysVersion
	Sections map[string]section `json:"sections"`
}

type section struct {
	At  int64  `json:"at"`
	Len int64  `json:"len"`
	Sum string `json:"xxh3"`
}

type segment struct {
	file     string
	mem      []byte
	h        header
	words    string
	wordAt   []uint32
	letters  []uint32
	count    []uint32
	listAt   []uint64
	list     []uint32
	near     []uint32
	nearAt   []uint32
	nameOf   []uint32
	pairs    []uint32
	pairAt   []uint64
	pairList []uint32
	pairYear []uint64
	yearAt   []uint64
	frequent []uint32
	rank     map[uint32]uint32 // frequent word → its rank
	initials [2]uint32         // where words that are initials begin and end
	answers  []atomic.Pointer[answer]
	year     []uint16
	slots    []uint64
	slotOf   []uint32
	recordAt []uint64
	records  string
}

var errSegment = errors.New("this is no part of an index of this version, or it is damaged: build the index anew")

// openSegment maps a segment. What its header says is checked; whether its content is what was written, verify says.
func openSegment(path string) (s *segment, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if st.Size() < 16 {
		return nil, fmt.Errorf("%s: %w", path, errSegment)
	}
	mem, err := unix.Mmap(int(f.Fd()), 0, int(st.Size()), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", path, err)
	}
	// Lists are read here and there: reading ahead would only fill memory.
	_ = unix.Madvise(mem, unix.MADV_RANDOM)
	s = &segment{file: filepath.Base(path), mem: mem}
	if err := s.layOut(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), unix.Munmap(mem))
	}
	// Whoever still reads a segment that was replaced keeps it alive.
	runtime.AddCleanup(s, func(m []byte) { _ = unix.Munmap(m) }, mem)
	return s, nil
}

// view gives a section as numbers.
func view[T uint16 | uint32 | uint64](s *segment, key string) []T {
	b := s.section(key)
	var x T
	size := int(unsafe.Sizeof(x))
	if len(b)%size != 0 || len(b) == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/size)
}

func (s *segment) section(key string) []byte {
	x := s.h.Sections[key]
	if x.At%8 != 0 || x.At < 0 || x.Len < 0 || x.At > int64(len(s.mem)) || x.Len > int64(len(s.mem))-x.At {
		return nil
	}
	return s.mem[x.At : x.At+x.Len]
}

func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

func (s *segment) layOut() error {
	if string(s.mem[:8]) != segmentMagic {
		return errSegment
	}
	n := uint64(0)
	for i := range 8 {
		n |= uint64(s.mem[8+i]) << (8 * i)
	}
	if n > uint64(len(s.mem)-16) || json.Unmarshal(s.mem[16:16+n], &s.h) != nil {
		return errSegment
	}
	s.words, s.records = text(s.section("words")), text(s.section("records"))
	s.wordAt, s.letters, s.listAt, s.list = view[uint32](s, "wordAt"), view[uint32](s, "letters"), view[uint64](s, "listAt"), view[uint32](s, "list")
	s.near, s.nearAt = view[uint32](s, "near"), view[uint32](s, "nearAt")
	s.nameOf, s.count, s.frequent = view[uint32](s, "nameOf"), view[uint32](s, "count"), view[uint32](s, "frequent")
	s.pairs, s.pairAt, s.pairList = view[uint32](s, "pairs"), view[uint64](s, "pairAt"), view[uint32](s, "pairList")
	s.pairYear, s.yearAt = view[uint64](s, "pairYear"), view[uint64](s, "pairYearAt")
	s.year, s.slots, s.slotOf, s.recordAt = view[uint16](s, "year"), view[uint64](s, "slots"), view[uint32](s, "slotOf"), view[uint64](s, "recordAt")
	h := &s.h
	ok := h.Records >= 0 && h.Names >= 0 && h.Words >= 0 && len(s.wordAt) == h.Words+1 && len(s.letters) == h.Words && len(s.listAt) == h.Words+1 && len(s.nameOf) == h.Names && len(s.count) == h.Words &&
		len(s.year) == h.Records && len(s.recordAt) == h.Records+1 && len(s.slots) == len(s.slotOf) && len(s.slots)&(len(s.slots)-1) == 0 && len(s.slots) > 0 && len(s.pairAt) == len(s.pairs)+1 &&
		len(s.nearAt) > 1 && (len(s.nearAt)-1)&(len(s.nearAt)-2) == 0 &&
		uint64(s.wordAt[h.Words]) == uint64(len(s.words)) && s.listAt[h.Words] == uint64(len(s.list)) && s.recordAt[h.Records] == uint64(len(s.records)) &&
		s.pairAt[len(s.pairs)] == uint64(len(s.pairList)) && 2*uint64(s.nearAt[len(s.nearAt)-1]) == uint64(len(s.near)) && len(s.yearAt) == len(s.pairYear)
	if !ok {
		return errSegment
	}
	s.answers = make([]atomic.Pointer[answer], min(1<<14, h.Words/8+1))
	s.initials[0], _ = s.find("i")
	s.initials[1], _ = s.find("j")
	s.rank = make(map[uint32]uint32, len(s.frequent))
	for i, w := range s.frequent {
		s.rank[w] = uint32(i) + 1
	}
	return nil
}

// verify compares the sums of all sections with what is there.
func (s *segment) verify() error {
	for k, x := range s.h.Sections {
		if sum := fmt.Sprintf("%016x", xxh3.Hash(s.section(k))); sum != x.Sum {
			return fmt.Errorf("%s, section %s: %w", s.file, k, errSegment)
		}
	}
	return nil
}

func (s *segment) word(id uint32) name.Word {
	return name.Word(s.words[s.wordAt[id]:s.wordAt[id+1]])
}

// find gives the number of a word. Words stand in their order.
func (s *segment) find(w name.Word) (uint32, bool) {
	lo, hi := 0, s.h.Words
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if s.word(uint32(mid)) < w {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return uint32(lo), lo < s.h.Words && s.word(uint32(lo)) == w
}

// rows are the names of a list, one after the other.
type rows []uint32

// each calls yield with the number, the year of birth and the words of at most so many names, and says how many there were more or less.
func (r rows) each(most int, yield func(name uint32, year uint16, words []uint32)) (n int) {
	for ; len(r) > 0 && n < most; n++ {
		end := 2 + r[1]&0xffff
		yield(r[0], uint16(r[1]>>16), r[2:end])
		r = r[end:]
	}
	return n
}

// names are those with a word that is not frequent, in order.
func (s *segment) names(word uint32) rows { return s.list[s.listAt[word]:s.listAt[word+1]] }

// paired are the names with the i-th pair; of about a year of birth, where there are so many that they stand in its order.
func (s *segment) paired(i int, year uint16) (all, about rows) {
	begin, end := s.pairAt[i], s.pairAt[i+1]
	at := func(year uint16) uint64 {
		k, _ := slices.BinarySearch(s.pairYear, uint64(i)<<16|uint64(year))
		if k < len(s.pairYear) && s.pairYear[k]>>16 == uint64(i) {
			return s.yearAt[k]
		}
		return end
	}
	if year != 0 && at(0) != end {
		about = s.pairList[at(year-1):at(year+2)]
	}
	return s.pairList[begin:end], about
}

// record reads a record; its texts lie in the file.
func (s *segment) record(i uint32) (r Record, err error) {
	err = flat.Decode(s.records[s.recordAt[i]:s.recordAt[i+1]], r.fields)
	return r, err
}

// known calls yield with the records that have a selector or id, until it says false.
func (s *segment) known(key string, yield func(uint32) bool) {
	h := hashOf(key)
	mask := uint64(len(s.slots) - 1)
	for i := h & mask; s.slotOf[i] != 0; i = (i + 1) & mask {
		if s.slots[i] == h && !yield(s.slotOf[i]-1) {
			return
		}
	}
}

func hashOf(key string) uint64 { return xxh3.HashString(key) }

package match

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"tarir/entity"
	"tarir/name"
)

// How much work a question may cause. Where a bound was reached, the answer says so.
const (
	closest  = 32     // words of the index that a word of the question is taken for
	scanned  = 15_000 // names looked at that have one of the rarer words
	paired   = 15_000 // names looked at that have two of the frequent words
	finalist = 48     // names that are scored
	compared = 2000   // words of the index that are compared with one of the question
)

// wanted is a question made ready: it is the same for all segments.
type wanted struct {
	ask   *Ask
	names []*name.Name
	looks []look
	year  uint16  // of birth; 0 if it is not known
	least float32 // the score from which records are told
}

// look is a reading of a name, which is looked for by its words.
type look struct {
	name    *name.Name
	words   []name.Word
	weights []float64
}

// candidate is a name of a segment that may be the one.
type candidate struct {
	name uint32
	est  float32
}

// search is the work on one segment.
type search struct {
	s     *segment
	q     *wanted
	best  []candidate     // the most promising, in no order
	least float32         // of best, once it is full
	seen  map[uint32]bool // by the reading that is looked for now
	cut   bool            // a bound was reached
}

// near is a word of the index that a word of the question may be, with how much they are alike.
type near struct {
	word  uint32
	alike float32
}

// candidates finds the names of a segment that are worth scoring.
func (s *segment) candidates(q *wanted) ([]candidate, bool) {
	x := &search{s: s, q: q, seen: map[uint32]bool{}}
	for i := range q.looks {
		clear(x.seen) // another reading may be likelier
		x.lookFor(&q.looks[i])
	}
	// What is far from what was asked need not be read.
	x.best = slices.DeleteFunc(x.best, func(c candidate) bool { return c.est < q.least-0.2 })
	slices.SortFunc(x.best, func(a, b candidate) int { return cmp.Or(cmp.Compare(b.est, a.est), cmp.Compare(a.name, b.name)) })
	if len(q.looks) > 1 {
		clear(x.seen)
		x.best = slices.DeleteFunc(x.best, func(c candidate) bool {
			again := x.seen[c.name]
			x.seen[c.name] = true
			return again
		})
	}
	return x.best, x.cut
}

// lookFor looks for one name of the question.
func (x *search) lookFor(l *look) {
	words, weights, n := l.words, l.weights, l.name
	if len(words) > 8 {
		words, weights = words[:8], weights[:8]
	}
	full := 0 // words that are not initials
	var letters []byte
	for _, w := range words {
		if w.Initial() {
			letters = append(letters, w.Text()[0])
			continue
		}
		full++
	}
	if full == 0 {
		return
	}
	later := x.s.leaveForLater(words, weights, n.Kind, full)
	sets := x.s.sets(words, later)
	if a := n.Acronym(); a != "" {
		sets = append(sets, asked{x.s.exactly(name.Word("l"+a), 0.8), 1<<len(words) - 1})
	}
	alike := map[uint32]meaning{} // word of the index → what it is in the question
	var rare []near
	var frequent []uint32
	gather := func(set asked) {
		for _, w := range set.list {
			old, had := alike[w.word]
			if !had || old.alike < w.alike {
				alike[w.word] = meaning{w.alike, set.bits | old.bits}
			} else {
				old.bits |= set.bits
				alike[w.word] = old
			}
			if had {
				continue
			}
			if r := x.s.rank[w.word]; r > 0 {
				frequent = append(frequent, r)
			} else {
				rare = append(rare, w)
			}
		}
	}
	for _, set := range sets {
		gather(set)
	}
	e := estimate{alike: alike, weights: weights, letters: letters, full: full, person: n.Kind == name.Person}
	if later >= 0 {
		names := 0
		for _, w := range rare {
			names += int(x.s.count[w.word])
		}
		if len(frequent) > 0 || names > few {
			gather(asked{x.s.like(words[later]), 1 << later})
		} else {
			e.later, e.laterBit, e.laterLetters, e.memo = name.Wanted(words[later]), 1<<later, words[later].Letters(), map[uint32]float32{}
		}
	}
	// The likest first, and of those the rarest: when the work is cut off, what is left was the least likely.
	slices.SortFunc(rare, func(a, b near) int {
		return cmp.Or(cmp.Compare(b.alike, a.alike), cmp.Compare(x.s.count[a.word], x.s.count[b.word]), cmp.Compare(a.word, b.word))
	})
	for w := range alike {
		e.some[w>>6&63] |= 1 << (w & 63)
	}
	for i, w := range words {
		if !w.Initial() {
			e.total += float32(weights[i])
		}
	}
	consider := func(n uint32, year uint16, words []uint32) { x.consider(n, year, words, &e) }
	work := 0
	for _, w := range rare {
		work += x.s.names(w.word).each(scanned-work, consider)
		if work == scanned {
			x.cut = true
			break
		}
	}
	slices.Sort(frequent)
	frequent = slices.Compact(frequent)
	work = 0
	for i, a := range frequent {
		if full == 1 || n.Kind != name.Person {
			work = x.pair(0, a, work, &e)
		}
		for _, b := range frequent[i+1:] {
			work = x.pair(a, b, work, &e)
		}
	}
}

// asked are words of the index that one or two words of the question may be.
type asked struct {
	list []near
	bits uint16 // which words of the question they are
}

// few is how many names are looked at one by one rather than looking for a further word of the question in the index.
const few = 4000

// leaveForLater chooses the word of a question that is looked for only in names that were found by another, as looking for it costs
// most; -1 if there is none. A person's name needs two words that agree, an organisation's one that few others have.
func (s *segment) leaveForLater(words []name.Word, weights []float64, k name.Kind, full int) int {
	out, most := -1, 0
	for i, w := range words {
		if full < 2 || w.Initial() || w[0] == '@' || k != name.Person && weights[i] >= 0.5 {
			continue
		}
		cost := 0
		mask := uint64(len(s.nearAt) - 2)
		w.Asked(func(key uint64, _ bool) { cost += int(s.nearAt[key&mask+1] - s.nearAt[key&mask]) })
		if id, ok := s.find(w); ok && s.rank[id] > 0 {
			cost += 1 << 30 // many names have it
		}
		if cost > most {
			out, most = i, cost
		}
	}
	return out
}

// sets gives the words of the index that the words of a question may be, without the one that is left for later. A word of the question
// may be two of the index's, and two one: those that are written together are looked up as further words.
func (s *segment) sets(words []name.Word, later int) []asked {
	var sets []asked
	for i, w := range words {
		if w.Initial() {
			continue
		}
		if i != later {
			sets = append(sets, asked{s.like(w), 1 << i})
		}
		if i+1 < len(words) && !words[i+1].Initial() && w[0] != '@' && words[i+1][0] != '@' {
			if t := w.Text() + words[i+1].Text(); len(t) <= 24 {
				sets = append(sets, asked{s.exactly(name.Word("l"+t), 0.95), 3 << i})
			}
		}
		if t := w.Text(); w[0] == 'l' && len(t) >= 6 {
			// Apart: both parts must be known words, so that few tries find anything.
			for k := 3; k <= len(t)-3; k++ {
				a, b := s.exactly(name.Word("l"+t[:k]), 0.5), s.exactly(name.Word("l"+t[k:]), 0.5)
				if len(a) > 0 && len(b) > 0 {
					sets = append(sets, asked{append(a, b...), 1 << i})
				}
			}
		}
	}
	return sets
}

// pair looks at the names with two frequent words.
func (x *search) pair(a, b uint32, work int, e *estimate) int {
	if a > 0 && x.q.sameWord(e, x.s.frequent[a-1], x.s.frequent[b-1]) {
		return work // both are the same word of the question
	}
	i, ok := slices.BinarySearch(x.s.pairs, a<<16|b)
	if !ok {
		return work
	}
	all, about := x.s.paired(i, x.q.year)
	consider := func(n uint32, year uint16, words []uint32) { x.consider(n, year, words, e) }
	about.each(math.MaxInt, consider)
	work += all.each(paired-work, consider)
	x.cut = x.cut || work == paired
	return work
}

func (q *wanted) sameWord(e *estimate, a, b uint32) bool {
	x, y := e.alike[a].bits, e.alike[b].bits
	return x == y && x&(x-1) == 0
}

// meaning is what a word of the index is in the question.
type meaning struct {
	alike float32
	bits  uint16
}

// estimate is how promising a name is, from its words alone.
type estimate struct {
	alike   map[uint32]meaning
	some    [64]uint64 // bits of the last twelve bits of the words in alike: most words are none of them
	weights []float64
	total   float32
	letters []byte
	full    int
	person  bool
	// What was left for later, and how much the words that were met are alike to it.
	later        *name.Like
	laterBit     uint16 // 0: nothing was
	laterLetters uint32
	memo         map[uint32]float32
}

// of says what a word of the index is in the question.
func (e *estimate) of(s *segment, w uint32) (meaning, bool) {
	if e.some[w>>6&63]&(1<<(w&63)) != 0 {
		if a, ok := e.alike[w]; ok {
			return a, true
		}
	}
	if e.laterBit == 0 || !name.MayBeAlike(e.laterLetters, s.letters[w]) {
		return meaning{}, false
	}
	v, ok := e.memo[w]
	if !ok {
		v = float32(e.later.Alike(s.word(w), false))
		e.memo[w] = v
	}
	return meaning{v, e.laterBit}, v > 0
}

// consider estimates a name, and keeps it if it is among the most promising.
func (x *search) consider(n uint32, year uint16, words []uint32, e *estimate) {
	var got float32
	var met uint16
	hits := 0
	for _, w := range words {
		if a, ok := e.of(x.s, w); ok && a.bits&^met != 0 {
			for i := range e.weights {
				if a.bits&^met&(1<<i) != 0 {
					got += float32(e.weights[i]) * a.alike
				}
			}
			if a.alike >= 0.6 {
				hits++
			}
			met |= a.bits
		}
	}
	est := got / max(e.total, 0.1)
	// A person needs two words that agree, where both names have two.
	if e.person && hits < 2 && e.full > 1 && met&(met-1) == 0 && len(words) > 1 && !x.initialOf(words, e) {
		return
	}
	if e.person && e.full == 1 && len(words) > 1 && len(e.letters) == 0 && hits < 2 {
		// One word of the question against several: it is told only where nothing else is asked.
		est *= 0.5
	}
	est -= 0.03 * float32(max(len(words)-max(hits, 1), 0))
	if year != 0 && x.q.year != 0 {
		switch d := int(year) - int(x.q.year); {
		case d == 0:
			est += 0.15
		case d > 1 || d < -1:
			est -= 0.2
		}
	}
	if len(x.best) == finalist && est <= x.least || x.seen[n] {
		return
	}
	x.seen[n] = true
	if len(x.best) < finalist {
		x.best = append(x.best, candidate{n, est})
	} else {
		worst := 0
		for i := range x.best {
			if x.best[i].est < x.best[worst].est {
				worst = i
			}
		}
		x.best[worst] = candidate{n, est}
	}
	if len(x.best) == finalist {
		x.least = x.best[0].est
		for i := range x.best {
			x.least = min(x.least, x.best[i].est)
		}
	}
}

// initialOf says that a name or the question has an initial, which may stand for a word that did not agree.
func (x *search) initialOf(words []uint32, e *estimate) bool {
	for _, w := range words {
		if w >= x.s.initials[0] && w < x.s.initials[1] || len(e.letters) > 0 && slices.Contains(e.letters, x.s.word(w)[1]) {
			return true
		}
	}
	return false
}

// exactly is a word of the index that is the same.
func (s *segment) exactly(w name.Word, alike float32) []near {
	if id, ok := s.find(w); ok {
		return []near{{id, alike}}
	}
	return nil
}

// like gives the words of the index that a word may be. First names come again and again: the last answers are kept.
func (s *segment) like(w name.Word) []near {
	slot := &s.answers[hashOf(string(w))%uint64(len(s.answers))]
	if a := slot.Load(); a != nil && a.word == w {
		return a.list
	}
	list := s.compare(w)
	slot.Store(&answer{w, list})
	return list
}

// answer is what like said of a word.
type answer struct {
	word name.Word
	list []near
}

func (s *segment) compare(w name.Word) []near {
	out := s.exactly(w, 1)
	if w[0] == '@' {
		return out
	}
	met := map[uint32]bool{} // words have several keys; by sounds, which come first, more are alike
	for _, n := range out {
		met[n.word] = true
	}
	for _, o := range w.Others() {
		if id, ok := s.find(o); ok && !met[id] {
			met[id] = true
			out = append(out, near{id, 0.85})
		}
	}
	mask := uint64(len(s.nearAt) - 2)
	letters := w.Letters()
	sure, work := len(out), 0
	like := name.Wanted(w)
	var ids []uint32
	var words []name.Word
	w.Asked(func(k uint64, sounds bool) {
		b := k & mask
		bucket := s.near[2*int(s.nearAt[b]) : 2*int(s.nearAt[b+1])]
		ids, words = ids[:0], words[:0]
		for i := 0; i < len(bucket) && work < compared; i += 2 {
			if id := bucket[i]; name.MayBeAlike(letters, bucket[i+1]) && !met[id] {
				met[id] = true
				ids = append(ids, id)
				work++
			}
		}
		// All texts are touched before the first is compared: memory that many wait for is waited for once.
		for _, id := range ids {
			words = append(words, s.word(id))
		}
		touched := byte(0)
		for _, o := range words {
			touched |= o[0]
		}
		if touched == 0 {
			return // there are none
		}
		for i, o := range words {
			if v := like.Alike(o, sounds); v > 0 {
				out = append(out, near{ids[i], float32(v)})
			}
		}
	})
	rest := out[sure:]
	slices.SortFunc(rest, func(a, b near) int { return cmp.Or(cmp.Compare(b.alike, a.alike), cmp.Compare(a.word, b.word)) })
	return out[:min(len(out), sure+closest)]
}

// want makes a question ready.
func want(a *Ask) *wanted {
	q := &wanted{ask: a}
	k := name.KindOf(a.Schema)
	kinds := []name.Kind{k}
	if a.Schema == "" || a.Schema == "Thing" || a.Schema == "LegalEntity" {
		kinds = []name.Kind{name.Person, name.Organisation}
	}
	for _, n := range a.Names {
		for _, k := range kinds {
			p := name.Parse(n, k)
			q.names = append(q.names, p)
			for _, r := range p.Spellings() {
				l := look{r, r.Words(), nil}
				for i := range l.words {
					l.weights = append(l.weights, r.Weight(i))
				}
				q.looks = append(q.looks, l)
			}
		}
	}
	if len(a.Births) == 1 {
		q.year = uint16(a.Births[0].Year)
	}
	return q
}

// fits says that a record of a schema may be what is asked for: a person is a legal entity, and so on, both ways.
func fits(asked, schema string) bool {
	return asked == "" || entity.Is(schema, asked) || entity.Is(asked, schema)
}

// kindOf is the kind of selector that a key begins with.
func kindOf(key string) entity.Kind {
	k, _, _ := strings.Cut(key, ":")
	return entity.Kind(k)
}

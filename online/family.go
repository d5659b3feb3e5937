package online

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/hex"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"unicode"

	"github.com/zeebo/xxh3"
	"golang.org/x/sync/errgroup"

	"tarir/garbage"
)

// Family is a set of adverts made from one template.
type Family struct {
	ID      string // of what its head says: the same texts give the same id
	Head    int    // place of an advert with the head's text
	Members []int  // places of its adverts, ascending
	Texts   int    // different texts among them

	constant []bool // of the head's words
	slot     []bool // behind which of them something differs; before the first where slot[0]
}

// rounds bounds the templates that are looked for in one group of texts.
const rounds = 50

// Families finds the families of two and more adverts, those with the most adverts first. Whatever the order of the
// adverts, the families are the same. What memo knows of an earlier call is not computed again, and what is found is added to
// it; nil: nothing is known. With it or without, the families are the same.
//
// Method: texts with alike sketches form groups; in each group texts are aligned with a head and joined to it where that
// is the shorter description (see template). Cost: n log n in adverts; texts within a group at most 50 times the group.
// About 400 bytes an advert.
func Families(ctx context.Context, adverts []*Advert, memo *Memo) ([]Family, error) {
	if memo == nil {
		memo = &Memo{off: true}
	}
	memo.begin()
	if len(adverts) >= sparedFrom {
		defer garbage.Percent(sparePercent)()
	}
	texts, err := read(ctx, adverts)
	if err != nil {
		return nil, err
	}
	groups, err := group(ctx, texts, memo)
	if err != nil {
		return nil, err
	}
	found := make([][]Family, len(groups))
	order := make([]int, len(groups)) // largest first, so that no processor is left with one at the end
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(len(groups[b])-len(groups[a]), a-b) })
	var next atomic.Int64
	eg, ctx := errgroup.WithContext(ctx)
	for range runtime.GOMAXPROCS(0) {
		eg.Go(func() error {
			al := &aligner{}
			for k := int(next.Add(1)) - 1; k < len(order); k = int(next.Add(1)) - 1 {
				if err := ctx.Err(); err != nil {
					return err
				}
				found[order[k]] = memo.split(al, texts, groups[order[k]])
			}
			return nil
		})
	}
	if err := eg.Wait(); err != nil {
		return nil, err
	}
	out := slices.Concat(found...)
	slices.SortFunc(out, func(a, b Family) int { return cmp.Or(len(b.Members)-len(a.Members), cmp.Compare(a.ID, b.ID)) })
	return out, nil
}

// text is a text without what adverts that say the same differ in.
type text struct {
	hash    uint64
	words   []uint32 // their hashes
	adverts []int
}

// body is what of an advert is compared.
func body(a *Advert) string {
	if a.Title == "" {
		return a.Text
	}
	return a.Title + "\n" + a.Text
}

// read cuts the adverts into words and puts those that say the same together, in order of what they say.
func read(ctx context.Context, adverts []*Advert) ([]text, error) {
	type one struct {
		hash  uint64
		words []uint32
	}
	list := make([]one, len(adverts))
	workers := runtime.GOMAXPROCS(0)
	eg, gctx := errgroup.WithContext(ctx)
	for w := range workers {
		eg.Go(func() error {
			var buf []word
			var b []byte
			for i := w * len(adverts) / workers; i < (w+1)*len(adverts)/workers; i++ {
				if i&1023 == 0 && gctx.Err() != nil {
					return gctx.Err()
				}
				var words []uint32
				if s := adverts[i].Shows; s != nil {
					words = s.Words
				} else {
					buf = wordsOf(body(adverts[i]), buf[:0])
					words = hashesOf(buf)
				}
				b = b[:0]
				for _, x := range words {
					b = binary.LittleEndian.AppendUint32(b, x)
				}
				list[i] = one{xxh3.Hash(b), words}
			}
			return nil
		})
	}
	if err := eg.Wait(); err != nil {
		return nil, err
	}
	order := make([]int, 0, len(list))
	for i := range list {
		if len(list[i].words) > 0 {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(cmp.Compare(list[a].hash, list[b].hash), a-b) })
	var texts []text
	for _, i := range order {
		if n := len(texts); n == 0 || texts[n-1].hash != list[i].hash {
			texts = append(texts, text{hash: list[i].hash, words: list[i].words})
		}
		t := &texts[len(texts)-1]
		t.adverts = append(t.adverts, i)
	}
	return texts, nil
}

// group joins texts whose sketches are alike and of which one tells most of the other; a group is in order.
func group(ctx context.Context, texts []text, memo *Memo) ([][]int32, error) {
	sketches := make([]sketch, len(texts))
	workers := runtime.GOMAXPROCS(0)
	eg, gctx := errgroup.WithContext(ctx)
	for w := range workers {
		eg.Go(func() error {
			for i := w * len(texts) / workers; i < (w+1)*len(texts)/workers; i++ {
				sketches[i] = sketchOf(texts[i].words)
			}
			return gctx.Err()
		})
	}
	if err := eg.Wait(); err != nil {
		return nil, err
	}
	same := newForest(len(texts))
	var todo [][2]int32
	err := alikePairs(ctx, sketches, func(pairs [][2]int32) error {
		// Texts that are joined already are not compared again: it would change nothing.
		todo = todo[:0]
		for _, p := range pairs {
			if same.find(p[0]) != same.find(p[1]) {
				todo = append(todo, p)
			}
		}
		akin := make([]bool, len(todo))
		eg, ctx := errgroup.WithContext(ctx)
		for w := range workers {
			eg.Go(func() error {
				al := &aligner{}
				for i := w; i < len(todo); i += workers {
					if i&1023 == 0 && ctx.Err() != nil {
						return ctx.Err()
					}
					a, b := &texts[todo[i][0]], &texts[todo[i][1]]
					known, told := memo.akin[[2]uint64{a.hash, b.hash}]
					if !told {
						known = al.align(a.words, b.words).cost < costAlone(len(b.words))
					}
					akin[i] = known
				}
				return nil
			})
		}
		if err := eg.Wait(); err != nil {
			return err
		}
		for i, p := range todo {
			if !memo.off {
				memo.akin[[2]uint64{texts[p[0]].hash, texts[p[1]].hash}] = akin[i]
			}
			if akin[i] {
				same.join(p[0], p[1])
			}
		}
		return nil
	})
	at := make([]int32, len(texts))
	var groups [][]int32
	for i := range texts {
		r := same.find(int32(i))
		if r == int32(i) {
			at[i] = int32(len(groups))
			groups = append(groups, nil)
		}
		groups[at[r]] = append(groups[at[r]], int32(i))
	}
	return groups, err
}

// form finds the families of one group of texts.
func (m *Memo) form(al *aligner, texts []text, group []int32) formed {
	var out formed
	rest := group
	for round := 0; len(rest) > 0 && round < rounds; round++ {
		head := texts[rest[0]].words
		f := shape{head: texts[rest[0]].hash, foreign: true}
		alone, joined, left := 0, []int32{}, []int32{}
		var list []alignment
		for _, i := range rest {
			w := texts[i].words
			along, foreign := m.aligned(f.head, texts[i].hash)
			if foreign {
				left = append(left, i)
				continue
			}
			a, c := alignment{at: along, words: len(w)}, costAlone(len(w))
			if len(along) != len(head) {
				if a = al.align(head, w); a.cost >= c && i != rest[0] {
					left = append(left, i)
					continue
				}
			}
			joined, list = append(joined, i), append(list, a)
			alone += c
		}
		if len(joined) > 1 {
			t := fit(head, list)
			if t.cost >= alone {
				// What they share is too little: the head stands alone, the others are looked at again.
				joined, left, f.foreign = joined[:1], slices.DeleteFunc(slices.Clone(rest), func(i int32) bool { return i == rest[0] }), false
			} else {
				f.constant, f.slot = t.constant, t.slot
			}
		}
		for k, i := range joined {
			f.texts, f.along = append(f.texts, texts[i].hash), append(f.along, list[k].at)
		}
		out.shapes = append(out.shapes, f)
		rest = left
	}
	for _, i := range rest {
		out.rest = append(out.rest, texts[i].hash)
	}
	return out
}

func familyID(hash uint64) string {
	return "family-" + hex.EncodeToString(binary.BigEndian.AppendUint64(nil, hash))[:12]
}

// Slot stands in a template for what differs from advert to advert, and for numbers.
const Slot = "▢"

// Template is what the adverts of a family share, as the head writes it, a slot where they differ. Titles are left out:
// they are mostly names. Where the wording may point to a minor there is no template: such text is not shown to anybody
// but those who safeguard.
func (f *Family) Template(adverts []*Advert) string {
	head := adverts[f.Head]
	if slices.ContainsFunc(Wordings(head), func(t Told) bool { return t.Wording == Young }) {
		return ""
	}
	text := body(head)
	from := uint32(len(text) - len(head.Text))
	var b strings.Builder
	last, open := from, false
	for k, w := range wordsOf(text, nil) {
		if w.start < from {
			continue
		}
		between := text[last:w.start]
		constant := f.constant == nil || k < len(f.constant) && f.constant[k]
		slot := f.slot != nil && k < len(f.slot) && f.slot[k] // before this word
		if !constant || slot || strings.ContainsFunc(between, unicode.IsDigit) {
			if !open {
				b.WriteString(" " + Slot)
				open = true
			}
			last = w.end
			if !constant {
				continue
			}
			b.WriteString(" ")
		} else if b.Len() > 0 {
			if i := strings.IndexAny(between, ".,!?;:"); i >= 0 && !open {
				b.WriteByte(between[i])
			}
			b.WriteString(" ")
		}
		b.WriteString(text[w.start:w.end])
		last, open = w.end, false
	}
	if strings.ContainsFunc(text[last:], unicode.IsDigit) && !open {
		b.WriteString(" " + Slot)
	}
	return strings.TrimSpace(b.String())
}

// While families of very many adverts are found, garbage is collected when there is a quarter as much as what is in use, instead
// of as much: a third less memory for no time that can be measured, since nearly all that is allocated stays
// (docs/performance.md).
const (
	sparedFrom   = 200_000
	sparePercent = 25
)

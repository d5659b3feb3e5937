package online

import (
	"context"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"tarir/entity"
)

// Shown is what an advert shows by itself, whatever else there is: it is read once, when the advert comes in, and may be kept
// beside it.
type Shown struct {
	Contacts []entity.Selector // in order; images are not among them
	Words    []uint32          // hashes of its words, without digits, title first
	Trades   []string
	Wordings []Told
	Person   string // whom the title names; empty: nobody
	Age      string // in years; empty: not told
}

// ShownVersion changes whenever the same advert would show something else: what was kept under another is read again.
const ShownVersion = 1

// Show reads what adverts show that do not know it yet, with all processors.
//
// Cost: about 50 µs an advert and processor.
func Show(ctx context.Context, adverts []*Advert) error {
	workers := runtime.GOMAXPROCS(0)
	eg, ctx := errgroup.WithContext(ctx)
	for w := range workers {
		eg.Go(func() error {
			f := &entity.Finder{}
			for i := w * len(adverts) / workers; i < (w+1)*len(adverts)/workers; i++ {
				if i&255 == 0 && ctx.Err() != nil {
					return ctx.Err()
				}
				if adverts[i].Shows == nil {
					adverts[i].Shows = show(f, adverts[i])
				}
			}
			return nil
		})
	}
	return eg.Wait()
}

func show(f *entity.Finder, a *Advert) *Shown {
	words := wordsOf(body(a), nil)
	s := &Shown{Contacts: contactsOf(f, a), Wordings: shippedLexicon().find(words), Trades: tradesIn(shippedTrades().find(words)), Person: personIn(a.Title), Age: ageIn(a.Text)}
	s.Words = hashesOf(words)
	return s
}

func hashesOf(words []word) []uint32 {
	out := make([]uint32, len(words))
	for k, w := range words {
		out[k] = w.hash
	}
	return out
}

// contactsOf finds the selectors of an advert: those that it lists and those in its text, in the regions of its country.
func contactsOf(f *entity.Finder, a *Advert) []entity.Selector {
	f.Regions = regions(a.Country)
	var list []entity.Selector
	add := func(s entity.Selector, ok bool) {
		if ok && !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	for _, p := range a.Phones {
		for _, x := range f.Phones(p) {
			add(x.Selector, true)
		}
	}
	for _, e := range a.Emails {
		add(entity.ParseEmail(e))
	}
	for _, u := range a.URLs {
		add(entity.ParseProfile(u))
	}
	for _, x := range f.Find(body(a)) {
		add(x.Selector, true)
	}
	slices.SortFunc(list, entity.Selector.Compare)
	return list
}

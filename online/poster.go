package online

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"tarir/entity"
)

// Poster is whoever is behind a contact: the adverts that name one phone, e-mail address, handle or wallet, with what they
// show together.
type Poster struct {
	Contact  entity.Selector
	Adverts  []int    // places, ascending
	Names    []string // persons named in titles, each once, in order
	Places   []string // towns, each once, in order of time
	Families []int    // places in the list of families
	Wordings []Told   // each once
	Young    int      // adverts whose wording may point to a minor
	First    int64
	Last     int64
	// Wide says that so many unrelated adverts name the contact that it is a site's, a directory's or a spammer's: it ties
	// nobody to anybody.
	Wide bool
}

const (
	// A contact in more than this many adverts of more than this many families is wide (edge filtering: Freeman et al.
	// 2025; the numbers are our default).
	wideAdverts  = 50
	wideFamilies = 10
)

// Contacts lists the selectors that each advert shows, and the images, those of one picture under one hash. What memo knows of
// the images of an earlier call is not compared again, and what is found is added to it; nil: nothing is known.
func Contacts(ctx context.Context, adverts []*Advert, memo *Memo) ([][]entity.Selector, error) {
	if err := Show(ctx, adverts); err != nil {
		return nil, err
	}
	out := make([][]entity.Selector, len(adverts))
	for i, a := range adverts {
		out[i] = slices.Clip(a.Shows.Contacts) // what is appended is not the advert's
	}
	if memo == nil {
		memo = &Memo{off: true}
	}
	withImages(adverts, out, memo)
	return out, nil
}

func regions(country string) []string {
	if country == "" {
		return nil
	}
	return []string{country}
}

// Posters groups adverts, which know what they show, by contact, those with the most adverts first.
func Posters(adverts []*Advert, contacts [][]entity.Selector, families []Family) []Poster {
	family := make([]int, len(adverts)) // of each advert, from 1 on
	for k, f := range families {
		for _, m := range f.Members {
			family[m] = k + 1
		}
	}
	// Contacts are numbered, and the adverts of each stand together.
	numbers := map[entity.Selector]int32{}
	var which []entity.Selector
	var count []int
	var of []int32
	for _, list := range contacts {
		for _, s := range list {
			n, ok := numbers[s]
			if !ok {
				n = int32(len(which))
				numbers[s], which, count = n, append(which, s), append(count, 0)
			}
			count[n]++
			of = append(of, n)
		}
	}
	all, at := make([]int, len(of)), 0
	by := make([][]int, len(which))
	for n, c := range count {
		by[n] = all[at : at : at+c]
		at += c
	}
	at = 0
	for i, list := range contacts {
		for range list {
			by[of[at]] = append(by[of[at]], i)
			at++
		}
	}
	out := make([]Poster, 0, len(by))
	for n, list := range by {
		p := Poster{Contact: which[n], Adverts: list, First: adverts[list[0]].At, Last: adverts[list[0]].At}
		order := list
		byTime := func(a, b int) int { return cmp.Compare(adverts[a].At, adverts[b].At) }
		if !slices.IsSortedFunc(order, byTime) {
			order = slices.Clone(list)
			slices.SortStableFunc(order, byTime)
		}
		single := 0
		for _, i := range order {
			a := adverts[i]
			p.First, p.Last = min(p.First, a.At), max(p.Last, a.At)
			if k := family[i] - 1; k < 0 {
				single++
			} else if !slices.Contains(p.Families, k) {
				p.Families = append(p.Families, k)
			}
			if a.City != "" && !slices.Contains(p.Places, a.City) {
				p.Places = append(p.Places, a.City)
			}
			if n := a.Shows.Person; n != "" && !slices.Contains(p.Names, n) {
				p.Names = append(p.Names, n)
			}
		}
		if p.Wide = len(list) > wideAdverts && len(p.Families)+single > wideFamilies; !p.Wide {
			for _, i := range order {
				told := adverts[i].Shows.Wordings
				if slices.ContainsFunc(told, func(t Told) bool { return t.Wording == Young }) {
					p.Young++
				}
				for _, t := range told {
					if !slices.Contains(p.Wordings, t) {
						p.Wordings = append(p.Wordings, t)
					}
				}
			}
		}
		slices.Sort(p.Families)
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b Poster) int { return cmp.Or(len(b.Adverts)-len(a.Adverts), a.Contact.Compare(b.Contact)) })
	return out
}

// personIn takes a title of one or two words for a name.
func personIn(title string) string {
	f := strings.Fields(title)
	if len(f) == 0 || len(f) > 2 || len(title) > 40 || strings.ContainsAny(title, "0123456789/$€!") {
		return ""
	}
	return strings.ToLower(strings.Join(f, " "))
}

// Says counts the phrases of a kind.
func (p *Poster) Says(w Wording) int {
	n := 0
	for _, t := range p.Wordings {
		if t.Wording == w {
			n++
		}
	}
	return n
}

package entity

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// placeholder is the number of different things from which a strong selector is taken for a filler ("000000000", a
// company's own document number on all files): it then neither merges nor suggests.
const placeholder = 50

// Resolution says which entities are the same.
type Resolution struct {
	// Entities are all things and ties, those that are the same merged into one, in order of id.
	Entities []*Entity
	Merges   []Merge
	Refused  []Refusal
	// Suggested are pairs that share what a household or an office may share, or a name and a birth date: a person may
	// merge them.
	Suggested []Suggestion

	canonical map[string]string
	selectors map[string][]Selector
}

// Selectors are the selectors of one of Entities, those of all its parts, in order. For anything else see
// Entity.Selectors.
func (r *Resolution) Selectors(id string) []Selector { return r.selectors[id] }

// Merge says why an entity became part of another.
type Merge struct {
	Into     string   `json:"into"`
	ID       string   `json:"id"`
	Selector Selector `json:"selector"`
}

// Refusal is a merge that was not made although a strong selector asks for it.
type Refusal struct {
	A        string   `json:"a"`
	B        string   `json:"b"`
	Selector Selector `json:"selector"`
	Reason   string   `json:"reason"`
}

// Suggestion is a merge that was not made for want of a strong selector.
type Suggestion struct {
	A       string   `json:"a"`
	B       string   `json:"b"`
	Because []string `json:"because"`
}

// Canonical gives the id under which an entity is found in Entities.
func (r *Resolution) Canonical(id string) string {
	if c, ok := r.canonical[id]; ok {
		return c
	}
	return id
}

// Apart is a person's decision that two entities are not the same; it undoes and prevents their merge.
type Apart struct{ A, B string }

// cluster is a set of entities that are the same so far.
type cluster struct {
	members []int
	facts   []facts
}

// facts are what two entities must not contradict each other in.
type facts struct {
	births    []string
	documents map[string][]string // numbers by kind and country
}

// Resolve merges what is the same. Strong selectors are taken in order of kind and value, and entities in order of id, so
// the result depends on what was told and not on when; entities that share no strong selector never influence each other,
// so it can be taken up again with the entities that new ones touch. Regions are where phone numbers are dialled that name
// no country.
//
// Cost: n log n in entities and selectors.
func Resolve(list []*Entity, apart []Apart, regions ...string) *Resolution {
	return ResolveWith(nil, list, apart, regions...)
}

// ResolveWith is Resolve with what a phonebook remembers; the result is the same.
func ResolveWith(book *Phonebook, list []*Entity, apart []Apart, regions ...string) *Resolution {
	s := resolver{book: book, r: &Resolution{canonical: map[string]string{}, selectors: map[string][]Selector{}}}
	s.list = slices.Clone(list)
	slices.SortFunc(s.list, func(a, b *Entity) int { return cmp.Compare(a.ID, b.ID) })
	s.apart = map[Apart]bool{}
	for _, p := range apart {
		s.apart[p], s.apart[Apart{p.B, p.A}] = true, true
	}
	s.read(regions)
	for i := range s.selectors {
		if list := s.selectors[i].who; s.selectors[i].Kind.Strong() && len(list) > 1 {
			s.same(s.selectors[i].Selector, list)
		}
	}
	s.suggest()
	s.collect()
	return s.r
}

type resolver struct {
	book      *Phonebook
	r         *Resolution
	list      []*Entity
	apart     map[Apart]bool
	selectors []shared
	own       [][]Selector // of each entity
	clusters  []*cluster   // of each entity
	named     map[string][]int
}

type shared struct {
	Selector
	who []int
}

// read collects selectors and facts. The documents that a person holds are the person's too.
func (s *resolver) read(regions []string) {
	at := make(map[string]int, len(s.list))
	for i, e := range s.list {
		at[e.ID] = i
	}
	by := map[Selector][]int{}
	put := func(x Selector, i int) {
		if l := by[x]; len(l) == 0 || l[len(l)-1] != i {
			by[x] = append(l, i)
		}
	}
	s.own = selectorsOf(s.book, s.list, regions)
	s.clusters = make([]*cluster, len(s.list))
	for i, e := range s.list {
		s.clusters[i] = &cluster{[]int{i}, []facts{{births: e.Properties["birthDate"], documents: e.documents()}}}
	}
	for i, e := range s.list {
		if _, _, tie := e.Ends(); tie {
			continue
		}
		for _, x := range s.own[i] {
			put(x, i)
			if !Is(e.Schema, "Identification") || x.Kind != Document {
				continue
			}
			for _, id := range e.Properties["holder"] {
				if k, ok := at[id]; ok {
					put(x, k)
					d := s.clusters[k].facts[0].documents
					key := e.Schema + ":" + e.First("type") + ":" + Country(e.First("country"))
					d[key] = append(d[key], x.Value)
				}
			}
		}
		if Is(e.Schema, "LegalEntity") {
			if s.named == nil {
				s.named = map[string][]int{}
			}
			if b := e.First("birthDate"); len(b) == 10 {
				for _, n := range e.Names() {
					k := nameKey(n) + "|" + b
					s.named[k] = append(s.named[k], i)
				}
			}
		}
	}
	for x, who := range by {
		slices.Sort(who)
		s.selectors = append(s.selectors, shared{x, slices.Compact(who)})
	}
	slices.SortFunc(s.selectors, func(a, b shared) int { return a.Compare(b.Selector) })
}

// selectorsOf reads the selectors of each entity, with all processors: phone numbers cost most of all.
func selectorsOf(book *Phonebook, list []*Entity, regions []string) [][]Selector {
	out := make([][]Selector, len(list))
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wg.Go(func() {
			for i := w * len(list) / workers; i < (w+1)*len(list)/workers; i++ {
				if _, _, tie := list[i].Ends(); !tie {
					out[i] = list[i].selectors(book, regions)
				}
			}
		})
	}
	wg.Wait()
	return out
}

// nameKey is a name without case, accents and order of its words.
func nameKey(s string) string {
	words := strings.Fields(fold(s))
	slices.Sort(words)
	return strings.Join(words, " ")
}

// documents are the numbers that only one person can have, by kind and country.
func (e *Entity) documents() map[string][]string {
	out := map[string][]string{}
	if !Is(e.Schema, "LegalEntity") {
		return out
	}
	home := ""
	if c := e.Properties["nationality"]; len(c) == 1 {
		home = Country(c[0])
	}
	for _, k := range []string{"passportNumber", "idNumber", "taxNumber", "socialSecurityNumber"} {
		for _, v := range e.Properties[k] {
			key := k + ":" + home
			out[key] = append(out[key], plain(v))
		}
	}
	return out
}

// family says which entities may be one: persons and companies, accounts, vehicles, and so on.
func family(e *Entity) string {
	for _, f := range []string{"LegalEntity", "BankAccount", "CryptoWallet", "Vehicle", "UserAccount", "Identification"} {
		if Is(e.Schema, f) {
			return f
		}
	}
	return e.Schema
}

// same merges the clusters of those who share a strong selector, as far as they do not contradict each other.
func (s *resolver) same(x Selector, who []int) {
	if len(who) > placeholder {
		return
	}
	for k := 1; k < len(who); k++ {
		done := false
		var refusal *Refusal
		for j := 0; j < k && !done; j++ {
			a, b := s.clusters[who[j]], s.clusters[who[k]]
			if a == b {
				done = true
				break
			}
			if family(s.list[who[j]]) != family(s.list[who[k]]) {
				continue
			}
			if why := s.contradict(a, b); why != "" {
				if refusal == nil {
					refusal = &Refusal{s.list[who[j]].ID, s.list[who[k]].ID, x, why}
				}
				continue
			}
			s.join(a, b)
			s.r.Merges = append(s.r.Merges, Merge{s.list[who[j]].ID, s.list[who[k]].ID, x})
			done = true
		}
		if !done && refusal != nil {
			s.r.Refused = append(s.r.Refused, *refusal)
		}
	}
}

func (s *resolver) join(a, b *cluster) {
	if len(a.members) < len(b.members) {
		a, b = b, a
	}
	a.members, a.facts = append(a.members, b.members...), append(a.facts, b.facts...)
	for _, i := range b.members {
		s.clusters[i] = a
	}
}

// contradict says why two clusters cannot be one; nothing where they can.
func (s *resolver) contradict(a, b *cluster) string {
	for _, i := range a.members {
		for _, k := range b.members {
			if s.apart[Apart{s.list[i].ID, s.list[k].ID}] {
				return "a person decided that they are two"
			}
			if x, y := s.list[i].Schema, s.list[k].Schema; !Is(x, y) && !Is(y, x) {
				return fmt.Sprintf("one is a %s, the other a %s", x, y)
			}
		}
	}
	for _, f := range a.facts {
		for _, g := range b.facts {
			if len(f.births) > 0 && len(g.births) > 0 && !slices.ContainsFunc(f.births, func(x string) bool {
				return slices.ContainsFunc(g.births, func(y string) bool { return strings.HasPrefix(x, y) || strings.HasPrefix(y, x) })
			}) {
				return "their birth dates contradict each other"
			}
			for kind, x := range f.documents {
				if y := g.documents[kind]; len(x) > 0 && len(y) > 0 && !slices.ContainsFunc(x, func(v string) bool { return slices.Contains(y, v) }) {
					return "their document numbers contradict each other"
				}
			}
		}
	}
	return ""
}

// suggest lists pairs that share something weak.
func (s *resolver) suggest() {
	because := map[[2]int][]string{}
	pairs := func(who []int, why string) {
		if len(who) > placeholder {
			return
		}
		for k := range who {
			for j := range k {
				if s.clusters[who[j]] != s.clusters[who[k]] && family(s.list[who[j]]) == family(s.list[who[k]]) && s.contradict(s.clusters[who[j]], s.clusters[who[k]]) == "" {
					p := [2]int{who[j], who[k]}
					because[p] = append(because[p], why)
				}
			}
		}
	}
	for _, x := range s.selectors {
		if !x.Kind.Strong() {
			pairs(x.who, "same "+string(x.Kind))
		}
	}
	for _, who := range s.named {
		who = slices.Compact(slices.Sorted(slices.Values(who)))
		pairs(who, "same name and birth date")
	}
	for p, why := range because {
		slices.Sort(why)
		s.r.Suggested = append(s.r.Suggested, Suggestion{s.list[p[0]].ID, s.list[p[1]].ID, slices.Compact(why)})
	}
	slices.SortFunc(s.r.Suggested, func(a, b Suggestion) int { return cmp.Or(cmp.Compare(a.A, b.A), cmp.Compare(a.B, b.B)) })
}

// collect makes one entity of each cluster.
func (s *resolver) collect() {
	for i, e := range s.list {
		c := s.clusters[i]
		if len(c.members) == 1 {
			s.r.selectors[e.ID] = s.own[i]
			s.r.Entities = append(s.r.Entities, e)
			continue
		}
		if i != slices.Min(c.members) {
			continue
		}
		parts := make([]*Entity, len(c.members))
		var own []Selector
		for k, m := range c.members {
			parts[k] = s.list[m]
			own = append(own, s.own[m]...)
		}
		one := Union(parts...)
		slices.SortFunc(own, Selector.Compare)
		s.r.selectors[one.ID] = slices.Compact(own)
		for _, p := range parts {
			s.r.canonical[p.ID] = one.ID
		}
		s.r.Entities = append(s.r.Entities, one)
	}
}

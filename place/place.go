// Package place says where a code or a name lies: UN/LOCODE, IATA codes of airports, names of towns.
//
// What the data itself tells of a place (an Address entity with coordinates, or with a town and a country) comes first; then
// the gazetteer that is shipped with the build: airports of airport-data-js and towns of GeoNames with 2,000 inhabitants and
// more, both CC BY 4.0, bundled by make from place/gazetteer. A UN/LOCODE that is not told is looked up as its country and the
// IATA code of its last three letters, which is how most of those of towns with an airport are made.
//
// A place is known to about a kilometre at best. Reading the gazetteer takes about 50 ms, once, when the first place is asked
// for that the data does not tell.
package place

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"embed"
	"math"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"tarir/entity"
)

// Place is a spot on the map.
type Place struct {
	Name    string
	Country string // ISO 3166, two letters, upper case
	Lat     float64
	Lon     float64
}

// Apart is how far two places are from each other along the surface, in km, on a sphere (wrong by half a hundredth at most).
func Apart(a, b Place) float64 {
	const radius, rad = 6371, math.Pi / 180
	lat, lon := math.Sin((b.Lat-a.Lat)*rad/2), math.Sin((b.Lon-a.Lon)*rad/2)
	h := lat*lat + math.Cos(a.Lat*rad)*math.Cos(b.Lat*rad)*lon*lon
	return 2 * radius * math.Asin(math.Sqrt(min(h, 1)))
}

//go:embed all:gazetteer/dist
var shipped embed.FS

// Bundled says whether the program holds the gazetteer.
func Bundled() bool { return len(gazetteer().codes) > 0 }

type index struct {
	codes map[string]Place // by IATA code
	names map[string][]named
}

type named struct {
	Place
	population int
}

// gazetteer is read at first use and never changed.
var gazetteer = sync.OnceValue(func() index {
	x := index{map[string]Place{}, map[string][]named{}}
	b, err := shipped.ReadFile("gazetteer/dist/places.tsv.gz")
	if err != nil {
		return x // built without it
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		panic("place: the bundled gazetteer is broken: " + err.Error())
	}
	lines := bufio.NewScanner(z)
	for lines.Scan() {
		f := strings.Split(lines.Text(), "\t")
		if len(f) != 6 {
			continue
		}
		lat, err1 := strconv.ParseFloat(f[3], 64)
		lon, err2 := strconv.ParseFloat(f[4], 64)
		n, err3 := strconv.Atoi(f[5])
		if err1 != nil || err2 != nil || err3 != nil {
			continue
		}
		p := Place{f[1], f[2], lat, lon}
		if f[0] != "" {
			x.codes[f[0]] = p
			continue
		}
		k := fold(p.Name)
		x.names[k] = append(x.names[k], named{p, n})
	}
	if err := lines.Err(); err != nil {
		panic("place: the bundled gazetteer is broken: " + err.Error())
	}
	return x
})

// fold is a name without case, accents and punctuation.
func fold(s string) string {
	return strings.Join(strings.FieldsFunc(strings.Map(func(r rune) rune {
		if unicode.IsMark(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(s)), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ")
}

// Town finds a town by name, in a country where one is given; of several the largest.
func Town(name, country string) (Place, bool) {
	best := named{population: -1}
	for _, p := range gazetteer().names[fold(name)] {
		if (country == "" || strings.EqualFold(p.Country, country)) && p.population > best.population {
			best = p
		}
	}
	return best.Place, best.population >= 0
}

// Book knows the places that the data tells, and the gazetteer. The zero Book knows the gazetteer alone. Not for several
// goroutines at once.
type Book struct {
	told  map[string]Place
	asked map[string]*Place
}

// NewBook reads Address entities: one whose name is a code places that code.
func NewBook(each func(schema string, fn func(*entity.Entity))) *Book {
	b := &Book{told: map[string]Place{}}
	each("Address", func(e *entity.Entity) {
		city, country := e.First("city"), strings.ToUpper(e.First("country"))
		p := Place{Name: city, Country: country}
		lat, err1 := strconv.ParseFloat(e.First("latitude"), 64)
		lon, err2 := strconv.ParseFloat(e.First("longitude"), 64)
		switch {
		case err1 == nil && err2 == nil && lat >= -90 && lat <= 90 && lon >= -180 && lon <= 180:
			p.Lat, p.Lon = lat, lon
		case city != "":
			t, ok := Town(city, country)
			if !ok && len(e.Properties["name"]) > 0 {
				t, ok = byCode(e.First("name"))
			}
			if !ok {
				// The name is told all the same: it is better than a code.
				b.name(e, p)
				return
			}
			p.Lat, p.Lon = t.Lat, t.Lon
		default:
			return
		}
		for _, n := range e.Properties["name"] {
			b.told[strings.ToUpper(n)] = p
		}
	})
	return b
}

// unplaced marks a place of which only the name is told.
const unplaced = 1000

func (b *Book) name(e *entity.Entity, p Place) {
	p.Lat, p.Lon = unplaced, unplaced
	for _, n := range e.Properties["name"] {
		b.told[strings.ToUpper(n)] = p
	}
}

// Find places a UN/LOCODE, an IATA code, or a name with or without its country ("Lima", "Lima, PE").
func (b *Book) Find(s string) (Place, bool) {
	p := b.find(s)
	if p == nil || p.Lat == unplaced {
		return Place{}, false
	}
	return *p, true
}

// Name is what to call a place: its town where that is known, else the code or name itself.
func (b *Book) Name(s string) string {
	if p := b.find(s); p != nil && p.Name != "" {
		return p.Name
	}
	return s
}

func (b *Book) find(s string) *Place {
	s = strings.TrimSpace(s)
	if p, ok := b.told[strings.ToUpper(s)]; ok {
		return &p
	}
	if p, ok := b.asked[s]; ok {
		return p
	}
	if b.asked == nil {
		b.asked = map[string]*Place{}
	}
	var found *Place
	if p, ok := byCode(s); ok {
		found = &p
	} else if name, country, ok := strings.Cut(s, ","); ok {
		if p, ok := Town(name, strings.TrimSpace(country)); ok {
			found = &p
		}
	} else if p, ok := Town(s, ""); ok {
		found = &p
	}
	b.asked[s] = found
	return found
}

// byCode places a UN/LOCODE or an IATA code.
func byCode(s string) (Place, bool) {
	if s != strings.ToUpper(s) {
		return Place{}, false
	}
	g := gazetteer()
	switch s = strings.ReplaceAll(s, " ", ""); len(s) {
	case 3:
		p, ok := g.codes[s]
		return p, ok
	case 5:
		p, ok := g.codes[s[2:]]
		return p, ok && p.Country == s[:2]
	}
	return Place{}, false
}

// Apart gives what tells how far two places are from each other by their names, in km, as far as the book knows them. It may be asked by several goroutines, and remembers.
func (b *Book) Apart() func(one, other string) (km float64, known bool) {
	type answer struct {
		km    float64
		known bool
	}
	var mu sync.Mutex
	told := map[[2]string]answer{}
	return func(one, other string) (float64, bool) {
		mu.Lock()
		defer mu.Unlock()
		x, ok := told[[2]string{one, other}]
		if !ok {
			p, knownP := b.Find(one)
			q, knownQ := b.Find(other)
			if x.known = knownP && knownQ; x.known {
				x.km = Apart(p, q)
			}
			told[[2]string{one, other}] = x
		}
		return x.km, x.known
	}
}

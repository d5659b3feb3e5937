package online

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
)

// Advert is an advert or post as its source tells it. Images are known by perceptual hashes alone.
type Advert struct {
	ID       string
	At       int64 // when it was posted, milliseconds since 1970
	Offset   int   // of the source's clock from UTC, minutes
	DateOnly bool  // only the day is known
	Site     string
	Account  string // of the poster on the site
	Title    string
	Text     string
	City     string
	Country  string
	Phones   []string
	Emails   []string
	URLs     []string
	Images   []string // perceptual hashes, hexadecimal
	Price    string   // decimal; empty: not told
	Currency string
	Extra    map[string]json.RawMessage // what else the source said
	Source   string                     // FILE#LINE
	Shows    *Shown                     `json:"-"` // nil: not read yet; see Show
}

// Compare orders adverts by id, then by what they say, so that the order of reading does not show.
func (a *Advert) Compare(b *Advert) int {
	return cmp.Or(strings.Compare(a.ID, b.ID), cmp.Compare(a.At, b.At), strings.Compare(a.Title, b.Title), strings.Compare(a.Text, b.Text), strings.Compare(a.Source, b.Source))
}

// Sort puts adverts in their order and drops those told twice.
func Sort(list []*Advert) []*Advert {
	slices.SortFunc(list, (*Advert).Compare)
	return slices.CompactFunc(list, func(a, b *Advert) bool { return a.ID == b.ID && a.At == b.At && a.Title == b.Title && a.Text == b.Text })
}

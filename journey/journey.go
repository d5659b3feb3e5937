package journey

import (
	"cmp"
	"slices"
	"strings"
)

// Journey is one leg of one person: a booking, a crossing or a check.
type Journey struct {
	ID         string
	Person     string // id of an entity, or the source's own name for the traveller
	GivenName  string
	FamilyName string
	Birth      string // YYYY, YYYY-MM or YYYY-MM-DD
	Document   string // number
	DocCountry string
	From       string // UN/LOCODE, IATA or a place name
	To         string
	Departure  Time
	Arrival    Time // zero: not told
	Mode       Mode
	Carrier    string
	Booking    string
	Booked     Time   // zero: not told
	Payer      string // INSTITUTION/NUMBER
	Phone      string
	Email      string
	Extra      map[string]string // further columns
	Source     string            // FILE#LINE
}

// Time is an instant with the offset of the clock that told it. The zero Time is none.
type Time struct {
	At       int64 // milliseconds since 1970
	Offset   int   // minutes
	DateOnly bool
}

// Known says that there is a time.
func (t Time) Known() bool { return t != Time{} }

// Mode is how somebody travels.
type Mode string

// The modes of the journeys CSV; Other is what names none.
const (
	Air   Mode = "air"
	Sea   Mode = "sea"
	Rail  Mode = "rail"
	Bus   Mode = "bus"
	Car   Mode = "car"
	Foot  Mode = "foot"
	Other Mode = ""
)

// ParseMode knows the modes.
func ParseMode(s string) (Mode, bool) {
	switch m := Mode(strings.ToLower(strings.TrimSpace(s))); m {
	case Air, Sea, Rail, Bus, Car, Foot, Other:
		return m, true
	}
	return Other, false
}

const (
	day     = int64(86_400_000)
	longest = 90 * day // of one leg, by sea
	walkUp  = 2 * day  // a booking may be written down this long after the departure
)

// Check says why a journey cannot have been; nothing where it can.
func (j *Journey) Check() string {
	slack := int64(0)
	if j.Departure.DateOnly || j.Arrival.DateOnly {
		slack = day
	}
	switch {
	case j.Person == "" && j.Document == "" && (j.GivenName == "" || j.FamilyName == ""):
		return "names no traveller: person, document_number, or given_name and family_name"
	case j.From == "" && j.To == "":
		return "names neither from nor to"
	case !j.Departure.Known() && !j.Arrival.Known():
		return "has neither a departure nor an arrival"
	case j.Departure.Known() && j.Arrival.Known() && j.Arrival.At+slack < j.Departure.At:
		return "arrives before it departs"
	case j.Departure.Known() && j.Arrival.Known() && j.Arrival.At-j.Departure.At > longest:
		return "takes more than 90 days"
	case j.Booked.Known() && j.Departure.Known() && j.Booked.At > j.Departure.At+walkUp:
		return "was booked after it departed"
	}
	return ""
}

// When is the departure, or the arrival where only that is told.
func (j *Journey) When() int64 {
	if j.Departure.Known() {
		return j.Departure.At
	}
	return j.Arrival.At
}

// Compare orders journeys by time, then by what they say, so that the order of reading does not show.
func (j *Journey) Compare(o *Journey) int {
	return cmp.Or(cmp.Compare(j.When(), o.When()), strings.Compare(j.ID, o.ID), strings.Compare(j.Person, o.Person), strings.Compare(j.From, o.From), strings.Compare(j.To, o.To), strings.Compare(j.Source, o.Source))
}

// Sort puts journeys in their order and drops those told twice.
func Sort(list []*Journey) []*Journey {
	// Most are told apart by their times, which are compared where they stand and not where the journeys are.
	type timed struct {
		at int64
		j  *Journey
	}
	order := make([]timed, len(list))
	for i, j := range list {
		order[i] = timed{j.When(), j}
	}
	slices.SortFunc(order, func(a, b timed) int {
		if c := cmp.Compare(a.at, b.at); c != 0 {
			return c
		}
		return a.j.Compare(b.j)
	})
	for i := range order {
		list[i] = order[i].j
	}
	return slices.CompactFunc(list, func(a, b *Journey) bool {
		return a.ID == b.ID && a.When() == b.When() && a.Person == b.Person && a.From == b.From && a.To == b.To
	})
}

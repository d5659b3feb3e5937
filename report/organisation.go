package report

// Organisation is one network, told in full.
type Organisation struct {
	Rank, Members, Victims, Minors int
	ID                             string
	Score                          string
	Stages                         []Stage
	Reasons                        []Told
	Next                           []Step
	Chart                          *Chart
	Parts                          []Part
	Contacts                       []string
	Safeguard                      []Protected
	Received                       []string
	Held                           []string // sums at rest on members' accounts
	AtRest                         []Rest
	Left                           []Rest
	MoreLeft                       int
	Flow                           *Flow
	Lanes                          *Lanes
	Map                            *Map
	Routes                         []Route
	Rounds                         []Round
	Follow                         []Part   // leads
	Changes                        []string // against the run before
	Families                       []Family
	Adverts                        []Advert
	MoreAdverts                    int
	Journeys                       []Journey
	MoreJourneys                   int
}

// Stage is a link of the chain, or a role, by its code, with how sure it is.
type Stage struct{ Name, Score string }

// Told is a sentence with what it stands on.
type Told struct {
	Text              string
	Findings          []string // ids
	MoreFindings      int
	Adverts, Journeys int
	Payments          []Payment // the largest, where the money itself is the reason
}

// Step is what to do next: what kind of act, and on what.
type Step struct{ Act, Text string }

// Part is a member.
type Part struct {
	Name, ID, Confidence string
	Roles                []Stage
	Accounts             []string
	Because              []Told
}

// Protected is a possible victim under a pseudonym.
type Protected struct {
	Pseudonym string
	Minor     bool
	Because   []Told
}

// Chart is who belongs to an organisation, by stage, and what ties them.
type Chart struct {
	Nodes []ChartNode `json:"nodes"`
	Links []ChartLink `json:"links"`
}

// ChartNode is a member. Stage is recruitment, transport, exploitation, money or all.
type ChartNode struct {
	Label string `json:"label"`
	Role  string `json:"role"`
	Stage string `json:"stage"`
}

// ChartLink joins two members by index: money from one to the other, or another tie, which has no direction.
type ChartLink struct {
	Link
	Kind string `json:"kind"` // money or tie
}

// Lanes is how much of each kind happened in each week.
type Lanes struct {
	First int64  `json:"first"` // seconds since 1970: start of the first week
	Lanes []Lane `json:"lanes"`
}

// Lane is one kind, week by week.
type Lane struct {
	Label string    `json:"label"`
	Kind  string    `json:"kind"` // the stage whose colour it has
	Weeks []float64 `json:"weeks"`
	Texts []string  `json:"texts"`
}

// Route is a way with how many people took it.
type Route struct {
	From, To, Mode, First, Last string
	Journeys, People            int
}

// Round is a way that ends where it began and that somebody, a member or a pseudonym, travelled several times.
type Round struct {
	Who, Way, First, Last string
	Times                 int
}

// Family is adverts of one template.
type Family struct {
	ID, Template, First, Last string
	Adverts, Texts            int
	Places                    []string
	Language, Price, Circuit  string
	Young                     bool // the wording may point to a minor
}

// Advert is one advert; its title and text are left out, as they may name somebody.
type Advert struct{ ID, At, Site, City string }

// Journey is one journey of somebody, who is a member or has a pseudonym.
type Journey struct{ ID, At, Who, From, To, Mode, Booking string }

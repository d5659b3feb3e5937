package report

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"strings"

	"tarir/message"
)

// Page is what the report says. Sentences and names of closed lists are in its language already where a field says so.
type Page struct {
	Language  *message.Language // nil: English
	AllRoutes *Map              // the ways of all organisations
	Version   string
	Indices   string // checksum of the indicator pack
	Inputs    []Input
	Read      int64
	Accepted  int64
	Rejected  int64
	Payments  int64
	Accounts  int64
	First     string // date of the first and of the last payment
	Last      string

	Strong        int
	Weak          int
	ByTypology    []Count
	NotAssessable []string

	Traced   []string // sums that the trace started from
	AtRest   []Rest   // the largest
	MoreRest int      // places beyond those
	Ways     []Sum    // how it ended, all places together
	Flow     *Flow

	Organisations []Organisation

	Findings []Finding // told in full
	More     []Line    // the others, one line each
	Omitted  int       // beyond those
}

// Input is one file that was read.
type Input struct {
	Path, Format             string
	Read, Accepted, Rejected int64
	Note                     string
}

// Count is a number of findings of one typology.
type Count struct {
	Typology, Summary string
	Strong, Weak      int
}

// Sum is money with what it is.
type Sum struct{ What, Amount string }

// Rest is traced money at one place.
type Rest struct {
	Account string // empty where it left the data
	How     string
	Amount  string
	AsOf    string
	Through string // references of the payments of its largest part
}

// Finding is one finding, told in full.
type Finding struct {
	Rank       int
	ID         string
	Typology   string
	Summary    string
	Stage      string
	Score      string
	Weak       bool
	First      string
	Last       string
	Amount     string
	Others     []string // sums in further currencies
	Subject    string
	Accounts   int
	Adverts    int
	Journeys   int
	Indicators []Indicator
	Reasons    []string
	Truncated  bool
	Payments   []Payment // the first in time
	Further    int       // payments beyond those
	Drawing    *Drawing
	Timeline   []Event
	Flow       *Flow
	AtRest     []Rest
}

// Indicator is one that the finding meets.
type Indicator struct{ ID, Name, Source string }

// Payment is one line of a finding's table.
type Payment struct{ At, From, To, Amount, Channel, Reference string }

// Line is a finding in one line.
type Line struct {
	Rank                                     int
	ID, Typology, Score, First, Last, Amount string
	Subject                                  string
	Weak                                     bool
}

// Drawing is who paid whom: the accounts of a finding and the payments between each two of them together.
type Drawing struct {
	Nodes []Node `json:"nodes"`
	Links []Link `json:"links"`
}

// Node is an account of a drawing. Kind is subject, payer, payee, both or outside.
type Node struct {
	Label string `json:"label"`
	Kind  string `json:"kind"`
}

// Link is money from one node to another, by index. Value is the sum in the currency's main unit, for the width only:
// Text tells it exactly.
type Link struct {
	From  int     `json:"from"`
	To    int     `json:"to"`
	Value float64 `json:"value"`
	Text  string  `json:"text"`
}

// Event is one payment on the timeline: seconds since 1970 UTC; direction in, out or other as the subject sees it.
type Event struct {
	At        int64   `json:"at"`
	Direction string  `json:"dir"`
	Value     float64 `json:"value"`
	Text      string  `json:"text"`
}

// Flow is where money went from layer to layer.
type Flow struct {
	Nodes []FlowNode `json:"nodes"`
	Links []Link     `json:"links"`
	Notes []string   `json:"-"` // what is not drawn
}

// FlowNode is a place of a flow. Kind is source, account, rest (money is still there), left (it left the data) or others.
type FlowNode struct {
	Label string `json:"label"`
	Layer int    `json:"layer"`
	Kind  string `json:"kind"`
	Text  string `json:"text"`
}

//go:embed page/report.html page/organisation.html page/report.css
var page embed.FS

//go:embed all:page/dist
var bundle embed.FS

// Bundled says whether the program holds the script that makes the drawings.
func Bundled() bool {
	_, err := fs.Stat(bundle, "page/dist/report.js")
	return err == nil
}

// Write writes the page.
func Write(w io.Writer, p *Page) error {
	css, err := page.ReadFile("page/report.css")
	if err != nil {
		return fmt.Errorf("read style of the report: %w", err)
	}
	var script template.JS
	if Bundled() {
		b, err := bundle.ReadFile("page/dist/report.js")
		if err != nil {
			return fmt.Errorf("read script of the report: %w", err)
		}
		script = template.JS(b)
	}
	l := p.Language
	if l == nil {
		if l, err = message.For("en"); err != nil {
			return err
		}
	}
	dir := "ltr"
	if l.Right {
		dir = "rtl"
	}
	var world template.JS
	if b, err := bundle.ReadFile("page/dist/world.json"); err == nil && p.AllRoutes != nil {
		world = template.JS(b)
	}
	t, err := template.New("report.html").Funcs(template.FuncMap{
		"data":  data,
		"count": count,
		"t":     func(key string, params ...any) string { return l.Text("page."+key, params...) },
		"name":  l.Name,
		"join":  func(list []string) string { return strings.Join(list, l.Text("page.comma")) },
	}).ParseFS(page, "page/report.html", "page/organisation.html")
	if err != nil {
		return fmt.Errorf("read template of the report: %w", err)
	}
	err = t.Execute(w, struct {
		*Page
		Lang, Dir string
		Style     template.CSS
		Script    template.JS
		World     template.JS
		Words     map[string]string // for the script
	}{p, l.Code, dir, template.CSS(css), script, world, map[string]string{
		"failed": l.Text("page.figure_failed"), "all": l.Text("page.all_stages"), "recruitment": l.Name("stage", "recruitment"), "transport": l.Name("stage", "transport"),
		"exploitation": l.Name("stage", "exploitation"), "money": l.Name("stage", "money"),
	}})
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// data writes a value for the script; json.Marshal escapes <, > and &, so it cannot end the element that holds it.
func data(v any) (template.JS, error) {
	b, err := json.Marshal(v)
	return template.JS(b), err
}

// count writes a whole number with thin spaces between thousands.
func count(n any) string { return group(fmt.Sprint(n)) }

// Amount writes a decimal with its currency and with thin spaces between thousands.
func Amount(decimal, currency string) string {
	whole, fraction, found := strings.Cut(decimal, ".")
	if found {
		fraction = "." + fraction
	}
	return group(whole) + fraction + "\u00a0" + currency
}

func group(s string) string {
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}

// Map is ways between places.
type Map struct {
	Places []MapPlace `json:"places"`
	Ways   []MapWay   `json:"ways"`
}

// MapPlace is a place by longitude and latitude.
type MapPlace struct {
	Name string     `json:"name"`
	At   [2]float64 `json:"at"`
}

// MapWay joins two places by index; Text tells who went how often.
type MapWay struct {
	From   int    `json:"from"`
	To     int    `json:"to"`
	People int    `json:"people"`
	Mode   string `json:"mode"`
	Text   string `json:"text"`
}

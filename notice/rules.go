package notice

import (
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/BurntSushi/toml"
	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"
)

//go:embed rules.toml
var builtin []byte

// Severity is what happens when a rule does not hold.
type Severity string

// The severities.
const (
	Block Severity = "block" // the request cannot be sent
	Warn  Severity = "warn"  // a reason is asked for and stored
	Ask   Severity = "ask"   // the reviewer is asked to look
)

// Rule is a rule of a pack.
type Rule struct {
	ID       string
	Colours  []Colour // none: all
	Severity Severity
	Must     string // the condition
	Field    string // where on the form to look
	Say      Texts  // what is said when it does not hold
	Source   string
	program  *vm.Program
}

// Rules is a pack of them.
type Rules struct {
	list  []Rule
	words struct{ minor, article3 map[string]bool }
}

// ErrRules is wrapped by errors about a rule pack.
var ErrRules = errors.New("the rule pack is wrong")

// Builtin are the rules that come with the program.
var Builtin = sync.OnceValue(func() *Rules {
	r, err := ParseRules(builtin)
	if err != nil {
		panic(err) // a test reads them
	}
	return r
})

// BuiltinText is what they are read from, for whoever wants to change them.
func BuiltinText() []byte { return slices.Clone(builtin) }

// ParseRules reads a pack. Every condition is checked against the fields of the form.
func ParseRules(text []byte) (*Rules, error) {
	var file struct {
		Words struct{ Minor, Article3 []string }
		Rule  []Rule
	}
	meta, err := toml.Decode(string(text), &file)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRules, err)
	}
	if u := meta.Undecoded(); len(u) > 0 {
		return nil, fmt.Errorf("%w: there is nothing called %q in it", ErrRules, u[0])
	}
	r := &Rules{list: file.Rule}
	r.words.minor, r.words.article3 = wordSet(file.Words.Minor), wordSet(file.Words.Article3)
	seen := map[string]bool{}
	for i := range r.list {
		rule := &r.list[i]
		switch {
		case rule.ID == "" || seen[rule.ID]:
			return nil, fmt.Errorf("%w: rule %d has no id, or that of another", ErrRules, i+1)
		case !slices.Contains([]Severity{Block, Warn, Ask}, rule.Severity):
			return nil, fmt.Errorf("%w: %s: the severity is block, warn or ask, not %q", ErrRules, rule.ID, rule.Severity)
		case rule.Say.In("en") == "" || rule.Source == "" || rule.Field == "":
			return nil, fmt.Errorf("%w: %s: it needs field, source, and say in one language at least (say.en = ...)", ErrRules, rule.ID)
		}
		for l := range rule.Say {
			if !slices.Contains(Languages, l) {
				return nil, fmt.Errorf("%w: %s: say is in ar, en, fr or es, not in %q", ErrRules, rule.ID, l)
			}
		}
		for _, c := range rule.Colours {
			if !slices.Contains(Colours, c) {
				return nil, fmt.Errorf("%w: %s: there is no colour %q", ErrRules, rule.ID, c)
			}
		}
		if rule.program, err = expr.Compile(rule.Must, expr.Env(checked{}), expr.AsBool(), presence); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrRules, rule.ID, err)
		}
		seen[rule.ID] = true
	}
	return r, nil
}

// presence is the function has: a text that is there.
var presence = expr.Function("has", func(args ...any) (any, error) {
	switch v := args[0].(type) {
	case string:
		return strings.TrimSpace(v) != "", nil
	case Date:
		return v != "", nil
	case Texts:
		return strings.TrimSpace(v.In("en")) != "", nil
	}
	v := reflect.ValueOf(args[0])
	return v.IsValid() && !v.IsZero(), nil
}, new(func(string) bool), new(func(Date) bool), new(func(Texts) bool))

// List gives the rules of a colour, in order.
func (r *Rules) List(c Colour) []Rule {
	var out []Rule
	for _, rule := range r.list {
		if len(rule.Colours) == 0 || slices.Contains(rule.Colours, c) {
			out = append(out, rule)
		}
	}
	return out
}

// Differences says, rule by rule, how a pack differs from another one in what it asks.
func (r *Rules) Differences(from *Rules) []string {
	var out []string
	was := map[string]*Rule{}
	for i := range from.list {
		was[from.list[i].ID] = &from.list[i]
	}
	for i := range r.list {
		is := &r.list[i]
		old := was[is.ID]
		delete(was, is.ID)
		switch {
		case old == nil:
			out = append(out, is.ID+": new")
			continue
		case old.Severity != is.Severity:
			out = append(out, fmt.Sprintf("%s: %s instead of %s", is.ID, is.Severity, old.Severity))
		}
		if old.Must != is.Must || !slices.Equal(old.Colours, is.Colours) {
			out = append(out, is.ID+": another condition, or other colours")
		}
	}
	for _, id := range slices.Sorted(maps.Keys(was)) {
		out = append(out, id+": gone")
	}
	if !maps.Equal(r.words.minor, from.words.minor) || !maps.Equal(r.words.article3, from.words.article3) {
		out = append(out, "words: another list")
	}
	return out
}

// Known is what the rules ask beside the form: about the sender and its node.
type Known struct {
	Standing       bool   // the sender is a member in good standing, with the right to ask for notices
	OwnerCountry   string // ISO 3166
	AlreadyLive    bool   // the owner has a live request on the same subject
	KnownAsVictim  bool   // the subject is recorded as a victim here
	SilverOn       bool
	SecondReviewer bool // somebody else than the author submits
}

// checked is what conditions see.
type checked struct {
	Form
	Known
	Colour, Status string // as plain texts
	Now            time.Time
	Age            int
	FitsColour     bool
	OptionA        bool // RED-05
	OptionB        bool // RED-06
	MinorWords     []string
	Article3Words  []string
	Years          func(int) time.Time `expr:"years"`
	Days           func(int) time.Time `expr:"days"`
}

// Result is a rule that does not hold.
type Result struct {
	Rule     string   `json:"rule"`
	Severity Severity `json:"severity"`
	Field    string   `json:"field"`
	Text     Texts    `json:"text"`
	Source   string   `json:"source"`
	Reason   string   `json:"reason,omitempty"` // that the owner gave, of a warning
}

// Check gives the rules that do not hold for a form, in order of the pack.
func (r *Rules) Check(f *Form, known Known, now time.Time) []Result {
	c := checked{
		Form: *f, Known: known, Colour: string(f.Colour), Status: string(f.Status), Now: now, Age: f.Person.Born.Age(now),
		FitsColour: slices.Contains(f.Colour.Purposes(), f.Purpose), OptionA: optionA(&f.Person), OptionB: optionB(&f.Person),
		MinorWords: f.words(r.words.minor), Article3Words: f.words(r.words.article3),
		Years: func(n int) time.Time { return now.AddDate(n, 0, 0) }, Days: func(n int) time.Time { return now.AddDate(0, 0, n) },
	}
	var out []Result
	for _, rule := range r.List(f.Colour) {
		if holds, err := expr.Run(rule.program, c); err == nil && holds == true {
			continue
		}
		out = append(out, Result{Rule: rule.ID, Severity: rule.Severity, Field: rule.Field, Text: rule.Say, Source: rule.Source})
	}
	return out
}

// Blocked says whether one of the results stops submission.
func Blocked(results []Result) bool {
	return slices.ContainsFunc(results, func(r Result) bool { return r.Severity == Block })
}

// optionA: all of family name, forename, sex and full date of birth, and one thing more (RPD 83(2)(a)(i)).
func optionA(p *Person) bool {
	return p.FamilyName != "" && p.Forename != "" && p.Sex != "" && p.Born.Full() &&
		(described(p) || p.DNA || p.Fingerprints || slices.ContainsFunc(p.Documents, func(d Document) bool { return d.Number != "" }))
}

// optionB: a good photograph and one thing more.
func optionB(p *Person) bool {
	good := slices.ContainsFunc(p.Photos, func(f Photo) bool { return f.Face && f.ShortSide >= 300 })
	return good && (p.Forename != "" || p.FamilyName != "" || len(p.Aliases) > 0 || p.FatherName != "" || p.MotherName != "" ||
		described(p) || p.DNA || p.Fingerprints || len(p.Documents) > 0)
}

func described(p *Person) bool { return strings.TrimSpace(p.Description) != "" || p.Marks != "" }

// words gives those of a set that the form's texts use.
func (f *Form) words(set map[string]bool) []string {
	var out []string
	look := func(text string) {
		for _, w := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) }) {
			// Arabic writes the article with its word.
			if (set[w] || set[strings.TrimPrefix(w, "ال")]) && !slices.Contains(out, w) {
				out = append(out, w)
			}
		}
	}
	for _, l := range Languages {
		look(f.Facts[l])
		look(f.Request[l])
		for _, o := range f.Offences {
			look(o.Charge[l])
			look(o.Act[l])
		}
	}
	look(f.Person.Description)
	slices.Sort(out)
	return out
}

func wordSet(list []string) map[string]bool {
	set := map[string]bool{}
	for _, w := range list {
		set[strings.ToLower(w)] = true
	}
	return set
}

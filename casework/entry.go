package casework

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"tarir/entity"
	"tarir/name"
)

// EntryKind is what an entry of a case is.
type EntryKind string

// The kinds.
const (
	EntityEntry   EntryKind = "entity"   // a FollowTheMoney entity
	PaymentEntry  EntryKind = "payment"  //
	FindingEntry  EntryKind = "finding"  // a line of findings.jsonl, or an organisation of networks.json
	DocumentEntry EntryKind = "document" // its text lies sealed beside the database, under its digest
	NoteEntry     EntryKind = "note"     //
	TaskEntry     EntryKind = "task"     // with a deadline
	RequestEntry  EntryKind = "request"  // to another member, with its answer
	DecisionEntry EntryKind = "decision" // by whom, and why
	EventEntry    EntryKind = "event"    // something that happened, for the timeline
	RecordEntry   EntryKind = "record"   // a record of the node: it is opened there, by its own rules
	VictimEntry   EntryKind = "victim"   // a pseudonym; who it is stands in the vault
	AssetEntry    EntryKind = "asset"    // what could be taken
	AdvertEntry   EntryKind = "advert"   // an advert or a post
	JourneyEntry  EntryKind = "journey"  // a booking, a crossing or a check
	DrawingEntry  EntryKind = "drawing"  // a chart as somebody arranged it
)

// EntryKinds are all kinds.
var EntryKinds = []EntryKind{EntityEntry, PaymentEntry, FindingEntry, DocumentEntry, NoteEntry, TaskEntry, RequestEntry, DecisionEntry, EventEntry, RecordEntry, VictimEntry, AssetEntry, AdvertEntry, JourneyEntry, DrawingEntry}

// MostEntry is the most bytes of an entry.
const MostEntry = 1 << 20

// ErrEntry is wrapped by what is wrong with an entry.
var ErrEntry = errors.New("this cannot be put into a case")

// Entry is one thing in a case.
type Entry struct {
	Seq      int64           `json:"seq"`
	Case     string          `json:"case"`
	Origin   string          `json:"origin,omitempty"` // the case that it came with by merging
	Kind     EntryKind       `json:"kind"`
	ID       string          `json:"id"` // within the case and kind; the same one again is the same entry
	At       time.Time       `json:"at"` // when it happened, or else was recorded
	Due      time.Time       `json:"due,omitzero"`
	Recorded time.Time       `json:"recorded"`
	Changed  time.Time       `json:"changed"`
	Person   string          `json:"person"` // who wrote it last
	Title    string          `json:"title,omitempty"`
	Version  int64           `json:"version"`
	Body     json.RawMessage `json:"body"`
}

// Content is what a case takes from the body of an entry: when it happened, and by what it is found.
type Content struct {
	ID        string
	At        time.Time
	Due       time.Time
	Words     []string // small Latin letters, sorted, each once
	Selectors []string // KIND:VALUE, sorted, each once: two cases that share one may belong together
	Title     string   // for a list
	Minor     bool     // it may be about a minor: a safeguard comes first
	Body      json.RawMessage
}

// CasePayment is a payment in a case.
type CasePayment struct {
	Payment
	Currency string `json:"currency"`
	FromName string `json:"from_name,omitempty"`
	ToName   string `json:"to_name,omitempty"`
	Purpose  string `json:"purpose,omitempty"`
}

// Document is a file in a case.
type Document struct {
	Name   string    `json:"name"`
	Type   string    `json:"media_type,omitempty"`
	Size   int64     `json:"size"`
	SHA256 string    `json:"sha256"` // of its text
	Date   time.Time `json:"date,omitzero"`
	Text   string    `json:"text,omitempty"` // of which it is found
	// Sealed is where it lies and what opens it: the node's to read.
	Sealed json.RawMessage `json:"sealed,omitempty"`
}

// Note is a text of a person.
type Note struct {
	Text string `json:"text"`
	// Assessment says that it is an opinion, not a fact.
	Assessment bool `json:"assessment,omitempty"`
}

// CaseTask is something to be done.
type CaseTask struct {
	What string    `json:"what"`
	Who  string    `json:"who"`
	Due  time.Time `json:"due"`
	Done time.Time `json:"done,omitzero"`
	How  string    `json:"how,omitempty"` // it was done
}

// CaseRequest is a question to another member and what came of it.
type CaseRequest struct {
	Member   string    `json:"member"`
	What     string    `json:"what"`
	Letter   *Ref      `json:"letter,omitempty"` // in which it was asked
	Sent     time.Time `json:"sent,omitzero"`
	Due      time.Time `json:"due,omitzero"`
	Answered time.Time `json:"answered,omitzero"`
	Answer   string    `json:"answer,omitempty"`
	Reply    *Ref      `json:"reply,omitempty"`
}

// Decided is a decision: what, and why. The entry says who and when.
type Decided struct {
	What   string `json:"what"`
	Why    string `json:"why"`
	Second string `json:"second,omitempty"` // who agreed
}

// Happening is something that happened.
type Happening struct {
	At    time.Time `json:"at"`
	What  string    `json:"what"`
	Place string    `json:"place,omitempty"`
}

// Victim is a possible victim or a witness in a case: no name, no birth date, no address. What is here is what counts and what protects.
type Victim struct {
	Pseudonym    string    `json:"pseudonym"`
	Status       string    `json:"status"`              // presumed, identified, witness
	Sex          string    `json:"sex,omitempty"`       // F, M, U
	AgeGroup     string    `json:"age_group,omitempty"` // 0-11, 12-17, 18-24, 25-34, 35+, unknown
	Exploitation []string  `json:"exploitation,omitempty"`
	Found        time.Time `json:"found,omitzero"`
	Safe         time.Time `json:"safe,omitzero"` // since when
	ReferredTo   string    `json:"referred_to,omitempty"`
}

// The lists of Victim. Exploitation is that of HTCDS 2.0, and ForcedCriminality.
var (
	VictimStatus = []string{"presumed", "identified", "witness"}
	AgeGroups    = []string{"0-11", "12-17", "18-24", "25-34", "35+", "unknown"}
	Exploitation = []string{
		"ForcedLabour", "SexualExploitation", "ChildLabour", "ForcedMarriage", "Servitude", "ForcedMilitaryByNonStateActors", "OrganRemoval",
		"ForcedBegging", "ForcedAdoption", "Surrogacy", "ForcedCriminality", "Other",
	}
)

// Drawing is a chart of the case as somebody arranged it: what is shown, what is pinned where, what is written beside it. Parties go by their ids within the case.
type Drawing struct {
	Title  string                `json:"title"`
	Shown  []string              `json:"shown,omitempty"` // empty: what is shown first
	Places map[string][2]float64 `json:"places,omitempty"`
	Notes  map[string]string     `json:"notes,omitempty"`
	Filter map[string]string     `json:"filter,omitempty"` // of the form beside the chart
}

// Minor says that the person is a child, or may be.
func (v *Victim) Minor() bool { return v.AgeGroup == "0-11" || v.AgeGroup == "12-17" }

// ReadEntry checks the body of an entry and says by what it is found. The id is made from the content where it has none of its own.
func ReadEntry(kind EntryKind, body json.RawMessage) (*Content, error) {
	if len(body) > MostEntry {
		return nil, fmt.Errorf("%w: it has more than %d bytes: put it in as a document", ErrEntry, MostEntry)
	}
	if !utf8.Valid(body) {
		return nil, fmt.Errorf("%w: it is not UTF-8", ErrEntry)
	}
	read, ok := readers[kind]
	if !ok {
		return nil, fmt.Errorf("%w: %q is no kind of entry", ErrEntry, kind)
	}
	c := &Content{}
	if err := read(body, c); err != nil {
		return nil, err
	}
	slices.Sort(c.Words)
	c.Words = slices.Compact(c.Words)
	slices.Sort(c.Selectors)
	c.Selectors = slices.Compact(c.Selectors)
	return c, nil
}

var readers = map[EntryKind]func(body json.RawMessage, c *Content) error{
	EntityEntry:   readEntity,
	PaymentEntry:  readPayment,
	FindingEntry:  readFinding,
	DocumentEntry: typed(readDocument),
	NoteEntry: typed(func(n *Note, c *Content) error {
		c.found(n.Text)
		return c.need("a note needs a text", n.Text)
	}),
	TaskEntry: typed(func(t *CaseTask, c *Content) error {
		c.At, c.Due = t.Done, t.Due
		if !t.Done.IsZero() {
			c.Due = time.Time{}
		}
		c.found(t.What, t.Who, t.How)
		if t.Due.IsZero() {
			return fmt.Errorf("%w: a task needs a deadline", ErrEntry)
		}
		return c.need("a task needs a person and what is to be done", t.What, t.Who)
	}),
	RequestEntry: typed(func(r *CaseRequest, c *Content) error {
		c.At, c.Due = r.Sent, r.Due
		if !r.Answered.IsZero() {
			c.At, c.Due = r.Answered, time.Time{}
		}
		c.found(r.Member, r.What, r.Answer)
		return c.need("a request needs a member and a question", r.Member, r.What)
	}),
	DecisionEntry: typed(func(d *Decided, c *Content) error {
		c.found(d.What, d.Why)
		return c.need("a decision needs what was decided and why", d.What, d.Why)
	}),
	EventEntry: typed(func(e *Happening, c *Content) error {
		c.At = e.At
		c.found(e.What, e.Place)
		if e.At.IsZero() {
			return fmt.Errorf("%w: say when it happened", ErrEntry)
		}
		return c.need("say what happened", e.What)
	}),
	RecordEntry: typed(func(r *Ref, c *Content) error {
		c.ID = r.Kind + "/" + r.ID
		c.Title = c.ID
		return c.need("name the kind and the id of the record", r.Kind, r.ID)
	}),
	VictimEntry:  typed(readVictim),
	AdvertEntry:  typed(readAdvert),
	JourneyEntry: typed(readJourney),
	DrawingEntry: typed(func(d *Drawing, c *Content) error {
		c.found(append([]string{d.Title}, slices.Collect(maps.Values(d.Notes))...)...)
		return c.need("a drawing needs a title", d.Title)
	}),
	AssetEntry: typed(func(a *Asset, c *Content) error {
		c.ID, c.Title = a.ID, a.Kind+" "+a.Identifier
		c.Words = append(words(a.Identifier), words(a.Owner+" "+a.Controller+" "+a.Description)...)
		if a.Kind == "account" {
			c.account(a.Identifier)
		}
		return a.Check()
	}),
}

// typed reads a body that has no other fields than a type's.
func typed[T any](fn func(*T, *Content) error) func(json.RawMessage, *Content) error {
	return func(body json.RawMessage, c *Content) error {
		d := json.NewDecoder(strings.NewReader(string(body)))
		d.DisallowUnknownFields()
		v := new(T)
		if err := d.Decode(v); err != nil {
			return notJSON(err)
		}
		if d.More() {
			return fmt.Errorf("%w: there is more behind it", ErrEntry)
		}
		if err := fn(v, c); err != nil {
			return err
		}
		text, err := json.Marshal(v)
		c.Body = text
		return err
	}
}

// notJSON says what is wrong with a body, without repeating what it says.
func notJSON(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("%w: it is no JSON, at byte %d", ErrEntry, syntax.Offset)
	case errors.As(err, &kind) && kind.Field != "":
		return fmt.Errorf("%w: the field %s is of another kind", ErrEntry, kind.Field)
	case strings.HasPrefix(err.Error(), "json: unknown field "):
		return fmt.Errorf("%w: there is no %s", ErrEntry, strings.TrimPrefix(err.Error(), "json: unknown "))
	}
	return fmt.Errorf("%w: it is not of its kind", ErrEntry)
}

// found adds texts by which the entry is found; the first one is its title.
func (c *Content) found(texts ...string) {
	for _, t := range texts {
		c.Words = append(c.Words, words(t)...)
	}
	if c.Title == "" && len(texts) > 0 {
		c.Title = short(texts[0])
	}
}

func (c *Content) need(what string, texts ...string) error {
	for _, t := range texts {
		if strings.TrimSpace(t) == "" {
			return fmt.Errorf("%w: %s", ErrEntry, what)
		}
	}
	return nil
}

// account adds an account that is written INSTITUTION/NUMBER.
func (c *Content) account(text string) {
	institution, number, ok := strings.Cut(text, "/")
	if !ok {
		institution, number = "", text
	}
	if s, ok := entity.ParseAccount(institution, number); ok {
		c.Selectors = append(c.Selectors, string(s.Kind)+":"+s.Value)
	}
}

func short(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) <= 120 {
		return s
	}
	cut := 117
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// longestWord is what of a word counts in a search, in bytes.
const longestWord = 40

// words are those by which a text is found: in small Latin letters, no matter in which script it stands.
func words(text string) []string {
	out := name.Latin(text)
	for i, w := range out {
		out[i] = w[:min(len(w), longestWord)]
	}
	return out
}

// Words are those of a question, in its order.
func Words(question string) []string { return words(question) }

func readEntity(body json.RawMessage, c *Content) error {
	e, _, err := entity.Decode(body)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrEntry, err)
	}
	for _, t := range e.Properties["topics"] {
		if strings.Contains(t, "victim") {
			return fmt.Errorf("%w: who may be a victim stands in the vault, and in the case under a pseudonym: tarir vault add", ErrEntry)
		}
	}
	c.ID, c.Title = e.ID, short(e.Caption())
	for p, values := range e.Properties {
		if entity.Reference(e.Schema, p) {
			continue
		}
		for _, v := range values {
			c.Words = append(c.Words, words(v)...)
		}
	}
	if from, to, ok := e.Ends(); ok {
		for _, id := range append(slices.Clone(from), to...) {
			c.Words = append(c.Words, EndWord(id))
		}
	}
	for _, s := range e.Selectors() {
		c.Selectors = append(c.Selectors, string(s.Kind)+":"+s.Value)
	}
	for _, p := range []string{"date", "startDate", "openingDate", "incorporationDate"} {
		if c.At.IsZero() {
			c.At = day(e.First(p))
		}
	}
	c.Body, err = e.Encode()
	return err
}

// EndWord is the word by which the ties of an entity are found.
func EndWord(id string) string { return "end:" + id[:min(len(id), 2*longestWord)] }

// day is the start of a date that may lack its day or month; zero if it is none.
func day(s string) time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateOnly, "2006-01", "2006"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t
		}
	}
	return time.Time{}
}

func readPayment(body json.RawMessage, c *Content) error {
	return typed(func(p *CasePayment, c *Content) error {
		switch {
		case p.Time.IsZero():
			return fmt.Errorf("%w: a payment needs its time", ErrEntry)
		case !decimal.MatchString(p.Amount) || p.Currency == "":
			return fmt.Errorf("%w: a payment needs an amount, as a decimal with a point, and a currency", ErrEntry)
		case p.From == "" && p.To == "":
			return fmt.Errorf("%w: a payment needs the account from which it went or to which it came", ErrEntry)
		}
		c.ID, c.At = p.Reference, p.Time
		c.Title = p.Amount + " " + p.Currency + " " + p.From + " → " + p.To
		for _, a := range []string{p.From, p.To} {
			if a != "" {
				c.account(a)
			}
		}
		c.Words = append(c.Words, words(p.From+" "+p.To+" "+p.FromName+" "+p.ToName+" "+p.Purpose+" "+p.Reference)...)
		return c.need("a payment needs its reference", p.Reference)
	})(body, c)
}

func readDocument(d *Document, c *Content) error {
	c.ID, c.At = d.SHA256, d.Date
	c.found(d.Name, d.Text)
	if len(d.SHA256) != 64 {
		return fmt.Errorf("%w: a document needs the SHA-256 of its text", ErrEntry)
	}
	return c.need("a document needs a name", d.Name)
}

// readFinding reads a finding or an organisation of an analysis, which keeps its own shape.
func readFinding(body json.RawMessage, c *Content) error {
	var f struct {
		ID          string          `json:"id"`
		Typology    string          `json:"typology"`
		First       string          `json:"first"`
		Accounts    []string        `json:"accounts"`
		Payments    []string        `json:"payments"`
		Entities    []string        `json:"entities"`
		Explanation json.RawMessage `json:"explanation"`
		Members     []struct {
			Entity   string   `json:"entity"`
			Accounts []string `json:"accounts"`
		} `json:"members"`
	}
	if err := json.Unmarshal(body, &f); err != nil {
		return notJSON(err)
	}
	if f.ID == "" {
		return fmt.Errorf("%w: a finding needs its id", ErrEntry)
	}
	text, err := withoutVictims(body)
	if err != nil {
		return err
	}
	c.ID, c.At, c.Body, c.Title = f.ID, day(f.First), text, strings.TrimSpace(f.Typology+" "+f.ID)
	c.Words = words(c.Title + " " + strings.Join(f.Entities, " "))
	accounts := f.Accounts
	for _, m := range f.Members {
		accounts = append(accounts, m.Accounts...)
		c.Words = append(c.Words, words(m.Entity)...)
	}
	for _, a := range accounts {
		c.account(a)
		c.Words = append(c.Words, words(a)...)
	}
	var said []struct {
		Text string `json:"text"`
	}
	if json.Unmarshal(f.Explanation, &said) == nil {
		for _, x := range said {
			c.Words = append(c.Words, words(x.Text)...)
		}
	}
	return nil
}

// withoutVictims leaves of an organisation's victims how many there are and whether they are minors: who they are, and which accounts they
// have, is for the vault.
func withoutVictims(body json.RawMessage) (json.RawMessage, error) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(body, &all); err != nil {
		return nil, notJSON(err)
	}
	victims, ok := all["victims"]
	if !ok {
		var b bytes.Buffer
		err := json.Compact(&b, body)
		return b.Bytes(), err
	}
	var list []struct {
		Pseudonym string `json:"pseudonym,omitempty"`
		Minor     bool   `json:"minor,omitempty"`
	}
	if err := json.Unmarshal(victims, &list); err != nil {
		return nil, fmt.Errorf("%w: its victims are not readable", ErrEntry)
	}
	var err error
	if all["victims"], err = json.Marshal(list); err != nil {
		return nil, err
	}
	return json.Marshal(all)
}

func readVictim(v *Victim, c *Content) error {
	switch {
	case !pseudonym.MatchString(v.Pseudonym):
		return fmt.Errorf("%w: a possible victim stands in a case under a pseudonym of the vault, such as V-7KQ2-M4XP: tarir vault add makes one", ErrEntry)
	case !slices.Contains(VictimStatus, v.Status):
		return fmt.Errorf("%w: the status is one of %s", ErrEntry, strings.Join(VictimStatus, ", "))
	case v.Sex != "" && !slices.Contains([]string{"F", "M", "U"}, v.Sex):
		return fmt.Errorf("%w: the sex is F, M or U", ErrEntry)
	case v.AgeGroup != "" && !slices.Contains(AgeGroups, v.AgeGroup):
		return fmt.Errorf("%w: the age group is one of %s", ErrEntry, strings.Join(AgeGroups, ", "))
	}
	for _, x := range v.Exploitation {
		if !slices.Contains(Exploitation, x) {
			return fmt.Errorf("%w: %q is no form of exploitation of the list", ErrEntry, x)
		}
	}
	c.ID, c.At, c.Title, c.Minor = v.Pseudonym, v.Found, v.Pseudonym, v.Minor()
	c.Words = words(v.Pseudonym + " " + v.ReferredTo)
	return nil
}

package misp

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"tarir/entity"
)

// Event is the head of an event that is written.
type Event struct {
	ID       string    // of what it tells; the event's uuid is made of it
	Own      string    // its uuid, where it came with one
	Info     string    // its title
	Number   int64     // the event's id on the server that shows it; 0: none
	Org      string    // who tells it
	At       time.Time // since when it is so
	Tags     []string  // of its handling
	Analysis int       // 0 initial, 1 ongoing, 2 complete
}

// UUID is the one of an event.
func (e *Event) UUID() string {
	if e.Own != "" {
		return e.Own
	}
	return uuid("event", e.ID)
}

var uuidForm = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// objectID is the uuid of an entity's object: the one with which it came, or one of its own.
func (e *Event) objectID(id string) string {
	if own, ok := strings.CutPrefix(id, "misp-"); ok && uuidForm.MatchString(own) {
		return own
	}
	return uuid("object", e.ID, id)
}

// uuid is the same for the same thing. MISP wants random ones (version 4); these look like such and are made of what they stand for, so that what is
// told twice is the same thing.
func uuid(parts ...string) string {
	sum := sha256.Sum256([]byte("tarir misp\x00" + strings.Join(parts, "\x00")))
	u := sum[:16]
	u[6], u[8] = u[6]&0x0f|0x40, u[8]&0x3f|0x80
	h := hex.EncodeToString(u)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// Writer writes one event. What has no object in MISP is passed over and counted.
type Writer struct {
	Passed int64 // entities that MISP has no object for

	w    *bufio.Writer
	e    Event
	more bool
	err  error
}

type writtenAttribute struct {
	UUID         string `json:"uuid"`
	Type         string `json:"type"`
	Category     string `json:"category"`
	Relation     string `json:"object_relation"`
	Value        string `json:"value"`
	Timestamp    string `json:"timestamp"`
	Distribution string `json:"distribution"`
	ToIDs        bool   `json:"to_ids"`
	NoCorrelate  bool   `json:"disable_correlation"`
}

type writtenObject struct {
	UUID            string             `json:"uuid"`
	Name            string             `json:"name"`
	Meta            string             `json:"meta-category"`
	Description     string             `json:"description,omitempty"`
	Template        string             `json:"template_uuid"`
	TemplateVersion string             `json:"template_version"`
	Timestamp       string             `json:"timestamp"`
	Distribution    string             `json:"distribution"`
	Comment         string             `json:"comment,omitempty"`
	Attribute       []writtenAttribute `json:"Attribute"`
}

// own is the distribution "your organisation only": who may pass it on is said by the tags, and by the owner.
const own = "0"

func stamp(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

// NewWriter begins an event; Close ends it.
func NewWriter(w io.Writer, e Event) *Writer {
	x := &Writer{w: bufio.NewWriterSize(w, 32<<10), e: e}
	type tag struct {
		Name string `json:"name"`
	}
	tags := []tag{}
	for _, t := range e.Tags {
		tags = append(tags, tag{t})
	}
	org := map[string]string{"name": e.Org, "uuid": uuid("org", e.Org)}
	head := map[string]any{
		"uuid": e.UUID(), "info": e.Info, "date": e.At.UTC().Format(time.DateOnly), "timestamp": stamp(e.At), "publish_timestamp": "0", "published": false,
		"threat_level_id": "4", "analysis": strconv.Itoa(e.Analysis), "distribution": own, "Orgc": org, "Org": org, "Tag": tags, "Attribute": []string{},
	}
	if e.Number != 0 {
		head["id"] = strconv.FormatInt(e.Number, 10)
	}
	text, err := json.Marshal(head)
	x.err = err
	if err == nil {
		x.write(`{"Event":`, string(text[:len(text)-1]), `,"Object":[`)
	}
	return x
}

func (x *Writer) write(parts ...string) {
	for _, p := range parts {
		if x.err == nil {
			_, x.err = x.w.WriteString(p)
		}
	}
}

// Entity writes an entity as an object, if MISP has one for it.
func (x *Writer) Entity(e *entity.Entity) error {
	t := templateOf(e)
	if t == nil {
		x.Passed++
		return x.err
	}
	o := writtenObject{
		UUID: x.e.objectID(e.ID), Name: t.name, Meta: t.category, Template: t.uuid, TemplateVersion: t.version, Timestamp: stamp(x.e.At), Distribution: own, Comment: e.ID,
	}
	put := func(r relation, v string) {
		a := writtenAttribute{
			UUID: uuid("attribute", x.e.ID, e.ID, r.name, v), Type: r.kind, Category: categoryOf(r.kind), Relation: r.name, Value: v, Timestamp: stamp(x.e.At), Distribution: own,
			NoCorrelate: r.kind == "gender" || r.kind == "nationality" || r.kind == "text",
		}
		o.Attribute = append(o.Attribute, a)
	}
	if c := colourOf(e); c != "" {
		put(relation{"notice-color", "text", ""}, c)
	}
	done := map[string]bool{}
	for _, r := range t.relations {
		if done[r.property] || r.property == "publicKey" && !coin(e, r.name) {
			continue
		}
		done[r.property] = true
		for _, v := range e.Properties[r.property] {
			switch r.kind {
			case "nationality", "passport-country":
				v = strings.ToUpper(v)
			case "gender":
				v = strings.ToUpper(v[:1]) + v[1:]
			case "date-of-birth":
				if len(v) != len(time.DateOnly) {
					continue // MISP wants a whole day
				}
			}
			put(r, v)
		}
	}
	if len(o.Attribute) == 0 {
		x.Passed++
		return x.err
	}
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	if x.more {
		x.write(",")
	}
	x.more = true
	x.write("\n", string(text))
	return x.err
}

// Close ends the event and gives the first error there was.
func (x *Writer) Close() error {
	x.write("]}}\n")
	if x.err == nil {
		x.err = x.w.Flush()
	}
	return x.err
}

// coin says under which relation a wallet's address stands.
func coin(e *entity.Entity, relation string) bool {
	switch strings.ToUpper(e.First("currencySymbol")) {
	case "BTC":
		return relation == "address"
	case "XMR":
		return relation == "address-xmr"
	}
	return relation == "address-crypto"
}

func colourOf(e *entity.Entity) string {
	for _, p := range e.Properties["program"] {
		if c, ok := strings.CutPrefix(p, noticeProgram); ok && c != "" {
			if c == "un" {
				return "UN"
			}
			return strings.ToUpper(c[:1]) + c[1:]
		}
	}
	return ""
}

func templateOf(e *entity.Entity) *template {
	want := ""
	switch {
	case e.Schema == "UserAccount" && e.First("number") != "" && e.First("username") == "":
		want = "phone"
	case e.Schema == "UserAccount":
		want = "user-account"
	case entity.Is(e.Schema, "Person") && colourOf(e) != "":
		want = "interpol-notice"
	case entity.Is(e.Schema, "Person"):
		want = "person"
	case entity.Is(e.Schema, "LegalEntity"):
		want = "organization"
	case entity.Is(e.Schema, "BankAccount"):
		want = "bank-account"
	case entity.Is(e.Schema, "CryptoWallet"):
		want = "coin-address"
	case entity.Is(e.Schema, "Vehicle"):
		want = "vehicle"
	default:
		return nil
	}
	return &templates[slices.IndexFunc(templates, func(t template) bool { return t.name == want })]
}

// categoryOf is the category under which MISP files a type.
func categoryOf(kind string) string {
	switch kind {
	case "iban", "bank-account-nr", "bic", "btc", "xmr":
		return "Financial fraud"
	case "full-name", "first-name", "last-name", "date-of-birth", "nationality", "gender", "passport-number", "passport-country", "identity-card-number", "place-of-birth", "phone-number":
		return "Person"
	case "email", "email-src":
		return "Social network"
	}
	return "Other"
}

// Package notice is what members ask all others for: notices of every colour, from the typed form to the end of their life, and
// what is drafted, checked and told along the way.
//
//	form.go     the form: what is asked of a notice of a colour
//	rules.go    the rules of rules.toml, checked by machine while somebody types and again before a reviewer looks
//	life.go     states, events and actors, as one table; who may do which step, and what must be stored of it
//	public.go   the extract of a notice marked public, in the shape of the public notices API
//	draft.go    a draft from an organisation, a finding or a trace of analysis, with what may not leave the bureau left out
//	change.go   what an addendum changed
//
// The rules come from INTERPOL's Rules on the Processing of Data (RPD), articles 34-44 and 73-105. A notice is not an arrest warrant:
// each member decides under its own law what it is worth.
package notice

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tarir/entity"
	"tarir/handling"
)

// Colour is a kind of notice.
type Colour string

// The colours.
const (
	Red    Colour = "red"    // locate and arrest a wanted person, with a view to extradition
	Blue   Colour = "blue"   // locate, identify or learn more about a person of interest in a criminal investigation
	Green  Colour = "green"  // warn of a person's criminal activities
	Yellow Colour = "yellow" // find a missing person, or put a name to somebody who cannot say who they are
	Black  Colour = "black"  // put a name to a dead body
	Purple Colour = "purple" // a modus operandi, object, device or hiding place
	Orange Colour = "orange" // a serious and imminent threat
	Silver Colour = "silver" // assets linked to a person's crime
	UN     Colour = "un"     // a person or entity under sanctions of the United Nations Security Council
	Art    Colour = "art"    // stolen works of art
)

// Colours are all of them.
var Colours = []Colour{Red, Blue, Green, Yellow, Black, Purple, Orange, Silver, UN, Art}

// Purposes are those that fit a colour, the usual one first (domain: our choice).
func (c Colour) Purposes() []handling.Purpose {
	switch c {
	case Red:
		return []handling.Purpose{handling.Wanted}
	case Blue:
		return []handling.Purpose{handling.Inform, handling.Locate, handling.Identify}
	case Green, Orange, Purple:
		return []handling.Purpose{handling.Warn}
	case Yellow, Black:
		return []handling.Purpose{handling.Identify, handling.Locate}
	case Silver, Art:
		return []handling.Purpose{handling.Locate, handling.Inform}
	case UN:
		return []handling.Purpose{handling.Wanted, handling.Warn, handling.Locate}
	}
	return nil
}

// Languages are the four of the texts, by their ISO 639-1 codes.
var Languages = []string{"ar", "en", "fr", "es"}

// Texts is a text in some of the four languages, side by side.
type Texts map[string]string

// In gives the text in a language, or in the first that there is.
func (t Texts) In(language string) string {
	if s := t[language]; s != "" {
		return s
	}
	for _, l := range []string{"en", "fr", "es", "ar"} {
		if s := t[l]; s != "" {
			return s
		}
	}
	return ""
}

// Date is a day, month or year: 1985-04-12, 1985-04 or 1985.
type Date string

// Valid says whether it is a date that exists.
func (d Date) Valid() bool {
	_, ok := d.parse()
	return ok
}

// Full says whether the day is known.
func (d Date) Full() bool { return len(d) == 10 && d.Valid() }

// Year is the year; 0 if there is none.
func (d Date) Year() int {
	t, ok := d.parse()
	if !ok {
		return 0
	}
	return t.Year()
}

func (d Date) parse() (time.Time, bool) {
	layout := map[int]string{4: "2006", 7: "2006-01", 10: "2006-01-02"}[len(d)]
	if layout == "" {
		return time.Time{}, false
	}
	t, err := time.Parse(layout, string(d))
	return t, err == nil
}

// Age is the age on a day, of somebody born on d: the least that it can be, since a day or month may be missing; -1 if unknown.
func (d Date) Age(on time.Time) int {
	t, ok := d.parse()
	if !ok {
		return -1
	}
	switch len(d) {
	case 4:
		t = t.AddDate(1, 0, -1)
	case 7:
		t = t.AddDate(0, 1, -1)
	}
	age := on.Year() - t.Year()
	if on.Month() < t.Month() || on.Month() == t.Month() && on.Day() < t.Day() {
		age--
	}
	return max(age, 0)
}

// Status is what the subject is in the matter (RPD article 44).
type Status string

// The statuses.
const (
	Convicted    Status = "convicted"
	Charged      Status = "charged"
	Suspect      Status = "suspect"
	Witness      Status = "witness"
	Victim       Status = "victim"
	Missing      Status = "missing"
	Unidentified Status = "unidentified"
	DeadBody     Status = "dead_body"
	Threat       Status = "possible_threat"
	Associate    Status = "associate_of_an_asset"
	NoPerson     Status = "none" // an object or an event
)

// Statuses are all of them.
var Statuses = []Status{Convicted, Charged, Suspect, Witness, Victim, Missing, Unidentified, DeadBody, Threat, Associate, NoPerson}

// Protected says that nothing coercive may be asked for the subject.
func (s Status) Protected() bool {
	return s == Victim || s == Witness || s == Missing || s == Unidentified || s == DeadBody
}

// Form is the request for a notice: what is common to all, and what each colour asks beside. Sections that a colour does not ask for
// stay empty.
type Form struct {
	Colour     Colour           `json:"colour"`
	Owner      string           `json:"owner"` // member
	Purpose    handling.Purpose `json:"purpose"`
	LegalBasis string           `json:"legal_basis"`
	Case       string           `json:"case"` // reference of the owner
	Status     Status           `json:"status"`
	Facts      Texts            `json:"facts"`
	Request    Texts            `json:"request,omitzero"` // what is asked, in words, beside what the fields say
	Until      time.Time        `json:"until"`            // end of retention

	Person   Person    `json:"person,omitzero"`
	Things   []Thing   `json:"things,omitempty"` // accounts, phones, vehicles and whatever else it is about
	Offences []Offence `json:"offences,omitempty"`
	Warrants []Warrant `json:"warrants,omitempty"`

	Declared   Declared              `json:"declared,omitzero"`
	Sensitive  Sensitive             `json:"sensitive,omitzero"`
	Evaluation []handling.Evaluation `json:"evaluation,omitempty"`
	NoCoercion bool                  `json:"no_coercion,omitempty"` // victims and witnesses: no coercive measure may be taken
	Minor      bool                  `json:"minor,omitempty"`
	Adult      string                `json:"adult_because,omitempty"` // where the age is unknown and the wording suggests a minor: why not

	Arrest      Arrest      `json:"arrest,omitzero"`     // red
	Enquiry     Enquiry     `json:"enquiry,omitzero"`    // blue
	Assessment  Assessment  `json:"assessment,omitzero"` // green and orange
	Event       Incident    `json:"event,omitzero"`      // yellow and black: disappearance, finding
	Consent     Consent     `json:"consent,omitzero"`    // yellow
	Method      Method      `json:"method,omitzero"`     // purple
	Danger      Danger      `json:"danger,omitzero"`     // orange
	Assets      []Asset     `json:"assets,omitempty"`    // silver
	Sanctions   Sanctions   `json:"sanctions,omitzero"`  // un
	ArtObject   ArtObject   `json:"art_object,omitzero"` // art
	Handling    Handling    `json:"handling,omitzero"`   // what the owner restricts
	Attachments []Reference `json:"attachments,omitempty"`
}

// Person is the subject, as far as it is one.
type Person struct {
	FamilyName          string     `json:"family_name,omitempty"`
	Forename            string     `json:"forename,omitempty"`
	OriginalScript      string     `json:"original_script,omitempty"` // the whole name as it is written at home
	NameAtBirth         string     `json:"name_at_birth,omitempty"`
	Aliases             []string   `json:"aliases,omitempty"`
	FatherName          string     `json:"father_name,omitempty"`
	FatherForename      string     `json:"father_forename,omitempty"`
	MotherName          string     `json:"mother_name,omitempty"`
	MotherForename      string     `json:"mother_forename,omitempty"`
	Sex                 string     `json:"sex,omitempty"` // F, M, U
	Born                Date       `json:"born,omitempty"`
	BornPlace           string     `json:"born_place,omitempty"`
	BornCountry         string     `json:"born_country,omitempty"` // ISO 3166, two letters
	Nationalities       []string   `json:"nationalities,omitempty"`
	Languages           []string   `json:"languages,omitempty"` // ISO 639-2/B
	Profession          string     `json:"profession,omitempty"`
	Description         string     `json:"description,omitempty"`
	Height              float64    `json:"height,omitempty"` // metres
	Weight              int        `json:"weight,omitempty"` // kilograms
	Eyes                []string   `json:"eyes,omitempty"`   // three-letter codes
	Hair                []string   `json:"hair,omitempty"`
	Marks               string     `json:"marks,omitempty"`
	Documents           []Document `json:"documents,omitempty"`
	Phones              []string   `json:"phones,omitempty"`
	Emails              []string   `json:"emails,omitempty"`
	Photos              []Photo    `json:"photos,omitempty"`
	DNA                 bool       `json:"dna,omitempty"` // a profile is at hand
	Fingerprints        bool       `json:"fingerprints,omitempty"`
	Dental              bool       `json:"dental,omitempty"`
	TraffickingVictim   bool       `json:"trafficking_victim,omitempty"` // known as a victim elsewhere
	RefugeeFrom         []string   `json:"refugee_from,omitempty"`       // countries against which refugee status is known
	RiskOfTorture       bool       `json:"risk_of_torture,omitempty"`
	Organisation        string     `json:"organisation,omitempty"` // un: an entity instead of a person
	RegistrationNumber  string     `json:"registration_number,omitempty"`
	OrganisationCountry string     `json:"organisation_country,omitempty"`
}

// Document is an identity document.
type Document struct {
	Type    string `json:"type"` // passport, id_card, visa, ...
	Number  string `json:"number"`
	Country string `json:"country"`
}

// Photo is a photograph, attached.
type Photo struct {
	File      string `json:"file"`       // name of the attachment
	ShortSide int    `json:"short_side"` // pixels; the node measures it
	Face      bool   `json:"face"`       // it shows the face
	Taken     Date   `json:"taken,omitempty"`
}

// Thing is anything with a number or address by which it is known.
type Thing struct {
	Kind    string `json:"kind"` // account, iban, phone, email, wallet, plate, vin, document, handle, ...
	Value   string `json:"value"`
	Country string `json:"country,omitempty"`
	Note    string `json:"note,omitempty"`
}

// Offence is what the subject is charged with or was convicted of.
type Offence struct {
	Code       string `json:"code"` // of the owner's list of offences
	Charge     Texts  `json:"charge"`
	Law        string `json:"law"`                   // with the article
	MaxPenalty int    `json:"max_penalty,omitempty"` // months, for prosecution
	Sentence   int    `json:"sentence,omitempty"`    // months imposed or left to serve
	Ordinary   bool   `json:"ordinary_law_crime"`    // a serious crime under ordinary law
	Excluded   string `json:"excluded,omitempty"`    // custom, family, administrative, private: of a kind that needs a reason
	Organised  string `json:"organised,omitempty"`   // why it serves serious or organised crime all the same
	When       Date   `json:"when,omitempty"`
	WhenTo     Date   `json:"when_to,omitempty"`
	Where      string `json:"where,omitempty"`
	Act        Texts  `json:"act,omitzero"` // what this person did
}

// Warrant is an arrest warrant, or a decision of equal effect.
type Warrant struct {
	Authority string `json:"authority"`
	Judicial  bool   `json:"judicial"`         // the authority is a court or a judge
	Appeal    bool   `json:"appeal,omitempty"` // or its decision can be taken to a court
	Reference string `json:"reference"`
	Issued    Date   `json:"issued"`
	Limit     Date   `json:"limitation,omitempty"` // when it lapses by limitation
	Country   string `json:"country"`
	Copy      string `json:"copy,omitempty"` // name of the attached copy
}

// Declared are what the owner declares.
type Declared struct {
	Owns     bool `json:"owns_the_data"`
	Article3 bool `json:"article_3"` // not predominantly political, military, religious or racial
	Article2 bool `json:"article_2"` // in the spirit of the Universal Declaration of Human Rights
}

// Sensitive is particularly sensitive data.
type Sensitive struct {
	Present []string `json:"present,omitempty"` // ethnic_origin, religion, politics, union, health, sexuality
	Reason  string   `json:"reason,omitempty"`  // why it is needed
}

// Arrest is what a red notice assures.
type Arrest struct {
	ExtraditionSought bool     `json:"extradition_sought"`
	From              []string `json:"from"` // countries; "*" is all
}

// Enquiry is what a blue notice asks.
type Enquiry struct {
	Asks          []string `json:"asks"` // location, identity, history, other
	Other         string   `json:"other,omitempty"`
	Investigation string   `json:"investigation"` // reference
}

// Assessment is that of a national authority.
type Assessment struct {
	Authority string `json:"authority"`
	On        Date   `json:"on"`
	Grounds   string `json:"grounds"` // previous convictions, or other reasonable grounds
	Threat    Texts  `json:"threat,omitzero"`
	Abroad    string `json:"abroad,omitempty"` // why it concerns other countries
}

// Incident is a disappearance or a finding.
type Incident struct {
	On       Date   `json:"on"`
	Place    string `json:"place"`
	Country  string `json:"country,omitempty"`
	Recorded string `json:"recorded"` // reference at the police
}

// Consent is what a yellow notice needs.
type Consent struct {
	PrivacyLawAllows bool   `json:"privacy_law_allows,omitempty"`
	HidesFromFamily  bool   `json:"hides_from_family,omitempty"` // the person does not wish to be found: never disclose the place
	Guardian         string `json:"guardian,omitempty"`          // who with parental authority agreed
	WhyNot           string `json:"why_not,omitempty"`
	Family           bool   `json:"family,omitempty"` // the family agrees to a public extract
}

// Method is a modus operandi, object, device or hiding place.
type Method struct {
	What         string `json:"what"` // method, object, device, hiding_place
	Description  Texts  `json:"description"`
	Investigated bool   `json:"investigated,omitempty"`
	Aim          string `json:"aim,omitempty"` // compare, prevent
	Serious      bool   `json:"serious,omitempty"`
	VictimData   bool   `json:"victim_data,omitempty"`
}

// Danger is what an orange notice warns of.
type Danger struct {
	Serious  bool      `json:"serious"`
	Imminent bool      `json:"imminent"`
	Place    string    `json:"place"`
	From     time.Time `json:"from,omitzero"`
	To       time.Time `json:"to,omitzero"`
	Basis    string    `json:"basis"`
	Life     bool      `json:"life,omitempty"` // a victim's life is in danger: goes before everything
}

// AssetKinds are those of a silver notice.
var AssetKinds = []string{
	"real_estate", "vehicle", "vessel", "aircraft", "account", "company", "cash", "crypto", "art", "jewellery", "other",
}

// Measures are those that a silver notice may ask for. Freezing, seizing and confiscating travel as mutual legal assistance.
var Measures = []string{"locate", "identify", "information", "monitor"}

// Asset is what a silver notice looks for.
type Asset struct {
	Kind        string   `json:"kind"`
	Identifier  string   `json:"identifier,omitempty"` // account INSTITUTION/NUMBER, plate, wallet, register number, address
	Country     string   `json:"country,omitempty"`
	Description string   `json:"description,omitempty"`
	Amount      string   `json:"amount,omitempty"` // last known value, a decimal
	Currency    string   `json:"currency,omitempty"`
	AsOf        Date     `json:"as_of,omitempty"`
	Link        string   `json:"link"`   // asset to person or organisation to offence
	Source      string   `json:"source"` // where the link is known from
	Measures    []string `json:"measures"`
}

// Sanctions are those of the Security Council.
type Sanctions struct {
	Reference  string   `json:"reference"`
	Resolution string   `json:"resolution"`
	Listed     Date     `json:"listed"`
	Measures   []string `json:"measures"` // assets_freeze, travel_ban, arms_embargo
	Summary    string   `json:"summary,omitempty"`
}

// ArtObject is a stolen object.
type ArtObject struct {
	Description string `json:"description"`
	OwnerReport string `json:"owner_report"` // reference of the owner's report
	Marks       string `json:"marks"`
	Photos      int    `json:"photos"`
}

// Handling is what the owner asks of those who get the notice.
type Handling struct {
	Confidentiality handling.Confidentiality `json:"confidentiality,omitempty"`
	TLP             handling.TLP             `json:"tlp,omitempty"`
	PAP             handling.PAP             `json:"pap,omitempty"`
	Europol         []string                 `json:"europol,omitempty"`
	Restrictions    []handling.Restriction   `json:"restrictions,omitempty"`
	Audience        []handling.Kind          `json:"audience,omitempty"` // kinds of members that get it; none: Audience
	Public          bool                     `json:"public,omitempty"`   // an extract may be published
}

// Reference names an attachment.
type Reference struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"` // of the sealed file
}

// Name is what the subject is called, in Latin letters.
func (p *Person) Name() string {
	if p.Organisation != "" {
		return p.Organisation
	}
	return strings.TrimSpace(p.Forename + " " + p.FamilyName)
}

// Title names a notice for those who may see it.
func (f *Form) Title() string {
	if n := f.Person.Name(); n != "" {
		return n
	}
	if len(f.Assets) > 0 {
		return f.Assets[0].Kind + " " + f.Assets[0].Identifier
	}
	return f.Case
}

// Label is how a notice is handled by everybody who gets it.
func (f *Form) Label(recorded time.Time) *handling.Label {
	l := &handling.Label{
		Owners: []string{f.Owner}, Purpose: f.Purpose, Confidentiality: f.Handling.Confidentiality, TLP: f.Handling.TLP, PAP: f.Handling.PAP,
		Europol: f.Handling.Europol, Evaluations: f.Evaluation, Restrictions: slices.Clone(f.Handling.Restrictions), Minor: f.Minor,
		Public: f.Handling.Public && f.Colour.mayBePublic(), Recorded: recorded, Until: f.Until,
	}
	if len(l.Europol) == 0 {
		l.Europol = []string{handling.H0} // a notice is made to be used by all; what it may not be used for stands in its restrictions
	}
	switch f.Status {
	case Victim, Missing, Unidentified, DeadBody:
		l.Status = handling.Victim
	case Witness:
		l.Status = handling.Witness
	case Suspect, Charged, Convicted:
		l.Status = handling.Suspect
	default:
		l.Status = handling.Other
	}
	return l
}

func (c Colour) mayBePublic() bool {
	switch c {
	case Red, Yellow, UN, Purple, Orange, Art, Black:
		return true
	}
	return false
}

// Selectors are the numbers and addresses by which the subject is known, in one spelling, and how its name is written: by these
// records meet it.
func (f *Form) Selectors() []string {
	var out []string
	add := func(s entity.Selector, ok bool) {
		if ok {
			out = append(out, string(s.Kind)+":"+s.Value)
		}
	}
	for _, d := range f.Person.Documents {
		add(entity.ParseDocument(d.Number, d.Country))
	}
	for _, p := range f.Person.Phones {
		add(entity.ParsePhone(p, f.Person.Nationalities...))
	}
	for _, e := range f.Person.Emails {
		add(entity.ParseEmail(e))
	}
	for _, t := range f.Things {
		add(t.Selector())
	}
	for _, a := range f.Assets {
		kind := map[string]string{"account": "account", "crypto": "wallet", "vehicle": "plate"}[a.Kind]
		add((&Thing{Kind: kind, Value: a.Identifier, Country: a.Country}).Selector())
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Names are those of the subject.
func (f *Form) Names() []string {
	var out []string
	for _, n := range append([]string{f.Person.Name(), f.Person.OriginalScript, f.Person.NameAtBirth}, f.Person.Aliases...) {
		if n = strings.TrimSpace(n); n != "" && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// Selector is a thing's number in one spelling.
func (t *Thing) Selector() (entity.Selector, bool) {
	switch t.Kind {
	case "account":
		institution, number, ok := strings.Cut(t.Value, "/")
		if !ok {
			institution, number = "", t.Value
		}
		return entity.ParseAccount(institution, number)
	case "iban":
		return entity.ParseIBAN(t.Value)
	case "phone":
		return entity.ParsePhone(t.Value, t.Country)
	case "email":
		return entity.ParseEmail(t.Value)
	case "wallet":
		return entity.ParseWallet(t.Value)
	case "plate":
		return entity.ParsePlate(t.Value, t.Country)
	case "document":
		return entity.ParseDocument(t.Value, t.Country)
	case "handle":
		return entity.ParseProfile(t.Value)
	case "device":
		return entity.ParseDevice(t.Value)
	case "ip":
		return entity.ParseIP(t.Value)
	case "bic":
		return entity.ParseBIC(t.Value)
	}
	if slices.Contains(entity.Registers, t.Kind) {
		return entity.ParseNumber(t.Kind, t.Value, t.Country)
	}
	return entity.Selector{}, false
}

// ParseColour reads a colour.
func ParseColour(s string) (Colour, error) {
	c := Colour(strings.ToLower(strings.TrimSpace(s)))
	if slices.Contains(Colours, c) {
		return c, nil
	}
	return "", fmt.Errorf("%q is no colour of a notice: choose one of red, blue, green, yellow, black, purple, orange, silver, un, art", s)
}

// Number is a notice's number: YYYY/N.
func Number(year, n int) string { return strconv.Itoa(year) + "/" + strconv.Itoa(n) }

// Audience are the kinds of members that get a notice where its owner names none: banks, private partners and NGOs only get what
// their owner chose for them (our choice).
var Audience = []handling.Kind{handling.Secretariat, handling.Bureau, handling.Unit, handling.FIU, handling.Police, handling.International}

// Kinds are those that get the notice.
func (h *Handling) Kinds() []handling.Kind {
	if len(h.Audience) == 0 {
		return Audience
	}
	return h.Audience
}

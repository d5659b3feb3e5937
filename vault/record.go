package vault

import (
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Errors, for those who must decide. None of them tells what is in the vault.
var (
	ErrNone     = errors.New("there is nothing under this pseudonym that is open to you")
	ErrRecord   = errors.New("this cannot be kept in the vault")
	ErrNotOpen  = errors.New("it is not open: ask to open it, and have a second person agree")
	ErrRefused  = errors.New("the vault does not open for this")
	ErrConsent  = errors.New("the person did not consent to this, or has withdrawn it")
	ErrExists   = errors.New("there is a vault already")
	ErrNoVault  = errors.New("this node has no vault yet: make one with tarir vault init")
	ErrPassword = errors.New("the passphrase is not the one of the vault")
)

// Fields are what may be kept of a person: those of the standard by their names, and identity documents. Whatever they say is a list of texts.
var Fields = []string{
	"prs_Salutation", "prs_FirstName", "prs_MiddleName", "prs_SecondName", "prs_Birthdate", "prs_Gender", "prs_Citizenship", "prs_Email", "prs_HomePhone",
	"prs_MobilePhone", "prs_MailingAddress", "prs_Deceased", "prs_MaritalStatus", "prs_NumberOfChildren", "prs_PrimaryLanguage", "prs_SecondaryLanguage",
	"prs_HighestLevelOfEducation", "prs_IdentityNumber",
	"vic_TraffickingStatus", "vic_TraffickingStatusDecisionMakingOrg", "vic_RelationshipToTrafficker", "vic_AgeWhenTrafficked", "vic_MethodOfRecruitment",
	"vic_LocationOfRecruitment", "vic_RecruitmentWebsitesAndApps", "vic_MethodsOfControl", "vic_TypeOfExploitation", "vic_ForcedLabourIndustry",
	"vic_TypeOfSexExploitation", "vic_LocationOfExploitation", "vic_ExploitationWebsitesAndApps",
	"con_EmergencyContact", "statement",
}

// Wish is what the person wants.
type Wish struct {
	Contact  string `json:"contact"` // yes, no, through (the organisation named)
	Through  string `json:"through,omitempty"`
	Language string `json:"language,omitempty"` // ISO 639
	Guardian string `json:"guardian,omitempty"` // of a minor: who speaks for them; a role or an organisation on the card, never a name
	Family   string `json:"family,omitempty"`   // may the family be told: yes, no
}

// Consent is what the person agreed to: that fields go to somebody for something. It can be withdrawn at any time.
type Consent struct {
	ID        string    `json:"id"`
	To        string    `json:"to"` // a member
	Fields    []string  `json:"fields"`
	For       string    `json:"for"`
	Given     time.Time `json:"given"`
	Until     time.Time `json:"until,omitzero"`
	Withdrawn time.Time `json:"withdrawn,omitzero"`
}

// covers says whether a consent allows a field to go to a member at a moment.
func (c *Consent) covers(to, field string, at time.Time) bool {
	return c.To == to && slices.Contains(c.Fields, field) && !at.Before(c.Given) && (c.Until.IsZero() || at.Before(c.Until)) && c.Withdrawn.IsZero()
}

// Need is what the person needs, and who helps.
type Need struct {
	Type     string    `json:"type"` // of Supports
	Text     string    `json:"text,omitempty"`
	Referred string    `json:"referred,omitempty"` // to whom
	At       time.Time `json:"at,omitzero"`
	Ended    time.Time `json:"ended,omitzero"`
}

// Supports are the kinds of support plans of the standard.
var Supports = []string{"Education", "Financial", "Health", "LabourExploitationRehabilitation", "Legal", "Livelihood", "RightsBasedTraining", "SexualExploitationRehabilitation", "SocialCare"}

// ReflectionTime is for how long nothing is asked of a person who may be a victim (Council of Europe Convention, article 13: at least 30 days).
const ReflectionTime = 30 * 24 * time.Hour

// Record is all that is known of a person. It is never anywhere but in the vault.
type Record struct {
	Pseudonym string              `json:"pseudonym"`
	Keepers   []string            `json:"keepers"` // persons and groups to whom it is open: an NGO sees only what it keeps
	Minor     bool                `json:"minor,omitempty"`
	Fields    map[string][]string `json:"fields"`
	Wish      Wish                `json:"wish"`
	Consents  []Consent           `json:"consents,omitempty"`
	Needs     []Need              `json:"needs,omitempty"`
	Met       time.Time           `json:"met"` // when the person was first met: the reflection time begins
	Version   int64               `json:"version"`
}

// Card is what may be known without opening the vault. It names nobody.
type Card struct {
	Pseudonym  string    `json:"pseudonym"`
	Minor      bool      `json:"minor,omitempty"`
	Contact    string    `json:"contact"`
	Through    string    `json:"through,omitempty"`
	Language   string    `json:"language,omitempty"`
	Guardian   bool      `json:"guardian,omitempty"` // there is one
	Family     string    `json:"family,omitempty"`
	Consents   []Consent `json:"consents,omitempty"`
	Needs      []string  `json:"needs,omitempty"` // kinds that are still open
	Reflection time.Time `json:"reflection_until"`
	Keepers    []string  `json:"keepers"`
}

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" // Crockford's: no letter that looks like another

var pseudonym = regexp.MustCompile(`^V-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$`)

// NewPseudonym draws a pseudonym, which says nothing of whom it stands for.
func NewPseudonym() (string, error) {
	var b [8]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", err
	}
	for i := range b {
		b[i] = alphabet[b[i]&31]
	}
	return "V-" + string(b[:4]) + "-" + string(b[4:]), nil
}

// Check says what is wrong with a record, without repeating what it says.
func (r *Record) Check() error {
	for _, f := range slices.Sorted(maps.Keys(r.Fields)) {
		if !slices.Contains(Fields, f) {
			return fmt.Errorf("%w: there is no field %q: tarir vault fields lists them", ErrRecord, f)
		}
		for _, v := range r.Fields[f] {
			if strings.TrimSpace(v) == "" || !utf8.ValidString(v) || len(v) > 64<<10 {
				return fmt.Errorf("%w: the field %s is empty, too long, or no text", ErrRecord, f)
			}
		}
	}
	switch {
	case !pseudonym.MatchString(r.Pseudonym):
		return fmt.Errorf("%w: it has no pseudonym", ErrRecord)
	case len(r.Keepers) == 0 || slices.Contains(r.Keepers, ""):
		return fmt.Errorf("%w: say to whom it is open", ErrRecord)
	case !slices.Contains([]string{"yes", "no", "through"}, r.Wish.Contact):
		return fmt.Errorf("%w: say whether the person wants to be contacted: yes, no, or through an organisation", ErrRecord)
	case (r.Wish.Contact == "through") != (r.Wish.Through != ""):
		return fmt.Errorf("%w: name the organisation through which the person wants to be contacted", ErrRecord)
	case r.Minor && r.Wish.Guardian == "":
		return fmt.Errorf("%w: a minor has somebody who speaks for them: say who, or \"none yet\"", ErrRecord)
	case r.Met.IsZero():
		return fmt.Errorf("%w: say when the person was met first", ErrRecord)
	}
	for _, n := range r.Needs {
		if !slices.Contains(Supports, n.Type) {
			return fmt.Errorf("%w: a need is one of %s", ErrRecord, strings.Join(Supports, ", "))
		}
	}
	for _, c := range r.Consents {
		if c.ID == "" || c.To == "" || len(c.Fields) == 0 || c.For == "" || c.Given.IsZero() {
			return fmt.Errorf("%w: a consent says to whom which fields may go, for what, and when it was given", ErrRecord)
		}
		for _, f := range c.Fields {
			if !slices.Contains(Fields, f) {
				return fmt.Errorf("%w: there is no field %q: tarir vault fields lists them", ErrRecord, f)
			}
		}
	}
	return nil
}

// Card is what of a record may be known without opening the vault.
func (r *Record) Card() Card {
	c := Card{
		Pseudonym: r.Pseudonym, Minor: r.Minor, Contact: r.Wish.Contact, Through: r.Wish.Through, Language: r.Wish.Language, Guardian: r.Wish.Guardian != "",
		Family: r.Wish.Family, Consents: r.Consents, Reflection: r.Met.Add(ReflectionTime), Keepers: r.Keepers,
	}
	for _, n := range r.Needs {
		if n.Ended.IsZero() && !slices.Contains(c.Needs, n.Type) {
			c.Needs = append(c.Needs, n.Type)
		}
	}
	return c
}

// ConsentsTo says whether the person agreed that something goes to a member.
func (c *Card) ConsentsTo(to string, at time.Time) bool {
	return slices.ContainsFunc(c.Consents, func(k Consent) bool {
		return len(k.Fields) > 0 && k.covers(to, k.Fields[0], at)
	})
}

// Supported says whether a kind of need is on the list.
func Supported(kind string) bool { return slices.Contains(Supports, kind) }

// Disclose gives fields that may go to a member by a consent that names both; all of them or none.
func (r *Record) Disclose(to string, fields []string, at time.Time) (map[string][]string, error) {
	out := map[string][]string{}
	for _, f := range fields {
		if !slices.ContainsFunc(r.Consents, func(c Consent) bool { return c.covers(to, f, at) }) {
			return nil, fmt.Errorf("%w: %s to %s", ErrConsent, f, to)
		}
		out[f] = r.Fields[f]
	}
	return out, nil
}

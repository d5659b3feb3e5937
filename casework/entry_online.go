package casework

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"tarir/entity"
	"tarir/online"
)

// AdvertText is for how long a case keeps what an advert says; its selectors, place and time stay as long as the case (our choice).
const AdvertText = 365 * 24 * time.Hour

// CaseAdvert is an advert or a post in a case. Pictures are in no case: only their perceptual hashes.
type CaseAdvert struct {
	ID       string   `json:"id"`
	PostedAt string   `json:"posted_at"` // RFC 3339, or a day
	Site     string   `json:"site,omitempty"`
	Account  string   `json:"account,omitempty"`
	Title    string   `json:"title,omitempty"`
	Text     string   `json:"text,omitempty"` // empty once it was kept long enough
	City     string   `json:"city,omitempty"`
	Country  string   `json:"country,omitempty"`
	Phones   []string `json:"phones,omitempty"`
	Emails   []string `json:"emails,omitempty"`
	URLs     []string `json:"urls,omitempty"`
	Images   []string `json:"image_hashes,omitempty"`
	Price    string   `json:"price,omitempty"`
	Currency string   `json:"currency,omitempty"`
	// Found are the selectors that its text has, which stay when the text goes.
	Found []string `json:"found,omitempty"`
	// MayBeMinor says that its wording may point to a minor.
	MayBeMinor bool `json:"may_be_minor,omitempty"`
}

// WithoutText leaves of an advert what stays when its text has been kept long enough.
func (a CaseAdvert) WithoutText() CaseAdvert {
	a.Title, a.Text = "", ""
	return a
}

func readAdvert(a *CaseAdvert, c *Content) error {
	if a.ID == "" || day(a.PostedAt).IsZero() {
		return fmt.Errorf("%w: an advert needs an id and when it was posted", ErrEntry)
	}
	c.ID, c.At, c.Title = a.ID, day(a.PostedAt), short(strings.TrimSpace(a.Site+" "+a.City+" "+a.ID))
	c.Words = words(strings.Join([]string{a.ID, a.Site, a.Account, a.Title, a.Text, a.City, a.Country}, " "))
	if a.Title+a.Text != "" {
		a.Found = nil
		f := entity.Finder{}
		for _, x := range f.Find(a.Title + "\n" + a.Text) {
			a.Found = append(a.Found, string(x.Kind)+":"+x.Value)
		}
		slices.Sort(a.Found)
		a.Found = slices.Compact(a.Found)
		told := online.Wordings(&online.Advert{Title: a.Title, Text: a.Text})
		a.MayBeMinor = slices.ContainsFunc(told, func(t online.Told) bool { return t.Wording == online.Young })
	}
	c.Minor = a.MayBeMinor
	c.Selectors = slices.Clone(a.Found)
	for _, p := range a.Phones {
		c.selector(entity.ParsePhone(p, a.Country))
	}
	for _, m := range a.Emails {
		c.selector(entity.ParseEmail(m))
	}
	for _, u := range a.URLs {
		c.selector(entity.ParseProfile(u))
	}
	if a.Account != "" {
		c.selector(entity.ParseHandle(a.Account, a.Site))
	}
	return nil
}

// selector adds a number by which an entry is found, if it is one.
func (c *Content) selector(s entity.Selector, ok bool) {
	if ok {
		c.Selectors = append(c.Selectors, string(s.Kind)+":"+s.Value)
	}
}

// CaseJourney is a booking, a crossing or a check in a case.
type CaseJourney struct {
	ID         string `json:"id"`
	Person     string `json:"person,omitempty"` // an entity, or the source's own name for the traveller
	GivenName  string `json:"given_name,omitempty"`
	FamilyName string `json:"family_name,omitempty"`
	Birth      string `json:"birth_date,omitempty"`
	Document   string `json:"document_number,omitempty"`
	DocCountry string `json:"document_country,omitempty"`
	From       string `json:"from"`
	To         string `json:"to"`
	Departure  string `json:"departure"` // RFC 3339, or a day
	Arrival    string `json:"arrival,omitempty"`
	Mode       string `json:"mode,omitempty"`
	Carrier    string `json:"carrier,omitempty"`
	Booking    string `json:"booking,omitempty"`
	Booked     string `json:"booked_at,omitempty"`
	Payer      string `json:"payer_account,omitempty"`
	Phone      string `json:"contact_phone,omitempty"`
	Email      string `json:"contact_email,omitempty"`
}

func readJourney(j *CaseJourney, c *Content) error {
	if j.ID == "" || day(j.Departure).IsZero() || j.From == "" || j.To == "" {
		return fmt.Errorf("%w: a journey needs an id, from where to where, and when", ErrEntry)
	}
	if pseudonym.MatchString(j.Person) && j.GivenName+j.FamilyName+j.Birth+j.Document != "" {
		return fmt.Errorf("%w: a possible victim travels under the pseudonym alone", ErrEntry)
	}
	c.ID, c.At, c.Title = j.ID, day(j.Departure), short(strings.TrimSpace(j.Mode+" "+j.From+" → "+j.To+" "+j.Carrier))
	c.Words = words(strings.Join([]string{j.ID, j.Person, j.GivenName, j.FamilyName, j.From, j.To, j.Carrier, j.Booking, j.Payer, j.Document}, " "))
	if j.Document != "" {
		c.selector(entity.ParseDocument(j.Document, j.DocCountry))
	}
	if j.Payer != "" {
		c.account(j.Payer)
	}
	if j.Phone != "" {
		c.selector(entity.ParsePhone(j.Phone))
	}
	if j.Email != "" {
		c.selector(entity.ParseEmail(j.Email))
	}
	return nil
}

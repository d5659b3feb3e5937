package notice

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/cases"
)

// Extract is what the public may see of a notice, in the shape of the public notices API: fields that are unknown are null.
type Extract struct {
	EntityID      string   `json:"entity_id"`
	Forename      *string  `json:"forename"`
	Name          *string  `json:"name"`
	DateOfBirth   *string  `json:"date_of_birth"` // 1958/11/05
	Nationalities []string `json:"nationalities"`
	Links         links    `json:"_links"`
	*detail
	*redDetail
	*yellowDetail
	*unDetail
}

type detail struct {
	Languages     []string `json:"languages_spoken_ids"`
	Sex           *string  `json:"sex_id"`
	BornCountry   *string  `json:"country_of_birth_id"`
	BornPlace     *string  `json:"place_of_birth"`
	Marks         *string  `json:"distinguishing_marks"`
	Eyes          []string `json:"eyes_colors_id"`
	Hair          []string `json:"hairs_id"`
	Height        *float64 `json:"height"`
	Weight        *int     `json:"weight"`
	EmbeddedLinks struct {
		Links []string `json:"links"`
	} `json:"_embedded"`
}

type redDetail struct {
	Warrants []publicWarrant `json:"arrest_warrants"`
}

type publicWarrant struct {
	Country     string  `json:"issuing_country_id"`
	Charge      string  `json:"charge"`
	Translation *string `json:"charge_translation"`
}

type yellowDetail struct {
	BirthName      *string `json:"birth_name"`
	Place          *string `json:"place"`
	Country        *string `json:"country"`
	DateOfEvent    *string `json:"date_of_event"`
	FatherForename *string `json:"father_forename"`
	FatherName     *string `json:"father_name"`
	MotherForename *string `json:"mother_forename"`
	MotherName     *string `json:"mother_name"`
}

type unDetail struct {
	Reference      *string          `json:"un_reference"`
	ReferenceDate  *string          `json:"un_reference_date"`
	Resolution     *string          `json:"un_resolution"`
	Purposes       []string         `json:"purposes"`
	Summary        *string          `json:"summary"`
	Aliases        []string         `json:"aliases"`
	Associates     []string         `json:"associates"`
	Documents      []publicDocument `json:"identity_documents"`
	Profession     *string          `json:"profession"`
	NameAtBirth    *string          `json:"name_at_birth"`
	OriginalScript *string          `json:"name_in_original_script"`
	Addresses      []string         `json:"adresses"` // with one d, as the service writes it
	Registration   *string          `json:"registration_number,omitempty"`
}

type publicDocument struct {
	Type    string `json:"type"`
	Number  string `json:"number"`
	Country string `json:"country"`
}

type href struct {
	Href string `json:"href"`
}

type links struct {
	Self      href  `json:"self"`
	Images    *href `json:"images,omitempty"`
	Thumbnail *href `json:"thumbnail,omitempty"`
	First     *href `json:"first,omitempty"`
	Next      *href `json:"next,omitempty"`
	Last      *href `json:"last,omitempty"`
	Notice    *href `json:"notice,omitempty"`
}

// PageMost is how many notices one query gets at most, as at the service whose shape this is.
const PageMost = 160

// InPublic says whether an extract of a notice may be shown: it is in force, of a colour of which there are extracts, its owner agreed,
// and of a missing person the family too. A child's place, a person who hides, and everything silver never is.
func (r *Record) InPublic(now time.Time) bool {
	if r.State != Published || !now.Before(r.Until) || r.Number == "" {
		return false
	}
	f := &r.Form
	switch f.Colour {
	case UN:
		return true
	case Red:
		return f.Handling.Public
	case Yellow:
		return f.Handling.Public && f.Consent.Family && !f.Consent.HidesFromFamily
	}
	return false
}

// path is where a notice is found below the base, and who asks for a UN notice says persons or entities.
func (r *Record) path(base string) string {
	id := strings.ReplaceAll(r.Number, "/", "-")
	kind := ""
	if r.Form.Colour == UN {
		kind = "persons/"
		if r.Form.Person.Organisation != "" {
			kind = "entities/"
		}
	}
	return base + "/notices/v1/" + string(r.Form.Colour) + "/" + kind + id
}

// Public gives the extract of a notice for a list, or with all its details.
func (r *Record) Public(base string, details bool) *Extract {
	f, p := &r.Form, &r.Form.Person
	at := r.path(base)
	e := &Extract{
		EntityID: r.Number, Forename: known(p.Forename), Name: known(cmp.Or(p.FamilyName, p.Organisation)), DateOfBirth: slashed(p.Born),
		Nationalities: p.Nationalities, Links: links{Self: href{at}, Images: &href{at + "/images"}},
	}
	if !details {
		return e
	}
	e.detail = &detail{
		Languages: p.Languages, Sex: known(p.Sex), BornCountry: known(p.BornCountry), BornPlace: known(p.BornPlace), Marks: known(p.Marks), Eyes: p.Eyes,
		Hair: p.Hair, Height: known(p.Height), Weight: known(p.Weight),
	}
	e.EmbeddedLinks.Links = []string{}
	switch f.Colour {
	case Red:
		e.redDetail = &redDetail{Warrants: []publicWarrant{}}
		for i, o := range f.Offences {
			w := publicWarrant{Charge: o.Charge.In("en"), Country: cmp.Or(country(f.Warrants, i), country(f.Warrants, 0))}
			if o.Charge["en"] == "" {
				w.Translation = known(o.Charge.In("fr"))
			}
			e.Warrants = append(e.Warrants, w)
		}
	case Yellow:
		e.yellowDetail = &yellowDetail{
			BirthName: known(p.NameAtBirth), Place: known(f.Event.Place), Country: known(f.Event.Country), DateOfEvent: slashed(f.Event.On),
			FatherForename: known(p.FatherForename), FatherName: known(p.FatherName), MotherForename: known(p.MotherForename), MotherName: known(p.MotherName),
		}
	case UN:
		e.unDetail = &unDetail{
			Reference: known(f.Sanctions.Reference), ReferenceDate: slashed(f.Sanctions.Listed), Resolution: known(f.Sanctions.Resolution),
			Purposes: f.Sanctions.Measures, Summary: known(f.Sanctions.Summary), Aliases: p.Aliases, Associates: []string{}, Profession: known(p.Profession),
			NameAtBirth: known(p.NameAtBirth), OriginalScript: known(p.OriginalScript), Addresses: []string{}, Registration: known(p.RegistrationNumber),
		}
		for _, d := range p.Documents {
			e.Documents = append(e.Documents, publicDocument(d))
		}
	}
	return e
}

func country(w []Warrant, i int) string {
	if i < len(w) {
		return w[i].Country
	}
	return ""
}

func known[T comparable](v T) *T {
	var none T
	if v == none {
		return nil
	}
	return &v
}

func slashed(d Date) *string { return known(strings.ReplaceAll(string(d), "-", "/")) }

// Images is the list of a notice's photographs, in the shape of the public notices API.
type Images struct {
	Embedded struct {
		Images []Image `json:"images"`
	} `json:"_embedded"`
	Links links `json:"_links"`
}

// Image is one of them.
type Image struct {
	ID    string `json:"picture_id"`
	Links links  `json:"_links"`
}

// PublicImages lists n photographs, numbered from 1.
func (r *Record) PublicImages(base string, n int) *Images {
	at := r.path(base)
	out := &Images{Links: links{Self: href{at + "/images"}, Notice: &href{at}}}
	out.Embedded.Images = []Image{}
	for i := range n {
		id := strconv.Itoa(i + 1)
		out.Embedded.Images = append(out.Embedded.Images, Image{id, links{Self: href{at + "/images/" + id}}})
	}
	if n > 0 {
		out.Links.Thumbnail = &href{at + "/images/1"}
	}
	return out
}

// PublicList answers a query of the public notices API about notices of one colour, which must all be InPublic. Notices come
// newest first.
type PublicList struct {
	Total    int            `json:"total"`
	Query    map[string]any `json:"query"`
	Embedded struct {
		Notices []*Extract `json:"notices"`
	} `json:"_embedded"`
	Links links `json:"_links"`
}

// ListPublic answers a query. Parameters that the service does not know are ignored, as there; a wrong number counts as none.
func ListPublic(base string, c Colour, all []*Record, q url.Values, now time.Time) *PublicList {
	fold := cases.Fold()
	number := func(name string, otherwise int) int {
		if n, err := strconv.Atoi(q.Get(name)); err == nil && n > 0 {
			return n
		}
		return otherwise
	}
	page, per := number("page", 1), min(number("resultPerPage", 20), PageMost)
	like := func(value, name string) bool {
		want := fold.String(strings.TrimSpace(q.Get(name)))
		return want == "" || strings.Contains(fold.String(value), want)
	}
	var found []*Record
	for _, r := range all {
		f, p := &r.Form, &r.Form.Person
		age := p.Born.Age(now)
		free := strings.Join([]string{p.Name(), p.OriginalScript, p.BornPlace, p.Marks, strings.Join(p.Aliases, " ")}, " ")
		switch {
		case f.Colour != c || !r.InPublic(now):
		case !like(cmp.Or(p.FamilyName, p.Organisation), "name") || !like(p.Forename, "forename") || !like(free, "freeText"):
		case q.Get("nationality") != "" && !slices.Contains(p.Nationalities, strings.ToUpper(q.Get("nationality"))):
		case q.Get("sexId") != "" && p.Sex != q.Get("sexId"):
		case number("ageMin", 0) > 0 && age < number("ageMin", 0), number("ageMax", 0) > 0 && (age < 0 || age > number("ageMax", 0)):
		case c == Red && q.Get("arrestWarrantCountryId") != "" &&
			!slices.ContainsFunc(f.Warrants, func(w Warrant) bool { return w.Country == strings.ToUpper(q.Get("arrestWarrantCountryId")) }):
		case c == UN && (!like(f.Sanctions.Reference, "unReference") || q.Get("unResolution") != "" && f.Sanctions.Resolution != q.Get("unResolution")):
		default:
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b *Record) int {
		return cmp.Or(b.Published.Compare(a.Published), cmp.Compare(b.Number, a.Number))
	})
	// A query reaches no more than PageMost notices, whatever the page.
	reach := found[:min(len(found), PageMost)]
	out := &PublicList{Total: len(found), Query: map[string]any{"page": page, "resultPerPage": per}}
	for k, v := range q {
		if k != "page" && k != "resultPerPage" && len(v) > 0 && v[0] != "" {
			out.Query[k] = v[0]
		}
	}
	out.Embedded.Notices = []*Extract{}
	from := min((page-1)*per, len(reach))
	for _, r := range reach[from:min(from+per, len(reach))] {
		out.Embedded.Notices = append(out.Embedded.Notices, r.Public(base, false))
	}
	link := func(n int) *href {
		v := url.Values{}
		for k, list := range q {
			v[k] = list
		}
		v.Set("page", strconv.Itoa(n))
		v.Set("resultPerPage", strconv.Itoa(per))
		return &href{base + "/notices/v1/" + string(c) + "?" + v.Encode()}
	}
	last := max(1, (len(reach)+per-1)/per)
	out.Links.Self, out.Links.First, out.Links.Last = *link(page), link(1), link(last)
	if page < last {
		out.Links.Next = link(page + 1)
	}
	return out
}

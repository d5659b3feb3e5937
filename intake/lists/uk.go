package lists

import (
	"bytes"
	"context"
	"errors"
	"regexp"
	"strings"

	"tarir/entity"
	"tarir/intake"
	"tarir/intake/xmlscan"
)

// UK reads the sanctions list of the United Kingdom, XML.
var UK = &intake.Format{
	Name:   "uk-list",
	Wanted: "UK sanctions list, XML (Designations)",
	Sniff: func(head []byte) bool {
		return bytes.Contains(head, []byte("<Designations")) && bytes.Contains(head, []byte("<Designation>"))
	},
	Read: func(ctx context.Context, _ *intake.Input, text *intake.Text, out *intake.Out) error {
		return records(ctx, text, out, "Designation", ukDesignation)
	},
	Rank: 20,
}

func ukDesignation(n xmlscan.Node, out *intake.Out) ([]*entity.Entity, error) {
	id := n.Get("UniqueID")
	if id == "" {
		return nil, errID
	}
	schema := map[string]string{"individual": "Person", "entity": "Organization", "ship": "Vessel"}[strings.ToLower(n.Get("IndividualEntityShip"))]
	if schema == "" {
		return nil, errors.New("IndividualEntityShip is none of Individual, Entity and Ship")
	}
	e := begin(schema, "uk", id)
	n.Child("Names").Each("Name", func(a xmlscan.Node) {
		whole := full(a.Get("Name1"), a.Get("Name2"), a.Get("Name3"), a.Get("Name4"), a.Get("Name5"), a.Get("Name6"))
		kind := strings.ToLower(a.Get("NameType"))
		switch {
		case strings.Contains(kind, "primary name") && !strings.Contains(kind, "variation"):
			e.Add("name", whole)
		case strings.HasPrefix(strings.ToLower(a.Get("AliasStrength")), "low"):
			e.Add("weakAlias", whole)
		default:
			e.Add("alias", whole)
		}
	})
	n.Child("Titles").Each("Title", func(t xmlscan.Node) { e.Add("title", t.Text()) })
	n.Child("NonLatinNames").Each("NonLatinName", func(a xmlscan.Node) { e.Add("alias", a.Get("NameNonLatinScript")) })
	n.Child("Addresses").Each("Address", func(a xmlscan.Node) { addCountry(e, out, "country", a.Get("AddressCountry")) })
	n.Child("PhoneNumbers").Each("PhoneNumber", func(p xmlscan.Node) { e.Add("phone", p.Text()) })
	n.Child("Websites").Each("Website", func(w xmlscan.Node) { e.Add("website", w.Text()) })
	n.Child("EmailAddresses").Each("EmailAddress", func(p xmlscan.Node) {
		e.Add("email", strings.FieldsFunc(p.Text(), func(r rune) bool { return r == ';' || r == ' ' })...)
	})
	i := n.At("IndividualDetails", "Individual")
	i.Child("DOBs").Each("DOB", func(d xmlscan.Node) { addBirth(e, out, strings.ToLower(d.Text())) })
	i.Child("Nationalities").Each("Nationality", func(c xmlscan.Node) { addCountry(e, out, "nationality", c.Text()) })
	i.Child("PassportDetails").Each("Passport", func(p xmlscan.Node) { e.Add("passportNumber", p.Get("PassportNumber")) })
	i.Child("NationalIdentifierDetails").Each("NationalIdentifier", func(p xmlscan.Node) { e.Add("idNumber", p.Get("NationalIdentifierNumber")) })
	i.Child("Genders").Each("Gender", func(g xmlscan.Node) { e.Add("gender", strings.ToLower(g.Text())) })
	i.Child("Positions").Each("Position", func(p xmlscan.Node) { e.Add("position", p.Text()) })
	i.Child("BirthDetails").Each("Location", func(l xmlscan.Node) { e.Add("birthPlace", full(l.Get("TownOfBirth"), l.Get("CountryOfBirth"))) })
	c := n.At("EntityDetails", "Entity")
	c.Child("BusinessRegistrationNumbers").Each("BusinessRegistrationNumber", func(r xmlscan.Node) { e.Add("registrationNumber", registrations(r.Text())...) })
	s := n.At("ShipDetails", "Ship")
	s.Child("IMONumbers").Each("IMONumber", func(v xmlscan.Node) { e.Add("imoNumber", bare("imoNumber", v.Text())) })
	s.Child("PreviousFlags").Each("PreviousFlag", func(v xmlscan.Node) { addCountry(e, out, "pastFlags", v.Text()) })
	s.Child("CurrentBelievedFlagOfShips").Each("CurrentBelievedFlagOfShip", func(v xmlscan.Node) { addCountry(e, out, "flag", v.Text()) })
	e.Add("topics", "sanction")
	e.Add("program", n.Get("RegimeName"))
	e.Add("notes", n.Get("UNReferenceNumber"))
	return []*entity.Entity{e}, nil
}

var registrationForm = regexp.MustCompile(`[A-Z0-9][A-Z0-9./-]*[0-9][A-Z0-9./-]*`)

// registrations are the numbers in what the list says of a company's registration, which is free text: several, with what they are and
// where.
func registrations(s string) []string {
	if !strings.ContainsAny(s, " ,:;(") {
		return []string{s}
	}
	return registrationForm.FindAllString(s, -1)
}

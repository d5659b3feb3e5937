package lists

import (
	"bytes"
	"context"
	"strings"

	"tarir/entity"
	"tarir/intake"
	"tarir/intake/xmlscan"
)

// EU reads the consolidated financial sanctions of the European Union, XML 1.1: what is known stands in attributes.
var EU = &intake.Format{
	Name:   "eu-list",
	Wanted: "EU consolidated financial sanctions, XML (export of sanctionEntity)",
	Sniff: func(head []byte) bool {
		return bytes.Contains(head, []byte("<sanctionEntity")) || bytes.Contains(head, []byte("eu.europa.ec/fpi/fsd"))
	},
	Read: func(ctx context.Context, _ *intake.Input, text *intake.Text, out *intake.Out) error {
		return records(ctx, text, out, "sanctionEntity", euEntity)
	},
	Rank: 20,
}

func euEntity(n xmlscan.Node, out *intake.Out) (*entity.Entity, error) {
	id := n.Attr("logicalId")
	if id == "" {
		return nil, errID
	}
	schema := "Organization"
	if strings.EqualFold(n.Child("subjectType").Attr("code"), "person") {
		schema = "Person"
	}
	e := begin(schema, "eu", id)
	p := "name"
	n.Each("nameAlias", func(a xmlscan.Node) {
		whole := full(a.Attr("wholeName"))
		if whole == "" {
			whole = full(a.Attr("firstName"), a.Attr("middleName"), a.Attr("lastName"))
		}
		if strings.EqualFold(a.Attr("strong"), "false") {
			e.Add("weakAlias", whole)
		} else {
			e.Add(p, whole)
			p = "alias"
		}
		e.Add("title", a.Attr("title"))
		e.Add("position", a.Attr("function"))
		switch a.Attr("gender") {
		case "M":
			e.Add("gender", "male")
		case "F":
			e.Add("gender", "female")
		}
	})
	n.Each("birthdate", func(b xmlscan.Node) {
		switch {
		case b.Attr("birthdate") != "":
			addBirth(e, out, b.Attr("birthdate"))
		case b.Attr("year") != "" && b.Attr("year") != "0":
			addBirth(e, out, b.Attr("year"))
		}
		e.Add("birthPlace", full(b.Attr("place"), b.Attr("city"), b.Attr("countryDescription")))
	})
	n.Each("citizenship", func(c xmlscan.Node) { addCountry(e, out, "nationality", known(c.Attr("countryIso2Code"))) })
	n.Each("address", func(c xmlscan.Node) { addCountry(e, out, "country", known(c.Attr("countryIso2Code"))) })
	n.Each("identification", func(d xmlscan.Node) {
		number := d.Attr("latinNumber")
		if number == "" {
			number = d.Attr("number")
		}
		switch d.Attr("identificationTypeCode") {
		case "passport", "diplomaticpassport", "servicepassport":
			e.Add("passportNumber", number)
		case "regnumber":
			e.Add("registrationNumber", number)
		case "fiscalcode":
			e.Add("taxNumber", number)
		case "imo":
			e.Add("imoNumber", number)
		default:
			e.Add("idNumber", number)
		}
	})
	e.Add("topics", "sanction")
	e.Add("program", n.Child("regulation").Attr("programme"))
	e.Add("notes", n.Attr("euReferenceNumber"))
	return e, nil
}

// known leaves out the code for an unknown country.
func known(code string) string {
	if code == "00" {
		return ""
	}
	return code
}

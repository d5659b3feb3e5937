package lists

import (
	"bytes"
	"context"
	"regexp"
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

func euEntity(n xmlscan.Node, out *intake.Out) ([]*entity.Entity, error) {
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
		if strings.EqualFold(a.Attr("strong"), "false") || strings.Contains(strings.ToLower(a.Get("remark")), "low quality") {
			e.Add("weakAlias", whole)
		} else {
			e.Add(p, whole)
			p = "alias"
		}
		e.Add("title", points(a.Attr("title"))...)
		if schema == "Person" {
			e.Add("position", points(a.Attr("function"))...)
		}
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
		case b.Attr("yearRangeFrom") != "" && b.Attr("yearRangeTo") != "":
			addBirth(e, out, b.Attr("yearRangeFrom")+" to "+b.Attr("yearRangeTo"))
		}
		place := []string{b.Attr("place"), b.Attr("city")}
		if known(b.Attr("countryIso2Code")) != "" {
			place = append(place, b.Attr("countryDescription"))
		}
		e.Add("birthPlace", full(place...))
	})
	n.Each("citizenship", func(c xmlscan.Node) { addCountry(e, out, "nationality", known(c.Attr("countryIso2Code"))) })
	n.Each("address", func(c xmlscan.Node) {
		addCountry(e, out, "country", known(c.Attr("countryIso2Code")))
		c.Each("contactInfo", func(i xmlscan.Node) { euContact(e, i) })
	})
	n.Each("contactInfo", func(i xmlscan.Node) { euContact(e, i) })
	n.Each("identification", func(d xmlscan.Node) {
		p := euNumbers[d.Attr("identificationTypeCode")]
		if p == "" {
			p = "idNumber"
		}
		e.Add(p, bare(p, d.Attr("number")), bare(p, d.Attr("latinNumber")))
	})
	e.Add("topics", "sanction")
	e.Add("program", n.Child("regulation").Attr("programme"))
	e.Add("notes", n.Attr("euReferenceNumber"), n.Attr("unitedNationId"))
	return []*entity.Entity{e}, nil
}

// euNumbers are the properties of official numbers by the list's codes; the others are numbers of identity.
var euNumbers = map[string]string{
	"passport": "passportNumber", "diplomaticpassport": "passportNumber", "servicepassport": "passportNumber", "regnumber": "registrationNumber", "fiscalcode": "taxNumber",
	"ssn": "socialSecurityNumber", "imo": "imoNumber", "swiftbic": "swiftBic", "tradelic": "licenseNumber",
}

// euContact adds what stands in a contactInfo, which may hold several.
func euContact(e *entity.Entity, i xmlscan.Node) {
	p := map[string]string{"PHONE": "phone", "FAX": "phone", "EMAIL": "email", "WEB": "website"}[i.Attr("key")]
	if p == "" {
		return
	}
	e.Add(p, strings.FieldsFunc(i.Attr("value"), func(r rune) bool { return r == ',' || r == ';' })...)
}

var pointForm = regexp.MustCompile(`\(?\b[a-h]\)`)

// points takes apart what a list counts: (a) Mullah, (b) Maulavi.
func points(s string) []string {
	list := pointForm.Split(s, -1)
	for i := range list {
		list[i] = strings.Trim(list[i], " ,;")
	}
	return list
}

// known leaves out the code for an unknown country.
func known(code string) string {
	if code == "00" {
		return ""
	}
	return code
}

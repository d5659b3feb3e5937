package lists

import (
	"bytes"
	"context"
	"strings"

	"tarir/entity"
	"tarir/intake"
	"tarir/intake/xmlscan"
)

// UN reads the consolidated list of the Security Council.
var UN = &intake.Format{
	Name:   "un-list",
	Wanted: "consolidated list of the UN Security Council, XML (CONSOLIDATED_LIST)",
	Sniff:  func(head []byte) bool { return bytes.Contains(head, []byte("<CONSOLIDATED_LIST")) },
	Read: func(ctx context.Context, _ *intake.Input, text *intake.Text, out *intake.Out) error {
		s := xmlscan.New(text)
		return each(ctx, s, out, map[string]maker{"INDIVIDUAL": unPerson, "ENTITY": unEntity})
	},
	Rank: 20,
}

func unPerson(n xmlscan.Node, out *intake.Out) ([]*entity.Entity, error) {
	e, err := unCommon("Person", n, out, "INDIVIDUAL")
	if err != nil {
		return nil, err
	}
	e.Add("gender", strings.ToLower(n.Get("GENDER")))
	n.Child("TITLE").Each("VALUE", func(v xmlscan.Node) { e.Add("title", v.Text()) })
	n.Child("DESIGNATION").Each("VALUE", func(v xmlscan.Node) { e.Add("position", v.Text()) })
	n.Child("NATIONALITY").Each("VALUE", func(v xmlscan.Node) { addCountry(e, out, "nationality", v.Text()) })
	n.Each("INDIVIDUAL_DATE_OF_BIRTH", func(b xmlscan.Node) {
		switch {
		case b.Get("DATE") != "":
			addBirth(e, out, b.Get("DATE"))
		case b.Get("YEAR") != "":
			addBirth(e, out, b.Get("YEAR"))
		case b.Get("FROM_YEAR") != "":
			addBirth(e, out, b.Get("FROM_YEAR")+" to "+b.Get("TO_YEAR"))
		}
	})
	n.Each("INDIVIDUAL_PLACE_OF_BIRTH", func(p xmlscan.Node) {
		e.Add("birthPlace", full(p.Get("CITY"), p.Get("STATE_PROVINCE"), p.Get("COUNTRY")))
	})
	n.Each("INDIVIDUAL_DOCUMENT", func(d xmlscan.Node) {
		if strings.Contains(strings.ToLower(d.Get("TYPE_OF_DOCUMENT")), "passport") {
			e.Add("passportNumber", d.Get("NUMBER"))
		} else {
			e.Add("idNumber", d.Get("NUMBER"))
		}
	})
	return []*entity.Entity{e}, nil
}

func unEntity(n xmlscan.Node, out *intake.Out) ([]*entity.Entity, error) {
	e, err := unCommon("Organization", n, out, "ENTITY")
	return []*entity.Entity{e}, err
}

func unCommon(schema string, n xmlscan.Node, out *intake.Out, kind string) (*entity.Entity, error) {
	id := n.Get("DATAID")
	if id == "" {
		return nil, errID
	}
	e := begin(schema, "un", id)
	var parts []string
	for _, k := range []string{"FIRST_NAME", "SECOND_NAME", "THIRD_NAME", "FOURTH_NAME"} {
		if v := n.Get(k); !strings.EqualFold(v, "na") {
			parts = append(parts, v)
		}
	}
	addName(e, "name", full(parts...))
	addName(e, "alias", n.Get("NAME_ORIGINAL_SCRIPT"))
	n.Each(kind+"_ALIAS", func(a xmlscan.Node) {
		p := "alias"
		switch q := strings.ToLower(a.Get("QUALITY")); {
		case q == "low":
			p = "weakAlias"
		case strings.HasPrefix(q, "f.k.a"):
			p = "previousName"
		}
		for _, v := range strings.Split(a.Get("ALIAS_NAME"), ";") {
			addName(e, p, v)
		}
	})
	n.Each(kind+"_ADDRESS", func(a xmlscan.Node) { addCountry(e, out, "country", a.Get("COUNTRY")) })
	e.Add("topics", "sanction")
	e.Add("program", n.Get("UN_LIST_TYPE"))
	e.Add("createdAt", n.Get("LISTED_ON"))
	e.Add("notes", n.Get("REFERENCE_NUMBER"))
	return e, nil
}

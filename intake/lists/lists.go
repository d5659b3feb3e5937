// Package lists reads the lists of persons, organisations and vessels that authorities publish: those of the United Nations Security
// Council, of the United States (OFAC), the European Union and the United Kingdom, and the public notices of police.
//
// Each becomes one entity with its names, dates, countries and numbers; what a list says beside these is kept as a note or left out.
// Documentation of the shapes: docs/formats.md.
//
//	un.go       consolidated list of the Security Council, XML
//	ofac.go     Specially Designated Nationals, CSV with its aliases beside it, and XML
//	eu.go       consolidated financial sanctions, XML
//	uk.go       UK sanctions list, XML
//	notices.go  the shape of the public notices API, JSON
package lists

import (
	"context"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"tarir/entity"
	"tarir/intake"
	"tarir/intake/xmlscan"
)

// Formats lists the formats.
var Formats = []*intake.Format{UN, SDN, sdnAliases, sdnAddresses, SDNXML, EU, UK, Notices}

// Licence is what is known of the terms of a list.
type Licence struct{ Name, Title, Licence, URL string }

// Licences tells the terms of each format's list, as its publisher states them; whoever uses one reads them there.
var Licences = map[string]Licence{
	UN.Name:      {"un-sc", "United Nations Security Council Consolidated List", "United Nations: published for use; attribute, do not alter", "https://main.un.org/securitycouncil/en/content/un-sc-consolidated-list"},
	SDN.Name:     {"us-ofac-sdn", "OFAC Specially Designated Nationals and Blocked Persons List", "work of the government of the United States, public domain", "https://sanctionslist.ofac.treas.gov/Home/SdnList"},
	SDNXML.Name:  {"us-ofac-sdn", "OFAC Specially Designated Nationals and Blocked Persons List", "work of the government of the United States, public domain", "https://sanctionslist.ofac.treas.gov/Home/SdnList"},
	EU.Name:      {"eu-fsf", "EU Consolidated Financial Sanctions List", "© European Union: reuse allowed with acknowledgement (Decision 2011/833/EU)", "https://data.europa.eu/data/datasets/consolidated-list-of-persons-groups-and-entities-subject-to-eu-financial-sanctions"},
	UK.Name:      {"gb-sanctions", "UK Sanctions List", "Open Government Licence v3.0", "https://www.gov.uk/government/publications/the-uk-sanctions-list"},
	Notices.Name: {"notices", "Public notices", "terms of the publishing authority", ""},
}

// maker makes the entities of an element: whom it is about, and what they hold.
type maker = func(xmlscan.Node, *intake.Out) ([]*entity.Entity, error)

// records reads the elements of one name.
func records(ctx context.Context, text *intake.Text, out *intake.Out, element string, make maker) error {
	return each(ctx, xmlscan.New(text), out, map[string]maker{element: make})
}

// each reads the elements of some names, each of which becomes an entity.
func each(ctx context.Context, s *xmlscan.Scanner, out *intake.Out, makers map[string]maker) error {
	var tree xmlscan.Tree
	for n := 0; ; n++ {
		if n&255 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		found, err := s.Start()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		make := makers[string(found)]
		if make == nil {
			continue
		}
		out.Begin(s.Line())
		node, err := s.Tree(&tree)
		if xmlscan.OfRecord(err) {
			if err := out.Reject(err.Error(), tree.Raw()); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return errors.Join(out.Reject(err.Error(), tree.Raw()), err)
		}
		if err := take(out, node, tree.Raw, make); err != nil {
			return err
		}
	}
}

func take(out *intake.Out, node xmlscan.Node, raw func() string, make maker) error {
	list, err := make(node, out)
	if err != nil {
		return out.Reject(err.Error(), raw())
	}
	return keep(out, list, raw)
}

// keep takes an entity that has a name, with what it holds, and rejects one that has none.
func keep(out *intake.Out, list []*entity.Entity, raw func() string) error {
	if len(list[0].Names()) == 0 {
		return out.Reject("it has no name", raw())
	}
	for _, e := range list {
		if err := out.Entity(e); err != nil {
			return err
		}
	}
	out.Accept()
	return nil
}

var errID = errors.New("it has no number of its own")

// begin makes the entity of a list.
func begin(schema, list, id string) *entity.Entity {
	return &entity.Entity{ID: list + "-" + strings.ToLower(strings.ReplaceAll(id, " ", "")), Schema: schema, Properties: map[string][]string{}}
}

// bare takes the letters off a number of the International Maritime Organization, which lists write with and without; others stay.
func bare(property, number string) string {
	if property == "imoNumber" {
		return strings.TrimSpace(strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(number)), "IMO"))
	}
	return number
}

// full joins the parts of a name.
func full(parts ...string) string {
	return strings.Join(strings.Fields(strings.Join(parts, " ")), " ")
}

// addCountry adds countries by their codes, and notes those that are not known.
func addCountry(e *entity.Entity, out *intake.Out, property string, values ...string) {
	for _, v := range values {
		v = strings.TrimSpace(v)
		if v == "" {
			continue
		}
		if c := entity.CountryNamed(v); c != "" {
			e.Add(property, strings.ToLower(c))
		} else {
			out.Note("%q is no country that is known: left out", clip(v))
		}
	}
}

func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

var (
	yearForm  = regexp.MustCompile(`^(1[89]|20)[0-9]{2}$`)
	aboutForm = regexp.MustCompile(`(?i)^(circa|approximately|approx\.?|about|c\.|between)\s+`)
	spanForm  = regexp.MustCompile(`(?i)^(.*\b(?:1[89]|20)[0-9]{2})\s*(?:to|and|-|–)\s*(.*\b(?:1[89]|20)[0-9]{2})$`)
)

// dates reads a date as lists write them, in FollowTheMoney's form: a day, a month, a year, "circa" or a span of at most six years, of
// which each year is told. ok is false where it is none.
func dates(s string) (out []string, ok bool) {
	s = strings.TrimSpace(aboutForm.ReplaceAllString(strings.TrimSpace(s), ""))
	if m := spanForm.FindStringSubmatch(s); m != nil {
		a, okA := dates(m[1])
		b, okB := dates(m[2])
		if !okA || !okB {
			return nil, false
		}
		from, _ := strconv.Atoi(a[0][:4])
		to, _ := strconv.Atoi(b[0][:4])
		if to < from || to-from > 6 {
			return nil, false
		}
		for y := from; y <= to; y++ {
			out = append(out, strconv.Itoa(y))
		}
		return out, true
	}
	if yearForm.MatchString(s) {
		return []string{s}, true
	}
	for _, f := range []struct{ in, out string }{
		{"2006-01-02", "2006-01-02"}, {"2006-01-02T15:04:05", "2006-01-02"}, {"02 Jan 2006", "2006-01-02"}, {"2 Jan 2006", "2006-01-02"}, {"Jan 2006", "2006-01"}, {"2006-01", "2006-01"}, {"02/01/2006", "2006-01-02"}, {"2006/01/02", "2006-01-02"}, {"2006/1/2", "2006-01-02"}, {"January 2006", "2006-01"},
	} {
		if t, err := time.Parse(f.in, s); err == nil {
			return []string{t.Format(f.out)}, true
		}
	}
	// 00/00/1971 and 00/05/1971: what is not known is written as nought.
	if p := strings.Split(s, "/"); len(p) == 3 && len(p[2]) == 4 && yearForm.MatchString(p[2]) {
		if m, err := strconv.Atoi(p[1]); err == nil && m >= 1 && m <= 12 {
			return []string{p[2] + "-" + p[1]}, true
		}
		return []string{p[2]}, true
	}
	return nil, false
}

func addBirth(e *entity.Entity, out *intake.Out, values ...string) {
	for _, v := range values {
		if strings.TrimSpace(v) == "" {
			continue
		}
		if d, ok := dates(v); ok {
			e.Add("birthDate", d...)
		} else {
			out.Note("the birth date %q is not understood: left out", clip(v))
		}
	}
}

var (
	inBrackets = regexp.MustCompile(`^(.*?)\s*\(([^()]*)\)\s*(.*)$`)
	leadIn     = regexp.MustCompile(`(?i)^(original script|in arabic|arabic|in original script|chinese|russian|korean)\s*:\s*`)
)

// addName adds a name as lists write it: what stands in brackets behind it is another one where it is written in other letters, or is the
// short form of an organisation.
func addName(e *entity.Entity, property, s string) {
	s = full(s)
	m := inBrackets.FindStringSubmatch(s)
	if m == nil || m[1] == "" {
		e.Add(property, s)
		return
	}
	inner := strings.TrimSpace(leadIn.ReplaceAllString(m[2], ""))
	outer := full(m[1], m[3])
	switch {
	case foreign(inner) != foreign(outer):
		e.Add(property, outer)
		e.Add("alias", inner)
	case e.Schema != "Person" && inner == strings.ToUpper(inner) && len(inner) >= 3 && len(inner) <= 8 && !strings.Contains(inner, " "):
		e.Add(property, outer)
		e.Add("weakAlias", inner)
	default:
		e.Add(property, s)
	}
}

// foreign says that a text has letters that are not Latin.
func foreign(s string) bool {
	for _, r := range s {
		if unicode.IsLetter(r) && !unicode.Is(unicode.Latin, r) {
			return true
		}
	}
	return false
}

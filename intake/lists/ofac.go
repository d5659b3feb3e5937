package lists

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"regexp"
	"strings"

	"tarir/entity"
	"tarir/intake"
	"tarir/intake/xmlscan"
)

var (
	sdnForm = regexp.MustCompile(`(?m)^"?[0-9]+"?,"[^"\n]+",("?(-0- ?|individual|vessel|aircraft)"?),`)
	altForm = regexp.MustCompile(`(?m)^"?[0-9]+"?,"?[0-9]+"?,"(aka|fka|nka)",`)
	addForm = regexp.MustCompile(`(?m)^"?[0-9]+"?,"?[0-9]+"?,("[^"\n]*"|-0- ?),("[^"\n]*"|-0- ?),("[^"\n]*"|-0- ?),`)
)

// SDN reads sdn.csv, with alt.csv beside it. It has no header; OFAC documents the columns.
var SDN = &intake.Format{
	Name:   "ofac-sdn",
	Wanted: "OFAC list of Specially Designated Nationals, CSV (sdn.csv, with alt.csv beside it)",
	Sniff:  func(head []byte) bool { return sdnForm.Match(firstLine(head)) },
	Read:   readSDN,
	Rank:   20,
}

var sdnAliases = &intake.Format{Name: "ofac-alt", Sniff: func(head []byte) bool { return altForm.Match(firstLine(head)) }, Skipped: "aliases of OFAC's list: read together with sdn.csv", Rank: 20}

var sdnAddresses = &intake.Format{Name: "ofac-add", Sniff: func(head []byte) bool {
	return !altForm.Match(firstLine(head)) && addForm.Match(firstLine(head)) && bytes.Contains(head, []byte("-0-"))
}, Skipped: "addresses of OFAC's list: nobody is found by them", Rank: 21}

func firstLine(head []byte) []byte {
	line, _, _ := bytes.Cut(bytes.TrimLeft(head, "\ufeff\r\n"), []byte("\n"))
	return line
}

func readSDN(ctx context.Context, in *intake.Input, text *intake.Text, out *intake.Out) error {
	aliases := map[string][][2]string{}
	name := strings.NewReplacer("sdn", "alt", "SDN", "ALT", "cons_prim", "cons_alt")
	if base := in.Name; name.Replace(base) != base {
		t, err := in.Sibling(name.Replace(base))
		switch {
		case err == nil:
			err = errors.Join(readRows(ctx, t, func(row []string, _ int) error {
				if len(row) >= 4 {
					aliases[row[0]] = append(aliases[row[0]], [2]string{row[2], row[3]})
				}
				return nil
			}), t.Close())
			if err != nil {
				return err
			}
		default:
			out.Note("the aliases (%s) are not beside it: nobody is found by them", name.Replace(base))
		}
	}
	return readRows(ctx, text, func(row []string, line int) error {
		out.Begin(int64(line))
		raw := func() string { return strings.Join(row, ",") }
		if len(row) < 12 {
			return out.Reject("a row of this list has twelve fields", raw())
		}
		e := begin(sdnSchema(row[2]), "ofac", row[0])
		addSDNName(e, "name", row[1])
		for _, a := range aliases[row[0]] {
			p := "alias"
			if a[0] == "fka" {
				p = "previousName"
			}
			addSDNName(e, p, a[1])
		}
		e.Add("program", null(row[3]))
		e.Add("topics", "sanction")
		if e.Schema == "Vessel" {
			e.Add("callSign", null(row[5]))
			addCountry(e, out, "flag", null(row[9]))
		} else {
			e.Add("position", null(row[4]))
		}
		return keep(out, append([]*entity.Entity{e}, remarks(e, out, null(row[11]))...), raw)
	})
}

func null(s string) string {
	if s = strings.TrimSpace(s); s == "-0-" {
		return ""
	}
	return s
}

func sdnSchema(s string) string {
	switch strings.ToLower(null(s)) {
	case "individual":
		return "Person"
	case "vessel":
		return "Vessel"
	case "aircraft":
		return "Airplane"
	}
	return "Organization"
}

// addSDNName turns "LAST, First" of a person round.
func addSDNName(e *entity.Entity, property, s string) {
	last, first, both := strings.Cut(null(s), ",")
	if e.Schema != "Person" || !both {
		addName(e, property, null(s))
		return
	}
	e.Add(property, full(first, last))
	if property == "name" {
		e.Add("firstName", first)
		e.Add("lastName", last)
	}
}

var (
	documentForm = regexp.MustCompile(`^([A-Za-z][A-Za-z. /&'-]*?)(?: No\.| Number)? #?([A-Z0-9][A-Za-z0-9/.-]*) \(([^)]*)\)`)
	bareForm     = regexp.MustCompile(`^(SWIFT/BIC|MMSI|D-U-N-S Number|Aircraft Tail Number|Aircraft Manufacturer's Serial Number \(MSN\)|Aircraft Mode S Transponder Code|(?:Vessel Registration Identification|Company Number|Identification Number) IMO|Registration (?:ID|Number)|Tax ID No\.|Trade License No\.) ([A-Z0-9][A-Za-z0-9/.-]*)(?: \(([^)]*)\))?$`)
	weakForm     = regexp.MustCompile(`^a\.k\.a\. ['"](.+)['"]$`)
	moneyForm    = regexp.MustCompile(`^(Digital Currency Address - [A-Z0-9]+) (\S+)`)
)

// remarks reads the last column, which holds what else is known, item by item. It gives the wallets among it.
func remarks(e *entity.Entity, out *intake.Out, s string) (wallets []*entity.Entity) {
	for item := range strings.SplitSeq(strings.TrimSuffix(s, "."), ";") {
		item = strings.TrimPrefix(strings.TrimSpace(item), "alt. ")
		rest := func(prefix string) (string, bool) { return strings.CutPrefix(item, prefix) }
		if v, ok := rest("DOB "); ok {
			addBirth(e, out, v)
		} else if v, ok := rest("POB "); ok {
			e.Add("birthPlace", v)
		} else if v, ok := rest("nationality "); ok {
			addCountry(e, out, "nationality", v)
		} else if v, ok := rest("citizen "); ok {
			addCountry(e, out, "citizenship", v)
		} else if v, ok := rest("Gender "); ok {
			e.Add("gender", strings.ToLower(v))
		} else if v, ok := rest("Email Address "); ok {
			e.Add("email", v)
		} else if v, ok := rest("Phone Number "); ok {
			e.Add("phone", v)
		} else if v, ok := rest("Telephone"); ok {
			e.Add("phone", strings.TrimLeft(v, ": "))
		} else if v, ok := rest("Website "); ok {
			e.Add("website", v)
		} else if m := weakForm.FindStringSubmatch(item); m != nil {
			addSDNName(e, "weakAlias", m[1])
		} else if v, ok := rest("Former Vessel Flag "); ok {
			addCountry(e, out, "pastFlags", v)
		} else if m := moneyForm.FindStringSubmatch(item); m != nil {
			if w, ok := holding(e, m[1], m[2]); ok {
				wallets = append(wallets, w)
			}
		} else if m := bareForm.FindStringSubmatch(item); m != nil {
			addOfficial(e, m[1], m[2], m[3])
		} else if m := documentForm.FindStringSubmatch(item); m != nil {
			addOfficial(e, m[1], m[2], m[3])
		}
	}
	return wallets
}

var walletForm = regexp.MustCompile(`^Digital Currency Address - ([A-Z0-9]+)$`)

// holding makes the wallet of a listed entity, where kind says that the number is one.
func holding(e *entity.Entity, kind, number string) (*entity.Entity, bool) {
	m := walletForm.FindStringSubmatch(strings.TrimSpace(kind))
	if m == nil || strings.TrimSpace(number) == "" {
		return nil, false
	}
	w := &entity.Entity{ID: e.ID + "-" + strings.TrimSpace(number), Schema: "CryptoWallet", Properties: map[string][]string{}}
	return w.Add("publicKey", number).Add("currencySymbol", m[1]).Add("holder", e.ID).Add("topics", "sanction"), true
}

// numbers are the properties of official numbers, by how the kinds begin that OFAC tells them by; the longest that fits counts.
var numbers = []struct{ kind, property string }{
	{"passport", "passportNumber"},
	{"tax", "taxNumber"},
	{"v.a.t.", "vatCode"},
	{"r.f.c.", "taxNumber"},
	{"nit", "taxNumber"},
	{"italian fiscal code", "taxNumber"},
	{"rtn", "taxNumber"},
	{"swift/bic", "swiftBic"},
	{"d-u-n-s", "dunsCode"},
	{"lei", "leiCode"},
	{"legal entity number", "registrationNumber"},
	{"mmsi", "mmsi"},
	{"vessel registration identification", "imoNumber"},
	{"identification number imo", "imoNumber"},
	{"company number imo", "imoNumber"},
	{"aircraft tail number", "registrationNumber"},
	{"aircraft manufacturer", "serialNumber"},
	{"aircraft mode s", "icaoCode"},
	{"registration", "registrationNumber"},
	{"company", "registrationNumber"},
	{"folio mercantil", "registrationNumber"},
	{"commercial registry", "registrationNumber"},
	{"business", "registrationNumber"},
	{"c.r. no", "registrationNumber"},
	{"unified social credit", "registrationNumber"},
	{"matricula mercantil", "registrationNumber"},
	{"chamber of commerce", "registrationNumber"},
	{"trade license", "licenseNumber"},
}

// numberOf gives the property of an official number by what OFAC calls its kind; empty where it is none that is known.
func numberOf(kind string) string {
	kind = strings.ToLower(strings.TrimSpace(kind))
	best, property := 0, ""
	for _, n := range numbers {
		if len(n.kind) > best && strings.HasPrefix(kind, n.kind) {
			best, property = len(n.kind), n.property
		}
	}
	return property
}

// addOfficial adds an official number; issuer is a country, an authority or a town.
func addOfficial(e *entity.Entity, kind, number, issuer string) {
	p := numberOf(kind)
	if p == "" {
		p = "idNumber"
	}
	e.Add(p, bare(p, number))
	if c := entity.CountryNamed(issuer); c != "" {
		e.Add("country", strings.ToLower(c))
	}
}

// readRows reads CSV rows with their lines.
func readRows(ctx context.Context, text io.Reader, row func([]string, int) error) error {
	r := csv.NewReader(text)
	r.FieldsPerRecord, r.LazyQuotes, r.ReuseRecord = -1, true, true
	for n := 0; ; n++ {
		if n&4095 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if len(fields) == 1 && strings.Trim(fields[0], "\x1a \t") == "" {
			continue // the sign at the end of old files
		}
		line, _ := r.FieldPos(0)
		if err := row(fields, line); err != nil {
			return err
		}
	}
}

// SDNXML reads sdn.xml.
var SDNXML = &intake.Format{
	Name:   "ofac-sdn-xml",
	Wanted: "OFAC list of Specially Designated Nationals, XML (sdnList)",
	Sniff:  func(head []byte) bool { return bytes.Contains(head, []byte("<sdnList")) },
	Read: func(ctx context.Context, _ *intake.Input, text *intake.Text, out *intake.Out) error {
		return records(ctx, text, out, "sdnEntry", sdnEntry)
	},
	Rank: 20,
}

func sdnEntry(n xmlscan.Node, out *intake.Out) ([]*entity.Entity, error) {
	id := n.Get("uid")
	if id == "" {
		return nil, errID
	}
	e := begin(sdnSchema(n.Get("sdnType")), "ofac", id)
	list := []*entity.Entity{e}
	e.Add("name", full(n.Get("firstName"), n.Get("lastName")))
	e.Add("firstName", n.Get("firstName"))
	if e.Schema == "Person" {
		e.Add("lastName", n.Get("lastName"))
		e.Add("position", n.Get("title"))
	}
	n.Child("akaList").Each("aka", func(a xmlscan.Node) {
		p := "alias"
		switch {
		case strings.HasPrefix(a.Get("type"), "f.k.a"):
			p = "previousName"
		case a.Get("category") == "weak":
			p = "weakAlias"
		}
		e.Add(p, full(a.Get("firstName"), a.Get("lastName")))
	})
	n.Child("programList").Each("program", func(p xmlscan.Node) { e.Add("program", p.Text()) })
	n.Child("dateOfBirthList").Each("dateOfBirthItem", func(d xmlscan.Node) { addBirth(e, out, d.Get("dateOfBirth")) })
	n.Child("placeOfBirthList").Each("placeOfBirthItem", func(d xmlscan.Node) { e.Add("birthPlace", d.Get("placeOfBirth")) })
	n.Child("nationalityList").Each("nationality", func(c xmlscan.Node) { addCountry(e, out, "nationality", c.Get("country")) })
	n.Child("citizenshipList").Each("citizenship", func(c xmlscan.Node) { addCountry(e, out, "citizenship", c.Get("country")) })
	n.Child("addressList").Each("address", func(a xmlscan.Node) { addCountry(e, out, "country", a.Get("country")) })
	n.Child("idList").Each("id", func(d xmlscan.Node) {
		kind, number := d.Get("idType"), d.Get("idNumber")
		w, isWallet := holding(e, kind, number)
		p := numberOf(kind)
		switch low := strings.ToLower(kind); {
		case isWallet:
			list = append(list, w)
		case low == "gender":
			e.Add("gender", strings.ToLower(number))
		case strings.HasPrefix(low, "email"):
			e.Add("email", number)
		case strings.HasPrefix(low, "phone"):
			e.Add("phone", number)
		case low == "website":
			e.Add("website", number)
		case low == "former vessel flag":
			addCountry(e, out, "pastFlags", number)
		case p != "":
			e.Add(p, bare(p, number))
		case d.Get("idCountry") != "":
			e.Add("idNumber", number)
		}
	})
	e.Add("callSign", n.Get("vesselInfo", "callSign"))
	addCountry(e, out, "flag", n.Get("vesselInfo", "vesselFlag"))
	e.Add("topics", "sanction")
	return list, nil
}

// Package goaml reads goAML reports (UNODC), schemas 4.x and 5.x: every report code, bi-party and multi-party
// transactions, activity reports, and the persons, entities and accounts in them.
//
// The order of elements is fixed by UNODC, the mandatory set and all code lists are each country's own, so elements are
// found by name and codes are kept as they are; codes.toml explains those that are known. Amounts are in the report's
// local currency even where the deal was in another (goAML: amount_local). Parties of a multi-party transaction have
// national roles: without a known role who paid whom is not guessed, and the transaction is kept as undirected.
package goaml

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/BurntSushi/toml"

	"tarir/entity"
	"tarir/intake"
	"tarir/intake/xmlscan"
	"tarir/money/ledger"
)

// Format reads goAML XML.
var Format = &intake.Format{
	Name:   "goaml",
	Wanted: "goAML XML (report with transaction or activity)",
	Sniff: func(head []byte) bool {
		if !looksXML(head) {
			return false
		}
		for _, mark := range []string{"<rentity_id", "<report_code", "<transactionnumber", "<reportdata", "<report_party"} {
			if bytes.Contains(head, []byte(mark)) {
				return true
			}
		}
		return false
	},
	Read: read,
	Rank: 30,
}

func looksXML(head []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(head), []byte("<")) }

//go:embed codes.toml
var codesText string

// Codes are national code tables as data: what a code means, and what Tarir does with it.
type Codes struct {
	// Channel maps funds and transmission codes to channels; the first that is known decides.
	Channel map[string]string `toml:"channel"`
	// Paying and Receiving list roles of multi-party transactions that say who paid whom.
	Paying    []string `toml:"paying"`
	Receiving []string `toml:"receiving"`
	// Report explains report codes.
	Report map[string]string `toml:"report"`
}

func codes() (*Codes, error) {
	var c Codes
	if _, err := toml.Decode(codesText, &c); err != nil {
		return nil, fmt.Errorf("goAML code tables: %w", err)
	}
	return &c, nil
}

type reader struct {
	out   *intake.Out
	codes *Codes
	// of the report being read
	currency, report, entityRef, rentity string
	indicators                           []string
}

func read(ctx context.Context, _ *intake.Input, text *intake.Text, out *intake.Out) error {
	c, err := codes()
	if err != nil {
		return err
	}
	r := &reader{out: out, codes: c}
	s := xmlscan.New(text)
	var tree xmlscan.Tree
	for n := 0; ; n++ {
		if n&255 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		name, err := s.Start()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch string(name) {
		case "report":
			r.currency, r.report, r.entityRef, r.rentity, r.indicators = "", "", "", "", nil
		case "transaction", "report_party":
			party := string(name) == "report_party"
			out.Begin(s.Line())
			node, err := s.Tree(&tree)
			if xmlscan.OfRecord(err) {
				err = out.Reject(err.Error(), tree.Raw())
			} else if err != nil {
				if rerr := out.Reject(err.Error(), tree.Raw()); rerr != nil {
					return rerr
				}
				return err
			} else if party {
				err = r.party(node)
			} else {
				err = r.transaction(node, tree.Raw())
			}
			if err != nil {
				return err
			}
		case "rentity_id", "report_code", "entity_reference", "currency_code_local", "indicator":
			node, err := s.Tree(&tree)
			if err != nil {
				return err
			}
			r.header(node)
		case "location", "reporting_person", "goods_services":
			if err := s.Skip(); err != nil {
				return err
			}
		}
	}
}

func (r *reader) header(n xmlscan.Node) {
	v := n.Text()
	switch n.Name() {
	case "rentity_id":
		r.rentity = v
	case "report_code":
		r.report = v
		r.out.Note("report code %s%s", v, explained(r.codes.Report[v]))
	case "entity_reference":
		r.entityRef = v
	case "currency_code_local":
		r.currency = v
	case "indicator":
		r.indicators = append(r.indicators, v)
		r.out.Note("reporter's indicator %s", v)
	}
}

func explained(s string) string {
	if s == "" {
		return " (not in the code tables; kept)"
	}
	return " (" + s + ")"
}

func (r *reader) transaction(n xmlscan.Node, raw string) error {
	var p ledger.Payment
	if err := intake.SetTime(&p, n.Get("date_transaction")); err != nil {
		return r.out.Reject("date_transaction: "+err.Error(), raw)
	}
	if p.OffsetMin == 0 && p.At%86_400_000 == 0 {
		p.DateOnly = true // reporters without a time of day write midnight
	}
	var err error
	if p.Paid.Units, p.Paid.Scale, err = ledger.ParseDecimal(n.Get("amount_local"), '.'); err != nil {
		return r.out.Reject("amount_local: "+err.Error(), raw)
	}
	p.Paid.Currency = r.currency
	if p.Paid.Currency == "" {
		// Extracts without a report root name no currency but may name one on an account.
		p.Paid.Currency = firstText(n, "currency_code")
		if p.Paid.Currency == "" {
			p.Paid.Currency = r.out.AssumeCurrency("the report names no currency_code_local and no account names a currency")
		}
	}
	p.Ref, p.Purpose = n.Get("transactionnumber"), n.Get("transaction_description")
	p.Place = first(n.Get("transaction_location"))
	p.Device = firstText(n, "ip_address")
	if parties := n.Child("involved_parties"); parties.OK() {
		return r.multiParty(parties, n.Get("transmode_code"), &p, raw)
	}
	from, to := either(n, "t_from_my_client", "t_from"), either(n, "t_to_my_client", "t_to")
	if !from.OK() || !to.OK() {
		return r.out.Reject("a bi-party transaction needs one t_from and one t_to, and a multi-party one involved_parties", raw)
	}
	if p.From, p.FromName, err = r.side(from, "from_"); err != nil {
		return err
	}
	if p.To, p.ToName, err = r.side(to, "to_"); err != nil {
		return err
	}
	// The other currency of the deal, kept beside the local amount that the law counts in.
	if f := to.Child("to_foreign_currency"); f.OK() {
		if u, scale, err := ledger.ParseDecimal(f.Get("foreign_amount"), '.'); err == nil && ledger.KnownCurrency(f.Get("foreign_currency_code")) {
			p.Received = ledger.Money{Units: u, Scale: scale, Currency: f.Get("foreign_currency_code")}
		}
	}
	fromFunds, toFunds := from.Get("from_funds_code"), to.Get("to_funds_code")
	p.Channel = r.channel(fromFunds, toFunds, n.Get("transmode_code"))
	// Cash is the world outside: a deposit comes from there, a withdrawal goes there.
	fromCash, toCash := r.isCash(fromFunds), r.isCash(toFunds)
	switch {
	case fromCash && !toCash && hasAccount(to, "to_"):
		p.Channel = ledger.ChannelCashDeposit
		p.From = ledger.Account{}
	case toCash && !fromCash && hasAccount(from, "from_"):
		p.Channel = ledger.ChannelCashWithdrawal
		p.To = ledger.Account{}
	}
	p.Key = r.mirror(&p)
	return r.out.Payment(&p, raw)
}

// mirror is the identity of a payment that the bank of the other side reports as well: both accounts, the amount and
// the second. Payments between sides without an account number are told apart by their reference.
func (r *reader) mirror(p *ledger.Payment) string {
	if p.From.Number == "" || p.To.Number == "" || p.From.Institution == "name" || p.To.Institution == "name" || p.DateOnly {
		return ""
	}
	return fmt.Sprintf("goaml|%s|%s|%d|%d|%d|%s", p.From, p.To, p.At, p.Paid.Units, p.Paid.Scale, p.Paid.Currency)
}

func either(n xmlscan.Node, names ...string) xmlscan.Node {
	for _, name := range names {
		if c := n.Child(name); c.OK() {
			return c
		}
	}
	return xmlscan.Node{}
}

// firstText is the text of the first descendant of a name.
func firstText(n xmlscan.Node, name string) string {
	for c := n.First(); c.OK(); c = c.Next() {
		if c.Name() == name && c.Text() != "" {
			return c.Text()
		}
		if t := firstText(c, name); t != "" {
			return t
		}
	}
	return ""
}

func hasAccount(side xmlscan.Node, prefix string) bool {
	return side.At(prefix+"account", "account").Text() != ""
}

// side reads a t_from or t_to: an account, a person or an entity, with what is told of the people around it.
func (r *reader) side(n xmlscan.Node, prefix string) (ledger.Account, string, error) {
	if a := n.Child(prefix + "account"); a.OK() {
		return r.account(a)
	}
	if p := n.Child(prefix + "person"); p.OK() {
		return r.person(p)
	}
	return r.entity(n.Child(prefix + "entity"))
}

func (r *reader) account(n xmlscan.Node) (ledger.Account, string, error) {
	inst := first(n.Get("swift"), n.Get("institution_code"), n.Get("institution_name"))
	number := first(n.Get("account"), n.Get("iban"))
	a := ledger.Account{Institution: inst, Number: number}
	name := n.Get("account_name")
	if number == "" {
		return intake.DirectAccount(name, ""), name, nil
	}
	e := entity.New("BankAccount", inst, number).Add("accountNumber", n.Get("account")).Add("iban", n.Get("iban")).Add("bic", n.Get("swift"))
	e.Add("bankName", n.Get("institution_name")).Add("name", name).Add("currency", n.Get("currency_code"))
	e.Add("openingDate", day(n.Get("opened"))).Add("closingDate", day(n.Get("closed")))
	if err := r.out.Entity(e); err != nil {
		return a, name, err
	}
	own := func(id string) error {
		return r.out.Entity(entity.New("Ownership", id, e.ID).Add("owner", id).Add("asset", e.ID))
	}
	if t := n.Child("t_entity"); t.OK() {
		o, err := r.legalEntity(t)
		if err != nil {
			return a, name, err
		}
		if err := own(o.ID); err != nil {
			return a, name, err
		}
	}
	var err error
	people := func(p xmlscan.Node) {
		if err != nil {
			return
		}
		var x *entity.Entity
		if x, err = r.naturalPerson(p.Child("t_person")); err == nil && x != nil {
			err = own(x.ID)
		}
	}
	n.Each("signatory", people)
	n.Child("related_persons").Each("account_related_person", people)
	return a, name, err
}

func (r *reader) person(n xmlscan.Node) (ledger.Account, string, error) {
	e, err := r.naturalPerson(n)
	if err != nil || e == nil {
		return ledger.Account{}, "", err
	}
	name := e.First("name")
	return intake.DirectAccount(name, e.First("birthDate")), name, nil
}

func (r *reader) entity(n xmlscan.Node) (ledger.Account, string, error) {
	if !n.OK() {
		return ledger.Account{}, "", nil
	}
	e, err := r.legalEntity(n)
	if err != nil {
		return ledger.Account{}, "", err
	}
	return intake.DirectAccount(e.First("name"), e.First("registrationNumber")), e.First("name"), nil
}

// naturalPerson keeps a t_person. Sensitive fields (religion, ethnicity) do not exist in goAML; documents and contacts
// do and are kept.
func (r *reader) naturalPerson(n xmlscan.Node) (*entity.Entity, error) {
	if !n.OK() {
		return nil, nil
	}
	name := strings.Join(strings.Fields(n.Get("first_name")+" "+n.Get("middle_name")+" "+n.Get("last_name")), " ")
	birth := day(n.Get("birthdate"))
	id := n.Get("id_number")
	if name == "" && id == "" {
		return nil, nil
	}
	e := entity.New("Person", strings.ToUpper(name), birth, id).Add("name", name, n.Get("full_name_frn"))
	e.Add("firstName", n.Get("first_name")).Add("lastName", n.Get("last_name")).Add("birthDate", birth)
	e.Add("alias", n.Get("alias")).Add("idNumber", id, n.Get("ssn")).Add("passportNumber", n.Get("passport_number"))
	e.Add("nationality", n.Get("nationality1"), n.Get("nationality2"), n.Get("nationality3")).Add("taxNumber", n.Get("tax_number"))
	e.Add("position", n.Get("occupation"))
	switch n.Get("gender") {
	case "M":
		e.Add("gender", "male")
	case "F":
		e.Add("gender", "female")
	}
	contacts(e, n)
	for _, list := range []xmlscan.Node{n, n.Child("identifications")} {
		list.Each("identification", func(i xmlscan.Node) { e.Add("idNumber", i.Get("number")) })
	}
	return e, r.out.Entity(e)
}

func contacts(e *entity.Entity, n xmlscan.Node) {
	n.Child("phones").Each("phone", func(p xmlscan.Node) {
		e.Add("phone", p.Get("tph_country_prefix")+p.Get("tph_number"))
	})
	n.Each("email", func(m xmlscan.Node) { e.Add("email", m.Text()) })
	n.Child("emails").Each("email", func(m xmlscan.Node) { e.Add("email", m.Text()) })
	n.Child("addresses").Each("address", func(a xmlscan.Node) {
		e.Add("address", strings.Join(nonEmpty(a.Get("address"), a.Get("zip"), a.Get("city"), a.Get("country_code")), ", "))
	})
}

func (r *reader) legalEntity(n xmlscan.Node) (*entity.Entity, error) {
	name, number := n.Get("name"), n.Get("incorporation_number")
	e := entity.New("Company", strings.ToUpper(name), number).Add("name", name, n.Get("commercial_name"))
	e.Add("registrationNumber", number).Add("jurisdiction", n.Get("incorporation_country_code")).Add("incorporationDate", day(n.Get("incorporation_date")))
	e.Add("taxNumber", n.Get("tax_number")).Add("sector", n.Get("business")).Add("legalForm", n.Get("incorporation_legal_form"))
	n.Each("url", func(u xmlscan.Node) { e.Add("website", u.Text()) })
	contacts(e, n)
	if err := r.out.Entity(e); err != nil {
		return e, err
	}
	var err error
	director := func(d xmlscan.Node) {
		if err != nil {
			return
		}
		p := d
		if t := d.Child("t_person"); t.OK() {
			p = t
		}
		var x *entity.Entity
		if x, err = r.naturalPerson(p); err == nil && x != nil {
			err = r.out.Entity(entity.New("Directorship", x.ID, e.ID).Add("director", x.ID).Add("organization", e.ID).Add("role", d.Get("role")))
		}
	}
	n.Each("director_id", director)
	n.Child("related_persons").Each("entity_related_person", director)
	return e, err
}

// multiParty finds exactly one payer and one receiver by role, or keeps the transaction undirected.
func (r *reader) multiParty(parties xmlscan.Node, transmode string, p *ledger.Payment, raw string) error {
	type found struct {
		account ledger.Account
		name    string
	}
	var pay, receive, all []found
	var funds []string
	var err error
	parties.Each("party", func(n xmlscan.Node) {
		if err != nil {
			return
		}
		var f found
		f.account, f.name, err = r.anyParty(n)
		all = append(all, f)
		switch role := n.Get("role"); {
		case contains(r.codes.Paying, role):
			pay = append(pay, f)
		case contains(r.codes.Receiving, role):
			receive = append(receive, f)
		}
		funds = append(funds, n.Get("funds_code"))
	})
	p.Channel = r.channel(append(funds, transmode)...)
	switch {
	case err != nil:
		return err
	case len(pay) == 1 && len(receive) == 1:
		p.From, p.FromName, p.To, p.ToName = pay[0].account, pay[0].name, receive[0].account, receive[0].name
	case len(all) == 0:
		return r.out.Reject("a multi-party transaction without a party", raw)
	default:
		p.Status = ledger.Undirected
		p.From, p.FromName = all[0].account, all[0].name
		if len(all) > 1 {
			p.To, p.ToName = all[1].account, all[1].name
		}
		r.out.Note("multi-party transactions whose roles are not in the code tables: parties known, direction unknown; not in the payment graph")
	}
	return r.out.Payment(p, raw)
}

func (r *reader) anyParty(n xmlscan.Node) (ledger.Account, string, error) {
	if a := either(n, "account", "account_my_client"); a.OK() {
		return r.account(a)
	}
	if p := either(n, "person", "person_my_client"); p.OK() {
		return r.person(p)
	}
	return r.entity(either(n, "entity", "entity_my_client"))
}

// party keeps a party of an activity report, which tells of people and accounts and not of payments.
func (r *reader) party(n xmlscan.Node) error {
	account, name, err := r.anyParty(n)
	if err != nil {
		return err
	}
	if account.Outside() && name == "" {
		return r.out.Reject("an activity's party without account, person or entity", "")
	}
	r.out.Accept()
	return nil
}

func (r *reader) channel(codes ...string) ledger.Channel {
	for _, c := range codes {
		if ch, ok := ledger.ParseChannel(r.codes.Channel[c]); ok && ch != ledger.ChannelUnknown {
			return ch
		}
	}
	return ledger.ChannelOther
}

func (r *reader) isCash(code string) bool { return r.codes.Channel[code] == "cash_deposit" }

func first(values ...string) string {
	for _, v := range values {
		if v != "" && v != "-" { // "-" is goAML's code for none
			return v
		}
	}
	return ""
}

func day(s string) string {
	if len(s) >= 10 {
		return s[:10]
	}
	return s
}

func nonEmpty(values ...string) []string {
	var out []string
	for _, v := range values {
		if v != "" && v != "-" {
			out = append(out, v)
		}
	}
	return out
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}

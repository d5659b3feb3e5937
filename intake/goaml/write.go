package goaml

import (
	"bufio"
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/mozillazg/go-unidecode"

	"tarir/entity"
	"tarir/money/ledger"
)

// Writer writes a report (goAML 5.0) of transactions between two sides that this package reads back.
type Writer struct {
	w *bufio.Writer
}

// Report says who reports, and what kind of report it is.
type Report struct {
	Entity    int    // rentity_id
	Code      string // report_code
	Reference string // entity_reference
	Currency  string // of the amounts
	Submitted time.Time
	Reason    string
}

// NewWriter starts a report; Close ends it.
func NewWriter(w io.Writer, r Report) *Writer {
	x := &Writer{w: bufio.NewWriter(w)}
	fmt.Fprintf(x.w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<report>\n<rentity_id>%d</rentity_id><submission_code>E</submission_code><report_code>%s</report_code><entity_reference>%s</entity_reference>"+
		"<submission_date>%s</submission_date><currency_code_local>%s</currency_code_local>\n<reason>%s</reason>\n",
		r.Entity, text(r.Code), text(clip(r.Reference, 255)), date(r.Submitted), text(r.Currency), text(clip(r.Reason, 8000)))
	return x
}

// Cash writes a deposit or a withdrawal of cash at an account, by its holder.
func (x *Writer) Cash(p *ledger.Payment, holder *entity.Entity) {
	account, in := p.To, true
	if p.To.Outside() {
		account, in = p.From, false
	}
	person := "<%s_person>" + personOf(holder) + "</%[1]s_person>"
	held := fmt.Sprintf("<%%s_account><institution_name>%s</institution_name><swift>%[1]s</swift><account>%[2]s</account></%%[1]s_account>", text(account.Institution), text(account.Number))
	from, to := fmt.Sprintf(person, "from"), fmt.Sprintf(held, "to")
	fromFunds, toFunds, what := "CASH", "ELCFT", "cash deposit"
	if !in {
		from, to = fmt.Sprintf(held, "from"), fmt.Sprintf(person, "to")
		fromFunds, toFunds, what = "ELCFT", "CASH", "cash withdrawal"
	}
	place := p.Place
	if place == "" {
		place = "-"
	}
	fmt.Fprintf(x.w, "<transaction><transactionnumber>%s</transactionnumber><transaction_location>%s</transaction_location><transaction_description>%s</transaction_description>"+
		"<date_transaction>%s</date_transaction><transmode_code>CASH</transmode_code><transmode_comment>-</transmode_comment><amount_local>%s</amount_local>\n"+
		"<t_from><from_funds_code>%s</from_funds_code>%s<from_country>-</from_country></t_from>\n<t_to><to_funds_code>%s</to_funds_code>%s<to_country>-</to_country></t_to></transaction>\n",
		text(p.Ref), text(place), what, time.UnixMilli(p.At).UTC().Format("2006-01-02T15:04:05.999"), p.Paid.Decimal(), fromFunds, from, toFunds, to)
}

// Side is one side of a transaction. Without an account it is the holder alone, and without a holder the account alone; one of both there is.
type Side struct {
	Account ledger.Account
	IBAN    string
	Name    string         // of the account, where nobody is known to hold it
	Holder  *entity.Entity // a person, a company or another legal entity
	Country string         // ISO 3166, two letters; empty: not known
}

// Transaction is what one side gave the other one.
type Transaction struct {
	Ref         string // transactionnumber, 100 characters at most
	At          time.Time
	Amount      string // a decimal with a point, in the currency of the report
	Description string
	From, To    Side
}

// Transaction writes a transaction between two sides. Codes of funds are those that UNODC proposes; each country has its own table.
func (x *Writer) Transaction(t *Transaction) {
	mode := "ELCFT"
	if t.From.Account.Outside() || t.To.Account.Outside() {
		mode = "CASH"
	}
	fmt.Fprintf(x.w, "<transaction><transactionnumber>%s</transactionnumber><transaction_location>-</transaction_location><transaction_description>%s</transaction_description>"+
		"<date_transaction>%s</date_transaction><transmode_code>%s</transmode_code><transmode_comment>-</transmode_comment><amount_local>%s</amount_local>\n",
		text(clip(t.Ref, 100)), text(clip(t.Description, 8000)), date(t.At), mode, text(t.Amount))
	x.side("from", t.From)
	x.side("to", t.To)
	_, _ = x.w.WriteString("</transaction>\n") // Close tells
}

func (x *Writer) side(which string, s Side) {
	funds := "ELCFT"
	if s.Account.Outside() {
		funds = "CASH"
	}
	fmt.Fprintf(x.w, "<t_%s><%[1]s_funds_code>%s</%[1]s_funds_code>", which, funds)
	switch {
	case !s.Account.Outside():
		fmt.Fprintf(x.w, "<%s_account>%s</%[1]s_account>", which, accountOf(s))
	case s.Holder != nil && entity.Is(s.Holder.Schema, "Person"):
		fmt.Fprintf(x.w, "<%s_person>%s</%[1]s_person>", which, personOf(s.Holder))
	case s.Holder != nil:
		fmt.Fprintf(x.w, "<%s_entity>%s</%[1]s_entity>", which, companyOf(s.Holder))
	default:
		fmt.Fprintf(x.w, "<%s_person><first_name>-</first_name><last_name>-</last_name></%[1]s_person>", which)
	}
	fmt.Fprintf(x.w, "<%s_country>%s</%[1]s_country></t_%[1]s>\n", which, country(s.Country))
}

// Party is somebody of whom an activity is reported, where there are no transactions.
type Party struct {
	Side
	Reason string
}

// Activity writes the parties of an activity. A report has transactions or an activity.
func (x *Writer) Activity(list []Party) {
	_, _ = x.w.WriteString("<activity><report_parties>\n") // Close tells
	for _, p := range list {
		_, _ = x.w.WriteString("<report_party>")
		switch {
		case !p.Account.Outside():
			fmt.Fprintf(x.w, "<account>%s</account>", accountOf(p.Side))
		case p.Holder != nil && entity.Is(p.Holder.Schema, "Person"):
			fmt.Fprintf(x.w, "<person>%s</person>", personOf(p.Holder))
		case p.Holder != nil:
			fmt.Fprintf(x.w, "<entity>%s</entity>", companyOf(p.Holder))
		}
		fmt.Fprintf(x.w, "<reason>%s</reason></report_party>\n", text(clip(p.Reason, 8000)))
	}
	_, _ = x.w.WriteString("</report_parties></activity>\n")
}

// Indicators writes the codes of what was found; they are the last thing of a report.
func (x *Writer) Indicators(codes []string) {
	_, _ = x.w.WriteString("<report_indicators>") // Close tells
	for _, c := range codes {
		fmt.Fprintf(x.w, "<indicator>%s</indicator>", text(c))
	}
	_, _ = x.w.WriteString("</report_indicators>\n")
}

func date(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05") }

// country is a country's code of two Latin letters; "-" is goAML's word for none.
func country(code string) string {
	if len(code) != 2 || !letter(code[0]) || !letter(code[1]) {
		return "-"
	}
	return strings.ToUpper(code)
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// putCountry writes a country, or nothing where none is known.
func putCountry(b *strings.Builder, name, code string) {
	if c := country(code); c != "-" {
		put(b, name, c, 2)
	}
}

// putDay writes a day as the time at which it begins, or nothing where s is no day that goAML takes (from 1753).
func putDay(b *strings.Builder, name, s string) {
	if d, err := time.Parse(time.DateOnly, s); err == nil && d.Year() >= 1753 {
		put(b, name, date(d), 19)
	}
}

// clip shortens a text to what an element takes, in characters.
func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

// put writes an element, unless it is empty.
func put(b *strings.Builder, name, value string, most int) {
	if value != "" {
		fmt.Fprintf(b, "<%s>%s</%[1]s>", name, text(clip(value, most)))
	}
}

var bic = regexp.MustCompile(`^[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?$`)

// accountOf writes what a t_account holds, in the order that the schema asks for.
func accountOf(s Side) string {
	var b strings.Builder
	institution := cmp.Or(s.Account.Institution, "-")
	put(&b, "institution_name", institution, 255)
	if bic.MatchString(institution) {
		put(&b, "swift", institution, 11)
	} else {
		put(&b, "institution_code", institution, 50)
	}
	put(&b, "account", s.Account.Number, 50)
	if s.Holder != nil {
		s.Name = s.Holder.Caption()
	}
	put(&b, "account_name", s.Name, 255)
	if len(s.IBAN) <= 34 {
		put(&b, "iban", s.IBAN, 34)
	}
	switch {
	case s.Holder == nil:
	case entity.Is(s.Holder.Schema, "Person"):
		fmt.Fprintf(&b, "<signatory><is_primary>1</is_primary><t_person>%s</t_person></signatory>", personOf(s.Holder))
	default:
		fmt.Fprintf(&b, "<t_entity>%s</t_entity>", companyOf(s.Holder))
	}
	return b.String()
}

// personOf writes what a t_person holds of an entity, in the order that the schema asks for. Names stand in Latin letters, since many countries take no
// others; how a name is written in its own script stands beside it.
func personOf(e *entity.Entity) string {
	first, last := e.First("firstName"), e.First("lastName")
	if first == "" || last == "" {
		parts := strings.Fields(e.Caption())
		if n := len(parts); n > 0 {
			first, last = cmp.Or(first, strings.Join(parts[:n-1], " ")), cmp.Or(last, parts[n-1])
		}
	}
	var b strings.Builder
	switch e.First("gender") {
	case "male":
		put(&b, "gender", "M", 1)
	case "female":
		put(&b, "gender", "F", 1)
	}
	put(&b, "title", e.First("title"), 30)
	put(&b, "first_name", cmp.Or(latin(first), "-"), 100)
	put(&b, "middle_name", latin(e.First("middleName")), 100)
	put(&b, "last_name", cmp.Or(latin(last), "-"), 100)
	putDay(&b, "birthdate", e.First("birthDate"))
	put(&b, "birth_place", e.First("birthPlace"), 255)
	put(&b, "alias", e.First("alias"), 100)
	if own := strings.TrimSpace(first + " " + last); own != strings.TrimSpace(latin(first)+" "+latin(last)) {
		put(&b, "full_name_frn", own, 255)
	}
	number, issuer := e.First("passportNumber"), cmp.Or(e.First("country"), e.First("nationality"))
	if number != "" && country(issuer) != "-" {
		put(&b, "passport_number", number, 255)
		putCountry(&b, "passport_country", issuer)
		number = ""
	}
	put(&b, "id_number", cmp.Or(e.First("idNumber"), number), 255)
	for i, n := range e.Properties["nationality"] {
		if i < 3 {
			putCountry(&b, fmt.Sprintf("nationality%d", i+1), n)
		}
	}
	phones(&b, e)
	emails(&b, e, 5)
	put(&b, "occupation", e.First("position"), 255)
	put(&b, "tax_number", e.First("taxNumber"), 100)
	return b.String()
}

func phones(b *strings.Builder, e *entity.Entity) {
	list := e.Properties["phone"]
	if len(list) == 0 {
		return
	}
	b.WriteString("<phones>")
	for _, p := range list {
		b.WriteString("<phone><tph_contact_type>-</tph_contact_type><tph_communication_type>-</tph_communication_type>")
		put(b, "tph_number", p, 50)
		b.WriteString("</phone>")
	}
	b.WriteString("</phones>")
}

// companyOf writes what a t_entity holds of an entity.
func companyOf(e *entity.Entity) string {
	var b strings.Builder
	put(&b, "name", cmp.Or(e.Caption(), "-"), 255)
	put(&b, "commercial_name", e.First("alias"), 255)
	put(&b, "incorporation_number", e.First("registrationNumber"), 50)
	put(&b, "business", e.First("sector"), 255)
	phones(&b, e)
	emails(&b, e, 1)
	put(&b, "url", e.First("website"), 255)
	putCountry(&b, "incorporation_country_code", cmp.Or(e.First("jurisdiction"), e.First("country")))
	putDay(&b, "incorporation_date", e.First("incorporationDate"))
	put(&b, "tax_number", e.First("taxNumber"), 100)
	return b.String()
}

// latin gives a name in Latin letters, with the signs that a name may have.
func latin(s string) string {
	var b strings.Builder
	for _, r := range unidecode.Unidecode(s) {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune(" .'-", r):
			b.WriteRune(r)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

var plainEmail = regexp.MustCompile(`^[_a-zA-Z0-9+.-]+@[a-zA-Z0-9.-]+$`)

// emails writes the addresses that goAML takes, as many as it takes.
func emails(b *strings.Builder, e *entity.Entity, most int) {
	n := 0
	for _, m := range e.Properties["email"] {
		if n < most && len(m) <= 255 && plainEmail.MatchString(m) {
			put(b, "email", m, 255)
			n++
		}
	}
}

// Close ends the report. What was written is flushed; an error of any write before is told here.
func (x *Writer) Close() error {
	_, _ = x.w.WriteString("</report>\n") // a buffered writer keeps its first error for Flush
	return x.w.Flush()
}

func text(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a write to memory does not fail
	return b.String()
}

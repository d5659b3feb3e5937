package goaml

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

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
		r.Entity, text(r.Code), text(r.Reference), r.Submitted.UTC().Format("2006-01-02T15:04:05"), text(r.Currency), text(r.Reason))
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
		"<date_transaction>%s</date_transaction><transmode_code>CASH</transmode_code><amount_local>%s</amount_local>\n"+
		"<t_from><from_funds_code>%s</from_funds_code>%s<from_country>-</from_country></t_from>\n<t_to><to_funds_code>%s</to_funds_code>%s<to_country>-</to_country></t_to></transaction>\n",
		text(p.Ref), text(place), what, time.UnixMilli(p.At).UTC().Format("2006-01-02T15:04:05.999"), p.Paid.Decimal(), fromFunds, from, toFunds, to)
}

// personOf writes what a t_person holds of an entity, in the order that the schema asks for.
func personOf(e *entity.Entity) string {
	var b strings.Builder
	put := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "<%s>%s</%[1]s>", name, text(value))
		}
	}
	put("first_name", e.First("firstName"))
	put("last_name", e.First("lastName"))
	if d := e.First("birthDate"); len(d) == len(time.DateOnly) {
		put("birthdate", d+"T00:00:00")
	}
	put("passport_number", e.First("passportNumber"))
	put("nationality1", strings.ToUpper(e.First("nationality")))
	return b.String()
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

package iso20022

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"tarir/money/ledger"
)

// Writer writes account statements (camt.053.001.08) that this package reads back: account, counterparty with its
// institution, amount, time, reference and purpose of each booked payment. What a statement has no place for (merchant
// category, device) is left out.
type Writer struct {
	w    *bufio.Writer
	name string
	n    int
}

// NewWriter starts a document; Close ends it. Name identifies it in its header.
func NewWriter(w io.Writer, name string, created time.Time) *Writer {
	x := &Writer{w: bufio.NewWriter(w), name: name}
	fmt.Fprintf(x.w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\">\n<BkToCstmrStmt><GrpHdr><MsgId>%s</MsgId><CreDtTm>%s</CreDtTm></GrpHdr>\n",
		escaped(name), created.UTC().Format(time.RFC3339))
	return x
}

// Statement writes the payments of one account of one currency, in order of time, with a balance that is zero before them.
func (x *Writer) Statement(account ledger.Account, currency string, payments []ledger.Payment) error {
	x.n++
	fmt.Fprintf(x.w, "<Stmt><Id>%s-%d</Id><Acct>%s<Ccy>%s</Ccy><Svcr><FinInstnId><BICFI>%s</BICFI></FinInstnId></Svcr></Acct>\n", escaped(x.name), x.n, identified(account), currency, escaped(account.Institution))
	sum := ledger.Money{Scale: ledger.CurrencyScale(currency), Currency: currency}
	x.balance("OPBD", sum)
	for i := range payments {
		p := &payments[i]
		if p.From == account {
			sum.Units -= p.Paid.Units
		} else {
			sum.Units += p.Paid.Units
		}
		x.entry(account, p)
	}
	x.balance("CLBD", sum)
	_, err := x.w.WriteString("</Stmt>\n")
	return err
}

// Close ends the document. What was written is flushed; an error of any write before is told here.
func (x *Writer) Close() error {
	_, _ = x.w.WriteString("</BkToCstmrStmt></Document>\n") // a buffered writer keeps its first error for Flush
	return x.w.Flush()
}

func (x *Writer) balance(code string, m ledger.Money) {
	indicator := "CRDT"
	if m.Units < 0 {
		m.Units, indicator = -m.Units, "DBIT"
	}
	fmt.Fprintf(x.w, "<Bal><Tp><CdOrPrtry><Cd>%s</Cd></CdOrPrtry></Tp><Amt Ccy=%q>%s</Amt><CdtDbtInd>%s</CdtDbtInd></Bal>\n", code, m.Currency, m.Decimal(), indicator)
}

func (x *Writer) entry(account ledger.Account, p *ledger.Payment) {
	indicator, other, role, family := "CRDT", p.From, "Dbtr", "RCDT"
	if p.From == account {
		indicator, other, role, family = "DBIT", p.To, "Cdtr", "ICDT"
	}
	at := time.UnixMilli(p.At).UTC()
	booked := "<DtTm>" + at.Format(time.RFC3339Nano) + "</DtTm>"
	if p.DateOnly {
		booked = "<Dt>" + at.Format(time.DateOnly) + "</Dt>"
	}
	ref := escaped(p.Ref)
	fmt.Fprintf(x.w, "<Ntry><Amt Ccy=%q>%s</Amt><CdtDbtInd>%s</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt>%s</BookgDt><AcctSvcrRef>%s</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>%s</Cd><SubFmlyCd>OTHR</SubFmlyCd></Fmly></Domn></BkTxCd>",
		p.Paid.Currency, p.Paid.Decimal(), indicator, booked, ref, family)
	fmt.Fprintf(x.w, "<NtryDtls><TxDtls><Refs><AcctSvcrRef>%s</AcctSvcrRef><EndToEndId>%s</EndToEndId></Refs>", ref, ref)
	if !other.Outside() {
		fmt.Fprintf(x.w, "<RltdPties><%[1]sAcct>%[2]s</%[1]sAcct></RltdPties><RltdAgts><%[1]sAgt><FinInstnId><BICFI>%[3]s</BICFI></FinInstnId></%[1]sAgt></RltdAgts>", role, identified(other), escaped(other.Institution))
	}
	if len(p.Purpose) == 4 && strings.ToUpper(p.Purpose) == p.Purpose { // a code of ExternalPurpose1Code
		fmt.Fprintf(x.w, "<Purp><Cd>%s</Cd></Purp>", escaped(p.Purpose))
	} else if p.Purpose != "" {
		fmt.Fprintf(x.w, "<RmtInf><Ustrd>%s</Ustrd></RmtInf>", escaped(p.Purpose))
	}
	_, _ = x.w.WriteString("</TxDtls></NtryDtls></Ntry>\n")
}

// identified writes an account's number; one without an institution is an IBAN.
func identified(a ledger.Account) string {
	if a.Institution == "" {
		return "<Id><IBAN>" + escaped(a.Number) + "</IBAN></Id>"
	}
	return "<Id><Othr><Id>" + escaped(a.Number) + "</Id></Othr></Id>"
}

func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a write to memory does not fail
	return b.String()
}

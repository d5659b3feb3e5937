// Package iso20022 reads payments from ISO 20022 messages of any version: bank statements camt.052, .053 and .054, the
// transfer pacs.008, and the order pain.001, which is kept as an order and not as a payment.
//
// Elements are bound by local name, so the version in the namespace, a wrapper around the document and a business header
// do not matter. Every booking detail (TxDtls) is a record; a batch without details is one.
package iso20022

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"tarir/intake"
	"tarir/intake/xmlscan"
	"tarir/money/ledger"
)

// Formats are the messages read. camt.053 comes before 054 and 052, since the same booking may be in all three and the
// statement is the fullest.
var Formats = []*intake.Format{
	statement("camt.053", "BkToCstmrStmt", "Stmt", 10),
	statement("camt.054", "BkToCstmrDbtCdtNtfctn", "Ntfctn", 11),
	statement("camt.052", "BkToCstmrAcctRpt", "Rpt", 12),
	{
		Name: "pacs.008", Wanted: "ISO 20022 pacs.008", Rank: 20,
		Sniff: root("FIToFICstmrCdtTrf"),
		Read: func(ctx context.Context, _ *intake.Input, text *intake.Text, out *intake.Out) error {
			return readTransfers(ctx, text, out, false)
		},
	},
	{
		Name: "pain.001", Wanted: "pain.001", Rank: 60,
		Sniff: root("CstmrCdtTrfInitn"),
		Read: func(ctx context.Context, _ *intake.Input, text *intake.Text, out *intake.Out) error {
			return readTransfers(ctx, text, out, true)
		},
	},
	{
		Name: "pacs.009", Rank: 60, Sniff: root("FICdtTrf"), Read: func(context.Context, *intake.Input, *intake.Text, *intake.Out) error { return nil },
		Skipped: "pacs.009 is a transfer between banks on their own account: no customer's payment is in it",
	},
}

func statement(name, rootName, each string, rank int) *intake.Format {
	return &intake.Format{
		Name: name, Wanted: "ISO 20022 " + name, Rank: rank, Sniff: root(rootName),
		Read: func(ctx context.Context, _ *intake.Input, text *intake.Text, out *intake.Out) error {
			return readStatements(ctx, text, out, each)
		},
	}
}

// root recognises a message by an element of its own, with or without a prefix.
func root(name string) func([]byte) bool {
	return func(head []byte) bool {
		if !bytes.HasPrefix(bytes.TrimSpace(head), []byte("<")) {
			return false
		}
		for _, open := range []string{"<" + name, ":" + name} {
			i := bytes.Index(head, []byte(open))
			if i >= 0 && i+len(open) < len(head) && strings.IndexByte(" \t\r\n>/", head[i+len(open)]) >= 0 {
				return true
			}
		}
		return false
	}
}

// readStatements reads camt messages. What a statement says of itself comes before its entries.
func readStatements(ctx context.Context, text *intake.Text, out *intake.Out, each string) error {
	s := xmlscan.New(text)
	var tree xmlscan.Tree
	var st account
	for n := 0; ; n++ {
		if n&255 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		name, err := s.Start()
		if errors.Is(err, io.EOF) {
			st.end(out)
			return nil
		}
		if err != nil {
			return err
		}
		switch string(name) {
		case each:
			st.end(out)
			st = account{}
		case "Acct", "Bal":
			node, err := s.Tree(&tree)
			if err != nil {
				return err
			}
			if node.Name() == "Acct" {
				st.of(node)
			} else {
				st.balance(node)
			}
		case "Ntry":
			line := s.Line()
			node, err := s.Tree(&tree)
			if err != nil {
				out.Begin(line)
				if rerr := out.Reject(err.Error(), tree.Raw()); rerr != nil {
					return rerr
				}
				if xmlscan.OfRecord(err) {
					continue
				}
				return err
			}
			if err := st.entry(out, node, line, tree.Raw()); err != nil {
				return err
			}
		case "GrpHdr", "AppHdr", "TxsSummry", "FrToDt":
			if err := s.Skip(); err != nil {
				return err
			}
		}
	}
}

// account is the account of a statement, and its balances to check the entries by.
type account struct {
	id       ledger.Account
	name     string
	currency string

	opening, closing ledger.Money
	hasOpen, hasEnd  bool
	sum              int64 // of booked entries, at scale 5
	checkable        bool
	entries          int
}

func (a *account) of(n xmlscan.Node) {
	a.id = accountOf(n, n.At("Svcr", "FinInstnId"))
	a.name = n.Get("Ownr", "Nm")
	a.currency = n.Get("Ccy")
	a.checkable = true
}

func accountOf(n, inst xmlscan.Node) ledger.Account {
	id := n.At("Id")
	number := strings.ReplaceAll(id.Get("IBAN"), " ", "")
	if number == "" {
		number = id.Get("Othr", "Id")
	}
	if number == "" {
		return ledger.Account{}
	}
	// An IBAN names its bank; another number is unique only within one.
	if id.Get("IBAN") != "" {
		return ledger.Account{Number: number}
	}
	return ledger.Account{Institution: institution(inst), Number: number}
}

func institution(n xmlscan.Node) string {
	for _, path := range [][]string{{"BICFI"}, {"BIC"}, {"ClrSysMmbId", "MmbId"}, {"Othr", "Id"}, {"Nm"}} {
		if v := n.Get(path...); v != "" {
			return v
		}
	}
	return ""
}

func (a *account) balance(n xmlscan.Node) {
	m, err := money(n.Child("Amt"))
	if err != nil {
		return
	}
	if n.Get("CdtDbtInd") == "DBIT" {
		m.Units = -m.Units
	}
	switch n.Get("Tp", "CdOrPrtry", "Cd") {
	case "OPBD", "PRCD":
		if !a.hasOpen {
			a.opening, a.hasOpen = m, true
		}
	case "CLBD":
		a.closing, a.hasEnd = m, true
	}
}

// checkScale is the finest amount ISO 20022 allows.
const checkScale = 5

// end says so where opening balance and entries do not give the closing balance.
func (a *account) end(out *intake.Out) {
	if !a.hasOpen || !a.hasEnd || !a.checkable || a.opening.Currency != a.closing.Currency {
		return
	}
	open, ok1 := a.opening.Rescale(checkScale)
	closing, ok2 := a.closing.Rescale(checkScale)
	if ok1 && ok2 && open+a.sum != closing {
		diff := ledger.Money{Units: closing - open - a.sum, Scale: checkScale, Currency: a.closing.Currency}
		out.Note("a statement does not add up: opening balance and entries differ from the closing balance by %s", trimmed(diff))
	}
}

func trimmed(m ledger.Money) ledger.Money {
	for m.Scale > 0 && m.Units%10 == 0 {
		m.Units /= 10
		m.Scale--
	}
	return m
}

func money(n xmlscan.Node) (ledger.Money, error) {
	if !n.OK() {
		return ledger.Money{}, errors.New("no amount")
	}
	u, scale, err := ledger.ParseDecimal(n.Text(), '.')
	return ledger.Money{Units: u, Scale: scale, Currency: n.Attr("Ccy")}, err
}

// when fills the time from a choice of DtTm and Dt.
func when(p *ledger.Payment, nodes ...xmlscan.Node) error {
	for _, n := range nodes {
		for _, v := range []string{n.Get("DtTm"), n.Get("Dt"), n.Text()} {
			if v != "" {
				return intake.SetTime(p, v)
			}
		}
	}
	return errors.New("no booking or value date")
}

// entry reads one Ntry: a record for each of its details, or one for the entry itself.
func (a *account) entry(out *intake.Out, n xmlscan.Node, line int64, raw string) error {
	total, err := money(n.Child("Amt"))
	status := n.Child("Sts")
	booked := status.Text()
	if booked == "" {
		booked = status.Get("Cd")
	}
	if err == nil && (booked == "BOOK" || booked == "") {
		a.entries++
		u, ok := total.Rescale(checkScale)
		if n.Get("CdtDbtInd") == "DBIT" {
			u = -u
		}
		a.sum += u
		a.checkable = a.checkable && ok
	}
	var details []xmlscan.Node
	n.Each("NtryDtls", func(d xmlscan.Node) {
		d.Each("TxDtls", func(t xmlscan.Node) { details = append(details, t) })
	})
	if len(details) == 0 {
		details = []xmlscan.Node{{}}
	}
	seen := map[string]int{}
	for _, d := range details {
		out.Begin(line)
		var p ledger.Payment
		if reason := a.payment(&p, n, d, len(details) == 1, total, err, booked); reason != "" {
			if err := out.Reject(reason, raw); err != nil {
				return err
			}
			continue
		}
		// Banks give several details of one entry the same reference: within an entry all are payments of their own.
		if p.Key != "" {
			seen[p.Key]++
			if k := seen[p.Key]; k > 1 {
				p.Key = fmt.Sprintf("%s|%d", p.Key, k)
			}
		}
		if err := out.Payment(&p, raw); err != nil {
			return err
		}
	}
	return nil
}

func (a *account) payment(p *ledger.Payment, n, d xmlscan.Node, single bool, total ledger.Money, totalErr error, status string) (reason string) {
	if totalErr != nil {
		return "Amt: " + totalErr.Error()
	}
	if a.id.Outside() {
		return "the statement names no account"
	}
	switch status {
	case "BOOK", "":
	case "PDNG", "FUTR":
		p.Status = ledger.Pending
	case "INFO":
		p.Status = ledger.Info
	default:
		return fmt.Sprintf("unknown entry status %.10q", status)
	}
	if err := when(p, n.Child("BookgDt"), n.Child("ValDt"), d.At("RltdDts", "AccptncDtTm")); err != nil {
		return err.Error()
	}
	// Most banks book by the day; the time of acceptance gives the hour where it is of the same day.
	var accepted ledger.Payment
	if p.DateOnly && when(&accepted, d.At("RltdDts", "AccptncDtTm")) == nil && !accepted.DateOnly &&
		(accepted.At+int64(accepted.OffsetMin)*60_000)/86_400_000 == p.At/86_400_000 {
		p.At, p.OffsetMin, p.DateOnly = accepted.At, accepted.OffsetMin, false
	}
	p.Paid = total
	if m, err := money(d.Child("Amt")); err == nil {
		p.Paid = m
	} else if m, err := money(d.At("AmtDtls", "TxAmt", "Amt")); err == nil && !single {
		p.Paid = m
	} else if !single {
		return "one of several details of an entry has no amount"
	}
	// An entry that is reversed is booked with the indicator of the reversal: it moves the money as it says. In a batch
	// each detail has its own; alone, the entry's is what the balance follows.
	direction := n.Get("CdtDbtInd")
	if own := d.Get("CdtDbtInd"); own != "" && !single {
		direction = own
	}
	refs := d.Child("Refs")
	e2e, uetr, txID, servicer := refs.Get("EndToEndId"), refs.Get("UETR"), refs.Get("TxId"), refs.Get("AcctSvcrRef")
	if e2e == "NOTPROVIDED" {
		e2e = ""
	}
	if servicer == "" && single {
		servicer = n.Get("AcctSvcrRef")
	}
	p.Ref = firstOf(servicer, uetr, txID, e2e, refs.Get("InstrId"), n.Get("NtryRef"))
	parties, agents := d.Child("RltdPties"), d.Child("RltdAgts")
	switch direction {
	case "CRDT":
		p.From, p.FromName = party(parties, "Dbtr", agents.At("DbtrAgt", "FinInstnId"))
		p.To, p.ToName = a.id, a.name
	case "DBIT":
		p.From, p.FromName = a.id, a.name
		p.To, p.ToName = party(parties, "Cdtr", agents.At("CdtrAgt", "FinInstnId"))
	default:
		return fmt.Sprintf("credit or debit is not said: CdtDbtInd %.10q", direction)
	}
	if m, err := money(d.At("AmtDtls", "InstdAmt", "Amt")); err == nil && m.Currency != p.Paid.Currency && ledger.KnownCurrency(m.Currency) {
		if direction == "CRDT" { // the payer paid in the instructed currency
			p.Received, p.Paid = p.Paid, m
		} else {
			p.Received = m
		}
	}
	p.Channel = channelOf(n.Child("BkTxCd"), d.Child("BkTxCd"))
	p.Purpose = firstOf(d.Get("Purp", "Cd"), d.Get("RmtInf", "Ustrd"), d.Get("AddtlTxInf"), n.Get("AddtlNtryInf"))
	if !d.OK() {
		if count := n.Get("NtryDtls", "Btch", "NbOfTxs"); count != "" && count != "1" {
			p.Extra = fmt.Sprintf(`{"batch_of":%q}`, count)
		}
	}
	p.Key = key(a, p, uetr, servicer, e2e, txID)
	return ""
}

// key is the identity of a booking across camt.052, .053 and .054 and the statements of both banks: the UETR; else the
// end-to-end or transaction id with both sides, amount and day; else the servicer's reference on this account.
func key(a *account, p *ledger.Payment, uetr, servicer, e2e, txID string) string {
	id := firstOf(e2e, txID)
	status := p.Status.String()
	switch {
	case uetr != "":
		return "uetr|" + status + "|" + strings.ToLower(uetr)
	case id != "" && !p.From.Outside() && !p.To.Outside() && p.From.Institution != "name" && p.To.Institution != "name":
		return joined("e2e", status, id, p.From.String(), p.To.String(), paid(p))
	case servicer != "":
		return joined("svcr", status, a.id.String(), servicer, paid(p))
	}
	return ""
}

// paid is the amount and the day of a booking.
func paid(p *ledger.Payment) string {
	b := strconv.AppendInt(make([]byte, 0, 48), p.Paid.Units, 10)
	b = strconv.AppendUint(append(b, '|'), uint64(p.Paid.Scale), 10)
	b = append(append(append(b, '|'), p.Paid.Currency...), '|')
	return string(strconv.AppendInt(b, p.At/86_400_000, 10))
}

func joined(parts ...string) string { return strings.Join(parts, "|") }

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// party reads Dbtr or Cdtr with its account; from version .08 the party is wrapped in Pty.
func party(parties xmlscan.Node, who string, agent xmlscan.Node) (ledger.Account, string) {
	n := parties.Child(who)
	name := firstOf(n.Get("Nm"), n.Get("Pty", "Nm"))
	a := accountOf(parties.Child(who+"Acct"), agent)
	if a.Outside() {
		a = intake.DirectAccount(name, "")
	}
	return a, name
}

// channelOf reads the bank transaction code (domain, family, sub-family).
func channelOf(codes ...xmlscan.Node) ledger.Channel {
	for _, n := range codes {
		family, sub := n.Get("Domn", "Fmly", "Cd"), n.Get("Domn", "Fmly", "SubFmlyCd")
		switch {
		case sub == "CDPT" || family == "CNTR" && sub == "CDPT":
			return ledger.ChannelCashDeposit
		case sub == "CWDL":
			return ledger.ChannelCashWithdrawal
		case sub == "CHRG" || sub == "FEES" || sub == "COMM":
			return ledger.ChannelFee
		}
		switch family {
		case "CCRD", "MCRD":
			return ledger.ChannelCard
		case "RCHQ", "ICHQ":
			return ledger.ChannelCheque
		case "RRCT", "IRCT":
			return ledger.ChannelInstant
		case "IDDT", "RDDT":
			return ledger.ChannelACH
		case "ICDT", "RCDT":
			return ledger.ChannelTransfer
		}
	}
	return ledger.ChannelTransfer
}

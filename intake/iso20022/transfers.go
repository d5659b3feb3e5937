package iso20022

import (
	"context"
	"errors"
	"io"
	"strings"

	"tarir/intake"
	"tarir/intake/xmlscan"
	"tarir/money/ledger"
)

// payer is what a pain.001 says once for all orders of a PmtInf, and a pacs.008 once in its group header.
type payer struct {
	account ledger.Account
	name    string
	date    string
}

// readTransfers reads CdtTrfTxInf elements: payments between customers' banks (pacs.008), or orders (pain.001).
func readTransfers(ctx context.Context, text *intake.Text, out *intake.Out, orders bool) error {
	s := xmlscan.New(text)
	var tree, part xmlscan.Tree
	var from payer
	var debtor, debtorAccount, debtorAgent xmlscan.Node
	var trees [3]xmlscan.Tree
	if orders {
		out.Note("pain.001 holds orders to pay: kept as orders, not in the payment graph")
	}
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
		case "PmtInf":
			from, debtor, debtorAccount, debtorAgent = payer{}, xmlscan.Node{}, xmlscan.Node{}, xmlscan.Node{}
		case "Dbtr":
			debtor, err = s.Tree(&trees[0])
		case "DbtrAcct":
			debtorAccount, err = s.Tree(&trees[1])
		case "DbtrAgt":
			debtorAgent, err = s.Tree(&trees[2])
		case "ReqdExctnDt", "IntrBkSttlmDt":
			var d xmlscan.Node
			if d, err = s.Tree(&part); err == nil {
				from.date = firstOf(d.Text(), d.Get("DtTm"), d.Get("Dt"))
			}
		case "AppHdr":
			err = s.Skip()
		case "CdtTrfTxInf":
			line := s.Line()
			out.Begin(line)
			node, terr := s.Tree(&tree)
			if terr != nil {
				if rerr := out.Reject(terr.Error(), tree.Raw()); rerr != nil {
					return rerr
				}
				if xmlscan.OfRecord(terr) {
					continue
				}
				return terr
			}
			if debtorAccount.OK() || debtor.OK() {
				from.account, from.name = accountOf(debtorAccount, debtorAgent.Child("FinInstnId")), partyName(debtor)
				if from.account.Outside() {
					from.account = intake.DirectAccount(from.name, "")
				}
			}
			var p ledger.Payment
			if reason := transfer(&p, node, from, orders); reason != "" {
				err = out.Reject(reason, tree.Raw())
			} else {
				err = out.Payment(&p, tree.Raw())
			}
		}
		if err != nil {
			return err
		}
	}
}

func partyName(n xmlscan.Node) string { return firstOf(n.Get("Nm"), n.Get("Pty", "Nm")) }

func transfer(p *ledger.Payment, n xmlscan.Node, from payer, orders bool) (reason string) {
	var err error
	var m ledger.Money
	if orders {
		p.Status = ledger.Ordered
		if m, err = money(n.At("Amt", "InstdAmt")); err != nil {
			if m, err = money(n.At("Amt", "EqvtAmt", "Amt")); err != nil {
				return "Amt: " + err.Error()
			}
		}
	} else if m, err = money(n.Child("IntrBkSttlmAmt")); err != nil {
		return "IntrBkSttlmAmt: " + err.Error()
	}
	p.Paid = m
	if instructed, err := money(n.Child("InstdAmt")); err == nil && instructed.Currency != m.Currency && ledger.KnownCurrency(instructed.Currency) {
		p.Paid, p.Received = instructed, m
	}
	date := firstOf(n.Get("AccptncDtTm"), n.Get("IntrBkSttlmDt"), from.date)
	if date == "" {
		return "no settlement or execution date"
	}
	if err := intake.SetTime(p, date); err != nil {
		return err.Error()
	}
	side := func(who string) (ledger.Account, string) {
		name := partyName(n.Child(who))
		a := accountOf(n.Child(who+"Acct"), n.At(who+"Agt", "FinInstnId"))
		if a.Outside() {
			a = intake.DirectAccount(name, "")
		}
		return a, name
	}
	p.From, p.FromName = side("Dbtr")
	if p.From.Outside() {
		p.From, p.FromName = from.account, from.name
	}
	p.To, p.ToName = side("Cdtr")
	id := n.Child("PmtId")
	e2e := id.Get("EndToEndId")
	if e2e == "NOTPROVIDED" {
		e2e = ""
	}
	uetr := id.Get("UETR")
	p.Ref = firstOf(uetr, id.Get("TxId"), e2e, id.Get("InstrId"))
	p.Purpose = firstOf(n.Get("Purp", "Cd"), n.Get("RmtInf", "Ustrd"))
	p.Channel = ledger.ChannelTransfer
	if strings.Contains(n.Get("PmtTpInf", "LclInstrm", "Cd"), "INST") {
		p.Channel = ledger.ChannelInstant
	}
	p.Key = key(&account{id: p.From}, p, uetr, "", e2e, id.Get("TxId"))
	return ""
}

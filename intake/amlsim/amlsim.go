// Package amlsim reads the output of IBM's AMLSim (https://github.com/IBM/AMLSim): transactions.csv with its
// accounts.csv, and the oldest samples, sourceNodeId,targetNodeId,value,time with nodes.csv.
//
// Labels (is_sar, alert_id, isFraud, fraudStep, prior_sar_count, the alert files) are not read at all: what is not in
// the ledger cannot reach detection.
package amlsim

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"tarir/entity"
	"tarir/intake"
	"tarir/intake/delimited"
	"tarir/money/ledger"
)

// alias lists the names a column has had; schema.json of AMLSim can rename them, so columns are bound by header.
var (
	colID      = []string{"tran_id", "TXN_ID"}
	colFrom    = []string{"orig_acct", "ACCOUNT_ID"}
	colTo      = []string{"bene_acct", "COUNTER_PARTY_ACCOUNT_NUM"}
	colAmount  = []string{"base_amt", "TXN_AMOUNT_ORIG"}
	colTime    = []string{"tran_timestamp", "start"}
	colChannel = []string{"tx_type", "TXN_SOURCE_TYPE_CODE"}
)

func find(cols, names []string) int {
	return slices.IndexFunc(cols, func(c string) bool { return slices.Contains(names, c) })
}

func has(names ...[]string) func([]byte) bool {
	return func(head []byte) bool {
		cols, _ := delimited.Header(head)
		for _, n := range names {
			if find(cols, n) < 0 {
				return false
			}
		}
		return true
	}
}

// Formats are the files AMLSim writes.
var Formats = []*intake.Format{
	{
		Name:    "amlsim-labels",
		Sniff:   has([]string{"alert_id"}, []string{"alert_type"}),
		Read:    skip,
		Skipped: "label file of AMLSim: labels are never an input",
	},
	{
		Name:   "amlsim-transactions",
		Wanted: "AMLSim transactions (tran_id, orig_acct, bene_acct, base_amt, tran_timestamp)",
		Sniff:  has(colID, colFrom, colTo, colAmount, colTime),
		Read:   readTransactions,
		Rank:   50,
	},
	{
		Name:  "amlsim-accounts",
		Sniff: has([]string{"acct_id"}, []string{"acct_rptng_crncy", "open_dt", "acct_stat"}),
		Read:  readAccounts,
		Rank:  40,
	},
	{
		Name:   "amlsim-steps",
		Wanted: "old AMLSim samples (sourceNodeId, targetNodeId, value, time)",
		Sniff:  has([]string{"sourceNodeId"}, []string{"targetNodeId"}, []string{"value"}, []string{"time"}),
		Read:   readSteps,
		Rank:   50,
	},
	{
		Name:  "amlsim-nodes",
		Sniff: has([]string{"nodeid"}, []string{"init_balance"}),
		Read:  readNodes,
		Rank:  40,
	},
}

func skip(context.Context, *intake.Input, *intake.Text, *intake.Out) error { return nil }

// table walks the records of a table whose header was recognised; row returns a reason to reject.
func table(ctx context.Context, text *intake.Text, out *intake.Out, row func(f []string) (p *ledger.Payment, reason string, err error)) error {
	cols, sep := delimited.Header(text.Head())
	sc := delimited.NewScanner(text, sep, intake.MaxRecord)
	sc.Scan() // the header
	for n := 0; sc.Scan(); n++ {
		if n&4095 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		out.Begin(sc.Line())
		reason := sc.Bad()
		var p *ledger.Payment
		var err error
		switch f := sc.Fields(); {
		case reason != "":
		case len(f) != len(cols):
			reason = fmt.Sprintf("%d fields where the header has %d", len(f), len(cols))
		default:
			p, reason, err = row(f)
		}
		switch {
		case err != nil:
			return err
		case reason != "":
			err = out.Reject(reason, sc.Raw())
		case p != nil:
			err = out.Payment(p, sc.Raw())
		default:
			out.Accept()
		}
		if err != nil {
			return err
		}
	}
	return intake.EndError(sc.Err())
}

// assumedCurrency is the one that the person gave, or the dollar of AMLSim's own parameters; its transactions do not
// name one.
func assumedCurrency(out *intake.Out) (currency, whose string) {
	if out.Currency != "" {
		return out.Currency, ", as given"
	}
	return "USD", ", which AMLSim's parameters use"
}

func readTransactions(ctx context.Context, in *intake.Input, text *intake.Text, out *intake.Out) error {
	cols, _ := delimited.Header(text.Head())
	id, from, to := find(cols, colID), find(cols, colFrom), find(cols, colTo)
	amount, at, channel := find(cols, colAmount), find(cols, colTime), find(cols, colChannel)
	currencies, err := accountCurrencies(ctx, in)
	if err != nil {
		return err
	}
	assumed, whose := assumedCurrency(out)
	if currencies == nil {
		out.Note("no currency in the source and no accounts.csv beside it: amounts taken as %s%s", assumed, whose)
	}
	var p ledger.Payment
	var lastText string
	var last ledger.Payment // the time of the row before: AMLSim writes many rows a day
	return table(ctx, text, out, func(f []string) (*ledger.Payment, string, error) {
		p = ledger.Payment{Ref: f[id], From: ledger.Account{Number: f[from]}, To: ledger.Account{Number: f[to]}, Channel: ledger.ChannelTransfer}
		var err error
		if p.Paid.Units, p.Paid.Scale, err = ledger.ParseDecimal(f[amount], '.'); err != nil {
			return nil, err.Error(), nil
		}
		p.Paid.Currency = assumed
		if c := currencies[f[from]]; c != "" {
			p.Paid.Currency = c
		}
		if f[at] != lastText {
			last = ledger.Payment{}
			if err := setStep(&last, f[at]); err != nil {
				return nil, err.Error(), nil
			}
			lastText = f[at]
		}
		p.At, p.OffsetMin, p.DateOnly = last.At, last.OffsetMin, last.DateOnly
		if channel >= 0 {
			p.Channel = channelOf(f[channel])
		}
		return &p, "", nil
	})
}

func channelOf(s string) ledger.Channel {
	switch strings.ToUpper(s) {
	case "CASH-IN", "CASH_IN", "DEPOSIT":
		return ledger.ChannelCashDeposit
	case "CASH-OUT", "CASH_OUT", "WITHDRAWAL":
		return ledger.ChannelCashWithdrawal
	case "CHECK", "CHEQUE":
		return ledger.ChannelCheque
	}
	return ledger.ChannelTransfer
}

// setStep reads a time; AMLSim works in whole days, so midnight is a day without a time, and a bare number is a count
// of days from the start of the simulation, which the ledger counts from 1970-01-01.
func setStep(p *ledger.Payment, s string) error {
	if n, err := strconv.Atoi(s); err == nil {
		if n < 0 || n > 365*100 {
			return errors.New("time step out of range: days from the start of the simulation are expected")
		}
		p.SetTime(time.Unix(int64(n)*86400, 0).UTC())
		p.DateOnly = true
		return nil
	}
	if err := intake.SetTime(p, s); err != nil {
		return err
	}
	if p.OffsetMin == 0 && p.At%86_400_000 == 0 {
		p.DateOnly = true
	}
	return nil
}

func readSteps(ctx context.Context, _ *intake.Input, text *intake.Text, out *intake.Out) error {
	cols, _ := delimited.Header(text.Head())
	from, to := slices.Index(cols, "sourceNodeId"), slices.Index(cols, "targetNodeId")
	value, at := slices.Index(cols, "value"), slices.Index(cols, "time")
	assumed, whose := assumedCurrency(out)
	out.Note("times are steps: taken as days from 1970-01-01; no currency in the source: amounts taken as %s%s", assumed, whose)
	var p ledger.Payment
	return table(ctx, text, out, func(f []string) (*ledger.Payment, string, error) {
		p = ledger.Payment{From: ledger.Account{Number: f[from]}, To: ledger.Account{Number: f[to]}, Channel: ledger.ChannelTransfer}
		var err error
		if p.Paid.Units, p.Paid.Scale, err = ledger.ParseDecimal(f[value], '.'); err != nil {
			return nil, err.Error(), nil
		}
		p.Paid.Currency = assumed
		if err := setStep(&p, f[at]); err != nil {
			return nil, err.Error(), nil
		}
		return &p, "", nil
	})
}

// accountCurrencies reads the accounts.csv beside the transactions; nil where there is none.
func accountCurrencies(ctx context.Context, in *intake.Input) (map[string]string, error) {
	text, err := in.Sibling("accounts.csv")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer text.Close()
	cols, sep := delimited.Header(text.Head())
	id, cur := slices.Index(cols, "acct_id"), slices.Index(cols, "acct_rptng_crncy")
	if id < 0 || cur < 0 {
		return nil, nil
	}
	sc := delimited.NewScanner(text, sep, intake.MaxRecord)
	m := map[string]string{}
	for sc.Scan() && ctx.Err() == nil {
		if f := sc.Fields(); len(f) == len(cols) && ledger.KnownCurrency(f[cur]) {
			m[strings.Clone(f[id])] = strings.Clone(f[cur])
		}
	}
	return m, ctx.Err()
}

func readAccounts(ctx context.Context, _ *intake.Input, text *intake.Text, out *intake.Out) error {
	cols, _ := delimited.Header(text.Head())
	col := func(f []string, name string) string {
		if i := slices.Index(cols, name); i >= 0 {
			return f[i]
		}
		return ""
	}
	return table(ctx, text, out, func(f []string) (*ledger.Payment, string, error) {
		id := col(f, "acct_id")
		if id == "" {
			return nil, "no account id", nil
		}
		e := entity.New("BankAccount", "", id).Add("accountNumber", id).Add("bankName", col(f, "bank_id"))
		e.Add("name", col(f, "dsply_nm")).Add("currency", col(f, "acct_rptng_crncy"))
		return nil, "", out.Entity(e)
	})
}

func readNodes(ctx context.Context, _ *intake.Input, text *intake.Text, out *intake.Out) error {
	cols, _ := delimited.Header(text.Head())
	id := slices.Index(cols, "nodeid")
	return table(ctx, text, out, func(f []string) (*ledger.Payment, string, error) {
		if f[id] == "" {
			return nil, "no account id", nil
		}
		return nil, "", out.Entity(entity.New("BankAccount", "", f[id]).Add("accountNumber", f[id]))
	})
}

// Package amlworld reads IBM's AMLworld transactions (Altman et al., "Realistic Synthetic Financial Transactions for
// Anti-Money Laundering Models", NeurIPS 2023): eleven columns read by position, since two of them are named Account.
//
// An account is the pair of bank and number: bank codes are text whose leading zeros count, and the same number occurs
// at two banks. The label column Is Laundering is not read.
package amlworld

import (
	"context"
	"fmt"
	"slices"
	"time"

	"tarir/entity"
	"tarir/intake"
	"tarir/intake/delimited"
	"tarir/money/ledger"
)

var header = []string{"Timestamp", "From Bank", "Account", "To Bank", "Account", "Amount Received", "Receiving Currency", "Amount Paid", "Payment Currency", "Payment Format"}

// Formats are the transactions and the accounts file.
var Formats = []*intake.Format{
	{
		Name:   "amlworld-transactions",
		Wanted: "AMLworld transactions (Timestamp, From Bank, Account, To Bank, Account, …)",
		Sniff: func(head []byte) bool {
			cols, _ := delimited.Header(head)
			// Some tools rename the second Account to Account.1 when they write the file again.
			if len(cols) > 4 && cols[4] == "Account.1" {
				cols[4] = "Account"
			}
			return len(cols) >= len(header) && slices.Equal(cols[:len(header)], header)
		},
		Read: read,
		Rank: 50,
	},
	{
		Name: "amlworld-accounts",
		Sniff: func(head []byte) bool {
			cols, _ := delimited.Header(head)
			return len(cols) >= 5 && slices.Equal(cols[:5], accountHeader)
		},
		Read: readAccounts,
		Rank: 40,
	},
}

var accountHeader = []string{"Bank Name", "Bank ID", "Account Number", "Entity ID", "Entity Name"}

// currencies are the names the data set uses, variants included.
var currencies = map[string]string{
	"US Dollar": "USD", "Euro": "EUR", "Yuan": "CNY", "Shekel": "ILS", "Rupee": "INR", "Indian Rupee": "INR",
	"UK Pound": "GBP", "British Pound": "GBP", "Ruble": "RUB", "Yen": "JPY", "Bitcoin": "BTC", "Canadian Dollar": "CAD",
	"Australian Dollar": "AUD", "Mexican Peso": "MXN", "Saudi Riyal": "SAR", "Swiss Franc": "CHF",
	"Brazil Real": "BRL", "Brazilian Real": "BRL",
}

// Reinvestment is a booking from an account to itself; it has no channel of its own here.
var channels = map[string]ledger.Channel{
	"Cheque": ledger.ChannelCheque, "Credit Card": ledger.ChannelCard, "ACH": ledger.ChannelACH, "Cash": ledger.ChannelOther,
	"Reinvestment": ledger.ChannelOther, "Wire": ledger.ChannelTransfer, "Bitcoin": ledger.ChannelCrypto,
}

func read(ctx context.Context, _ *intake.Input, text *intake.Text, out *intake.Out) error {
	_, sep := delimited.Header(text.Head())
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
		var p ledger.Payment
		if reason == "" {
			reason = payment(sc.Fields(), &p)
		}
		var err error
		if reason != "" {
			err = out.Reject(reason, sc.Raw())
		} else {
			err = out.Payment(&p, sc.Raw())
		}
		if err != nil {
			return err
		}
	}
	return intake.EndError(sc.Err())
}

func payment(f []string, p *ledger.Payment) (reason string) {
	if len(f) < len(header) || len(f) > len(header)+1 {
		return fmt.Sprintf("%d fields where %d or %d are expected", len(f), len(header), len(header)+1)
	}
	t, err := time.Parse("2006/01/02 15:04", f[0])
	if err != nil {
		if t, err = time.Parse("2006-01-02 15:04", f[0]); err != nil {
			return "time is not readable: 2022/09/01 00:20 is expected"
		}
	}
	p.SetTime(t)
	p.From = ledger.Account{Institution: f[1], Number: f[2]}
	p.To = ledger.Account{Institution: f[3], Number: f[4]}
	var ok bool
	if p.Paid, reason = money(f[7], f[8]); reason != "" {
		return "paid: " + reason
	}
	received, reason := money(f[5], f[6])
	if reason != "" {
		return "received: " + reason
	}
	if received != p.Paid {
		p.Received = received
	}
	if p.Channel, ok = channels[f[9]]; !ok {
		p.Channel = ledger.ChannelOther
	}
	return ""
}

func money(amount, name string) (m ledger.Money, reason string) {
	code, ok := currencies[name]
	if !ok {
		if !ledger.KnownCurrency(name) {
			return m, fmt.Sprintf("unknown currency %.40q", name)
		}
		code = name
	}
	var err error
	m.Currency = code
	if m.Units, m.Scale, err = ledger.ParseDecimal(amount, '.'); err != nil {
		return m, err.Error()
	}
	return m, ""
}

func readAccounts(ctx context.Context, _ *intake.Input, text *intake.Text, out *intake.Out) error {
	_, sep := delimited.Header(text.Head())
	sc := delimited.NewScanner(text, sep, intake.MaxRecord)
	sc.Scan() // the header
	for sc.Scan() {
		if err := ctx.Err(); err != nil {
			return err
		}
		out.Begin(sc.Line())
		f := sc.Fields()
		if reason := sc.Bad(); reason != "" || len(f) < 5 {
			if reason == "" {
				reason = fmt.Sprintf("%d fields where 5 are expected", len(f))
			}
			if err := out.Reject(reason, sc.Raw()); err != nil {
				return err
			}
			continue
		}
		account := entity.New("BankAccount", f[1], f[2]).Add("accountNumber", f[2]).Add("bankName", f[1], f[0])
		owner := entity.New("LegalEntity", "amlworld", f[3]).Add("name", f[4]).Add("idNumber", f[3])
		owns := entity.New("Ownership", owner.ID, account.ID).Add("owner", owner.ID).Add("asset", account.ID)
		for _, e := range []*entity.Entity{account, owner, owns} {
			if err := out.Entity(e); err != nil {
				return err
			}
		}
		out.Accept()
	}
	return intake.EndError(sc.Err())
}

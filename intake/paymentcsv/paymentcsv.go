// Package paymentcsv reads Tarir's own payments CSV: a header, columns in any order, unknown columns kept as extra
// fields. docs/formats.md has the columns.
package paymentcsv

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"tarir/intake"
	"tarir/intake/delimited"
	"tarir/money/ledger"
)

// Columns in the order in which Tarir writes them.
var Columns = []string{
	"id", "time", "from_bank", "from_account", "to_bank", "to_account", "amount", "currency",
	"received_amount", "received_currency", "channel", "mcc", "purpose", "place", "device", "from_name", "to_name",
}

var required = []string{"time", "from_account", "to_account", "amount", "currency"}

// Format reads the payments CSV.
var Format = &intake.Format{
	Name:   "payments-csv",
	Wanted: "payments CSV (" + strings.Join(required, ", ") + ")",
	Sniff: func(head []byte) bool {
		cols, _ := delimited.Header(head)
		for _, r := range required {
			if !slices.Contains(cols, r) {
				return false
			}
		}
		return true
	},
	Read: read,
	Rank: 50,
}

func read(ctx context.Context, _ *intake.Input, text *intake.Text, out *intake.Out) error {
	cols, sep := delimited.Header(text.Head())
	sc := delimited.NewScanner(text, sep, intake.MaxRecord)
	if !sc.Scan() { // the header
		return intake.EndError(sc.Err())
	}
	at := make(map[string]int, len(cols))
	for i, c := range cols {
		if _, twice := at[c]; twice {
			return fmt.Errorf("the header names the column %q twice", c)
		}
		at[c] = i
	}
	idx := func(name string) int {
		if i, ok := at[name]; ok {
			return i
		}
		return -1
	}
	r := reader{
		n: len(cols), id: idx("id"), time: idx("time"), fromBank: idx("from_bank"), from: idx("from_account"),
		toBank: idx("to_bank"), to: idx("to_account"), amount: idx("amount"), currency: idx("currency"),
		rAmount: idx("received_amount"), rCurrency: idx("received_currency"), channel: idx("channel"), mcc: idx("mcc"),
		purpose: idx("purpose"), place: idx("place"), device: idx("device"), fromName: idx("from_name"), toName: idx("to_name"),
	}
	for i, c := range cols {
		if !slices.Contains(Columns, c) {
			r.extra = append(r.extra, extraColumn{c, i})
		}
	}
	for n := 0; sc.Scan(); n++ {
		if n&4095 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		out.Begin(sc.Line())
		var p ledger.Payment
		reason := sc.Bad()
		if reason == "" {
			reason = r.payment(sc.Fields(), &p)
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

type extraColumn struct {
	name string
	at   int
}

// reader knows where each column stands; -1 is absent.
type reader struct {
	n                                                        int
	id, time, fromBank, from, toBank, to, amount, currency   int
	rAmount, rCurrency, channel, mcc, purpose, place, device int
	fromName, toName                                         int
	extra                                                    []extraColumn
}

func (r *reader) payment(f []string, p *ledger.Payment) (reason string) {
	if len(f) != r.n {
		return fmt.Sprintf("%d fields where the header has %d", len(f), r.n)
	}
	get := func(i int) string {
		if i < 0 {
			return ""
		}
		return strings.TrimSpace(f[i])
	}
	if err := intake.SetTime(p, get(r.time)); err != nil {
		return err.Error()
	}
	var err error
	if p.Paid.Units, p.Paid.Scale, err = ledger.ParseDecimal(get(r.amount), '.'); err != nil {
		return err.Error()
	}
	p.Ref, p.Paid.Currency = get(r.id), get(r.currency)
	p.From = ledger.Account{Institution: get(r.fromBank), Number: get(r.from)}
	p.To = ledger.Account{Institution: get(r.toBank), Number: get(r.to)}
	if p.From.Number == "" {
		p.From = ledger.Account{} // cash: a bank without an account is the place of the counter, not an account
	}
	if p.To.Number == "" {
		p.To = ledger.Account{}
	}
	if s := get(r.rAmount); s != "" {
		if p.Received.Units, p.Received.Scale, err = ledger.ParseDecimal(s, '.'); err != nil {
			return "received " + err.Error()
		}
		p.Received.Currency = get(r.rCurrency)
		if p.Received.Currency == "" {
			p.Received.Currency = p.Paid.Currency
		}
		if p.Received == p.Paid {
			p.Received = ledger.Money{}
		}
	}
	if s := get(r.channel); s != "" {
		var ok bool
		if p.Channel, ok = ledger.ParseChannel(s); !ok {
			return fmt.Sprintf("unknown channel %q", short(s))
		}
	}
	p.MCC, p.Purpose, p.Place, p.Device = get(r.mcc), get(r.purpose), get(r.place), get(r.device)
	p.FromName, p.ToName = get(r.fromName), get(r.toName)
	if len(r.extra) > 0 {
		m := make(map[string]string, len(r.extra))
		for _, e := range r.extra {
			if v := get(e.at); v != "" {
				m[e.name] = v
			}
		}
		if len(m) > 0 {
			b, err := json.Marshal(m) // keys come sorted
			if err != nil {
				return "extra columns: " + err.Error()
			}
			p.Extra = string(b)
		}
	}
	return ""
}

func short(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}

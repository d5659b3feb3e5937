// Package mapped reads any other table of payments by a mapping file: which column is what, how dates and amounts are
// written, and what a sign or a pair of debit and credit columns means. docs/formats.md explains the file.
package mapped

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"tarir/intake"
	"tarir/intake/delimited"
	"tarir/money/ledger"
)

// Mapping is a mapping file.
type Mapping struct {
	Name      string            `toml:"name"`
	Separator string            `toml:"separator"` // , ; tab |; empty: guessed from the header
	Columns   map[string]string `toml:"columns"`   // field → column
	Constants map[string]string `toml:"constants"` // field → value for every row
	Time      struct {
		Layout string `toml:"layout"` // Go layout, or unix, unix_ms, rfc3339
		Zone   string `toml:"zone"`   // IANA name for times without an offset; UTC where empty
	} `toml:"time"`
	Amount struct {
		Decimal   string `toml:"decimal"`   // . or ,
		Thousands string `toml:"thousands"` // . , space or '
		// Sign: "none" (amounts are positive, from pays to), "negative_is_debit" or "negative_is_credit": the amount is
		// booked on the field account and counterparty is the other side.
		Sign string `toml:"sign"`
	} `toml:"amount"`
	Channels map[string]string `toml:"channels"` // value of the channel column → channel

	zone *time.Location
}

// fields that a mapping may fill. account and counterparty are for statements, where the sign or the debit and credit
// columns give the direction.
var fields = []string{
	"id", "time", "from_bank", "from_account", "to_bank", "to_account", "amount", "currency", "received_amount", "received_currency",
	"channel", "mcc", "purpose", "place", "device", "from_name", "to_name",
	"bank", "account", "name", "counterparty_bank", "counterparty", "counterparty_name", "debit", "credit",
}

// Load reads mapping files.
func Load(paths []string) ([]*Mapping, error) {
	var out []*Mapping
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read mapping file: %w", err)
		}
		m, err := Parse(string(b))
		if err != nil {
			return nil, fmt.Errorf("mapping file %s: %w", path, err)
		}
		if m.Name == "" {
			m.Name = strings.TrimSuffix(path[strings.LastIndexByte(path, '/')+1:], ".toml")
		}
		out = append(out, m)
	}
	return out, nil
}

// Parse reads and checks a mapping.
func Parse(text string) (*Mapping, error) {
	var m Mapping
	md, err := toml.Decode(text, &m)
	if err != nil {
		return nil, err
	}
	if un := md.Undecoded(); len(un) > 0 {
		return nil, fmt.Errorf("unknown key %s", un[0])
	}
	for _, set := range []map[string]string{m.Columns, m.Constants} {
		for f := range set {
			if !slices.Contains(fields, f) {
				return nil, fmt.Errorf("unknown field %q; the fields are %s", f, strings.Join(fields, ", "))
			}
		}
	}
	has := func(f string) bool { return m.Columns[f] != "" || m.Constants[f] != "" }
	statement := has("account")
	switch {
	case !has("time"):
		return nil, errors.New("no column for the field time")
	case !has("currency"):
		return nil, errors.New("no column or constant for the field currency")
	case statement && !has("amount") && !(has("debit") && has("credit")):
		return nil, errors.New("a statement needs a column for amount, or for debit and credit")
	case statement && has("amount") && m.Amount.Sign != "negative_is_debit" && m.Amount.Sign != "negative_is_credit":
		return nil, errors.New(`amount.sign must say "negative_is_debit" or "negative_is_credit" where rows belong to one account`)
	case !statement && (!has("amount") || !has("from_account") && !has("to_account")):
		return nil, errors.New("columns for amount and for from_account or to_account (or for account and counterparty) are needed")
	}
	if m.Amount.Decimal == "" {
		m.Amount.Decimal = "."
	}
	if len(m.Amount.Decimal) != 1 || m.Amount.Decimal == m.Amount.Thousands {
		return nil, errors.New("amount.decimal must be one character, and another than amount.thousands")
	}
	if m.Time.Layout == "" {
		return nil, errors.New(`time.layout is needed: unix, unix_ms, rfc3339, or how 2 January 2006 15:04:05 is written, for instance "02/01/2006 15:04"`)
	}
	m.zone = time.UTC
	if m.Time.Zone != "" {
		if m.zone, err = time.LoadLocation(m.Time.Zone); err != nil {
			return nil, fmt.Errorf("time.zone: %w", err)
		}
	}
	for v, c := range m.Channels {
		if _, ok := ledger.ParseChannel(c); !ok {
			return nil, fmt.Errorf("channels: %q is mapped to the unknown channel %q", v, c)
		}
	}
	if m.Separator == "tab" {
		m.Separator = "\t"
	}
	if len(m.Separator) > 1 {
		return nil, errors.New("separator must be one character, or tab")
	}
	return &m, nil
}

// Format makes the mapping a format. It is tried before the built-in ones, and recognised by its columns.
func (m *Mapping) Format() *intake.Format {
	return &intake.Format{
		Name: "mapped:" + m.Name, Wanted: "the columns of the mapping " + m.Name, Rank: 50,
		Sniff: func(head []byte) bool {
			cols, _ := m.header(head)
			for _, c := range m.Columns {
				if !slices.Contains(cols, c) {
					return false
				}
			}
			return len(cols) > 1
		},
		Read: m.read,
	}
}

func (m *Mapping) header(head []byte) ([]string, byte) {
	if m.Separator == "" {
		return delimited.Header(head)
	}
	line, _, _ := strings.Cut(strings.TrimLeft(string(head), "\r\n"), "\n")
	sc := delimited.NewScanner(strings.NewReader(line), m.Separator[0], len(line)+1)
	var cols []string
	if sc.Scan() {
		for _, f := range sc.Fields() {
			cols = append(cols, strings.TrimSpace(f))
		}
	}
	return cols, m.Separator[0]
}

func (m *Mapping) read(ctx context.Context, _ *intake.Input, text *intake.Text, out *intake.Out) error {
	cols, sep := m.header(text.Head())
	at := map[string]int{}
	for f, c := range m.Columns {
		at[f] = slices.Index(cols, c)
	}
	out.Note("decimal mark %q, time layout %q", m.Amount.Decimal, m.Time.Layout)
	sc := delimited.NewScanner(text, sep, intake.MaxRecord)
	sc.Scan() // the header
	for n := 0; sc.Scan(); n++ {
		if n&4095 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		out.Begin(sc.Line())
		var p ledger.Payment
		reason := sc.Bad()
		if f := sc.Fields(); reason == "" && len(f) != len(cols) {
			reason = fmt.Sprintf("%d fields where the header has %d", len(f), len(cols))
		} else if reason == "" {
			reason = m.payment(func(field string) string {
				if i, ok := at[field]; ok {
					return strings.TrimSpace(f[i])
				}
				return m.Constants[field]
			}, &p)
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

func (m *Mapping) payment(get func(string) string, p *ledger.Payment) (reason string) {
	if err := m.setTime(p, get("time")); err != nil {
		return err.Error()
	}
	p.Ref, p.MCC, p.Purpose, p.Place, p.Device = get("id"), get("mcc"), get("purpose"), get("place"), get("device")
	if c := get("channel"); c != "" {
		if to, ok := m.Channels[c]; ok {
			c = to
		}
		var ok bool
		if p.Channel, ok = ledger.ParseChannel(c); !ok {
			if len(m.Channels) > 0 {
				p.Channel = ledger.ChannelOther
			} else {
				return fmt.Sprintf("unknown channel %.40q; map it under [channels]", c)
			}
		}
	}
	var err error
	if get("account") != "" {
		reason = m.statement(get, p)
	} else {
		p.From = account(get("from_bank"), get("from_account"))
		p.To = account(get("to_bank"), get("to_account"))
		p.FromName, p.ToName = get("from_name"), get("to_name")
		p.Paid, err = m.money(get("amount"), get("currency"))
	}
	if reason != "" {
		return reason
	}
	if err != nil {
		return err.Error()
	}
	if s := get("received_amount"); s != "" {
		cur := get("received_currency")
		if cur == "" {
			cur = p.Paid.Currency
		}
		if p.Received, err = m.money(s, cur); err != nil {
			return "received " + err.Error()
		}
		if p.Received == p.Paid {
			p.Received = ledger.Money{}
		}
	}
	return ""
}

// statement gives the two sides of a row that belongs to one account.
func (m *Mapping) statement(get func(string) string, p *ledger.Payment) string {
	own, other := account(get("bank"), get("account")), account(get("counterparty_bank"), get("counterparty"))
	ownName, otherName := get("name"), get("counterparty_name")
	if other.Outside() && otherName != "" {
		other = intake.DirectAccount(otherName, "")
	}
	var err error
	debit := false
	if s := get("amount"); s != "" {
		if p.Paid, err = m.money(s, get("currency")); err != nil {
			return err.Error()
		}
		debit = (p.Paid.Units < 0) == (m.Amount.Sign == "negative_is_debit")
		p.Paid.Units = max(p.Paid.Units, -p.Paid.Units)
	} else {
		d, c := get("debit"), get("credit")
		zero := func(s string) bool { return strings.Trim(s, "0.,-") == "" }
		if zero(d) == zero(c) {
			return "exactly one of debit and credit must hold an amount"
		}
		debit = !zero(d)
		if !debit {
			d = c
		}
		if p.Paid, err = m.money(d, get("currency")); err != nil {
			return err.Error()
		}
		p.Paid.Units = max(p.Paid.Units, -p.Paid.Units) // a debit column may carry its sign
	}
	if debit {
		p.From, p.FromName, p.To, p.ToName = own, ownName, other, otherName
	} else {
		p.From, p.FromName, p.To, p.ToName = other, otherName, own, ownName
	}
	return ""
}

func account(bank, number string) ledger.Account {
	if number == "" {
		return ledger.Account{}
	}
	return ledger.Account{Institution: bank, Number: number}
}

func (m *Mapping) money(s, currency string) (ledger.Money, error) {
	if t := m.Amount.Thousands; t != "" {
		s = strings.ReplaceAll(s, t, "")
		if t == " " {
			s = strings.NewReplacer("\u00a0", "", "\u202f", "").Replace(s)
		}
	}
	units, scale, err := ledger.ParseDecimal(s, m.Amount.Decimal[0])
	return ledger.Money{Units: units, Scale: scale, Currency: currency}, err
}

func (m *Mapping) setTime(p *ledger.Payment, s string) error {
	switch m.Time.Layout {
	case "unix", "unix_ms":
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return errors.New("time is not a whole number of seconds or milliseconds")
		}
		if m.Time.Layout == "unix" {
			if n > 1<<40 || n < -1<<40 {
				return errors.New("time out of range: is it in milliseconds?")
			}
			n *= 1000
		}
		p.At = n
		return nil
	case "rfc3339":
		return intake.SetTime(p, s)
	}
	t, err := time.ParseInLocation(m.Time.Layout, s, m.zone)
	if err != nil {
		return fmt.Errorf("time is not written as %q", m.Time.Layout)
	}
	p.SetTime(t)
	if !strings.ContainsAny(m.Time.Layout, ":") && !strings.Contains(m.Time.Layout, "15") {
		p.DateOnly = true
		p.At += int64(p.OffsetMin) * 60_000
		p.OffsetMin = 0
	}
	return nil
}

package swiftmt

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"tarir/intake"
	"tarir/money/ledger"
)

// readStatementText reads bare MT940 text, one field at a time; what belongs to one statement line (61 and its 86) is
// held, nothing more.
func readStatementText(ctx context.Context, _ *intake.Input, text *intake.Text, out *intake.Out) error {
	st := statement{out: out}
	br := bufio.NewReaderSize(text, 64<<10)
	var cur tag
	line := int64(0)
	flush := func() error {
		if cur.name == "" {
			return nil
		}
		t := cur
		cur = tag{}
		return st.field(t)
	}
	for {
		if line&1023 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		l, long, err := readLine(br)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		line++
		if long {
			if ferr := flush(); ferr != nil {
				return ferr
			}
			out.Begin(line)
			if rerr := out.Reject("line longer than 64 KiB", l[:1024]); rerr != nil {
				return rerr
			}
		} else if name, value, ok := cutTag(l); ok {
			if ferr := flush(); ferr != nil {
				return ferr
			}
			cur = tag{name, value, line}
		} else if t := strings.TrimSpace(l); cur.name != "" && t != "-" && t != "" && len(cur.value) < maxMessage {
			cur.value += "\n" + strings.TrimRight(l, "\r")
		}
		if errors.Is(err, io.EOF) {
			if ferr := flush(); ferr != nil {
				return ferr
			}
			return st.end()
		}
	}
}

// readLine reads one line without its end; long says that it went beyond the buffer and the rest was passed over.
func readLine(br *bufio.Reader) (l string, long bool, err error) {
	b, err := br.ReadSlice('\n')
	l = strings.TrimRight(string(b), "\r\n")
	for errors.Is(err, bufio.ErrBufferFull) {
		long = true
		_, err = br.ReadSlice('\n')
	}
	return l, long, err
}

// readStatement reads the text block of an MT940 or MT942 message.
func readStatement(out *intake.Out, text string, line int64) error {
	st := statement{out: out}
	for _, t := range tags(text, line) {
		if err := st.field(t); err != nil {
			return err
		}
	}
	return st.end()
}

// statement is the state between fields of one or more statements.
type statement struct {
	out      *intake.Out
	account  ledger.Account
	owner    string
	currency string
	opening  ledger.Money
	hasOpen  bool
	sum      int64 // of lines, at scale 3
	lines    int

	pending *tag // a line 61 that waits for its 86
}

const mtScale = 3

func (s *statement) field(t tag) error {
	if s.pending != nil && t.name == "86" {
		return s.flush(t.value)
	}
	if err := s.flush(""); err != nil {
		return err
	}
	switch t.name {
	case "20":
		s.account, s.owner, s.hasOpen, s.sum, s.lines = ledger.Account{}, "", false, 0, 0
	case "25", "25P":
		s.account, s.currency = accountField(t.value)
	case "60F", "60M":
		if m, err := balance(t.value); err == nil {
			s.currency = m.Currency
			if t.name == "60F" || !s.hasOpen { // a page's opening is the page before's closing
				s.opening, s.hasOpen, s.sum = m, true, 0
			}
		}
	case "34F":
		if len(t.value) >= 3 {
			s.currency = t.value[:3]
		}
	case "61":
		s.pending = &t
	case "62F", "62M":
		s.close(t.value)
	}
	return nil
}

func (s *statement) end() error { return s.flush("") }

// close says so where opening balance and lines do not give the closing balance.
func (s *statement) close(value string) {
	m, err := balance(value)
	if err != nil || !s.hasOpen || m.Currency != s.opening.Currency {
		return
	}
	open, ok1 := s.opening.Rescale(mtScale)
	closing, ok2 := m.Rescale(mtScale)
	if ok1 && ok2 && open+s.sum != closing {
		diff := ledger.Money{Units: closing - open - s.sum, Scale: mtScale, Currency: m.Currency}
		for diff.Scale > 0 && diff.Units%10 == 0 {
			diff.Units, diff.Scale = diff.Units/10, diff.Scale-1
		}
		s.out.Note("a statement does not add up: opening balance and lines differ from the closing balance by %s", diff)
	}
}

// accountField reads "50880050/0194774600888", "PL2911…", "BANKBIC/number", with a currency behind in some files.
func accountField(v string) (ledger.Account, string) {
	v = strings.TrimSpace(strings.SplitN(v, "\n", 2)[0])
	currency := ""
	if n := len(v); n > 15 && ledger.KnownCurrency(v[n-3:]) && v[n-4] >= '0' && v[n-4] <= '9' {
		v, currency = strings.TrimRight(v[:n-3], " "), v[n-3:]
	}
	bank, number, ok := strings.Cut(v, "/")
	if !ok {
		return accountAt("", v), currency
	}
	return accountAt(bank, number), currency
}

// balance reads "C070903EUR1234718,36"; the currency is missing in some files.
func balance(v string) (ledger.Money, error) {
	if len(v) < 11 {
		return ledger.Money{}, errors.New("balance too short")
	}
	m, err := amount(strings.SplitN(v[7:], "\n", 2)[0], "")
	if err == nil && !ledger.KnownCurrency(m.Currency) {
		err = errors.New("balance without a currency")
	}
	if v[0] == 'D' {
		m.Units = -m.Units
	}
	return m, err
}

// line61: value date, entry date, mark (C, D, RC, RD), funds letter, amount, type, reference, bank reference.
var line61 = regexp.MustCompile(`^(\d{6})(\d{4})?(R?[CD]|E[CD])([A-Z])?(\d[\d.]*,?\d*)([A-Z][A-Z0-9]{3})?([^\n/]*(?:/[^\n/]+)*)?(?://([^\n]*))?(?:\n([\s\S]*))?$`)

func (s *statement) flush(narrative string) error {
	if s.pending == nil {
		return nil
	}
	t := *s.pending
	s.pending = nil
	s.out.Begin(t.line)
	raw := ":61:" + t.value
	if narrative != "" {
		raw += "\n:86:" + narrative
	}
	p, reason := s.payment(t.value, narrative)
	if reason != "" {
		return s.out.Reject(reason, raw)
	}
	return s.out.Payment(&p, raw)
}

func (s *statement) payment(line, narrative string) (p ledger.Payment, reason string) {
	f := line61.FindStringSubmatch(line)
	if f == nil {
		return p, "field 61 is not a statement line"
	}
	if s.account.Outside() {
		return p, "a statement line before the account (field 25)"
	}
	if s.currency == "" {
		return p, "no balance names the currency of this line"
	}
	value, err := date(f[1])
	if err != nil {
		// Interest is valued by months of thirty days, so banks write 30 February; the entry date is a real day.
		near, ok := monthOf(f[1])
		if !ok || f[2] == "" {
			return p, err.Error()
		}
		s.out.Note("a value date that no calendar has: the entry date was taken")
		value = near
	}
	booked, err := entryDate(value, f[2])
	if err != nil {
		return p, err.Error()
	}
	p.SetTime(booked)
	p.DateOnly = true
	if p.Paid, err = amount(strings.ReplaceAll(f[5], ".", ""), s.currency); err != nil {
		return p, err.Error()
	}
	// A reversal of a credit takes money away, a reversal of a debit brings it back.
	credit := f[3] == "C" || f[3] == "RD" || f[3] == "EC"
	if u, ok := p.Paid.Rescale(mtScale); ok {
		if !credit {
			u = -u
		}
		s.sum += u
	}
	s.lines++
	d := readNarrative(narrative)
	other := intake.DirectAccount(d.name, "")
	if d.account != "" {
		other = accountAt(d.bank, d.account)
	}
	if credit {
		p.From, p.FromName, p.To = other, d.name, s.account
	} else {
		p.From, p.To, p.ToName = s.account, other, d.name
	}
	own, bank := strings.TrimSpace(f[7]), strings.TrimSpace(f[8])
	if own == "NONREF" || own == "NOTPROVIDED" || own == "N" {
		own = ""
	}
	p.Ref = firstOf(bank, own)
	p.Purpose = firstOf(d.text, strings.TrimSpace(f[9]))
	p.Channel = channelOf(f[6], other.Outside())
	if p.Ref != "" {
		// References of field 61 repeat (a clearing run, "12345"), so alone they are no identity; with the whole line
		// and its narrative they are.
		p.Key = fmt.Sprintf("61|%s|%s|%s", s.account, line, narrative)
	}
	return p, ""
}

// monthOf is a day in the month of a date YYMMDD whose day may not exist.
func monthOf(yymmdd string) (time.Time, bool) {
	t, err := date(yymmdd[:4] + "28")
	return t, err == nil
}

// entryDate gives the entry date its year: that of the value date, or a neighbour's around New Year.
func entryDate(value time.Time, mmdd string) (time.Time, error) {
	if mmdd == "" {
		return value, nil
	}
	var best time.Time
	for _, year := range []int{value.Year() - 1, value.Year(), value.Year() + 1} {
		t, err := time.Parse("20060102", fmt.Sprintf("%04d%s", year, mmdd))
		if err != nil {
			continue
		}
		if best.IsZero() || t.Sub(value).Abs() < best.Sub(value).Abs() {
			best = t
		}
	}
	if best.IsZero() {
		return best, fmt.Errorf("there is no entry date %s (MMDD)", mmdd)
	}
	return best, nil
}

// details are what a narrative says of the other side.
type details struct{ bank, account, name, text string }

// readNarrative reads field 86: structured by ?20 to ?29 (text), ?30 (bank), ?31 (account), ?32 and ?33 (name), or free.
func readNarrative(v string) (d details) {
	joined := strings.ReplaceAll(v, "\n", "")
	if !strings.Contains(joined, "?2") && !strings.Contains(joined, "?3") {
		d.text = strings.TrimSpace(strings.ReplaceAll(v, "\n", " "))
		return d
	}
	var text strings.Builder
	for _, part := range strings.Split(joined, "?")[1:] {
		if len(part) < 2 {
			continue
		}
		code, value := part[:2], part[2:]
		switch {
		case code >= "20" && code <= "29", code >= "60" && code <= "63":
			text.WriteString(value)
		case code == "30":
			d.bank = strings.TrimSpace(value)
		case code == "31":
			d.account = strings.ReplaceAll(strings.TrimSpace(value), " ", "")
		case code == "32", code == "33":
			d.name = strings.TrimSpace(d.name + " " + strings.TrimSpace(value))
		}
	}
	d.text = strings.TrimSpace(text.String())
	return d
}

func channelOf(code string, outside bool) ledger.Channel {
	if len(code) == 4 {
		switch code[1:] {
		case "CHK", "CLR", "RTI":
			return ledger.ChannelCheque
		case "CHG", "COM", "INT":
			return ledger.ChannelFee
		case "DDT":
			return ledger.ChannelACH
		case "TRF", "STO":
			return ledger.ChannelTransfer
		}
	}
	if outside {
		return ledger.ChannelOther
	}
	return ledger.ChannelTransfer
}

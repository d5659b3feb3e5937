// Package swiftmt reads payments from SWIFT MT messages: MT103 customer transfers, MT202 COV with the customer payment
// inside, and the statements MT940 and MT942, as single messages, in .rje files joined by '$', or as the bare statement
// text that banks hand out (.sta).
//
// Acknowledgements are read past and noted; test payments (CRTS) and messages that the network rejected are rejected.
// MT101 holds orders to pay: kept as orders.
package swiftmt

import (
	"bufio"
	"bytes"
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

// Formats are the message kinds read.
var Formats = []*intake.Format{
	{
		Name: "swift-mt", Wanted: "SWIFT MT103, MT202, MT940 (FIN or .rje)", Rank: 20,
		Sniff: func(head []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(head), []byte("{1:")) },
		Read:  readMessages,
	},
	{
		Name: "mt940", Wanted: "MT940 statement text", Rank: 20,
		Sniff: func(head []byte) bool {
			// Some banks put a header line before the first tag.
			lines := bytes.SplitN(head, []byte("\n"), 40)
			first := -1
			for i, l := range lines {
				if bytes.HasPrefix(l, []byte(":20:")) || bytes.HasPrefix(l, []byte(":940:")) {
					first = i
					break
				}
			}
			return first >= 0 && bytes.Contains(head, []byte("\n:25:"))
		},
		Read: readStatementText,
	},
}

// message is one FIN message.
type message struct {
	line int64
	typ  string // 103, 202, 940…
	uetr string
	// sender is the BIC of the instructing bank.
	sender, receiver string
	text             string
	textLine         int64
	raw              string
}

// maxMessage bounds one message; FIN itself allows 10,000 characters, statements pasted together more.
const maxMessage = intake.MaxRecord

// readMessages splits a file into messages by following the braces of their blocks.
func readMessages(ctx context.Context, _ *intake.Input, text *intake.Text, out *intake.Out) error {
	sp := &splitter{r: text.Reader, line: 1}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		raw, line, tooLong, err := sp.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if tooLong {
			out.Begin(line)
			if err := out.Reject(fmt.Sprintf("message longer than %d bytes", maxMessage), raw); err != nil {
				return err
			}
			continue
		}
		if err := readMessage(out, raw, line); err != nil {
			return err
		}
	}
}

// splitter cuts at '$' and before each "{1:" that begins a line or follows a message's end.
type splitter struct {
	r    *bufio.Reader
	line int64
}

func (s *splitter) next() (raw string, line int64, tooLong bool, err error) {
	var b bytes.Buffer
	depth := 0
	line = s.line
	started, complete := false, false
	for {
		if complete && depth == 0 {
			// A new message begins with block 1; other blocks belong to this one.
			if next, _ := s.r.Peek(3); string(next) == "{1:" {
				return b.String(), line, tooLong, nil
			}
		}
		c, err := s.r.ReadByte()
		if errors.Is(err, io.EOF) {
			if !started {
				return "", line, false, io.EOF
			}
			return b.String(), line, tooLong, nil
		}
		if err != nil {
			return "", line, false, err
		}
		if !started && (c == '\n' || c == '\r' || c == '$' || c == ' ' || c == '\x01' || c == '\x03') {
			if c == '\n' {
				s.line++
			}
			line = s.line
			continue
		}
		started = true
		if c == '\n' {
			s.line++
		}
		if c == '$' && depth == 0 {
			return b.String(), line, tooLong, nil
		}
		switch c {
		case '{':
			depth++
		case '}':
			if depth > 0 {
				depth--
			}
			complete = depth == 0
		}
		if b.Len() >= maxMessage {
			tooLong = true
			if b.Len() > 4096 {
				b.Truncate(4096)
			}
			continue
		}
		if !tooLong {
			b.WriteByte(c)
		}
	}
}

// blocks cuts the top-level blocks of a message: number to content.
func blocks(raw string) (map[string]string, int, bool) {
	out := map[string]string{}
	textAt := 0
	for i := 0; i < len(raw); {
		if raw[i] != '{' {
			i++
			continue
		}
		colon := strings.IndexByte(raw[i:], ':')
		if colon < 0 || colon > 4 {
			return out, textAt, false
		}
		id := raw[i+1 : i+colon]
		start := i + colon + 1
		if id == "4" && !strings.HasPrefix(raw[start:], "{") {
			end := strings.Index(raw[start:], "-}")
			if end < 0 {
				return out, textAt, false
			}
			out["4"], textAt = raw[start:start+end], start
			i = start + end + 2
			continue
		}
		depth, k := 1, start
		for ; k < len(raw) && depth > 0; k++ {
			switch raw[k] {
			case '{':
				depth++
			case '}':
				depth--
			}
		}
		if depth != 0 {
			return out, textAt, false
		}
		if _, ok := out[id]; !ok {
			out[id] = raw[start : k-1]
		}
		i = k
	}
	return out, textAt, len(out) > 0
}

var subBlock = regexp.MustCompile(`\{(\w+):([^{}]*)\}`)

func readMessage(out *intake.Out, raw string, line int64) error {
	if strings.TrimSpace(raw) == "" {
		return nil
	}
	b, textAt, ok := blocks(raw)
	if !ok {
		out.Begin(line)
		return out.Reject("not a FIN message: its blocks do not close", raw)
	}
	if strings.HasPrefix(b["1"], "F21") || strings.HasPrefix(b["4"], "{177:") {
		for _, m := range subBlock.FindAllStringSubmatch(b["4"], -1) {
			if m[1] == "451" && m[2] == "1" {
				out.Begin(line)
				return out.Reject("the network rejected the message that this acknowledgement belongs to (451:1)", raw)
			}
		}
		out.Note("acknowledgements read past")
		return nil
	}
	m := message{line: line, text: b["4"], textLine: line + int64(strings.Count(raw[:textAt], "\n")), raw: raw}
	if len(b["2"]) >= 4 {
		m.typ = b["2"][1:4]
	}
	if len(b["1"]) >= 11 {
		m.sender = bic(b["1"][3:])
	}
	if strings.HasPrefix(b["2"], "I") && len(b["2"]) >= 12 {
		m.receiver = bic(b["2"][4:])
	} else if strings.HasPrefix(b["2"], "O") && len(b["2"]) >= 22 {
		// Output messages: the block 1 is the receiver's, the sender is in the message input reference.
		m.receiver, m.sender = m.sender, bic(b["2"][14:])
	}
	for _, s := range subBlock.FindAllStringSubmatch(b["3"], -1) {
		if s[1] == "121" {
			m.uetr = strings.ToLower(s[2])
		}
	}
	switch m.typ {
	case "103", "202", "205":
		out.Begin(line)
		return m.transfer(out)
	case "101":
		return m.orders(out)
	case "940", "942", "950":
		return readStatement(out, m.text, m.textLine)
	}
	out.Begin(line)
	return out.Reject(fmt.Sprintf("MT%.3s is not read: MT101, MT103, MT202 COV, MT940 and MT942 are", m.typ), raw)
}

// bic is the bank's code of a logical terminal: eight letters, the terminal letter, the branch.
func bic(s string) string {
	if len(s) < 8 {
		return ""
	}
	return s[:8]
}

// tag is one field of a text block.
type tag struct {
	name, value string
	line        int64
}

// tags cuts a text block into its fields; a field runs to the next line that begins with a tag.
func tags(text string, line int64) []tag {
	var out []tag
	for _, l := range strings.SplitAfter(text, "\n") {
		t := strings.TrimRight(l, "\r\n")
		if name, value, ok := cutTag(t); ok {
			out = append(out, tag{name, value, line})
		} else if n := len(out); n > 0 && t != "" && t != "-" {
			out[n-1].value += "\n" + t
		}
		line++
	}
	return out
}

// cutTag reads ":61:value".
func cutTag(l string) (name, value string, ok bool) {
	if len(l) < 4 || l[0] != ':' {
		return "", "", false
	}
	end := strings.IndexByte(l[1:], ':')
	if end < 2 || end > 3 {
		return "", "", false
	}
	name = l[1 : 1+end]
	for i := range len(name) {
		if c := name[i]; !(c >= '0' && c <= '9' || c >= 'A' && c <= 'Z') {
			return "", "", false
		}
	}
	return name, l[end+2:], true
}

func find(list []tag, names ...string) (tag, bool) {
	for _, t := range list {
		for _, n := range names {
			if t.name == n {
				return t, true
			}
		}
	}
	return tag{}, false
}

// party reads a customer or bank field: an optional first line /account, then names; the F option numbers its lines,
// 1/ being the name.
func party(value string) (account, name, bicCode string) {
	lines := strings.Split(value, "\n")
	if strings.HasPrefix(lines[0], "/") {
		account = strings.TrimPrefix(lines[0], "/")
		if strings.HasPrefix(account, "/") { // //CC: a clearing code, not an account
			account = ""
		}
		lines = lines[1:]
	}
	for _, l := range lines {
		if rest, ok := strings.CutPrefix(l, "1/"); ok {
			return account, strings.TrimSpace(name + " " + rest), ""
		}
	}
	if len(lines) > 0 {
		name = strings.TrimSpace(lines[0])
	}
	if bicPattern.MatchString(name) {
		return account, "", name[:8]
	}
	return account, name, ""
}

var bicPattern = regexp.MustCompile(`^[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?$`)

// amount reads "USD3700," or "3700,00".
func amount(s, currency string) (ledger.Money, error) {
	if currency == "" {
		if len(s) < 4 {
			return ledger.Money{}, errors.New("no amount")
		}
		currency, s = s[:3], s[3:]
	}
	u, scale, err := ledger.ParseDecimal(s, ',')
	return ledger.Money{Units: u, Scale: scale, Currency: currency}, err
}

// date reads YYMMDD; SWIFT counts 80 to 99 as the last century.
func date(s string) (time.Time, error) {
	if len(s) != 6 {
		return time.Time{}, errors.New("date is not YYMMDD")
	}
	century := "20"
	if s >= "80" {
		century = "19"
	}
	t, err := time.Parse("20060102", century+s)
	if err != nil {
		return t, fmt.Errorf("there is no date %s (YYMMDD)", s)
	}
	return t, nil
}

func (m message) transfer(out *intake.Out) error {
	p, reason := m.payment()
	if reason != "" {
		return out.Reject(reason, m.raw)
	}
	return out.Payment(&p, m.raw)
}

func (m message) payment() (p ledger.Payment, reason string) {
	list := tags(m.text, m.textLine)
	ref, _ := find(list, "20")
	value, ok := find(list, "32A")
	if !ok || len(value.value) < 10 {
		return p, "no field 32A (value date, currency, amount)"
	}
	if code, ok := find(list, "23B"); ok && code.value == "CRTS" {
		return p, "a test payment (23B CRTS)"
	}
	t, err := date(value.value[:6])
	if err != nil {
		return p, "32A: " + err.Error()
	}
	p.SetTime(t)
	p.DateOnly = true
	if p.Paid, err = amount(value.value[6:], ""); err != nil {
		return p, "32A: " + err.Error()
	}
	if v, ok := find(list, "33B"); ok && len(v.value) > 3 && v.value[:3] != p.Paid.Currency {
		if paid, err := amount(v.value, ""); err == nil && ledger.KnownCurrency(paid.Currency) {
			p.Received, p.Paid = p.Paid, paid
		}
	}
	payer, ok := find(list, "50A", "50F", "50K")
	if !ok {
		return p, fmt.Sprintf("MT%s without an ordering customer (field 50): a transfer between banks, not a customer's payment", m.typ)
	}
	payee, ok := find(list, "59", "59A", "59F")
	if !ok {
		return p, "no beneficiary (field 59)"
	}
	p.From, p.FromName = customer(payer.value, bankOf(list, m.sender, "52A", "52D"))
	p.To, p.ToName = customer(payee.value, bankOf(list, m.receiver, "57A", "57D"))
	p.Ref = firstOf(m.uetr, ref.value)
	reference := ref.value
	if m.typ == "202" || m.typ == "205" {
		// The cover of a customer transfer: 21 is that transfer's reference.
		if related, ok := find(list, "21"); ok {
			reference = related.value
			if m.uetr == "" {
				p.Ref = reference
			}
		}
	}
	if v, ok := find(list, "70"); ok {
		p.Purpose = strings.ReplaceAll(v.value, "\n", " ")
	}
	p.Channel = ledger.ChannelTransfer
	// An MT103 and its cover are one payment: same UETR, or same reference, sides and amount.
	p.Key = "mt|" + fmt.Sprintf("%s|%s|%s|%d|%d|%s|%d", reference, p.From, p.To, p.Paid.Units, p.Paid.Scale, p.Paid.Currency, p.At)
	if m.uetr != "" {
		p.Key = "uetr|booked|" + m.uetr
	}
	return p, ""
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// bankOf is the bank of a customer: the account-with or ordering institution, else the message's own sender or
// receiver.
func bankOf(list []tag, fallback string, names ...string) string {
	if t, ok := find(list, names...); ok {
		if _, _, b := party(t.value); b != "" {
			return b
		}
	}
	return fallback
}

func customer(value, bank string) (ledger.Account, string) {
	number, name, code := party(value)
	if name == "" {
		name = code
	}
	if number == "" {
		return intake.DirectAccount(name, ""), name
	}
	return accountAt(bank, number), name
}

// accountAt names an account: an IBAN names its bank itself.
func accountAt(bank, number string) ledger.Account {
	if len(number) >= 15 && isLetter(number[0]) && isLetter(number[1]) && isDigit(number[2]) && isDigit(number[3]) {
		bank = ""
	}
	return ledger.Account{Institution: bank, Number: number}
}

func isLetter(c byte) bool { return c >= 'A' && c <= 'Z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }

// orders reads an MT101: the payer once, then one order for each field 21.
func (m message) orders(out *intake.Out) error {
	out.Note("MT101 holds orders to pay: kept as orders, not in the payment graph")
	list := tags(m.text, m.textLine)
	var head, order []tag
	flush := func() error {
		if order == nil {
			return nil
		}
		out.Begin(order[0].line)
		p, reason := m.order(append(append([]tag{}, order...), head...))
		if reason != "" {
			return out.Reject(reason, m.raw)
		}
		return out.Payment(&p, m.raw)
	}
	for _, t := range list {
		if t.name == "21" {
			if err := flush(); err != nil {
				return err
			}
			order = []tag{t}
			continue
		}
		if order == nil {
			head = append(head, t)
		} else {
			order = append(order, t)
		}
	}
	return flush()
}

func (m message) order(list []tag) (p ledger.Payment, reason string) {
	p.Status = ledger.Ordered
	on, _ := find(list, "30")
	t, err := date(on.value)
	if err != nil {
		return p, "30: " + err.Error()
	}
	p.SetTime(t)
	p.DateOnly = true
	sum, _ := find(list, "32B")
	if p.Paid, err = amount(sum.value, ""); err != nil {
		return p, "32B: " + err.Error()
	}
	ref, _ := find(list, "21")
	p.Ref = ref.value
	payer, ok := find(list, "50H", "50F", "50G")
	if ok {
		p.From, p.FromName = customer(payer.value, bankOf(list, m.sender, "52A"))
	}
	if payee, ok := find(list, "59", "59A", "59F"); ok {
		p.To, p.ToName = customer(payee.value, bankOf(list, m.receiver, "57A"))
	}
	if v, ok := find(list, "70"); ok {
		p.Purpose = strings.ReplaceAll(v.value, "\n", " ")
	}
	p.Channel = ledger.ChannelTransfer
	return p, ""
}

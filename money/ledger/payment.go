package ledger

import (
	"fmt"
	"strings"
	"time"
)

// Account names an account everywhere in Tarir: the institution that keeps it and its number there. The same number at
// two institutions is two accounts. The zero Account is the world outside the ledger: cash, or a side the source
// does not name.
type Account struct {
	Institution string
	Number      string
}

// Outside reports whether the account is the zero Account.
func (a Account) Outside() bool { return a == Account{} }

// maxAccountPart bounds the bytes of an institution and of a number; an IBAN has 34 letters at most.
const maxAccountPart = 4096

func (a Account) tooLong() bool {
	return len(a.Institution) > maxAccountPart || len(a.Number) > maxAccountPart
}

// String writes INSTITUTION/NUMBER, NUMBER alone where no institution is known, and the empty string for Outside.
func (a Account) String() string {
	if a.Institution == "" {
		return a.Number
	}
	return a.Institution + "/" + a.Number
}

// ParseAccount reads what String writes: the text before the first slash is the institution.
func ParseAccount(s string) Account {
	if inst, num, ok := strings.Cut(s, "/"); ok {
		return Account{Institution: inst, Number: num}
	}
	return Account{Number: s}
}

// Channel is the way a payment went. The names are those of the payments CSV.
type Channel uint8

// The channels; at most sixteen fit the graph's entries.
const (
	ChannelUnknown Channel = iota
	ChannelTransfer
	ChannelCard
	ChannelCashDeposit
	ChannelCashWithdrawal
	ChannelCheque
	ChannelACH
	ChannelInstant
	ChannelMVTS
	ChannelCrypto
	ChannelFee
	ChannelOther
	channelCount
)

var channelNames = [channelCount]string{
	"", "transfer", "card", "cash_deposit", "cash_withdrawal", "cheque", "ach", "instant", "mvts", "crypto", "fee", "other",
}

func (c Channel) String() string {
	if int(c) < len(channelNames) {
		return channelNames[c]
	}
	return fmt.Sprintf("channel(%d)", uint8(c))
}

// ParseChannel reads a channel's name; the empty string is ChannelUnknown.
func ParseChannel(s string) (Channel, bool) {
	for i, n := range channelNames {
		if n == s {
			return Channel(i), true
		}
	}
	return ChannelUnknown, false
}

// Status says what a record claims. Only Booked records are payments that happened; the rest are kept and shown, and
// never enter the graph.
type Status uint8

const (
	Booked     Status = iota // the money moved
	Pending                  // announced, not booked (camt PDNG)
	Info                     // for information only (camt INFO)
	Ordered                  // an order to pay (pain.001, MT101)
	Undirected               // parties known, who paid whom unknown (goAML multi-party without a role mapping)
	statusCount
)

var statusNames = [statusCount]string{"booked", "pending", "info", "ordered", "undirected"}

func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return fmt.Sprintf("status(%d)", uint8(s))
}

func parseStatus(s string) (Status, bool) {
	for i, n := range statusNames {
		if n == s {
			return Status(i), true
		}
	}
	return 0, false
}

// Payment is one payment as a source tells it. Strings may point into a reader's buffer: the ledger copies what it
// keeps, and so must anybody else who holds a Payment longer than the call that received it.
type Payment struct {
	// Ref is the payment's reference in its source; empty where it has none.
	Ref string
	// Key identifies the payment across messages where the source gives an identifier made for that (a UETR, an
	// account servicer reference). Two records with the same Key are one payment. Empty: see identity.
	Key string

	// At is the instant in milliseconds since 1970 UTC; OffsetMin the source's offset from UTC in minutes.
	At        int64
	OffsetMin int16
	// DateOnly says that the source gave a day without a time; At is then that day's midnight, in UTC.
	DateOnly bool

	From, To         Account
	FromName, ToName string

	// Paid is what left From, Received what reached To when that differs; Received is zero when it is the same.
	Paid     Money
	Received Money

	Channel Channel
	Status  Status
	MCC     string // ISO 18245 merchant category code
	Purpose string // purpose code or remittance text
	Place   string // where it was made, as the source writes it
	Device  string // device, terminal or IP identifier

	// Extra holds the source's further fields as a JSON object; never read by detection.
	Extra string

	// File is the source's base name, Line where the record starts in it (the first line is 1).
	File string
	Line int64
}

// Time is At as a time with the source's offset.
func (p *Payment) Time() time.Time {
	t := time.UnixMilli(p.At).UTC()
	if p.OffsetMin != 0 {
		t = t.In(time.FixedZone("", int(p.OffsetMin)*60))
	}
	return t
}

// SetTime fills At and OffsetMin from t.
func (p *Payment) SetTime(t time.Time) {
	_, off := t.Zone()
	p.At = t.UnixMilli()
	p.OffsetMin = int16(off / 60)
}

// Reference is how findings and traces name a payment: its Ref, else FILE#LINE.
func (p *Payment) Reference() string {
	if p.Ref != "" {
		return p.Ref
	}
	return fmt.Sprintf("%s#%d", p.File, p.Line)
}

// Times outside these bounds are refused: the graph keeps seconds in 32 bits.
const (
	minAt = 0                       // 1970-01-01
	maxAt = (1<<32 - 86_400) * 1000 // a day before 2106-02-07T06:28:16Z
)

// Check says why a payment cannot be kept, in words for the person who reads the list of rejected records; nil if it
// can. A self-transfer or a zero amount is a fact and is kept; a negative amount is a sign convention nobody declared.
func (p *Payment) Check() error {
	switch {
	case p.Paid.Currency == "":
		return fmt.Errorf("no currency")
	case !KnownCurrency(p.Paid.Currency) && p.Paid.Currency != NoCurrency:
		return fmt.Errorf("unknown currency %q", clip(p.Paid.Currency))
	case p.Received.Currency != "" && !KnownCurrency(p.Received.Currency):
		return fmt.Errorf("unknown received currency %q", clip(p.Received.Currency))
	case p.Paid.Units < 0 || p.Received.Units < 0:
		return fmt.Errorf("negative amount: give the direction by the two sides, or declare the sign in a mapping file")
	case p.Paid.Scale > maxScale || p.Received.Scale > maxScale:
		return fmt.Errorf("amount with more than %d digits after the point", maxScale)
	case p.Paid.absurd() || p.Received.absurd():
		return fmt.Errorf("amount too large to be a payment")
	case p.At < minAt || p.At >= maxAt:
		return fmt.Errorf("time out of range: payments from 1970-01-01 to 2106-02-06 are kept")
	case p.From.Outside() && p.To.Outside():
		return fmt.Errorf("neither side names an account")
	case p.From.tooLong() || p.To.tooLong():
		return fmt.Errorf("the name of an account is longer than %d bytes", maxAccountPart)
	}
	return nil
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}

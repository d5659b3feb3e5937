package intake

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"tarir/entity"
	"tarir/money/ledger"
)

// Store is where records go. Payment reports whether the payment was known already; a ledger.Refusal rejects the
// record, any other error ends the intake.
type Store interface {
	Payment(p *ledger.Payment) (known bool, err error)
	Entity(e *entity.Entity) error
}

// Rejection is one record that was not taken, as rejected.jsonl has it.
type Rejection struct {
	File   string `json:"file"`
	Line   int64  `json:"line"`
	Record int64  `json:"record"`
	Reason string `json:"reason"`
	Raw    string `json:"raw"`
}

// Count is the account of one input. Read = Accepted + Rejected; Known says how many of the accepted were there before.
type Count struct {
	Read     int64
	Accepted int64
	Known    int64
	Rejected int64
	Entities int64    // persons, companies and accounts told beside the records
	Notes    []string // what a person should know of this input, each once
}

// maxRaw bounds the raw text kept with a rejection.
const maxRaw = 4 << 10

// maxNotes bounds the notes of one input.
const maxNotes = 50

// Out receives the records of one input. A reader calls Begin at each record and then exactly one of Payment, Accept
// and Reject. The error of any method ends the reading.
type Out struct {
	File     string
	Currency string // of amounts whose source names none; empty: not given
	store    Store
	reject   func(Rejection) error
	tick     func(bytes int64)

	Count  Count
	line   int64
	open   bool
	noted  map[string]bool
	number int64

	noCurrency bool // a reader asked for the currency, and nobody knew it
}

// NewOut makes an Out for the named input; reject is called for each rejected record.
func NewOut(file string, store Store, reject func(Rejection) error) *Out {
	return &Out{File: file, store: store, reject: reject, noted: map[string]bool{}}
}

// Begin opens the record that starts at line.
func (o *Out) Begin(line int64) {
	if o.open {
		panic("intake: a record was begun before the one before it was accepted or rejected")
	}
	o.open, o.line = true, line
	o.number++
	o.Count.Read++
}

// Payment offers the open record as a payment; raw is used only if it is refused. File and Line are filled in.
func (o *Out) Payment(p *ledger.Payment, raw string) error {
	p.File, p.Line = o.File, o.line
	if !cleanText(p) {
		return o.Reject("text holds a NUL byte", raw)
	}
	if p.Paid.Currency == ledger.NoCurrency && !o.noCurrency {
		return o.Reject("the source says that the amount has no currency (XXX)", raw)
	}
	known, err := o.store.Payment(p)
	var refusal ledger.Refusal
	if errors.As(err, &refusal) {
		return o.Reject(refusal.Reason, raw)
	}
	if err != nil {
		return err
	}
	if known {
		o.Count.Known++
	}
	o.accept()
	return nil
}

// Accept closes the open record as kept without being a payment.
func (o *Out) Accept() { o.accept() }

func (o *Out) accept() {
	if !o.open {
		panic("intake: a record was accepted that was not begun")
	}
	o.open = false
	o.Count.Accepted++
}

// Reject closes the open record with the reason, in words for a person, and its raw text.
func (o *Out) Reject(reason, raw string) error {
	if !o.open {
		panic("intake: a record was rejected that was not begun")
	}
	o.open = false
	o.Count.Rejected++
	if len(raw) > maxRaw {
		raw = raw[:maxRaw] + fmt.Sprintf("… (%d bytes in all)", len(raw))
	}
	return o.reject(Rejection{o.File, o.line, o.number, reason, strings.ToValidUTF8(raw, "\uFFFD")})
}

// Entity keeps a person, company or account told by the record; it is not a record of its own.
func (o *Out) Entity(e *entity.Entity) error {
	o.Count.Entities++
	return o.store.Entity(e)
}

// AssumeCurrency is the currency of an amount whose source names none: the one that the person gave, or XXX (ISO 4217:
// no currency), which is compared with nothing. The note says which, and why.
func (o *Out) AssumeCurrency(why string) string {
	if o.Currency != "" {
		o.Note("%s: amounts taken as %s, as given", why, o.Currency)
		return o.Currency
	}
	o.Note("%s: amounts kept without a currency (XXX) and compared with no other; name it with --currency", why)
	o.noCurrency = true
	return ledger.NoCurrency
}

// Note keeps a remark on the whole input, each text once.
func (o *Out) Note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if o.noted[text] || len(o.Count.Notes) >= maxNotes {
		return
	}
	o.noted[text] = true
	o.Count.Notes = append(o.Count.Notes, text)
}

// close checks the promise of the package.
func (o *Out) close() error {
	if o.open {
		return fmt.Errorf("read %s: the reader left a record open", o.File)
	}
	if o.Count.Read != o.Count.Accepted+o.Count.Rejected {
		return fmt.Errorf("read %s: %d read, but %d accepted and %d rejected", o.File, o.Count.Read, o.Count.Accepted, o.Count.Rejected)
	}
	return nil
}

// cleanText repairs bytes that are not UTF-8, which a file that starts as ASCII can hold further down, by reading them
// as Windows-1252. It is false where a text holds a NUL.
func cleanText(p *ledger.Payment) bool {
	for _, s := range [...]*string{
		&p.From.Institution, &p.From.Number, &p.To.Institution, &p.To.Number, &p.FromName, &p.ToName,
		&p.Purpose, &p.Place, &p.Device, &p.Ref, &p.MCC, &p.Extra,
	} {
		if plain(*s) {
			continue
		}
		if strings.IndexByte(*s, 0) >= 0 {
			return false
		}
		if !utf8.ValidString(*s) {
			if t, err := charmap.Windows1252.NewDecoder().String(*s); err == nil {
				*s = t
			}
		}
	}
	return true
}

// plain says that a text is ASCII without a NUL, as nearly all are.
func plain(s string) bool {
	for i := range len(s) {
		if s[i]-1 >= 0x7f {
			return false
		}
	}
	return true
}

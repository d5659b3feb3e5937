package intake

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"tarir/entity"
	"tarir/journey"
	"tarir/money/ledger"
	"tarir/online"
)

// Store is where records go. Payment reports whether the payment was known already; a ledger.Refusal rejects the
// record, any other error ends the intake.
//
// A store may also have Ahead, which is told of the payments that Payment will be given next.
type Store interface {
	Payment(p *ledger.Payment) (known bool, err error)
	Entity(e *entity.Entity) error
	Advert(a *online.Advert) (known bool, err error)
	Journey(j *journey.Journey) (known bool, err error)
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
//
// Reading and keeping are two goroutines: records go to the store in batches, in the order in which they were read, so an
// error of the store comes back up to two batches late. The texts of a payment must therefore stay what they are, as
// strings do.
type Out struct {
	File     string
	Currency string // of amounts whose source names none; empty: not given
	store    Store
	reject   func(Rejection) error

	Count  Count // complete when finish has returned
	line   int64
	open   bool
	noted  map[string]bool
	number int64

	noCurrency bool // a reader asked for the currency, and nobody knew it

	batch  []record
	full   chan []record
	empty  chan []record
	done   chan struct{}
	failed atomic.Bool
	kept   Count // of the keeping goroutine; read after done
	err    error // the same
}

// record is one that was read: a payment, or with a reason one that is rejected.
type record struct {
	payment ledger.Payment
	raw     string
	reason  string
	line    int64
	number  int64
}

const (
	batchSize = 512
	batches   = 8 // under way between reading and keeping
)

// NewOut makes an Out for the named input; reject is called for each rejected record. finish must be called.
func NewOut(file string, store Store, reject func(Rejection) error) *Out {
	o := &Out{
		File: file, store: store, reject: reject, noted: map[string]bool{},
		batch: make([]record, 0, batchSize), full: make(chan []record, batches-1), empty: make(chan []record, batches), done: make(chan struct{}),
	}
	for range batches {
		o.empty <- make([]record, 0, batchSize)
	}
	go o.keep()
	return o
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
	return o.pass(record{payment: *p, raw: raw})
}

// Accept closes the open record as kept without being a payment.
func (o *Out) Accept() {
	o.shut()
	o.Count.Accepted++
}

// Advert keeps the open record as an advert. Source is filled in.
func (o *Out) Advert(a *online.Advert) error {
	a.Source = o.source()
	return o.aside(o.store.Advert(a))
}

// Journey keeps the open record as a journey. Source is filled in.
func (o *Out) Journey(j *journey.Journey) error {
	j.Source = o.source()
	return o.aside(o.store.Journey(j))
}

// aside closes the open record, which is kept but not as a payment.
func (o *Out) aside(known bool, err error) error {
	if err != nil {
		return err
	}
	o.Accept()
	if known {
		o.Count.Known++
	}
	return nil
}

func (o *Out) source() string { return o.File + "#" + strconv.FormatInt(o.line, 10) }

// Reject closes the open record with the reason, in words for a person, and its raw text.
func (o *Out) Reject(reason, raw string) error {
	return o.pass(record{reason: reason, raw: raw})
}

func (o *Out) shut() {
	if !o.open {
		panic("intake: a record was accepted or rejected that was not begun")
	}
	o.open = false
}

// pass hands a record on to be kept.
func (o *Out) pass(r record) error {
	o.shut()
	r.line, r.number = o.line, o.number
	if o.batch = append(o.batch, r); len(o.batch) < batchSize {
		return nil
	}
	o.full <- o.batch
	o.batch = <-o.empty
	if o.failed.Load() {
		return errStore
	}
	return nil
}

// errStore ends a reading whose records cannot be kept; finish has the reason.
var errStore = errors.New("the records cannot be kept")

// finish hands the last records on, waits until they are kept, and completes Count.
func (o *Out) finish() error {
	o.full <- o.batch
	close(o.full)
	<-o.done
	o.Count.Accepted += o.kept.Accepted
	o.Count.Known += o.kept.Known
	o.Count.Rejected += o.kept.Rejected
	return o.err
}

// keep is the goroutine behind an Out; finish waits for it.
func (o *Out) keep() {
	defer close(o.done)
	ahead, _ := o.store.(interface{ Ahead(next []*ledger.Payment) })
	var next []*ledger.Payment
	for batch := range o.full {
		if ahead != nil && o.err == nil {
			next = next[:0]
			for i := range batch {
				if batch[i].reason == "" {
					next = append(next, &batch[i].payment)
				}
			}
			ahead.Ahead(next)
		}
		for i := range batch {
			if o.err != nil {
				break
			}
			if o.err = o.keepOne(&batch[i]); o.err != nil {
				o.failed.Store(true)
			}
		}
		clear(batch) // their texts hold on to the blocks of the file
		select {
		case o.empty <- batch[:0]:
		default: // the last one
		}
	}
}

func (o *Out) keepOne(r *record) error {
	if r.reason == "" {
		known, err := o.store.Payment(&r.payment)
		var refusal ledger.Refusal
		switch {
		case err == nil:
			o.kept.Accepted++
			if known {
				o.kept.Known++
			}
			return nil
		case !errors.As(err, &refusal):
			return err
		}
		r.reason = refusal.Reason
	}
	o.kept.Rejected++
	if len(r.raw) > maxRaw {
		r.raw = r.raw[:maxRaw] + fmt.Sprintf("… (%d bytes in all)", len(r.raw))
	}
	return o.reject(Rejection{o.File, r.line, r.number, r.reason, strings.ToValidUTF8(r.raw, "\uFFFD")})
}

// Entity keeps a person, company or account told by the record; it is not a record of its own. Source is filled in
// where the entity does not bring one.
func (o *Out) Entity(e *entity.Entity) error {
	if e.Source == "" {
		e.Source = o.source()
	}
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

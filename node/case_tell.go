package node

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"tarir/audit"
	"tarir/casework"
	"tarir/entity"
	"tarir/handling"
	"tarir/intake/goaml"
	"tarir/intake/misp"
	"tarir/money/ledger"
	"tarir/store"
)

// A case is told in the formats that others read. Possible victims are in none of them but one, which tells codes.

// Telling says how a case is told.
type Telling struct {
	Format   string `json:"format"`             // one of TellingFormats
	Currency string `json:"currency,omitempty"` // goaml: a report has one; empty: the one there is
}

// TellingFormats are the formats in which a case is told, and what each is.
var TellingFormats = map[string]string{
	"csv":      "payments, as Tarir reads them",
	"ftm":      "entities, FollowTheMoney, one a line",
	"goaml":    "a report to an FIU, goAML 5.0: the payments that findings name, or all where there are none",
	"htcds":    "possible victims under their pseudonyms, HTCDS 2.0: codes alone",
	"misp":     "an event of MISP",
	"stix":     "a bundle of STIX 2.1",
	"timeline": "what happened, CSV",
}

// TellCase writes a case in a format, and says how many records that are.
func (n *Node) TellCase(ctx context.Context, w Who, id string, t Telling, out io.Writer) (records int64, err error) {
	if _, ok := TellingFormats[t.Format]; !ok {
		return 0, fmt.Errorf("%q is no format in which a case is told: %s", t.Format, strings.Join(slices.Sorted(maps.Keys(TellingFormats)), ", "))
	}
	x, err := n.exporterOf(ctx, w, id, t.Format)
	if err != nil {
		return 0, err
	}
	b := bufio.NewWriterSize(out, 64<<10)
	switch t.Format {
	case "csv":
		records, err = x.payments(b)
	case "ftm":
		records, err = x.ftm(b)
	case "goaml":
		records, err = x.goamlAlone(t.Currency, b)
	case "htcds":
		records, err = x.htcds(b)
	case "misp":
		records, err = x.misp(b)
	case "stix":
		records, err = x.stix(b)
	case "timeline":
		records, err = x.timeline(b)
	}
	return records, errors.Join(err, b.Flush())
}

// exporterOf lets somebody take a case out: by their seat, and as far as the rules of handling allow it.
func (n *Node) exporterOf(ctx context.Context, w Who, id, what string) (*exporter, error) {
	x := &exporter{n: n, ctx: ctx}
	err := n.work(ctx, w, id, casework.CaseExport, audit.Export, what, func(tx *store.Tx, c *casework.Case) (err error) {
		x.c = c
		it, err := tx.Get(kindCase, id)
		if err != nil {
			return err
		}
		x.changed = it.Changed
		if x.homes, err = homesOf(tx, c); err != nil {
			return err
		}
		return n.decide(w.in(c, id), handling.Bulk, labelOf(it), nil, false, kindCase, id)
	})
	if err != nil {
		return nil, err
	}
	return x, nil
}

func (x *exporter) ftm(w *bufio.Writer) (records int64, err error) {
	return records, x.each(casework.EntityEntry, func(e *store.Entry) error {
		records++
		_, err := w.Write(append(e.Body, '\n'))
		return err
	})
}

// EventUUID is the uuid of a case as an event of MISP: the one of the event that it was opened from, or one of its own.
func EventUUID(c *casework.Case) string {
	e := misp.Event{ID: c.ID, Own: eventOf(c)}
	return e.UUID()
}

// MISPEvent is the kind of what a case that came from MISP was opened from.
const MISPEvent = "misp"

func eventOf(c *casework.Case) string {
	for _, r := range c.From {
		if r.Kind == MISPEvent {
			return r.ID
		}
	}
	return ""
}

func (x *exporter) misp(w io.Writer) (records int64, err error) {
	analysis := 1 // ongoing
	if x.c.State == casework.CaseClosed {
		analysis = 2
	}
	m := misp.NewWriter(w, misp.Event{ID: x.c.ID, Own: eventOf(x.c), Number: x.c.Num, Info: x.c.Title, Org: x.c.Owner, At: x.changed, Tags: []string{"tlp:amber+strict"}, Analysis: analysis})
	err = x.each(casework.EntityEntry, func(e *store.Entry) error {
		f, _, err := entity.Decode(e.Body)
		if err != nil {
			return err
		}
		records++
		return m.Entity(f)
	})
	return records - m.Passed, errors.Join(err, m.Close())
}

// mostTransactions is how many transactions a report has; there are as many reports as that takes.
const mostTransactions = 10_000

// suspicion is what is reported, and why.
type suspicion struct {
	seed     maphash.Seed
	payments map[uint64]struct{} // that findings name; nil: all
	codes    []string            // of what was found
	reason   string
	counts   map[string]int64 // payments by currency
}

func (s *suspicion) has(reference string) bool {
	if s.payments == nil {
		return true
	}
	_, ok := s.payments[maphash.String(s.seed, reference)]
	return ok
}

// suspect reads what findings say of payments.
func (x *exporter) suspect() (*suspicion, error) {
	s := &suspicion{seed: maphash.MakeSeed(), counts: map[string]int64{}}
	codes := map[string]bool{}
	var reasons []string
	err := x.each(casework.FindingEntry, func(e *store.Entry) error {
		var f struct {
			Typology    string   `json:"typology"`
			Payments    []string `json:"payments"`
			Explanation []struct {
				Code string `json:"code"`
				Text string `json:"text"`
			} `json:"explanation"`
		}
		if err := json.Unmarshal(e.Body, &f); err != nil {
			return nil // an organisation, whose explanation has another shape
		}
		for _, p := range f.Payments {
			if s.payments == nil {
				s.payments = map[uint64]struct{}{}
			}
			s.payments[maphash.String(s.seed, p)] = struct{}{}
		}
		if f.Typology != "" {
			codes[f.Typology] = true
		}
		for _, why := range f.Explanation {
			if len(reasons) < 20 {
				reasons = append(reasons, why.Text)
			}
		}
		return nil
	})
	s.codes = slices.Sorted(maps.Keys(codes))
	s.reason = strings.Join(append([]string{x.c.Title}, reasons...), "\n")
	return s, err
}

// count notes the currency of a payment that is reported.
func (s *suspicion) count(p *casework.CasePayment) {
	if s.has(p.Reference) {
		s.counts[p.Currency]++
	}
}

// goamlAlone writes one report.
func (x *exporter) goamlAlone(currency string, w io.Writer) (int64, error) {
	s, err := x.suspect()
	if err != nil {
		return 0, err
	}
	err = x.each(casework.PaymentEntry, func(e *store.Entry) error {
		var p casework.CasePayment
		if err := json.Unmarshal(e.Body, &p); err != nil {
			return err
		}
		s.count(&p)
		return nil
	})
	if err != nil {
		return 0, err
	}
	all := slices.Sorted(maps.Keys(s.counts))
	switch {
	case currency == "" && len(all) > 1:
		return 0, fmt.Errorf("a report has one currency, and its payments have %d: say which (%s)", len(all), strings.Join(all, ", "))
	case currency == "" && len(all) == 1:
		currency = all[0]
	case currency == "":
		currency = "EUR" // an activity has no amounts
	}
	if s.counts[currency] > mostTransactions {
		return 0, fmt.Errorf("%d payments are to be reported, and a report has at most %d: export the case, which writes as many reports as it takes", s.counts[currency], mostTransactions)
	}
	return x.goaml(s, currency, func(int) (io.Writer, error) { return w, nil })
}

// goaml writes the reports of one currency, each to where next says.
func (x *exporter) goaml(s *suspicion, currency string, next func(number int) (io.Writer, error)) (records int64, err error) {
	number := 0
	var w *goaml.Writer
	begin := func() error {
		number++
		out, err := next(number)
		if err != nil {
			return err
		}
		w = goaml.NewWriter(out, goaml.Report{
			Entity: max(x.n.config.GoAML.Entity, 1), Code: cmp.Or(x.n.config.GoAML.Code, "STR"), Reference: fmt.Sprintf("%s-%s-%d", x.c.ID, currency, number),
			Currency: currency, Submitted: x.changed, Reason: s.reason,
		})
		return nil
	}
	in := 0
	end := func() error {
		w.Indicators(s.codes)
		if x.w != nil {
			x.w.Records(int64(in))
		}
		return w.Close()
	}
	if s.counts[currency] == 0 {
		return x.activity(s, begin, func(list []goaml.Party) error { w.Activity(list); return end() })
	}
	holders := map[string]goaml.Side{}
	err = x.each(casework.PaymentEntry, func(e *store.Entry) error {
		if !s.has(e.ID) {
			return nil
		}
		var p casework.CasePayment
		if err := json.Unmarshal(e.Body, &p); err != nil || p.Currency != currency {
			return err
		}
		if in == mostTransactions {
			if err := end(); err != nil {
				return err
			}
			in = 0
		}
		if in == 0 {
			if err := begin(); err != nil {
				return err
			}
		}
		in++
		records++
		t := goaml.Transaction{Ref: p.Reference, At: p.Time, Amount: p.Amount, Description: cmp.Or(p.Purpose, "-")}
		if t.From, err = x.side(holders, p.From, p.FromName); err == nil {
			t.To, err = x.side(holders, p.To, p.ToName)
		}
		if err == nil {
			w.Transaction(&t)
		}
		return err
	})
	if err == nil && in > 0 {
		err = end()
	}
	return records, err
}

// activity reports the accounts and people of a case in which there are no payments to report.
func (x *exporter) activity(s *suspicion, begin func() error, end func([]goaml.Party) error) (int64, error) {
	var list []goaml.Party
	enough := errors.New("enough")
	err := x.each(casework.EntityEntry, func(e *store.Entry) error {
		if len(list) == mostTransactions {
			return enough
		}
		f, _, err := entity.Decode(e.Body)
		if err != nil {
			return err
		}
		switch {
		case entity.Is(f.Schema, "BankAccount"):
			list = append(list, goaml.Party{Side: goaml.Side{Account: ledger.Account{Institution: f.First("bankName"), Number: cmp.Or(f.First("accountNumber"), f.First("iban"))}, IBAN: f.First("iban"), Name: f.First("name")}, Reason: s.reason})
		case entity.Is(f.Schema, "LegalEntity"):
			list = append(list, goaml.Party{Side: goaml.Side{Holder: f}, Reason: s.reason})
		}
		return nil
	})
	if err != nil && !errors.Is(err, enough) {
		return 0, err
	}
	if len(list) == 0 {
		return 0, errNothingToReport
	}
	if err := begin(); err != nil {
		return 0, err
	}
	return int64(len(list)), end(list)
}

// errNothingToReport says that a case has nothing of which goAML speaks.
var errNothingToReport = errors.New("there is nothing to report: the case has no payments, accounts, people or companies")

// mostHolders is how many holders of accounts are kept in mind while a report is written.
const mostHolders = 20_000

// side is an account with who holds it, as the case knows it.
func (x *exporter) side(known map[string]goaml.Side, account, name string) (goaml.Side, error) {
	if account == "" {
		return goaml.Side{Name: name}, nil
	}
	if s, ok := known[account]; ok {
		return s, nil
	}
	s := goaml.Side{Account: ledger.ParseAccount(account), Name: name}
	sel, ok := entity.ParseAccount(s.Account.Institution, s.Account.Number)
	if ok {
		err := x.n.store.Read(x.ctx, func(tx *store.Tx) error {
			list, err := tx.EntriesWith(x.c.Num, string(sel.Kind)+":"+sel.Value, 100)
			if err != nil {
				return err
			}
			for _, e := range list {
				f, _, err := entityIn(e)
				if err != nil || f == nil || !entity.Is(f.Schema, "BankAccount") {
					continue
				}
				s.IBAN, s.Country = f.First("iban"), f.First("country")
				s.Holder, err = x.holder(tx, f.ID)
				return err
			}
			return nil
		})
		if err != nil {
			return s, err
		}
	}
	if len(known) >= mostHolders {
		clear(known)
	}
	known[account] = s
	return s, nil
}

// holder is who owns an account; nil: nobody is known.
func (x *exporter) holder(tx *store.Tx, account string) (*entity.Entity, error) {
	ties, err := tx.EntriesWith(x.c.Num, casework.EndWord(account), 100)
	if err != nil {
		return nil, err
	}
	for _, e := range ties {
		t, ok, err := entityIn(e)
		if err != nil || !ok || t.Schema != "Ownership" || !slices.Contains(t.Properties["asset"], account) {
			continue
		}
		for _, home := range x.homes {
			owner, err := tx.EntryByID(home, string(casework.EntityEntry), t.First("owner"))
			if errors.Is(err, store.ErrNone) {
				continue
			}
			if err != nil {
				return nil, err
			}
			f, _, err := entityIn(owner)
			return f, err
		}
	}
	return nil, nil
}

// victimIn reads what a case says of a possible victim.
func victimIn(e *store.Entry) (*casework.Victim, error) {
	var v casework.Victim
	if err := json.Unmarshal(e.Body, &v); err != nil {
		return nil, fmt.Errorf("read a possible victim: %w", err)
	}
	return &v, nil
}

// entityIn reads the entity of an entry, if it is one.
func entityIn(e *store.Entry) (f *entity.Entity, ok bool, err error) {
	if e.Kind != string(casework.EntityEntry) {
		return nil, false, nil
	}
	f, _, err = entity.Decode(e.Body)
	return f, err == nil, err
}

// ToldQuery says which objects of a case are wanted.
type ToldQuery struct {
	After time.Time // that changed after it
	Next  string    // from where a page before ended; empty: the beginning
	Limit int
	Want  func(o map[string]any) bool // nil: all
}

// ToldObject is an object of STIX, since when it is so, and from where to go on behind it.
type ToldObject struct {
	Object  map[string]any
	Changed time.Time
	Next    string
}

// ErrNext says that a page's end is none.
var ErrNext = errors.New("this is no end of a page")

// ToldObjects gives the objects of a case in the order in which they changed, and says whether there are more.
func (n *Node) ToldObjects(ctx context.Context, w Who, id string, q ToldQuery) (out []ToldObject, more bool, err error) {
	x, err := n.exporterOf(ctx, w, id, "stix")
	if err != nil {
		return nil, false, err
	}
	changed, seq, skip := q.After, int64(1<<62), 0
	if q.After.IsZero() {
		seq = 0
	}
	if q.Next != "" {
		var at int64
		if _, err := fmt.Sscanf(q.Next, "%d.%d.%d", &at, &seq, &skip); err != nil {
			return nil, false, ErrNext
		}
		changed = time.UnixMicro(at).UTC()
	}
	// The entry that was told in part stands before the place from which is read on.
	begin := seq
	if skip > 0 {
		begin--
	}
	limit := clampLimit(q.Limit)
	for {
		var list []*store.Entry
		err := n.store.Read(ctx, func(tx *store.Tx) (err error) {
			list, err = tx.Told(x.c.Num, changed, begin, 500)
			return err
		})
		if err != nil || len(list) == 0 {
			return out, false, err
		}
		for _, e := range list {
			objects, err := casework.STIX(x.c.ID, entryOf(x.c, e), x.schemaOf)
			if err != nil {
				return nil, false, err
			}
			from := 0
			if e.Seq == seq {
				from = skip
			}
			for i, o := range objects {
				if i < from || q.Want != nil && !q.Want(o) {
					continue
				}
				if len(out) == limit {
					return out, true, nil
				}
				out = append(out, ToldObject{o, e.Changed, fmt.Sprintf("%d.%d.%d", e.Changed.UnixMicro(), e.Seq, i+1)})
			}
			changed, begin = e.Changed, e.Seq
		}
	}
}

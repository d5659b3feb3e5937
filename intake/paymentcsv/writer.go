package paymentcsv

import (
	"encoding/csv"
	"io"

	"tarir/money/ledger"
)

// Writer writes payments as the CSV that the reader of this package reads.
type Writer struct {
	w      *csv.Writer
	record [17]string
	begun  bool
}

// NewWriter writes to w; Flush ends it.
func NewWriter(w io.Writer) *Writer { return &Writer{w: csv.NewWriter(w)} }

// Write adds a payment, and the header before the first.
func (w *Writer) Write(p *ledger.Payment) error {
	if !w.begun {
		w.begun = true
		if err := w.w.Write(Columns); err != nil {
			return err
		}
	}
	layout := "2006-01-02T15:04:05Z07:00"
	if p.DateOnly {
		layout = "2006-01-02"
	}
	w.record = [17]string{
		p.Ref, p.Time().Format(layout), p.From.Institution, p.From.Number, p.To.Institution, p.To.Number, p.Paid.Decimal(), p.Paid.Currency,
		"", "", p.Channel.String(), p.MCC, p.Purpose, p.Place, p.Device, p.FromName, p.ToName,
	}
	if p.Received.Currency != "" {
		w.record[8], w.record[9] = p.Received.Decimal(), p.Received.Currency
	}
	return w.w.Write(w.record[:])
}

// Flush writes what is held back and tells the first error.
func (w *Writer) Flush() error {
	w.w.Flush()
	return w.w.Error()
}

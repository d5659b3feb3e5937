package journeycsv

import (
	"encoding/csv"
	"io"
	"time"

	"tarir/journey"
)

// Writer writes journeys so that the reader of this package reads them again.
type Writer struct {
	w      *csv.Writer
	header bool
}

// NewWriter writes to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: csv.NewWriter(w)} }

// Write writes one journey. Extra columns are left out.
func (w *Writer) Write(j *journey.Journey) error {
	if !w.header {
		w.header = true
		if err := w.w.Write(Columns); err != nil {
			return err
		}
	}
	return w.w.Write([]string{
		j.ID, j.Person, j.GivenName, j.FamilyName, j.Birth, j.Document, j.DocCountry, j.From, j.To, stamp(j.Departure), stamp(j.Arrival), string(j.Mode),
		j.Carrier, j.Booking, stamp(j.Booked), j.Payer, j.Phone, j.Email,
	})
}

// Flush writes out what is held.
func (w *Writer) Flush() error {
	w.w.Flush()
	return w.w.Error()
}

func stamp(t journey.Time) string {
	if !t.Known() {
		return ""
	}
	at := time.UnixMilli(t.At).In(time.FixedZone("", t.Offset*60))
	if t.DateOnly {
		return at.Format(time.DateOnly)
	}
	return at.Format(time.RFC3339)
}

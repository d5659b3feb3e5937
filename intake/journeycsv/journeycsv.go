// Package journeycsv reads Tarir's own journeys CSV: a header, columns in any order, unknown columns kept as extra fields.
// docs/formats.md has the columns.
package journeycsv

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tarir/intake"
	"tarir/intake/delimited"
	"tarir/journey"
)

// Columns in the order in which Tarir writes them.
var Columns = []string{
	"id", "person", "given_name", "family_name", "birth_date", "document_number", "document_country", "from", "to", "departure", "arrival", "mode",
	"carrier", "booking", "booked_at", "payer_account", "contact_phone", "contact_email",
}

var required = []string{"person", "from", "to", "departure"}

// Format reads the journeys CSV.
var Format = &intake.Format{
	Name:   "journeys-csv",
	Wanted: "journeys CSV (" + strings.Join(required, ", ") + ")",
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
	Rank: 55,
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
	for n := 0; sc.Scan(); n++ {
		if n&4095 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		out.Begin(sc.Line())
		j, reason := (*journey.Journey)(nil), sc.Bad()
		if reason == "" {
			j, reason = parse(sc.Fields(), cols, at)
		}
		var err error
		if reason != "" {
			err = out.Reject(reason, sc.Raw())
		} else {
			err = out.Journey(j)
		}
		if err != nil {
			return err
		}
	}
	return intake.EndError(sc.Err())
}

func parse(f, cols []string, at map[string]int) (*journey.Journey, string) {
	if len(f) != len(cols) {
		return nil, fmt.Sprintf("%d fields where the header has %d", len(f), len(cols))
	}
	get := func(name string) string {
		if i, ok := at[name]; ok {
			return strings.TrimSpace(f[i])
		}
		return ""
	}
	for i := range f {
		if strings.IndexByte(f[i], 0) >= 0 {
			return nil, "text holds a NUL byte"
		}
	}
	j := &journey.Journey{
		ID: get("id"), Person: get("person"), GivenName: get("given_name"), FamilyName: get("family_name"), Birth: get("birth_date"),
		Document: get("document_number"), DocCountry: get("document_country"), From: get("from"), To: get("to"), Carrier: get("carrier"),
		Booking: get("booking"), Payer: get("payer_account"), Phone: get("contact_phone"), Email: get("contact_email"),
	}
	var ok bool
	if j.Mode, ok = journey.ParseMode(get("mode")); !ok {
		return nil, fmt.Sprintf("unknown mode %.20q: air, sea, rail, bus, car or foot", get("mode"))
	}
	for _, t := range []struct {
		column string
		to     *journey.Time
	}{{"departure", &j.Departure}, {"arrival", &j.Arrival}, {"booked_at", &j.Booked}} {
		s := get(t.column)
		if s == "" {
			continue
		}
		w, err := intake.ParseTime(s)
		if err != nil {
			return nil, t.column + ": " + err.Error()
		}
		*t.to = journey.Time{At: w.At, Offset: w.Offset, DateOnly: w.DateOnly}
	}
	if reason := birth(j.Birth); reason != "" {
		return nil, reason
	}
	for i, c := range cols {
		if v := strings.TrimSpace(f[i]); v != "" && !slices.Contains(Columns, c) {
			if j.Extra == nil {
				j.Extra = map[string]string{}
			}
			j.Extra[c] = v
		}
	}
	if reason := j.Check(); reason != "" {
		return nil, reason
	}
	return j, ""
}

// birth checks a date of birth of which the day, or day and month, may be unknown.
func birth(s string) string {
	if s == "" {
		return ""
	}
	for _, layout := range []string{time.DateOnly, "2006-01", "2006"} {
		if t, err := time.Parse(layout, s); err == nil && len(s) == len(layout) && t.Year() >= 1870 {
			return ""
		}
	}
	return "birth_date is not readable: write 1985-04-21, 1985-04 or 1985"
}

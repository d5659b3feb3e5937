package intake

import (
	"errors"
	"strings"
	"time"

	"tarir/money/ledger"
)

var errTime = errors.New("time is not readable: write 2019-09-10T14:03:00-03:00, or 2019-09-10 for a day alone")

var errNoDay = errors.New("time names a day, hour or minute that does not exist")

// unreadable tells a slip of the calendar from another way of writing.
func unreadable(err error) error {
	var p *time.ParseError
	if errors.As(err, &p) && strings.Contains(p.Message, "out of range") {
		return errNoDay
	}
	return errTime
}

// dayWithOffset is XML Schema's date with a zone.
const dayWithOffset = "2006-01-02Z07:00"

var layouts = [...]string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", dayWithOffset}

// SetTime reads an RFC 3339 time, the same without an offset (taken as UTC), or a bare date, into p.
func SetTime(p *ledger.Payment, s string) error {
	switch {
	case len(s) == 10:
		t, err := time.Parse(time.DateOnly, s)
		if err != nil {
			return unreadable(err)
		}
		p.SetTime(t)
		p.DateOnly = true
		return nil
	case len(s) > 10 && (s[10] == ' ' || s[10] == 't'):
		b := []byte(s)
		b[10] = 'T'
		s = string(b)
	}
	var t time.Time
	var err error
	noDay := false
	for _, layout := range layouts {
		if t, err = time.Parse(layout, s); err == nil {
			p.DateOnly = layout == dayWithOffset
			break
		}
		noDay = noDay || errors.Is(unreadable(err), errNoDay)
	}
	switch {
	case noDay && err != nil:
		return errNoDay
	case err != nil:
		return errTime
	}
	p.SetTime(t)
	if p.DateOnly { // a day with an offset is that day
		_, off := t.Zone()
		p.At += int64(off) * 1000
		p.OffsetMin = 0
	}
	return nil
}

// When is a time with the offset of the clock that told it.
type When struct {
	At       int64 // milliseconds since 1970
	Offset   int   // minutes
	DateOnly bool
}

// ParseTime reads a time in the way of SetTime and refuses years that no record of ours can be of.
func ParseTime(s string) (When, error) {
	var p ledger.Payment
	if err := SetTime(&p, s); err != nil {
		return When{}, err
	}
	if y := time.UnixMilli(p.At).UTC().Year(); y < 1950 || y > 2100 {
		return When{}, errors.New("the year is out of range (1950 to 2100)")
	}
	return When{p.At, int(p.OffsetMin), p.DateOnly}, nil
}

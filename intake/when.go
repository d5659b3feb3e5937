package intake

import (
	"errors"
	"time"

	"tarir/money/ledger"
)

var errTime = errors.New("time is not readable: write 2019-09-10T14:03:00-03:00, or 2019-09-10 for a day alone")

// SetTime reads an RFC 3339 time, the same without an offset (taken as UTC), or a bare date, into p.
func SetTime(p *ledger.Payment, s string) error {
	switch {
	case len(s) == 10:
		t, err := time.Parse(time.DateOnly, s)
		if err != nil {
			return errTime
		}
		p.SetTime(t)
		p.DateOnly = true
		return nil
	case len(s) > 10 && (s[10] == ' ' || s[10] == 't'):
		b := []byte(s)
		b[10] = 'T'
		s = string(b)
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		if t, err = time.Parse("2006-01-02T15:04:05", s); err != nil {
			if t, err = time.Parse("2006-01-02T15:04", s); err != nil {
				if t, err = time.Parse("2006-01-02Z07:00", s); err != nil {
					return errTime
				}
				p.DateOnly = true
			}
		}
	}
	p.SetTime(t)
	if p.DateOnly { // a day with an offset is that day
		_, off := t.Zone()
		p.At += int64(off) * 1000
		p.OffsetMin = 0
	}
	return nil
}

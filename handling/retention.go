package handling

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
)

// years is how long a kind of record is kept if its owner does not say less (RPD 50 for persons and red notices; the others are
// set by database). Payments and adverts that stand in no finding are kept for 12 months, logs of queries for 3 years: our choice.
var years = map[string]float64{
	"person": 5, "notice": 5, "fingerprints": 5, "dna": 5, "trace": 15, "document": 10, "ballistics": 30,
	"query_log": 3, "advert": 1, "payment": 1,
}

// ErrRetention is wrapped by errors about how long something is kept.
var ErrRetention = errors.New("it cannot be kept for so long")

// RetentionKinds are the kinds of records whose time of keeping is set, in order.
func RetentionKinds() []string { return slices.Sorted(maps.Keys(years)) }

// Retain is the end of retention of a kind of record: an unknown kind is kept as a person's is.
func Retain(kind string, recorded time.Time) time.Time {
	y, ok := years[kind]
	if !ok {
		y = years["person"]
	}
	return recorded.AddDate(int(y), 0, 0)
}

// Review is when the owner is asked whether a record is still needed: six months before its end, or at once where it is kept
// for less.
func (l *Label) Review() time.Time {
	at := l.Until.AddDate(0, -6, 0)
	if at.Before(l.Recorded) {
		return l.Recorded
	}
	return at
}

// Extend keeps a record longer: for a stated reason, after its review began, and for at most five years more.
func (l *Label) Extend(reason string, until, now time.Time) error {
	switch {
	case strings.TrimSpace(reason) == "":
		return errors.Join(ErrRetention, errors.New("say why it is still needed"))
	case now.Before(l.Review()):
		return errors.Join(ErrRetention, errors.New("its review begins six months before its end"))
	case !now.Before(l.Until):
		return errors.Join(ErrRetention, errors.New("its retention has ended"))
	case until.After(l.Until.AddDate(5, 0, 0)) || !until.After(l.Until):
		return errors.Join(ErrRetention, errors.New("at most five years more"))
	}
	l.Until = until
	return nil
}

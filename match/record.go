package match

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tarir/entity"
	"tarir/flat"
	"tarir/name"
)

// Record is what the index keeps of one entity.
type Record struct {
	ID        string
	Dataset   string // the source that it came from
	Schema    string
	Names     []string
	Births    []Date
	Countries []string // two letters, upper case
	Sex       string   // M, F or X; empty if it is not known
	Selectors []string // KIND:VALUE in the normal form of entity
	Doc       string   // the entity as JSON, for whoever may see it
}

// Date is a day, a month or a year; what is not known of it is 0.
type Date struct{ Year, Month, Day int }

// ErrDate is wrapped by the errors of ParseDate.
var ErrDate = errors.New("a date is written 1985, 1985-03 or 1985-03-28")

// ParseDate reads a date as FollowTheMoney writes it; a time of day behind it is left out.
func ParseDate(s string) (Date, error) {
	s = strings.TrimSpace(s)
	text, _, _ := strings.Cut(s, "T")
	parts := strings.Split(text, "-")
	var d Date
	for i, to := range []*int{&d.Year, &d.Month, &d.Day} {
		if i >= len(parts) {
			break
		}
		n, err := strconv.Atoi(parts[i])
		if want := [3]int{4, 2, 2}[i]; err != nil || len(parts[i]) != want {
			return Date{}, fmt.Errorf("%w, not %.20q", ErrDate, s)
		}
		*to = n
	}
	switch {
	case len(parts) > 3, d.Year < 1800, d.Year > 2200:
		return Date{}, fmt.Errorf("%w, not %.20q", ErrDate, s)
	case len(parts) > 1 && (d.Month < 1 || d.Month > 12), len(parts) > 2 && (d.Day < 1 || time.Date(d.Year, time.Month(d.Month), d.Day, 0, 0, 0, 0, time.UTC).Day() != d.Day):
		return Date{}, fmt.Errorf("%w: %.20q is no day of the calendar; leave out what is not known", ErrDate, s)
	}
	return d, nil
}

func (d Date) String() string {
	switch {
	case d.Month == 0:
		return fmt.Sprintf("%04d", d.Year)
	case d.Day == 0:
		return fmt.Sprintf("%04d-%02d", d.Year, d.Month)
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

// fromWhere are the properties that say where somebody or something is from.
var fromWhere = []string{"nationality", "citizenship", "country", "jurisdiction", "mainCountry", "flag"}

// FromEntity makes the record of an entity; ok is false for what has neither a name nor a number to be found by.
func FromEntity(e *entity.Entity, dataset string, regions ...string) (r Record, ok bool, err error) {
	if r, ok = Look(e, regions...); !ok {
		return r, false, nil
	}
	r.Dataset = dataset
	doc, err := e.Encode()
	if err != nil {
		return r, false, err
	}
	r.Doc = string(doc)
	return r, true, nil
}

// Look is what an entity is looked for by: its record without what is shown of it.
func Look(e *entity.Entity, regions ...string) (r Record, ok bool) {
	r = Record{ID: e.ID, Schema: e.Schema, Sex: sexOf(e.First("gender"))}
	if _, _, tie := e.Ends(); tie {
		return r, false
	}
	if entity.Is(e.Schema, "LegalEntity") || entity.Is(e.Schema, "Vehicle") {
		for _, n := range e.Names() {
			if name.Check(n) == nil && !slices.Contains(r.Names, n) {
				r.Names = append(r.Names, n)
			}
		}
	}
	for _, v := range e.Properties["birthDate"] {
		if d, err := ParseDate(v); err == nil && !slices.Contains(r.Births, d) {
			r.Births = append(r.Births, d)
		}
	}
	for _, p := range fromWhere {
		for _, v := range e.Properties[p] {
			if c := entity.Country(v); len(c) == 2 && !slices.Contains(r.Countries, c) {
				r.Countries = append(r.Countries, c)
			}
		}
	}
	for _, s := range e.Selectors(regions...) {
		r.Selectors = append(r.Selectors, string(s.Kind)+":"+s.Value)
	}
	return r, len(r.Names) > 0 || len(r.Selectors) > 0
}

func sexOf(s string) string {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "male", "m", "1":
		return "M"
	case "female", "f", "2":
		return "F"
	case "other", "x", "9":
		return "X"
	}
	return ""
}

// fields goes through a record for writing and reading (see flat).
func (r *Record) fields(c *flat.Coder) {
	c.Text(&r.ID)
	c.Text(&r.Dataset)
	c.Text(&r.Schema)
	c.Texts(&r.Names)
	n := c.Count(len(r.Births))
	if c.Reading() {
		r.Births = make([]Date, n)
	}
	for i := range r.Births {
		c.Small(&r.Births[i].Year)
		c.Small(&r.Births[i].Month)
		c.Small(&r.Births[i].Day)
	}
	c.Texts(&r.Countries)
	c.Text(&r.Sex)
	c.Texts(&r.Selectors)
	c.Text(&r.Doc)
}

// clone makes a record that does not depend on the file it was read from.
func (r *Record) clone() {
	for _, s := range []*string{&r.ID, &r.Dataset, &r.Schema, &r.Sex, &r.Doc} {
		*s = strings.Clone(*s)
	}
	for _, list := range [][]string{r.Names, r.Countries, r.Selectors} {
		for i := range list {
			list[i] = strings.Clone(list[i])
		}
	}
}

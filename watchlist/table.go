package watchlist

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"tarir/entity"
	"tarir/match"
	"tarir/name"
)

// Answers says what the index knows of a question.
type Answers func(ctx context.Context, a *match.Ask) (*match.Answer, error)

// Checked is the account of a table: Rows = Known + Unknown + Unclear + Refused.
type Checked struct {
	Rows    int `json:"rows"`
	Known   int `json:"known"`   // a possible match
	Unknown int `json:"unknown"` // nothing, in a complete index
	Unclear int `json:"unclear"` // nothing, but the index is not complete
	Refused int `json:"refused"` // the row says nothing that can be looked for, or says it wrongly
}

// ErrColumns is wrapped by the error of a table without a column that can be looked for.
var ErrColumns = errors.New("the table has no column that can be looked for")

// columns are further names of properties of FollowTheMoney, as tables have them.
var columns = map[string]string{
	"born": "birthDate", "birthdate": "birthDate", "birth_date": "birthDate", "date_of_birth": "birthDate", "dob": "birthDate", "sex": "gender", "gender": "gender", "nationality": "nationality", "country": "country", "name": "name",
	"full_name": "name", "fullname": "name", "first_name": "firstName", "given_name": "firstName", "firstname": "firstName", "last_name": "lastName", "family_name": "lastName", "surname": "lastName", "lastname": "lastName", "alias": "alias",
	"passport": "passportNumber", "passport_number": "passportNumber", "document": "passportNumber", "id_number": "idNumber", "phone": "phone", "email": "email", "iban": "iban", "registration_number": "registrationNumber", "tax_number": "taxNumber", "imo": "imoNumber",
}

// row is a row on its way through the workers.
type row struct {
	fields []string
	out    []string
	done   chan struct{}
	err    error
}

// Check answers a CSV table, row by row and in order, with what is known of each: the columns score, match, state, source, id, names and
// explanation are written behind the others. Columns are properties of FollowTheMoney, or the usual names of them; schema says what a
// row is, and is Person where it is missing.
func Check(ctx context.Context, r io.Reader, w io.Writer, workers int, ask Answers, progress func(rows int)) (Checked, error) {
	var total Checked
	in, out := csv.NewReader(r), csv.NewWriter(w)
	in.FieldsPerRecord = -1
	head, err := in.Read()
	if err != nil {
		return total, fmt.Errorf("read the first row: %w", err)
	}
	properties, err := propertiesOf(head)
	if err != nil {
		return total, err
	}
	if err := out.Write(append(slices.Clone(head), "score", "match", "state", "source", "id", "names", "explanation")); err != nil {
		return total, err
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	todo, order := make(chan *row, 64), make(chan *row, 256)
	for range max(workers, 1) {
		wg.Go(func() {
			for x := range todo {
				x.answer(ctx, properties, ask)
				close(x.done)
			}
		})
	}
	var readErr error
	wg.Go(func() {
		defer close(todo)
		defer close(order)
		for {
			fields, err := in.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				readErr = fmt.Errorf("read the table: %w", err)
				return
			}
			x := &row{fields: fields, done: make(chan struct{})}
			select {
			case order <- x:
			case <-ctx.Done():
				return
			}
			select {
			case todo <- x:
			case <-ctx.Done():
				return
			}
		}
	})
	counts := map[string]*int{"known": &total.Known, "unknown": &total.Unknown, "unclear": &total.Unclear, "refused": &total.Refused}
	for x := range order {
		select {
		case <-x.done:
		case <-ctx.Done():
			return total, ctx.Err()
		}
		if x.err != nil {
			return total, x.err
		}
		for len(x.fields) < len(head) {
			x.fields = append(x.fields, "")
		}
		if err := out.Write(append(x.fields[:len(head)], x.out[1:]...)); err != nil {
			return total, err
		}
		total.Rows++
		*counts[x.out[0]]++
		if total.Rows%1000 == 0 {
			progress(total.Rows)
			if out.Flush(); out.Error() != nil {
				return total, out.Error()
			}
		}
	}
	out.Flush()
	return total, errors.Join(readErr, out.Error())
}

// propertiesOf says which property each column holds; empty for one that is none.
func propertiesOf(head []string) ([]string, error) {
	head[0] = strings.TrimPrefix(head[0], "\ufeff")
	properties := make([]string, len(head))
	found := false
	for i, c := range head {
		c = strings.TrimSpace(c)
		switch p := columns[strings.ToLower(c)]; {
		case strings.EqualFold(c, "schema"):
			properties[i] = "schema"
		case p != "":
			properties[i], found = p, true
		default:
			if _, ok := entity.SchemaOf("Person").Type(c); ok {
				properties[i], found = c, true
			} else if _, ok := entity.SchemaOf("Company").Type(c); ok {
				properties[i], found = c, true
			}
		}
	}
	if !found {
		return nil, fmt.Errorf("%w: name one name, birthDate, country, passportNumber, phone or iban", ErrColumns)
	}
	return properties, nil
}

// entityOf reads a row.
func entityOf(properties, fields []string) (*entity.Entity, error) {
	e := &entity.Entity{Schema: "Person", Properties: map[string][]string{}}
	var wrong error
	for i, p := range properties {
		if p == "" || i >= len(fields) {
			continue
		}
		v := strings.TrimSpace(fields[i])
		switch {
		case v == "":
		case p == "schema":
			if entity.SchemaOf(v) == nil {
				wrong = fmt.Errorf("schema: there is no schema %q", v)
			}
			e.Schema = v
		case p == "birthDate":
			d, err := match.ParseDate(v)
			if err != nil {
				wrong = fmt.Errorf("birth date: %w", err)
			}
			e.Add(p, d.String())
		case p == "name" || p == "alias":
			if err := name.Check(v); err != nil {
				wrong = fmt.Errorf("%s: %w", p, err)
			}
			e.Add(p, v)
		case p == "nationality" || p == "country":
			c := entity.CountryNamed(v)
			if c == "" {
				wrong = fmt.Errorf("%s: %q is no country", p, v)
			}
			e.Add(p, strings.ToLower(c))
		default:
			e.Add(p, v)
		}
	}
	return e, wrong
}

// Rows gives the rows of a table such as Check reads, from 1: the record that a row describes, nil where it says nothing to be found by,
// and what is wrong with it.
func Rows(table io.Reader, each func(row int, r *match.Record, wrong error) error) error {
	in := csv.NewReader(table)
	in.FieldsPerRecord = -1
	head, err := in.Read()
	if err != nil {
		return fmt.Errorf("read the first row: %w", err)
	}
	properties, err := propertiesOf(head)
	if err != nil {
		return err
	}
	for n := 1; ; n++ {
		fields, err := in.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the table: %w", err)
		}
		e, wrong := entityOf(properties, fields)
		var record *match.Record
		if wrong == nil {
			if r, ok := match.Look(e); ok {
				record = &r
			}
		}
		if err := each(n, record, wrong); err != nil {
			return err
		}
	}
}

// answer asks for one row. out begins with how it is counted.
func (x *row) answer(ctx context.Context, properties []string, ask Answers) {
	e, wrong := entityOf(properties, x.fields)
	refuse := func(why string) { x.out = []string{"refused", "", "", "", "", "", "", why} }
	if wrong != nil {
		refuse(wrong.Error())
		return
	}
	a, ok := AskOf(e)
	if !ok {
		refuse("there is nothing to look for: give a name or a number")
		return
	}
	got, err := ask(ctx, a)
	if err != nil {
		x.err = err
		return
	}
	if len(got.Hits) == 0 {
		if got.State == match.Complete {
			x.out = []string{"unknown", "", "false", string(got.State), "", "", "", ""}
		} else {
			x.out = []string{"unclear", "", "", string(got.State), "", "", "", "the index is " + string(got.State) + ": it cannot be said that this is not known"}
		}
		return
	}
	h := &got.Hits[0]
	var why []string
	for _, f := range h.Features {
		why = append(why, fmt.Sprintf("%s %+.2f (%s)", f.Name, f.Adds, f.Why))
	}
	if n := len(got.Hits) - 1; n > 0 {
		why = append(why, fmt.Sprintf("and %d more", n))
	}
	x.out = []string{"known", strconv.FormatFloat(h.Score, 'f', 4, 64), "true", string(got.State), h.Record.Dataset, h.Record.ID, strings.Join(h.Record.Names, "; "), strings.Join(why, "; ")}
}

// AskOf makes a question of an entity; ok is false where it says nothing that can be looked for.
func AskOf(e *entity.Entity) (*match.Ask, bool) {
	r, ok := match.Look(e)
	return &match.Ask{Schema: e.Schema, Names: r.Names, Births: r.Births, Countries: r.Countries, Sex: r.Sex, Selectors: r.Selectors}, ok
}

// Columns are the names of columns that Check knows beside the properties themselves.
func Columns() []string { return slices.Sorted(maps.Keys(columns)) }

package analysis

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"tarir/casework"
	"tarir/entity"
	"tarir/intake"
	"tarir/journey"
	"tarir/money/ledger"
	"tarir/online"
)

// CaseLine is one record of a file as an entry of a case: a line of JSON.
type CaseLine func(kind casework.EntryKind, text []byte) error

// CaseLines reads files of every format that an analysis reads, and folders of its results, as entries of a case: entities, payments,
// findings and organisations, adverts and journeys.
func CaseLines(ctx context.Context, paths []string, to CaseLine, rejected func(intake.Rejection) error) error {
	if err := eachResult(paths, to); err != nil {
		return err
	}
	return readCaseFiles(ctx, paths, &caseSink{to}, rejected)
}

// eachResult reads the results of analyses among the paths.
func eachResult(paths []string, to CaseLine) error {
	for _, p := range paths {
		results, err := resultsOf(p)
		if err != nil {
			return err
		}
		for _, r := range results {
			if err := readResults(r, to); err != nil {
				return err
			}
		}
	}
	return nil
}

// readCaseFiles reads the files among the paths that are no results.
func readCaseFiles(ctx context.Context, paths []string, s intake.Store, rejected func(intake.Rejection) error) error {
	var files []string
	for _, p := range paths {
		results, err := resultsOf(p)
		if err != nil {
			return err
		}
		if results == nil {
			files = append(files, p)
		}
	}
	if len(files) == 0 {
		return nil
	}
	inputs, err := intake.Find(files, nil)
	if err != nil {
		return err
	}
	todo, err := recognise(ctx, Formats(nil), inputs)
	if err != nil {
		return err
	}
	for _, t := range todo {
		if t.format == nil {
			return fmt.Errorf("%s: %s", t.in.Path, t.problem)
		}
		if err := readInto(ctx, t, s, rejected); err != nil {
			return err
		}
	}
	return nil
}

// CasePart is a file of lines of one kind of entry.
type CasePart struct {
	Kind  casework.EntryKind
	Path  string
	Lines int
}

// CaseParts reads files as CaseLines does and writes their lines into a folder, one file a kind, those of entities first: so that a node can take them up
// kind by kind, whatever their order was. Where only names network/ID, finding/ID, family/ID or advert/ID, they are read for what belongs to that.
func CaseParts(ctx context.Context, paths []string, only, dir string, rejected func(intake.Rejection) error) (parts []CasePart, err error) {
	chosen, err := choose(ctx, paths, only)
	if err != nil {
		return nil, err
	}
	files := map[casework.EntryKind]*os.File{}
	writers := map[casework.EntryKind]*bufio.Writer{}
	for _, k := range []casework.EntryKind{casework.EntityEntry, casework.PaymentEntry, casework.FindingEntry, casework.AdvertEntry, casework.JourneyEntry} {
		f, err := os.OpenFile(filepath.Join(dir, string(k)), os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
		if err != nil {
			return nil, err
		}
		defer f.Close() // once more, where it was not closed below
		files[k], writers[k] = f, bufio.NewWriter(f)
		parts = append(parts, CasePart{Kind: k, Path: f.Name()})
	}
	err = CaseLines(ctx, paths, func(k casework.EntryKind, text []byte) error {
		text, err := chosen.take(k, text)
		if err != nil || text == nil {
			return err
		}
		for i := range parts {
			if parts[i].Kind == k {
				parts[i].Lines++
			}
		}
		_, err = writers[k].Write(append(text, '\n'))
		return err
	}, rejected)
	for _, p := range parts {
		err = errors.Join(err, writers[p.Kind].Flush(), files[p.Kind].Close())
	}
	return slices.DeleteFunc(parts, func(p CasePart) bool { return p.Lines == 0 }), err
}

func readInto(ctx context.Context, t task, s intake.Store, rejected func(intake.Rejection) error) error {
	text, err := t.in.Open(ctx, nil)
	if err != nil {
		return err
	}
	defer text.Close()
	_, err = intake.Read(ctx, t.format, t.in, text, s, rejected)
	return err
}

// resultsOf are the files of an analysis that a path is, or is a folder of; nil if it is something else.
func resultsOf(path string) ([]string, error) {
	names := []string{"networks.json", "findings.jsonl"}
	for _, n := range names {
		if filepath.Base(path) == n {
			return []string{path}, nil
		}
	}
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return nil, err
	}
	var out []string
	for _, n := range names {
		p := filepath.Join(path, n)
		switch _, err := os.Stat(p); {
		case err == nil:
			out = append(out, p)
		case !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
	}
	return out, nil
}

// readResults reads networks.json, which is one list, or findings.jsonl, which is many values.
func readResults(path string, to CaseLine) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	d := json.NewDecoder(f)
	if filepath.Base(path) == "networks.json" {
		if _, err := d.Token(); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	for d.More() {
		var line json.RawMessage
		if err := d.Decode(&line); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		var one bytes.Buffer // the file is written to be read by people, too
		if err := json.Compact(&one, line); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if err := to(casework.FindingEntry, one.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// caseSink makes lines of records.
type caseSink struct{ to CaseLine }

func (s *caseSink) Entity(e *entity.Entity) error {
	text, err := e.Encode()
	if err != nil {
		return err
	}
	return s.to(casework.EntityEntry, text)
}

func (s *caseSink) Payment(p *ledger.Payment) (bool, error) {
	c := casework.CasePayment{
		Payment:  casework.Payment{Reference: p.Reference(), Time: p.Time(), Amount: p.Paid.Decimal(), From: p.From.String(), To: p.To.String()},
		Currency: p.Paid.Currency, FromName: p.FromName, ToName: p.ToName, Purpose: p.Purpose,
	}
	text, err := json.Marshal(c)
	if err != nil {
		return false, err
	}
	return false, s.to(casework.PaymentEntry, text)
}

func (s *caseSink) Advert(a *online.Advert) (bool, error) {
	text, err := json.Marshal(casework.CaseAdvert{
		ID: a.ID, PostedAt: clockTold(a.At, a.Offset, a.DateOnly), Site: a.Site, Account: a.Account, Title: a.Title, Text: a.Text, City: a.City, Country: a.Country,
		Phones: a.Phones, Emails: a.Emails, URLs: a.URLs, Images: a.Images, Price: a.Price, Currency: a.Currency,
	})
	if err != nil {
		return false, err
	}
	return false, s.to(casework.AdvertEntry, text)
}

func (s *caseSink) Journey(j *journey.Journey) (bool, error) {
	at := func(t journey.Time) string {
		if !t.Known() {
			return ""
		}
		return clockTold(t.At, t.Offset, t.DateOnly)
	}
	text, err := json.Marshal(casework.CaseJourney{
		ID: j.ID, Person: j.Person, GivenName: j.GivenName, FamilyName: j.FamilyName, Birth: j.Birth, Document: j.Document, DocCountry: j.DocCountry, From: j.From, To: j.To,
		Departure: at(j.Departure), Arrival: at(j.Arrival), Mode: string(j.Mode), Carrier: j.Carrier, Booking: j.Booking, Booked: at(j.Booked), Payer: j.Payer, Phone: j.Phone, Email: j.Email,
	})
	if err != nil {
		return false, err
	}
	return false, s.to(casework.JourneyEntry, text)
}

// clockTold is a time as its source's clock told it.
func clockTold(ms int64, offset int, dateOnly bool) string {
	at := time.UnixMilli(ms).In(time.FixedZone("", offset*60))
	if dateOnly {
		return at.Format(time.DateOnly)
	}
	return at.Format(time.RFC3339)
}

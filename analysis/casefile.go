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
	"strings"
	"time"

	"tarir/casework"
	"tarir/entity"
	"tarir/intake"
	"tarir/journey"
	"tarir/money/ledger"
	"tarir/online"
)

// caseLine takes one record of a file as an entry of a case: a line of JSON.
type caseLine func(kind casework.EntryKind, text []byte) error

// eachResult reads the results of analyses among the paths.
func eachResult(paths []string, to caseLine) error {
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

// CaseParts reads files of every format that an analysis reads, and folders of its results, as entries of a case: entities, payments, findings and organisations,
// adverts and journeys. It writes them into a folder, one file a kind, those of entities first: so that a node can take them up kind by kind, whatever their order
// was. Where only names network/ID, finding/ID, family/ID or advert/ID, they are read for what belongs to that.
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
	to := func(k casework.EntryKind, text []byte) error {
		for i := range parts {
			if parts[i].Kind == k {
				parts[i].Lines++
			}
		}
		_, err := writers[k].Write(append(text, '\n'))
		return err
	}
	err = eachResult(paths, func(k casework.EntryKind, text []byte) error {
		if wanted, err := chosen.wants(text); err != nil || !wanted {
			return err
		}
		return to(k, text)
	})
	if err == nil {
		err = readCaseFiles(ctx, paths, &caseSink{chosen, to}, rejected)
	}
	for _, p := range parts {
		err = errors.Join(err, writers[p.Kind].Flush(), files[p.Kind].Close())
	}
	return slices.DeleteFunc(parts, func(p CasePart) bool { return p.Lines == 0 }), err
}

// readInto reads a file. One of no known format, which lies in a folder among others, and one that is never read are told of as rejected.
func readInto(ctx context.Context, t task, s intake.Store, rejected func(intake.Rejection) error) error {
	switch {
	case t.format == nil:
		reason, _, _ := strings.Cut(strings.TrimPrefix(t.problem, t.in.Name+": "), "\n")
		return rejected(intake.Rejection{File: t.in.Name, Line: 1, Reason: reason})
	case t.format.Skipped != "":
		return rejected(intake.Rejection{File: t.in.Name, Line: 1, Reason: t.format.Skipped})
	}
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
func readResults(path string, to caseLine) error {
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

// caseSink makes lines of the records that are chosen. Most of a folder is not, so that is asked first.
type caseSink struct {
	chosen *choice
	to     caseLine
}

func (s *caseSink) put(kind casework.EntryKind, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return s.to(kind, text)
}

func (s *caseSink) Entity(e *entity.Entity) error {
	if !s.chosen.has(casework.EntityEntry, e.ID) {
		return nil
	}
	text, err := e.Encode()
	if err != nil {
		return err
	}
	return s.to(casework.EntityEntry, text)
}

func (s *caseSink) Payment(p *ledger.Payment) (bool, error) {
	ref := p.Reference()
	if !s.chosen.has(casework.PaymentEntry, ref) {
		return false, nil
	}
	c := casework.CasePayment{
		Payment:  casework.Payment{Reference: ref, Time: p.Time(), Amount: p.Paid.Decimal(), From: p.From.String(), To: p.To.String()},
		Currency: p.Paid.Currency, FromName: p.FromName, ToName: p.ToName, Purpose: p.Purpose,
	}
	s.chosen.hidePayment(&c)
	return false, s.put(casework.PaymentEntry, c)
}

func (s *caseSink) Advert(a *online.Advert) (bool, error) {
	if !s.chosen.has(casework.AdvertEntry, a.ID) {
		return false, nil
	}
	return false, s.put(casework.AdvertEntry, casework.CaseAdvert{
		ID: a.ID, PostedAt: clockTold(a.At, a.Offset, a.DateOnly), Site: a.Site, Account: a.Account, Title: a.Title, Text: a.Text, City: a.City, Country: a.Country,
		Phones: a.Phones, Emails: a.Emails, URLs: a.URLs, Images: a.Images, Price: a.Price, Currency: a.Currency,
	})
}

func (s *caseSink) Journey(j *journey.Journey) (bool, error) {
	if !s.chosen.has(casework.JourneyEntry, j.ID) {
		return false, nil
	}
	at := func(t journey.Time) string {
		if !t.Known() {
			return ""
		}
		return clockTold(t.At, t.Offset, t.DateOnly)
	}
	c := casework.CaseJourney{
		ID: j.ID, Person: j.Person, GivenName: j.GivenName, FamilyName: j.FamilyName, Birth: j.Birth, Document: j.Document, DocCountry: j.DocCountry, From: j.From, To: j.To,
		Departure: at(j.Departure), Arrival: at(j.Arrival), Mode: string(j.Mode), Carrier: j.Carrier, Booking: j.Booking, Booked: at(j.Booked), Payer: j.Payer, Phone: j.Phone, Email: j.Email,
	}
	s.chosen.hideJourney(&c)
	return false, s.put(casework.JourneyEntry, c)
}

// clockTold is a time as its source's clock told it.
func clockTold(ms int64, offset int, dateOnly bool) string {
	at := time.UnixMilli(ms).In(time.FixedZone("", offset*60))
	if dateOnly {
		return at.Format(time.DateOnly)
	}
	return at.Format(time.RFC3339)
}

package node

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"tarir/audit"
	"tarir/bundle"
	"tarir/casework"
	"tarir/exchange/keys"
	"tarir/handling"
	"tarir/paper"
	"tarir/store"
)

// A case goes out and comes in as a bundle (package bundle). What is in it is read page by page, so that a large case needs no more memory than a small
// one. Records of the node that the case only refers to stay here: they are opened by their own rules.

// ExportCase writes a case as a bundle to a new file. After a crash there is none, or all of it.
func (n *Node) ExportCase(ctx context.Context, w Who, id, path string) (*bundle.Manifest, error) {
	x, err := n.exporterOf(ctx, w, id, "bundle")
	if err != nil {
		return nil, err
	}
	c := x.c
	if _, err := os.Stat(path); err == nil {
		return nil, fmt.Errorf("%s is there already: give a new name", path)
	}
	sweepBundles(filepath.Dir(path), time.Now())
	f, err := os.CreateTemp(filepath.Dir(path), bundleTemp+"*")
	if err != nil {
		return nil, fmt.Errorf("write the bundle: %w", err)
	}
	defer os.Remove(f.Name()) // unless it was renamed
	x.w = bundle.NewWriter(f, n.now())
	m := bundle.Manifest{Case: c.ID, Title: c.Title, Owner: n.config.Member, Purpose: c.Purpose, LegalBasis: c.LegalBasis, LeftOut: map[string]int64{}}
	if err = x.all(m.LeftOut); err == nil {
		err = x.w.Close(m, func(text []byte) ([]byte, error) { return keys.Sign(bundle.PayloadType, text, n.ownKeys()[0]) })
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return nil, err
	}
	return &m, nil
}

// bundleTemp begins the names of bundles that are being written.
const bundleTemp = ".tarir-bundle-"

// sweepBundles removes what an export left behind that was killed; one that goes on now is younger.
func sweepBundles(dir string, now time.Time) {
	left, err := filepath.Glob(filepath.Join(dir, bundleTemp+"*"))
	if err != nil {
		return
	}
	for _, path := range left {
		if info, err := os.Stat(path); err == nil && now.Sub(info.ModTime()) > time.Hour {
			_ = os.Remove(path) // the next export tries again
		}
	}
}

// exporter writes the files of a bundle.
type exporter struct {
	n         *Node
	ctx       context.Context
	c         *casework.Case
	w         *bundle.Writer // nil: it is told alone
	homes     []int64
	changed   time.Time  // the case, the last time
	suspected *suspicion // what is reported, once the payments are counted
	told      *briefing
}

// each gives the entries of a kind, or all, one after the other.
func (x *exporter) each(kind casework.EntryKind, fn func(e *store.Entry) error) error {
	return x.pages(kind, func(list []*store.Entry) error {
		for _, e := range list {
			if err := fn(e); err != nil {
				return err
			}
		}
		return nil
	})
}

// pages gives the entries of a kind, page by page; the next page is read meanwhile.
func (x *exporter) pages(kind casework.EntryKind, fn func(list []*store.Entry) error) error {
	ctx, stop := context.WithCancel(x.ctx)
	pages := make(chan []*store.Entry, 1)
	var reading error
	var reader sync.WaitGroup
	reader.Go(func() {
		defer close(pages)
		for after := int64(0); ; {
			var list []*store.Entry
			reading = x.n.store.Read(ctx, func(tx *store.Tx) (err error) {
				list, err = tx.Entries(x.c.Num, string(kind), after, 2000)
				return err
			})
			if reading != nil || len(list) == 0 {
				return
			}
			after = list[len(list)-1].Seq
			select {
			case pages <- list:
			case <-ctx.Done():
				reading = ctx.Err()
				return
			}
		}
	})
	var err error
	for list := range pages {
		if err == nil {
			err = fn(list)
		}
		if err != nil {
			stop()
		}
	}
	reader.Wait()
	stop()
	if err != nil {
		return err
	}
	return reading
}

// file writes one file of lines.
func (x *exporter) file(name string, fn func(w *bufio.Writer) (records int64, err error)) error {
	f, err := x.w.Create(name)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 64<<10)
	records, err := fn(w)
	x.w.Records(records)
	return errors.Join(err, w.Flush())
}

func (x *exporter) all(leftOut map[string]int64) error {
	var documents []*store.Entry
	err := x.file("entries.jsonl", func(w *bufio.Writer) (records int64, err error) {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		return records, x.each("", func(e *store.Entry) error {
			records++
			switch casework.EntryKind(e.Kind) {
			case casework.RecordEntry:
				leftOut["records_of_the_node"]++
			case casework.DocumentEntry:
				documents = append(documents, &store.Entry{Kind: e.Kind, ID: e.ID, Body: e.Body})
			}
			out := entryOf(x.c, e)
			out.Seq = 0 // a number of this node
			return enc.Encode(out)
		})
	})
	if err != nil {
		return err
	}
	if x.suspected, err = x.suspect(); err != nil {
		return err
	}
	for _, f := range []struct {
		name  string
		write func(*bufio.Writer) (int64, error)
	}{{"entities.jsonl", x.ftm}, {"payments.csv", x.payments}, {"timeline.csv", x.timeline}, {"stix.json", x.stix}, {"brief.html", x.brief}, {"brief.pdf", x.briefPDF}} {
		if err := x.file(f.name, f.write); err != nil {
			return err
		}
	}
	if err := x.reports(leftOut); err != nil {
		return err
	}
	for _, e := range documents {
		if _, err := sealedDocument(e); err != nil { // its text is not here
			leftOut["documents_without_text"]++
			continue
		}
		f, err := x.w.Create("documents/" + e.ID)
		if err != nil {
			return err
		}
		sum := sha256.New()
		if err := x.n.openDocument(e, io.MultiWriter(f, sum), sum); err != nil {
			return err
		}
	}
	return nil
}

// reports writes reports to an FIU, goaml/CURRENCY-NUMBER.xml. Where no finding says which payments are suspicious, and there are more than one report
// holds, none is written: nobody reports everything.
func (x *exporter) reports(leftOut map[string]int64) error {
	s := x.suspected
	for _, currency := range slices.Sorted(maps.Keys(s.counts)) {
		if s.payments == nil && s.counts[currency] > mostTransactions {
			leftOut["payments_that_no_finding_names_in_a_report"] += s.counts[currency]
			continue
		}
		_, err := x.goaml(s, currency, func(number int) (io.Writer, error) {
			return x.w.Create(fmt.Sprintf("goaml/%s-%d.xml", currency, number))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (x *exporter) payments(w *bufio.Writer) (records int64, err error) {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"id", "time", "from_bank", "from_account", "to_bank", "to_account", "amount", "currency", "purpose", "from_name", "to_name"}) // Error tells
	err = x.each(casework.PaymentEntry, func(e *store.Entry) error {
		var p casework.CasePayment
		if err := json.Unmarshal(e.Body, &p); err != nil {
			return err
		}
		records++
		if x.suspected != nil {
			x.suspected.count(&p)
		}
		fb, fa := accountParts(p.From)
		tb, ta := accountParts(p.To)
		return out.Write([]string{p.Reference, p.Time.Format(time.RFC3339), fb, fa, tb, ta, p.Amount, p.Currency, p.Purpose, p.FromName, p.ToName})
	})
	out.Flush()
	return records, errors.Join(err, out.Error())
}

func accountParts(s string) (bank, number string) {
	if b, n, ok := strings.Cut(s, "/"); ok {
		return b, n
	}
	return "", s
}

func (x *exporter) timeline(w *bufio.Writer) (records int64, err error) {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"at", "kind", "what", "person"}) // Error tells
	var before time.Time
	last := map[int64]bool{} // of the moment before which is asked next
	for {
		var list []*store.Entry
		err := x.n.store.Read(x.ctx, func(tx *store.Tx) (err error) {
			list, err = tx.Timeline(x.c.Num, time.Time{}, before, 2000+len(last))
			return err
		})
		if err != nil {
			return records, err
		}
		fresh := 0
		for _, e := range list {
			if last[e.Seq] {
				continue
			}
			fresh++
			records++
			if err := out.Write([]string{e.At.UTC().Format(time.RFC3339), e.Kind, e.Title, e.Person}); err != nil {
				return records, err
			}
		}
		if fresh == 0 {
			out.Flush()
			return records, out.Error()
		}
		// Entries of one moment may be on both sides of a page.
		at := list[len(list)-1].At
		if !before.Equal(at.Add(time.Microsecond)) {
			clear(last)
		}
		for _, e := range list {
			if e.At.Equal(at) {
				last[e.Seq] = true
			}
		}
		before = at.Add(time.Microsecond)
	}
}

func (x *exporter) stix(w *bufio.Writer) (records int64, err error) {
	marking, err := json.Marshal(casework.STIXMarking())
	if err != nil {
		return 0, err
	}
	sum := sha256.Sum256([]byte(x.c.ID))
	h := hex.EncodeToString(sum[:16])
	fmt.Fprintf(w, `{"type":"bundle","id":"bundle--%s-%s-4%s-8%s-%s","objects":[%s`, h[:8], h[8:12], h[13:16], h[17:20], h[20:], marking)
	for _, kind := range []casework.EntryKind{casework.EntityEntry, casework.FindingEntry} {
		err := x.each(kind, func(e *store.Entry) error {
			list, err := casework.STIX(x.c.ID, entryOf(x.c, e), x.schemaOf)
			if err != nil {
				return err
			}
			for _, o := range list {
				text, err := json.Marshal(o)
				if err != nil {
					return err
				}
				records++
				if _, err := w.Write(append([]byte(",\n"), text...)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return records, err
		}
	}
	_, err = w.WriteString("]}\n")
	return records, err
}

// schemaOf says what an entity of the case is; empty: it has none of this id.
func (x *exporter) schemaOf(id string) (string, error) {
	var e *store.Entry
	err := x.n.store.Read(x.ctx, func(tx *store.Tx) error {
		for _, home := range x.homes {
			got, err := tx.EntryByID(home, string(casework.EntityEntry), id)
			if err == nil && got.Num == x.c.Num {
				e = got
				return nil
			}
			if err != nil && !errors.Is(err, store.ErrNone) {
				return err
			}
		}
		return nil
	})
	if err != nil || e == nil {
		return "", err
	}
	var b struct {
		Schema string `json:"schema"`
	}
	return b.Schema, json.Unmarshal(e.Body, &b)
}

var briefPage = template.Must(template.New("brief").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{.Case.Title}}</title>
<style>body{font:16px/1.5 "Noto Sans",sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#16202c}h1{line-height:1.2}table{border-collapse:collapse;width:100%}
td,th{text-align:start;padding:.3rem .6rem .3rem 0;border-bottom:1px solid #d5dbe2;vertical-align:top}.note{color:#5a6675}</style></head><body>
<h1>{{.Case.Title}}</h1>
<p class="note">Case {{.Case.ID}} of {{.Case.Owner}}, {{.Case.State}}. Made {{.Made}}.</p>
<p>Purpose: {{.Case.Purpose}}. Legal basis: {{.Case.LegalBasis}}.</p>
<p class="note">{{.Presumed}}</p>
<h2>{{.Contents}}</h2>
<table>{{range .Counts}}<tr><th scope="row">{{.Kind}}</th><td>{{.N}}</td></tr>{{end}}</table>
{{range .Sections}}{{if .Rows}}<h2>{{.Title}}</h2>
<table>{{range .Rows}}<tr><td>{{.At}}</td><td>{{.Text}}</td><td>{{.Who}}</td></tr>{{end}}</table>{{if .More}}<p class="note">{{.More}} more stand in timeline.csv.</p>{{end}}{{end}}{{end}}
</body></html>
`))

// mostBrief is how many entries of a kind the brief tells.
const mostBrief = 200

// briefing is what a brief tells.
type briefing struct {
	Case     *casework.Case
	Made     string
	Counts   []briefCount
	Sections []briefSection
}

type briefCount struct {
	Kind casework.EntryKind
	N    int64
}

type briefLine struct{ At, Text, Who string }

type briefSection struct {
	Title string
	Rows  []briefLine
	More  int64
}

// What a brief says of itself.
const (
	briefPresumed = "Everybody named in this bundle is presumed innocent. What analysis found is a lead until a person has confirmed it. Possible victims and witnesses stand under pseudonyms; no coercive measure is taken against them."
	briefContents = "What is in it"
)

// Presumed and Contents are words of the brief.
func (*briefing) Presumed() string { return briefPresumed }

// Contents heads the table of what is in it.
func (*briefing) Contents() string { return briefContents }

// brief writes the brief as a page.
func (x *exporter) brief(w *bufio.Writer) (int64, error) {
	d, err := x.briefing()
	if err != nil {
		return 0, err
	}
	return 0, briefPage.Execute(w, d)
}

// briefPDF writes the brief on paper.
func (x *exporter) briefPDF(w *bufio.Writer) (int64, error) {
	d, err := x.briefing()
	if err != nil {
		return 0, err
	}
	doc := paper.New(x.c.Title, false, x.n.now())
	doc.Heading(1, x.c.Title)
	doc.Note(fmt.Sprintf("Case %s of %s, %s. Made %s.", x.c.ID, x.c.Owner, x.c.State, d.Made))
	doc.Para(fmt.Sprintf("Purpose: %s. Legal basis: %s.", x.c.Purpose, x.c.LegalBasis))
	doc.Note(briefPresumed)
	doc.Heading(2, briefContents)
	var rows [][]string
	for _, c := range d.Counts {
		rows = append(rows, []string{string(c.Kind), fmt.Sprint(c.N)})
	}
	doc.Table(nil, []float64{2, 1}, rows)
	for _, s := range d.Sections {
		if len(s.Rows) == 0 {
			continue
		}
		doc.Heading(2, s.Title)
		rows = nil
		for _, r := range s.Rows {
			rows = append(rows, []string{r.At, r.Text, r.Who})
		}
		doc.Table(nil, []float64{2, 9, 2}, rows)
		if s.More > 0 {
			doc.Note(fmt.Sprintf("%d more stand in timeline.csv.", s.More))
		}
	}
	return 0, doc.Write(w)
}

func (x *exporter) briefing() (*briefing, error) {
	if x.told != nil {
		return x.told, nil
	}
	d := &briefing{Case: x.c, Made: x.n.now().UTC().Format("2006-01-02 15:04 UTC")}
	for _, k := range casework.EntryKinds {
		if c := x.c.Counts[k]; c > 0 {
			d.Counts = append(d.Counts, briefCount{k, c})
		}
	}
	enough := errors.New("enough")
	for _, s := range []struct {
		kind  casework.EntryKind
		title string
	}{
		{casework.DecisionEntry, "Decisions"},
		{casework.FindingEntry, "Findings"},
		{casework.AssetEntry, "Assets"},
		{casework.EventEntry, "What happened"},
		{casework.VictimEntry, "Possible victims and witnesses"},
		{casework.RequestEntry, "Requests to others"},
		{casework.TaskEntry, "Tasks"},
		{casework.NoteEntry, "Notes"},
		{casework.DocumentEntry, "Documents"},
	} {
		sec := briefSection{Title: s.title}
		err := x.each(s.kind, func(e *store.Entry) error {
			if len(sec.Rows) == mostBrief {
				return enough
			}
			text := e.Title
			if s.kind == casework.DecisionEntry {
				var dec casework.Decided
				if json.Unmarshal(e.Body, &dec) == nil {
					text = dec.What + " — " + dec.Why
				}
			}
			sec.Rows = append(sec.Rows, briefLine{e.At.UTC().Format(time.DateOnly), text, e.Person})
			return nil
		})
		if err != nil && !errors.Is(err, enough) {
			return nil, err
		}
		sec.More = x.c.Counts[s.kind] - int64(len(sec.Rows))
		d.Sections = append(d.Sections, sec)
	}
	x.told = d
	return d, nil
}

// ImportedCase is a case that came in as a bundle.
type ImportedCase struct {
	Case *casework.Case `json:"case"`
	From string         `json:"from"` // the member that signed it
	CaseImport
}

// ImportCase takes a bundle up as a case of its own, led by whoever takes it. The same bundle again goes on where it broke off.
func (n *Node) ImportCase(ctx context.Context, w Who, path string) (*ImportedCase, error) {
	if err := n.allow(w, "case"); err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	b, err := bundle.Open(f, info.Size(), n.verifyBundle)
	if err != nil {
		return nil, err
	}
	c, err := n.caseOfBundle(ctx, w, b)
	if err != nil {
		return nil, err
	}
	out := &ImportedCase{Case: c, From: b.Manifest.Owner, CaseImport: CaseImport{Rejected: []BadRecord{}}}
	err = b.Read("entries.jsonl", func(r io.Reader) error {
		return n.fillCase(ctx, w, c.ID, r, &out.CaseImport, func(line []byte) (*entryRead, error) { return n.entryOfBundle(line, b) })
	})
	if err != nil {
		return out, err
	}
	v, err := n.Case(ctx, w, c.ID)
	if err == nil {
		out.Case = v.Case
	}
	return out, err
}

// verifyBundle checks that a manifest was signed by the member that it names, with a key that was in force when it was made.
func (n *Node) verifyBundle(signed []byte) ([]byte, error) {
	s, err := keys.Read(signed, bundle.PayloadType)
	if err != nil {
		return nil, err
	}
	var m bundle.Manifest
	if err := json.Unmarshal(s.Payload, &m); err != nil {
		return nil, errors.New("its manifest is not readable")
	}
	for _, id := range s.KeyIDs() {
		k, err := n.register.KeyAt(m.Owner, id, m.Made)
		if err != nil {
			continue
		}
		if s.Verify(*k) == nil {
			return s.Payload, nil
		}
	}
	return nil, fmt.Errorf("%w: no key of %q that was in force signed it", keys.ErrSignature, m.Owner)
}

// caseOfBundle is the case of a bundle, new or from a try before.
func (n *Node) caseOfBundle(ctx context.Context, w Who, b *bundle.Reader) (c *casework.Case, err error) {
	v, err := n.Case(ctx, w, b.ID)
	if err == nil {
		return v.Case, nil
	}
	if !errors.Is(err, casework.ErrNoSeat) {
		return nil, err
	}
	purpose, basis := cmp.Or(w.Purpose, b.Manifest.Purpose), cmp.Or(w.LegalBasis, b.Manifest.LegalBasis)
	now := n.now()
	c, err = casework.NewCase(b.ID, n.config.Member, b.Manifest.Title, w.Person, purpose, basis, []casework.Ref{{Kind: "bundle", ID: b.Manifest.Owner + "/" + b.Manifest.Case}}, now)
	if err != nil {
		return nil, err
	}
	if err := n.record(w.in(c, c.ID), audit.Change, kindCase, c.ID, b.Manifest.Owner, "imported"); err != nil {
		return nil, err
	}
	l := &handling.Label{Owners: []string{b.Manifest.Owner}, Purpose: b.Manifest.Purpose, Recorded: now, Until: handling.Retain("case", now)}
	return c, n.store.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Get(kindCase, c.ID); err == nil {
			return casework.ErrNoSeat // somebody else has taken it up
		}
		if c.Num, err = tx.NextBlock("case", 1); err != nil {
			return err
		}
		return n.putCase(tx, c, l)
	})
}

// entryOfBundle reads an entry; a document is sealed anew.
func (n *Node) entryOfBundle(text []byte, b *bundle.Reader) (*entryRead, error) {
	var e casework.Entry
	if err := json.Unmarshal(text, &e); err != nil {
		return nil, fmt.Errorf("%w: this is no entry", casework.ErrEntry)
	}
	if e.ID == "" {
		return nil, fmt.Errorf("%w: it has no id", casework.ErrEntry)
	}
	if e.Kind == casework.DocumentEntry {
		var d casework.Document
		if err := json.Unmarshal(e.Body, &d); err != nil {
			return nil, fmt.Errorf("%w: this is no document", casework.ErrEntry)
		}
		d.Sealed = nil
		err := b.Read("documents/"+e.ID, func(r io.Reader) error {
			sum := sha256.New()
			a, err := n.attachFrom(io.TeeReader(r, sum), cmp.Or(filepath.Base(d.Name), "document"), d.Type)
			if err != nil {
				return err
			}
			if hex.EncodeToString(sum.Sum(nil)) != d.SHA256 {
				_ = os.Remove(n.attachmentPath(a.SHA256)) // it is something else
				return fmt.Errorf("%w: the document %s is another one", casework.ErrEntry, e.ID)
			}
			d.Size, d.Sealed = a.Size, mustJSON(a)
			return nil
		})
		if err != nil && !errors.Is(err, bundle.ErrBundle) {
			return nil, err
		}
		e.Body = mustJSON(d)
	}
	c, err := casework.ReadEntry(e.Kind, e.Body)
	if err != nil {
		return nil, err
	}
	if c.ID = cmp.Or(c.ID, e.ID); c.ID != e.ID {
		return nil, fmt.Errorf("%w: it says another id than its content", casework.ErrEntry)
	}
	if c.At.IsZero() {
		c.At = e.At
	}
	return &entryRead{e.Kind, c}, nil
}

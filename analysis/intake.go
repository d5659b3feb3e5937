package analysis

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"tarir/entity"
	"tarir/intake"
	"tarir/intake/advert"
	"tarir/intake/amlsim"
	"tarir/intake/amlworld"
	"tarir/intake/ftm"
	"tarir/intake/goaml"
	"tarir/intake/iso20022"
	"tarir/intake/journeycsv"
	"tarir/intake/mapped"
	"tarir/intake/misp"
	"tarir/intake/paymentcsv"
	"tarir/intake/stix"
	"tarir/intake/swiftmt"
	"tarir/journey"
	"tarir/money/ledger"
	"tarir/online"
	"tarir/records"
)

// Formats lists what Tarir reads, in the order in which they are tried; mappings are for tables of other shapes.
func Formats(mappings []*mapped.Mapping) []*intake.Format {
	var out []*intake.Format
	for _, m := range mappings {
		out = append(out, m.Format())
	}
	out = append(out, goaml.Format)
	out = append(out, iso20022.Formats...)
	out = append(out, swiftmt.Formats...)
	out = append(out, paymentcsv.Format)
	out = append(out, ftm.Format, advert.Format, journeycsv.Format, stix.Format, misp.Format)
	out = append(out, amlsim.Formats...)
	out = append(out, amlworld.Formats...)
	return append(out, truth)
}

// truth recognises the known truth that tarir evaluate compares with, in order not to read it.
var truth = &intake.Format{
	Name: "truth",
	Sniff: func(head []byte) bool {
		head = bytes.TrimSpace(head)
		return bytes.HasPrefix(head, []byte("{")) && (bytes.Contains(head, []byte(`"illicit_payments"`)) || bytes.Contains(head, []byte(`"innocent_patterns"`)))
	},
	Skipped: "a known truth: never an input, only for tarir evaluate",
}

// InputCount is one input in summary.json: Read = Accepted + Rejected.
type InputCount struct {
	Path     string   `json:"path"`
	Format   string   `json:"format"`
	Read     int64    `json:"read"`
	Accepted int64    `json:"accepted"`
	Rejected int64    `json:"rejected"`
	Known    int64    `json:"known"`
	Entities int64    `json:"entities"`
	Notes    []string `json:"notes"`
	Problem  string   `json:"problem,omitempty"` // why the input was not read to its end, or at all
}

// ImportOptions say what to read and where to.
type ImportOptions struct {
	Inputs   []string
	Stdin    io.Reader
	Ledger   string // folder; entities, adverts and journeys are kept in it too
	Rejected string // file for rejected records; empty: not kept
	Mappings []string
	Currency string // ISO 4217, of amounts whose source names none; empty: XXX
	Progress Progress

	// Of the inputs the files that are read now, in a session: what they reject is added to what was rejected before. nil: all
	// inputs are read.
	files  []string
	result func(path string) bool // whether a file that lies in a folder is no input but a result; nil: none is
}

// Import reads inputs into a ledger. Records that cannot be taken are rejected one by one; an input of unknown format
// that was named itself is an error, one found in a folder is reported and passed over.
func Import(ctx context.Context, o ImportOptions) ([]InputCount, error) {
	mappings, err := mapped.Load(o.Mappings)
	if err != nil {
		return nil, err
	}
	inputs, unreadable, err := o.find()
	if err != nil {
		return nil, err
	}
	if o.Currency != "" && !ledger.KnownCurrency(o.Currency) {
		return nil, fmt.Errorf("there is no currency %q: give its three letters (ISO 4217), for instance EUR", o.Currency)
	}
	for _, in := range inputs {
		in.Currency = o.Currency
	}
	if len(inputs)+len(unreadable) == 0 {
		return nil, errors.New("no input: name a file or a folder, or - for standard input")
	}
	todo, err := recognise(ctx, Formats(mappings), inputs)
	if err != nil {
		return nil, err
	}
	var total int64
	for _, t := range todo {
		total += t.in.Size
	}
	rejected, err := createLines(o.Rejected)
	if err != nil {
		return nil, err
	}
	defer rejected.abort()
	if o.files != nil {
		if err := rejected.copy(); err != nil {
			return nil, err
		}
	}
	im, err := ledger.Begin(ctx, o.Ledger)
	if err != nil {
		return nil, err
	}
	committed := false
	defer func() {
		if !committed {
			im.Abort()
		}
	}()
	rec, err := records.Begin(filepath.Join(o.Ledger, recordsDir))
	if err != nil {
		return nil, err
	}
	defer rec.Abort()
	st := &ledgerStore{im, rec}
	p := begin(o.Progress, "import", total, "B")
	counts := unreadable
	for _, t := range todo {
		c := InputCount{Path: t.in.Path, Notes: []string{}, Problem: t.problem}
		if t.format != nil {
			c.Format = t.format.Name
		}
		if t.format != nil && t.format.Skipped == "" {
			im.Source(t.in.Name)
			n, err := readOne(ctx, t, st, rejected, p)
			c.Read, c.Accepted, c.Rejected, c.Known, c.Entities = n.Read, n.Accepted, n.Rejected, n.Known, n.Entities
			c.Notes = append(c.Notes, n.Notes...)
			if err != nil {
				if ctx.Err() != nil || isStoreError(err) {
					return counts, err
				}
				c.Problem = err.Error()
			}
			if err := im.Done(ledger.SourceCount{File: t.in.Name, Format: c.Format, Read: n.Read, New: n.Accepted - n.Known, Known: n.Known, Rejected: n.Rejected}); err != nil {
				return counts, err
			}
		} else if t.format != nil {
			c.Notes = append(c.Notes, t.format.Skipped)
		}
		counts = append(counts, c)
	}
	p.done()
	committed = true
	if err := errors.Join(im.Commit(), rec.Commit()); err != nil {
		return counts, err
	}
	if err := rejected.commit(); err != nil {
		return counts, err
	}
	return counts, nil
}

// isResult says which files are results of an analysis into a folder, or lie in its ledger: those are no inputs, wherever the
// folder lies.
func isResult(out, ledger string) func(path string) bool {
	full := func(path string) string {
		if abs, err := filepath.Abs(path); err == nil {
			return abs
		}
		return path
	}
	names := []string{SummaryFile, RejectedFile, FindingsFile, TraceFile, EntitiesFile, MergesFile, NetworksFile, ChangesFile, RoutesFile, RoutesTable, ReportFile}
	out, ledger = full(out), full(ledger)
	return func(path string) bool {
		path = full(path)
		if path == ledger || strings.HasPrefix(path, ledger+string(filepath.Separator)) {
			return true
		}
		return filepath.Dir(path) == out && slices.Contains(names, strings.TrimSuffix(filepath.Base(path), ".tmp"))
	}
}

// apart says that the results have a folder of their own: among the inputs they would take the place of what is called as they are.
func (o *AnalyseOptions) apart() error {
	if o.Out == "" {
		return errors.New("name a folder for the results with --out")
	}
	out, err := os.Stat(o.Out)
	if err != nil {
		return nil // it is created
	}
	for _, in := range o.Inputs {
		if st, err := os.Stat(in); err == nil && os.SameFile(st, out) {
			return fmt.Errorf("%s is an input, and the results would overwrite what lies in it: name another folder with --out", o.Out)
		}
	}
	return nil
}

// find lists the inputs, and those that cannot be opened although nobody named them.
func (o *ImportOptions) find() (inputs []*intake.Input, unreadable []InputCount, err error) {
	if o.files == nil {
		inputs, err = intake.Find(o.Inputs, o.Stdin)
		inputs = slices.DeleteFunc(inputs, func(in *intake.Input) bool { return !in.Explicit && o.result != nil && o.result(in.Path) })
		return inputs, []InputCount{}, err
	}
	for _, path := range o.files {
		list, err := intake.File(path)
		if err != nil {
			unreadable = append(unreadable, InputCount{Path: path, Notes: []string{}, Problem: err.Error()})
		}
		inputs = append(inputs, list...)
	}
	return inputs, unreadable, nil
}

type task struct {
	in      *intake.Input
	format  *intake.Format
	text    *intake.Text // kept open for standard input, which cannot be opened twice
	problem string
}

// recognise tells each input's format and puts them into the order of reading.
func recognise(ctx context.Context, formats []*intake.Format, inputs []*intake.Input) ([]task, error) {
	var out []task
	for _, in := range inputs {
		text, err := in.Open(ctx, nil)
		if err != nil {
			if in.Explicit {
				return nil, err
			}
			out = append(out, task{in: in, problem: err.Error()})
			continue
		}
		f, err := intake.Recognise(formats, in.Name, text.Head())
		if in.Path != "-" {
			text.Close()
			text = nil
		}
		if err != nil {
			if in.Explicit {
				return nil, err
			}
			out = append(out, task{in: in, problem: err.Error()})
			continue
		}
		out = append(out, task{in: in, format: f, text: text})
	}
	sort.SliceStable(out, func(i, j int) bool { return rank(out[i]) < rank(out[j]) })
	return out, nil
}

func rank(t task) int {
	if t.format == nil {
		return 1000
	}
	return t.format.Rank
}

type storeError struct{ error }

func (e storeError) Unwrap() error { return e.error }

func isStoreError(err error) bool {
	var s storeError
	return errors.As(err, &s)
}

func readOne(ctx context.Context, t task, st *ledgerStore, rejected *lines, p *stage) (intake.Count, error) {
	text := t.text
	if text == nil {
		var err error
		if text, err = t.in.Open(ctx, p.add); err != nil {
			return intake.Count{}, err
		}
	}
	defer text.Close()
	return intake.Read(ctx, t.format, t.in, text, st, func(r intake.Rejection) error { return rejected.write(r) })
}

// recordsDir is where a ledger keeps what is no payment.
const recordsDir = "records"

// ledgerStore is where the readers' records go.
type ledgerStore struct {
	im  *ledger.Import
	rec *records.Import
}

func (s *ledgerStore) Ahead(next []*ledger.Payment) { s.im.Ahead(next) }

func (s *ledgerStore) Payment(p *ledger.Payment) (bool, error) {
	known, err := s.im.Add(p)
	if err == nil {
		return known, nil
	}
	var refusal ledger.Refusal
	if errors.As(err, &refusal) {
		return false, err
	}
	return false, storeError{err}
}

func (s *ledgerStore) Entity(e *entity.Entity) error {
	_, err := s.rec.Entity(e)
	return wrapStore(err)
}

func (s *ledgerStore) Advert(a *online.Advert) (bool, error) {
	known, err := s.rec.Advert(a)
	return known, wrapStore(err)
}

func (s *ledgerStore) Journey(j *journey.Journey) (bool, error) {
	known, err := s.rec.Journey(j)
	return known, wrapStore(err)
}

func wrapStore(err error) error {
	if err != nil {
		return storeError{err}
	}
	return nil
}

// lines writes a JSON lines file under a temporary name until it is complete.
type lines struct {
	path string
	f    *os.File
	b    *bufio.Writer
	enc  *json.Encoder
}

func createLines(path string) (*lines, error) {
	if path == "" {
		return &lines{}, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("create %s: %w", filepath.Dir(path), err)
	}
	f, err := os.OpenFile(path+".tmp", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create %s: %w", path, err)
	}
	l := &lines{path: path, f: f, b: bufio.NewWriterSize(f, 1<<16)}
	l.enc = json.NewEncoder(l.b)
	l.enc.SetEscapeHTML(false)
	return l, nil
}

func (l *lines) write(v any) error {
	if l.f == nil {
		return nil
	}
	if err := l.enc.Encode(v); err != nil {
		return storeError{fmt.Errorf("write %s: %w", l.path, err)}
	}
	return nil
}

// copy begins with the lines that the file holds.
func (l *lines) copy() error {
	f, err := os.Open(l.path)
	if errors.Is(err, fs.ErrNotExist) || l.f == nil {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", l.path, err)
	}
	defer f.Close()
	if _, err := io.Copy(l.b, f); err != nil {
		return fmt.Errorf("copy %s: %w", l.path, err)
	}
	return nil
}

func (l *lines) commit() error {
	if l.f == nil {
		return nil
	}
	err := l.b.Flush()
	if err == nil {
		err = l.f.Sync()
	}
	if cerr := l.f.Close(); err == nil {
		err = cerr
	}
	l.f = nil
	if err == nil {
		err = os.Rename(l.path+".tmp", l.path)
	}
	if err != nil {
		os.Remove(l.path + ".tmp")
		return fmt.Errorf("write %s: %w", l.path, err)
	}
	return nil
}

// abort removes what was not committed; after commit it does nothing.
func (l *lines) abort() {
	if l.f != nil {
		l.f.Close()
		os.Remove(l.path + ".tmp")
		l.f = nil
	}
}

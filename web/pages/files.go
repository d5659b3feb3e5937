package pages

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"tarir/analysis"
	"tarir/intake"
	"tarir/match"
	"tarir/node"
	"tarir/watchlist"
)

// Files that are worked on while their page waits, and is told how far it is: files of a case, which are analysed, and tables of names to check. The work belongs to
// the request: whoever goes away stops it, and what was taken up by then is there when the same files come again.

func (s *Server) fileRoutes() {
	s.page("GET /cases/{id}/import", s.importPage)
	s.page("POST /cases/{id}/import", s.importFiles)
	s.page("POST /check/table", s.checkTable)
	s.page("GET /check/table", s.checkedTable)
}

// mostUploaded is how many bytes one form brings at most, and mostFiles how many files.
const (
	mostUploaded = 4 << 30
	mostFiles    = 100
	mostTold     = 200 // refused records that are listed
)

// progress tells a page how far the work is, one line of JSON at a time: {"text", "share"}, and last {"to"} or {"error"}.
type progress struct {
	w     http.ResponseWriter
	l     *view
	lines bool // the page reads lines; else it waits for the whole
	last  atomic.Int64
	name  string
	total int64
	done  atomic.Int64
}

func newProgress(a *ask, v *view) *progress {
	p := &progress{w: a.w, l: v, lines: strings.Contains(a.r.Header.Get("Accept"), "application/x-ndjson")}
	if p.lines {
		a.w.Header().Set("Content-Type", "application/x-ndjson")
	}
	return p
}

func (p *progress) say(v map[string]any) {
	if !p.lines {
		return
	}
	if json.NewEncoder(p.w).Encode(v) == nil {
		_ = http.NewResponseController(p.w).Flush() // who waits has gone
	}
}

// Stage, Add and Done make it the progress of an analysis.
func (p *progress) Stage(name string, total int64, _ string) {
	p.name, p.total = p.l.Name("analysis_stage", name), total
	p.done.Store(0)
	p.say(map[string]any{"text": p.name, "share": 0})
}

// often is how seldom progress is told.
const often = 300 * time.Millisecond

func (p *progress) Add(n int64) {
	done, now, last := p.done.Add(n), time.Now().UnixNano(), p.last.Load()
	if p.total > 0 && now-last > int64(often) && p.last.CompareAndSwap(last, now) {
		p.say(map[string]any{"text": p.name, "share": float64(done) / float64(p.total)})
	}
}

// Done ends a stage.
func (p *progress) Done(time.Duration) {}

// end leads on to a page, or says what went wrong.
func (s *Server) end(a *ask, p *progress, to string, err error) error {
	switch {
	case !p.lines && err == nil:
		return back(a, to)
	case !p.lines:
		return err
	case err != nil:
		p.say(map[string]any{"error": a.l.Wrong(err.Error())})
	default:
		p.say(map[string]any{"to": to})
	}
	return nil
}

type importData struct {
	caseHead
	Done    *imported
	Formats []string
}

// imported is what became of files.
type imported struct {
	node.CaseImport
	Files    int
	Findings int
	Networks int
	Refused  []refusedLine
	More     int
}

type refusedLine struct {
	File   string
	Line   int64
	Reason string
}

func (s *Server) importPage(a *ask) error {
	view, err := s.n.Case(a.r.Context(), a.who(), a.r.PathValue("id"))
	if err != nil {
		return err
	}
	d := &importData{caseHead: s.head(a, view.Case, "contents")}
	for _, f := range analysis.Formats(nil) {
		if f.Skipped == "" {
			d.Formats = append(d.Formats, f.Name)
		}
	}
	s.mu.Lock()
	d.Done = s.imports[a.session.ID+" "+view.Case.ID]
	s.mu.Unlock()
	return s.show(a, http.StatusOK, "import", "import_title", d)
}

// errBusy says that another import runs.
var errBusy = errors.New("another import or analysis is running on this node: wait until it has ended, then send the files again")

// importFiles takes files of any format into a case and, where it is asked for, what an analysis finds in them.
func (s *Server) importFiles(a *ask) error {
	id := a.r.PathValue("id")
	a.home = "/cases/" + id + "/import"
	// Only whoever may write there has files read.
	view, err := s.n.Case(a.r.Context(), a.who(), id)
	if err != nil {
		return err
	}
	if h := s.head(a, view.Case, ""); !h.CanWrite() {
		return fmt.Errorf("%w: you look at this case only", node.ErrNotAllowed)
	}
	dir, err := s.n.TempDir()
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	paths, fields, err := s.receiveAll(a, filepath.Join(dir, "files"))
	if err != nil {
		return err
	}
	if !s.importing.TryLock() { // only now: a slow line keeps nobody else waiting
		return errBusy
	}
	defer s.importing.Unlock()
	p := newProgress(a, s.view(a))
	done, err := s.takeFiles(a.r.Context(), a.who(), id, dir, paths, fields, p)
	if err == nil {
		s.mu.Lock()
		if len(s.imports) > mostUndoing {
			clear(s.imports)
		}
		s.imports[a.session.ID+" "+id] = done
		s.mu.Unlock()
	}
	return s.end(a, p, a.home, err)
}

// receiveAll writes all files of a form into a folder, each under its own name.
func (s *Server) receiveAll(a *ask, dir string) (paths []string, fields map[string]string, err error) {
	a.r.Body = http.MaxBytesReader(a.w, a.r.Body, mostUploaded)
	r, err := a.r.MultipartReader()
	if err != nil {
		return nil, nil, errors.New("choose files first")
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, nil, err
	}
	fields = map[string]string{}
	err = eachPart(r, func(field, file string, part *partReader) error {
		if file == "" {
			text, err := part.text()
			fields[field] = text
			return err
		}
		if len(paths) == mostFiles {
			return fmt.Errorf("more than %d files at once: send them in parts", mostFiles)
		}
		// A folder of its own for each: two files may have one name.
		at := filepath.Join(dir, itoa(int64(len(paths))))
		if err := os.Mkdir(at, 0o700); err != nil {
			return err
		}
		name := filepath.Base(strings.ReplaceAll(file, "\\", "/"))
		if name == "." || name == ".." || name == "/" {
			name = "file"
		}
		f, err := os.OpenFile(filepath.Join(at, name), os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
		if err != nil {
			return fmt.Errorf("take a file: %w", err)
		}
		_, err = io.Copy(f, part)
		if err = errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("the file did not arrive whole: send it again: %w", err)
		}
		paths = append(paths, f.Name())
		return nil
	})
	if err == nil && len(paths) == 0 {
		err = errors.New("choose files first")
	}
	return paths, fields, err
}

func (s *Server) takeFiles(ctx context.Context, w node.Who, id, dir string, paths []string, fields map[string]string, p *progress) (*imported, error) {
	out := &imported{Files: len(paths)}
	out.Rejected = []node.BadRecord{}
	all := paths
	if fields["analyse"] != "" {
		results := filepath.Join(dir, "results")
		sum, err := analysis.Analyse(ctx, analysis.AnalyseOptions{Inputs: paths, Out: results, Currency: strings.TrimSpace(fields["currency"]), Version: "page", Progress: p, NoReport: true, Indicators: s.n.PackPath()})
		if err != nil {
			return nil, err
		}
		out.Findings, out.Networks = sum.Counts.Findings, sum.Counts.Networks
		all = append([]string{results}, paths...)
	}
	parts := filepath.Join(dir, "parts")
	if err := os.Mkdir(parts, 0o700); err != nil {
		return nil, err
	}
	p.Stage("case", 0, "")
	list, err := analysis.CaseParts(ctx, all, "", parts, func(r intake.Rejection) error {
		out.Read++
		if len(out.Refused) < mostTold {
			out.Refused = append(out.Refused, refusedLine{r.File, r.Line, r.Reason})
		} else {
			out.More++
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i, part := range list {
		p.say(map[string]any{"text": p.l.Name("entry", string(part.Kind)), "share": float64(i) / float64(len(list))})
		f, err := os.Open(part.Path)
		if err != nil {
			return nil, err
		}
		got, err := s.n.ImportIntoCase(ctx, w, id, part.Kind, f)
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, err
		}
		for _, r := range got.Rejected {
			if len(out.Refused) < mostTold {
				out.Refused = append(out.Refused, refusedLine{string(part.Kind), int64(r.Line), r.Reason})
			} else {
				out.More++
			}
		}
		out.Add(got)
	}
	return out, nil
}

// answered is a table that was checked, kept until its session ends or another one is asked.
type answered struct {
	Path string
	watchlist.Checked
}

// checkTable answers a table of names and numbers, with progress.
func (s *Server) checkTable(a *ask) error {
	a.home = "/check"
	w := a.who()
	if w.Purpose == "" {
		return errors.New(a.l.Text("web.purpose_first"))
	}
	_, path, _, err := s.upload(a)
	if err != nil {
		return err
	}
	defer os.Remove(path)
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	rows, err := countLines(in)
	if err != nil {
		return err
	}
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return err
	}
	f, err := s.n.TempFile()
	if err != nil {
		return err
	}
	p := newProgress(a, s.view(a))
	p.Stage("check", rows, "")
	out := bufio.NewWriterSize(f, 1<<20)
	before := 0
	total, err := watchlist.Check(a.r.Context(), bufio.NewReaderSize(in, 1<<20), out, runtime.GOMAXPROCS(0), func(ctx context.Context, q *match.Ask) (*match.Answer, error) {
		got, err := s.n.LookUp(ctx, w, node.Question{Ask: *q, Options: match.Options{Limit: 5}})
		if err != nil {
			return nil, err
		}
		x := &match.Answer{State: got.State, Cut: got.Cut}
		for _, h := range got.Hits {
			x.Hits = append(x.Hits, match.Hit{Record: match.Record{ID: strings.TrimPrefix(h.Kind+"/"+h.ID, "/"), Dataset: h.Source, Schema: h.Schema, Names: h.Names}, Score: h.Score, Features: h.Features})
		}
		return x, nil
	}, func(n int) {
		p.Add(int64(n - before))
		before = n
	})
	if err = errors.Join(err, out.Flush(), f.Close()); err != nil {
		return s.end(a, p, "", errors.Join(err, os.Remove(f.Name())))
	}
	s.mu.Lock()
	if old := s.tables[a.session.ID]; old != nil {
		_ = os.Remove(old.Path) // it may be gone
	}
	s.tables[a.session.ID] = &answered{f.Name(), total}
	s.mu.Unlock()
	return s.end(a, p, "/check#table", nil)
}

func countLines(r io.Reader) (n int64, err error) {
	b := make([]byte, 1<<16)
	for {
		k, err := r.Read(b)
		for _, c := range b[:k] {
			if c == '\n' {
				n++
			}
		}
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// checkedTable gives the answers of the table that was checked last in this session.
func (s *Server) checkedTable(a *ask) error {
	s.mu.Lock()
	t := s.tables[a.session.ID]
	s.mu.Unlock()
	if t == nil {
		return back(a, "/check")
	}
	a.w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	a.w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": "checked.csv"}))
	http.ServeFile(a.w, a.r, t.Path)
	return nil
}

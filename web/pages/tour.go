package pages

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"tarir/analysis"
	"tarir/casework"
)

// A look around without data of one's own: a small invented society is put into a case, analysed as any files are, and shown stop by stop. What was planted in it is not
// among the files that are read.

func (s *Server) tourRoutes() {
	s.page("POST /welcome/example", s.example)
	s.page("POST /tour", s.goOn)
}

// tour is where somebody is on it.
type tour struct {
	at    int
	stops []tourStop
}

type tourStop struct{ name, path string }

// tourView is what a page says of it.
type tourView struct {
	Number, Of int
	Text       string
	Last       bool
}

const (
	exampleSeed   = 3 // of the invented society (our choice)
	examplePreset = "small"
)

// example makes the case and begins the tour.
func (s *Server) example(a *ask) error {
	a.home = "/welcome"
	if !s.importing.TryLock() {
		return errBusy
	}
	defer s.importing.Unlock()
	ctx, w := a.r.Context(), a.who()
	dir, err := s.n.TempDir()
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	p := newProgress(a, s.view(a))
	to, err := "", analysis.MakeSociety(examplePreset, exampleSeed, filepath.Join(dir, "society"))
	if err == nil {
		to, err = s.exampleCase(a, p, dir)
	}
	if err != nil {
		return s.end(a, p, "", err)
	}
	list, err := s.n.Entries(ctx, w, to, casework.FindingEntry, 0, 1000)
	if err != nil {
		return s.end(a, p, "", err)
	}
	one := "/cases/" + to
	t := &tour{stops: []tourStop{{"overview", one}, {"network", one + "/network"}, {"money", one + "/money"}, {"map", one + "/map"}, {"timeline", one + "/timeline"}, {"check", "/check"}, {"today", "/"}}}
	for _, e := range list {
		if e.Kind == casework.FindingEntry {
			t.stops = append(t.stops[:1], append([]tourStop{{"evidence", fmt.Sprintf("%s/entries/%d", one, e.Seq)}}, t.stops[1:]...)...)
			break
		}
	}
	s.mu.Lock()
	if len(s.tours) > mostUndoing {
		clear(s.tours)
	}
	s.tours[a.session.ID] = t
	s.mu.Unlock()
	return s.end(a, p, one, nil)
}

// exampleCase opens a case and takes the society's files into it.
func (s *Server) exampleCase(a *ask, p *progress, dir string) (id string, err error) {
	all, err := filepath.Glob(filepath.Join(dir, "society", "*"))
	if err != nil {
		return "", err
	}
	var paths []string
	for _, path := range all {
		if filepath.Base(path) != "truth.json" { // what was planted is for nobody here to know
			paths = append(paths, path)
		}
	}
	c, err := s.n.NewCase(a.r.Context(), a.who(), a.l.Text("web.example_title"), nil)
	if err != nil {
		return "", err
	}
	_, err = s.takeFiles(a.r.Context(), a.who(), c.ID, dir, paths, map[string]string{"analyse": "yes"}, p)
	return c.ID, err
}

// goOn leads to the next stop, or ends the tour.
func (s *Server) goOn(a *ask) error {
	s.mu.Lock()
	t := s.tours[a.session.ID]
	to := "/welcome"
	if t != nil && a.r.PostFormValue("do") != "end" && t.at+1 < len(t.stops) {
		t.at++
		to = t.stops[t.at].path
	} else {
		delete(s.tours, a.session.ID)
	}
	s.mu.Unlock()
	http.Redirect(a.w, a.r, to, http.StatusSeeOther)
	return nil
}

// onTour is what the page that is asked for says of the tour; nil: it is no stop.
func (s *Server) onTour(a *ask) *tourView {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tours[a.session.ID]
	if t == nil || a.r.Method != http.MethodGet || a.r.URL.Path != t.stops[t.at].path {
		return nil
	}
	return &tourView{t.at + 1, len(t.stops), a.l.Text("tour." + t.stops[t.at].name), t.at+1 == len(t.stops)}
}

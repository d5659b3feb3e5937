package pages

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"tarir/casework"
	"tarir/node"
	"tarir/notice"
	"tarir/release"
)

// Operations: plan, live board, counts that open to their records, the report for the public.

func (s *Server) operationRoutes() {
	s.page("GET /operations", s.operations)
	s.page("POST /operations", s.planOperation)
	s.page("GET /operations/{id}", s.operation)
	s.page("GET /operations/{id}/board", s.board)
	s.page("GET /operations/{id}/events", s.boardEvents)
	s.page("POST /operations/{id}/report", s.reportOperation)
	s.page("POST /operations/{id}/task", s.taskOperation)
	s.page("POST /operations/{id}/step", s.stepOperation)
	s.page("GET /operations/{id}/release", s.release)
	s.page("POST /operations/{id}/watch", s.watchInOperation)
	s.page("POST /operations/{id}/gather", s.gatherReports)
	s.groupRoutes()
}

type operationsData struct {
	List  []node.Listed
	Typed map[string]string
}

func (s *Server) operations(a *ask) error { return s.operationsWith(a, map[string]string{}, "") }

func (s *Server) operationsWith(a *ask, typed map[string]string, wrong string) error {
	list, err := s.n.List(a.r.Context(), a.who(), "operation", 200)
	if err != nil {
		return err
	}
	return s.showWith(a, http.StatusOK, "operations", "operations", operationsData{list, typed}, wrong)
}

// list cuts what was typed into a list.
func list(text string) (out []string) {
	for _, x := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == '\n' || r == '،' }) {
		if x = strings.TrimSpace(x); x != "" {
			out = append(out, x)
		}
	}
	return out
}

// typed is what was typed into a form, for when it has to be shown again.
func (a *ask) typed() map[string]string {
	out := map[string]string{}
	for k := range a.r.PostForm {
		out[k] = a.r.PostFormValue(k)
	}
	return out
}

func (s *Server) planOperation(a *ask) error {
	a.home = "/operations"
	v := a.r.PostFormValue
	o := casework.Operation{Title: strings.TrimSpace(v("title")), Countries: list(v("countries")), Places: list(v("places"))}
	var err1, err2 error
	o.From, err1 = time.Parse(time.DateOnly, v("from"))
	o.To, err2 = time.Parse(time.DateOnly, v("to"))
	if errors.Join(err1, err2) != nil {
		return s.operationsWith(a, a.typed(), errDay.Error())
	}
	o.To = o.To.AddDate(0, 0, 1)
	for _, m := range list(v("participants")) {
		o.Participants = append(o.Participants, casework.Participant{Member: m})
	}
	for _, t := range list(v("targets")) {
		kind, id, _ := strings.Cut(t, "/")
		o.Targets = append(o.Targets, casework.Ref{Kind: kind, ID: id})
	}
	made, err := s.n.PlanOperation(a.r.Context(), a.who(), o)
	if err != nil {
		return s.operationsWith(a, a.typed(), err.Error())
	}
	return back(a, "/operations/"+made.ID)
}

type operationData struct {
	*node.Counted
	Feed     []node.FeedLine
	Groups   []measureGroup
	States   []casework.OperationState
	Measures []casework.Measure
	Own      bool
	Lang     string
	Langs    []string
	Typed    map[string]string
	Money    *node.Money // of its cases in which one has a seat; nil: there are none
}

type measureGroup struct {
	Name  string
	Lines []measureLine
}

type measureLine struct {
	casework.Measure
	Figure *casework.Figure
}

// Heading is the title of the operation.
func (d *operationData) Heading() string { return d.Operation.Title }

func (s *Server) operationOf(a *ask) (*operationData, error) {
	id := a.r.PathValue("id")
	c, err := s.n.CountOperation(a.r.Context(), a.who(), id, time.Time{})
	if err != nil {
		return nil, err
	}
	d := &operationData{Counted: c, States: casework.OperationStates, Measures: casework.Measures, Own: c.Operation.Owner == s.n.Member(), Lang: a.l.Code, Langs: notice.Languages, Typed: map[string]string{}}
	for _, m := range casework.Measures {
		f := c.Figures[m.ID]
		if f == nil {
			continue
		}
		if n := len(d.Groups); n == 0 || d.Groups[n-1].Name != m.Group {
			d.Groups = append(d.Groups, measureGroup{Name: m.Group})
		}
		g := &d.Groups[len(d.Groups)-1]
		g.Lines = append(g.Lines, measureLine{m, f})
	}
	if d.Feed, err = s.n.OperationFeed(a.r.Context(), a.who(), id, -1, 30); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(c.Operation.Targets, func(r casework.Ref) bool { return r.Kind == "case" }) {
		if d.Money, err = s.n.OperationMoney(a.r.Context(), a.who(), id, nil); errors.Is(err, casework.ErrNoSeat) || errors.Is(err, node.ErrNotAllowed) {
			d.Money, err = nil, nil
		}
	}
	return d, err
}

// Records are the first of those behind a number, and how many are not listed.
func (l measureLine) Records() []string { return l.Figure.Records[:min(len(l.Figure.Records), 50)] }

// More is how many records are not listed.
func (l measureLine) More() int { return len(l.Figure.Records) - len(l.Records()) }

// Sums are amounts by currency, in order.
func (l measureLine) Sums() (out []line) {
	for c, m := range l.Figure.Money {
		out = append(out, line{c, m})
	}
	slices.SortFunc(out, func(x, y line) int { return cmp.Compare(x.Name, y.Name) })
	return out
}

func (s *Server) operation(a *ask) error { return s.operationWith(a, map[string]string{}, "") }

func (s *Server) operationWith(a *ask, typed map[string]string, wrong string) error {
	d, err := s.operationOf(a)
	if err != nil {
		return err
	}
	d.Typed = typed
	a.home = "/operations/" + d.Operation.ID
	return s.showWith(a, http.StatusOK, "operation", "operation", d, wrong)
}

// board is the part of the page that changes while an operation runs.
func (s *Server) board(a *ask) error {
	d, err := s.operationOf(a)
	if err != nil {
		return err
	}
	return s.part(a, "operation", "board", d)
}

// boardEvents tells an open board that something came in.
func (s *Server) boardEvents(a *ask) error {
	ctx, cancel := context.WithTimeout(a.r.Context(), newsMost)
	defer cancel()
	id, w := a.r.PathValue("id"), a.who()
	before, err := s.n.OperationStamp(ctx, w, id)
	if err != nil {
		return err
	}
	out := http.NewResponseController(a.w)
	a.w.Header().Set("Content-Type", "text/event-stream")
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for said := time.Now(); ; {
		last, err := s.n.OperationStamp(ctx, w, id)
		if err != nil {
			return nil //nolint:nilerr // the browser asks again
		}
		text := ""
		switch {
		case last != before:
			before, text = last, "event: changed\ndata: "+strconv.FormatInt(last, 10)+"\n\n"
		case time.Since(said) > stillThere:
			text = ": \n\n"
		}
		if text != "" {
			said = time.Now()
			if _, err := fmt.Fprint(a.w, text); err != nil {
				return nil //nolint:nilerr // the page is closed
			}
		}
		if err := out.Flush(); err != nil {
			return nil //nolint:nilerr // the page is closed
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (s *Server) reportOperation(a *ask) error {
	v := a.r.PostFormValue
	r := casework.Report{Measure: v("measure"), Record: strings.TrimSpace(v("record")), Tags: map[string]string{}, Number: number(v("count")), Amount: strings.Replace(strings.TrimSpace(v("amount")), ",", ".", 1), Currency: strings.TrimSpace(v("currency")), At: time.Now()}
	for _, t := range list(v("tags")) {
		k, x, _ := strings.Cut(t, "=")
		r.Tags[strings.TrimSpace(k)] = strings.TrimSpace(x)
	}
	if _, err := s.n.ReportOperation(a.r.Context(), a.who(), a.r.PathValue("id"), []casework.Report{r}); err != nil {
		return s.operationWith(a, a.typed(), err.Error())
	}
	return back(a, "/operations/"+a.r.PathValue("id"))
}

// watchInOperation takes a watch-list that ends with the operation.
func (s *Server) watchInOperation(a *ask) error {
	id := a.r.PathValue("id")
	a.home = "/operations/" + id
	_, path, _, err := s.upload(a)
	if err != nil {
		return s.operationWith(a, map[string]string{}, err.Error())
	}
	defer os.Remove(path)
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := s.n.WatchInOperation(a.r.Context(), a.who(), id, f); err != nil {
		return s.operationWith(a, map[string]string{}, err.Error())
	}
	return back(a, a.home)
}

// gatherReports reports what this node itself did in the operation: its checks, hits, notices and stop-payments.
func (s *Server) gatherReports(a *ask) error {
	id := a.r.PathValue("id")
	if _, err := s.n.GatherReports(a.r.Context(), a.who(), id); err != nil {
		return s.operationWith(a, map[string]string{}, err.Error())
	}
	return back(a, "/operations/"+id)
}

func (s *Server) taskOperation(a *ask) error {
	v, id := a.r.PostFormValue, a.r.PathValue("id")
	if of := v("done"); of != "" {
		if err := s.n.DoneTasking(a.r.Context(), a.who(), id, of, strings.TrimSpace(v("note"))); err != nil {
			return s.operationWith(a, a.typed(), err.Error())
		}
		return back(a, "/operations/"+id)
	}
	t := casework.Tasking{To: list(v("to")), Text: map[string]string{}, Places: list(v("places")), Urgent: v("urgent") != ""}
	for _, lang := range notice.Languages {
		if text := strings.TrimSpace(v("text." + lang)); text != "" {
			t.Text[lang] = text
		}
	}
	var err error
	if t.Due, err = time.Parse("2006-01-02T15:04", v("due")); err != nil {
		return s.operationWith(a, a.typed(), errDay.Error())
	}
	if _, err := s.n.TaskOperation(a.r.Context(), a.who(), id, t); err != nil {
		return s.operationWith(a, a.typed(), err.Error())
	}
	return back(a, "/operations/"+id)
}

func (s *Server) stepOperation(a *ask) error {
	id := a.r.PathValue("id")
	var err error
	if a.r.PostFormValue("agree") != "" {
		err = s.n.AgreeToCounts(a.r.Context(), a.who(), id)
	} else {
		w := a.who()
		w.Reason = strings.TrimSpace(a.r.PostFormValue("reason"))
		_, err = s.n.StepOperation(a.r.Context(), w, id, casework.OperationState(a.r.PostFormValue("to")))
	}
	if err != nil {
		return s.operationWith(a, a.typed(), err.Error())
	}
	return back(a, "/operations/"+id)
}

// release is what was achieved, for the public, in a language, to read or as PDF.
func (s *Server) release(a *ask) error {
	q := a.r.URL.Query()
	l := s.langs[q.Get("lang")]
	if l == nil {
		l = a.l
	}
	c, err := s.n.CountOperation(a.r.Context(), a.who(), a.r.PathValue("id"), time.Time{})
	if err != nil {
		return err
	}
	if q.Has("pdf") {
		a.w.Header().Set("Content-Type", "application/pdf")
		a.w.Header().Set("Content-Disposition", `attachment; filename="release-`+l.Code+`.pdf"`)
		return release.WritePDF(a.w, c.Operation, c.Figures, c.AsOf, l)
	}
	a.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	a.w.Header().Set("Content-Disposition", `attachment; filename="release-`+l.Code+`.html"`)
	return release.Write(a.w, c.Operation, c.Figures, c.AsOf, l)
}

package pages

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"tarir/audit"
	"tarir/casework"
	"tarir/chart"
	"tarir/node"
)

func (s *Server) caseRoutes() {
	s.page("GET /cases", s.cases)
	s.page("POST /cases", s.newCase)
	s.page("GET /cases/{id}", s.showCase)
	s.page("POST /cases/{id}/search", s.searchCase)
	s.page("GET /cases/{id}/contents", s.caseContents)
	s.page("GET /cases/{id}/tasks", s.caseTasks)
	s.page("GET /cases/{id}/log", s.caseLog)
	s.page("POST /cases/{id}/seat", s.caseSeat)
	s.page("POST /cases/{id}/step", s.caseStep)
	s.page("POST /cases/{id}/notes", s.addNote)
	s.page("POST /cases/{id}/tasks", s.addTask)
	s.page("POST /cases/{id}/decisions", s.addDecision)
	s.page("POST /cases/{id}/documents", s.addDocument)
	s.page("GET /cases/{id}/documents/{seq}", s.readDocument)
	s.page("GET /cases/{id}/entries/{seq}", s.showEntry)
	s.page("POST /cases/{id}/entries/{seq}", s.changeEntry)
	s.page("POST /cases/{id}/entries/{seq}/remove", s.removeEntry)
	s.drawnPage("GET /cases/{id}/network", s.network)
	s.page("GET /cases/{id}/network/data", s.networkData)
	s.page("GET /cases/{id}/network/around/{n}", s.networkAround)
	s.page("GET /cases/{id}/network/path", s.networkPath)
	s.page("GET /cases/{id}/network/party/{n}", s.networkParty)
	s.page("POST /cases/{id}/network", s.saveDrawing)
	s.page("POST /cases/{id}/network/ftm", s.networkFTM)
	s.drawnPage("GET /cases/{id}/party/{n}", s.party)
	s.drawnPage("GET /cases/{id}/money", s.money)
	s.page("POST /cases/{id}/act", s.act)
	s.page("POST /cases/{id}/act/stop", s.actStop)
	s.page("POST /cases/{id}/act/silver", s.actSilver)
	s.assetRoutes()
	s.drawnPage("GET /cases/{id}/map", s.caseMap)
	s.drawnPage("GET /cases/{id}/timeline", s.timeline)
}

func (s *Server) cases(a *ask) error {
	list, err := s.n.Cases(a.r.Context(), a.who())
	if err != nil {
		return err
	}
	return s.show(a, http.StatusOK, "cases", "cases", list)
}

func (s *Server) newCase(a *ask) error {
	c, err := s.n.NewCase(a.r.Context(), a.who(), strings.TrimSpace(a.r.FormValue("title")), nil)
	if err != nil {
		list, lerr := s.n.Cases(a.r.Context(), a.who())
		if lerr != nil {
			return lerr
		}
		return s.showWith(a, http.StatusUnprocessableEntity, "cases", "cases", list, err.Error())
	}
	return back(a, "/cases/"+c.ID)
}

// caseTab is a part of a case: its name among the texts, and where it is.
type caseTab struct {
	Name, Path string
	Count      int64
}

// caseHead is what all parts of a case show.
type caseHead struct {
	Case *casework.Case
	Seat casework.Seat
	Tab  string
	Tabs []caseTab
}

// Heading is the title of the case.
func (h *caseHead) Heading() string { return h.Case.Title }

// CanWrite says whether the person may add to the case.
func (h *caseHead) CanWrite() bool { return h.Seat == casework.Leads || h.Seat == casework.Works }

func (s *Server) head(a *ask, c *casework.Case, tab string) caseHead {
	all := int64(0)
	for _, n := range c.Counts {
		all += n
	}
	n := c.Counts
	return caseHead{Case: c, Seat: c.SeatOf(a.session.Person), Tab: tab, Tabs: []caseTab{
		{"overview", "", 0},
		{"network", "/network", 0},
		{"money", "/money", n[casework.PaymentEntry]},
		{"map", "/map", n[casework.JourneyEntry] + n[casework.AdvertEntry]},
		{"timeline", "/timeline", 0},
		{"contents", "/contents", all},
		{"tasks", "/tasks", n[casework.TaskEntry] + n[casework.RequestEntry]},
		{"links", "/links", int64(len(c.Merged))},
		{"log", "/log", 0},
		{"beside", "/beside", 0},
	}}
}

type caseData struct {
	caseHead
	View          *node.CaseView
	Organisations []chart.Organisation
	Findings      []chart.Finding
	Query         string
	Found         *node.CaseFound
	Draft         string // a note that was not taken
	People        []string
	Seats         []casework.Seat
}

func (s *Server) showCase(a *ask) error { return s.showCaseWith(a, &caseData{}, "") }

func (s *Server) showCaseWith(a *ask, d *caseData, wrong string) error {
	id := a.r.PathValue("id")
	view, err := s.n.Case(a.r.Context(), a.who(), id)
	if err != nil {
		return err
	}
	d.caseHead, d.View, d.Seats = s.head(a, view.Case, "overview"), view, casework.Seats
	for _, p := range s.n.People() {
		d.People = append(d.People, p.ID)
	}
	if view.Case.Counts[casework.FindingEntry] > 0 {
		// Organisations and findings alone: the whole picture of a large case takes long.
		list, err := s.n.Entries(a.r.Context(), a.who(), id, casework.FindingEntry, 0, 1000)
		if err != nil {
			return err
		}
		p := chart.New()
		for _, e := range list {
			p.Add(e.Kind, e.Seq, e.ID, e.Body)
		}
		d.Organisations = p.Organisations[:min(len(p.Organisations), 5)]
		d.Findings = p.Findings
		slices.SortStableFunc(d.Findings, func(x, y chart.Finding) int { return cmp.Compare(y.Score, x.Score) })
		d.Findings = d.Findings[:min(len(d.Findings), 8)]
	}
	return s.showWith(a, http.StatusOK, "case", "case", d, wrong)
}

func (s *Server) searchCase(a *ask) error {
	id := a.r.PathValue("id")
	a.home = "/cases/" + id
	d := &caseData{Query: strings.TrimSpace(a.r.PostFormValue("q"))}
	found, err := s.n.SearchCase(a.r.Context(), a.who(), id, d.Query, onPage)
	if err != nil {
		return s.showCaseWith(a, d, err.Error())
	}
	d.Found = found
	return s.showCaseWith(a, d, "")
}

const onPage = 50

type contentsData struct {
	caseHead
	Kinds   []casework.EntryKind
	Kind    string
	Entries []*casework.Entry
	Next    int64
}

func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// caseContents lists the entries of a kind.
func (s *Server) caseContents(a *ask) error {
	id, q := a.r.PathValue("id"), a.r.URL.Query()
	list, err := s.n.Entries(a.r.Context(), a.who(), id, casework.EntryKind(q.Get("kind")), number(q.Get("after")), onPage)
	if err != nil {
		return err
	}
	view, err := s.n.Case(a.r.Context(), a.who(), id)
	if err != nil {
		return err
	}
	d := &contentsData{caseHead: s.head(a, view.Case, "contents"), Kind: q.Get("kind"), Entries: list}
	for _, k := range casework.EntryKinds {
		if view.Case.Counts[k] > 0 {
			d.Kinds = append(d.Kinds, k)
		}
	}
	if len(list) == onPage {
		d.Next = list[onPage-1].Seq
	}
	return s.show(a, http.StatusOK, "contents", "contents", d)
}

type tasksData struct {
	caseHead
	Due  []*casework.Entry
	Done []*casework.Entry
	All  []string
}

func (s *Server) caseTasks(a *ask) error {
	id := a.r.PathValue("id")
	view, err := s.n.Case(a.r.Context(), a.who(), id)
	if err != nil {
		return err
	}
	d := &tasksData{caseHead: s.head(a, view.Case, "tasks"), Due: view.Due}
	for _, k := range []casework.EntryKind{casework.TaskEntry, casework.RequestEntry} {
		list, err := s.n.Entries(a.r.Context(), a.who(), id, k, 0, 500)
		if err != nil {
			return err
		}
		for _, e := range list {
			if e.Due.IsZero() {
				d.Done = append(d.Done, e)
			}
		}
	}
	for _, p := range s.n.People() {
		d.All = append(d.All, p.ID)
	}
	return s.show(a, http.StatusOK, "tasks", "tasks", d)
}

type logData struct {
	caseHead
	Entries []audit.Entry
	Whole   bool
}

// recent is how far back the log of a case is shown at first.
const recent = 30 * 24 * time.Hour

func (s *Server) caseLog(a *ask) error {
	id, whole := a.r.PathValue("id"), a.r.URL.Query().Has("whole")
	from := time.Now().Add(-recent)
	if whole {
		from = time.Time{}
	}
	c, list, err := s.n.CaseLog(a.r.Context(), a.who(), id, from, 500)
	if err != nil {
		return err
	}
	return s.show(a, http.StatusOK, "log", "log", &logData{caseHead: s.head(a, c, "log"), Entries: list, Whole: whole})
}

func (s *Server) caseSeat(a *ask) error {
	id, v := a.r.PathValue("id"), a.r.PostFormValue
	view, err := s.n.Case(a.r.Context(), a.who(), id)
	if err != nil {
		return err
	}
	before, w := view.Case.SeatOf(v("person")), a.who()
	if _, err := s.n.CaseStep(a.r.Context(), w, id, casework.CaseStep{Do: "seat", Person: v("person"), Seat: casework.Seat(v("seat"))}); err != nil {
		return s.showCaseWith(a, &caseData{}, err.Error())
	}
	s.canUndo(a, "seat_changed", "/cases/"+id, func(ctx context.Context, w node.Who) error {
		_, err := s.n.CaseStep(ctx, w, id, casework.CaseStep{Do: "seat", Person: v("person"), Seat: before})
		return err
	})
	return back(a, "/cases/"+id)
}

func (s *Server) caseStep(a *ask) error {
	id, v := a.r.PathValue("id"), a.r.PostFormValue
	a.home = "/cases/" + id
	step := casework.CaseStep{Do: v("do"), Why: strings.TrimSpace(v("why")), Title: strings.TrimSpace(v("title"))}
	if !slices.Contains([]string{"close", "reopen", "title"}, step.Do) {
		return back(a, a.home)
	}
	if _, err := s.n.CaseStep(a.r.Context(), a.who(), id, step); err != nil {
		return s.showCaseWith(a, &caseData{}, err.Error())
	}
	return back(a, a.home)
}

// put adds one entry to a case, and remembers how to take it out again.
func (s *Server) put(a *ask, id string, kind casework.EntryKind, body any, to string) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	put, err := s.n.AddToCase(a.r.Context(), a.who(), id, []node.NewEntry{{Kind: kind, Body: text}})
	if err != nil {
		return err
	}
	s.canUndo(a, "entry_added", to, func(ctx context.Context, w node.Who) error {
		w.Reason = "taken back by who put it in"
		return s.n.RemoveEntry(ctx, w, id, put[0].Seq)
	})
	return back(a, to)
}

func (s *Server) addNote(a *ask) error {
	id := a.r.PathValue("id")
	a.home = "/cases/" + id
	err := s.put(a, id, casework.NoteEntry, casework.Note{Text: a.r.FormValue("text"), Assessment: a.r.FormValue("assessment") != ""}, a.home)
	if err != nil {
		return s.showCaseWith(a, &caseData{Draft: a.r.FormValue("text")}, err.Error()) // what was written is not lost
	}
	return nil
}

func (s *Server) addTask(a *ask) error {
	id := a.r.PathValue("id")
	a.home = "/cases/" + id + "/tasks"
	due, err := time.Parse(time.DateOnly, a.r.PostFormValue("due"))
	if err != nil {
		return errDay
	}
	return s.put(a, id, casework.TaskEntry, casework.CaseTask{What: a.r.PostFormValue("what"), Who: a.r.PostFormValue("who"), Due: due}, a.home)
}

func (s *Server) addDecision(a *ask) error {
	id := a.r.PathValue("id")
	a.home = "/cases/" + id
	return s.put(a, id, casework.DecisionEntry, casework.Decided{What: a.r.PostFormValue("what"), Why: a.r.PostFormValue("why")}, a.home)
}

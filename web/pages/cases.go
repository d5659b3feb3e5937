package pages

import (
	"encoding/json"
	"net/http"
	"strings"

	"tarir/casework"
	"tarir/node"
)

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

type caseData struct {
	*node.CaseView
	Tab     string
	Query   string
	Found   *node.CaseFound
	Entries []*casework.Entry
	Kinds   []casework.EntryKind
	Next    int64
	Seat    casework.Seat
	Draft   string // a note that was not taken
}

const onPage = 50

func (s *Server) showCase(a *ask) error {
	id, v := a.r.PathValue("id"), a.r.URL.Query()
	if a.r.Method != http.MethodGet {
		a.home = "/cases/" + id
	}
	view, err := s.n.Case(a.r.Context(), a.who(), id)
	if err != nil {
		return err
	}
	d := &caseData{CaseView: view, Tab: v.Get("kind"), Query: strings.TrimSpace(a.r.PostFormValue("q")), Seat: view.Case.SeatOf(a.session.Person)}
	for _, k := range casework.EntryKinds {
		if view.Case.Counts[k] > 0 {
			d.Kinds = append(d.Kinds, k)
		}
	}
	switch {
	case d.Query != "":
		d.Found, err = s.n.SearchCase(a.r.Context(), a.who(), id, d.Query, onPage)
	case d.Tab != "":
		after := int64(0)
		_ = json.Unmarshal([]byte(v.Get("after")), &after) // what is no number begins at the beginning
		if d.Entries, err = s.n.Entries(a.r.Context(), a.who(), id, casework.EntryKind(d.Tab), after, onPage); len(d.Entries) == onPage {
			d.Next = d.Entries[onPage-1].Seq
		}
	}
	if err != nil {
		return s.showWith(a, http.StatusUnprocessableEntity, "case", "case", d, err.Error())
	}
	return s.show(a, http.StatusOK, "case", "case", d)
}

func (s *Server) addNote(a *ask) error {
	id := a.r.PathValue("id")
	text, err := json.Marshal(casework.Note{Text: a.r.FormValue("text")})
	if err != nil {
		return err
	}
	if _, err := s.n.AddToCase(a.r.Context(), a.who(), id, []node.NewEntry{{Kind: casework.NoteEntry, Body: text}}); err != nil {
		// What was written is not lost.
		a.home = "/cases/" + id
		view, verr := s.n.Case(a.r.Context(), a.who(), id)
		if verr != nil {
			return err
		}
		return s.showWith(a, http.StatusUnprocessableEntity, "case", "case", &caseData{CaseView: view, Seat: view.Case.SeatOf(a.session.Person), Draft: a.r.FormValue("text")}, err.Error())
	}
	return back(a, "/cases/"+id)
}

package pages

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tarir/casework"
	"tarir/exchange/register"
	"tarir/node"
)

// A case and what is around it: others that it may be one with, merged, taken apart and split; what other members are asked about it; two parts of it beside each
// other; and the case as a file that goes out and comes in.

func (s *Server) togetherRoutes() {
	s.page("GET /cases/{id}/links", s.links)
	s.page("POST /cases/{id}/merge", s.mergeCase)
	s.page("POST /cases/{id}/unmerge", s.unmergeCase)
	s.page("POST /cases/{id}/split", s.splitCase)
	s.page("POST /cases/{id}/ask", s.askAboutCase)
	s.page("POST /cases/{id}/request", s.requestForCase)
	s.page("POST /cases/{id}/export", s.exportCase)
	s.page("POST /cases/{id}/tell", s.tellCase)
	s.page("POST /cases/import", s.importCase)
	s.page("GET /cases/{id}/beside", s.beside)
}

type linksData struct {
	caseHead
	*node.Links
	Titles  map[string]string // of the cases that one may see
	Mine    []*casework.Case  // into which it could be merged
	Members []*register.Member
	Formats []string
	Typed   map[string]string
}

func (s *Server) links(a *ask) error { return s.linksWith(a, "") }

func (s *Server) linksWith(a *ask, wrong string) error {
	id := a.r.PathValue("id")
	a.home = "/cases/" + id + "/links"
	view, err := s.n.Case(a.r.Context(), a.who(), id)
	if err != nil {
		return err
	}
	d := &linksData{caseHead: s.head(a, view.Case, "links"), Titles: map[string]string{}, Formats: slices.Sorted(maps.Keys(node.TellingFormats)), Typed: a.typed()}
	if d.Links, err = s.n.CaseLinks(a.r.Context(), a.who(), id); err != nil {
		return err
	}
	all, err := s.n.Cases(a.r.Context(), a.who())
	if err != nil {
		return err
	}
	for _, c := range all {
		d.Titles[c.ID] = c.Title
		if c.ID != id && c.State == casework.CaseOpen && c.SeatOf(a.session.Person) == casework.Leads {
			d.Mine = append(d.Mine, c)
		}
	}
	if d.Members, err = s.others(a); err != nil {
		return err
	}
	return s.showWith(a, http.StatusOK, "links", "links", d, wrong)
}

// others are the other members that one may write to; none, where one may not see who there is.
func (s *Server) others(a *ask) ([]*register.Member, error) {
	all, err := s.n.Members(a.r.Context(), a.who())
	if errors.Is(err, node.ErrNoMember) || errors.Is(err, node.ErrNotAllowed) {
		return nil, nil
	}
	return slices.DeleteFunc(all, func(m *register.Member) bool { return m.ID == s.n.Member() }), err
}

// Leads says whether the person leads the case.
func (h *caseHead) Leads() bool { return h.Seat == casework.Leads }

func (s *Server) mergeCase(a *ask) error {
	id, into := a.r.PathValue("id"), a.r.PostFormValue("into")
	w := a.who()
	w.Reason = strings.TrimSpace(a.r.PostFormValue("reason"))
	if _, err := s.n.MergeCases(a.r.Context(), w, id, into); err != nil {
		return s.linksWith(a, err.Error())
	}
	s.canUndo(a, "case_merged", "/cases/"+id, func(ctx context.Context, w node.Who) error {
		w.Reason = "taken back by who merged it"
		_, err := s.n.UnmergeCases(ctx, w, id, into)
		return err
	})
	return back(a, "/cases/"+into)
}

// unmergeCase takes a case out again that was merged into this one.
func (s *Server) unmergeCase(a *ask) error {
	id, out := a.r.PathValue("id"), a.r.PostFormValue("case")
	w := a.who()
	w.Reason = strings.TrimSpace(a.r.PostFormValue("reason"))
	if _, err := s.n.UnmergeCases(a.r.Context(), w, out, id); err != nil {
		return s.linksWith(a, err.Error())
	}
	return back(a, "/cases/"+out)
}

// splitCase opens another case with the entries that were chosen.
func (s *Server) splitCase(a *ask) error {
	id := a.r.PathValue("id")
	a.home = "/cases/" + id + "/contents"
	if err := a.r.ParseForm(); err != nil {
		return err
	}
	var seqs []int64
	for _, t := range a.r.PostForm["seq"] {
		seqs = append(seqs, number(t))
	}
	fresh, err := s.n.SplitCase(a.r.Context(), a.who(), id, strings.TrimSpace(a.r.PostFormValue("title")), seqs)
	if err != nil {
		return err
	}
	s.canUndo(a, "case_split", "/cases/"+id, func(ctx context.Context, w node.Who) error {
		w.Reason = "taken back by who split it"
		_, err := s.n.MergeCases(ctx, w, fresh.ID, id)
		return err
	})
	return back(a, "/cases/"+fresh.ID)
}

// askAboutCase asks a member privately which numbers of the case it knows, too.
func (s *Server) askAboutCase(a *ask) error {
	job, err := s.n.AskAboutCase(a.r.Context(), a.who(), a.r.PathValue("id"), a.r.PostFormValue("member"))
	if err != nil {
		return s.linksWith(a, err.Error())
	}
	return back(a, "/private/"+job.ID)
}

// requestForCase asks a member in words; the answer comes into the case by itself.
func (s *Server) requestForCase(a *ask) error {
	id, v := a.r.PathValue("id"), a.r.PostFormValue
	due, err := time.Parse(time.DateOnly, v("due"))
	if err != nil {
		return s.linksWith(a, errDay.Error())
	}
	if _, err := s.n.RequestForCase(a.r.Context(), a.who(), id, v("member"), strings.TrimSpace(v("subject")), strings.TrimSpace(v("text")), due); err != nil {
		return s.linksWith(a, err.Error())
	}
	return back(a, "/cases/"+id+"/tasks")
}

// sendFile writes a file into a folder of the node and gives it to who asked, whole or not at all.
func (s *Server) sendFile(a *ask, name, kind string, write func(path string) error) error {
	dir, err := s.n.TempDir()
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "file")
	if err := write(path); err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	a.w.Header().Set("Content-Type", kind)
	a.w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	_, err = io.Copy(a.w, f)
	if err != nil { // who asked has gone, and sees that the file is not whole
		panic(http.ErrAbortHandler)
	}
	return nil
}

// exportCase gives the case as a bundle.
func (s *Server) exportCase(a *ask) error {
	id := a.r.PathValue("id")
	a.home = "/cases/" + id + "/links"
	return s.sendFile(a, "case-"+id+".zip", "application/zip", func(path string) error {
		_, err := s.n.ExportCase(a.r.Context(), a.who(), id, path)
		return err
	})
}

// tellCase gives a case in a format that others read.
func (s *Server) tellCase(a *ask) error {
	id, t := a.r.PathValue("id"), node.Telling{Format: a.r.PostFormValue("format"), Currency: strings.ToUpper(strings.TrimSpace(a.r.PostFormValue("currency")))}
	a.home = "/cases/" + id + "/links"
	ending := map[string]string{"csv": ".csv", "timeline": ".csv", "ftm": ".jsonl", "goaml": ".xml"}[t.Format]
	if ending == "" {
		ending = ".json"
	}
	return s.sendFile(a, "case-"+id+"-"+t.Format+ending, "application/octet-stream", func(path string) error {
		f, err := os.Create(path)
		if err != nil {
			return err
		}
		_, err = s.n.TellCase(a.r.Context(), a.who(), id, t, f)
		return errors.Join(err, f.Close())
	})
}

// importCase takes a bundle up as a case.
func (s *Server) importCase(a *ask) error {
	a.home = "/cases"
	_, path, _, err := s.upload(a)
	if err != nil {
		return err
	}
	defer os.Remove(path)
	got, err := s.n.ImportCase(a.r.Context(), a.who(), path)
	if err != nil {
		return err
	}
	if len(got.Rejected) > 0 {
		return fmt.Errorf("the case is there, but %d of its %d records were refused, the first in line %d: %s", len(got.Rejected), got.Read, got.Rejected[0].Line, got.Rejected[0].Reason)
	}
	return back(a, "/cases/"+got.Case.ID)
}

type besideData struct {
	caseHead
	Left, Right string
	Parts       []caseTab
}

// beside shows two parts of a case beside each other, each in a frame of its own.
func (s *Server) beside(a *ask) error {
	id, q := a.r.PathValue("id"), a.r.URL.Query()
	view, err := s.n.Case(a.r.Context(), a.who(), id)
	if err != nil {
		return err
	}
	d := &besideData{caseHead: s.head(a, view.Case, "beside"), Left: "network", Right: "money"}
	for _, t := range d.Tabs {
		if t.Name == "beside" {
			continue
		}
		d.Parts = append(d.Parts, t)
		if t.Name == q.Get("left") {
			d.Left = t.Name
		}
		if t.Name == q.Get("right") {
			d.Right = t.Name
		}
	}
	return s.show(a, http.StatusOK, "beside", "beside", d)
}

// Address is where a part of the case is.
func (d *besideData) Address(name string) string {
	for _, t := range d.Parts {
		if t.Name == name {
			return "/cases/" + d.Case.ID + t.Path
		}
	}
	return ""
}

package pages

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"os"

	"tarir/exchange/register"
	"tarir/node"
	"tarir/store"
)

// Private checks: which rows of a table, or which of the node's own records, another member knows, without either learning more (docs/security.md says what).

func (s *Server) privateRoutes() {
	s.page("GET /private", s.privates)
	s.page("POST /private", s.askPrivately)
	s.page("GET /private/{id}", s.private)
	s.page("GET /private/{id}/result", s.privateResult)
}

type privatesData struct {
	Jobs    []*node.PrivateJob
	Members []*register.Member
}

func (s *Server) privates(a *ask) error { return s.privatesWith(a, "") }

func (s *Server) privatesWith(a *ask, wrong string) error {
	a.home = "/private"
	d := &privatesData{}
	list, err := s.n.List(a.r.Context(), a.who(), "private", 200)
	if err != nil {
		return err
	}
	for _, l := range list {
		j, err := s.n.Private(a.r.Context(), a.who(), l.ID)
		if errors.Is(err, node.ErrNotAllowed) || errors.Is(err, store.ErrNone) {
			continue // somebody else's
		}
		if err != nil {
			return err
		}
		d.Jobs = append(d.Jobs, j)
	}
	if d.Members, err = s.others(a); err != nil {
		return err
	}
	return s.showWith(a, http.StatusOK, "privates", "private", d, wrong)
}

func (s *Server) askPrivately(a *ask) error {
	_, path, fields, err := s.maybeUpload(a)
	if err != nil {
		return s.privatesWith(a, err.Error())
	}
	var job *node.PrivateJob
	if path == "" {
		job, err = s.n.PrivateAsk(a.r.Context(), a.who(), fields["member"], nil)
	} else {
		defer os.Remove(path)
		f, ferr := os.Open(path)
		if ferr != nil {
			return fmt.Errorf("read the table: %w", ferr)
		}
		defer f.Close()
		job, err = s.n.PrivateAsk(a.r.Context(), a.who(), fields["member"], f)
	}
	if err != nil {
		return s.privatesWith(a, err.Error())
	}
	return back(a, "/private/"+job.ID)
}

func (s *Server) private(a *ask) error {
	j, err := s.n.Private(a.r.Context(), a.who(), a.r.PathValue("id"))
	if err != nil {
		return err
	}
	return s.show(a, http.StatusOK, "private", "private", j)
}

// privateResult gives which rows are known, and by what.
func (s *Server) privateResult(a *ask) error {
	j, err := s.n.Private(a.r.Context(), a.who(), a.r.PathValue("id"))
	if err != nil {
		return err
	}
	if j.Result == "" {
		return store.ErrNone
	}
	a.w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	a.w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": "known-" + j.ID + ".csv"}))
	http.ServeFile(a.w, a.r, j.Result)
	return nil
}

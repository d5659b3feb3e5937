package pages

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"tarir/casework"
	"tarir/node"
)

// Search of everything that a person may see: pages, cases in which they have a seat and what is in them, records of the node by number and state, members. What
// is asked stands in no address.

// foundLine is one thing that was found, and where it is.
type foundLine struct{ Kind, Title, To string }

const (
	mostFound      = 8  // of one kind
	mostSearched   = 20 // cases, those that changed last
	leastSearching = 2  // letters
)

func (s *Server) find(a *ask) error {
	q := strings.TrimSpace(a.r.PostFormValue("q"))
	var out []foundLine
	if len([]rune(q)) >= leastSearching {
		var err error
		if out, err = s.findAll(a, q); err != nil {
			return err
		}
	}
	if a.r.Header.Get("HX-Request") == "" { // without a script it is a page
		return s.show(a, http.StatusOK, "found", "find", foundData{out, q})
	}
	return s.part(a, "found", "list", foundData{out, q})
}

type foundData struct {
	List []foundLine
	Q    string
}

func (s *Server) findAll(a *ask, q string) (out []foundLine, err error) {
	ctx, w, small := a.r.Context(), a.who(), strings.ToLower(q)
	has := func(texts ...string) bool {
		for _, t := range texts {
			if strings.Contains(strings.ToLower(t), small) {
				return true
			}
		}
		return false
	}
	for _, p := range s.view(a).Nav {
		if has(a.l.Text("web."+p.Name), p.Name) {
			out = append(out, foundLine{"page", a.l.Text("web." + p.Name), p.Path})
		}
	}
	// What somebody may not see is not found, and that is no error.
	skip := func(err error) error {
		if errors.Is(err, node.ErrNotAllowed) || errors.Is(err, casework.ErrNoSeat) {
			return nil
		}
		return err
	}
	cases, err := s.n.Cases(ctx, w)
	if err := skip(err); err != nil {
		return nil, err
	}
	n := 0
	for _, c := range cases {
		if has(c.Title, c.ID) && n < mostFound {
			out, n = append(out, foundLine{"case", c.Title, "/cases/" + c.ID}), n+1
		}
	}
	n = 0
	for _, c := range cases[:min(len(cases), mostSearched)] {
		if n >= mostFound {
			break
		}
		found, err := s.n.SearchCase(ctx, w, c.ID, q, mostFound-n)
		if err != nil {
			continue // a question of signs alone; the case was closed meanwhile
		}
		for _, e := range found.Entries {
			title := e.Title
			if title == "" {
				title = e.ID
			}
			out, n = append(out, foundLine{"entry", a.l.Name("entry", string(e.Kind)) + ": " + title + " — " + c.Title, "/cases/" + c.ID + "/entries/" + itoa(e.Seq)}), n+1
		}
	}
	for _, k := range []struct{ kind, path string }{{"request", "/notices/"}, {"review", "/review/"}, {"notice", "/in-force/"}, {"stop", "/stops/"}, {"hit", "/hits/"}, {"operation", "/operations/"}, {"group", "/groups/"}} {
		list, err := s.n.List(ctx, w, k.kind, 500)
		if err := skip(err); err != nil {
			return nil, err
		}
		n := 0
		for _, l := range list {
			if has(l.ID, l.Number, a.l.Name("colour", l.Colour), l.State) && n < mostFound {
				title := strings.TrimSpace(a.l.Name("colour", l.Colour) + " " + l.Number)
				if title == "" {
					title = l.ID
				}
				out, n = append(out, foundLine{k.kind, title + " — " + l.State, k.path + l.ID}), n+1
			}
		}
	}
	members, err := s.n.Members(ctx, w)
	if err := skip(err); err != nil {
		return nil, err
	}
	n = 0
	for _, m := range members {
		if has(m.ID, m.Name) && n < mostFound {
			out, n = append(out, foundLine{"member", m.ID + " — " + m.Name, "/exchange/members#" + m.ID}), n+1
		}
	}
	return out, nil
}
func itoa(n int64) string { return strconv.FormatInt(n, 10) }

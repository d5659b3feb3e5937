package pages

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"tarir/node"
)

// news is how many things wait, asked of the node once for all pages that are open.
type news struct {
	sync.Mutex
	asked   time.Time
	waiting int
}

const (
	newsEvery   = 2 * time.Second
	newsMost    = 30 * time.Minute // then the browser asks anew, and shows that it is still logged in
	stillThere  = 20 * time.Second
	undoFor     = 10 * time.Minute
	mostUndoing = 5000
)

func (s *Server) waiting(ctx context.Context) (int, error) {
	s.news.Lock()
	defer s.news.Unlock()
	if now := time.Now(); now.Sub(s.news.asked) > newsEvery {
		n, err := s.n.Waiting(ctx)
		if err != nil {
			return 0, err
		}
		s.news.asked, s.news.waiting = now, n
	}
	return s.news.waiting, nil
}

// events tells a page what is new, by server-sent events (HTML standard, 9.2).
func (s *Server) events(a *ask) error {
	if !s.n.May(a.session.Person, "read") {
		a.w.WriteHeader(http.StatusNoContent) // the browser does not ask again
		return nil
	}
	out := http.NewResponseController(a.w)
	a.w.Header().Set("Content-Type", "text/event-stream")
	ctx, cancel := context.WithTimeout(a.r.Context(), newsMost)
	defer cancel()
	tick := time.NewTicker(newsEvery)
	defer tick.Stop()
	before, said := -1, time.Time{}
	for {
		n, err := s.waiting(ctx)
		if err != nil {
			return nil //nolint:nilerr // the browser asks again
		}
		switch {
		case n != before:
			v := &view{Lang: a.l.Code}
			text, err := json.Marshal(map[string]string{"waiting": v.Number(n), "text": a.l.Text("web.waiting_n", "n", v.Number(n))})
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(a.w, "event: waiting\ndata: %s\n\n", text); err != nil {
				return nil //nolint:nilerr // the page is closed
			}
			before, said = n, time.Now()
		case time.Since(said) > stillThere:
			if _, err := fmt.Fprint(a.w, ": \n\n"); err != nil {
				return nil //nolint:nilerr // the page is closed
			}
			said = time.Now()
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

// undo is what was just done in a session, and how to take it back. It is kept in memory: a page that was not yet closed can take back what was done on it.
type undo struct {
	what  string // a text of the pages
	to    string // the page to show then
	until time.Time
	do    func(ctx context.Context, w node.Who) error
}

// canUndo remembers how to take back what was done.
func (s *Server) canUndo(a *ask, what, to string, do func(ctx context.Context, w node.Who) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.undos) > mostUndoing {
		clear(s.undos)
	}
	s.undos[a.session.ID] = &undo{what, to, time.Now().Add(undoFor), do}
}

func (s *Server) undoOf(session string) *undo {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.undos[session]
	if u != nil && time.Now().After(u.until) {
		delete(s.undos, session)
		return nil
	}
	return u
}

// undo takes back what was done last.
func (s *Server) undo(a *ask) error {
	u := s.undoOf(a.session.ID)
	if u == nil {
		return back(a, "/")
	}
	s.mu.Lock()
	delete(s.undos, a.session.ID)
	s.mu.Unlock()
	if err := u.do(a.r.Context(), a.who()); err != nil {
		return err
	}
	return back(a, u.to)
}

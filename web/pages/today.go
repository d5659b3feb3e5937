package pages

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"tarir/node"
	"tarir/store"
)

// today is what needs me: tasks of the desk, the most urgent first.

type todayData struct {
	Now   time.Time
	Tasks []taskLine
	Left  int // that are not shown
	New   []node.NewFindings
}

// newFor is for how long a finding is new.
const newFor = 7 * 24 * time.Hour

type taskLine struct {
	store.Task
	Late bool
	To   string // where it is seen to
}

// first are kinds of tasks that come before everything else: somebody's safety, and clocks that run.
var first = []string{"safeguard", "vault.alarm", "stop", "confirm", "tasking", "compare", "review", "returned"}

const mostTasks = 100

func (s *Server) today(a *ask) error {
	tasks, err := s.n.Tasks(a.r.Context(), a.who())
	if err != nil {
		return err
	}
	d := todayData{Now: time.Now()}
	rank := func(kind string) int {
		if i := slices.Index(first, kind); i >= 0 {
			return i
		}
		return len(first)
	}
	slices.SortStableFunc(tasks, func(x, y store.Task) int {
		if c := rank(x.Kind) - rank(y.Kind); c != 0 {
			return c
		}
		return x.Due.Compare(y.Due)
	})
	for i, t := range tasks {
		if i == mostTasks {
			d.Left = len(tasks) - i
			break
		}
		l := taskLine{Task: t, Late: t.Due.Before(d.Now)}
		if kind, id, ok := strings.Cut(t.Subject, "/"); ok && id != "" {
			l.To = pageOf(kind, id)
		}
		d.Tasks = append(d.Tasks, l)
	}
	if s.n.May(a.session.Person, "case") && a.session.Purpose != "" {
		if d.New, err = s.n.LatestFindings(a.r.Context(), a.who(), d.Now.Add(-newFor), 10); err != nil {
			return err
		}
	}
	return s.show(a, http.StatusOK, "today", "today", d)
}

func (s *Server) taskDone(a *ask) error {
	w := a.who()
	w.Reason = strings.TrimSpace(a.r.FormValue("reason"))
	if err := s.n.DoneTask(a.r.Context(), w, a.r.FormValue("id")); err != nil {
		return err
	}
	return back(a, "/")
}

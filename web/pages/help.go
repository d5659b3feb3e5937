package pages

import (
	"net/http"
	"strings"
)

// Help: what each page is for, in the words that stand below the pages themselves; the tour of what is new to somebody; and the first steps of an organisation.

func (s *Server) helpRoutes() {
	s.page("GET /help", s.help)
	s.page("GET /welcome", s.welcome)
}

type helpTopic struct{ Name, Title, Text, To string }

// helped are the pages that have help, in the order in which one meets them, and where they are.
var helped = []struct{ name, to string }{
	{"today", "/"},
	{"check", "/check"},
	{"cases", "/cases"},
	{"case", ""},
	{"network", ""},
	{"money", ""},
	{"map", ""},
	{"timeline", ""},
	{"notices", "/notices"},
	{"request", ""},
	{"review", "/review"},
	{"exchange", "/exchange"},
	{"stop", "/stops"},
	{"hit", "/hits"},
	{"operations", "/operations"},
	{"operation", ""},
	{"groups", "/groups"},
	{"vault", "/vault"},
	{"audit", "/audit"},
	{"admin", "/admin"},
}

func (s *Server) help(a *ask) error {
	var out []helpTopic
	for _, h := range helped {
		out = append(out, helpTopic{h.name, a.l.Text("web." + title(h.name)), a.l.Text("help." + h.name), h.to})
	}
	return s.show(a, http.StatusOK, "help", "help", out)
}

// title is the text that names a page.
func title(page string) string {
	switch page {
	case "request":
		return "notice"
	case "hit":
		return "hit_page"
	}
	return page
}

type welcomeStep struct {
	Name string
	To   string
	Done bool
}

type welcomeData struct {
	Steps []welcomeStep
	First int // the first that is open; -1: none
}

// welcome leads an organisation that is new from its log-in to its first finding: each step knows whether it was taken.
func (s *Server) welcome(a *ask) error {
	ctx, w := a.r.Context(), a.who()
	d := &welcomeData{First: -1}
	add := func(name, to string, done bool) {
		if !done && d.First < 0 {
			d.First = len(d.Steps)
		}
		d.Steps = append(d.Steps, welcomeStep{name, to, done})
	}
	add("login", "/sessions", true)
	add("purpose", "/welcome#purpose", w.Purpose != "" && strings.TrimSpace(w.LegalBasis) != "")
	last, findings, acted := "", false, false
	if s.n.May(w.Person, "case") && w.Purpose != "" {
		list, err := s.n.Cases(ctx, w)
		if err != nil {
			return err
		}
		for _, c := range list {
			last = "/cases/" + c.ID
			findings = findings || c.Counts["finding"] > 0
			acted = acted || c.Counts["asset"] > 0 || c.Counts["record"] > 0
		}
	}
	add("case", "/cases", last != "")
	to := last
	if to == "" {
		to = "/cases"
	}
	add("files", to+"/import", findings)
	add("finding", to, findings)
	add("act", to+"/money", acted)
	return s.show(a, http.StatusOK, "welcome", "welcome", d)
}

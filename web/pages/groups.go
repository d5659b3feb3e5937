package pages

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tarir/analysis"
	"tarir/casework"
	"tarir/exchange/register"
	"tarir/node"
)

// What experts know together: entries with their versions, remarks and endorsements, and counts, of which only sums leave the group's keeper.

func (s *Server) groupRoutes() {
	s.page("GET /groups", s.groups)
	s.page("POST /groups", s.newGroup)
	s.page("GET /groups/{id}", s.group)
	s.page("POST /groups/{id}", s.sayInGroup)
	s.page("POST /groups/{id}/search", s.group)
	s.page("POST /groups/{id}/count", s.countForGroup)
}

func (s *Server) groups(a *ask) error {
	list, err := s.n.Groups(a.r.Context(), a.who())
	if err != nil {
		return err
	}
	return s.show(a, http.StatusOK, "groups", "groups", list)
}

func (s *Server) newGroup(a *ask) error {
	a.home = "/groups"
	g, err := s.n.NewGroup(a.r.Context(), a.who(), strings.TrimSpace(a.r.PostFormValue("title")), list(a.r.PostFormValue("members")))
	if err != nil {
		return err
	}
	return back(a, "/groups/"+g.ID)
}

type groupData struct {
	*node.GroupView
	Keeps    bool     // this node keeps it
	Tallies  []string // what may be contributed
	Own      []string // what this member agreed to contribute
	Others   []*register.Member
	Going    *going
	Kinds    []casework.KnowledgeKind
	Evidence []string
	Stages   []string
	Member   string
	Query    string
	Typed    map[string]string
}

// Heading is the title of the group.
func (d *groupData) Heading() string { return d.Group.Title }

// Mine says whether this node's member endorsed the version of an entry that stands there.
func (d *groupData) Mine(e node.GroupEntry) bool {
	_, ok := e.Endorsed[d.Member]
	return ok
}

// Agreed says whether this member contributes counts of a kind.
func (d *groupData) Agreed(kind string) bool { return slices.Contains(d.Own, kind) }

// MayRetire says whether this member may retire an entry.
func (d *groupData) MayRetire(e node.GroupEntry) bool {
	return e.Retired == "" && (e.Author == d.Member || d.Keeps)
}

// Has says whether a stage was chosen.
func (d *groupData) Has(stage string) bool { return slices.Contains(list(d.Typed["stage"]), stage) }

// typedOf is an entry as it would be typed.
func typedOf(k *casework.Knowledge) map[string]string {
	t := map[string]string{
		"entry": k.ID, "version": itoa(k.Version), "kind": string(k.Kind), "evidence": k.Evidence, "title": k.Title, "words": k.Text, "sources": strings.Join(k.Sources, ", "), "countries": strings.Join(k.Seen, ", "),
		"stage": strings.Join(k.Stages, ","), "severity": k.Severity, "what": k.What,
	}
	if c := k.Change; c != nil {
		t["measure"], t["before"], t["now"], t["period"], t["than"] = c.Measure, itoa(c.Before), itoa(c.Now), c.Period, c.Than
	}
	if w := k.Way; w != nil {
		t["way_from"], t["way_to"], t["via"], t["modes"] = w.From, w.To, strings.Join(w.Via, ", "), strings.Join(w.Modes, ", ")
	}
	if x := k.Indicator; x != nil {
		t["typology"], t["pack"] = x.Typology, x.Pack
	}
	return t
}

// going are counts that would be contributed, to be looked at first.
type going struct {
	*casework.Contribution
	Left int
}

// JSON is what is sent when somebody says so.
func (g *going) JSON() (string, error) {
	text, err := json.Marshal(g.Counts)
	return string(text), err
}

func (s *Server) group(a *ask) error { return s.groupWith(a, map[string]string{}, "") }

func (s *Server) groupWith(a *ask, typed map[string]string, wrong string) error {
	return s.groupGoing(a, typed, nil, wrong)
}

func (s *Server) groupGoing(a *ask, typed map[string]string, goes *going, wrong string) error {
	id := a.r.PathValue("id")
	q := strings.TrimSpace(a.r.PostFormValue("q"))
	g, err := s.n.Group(a.r.Context(), a.who(), id, q)
	if err != nil {
		return err
	}
	a.home = "/groups/" + id
	d := &groupData{
		Keeps: g.Group.Owner == s.n.Member(), Tallies: casework.TallyKinds, Going: goes, GroupView: g, Kinds: casework.KnowledgeKinds, Evidence: casework.EvidenceLevels, Stages: casework.Stages, Member: s.n.Member(), Query: q, Typed: typed,
	}
	if m := g.Group.Member(s.n.Member()); m != nil {
		d.Own = m.Contributes
	}
	if d.Others, err = s.others(a); err != nil {
		return err
	}
	if of := a.r.URL.Query().Get("new"); of != "" { // a new version of an entry begins with what stands there
		for i := range g.Entries {
			if k := &g.Entries[i]; k.ID == of {
				d.Typed = typedOf(&k.Knowledge)
			}
		}
	}
	return s.showWith(a, http.StatusOK, "group", "group", d, wrong)
}

func (s *Server) sayInGroup(a *ask) error {
	v, id := a.r.PostFormValue, a.r.PathValue("id")
	say := node.GroupSay{Group: id, Do: v("do"), Entry: v("entry"), Version: number(v("version")), Text: strings.TrimSpace(v("text"))}
	switch say.Do {
	case "in", "out":
		if _, err := s.n.ChangeGroup(a.r.Context(), a.who(), id, v("member"), say.Do == "in"); err != nil {
			return s.groupWith(a, a.typed(), err.Error())
		}
		return back(a, "/groups/"+id)
	case "sums":
		if _, err := s.n.TellSums(a.r.Context(), a.who(), id, strings.TrimSpace(v("period"))); err != nil {
			return s.groupWith(a, a.typed(), err.Error())
		}
		return back(a, "/groups/"+id)
	case "agree":
		say.Kinds = a.r.PostForm["tally"]
	case "counts":
		var counts []casework.Tally
		if err := json.Unmarshal([]byte(v("counts")), &counts); err != nil {
			return s.groupWith(a, a.typed(), a.l.Text("web.count_again"))
		}
		if _, _, err := s.n.Contribute(a.r.Context(), a.who(), id, v("period"), counts, false); err != nil {
			return s.groupWith(a, a.typed(), err.Error())
		}
		return back(a, "/groups/"+id)
	case "purple":
		r, err := s.n.PurpleFor(a.r.Context(), a.who(), id, say.Entry)
		if err != nil {
			return s.groupWith(a, a.typed(), err.Error())
		}
		return back(a, "/notices/"+r.ID)
	case "take":
		if _, err := s.n.TakeIndicator(a.r.Context(), a.who(), id, say.Entry); err != nil {
			return s.groupWith(a, a.typed(), err.Error())
		}
		return back(a, "/groups/"+id)
	case "propose":
		k := &casework.Knowledge{
			Kind: casework.KnowledgeKind(v("kind")), Title: strings.TrimSpace(v("title")), Text: strings.TrimSpace(v("words")), Evidence: v("evidence"), Sources: list(v("sources")),
			Stages: a.r.PostForm["stage"], Seen: list(v("countries")),
		}
		switch k.Kind {
		case casework.Threat:
			k.Severity = v("severity")
		case casework.Trend:
			k.Change = &casework.Change{Measure: strings.TrimSpace(v("measure")), Before: number(v("before")), Now: number(v("now")), Period: strings.TrimSpace(v("period")), Than: strings.TrimSpace(v("than"))}
		case casework.Route:
			k.Way = &casework.Way{From: strings.TrimSpace(v("way_from")), To: strings.TrimSpace(v("way_to")), Via: list(v("via")), Modes: list(v("modes"))}
		case casework.MethodOf:
			k.What = v("what")
		case casework.Indicator:
			k.Indicator = &casework.IndicatorText{Typology: strings.TrimSpace(v("typology")), Pack: v("pack")}
		}
		say.New = k
	}
	if _, err := s.n.SayInGroup(a.r.Context(), a.who(), say); err != nil {
		return s.groupWith(a, a.typed(), err.Error())
	}
	return back(a, "/groups/"+id)
}

// countForGroup analyses files and shows which counts of a period would be contributed. Nothing goes out by it.
func (s *Server) countForGroup(a *ask) error {
	id := a.r.PathValue("id")
	a.home = "/groups/" + id
	if _, err := s.n.Group(a.r.Context(), a.who(), id, ""); err != nil { // only whoever may see the group has files read
		return err
	}
	dir, err := s.n.TempDir()
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	paths, fields, err := s.receiveAll(a, filepath.Join(dir, "files"))
	if err != nil {
		return s.groupWith(a, map[string]string{}, err.Error())
	}
	if !s.importing.TryLock() {
		return errBusy
	}
	defer s.importing.Unlock()
	c, left, err := s.count(a.r.Context(), a.who(), id, dir, paths, strings.TrimSpace(fields["period"]))
	if err != nil {
		return s.groupWith(a, map[string]string{}, err.Error())
	}
	return s.groupGoing(a, map[string]string{}, &going{c, left}, "")
}

func (s *Server) count(ctx context.Context, w node.Who, id, dir string, paths []string, period string) (*casework.Contribution, int, error) {
	if _, _, err := casework.Period(period); err != nil {
		return nil, 0, err
	}
	results := filepath.Join(dir, "results")
	if _, err := analysis.Analyse(ctx, analysis.AnalyseOptions{Inputs: paths, Out: results, Version: "page", NoReport: true, Indicators: s.n.PackPath()}); err != nil {
		return nil, 0, err
	}
	counts, err := analysis.Tallies(ctx, results, paths, period)
	if err != nil {
		return nil, 0, err
	}
	return s.n.Contribute(ctx, w, id, period, counts, true)
}

package pages

import (
	"cmp"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tarir/audit"
	"tarir/casework"
	"tarir/chart"
	"tarir/handling"
	"tarir/money/typology"
	"tarir/node"
	"tarir/watchlist"
)

// Whoever oversees the node and whoever runs it: the audit log and what stands out in it; people, their rights and passkeys, lists and indicators,
// how long things are kept, backup.

func (s *Server) adminRoutes() {
	s.page("GET /audit", s.audit)
	s.page("POST /audit/export", s.exportAudit)
	s.page("GET /admin", s.admin)
	s.page("POST /admin/people", s.setPerson)
	s.page("POST /admin/invite", s.invitePerson)
	s.page("POST /admin/passkeys", s.dropPasskey)
	s.page("POST /admin/sessions", s.dropSession)
	s.page("POST /admin/backup", s.backup)
	s.page("POST /admin/rotate", s.rotate)
	s.page("GET /admin/lists", s.lists)
	s.page("POST /admin/lists", s.loadLists)
	s.page("GET /admin/indicators", s.indicators)
	s.page("POST /admin/indicators", s.tryIndicators)
}

type auditData struct {
	Entries []numbered
	Odd     []audit.Odd
	Person  string
	Action  string
	Days    int
	Actions []audit.Action
	People  []string
	Size    int64
}

type numbered struct {
	Number int64
	audit.Entry
}

const mostAudit = 300

func (s *Server) audit(a *ask) error {
	q := a.r.URL.Query()
	d := &auditData{Person: q.Get("person"), Action: q.Get("action"), Days: int(min(max(number(q.Get("days")), 0), 3660)), Actions: []audit.Action{
		audit.Login, audit.Access, audit.Query, audit.Decision, audit.Change, audit.Send, audit.Receive, audit.Read, audit.Export, audit.Merge, audit.Delete, audit.Recall, audit.Admin,
	}}
	d.Days = cmp.Or(d.Days, 7)
	from := time.Now().AddDate(0, 0, -d.Days)
	err := s.n.Audit(a.r.Context(), a.who(), audit.Filter{From: from, Person: d.Person, Action: audit.Action(d.Action)}, func(n int64, e *audit.Entry) error {
		if len(d.Entries) >= 2*mostAudit {
			d.Entries = append(d.Entries[:0], d.Entries[mostAudit:]...)
		}
		d.Entries = append(d.Entries, numbered{n, *e})
		return nil
	})
	if err != nil {
		return err
	}
	slices.Reverse(d.Entries)
	d.Entries = d.Entries[:min(len(d.Entries), mostAudit)]
	if d.Odd, err = s.n.OddQueries(a.r.Context(), a.who(), from); err != nil {
		return err
	}
	for _, p := range s.n.People() {
		d.People = append(d.People, p.ID)
	}
	return s.show(a, http.StatusOK, "audit", "audit", d)
}

// exportAudit gives the log with a proof of every entry.
func (s *Server) exportAudit(a *ask) error {
	days := number(a.r.PostFormValue("days"))
	a.w.Header().Set("Content-Type", "application/x-ndjson")
	a.w.Header().Set("Content-Disposition", `attachment; filename="audit.jsonl"`)
	return s.n.ExportAudit(a.r.Context(), a.who(), audit.Filter{From: time.Now().AddDate(0, 0, -int(min(max(days, 1), 3660)))}, a.w)
}

type adminData struct {
	People    []personLine
	Rights    []string
	Health    *node.Health
	Retention []retention
	Origin    string
	OIDC      string
	Invited   string // address of an invitation that was just made
	For       string
	Messages  int
	Vault     []string
}

// administers says whether who asks may administer this node.
func (s *Server) administers(a *ask) error {
	if !s.n.May(a.session.Person, "admin") {
		return fmt.Errorf("%w: %s may not administer this node", node.ErrNotAllowed, a.session.Person)
	}
	return nil
}

type personLine struct {
	node.Person
	Passkeys []node.Passkey
	Sessions []node.Session
}

// retention is how long a kind of record is kept.
type retention struct {
	Kind  string
	Years int
}

func (s *Server) admin(a *ask) error { return s.adminWith(a, &adminData{}, "") }

func (s *Server) adminWith(a *ask, d *adminData, wrong string) error {
	a.home = "/admin"
	if err := s.administers(a); err != nil {
		return err
	}
	for _, p := range s.n.People() {
		l := personLine{Person: p}
		var err error
		if l.Passkeys, err = s.n.PasskeysOf(a.r.Context(), p.ID); err != nil {
			return err
		}
		if l.Sessions, err = s.n.Sessions(a.r.Context(), p.ID); err != nil {
			return err
		}
		d.People = append(d.People, l)
	}
	var err error
	if d.Health, err = s.n.Health(a.r.Context()); err != nil {
		return err
	}
	for _, k := range handling.RetentionKinds() {
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		d.Retention = append(d.Retention, retention{k, handling.Retain(k, at).Year() - at.Year()})
	}
	c := s.n.Config()
	d.Rights, d.Origin, d.OIDC, d.Messages, d.Vault = node.Rights, c.Web.Origin, c.Web.OIDC.Issuer, c.Keep.Messages, c.Vault.People
	return s.showWith(a, http.StatusOK, "admin", "admin", d, wrong)
}

// setPerson adds a person, or changes what one may do.
func (s *Server) setPerson(a *ask) error {
	v := a.r.PostFormValue
	p := node.Person{ID: strings.TrimSpace(v("id")), Groups: list(v("groups")), May: a.r.PostForm["may"]}
	if err := s.n.SetPerson(a.r.Context(), a.who(), p); err != nil {
		return s.adminWith(a, &adminData{}, err.Error())
	}
	return back(a, "/admin")
}

func (s *Server) invitePerson(a *ask) error {
	id := a.r.PostFormValue("id")
	address, err := s.n.InviteToLogin(a.r.Context(), a.who(), id)
	if err != nil {
		return s.adminWith(a, &adminData{}, err.Error())
	}
	return s.adminWith(a, &adminData{Invited: address, For: id}, "")
}

func (s *Server) dropPasskey(a *ask) error {
	if err := s.n.DropPasskey(a.r.Context(), a.who(), a.r.PostFormValue("id")); err != nil {
		return s.adminWith(a, &adminData{}, err.Error())
	}
	return back(a, "/admin")
}

func (s *Server) dropSession(a *ask) error {
	if err := s.administers(a); err != nil {
		return err
	}
	if err := s.n.Logout(a.r.Context(), a.r.PostFormValue("person"), a.r.PostFormValue("id")); err != nil {
		return s.adminWith(a, &adminData{}, err.Error())
	}
	s.forget(a.r.PostFormValue("id"))
	return back(a, "/admin")
}

// backup writes everything into one sealed file.
func (s *Server) backup(a *ask) error {
	pass := a.r.PostFormValue("passphrase")
	if len([]rune(pass)) < leastPassphrase || pass != a.r.PostFormValue("again") {
		return s.adminWith(a, &adminData{}, a.l.Text("web.passphrase_wrong"))
	}
	if err := s.administers(a); err != nil {
		return err
	}
	a.w.Header().Set("Content-Type", "application/octet-stream")
	a.w.Header().Set("Content-Disposition", `attachment; filename="tarir-`+time.Now().UTC().Format("2006-01-02")+`.backup"`)
	return s.n.Backup(a.r.Context(), a.who(), a.w, node.Passphrase{Text: pass})
}

const leastPassphrase = 12

func (s *Server) rotate(a *ask) error {
	if err := s.n.Rotate(a.r.Context(), a.who()); err != nil {
		return s.adminWith(a, &adminData{}, err.Error())
	}
	return back(a, "/admin")
}

type listsData struct {
	*node.IndexInfo
	Loaded []watchlist.Loaded
	Typed  map[string]string
}

func (s *Server) lists(a *ask) error {
	return s.listsWith(a, &listsData{Typed: map[string]string{}}, "")
}

func (s *Server) listsWith(a *ask, d *listsData, wrong string) error {
	a.home = "/admin/lists"
	if err := s.administers(a); err != nil {
		return err
	}
	var err error
	if d.IndexInfo, err = s.n.IndexState(a.r.Context(), a.who()); err != nil {
		return err
	}
	return s.showWith(a, http.StatusOK, "lists", "lists", d, wrong)
}

// loadLists reads files of lists into the index: under one name, the list that was there under it is compared with what comes.
func (s *Server) loadLists(a *ask) error {
	if err := s.administers(a); err != nil {
		return err
	}
	dir, err := s.n.TempDir()
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	paths, fields, err := s.receiveAll(a, filepath.Join(dir, "files"))
	if err != nil {
		return s.listsWith(a, &listsData{Typed: map[string]string{}}, err.Error())
	}
	d := &listsData{Typed: fields}
	d.Loaded, err = s.n.LoadLists(a.r.Context(), a.who(), paths, watchlist.Options{Source: strings.TrimSpace(fields["source"]), MaxAge: strings.TrimSpace(fields["max_age"]), Regions: list(fields["regions"])})
	if err != nil {
		return s.listsWith(a, d, err.Error())
	}
	return s.listsWith(a, d, "")
}

type indicatorData struct {
	Pack     string
	Shipped  string
	Cases    []*casework.Case
	Case     string
	Rows     []chart.PackRow
	Payments int
}

func (s *Server) indicators(a *ask) error {
	own, err := s.n.OwnPack()
	if err != nil {
		return err
	}
	return s.indicatorsWith(a, &indicatorData{Pack: own}, "")
}

func (s *Server) indicatorsWith(a *ask, d *indicatorData, wrong string) error {
	a.home = "/admin/indicators"
	if err := s.administers(a); err != nil {
		return err
	}
	d.Shipped = typology.DefaultPack
	if s.n.May(a.session.Person, "case") {
		list, err := s.n.Cases(a.r.Context(), a.who())
		if err != nil {
			return err
		}
		for _, c := range list {
			if c.Counts[casework.PaymentEntry] > 0 {
				d.Cases = append(d.Cases, c)
			}
		}
	}
	return s.showWith(a, http.StatusOK, "indicators", "indicators", d, wrong)
}

// tryIndicators tries a change of the indicators on the payments of a case, or keeps it.
func (s *Server) tryIndicators(a *ask) error {
	v := a.r.PostFormValue
	d := &indicatorData{Pack: strings.ReplaceAll(v("pack"), "\r\n", "\n"), Case: v("case")}
	if v("do") == "save" {
		if err := s.n.SetOwnPack(a.r.Context(), a.who(), d.Pack); err != nil {
			return s.indicatorsWith(a, d, err.Error())
		}
		return back(a, "/admin/indicators")
	}
	rows, payments, err := s.n.TryPack(a.r.Context(), a.who(), d.Case, d.Pack)
	if err != nil {
		return s.indicatorsWith(a, d, err.Error())
	}
	d.Rows, d.Payments = rows, payments
	return s.indicatorsWith(a, d, "")
}

package pages

import (
	"net/http"
	"os"
	"strings"
	"time"

	"tarir/entity"
	"tarir/node"
)

// check is one box for a name, phone, document, plate, account or the lines of a document, and the answer in one glance.

type checkData struct {
	Text, Born, Country string
	What                string // as what it was understood
	Asked               bool
	Answer              *node.Checked
	Before              []checkedOne // in this session
	Table               *answered
}

// checkedOne is a question of this session: kept in memory, until the session ends.
type checkedOne struct {
	At   time.Time
	Text string
	What string
	Hits int
	Sure bool // the index was complete
}

const mostChecked = 30

// remember keeps what was asked in this session, and gives it, the last first.
func (s *Server) remember(session string, one *checkedOne) []checkedOne {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.checked) > mostUndoing {
		clear(s.checked)
	}
	list := s.checked[session]
	if one != nil {
		list = append([]checkedOne{*one}, list[:min(len(list), mostChecked-1)]...)
		s.checked[session] = list
	}
	return list
}

// forget drops what was kept for a session that ends.
func (s *Server) forget(session string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(session)
}

// drop is forget, for who holds the lock.
func (s *Server) drop(session string) {
	if t := s.tables[session]; t != nil {
		_ = os.Remove(t.Path) // it may be gone
	}
	delete(s.tables, session)
	delete(s.checked, session)
	delete(s.undos, session)
	delete(s.tours, session)
	delete(s.limits, session)
	delete(s.seen, session)
	for k := range s.imports {
		if strings.HasPrefix(k, session+" ") {
			delete(s.imports, k)
		}
	}
}

func (s *Server) check(a *ask) error {
	// What is asked stands in the body: an address is kept by browsers and by what is between.
	v := a.r.PostFormValue
	d := &checkData{Text: strings.TrimSpace(v("q")), Born: strings.TrimSpace(v("born")), Country: strings.TrimSpace(v("country"))}
	s.mu.Lock()
	d.Table = s.tables[a.session.ID]
	s.mu.Unlock()
	d.Before = s.remember(a.session.ID, nil)
	if d.Text == "" {
		return s.show(a, http.StatusOK, "check", "check", d)
	}
	if a.session.Purpose == "" { // purpose and legal basis come before a query
		return s.showWith(a, http.StatusOK, "check", "check", d, a.l.Text("web.purpose_first"))
	}
	q, what := questionOf(d)
	d.What = what
	ask, err := q.Question()
	if err == nil {
		d.Answer, err = s.n.LookUp(a.r.Context(), a.who(), *ask)
	}
	if err != nil {
		return s.showWith(a, http.StatusUnprocessableEntity, "check", "check", d, err.Error())
	}
	d.Asked = true
	s.remember(a.session.ID, &checkedOne{time.Now(), d.Text, d.What, len(d.Answer.Hits), string(d.Answer.State) == "complete"})
	return s.show(a, http.StatusOK, "check", "check", d)
}

// questionOf understands what was written into the box.
func questionOf(d *checkData) (q node.Asked, what string) {
	q = node.Asked{Limit: 10}
	if d.Born != "" {
		q.Born = []string{d.Born}
	}
	if d.Country != "" {
		q.Countries = []string{d.Country}
	}
	compact := strings.Join(strings.Fields(d.Text), "")
	if strings.Count(compact, "<") >= 5 {
		q.MRZ = strings.Join(strings.Fields(d.Text), "\n")
		return q, "mrz"
	}
	for _, x := range []struct {
		kind  string
		parse func(string) (entity.Selector, bool)
	}{
		{"iban", entity.ParseIBAN},
		{"email", entity.ParseEmail},
		{"wallet", entity.ParseWallet},
		{"phone", func(s string) (entity.Selector, bool) { return entity.ParsePhone(s) }},
	} {
		if _, ok := x.parse(d.Text); ok {
			q.With = map[string]string{x.kind: d.Text}
			return q, x.kind
		}
	}
	if !strings.ContainsAny(d.Text, " ") && strings.ContainsAny(d.Text, "0123456789") {
		if _, ok := entity.ParseDocument(d.Text, ""); ok {
			q.With = map[string]string{"document": d.Text}
			return q, "document"
		}
	}
	q.Names = []string{d.Text}
	return q, "name"
}

// Contact is whom to call about a record of a member: what the register says.
func (v *view) Contact(member string) string {
	if v.contact == nil || member == "" {
		return ""
	}
	return v.contact(member)
}

package pages

import (
	"net/http"
	"strings"

	"tarir/entity"
	"tarir/node"
)

// check is one box for a name, phone, document, plate, account or the lines of a document, and the answer in one glance.

type checkData struct {
	Text, Born, Country string
	What                string // as what it was understood
	Asked               bool
	Answer              *node.Checked
}

func (s *Server) check(a *ask) error {
	// What is asked stands in the body: an address is kept by browsers and by what is between.
	v := a.r.PostFormValue
	d := &checkData{Text: strings.TrimSpace(v("q")), Born: strings.TrimSpace(v("born")), Country: strings.TrimSpace(v("country"))}
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

package pages

import (
	"net/http"
	"strings"

	"tarir/vault"
)

// The vault: who waits for a second person, the card of a pseudonym, and what is opened field by field. Neither passphrase nor what stands in the vault is in any
// address or draft.

func (s *Server) vaultRoutes() {
	s.page("GET /vault", s.vault)
	s.page("POST /vault/card", s.vaultCard)
	s.page("POST /vault/ask", s.vaultAsk)
	s.page("POST /vault/agree", s.vaultAgree)
	s.page("POST /vault/show", s.vaultShow)
	s.page("POST /vault/close", s.vaultClose)
	s.page("POST /vault/refer", s.vaultRefer)
}

type vaultData struct {
	Pseudonym string
	Card      *vault.Card
	Waiting   []vault.Opening
	Opening   *vault.Opening // one's own
	Shown     []line
	Near      bool // may come near the vault
	Fields    []string
	Supports  []string
}

func (s *Server) vault(a *ask) error { return s.vaultWith(a, &vaultData{}, "") }

func (s *Server) vaultWith(a *ask, d *vaultData, wrong string) error {
	a.home = "/vault"
	d.Fields, d.Supports = vault.Fields, vault.Supports
	if list, err := s.n.VaultWaiting(a.r.Context(), a.who()); err == nil {
		d.Near, d.Waiting = true, list
	}
	code := http.StatusOK
	if wrong != "" {
		code = http.StatusUnprocessableEntity
	}
	return s.showWith(a, code, "vault", "vault", d, wrong)
}

func (s *Server) vaultCard(a *ask) error {
	d := &vaultData{Pseudonym: strings.TrimSpace(a.r.PostFormValue("pseudonym"))}
	c, err := s.n.VaultCard(a.r.Context(), a.who(), d.Pseudonym)
	if err != nil {
		return s.vaultWith(a, d, err.Error())
	}
	d.Card = c
	return s.vaultWith(a, d, "")
}

// vaultAsk asks to open a record: the reason is asked for first, and kept in the audit log.
func (s *Server) vaultAsk(a *ask) error {
	d := &vaultData{Pseudonym: strings.TrimSpace(a.r.PostFormValue("pseudonym"))}
	w := a.who()
	w.Reason, w.Danger = strings.TrimSpace(a.r.PostFormValue("reason")), a.r.PostFormValue("danger") != ""
	o, err := s.n.VaultAsk(a.r.Context(), w, d.Pseudonym)
	if err != nil {
		return s.vaultWith(a, d, err.Error())
	}
	d.Opening = o
	return s.vaultWith(a, d, "")
}

func (s *Server) vaultAgree(a *ask) error {
	if _, err := s.n.VaultAgree(a.r.Context(), a.who(), a.r.PostFormValue("opening")); err != nil {
		return s.vaultWith(a, &vaultData{}, err.Error())
	}
	return back(a, "/vault")
}

func (s *Server) vaultShow(a *ask) error {
	d := &vaultData{Opening: &vault.Opening{ID: strings.TrimSpace(a.r.PostFormValue("opening"))}}
	fields := a.r.PostForm["field"]
	got, err := s.n.VaultShow(a.r.Context(), a.who(), d.Opening.ID, a.r.PostFormValue("passphrase"), fields)
	if err != nil {
		return s.vaultWith(a, d, err.Error())
	}
	for _, f := range fields {
		d.Shown = append(d.Shown, line{f, strings.Join(got[f], ", ")})
	}
	return s.vaultWith(a, d, "")
}

func (s *Server) vaultClose(a *ask) error {
	if err := s.n.VaultClose(a.r.Context(), a.who(), a.r.PostFormValue("opening")); err != nil {
		return s.vaultWith(a, &vaultData{}, err.Error())
	}
	return back(a, "/vault")
}

func (s *Server) vaultRefer(a *ask) error {
	v := a.r.PostFormValue
	d := &vaultData{Pseudonym: strings.TrimSpace(v("pseudonym"))}
	letter, err := s.n.VaultRefer(a.r.Context(), a.who(), d.Pseudonym, strings.TrimSpace(v("to")), v("need"), strings.TrimSpace(v("text")))
	if err != nil {
		return s.vaultWith(a, d, err.Error())
	}
	return back(a, pageOf("message", letter))
}

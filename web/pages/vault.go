package pages

import (
	"errors"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"tarir/exchange/register"
	"tarir/node"
	"tarir/vault"
)

// The vault: who is put into it, who waits for a second person, the card of a pseudonym, and what is done in a record that is open, field by field. Neither
// passphrase nor what stands in the vault is in any address or draft.

func (s *Server) vaultRoutes() {
	s.page("GET /vault", s.vault)
	s.page("POST /vault/make", s.vaultMake)
	s.page("POST /vault/put", s.vaultPut)
	s.page("POST /vault/table", s.vaultTable)
	s.page("POST /vault/card", s.vaultCard)
	s.page("POST /vault/ask", s.vaultAsk)
	s.page("POST /vault/agree", s.vaultAgree)
	s.page("POST /vault/opening", s.vaultOpening)
	s.page("POST /vault/refer", s.vaultRefer)
}

type vaultData struct {
	Pseudonym string
	Card      *vault.Card
	Waiting   []vault.Opening
	Openings  []openedRecord // one's own
	In        string         // the opening in which something was just done
	Shown     []line
	Done      string // what was done
	Near      bool   // may come near the vault
	Has       bool   // there is one
	Fields    []string
	Supports  []string
	Members   []*register.Member
	Taken     *node.VaultTaken
	Typed     map[string]string
}

// openedRecord is an opening, with the card of its record where one may see it.
type openedRecord struct {
	vault.Opening
	Card *vault.Card
}

// Open says whether a second person agreed.
func (o openedRecord) Open() bool { return !o.Until.IsZero() }

func (s *Server) vault(a *ask) error { return s.vaultWith(a, &vaultData{}, "") }

func (s *Server) vaultWith(a *ask, d *vaultData, wrong string) error {
	a.home = "/vault"
	ctx, w := a.r.Context(), a.who()
	d.Fields, d.Supports, d.Has = vault.Fields, vault.Supports, s.n.HasVault()
	if d.Typed == nil {
		d.Typed = map[string]string{}
	}
	var err error
	if d.Members, err = s.others(a); err != nil {
		return err
	}
	if list, err := s.n.VaultWaiting(ctx, w); err == nil {
		d.Near, d.Waiting = true, list
		mine, err := s.n.VaultMine(ctx, w)
		if err != nil {
			return err
		}
		for _, o := range mine {
			x := openedRecord{Opening: o}
			if x.Open() {
				x.Card, _ = s.n.VaultCard(ctx, w, o.Pseudonym) // nil: who may not see cases sees no cards
			}
			d.Openings = append(d.Openings, x)
		}
	}
	return s.showWith(a, http.StatusOK, "vault", "vault", d, wrong)
}

// vaultMake makes the node's vault.
func (s *Server) vaultMake(a *ask) error {
	pass := a.r.PostFormValue("passphrase")
	if len([]rune(pass)) < leastPassphrase || pass != a.r.PostFormValue("again") {
		return s.vaultWith(a, &vaultData{}, a.l.Text("web.passphrase_wrong"))
	}
	if err := s.n.VaultInit(a.r.Context(), a.who(), node.Passphrase{Text: pass}); err != nil {
		return s.vaultWith(a, &vaultData{}, err.Error())
	}
	return back(a, "/vault")
}

// texts cuts what was typed into its lines.
func texts(typed string) (out []string) {
	for _, t := range strings.Split(typed, "\n") {
		if t = strings.TrimSpace(t); t != "" {
			out = append(out, t)
		}
	}
	return out
}

func wishOf(v func(string) string) vault.Wish {
	return vault.Wish{Contact: v("contact"), Through: strings.TrimSpace(v("through")), Language: strings.TrimSpace(v("language")), Guardian: strings.TrimSpace(v("guardian")), Family: v("family")}
}

// vaultPut puts a person into the vault, and shows the card with the pseudonym.
func (s *Server) vaultPut(a *ask) error {
	v := a.r.PostFormValue
	r := vault.Record{Keepers: list(v("keepers")), Minor: v("minor") != "", Wish: wishOf(v), Fields: map[string][]string{}}
	for _, f := range vault.Fields {
		if x := texts(v("field." + f)); len(x) > 0 {
			r.Fields[f] = x
		}
	}
	for _, t := range a.r.PostForm["need"] {
		r.Needs = append(r.Needs, vault.Need{Type: t})
	}
	var err error
	if r.Met, err = time.Parse(time.DateOnly, v("met")); err != nil {
		return s.vaultWith(a, &vaultData{Typed: a.typed()}, errDay.Error())
	}
	c, err := s.n.VaultPut(a.r.Context(), a.who(), r)
	if err != nil {
		return s.vaultWith(a, &vaultData{Typed: a.typed()}, err.Error())
	}
	return s.vaultWith(a, &vaultData{Pseudonym: c.Pseudonym, Card: c, Done: a.l.Text("web.vault_put_done")}, "")
}

// vaultTable takes persons of a table of the standard into the vault.
func (s *Server) vaultTable(a *ask) error {
	_, path, fields, err := s.upload(a)
	if err != nil {
		return s.vaultWith(a, &vaultData{}, err.Error())
	}
	defer os.Remove(path)
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	o := node.VaultTable{Keepers: list(fields["keepers"]), Case: strings.TrimSpace(fields["case"]), Wish: wishOf(func(k string) string { return fields[k] })}
	if t, err := time.Parse(time.DateOnly, fields["met"]); err == nil {
		o.Met = t
	}
	taken, err := s.n.VaultImport(a.r.Context(), a.who(), f, o)
	if err != nil {
		return s.vaultWith(a, &vaultData{Taken: taken}, err.Error())
	}
	return s.vaultWith(a, &vaultData{Taken: taken}, "")
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
	if _, err := s.n.VaultAsk(a.r.Context(), w, d.Pseudonym); err != nil {
		return s.vaultWith(a, d, err.Error())
	}
	return back(a, "/vault")
}

func (s *Server) vaultAgree(a *ask) error {
	if _, err := s.n.VaultAgree(a.r.Context(), a.who(), a.r.PostFormValue("opening")); err != nil {
		return s.vaultWith(a, &vaultData{}, err.Error())
	}
	return back(a, "/vault")
}

// vaultOpening does something in a record that is open: what its button says.
func (s *Server) vaultOpening(a *ask) error {
	v := a.r.PostFormValue
	ctx, w := a.r.Context(), a.who()
	d := &vaultData{In: strings.TrimSpace(v("opening"))}
	pass, fields, to := v("passphrase"), a.r.PostForm["field"], v("to")
	change := func(c node.VaultChange) error {
		_, err := s.n.VaultChange(ctx, w, d.In, pass, c)
		return err
	}
	var err error
	switch v("do") {
	case "show":
		var got map[string][]string
		got, err = s.n.VaultShow(ctx, w, d.In, pass, fields)
		d.Shown = s.told(a, fields, got)
	case "change":
		f := v("one")
		if !slices.Contains(vault.Fields, f) {
			err = errField
			break
		}
		err = change(node.VaultChange{Fields: map[string][]string{f: texts(v("values"))}})
	case "wish":
		wish, minor := wishOf(v), v("minor") != ""
		err = change(node.VaultChange{Wish: &wish, Minor: &minor})
	case "consent":
		c := vault.Consent{To: to, Fields: fields, For: strings.TrimSpace(v("for"))}
		if until := v("until"); until != "" {
			if c.Until, err = time.Parse(time.DateOnly, until); err != nil {
				err = errDay
				break
			}
		}
		err = change(node.VaultChange{Consent: &c})
	case "withdraw":
		err = change(node.VaultChange{Withdraw: v("consent")})
	case "disclose":
		var got map[string][]string
		got, err = s.n.VaultDisclose(ctx, w, d.In, pass, to, fields)
		d.Shown = s.told(a, fields, got)
	case "send":
		err = s.n.VaultSend(ctx, w, d.In, pass, to, fields)
	case "erase":
		w.Reason = strings.TrimSpace(v("reason"))
		err = s.n.VaultErase(ctx, w, d.In, pass)
	case "close":
		err = s.n.VaultClose(ctx, w, d.In)
	default:
		return back(a, "/vault")
	}
	if err != nil {
		return s.vaultWith(a, d, err.Error())
	}
	d.Done = a.l.Text("web.vault_done")
	return s.vaultWith(a, d, "")
}

var errField = errors.New("choose a field")

// told are the fields that were asked for, in their order.
func (s *Server) told(a *ask, fields []string, got map[string][]string) (out []line) {
	for _, f := range fields {
		if values, ok := got[f]; ok {
			out = append(out, line{a.l.Name("vault_field", f), strings.Join(values, ", ")})
		}
	}
	return out
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

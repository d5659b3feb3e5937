package pages

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"tarir/exchange/register"
	"tarir/node"
	"tarir/notice"
	"tarir/store"
)

// A diffusion: the form of a notice of any colour, sent at once to members who are chosen. A draft of a notice can be sent so instead.

func (s *Server) diffusionRoutes() {
	s.page("GET /exchange/diffusion", func(a *ask) error {
		return back(a, "/exchange/diffusion/"+url.PathEscape(a.r.URL.Query().Get("colour")))
	})
	s.page("GET /exchange/diffusion/{colour}", s.diffusion)
	s.page("POST /exchange/diffusion/{colour}", s.sendDiffusion)
	s.page("POST /exchange/diffusion/{colour}/rules", s.diffusionRules)
}

type diffusionData struct {
	Form     notice.Form
	Path     string
	Sections []formSection
	Results  []notice.Result
	Members  []*register.Member
	To       []string
	Subject  string
	Text     string
	Urgent   bool
	Lang     string
}

// Chosen says whether a member is among those whom it goes to.
func (d *diffusionData) Chosen(member string) bool { return slices.Contains(d.To, member) }

// diffusionOf is the form that is begun: empty, or that of a draft.
func (s *Server) diffusionOf(a *ask) (*diffusionData, error) {
	c, err := notice.ParseColour(a.r.PathValue("colour"))
	if err != nil {
		return nil, store.ErrNone
	}
	w := a.who()
	if !s.n.May(w.Person, "message") {
		return nil, fmt.Errorf("%w: %s may not send messages and diffusions", node.ErrNotAllowed, w.Person)
	}
	d := &diffusionData{Path: "/exchange/diffusion/" + string(c), Lang: a.l.Code, Form: notice.Form{Colour: c, Owner: s.n.Member(), LegalBasis: w.LegalBasis, Purpose: c.Purposes()[0]}}
	if slices.Contains(c.Purposes(), w.Purpose) {
		d.Form.Purpose = w.Purpose
	}
	if id := a.r.URL.Query().Get("from"); id != "" {
		r, err := s.n.Request(a.r.Context(), w, id)
		if err != nil {
			return nil, err
		}
		if r.Form.Colour == c && r.Owner == s.n.Member() {
			d.Form, d.Subject = r.Form, r.Form.Title()
			d.Form.Attachments = nil // they belong to the request
		}
	}
	a.home = d.Path
	return d, nil
}

func (s *Server) showDiffusion(a *ask, d *diffusionData, wrong string) error {
	d.Sections = sections(s.view(a), &d.Form)
	var err error
	if d.Members, err = s.others(a); err != nil {
		return err
	}
	return s.showWith(a, http.StatusOK, "diffusion", "diffusion", d, wrong)
}

func (s *Server) diffusion(a *ask) error {
	d, err := s.diffusionOf(a)
	if err != nil {
		return err
	}
	d.Results = s.n.CheckDiffusion(d.Form)
	return s.showDiffusion(a, d, "")
}

// typedDiffusion is the diffusion as it is being written.
func (s *Server) typedDiffusion(a *ask) (d *diffusionData, wrong error, err error) { //nolint:revive // what was typed may be wrong, and is shown again
	if d, err = s.diffusionOf(a); err != nil {
		return nil, nil, err
	}
	if err := a.r.ParseForm(); err != nil {
		return nil, nil, err
	}
	p := a.r.PostForm
	d.To, d.Subject, d.Text, d.Urgent = p["to"], strings.TrimSpace(p.Get("subject")), strings.TrimSpace(p.Get("text")), p.Get("urgent") != ""
	return d, read(s.view(a), &d.Form, p), nil
}

func (s *Server) sendDiffusion(a *ask) error {
	d, wrong, err := s.typedDiffusion(a)
	if err != nil {
		return err
	}
	if wrong != nil {
		return s.showDiffusion(a, d, wrong.Error())
	}
	form := d.Form
	sent, err := s.n.Send(a.r.Context(), a.who(), node.NewLetter{Kind: "diffusion", To: d.To, Subject: d.Subject, Text: notice.Texts{a.l.Code: d.Text}, Form: &form, Urgent: d.Urgent})
	if err != nil {
		d.Results = s.n.CheckDiffusion(d.Form)
		return s.showDiffusion(a, d, err.Error())
	}
	return back(a, pageOf("diffusion", sent.ID))
}

func (s *Server) diffusionRules(a *ask) error {
	d, wrong, err := s.typedDiffusion(a)
	if err != nil {
		return err
	}
	if wrong != nil {
		d.Results = []notice.Result{{Rule: "-", Severity: notice.Block, Text: notice.Texts{a.l.Code: a.l.Wrong(wrong.Error())}}}
	} else {
		d.Results = s.n.CheckDiffusion(d.Form)
	}
	return s.part(a, "diffusion", "results", d)
}

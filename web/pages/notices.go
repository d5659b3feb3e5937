package pages

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"tarir/node"
	"tarir/notice"
	"tarir/paper"
)

// Notices: one's own requests with the rules checked as one types, the desk that reviews them, and what is in force.

func (s *Server) noticeRoutes() {
	s.page("GET /notices", s.notices)
	s.page("POST /notices", s.newNotice)
	s.page("GET /notices/{id}", s.request)
	s.page("POST /notices/{id}", s.saveRequest)
	s.page("POST /notices/{id}/rules", s.requestRules)
	s.page("POST /notices/{id}/step", s.requestStep)
	s.page("POST /notices/{id}/files", s.attachToRequest)
	s.page("GET /notices/{id}/pdf", s.requestPDF)
	s.page("GET /in-force/{id}", s.inForce)
	s.page("GET /in-force/{id}/pdf", s.inForcePDF)
	s.page("GET /review", s.review)
	s.page("GET /review/{id}", s.request)
}

type noticesData struct {
	Own     []node.Listed
	Review  []node.Listed
	InForce []node.Listed
	Colours []notice.Colour
	Draft   bool // the person may
	Colour  string
}

func (s *Server) notices(a *ask) error {
	ctx, w := a.r.Context(), a.who()
	d := &noticesData{Colours: notice.Colours, Draft: s.n.May(w.Person, "draft"), Colour: a.r.URL.Query().Get("colour")}
	var err error
	if d.Own, err = s.n.List(ctx, w, "request", 200); err != nil {
		return err
	}
	if d.Review, err = s.n.List(ctx, w, "review", 200); err != nil {
		return err
	}
	all, err := s.n.List(ctx, w, "notice", 1000)
	if err != nil {
		return err
	}
	for _, l := range all {
		if d.Colour == "" || l.Colour == d.Colour {
			d.InForce = append(d.InForce, l)
		}
	}
	return s.show(a, http.StatusOK, "notices", "notices", d)
}

func (s *Server) newNotice(a *ask) error {
	a.home = "/notices"
	c, err := notice.ParseColour(a.r.PostFormValue("colour"))
	if err != nil {
		return err
	}
	w := a.who()
	f := notice.Form{Colour: c, Owner: s.n.Member(), LegalBasis: w.LegalBasis, Purpose: c.Purposes()[0]}
	if slices.Contains(c.Purposes(), w.Purpose) {
		f.Purpose = w.Purpose
	}
	r, err := s.n.Draft(a.r.Context(), w, f, nil)
	if err != nil {
		return err
	}
	return back(a, "/notices/"+r.ID)
}

type requestData struct {
	*notice.Record
	Sections []formSection
	Results  []notice.Result
	Editable bool
	Can      []notice.Event // what may be tried from here
	Side     notice.Side
	Told     []line // what it says, where it is not edited
	Changes  []notice.Change
	Grounds  map[notice.Event][]string
	Lang     string
	Path     string
}

// Heading names the notice by colour and title.
func (d *requestData) Heading() string { return d.Form.Title() }

// Blocks says whether something keeps the request from being sent.
func (d *requestData) Blocks() bool { return notice.Blocked(d.Results) }

// Warnings are rules that need a reason.
func (d *requestData) Warnings() (out []notice.Result) {
	for _, r := range d.Results {
		if r.Severity == notice.Warn {
			out = append(out, r)
		}
	}
	return out
}

// GroundsOf are the grounds that a step needs.
func (d *requestData) GroundsOf(e notice.Event) []string { return grounds[e] }

var grounds = map[notice.Event][]string{
	notice.Refuse:   {"article_2", "article_3", "incomplete", "not_serious", "purpose", "other"},
	notice.Withdraw: {"achieved", "not_wanted", "other"},
	notice.Cancel:   {"article_2", "article_3", "purpose", "other"},
}

// steps by hand: those that a page offers.
var byHand = map[notice.Side][]notice.Event{
	notice.Owner:    {notice.Submit, notice.Recall, notice.Resubmit, notice.Withdraw, notice.Extend},
	notice.Reviewer: {notice.TakeUp, notice.Publish, notice.Return, notice.Refuse, notice.Suspend, notice.Resume, notice.Cancel},
}

func (s *Server) requestOf(a *ask, id string) (*requestData, error) {
	r, err := s.n.Request(a.r.Context(), a.who(), id)
	if err != nil {
		return nil, err
	}
	d := &requestData{Record: r, Side: notice.Owner, Lang: a.l.Code, Path: "/notices/" + id}
	if s.n.Secretariat() && r.State != notice.Draft && r.State != notice.Returned {
		d.Side, d.Path = notice.Reviewer, "/review/"+id
	}
	d.Editable = (r.State == notice.Draft || r.State == notice.Returned) && r.Owner == s.n.Member() && s.n.May(a.session.Person, "draft")
	right := map[notice.Side]string{notice.Owner: "submit", notice.Reviewer: "review"}[d.Side]
	if s.n.May(a.session.Person, right) {
		for _, e := range r.Can(d.Side) {
			if slices.Contains(byHand[d.Side], e) {
				d.Can = append(d.Can, e)
			}
		}
	}
	return d, nil
}

func (s *Server) showRequest(a *ask, d *requestData, wrong string) error {
	v := s.view(a)
	var err error
	if d.Results == nil && (d.State == notice.Draft || d.State == notice.Returned || d.State == notice.UnderReview || d.State == notice.Submitted) {
		if d.Results, err = s.n.CheckForm(a.r.Context(), a.who(), d.ID, d.Form); err != nil {
			return err
		}
	}
	if d.Editable {
		d.Sections = sections(v, &d.Form)
	}
	text, err := json.Marshal(d.Form)
	if err != nil {
		return err
	}
	d.Told = v.Lines(text)
	// What changed since it was last seen: between the form that was returned or published and the one that came after it.
	var before *notice.Form
	for i := range d.Steps {
		if f := d.Steps[i].Form; f != nil {
			if before != nil {
				d.Changes = notice.Diff(before, f)
			}
			before = f
		}
		if len(d.Steps[i].Changes) > 0 {
			d.Changes = d.Steps[i].Changes
		}
	}
	return s.showWith(a, http.StatusOK, "request", "notice", d, wrong)
}

func (s *Server) request(a *ask) error {
	d, err := s.requestOf(a, a.r.PathValue("id"))
	if err != nil {
		return err
	}
	return s.showRequest(a, d, "")
}

// typed is the form as it is being written, over what is kept.
func (s *Server) typed(a *ask) (*requestData, error) {
	d, err := s.requestOf(a, a.r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	a.home = d.Path
	if err := a.r.ParseForm(); err != nil {
		return nil, err
	}
	return d, nil
}

func (s *Server) saveRequest(a *ask) error {
	d, err := s.typed(a)
	if err != nil {
		return err
	}
	if err := read(s.view(a), &d.Form, a.r.PostForm); err != nil {
		return s.showRequest(a, d, err.Error())
	}
	if _, err := s.n.Edit(a.r.Context(), a.who(), d.ID, d.Form); err != nil {
		return s.showRequest(a, d, err.Error())
	}
	return back(a, d.Path)
}

// requestRules tells, while somebody types, which rules do not hold.
func (s *Server) requestRules(a *ask) error {
	d, err := s.typed(a)
	if err != nil {
		return err
	}
	if err := read(s.view(a), &d.Form, a.r.PostForm); err != nil {
		d.Results = []notice.Result{{Rule: "-", Severity: notice.Block, Text: notice.Texts{a.l.Code: a.l.Wrong(err.Error())}}}
	} else if d.Results, err = s.n.CheckForm(a.r.Context(), a.who(), d.ID, d.Form); err != nil {
		return err
	}
	return s.part(a, "request", "results", d)
}

func (s *Server) requestStep(a *ask) error {
	d, err := s.typed(a)
	if err != nil {
		return err
	}
	p := a.r.PostForm
	step := notice.Step{Event: notice.Event(p.Get("event")), Side: d.Side, Reason: strings.TrimSpace(p.Get("reason")), Ground: p.Get("ground")}
	if !slices.Contains(d.Can, step.Event) {
		return s.showRequest(a, d, notice.ErrStep.Error())
	}
	for _, q := range strings.Split(p.Get("questions"), "\n") {
		if q = strings.TrimSpace(q); q != "" {
			step.Questions = append(step.Questions, q)
		}
	}
	if t, err := time.Parse(time.DateOnly, p.Get("until")); err == nil {
		step.Until = t
	}
	step.Rules = p["rule"]
	reasons := map[string]string{}
	for k := range p {
		if rule, ok := strings.CutPrefix(k, "because."); ok {
			reasons[rule] = strings.TrimSpace(p.Get(k))
		}
	}
	w := a.who()
	w.Second, w.Reason = strings.TrimSpace(p.Get("second")), step.Reason
	if _, err := s.n.Step(a.r.Context(), w, d.ID, step, reasons); err != nil {
		return s.showRequest(a, d, err.Error())
	}
	return back(a, d.Path)
}

// attachToRequest adds a file to a draft: a photograph, a copy of the warrant.
func (s *Server) attachToRequest(a *ask) error {
	d, err := s.requestOf(a, a.r.PathValue("id"))
	if err != nil {
		return err
	}
	a.home = d.Path
	name, path, _, err := s.upload(a)
	if err != nil {
		return s.showRequest(a, d, err.Error())
	}
	defer os.Remove(path)
	if _, err := s.n.AttachToRequest(a.r.Context(), a.who(), d.ID, []node.File{{Path: path, Name: name}}); err != nil {
		return s.showRequest(a, d, err.Error())
	}
	return back(a, d.Path)
}

func (s *Server) review(a *ask) error {
	list, err := s.n.List(a.r.Context(), a.who(), "review", 500)
	if err != nil {
		return err
	}
	// Those that wait for longest first.
	slices.SortStableFunc(list, func(x, y node.Listed) int { return x.Changed.Compare(y.Changed) })
	return s.show(a, http.StatusOK, "review", "review", list)
}

func (s *Server) inForceOf(a *ask) (*requestData, error) {
	it, err := s.n.Open(a.r.Context(), a.who(), "notice", a.r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	var b struct {
		Record *notice.Record `json:"record"`
	}
	if err := json.Unmarshal(it.Body, &b); err != nil || b.Record == nil {
		return nil, fmt.Errorf("the notice cannot be read: %w", err)
	}
	return &requestData{Record: b.Record, Lang: a.l.Code, Path: "/in-force/" + url.PathEscape(b.Record.ID)}, nil
}

func (s *Server) inForce(a *ask) error {
	d, err := s.inForceOf(a)
	if err != nil {
		return err
	}
	return s.showRequest(a, d, "")
}

// ink is the colour of a notice on paper.
var ink = map[notice.Colour][3]int{
	notice.Red: {176, 22, 30}, notice.Blue: {24, 84, 160}, notice.Green: {28, 110, 60}, notice.Yellow: {214, 168, 0}, notice.Black: {20, 20, 20}, notice.Purple: {98, 46, 140}, notice.Orange: {214, 104, 0},
	notice.Silver: {140, 148, 156}, notice.UN: {70, 140, 200}, notice.Art: {120, 90, 60},
}

func (s *Server) requestPDF(a *ask) error {
	d, err := s.requestOf(a, a.r.PathValue("id"))
	if err != nil {
		return err
	}
	return s.noticePDF(a, d)
}

func (s *Server) inForcePDF(a *ask) error {
	d, err := s.inForceOf(a)
	if err != nil {
		return err
	}
	return s.noticePDF(a, d)
}

// noticePDF writes a notice on paper in its colour: what it says in the language of who asks, and the facts in all the languages that there are.
func (s *Server) noticePDF(a *ask, d *requestData) error {
	v := s.view(a)
	made := d.Since
	doc := paper.New(d.Form.Title(), a.l.Right, made)
	c := ink[d.Form.Colour]
	doc.Band(c[0], c[1], c[2])
	doc.Heading(1, strings.TrimSpace(v.Name("colour", string(d.Form.Colour))+" "+d.Number))
	doc.Note(strings.Join([]string{d.Owner, v.Name("notice_state", string(d.State)), v.Time(made)}, " · "))
	if d.State != notice.Published {
		doc.Para(v.T("not_in_force"))
	}
	if d.Form.NoCoercion || d.Form.Status.Protected() {
		doc.Para(v.T("no_coercion_text"))
	}
	for _, lang := range notice.Languages {
		if t := d.Form.Facts[lang]; t != "" {
			doc.Heading(2, v.field("facts")+" · "+v.Name("language", lang))
			doc.Para(t)
		}
	}
	form := d.Form
	form.Facts = nil
	text, err := json.Marshal(form)
	if err != nil {
		return err
	}
	var rows [][]string
	for _, l := range v.Lines(text) {
		rows = append(rows, []string{l.Name, l.Value})
	}
	doc.Heading(2, v.T("particulars"))
	doc.Table([]string{v.T("name"), v.T("value")}, []float64{1, 2}, rows)
	doc.Note(v.T("notice_text"))
	name := "notice-" + strings.ReplaceAll(d.Number, "/", "-") + ".pdf"
	if d.Number == "" {
		name = "notice-draft.pdf"
	}
	a.w.Header().Set("Content-Type", "application/pdf")
	a.w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	return doc.Write(a.w)
}

package pages

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tarir/casework"
	"tarir/exchange/envelope"
	"tarir/exchange/register"
	"tarir/handling"
	"tarir/hit"
	"tarir/node"
	"tarir/notice"
	"tarir/store"
)

// What goes between members: letters in and out with their receipts, members and their keys, how the line is; requests to stop payments, and hits.

func (s *Server) exchangeRoutes() {
	s.page("GET /exchange", s.exchange)
	s.page("POST /exchange", s.sendLetter)
	s.page("GET /exchange/members", s.members)
	s.page("POST /exchange/members/invite", s.inviteMember)
	s.page("POST /exchange/members/admit", s.admitMember)
	s.page("POST /exchange/members/change", s.changeMember)
	s.page("GET /exchange/letters/{kind}/{id}", s.letter)
	s.page("POST /exchange/letters/{kind}/{id}/recall", s.recallLetter)
	s.page("GET /exchange/letters/{kind}/{id}/files/{sum}", s.letterFile)
	s.diffusionRoutes()
	s.privateRoutes()
	s.page("GET /stops", s.stops)
	s.page("GET /stops/{id}", s.stop)
	s.page("POST /stops/{id}/step", s.stopStep)
	s.page("GET /hits", s.hits)
	s.page("GET /hits/{id}", s.hit)
	s.page("POST /hits/{id}/step", s.hitStep)
	s.page("POST /hits/{id}/act", s.hitAct)
	s.page("GET /records/{kind}/{id}", s.record)
	s.page("POST /records/{kind}/{id}/keep", s.keepRecord)
}

type exchangeData struct {
	In, Out []node.Listed
	Stops   []node.Listed
	Hits    []node.Listed
	Health  *node.Health
	Boxes   *node.Boxes
	Members []*register.Member
	May     bool
	Colours []notice.Colour // of diffusions; silver ones are reviewed first
	Typed   map[string]string
	Answers string
	To      string
}

func (s *Server) exchange(a *ask) error {
	return s.exchangeWith(a, &exchangeData{Answers: a.r.URL.Query().Get("answers"), To: a.r.URL.Query().Get("to")}, "")
}

func (s *Server) exchangeWith(a *ask, d *exchangeData, wrong string) error {
	ctx, w := a.r.Context(), a.who()
	for _, kind := range []string{"message", "diffusion"} {
		list, err := s.n.List(ctx, w, kind, 300)
		if err != nil {
			return err
		}
		for _, l := range list {
			if l.Owner == s.n.Member() {
				d.Out = append(d.Out, l)
			} else {
				d.In = append(d.In, l)
			}
		}
	}
	for _, list := range [][]node.Listed{d.In, d.Out} {
		slices.SortStableFunc(list, func(x, y node.Listed) int { return y.Changed.Compare(x.Changed) })
	}
	var err error
	if d.Stops, err = s.n.List(ctx, w, "stop", 100); err != nil {
		return err
	}
	if d.Hits, err = s.n.List(ctx, w, "hit", 100); err != nil {
		return err
	}
	if d.Health, err = s.n.Health(ctx); err != nil {
		return err
	}
	if s.n.Secretariat() && s.n.May(w.Person, "admin") {
		if d.Boxes, err = s.n.Boxes(ctx, w); err != nil {
			return err
		}
	}
	if d.Members, err = s.n.Members(ctx, w); err != nil && !errors.Is(err, node.ErrNoMember) {
		return err
	}
	d.May = s.n.May(w.Person, "message")
	d.Colours = slices.DeleteFunc(slices.Clone(notice.Colours), func(c notice.Colour) bool { return c == notice.Silver })
	return s.showWith(a, http.StatusOK, "exchange", "exchange", d, wrong)
}

func (s *Server) sendLetter(a *ask) error {
	a.home = "/exchange"
	name, path, fields, err := s.maybeUpload(a)
	if err != nil {
		return err
	}
	if path != "" {
		defer os.Remove(path)
	}
	l := node.NewLetter{Kind: "message", Subject: strings.TrimSpace(fields["subject"]), Text: notice.Texts{a.l.Code: strings.TrimSpace(fields["text"])}, Answers: strings.TrimSpace(fields["answers"]), Urgent: fields["urgent"] != ""}
	l.To = strings.FieldsFunc(fields["to"], func(r rune) bool { return r == ',' || r == ' ' })
	if path != "" {
		l.Files = []node.File{{Path: path, Name: name}}
	}
	sent, err := s.n.Send(a.r.Context(), a.who(), l)
	if err != nil {
		return s.exchangeWith(a, &exchangeData{Typed: fields}, err.Error())
	}
	return back(a, "/exchange/letters/message/"+sent.ID)
}

// maybeUpload is upload where a file need not be there. Fields that are told several times are joined by commas.
func (s *Server) maybeUpload(a *ask) (name, path string, fields map[string]string, err error) {
	a.r.Body = http.MaxBytesReader(a.w, a.r.Body, mostDocument)
	r, err := a.r.MultipartReader()
	if err != nil {
		return "", "", nil, errors.New("the form did not arrive whole: send it again")
	}
	fields = map[string]string{}
	err = eachPart(r, func(field, file string, part *partReader) error {
		if file == "" {
			text, err := part.text()
			if had := fields[field]; had != "" {
				text = had + "," + text
			}
			fields[field] = text
			return err
		}
		if path != "" {
			return errors.New("choose one file")
		}
		name = filepath.Base(file)
		path, err = s.receive(part)
		return err
	})
	if err != nil && path != "" {
		return "", "", nil, errors.Join(err, os.Remove(path))
	}
	return name, path, fields, err
}

type letterData struct {
	Kind        string
	Letter      *node.Letter
	Mine        bool
	State       string
	Receipts    []store.Delivery
	Attachments []envelope.Attachment
	Label       *handling.Label
	Lang        string
	MayRecall   bool
	Told        []line
}

// Heading is what a letter is about.
func (d *letterData) Heading() string { return d.Letter.Subject }

func (s *Server) letter(a *ask) error {
	kind, id := a.r.PathValue("kind"), a.r.PathValue("id")
	if kind != "message" && kind != "diffusion" {
		return store.ErrNone
	}
	it, err := s.n.Open(a.r.Context(), a.who(), kind, id)
	if err != nil {
		return err
	}
	d := &letterData{Kind: kind, Letter: &node.Letter{}, State: it.State, Mine: it.Source == "", Lang: a.l.Code}
	if err := json.Unmarshal(it.Body, d.Letter); err != nil {
		return fmt.Errorf("the letter cannot be read: %w", err)
	}
	d.Attachments = d.Letter.Attachments
	if f := d.Letter.Form; f != nil {
		text, err := json.Marshal(f)
		if err != nil {
			return err
		}
		d.Told = s.view(a).Lines(text)
	}
	_ = json.Unmarshal(it.Label, &d.Label) // a letter without one shows none
	if d.Mine {
		if d.Receipts, err = s.n.Receipts(a.r.Context(), a.who(), kind, id); err != nil {
			return err
		}
		d.MayRecall = s.n.May(a.session.Person, "recall")
	}
	return s.show(a, http.StatusOK, "letter", "letter", d)
}

func (s *Server) recallLetter(a *ask) error {
	kind, id := a.r.PathValue("kind"), a.r.PathValue("id")
	a.home = "/exchange/letters/" + kind + "/" + id
	w := a.who()
	w.Reason = strings.TrimSpace(a.r.PostFormValue("reason"))
	if err := s.n.Recall(a.r.Context(), w, kind, id); err != nil {
		return err
	}
	return back(a, "/exchange")
}

func (s *Server) letterFile(a *ask) error {
	kind, id, sum := a.r.PathValue("kind"), a.r.PathValue("id"), a.r.PathValue("sum")
	path, err := s.n.Fetch(a.r.Context(), a.who(), kind, id, sum)
	if err != nil {
		return err
	}
	a.w.Header().Set("Content-Type", "application/octet-stream")
	a.w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": filepath.Base(path)}))
	http.ServeFile(a.w, a.r, path)
	return nil
}

type membersData struct {
	List  []*register.Member
	Admin bool // of the secretariat: who is invited and admitted is theirs
	Kinds []handling.Kind
	Typed map[string]string

	Changes []register.Type
	Rights  []register.Right
}

func (s *Server) members(a *ask) error { return s.membersWith(a, map[string]string{}, "") }

func (s *Server) membersWith(a *ask, typed map[string]string, wrong string) error {
	a.home = "/exchange/members"
	list, err := s.n.Members(a.r.Context(), a.who())
	if err != nil {
		return err
	}
	return s.showWith(a, http.StatusOK, "members", "members", &membersData{
		List: list, Admin: s.n.Secretariat() && s.n.May(a.session.Person, "admin"), Kinds: handling.Kinds, Typed: typed, Changes: memberChanges, Rights: register.Rights,
	}, wrong)
}

// memberChanges are what the secretariat does with a member that joined.
var memberChanges = []register.Type{register.Suspended, register.Resumed, register.Left, register.Granted, register.Revoked}

func (s *Server) changeMember(a *ask) error {
	v := a.r.PostFormValue
	var rights []register.Right
	for _, r := range a.r.PostForm["right"] {
		rights = append(rights, register.Right(r))
	}
	if do := register.Type(v("do")); slices.Contains(memberChanges, do) {
		if err := s.n.Change(a.r.Context(), a.who(), do, v("member"), strings.TrimSpace(v("reason")), rights); err != nil {
			return s.membersWith(a, map[string]string{}, err.Error())
		}
	}
	return back(a, "/exchange/members")
}

// inviteMember gives an invitation as a file, to be handed to a new member.
func (s *Server) inviteMember(a *ask) error {
	v := a.r.PostFormValue
	st := register.Statement{Member: strings.TrimSpace(v("id")), Name: strings.TrimSpace(v("name")), Kind: handling.Kind(v("kind")), Country: strings.ToUpper(strings.TrimSpace(v("country"))), Contact: strings.TrimSpace(v("contact"))}
	invitation, err := s.n.Invite(a.r.Context(), a.who(), st, inviteFor)
	if err != nil {
		return s.membersWith(a, a.typed(), err.Error())
	}
	a.w.Header().Set("Content-Type", "application/json")
	a.w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": st.Member + ".invitation"}))
	_, err = a.w.Write(invitation)
	return err
}

// inviteFor is how long an invitation to join counts (our choice).
const inviteFor = 7 * 24 * time.Hour

// admitMember takes a new member's answer, with the code that it read aloud.
func (s *Server) admitMember(a *ask) error {
	_, path, fields, err := s.upload(a)
	if err != nil {
		return s.membersWith(a, map[string]string{}, err.Error())
	}
	defer os.Remove(path)
	answer, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if _, err := s.n.Admit(a.r.Context(), a.who(), answer, strings.TrimSpace(fields["code"])); err != nil {
		return s.membersWith(a, map[string]string{}, err.Error())
	}
	return back(a, "/exchange/members")
}

func (s *Server) stops(a *ask) error {
	list, err := s.n.List(a.r.Context(), a.who(), "stop", 500)
	if err != nil {
		return err
	}
	return s.show(a, http.StatusOK, "list", "stops", listData{list, "/stops/"})
}

func (s *Server) hits(a *ask) error {
	list, err := s.n.List(a.r.Context(), a.who(), "hit", 500)
	if err != nil {
		return err
	}
	return s.show(a, http.StatusOK, "list", "hits", listData{list, "/hits/"})
}

type listData struct {
	List []node.Listed
	Path string
}

type stopData struct {
	*casework.Stop
	Can       []casework.StopState
	Asks      bool // this node asked
	Proposals []casework.StopForm
	Late      string
	Typed     map[string]string
	AckBy     time.Time
	TraceBy   time.Time
}

func (s *Server) stopOf(a *ask) (*stopData, error) {
	it, err := s.n.Open(a.r.Context(), a.who(), "stop", a.r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	d := &stopData{Stop: &casework.Stop{}, Typed: map[string]string{}}
	if err := json.Unmarshal(it.Body, d.Stop); err != nil {
		return nil, fmt.Errorf("the request cannot be read: %w", err)
	}
	d.Asks, d.Late = d.Owner == s.n.Member(), d.Stop.Late(time.Now())
	d.AckBy, d.TraceBy = d.Made.Add(casework.AcknowledgeWithin), d.Made.Add(casework.TraceWithin)
	if s.n.May(a.session.Person, "stop") {
		d.Can = d.Stop.Can(s.n.Member())
		if d.Asks {
			d.Proposals = d.Stop.Proposals()
		}
	}
	return d, nil
}

func (s *Server) stop(a *ask) error {
	d, err := s.stopOf(a)
	if err != nil {
		return err
	}
	return s.show(a, http.StatusOK, "stop", "stop", d)
}

func (s *Server) stopStep(a *ask) error {
	id, v := a.r.PathValue("id"), a.r.PostFormValue
	a.home = "/stops/" + id
	d, err := s.stopOf(a)
	if err != nil {
		return err
	}
	step := casework.StopStep{State: casework.StopState(v("state")), Reason: strings.TrimSpace(v("reason"))}
	if step.State == casework.BlockedFull || step.State == casework.BlockedPart || step.State == casework.Traced {
		step.Answer = &casework.Answer{Found: true, Held: strings.Replace(strings.TrimSpace(v("held")), ",", ".", 1), Currency: d.Form.Currency, Contact: strings.TrimSpace(v("contact"))}
		if d.Answer != nil {
			step.Answer.Hops = d.Answer.Hops
		}
		if t, err := time.Parse(time.DateOnly, v("hold_until")); err == nil {
			step.Answer.HoldUntil = t
		}
	}
	if _, err := s.n.StopStep(a.r.Context(), a.who(), id, step); err != nil {
		for k := range a.r.PostForm {
			d.Typed[k] = v(k)
		}
		return s.showWith(a, http.StatusUnprocessableEntity, "stop", "stop", d, err.Error())
	}
	return back(a, a.home)
}

type hitData struct {
	*hit.Hit
	Can   []hit.State
	Acts  []handling.Act // that may be asked for
	Typed map[string]string
	Says  string // an act that may be done now
}

func (s *Server) hitOf(a *ask) (*hitData, error) {
	it, err := s.n.Open(a.r.Context(), a.who(), "hit", a.r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	d := &hitData{Hit: &hit.Hit{}, Typed: map[string]string{}}
	if err := json.Unmarshal(it.Body, d.Hit); err != nil {
		return nil, fmt.Errorf("the hit cannot be read: %w", err)
	}
	if s.n.May(a.session.Person, "hit") {
		d.Can = d.Hit.Can(s.n.Member())
		d.Acts = []handling.Act{handling.Measure, handling.Coerce, handling.Tell, handling.Copy, handling.Court}
	}
	return d, nil
}

func (s *Server) hit(a *ask) error {
	d, err := s.hitOf(a)
	if err != nil {
		return err
	}
	return s.show(a, http.StatusOK, "hit", "hit_page", d)
}

func (s *Server) hitStep(a *ask) error {
	id, v := a.r.PathValue("id"), a.r.PostFormValue
	a.home = "/hits/" + id
	step := hit.Step{State: hit.State(v("state")), Reason: strings.TrimSpace(v("reason")), Outcome: strings.TrimSpace(v("outcome"))}
	for _, x := range strings.Split(v("allowed"), ",") {
		if x = strings.TrimSpace(x); x != "" {
			step.Allowed = append(step.Allowed, x)
		}
	}
	if _, err := s.n.HitStep(a.r.Context(), a.who(), id, step); err != nil {
		d, derr := s.hitOf(a)
		if derr != nil {
			return derr
		}
		for k := range a.r.PostForm {
			d.Typed[k] = v(k)
		}
		return s.showWith(a, http.StatusUnprocessableEntity, "hit", "hit_page", d, err.Error())
	}
	return back(a, a.home)
}

// hitAct asks whether something may be done to the person now.
func (s *Server) hitAct(a *ask) error {
	id, v := a.r.PathValue("id"), a.r.PostFormValue
	a.home = "/hits/" + id
	d, err := s.hitOf(a)
	if err != nil {
		return err
	}
	act, w := handling.Act(v("act")), a.who()
	w.Danger, w.Reason = v("danger") != "", strings.TrimSpace(v("reason"))
	if !slices.Contains(d.Acts, act) {
		return back(a, a.home)
	}
	if err := s.n.Act(a.r.Context(), w, id, act); err != nil {
		d.Typed = a.typed()
		return s.showWith(a, http.StatusOK, "hit", "hit_page", d, err.Error())
	}
	d.Says = string(act)
	return s.show(a, http.StatusOK, "hit", "hit_page", d)
}

// keepRecord keeps a record of this node longer, or a copy from being destroyed by a recall.
func (s *Server) keepRecord(a *ask) error {
	kind, id, v := a.r.PathValue("kind"), a.r.PathValue("id"), a.r.PostFormValue
	a.home = pageOf(kind, id)
	w := a.who()
	w.Reason = strings.TrimSpace(v("reason"))
	if v("do") == "hold" {
		if err := s.n.Hold(a.r.Context(), w, kind, id); err != nil {
			return err
		}
		return back(a, a.home)
	}
	until, err := time.Parse(time.DateOnly, v("until"))
	if err != nil {
		return errDay
	}
	if err := s.n.Extend(a.r.Context(), w, kind, id, until); err != nil {
		return err
	}
	return back(a, a.home)
}

type recordData struct {
	Item *store.Item
	Told []line
}

// pageOf is where a record of a kind has a page of its own.
func pageOf(kind, id string) string {
	switch kind {
	case "case":
		return "/cases/" + id
	case "request":
		return "/notices/" + id
	case "review":
		return "/review/" + id
	case "notice":
		return "/in-force/" + id
	case "message", "diffusion":
		return "/exchange/letters/" + kind + "/" + id
	case "stop":
		return "/stops/" + id
	case "hit":
		return "/hits/" + id
	case "operation":
		return "/operations/" + id
	case "group":
		return "/groups/" + id
	case "private":
		return "/private/" + id
	case "subject":
		return "/subjects/" + id
	case "opening", "vault":
		return "/vault"
	}
	return "/records/" + kind + "/" + id
}

// record shows any record that has no page of its own.
func (s *Server) record(a *ask) error {
	kind, id := a.r.PathValue("kind"), a.r.PathValue("id")
	if to := pageOf(kind, id); !strings.HasPrefix(to, "/records/") {
		return back(a, to)
	}
	it, err := s.n.Open(a.r.Context(), a.who(), kind, id)
	if err != nil {
		return err
	}
	return s.show(a, http.StatusOK, "record", "record", &recordData{it, s.view(a).Lines(it.Body)})
}

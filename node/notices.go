package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"tarir/audit"
	"tarir/exchange/envelope"
	"tarir/exchange/register"
	"tarir/handling"
	"tarir/notice"
	"tarir/store"
)

// The kinds of records about notices: a member's own request, the same at the secretariat, and what all others get.
const (
	kindRequest = "request"
	kindReview  = "review"
	kindNotice  = "notice"
)

// requestBody is a request as it is kept: the record, and the attachments with the keys that open them.
type requestBody struct {
	Record      *notice.Record        `json:"record"`
	Attachments []envelope.Attachment `json:"attachments,omitempty"`
}

func (n *Node) requestItem(kind string, b *requestBody) *store.Item {
	r := b.Record
	ends := r.Form.Until
	if r.State == notice.Draft || ends.IsZero() {
		ends = n.now().AddDate(1, 0, 0) // a draft that nobody touches for a year
	}
	l := r.Form.Label(r.Steps[0].At)
	l.Until = ends
	it := &store.Item{
		Kind: kind, ID: r.ID, Owner: r.Owner, State: string(r.State), Number: r.Number, Recorded: r.Steps[0].At, Changed: n.now(), Ends: ends,
		Label: mustJSON(l), Body: mustJSON(b),
	}
	switch r.State {
	case notice.Returned:
		it.Due = r.Since.Add(notice.ReturnedFor)
	case notice.Published, notice.Suspended:
		it.Due = r.Until
	}
	return it
}

// getRequest reads a request of this node, own or under review.
func getRequest(tx *store.Tx, id string) (*store.Item, *requestBody, error) {
	it, err := tx.Get(kindRequest, id)
	if errors.Is(err, store.ErrNone) {
		it, err = tx.Get(kindReview, id)
	}
	if errors.Is(err, store.ErrNone) {
		return nil, nil, fmt.Errorf("%w: no request %s here", store.ErrNone, id)
	}
	if err != nil {
		return nil, nil, err
	}
	b, err := body[requestBody](it)
	return it, b, err
}

// Draft makes a draft of a notice. Attachments are files on this machine.
func (n *Node) Draft(ctx context.Context, w Who, f notice.Form, files []File) (*notice.Record, error) {
	if err := n.allow(w, "draft"); err != nil {
		return nil, err
	}
	if _, err := notice.ParseColour(string(f.Colour)); err != nil {
		return nil, err
	}
	id, err := newID()
	if err != nil {
		return nil, err
	}
	b := &requestBody{}
	for _, file := range files {
		a, err := n.attachFile(file)
		if err != nil {
			return nil, err
		}
		if err := measurePhoto(&f.Person, a.Name, file.Path); err != nil {
			return nil, err
		}
		b.Attachments = append(b.Attachments, *a)
		f.Attachments = append(f.Attachments, notice.Reference{Name: a.Name, Type: a.Type, Size: a.Size, SHA256: a.SHA256})
	}
	b.Record = notice.New(id, f, n.config.Member, w.Person, n.now())
	if err := n.record(w, audit.Change, kindRequest, id, "", "draft"); err != nil {
		return nil, err
	}
	return b.Record, n.store.Write(ctx, func(tx *store.Tx) error { return tx.Put(n.requestItem(kindRequest, b)) })
}

// Edit changes a draft, or a request that was returned.
func (n *Node) Edit(ctx context.Context, w Who, id string, f notice.Form) (*notice.Record, error) {
	if err := n.allow(w, "draft"); err != nil {
		return nil, err
	}
	if err := n.record(w, audit.Change, kindRequest, id, "", "edit"); err != nil {
		return nil, err
	}
	var out *notice.Record
	return out, n.store.Write(ctx, func(tx *store.Tx) error {
		_, b, err := getRequest(tx, id)
		if err != nil {
			return err
		}
		f.Attachments = b.Record.Form.Attachments
		if err := b.Record.Edit(f, n.now()); err != nil {
			return err
		}
		out = b.Record
		return tx.Put(n.requestItem(kindRequest, b))
	})
}

// known is what the rules ask beside the form.
func (n *Node) known(tx *store.Tx, r *notice.Record, second bool) (notice.Known, error) {
	k := notice.Known{Standing: n.has(n.config.Member, register.Notice) || n.Secretariat(), SilverOn: n.config.Notices.Silver, SecondReviewer: second}
	if me, err := n.me(); err == nil {
		k.OwnerCountry = me.Country
	}
	keys := keysOf(&r.Form)
	for _, kind := range []string{kindRequest, kindReview} {
		found, err := tx.Find(kind, keys)
		if err != nil {
			return k, err
		}
		for _, m := range found {
			it, err := tx.Get(kind, m.ID)
			if err != nil {
				return k, err
			}
			k.AlreadyLive = k.AlreadyLive || m.ID != r.ID && it.Owner == r.Owner && notice.State(it.State).Live()
		}
	}
	victims, err := tx.Find(kindWatch, keys)
	if err != nil {
		return k, err
	}
	for _, m := range victims {
		it, err := tx.Get(kindWatch, m.ID)
		if err != nil {
			return k, err
		}
		k.KnownAsVictim = k.KnownAsVictim || labelOf(it) != nil && labelOf(it).Status == handling.Victim
	}
	return k, nil
}

// Check gives the rules that a request does not meet, as far as they can be told before it is sent: by somebody else than its author,
// where second says so.
func (n *Node) Check(ctx context.Context, w Who, id string, second bool) (out []notice.Result, err error) {
	if err := n.allow(w, "draft"); err != nil {
		return nil, err
	}
	err = n.store.Read(ctx, func(tx *store.Tx) error {
		_, b, err := getRequest(tx, id)
		if err != nil {
			return err
		}
		k, err := n.known(tx, b.Record, second || w.Person != b.Record.Author)
		out = n.rules.Check(&b.Record.Form, k, n.now())
		return err
	})
	return out, err
}

// Step takes a step in the life of a notice, as the member whose node this is: as its owner, or as the reviewer where it is the
// secretariat's. Reasons are those that the owner gives for warnings, by the ids of the rules.
func (n *Node) Step(ctx context.Context, w Who, id string, s notice.Step, reasons map[string]string) (*notice.Record, error) {
	right := "submit"
	if s.Side == notice.Reviewer {
		right = "review"
		if !n.Secretariat() {
			return nil, ErrSecretariat
		}
	}
	if err := n.allow(w, right); err != nil {
		return nil, err
	}
	s.Member, s.Person, s.Second, s.At = n.config.Member, w.Person, w.Second, n.now()
	if s.Reason == "" {
		s.Reason = w.Reason
	}
	if err := n.record(w, audit.Decision, kindRequest, id, "", string(s.Event), reasonsOf(s.Ground)...); err != nil {
		return nil, err
	}
	var out *notice.Record
	err := n.store.Write(ctx, func(tx *store.Tx) error {
		it, b, err := getRequest(tx, id)
		if err != nil {
			return err
		}
		out = b.Record
		if s.Event == notice.Submit || s.Event == notice.Resubmit || s.Event == notice.Amend {
			form := b.Record.Form
			if s.Form != nil {
				s.Form.Owner, s.Form.Attachments = form.Owner, form.Attachments
				form = *s.Form
			} else if s.Event == notice.Resubmit {
				s.Form = &form
			}
			checked := *b.Record
			checked.Form = form
			k, err := n.known(tx, &checked, w.Person != b.Record.Author)
			if err != nil {
				return err
			}
			s.Results = n.rules.Check(&form, k, n.now())
			for i := range s.Results {
				s.Results[i].Reason = reasons[s.Results[i].Rule]
			}
		}
		if n.Secretariat() {
			if s.Event == notice.Publish {
				if err := n.prepare(tx, b.Record, &s); err != nil {
					return err
				}
			}
			return n.applied(tx, it, b, s)
		}
		// The owner's node tries the step, and sends it to the secretariat, whose word counts.
		trial := *b.Record
		trial.Steps = slices.Clone(b.Record.Steps)
		if err := trial.Apply(s); err != nil {
			return err
		}
		say := say{
			to: []string{n.secretariat()}, kind: "notice.step", subject: "request/" + id, purpose: b.Record.Form.Purpose, legalBasis: b.Record.Form.LegalBasis,
			body: stepBody{ID: id, Step: s}, urgent: b.Record.Form.Danger.Life || b.Record.Form.Colour == notice.Orange,
		}
		if s.Event == notice.Submit {
			say.kind, say.body, say.attachments = "notice.request", requestBody{Record: &trial}, b.Attachments
		}
		if _, err := n.enqueue(tx, say); err != nil {
			return err
		}
		if s.Event == notice.Submit || s.Event == notice.Resubmit {
			b.Record = &trial // it is out of the author's hands; later steps are shown once the secretariat took them
			out = b.Record
			if err := n.findable(tx, kindRequest, id, keysOf(&trial.Form)); err != nil {
				return err
			}
			return tx.Put(n.requestItem(kindRequest, b))
		}
		return nil
	})
	return out, err
}

// stepBody is an owner's step, for the secretariat to take.
type stepBody struct {
	ID   string      `json:"id"`
	Step notice.Step `json:"step"`
}

// prepare gives a publication its number, languages, recipients and end.
func (n *Node) prepare(tx *store.Tx, r *notice.Record, s *notice.Step) error {
	year := n.now().Year()
	number, err := tx.Next("notices/" + strconv.Itoa(year))
	if err != nil {
		return err
	}
	s.Number = notice.Number(year, int(number))
	for _, l := range notice.Languages {
		if r.Form.Facts[l] != "" {
			s.Languages = append(s.Languages, l)
		}
	}
	if s.Until.IsZero() {
		s.Until = r.Form.Until
	}
	s.Recipients = n.recipients(r, s.Second)
	if len(s.Recipients) == 0 {
		return fmt.Errorf("%w: its owner's restrictions leave no member to whom it may go", notice.ErrMissing)
	}
	return nil
}

// recipients are the members to whom a notice goes: those of the kinds that it is for, with the right to receive, less those to whom
// its owner denies it.
func (n *Node) recipients(r *notice.Record, second string) []string {
	me, err := n.me()
	if err != nil {
		return nil
	}
	l := r.Form.Label(r.Steps[0].At)
	var out []string
	for _, m := range n.active() {
		if m.ID != r.Owner && (!slices.Contains(r.Form.Handling.Kinds(), m.Kind) || !slices.Contains(m.Rights, register.Receive)) {
			continue
		}
		addressed := *l
		addressed.Addressed = []string{m.ID}
		d := handling.Decide(&addressed, handling.Request{
			Act: handling.Send, By: me.Party(), To: m.Party(), Person: clockPerson, Second: second, Purpose: r.Form.Purpose, LegalBasis: r.Form.LegalBasis,
		}, n.now())
		if d.Allowed && m.ID != r.Owner {
			out = append(out, m.ID)
		}
	}
	return out
}

// applied takes a step at the secretariat, and tells owner and recipients.
func (n *Node) applied(tx *store.Tx, it *store.Item, b *requestBody, s notice.Step) error {
	r := b.Record
	if err := r.Apply(s); err != nil {
		return err
	}
	if err := tx.Put(n.requestItem(it.Kind, b)); err != nil {
		return err
	}
	if err := tx.Select(it.Kind, r.ID, keysOf(&r.Form)); err != nil {
		return err
	}
	f := &r.Form
	if _, err := n.enqueue(tx, say{
		to: []string{r.Owner}, kind: "notice.state", subject: "state/" + r.ID, purpose: f.Purpose, legalBasis: f.LegalBasis, body: r,
		urgent: f.Colour == notice.Orange || f.Danger.Life,
	}); err != nil {
		return err
	}
	if r.Published.IsZero() {
		return nil
	}
	l := f.Label(r.Published)
	l.Addressed = r.Recipients
	out := r.ForOthers()
	st := say{
		to: r.Recipients, kind: "notice", subject: "notice/" + r.ID, purpose: f.Purpose, legalBasis: f.LegalBasis, body: out, label: l, attachments: b.Attachments, holder: r.Owner,
		urgent: f.Colour == notice.Orange || f.Danger.Life,
	}
	if r.State.Over() {
		st.attachments, st.label = nil, nil // what is recalled is not sent once more
		st.body = over{ID: r.ID, Number: r.Number, State: r.State, Owner: r.Owner}
	}
	if _, err := n.enqueue(tx, st); err != nil {
		return err
	}
	// The secretariat's own records meet it too.
	return n.keepNotice(tx, out, l, b.Attachments, n.config.Member, "")
}

// over is what is told of a notice that is no more.
type over struct {
	ID     string       `json:"id"`
	Number string       `json:"number"`
	State  notice.State `json:"state"`
	Owner  string       `json:"owner"`
}

// gotRequest takes up a member's request at the secretariat.
func (n *Node) gotRequest(tx *store.Tx, st *envelope.Statement) (string, error) {
	b, err := decode[requestBody](st.Body)
	if err != nil {
		return "", err
	}
	if !n.Secretariat() {
		return "", &rejected{code: "not_secretariat", text: "requests go to the secretariat"}
	}
	r := b.Record
	if r == nil || r.ID == "" || r.Owner != st.From || r.Form.Owner != st.From || r.State != notice.Submitted || len(r.Steps) < 2 {
		return "", &rejected{code: "request", text: "the request is not the sender's, or was not submitted"}
	}
	if it, err := tx.Get(kindReview, r.ID); err == nil && (it.Owner != st.From || it.State != string(notice.Draft)) {
		return "", &rejected{code: "request", text: "there is such a request already"}
	} else if err != nil && !errors.Is(err, store.ErrNone) {
		return "", err
	}
	// Nobody's word is taken for what the rules say: they are checked again here, by the rules of the secretariat.
	k := notice.Known{Standing: true, SilverOn: n.config.Notices.Silver, SecondReviewer: true}
	if m, err := n.member(st.From); err == nil {
		k.OwnerCountry = m.Country
	}
	if got := n.rules.Check(&r.Form, k, n.now()); notice.Blocked(got) {
		return "", &rejected{code: "rules", text: got[0].Rule}
	}
	b.Attachments = st.Attachments
	if err := tx.Select(kindReview, r.ID, keysOf(&r.Form)); err != nil {
		return "", err
	}
	if err := n.addTask(tx, store.Task{ID: "review/" + r.ID + "/" + strconv.Itoa(len(r.Steps)), Kind: "review", Subject: "review/" + r.ID, Due: n.reviewBy(&r.Form)}); err != nil {
		return "", err
	}
	return store.Stored, tx.Put(n.requestItem(kindReview, b))
}

// reviewBy is when a request is to be looked at: at once where a life may be in danger.
func (n *Node) reviewBy(f *notice.Form) time.Time {
	if f.Danger.Life || f.Colour == notice.Orange {
		return n.now()
	}
	return n.now().Add(24 * time.Hour)
}

// gotStep takes an owner's step at the secretariat.
func (n *Node) gotStep(tx *store.Tx, st *envelope.Statement) (string, error) {
	b, err := decode[stepBody](st.Body)
	if err != nil {
		return "", err
	}
	it, r, err := n.reviewOf(tx, b.ID, st.From)
	if err != nil {
		return "", err
	}
	s := b.Step
	s.Side, s.Member = notice.Owner, st.From
	if s.Form != nil {
		s.Form.Attachments = r.Record.Form.Attachments
		k := notice.Known{Standing: true, SilverOn: n.config.Notices.Silver, SecondReviewer: true}
		if got := n.rules.Check(s.Form, k, n.now()); notice.Blocked(got) {
			return "", &rejected{code: "rules", text: got[0].Rule}
		}
	}
	if s.Event == notice.Submit {
		return "", &rejected{code: "request", text: "a request is sent as a whole"}
	}
	if err := n.applied(tx, it, r, s); err != nil {
		return "", missing("step", err.Error()) // the step before it may still come
	}
	if s.Event == notice.Resubmit {
		err = n.addTask(tx, store.Task{ID: "review/" + b.ID + "/" + strconv.Itoa(len(r.Record.Steps)), Kind: "review", Subject: "review/" + b.ID, Due: n.reviewBy(&r.Record.Form)})
	}
	return store.Stored, err
}

func (n *Node) reviewOf(tx *store.Tx, id, owner string) (*store.Item, *requestBody, error) {
	it, err := tx.Get(kindReview, id)
	if errors.Is(err, store.ErrNone) {
		return nil, nil, missing("request", "there is no such request here")
	}
	if err == nil && it.Owner != owner {
		return nil, nil, &rejected{code: "request", text: "there is no such request of the sender"}
	}
	if err != nil {
		return nil, nil, err
	}
	b, err := body[requestBody](it)
	return it, b, err
}

// gotState takes up, at the owner's, what the secretariat says of a request.
func (n *Node) gotState(tx *store.Tx, st *envelope.Statement) (string, error) {
	r, err := decode[notice.Record](st.Body)
	if err != nil {
		return "", err
	}
	it, err := tx.Get(kindRequest, r.ID)
	if errors.Is(err, store.ErrNone) {
		return "", &rejected{code: "request", text: "there is no such request here"}
	}
	if err != nil {
		return "", err
	}
	b, err := body[requestBody](it)
	if err != nil {
		return "", err
	}
	if st.From != n.secretariat() || r.Owner != n.config.Member {
		return "", &rejected{code: "not_secretariat", text: "only the secretariat says this"}
	}
	if len(r.Steps) < len(b.Record.Steps) && b.Record.State != notice.Draft {
		return store.Stored, nil // an older one, that a more urgent one went before
	}
	b.Record = r
	if r.State == notice.Returned {
		if err := n.addTask(tx, store.Task{ID: "returned/" + r.ID + "/" + strconv.Itoa(len(r.Steps)), Kind: "returned", Subject: "request/" + r.ID, Due: n.now()}); err != nil {
			return "", err
		}
	} else if err := tx.DoneTasks("returned", "request/"+r.ID, n.now()); err != nil {
		return "", err
	}
	if err := n.findable(tx, kindRequest, r.ID, keysOf(&r.Form)); err != nil {
		return "", err
	}
	if err := tx.Put(n.requestItem(kindRequest, b)); err != nil {
		return "", err
	}
	// The owner's own watch-lists meet its notice as well.
	if !r.Published.IsZero() {
		l := r.Form.Label(r.Published)
		return store.Stored, n.keepNotice(tx, r.ForOthers(), l, b.Attachments, st.From, st.ID)
	}
	return store.Stored, nil
}

// noticeBody is a notice as it is kept by those who got it.
type noticeBody struct {
	Record      *notice.Record        `json:"record"`
	Attachments []envelope.Attachment `json:"attachments,omitempty"`
}

// gotNotice takes up a notice that was published, changed, or recalled.
func (n *Node) gotNotice(tx *store.Tx, st *envelope.Statement) (string, error) {
	if st.From != n.secretariat() {
		return "", &rejected{code: "not_secretariat", text: "only the secretariat publishes"}
	}
	r, err := decode[notice.Record](st.Body)
	if err != nil {
		return "", err
	}
	if r.State.Over() {
		return n.destroy(tx, st.From, kindNotice, r.ID, string(r.State))
	}
	if st.Label == nil {
		return "", &rejected{code: "label", text: "it says nothing of how it is to be handled"}
	}
	if gone, err := tx.Buried(n.grave(st.From, kindNotice, r.ID)); err != nil {
		return "", err
	} else if gone {
		return "", &rejected{code: "withdrawn", text: "it was recalled before"}
	}
	return store.Stored, n.keepNotice(tx, r, st.Label, st.Attachments, st.From, st.ID)
}

// keepNotice keeps a notice, and looks at once whether anything here meets it.
func (n *Node) keepNotice(tx *store.Tx, r *notice.Record, l *handling.Label, attachments []envelope.Attachment, from, statement string) error {
	if r.State.Over() {
		_, err := n.destroy(tx, from, kindNotice, r.ID, string(r.State))
		return err
	}
	// An urgent change may come before what it changes: the older one is of no interest then.
	if old, err := tx.Get(kindNotice, r.ID); err == nil {
		if b, err := body[noticeBody](old); err == nil && len(b.Record.Steps) > len(r.Steps) {
			return nil
		}
	}
	it := &store.Item{
		Kind: kindNotice, ID: r.ID, Owner: r.Owner, State: string(r.State), Number: r.Number, Recorded: r.Published, Changed: n.now(), Ends: r.Until, Source: from,
		Statement: statement, Label: mustJSON(l), Body: mustJSON(noticeBody{r, attachments}),
	}
	if from == n.config.Member {
		it.Source = ""
	}
	if err := tx.Put(it); err != nil {
		return err
	}
	keys := keysOf(&r.Form)
	if r.State != notice.Published {
		keys = nil // nothing meets a notice that is suspended
	}
	if err := n.findable(tx, kindNotice, r.ID, keys); err != nil {
		return err
	}
	found, err := tx.Find(kindWatch, keys)
	if err != nil {
		return err
	}
	_, err = n.meet(tx, it, r, found)
	return err
}

// Requests lists the requests of this node: its own, and at the secretariat those under review.
func (n *Node) Requests(ctx context.Context, w Who) (out []*notice.Record, err error) {
	if err := n.allow(w, "draft"); err != nil {
		return nil, err
	}
	err = n.store.Read(ctx, func(tx *store.Tx) error {
		for _, kind := range []string{kindRequest, kindReview} {
			items, err := tx.Items(store.Query{Kind: kind})
			if err != nil {
				return err
			}
			for _, it := range items {
				b, err := body[requestBody](it)
				if err != nil {
					return err
				}
				out = append(out, b.Record)
			}
		}
		return nil
	})
	return out, err
}

// Request gives one of them.
func (n *Node) Request(ctx context.Context, w Who, id string) (out *notice.Record, err error) {
	if err := n.allow(w, "draft"); err != nil {
		return nil, err
	}
	if err := n.record(w, audit.Access, kindRequest, id, "", "allowed"); err != nil {
		return nil, err
	}
	err = n.store.Read(ctx, func(tx *store.Tx) error {
		_, b, err := getRequest(tx, id)
		if err == nil {
			out = b.Record
		}
		return err
	})
	return out, err
}

// CheckForm gives the rules that a request would not meet with a form that is still being written; nothing is kept.
func (n *Node) CheckForm(ctx context.Context, w Who, id string, f notice.Form) (out []notice.Result, err error) {
	if err := n.allow(w, "draft"); err != nil {
		return nil, err
	}
	err = n.store.Read(ctx, func(tx *store.Tx) error {
		_, b, err := getRequest(tx, id)
		if err != nil {
			return err
		}
		f.Owner, f.Colour, f.Attachments = b.Record.Form.Owner, b.Record.Form.Colour, b.Record.Form.Attachments
		written := *b.Record
		written.Form = f
		k, err := n.known(tx, &written, true)
		out = n.rules.Check(&f, k, n.now())
		return err
	})
	return out, err
}

// AttachToRequest adds files of this machine to a draft, or to a request that was returned: photographs are measured.
func (n *Node) AttachToRequest(ctx context.Context, w Who, id string, files []File) (*notice.Record, error) {
	if err := n.allow(w, "draft"); err != nil {
		return nil, err
	}
	if err := n.record(w, audit.Change, kindRequest, id, "", "attach"); err != nil {
		return nil, err
	}
	var attached []envelope.Attachment
	for _, file := range files {
		a, err := n.attachFile(file)
		if err != nil {
			return nil, err
		}
		attached = append(attached, *a)
	}
	var out *notice.Record
	err := n.store.Write(ctx, func(tx *store.Tx) error {
		_, b, err := getRequest(tx, id)
		if err != nil {
			return err
		}
		f := b.Record.Form
		f.Attachments = slices.Clone(f.Attachments)
		for i := range attached {
			a := &attached[i]
			if err := measurePhoto(&f.Person, a.Name, files[i].Path); err != nil {
				return err
			}
			b.Attachments = append(b.Attachments, *a)
			f.Attachments = append(f.Attachments, notice.Reference{Name: a.Name, Type: a.Type, Size: a.Size, SHA256: a.SHA256})
		}
		if err := b.Record.Edit(f, n.now()); err != nil {
			return err
		}
		out = b.Record
		return tx.Put(n.requestItem(kindRequest, b))
	})
	return out, err
}

package node

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tarir/audit"
	"tarir/casework"
	"tarir/exchange/envelope"
	"tarir/exchange/register"
	"tarir/exchange/relay"
	"tarir/handling"
	"tarir/notice"
	"tarir/store"
	"tarir/vault"
)

// The kinds of letters: a diffusion is an alert to members that its sender chooses, recorded at the secretariat at the same moment; a
// message is for its recipients alone.
const (
	kindDiffusion = "diffusion"
	kindMessage   = "message"
)

// Letter is a diffusion or a message.
type Letter struct {
	ID          string                `json:"id"`
	From        string                `json:"from"`
	To          []string              `json:"to,omitempty"`
	Subject     string                `json:"subject"`
	Text        notice.Texts          `json:"text"`
	Answers     string                `json:"answers,omitempty"` // the letter that it answers
	Form        *notice.Form          `json:"form,omitempty"`    // of a diffusion
	At          time.Time             `json:"at"`
	Attachments []envelope.Attachment `json:"attachments,omitempty"`
}

// File is a file to attach.
type File struct {
	Path string `json:"path"`
	Name string `json:"name,omitempty"`
	Type string `json:"type,omitempty"`
}

// NewLetter is what somebody wants to send.
type NewLetter struct {
	id      string                              // of a letter that must not go out twice; empty: a new one
	also    func(tx *store.Tx, id string) error // what is written with it or not at all
	Kind    string                              `json:"kind"` // message or diffusion
	To      []string                            `json:"to"`
	Subject string                              `json:"subject"`
	Text    notice.Texts                        `json:"text"`
	Answers string                              `json:"answers,omitempty"`
	Form    *notice.Form                        `json:"form,omitempty"`
	Label   *handling.Label                     `json:"label,omitempty"` // what the sender restricts; the rest is filled in
	Files   []File                              `json:"files,omitempty"`
	Urgent  bool                                `json:"urgent,omitempty"`
}

// Send sends a diffusion or a message. To whomever the rules of handling deny it, nothing is sent to anybody, and all reasons are told.
func (n *Node) Send(ctx context.Context, w Who, l NewLetter) (*Letter, error) {
	if err := n.allow(w, "message"); err != nil {
		return nil, err
	}
	if l.Kind != kindDiffusion && l.Kind != kindMessage {
		return nil, fmt.Errorf("%w: it is a message or a diffusion", ErrNotAllowed)
	}
	if len(l.To) == 0 || strings.TrimSpace(l.Text.In("en")) == "" {
		return nil, errors.New("say to whom it goes, and what")
	}
	id, err := newID()
	if err != nil {
		return nil, err
	}
	if l.id != "" {
		id = l.id
	}
	now := n.now()
	label := &handling.Label{Until: now.AddDate(0, 0, n.config.Keep.Messages), Europol: []string{handling.H2}}
	if l.Label != nil {
		c := *l.Label
		label = &c
		if label.Until.IsZero() {
			label.Until = now.AddDate(0, 0, n.config.Keep.Messages)
		}
	}
	label.Owners, label.Recorded, label.Addressed = []string{n.config.Member}, now, slices.Sorted(slices.Values(l.To))
	if label.Purpose == "" {
		label.Purpose = w.Purpose
	}
	out := &Letter{ID: id, From: n.config.Member, To: l.To, Subject: l.Subject, Text: l.Text, Answers: l.Answers, Form: l.Form, At: now}
	to := slices.Clone(l.To)
	if l.Kind == kindDiffusion {
		if l.Form == nil {
			return nil, errors.New("a diffusion has the form of a notice: give it")
		}
		if l.Form.Colour == notice.Silver {
			return nil, fmt.Errorf("%w: the secretariat reviews a silver diffusion before it goes out: ask for a silver notice, with its audience", ErrNotAllowed)
		}
		out.Form.Owner = n.config.Member
		if results := n.CheckDiffusion(*out.Form); notice.Blocked(results) {
			i := slices.IndexFunc(results, func(r notice.Result) bool { return r.Severity == notice.Block })
			return nil, fmt.Errorf("%w: %s: %s", notice.ErrBlocked, results[i].Rule, results[i].Text.In("en"))
		}
		if gs := n.secretariat(); !slices.Contains(to, gs) && gs != n.config.Member {
			to = append(to, gs)
			label.Addressed = slices.Sorted(slices.Values(to))
		}
	}
	if err := label.Check(); err != nil {
		return nil, err
	}
	members := make([]*register.Member, len(to))
	for i, id := range to {
		if members[i], err = n.member(id); err != nil || !members[i].In() {
			return nil, fmt.Errorf("%s is no member in good standing: tarir member list shows who is", id)
		}
	}
	if err := n.decideSending(w, label, members, l.Kind, out.ID); err != nil {
		return nil, err
	}
	for _, f := range l.Files {
		a, err := n.attachFile(f)
		if err != nil {
			return nil, err
		}
		out.Attachments = append(out.Attachments, *a)
	}
	if err := n.record(w, audit.Send, l.Kind, id, strings.Join(to, " "), "queued"); err != nil {
		return nil, err
	}
	err = n.store.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Get(l.Kind, id); err == nil {
			return nil // it went out before a crash
		} else if !errors.Is(err, store.ErrNone) {
			return err
		}
		st, err := n.enqueue(tx, say{
			to: to, kind: l.Kind, subject: l.Kind + "/" + id, purpose: label.Purpose, legalBasis: w.LegalBasis, label: label, body: stripped(out), attachments: out.Attachments,
			urgent: l.Urgent || out.Form != nil && (out.Form.Colour == notice.Orange || out.Form.Danger.Life),
		})
		if err != nil {
			return err
		}
		err = tx.Put(&store.Item{
			Kind: l.Kind, ID: id, Owner: n.config.Member, State: "sent", Recorded: now, Changed: now, Ends: label.Until, Statement: st, Label: mustJSON(label), Body: mustJSON(out),
		})
		if err != nil || l.also == nil {
			return err
		}
		return l.also(tx, id)
	})
	return out, err
}

// CheckDiffusion gives the rules that a diffusion with this form would not meet. Nothing is kept, and nothing goes out.
func (n *Node) CheckDiffusion(f notice.Form) []notice.Result {
	f.Owner = n.config.Member
	return n.rules.Check(&f, notice.Known{Standing: true, SilverOn: n.config.Notices.Silver, SecondReviewer: true}, n.now())
}

// stripped is a letter without its attachments, which travel beside it, and without its recipients, whom its statement names.
func stripped(l *Letter) Letter {
	c := *l
	c.Attachments, c.To = nil, nil
	return c
}

// gotLetter takes up a diffusion or a message.
func (n *Node) gotLetter(tx *store.Tx, st *envelope.Statement) (string, error) {
	l, err := decode[Letter](st.Body)
	if err != nil {
		return "", err
	}
	if st.Label == nil || !slices.Equal(st.Label.Owners, []string{st.From}) || l.From != st.From || l.ID == "" {
		return "", &rejected{code: "label", text: "it says nothing of how it is to be handled, or is not its sender's"}
	}
	if gone, err := tx.Buried(n.grave(st.From, st.Type, l.ID)); err != nil {
		return "", err
	} else if gone {
		return "", &rejected{code: "withdrawn", text: "it was recalled before"}
	}
	if it, err := tx.Get(st.Type, l.ID); err == nil && it.Source != st.From {
		return "", &rejected{code: "request", text: "there is such a letter of another"}
	}
	l.Attachments, l.To = st.Attachments, st.To
	it := &store.Item{
		Kind: st.Type, ID: l.ID, Owner: st.From, State: "received", Recorded: st.Sent, Changed: n.now(), Ends: st.Label.Until, Source: st.From, Statement: st.ID,
		Label: mustJSON(st.Label), Body: mustJSON(l),
	}
	if err := tx.Put(it); err != nil {
		return "", err
	}
	if st.Type == kindDiffusion && l.Form != nil {
		keys := keysOf(l.Form)
		if err := n.findable(tx, st.Type, l.ID, keys); err != nil {
			return "", err
		}
		found, err := tx.Find(kindWatch, keys)
		if err != nil {
			return "", err
		}
		r := notice.Record{ID: l.ID, Owner: st.From, Form: *l.Form, State: notice.Published}
		if _, err := n.meet(tx, it, &r, found); err != nil {
			return "", err
		}
	}
	if l.Answers != "" {
		if err := n.answerRequest(tx, kindMessage+"/"+l.Answers, st.From, st.Sent, "", &casework.Ref{Kind: st.Type, ID: l.ID}); err != nil {
			return "", err
		}
	}
	return store.Stored, n.addTask(tx, store.Task{ID: "read/" + st.Type + "/" + l.ID, Kind: "read", Subject: st.Type + "/" + l.ID, Due: n.now()})
}

// open reads a record for a person, by the rules of handling.
func (n *Node) open(ctx context.Context, w Who, kind, id string) (*store.Item, error) {
	if err := n.allow(w, "read"); err != nil {
		return nil, err
	}
	switch kind {
	case kindCase:
		return nil, errors.New("a case is opened by those who have a seat in it: tarir case show")
	case kindCard:
		return nil, errors.New("who is in the vault is asked for there: tarir vault card")
	}
	var it *store.Item
	var last time.Time
	err := n.store.Read(ctx, func(tx *store.Tx) (err error) {
		if it, err = tx.Get(kind, id); err != nil {
			return err
		}
		last, err = lastContact(tx, it.Source)
		return err
	})
	if err != nil {
		return nil, err
	}
	l := labelOf(it)
	if l != nil && it.Source != "" {
		l.Lease = last.Add(handling.LeaseTime)
	}
	if err := n.decide(w, handling.Open, l, nil, false, kind, id); err != nil {
		return nil, err
	}
	return it, nil
}

// Open reads a record: a notice, a letter, a hit, a stop-payment, one of the own records.
func (n *Node) Open(ctx context.Context, w Who, kind, id string) (*store.Item, error) {
	it, err := n.open(ctx, w, kind, id)
	if err == nil && (kind == kindMessage || kind == kindDiffusion) {
		err = n.store.Write(ctx, func(tx *store.Tx) error { return tx.DoneTasks("read", kind+"/"+id, n.now()) })
	}
	return it, err
}

// Listed is a record in a list: what it is and how it is called, not what it says.
type Listed struct {
	Kind    string    `json:"kind"`
	ID      string    `json:"id"`
	Owner   string    `json:"owner"`
	State   string    `json:"state"`
	Number  string    `json:"number,omitempty"`
	Colour  string    `json:"colour,omitempty"`
	Title   string    `json:"title,omitempty"` // of an operation; of a request or a review the owner's reference of the case. Neither is to name anybody
	Changed time.Time `json:"changed"`
	Ends    time.Time `json:"ends,omitzero"`
}

// shown says whether the rules of handling let a person know of a record, in a list or as what a search found.
func (n *Node) shown(tx *store.Tx, w Who, it *store.Item) (bool, error) {
	me, err := n.me()
	if err != nil {
		return false, err
	}
	l := labelOf(it)
	if l == nil || l.Recorded.IsZero() { // what the node keeps for itself: sessions, calls, jobs
		return false, nil
	}
	if it.Kind == kindCase {
		c, err := body[casework.Case](it)
		return err == nil && c.May(w.Person, casework.CaseRead) == nil, nil
	}
	if it.Kind == kindCard {
		c, err := body[vault.Card](it)
		return err == nil && slices.Contains(n.config.Vault.People, w.Person) && n.keeps(w.Person, c.Keepers), nil
	}
	if it.Source != "" {
		last, err := lastContact(tx, it.Source)
		if err != nil {
			return false, err
		}
		l.Lease = last.Add(handling.LeaseTime)
	}
	// That there is a record may be known without a purpose; what it says is opened for one.
	if w.Purpose == "" {
		w.Purpose = l.Purpose
	}
	r := handling.Request{Act: handling.Open, By: me.Party(), Person: w.Person, Second: w.Second, Purpose: w.Purpose, LegalBasis: cmp.Or(w.LegalBasis, "list"), Reason: cmp.Or(w.Reason, "list")}
	if p := n.config.person(w.Person); p != nil {
		r.Groups = p.Groups
	}
	for _, why := range handling.Decide(l, r, n.now()).Reasons {
		switch why.Code {
		case "denied", "denied_purpose", "label", "tlp", "named":
			return false, nil
		}
	}
	return true, nil
}

// List gives the records of a kind that a person may know of.
func (n *Node) List(ctx context.Context, w Who, kind string, limit int) (out []Listed, err error) {
	if err := n.allow(w, "read"); err != nil {
		return nil, err
	}
	if err := n.record(w, audit.Query, kind, "", "", "list"); err != nil {
		return nil, err
	}
	err = n.store.Read(ctx, func(tx *store.Tx) error {
		items, err := tx.Items(store.Query{Kind: kind, Limit: limit})
		for _, it := range items {
			if shown, err := n.shown(tx, w, it); err != nil {
				return err
			} else if !shown {
				continue
			}
			l := Listed{Kind: it.Kind, ID: it.ID, Owner: it.Owner, State: it.State, Number: it.Number, Changed: it.Changed, Ends: it.Ends}
			switch kind {
			case kindNotice:
				if b, err := body[noticeBody](it); err == nil {
					l.Colour = string(b.Record.Form.Colour)
				}
			case kindRequest, kindReview:
				if b, err := body[requestBody](it); err == nil {
					l.Colour, l.Title = string(b.Record.Form.Colour), b.Record.Form.Case
				}
			case kindOperation:
				if o, err := body[operationBody](it); err == nil {
					l.Title = o.Title
				}
			}
			out = append(out, l)
		}
		return err
	})
	return out, err
}

// recallBody asks those who have a copy to destroy it.
type recallBody struct {
	Kind   string `json:"kind"`
	ID     string `json:"id"`
	Reason string `json:"reason"`
}

// Recall withdraws a letter of this member: every node destroys its copy, or marks it where it must keep it, and says which. A notice
// is recalled by withdrawing it.
func (n *Node) Recall(ctx context.Context, w Who, kind, id string) error {
	if err := n.allow(w, "recall"); err != nil {
		return err
	}
	if strings.TrimSpace(w.Reason) == "" {
		return errors.New("say why it is recalled")
	}
	if kind != kindMessage && kind != kindDiffusion {
		return fmt.Errorf("%w: letters are recalled; a notice is withdrawn", ErrNotAllowed)
	}
	if err := n.record(w, audit.Recall, kind, id, "", "recalled"); err != nil {
		return err
	}
	return n.store.Write(ctx, func(tx *store.Tx) error {
		it, err := tx.Get(kind, id)
		if err != nil {
			return err
		}
		if it.Source != "" {
			return fmt.Errorf("%w: it is %s's, who alone can recall it", ErrNotAllowed, it.Owner)
		}
		return n.recall(tx, it, w.Reason)
	})
}

// recall tells all who got a letter, and keeps of it here that it was recalled.
func (n *Node) recall(tx *store.Tx, it *store.Item, reason string) error {
	l, err := body[Letter](it)
	if err != nil {
		return err
	}
	deliveries, err := tx.Deliveries(it.Kind + "/" + it.ID)
	if err != nil {
		return err
	}
	to := []string{}
	for _, d := range deliveries {
		if d.Statement == it.Statement && d.State != store.Refused {
			to = append(to, d.Recipient)
		}
	}
	if _, err := n.enqueue(tx, say{to: to, kind: "recall", subject: "recall/" + it.Kind + "/" + it.ID, body: recallBody{it.Kind, it.ID, reason}, urgent: true}); err != nil {
		return err
	}
	label := labelOf(it)
	label.Withdrawn = true
	it.State, it.Changed, it.Label = "recalled", n.now(), mustJSON(label)
	it.Body = mustJSON(Letter{ID: l.ID, From: l.From, To: l.To, At: l.At}) // what it said is gone here too
	return tx.Put(it)
}

// gotRecall destroys the copy of what its owner recalls.
func (n *Node) gotRecall(tx *store.Tx, st *envelope.Statement) (string, error) {
	b, err := decode[recallBody](st.Body)
	if err != nil {
		return "", err
	}
	if b.Kind != kindMessage && b.Kind != kindDiffusion {
		return "", &rejected{code: "request", text: "letters are recalled"}
	}
	it, err := tx.Get(b.Kind, b.ID)
	if err == nil && it.Source != st.From {
		return "", &rejected{code: "not_owner", text: "only its owner can recall it"}
	}
	if err != nil && !errors.Is(err, store.ErrNone) {
		return "", err
	}
	return n.destroy(tx, st.From, b.Kind, b.ID, "recalled")
}

// destroy deletes a sender's copy and remembers that it did, so that a late copy is refused. What a person holds for a court is marked instead.
func (n *Node) destroy(tx *store.Tx, sender, kind, id, ground string) (string, error) {
	now := n.now()
	if err := tx.Bury(n.grave(sender, kind, id), ground, now); err != nil {
		return "", err
	}
	held, err := tx.Setting("hold/" + kind + "/" + id)
	if err != nil {
		return "", err
	}
	it, err := tx.Get(kind, id)
	if errors.Is(err, store.ErrNone) {
		return store.Absent, nil
	}
	if err != nil {
		return "", err
	}
	if err := n.record(Who{Person: clockPerson}, audit.Delete, kind, id, it.Source, ground); err != nil {
		return "", err
	}
	if held != "" {
		label := labelOf(it)
		if label == nil {
			label = &handling.Label{}
		}
		label.Withdrawn = true
		it.State, it.Changed, it.Label = ground, now, mustJSON(label)
		if err := errors.Join(n.findable(tx, kind, id, nil), n.dropLeads(tx, kind, id)); err != nil {
			return "", err
		}
		return store.Marked, tx.Put(it)
	}
	switch kind {
	case kindCase:
		var c *casework.Case
		if c, err = body[casework.Case](it); err == nil {
			err = n.dropEntries(tx, c.Num)
		}
	case kindOperation:
		var o *operationBody
		if o, err = body[operationBody](it); err == nil {
			err = n.dropEntries(tx, o.Num)
		}
	case kindCard:
		if v, e := vault.Open(n.vaultDir()); e == nil {
			if err = v.Erase(id); errors.Is(err, vault.ErrNone) {
				err = nil
			}
		}
	}
	if err != nil {
		return "", err
	}
	if _, err := tx.Delete(kind, id); err != nil {
		return "", err
	}
	if err := errors.Join(n.reindex(tx, kind, id), n.dropLeads(tx, kind, id)); err != nil {
		return "", err
	}
	for _, k := range []string{"read", "hit", "review"} {
		if err := tx.DoneTasks(k, kind+"/"+id, now); err != nil {
			return "", err
		}
	}
	if l, err := body[attached](it); err == nil {
		for _, a := range l.Attachments {
			for _, of := range []string{"", openCopy, publicCopy} {
				_ = os.Remove(n.attachmentPath(a.SHA256 + of)) // if it is here at all
			}
		}
	}
	return store.Destroyed, nil
}

// Hold keeps a copy from being destroyed by a recall: it is marked as recalled instead, and is not shown any more.
func (n *Node) Hold(ctx context.Context, w Who, kind, id string) error {
	if err := n.allow(w, "recall"); err != nil {
		return err
	}
	if strings.TrimSpace(w.Reason) == "" {
		return errors.New("say why it must be kept")
	}
	if err := n.record(w, audit.Decision, kind, id, "", "hold"); err != nil {
		return err
	}
	return n.store.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Get(kind, id); err != nil {
			return err
		}
		return tx.Set("hold/"+kind+"/"+id, w.Reason)
	})
}

// attach seals bytes as an attachment, to be put on the relay before the statement that names it.
func (n *Node) attach(name, mediaType string, b []byte) (*envelope.Attachment, error) {
	return n.attachFrom(bytes.NewReader(b), name, mediaType)
}

func (n *Node) attachFile(f File) (*envelope.Attachment, error) {
	src, err := os.Open(f.Path)
	if err != nil {
		return nil, fmt.Errorf("attach: %w", err)
	}
	defer src.Close()
	name := f.Name
	if name == "" {
		name = filepath.Base(f.Path)
	}
	if f.Type == "" {
		f.Type = mime.TypeByExtension(filepath.Ext(name))
	}
	return n.attachFrom(src, name, f.Type)
}

// attachFrom seals what it reads into a file whose name is known when all of it was read.
func (n *Node) attachFrom(src io.Reader, name, mediaType string) (a *envelope.Attachment, err error) {
	err = n.into(func() string { return n.attachmentPath(a.SHA256) }, func(w io.Writer) (err error) {
		a, err = envelope.SealAttachment(w, src, name, mediaType)
		return err
	})
	return a, err
}

// fetch brings an attachment of a member from the relay and opens it.
func (n *Node) fetch(ctx context.Context, from string, a *envelope.Attachment) (string, error) {
	open := n.attachmentPath(a.SHA256 + openCopy)
	if _, err := os.Stat(open); err == nil {
		return open, nil
	}
	sealedPath := n.attachmentPath(a.SHA256)
	if _, err := os.Stat(sealedPath); err != nil {
		n.mu.Lock()
		client := n.client
		n.mu.Unlock()
		if client == nil {
			return "", errors.New("the attachment is not here, and there is no line to the exchange: try again when there is")
		}
		if err := n.bring(ctx, client, from, a.SHA256); err != nil {
			return "", err
		}
	}
	return open, n.into(func() string { return open }, func(w io.Writer) error {
		src, err := os.Open(sealedPath)
		if err != nil {
			return err
		}
		defer src.Close()
		return a.Open(w, src)
	})
}

// bring brings a sealed attachment from the relay.
func (n *Node) bring(ctx context.Context, client *relay.Client, from, want string) error {
	return n.into(func() string { return n.attachmentPath(want) }, func(w io.Writer) error {
		sum := sha256.New()
		if err := client.Get(ctx, from, want, io.MultiWriter(w, sum)); err != nil {
			return err
		}
		if hex.EncodeToString(sum.Sum(nil)) != want {
			return envelope.ErrAttachment
		}
		return nil
	})
}

// into writes an attachment, which gets its name only when all of it is on disk.
func (n *Node) into(path func() string, fn func(io.Writer) error) error {
	dir := filepath.Join(n.dir, "attachments")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("write an attachment: %w", err)
	}
	tmp, err := os.CreateTemp(dir, "new-*")
	if err != nil {
		return fmt.Errorf("write an attachment: %w", err)
	}
	defer os.Remove(tmp.Name()) // unless it was renamed
	err = fn(tmp)
	if err == nil {
		err = tmp.Sync()
	}
	if e := tmp.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path())
	}
	if err != nil {
		return fmt.Errorf("write an attachment: %w", err)
	}
	return nil
}

// attachmentText reads a small attachment.
func (n *Node) attachmentText(from string, a *envelope.Attachment) ([]byte, error) {
	if a.Size > 64<<20 {
		return nil, &rejected{code: "oversized", text: "this attachment is larger than it may be"}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	path, err := n.fetch(ctx, from, a)
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

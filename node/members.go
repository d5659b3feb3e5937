package node

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"time"

	"tarir/audit"
	"tarir/exchange/envelope"
	"tarir/exchange/keys"
	"tarir/exchange/register"
	"tarir/handling"
	"tarir/store"
)

// registerBody carries statements of the register from a number on, and the secretariat's checkpoint over all.
type registerBody struct {
	From       int64    `json:"from"`
	Statements [][]byte `json:"statements"`
	Checkpoint []byte   `json:"checkpoint"`
	Answers    string   `json:"answers,omitempty"` // the question
}

// registerAsk asks for the register from a number on, by the secretariat's key that the asker knows.
type registerAsk struct {
	From int64  `json:"from"`
	Key  string `json:"key"`
}

// askSecretariat asks for what this node's register lacks.
func (n *Node) askSecretariat(tx *store.Tx, gs string) (string, error) {
	q := registerAsk{From: n.register.Size()}
	if m, err := n.member(gs); err == nil {
		q.Key = m.Last().ID()
	}
	return n.enqueue(tx, say{to: []string{gs}, kind: "register.ask", subject: askSubject, body: q, urgent: true})
}

// ErrSecretariat says that only the secretariat does this.
var ErrSecretariat = errors.New("only the secretariat's node does this")

func (n *Node) govern(w Who) error {
	if !n.Secretariat() {
		return ErrSecretariat
	}
	return n.allow(w, "admin")
}

// Invite writes an invitation, to be brought to the new member.
func (n *Node) Invite(ctx context.Context, w Who, st register.Statement, valid time.Duration) ([]byte, error) {
	if err := n.govern(w); err != nil {
		return nil, err
	}
	nonce := make([]byte, 16)
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	public := n.ownKeys()[0].Public()
	st.Type, st.At, st.Nonce, st.Expires, st.Issuer = register.Invited, n.now(), nonce, n.now().Add(valid), &public
	if len(st.Rights) == 0 {
		st.Rights = UsualRights(st.Kind)
	}
	return n.append(ctx, w, &st)
}

// UsualRights are those that a member of a kind usually gets (our choice): the secretariat may give others.
func UsualRights(k handling.Kind) []register.Right {
	switch k {
	case handling.Bureau, handling.Unit, handling.Police, handling.International:
		return []register.Right{register.Receive, register.Message, register.Notice, register.Check, register.Stop}
	case handling.FIU:
		return []register.Right{register.Receive, register.Message, register.Notice, register.Check, register.Stop, register.Answer}
	case handling.Bank, handling.MoneyTransfer:
		return []register.Right{register.Receive, register.Message, register.Check, register.Answer}
	}
	return []register.Right{register.Receive, register.Message}
}

// append signs a statement, takes it up, and tells everybody.
func (n *Node) append(ctx context.Context, w Who, st *register.Statement) ([]byte, error) {
	if err := n.record(w, audit.Admin, "member", st.Member, "", string(st.Type)); err != nil {
		return nil, err
	}
	n.issuing.Lock()
	defer n.issuing.Unlock()
	// A clock that was set back must not keep a lost laptop in the register.
	n.register.Look(func(s *register.State) {
		if st.At.Before(s.End()) {
			st.At = s.End()
		}
	})
	entry, err := register.Sign(st, n.ownKeys()[0])
	if err != nil {
		return nil, err
	}
	if _, err := n.register.Append(entry); err != nil {
		return nil, err
	}
	return entry, n.tellMembers(ctx)
}

// toldSetting keeps how much of the register the members were told, and by which of the secretariat's keys they know it.
const toldSetting = "register/told"

type told struct {
	Size int64  `json:"size"`
	Key  string `json:"key"`
}

// tellMembers tells the relay and the members what the register has got since they were told last, also after a crash between the
// two. It is signed with the key that they know: a change of the secretariat's own keys is among what they are told.
func (n *Node) tellMembers(ctx context.Context) error {
	size := n.register.Size()
	var was told
	if err := n.store.Read(ctx, func(tx *store.Tx) (err error) { was, err = readTold(tx); return err }); err != nil || was.Size == size {
		return err
	}
	if err := n.setMembers(ctx); err != nil {
		return err
	}
	var issuer *register.Member
	n.register.Look(func(s *register.State) { issuer = s.Issuer().Clone() })
	by := n.ownKey(was.Key)
	entries, _, err := n.register.Since(ctx, was.Size, by)
	if err != nil {
		return err
	}
	fresh := map[string]*keys.Private{} // who is told all of it, by the key that it knows
	for _, e := range entries {
		st, err := register.Read(e)
		if err != nil {
			return err
		}
		m, err := n.member(st.Member)
		switch {
		case err != nil: // invited only
		case st.Type == register.Joined || st.Type == register.Replaced:
			fresh[m.ID] = n.ownKey(m.Knows)
		case st.Type == register.Resumed:
			if k := issuer.Current(m.Out[len(m.Out)-1].From); k != nil {
				fresh[m.ID] = n.ownKey(k.ID())
			}
		}
	}
	return n.store.Write(ctx, func(tx *store.Tx) error {
		for _, m := range n.active() {
			from, key := was.Size, by
			if k := fresh[m.ID]; k != nil {
				from, key = 0, k
			}
			if err := n.tellRegister(ctx, tx, m.ID, registerBody{From: from}, key); err != nil {
				return err
			}
		}
		return tx.Set(toldSetting, string(mustJSON(told{size, issuer.Last().ID()})))
	})
}

func readTold(tx *store.Tx) (t told, err error) {
	v, err := tx.Setting(toldSetting)
	if err == nil && v != "" {
		err = json.Unmarshal([]byte(v), &t)
	}
	return t, err
}

// tellRegister sends a member the register from a number on. It goes before everything else: what follows may be signed by keys that
// stand in it.
func (n *Node) tellRegister(ctx context.Context, tx *store.Tx, member string, b registerBody, by *keys.Private) (err error) {
	if b.Statements, b.Checkpoint, err = n.register.Since(ctx, b.From, n.ownKeys()[0]); err != nil {
		return err
	}
	size := 0
	for _, e := range b.Statements {
		size += len(e)*4/3 + 4
	}
	s := say{to: []string{member}, kind: registerKind, subject: "register/" + member, body: b, urgent: true, by: by}
	if size >= envelope.MaxStatement/2 {
		a, err := n.attach(registerFile, "application/json", mustJSON(s.body))
		if err != nil {
			return err
		}
		s.body, s.attachments = registerBody{From: b.From, Answers: b.Answers}, []envelope.Attachment{*a}
	}
	_, err = n.enqueue(tx, s)
	return err
}

const registerFile = "register.json"

// gotRegister takes up what the secretariat says of the register.
func (n *Node) gotRegister(tx *store.Tx, st *envelope.Statement) (string, error) {
	b, err := decode[registerBody](st.Body)
	if err != nil {
		return "", err
	}
	if issuer := n.secretariat(); issuer != "" && issuer != st.From {
		return "", &rejected{code: "not_secretariat", text: "only the secretariat keeps the register"}
	}
	if len(st.Attachments) == 1 {
		text, err := n.attachmentText(st.From, &st.Attachments[0])
		if err != nil {
			return "", err // tried again
		}
		if b, err = decode[registerBody](text); err != nil {
			return "", err
		}
	}
	if err := n.answered(tx, b.Answers); err != nil {
		return "", err
	}
	size := n.register.Size()
	switch {
	case b.From > size:
		_, err = n.askSecretariat(tx, st.From)
		return store.Stored, err
	case b.From+int64(len(b.Statements)) < size:
		_, err = n.register.Witness(b.Checkpoint) // an old one, that came again
	default:
		err = n.register.Update(b.Statements[size-b.From:], b.Checkpoint, n.sealed.Issuer)
	}
	if errors.Is(err, register.ErrTwoHistories) {
		return store.Stored, n.raise(tx, "two_histories", st.From, err)
	}
	if err != nil {
		return "", &rejected{code: "register", text: err.Error()}
	}
	n.takeNextKeys()
	return store.Stored, nil
}

func (n *Node) gotRegisterAsk(tx *store.Tx, st *envelope.Statement) (string, error) {
	q, err := decode[registerAsk](st.Body)
	if err != nil {
		return "", err
	}
	if !n.Secretariat() || q.From < 0 || q.From > n.register.Size() {
		return "", &rejected{code: "register", text: "there is nothing to tell"}
	}
	return store.Stored, n.tellRegister(noContext, tx, st.From, registerBody{From: q.From, Answers: st.ID}, n.ownKey(q.Key))
}

// alarmTask is the kind of the tasks that are alarms: as long as one is open, the node is not well.
const alarmTask = "alarm"

// raise makes an alarm that a person must see.
func (n *Node) raise(tx *store.Tx, kind, about string, err error) error {
	n.log.Error("ALARM", "kind", kind, "member", about, "error", err.Error())
	return n.addTask(tx, store.Task{ID: "alarm/" + kind + "/" + about, Kind: alarmTask, Subject: "member/" + about, Due: n.now(), Note: err.Error()})
}

// Admit takes a member in, from its answer and the code that was heard.
func (n *Node) Admit(ctx context.Context, w Who, answer []byte, code string) (*register.Statement, error) {
	if err := n.govern(w); err != nil {
		return nil, err
	}
	var st *register.Statement
	var err error
	n.register.Look(func(s *register.State) { st, err = s.Admit(answer, code, n.now()) })
	if err != nil {
		return nil, err
	}
	_, err = n.append(ctx, w, st)
	return st, err
}

// Change suspends, resumes or dismisses a member, or grants and revokes rights.
func (n *Node) Change(ctx context.Context, w Who, t register.Type, member, reason string, rights []register.Right) error {
	if err := n.govern(w); err != nil {
		return err
	}
	_, err := n.append(ctx, w, &register.Statement{Type: t, At: n.now(), Member: member, Reason: reason, Rights: rights})
	return err
}

// Members are all that ever joined.
func (n *Node) Members(_ context.Context, w Who) ([]*register.Member, error) {
	if err := n.allow(w, "read"); err != nil {
		return nil, err
	}
	var out []*register.Member
	n.register.Look(func(s *register.State) {
		for _, m := range s.Members() {
			out = append(out, m.Clone())
		}
	})
	return out, nil
}

// ContactOf is how a member is reached, as the register says; empty: it says nothing.
func (n *Node) ContactOf(member string) string {
	m, err := n.member(member)
	if err != nil {
		return ""
	}
	return m.Contact
}

package node

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"tarir/audit"
	"tarir/exchange/envelope"
	"tarir/exchange/keys"
	"tarir/exchange/register"
	"tarir/exchange/relay"
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
	return n.enqueue(tx, say{to: []string{gs}, kind: "register.ask", subject: "register/ask", body: q, urgent: true})
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
	err = n.store.Write(ctx, func(tx *store.Tx) error {
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
	n.stir()
	return err
}

func readTold(tx *store.Tx) (t told, err error) {
	v, err := tx.Setting(toldSetting)
	if err == nil && v != "" {
		err = json.Unmarshal([]byte(v), &t)
	}
	return t, err
}

// ownKey is this node's key of an id, or the one in force.
func (n *Node) ownKey(id string) *keys.Private {
	all := n.ownKeys()
	for _, k := range all {
		if public := k.Public(); public.ID() == id {
			return k
		}
	}
	return all[0]
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

// raise makes an alarm that a person must see.
func (n *Node) raise(tx *store.Tx, kind, about string, err error) error {
	n.mu.Lock()
	n.alarm = kind
	n.mu.Unlock()
	n.log.Error("ALARM", "kind", kind, "member", about, "error", err.Error())
	return tx.AddTask(store.Task{ID: "alarm/" + kind + "/" + about, Kind: "alarm", Subject: "member/" + about, Due: n.now(), Note: err.Error()})
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

// Rotate makes new keys. They are in force once the secretariat has put them into the register; until then, and for what was sealed
// before, the old ones stay. The secretariat's own are in force at once.
func (n *Node) Rotate(ctx context.Context, w Who) error {
	if err := n.allow(w, "admin"); err != nil {
		return err
	}
	if _, err := n.me(); err != nil {
		return err
	}
	if n.nextKeys() != nil {
		return fmt.Errorf("%w: a change of keys is on its way already", ErrNotAllowed)
	}
	if err := n.record(w, audit.Admin, "keys", n.config.Member, "", "rotate"); err != nil {
		return err
	}
	next, err := keys.Generate(rand.Reader)
	if err != nil {
		return err
	}
	text, err := next.MarshalText()
	if err != nil {
		return err
	}
	file, err := register.AskRotation(n.config.Member, n.ownKeys()[0], next)
	if err != nil {
		return err
	}
	// On disk before anybody else hears of them.
	n.mu.Lock()
	n.sealed.Next = string(text)
	err = n.pass.write(n.dir, n.sealed)
	n.mu.Unlock()
	if err != nil {
		return err
	}
	if n.Secretariat() {
		st, err := register.Rotate(file, n.now())
		if err != nil {
			return err
		}
		if _, err := n.append(ctx, w, st); err != nil {
			return err
		}
		n.takeNextKeys()
		return nil
	}
	err = n.store.Write(ctx, func(tx *store.Tx) error {
		_, err := n.enqueue(tx, say{to: []string{n.secretariat()}, kind: "rotation", subject: "member/" + n.config.Member, body: file})
		return err
	})
	n.stir()
	return err
}

func (n *Node) nextKeys() *keys.Private {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.sealed.Next == "" {
		return nil
	}
	k := &keys.Private{}
	if k.UnmarshalText([]byte(n.sealed.Next)) != nil {
		return nil
	}
	return k
}

// takeNextKeys puts new keys in force once the register has them.
func (n *Node) takeNextKeys() {
	next := n.nextKeys()
	if next == nil {
		return
	}
	me, err := n.me()
	if err != nil || !me.Last().Equal(next.Public()) {
		return
	}
	n.putInForce(next)
}

// putInForce makes the next keys the ones in force.
func (n *Node) putInForce(next *keys.Private) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if public := n.keys[0].Public(); public.Equal(next.Public()) {
		return // somebody else was faster
	}
	s := *n.sealed
	s.Keys, s.Next = append([]string{s.Next}, s.Keys...), ""
	if len(s.Keys) > 3 {
		s.Keys = s.Keys[:3] // what was sealed to older ones has expired long ago
	}
	if err := n.pass.write(n.dir, &s); err != nil {
		n.log.Error("the new keys are in force and could not be put in their place; it is tried again", "error", err.Error())
		return
	}
	n.sealed, n.keys = &s, append([]*keys.Private{next}, n.keys...)
	if signer, err := next.NoteSigner(n.config.Member); err == nil {
		n.audit.SignWith(signer)
	}
}

// signAgain signs with the keys in force what was signed with older ones after they had been changed, and has not left this node: it
// had been away, and did not know.
func (n *Node) signAgain(ctx context.Context) error {
	me, err := n.me()
	if err != nil || len(me.Keys) < 2 || n.Secretariat() {
		return nil // nobody to be, or nothing changed; the secretariat changes its own keys, and tells it with the old ones
	}
	own, since := n.ownKeys()[0], me.Last().From
	if public := own.Public(); !me.Last().Equal(public) {
		return nil
	}
	return n.store.Write(ctx, func(tx *store.Tx) error {
		list, err := tx.Unsent(since)
		if err != nil {
			return err
		}
		for _, o := range list {
			fresh, err := envelope.SignAgain(o.Signed, own)
			if err != nil {
				return err
			}
			if fresh == nil {
				continue // it is signed by them
			}
			if err := tx.Resign(o.ID, fresh); err != nil {
				return err
			}
		}
		return nil
	})
}

// gotRotation puts a member's new keys into the register.
func (n *Node) gotRotation(tx *store.Tx, st *envelope.Statement) (string, error) {
	file, err := decode[[]byte](st.Body)
	if err != nil {
		return "", err
	}
	if !n.Secretariat() {
		return "", &rejected{code: "not_secretariat", text: "only the secretariat keeps the register"}
	}
	change, err := register.Rotate(*file, n.now())
	if err != nil || change.Member != st.From {
		return "", &rejected{code: "rotation", text: "the change of keys is not the sender's"}
	}
	// The clock does it, after this transaction: telling the members is one of its own.
	err = tx.Put(&store.Item{Kind: "rotation", ID: st.ID, Owner: st.From, Recorded: n.now(), Changed: n.now(), Body: mustJSON(*file)})
	n.hurry()
	return store.Stored, err
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

// startRelay starts the relay of the secretariat's node.
func (n *Node) startRelay(ctx context.Context) error {
	c := n.config.Relay
	if c.Cluster != "" {
		return n.attachRelay(ctx)
	}
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("%w: relay.listen: %w", ErrConfig, err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return fmt.Errorf("%w: relay.listen: the port is a number", ErrConfig)
	}
	n.mu.Lock()
	if number == 0 {
		number = cmp.Or(n.port, -1) // any that is free, and the same again
	}
	n.mu.Unlock()
	o := relay.ServerOptions{Dir: n.path("relay"), Host: host, Port: number, Websocket: c.WS, SyncAlways: c.Sync, BoxLetters: c.Box, MaxBytes: c.Max}
	if c.Cert != "" {
		pair, err := tls.LoadX509KeyPair(n.path(c.Cert), n.path(c.Key))
		if err != nil {
			return fmt.Errorf("read the relay's certificate: %w", err)
		}
		o.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS13}
	}
	s, err := relay.Start(ctx, o, n.relayMembers())
	if err != nil {
		return err
	}
	n.mu.Lock()
	n.server, n.port = s, s.Port()
	n.mu.Unlock()
	n.log.Info("the relay is ready", "url", s.URL())
	return n.setMembers(ctx) // once more: the register may have grown since it was asked for them
}

// attachRelay makes NATS servers that run already the relay.
func (n *Node) attachRelay(ctx context.Context) error {
	c := n.config.Relay
	b, err := os.ReadFile(n.path(c.Cluster))
	if err != nil {
		return fmt.Errorf("read the keys of the relay: %w", err)
	}
	o := relay.ClusterOptions{URL: c.URL, Replicas: c.Replicas, BoxLetters: c.Box, MaxBytes: c.Max}
	if err := json.Unmarshal(b, &o.Keys); err != nil {
		return fmt.Errorf("%w: relay.cluster_keys: %s does not hold them: tarir relay config writes them", ErrConfig, c.Cluster)
	}
	if o.TLS, err = n.relayTLS(); err != nil {
		return err
	}
	s, err := relay.Attach(ctx, o, n.relayMembers())
	if err != nil {
		return err
	}
	n.mu.Lock()
	n.server = s
	n.mu.Unlock()
	n.log.Info("the relay is ready", "url", s.URL())
	return n.setMembers(ctx) // once more: the register may have grown since it was asked for them
}

// keepRelay looks whether the relay takes letters, and starts it anew where it does not: after a disk was full it would take none for
// ever. What it had acknowledged is on disk.
func (n *Node) keepRelay(ctx context.Context) error {
	for pause(ctx, max(n.every, time.Second)) {
		n.mu.Lock()
		s := n.server
		n.mu.Unlock()
		err := errNoRelay
		if s != nil {
			err = s.Check(ctx)
		}
		if err == nil || ctx.Err() != nil {
			continue
		}
		if s != nil && n.config.Relay.Cluster != "" { // its servers are others' to mend, and choose a new leader by themselves
			n.log.Error("the relay takes no letters", "error", err.Error())
			continue
		}
		n.log.Error("the relay takes no letters; it is started anew", "error", err.Error())
		n.stopRelay()
		if err := n.startRelay(ctx); err != nil {
			n.log.Error("the relay cannot be started; it is tried again", "error", err.Error())
		}
	}
	return ctx.Err()
}

var errNoRelay = errors.New("it is not running")

func (n *Node) stopRelay() {
	n.mu.Lock()
	s := n.server
	n.server = nil
	n.mu.Unlock()
	if s != nil {
		s.Stop()
	}
}

// relayMembers are who may use the relay: members in good standing, with their keys in force.
func (n *Node) relayMembers() (out []relay.Member) {
	n.register.Look(func(s *register.State) {
		for _, m := range s.Members() {
			if m.In() {
				out = append(out, relay.Member{ID: m.ID, Keys: m.Last().Public})
			}
		}
	})
	return out
}

func (n *Node) setMembers(ctx context.Context) error {
	n.mu.Lock()
	s := n.server
	n.mu.Unlock()
	if s == nil {
		return nil
	}
	var gone []string
	n.register.Look(func(s *register.State) {
		for _, m := range s.Members() {
			if m.Left {
				gone = append(gone, m.ID)
			}
		}
	})
	return s.SetMembers(ctx, n.relayMembers(), gone...)
}

// Boxes is what the administrator of the relay looks at: how many letters wait for each member, and what was refused for good.
type Boxes struct {
	Waiting map[string]int     `json:"waiting"`
	Dead    []relay.DeadLetter `json:"dead"`
}

// Boxes gives it.
func (n *Node) Boxes(ctx context.Context, w Who) (*Boxes, error) {
	if err := n.govern(w); err != nil {
		return nil, err
	}
	n.mu.Lock()
	s := n.server
	n.mu.Unlock()
	if s == nil {
		return nil, errors.New("this node does not run the relay, or is not running")
	}
	out := &Boxes{Waiting: map[string]int{}}
	var err error
	for _, m := range n.relayMembers() {
		if out.Waiting[m.ID], err = s.Waiting(ctx, m.ID); err != nil {
			return nil, err
		}
	}
	if out.Dead, err = s.Dead(ctx); err != nil {
		return nil, err
	}
	names := map[string]string{}
	n.register.Look(func(s *register.State) {
		for _, m := range s.Members() {
			names[relay.Token(m.ID)] = m.ID
		}
	})
	for i, d := range out.Dead {
		out.Dead[i].From = cmp.Or(names[d.From], d.From)
	}
	return out, nil
}

// checkpointBody carries what a member signed of its own log, and what it was shown of the register.
type checkpointBody struct {
	Audit    []byte         `json:"audit"`
	Since    int64          `json:"since,omitempty"` // from which number of entries on the growth is proven
	Growth   tlog.TreeProof `json:"growth,omitempty"`
	Register []byte         `json:"register,omitempty"`
	Answers  bool           `json:"answers,omitempty"` // a witness that asked
}

// mostGaps is how often in a row a member may be asked for the growth of its log before that is an alarm (our choice).
const mostGaps = 20

// gotCheckpoint keeps another member's checkpoint, and compares what it was shown of the register.
func (n *Node) gotCheckpoint(tx *store.Tx, st *envelope.Statement) (string, error) {
	b, err := decode[checkpointBody](st.Body)
	if err != nil {
		return "", err
	}
	m, err := n.member(st.From)
	if err != nil {
		return "", err
	}
	verifiers, err := verifiersOf(m)
	if err != nil {
		return "", err
	}
	witnessed := n.audit.Witness(st.From, verifiers, b.Audit, b.Since, b.Growth)
	gap, isGap := errors.AsType[*audit.Gap](witnessed)
	asked := "gaps/" + st.From
	gaps, err := tx.Setting(asked)
	if err != nil {
		return "", err
	}
	switch {
	case isGap && (b.Answers && b.Since == gap.Kept || len(gaps) >= mostGaps):
		// Asked for, it does not prove that it only grew.
		return store.Stored, n.raise(tx, "two_histories", st.From, audit.ErrTwoHistories)
	case isGap: // it came late, or one before it did not come
		if err := tx.Set(asked, gaps+"?"); err != nil {
			return "", err
		}
		if _, err := n.enqueue(tx, say{to: []string{st.From}, kind: "checkpoint.ask", subject: "checkpoint/ask", body: gap.Kept}); err != nil {
			return "", err
		}
	case errors.Is(witnessed, audit.ErrTwoHistories):
		return store.Stored, n.raise(tx, "two_histories", st.From, witnessed)
	case witnessed != nil:
		return "", &rejected{code: "checkpoint", text: witnessed.Error()}
	default:
		if err := tx.Unset(asked); err != nil {
			return "", err
		}
	}
	if len(b.Register) > 0 {
		if _, err := n.register.Witness(b.Register); errors.Is(err, register.ErrTwoHistories) {
			return store.Stored, n.raise(tx, "two_histories", n.secretariat(), err)
		}
	}
	return store.Stored, nil
}

// sendCheckpoints gives this node's checkpoint to its witnesses: the secretariat and the next members in order.
func (n *Node) sendCheckpoints(ctx context.Context) error {
	const witnesses = 3
	all := n.active()
	if len(all) == 0 {
		return nil
	}
	first := slices.IndexFunc(all, func(m *register.Member) bool { return m.ID > n.config.Member })
	var to []string
	if gs := n.secretariat(); gs != n.config.Member {
		to = append(to, gs)
	}
	for i := range all {
		if m := all[(max(first, 0)+i)%len(all)]; !slices.Contains(to, m.ID) && len(to) < witnesses {
			to = append(to, m.ID)
		}
	}
	msg, tree, err := n.audit.Checkpoint()
	if err != nil || tree.N == 0 {
		return err
	}
	seen, err := n.register.Seen()
	if err != nil {
		seen = nil // the secretariat's own register was shown to nobody here
	}
	return n.store.Write(ctx, func(tx *store.Tx) error {
		for _, m := range to {
			v, err := tx.Setting("witness/" + m)
			if err != nil {
				return err
			}
			b := checkpointBody{Audit: msg, Register: seen}
			if old, err := strconv.ParseInt(v, 10, 64); err == nil {
				if old == tree.N {
					continue
				}
				if b.Since = old; old < tree.N {
					if b.Growth, err = n.audit.ProveGrowth(tree.N, old); err != nil {
						return err
					}
				}
			}
			if _, err := n.enqueue(tx, say{to: []string{m}, kind: "checkpoint", subject: "checkpoint/" + m, body: b}); err != nil {
				return err
			}
			if err := tx.Set("witness/"+m, strconv.FormatInt(tree.N, 10)); err != nil {
				return err
			}
		}
		return nil
	})
}

// gotCheckpointAsk proves to a witness that this log only grew since what the witness knows.
func (n *Node) gotCheckpointAsk(tx *store.Tx, st *envelope.Statement) (string, error) {
	kept, err := decode[int64](st.Body)
	if err != nil {
		return "", err
	}
	msg, tree, err := n.audit.Checkpoint()
	if err != nil {
		return "", err
	}
	b := checkpointBody{Audit: msg, Since: *kept, Answers: true}
	if *kept > 0 && *kept < tree.N { // else there is nothing to prove, or it cannot be: this log is shorter than it was
		if b.Growth, err = n.audit.ProveGrowth(tree.N, *kept); err != nil {
			return "", err
		}
	}
	_, err = n.enqueue(tx, say{to: []string{st.From}, kind: "checkpoint", subject: "checkpoint/" + st.From, body: b})
	return store.Stored, err
}

const kindKept = "kept" // what a witness keeps of this node's log, by its id

// AskWitnesses asks those who got this node's checkpoints for the last that each keeps. Their answers come in time: Answers has them.
// Only so an auditor learns of a log that was written anew together with everything in this folder.
func (n *Node) AskWitnesses(ctx context.Context, w Who) (asked []string, err error) {
	if err := n.allow(w, "audit"); err != nil {
		return nil, err
	}
	if err := n.record(w, audit.Admin, "audit", n.config.Member, "", "ask witnesses"); err != nil {
		return nil, err
	}
	// What they do not have yet they cannot tell: an exchange that is young has not sent any.
	if err := n.sendCheckpoints(ctx); err != nil {
		return nil, err
	}
	err = n.store.Write(ctx, func(tx *store.Tx) error {
		asked = nil
		names, err := tx.Settings("witness/")
		if err != nil {
			return err
		}
		for _, name := range names {
			m := strings.TrimPrefix(name, "witness/")
			if _, err := tx.Delete(kindKept, m); err != nil {
				return err
			}
			asked = append(asked, m)
		}
		_, err = n.enqueue(tx, say{to: asked, kind: "witness.ask", subject: "witness/ask", body: struct{}{}})
		return err
	})
	n.stir()
	return asked, err
}

// Answers are the checkpoints that witnesses have answered with since they were asked, by member; one that keeps none has an empty one.
func (n *Node) Answers(ctx context.Context, w Who) (map[string][]byte, error) {
	if err := n.allow(w, "audit"); err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	err := n.store.Read(ctx, func(tx *store.Tx) error {
		items, err := tx.Items(store.Query{Kind: kindKept})
		for _, it := range items {
			b, err := body[[]byte](it)
			if err != nil {
				return err
			}
			out[it.ID] = *b
		}
		return err
	})
	return out, err
}

// gotWitnessAsk answers a member with what this node keeps of its log, and of nobody else's.
func (n *Node) gotWitnessAsk(tx *store.Tx, st *envelope.Statement) (string, error) {
	kept, err := n.audit.Witnessed(st.From)
	if err != nil {
		return "", err
	}
	_, err = n.enqueue(tx, say{to: []string{st.From}, kind: "witness.kept", subject: "witness/" + st.From, body: kept})
	return store.Stored, err
}

// gotWitnessKept notes a witness's answer.
func (n *Node) gotWitnessKept(tx *store.Tx, st *envelope.Statement) (string, error) {
	b, err := decode[[]byte](st.Body)
	if err != nil {
		return "", err
	}
	return store.Stored, tx.Put(&store.Item{Kind: kindKept, ID: st.From, Owner: st.From, Recorded: st.Sent, Changed: n.now(), Ends: n.now().AddDate(0, 1, 0), Body: mustJSON(*b)})
}

// verifiersOf are those of all keys that a member ever had, the last first.
func verifiersOf(m *register.Member) ([]note.Verifier, error) {
	var out []note.Verifier
	for _, k := range slices.Backward(m.Keys) {
		v, err := k.NoteVerifier(m.ID)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// putRotations puts the changes of keys that members asked for into the register.
func (n *Node) putRotations(ctx context.Context) error {
	var items []*store.Item
	if err := n.store.Read(ctx, func(tx *store.Tx) (err error) { items, err = tx.Items(store.Query{Kind: "rotation"}); return err }); err != nil {
		return err
	}
	for _, it := range items {
		file, err := body[[]byte](it)
		if err != nil {
			return err
		}
		change, err := register.Rotate(*file, n.now())
		if err != nil {
			return err
		}
		m, err := n.member(it.Owner)
		if err != nil {
			return err
		}
		if !m.Last().Equal(*change.Keys) { // else it was put there before a crash
			if _, err := n.append(ctx, Who{Person: clockPerson}, change); err != nil {
				n.log.Error("a change of keys was refused", "member", it.Owner, "error", err.Error())
			}
		}
		if err := n.store.Write(ctx, func(tx *store.Tx) error { _, err := tx.Delete("rotation", it.ID); return err }); err != nil {
			return err
		}
	}
	return nil
}

package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tarir/audit"
	"tarir/exchange/envelope"
	"tarir/exchange/keys"
	"tarir/exchange/register"
	"tarir/exchange/relay"
	"tarir/handling"
	"tarir/store"
)

// rejected is why a statement that was read has no effect: its sender is told the code.
type rejected struct {
	code, text string
	missing    bool                // what it is about is not here, and may yet come
	of         *envelope.Statement // where it is missing
}

func (r *rejected) Error() string { return r.code + ": " + r.text }

// effect is what statements of a kind do, and the state that their receipt tells.
type effect struct {
	right  register.Right // that the sender needs; empty: any member
	effect func(n *Node, tx *store.Tx, st *envelope.Statement) (state string, err error)
}

// effects are those of all kinds of statements.
var effects map[string]effect

func init() { // what some of them call asks for them
	effects = map[string]effect{
		receiptKind:        {"", (*Node).gotReceipt},
		pulseKind:          {"", func(*Node, *store.Tx, *envelope.Statement) (string, error) { return store.Stored, nil }},
		registerKind:       {"", (*Node).gotRegister},
		"register.ask":     {"", (*Node).gotRegisterAsk},
		"rotation":         {"", (*Node).gotRotation},
		"checkpoint":       {"", (*Node).gotCheckpoint},
		"checkpoint.ask":   {"", (*Node).gotCheckpointAsk},
		"witness.ask":      {"", (*Node).gotWitnessAsk},
		"witness.kept":     {"", (*Node).gotWitnessKept},
		"notice.request":   {register.Notice, (*Node).gotRequest},
		"notice.step":      {register.Notice, (*Node).gotStep},
		"notice.state":     {register.Publish, (*Node).gotState},
		"notice":           {register.Publish, (*Node).gotNotice},
		"notice.receipts":  {register.Publish, (*Node).gotNoticeReceipts},
		"diffusion":        {register.Message, (*Node).gotLetter},
		"message":          {register.Message, (*Node).gotLetter},
		"recall":           {"", (*Node).gotRecall},
		"hit":              {register.Receive, (*Node).gotHit},
		"hit.step":         {register.Receive, (*Node).gotHitStep},
		"hit.outcome":      {register.Receive, (*Node).gotOutcome},
		"stop":             {register.Stop, (*Node).gotStop},
		"stop.step":        {"", (*Node).gotStopStep},
		"operation":        {register.Message, (*Node).gotOperation},
		"operation.report": {"", (*Node).gotReports},
		"operation.agree":  {"", (*Node).gotAgreement},
		"group":            {register.Message, (*Node).gotGroup},
		"group.entry":      {"", (*Node).gotGroupEntry},
		"group.say":        {register.Message, (*Node).gotGroupSay},
		"group.sums":       {"", (*Node).gotSums},
		"vault.share":      {register.Message, (*Node).gotShared},
		"operation.task":   {"", (*Node).gotTasking},
		"operation.done":   {"", (*Node).gotDone},
		"operation.watch":  {register.Message, (*Node).gotWatch},
		"private.open":     {register.Check, (*Node).gotPrivateOpen},
		"private.set":      {"", (*Node).gotPrivateSet},
		"private.ask":      {register.Check, (*Node).gotPrivateRequest},
		"private.answer":   {"", (*Node).gotPrivateAnswer},
	}
}

// directory is the register as it is needed to open what came; before the first update it knows the secretariat alone, from the
// invitation.
type directory struct{ n *Node }

func (d directory) KeyAt(member, keyID string, at time.Time) (*keys.Public, error) {
	n := d.n
	if n.register.Size() == 0 && n.sealed.Issuer != nil {
		if keyID == n.sealed.Issuer.ID() {
			return n.sealed.Issuer, nil
		}
		return nil, register.ErrUnknown
	}
	return n.register.KeyAt(member, keyID, at)
}

const placeSetting = "place"

// receiveAll takes what comes, one letter after the other.
func (n *Node) receiveAll(ctx context.Context, client *relay.Client) error {
	var from relay.Cursor
	err := n.store.Read(ctx, func(tx *store.Tx) error {
		v, err := tx.Setting(placeSetting)
		if err == nil && v != "" {
			err = json.Unmarshal([]byte(v), &from)
		}
		return err
	})
	if err != nil {
		return err
	}
	return client.Receive(ctx, from, relay.Handler{One: n.take, Many: n.takeMany, Failed: func(err error) {
		if ctx.Err() == nil {
			n.log.Warn("receiving", "error", err.Error())
		}
	}})
}

// take takes a letter in its turn: it has its effect once. One that cannot be judged yet is put aside, and so is whatever follows it
// from the same sender.
func (n *Node) take(ctx context.Context, l relay.Letter) error {
	waiting, err := n.hasAside(ctx, l.From)
	if err != nil {
		return err
	}
	err = n.judge(ctx, l, waiting)
	if why := n.waits(err); why != "" {
		return n.putAside(ctx, l, why)
	}
	return n.giveUp(ctx, l, err)
}

// giveUp is what becomes of a letter after its judgement, where it waits for nothing more.
func (n *Node) giveUp(ctx context.Context, l relay.Letter, err error) error {
	if refusal, is := errors.AsType[*envelope.Refusal](err); is {
		return n.refuse(ctx, l, refusal)
	}
	if r, is := errors.AsType[*rejected](err); is && r.missing {
		return n.effectOf(ctx, r.of, l.Place, r)
	}
	return err
}

// errBehind says that earlier letters of the sender wait.
var errBehind = errors.New("earlier letters of this sender wait")

// errNoRegister says that this node has just joined, and knows nobody yet.
var errNoRegister = errors.New("the register has not come yet")

// judge opens a letter and does what it says. Where earlier ones of its sender wait, so does this one; but what the secretariat says of
// its register goes before everything, whatever its clock says, since others wait for that.
func (n *Node) judge(ctx context.Context, l relay.Letter, behind bool) error {
	st, err := n.opener().Open(l.Sealed, l.Arrived)
	if refusal, is := errors.AsType[*envelope.Refusal](err); is && refusal.Reason == envelope.Early && refusal.Said.Type == registerKind {
		st, err = refusal.Said, nil
	}
	switch {
	case behind && (err != nil || st.Type != registerKind):
		return errBehind
	case err != nil:
		return err
	case st.Type != registerKind && n.register.Size() == 0:
		return errNoRegister
	}
	if err := n.effectOf(ctx, st, l.Place, nil); err != nil {
		return err
	}
	n.hurryAsides()
	return nil
}

const registerKind = "register"

// refuse gives a letter up: the log, the administrator of the relay and, where it is known who said it, its sender hear of it.
func (n *Node) refuse(ctx context.Context, l relay.Letter, refusal *envelope.Refusal) error {
	if refusal.Reason == envelope.Replayed { // its receipt went out the first time
		return n.store.Write(ctx, func(tx *store.Tx) error { return keepPlace(tx, l.Place) })
	}
	n.counted.refused.Add(1)
	if err := n.record(Who{Person: clockPerson}, audit.Receive, "letter", "", refusal.From, "refused", string(refusal.Reason)); err != nil {
		return err
	}
	n.log.Warn("a letter was refused", "reason", string(refusal.Reason))
	err := n.store.Write(ctx, func(tx *store.Tx) error {
		if st := refusal.Said; st != nil && !silent(st.Type) {
			r := store.Receipt{Sender: st.From, Statement: st.ID, State: store.Refused, Reason: string(refusal.Reason), At: n.now()}
			if err := n.sendReceipts(tx, []store.Receipt{r}); err != nil {
				return err
			}
		}
		return keepPlace(tx, l.Place)
	})
	if err != nil {
		return err
	}
	return &relay.Refused{Code: string(refusal.Reason)}
}

// silent are the kinds of statements that get no receipt.
func silent(kind string) bool { return kind == receiptKind || kind == pulseKind }

const pulseKind = "pulse"

// keepPlace keeps how far the letters were taken; one that was put aside is behind that already.
func keepPlace(tx *store.Tx, c relay.Cursor) error {
	if c == (relay.Cursor{}) {
		return nil
	}
	return tx.Set(placeSetting, string(mustJSON(c)))
}

// effectOf does what a statement says and keeps the place, in one transaction.
// Where it is clear that it is rejected, no says why.
func (n *Node) effectOf(ctx context.Context, st *envelope.Statement, place relay.Cursor, no *rejected) error {
	n.counted.received.Add(1)
	if no == nil {
		no = n.refusedHere(st)
	}
	run := func(no *rejected) error {
		return n.effectsOf(ctx, []*envelope.Statement{st}, func(tx *store.Tx) ([]store.Receipt, error) { return n.effectIn(tx, nil, st, place, no) }, no)
	}
	err := run(no)
	if r, ok := errors.AsType[*rejected](err); ok {
		if r.missing && no == nil {
			r.of = st
			return r
		}
		n.counted.rejected.Add(1)
		err = run(r)
	}
	return err
}

// effectsOf does what statements say in one transaction, which stands in the log before it is kept.
func (n *Node) effectsOf(ctx context.Context, list []*envelope.Statement, effects func(tx *store.Tx) ([]store.Receipt, error), no *rejected) error {
	var entries []audit.Entry
	for _, st := range list {
		entries = append(entries, n.received(st, no)...)
	}
	err := n.store.Write(ctx, func(tx *store.Tx) error {
		receipts, err := effects(tx)
		if err != nil {
			return err
		}
		if err := errors.Join(n.sendReceipts(tx, receipts), n.forget(tx)); err != nil {
			return err
		}
		_, err = n.audit.Record(entries...)
		if err == nil {
			entries = nil // the transaction may be run again
		}
		return err
	})
	if err == nil {
		if slices.ContainsFunc(list, func(st *envelope.Statement) bool { return strings.HasPrefix(st.Type, "private.") }) {
			n.hurryPrivate() // only now: before, there is nothing to be seen of it
		}
	}
	return err
}

// takeMany takes letters together, as far as each opens and nothing speaks against it: one entry in the log and one transaction for
// all. What it does not take is taken one by one.
func (n *Node) takeMany(ctx context.Context, letters []relay.Letter) int {
	if n.asides.Load() || n.register.Size() == 0 {
		return 0
	}
	opened := n.openAll(letters)
	list := opened
	if i := slices.IndexFunc(list, func(st *envelope.Statement) bool { return st.Type == registerKind || n.refusedHere(st) != nil }); i >= 0 {
		list = list[:i] // it goes by itself: what follows may be judged by what it says
	}
	if len(list) < 2 {
		return 0
	}
	err := n.effectsOf(ctx, list, func(tx *store.Tx) (receipts []store.Receipt, err error) {
		for i, st := range list {
			var place relay.Cursor // that of the last says all
			if i == len(list)-1 {
				place = letters[i].Place
			}
			if receipts, err = n.effectIn(tx, receipts, st, place, nil); err != nil {
				return nil, err
			}
		}
		return receipts, nil
	}, nil)
	if err != nil {
		return 0 // whoever fails is found one by one
	}
	n.counted.received.Add(int64(len(list)))
	return len(list)
}

// openAll opens letters on two processors, as far as they open.
func (n *Node) openAll(letters []relay.Letter) []*envelope.Statement {
	out := make([]*envelope.Statement, len(letters))
	opener := n.opener()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(letters)); i = next.Add(1) - 1 {
				out[i], _ = opener.Open(letters[i].Sealed, letters[i].Arrived) // nil: it is judged by itself
			}
		})
	}
	wg.Wait()
	if i := slices.Index(out, nil); i >= 0 {
		out = out[:i]
	}
	return out
}

// opener opens what comes. Whether it came before is asked where its effect is, in the same transaction.
func (n *Node) opener() *envelope.Opener {
	return &envelope.Opener{
		Member: n.config.Member, Keys: n.openingKeys(), Directory: directory{n}, Now: n.now, Seen: func(string, string) (bool, error) { return false, nil },
	}
}

// refusedHere says why a statement that opened has no effect here, as far as that can be told without its content.
func (n *Node) refusedHere(st *envelope.Statement) *rejected {
	e, known := effects[st.Type]
	switch {
	case !known:
		return &rejected{code: "unknown_type", text: "this version does not know it"}
	case e.right != "" && !n.has(st.From, e.right):
		return &rejected{code: "no_right", text: "the sender has not the right " + string(e.right)}
	}
	return n.deniedHere(st)
}

// received is the entry of a statement in the audit log; receipts and pulses have none.
func (n *Node) received(st *envelope.Statement, no *rejected) []audit.Entry {
	if silent(st.Type) {
		return nil
	}
	e := audit.Entry{
		Person: clockPerson, Member: n.config.Member, Action: audit.Receive, Purpose: string(st.Purpose), LegalBasis: st.LegalBasis, Kind: st.Type,
		Mark: n.audit.Mark(st.Type + "/" + st.ID), Other: st.From, Result: "accepted",
	}
	if no != nil {
		e.Result, e.Reasons = "refused", reasonsOf(no.code)
	}
	return []audit.Entry{e}
}

// effectIn does what a statement says, once, keeps the place, and adds its receipt to others.
func (n *Node) effectIn(tx *store.Tx, receipts []store.Receipt, st *envelope.Statement, place relay.Cursor, no *rejected) ([]store.Receipt, error) {
	if err := keepPlace(tx, place); err != nil {
		return nil, err
	}
	if fresh, err := tx.MarkSeen(st.From, st.ID, n.now()); err != nil {
		return nil, err
	} else if !fresh {
		return nil, &envelope.Refusal{Reason: envelope.Replayed, From: st.From, Said: st}
	}
	if err := contact(tx, st.From, st.Sent); err != nil {
		return nil, err
	}
	state, reason := store.Refused, ""
	if no != nil {
		reason = no.code
	} else {
		var err error
		if state, err = effects[st.Type].effect(n, tx, st); err != nil {
			return nil, err
		}
	}
	if silent(st.Type) {
		return receipts, nil
	}
	return append(receipts, store.Receipt{Sender: st.From, Statement: st.ID, State: state, Reason: reason, At: n.now()}), nil
}

func reasonsOf(code string) []string {
	if code == "" {
		return nil
	}
	return []string{code}
}

// deniedHere says whether a statement came to a member to whom its owner denies it: enforced at the sender, and here again.
func (n *Node) deniedHere(st *envelope.Statement) *rejected {
	if st.Label == nil {
		return nil
	}
	me, err := n.me()
	if err != nil {
		return nil // the register comes first
	}
	d := handling.Decide(st.Label, handling.Request{
		Act: handling.Copy, By: me.Party(), Person: clockPerson, Groups: st.Label.Named, Second: "-", Purpose: st.Label.Purpose, LegalBasis: st.LegalBasis,
	}, n.now())
	for _, why := range d.Reasons {
		switch why.Code {
		case "denied", "withdrawn", "retention", "label", "tlp":
			return &rejected{code: why.Code, text: why.Text}
		}
	}
	return nil
}

// contactEach is how exactly it is remembered when a member was heard last: leases are of days.
const contactEach = time.Minute

// contact remembers when a member was heard last: it renews the lease of what it sent.
func contact(tx *store.Tx, member string, sent time.Time) error {
	last, err := lastContact(tx, member)
	if err != nil || sent.Sub(last) < contactEach {
		return err
	}
	return tx.Set("contact/"+member, sent.UTC().Format(time.RFC3339Nano))
}

func lastContact(tx *store.Tx, member string) (time.Time, error) {
	v, err := tx.Setting("contact/" + member)
	if err != nil || v == "" {
		return time.Time{}, err
	}
	return time.Parse(time.RFC3339Nano, v)
}

// Fetch opens an attachment of a record into a file of this node, and says where. It is fetched from the relay when it is first asked
// for, streamed to disk, and checked before it gets its name.
func (n *Node) Fetch(ctx context.Context, w Who, kind, id, sum string) (string, error) {
	it, err := n.open(ctx, w, kind, id)
	if err != nil {
		return "", err
	}
	l, err := body[attached](it)
	if err != nil {
		return "", err
	}
	for _, a := range l.Attachments {
		if a.SHA256 == sum || sum == "" || a.Name == sum {
			return n.fetch(ctx, it.Source, &a)
		}
	}
	return "", fmt.Errorf("%w: there is no such attachment", store.ErrNone)
}

// attached is the part of a record that has attachments.
type attached struct {
	Attachments []envelope.Attachment `json:"attachments"`
}

func (n *Node) attachmentPath(sum string) string {
	return filepath.Join(n.dir, "attachments", strings.ReplaceAll(sum, string(filepath.Separator), "_"))
}

package node

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"tarir/audit"
	"tarir/exchange/envelope"
	"tarir/exchange/register"
	"tarir/store"
)

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
	switch {
	case isGap: // it came late, or one before it did not come
		times, err := tx.Next(asked)
		if err != nil {
			return "", err
		}
		if b.Answers && b.Since == gap.Kept || times > mostGaps { // asked for, it does not prove that it only grew
			return store.Stored, n.raise(tx, "two_histories", st.From, audit.ErrTwoHistories)
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

package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"tarir/audit"
	"tarir/exchange/envelope"
	"tarir/handling"
	"tarir/store"
	"tarir/vault"
)

// What goes from one vault into another: fields to which the person consented, sealed to the member within the letter, so that neither the outbox
// nor the inbox has them readable. And referrals, which say what is needed and name nobody.

// sharedBody is a part of a record on its way.
type sharedBody struct {
	Pseudonym string `json:"pseudonym"`
	For       string `json:"for"`
	Sealed    []byte `json:"sealed"` // a sharedRecord
}

type sharedRecord struct {
	Fields map[string][]string `json:"fields"`
	Wish   vault.Wish          `json:"wish"`
	Minor  bool                `json:"minor,omitempty"`
	Met    time.Time           `json:"met"`
}

// VaultSend gives what may go to a member by the person's consent to that member's vault.
func (n *Node) VaultSend(ctx context.Context, w Who, id, passphrase, to string, fields []string) error {
	m, err := n.member(to)
	if err != nil || m.Last() == nil {
		return fmt.Errorf("%s is no member: tarir member list shows who is", to)
	}
	if len(fields) == 0 {
		return fmt.Errorf("%w: name the fields that are needed: tarir vault fields lists them", vault.ErrRefused)
	}
	_, r, err := n.enter(w, id, passphrase)
	if err != nil {
		return err
	}
	out, err := r.Disclose(to, fields, n.now())
	if err != nil {
		return errors.Join(err, n.record(w, audit.Decision, kindCard, r.Pseudonym, to, "refused", "consent"))
	}
	sealed, err := envelope.Seal(mustJSON(sharedRecord{out, r.Wish, r.Minor, r.Met}), m.Last().Public)
	if err != nil {
		return err
	}
	if err := n.record(w, audit.Export, kindCard, r.Pseudonym, to, "sent", fields...); err != nil {
		return err
	}
	l := &handling.Label{Owners: []string{n.config.Member}, Purpose: handling.Identify, Status: handling.Victim, Minor: r.Minor, Recorded: n.now(), Until: handling.Retain("person", n.now()), Addressed: []string{to}}
	return n.store.Write(ctx, func(tx *store.Tx) error {
		_, err := n.enqueue(tx, say{
			to: []string{to}, kind: "vault.share", subject: kindCard + "/" + r.Pseudonym, purpose: handling.Identify, legalBasis: w.LegalBasis, label: l, body: sharedBody{r.Pseudonym, w.Reason, sealed},
		})
		return err
	})
}

// gotShared puts what another member's vault sent into the one of this node, open to those who come near it. The same person again is the same record.
func (n *Node) gotShared(tx *store.Tx, st *envelope.Statement) (string, error) {
	b, err := decode[sharedBody](st.Body)
	if err != nil {
		return "", err
	}
	v, err := vault.Open(n.vaultDir())
	if errors.Is(err, vault.ErrNoVault) || err == nil && len(n.config.Vault.People) == 0 {
		return "", &rejected{code: "vault", text: "this member has no vault, or nobody who comes near it"}
	}
	if err != nil {
		return "", err
	}
	text, err := envelope.Unseal(b.Sealed, n.openingKeys())
	if err != nil {
		return "", &rejected{code: "vault", text: "it is not sealed to this member"}
	}
	var got sharedRecord
	if json.Unmarshal(text, &got) != nil {
		return "", &rejected{code: "vault", text: "what was sealed is no record"}
	}
	from := "vault/from/" + st.From + "/" + b.Pseudonym
	p, err := tx.Setting(from)
	if err != nil {
		return "", err
	}
	if p == "" {
		if p, err = vault.NewPseudonym(); err != nil {
			return "", err
		}
	}
	r := vault.Record{Pseudonym: p, Keepers: n.config.Vault.People, Minor: got.Minor, Fields: got.Fields, Wish: got.Wish, Met: got.Met, Version: 1}
	if err := r.Check(); err != nil {
		return "", &rejected{code: "vault", text: err.Error()}
	}
	if err := v.Put(&r); err != nil {
		return "", err
	}
	c := r.Card()
	return store.Stored, errors.Join(
		tx.Set(from, p), n.putCard(tx, &c),
		n.addTask(tx, store.Task{ID: "read/" + kindCard + "/" + p, Kind: "read", Subject: kindCard + "/" + p, Due: n.now(), Note: "from " + st.From}),
	)
}

// VaultRefer asks a member to help a person: it says what is needed, in which language and whether the person is a minor, and names nobody. The
// person must have consented to something going to that member.
func (n *Node) VaultRefer(ctx context.Context, w Who, pseudonym, to, need, text string) (letter string, err error) {
	if err := n.near(w); err != nil {
		return "", err
	}
	if err := n.record(w, audit.Decision, kindCard, pseudonym, to, "refer", need); err != nil {
		return "", err
	}
	var c *vault.Card
	err = n.store.Read(ctx, func(tx *store.Tx) error {
		c, err = card(tx, pseudonym)
		return err
	})
	if err != nil {
		return "", err
	}
	if !n.keeps(w.Person, c.Keepers) {
		return "", vault.ErrNone
	}
	if !c.ConsentsTo(to, n.now()) {
		return "", fmt.Errorf("%w: nothing may go to %s", vault.ErrConsent, to)
	}
	if !vault.Supported(need) {
		return "", fmt.Errorf("%w: what is needed is one of %s", vault.ErrRefused, strings.Join(vault.Supports, ", "))
	}
	lines := []string{"Referral " + pseudonym, "Needed: " + need}
	if c.Minor {
		lines = append(lines, "A minor: safeguard first.")
	}
	if c.Language != "" {
		lines = append(lines, "Language: "+c.Language)
	}
	switch c.Contact {
	case "no":
		lines = append(lines, "Contact: not wanted; answer here.")
	case "through":
		lines = append(lines, "Contact: through "+c.Through)
	default:
		lines = append(lines, "Contact: wanted; ask here how.")
	}
	if text = strings.TrimSpace(text); text != "" {
		lines = append(lines, text)
	}
	w.Purpose = handling.Identify
	l, err := n.Send(ctx, w, NewLetter{Kind: kindMessage, To: []string{to}, Subject: "referral", Text: map[string]string{"en": strings.Join(lines, "\n")}})
	if err != nil {
		return "", err
	}
	return l.ID, nil
}

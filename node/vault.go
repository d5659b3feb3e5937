package node

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"tarir/audit"
	"tarir/handling"
	"tarir/store"
	"tarir/vault"
)

// The vault on a node. Who may come near it stands in a list of its own, [vault] in config.toml: no right of the node, not even "all",
// contains it. In the database there is only each person's card, under the pseudonym. Everything else is in the vault's folder, sealed under its own
// key, and every field that is read stands in the audit log.

const (
	kindCard   = "vault" // of a person in the vault: what may be known without opening it
	vaultAlarm = "vault_alarm"
)

func (n *Node) vaultDir() string { return filepath.Join(n.dir, "vault") }

// near says whether a person may come near the vault.
func (n *Node) near(w Who) error {
	if n.config.person(w.Person) == nil {
		return fmt.Errorf("%w: %q; its administrator adds people in config.toml", ErrPerson, w.Person)
	}
	if !slices.Contains(n.config.Vault.People, w.Person) {
		return errors.Join(fmt.Errorf("%w: the vault is open to those whom [vault] in config.toml names", ErrNotAllowed), n.record(w, audit.Decision, kindCard, "", "", "refused", "vault"))
	}
	return nil
}

// keeps says whether a record is open to a person, by themselves or by a group.
func (n *Node) keeps(person string, keepers []string) bool {
	if slices.Contains(keepers, person) {
		return true
	}
	p := n.config.person(person)
	return p != nil && slices.ContainsFunc(p.Groups, func(g string) bool { return slices.Contains(keepers, g) })
}

// VaultInit makes the node's vault, under a passphrase of its own.
func (n *Node) VaultInit(_ context.Context, w Who, p Passphrase) error {
	if err := n.near(w); err != nil {
		return err
	}
	if p.Text == n.pass.Text {
		return fmt.Errorf("%w: it is the passphrase of the node: who has that must not have this", vault.ErrRecord)
	}
	if err := n.record(w, audit.Admin, kindCard, "", "", "made"); err != nil {
		return err
	}
	return vault.Init(n.vaultDir(), p.Text, p.Work)
}

// VaultPut puts a person into the vault and gives the card, with the pseudonym under which they stand everywhere else. Nothing is opened by it.
func (n *Node) VaultPut(ctx context.Context, w Who, r vault.Record) (*vault.Card, error) {
	if err := n.near(w); err != nil {
		return nil, err
	}
	v, err := vault.Open(n.vaultDir())
	if err != nil {
		return nil, err
	}
	if r.Pseudonym, err = vault.NewPseudonym(); err != nil {
		return nil, err
	}
	if len(r.Keepers) == 0 {
		r.Keepers = []string{w.Person}
	}
	r.Version = 1
	if err := r.Check(); err != nil {
		return nil, err
	}
	if err := n.record(w, audit.Change, kindCard, r.Pseudonym, "", "new"); err != nil {
		return nil, err
	}
	if err := v.Put(&r); err != nil {
		return nil, err
	}
	c := r.Card()
	return &c, n.store.Write(ctx, func(tx *store.Tx) error { return n.putCard(tx, &c) })
}

func (n *Node) putCard(tx *store.Tx, c *vault.Card) error {
	now := n.now()
	recorded := now
	if it, err := tx.Get(kindCard, c.Pseudonym); err == nil {
		recorded = it.Recorded
	}
	l := handling.Label{Owners: []string{n.config.Member}, Purpose: handling.Identify, Status: handling.Victim, Minor: c.Minor, Recorded: recorded, Until: handling.Retain("person", recorded)}
	if c.Minor {
		if err := n.addTask(tx, store.Task{ID: "safeguard/" + kindCard + "/" + c.Pseudonym, Kind: "safeguard", Subject: kindCard + "/" + c.Pseudonym, Due: now}); err != nil {
			return err
		}
	}
	return tx.Put(&store.Item{Kind: kindCard, ID: c.Pseudonym, Owner: n.config.Member, State: "kept", Recorded: recorded, Changed: now, Ends: l.Until, Label: mustJSON(l), Body: mustJSON(c)})
}

// VaultCard is what may be known of a person without opening the vault: to those who come near it and keep the record, and to those who work on cases.
func (n *Node) VaultCard(ctx context.Context, w Who, pseudonym string) (out *vault.Card, err error) {
	if err := n.allow(w, "case"); err != nil {
		return nil, err
	}
	if err := n.record(w, audit.Decision, kindCard, pseudonym, "", "card"); err != nil {
		return nil, err
	}
	err = n.store.Read(ctx, func(tx *store.Tx) error {
		out, err = card(tx, pseudonym)
		return err
	})
	return out, err
}

func card(tx *store.Tx, pseudonym string) (*vault.Card, error) {
	it, err := tx.Get(kindCard, pseudonym)
	if errors.Is(err, store.ErrNone) {
		return nil, vault.ErrNone
	}
	if err != nil {
		return nil, err
	}
	return body[vault.Card](it)
}

// VaultAsk asks to open a record. Danger says that a life is: it opens at once, and the data protection officer hears of it.
func (n *Node) VaultAsk(ctx context.Context, w Who, pseudonym string) (out *vault.Opening, err error) {
	if err := n.near(w); err != nil {
		return nil, err
	}
	if w.Purpose == "" || strings.TrimSpace(w.LegalBasis) == "" {
		return nil, fmt.Errorf("%w: give purpose and legal basis first", ErrNotAllowed)
	}
	var c *vault.Card
	if err := n.store.Read(ctx, func(tx *store.Tx) error { c, err = card(tx, pseudonym); return err }); err != nil {
		return nil, err
	}
	if !n.keeps(w.Person, c.Keepers) {
		return nil, errors.Join(vault.ErrNone, n.record(w, audit.Decision, kindCard, pseudonym, "", "refused", "keeper"))
	}
	what := "asked"
	if w.Danger {
		what = "emergency"
	}
	if err := n.record(w, audit.Access, kindCard, pseudonym, "", what); err != nil {
		return nil, err
	}
	if out, err = n.openings.Ask(pseudonym, w.Person, w.Reason, w.Danger, n.now()); err != nil {
		return nil, err
	}
	if w.Danger {
		err = n.store.Write(ctx, func(tx *store.Tx) error {
			return n.addTask(tx, store.Task{ID: vaultAlarm + "/" + out.ID, Kind: vaultAlarm, Subject: kindCard + "/" + pseudonym, Due: n.now(), Note: "opened without a second person; for " + n.config.Vault.Officer})
		})
		if err != nil { // nobody would hear of it
			n.openings.Close(out.ID, w.Person)
			return nil, err
		}
	}
	return out, nil
}

// VaultWaiting are the openings that wait for a second person.
func (n *Node) VaultWaiting(_ context.Context, w Who) ([]vault.Opening, error) {
	if err := n.near(w); err != nil {
		return nil, err
	}
	return n.openings.Waiting(w.Person, n.now()), nil
}

// VaultMine are the openings that a person asked for and that still count.
func (n *Node) VaultMine(_ context.Context, w Who) ([]vault.Opening, error) {
	if err := n.near(w); err != nil {
		return nil, err
	}
	return n.openings.Of(w.Person, n.now()), nil
}

// HasVault says whether a vault was made on this node.
func (n *Node) HasVault() bool {
	_, err := vault.Open(n.vaultDir())
	return !errors.Is(err, vault.ErrNoVault)
}

// VaultAgree lets the second person agree. They need not keep the record, and see nothing of it.
func (n *Node) VaultAgree(_ context.Context, w Who, id string) (*vault.Opening, error) {
	if err := n.near(w); err != nil {
		return nil, err
	}
	x, err := n.openings.Agree(id, w.Person, n.now())
	if err != nil {
		return nil, errors.Join(err, n.record(w, audit.Decision, kindCard, "", "", "refused", "second"))
	}
	return x, n.record(w, audit.Decision, kindCard, x.Pseudonym, "", "agreed")
}

// enter gives the record that is open to a person.
func (n *Node) enter(w Who, id, passphrase string) (*vault.Vault, *vault.Record, error) {
	if err := n.near(w); err != nil {
		return nil, nil, err
	}
	v, err := vault.Open(n.vaultDir())
	if err != nil {
		return nil, nil, err
	}
	r, _, err := n.openings.Enter(v, id, w.Person, passphrase, n.now())
	if err != nil {
		return nil, nil, errors.Join(err, n.record(w, audit.Decision, kindCard, "", "", "refused", "not open"))
	}
	if !n.keeps(w.Person, r.Keepers) {
		return nil, nil, vault.ErrNone
	}
	return v, r, nil
}

// VaultShow reads fields of the record that is open: those that are named and no others. Each stands in the log.
func (n *Node) VaultShow(_ context.Context, w Who, id, passphrase string, fields []string) (map[string][]string, error) {
	_, r, err := n.enter(w, id, passphrase)
	if err != nil {
		return nil, err
	}
	if len(fields) == 0 {
		return nil, fmt.Errorf("%w: name the fields that are needed: tarir vault fields lists them", vault.ErrRefused)
	}
	out := map[string][]string{}
	for _, f := range fields {
		if !slices.Contains(vault.Fields, f) {
			return nil, fmt.Errorf("%w: there is no field %q: tarir vault fields lists them", vault.ErrRefused, f)
		}
		if err := n.record(w, audit.Access, kindCard, r.Pseudonym, "", "field", f); err != nil {
			return nil, err
		}
		out[f] = r.Fields[f]
	}
	return out, nil
}

// VaultChange changes the record that is open: what the change names is replaced, fields without values are taken out. Consents are added and
// withdrawn, never rewritten.
func (n *Node) VaultChange(ctx context.Context, w Who, id, passphrase string, c VaultChange) (*vault.Card, error) {
	v, r, err := n.enter(w, id, passphrase)
	if err != nil {
		return nil, err
	}
	if err := c.apply(n, r); err != nil {
		return nil, err
	}
	if err := r.Check(); err != nil {
		return nil, err
	}
	if err := n.record(w, audit.Change, kindCard, r.Pseudonym, "", "changed"); err != nil {
		return nil, err
	}
	if err := v.Put(r); err != nil {
		return nil, err
	}
	out := r.Card()
	return &out, n.store.Write(ctx, func(tx *store.Tx) error { return n.putCard(tx, &out) })
}

// VaultChange is what is changed of a record.
type VaultChange struct {
	Fields   map[string][]string `json:"fields,omitempty"`
	Wish     *vault.Wish         `json:"wish,omitempty"`
	Minor    *bool               `json:"minor,omitempty"`
	Keepers  []string            `json:"keepers,omitempty"`
	Consent  *vault.Consent      `json:"consent,omitempty"`
	Withdraw string              `json:"withdraw,omitempty"` // id of a consent
	Needs    []vault.Need        `json:"needs,omitempty"`
}

func (c *VaultChange) apply(n *Node, r *vault.Record) error {
	if r.Fields == nil {
		r.Fields = map[string][]string{}
	}
	for f, values := range c.Fields {
		if len(values) == 0 {
			delete(r.Fields, f)
			continue
		}
		r.Fields[f] = values
	}
	if c.Wish != nil {
		r.Wish = *c.Wish
	}
	if c.Minor != nil {
		r.Minor = *c.Minor
	}
	if len(c.Keepers) > 0 {
		r.Keepers = c.Keepers
	}
	if c.Needs != nil {
		r.Needs = c.Needs
	}
	if c.Consent != nil {
		id, err := newID()
		if err != nil {
			return err
		}
		k := *c.Consent
		k.ID = id
		if k.Given.IsZero() {
			k.Given = n.now()
		}
		r.Consents = append(r.Consents, k)
	}
	if c.Withdraw != "" {
		i := slices.IndexFunc(r.Consents, func(k vault.Consent) bool { return k.ID == c.Withdraw })
		if i < 0 {
			return fmt.Errorf("%w: there is no such consent", vault.ErrRecord)
		}
		if r.Consents[i].Withdrawn.IsZero() {
			r.Consents[i].Withdrawn = n.now()
		}
	}
	r.Version++
	return nil
}

// VaultDisclose gives what may go to a member by the person's consent, all of the fields or none. It is the only way out of the vault.
func (n *Node) VaultDisclose(_ context.Context, w Who, id, passphrase, to string, fields []string) (map[string][]string, error) {
	_, r, err := n.enter(w, id, passphrase)
	if err != nil {
		return nil, err
	}
	out, err := r.Disclose(to, fields, n.now())
	if err != nil {
		return nil, errors.Join(err, n.record(w, audit.Decision, kindCard, r.Pseudonym, to, "refused", "consent"))
	}
	return out, n.record(w, audit.Export, kindCard, r.Pseudonym, to, "disclosed", fields...)
}

// VaultClose shuts what a person opened.
func (n *Node) VaultClose(_ context.Context, w Who, id string) error {
	if err := n.near(w); err != nil {
		return err
	}
	n.openings.Close(id, w.Person)
	return nil
}

// VaultErase destroys the record that is open, and its card.
func (n *Node) VaultErase(ctx context.Context, w Who, id, passphrase string) error {
	if strings.TrimSpace(w.Reason) == "" {
		return fmt.Errorf("%w: say why", vault.ErrRefused)
	}
	v, r, err := n.enter(w, id, passphrase)
	if err != nil {
		return err
	}
	if err := n.record(w, audit.Delete, kindCard, r.Pseudonym, "", "erased"); err != nil {
		return err
	}
	if err := v.Erase(r.Pseudonym); err != nil {
		return err
	}
	n.openings.Close(id, w.Person)
	return n.store.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Delete(kindCard, r.Pseudonym)
		return errors.Join(err, tx.DoneTasks("safeguard", kindCard+"/"+r.Pseudonym, n.now()))
	})
}

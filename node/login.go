package node

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tarir/audit"
	"tarir/handling"
	"tarir/store"
)

// Logging in. An administrator invites a person; the invitation is used once, to register a passkey. A passkey opens a session, which ends after a working
// day, or after an hour in which nothing is done. Of tokens only digests are kept.

const (
	kindInvite  = "login.invite"
	kindPasskey = "login.passkey"
	kindSession = "login.session"
)

// How long invitations and sessions last (our choice).
const (
	inviteTime  = 24 * time.Hour
	sessionTime = 12 * time.Hour
)

// IdleTime is for how long a session lasts in which nothing is done (our choice).
const IdleTime = time.Hour

// Errors of logging in, for those who must decide.
var (
	ErrInvitation = errors.New("this invitation was used, has ended, or is none: ask for another one")
	ErrSession    = errors.New("you are not logged in, or were away for too long: log in again")
)

// Passkey is a key with which a person logs in. What it is made of belongs to who speaks with browsers.
type Passkey struct {
	ID      string          `json:"id"` // hexadecimal
	Person  string          `json:"person"`
	Name    string          `json:"name"` // of the device, as its owner calls it
	Made    time.Time       `json:"made"`
	Used    time.Time       `json:"used,omitzero"`
	Content json.RawMessage `json:"content"`
}

// Session is a person who is logged in.
type Session struct {
	ID         string           `json:"id"` // the digest of its token
	Person     string           `json:"person"`
	Made       time.Time        `json:"made"`
	Last       time.Time        `json:"last"`
	Agent      string           `json:"agent,omitempty"`
	Purpose    handling.Purpose `json:"purpose,omitempty"`
	LegalBasis string           `json:"legal_basis,omitempty"`
}

// Who is who acts in a session.
func (s *Session) Who() Who {
	return Who{Person: s.Person, Purpose: s.Purpose, LegalBasis: s.LegalBasis}
}

func digest(token string) string {
	h := sha256.Sum256([]byte("tarir login\x00" + token))
	return hex.EncodeToString(h[:])
}

// InviteToLogin gives an address at which a person registers a passkey.
func (n *Node) InviteToLogin(ctx context.Context, w Who, person string) (address string, err error) {
	if err := n.allow(w, "admin"); err != nil {
		return "", err
	}
	if n.config.person(person) == nil {
		return "", fmt.Errorf("%w: %q; its administrator adds people in config.toml", ErrPerson, person)
	}
	if n.config.Web.Origin == "" {
		return "", fmt.Errorf("%w: this node has no pages yet: say in config.toml, under [web], by which origin they are opened", ErrConfig)
	}
	if err := n.record(w, audit.Admin, kindInvite, person, "", "invited"); err != nil {
		return "", err
	}
	token := rand.Text()
	now := n.now()
	return n.config.Web.Origin + "/invite/" + token, n.store.Write(ctx, func(tx *store.Tx) error {
		return tx.Put(&store.Item{Kind: kindInvite, ID: digest(token), Owner: person, State: "open", Recorded: now, Changed: now, Ends: now.Add(inviteTime), Body: mustJSON(person)})
	})
}

// Invited says whom an invitation is for.
func (n *Node) Invited(ctx context.Context, token string) (person string, err error) {
	err = n.store.Read(ctx, func(tx *store.Tx) error {
		it, err := tx.Get(kindInvite, digest(token))
		if errors.Is(err, store.ErrNone) || err == nil && !n.now().Before(it.Ends) {
			return ErrInvitation
		}
		if err == nil {
			person = it.Owner
		}
		return err
	})
	if err == nil && n.config.person(person) == nil {
		return "", ErrInvitation
	}
	return person, err
}

// AddPasskey registers a passkey by an invitation, which is used up.
func (n *Node) AddPasskey(ctx context.Context, token string, p Passkey) error {
	person, err := n.Invited(ctx, token)
	if err != nil {
		return err
	}
	p.Person, p.Made = person, n.now()
	if p.Name = strings.TrimSpace(p.Name); p.Name == "" || len(p.Name) > 100 {
		p.Name = "passkey"
	}
	if err := n.record(Who{Person: person}, audit.Admin, kindPasskey, p.ID, "", "registered"); err != nil {
		return err
	}
	return n.store.Write(ctx, func(tx *store.Tx) error {
		used, err := tx.Delete(kindInvite, digest(token))
		if err == nil && !used {
			err = ErrInvitation // by somebody else meanwhile
		}
		if err != nil {
			return err
		}
		if _, err := tx.Get(kindPasskey, p.ID); err == nil {
			return fmt.Errorf("%w: this passkey is registered already", ErrInvitation)
		}
		return tx.Put(&store.Item{Kind: kindPasskey, ID: p.ID, Owner: person, State: "in use", Recorded: p.Made, Changed: p.Made, Body: mustJSON(p)})
	})
}

// PasskeysOf are the passkeys of a person.
func (n *Node) PasskeysOf(ctx context.Context, person string) (out []Passkey, err error) {
	err = n.store.Read(ctx, func(tx *store.Tx) error {
		out = nil
		list, err := tx.Items(store.Query{Kind: kindPasskey, Owner: person})
		for _, it := range list {
			p, err := body[Passkey](it)
			if err != nil {
				return err
			}
			out = append(out, *p)
		}
		return err
	})
	return out, err
}

// Login opens a session for the owner of a passkey that proved itself; content is what it is made of from now on.
func (n *Node) Login(ctx context.Context, id string, content json.RawMessage, agent string) (token string, s *Session, err error) {
	var p *Passkey
	err = n.store.Read(ctx, func(tx *store.Tx) error {
		it, err := tx.Get(kindPasskey, id)
		if err == nil {
			p, err = body[Passkey](it)
		}
		return err
	})
	if errors.Is(err, store.ErrNone) || err == nil && n.config.person(p.Person) == nil {
		err = ErrSession
	}
	if err != nil {
		return "", nil, err
	}
	token = rand.Text() + rand.Text()
	now := n.now()
	s = &Session{ID: digest(token), Person: p.Person, Made: now, Last: now, Agent: agent[:min(len(agent), 200)]}
	if err := n.record(Who{Person: p.Person}, audit.Login, kindSession, s.ID, "", "logged in"); err != nil {
		return "", nil, err
	}
	p.Used, p.Content = now, content
	return token, s, n.store.Write(ctx, func(tx *store.Tx) error {
		return errors.Join(
			tx.Put(&store.Item{Kind: kindPasskey, ID: p.ID, Owner: p.Person, State: "in use", Recorded: p.Made, Changed: now, Body: mustJSON(p)}),
			putSession(tx, s),
		)
	})
}

func putSession(tx *store.Tx, s *Session) error {
	return tx.Put(&store.Item{Kind: kindSession, ID: s.ID, Owner: s.Person, State: "open", Recorded: s.Made, Changed: s.Last, Ends: s.Made.Add(sessionTime), Body: mustJSON(s)})
}

// Peek is the session of a token, without taking it for something that its person did.
func (n *Node) Peek(ctx context.Context, token string) (*Session, error) {
	return n.session(ctx, token)
}

// Session finds a session by its token, and notes that its person is there.
func (n *Node) Session(ctx context.Context, token string) (*Session, error) {
	s, err := n.session(ctx, token)
	if err != nil {
		return nil, err
	}
	if now := n.now(); now.Sub(s.Last) > time.Minute { // not at every request: it is written to disk
		s.Last = now
		return s, n.store.Write(ctx, func(tx *store.Tx) error { return putSession(tx, s) })
	}
	return s, nil
}

func (n *Node) session(ctx context.Context, token string) (s *Session, err error) {
	now := n.now()
	err = n.store.Read(ctx, func(tx *store.Tx) error {
		it, err := tx.Get(kindSession, digest(token))
		if err == nil {
			s, err = body[Session](it)
		}
		return err
	})
	if errors.Is(err, store.ErrNone) || err == nil && (now.Sub(s.Made) >= sessionTime || now.Sub(s.Last) >= IdleTime || n.config.person(s.Person) == nil) {
		return nil, ErrSession
	}
	return s, err
}

// SessionFor says for which purpose and on which legal basis a person works from now on.
func (n *Node) SessionFor(ctx context.Context, token string, p handling.Purpose, legalBasis string) error {
	s, err := n.session(ctx, token)
	if err != nil {
		return err
	}
	if legalBasis = strings.TrimSpace(legalBasis); !slices.Contains(handling.Purposes, p) || legalBasis == "" || len(legalBasis) > 300 {
		return fmt.Errorf("%w: give purpose and legal basis first", ErrNotAllowed)
	}
	s.Purpose, s.LegalBasis = p, legalBasis
	if err := n.record(s.Who(), audit.Login, kindSession, s.ID, "", "purpose"); err != nil {
		return err
	}
	return n.store.Write(ctx, func(tx *store.Tx) error { return putSession(tx, s) })
}

// Sessions are the sessions of a person.
func (n *Node) Sessions(ctx context.Context, person string) (out []Session, err error) {
	err = n.store.Read(ctx, func(tx *store.Tx) error {
		out = nil
		list, err := tx.Items(store.Query{Kind: kindSession, Owner: person})
		for _, it := range list {
			s, err := body[Session](it)
			if err != nil {
				return err
			}
			if now := n.now(); now.Sub(s.Made) < sessionTime && now.Sub(s.Last) < IdleTime {
				out = append(out, *s)
			}
		}
		return err
	})
	return out, err
}

// Logout ends a session of a person.
func (n *Node) Logout(ctx context.Context, person, id string) error {
	if err := n.record(Who{Person: person}, audit.Login, kindSession, id, "", "logged out"); err != nil {
		return err
	}
	return n.store.Write(ctx, func(tx *store.Tx) error {
		it, err := tx.Get(kindSession, id)
		if errors.Is(err, store.ErrNone) || err == nil && it.Owner != person {
			return nil
		}
		if err == nil {
			_, err = tx.Delete(kindSession, id)
		}
		return err
	})
}

// DropPasskey takes a passkey away, with the sessions of its person: an administrator's, or one's own.
func (n *Node) DropPasskey(ctx context.Context, w Who, id string) error {
	var owner string
	err := n.store.Read(ctx, func(tx *store.Tx) error {
		it, err := tx.Get(kindPasskey, id)
		if err == nil {
			owner = it.Owner
		}
		return err
	})
	if err != nil {
		return err
	}
	if owner != w.Person {
		if err := n.allow(w, "admin"); err != nil {
			return err
		}
	}
	if err := n.record(w, audit.Admin, kindPasskey, id, "", "taken away"); err != nil {
		return err
	}
	return n.store.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Delete(kindPasskey, id); err != nil {
			return err
		}
		list, err := tx.Items(store.Query{Kind: kindSession, Owner: owner})
		for _, it := range list {
			if _, err := tx.Delete(kindSession, it.ID); err != nil {
				return err
			}
		}
		return err
	})
}

// LoginBy opens a session for a person whom somebody else identified: how says who, such as the organisation's own log-in.
func (n *Node) LoginBy(ctx context.Context, person, how, agent string) (token string, s *Session, err error) {
	if n.config.person(person) == nil {
		return "", nil, fmt.Errorf("%w: your organisation's log-in names somebody who does not work with this node: ask its administrator", ErrPerson)
	}
	token = rand.Text() + rand.Text()
	now := n.now()
	s = &Session{ID: digest(token), Person: person, Made: now, Last: now, Agent: agent[:min(len(agent), 200)]}
	if err := n.record(Who{Person: person}, audit.Login, kindSession, s.ID, "", "logged in", how); err != nil {
		return "", nil, err
	}
	return token, s, n.store.Write(ctx, func(tx *store.Tx) error { return putSession(tx, s) })
}

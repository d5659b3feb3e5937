// Package register says who the members are: their kind, country, rights and keys, at any time in the past. It is an append-only
// Merkle log of signed statements, kept by the secretariat and mirrored by every node, which checks each statement, that the log
// only grew, and that others were shown the same one.
//
// Joining is an act between two persons. The secretariat writes an invitation, the new member answers it with keys of its own, and
// reads a code aloud that stands for both files: whoever exchanged either on the way would have to find files with the same code.
package register

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"tarir/exchange/keys"
	"tarir/handling"
)

// Right is what a member may do on the exchange.
type Right string

// The rights.
const (
	Receive Right = "receive"  // what is addressed to it
	Message Right = "message"  // send messages and diffusions
	Notice  Right = "notice"   // ask for notices
	Check   Right = "check"    // ask whether somebody is known
	Stop    Right = "stop"     // ask for payments to be stopped
	Answer  Right = "answer"   // answer such requests
	Publish Right = "publish"  // publish notices
	Govern  Right = "register" // write this register
)

// Rights are all of them.
var Rights = []Right{Receive, Message, Notice, Check, Stop, Answer, Publish, Govern}

// Type of a statement.
type Type string

// The statements.
const (
	Founded   Type = "founded" // the first one: the secretariat itself
	Invited   Type = "invited"
	Joined    Type = "joined"
	Rotated   Type = "rotated"  // new keys, signed by the old and the new
	Replaced  Type = "replaced" // new keys after the old were lost, by a new invitation
	Granted   Type = "granted"
	Revoked   Type = "revoked" // a right
	Suspended Type = "suspended"
	Resumed   Type = "resumed"
	Left      Type = "left"
)

// Statement is an entry of the register.
type Statement struct {
	Type    Type          `json:"type"`
	At      time.Time     `json:"at"`
	Member  string        `json:"member"`
	Name    string        `json:"name,omitempty"`
	Kind    handling.Kind `json:"kind,omitempty"`
	Country string        `json:"country,omitempty"`
	Contact string        `json:"contact,omitempty"`
	Rights  []Right       `json:"rights,omitempty"`
	Keys    *keys.Public  `json:"keys,omitempty"`
	Nonce   []byte        `json:"nonce,omitempty"`  // of an invitation, and of who answers it
	Expires time.Time     `json:"expires,omitzero"` // of an invitation
	Reason  string        `json:"reason,omitempty"`
	Issuer  *keys.Public  `json:"issuer,omitempty"` // of an invitation: the secretariat's keys
	Proof   []byte        `json:"proof,omitempty"`  // what the member itself signed: its answer, or its change of keys
}

// PayloadType is what statements are signed as.
const PayloadType = "application/vnd.tarir.register+json"

// Span is a time from which and, where To is set, until which something holds.
type Span struct{ From, To time.Time }

func (s Span) holds(at time.Time) bool {
	return !at.Before(s.From) && (s.To.IsZero() || at.Before(s.To))
}

// Key is a member's pair of keys and when it is in force.
type Key struct {
	keys.Public
	Span
	Grace time.Time // until when its signatures still count after the member changed its keys itself: until it hears that it has
}

// Grace is how long a key still signs after its member changed it (our choice): as long as a clock may be wrong. A lost one, which was
// replaced, has none.
const Grace = 7 * 24 * time.Hour

// Slow is how far a member's clock may be behind the secretariat's (our choice): its keys count from so much earlier on.
const Slow = 5 * time.Minute

// Member is a member as the register tells it.
type Member struct {
	ID, Name, Country, Contact string
	Kind                       handling.Kind
	Rights                     []Right // now
	Keys                       []Key
	Out                        []Span // when it was suspended or had left
	Left                       bool
	Knows                      string // id of the secretariat's key that it knows from its invitation
}

// Clone is a copy to keep: what Look shows must not be.
func (m *Member) Clone() *Member {
	c := *m
	c.Keys, c.Rights, c.Out = slices.Clone(m.Keys), slices.Clone(m.Rights), slices.Clone(m.Out)
	return &c
}

// Party is the member as the rules of handling ask for it.
func (m *Member) Party() handling.Party {
	return handling.Party{Member: m.ID, Kind: m.Kind, Country: m.Country}
}

// Active says whether it was a member in good standing.
func (m *Member) Active(at time.Time) bool {
	return len(m.Keys) > 0 && !at.Before(m.Keys[0].From.Add(-Slow)) && !slices.ContainsFunc(m.Out, func(s Span) bool { return s.holds(at) })
}

// In says whether it is in good standing as the register ends: what a clock says does not matter.
func (m *Member) In() bool {
	return len(m.Keys) > 0 && (len(m.Out) == 0 || !m.Out[len(m.Out)-1].To.IsZero())
}

// Last are the keys in force as the register ends; nil if it never joined.
func (m *Member) Last() *Key {
	if len(m.Keys) == 0 {
		return nil
	}
	return &m.Keys[len(m.Keys)-1]
}

// Current are the keys in force at a time; nil if there are none.
func (m *Member) Current(at time.Time) *Key {
	for i := range m.Keys {
		if m.Keys[i].holds(at) {
			return &m.Keys[i]
		}
	}
	return nil
}

// Errors of the register, for those who must decide.
var (
	ErrUnknown   = errors.New("this is no member")
	ErrSuspended = errors.New("this member is suspended or has left")
	ErrKey       = errors.New("this key was not in force")
	ErrStatement = errors.New("the register refuses this statement")

	errInvitation = errors.New("this is no invitation: give the file that the secretariat wrote with tarir member invite")
	errAnswer     = errors.New("this is no answer to an invitation: give the answer.json that tarir init wrote in the new node's folder")
)

// State is what a register says. It changes by Apply alone, for one statement after the other.
type State struct {
	members map[string]*Member
	invited map[string]*Statement // open invitations by their nonce
	used    map[string]bool       // ids of all keys that were ever a member's
	issuer  string                // the secretariat
	last    time.Time
}

// NewState knows nobody.
func NewState() *State {
	return &State{members: map[string]*Member{}, invited: map[string]*Statement{}, used: map[string]bool{}}
}

// clone is the same state, to go on from by itself.
func (s *State) clone() *State {
	c := &State{members: make(map[string]*Member, len(s.members)), invited: maps.Clone(s.invited), used: maps.Clone(s.used), issuer: s.issuer, last: s.last}
	for id, m := range s.members {
		c.members[id] = m.Clone()
	}
	return c
}

// End is the time of the last statement. One with an earlier time cannot follow.
func (s *State) End() time.Time { return s.last }

// Issuer is the secretariat; nil before the first statement.
func (s *State) Issuer() *Member { return s.members[s.issuer] }

// Member is a member by its id.
func (s *State) Member(id string) (*Member, error) {
	m := s.members[id]
	if m == nil || len(m.Keys) == 0 {
		return nil, fmt.Errorf("%q: %w", id, ErrUnknown)
	}
	return m, nil
}

// Members are all that ever joined, in order of id.
func (s *State) Members() []*Member {
	var out []*Member
	for _, m := range s.members {
		if len(m.Keys) > 0 {
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(a, b *Member) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// KeyAt is a member's key of an id, if it was in force at a time and the member in good standing.
func (s *State) KeyAt(member, keyID string, at time.Time) (*keys.Public, error) {
	m, err := s.Member(member)
	if err != nil {
		return nil, err
	}
	if !m.Active(at) {
		return nil, fmt.Errorf("%q: %w", member, ErrSuspended)
	}
	for i := range m.Keys {
		if k := &m.Keys[i]; k.ID() == keyID && !at.Before(k.From.Add(-Slow)) && (k.To.IsZero() || at.Before(k.To) || at.Before(k.Grace)) {
			return &k.Public, nil
		}
	}
	return nil, fmt.Errorf("%q: %w", member, ErrKey)
}

// Apply checks a signed statement against all before it and takes it up. After an error nothing has changed.
func (s *State) Apply(entry []byte) (*Statement, error) {
	signed, err := keys.Read(entry, PayloadType)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStatement, err)
	}
	var st Statement
	if err := json.Unmarshal(signed.Payload, &st); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStatement, err)
	}
	no := func(why string) (*Statement, error) { return nil, fmt.Errorf("%w: %s", ErrStatement, why) }
	if st.Member == "" || st.At.IsZero() {
		return no("it names no member or no time")
	}
	if st.At.Before(s.last) {
		return no("it is older than the one before it")
	}
	if st.Keys != nil {
		if err := st.Keys.Check(); err != nil {
			return no(err.Error())
		}
		if s.used[st.Keys.ID()] {
			return no("these keys are a member's already")
		}
	}
	m := s.members[st.Member]
	if st.Type == Founded {
		if s.issuer != "" || st.Keys == nil || st.Kind != handling.Secretariat {
			return no("a register begins with its secretariat, once")
		}
		if signed.Verify(*st.Keys) != nil {
			return no("it is not signed by the keys that it names")
		}
		s.issuer = st.Member
		s.used[st.Keys.ID()] = true
		s.members[st.Member] = &Member{ID: st.Member, Name: st.Name, Country: st.Country, Contact: st.Contact, Kind: st.Kind, Rights: slices.Clone(Rights), Keys: []Key{{Public: *st.Keys, Span: Span{From: st.At}}}}
		s.last = st.At
		return &st, nil
	}
	issuer := s.Issuer()
	if issuer == nil {
		return no("a register begins with its secretariat")
	}
	by := []keys.Public{issuer.Current(st.At).Public}
	var change func()
	switch st.Type {
	case Invited:
		again := m != nil && len(m.Keys) > 0
		if len(st.Nonce) < 16 || !st.Expires.After(st.At) || st.Issuer == nil || st.Issuer.ID() != by[0].ID() {
			return no("an invitation has a nonce, an end and its issuer's keys")
		}
		if !slices.Contains(handling.Kinds, st.Kind) || st.Kind == handling.Secretariat || slices.ContainsFunc(st.Rights, func(r Right) bool { return !slices.Contains(Rights, r) || r == Govern }) {
			return no("it invites to a kind or a right that is not given")
		}
		if again && m.Kind != st.Kind {
			return no("a member of this name is of another kind")
		}
		change = func() { s.invited[string(st.Nonce)] = &st }
	case Joined, Replaced:
		inv := s.invited[string(st.Nonce)]
		if inv == nil || inv.Member != st.Member {
			return no("there is no such invitation, or it was used")
		}
		if st.At.After(inv.Expires) {
			return no("the invitation has expired")
		}
		if st.Keys == nil || (st.Type == Replaced) != (m != nil && len(m.Keys) > 0) {
			return no("it names no keys, or the member joined before")
		}
		a, answered, err := readAnswer(st.Proof, st.At)
		if err != nil || !a.Keys.Equal(*st.Keys) || string(answered.Nonce) != string(st.Nonce) {
			return no("the member did not answer this invitation with these keys")
		}
		change = func() {
			delete(s.invited, string(st.Nonce))
			if m == nil {
				m = &Member{ID: st.Member}
				s.members[st.Member] = m
			}
			m.Name, m.Kind, m.Country, m.Contact, m.Rights = inv.Name, inv.Kind, inv.Country, inv.Contact, slices.Clone(inv.Rights)
			m.Knows = inv.Issuer.ID()
			m.rotate(*st.Keys, st.At)
			m.resume(st.At)
		}
	case Rotated:
		if m == nil || !m.Active(st.At) || st.Keys == nil {
			return no("only a member in good standing changes its keys")
		}
		var asked rotation
		signed, err := keys.Read(st.Proof, rotationType)
		if err != nil || json.Unmarshal(signed.Payload, &asked) != nil || asked.Member != st.Member || !asked.Keys.Equal(*st.Keys) ||
			signed.Verify(m.Current(st.At).Public, *st.Keys) != nil {
			return no("the member did not sign it with its old keys and with the new ones")
		}
		change = func() {
			m.rotate(*st.Keys, st.At)
			m.Keys[len(m.Keys)-2].Grace = st.At.Add(Grace)
		}
	case Granted, Revoked, Suspended, Resumed, Left:
		if m == nil || len(m.Keys) == 0 {
			return no("it is about somebody who never joined")
		}
		if st.Member == s.issuer {
			return no("the secretariat does not judge itself")
		}
		if (st.Type == Granted || st.Type == Revoked) && (len(st.Rights) == 0 || slices.ContainsFunc(st.Rights, func(r Right) bool { return !slices.Contains(Rights, r) || r == Govern })) {
			return no("it names a right that is not given")
		}
		if st.Type == Resumed && m.Active(st.At) || (st.Type == Suspended || st.Type == Left) && !m.Active(st.At) {
			return no("the member is in that state already")
		}
		change = func() {
			switch st.Type {
			case Granted:
				m.Rights = append(m.Rights, st.Rights...)
				slices.Sort(m.Rights)
				m.Rights = slices.Compact(m.Rights)
			case Revoked:
				m.Rights = slices.DeleteFunc(m.Rights, func(r Right) bool { return slices.Contains(st.Rights, r) })
			case Resumed:
				m.resume(st.At)
			default:
				m.Left = st.Type == Left
				m.Out = append(m.Out, Span{From: st.At})
			}
		}
	default:
		return no(fmt.Sprintf("%q is no statement", st.Type))
	}
	if signed.Verify(by...) != nil {
		return no("it is not signed by all who must sign it")
	}
	change()
	if st.Keys != nil {
		s.used[st.Keys.ID()] = true
	}
	s.last = st.At
	return &st, nil
}

func (m *Member) rotate(k keys.Public, at time.Time) {
	if n := len(m.Keys); n > 0 && m.Keys[n-1].To.IsZero() {
		m.Keys[n-1].To = at
	}
	m.Keys = append(m.Keys, Key{Public: k, Span: Span{From: at}})
}

func (m *Member) resume(at time.Time) {
	m.Left = false
	if n := len(m.Out); n > 0 && m.Out[n-1].To.IsZero() {
		m.Out[n-1].To = at
	}
}

// Read reads an entry that the register has taken up: nothing about it is checked.
func Read(entry []byte) (*Statement, error) {
	signed, err := keys.Read(entry, PayloadType)
	if err != nil {
		return nil, err
	}
	var st Statement
	if err := json.Unmarshal(signed.Payload, &st); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStatement, err)
	}
	return &st, nil
}

// Sign signs a statement by all who must.
func Sign(st *Statement, by ...*keys.Private) ([]byte, error) {
	b, err := json.Marshal(st)
	if err != nil {
		return nil, err
	}
	return keys.Sign(PayloadType, b, by...)
}

// ErrCode says that what was read aloud is not the code of the two files.
var ErrCode = errors.New("the code is another one: one of the files was exchanged on the way, or the code was misheard")

// answer is what a new member sends back.
type answer struct {
	Invitation []byte      `json:"invitation"` // as it was received
	Keys       keys.Public `json:"keys"`
}

const answerType = "application/vnd.tarir.answer+json"

// ReadInvitation reads what the secretariat sent.
func ReadInvitation(invitation []byte, now time.Time) (*Statement, error) {
	signed, err := keys.Read(invitation, PayloadType)
	if err != nil {
		return nil, errInvitation
	}
	var st Statement
	if err := json.Unmarshal(signed.Payload, &st); err != nil || st.Type != Invited || st.Issuer == nil {
		return nil, errInvitation
	}
	if err := signed.Verify(*st.Issuer); err != nil {
		return nil, err
	}
	if now.After(st.Expires) {
		return nil, errors.New("the invitation has expired: ask for a new one")
	}
	return &st, nil
}

// Accept answers an invitation with keys. The code is to be read aloud to the secretariat, on a line that is known to be its.
func Accept(invitation []byte, own *keys.Private, now time.Time) (file []byte, code string, err error) {
	if _, err := ReadInvitation(invitation, now); err != nil {
		return nil, "", err
	}
	b, err := json.Marshal(answer{invitation, own.Public()})
	if err != nil {
		return nil, "", err
	}
	if file, err = keys.Sign(answerType, b, own); err != nil {
		return nil, "", err
	}
	return file, codeOf(b), nil
}

// codeOf is sixty bits of what both files say, in three groups of four letters that are not taken for each other.
func codeOf(payload []byte) string {
	h := sha256.Sum256(append([]byte("tarir join 1\x00"), payload...))
	s := base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding).EncodeToString(h[:])[:12]
	return s[:4] + "-" + s[4:8] + "-" + s[8:]
}

// heard is a code as people write it down.
func heard(code string) string {
	code = strings.Map(func(r rune) rune {
		switch r {
		case ' ', '-', '.':
			return -1
		case 'O':
			return '0'
		case 'I', 'L':
			return '1'
		}
		return r
	}, strings.ToUpper(code))
	return code
}

func readAnswer(file []byte, now time.Time) (*answer, *Statement, error) {
	signed, err := keys.Read(file, answerType)
	if err != nil {
		return nil, nil, errAnswer
	}
	var a answer
	if err := json.Unmarshal(signed.Payload, &a); err != nil {
		return nil, nil, errAnswer
	}
	if err := signed.Verify(a.Keys); err != nil {
		return nil, nil, err
	}
	inv, err := ReadInvitation(a.Invitation, now)
	return &a, inv, err
}

// Admit makes the statement by which a member joins, or has its keys replaced, from its answer and the code that was heard, for
// the secretariat to sign.
func (s *State) Admit(file []byte, code string, now time.Time) (*Statement, error) {
	signed, err := keys.Read(file, answerType)
	if err != nil {
		return nil, errAnswer
	}
	if heard(code) != heard(codeOf(signed.Payload)) {
		return nil, ErrCode
	}
	a, inv, err := readAnswer(file, now)
	if err != nil {
		return nil, err
	}
	if s.invited[string(inv.Nonce)] == nil {
		return nil, fmt.Errorf("%w: there is no such invitation, or it was used", ErrStatement)
	}
	st := &Statement{Type: Joined, At: now, Member: inv.Member, Keys: &a.Keys, Nonce: inv.Nonce, Proof: file}
	if m := s.members[inv.Member]; m != nil && len(m.Keys) > 0 {
		st.Type = Replaced
	}
	return st, nil
}

// rotation is a member's wish for new keys.
type rotation struct {
	Member string      `json:"member"`
	Keys   keys.Public `json:"keys"`
}

const rotationType = "application/vnd.tarir.rotation+json"

// AskRotation asks for new keys in place of the old: both sign.
func AskRotation(member string, old, next *keys.Private) ([]byte, error) {
	b, err := json.Marshal(rotation{member, next.Public()})
	if err != nil {
		return nil, err
	}
	return keys.Sign(rotationType, b, old, next)
}

// Rotate makes the statement that changes a member's keys, for the secretariat to sign.
func Rotate(file []byte, now time.Time) (*Statement, error) {
	signed, err := keys.Read(file, rotationType)
	if err != nil {
		return nil, err
	}
	var r rotation
	if err := json.Unmarshal(signed.Payload, &r); err != nil {
		return nil, errors.New("this asks for no new keys")
	}
	return &Statement{Type: Rotated, At: now, Member: r.Member, Keys: &r.Keys, Proof: file}, nil
}

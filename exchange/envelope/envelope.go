// Package envelope signs what a member says, seals it to each recipient by itself, and opens what others sealed.
//
// A Statement names its sender, its recipients, its purpose and its time, and is signed as a whole (DSSE, Ed25519). It is then padded,
// so that its length tells little, and sealed once for each recipient (age, ML-KEM-768 with X25519): one small file each, which shows
// nobody the others and opens at the first try. Attachments are sealed once under a key of their own, which travels with their sum in
// the statement; they are streamed and never held in memory.
//
// Open refuses, with a named reason, whatever is not a statement that this member was meant to get from that sender at that time. It
// knows no compression, so nothing can expand.
//
// Size: about 1.7 KB a recipient and a third more than the body. Cost: see docs/performance.md.
package envelope

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"
	"strings"
	"sync"
	"time"

	"filippo.io/age"
	jsonv2 "github.com/go-json-experiment/json"

	"tarir/exchange/keys"
	"tarir/exchange/register"
	"tarir/handling"
)

// Version of statements. One of an older version is refused: nothing may be talked down to what was given up.
const Version = 1

// PayloadType is what statements are signed as.
const PayloadType = "application/vnd.tarir.statement+json"

const (
	// MaxStatement is the most bytes of a signed statement: what is larger goes as an attachment.
	MaxStatement = 512 << 10
	// MaxSealed is the most bytes of a sealed one.
	MaxSealed = 640 << 10
	// skew is how far a sender's clock may be ahead of ours.
	skew = 5 * time.Minute
	// MaxAge is how long after it was sent a statement may arrive at all: what is known of earlier ones need not be kept for longer.
	MaxAge = 60 * 24 * time.Hour
)

// Statement is what a member says to others.
type Statement struct {
	Version    int              `json:"version"`
	ID         string           `json:"id"` // 32 hexadecimal digits, at random
	From       string           `json:"from"`
	To         []string         `json:"to"`
	Purpose    handling.Purpose `json:"purpose"`
	LegalBasis string           `json:"legal_basis"`
	Type       string           `json:"type"` // of the body: notice, diffusion, message, hit, receipt, ...
	Sent       time.Time        `json:"sent"`
	Expires    time.Time        `json:"expires"`
	Label      *handling.Label  `json:"label,omitempty"`
	// LabelTo says that the label is addressed to the recipients, whom it then does not name once more.
	LabelTo     bool            `json:"label_to,omitempty"`
	Body        json.RawMessage `json:"body"`
	Attachments []Attachment    `json:"attachments,omitempty"`
}

// Reason is why a statement was refused.
type Reason string

// The reasons.
const (
	Unreadable  Reason = "unreadable"  // it is no sealed statement
	Oversized   Reason = "oversized"   // larger than may be
	Altered     Reason = "altered"     // changed since it was sealed, or sealed for somebody else
	Compressed  Reason = "compressed"  // nothing compressed is accepted
	Downgraded  Reason = "downgraded"  // an older version, or a weaker seal
	Newer       Reason = "newer"       // of a version that this program does not know
	Unknown     Reason = "unknown"     // the sender is no member
	Forged      Reason = "forged"      // the signature is not the sender's
	Suspended   Reason = "suspended"   // the sender was suspended, or had left
	Readdressed Reason = "readdressed" // this member is not among those whom the sender addressed
	Expired     Reason = "expired"     // after its time, or too old
	Early       Reason = "early"       // from the future: a clock is wrong
	Replayed    Reason = "replayed"    // it came before
	NoPurpose   Reason = "no_purpose"  // without a purpose or a legal basis
)

// Refusal is the error of what was refused.
type Refusal struct {
	Reason Reason
	From   string     // as far as it can be told
	Said   *Statement // where its sender is known to have said it: who is to be told
	why    error
}

func (r *Refusal) Error() string {
	s := "refused (" + string(r.Reason) + ")"
	if r.From != "" {
		s += " from " + r.From
	}
	if r.why != nil {
		s += ": " + r.why.Error()
	}
	return s
}

func (r *Refusal) Unwrap() error { return r.why }

func refuse(reason Reason, from string, why error) error {
	return &Refusal{Reason: reason, From: from, why: why}
}

// NewID makes the id of a statement.
func NewID(random io.Reader) (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("make an id: %w", err)
	}
	return hex.EncodeToString(b[:]), nil
}

func goodID(id string) bool {
	b, err := hex.DecodeString(id)
	return err == nil && len(b) == 16 && strings.ToLower(id) == id
}

// Check says what is wrong with a statement before it is signed.
func (s *Statement) Check() error {
	if !json.Valid(s.Body) {
		return errors.New("it says nothing")
	}
	return s.checkBesidesBody()
}

// checkBesidesBody is what is left to check of a statement that was read: its body was read with it.
func (s *Statement) checkBesidesBody() error {
	switch {
	case s.Version != Version:
		return fmt.Errorf("its version must be %d", Version)
	case !goodID(s.ID):
		return errors.New("its id must be 32 hexadecimal digits")
	case s.From == "" || len(s.To) == 0 || slices.Contains(s.To, ""):
		return errors.New("say who sends it, and to whom")
	case !slices.Contains(handling.Purposes, s.Purpose) || strings.TrimSpace(s.LegalBasis) == "":
		return errors.New("give the purpose and the legal basis first")
	case s.Type == "" || len(s.Body) == 0:
		return errors.New("it says nothing")
	case s.Sent.IsZero() || !s.Expires.After(s.Sent) || s.Expires.Sub(s.Sent) > MaxAge:
		return fmt.Errorf("say when it is sent and when it expires, at most %d days later", int(MaxAge.Hours())/24)
	}
	if s.Label != nil {
		if err := s.Label.Check(); err != nil {
			return err
		}
	}
	for _, a := range s.Attachments {
		if err := a.check(); err != nil {
			return err
		}
	}
	return nil
}

// Sign signs a statement.
func Sign(s *Statement, own *keys.Private) ([]byte, error) {
	if err := s.Check(); err != nil {
		return nil, fmt.Errorf("sign statement: %w", err)
	}
	short := *s
	if s.Label != nil && slices.Equal(s.Label.Addressed, s.To) {
		l := *s.Label
		l.Addressed, short.Label, short.LabelTo = nil, &l, true
	}
	b, err := json.Marshal(short)
	if err != nil {
		return nil, fmt.Errorf("sign statement: %w", err)
	}
	signed, err := keys.Sign(PayloadType, b, own)
	if err != nil {
		return nil, err
	}
	if len(signed) > MaxStatement {
		return nil, fmt.Errorf("sign statement: it has %d bytes of at most %d: send what is large as an attachment", len(signed), MaxStatement)
	}
	return signed, nil
}

// SignAgain signs a statement of one's own with other keys; nil where it is signed by these.
func SignAgain(text []byte, own *keys.Private) ([]byte, error) {
	signed, err := keys.Read(text, PayloadType)
	if err != nil {
		return nil, fmt.Errorf("sign again: %w", err)
	}
	if slices.Contains(signed.KeyIDs(), own.ID()) {
		return nil, nil
	}
	return keys.Sign(PayloadType, signed.Payload, own)
}

// Seal seals a signed statement to one recipient.
func Seal(signed []byte, to keys.Public) ([]byte, error) {
	recipient, err := recipientOf(to.Sealing)
	if err != nil {
		return nil, errors.New("seal: the recipient's key is no post-quantum key")
	}
	var out bytes.Buffer
	out.Grow(Padded(len(signed)+4) + 4096)
	w, err := age.Encrypt(&out, recipient)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	if _, err := w.Write(pad(signed)); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return out.Bytes(), nil
}

// recipients are keys that were read: to read one costs half as much as to seal to it.
var recipients struct {
	sync.Mutex
	read map[string]*age.HybridRecipient
}

const mostRecipients = 4096 // read keys; some 10 MB

func recipientOf(text string) (*age.HybridRecipient, error) {
	recipients.Lock()
	defer recipients.Unlock()
	if r := recipients.read[text]; r != nil {
		return r, nil
	}
	r, err := age.ParseHybridRecipient(text)
	if err != nil {
		return nil, err
	}
	if len(recipients.read) >= mostRecipients || recipients.read == nil {
		recipients.read = map[string]*age.HybridRecipient{}
	}
	recipients.read[text] = r
	return r, nil
}

// Padded is the length to which n bytes are padded, at most twelve in a hundred more and 512 at least: lengths then tell an observer
// of the order of log log n bits (Padmé, Nikitin and others, PETS 2019).
func Padded(n int) int {
	n = max(n, 512)
	e := bits.Len(uint(n)) - 1
	last := e - bits.Len(uint(e))
	mask := 1<<last - 1
	return (n + mask) &^ mask
}

// pad writes the length before a text and zeros behind it.
func pad(b []byte) []byte {
	out := make([]byte, Padded(len(b)+4))
	binary.BigEndian.PutUint32(out, uint32(len(b)))
	copy(out[4:], b)
	return out
}

func unpad(b []byte) ([]byte, error) {
	if len(b) < 4 {
		return nil, errors.New("it is cut off")
	}
	n := binary.BigEndian.Uint32(b)
	if uint64(n) > uint64(len(b)-4) || len(b) != Padded(int(n)+4) || len(bytes.Trim(b[4+n:], "\x00")) > 0 {
		return nil, errors.New("it is not padded as it should be")
	}
	return b[4 : 4+n], nil
}

// Directory is the register, as far as it is needed here.
type Directory interface {
	KeyAt(member, keyID string, at time.Time) (*keys.Public, error)
}

// Opener opens what was sealed to a member.
type Opener struct {
	Member    string
	Keys      []*keys.Private // the ones in force, and those before as long as something sealed to them may come
	Directory Directory
	Now       func() time.Time
	// Seen says whether a statement of a sender came before; who opens one marks it in the same transaction as its effect.
	Seen func(from, id string) (bool, error)
}

// Open opens a sealed statement and checks everything about it. arrived is when the relay took it in: a sender who was suspended
// by then is refused, whatever time the statement itself names. Other errors than a *Refusal are of this node; the statement can be
// opened again when they are mended.
func (o *Opener) Open(sealed []byte, arrived time.Time) (*Statement, error) {
	signed, err := o.unseal(sealed)
	if err != nil {
		return nil, err
	}
	return o.verify(signed, arrived)
}

// Unseal opens what Seal sealed to one of some keys, whatever it is: what it says of itself is not checked. It is for texts that are sealed within a
// statement, so that nobody reads them on the way from where they were to where they go.
func Unseal(sealed []byte, own []*keys.Private) ([]byte, error) {
	return (&Opener{Keys: own}).unseal(sealed)
}

func (o *Opener) unseal(sealed []byte) ([]byte, error) {
	if len(sealed) > MaxSealed {
		return nil, refuse(Oversized, "", nil)
	}
	// All at once: a reader of streams takes 128 KB for each letter.
	r, size, err := age.DecryptReaderAt(bytes.NewReader(sealed), int64(len(sealed)), identity(o.Keys))
	if refusal, is := errors.AsType[*Refusal](err); is {
		return nil, refusal
	}
	if err != nil {
		if _, err := age.ExtractHeader(bytes.NewReader(sealed)); err != nil {
			return nil, refuse(Unreadable, "", err)
		}
		return nil, refuse(Altered, "", err)
	}
	text := make([]byte, size)
	if _, err := r.ReadAt(text, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, refuse(Altered, "", err)
	}
	text, err = unpad(text)
	if err != nil {
		return nil, refuse(Altered, "", err)
	}
	if len(text) > MaxStatement {
		return nil, refuse(Oversized, "", nil)
	}
	return text, nil
}

// identity opens what is sealed once, to one of some keys, and with a post-quantum key.
type identity []*keys.Private

// Unwrap is age's.
func (own identity) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	for _, s := range stanzas {
		if s.Type != "mlkem768x25519" {
			return nil, refuse(Downgraded, "", errors.New("it is not sealed with a post-quantum key"))
		}
	}
	if len(stanzas) != 1 {
		return nil, refuse(Unreadable, "", errors.New("it is not sealed to one recipient"))
	}
	for _, k := range own {
		if key, err := k.Sealing.Unwrap(stanzas); !errors.Is(err, age.ErrIncorrectIdentity) {
			return key, err
		}
	}
	return nil, age.ErrIncorrectIdentity
}

func (o *Opener) verify(text []byte, arrived time.Time) (*Statement, error) {
	signed, err := keys.Read(text, PayloadType)
	if err != nil {
		for _, c := range []string{"gzip", "zstd", "deflate", "zlib", "brotli"} {
			if bytes.Contains(text[:min(len(text), 200)], []byte(c)) {
				return nil, refuse(Compressed, "", nil)
			}
		}
		return nil, refuse(Unreadable, "", err)
	}
	var s Statement
	if err := jsonv2.Unmarshal(signed.Payload, &s); err != nil {
		return nil, refuse(Unreadable, "", errors.New("the statement is not as it should be")) // what it says stays out of errors
	}
	ids := signed.KeyIDs()
	if len(ids) != 1 {
		return nil, refuse(Unreadable, s.From, errors.New("it is not signed once"))
	}
	key, err := o.Directory.KeyAt(s.From, ids[0], s.Sent)
	switch {
	case errors.Is(err, register.ErrUnknown):
		return nil, refuse(Unknown, "", nil) // the name is the attacker's
	case errors.Is(err, register.ErrSuspended):
		return nil, refuse(Suspended, s.From, nil)
	case errors.Is(err, register.ErrKey):
		return nil, refuse(Forged, s.From, err)
	case err != nil:
		return nil, fmt.Errorf("look up a sender: %w", err)
	}
	if err := signed.Verify(*key); err != nil {
		return nil, refuse(Forged, s.From, nil)
	}
	// From here on the sender is known to have said it.
	if s.LabelTo && s.Label != nil {
		s.Label.Addressed = s.To
	}
	no := func(reason Reason, why error) (*Statement, error) { return nil, &Refusal{reason, s.From, &s, why} }
	now := o.Now()
	if _, err := o.Directory.KeyAt(s.From, ids[0], arrived); errors.Is(err, register.ErrSuspended) {
		return no(Suspended, nil)
	}
	switch {
	case s.Version < Version:
		return no(Downgraded, fmt.Errorf("it is of version %d", s.Version))
	case s.Version > Version:
		return no(Newer, errors.New("update this node to read it"))
	case !slices.Contains(s.To, o.Member):
		return no(Readdressed, nil)
	case !slices.Contains(handling.Purposes, s.Purpose) || strings.TrimSpace(s.LegalBasis) == "":
		return no(NoPurpose, nil)
	case s.Sent.After(now.Add(skew)):
		return no(Early, nil)
	case !now.Before(s.Expires) || now.Sub(s.Sent) > MaxAge:
		return no(Expired, nil)
	}
	if err := s.checkBesidesBody(); err != nil {
		return no(Unreadable, err)
	}
	seen, err := o.Seen(s.From, s.ID)
	if err != nil {
		return nil, fmt.Errorf("look up whether a statement came before: %w", err)
	}
	if seen {
		return no(Replayed, nil)
	}
	return &s, nil
}

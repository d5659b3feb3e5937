// Package keys holds what a member signs and opens with: an Ed25519 key for statements and checkpoints, and a hybrid post-quantum
// age identity (ML-KEM-768 with X25519) for what is sealed to it. Signatures are DSSE (Dead Simple Signing Envelope), which signs
// the type of a payload together with its bytes.
package keys

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
	jsonv2 "github.com/go-json-experiment/json"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"golang.org/x/mod/sumdb/note"
)

// Private is a member's own pair of keys.
type Private struct {
	Signing ed25519.PrivateKey
	Sealing *age.HybridIdentity
}

// ID names the signing key, as that of the public part does. It is much cheaper than to make that.
func (p *Private) ID() string { return idOf(p.Signing.Public().(ed25519.PublicKey)) }

// Public is what others need of it.
type Public struct {
	Signing []byte `json:"signing"` // Ed25519, 32 bytes
	Sealing string `json:"sealing"` // age1pq1...
	Relay   []byte `json:"relay"`   // Ed25519, for logging in to the relay and nothing else
}

// Generate makes keys; random is where the signing key comes from, the sealing key comes from the system.
func Generate(random io.Reader) (*Private, error) {
	_, signing, err := ed25519.GenerateKey(random)
	if err != nil {
		return nil, fmt.Errorf("make a signing key: %w", err)
	}
	sealing, err := age.GenerateHybridIdentity()
	if err != nil {
		return nil, fmt.Errorf("make a sealing key: %w", err)
	}
	return &Private{signing, sealing}, nil
}

// Public gives the public parts.
func (p *Private) Public() Public {
	return Public{p.Signing.Public().(ed25519.PublicKey), p.Sealing.Recipient().String(), p.Relay().Public().(ed25519.PublicKey)}
}

// Relay is the key with which a member logs in to the relay. The relay chooses the text that is signed, so it is a key of its own,
// derived from the signing key: a relay must not get a statement signed in the place of its question.
func (p *Private) Relay() ed25519.PrivateKey {
	seed, err := hkdf.Key(sha256.New, p.Signing.Seed(), nil, "tarir relay login 1", ed25519.SeedSize)
	if err != nil {
		panic(err) // of lengths alone
	}
	return ed25519.NewKeyFromSeed(seed)
}

// Equal says whether two are the same keys.
func (p Public) Equal(o Public) bool {
	return bytes.Equal(p.Signing, o.Signing) && p.Sealing == o.Sealing && bytes.Equal(p.Relay, o.Relay)
}

// Check says whether both parts are keys of the kinds that are accepted: no other kind of sealing key is.
func (p Public) Check() error {
	if len(p.Signing) != ed25519.PublicKeySize {
		return errors.New("the signing key is no Ed25519 key")
	}
	if len(p.Relay) != ed25519.PublicKeySize {
		return errors.New("the key for the relay is no Ed25519 key")
	}
	if _, err := age.ParseHybridRecipient(p.Sealing); err != nil {
		return errors.New("the sealing key is no post-quantum age key (age1pq1...)")
	}
	return nil
}

// ID names a signing key: the start of its SHA-256.
func (p Public) ID() string { return idOf(p.Signing) }

func idOf(signing []byte) string {
	h := sha256.Sum256(signing)
	return hex.EncodeToString(h[:16])
}

// MarshalText writes both private keys, to be sealed before it reaches a disk.
func (p *Private) MarshalText() ([]byte, error) {
	return []byte(base64.StdEncoding.EncodeToString(p.Signing.Seed()) + "\n" + p.Sealing.String() + "\n"), nil
}

// UnmarshalText reads them.
func (p *Private) UnmarshalText(text []byte) error {
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	if len(lines) != 2 {
		return errors.New("this is no pair of keys")
	}
	seed, err := base64.StdEncoding.DecodeString(string(lines[0]))
	if err != nil || len(seed) != ed25519.SeedSize {
		return errors.New("this is no pair of keys: the first line is no signing key")
	}
	sealing, err := age.ParseHybridIdentity(string(lines[1]))
	if err != nil {
		return errors.New("this is no pair of keys: the second line is no sealing key")
	}
	p.Signing, p.Sealing = ed25519.NewKeyFromSeed(seed), sealing
	return nil
}

// signer and verifier are the two sides that DSSE asks for.
type signer struct{ *Private }

func (s signer) Sign(_ context.Context, data []byte) ([]byte, error) {
	return ed25519.Sign(s.Signing, data), nil
}

func (s signer) KeyID() (string, error) { return s.ID(), nil }

type verifier struct{ of Public }

func (v verifier) Verify(_ context.Context, data, sig []byte) error {
	if len(v.of.Signing) != ed25519.PublicKeySize || !ed25519.Verify(v.of.Signing, data, sig) {
		return ErrSignature
	}
	return nil
}
func (v verifier) KeyID() (string, error)   { return v.of.ID(), nil }
func (v verifier) Public() crypto.PublicKey { return ed25519.PublicKey(v.of.Signing) }

// ErrSignature is a signature that is not that of the key it should be.
var ErrSignature = errors.New("the signature is not that of the sender")

// Sign signs a payload with each of the keys.
func Sign(payloadType string, payload []byte, by ...*Private) ([]byte, error) {
	var signers []dsse.Signer
	for _, p := range by {
		signers = append(signers, signer{p})
	}
	s, err := dsse.NewEnvelopeSigner(signers...)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	e, err := s.SignPayload(context.Background(), payloadType, payload)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	return json.Marshal(e)
}

// Signed is an envelope that was read and whose signature is still to be checked.
type Signed struct {
	Payload []byte
	e       dsse.Envelope
}

// Read reads an envelope of a type.
func Read(b []byte, payloadType string) (*Signed, error) {
	var s Signed
	if err := jsonv2.Unmarshal(b, &s.e, jsonv2.RejectUnknownMembers(true)); err != nil { // which takes no name twice, and nothing behind it
		return nil, fmt.Errorf("this is no signed statement: %w", err)
	}
	if s.e.PayloadType != payloadType {
		return nil, fmt.Errorf("this is no %s", payloadType)
	}
	var err error
	if s.Payload, err = s.e.DecodeB64Payload(); err != nil {
		return nil, fmt.Errorf("this is no signed statement: %w", err)
	}
	return &s, nil
}

// KeyIDs are those of the keys that are said to have signed.
func (s *Signed) KeyIDs() []string {
	var out []string
	for _, x := range s.e.Signatures {
		out = append(out, x.KeyID)
	}
	return out
}

// Verify checks that each of the keys signed.
func (s *Signed) Verify(by ...Public) error {
	var list []dsse.Verifier
	for _, p := range by {
		list = append(list, verifier{p})
	}
	v, err := dsse.NewMultiEnvelopeVerifier(len(by), list...)
	if err != nil {
		return ErrSignature
	}
	if _, err := v.Verify(context.Background(), &s.e); err != nil {
		return ErrSignature
	}
	return nil
}

// NoteSigner signs checkpoints in a member's name.
func (p *Private) NoteSigner(member string) (note.Signer, error) {
	v, err := p.Public().NoteVerifier(member)
	if err != nil {
		return nil, err
	}
	return &noteSigner{v, p.Signing}, nil
}

type noteSigner struct {
	note.Verifier
	key ed25519.PrivateKey
}

func (s *noteSigner) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(s.key, msg), nil }

// NoteVerifier checks checkpoints that a member signed.
func (p Public) NoteVerifier(member string) (note.Verifier, error) {
	text, err := note.NewEd25519VerifierKey(member, p.Signing)
	if err != nil {
		return nil, fmt.Errorf("%q cannot sign: %w", member, err)
	}
	return note.NewVerifier(text)
}

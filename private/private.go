// Package private asks whether something is known without telling what is asked: who asks learns hit or no hit on what it has itself, who
// is asked learns neither, and nobody can read the list.
//
// It is a private set intersection by an oblivious pseudorandom function (RFC 9497, OPRF(ristretto255, SHA-512), verifiable mode; the
// cryptography is github.com/cloudflare/circl). Who is asked, the keeper, gives each thing on its list a tag under a secret key, and the
// set of all tags to whoever may ask. A tag says nothing to who has not the key. Who asks blinds what it looks for, has the keeper apply
// its key to that, with a proof that it was the key of the set, takes the blind off, and has the tag: it is in the set, or it is not.
//
//	private.go  the keeper: its key and what it does for others
//	ask.go      who asks: blinding and taking the blind off; what was asked can be taken up again
//	set.go      the tags of a list
//	keys.go     what persons and things are looked for by
//
// What each side learns beside that is in docs/security.md.
package private

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/cloudflare/circl/group"
	"github.com/cloudflare/circl/oprf"
	"github.com/cloudflare/circl/zk/dleq"
)

// Most is how many things one request may blind.
const Most = 4096

// ElementSize is how many bytes a blinded or evaluated element has, ProofSize those of a proof.
const (
	ElementSize = 32
	ProofSize   = 64
)

var (
	// ErrRequest is a request that is none.
	ErrRequest = errors.New("this is no request of a private check")
	// ErrProof is an answer that was not made with the key of the set.
	ErrProof = errors.New("the answer was not made with the key of the list: nothing can be concluded from it")
)

var suite = oprf.SuiteRistretto255

// Key is a keeper's secret key. A new one makes all tags that were told before worthless.
type Key struct {
	private *oprf.PrivateKey
	server  oprf.VerifiableServer
}

// NewKey makes a key.
func NewKey(random io.Reader) (*Key, error) {
	k, err := oprf.GenerateKey(suite, random)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	return &Key{k, oprf.NewVerifiableServer(suite, k)}, nil
}

// Bytes is the key as it is kept.
func (k *Key) Bytes() ([]byte, error) { return k.private.MarshalBinary() }

// ParseKey reads a key that was kept.
func ParseKey(b []byte) (*Key, error) {
	p := &oprf.PrivateKey{}
	if err := p.UnmarshalBinary(suite, b); err != nil {
		return nil, fmt.Errorf("read the key: %w", err)
	}
	return &Key{p, oprf.NewVerifiableServer(suite, p)}, nil
}

// Public is what proves that an answer was made with the key.
func (k *Key) Public() ([]byte, error) { return k.private.Public().MarshalBinary() }

// Tag stands for a thing in a set: the first eight bytes of the function's output. Two things have one tag by chance once in 2^64
// comparisons.
type Tag uint64

func tagOf(output []byte) Tag { return Tag(binary.BigEndian.Uint64(output)) }

// Tag of a thing on the keeper's own list.
func (k *Key) Tag(thing string) (Tag, error) {
	out, err := k.server.FullEvaluate([]byte(thing))
	if err != nil {
		return 0, fmt.Errorf("tag: %w", err)
	}
	return tagOf(out), nil
}

// Evaluate applies the key to what somebody blinded: as many elements in a row as it holds. The answer is as many in the same order, and
// behind them the proof.
func (k *Key) Evaluate(request []byte) ([]byte, error) {
	elements, err := parse(request)
	if err != nil {
		return nil, err
	}
	e, err := k.server.Evaluate(&oprf.EvaluationRequest{Elements: elements})
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrRequest, err)
	}
	out := make([]byte, 0, len(request)+ProofSize)
	for _, x := range e.Elements {
		b, err := x.MarshalBinaryCompress()
		if err != nil {
			return nil, fmt.Errorf("evaluate: %w", err)
		}
		out = append(out, b...)
	}
	proof, err := e.Proof.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("evaluate: %w", err)
	}
	return append(out, proof...), nil
}

func parse(b []byte) ([]group.Element, error) {
	n := len(b) / ElementSize
	if n == 0 || n > Most || len(b)%ElementSize != 0 {
		return nil, fmt.Errorf("%w: it has %d bytes, and must hold 1 to %d elements of %d", ErrRequest, len(b), Most, ElementSize)
	}
	out := make([]group.Element, n)
	for i := range out {
		out[i] = group.Ristretto255.NewElement()
		if err := out[i].UnmarshalBinary(b[i*ElementSize : (i+1)*ElementSize]); err != nil || out[i].IsIdentity() {
			return nil, fmt.Errorf("%w: element %d is none", ErrRequest, i)
		}
	}
	return out, nil
}

// proofOf reads a proof.
func proofOf(b []byte) (*dleq.Proof, error) {
	p := &dleq.Proof{}
	return p, p.UnmarshalBinary(group.Ristretto255, b)
}

// blindsOf derives the blinds of a request from the secret of a job: a job that was interrupted asks the same again, and the keeper
// learns nothing but that.
func blindsOf(secret []byte, request uint64, n int) []oprf.Blind {
	out := make([]oprf.Blind, n)
	var msg [sha256.Size + 16]byte
	copy(msg[:], secret)
	binary.BigEndian.PutUint64(msg[sha256.Size:], request)
	for i := range out {
		binary.BigEndian.PutUint64(msg[sha256.Size+8:], uint64(i))
		out[i] = group.Ristretto255.HashToScalar(msg[:], []byte("tarir private check, blind, 1"))
	}
	return out
}

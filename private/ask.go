package private

import (
	"crypto/sha256"
	"fmt"
	"io"

	"github.com/cloudflare/circl/oprf"
)

// Job is what one member asks another: many things, request by request. Its secret must stay with who asks: with it, the blinds come off.
type Job struct {
	client oprf.VerifiableClient
	secret []byte
}

// NewSecret makes the secret of a job.
func NewSecret(random io.Reader) ([]byte, error) {
	b := make([]byte, sha256.Size)
	if _, err := io.ReadFull(random, b); err != nil {
		return nil, fmt.Errorf("make a secret: %w", err)
	}
	return b, nil
}

// NewJob asks the keeper whose public key is given. With the same secret and the same things, a request is the same again.
func NewJob(public, secret []byte) (*Job, error) {
	k := &oprf.PublicKey{}
	if err := k.UnmarshalBinary(suite, public); err != nil {
		return nil, fmt.Errorf("%w: the keeper's key cannot be read", ErrRequest)
	}
	if len(secret) != sha256.Size {
		return nil, fmt.Errorf("%w: the secret of a job has %d bytes", ErrRequest, sha256.Size)
	}
	return &Job{oprf.NewVerifiableClient(suite, k), secret}, nil
}

// Pending is a request on its way: what the blinds come off with.
type Pending struct {
	client oprf.VerifiableClient
	state  *oprf.FinalizeData
	things int
}

// Request blinds the things of the request with a number. To take up a job again that was interrupted, ask for the same again.
func (j *Job) Request(number uint64, things []string) (*Pending, []byte, error) {
	if len(things) == 0 || len(things) > Most {
		return nil, nil, fmt.Errorf("%w: a request has 1 to %d things", ErrRequest, Most)
	}
	inputs := make([][]byte, len(things))
	for i, t := range things {
		inputs[i] = []byte(t)
	}
	state, r, err := j.client.DeterministicBlind(inputs, blindsOf(j.secret, number, len(things)))
	if err != nil {
		return nil, nil, fmt.Errorf("blind: %w", err)
	}
	out := make([]byte, 0, len(things)*ElementSize)
	for _, e := range r.Elements {
		b, err := e.MarshalBinaryCompress()
		if err != nil {
			return nil, nil, fmt.Errorf("blind: %w", err)
		}
		out = append(out, b...)
	}
	return &Pending{j.client, state, len(things)}, out, nil
}

// Tags takes the blinds off an answer and gives the tags of the things, in their order. It checks that the answer was made with the
// keeper's key.
func (p *Pending) Tags(answer []byte) ([]Tag, error) {
	if len(answer) != p.things*ElementSize+ProofSize {
		return nil, fmt.Errorf("%w: it has %d bytes for %d things", ErrProof, len(answer), p.things)
	}
	elements, err := parse(answer[:p.things*ElementSize])
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrProof, err)
	}
	proof, err := proofOf(answer[p.things*ElementSize:])
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrProof, err)
	}
	outputs, err := p.client.Finalize(p.state, &oprf.Evaluation{Elements: elements, Proof: proof})
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrProof, err)
	}
	tags := make([]Tag, len(outputs))
	for i, o := range outputs {
		tags[i] = tagOf(o)
	}
	return tags, nil
}

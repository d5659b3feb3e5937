package envelope

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"

	"filippo.io/age"
)

// Attachment is a file beside a statement: where the statement is sealed to each recipient, the file is sealed once, under a key
// that stands here.
type Attachment struct {
	Name   string `json:"name"`   // as the sender calls it, without a path
	Type   string `json:"type"`   // media type
	Size   int64  `json:"size"`   // of the file
	SHA256 string `json:"sha256"` // of the sealed file: under this name it is fetched
	Key    string `json:"key"`
}

func (a *Attachment) check() error {
	if a.Name == "" || strings.ContainsAny(a.Name, "/\\\x00") || a.Name == "." || a.Name == ".." {
		return errors.New("the name of an attachment is no name of a file")
	}
	if sum, err := hex.DecodeString(a.SHA256); err != nil || len(sum) != sha256.Size || a.Size < 0 {
		return errors.New("an attachment has no sum")
	}
	if _, err := age.ParseHybridIdentity(a.Key); err != nil {
		return errors.New("an attachment has no key")
	}
	return nil
}

// ErrAttachment is an attachment that is not the one that the statement speaks of. What was written of it must be thrown away.
var ErrAttachment = errors.New("the attachment is not the one that was sent")

// SealAttachment seals a file, padded, as it is read.
func SealAttachment(dst io.Writer, src io.Reader, name, mediaType string) (*Attachment, error) {
	key, err := age.GenerateHybridIdentity()
	if err != nil {
		return nil, fmt.Errorf("seal attachment: %w", err)
	}
	sum := sha256.New()
	w, err := age.Encrypt(io.MultiWriter(dst, sum), key.Recipient())
	if err != nil {
		return nil, fmt.Errorf("seal attachment: %w", err)
	}
	n, err := io.Copy(w, src)
	if err == nil {
		err = zeros(w, int64(Padded(int(n)))-n)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("seal attachment: %w", err)
	}
	a := &Attachment{Name: name, Type: mediaType, Size: n, SHA256: hex.EncodeToString(sum.Sum(nil)), Key: key.String()}
	return a, a.check()
}

func zeros(w io.Writer, n int64) error {
	var block [4096]byte
	for n > 0 {
		k := min(n, int64(len(block)))
		if _, err := w.Write(block[:k]); err != nil {
			return err
		}
		n -= k
	}
	return nil
}

// Open opens a sealed attachment as it is read. Every part is authentic when it is written; that it is whole and the one that was
// sent is known at the end, so dst must be thrown away after an error.
func (a *Attachment) Open(dst io.Writer, src io.Reader) error {
	if err := a.check(); err != nil {
		return err
	}
	key, err := age.ParseHybridIdentity(a.Key)
	if err != nil {
		return ErrAttachment
	}
	whole := int64(Padded(int(a.Size)))
	// The sealed file is longer by its head and sixteen bytes in each 64 KiB: what is longer than that is cut before it is read.
	s := &summing{r: io.LimitReader(src, whole+whole/2048+8192), h: sha256.New()}
	r, err := age.Decrypt(s, key)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAttachment, err)
	}
	if n, err := io.Copy(dst, io.LimitReader(r, a.Size)); err != nil || n != a.Size {
		return errors.Join(ErrAttachment, err)
	}
	if n, err := io.Copy(io.Discard, r); err != nil || n != whole-a.Size {
		return errors.Join(ErrAttachment, err)
	}
	if _, err := io.Copy(io.Discard, s); err != nil {
		return errors.Join(ErrAttachment, err)
	}
	want, _ := hex.DecodeString(a.SHA256) // checked above
	if subtle.ConstantTimeCompare(s.h.Sum(nil), want) != 1 {
		return ErrAttachment
	}
	return nil
}

// summing sums what is read.
type summing struct {
	r io.Reader
	h hash.Hash
}

func (s *summing) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.h.Write(p[:n])
	return n, err
}

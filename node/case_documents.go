package node

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"mime"
	"os"
	"path/filepath"

	"tarir/audit"
	"tarir/casework"
	"tarir/exchange/envelope"
	"tarir/store"
)

// Documents of cases: sealed on the disk as attachments are, and known by what they say.

// AddDocument puts a file into a case. Its text is sealed on the disk and known by its digest: the same file again is the same entry.
func (n *Node) AddDocument(ctx context.Context, w Who, id string, f File, d casework.Document) (out *Put, err error) {
	// Whoever may not write there leaves no file behind.
	if err := n.work(ctx, w, id, casework.CaseRead, audit.Decision, "document", func(_ *store.Tx, c *casework.Case) error {
		return c.May(w.Person, casework.CaseWrite)
	}); err != nil {
		return nil, err
	}
	src, err := os.Open(f.Path)
	if err != nil {
		return nil, fmt.Errorf("read the document: %w", err)
	}
	defer src.Close()
	d.Name = cmp.Or(f.Name, filepath.Base(f.Path))
	d.Type = cmp.Or(f.Type, mime.TypeByExtension(filepath.Ext(d.Name)))
	sum := sha256.New()
	a, err := n.attachFrom(io.TeeReader(src, sum), d.Name, d.Type)
	if err != nil {
		return nil, err
	}
	d.Size, d.SHA256, d.Sealed = a.Size, hex.EncodeToString(sum.Sum(nil)), mustJSON(a)
	var put []Put
	err = n.work(ctx, w, id, casework.CaseWrite, audit.Change, "document", func(tx *store.Tx, c *casework.Case) error {
		put = nil
		have, err := tx.EntryByID(c.Num, string(casework.DocumentEntry), d.SHA256)
		if err == nil {
			put = []Put{{Seq: have.Seq, ID: have.ID, Was: "same"}}
			return nil
		}
		if !errors.Is(err, store.ErrNone) {
			return err
		}
		r, err := casework.ReadEntry(casework.DocumentEntry, mustJSON(d))
		if err != nil {
			return err
		}
		put, err = n.putEntries(tx, w, c, []entryRead{{casework.DocumentEntry, r}})
		return err
	})
	if err != nil || put[0].Was == "same" {
		_ = os.Remove(n.attachmentPath(a.SHA256)) // nothing names this copy
	}
	if err != nil {
		return nil, err
	}
	return &put[0], nil
}

// dropDocument removes the sealed file of an entry that is destroyed.
func (n *Node) dropDocument(e *store.Entry) {
	if a, err := sealedDocument(e); err == nil {
		_ = os.Remove(n.attachmentPath(a.SHA256)) // if it is here at all
	}
}

var errNoDocument = errors.New("this is no document")

func sealedDocument(e *store.Entry) (*envelope.Attachment, error) {
	var d casework.Document
	var a envelope.Attachment
	if e.Kind != string(casework.DocumentEntry) || json.Unmarshal(e.Body, &d) != nil || json.Unmarshal(d.Sealed, &a) != nil {
		return nil, errNoDocument
	}
	return &a, nil
}

// ReadDocument writes a document of a case, and checks that it is what was put in.
func (n *Node) ReadDocument(ctx context.Context, w Who, id string, seq int64, to io.Writer) error {
	var e *store.Entry
	err := n.work(ctx, w, id, casework.CaseRead, audit.Access, "document", func(tx *store.Tx, c *casework.Case) (err error) {
		e, err = entryIn(tx, c, seq)
		return err
	})
	if err != nil {
		return err
	}
	sum := sha256.New()
	return n.openDocument(e, io.MultiWriter(to, sum), sum)
}

func (n *Node) openDocument(e *store.Entry, to io.Writer, sum hash.Hash) error {
	a, err := sealedDocument(e)
	if err != nil {
		return err
	}
	src, err := os.Open(n.attachmentPath(a.SHA256))
	if err != nil {
		return fmt.Errorf("open the document: %w", err)
	}
	defer src.Close()
	if err := a.Open(to, src); err != nil {
		return err
	}
	if hex.EncodeToString(sum.Sum(nil)) != e.ID {
		return fmt.Errorf("the document %s is not what was put into the case: restore it from a backup", e.ID[:12])
	}
	return nil
}

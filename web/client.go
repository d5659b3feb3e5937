package web

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"net/http"
	"os"
	"strings"

	"tarir/analysis"
	"tarir/intake"
	"tarir/node"
)

// Programs of others. Each has a token, a person in whose name it acts, one purpose and one legal basis; what it may do is what that person may.

const errToken = "give the token of a client (tarir client add makes one): Authorization: Bearer TOKEN, or basic authentication with the token as password"

// whoOf finds by its token in whose name a program asks. The token stands where each kind of client puts it: behind Bearer or ApiKey, alone (MISP), or
// as the password of basic authentication (TAXII), whose user says nothing.
func whoOf(n *node.Node, r *http.Request) (node.Who, bool) {
	header := strings.TrimSpace(r.Header.Get("Authorization"))
	token := header
	if _, p, ok := r.BasicAuth(); ok {
		token = p
	} else if _, t, ok := strings.Cut(header, " "); ok {
		token = strings.TrimSpace(t)
	}
	sum := sha256.Sum256([]byte(token))
	got := hex.EncodeToString(sum[:])
	for _, c := range n.Config().Clients {
		if subtle.ConstantTimeCompare([]byte(got), []byte(strings.ToLower(c.Token))) == 1 {
			return node.Who{Person: c.Person, Purpose: c.Purpose, LegalBasis: c.LegalBasis, Case: "client " + c.ID}, true
		}
	}
	return node.Who{}, false
}

// taken is what was taken up of what a program sent.
type taken struct {
	node.CaseImport
	Unread []intake.Rejection `json:"unread"` // records that are none of their format
}

// take puts files of any format into a case.
func take(ctx context.Context, n *node.Node, w node.Who, id string, paths []string) (*taken, error) {
	dir, err := os.MkdirTemp("", "tarir-take")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := &taken{CaseImport: node.CaseImport{Rejected: []node.BadRecord{}}, Unread: []intake.Rejection{}}
	parts, err := analysis.CaseParts(ctx, paths, "", dir, func(r intake.Rejection) error {
		if len(out.Unread) >= mostUnread {
			return errUnread
		}
		r.Raw = "" // it goes back to who sent it, and into logs on the way
		out.Unread = append(out.Unread, r)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, p := range parts {
		f, err := os.Open(p.Path)
		if err != nil {
			return nil, err
		}
		got, err := n.ImportIntoCase(ctx, w, id, p.Kind, f)
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, err
		}
		out.Add(got)
	}
	return out, nil
}

const mostUnread = 10_000

var errUnread = errors.New("more than 10,000 records are none of their format: this is another format, or broken")

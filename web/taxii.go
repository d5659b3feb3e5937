package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"tarir/casework"
	"tarir/node"
	"tarir/taxii"
)

// TAXIIBase is where the TAXII server is.
const TAXIIBase = "/taxii2/"

// TAXII answers TAXII 2.1: a case is a collection, for whoever may export it; whoever works on it may add to it.
func TAXII(n *node.Node) http.Handler {
	kept := &statuses{}
	return taxii.Server{Title: "Tarir of " + n.Member(), Base: TAXIIBase}.Handler(func(r *http.Request) (taxii.Backend, error) {
		w, ok := whoOf(n, r)
		if !ok {
			return nil, fmt.Errorf("%w: %s", taxii.ErrWho, errToken)
		}
		return &taxiiBackend{n, w, kept}, nil
	})
}

type taxiiBackend struct {
	n    *node.Node
	w    node.Who
	kept *statuses
}

// collectionID is the UUID of a case's collection.
func collectionID(id string) string {
	sum := sha256.Sum256([]byte("tarir collection\x00" + id))
	u := sum[:16]
	u[6], u[8] = u[6]&0x0f|0x40, u[8]&0x3f|0x80
	h := hex.EncodeToString(u)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

func (b *taxiiBackend) cases(ctx context.Context) ([]*casework.Case, error) {
	list, err := b.n.Cases(ctx, b.w)
	if errors.Is(err, node.ErrNotAllowed) {
		return nil, taxii.ErrForbidden
	}
	return slices.DeleteFunc(list, func(c *casework.Case) bool {
		return c.State == casework.CaseMerged || c.May(b.w.Person, casework.CaseExport) != nil && c.May(b.w.Person, casework.CaseWrite) != nil
	}), err
}

func (b *taxiiBackend) Collections(ctx context.Context) ([]taxii.Collection, error) {
	list, err := b.cases(ctx)
	out := []taxii.Collection{}
	for _, c := range list {
		out = append(out, taxii.Collection{
			ID: collectionID(c.ID), Title: c.Title, Alias: c.ID, CanRead: c.May(b.w.Person, casework.CaseExport) == nil, CanWrite: c.May(b.w.Person, casework.CaseWrite) == nil,
			MediaTypes: []string{"application/stix+json;version=2.1"},
		})
	}
	return out, err
}

func (b *taxiiBackend) caseOf(ctx context.Context, collection string) (string, error) {
	list, err := b.cases(ctx)
	if err != nil {
		return "", err
	}
	for _, c := range list {
		if collectionID(c.ID) == collection {
			return c.ID, nil
		}
	}
	return "", taxii.ErrNone
}

func (b *taxiiBackend) Objects(ctx context.Context, collection string, q taxii.Query) (*taxii.Page, error) {
	id, err := b.caseOf(ctx, collection)
	if err != nil {
		return nil, err
	}
	if len(q.Specs) > 0 && !slices.Contains(q.Specs, "2.1") {
		return &taxii.Page{}, nil
	}
	version := ""
	for _, v := range q.Versions {
		if v != "all" && v != "first" && v != "last" {
			version = v // a moment
		}
	}
	list, more, err := b.n.ToldObjects(ctx, b.w, id, node.ToldQuery{After: q.After, Next: q.Next, Limit: q.Limit, Want: func(o map[string]any) bool {
		return (len(q.IDs) == 0 || slices.Contains(q.IDs, o["id"].(string))) && (len(q.Types) == 0 || slices.Contains(q.Types, o["type"].(string))) && (version == "" || o["modified"] == version)
	}})
	var refused *node.Refused
	switch {
	case errors.Is(err, node.ErrNext):
		return nil, fmt.Errorf("%w: %w", taxii.ErrAsked, err)
	case errors.As(err, &refused):
		return nil, taxii.ErrForbidden
	case err != nil:
		return nil, err
	}
	p := &taxii.Page{More: more}
	for _, o := range list {
		text, err := json.Marshal(o.Object)
		if err != nil {
			return nil, err
		}
		v, ok := o.Object["modified"].(string)
		if !ok {
			v = o.Changed.UTC().Format("2006-01-02T15:04:05.000Z") // an observable has none
		}
		p.Objects = append(p.Objects, taxii.Object{JSON: text, ID: o.Object["id"].(string), Version: v, Added: o.Changed, Next: o.Next})
	}
	return p, nil
}

func (b *taxiiBackend) Add(ctx context.Context, collection string, objects []json.RawMessage) (*taxii.Status, error) {
	id, err := b.caseOf(ctx, collection)
	if err != nil {
		return nil, err
	}
	st := &taxii.Status{State: "complete", Asked: time.Now().UTC().Format(time.RFC3339), Total: len(objects)}
	if len(objects) > 0 {
		dir, err := os.MkdirTemp("", "tarir-taxii")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		text, err := json.Marshal(map[string]any{"type": "bundle", "id": "bundle--" + collection, "objects": objects})
		if err != nil {
			return nil, fmt.Errorf("%w: %w", taxii.ErrAsked, err)
		}
		path := filepath.Join(dir, "objects.json")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			return nil, err
		}
		got, err := take(ctx, b.n, b.w, id, []string{path})
		if err != nil {
			return nil, err
		}
		wrong := map[int]string{}
		for _, r := range got.Unread {
			wrong[int(r.Line)] = r.Reason
		}
		for _, r := range got.Rejected {
			st.Failures = append(st.Failures, taxii.StatusObject{ID: "", Version: "", Message: r.Reason})
		}
		for i, o := range objects {
			var head struct{ ID, Modified, Created string }
			_ = json.Unmarshal(o, &head) // what is none was refused above
			s := taxii.StatusObject{ID: head.ID, Version: head.Modified}
			if s.Message = wrong[i+1]; s.Message != "" {
				st.Failures = append(st.Failures, s)
			} else {
				st.Successes = append(st.Successes, s)
			}
		}
		st.Successes = st.Successes[:max(len(st.Successes)-len(got.Rejected), 0)]
	}
	st.Success, st.Failure = len(st.Successes), len(st.Failures)
	b.kept.put(b.w.Person, st)
	return st, nil
}

func (b *taxiiBackend) Status(_ context.Context, id string) (*taxii.Status, error) {
	if st := b.kept.get(b.w.Person, id); st != nil {
		return st, nil
	}
	return nil, taxii.ErrNone
}

// statuses are the last ones, until the node stops: what they tell of stands in the case.
type statuses struct {
	mu   sync.Mutex
	last []keptStatus
	n    int
}

type keptStatus struct {
	person string
	st     *taxii.Status
}

const mostStatuses = 1000

func (s *statuses) put(person string, st *taxii.Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n++
	st.ID = collectionID(fmt.Sprint("status ", s.n, " ", st.Asked))
	if s.last = append(s.last, keptStatus{person, st}); len(s.last) > mostStatuses {
		s.last = s.last[1:]
	}
}

func (s *statuses) get(person, id string) *taxii.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.last, func(k keptStatus) bool { return k.person == person && strings.EqualFold(k.st.ID, id) })
	if i < 0 {
		return nil
	}
	return s.last[i].st
}

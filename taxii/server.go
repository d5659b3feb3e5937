package taxii

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Backend has collections.
type Backend interface {
	Collections(ctx context.Context) ([]Collection, error)
	// Objects gives objects in the order in which they were added. ErrNone, ErrAsked.
	Objects(ctx context.Context, collection string, q Query) (*Page, error)
	Add(ctx context.Context, collection string, objects []json.RawMessage) (*Status, error)
	Status(ctx context.Context, id string) (*Status, error)
}

// Bounds of a request.
const (
	MostBytes = 16 << 20
	mostPage  = 1000
)

// Server says how a Handler presents itself.
type Server struct {
	Title, Contact string
	Base           string // path of the discovery, with slashes at both ends: /taxii2/
}

// Handler answers for a backend, which is found by the request: by who asks.
func (s Server) Handler(of func(r *http.Request) (Backend, error)) http.Handler {
	mux := http.NewServeMux()
	root := s.Base + "api/"
	handle := func(pattern string, f func(b Backend, w http.ResponseWriter, r *http.Request) (any, int, error)) {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" "+path+"{$}", func(w http.ResponseWriter, r *http.Request) {
			if !accepts(r.Header.Get("Accept")) {
				fail(w, http.StatusNotAcceptable, "this server answers in "+MediaType)
				return
			}
			b, err := of(r)
			var v any
			code := 0
			if err == nil {
				v, code, err = f(b, w, r)
			}
			if err != nil {
				fail(w, statusOf(err), err.Error())
				return
			}
			answer(w, code, v)
		})
	}
	handle("GET "+s.Base, func(Backend, http.ResponseWriter, *http.Request) (any, int, error) {
		return Discovery{Title: s.Title, Contact: s.Contact, Default: root, Roots: []string{root}}, http.StatusOK, nil
	})
	handle("GET "+root, func(Backend, http.ResponseWriter, *http.Request) (any, int, error) {
		return Root{Title: s.Title, Versions: []string{MediaType}, Most: MostBytes}, http.StatusOK, nil
	})
	handle("GET "+root+"status/{id}/", func(b Backend, _ http.ResponseWriter, r *http.Request) (any, int, error) {
		st, err := b.Status(r.Context(), r.PathValue("id"))
		return st, http.StatusOK, err
	})
	handle("GET "+root+"collections/", func(b Backend, _ http.ResponseWriter, r *http.Request) (any, int, error) {
		list, err := b.Collections(r.Context())
		return map[string]any{"collections": list}, http.StatusOK, err
	})
	handle("GET "+root+"collections/{collection}/", func(b Backend, _ http.ResponseWriter, r *http.Request) (any, int, error) {
		c, err := collectionOf(b, r)
		return c, http.StatusOK, err
	})
	handle("GET "+root+"collections/{collection}/manifest/", func(b Backend, w http.ResponseWriter, r *http.Request) (any, int, error) {
		p, err := objects(b, w, r)
		if err != nil {
			return nil, 0, err
		}
		m := Manifest{More: p.More}
		for _, o := range p.Objects {
			m.Objects = append(m.Objects, ManifestEntry{o.ID, stamp(o.Added), o.Version, "application/stix+json;version=2.1"})
		}
		return m, http.StatusOK, nil
	})
	handle("GET "+root+"collections/{collection}/objects/", func(b Backend, w http.ResponseWriter, r *http.Request) (any, int, error) {
		p, err := objects(b, w, r)
		if err != nil {
			return nil, 0, err
		}
		return envelope(p), http.StatusOK, nil
	})
	handle("GET "+root+"collections/{collection}/objects/{object}/", func(b Backend, w http.ResponseWriter, r *http.Request) (any, int, error) {
		p, err := objects(b, w, r)
		if err == nil && len(p.Objects) == 0 {
			err = ErrNone
		}
		if err != nil {
			return nil, 0, err
		}
		return envelope(p), http.StatusOK, nil
	})
	handle("GET "+root+"collections/{collection}/objects/{object}/versions/", func(b Backend, w http.ResponseWriter, r *http.Request) (any, int, error) {
		p, err := objects(b, w, r)
		if err == nil && len(p.Objects) == 0 {
			err = ErrNone
		}
		if err != nil {
			return nil, 0, err
		}
		v := map[string]any{"more": p.More}
		var list []string
		for _, o := range p.Objects {
			list = append(list, o.Version)
		}
		v["versions"] = list
		return v, http.StatusOK, nil
	})
	handle("DELETE "+root+"collections/{collection}/objects/{object}/", func(Backend, http.ResponseWriter, *http.Request) (any, int, error) {
		return nil, 0, ErrForbidden // what is in a case is taken out there, with a reason
	})
	handle("POST "+root+"collections/{collection}/objects/", func(b Backend, w http.ResponseWriter, r *http.Request) (any, int, error) {
		if kind, p, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/taxii+json" || p["version"] != "" && p["version"] != "2.1" {
			return nil, 0, &http.ProtocolError{ErrorString: "send objects as " + MediaType}
		}
		if c, err := collectionOf(b, r); err != nil {
			return nil, 0, err
		} else if !c.CanWrite {
			return nil, 0, ErrForbidden
		}
		var e Envelope
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, MostBytes)).Decode(&e); err != nil {
			var large *http.MaxBytesError
			if errors.As(err, &large) {
				return nil, 0, err
			}
			return nil, 0, fmt.Errorf("%w: %w", ErrAsked, err)
		}
		st, err := b.Add(r.Context(), r.PathValue("collection"), e.Objects)
		return st, http.StatusAccepted, err
	})
	// Everything else is unknown, and told as such.
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fail(w, http.StatusNotFound, ErrNone.Error()) })
	return mux
}

func accepts(header string) bool {
	if header == "" {
		return true
	}
	for _, part := range strings.Split(header, ",") {
		kind, p, err := mime.ParseMediaType(strings.TrimSpace(part))
		if err != nil {
			continue
		}
		switch kind {
		case "*/*", "application/*":
			return true
		case "application/taxii+json":
			if v := p["version"]; v == "" || v == "2.1" {
				return true
			}
		}
	}
	return false
}

func statusOf(err error) int {
	var large *http.MaxBytesError
	var media *http.ProtocolError
	switch {
	case errors.As(err, &large):
		return http.StatusRequestEntityTooLarge
	case errors.As(err, &media):
		return http.StatusUnsupportedMediaType
	case errors.Is(err, ErrNone):
		return http.StatusNotFound
	case errors.Is(err, ErrForbidden):
		return http.StatusForbidden
	case errors.Is(err, ErrWho):
		return http.StatusUnauthorized
	case errors.Is(err, ErrAsked):
		return http.StatusBadRequest
	}
	return http.StatusInternalServerError
}

func fail(w http.ResponseWriter, code int, text string) {
	if code == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="taxii", charset="UTF-8"`)
	}
	if code == http.StatusInternalServerError {
		text = "this cannot be answered now" // what went wrong is no business of who asks
	}
	answer(w, code, Problem{Title: http.StatusText(code), Description: text, HTTPStatus: strconv.Itoa(code)})
}

func answer(w http.ResponseWriter, code int, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		code, text = http.StatusInternalServerError, []byte(`{"title":"Internal Server Error"}`)
	}
	w.Header().Set("Content-Type", MediaType)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(code)
	_, _ = w.Write(text) // who asked has gone, if it fails
}

func envelope(p *Page) Envelope {
	e := Envelope{More: p.More}
	for _, o := range p.Objects {
		e.Objects = append(e.Objects, o.JSON)
	}
	if p.More {
		e.Next = p.Objects[len(p.Objects)-1].Next
	}
	return e
}

func collectionOf(b Backend, r *http.Request) (*Collection, error) {
	list, err := b.Collections(r.Context())
	if err != nil {
		return nil, err
	}
	for i := range list {
		if list[i].ID == r.PathValue("collection") {
			return &list[i], nil
		}
	}
	return nil, ErrNone // or it is hidden
}

// objects answers a question about objects, and says when those were added.
func objects(b Backend, w http.ResponseWriter, r *http.Request) (*Page, error) {
	c, err := collectionOf(b, r)
	if err != nil {
		return nil, err
	}
	if !c.CanRead {
		return nil, ErrForbidden
	}
	v := r.URL.Query()
	list := func(name string) []string {
		if t := v.Get("match[" + name + "]"); t != "" {
			return strings.Split(t, ",")
		}
		return nil
	}
	q := Query{Limit: mostPage, Next: v.Get("next"), IDs: list("id"), Types: list("type"), Versions: list("version"), Specs: list("spec_version")}
	if t := v.Get("added_after"); t != "" {
		if q.After, err = time.Parse(time.RFC3339Nano, t); err != nil {
			return nil, fmt.Errorf("%w: added_after is a time, such as 2026-01-02T15:04:05Z", ErrAsked)
		}
	}
	if t := v.Get("limit"); t != "" {
		n, err := strconv.Atoi(t)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%w: limit is a number from 1 on", ErrAsked)
		}
		q.Limit = min(n, mostPage)
	}
	if id := r.PathValue("object"); id != "" {
		q.IDs = []string{id}
	}
	p, err := b.Objects(r.Context(), c.ID, q)
	if err != nil {
		return nil, err
	}
	if n := len(p.Objects); n > 0 {
		first, last := p.Objects[0].Added, p.Objects[0].Added
		for _, o := range p.Objects {
			if o.Added.Before(first) {
				first = o.Added
			}
			if o.Added.After(last) {
				last = o.Added
			}
		}
		w.Header().Set("X-TAXII-Date-Added-First", stamp(first))
		w.Header().Set("X-TAXII-Date-Added-Last", stamp(last))
	}
	return p, nil
}

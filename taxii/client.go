package taxii

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Client asks a server. User and password are those of HTTP's basic authentication; with no user the password is a bearer token.
type Client struct {
	URL            string // of the discovery, or of an API root
	User, Password string
	HTTP           *http.Client // nil: the usual one
}

// mostAnswer is the most bytes of one answer that are read.
const mostAnswer = 256 << 20

func (c *Client) do(ctx context.Context, method, address string, body []byte, out any) (http.Header, error) {
	q, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("ask the TAXII server: %w", err)
	}
	q.Header.Set("Accept", MediaType)
	if body != nil {
		q.Header.Set("Content-Type", MediaType)
	}
	switch {
	case c.User != "":
		q.SetBasicAuth(c.User, c.Password)
	case c.Password != "":
		q.Header.Set("Authorization", "Bearer "+c.Password)
	}
	h := c.HTTP
	if h == nil {
		h = http.DefaultClient
	}
	got, err := h.Do(q)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // without the address, in which a key may stand
		}
		return nil, fmt.Errorf("ask the TAXII server: %w", err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(io.LimitReader(got.Body, mostAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("read what the TAXII server says: %w", err)
	}
	if len(text) > mostAnswer {
		return nil, fmt.Errorf("the TAXII server's answer has more than %d bytes: ask for less at once", mostAnswer)
	}
	if got.StatusCode/100 != 2 {
		var p Problem
		_ = json.Unmarshal(text, &p) // without one the status says it
		return nil, fmt.Errorf("the TAXII server says %s %s", got.Status, strings.TrimSpace(p.Description))
	}
	if err := json.Unmarshal(text, out); err != nil {
		return nil, fmt.Errorf("what the TAXII server says is not readable: %w", err)
	}
	return got.Header, nil
}

// roots are the API roots of the server, or the address itself where it is one.
func (c *Client) roots(ctx context.Context) ([]string, error) {
	base := strings.TrimSuffix(c.URL, "/") + "/"
	var d struct {
		Discovery
		Versions []string `json:"versions"`
	}
	if _, err := c.do(ctx, http.MethodGet, base, nil, &d); err != nil {
		return nil, err
	}
	if len(d.Versions) > 0 {
		return []string{base}, nil
	}
	from, err := url.Parse(base)
	if err != nil {
		return nil, fmt.Errorf("the address of the TAXII server: %w", err)
	}
	var out []string
	for _, r := range d.Roots {
		u, err := from.Parse(r)
		if err != nil || u.Host != from.Host || u.Scheme != from.Scheme {
			continue // the password is for this server alone
		}
		out = append(out, strings.TrimSuffix(u.String(), "/")+"/")
	}
	if len(out) == 0 {
		return nil, errors.New("the TAXII server names no API root of its own")
	}
	return out, nil
}

// Found is a collection and where it is.
type Found struct {
	Collection
	Root string
}

// Collections lists the collections of all roots.
func (c *Client) Collections(ctx context.Context) ([]Found, error) {
	roots, err := c.roots(ctx)
	if err != nil {
		return nil, err
	}
	var out []Found
	for _, r := range roots {
		var list struct {
			Collections []Collection `json:"collections"`
		}
		if _, err := c.do(ctx, http.MethodGet, r+"collections/", nil, &list); err != nil {
			return nil, err
		}
		for _, x := range list.Collections {
			out = append(out, Found{x, r})
		}
	}
	return out, nil
}

// Collection finds one by its id, its alias or its title.
func (c *Client) Collection(ctx context.Context, name string) (*Found, error) {
	list, err := c.Collections(ctx)
	if err != nil {
		return nil, err
	}
	for i := range list {
		if x := &list[i]; x.ID == name || x.Alias == name && name != "" || x.Title == name {
			return x, nil
		}
	}
	var have []string
	for _, x := range list {
		have = append(have, x.ID+" "+x.Title)
	}
	return nil, fmt.Errorf("the TAXII server has no collection %q; it has: %s", name, strings.Join(have, "; "))
}

// mostPages ends a server that never comes to an end.
const mostPages = 1_000_000

// Objects gives all objects of a collection that were added after a moment, page by page, and the moment after which to ask next time: the last one that
// the server told, or the one that was asked with.
func (c *Client) Objects(ctx context.Context, f *Found, after time.Time, each func(json.RawMessage) error) (time.Time, error) {
	last, next := after, ""
	for range mostPages {
		v := url.Values{}
		if !after.IsZero() {
			v.Set("added_after", stamp(after))
		}
		if next != "" {
			v.Set("next", next)
		}
		address := f.Root + "collections/" + url.PathEscape(f.ID) + "/objects/"
		if len(v) > 0 {
			address += "?" + v.Encode()
		}
		var e Envelope
		head, err := c.do(ctx, http.MethodGet, address, nil, &e)
		if err != nil {
			return last, err
		}
		for _, o := range e.Objects {
			if err := each(o); err != nil {
				return last, err
			}
		}
		if at, err := time.Parse(time.RFC3339Nano, head.Get("X-TAXII-Date-Added-Last")); err == nil && at.After(last) {
			last = at
		}
		if !e.More {
			return last, nil
		}
		if e.Next == "" || e.Next == next {
			return last, errors.New("the TAXII server says that there is more, and not how to go on: what came so far was read")
		}
		next = e.Next
	}
	return last, errors.New("the TAXII server does not come to an end")
}

// Add adds objects to a collection.
func (c *Client) Add(ctx context.Context, f *Found, objects []json.RawMessage) (*Status, error) {
	body, err := json.Marshal(Envelope{Objects: objects})
	if err != nil {
		return nil, err
	}
	var st Status
	_, err = c.do(ctx, http.MethodPost, f.Root+"collections/"+url.PathEscape(f.ID)+"/objects/", body, &st)
	return &st, err
}

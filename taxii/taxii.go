// Package taxii speaks TAXII 2.1 (OASIS Standard, 10 June 2021) on both sides: Handler is a server whose collections are somebody else's, and Client asks
// any server.
//
//	taxii.go   the shapes of both sides
//	server.go  Handler
//	client.go  Client
package taxii

import (
	"encoding/json"
	"errors"
	"time"
)

// MediaType is the type of everything that is asked and answered.
const MediaType = "application/taxii+json;version=2.1"

// Discovery says which roots a server has.
type Discovery struct {
	Title       string   `json:"title"`
	Description string   `json:"description,omitempty"`
	Contact     string   `json:"contact,omitempty"`
	Default     string   `json:"default,omitempty"`
	Roots       []string `json:"api_roots,omitempty"`
}

// Root is one API root.
type Root struct {
	Title       string   `json:"title"`
	Description string   `json:"description,omitempty"`
	Versions    []string `json:"versions"`
	Most        int64    `json:"max_content_length"`
}

// Collection is a set of objects.
type Collection struct {
	ID          string   `json:"id"` // a UUID
	Title       string   `json:"title"`
	Description string   `json:"description,omitempty"`
	Alias       string   `json:"alias,omitempty"`
	CanRead     bool     `json:"can_read"`
	CanWrite    bool     `json:"can_write"`
	MediaTypes  []string `json:"media_types,omitempty"`
}

// Envelope carries objects.
type Envelope struct {
	More    bool              `json:"more"`
	Next    string            `json:"next,omitempty"`
	Objects []json.RawMessage `json:"objects,omitempty"`
}

// ManifestEntry says what is known of an object without giving it.
type ManifestEntry struct {
	ID      string `json:"id"`
	Added   string `json:"date_added"`
	Version string `json:"version"`
	Type    string `json:"media_type,omitempty"`
}

// Manifest lists objects.
type Manifest struct {
	More    bool            `json:"more"`
	Objects []ManifestEntry `json:"objects,omitempty"`
}

// Status says what became of objects that were added.
type Status struct {
	ID        string         `json:"id"`
	State     string         `json:"status"` // complete, pending
	Asked     string         `json:"request_timestamp,omitempty"`
	Total     int            `json:"total_count"`
	Success   int            `json:"success_count"`
	Successes []StatusObject `json:"successes,omitempty"`
	Failure   int            `json:"failure_count"`
	Failures  []StatusObject `json:"failures,omitempty"`
	Pending   int            `json:"pending_count"`
}

// StatusObject is one object of a Status.
type StatusObject struct {
	ID      string `json:"id"`
	Version string `json:"version"`
	Message string `json:"message,omitempty"`
}

// Problem is an error as TAXII tells it.
type Problem struct {
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	HTTPStatus  string `json:"http_status"`
}

// Object is an object of a collection.
type Object struct {
	JSON    json.RawMessage
	ID      string
	Version string    // its modified, created, or when it was added
	Added   time.Time // to the collection
	Next    string    // with which whoever has read it goes on
}

// Query says which objects are wanted; what is empty excludes none.
type Query struct {
	After    time.Time // added after it
	Limit    int
	Next     string
	IDs      []string
	Types    []string
	Versions []string // all, first, last or a version; a server that keeps the last one alone knows that as all of them
	Specs    []string
}

// Page is a part of a collection.
type Page struct {
	Objects []Object
	More    bool
}

// Errors that a Backend tells a server.
var (
	ErrNone      = errors.New("there is no such thing here")
	ErrForbidden = errors.New("this is not allowed")
	ErrAsked     = errors.New("the question cannot be read")
	ErrWho       = errors.New("say who you are")
)

// stamp writes a time as STIX and TAXII do.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

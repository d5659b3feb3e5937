package web

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"tarir/casework"
	"tarir/entity"
	"tarir/node"
	"tarir/store"
)

// The API of a node for other programs (docs/api.md), described by OpenAPI 3.1 under /api/v1/openapi.json. A path is a use case of the node, as
// a verb over the socket is; both ask the node, which decides.

// apiVersion is the API's own: it changes when a program would have to.
const apiVersion = "1.0.0"

// APIBase is where the API is.
const APIBase = "/api/v1"

const (
	mostJSON   = 16 << 20
	mostUpload = 4 << 30
)

// What is wrong with a request is told by where it stands: what stands there goes into nobody's log.
func init() {
	told := huma.NewError
	huma.NewError = func(status int, text string, errs ...error) huma.StatusError {
		for i, err := range errs {
			if d, ok := errors.AsType[*huma.ErrorDetail](err); ok {
				errs[i] = &huma.ErrorDetail{Message: d.Message, Location: d.Location}
			}
		}
		return told(status, text, errs...)
	}
}

type whoKey struct{}

func whoIn(ctx context.Context) node.Who { w, _ := ctx.Value(whoKey{}).(node.Who); return w }

// out is an answer.
type out[T any] struct{ Body T }

// failure is what went wrong, as the API tells it: the node's own sentence, and the status that a program decides by.
func failure(err error) error {
	code := status(err)
	switch {
	case errors.Is(err, casework.ErrNoSeat), errors.Is(err, store.ErrNone):
		code = http.StatusNotFound // nobody learns that there is a case
	case errors.Is(err, casework.ErrSeat):
		code = http.StatusForbidden
	case errors.Is(err, casework.ErrChanged):
		code = http.StatusConflict
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		code = http.StatusServiceUnavailable
	}
	return huma.NewError(code, err.Error())
}

// op adds one path.
func op[I, O any](api huma.API, method, path, id, tag, summary string, do func(ctx context.Context, w node.Who, in *I) (O, error)) {
	huma.Register(api, huma.Operation{
		Method: method, Path: path, OperationID: id, Tags: []string{tag}, Summary: summary, MaxBodyBytes: mostJSON, BodyReadTimeout: time.Minute,
		Security: []map[string][]string{{"token": {}}}, Errors: []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity},
	}, func(ctx context.Context, in *I) (*out[O], error) {
		v, err := do(ctx, whoIn(ctx), in)
		if err != nil {
			return nil, failure(err)
		}
		return &out[O]{v}, nil
	})
}

// stream adds a path that answers with as much as there is. What goes wrong before the first byte is told; what goes wrong later ends the answer.
func stream[I any](api huma.API, path, id, tag, summary, media string, do func(ctx context.Context, w node.Who, in *I, to io.Writer) error) {
	huma.Register(api, huma.Operation{
		Method: http.MethodGet, Path: path, OperationID: id, Tags: []string{tag}, Summary: summary, Security: []map[string][]string{{"token": {}}},
		Errors:    []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity},
		Responses: map[string]*huma.Response{"200": {Description: "as much as there is", Content: map[string]*huma.MediaType{media: {}}}},
	}, func(ctx context.Context, in *I) (*huma.StreamResponse, error) {
		w := whoIn(ctx)
		return &huma.StreamResponse{Body: func(h huma.Context) {
			to := &late{h: h, media: media}
			if err := do(h.Context(), w, in, to); err != nil {
				if !to.begun {
					_ = huma.WriteErr(api, h, failure(err).(huma.StatusError).GetStatus(), err.Error()) // who asked has gone, if it fails
					return
				}
				panic(http.ErrAbortHandler) // so that who reads sees that it is not whole
			}
			to.begin()
		}}, nil
	})
}

// late begins an answer when there is something of it.
type late struct {
	h     huma.Context
	media string
	begun bool
}

func (l *late) begin() {
	if !l.begun {
		l.begun = true
		l.h.SetHeader("Content-Type", l.media)
		l.h.SetStatus(http.StatusOK)
	}
}

func (l *late) Write(b []byte) (int, error) { l.begin(); return l.h.BodyWriter().Write(b) }

// InCase names a case.
type InCase struct {
	ID string `path:"id" doc:"of the case"`
}

type newCaseIn struct {
	Body struct {
		Title string         `json:"title" doc:"which names nobody" maxLength:"200"`
		From  []casework.Ref `json:"from,omitempty" doc:"records that it is opened from"`
	}
}

type entriesIn struct {
	InCase
	Kind  string `query:"kind" doc:"of the entries; none: all"`
	After int64  `query:"after" doc:"the number behind which to go on"`
	Limit int    `query:"limit" default:"100" minimum:"1" maximum:"1000"`
}

type addIn struct {
	InCase
	Body []node.NewEntry
}

// InEntry names an entry of a case.
type InEntry struct {
	InCase
	Seq int64 `path:"seq" doc:"the entry's number"`
}

type changeIn struct {
	InEntry
	Body struct {
		Version int64           `json:"version" doc:"that was looked at"`
		Entry   json.RawMessage `json:"entry" doc:"what it says from now on"`
	}
}

type removeIn struct {
	InEntry
	Reason string `query:"reason" required:"true" doc:"why it is taken out"`
}

type searchIn struct {
	InCase
	Question string `query:"q" required:"true" doc:"words in any script, all of which are there; or KIND:NUMBER"`
	Limit    int    `query:"limit" default:"50" minimum:"1" maximum:"1000"`
}

type timelineIn struct {
	InCase
	From   time.Time `query:"from"`
	Before time.Time `query:"before"`
	Limit  int       `query:"limit" default:"50" minimum:"1" maximum:"1000"`
}

type tellIn struct {
	InCase
	Format   string `path:"format" enum:"csv,ftm,goaml,htcds,misp,stix,timeline"`
	Currency string `query:"currency" doc:"of a goAML report, which has one"`
}

// filesIn is a file of any format.
type filesIn struct {
	InCase
	Name string `query:"name" default:"upload" doc:"of the file; its end helps to recognise the format"`
	body io.Reader
}

// Resolve keeps the body, which is read as it comes.
func (f *filesIn) Resolve(ctx huma.Context) []error { f.body = ctx.BodyReader(); return nil }

type kindIn struct {
	Kind  string `path:"kind" enum:"notice,diffusion,message,hit,lead,stop,operation,request,review,watch"`
	Limit int    `query:"limit" default:"100" minimum:"1" maximum:"1000"`
}

type recordIn struct {
	Kind string `path:"kind" enum:"notice,diffusion,message,hit,lead,stop,operation,request,review,watch"`
	ID   string `path:"id"`
}

type reportsIn struct {
	ID   string `path:"id" doc:"of the operation"`
	Body []casework.Report
}

type countsIn struct {
	ID string    `path:"id" doc:"of the operation"`
	As time.Time `query:"as_of" doc:"the moment for which is counted; none: now"`
}

type changedOut struct {
	OK bool `json:"ok"`
}

// API answers programs, in the name of the persons that the configuration gives them.
func API(n *node.Node) http.Handler {
	mux := http.NewServeMux()
	describe(humago.NewWithPrefix(mux, APIBase, apiConfig()), n)
	return mux
}

func apiConfig() huma.Config {
	c := huma.DefaultConfig("Tarir", apiVersion)
	c.Info.Description = "One node of Tarir: cases and what is in them, checks, notices and messages, operations, in the formats of the field. A program acts in the name of a person of the node, for one purpose and on one legal basis; every question stands in the node's audit log."
	c.DocsPath, c.SchemasPath = "", "" // a page that loads its program from elsewhere is none for us
	c.CreateHooks = nil                // no links to schemas in answers
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer", Description: "the token of a client: tarir client add"}}
	c.Webhooks = map[string]*huma.PathItem{"task": {Post: &huma.Operation{
		OperationID: "task", Summary: "There is something to do at the desk",
		Description: "Called as Standard Webhooks says (webhook-id, webhook-timestamp, webhook-signature), for each new task of a kind that the configuration names. It names the record, and nobody whom it is about. Answer 2xx; else it is called again, for a day.",
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{Type: "object", Required: []string{"type", "timestamp", "data"}, Properties: map[string]*huma.Schema{
			"type":      {Type: "string", Description: "kind of the task: lead, read, stop, confirm, compare, review, returned, answered, safeguard, ..."},
			"timestamp": {Type: "string", Format: "date-time"},
			"data": {Type: "object", Required: []string{"kind", "id", "member"}, Properties: map[string]*huma.Schema{
				"kind": {Type: "string"}, "id": {Type: "string", Description: "of the record; empty where it may not be named"}, "member": {Type: "string"},
			}},
		}}}}},
		Responses: map[string]*huma.Response{"200": {Description: "it was heard"}},
	}}}
	return c
}

// describe adds all paths.
func describe(api huma.API, n *node.Node) {
	api.UseMiddleware(func(ctx huma.Context, next func(huma.Context)) {
		r, _ := humago.Unwrap(ctx)
		w, ok := whoOf(n, r)
		if !ok {
			ctx.SetHeader("WWW-Authenticate", "Bearer")
			_ = huma.WriteErr(api, ctx, http.StatusUnauthorized, errToken) // who asked has gone, if it fails
			return
		}
		next(huma.WithValue(ctx, whoKey{}, w))
	})
	op(api, http.MethodGet, "/cases", "listCases", "cases", "The cases in which there is a seat", func(ctx context.Context, w node.Who, _ *struct{}) ([]*casework.Case, error) {
		return n.Cases(ctx, w)
	})
	op(api, http.MethodPost, "/cases", "openCase", "cases", "Open a case", func(ctx context.Context, w node.Who, in *newCaseIn) (*casework.Case, error) {
		return n.NewCase(ctx, w, in.Body.Title, in.Body.From)
	})
	op(api, http.MethodGet, "/cases/{id}", "showCase", "cases", "What is seen first of a case", func(ctx context.Context, w node.Who, in *InCase) (*node.CaseView, error) {
		return n.Case(ctx, w, in.ID)
	})
	op(api, http.MethodGet, "/cases/{id}/entries", "listEntries", "cases", "What is in a case, in the order in which it came", func(ctx context.Context, w node.Who, in *entriesIn) ([]*casework.Entry, error) {
		return n.Entries(ctx, w, in.ID, casework.EntryKind(in.Kind), in.After, in.Limit)
	})
	op(api, http.MethodPost, "/cases/{id}/entries", "addEntries", "cases", "Put entries into a case, all or none", func(ctx context.Context, w node.Who, in *addIn) ([]node.Put, error) {
		return n.AddToCase(ctx, w, in.ID, in.Body)
	})
	op(api, http.MethodGet, "/cases/{id}/entries/{seq}", "showEntry", "cases", "What stood in an entry, and last what stands there now", func(ctx context.Context, w node.Who, in *InEntry) ([]*casework.Entry, error) {
		return n.History(ctx, w, in.ID, in.Seq)
	})
	op(api, http.MethodPut, "/cases/{id}/entries/{seq}", "changeEntry", "cases", "Change an entry; 409 where somebody else has", func(ctx context.Context, w node.Who, in *changeIn) (*casework.Entry, error) {
		return n.ChangeEntry(ctx, w, in.ID, in.Seq, in.Body.Version, in.Body.Entry)
	})
	op(api, http.MethodDelete, "/cases/{id}/entries/{seq}", "removeEntry", "cases", "Take an entry out, for good", func(ctx context.Context, w node.Who, in *removeIn) (changedOut, error) {
		w.Reason = in.Reason
		return changedOut{true}, n.RemoveEntry(ctx, w, in.ID, in.Seq)
	})
	op(api, http.MethodGet, "/cases/{id}/search", "searchCase", "cases", "Find what is in a case", func(ctx context.Context, w node.Who, in *searchIn) (*node.CaseFound, error) {
		return n.SearchCase(ctx, w, in.ID, in.Question, in.Limit)
	})
	op(api, http.MethodGet, "/cases/{id}/timeline", "timeline", "cases", "What happened, the last first", func(ctx context.Context, w node.Who, in *timelineIn) ([]*casework.Entry, error) {
		return n.Timeline(ctx, w, in.ID, in.From, in.Before, in.Limit)
	})
	op(api, http.MethodGet, "/cases/{id}/links", "linkedCases", "cases", "Other cases that share numbers", func(ctx context.Context, w node.Who, in *InCase) (*node.Links, error) {
		return n.CaseLinks(ctx, w, in.ID)
	})
	stream(api, "/cases/{id}/tell/{format}", "tellCase", "formats", "A case in a format that others read", "application/octet-stream", func(ctx context.Context, w node.Who, in *tellIn, to io.Writer) error {
		_, err := n.TellCase(ctx, w, in.ID, node.Telling{Format: in.Format, Currency: in.Currency}, to)
		return err
	})
	files := huma.Operation{
		Method: http.MethodPost, Path: "/cases/{id}/files", OperationID: "takeFile", Tags: []string{"formats"}, Summary: "Put a file of any format into a case: payments, entities, adverts, journeys, findings, STIX, MISP, goAML, ISO 20022, MT",
		Security: []map[string][]string{{"token": {}}}, BodyReadTimeout: -1,
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/octet-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}},
		Errors:      []int{http.StatusUnauthorized, http.StatusNotFound, http.StatusUnprocessableEntity},
	}
	huma.Register(api, files, func(ctx context.Context, in *filesIn) (*out[*taken], error) {
		got, err := takeFile(ctx, n, whoIn(ctx), in)
		if err != nil {
			return nil, failure(err)
		}
		return &out[*taken]{got}, nil
	})
	stream(api, "/entities", "entities", "formats", "Everything that may be taken out, as FollowTheMoney, one a line", "application/x-ndjson", func(ctx context.Context, w node.Who, _ *struct{}, to io.Writer) error {
		return n.Everything(ctx, w, func(e *entity.Entity, from string) error {
			source, err := json.Marshal([]string{from})
			if err != nil {
				return err
			}
			e.Extra = map[string]json.RawMessage{"datasets": source}
			text, err := e.Encode()
			if err != nil {
				return err
			}
			_, err = to.Write(append(text, '\n'))
			return err
		})
	})
	op(api, http.MethodPost, "/check", "check", "checks", "Is this person, company or number known?", func(ctx context.Context, w node.Who, in *struct{ Body node.Asked }) (*node.Checked, error) {
		q, err := in.Body.Question()
		if err != nil {
			return nil, err
		}
		return n.LookUp(ctx, w, *q)
	})
	op(api, http.MethodGet, "/tasks", "tasks", "desk", "What is to be done", func(ctx context.Context, w node.Who, _ *struct{}) ([]store.Task, error) {
		return n.Tasks(ctx, w)
	})
	op(api, http.MethodGet, "/records/{kind}", "listRecords", "exchange", "Records of a kind, those that changed last first", func(ctx context.Context, w node.Who, in *kindIn) ([]node.Listed, error) {
		return n.List(ctx, w, in.Kind, in.Limit)
	})
	op(api, http.MethodGet, "/records/{kind}/{id}", "openRecord", "exchange", "What a record says", func(ctx context.Context, w node.Who, in *recordIn) (json.RawMessage, error) {
		it, err := n.Open(ctx, w, in.Kind, in.ID)
		if err != nil {
			return nil, err
		}
		return it.Body, nil
	})
	op(api, http.MethodPost, "/operations/{id}/reports", "reportOperation", "operations", "Report records to an operation", func(ctx context.Context, w node.Who, in *reportsIn) (int, error) {
		return n.ReportOperation(ctx, w, in.ID, in.Body)
	})
	op(api, http.MethodGet, "/operations/{id}/counts", "countOperation", "operations", "What an operation counts", func(ctx context.Context, w node.Who, in *countsIn) (*node.Counted, error) {
		return n.CountOperation(ctx, w, in.ID, in.As)
	})
}

// takeFile takes up one file that a program sent.
func takeFile(ctx context.Context, n *node.Node, w node.Who, in *filesIn) (*taken, error) {
	dir, err := os.MkdirTemp("", "tarir-upload")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	name := filepath.Base(in.Name)
	if name == "." || name == ".." || name == "/" {
		name = "upload"
	}
	path := filepath.Join(dir, name)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	size, err := io.Copy(f, io.LimitReader(in.body, mostUpload+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	if size > mostUpload {
		return nil, errors.New("the file has more than 4 GiB: send it in parts")
	}
	return take(ctx, n, w, in.ID, []string{path})
}

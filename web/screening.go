package web

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"tarir/entity"
	"tarir/match"
	"tarir/name"
	"tarir/node"
)

// Screener is what the screening API asks: an index by itself, or a node's, for a client with a purpose.
type Screener interface {
	Find(ctx context.Context, a *match.Ask, o match.Options) (*match.Answer, error)
	Get(ctx context.Context, id string) (match.Record, bool, error)
	Sources(ctx context.Context) (list []match.Source, state match.State, err error)
}

// Bounds of a request.
const (
	mostQueries = 500     // in one batch
	mostHits    = 500     // of one query
	mostBody    = 8 << 20 // bytes
)

// Screening answers as yente does, the screening API of OpenSanctions (https://www.opensanctions.org/docs/api/), so that its clients
// work unchanged: POST /match/{dataset}, GET /search/{dataset}, /entities/{id}, /catalog, /algorithms, /healthz and /readyz.
//
// It differs where silence would mislead: an unknown schema, an unknown property or a date that is none is refused with the field's
// name, and where the index does not hold everything that it should, "not known" is not said (503, with the reason).
func Screening(ask func(r *http.Request) (Screener, error)) http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, f func(s Screener, w http.ResponseWriter, r *http.Request) error) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			s, err := ask(r)
			if err == nil {
				err = f(s, w, r)
			}
			if err != nil {
				refuse(w, err)
			}
		})
	}
	handle("POST /match/{dataset}", postMatch)
	handle("GET /search/{dataset}", getSearch)
	handle("GET /entities/{id...}", getEntity)
	handle("GET /catalog", getCatalog)
	handle("GET /readyz", func(s Screener, w http.ResponseWriter, r *http.Request) error {
		_, state, err := s.Sources(r.Context())
		if err == nil && state != match.Complete {
			err = &problem{http.StatusServiceUnavailable, "the index is " + string(state)}
		}
		if err == nil {
			write(w, http.StatusOK, map[string]string{"status": "ok"})
		}
		return err
	})
	mux.HandleFunc("GET /algorithms", func(w http.ResponseWriter, _ *http.Request) {
		write(w, http.StatusOK, map[string]any{"algorithms": []any{map[string]any{"name": algorithm, "description": "names across scripts, with dates, countries and numbers", "features": featureDocs}}, "default": algorithm, "best": algorithm})
	})
	return mux
}

const algorithm = "tarir"

// featureDocs say what the features are; they are the same in every answer.
var featureDocs = func() json.RawMessage {
	b, err := json.Marshal(features)
	if err != nil {
		panic(err) // of plain values
	}
	return b
}()

var features = map[string]any{
	match.FeatureName:     map[string]any{"description": "how much the names are alike, across scripts and spellings", "coefficient": 1.0},
	match.FeatureCommon:   map[string]any{"description": "many people have this name", "coefficient": -1.0},
	match.FeatureBirth:    map[string]any{"description": "the dates of birth agree, or contradict each other", "coefficient": 1.0},
	match.FeatureCountry:  map[string]any{"description": "the countries agree, or are others", "coefficient": 1.0},
	match.FeatureSex:      map[string]any{"description": "the sex is another", "coefficient": -1.0},
	match.FeatureSelector: map[string]any{"description": "a number or address agrees, or a document has another number", "coefficient": 1.0},
}

// problem is an error with the status that says it.
type problem struct {
	status int
	text   string
}

func (p *problem) Error() string { return p.text }

func bad(format string, args ...any) error {
	return &problem{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

func refuse(w http.ResponseWriter, err error) {
	var p *problem
	switch {
	case errors.As(err, &p):
	case errors.Is(err, node.ErrNotAllowed), errors.Is(err, node.ErrPerson):
		p = &problem{http.StatusForbidden, err.Error()}
	default:
		p = &problem{http.StatusInternalServerError, "the index cannot be read now"}
	}
	write(w, p.status, map[string]string{"detail": p.text})
}

// example is an entity that is looked for.
type example struct {
	ID         *string          `json:"id,omitempty"`
	Schema     *string          `json:"schema"`
	Properties map[string]texts `json:"properties"`
}

// texts is a text or a list of texts; a number or a yes or no is as it is written.
type texts []string

var errTexts = errors.New("a text or a list of texts is wanted")

func (t *texts) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	*t = nil
	one := d.PeekKind() != '['
	if !one {
		if _, err := d.ReadToken(); err != nil {
			return err
		}
	}
	for one || d.PeekKind() != ']' {
		switch d.PeekKind() {
		case '{', '[':
			return errTexts
		}
		x, err := d.ReadToken()
		if err != nil {
			return err
		}
		if x.Kind() != 'n' {
			*t = append(*t, strings.TrimSpace(x.String()))
		}
		if one {
			return nil
		}
	}
	_, err := d.ReadToken()
	return err
}

// readQueries reads the body of a request. What is wrong is told by the field that has it.
func readQueries(body io.Reader, to any) error {
	err := jsonv2.UnmarshalRead(body, to)
	if err == nil {
		return nil
	}
	status := http.StatusUnprocessableEntity
	var e *jsonv2.SemanticError
	if !errors.As(err, &e) || e.JSONPointer == "" {
		return &problem{status, "the body is no JSON object with queries: " + err.Error()}
	}
	field := strings.Join(slices.Collect(e.JSONPointer.Tokens()), ".")
	if errors.Is(err, errTexts) {
		return &problem{http.StatusBadRequest, field + ": " + errTexts.Error()}
	}
	return &problem{status, fmt.Sprintf("%s: it cannot be %s", field, cmp.Or(kindWords[e.JSONKind], "what it is"))}
}

// kindWords say what a JSON value is by how it begins.
var kindWords = map[jsontext.Kind]string{'{': "an object", '[': "a list", '"': "a text", '0': "a number", 't': "true", 'f': "false", 'n': "null"}

func postMatch(s Screener, w http.ResponseWriter, r *http.Request) error {
	var q struct {
		Queries map[string]*example `json:"queries"`
	}
	if err := readQueries(http.MaxBytesReader(w, r.Body, mostBody), &q); err != nil {
		return err
	}
	if len(q.Queries) == 0 {
		return bad("No queries provided.")
	}
	if len(q.Queries) > mostQueries {
		return bad("Too many queries in one batch (limit: %d)", mostQueries)
	}
	o, threshold, err := options(s, r)
	if err != nil {
		return err
	}
	responses := map[string]matched{}
	for _, key := range slices.Sorted(maps.Keys(q.Queries)) {
		e := q.Queries[key]
		if e == nil {
			continue
		}
		if e.Schema == nil {
			return &problem{http.StatusUnprocessableEntity, fmt.Sprintf("queries.%s.schema: field required", key)}
		}
		a, seen, err := askOf(e)
		if err != nil {
			return bad("queries.%s.%v", key, err)
		}
		limit := o
		limit.Limit = max(o.Limit, 1)
		answer, err := s.Find(r.Context(), a, limit)
		if err != nil {
			return err
		}
		if answer.State != match.Complete && len(answer.Hits) == 0 {
			return &problem{http.StatusServiceUnavailable, "the index is " + string(answer.State) + ": it cannot be said that this is not known"}
		}
		results := []any{}
		for i := range answer.Hits {
			h := &answer.Hits[i]
			out := entityOf(&h.Record)
			parts, explanations := map[string]float64{}, map[string]any{}
			for _, f := range h.Features {
				parts[f.Name] = f.Adds
				explanations[f.Name] = map[string]any{"detail": f.Why, "score": f.Alike}
			}
			out["score"], out["features"], out["explanations"], out["match"], out["sentence"] = h.Score, parts, explanations, h.Score >= threshold, h.Sentence()
			results = append(results, out)
		}
		responses[key] = matched{answer.Cut, answer.State, seen, results, http.StatusOK, exactly(len(results))}
	}
	// What is the same in every answer is not encoded anew.
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"limit":%d,"matcher":%s,"responses":`, o.Limit, featureDocs)
	if err := encode(&b, responses); err != nil {
		return err
	}
	b.WriteString("}\n")
	w.Header().Set("X-Batch-Size", strconv.Itoa(len(responses)))
	head(w, http.StatusOK)
	_, _ = w.Write(b.Bytes()) // who asked has gone, if it fails
	return nil
}

// matched answers one query.
type matched struct {
	Incomplete bool        `json:"incomplete"`
	State      match.State `json:"index_state"`
	Query      understood  `json:"query"`
	Results    []any       `json:"results"`
	Status     int         `json:"status"`
	Total      total       `json:"total"`
}

// understood is how an entity that is looked for was read.
type understood struct {
	ID         *string             `json:"id,omitempty"`
	Properties map[string][]string `json:"properties"`
	Schema     string              `json:"schema"`
}

type total struct {
	Relation string `json:"relation"`
	Value    int    `json:"value"`
}

func exactly(n int) total { return total{"eq", n} }

// options reads the query parameters.
func options(s Screener, r *http.Request) (o match.Options, threshold float64, err error) {
	v := r.URL.Query()
	if o.Limit, err = number(v, "limit", 5, mostHits); err != nil {
		return o, 0, err
	}
	if threshold, err = share(v, "threshold", match.Threshold); err != nil {
		return o, 0, err
	}
	if o.Least, err = share(v, "cutoff", min(0.5, threshold)); err != nil {
		return o, 0, err
	}
	o.Least = max(min(o.Least, threshold), 0.01)
	o.Datasets, err = datasets(s, r, v["include_dataset"], v["exclude_dataset"])
	if err != nil {
		return o, 0, err
	}
	for _, x := range v["exclude_schema"] {
		if entity.SchemaOf(x) == nil {
			return o, 0, bad("exclude_schema: there is no schema %q", x)
		}
	}
	o.Without = v["exclude_schema"]
	o.Except = v["exclude_entity_ids"]
	return o, threshold, nil
}

func number(v url.Values, key string, otherwise, most int) (int, error) {
	if !v.Has(key) {
		return otherwise, nil
	}
	n, err := strconv.Atoi(v.Get(key))
	if err != nil || n < 0 || n > most {
		return 0, bad("%s: a number from 0 to %d", key, most)
	}
	return n, nil
}

func share(v url.Values, key string, otherwise float64) (float64, error) {
	if !v.Has(key) {
		return otherwise, nil
	}
	x, err := strconv.ParseFloat(v.Get(key), 64)
	if err != nil || !(x >= 0 && x <= 1) {
		return 0, bad("%s: a number from 0 to 1", key)
	}
	return x, nil
}

// datasets are those of the path and the parameters; nil: all.
func datasets(s Screener, r *http.Request, include, exclude []string) ([]string, error) {
	sources, _, err := s.Sources(r.Context())
	if err != nil {
		return nil, err
	}
	named := func(d string) bool {
		return slices.ContainsFunc(sources, func(s match.Source) bool { return s.Name == d })
	}
	var out []string
	if d := r.PathValue("dataset"); d != "default" && d != "all" {
		if !named(d) {
			return nil, &problem{http.StatusNotFound, fmt.Sprintf("No such dataset: %s", d)}
		}
		out = []string{d}
	}
	if len(include) > 0 {
		out = slices.DeleteFunc(slices.Clone(include), func(d string) bool { return len(out) > 0 && !slices.Contains(out, d) })
		if len(out) == 0 {
			return []string{"\x00"}, nil // nothing is in both
		}
	}
	if len(exclude) > 0 {
		if out == nil {
			for _, s := range sources {
				out = append(out, s.Name)
			}
		}
		out = slices.DeleteFunc(out, func(d string) bool { return slices.Contains(exclude, d) })
		if len(out) == 0 {
			return []string{"\x00"}, nil
		}
	}
	return out, nil
}

// askOf reads an entity that is looked for; seen is how it was understood.
func askOf(e *example) (a *match.Ask, seen understood, err error) {
	schema := entity.SchemaOf(*e.Schema)
	if schema == nil {
		return nil, seen, fmt.Errorf("schema: there is no schema %q", clip(*e.Schema))
	}
	x := &entity.Entity{Schema: *e.Schema, Properties: map[string][]string{}}
	for _, key := range slices.Sorted(maps.Keys(e.Properties)) {
		kind, ok := schema.Type(key)
		if !ok {
			return nil, seen, fmt.Errorf("properties.%s: %s has no such property", clip(key), *e.Schema)
		}
		for _, v := range e.Properties[key] {
			switch kind {
			case "country":
				c := entity.CountryNamed(v)
				if c == "" {
					return nil, seen, fmt.Errorf("properties.%s: %q is no country", key, clip(v))
				}
				v = strings.ToLower(c)
			case "date":
				if v == "" {
					continue
				}
				d, err := match.ParseDate(v)
				if err != nil {
					return nil, seen, fmt.Errorf("properties.%s: %w", key, err)
				}
				v = d.String()
			case "name":
				if err := name.Check(v); err != nil {
					return nil, seen, fmt.Errorf("properties.%s: %w", key, err)
				}
			}
			x.Add(key, v)
		}
	}
	r, ok := match.Look(x)
	if len(r.Names) == 0 && !entity.Is(x.Schema, "LegalEntity") && !entity.Is(x.Schema, "Vehicle") {
		r.Names = x.Names() // of a Thing
	}
	if !ok && len(r.Names) == 0 {
		return nil, seen, errors.New("properties: there is nothing to look for: give a name or a number")
	}
	seen = understood{e.ID, x.Properties, x.Schema}
	return &match.Ask{Schema: x.Schema, Names: r.Names, Births: r.Births, Countries: r.Countries, Sex: r.Sex, Selectors: r.Selectors}, seen, nil
}

func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// entityOf is a record as the API shows it.
func entityOf(r *match.Record) map[string]any {
	out := map[string]any{"id": r.ID, "caption": r.ID, "schema": r.Schema, "properties": map[string]any{}, "datasets": []string{r.Dataset}, "referents": []string{}, "target": true, "first_seen": nil, "last_seen": nil, "last_change": nil}
	var doc map[string]any
	if r.Doc != "" && json.Unmarshal([]byte(r.Doc), &doc) == nil {
		maps.Copy(out, doc)
		if _, ok := doc["datasets"]; !ok {
			out["datasets"] = []string{r.Dataset}
		}
	}
	if _, ok := doc["caption"]; ok {
		return out
	}
	if len(r.Names) > 0 {
		out["caption"] = r.Names[0]
	} else if properties, ok := doc["properties"].(map[string]any); ok {
		for _, p := range []string{"publicKey", "iban", "accountNumber", "number"} { // what has no name is called by its number
			if list, ok := properties[p].([]any); ok && len(list) > 0 {
				out["caption"] = list[0]
				break
			}
		}
	}
	return out
}

// getSearch finds entities by a text: a name, or a number.
func getSearch(s Screener, w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	limit, err := number(v, "limit", 10, mostHits)
	if err != nil {
		return err
	}
	offset, err := number(v, "offset", 0, 9499)
	if err != nil {
		return err
	}
	schema := cmp.Or(v.Get("schema"), "Thing")
	if entity.SchemaOf(schema) == nil {
		return bad("schema: there is no schema %q", clip(schema))
	}
	q := strings.TrimSpace(v.Get("q"))
	if err := name.Check(q); err != nil {
		return bad("q: %v", err)
	}
	sets, err := datasets(s, r, v["datasets"], v["exclude_dataset"])
	if err != nil {
		return err
	}
	a := &match.Ask{Schema: schema, Names: []string{q}}
	for _, kind := range []string{"iban", "email", "phone", "wallet", "document"} {
		t := map[string]func(string) (entity.Selector, bool){
			"iban": entity.ParseIBAN, "email": entity.ParseEmail, "wallet": entity.ParseWallet,
			"phone":    func(s string) (entity.Selector, bool) { return entity.ParsePhone(s) },
			"document": func(s string) (entity.Selector, bool) { return entity.ParseDocument(s, "") },
		}[kind]
		if x, ok := t(q); ok {
			a.Selectors = append(a.Selectors, string(x.Kind)+":"+x.Value)
		}
	}
	answer, err := s.Find(r.Context(), a, match.Options{Limit: min(limit+offset, 1000) + 1, Least: 0.3, Datasets: sets})
	if err != nil {
		return err
	}
	if answer.State != match.Complete && len(answer.Hits) == 0 {
		return &problem{http.StatusServiceUnavailable, "the index is " + string(answer.State) + ": it cannot be said that this is not known"}
	}
	list := []map[string]any{}
	for i := range answer.Hits {
		list = append(list, entityOf(&answer.Hits[i].Record))
	}
	for _, f := range []struct{ parameter, property string }{{"topics", "topics"}, {"countries", ""}} {
		want := v[f.parameter]
		if len(want) == 0 {
			continue
		}
		list = slices.DeleteFunc(list, func(e map[string]any) bool {
			return !slices.ContainsFunc(facetValues(e, f.parameter), func(x string) bool { return slices.Contains(want, x) })
		})
	}
	facets := map[string]any{}
	for key, label := range map[string]string{"countries": "Countries", "topics": "Topics", "datasets": "Data sources"} {
		counts := map[string]int{}
		for _, e := range list {
			for _, x := range facetValues(e, key) {
				counts[x]++
			}
		}
		values := []any{}
		for _, x := range slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) }) {
			values = append(values, map[string]any{"name": x, "label": labelOf(key, x), "count": counts[x]})
		}
		facets[key] = map[string]any{"label": label, "values": values}
	}
	found := len(list)
	list = list[min(offset, found):min(offset+limit, found)]
	write(w, http.StatusOK, map[string]any{"limit": limit, "offset": offset, "total": exactly(found), "results": list, "facets": facets})
	return nil
}

func facetValues(e map[string]any, key string) []string {
	props, _ := e["properties"].(map[string]any)
	var keys []string
	switch key {
	case "countries":
		keys = []string{"country", "nationality", "citizenship", "jurisdiction", "flag"}
	case "topics":
		keys = []string{"topics"}
	case "datasets":
		switch d := e["datasets"].(type) {
		case []string:
			return d
		case []any:
			return anyTexts(d)
		}
	}
	var out []string
	for _, k := range keys {
		list, _ := props[k].([]any)
		for _, v := range anyTexts(list) {
			if !slices.Contains(out, v) {
				out = append(out, v)
			}
		}
	}
	return out
}

func anyTexts(list []any) (out []string) {
	for _, v := range list {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func labelOf(key, v string) string {
	if key == "countries" {
		if r, err := language.ParseRegion(v); err == nil {
			return display.English.Regions().Name(r)
		}
	}
	return v
}

func getEntity(s Screener, w http.ResponseWriter, r *http.Request) error {
	rec, ok, err := s.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if !ok {
		return &problem{http.StatusNotFound, "No such entity!"}
	}
	write(w, http.StatusOK, entityOf(&rec))
	return nil
}

func getCatalog(s Screener, w http.ResponseWriter, r *http.Request) error {
	sources, state, err := s.Sources(r.Context())
	if err != nil {
		return err
	}
	list, current, outdated := []any{}, []string{}, []string{}
	for _, x := range sources {
		version := cmp.Or(x.Version, x.At.UTC().Format("20060102150405"))
		list = append(list, map[string]any{
			"name": x.Name, "title": cmp.Or(x.Title, x.Name), "summary": x.Licence, "url": x.URL, "load": true, "version": version, "index_version": version, "index_current": x.Whole, "children": []string{},
			"entity_count": x.Records, "last_export": x.At.UTC().Format(time.RFC3339),
		})
		if x.Whole {
			current = append(current, x.Name)
		} else {
			outdated = append(outdated, x.Name)
		}
	}
	write(w, http.StatusOK, map[string]any{"datasets": list, "current": current, "outdated": outdated, "index_stale": state == match.Stale})
	return nil
}

// Lists screens with an index of lists, for whoever asks.
func Lists(x *match.Index) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", Screening(func(*http.Request) (Screener, error) { return lists{x}, nil }))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		write(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	return mux
}

type lists struct{ x *match.Index }

func (l lists) Find(ctx context.Context, a *match.Ask, o match.Options) (*match.Answer, error) {
	return l.x.Find(ctx, a, o)
}

func (l lists) Get(_ context.Context, id string) (match.Record, bool, error) { return l.x.Get(id) }

func (l lists) Sources(context.Context) ([]match.Source, match.State, error) {
	return l.x.Sources(), l.x.State(), nil
}

// client is a program that asks a node, with the purpose that its configuration gives it.
type client struct {
	n   *node.Node
	who node.Who
}

// clientOf finds the client by the token of a request.
func clientOf(n *node.Node, r *http.Request) (Screener, error) {
	w, ok := whoOf(n, r)
	if !ok {
		return nil, &problem{http.StatusUnauthorized, errToken}
	}
	return client{n, w}, nil
}

func (c client) Find(ctx context.Context, a *match.Ask, o match.Options) (*match.Answer, error) {
	got, err := c.n.LookUp(ctx, c.who, node.Question{Ask: *a, Options: o})
	if err != nil {
		return nil, err
	}
	out := &match.Answer{State: got.State, Cut: got.Cut}
	for _, l := range got.Hits {
		id := l.ID
		if l.Kind != "" {
			id = l.Kind + "/" + l.ID
		}
		out.Hits = append(out.Hits, match.Hit{Record: match.Record{ID: id, Dataset: l.Source, Schema: l.Schema, Names: l.Names, Doc: string(l.Entity)}, Score: l.Score, Features: l.Features})
	}
	return out, nil
}

func (c client) Get(ctx context.Context, id string) (match.Record, bool, error) {
	return c.n.Listed(ctx, c.who, id)
}

func (c client) Sources(ctx context.Context) ([]match.Source, match.State, error) {
	i, err := c.n.IndexState(ctx, c.who)
	if err != nil {
		return nil, "", err
	}
	return i.Sources, i.State, nil
}

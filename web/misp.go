package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"tarir/casework"
	"tarir/intake/misp"
	"tarir/node"
	"tarir/store"
)

// MISPBase is where the part of MISP's interface is that its clients need for events.
const MISPBase = "/misp/"

// mispVersion is the version of MISP whose interface this is a part of.
const mispVersion = "2.5.0"

// MISP answers as a MISP server does, as far as events go: a case is an event, for whoever may export it. Events that are added become cases, and what
// is added to an event goes into its case.
func MISP(n *node.Node) http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, f func(m mispAsk, w http.ResponseWriter, r *http.Request) error) {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" "+MISPBase+path, func(w http.ResponseWriter, r *http.Request) {
			who, ok := whoOf(n, r)
			if !ok {
				mispFail(w, http.StatusForbidden, "Authentication failed: "+errToken)
				return
			}
			if err := f(mispAsk{n, who}, w, r); err != nil {
				code := http.StatusInternalServerError
				if h, ok := errors.AsType[interface {
					error
					GetStatus() int
				}](failure(err)); ok {
					code = h.GetStatus()
				}
				mispFail(w, code, err.Error())
			}
		})
	}
	say := func(v any) func(mispAsk, http.ResponseWriter, *http.Request) error {
		return func(_ mispAsk, w http.ResponseWriter, _ *http.Request) error { write(w, http.StatusOK, v); return nil }
	}
	handle("GET servers/getPyMISPVersion.json", say(map[string]string{"version": mispVersion}))
	version := say(map[string]any{"version": mispVersion, "pymisp_recommended_version": mispVersion, "perm_sync": false, "perm_sighting": false, "perm_galaxy_editor": false})
	handle("GET servers/getVersion", version)
	handle("GET servers/getVersion.json", version)
	me := func(m mispAsk, w http.ResponseWriter, _ *http.Request) error {
		write(w, http.StatusOK, map[string]any{
			"User":        map[string]any{"id": "1", "email": m.w.Person, "org_id": "1", "role_id": "1", "autoalert": false, "disabled": false},
			"Role":        map[string]any{"id": "1", "name": "client", "perm_add": true, "perm_modify": true, "perm_auth": true, "perm_sync": false, "perm_admin": false, "perm_site_admin": false},
			"UserSetting": map[string]any{}, "Organisation": map[string]any{"id": "1", "name": m.n.Member()},
		})
		return nil
	}
	handle("GET users/view/me", me)
	handle("GET users/view/me.json", me)
	handle("GET attributes/describeTypes.json", say(mispTypes()))
	for _, p := range []string{"GET events", "GET events/index", "POST events/index"} {
		handle(p, mispAsk.index)
	}
	for _, p := range []string{"GET events/view/{id}", "POST events/view/{id}", "GET events/{id}"} {
		handle(p, mispAsk.view)
	}
	for _, p := range []string{"POST events/restSearch", "POST events/restSearch.json"} {
		handle(p, mispAsk.search)
	}
	handle("POST events/add", mispAsk.add)
	handle("POST events", mispAsk.add)
	handle("POST events/edit/{id}", mispAsk.edit)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		mispFail(w, http.StatusNotFound, "this node answers for events: "+r.URL.Path+" is not among what it knows")
	})
	return mux
}

// mispTypes says which types of attributes there are here.
func mispTypes() any {
	by := misp.Types()
	var types []string
	defaults := map[string]any{}
	for c, list := range by {
		for _, t := range list {
			types = append(types, t)
			defaults[t] = map[string]any{"default_category": c, "to_ids": 0}
		}
	}
	slices.Sort(types)
	return map[string]any{"result": map[string]any{"types": types, "categories": slices.Sorted(maps.Keys(by)), "category_type_mappings": by, "sane_defaults": defaults}}
}

func mispFail(w http.ResponseWriter, code int, text string) {
	write(w, code, map[string]any{"saved": false, "name": text, "message": text, "url": "", "errors": text})
}

// mispAsk is who asks.
type mispAsk struct {
	n *node.Node
	w node.Who
}

func (m mispAsk) cases(ctx context.Context) ([]*casework.Case, error) {
	list, err := m.n.Cases(ctx, m.w)
	return slices.DeleteFunc(list, func(c *casework.Case) bool {
		return c.State == casework.CaseMerged || c.May(m.w.Person, casework.CaseExport) != nil
	}), err
}

// find finds the case of an event, by the event's number or uuid.
func (m mispAsk) find(ctx context.Context, id string) (*casework.Case, error) {
	list, err := m.cases(ctx)
	if err != nil {
		return nil, err
	}
	id = strings.TrimSuffix(id, ".json")
	for _, c := range list {
		if strconv.FormatInt(c.Num, 10) == id || strings.EqualFold(node.EventUUID(c), id) {
			return c, nil
		}
	}
	return nil, store.ErrNone
}

func (m mispAsk) index(w http.ResponseWriter, r *http.Request) error {
	list, err := m.cases(r.Context())
	if err != nil {
		return err
	}
	out := []map[string]any{}
	for _, c := range list {
		out = append(out, mispHead(c))
	}
	write(w, http.StatusOK, out)
	return nil
}

// mispHead is what a list says of an event.
func mispHead(c *casework.Case) map[string]any {
	org := map[string]string{"name": c.Owner}
	return map[string]any{
		"id": strconv.FormatInt(c.Num, 10), "uuid": node.EventUUID(c), "info": c.Title, "date": c.Opened.UTC().Format("2006-01-02"), "timestamp": strconv.FormatInt(c.Opened.Unix(), 10),
		"published": false, "analysis": "1", "threat_level_id": "4", "distribution": "0", "attribute_count": strconv.FormatInt(c.Counts[casework.EntityEntry], 10), "Org": org, "Orgc": org,
	}
}

func (m mispAsk) view(w http.ResponseWriter, r *http.Request) error {
	c, err := m.find(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return m.tell(r.Context(), w, c)
}

// tell answers with an event. What goes wrong after its beginning ends the answer.
func (m mispAsk) tell(ctx context.Context, w http.ResponseWriter, c *casework.Case) error {
	head(w, http.StatusOK)
	if _, err := m.n.TellCase(ctx, m.w, c.ID, node.Telling{Format: "misp"}, w); err != nil {
		panic(http.ErrAbortHandler) // so that who reads sees that it is not whole
	}
	return nil
}

// mispList is one value or several.
type mispList []string

// UnmarshalJSON reads what clients send: a text, a number, or a list of them.
func (l *mispList) UnmarshalJSON(text []byte) error {
	var v any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return err
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	for _, x := range list {
		if x != nil {
			*l = append(*l, fmt.Sprint(x))
		}
	}
	return nil
}

// search gives the events that have what is asked for, page by page.
func (m mispAsk) search(w http.ResponseWriter, r *http.Request) error {
	var q struct {
		Format string   `json:"returnFormat"`
		Event  mispList `json:"eventid"`
		UUID   mispList `json:"uuid"`
		Value  mispList `json:"value"`
		Info   string   `json:"eventinfo"`
		Limit  int      `json:"limit"`
		Page   int      `json:"page"`
		Meta   mispList `json:"metadata"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, mostBody)).Decode(&q); err != nil && !errors.Is(err, io.EOF) {
		return errors.New("the search is no JSON of MISP's form")
	}
	if q.Format != "" && q.Format != "json" {
		return fmt.Errorf("returnFormat %q is not among what this node answers: json", clip(q.Format))
	}
	list, err := m.cases(r.Context())
	if err != nil {
		return err
	}
	ids := append(q.Event, q.UUID...)
	var found []*casework.Case
	for _, c := range list {
		if len(ids) > 0 && !slices.Contains(ids, strconv.FormatInt(c.Num, 10)) && !slices.Contains(ids, node.EventUUID(c)) {
			continue
		}
		if info := strings.Trim(q.Info, "%"); info != "" && !strings.Contains(strings.ToLower(c.Title), strings.ToLower(info)) {
			continue
		}
		has := len(q.Value) == 0
		for _, v := range q.Value {
			f, err := m.n.SearchCase(r.Context(), m.w, c.ID, v, 1)
			if err != nil {
				return err
			}
			has = has || len(f.Entries) > 0
		}
		if has {
			found = append(found, c)
		}
	}
	if q.Limit > 0 {
		from := min(max(q.Page-1, 0)*q.Limit, len(found))
		found = found[from:min(from+q.Limit, len(found))]
	}
	if len(q.Meta) == 1 && (q.Meta[0] == "1" || q.Meta[0] == "true") {
		list := []map[string]any{}
		for _, c := range found {
			list = append(list, map[string]any{"Event": mispHead(c)})
		}
		write(w, http.StatusOK, map[string]any{"response": list})
		return nil
	}
	head(w, http.StatusOK)
	for i, c := range found {
		begin := ","
		if i == 0 {
			begin = `{"response":[`
		}
		if _, err := io.WriteString(w, begin); err != nil {
			panic(http.ErrAbortHandler)
		}
		if _, err := m.n.TellCase(r.Context(), m.w, c.ID, node.Telling{Format: "misp"}, w); err != nil {
			panic(http.ErrAbortHandler)
		}
	}
	end := "]}"
	if len(found) == 0 {
		end = `{"response":[]}`
	}
	_, _ = io.WriteString(w, end) // who asked has gone, if it fails
	return nil
}

// received keeps an event that was sent in a file, and says its title and uuid.
func received(w http.ResponseWriter, r *http.Request) (path, title, uuid string, done func(), err error) {
	dir, err := os.MkdirTemp("", "tarir-misp")
	if err != nil {
		return "", "", "", nil, err
	}
	done = func() { _ = os.RemoveAll(dir) } // what stays is swept with the folder of the system
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostJSON))
	if err != nil {
		return "", "", "", done, errors.New("the event has more than 16 MiB: send it in parts")
	}
	var e struct {
		Event json.RawMessage
		Info  string `json:"info"`
		UUID  string `json:"uuid"`
	}
	if err := json.Unmarshal(text, &e); err == nil && e.Event != nil {
		err = json.Unmarshal(e.Event, &e)
		if err != nil {
			return "", "", "", done, errors.New("the event is no JSON of MISP's form")
		}
	} else if err != nil {
		return "", "", "", done, errors.New("the event is no JSON of MISP's form")
	} else {
		text = []byte(`{"Event":` + string(text) + `}`)
	}
	path = filepath.Join(dir, "event.json")
	return path, e.Info, e.UUID, done, os.WriteFile(path, text, 0o600)
}

// add opens a case with an event.
func (m mispAsk) add(w http.ResponseWriter, r *http.Request) error {
	path, title, uuid, done, err := received(w, r)
	if done != nil {
		defer done()
	}
	if err != nil {
		return err
	}
	if uuid != "" {
		if c, err := m.find(r.Context(), uuid); err == nil {
			return fmt.Errorf("there is an event with this uuid already: %d", c.Num)
		}
	}
	var from []casework.Ref
	if uuid != "" {
		from = []casework.Ref{{Kind: node.MISPEvent, ID: uuid}}
	}
	c, err := m.n.NewCase(r.Context(), m.w, title, from)
	if err != nil {
		return err
	}
	return m.fill(w, r, c, path)
}

// edit puts what an event says into its case.
func (m mispAsk) edit(w http.ResponseWriter, r *http.Request) error {
	c, err := m.find(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	path, _, _, done, err := received(w, r)
	if done != nil {
		defer done()
	}
	if err != nil {
		return err
	}
	return m.fill(w, r, c, path)
}

func (m mispAsk) fill(w http.ResponseWriter, r *http.Request, c *casework.Case, path string) error {
	_, err := take(r.Context(), m.n, m.w, c.ID, []string{path})
	if err != nil {
		return err
	}
	return m.tell(r.Context(), w, c)
}

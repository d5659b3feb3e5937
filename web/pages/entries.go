package pages

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"tarir/casework"
	"tarir/explain"
	"tarir/node"
	"tarir/store"
)

// An entry of a case: what it says, what stood there before, and how to change it without overwriting what somebody else wrote meanwhile.

var errDay = errors.New("give the day as YEAR-MONTH-DAY, for instance 2026-12-01")

// line is a field of a record, as it is told.
type line struct{ Name, Value string }

// lines flattens a body: every field with its way, in the order of their names; texts and lists of texts as they are.
func lines(body json.RawMessage) []line {
	var v any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return []line{{"", string(body)}}
	}
	var out []line
	var walk func(name string, v any)
	walk = func(name string, v any) {
		switch v := v.(type) {
		case map[string]any:
			keys := make([]string, 0, len(v))
			for k := range v {
				keys = append(keys, k)
			}
			slices.Sort(keys)
			for _, k := range keys {
				walk(strings.TrimPrefix(name+"."+k, "."), v[k])
			}
		case []any:
			var words []string
			for _, x := range v {
				switch x := x.(type) {
				case string:
					words = append(words, x)
				case json.Number:
					words = append(words, x.String())
				}
			}
			if len(words) == len(v) {
				if len(v) > 0 {
					out = append(out, line{name, strings.Join(words, ", ")})
				}
				return
			}
			for i, x := range v {
				walk(fmt.Sprintf("%s %d", name, i+1), x)
			}
		case nil:
		default:
			out = append(out, line{name, fmt.Sprint(v)})
		}
	}
	walk("", v)
	return out
}

// Reason says why, in the language of the page: from the code and the numbers where they are known here, else as whoever found it wrote it.
func (v *view) Reason(r explain.Reason) string { return v.L.Reason(r) }

// Lines are the fields of a body.
func (v *view) Lines(body json.RawMessage) []line {
	list := lines(body)
	for i := range list {
		way := list[i].Name
		list[i].Name, list[i].Value = v.field(way), v.value(way, list[i].Value)
	}
	return list
}

// closed are the lists of words that a field takes its value from, by the last part of its way.
var closed = map[string]string{
	"purpose": "purpose", "colour": "colour", "status": "status", "sex": "sex", "typology": "typology", "tlp": "tlp", "mode": "mode", "role": "role", "state": "record_state", "route": "legal_way", "wish": "wish",
	"offence": "offence", "stage": "stage", "seat": "case_seat", "kind": "asset_kind",
}

// value writes what a field says as the language does: times, decimals, and words of closed lists. Whatever else it says stays as it is.
func (v *view) value(way, text string) string {
	word := plainWord(way)
	if list := closed[word]; list != "" {
		return v.L.Or(list+"."+text, text)
	}
	if len(text) >= len("2026-01-02T15:04:05Z") && text[4] == '-' && text[10] == 'T' {
		if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
			return v.Time(t)
		}
	}
	if len(text) == len(time.DateOnly) && text[4] == '-' {
		if t, err := time.Parse(time.DateOnly, text); err == nil {
			return v.Day(t)
		}
	}
	switch {
	case text == "true":
		return v.T("yes")
	case text == "false":
		return v.T("no")
	case plainDecimal.MatchString(text) && (word == "amount" || word == "value" || word == "price" || word == "held" || strings.HasPrefix(way, "amounts.")):
		return v.Decimal(text)
	}
	return text
}

var plainDecimal = regexp.MustCompile(`^-?\d+(\.\d+)?$`)

// plainWord is the last part of a way, without the number of a row.
func plainWord(way string) string {
	word, _, _ := strings.Cut(lastOf(way), " ")
	return word
}

// FieldName names a field by its way.
func (v *view) FieldName(way string) string { return v.field(way) }

// field names a field by its way: the last part that has a text, with what stands before it.
func (v *view) field(way string) string {
	parts := strings.Split(way, ".")
	for i, p := range parts {
		word, rest, _ := strings.Cut(p, " ")
		if _, err := strconv.Atoi(word); err == nil {
			parts[i] = itoa(number(word) + 1) // a row, as it is counted on the page
			continue
		}
		word = snake(word)
		parts[i] = strings.TrimSpace(v.L.Or("field."+word, v.L.Or("asset_state."+word, strings.ReplaceAll(word, "_", " "))) + " " + rest)
	}
	return strings.Join(parts, " · ")
}

// snake writes birthDate, as FollowTheMoney has it, as birth_date. What begins with a capital is no name of a field but a code, as EUR.
func snake(word string) string {
	if word != "" && unicode.IsUpper(rune(word[0])) {
		return word
	}
	var out strings.Builder
	for _, r := range word {
		if unicode.IsUpper(r) && out.Len() > 0 {
			out.WriteByte('_')
		}
		out.WriteRune(unicode.ToLower(r))
	}
	return out.String()
}

// Body tells an entry of a list: its sentence where it has one, else its fields.
func (v *view) Body(e *casework.Entry) string {
	switch e.Kind {
	case casework.NoteEntry:
		var n casework.Note
		if json.Unmarshal(e.Body, &n) == nil {
			return n.Text
		}
	case casework.FindingEntry:
		var f struct {
			Explanation []explain.Reason `json:"explanation"`
		}
		if json.Unmarshal(e.Body, &f) == nil && len(f.Explanation) > 0 {
			var out []string
			for _, r := range f.Explanation {
				out = append(out, v.Reason(r))
			}
			return strings.Join(out, "\n")
		}
	}
	var b strings.Builder
	for _, l := range v.Lines(e.Body) {
		fmt.Fprintf(&b, "%s: %s\n", l.Name, l.Value)
	}
	return b.String()
}

type entryData struct {
	caseHead
	Entry    *casework.Entry
	Evidence []*casework.Entry // what it stands on
	Before   []*casework.Entry
	Mine     string // what was to be written, where somebody else was first
	Base     string // what it was when one began
	Editable bool
	Moves    *moves // of an asset
}

// evidence are the entries that a finding names: its payments, adverts and journeys.
func (s *Server) evidence(a *ask, id string, e *casework.Entry) ([]*casework.Entry, error) {
	if e.Kind != casework.FindingEntry {
		return nil, nil
	}
	var f struct {
		Payments, Adverts, Journeys, Findings []string
	}
	if json.Unmarshal(e.Body, &f) != nil {
		return nil, nil
	}
	var refs []node.EntryRef
	for _, x := range []struct {
		kind casework.EntryKind
		ids  []string
	}{{casework.FindingEntry, f.Findings}, {casework.PaymentEntry, f.Payments}, {casework.AdvertEntry, f.Adverts}, {casework.JourneyEntry, f.Journeys}} {
		for _, r := range x.ids[:min(len(x.ids), 100)] {
			refs = append(refs, node.EntryRef{Kind: x.kind, ID: r})
		}
	}
	return s.n.EntriesByID(a.r.Context(), a.who(), id, refs)
}

func (s *Server) entryAt(a *ask) (*entryData, error) {
	id, seq := a.r.PathValue("id"), number(a.r.PathValue("seq"))
	view, err := s.n.Case(a.r.Context(), a.who(), id)
	if err != nil {
		return nil, err
	}
	history, err := s.n.History(a.r.Context(), a.who(), id, seq)
	if err != nil {
		return nil, err
	}
	d := &entryData{caseHead: s.head(a, view.Case, "contents"), Entry: history[len(history)-1], Before: history[:len(history)-1]}
	slices.Reverse(d.Before)
	d.Editable = d.CanWrite() && d.Entry.Kind != casework.DecisionEntry && d.Entry.Kind != casework.DocumentEntry && d.Entry.Kind != casework.RecordEntry
	d.Moves = movesOf(a, d.Entry)
	d.Evidence, err = s.evidence(a, id, d.Entry)
	return d, err
}

func (s *Server) showEntry(a *ask) error { return s.showEntryWith(a, "") }

func (s *Server) showEntryWith(a *ask, wrong string) error {
	d, err := s.entryAt(a)
	if err != nil {
		return err
	}
	if n := number(a.r.URL.Query().Get("of")); n > 0 { // an older version, beside what stands there now
		for _, e := range d.Before {
			if e.Version == n {
				d.Base = pretty(e.Body)
			}
		}
	}
	return s.showWith(a, http.StatusOK, "entry", "entry", d, wrong)
}

// Text is the body as it is changed: the words of a note, else the fields as JSON.
func (d *entryData) Text() string { return textOf(d.Entry) }

func textOf(e *casework.Entry) string {
	if e.Kind == casework.NoteEntry {
		var n casework.Note
		if json.Unmarshal(e.Body, &n) == nil {
			return n.Text
		}
	}
	return pretty(e.Body)
}

func pretty(body json.RawMessage) string {
	var b bytes.Buffer
	if json.Indent(&b, body, "", "  ") != nil {
		return string(body)
	}
	return b.String()
}

// Diff is what somebody else wrote against what one began with, word by word.
func (d *entryData) Diff() []change { return diffWords(d.Base, d.Text()) }

// MineDiff is what one wrote oneself against what one began with.
func (d *entryData) MineDiff() []change { return diffWords(d.Base, d.Mine) }

// changeEntry writes an entry anew. Where somebody else was first, both are shown beside each other with what each changed, and nothing is lost.
func (s *Server) changeEntry(a *ask) error {
	id, seq := a.r.PathValue("id"), number(a.r.PathValue("seq"))
	a.home = "/cases/" + id + "/entries/" + a.r.PathValue("seq")
	text, version := a.r.PostFormValue("text"), number(a.r.PostFormValue("version"))
	d, err := s.entryAt(a)
	if err != nil {
		return err
	}
	body := json.RawMessage(text)
	if d.Entry.Kind == casework.NoteEntry {
		var n casework.Note
		if json.Unmarshal(d.Entry.Body, &n) == nil {
			n.Text = text
		}
		if body, err = json.Marshal(n); err != nil {
			return err
		}
	}
	was := d.Entry.Body
	e, err := s.n.ChangeEntry(a.r.Context(), a.who(), id, seq, version, body)
	switch {
	case errors.Is(err, casework.ErrChanged):
		d.Mine, d.Base = text, a.r.PostFormValue("base")
		return s.showWith(a, http.StatusConflict, "entry", "entry", d, a.l.Text("web.changed_meanwhile"))
	case err != nil:
		d.Mine = text
		return s.showWith(a, http.StatusUnprocessableEntity, "entry", "entry", d, err.Error())
	}
	s.canUndo(a, "entry_changed", a.home, func(ctx context.Context, w node.Who) error {
		_, err := s.n.ChangeEntry(ctx, w, id, seq, e.Version, was)
		return err
	})
	return back(a, a.home)
}

func (s *Server) removeEntry(a *ask) error {
	id, seq := a.r.PathValue("id"), number(a.r.PathValue("seq"))
	a.home = "/cases/" + id + "/entries/" + a.r.PathValue("seq")
	w := a.who()
	w.Reason = strings.TrimSpace(a.r.PostFormValue("reason"))
	d, err := s.entryAt(a)
	if err != nil {
		return err
	}
	kind, old, body := d.Entry.Kind, d.Entry.ID, d.Entry.Body
	if err := s.n.RemoveEntry(a.r.Context(), w, id, seq); err != nil {
		return err
	}
	if kind != casework.DocumentEntry { // its text is gone
		s.canUndo(a, "entry_removed", "/cases/"+id, func(ctx context.Context, w node.Who) error {
			_, err := s.n.AddToCase(ctx, w, id, []node.NewEntry{{Kind: kind, ID: old, Body: body}})
			return err
		})
	}
	return back(a, "/cases/"+id)
}

// mostDocument is the largest document that is taken by a page.
const mostDocument = 1 << 30

func (s *Server) addDocument(a *ask) error {
	id := a.r.PathValue("id")
	a.home = "/cases/" + id + "/contents?kind=document"
	name, path, fields, err := s.upload(a)
	if err != nil {
		return err
	}
	defer os.Remove(path)
	put, err := s.n.AddDocument(a.r.Context(), a.who(), id, node.File{Path: path, Name: name}, casework.Document{Text: fields["text"]})
	if err != nil {
		return err
	}
	return back(a, fmt.Sprintf("/cases/%s/entries/%d", id, put.Seq))
}

// partReader is a part of a form that is being received.
type partReader struct{ io.Reader }

// text reads a field.
func (p *partReader) text() (string, error) {
	text, err := io.ReadAll(io.LimitReader(p, 1<<20))
	return string(text), err
}

// eachPart gives the parts of a form as they come: fields, and files by their names.
func eachPart(r *multipart.Reader, fn func(field, file string, part *partReader) error) error {
	for {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the file did not arrive whole: send it again: %w", err)
		}
		_, params, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
		if _, file := params["filename"]; err == nil && file && part.FileName() == "" {
			continue // no file was chosen
		}
		if err := fn(part.FormName(), part.FileName(), &partReader{part}); err != nil {
			return err
		}
	}
}

// receive writes a part into a file of the node. Whoever calls removes it.
func (s *Server) receive(part *partReader) (path string, err error) {
	f, err := s.n.TempFile()
	if err != nil {
		return "", err
	}
	_, err = io.Copy(f, part)
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(fmt.Errorf("the file did not arrive whole: send it again: %w", err), os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// upload reads the file of a form, and its fields. Whoever calls removes it.
func (s *Server) upload(a *ask) (name, path string, fields map[string]string, err error) {
	name, path, fields, err = s.maybeUpload(a)
	if err == nil && path == "" {
		err = errors.New("choose a file first")
	}
	return name, path, fields, err
}

func (s *Server) readDocument(a *ask) error {
	id, seq := a.r.PathValue("id"), number(a.r.PathValue("seq"))
	d, err := s.entryAt(a)
	if err != nil {
		return err
	}
	if d.Entry.Kind != casework.DocumentEntry {
		return store.ErrNone
	}
	var doc casework.Document
	if err := json.Unmarshal(d.Entry.Body, &doc); err != nil {
		return err
	}
	// A document is saved, never shown within the page: what it says is nobody's to run here.
	a.w.Header().Set("Content-Type", "application/octet-stream")
	a.w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": cmp.Or(doc.Name, "document")}))
	return s.n.ReadDocument(a.r.Context(), a.who(), id, seq, a.w)
}

package entity

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ErrNotAnEntity is wrapped by the errors of Decode.
var ErrNotAnEntity = errors.New("not a FollowTheMoney entity")

// refused are properties that are not taken in: features that must not count (domain rules on sensitive data), and
// secrets that nobody should have sent.
var refused = [...]string{"ethnicity", "religion", "political", "password", "privateKey"}

// Decode reads one entity from a JSON object. dropped names the properties that were refused at the door. Unknown
// properties and fields are kept.
func Decode(line []byte) (e *Entity, dropped []string, err error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(line, &fields); err != nil {
		return nil, nil, fmt.Errorf("%w: %v", ErrNotAnEntity, err)
	}
	e = &Entity{Properties: map[string][]string{}}
	for _, f := range []struct {
		name string
		to   *string
	}{{"id", &e.ID}, {"schema", &e.Schema}} {
		if err := json.Unmarshal(fields[f.name], f.to); err != nil || *f.to == "" {
			return nil, nil, fmt.Errorf("%w: it has no %s", ErrNotAnEntity, f.name)
		}
		delete(fields, f.name)
	}
	var props map[string]json.RawMessage
	if raw := fields["properties"]; len(raw) > 0 {
		if err := json.Unmarshal(raw, &props); err != nil {
			return nil, nil, fmt.Errorf("%w: properties are not an object", ErrNotAnEntity)
		}
	}
	delete(fields, "properties")
	if raw := fields["source"]; len(raw) > 0 && json.Unmarshal(raw, &e.Source) == nil {
		delete(fields, "source") // as Encode writes it
	}
	for _, k := range slices.Sorted(maps.Keys(props)) {
		if slices.Contains(refused[:], k) {
			dropped = append(dropped, k)
			continue
		}
		values, err := texts(props[k])
		if err != nil {
			return nil, nil, fmt.Errorf("%w: property %s: %v", ErrNotAnEntity, k, err)
		}
		e.Properties[k] = values
	}
	if len(fields) > 0 {
		e.Extra = fields
	}
	return e, dropped, nil
}

// texts reads a property's values: a list of strings as it should be, or one value, or numbers and truths, whose text is
// taken as it stands.
func texts(raw json.RawMessage) ([]string, error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return []string{}, nil
	}
	if raw[0] == '[' {
		var list []json.RawMessage
		if err := json.Unmarshal(raw, &list); err != nil {
			return nil, err
		}
		out := make([]string, 0, len(list))
		for _, x := range list {
			v, err := texts(x)
			if err != nil {
				return nil, err
			}
			out = append(out, v...)
		}
		return out, nil
	}
	switch raw[0] {
	case '"':
		var s string
		err := json.Unmarshal(raw, &s)
		return []string{s}, err
	case '{':
		// A nested entity, as some exports have: the reference is its id.
		var x struct {
			ID string `json:"id"`
		}
		if err := json.Unmarshal(raw, &x); err != nil || x.ID == "" {
			return nil, errors.New("an object without an id stands where a value should")
		}
		return []string{x.ID}, nil
	}
	return []string{string(raw)}, nil
}

// Encode writes the entity as one JSON object without a line end: id, schema, properties, then all other fields in order.
// An entity says its source; a merged one has the ids of its parts as referents, and "provenance": for each property and
// value, where it was told.
func (e *Entity) Encode() ([]byte, error) {
	rest := make(map[string]any, len(e.Extra)+2)
	for k, v := range e.Extra {
		rest[k] = v
	}
	if e.Source != "" {
		rest["source"] = e.Source
	}
	if len(e.Parts) > 0 {
		var ids []string
		for _, p := range e.Parts {
			if !slices.Contains(ids, p.ID) {
				ids = append(ids, p.ID)
			}
		}
		rest["referents"] = ids
		rest["provenance"] = e.told()
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	put := func(before string, v any) error {
		b.WriteString(before)
		if err := enc.Encode(v); err != nil {
			return fmt.Errorf("encode entity: %w", err)
		}
		b.Truncate(b.Len() - 1) // the encoder's line end
		return nil
	}
	err := errors.Join(put(`{"id":`, e.ID), put(`,"schema":`, e.Schema), put(`,"properties":`, e.Properties))
	for _, k := range slices.Sorted(maps.Keys(rest)) {
		err = errors.Join(err, put(",", k), put(":", rest[k]))
	}
	b.WriteByte('}')
	return b.Bytes(), err
}

func (e *Entity) told() map[string]map[string][]string {
	out := map[string]map[string][]string{}
	for k, vs := range e.Properties {
		for _, v := range vs {
			if p := e.Provenance(k, v); len(p) > 0 {
				if out[k] == nil {
					out[k] = map[string][]string{}
				}
				out[k][v] = p
			}
		}
	}
	return out
}

// MarshalJSON is Encode.
func (e *Entity) MarshalJSON() ([]byte, error) { return e.Encode() }

// UnmarshalJSON is Decode, refused properties dropped.
func (e *Entity) UnmarshalJSON(b []byte) error {
	x, _, err := Decode(b)
	if err == nil {
		*e = *x
	}
	return err
}

// Looks says that a text begins like FollowTheMoney JSON lines.
func Looks(head []byte) bool {
	head = bytes.TrimSpace(head)
	line, _, _ := bytes.Cut(head, []byte("\n"))
	if !bytes.HasPrefix(line, []byte("{")) || !bytes.Contains(line, []byte(`"schema"`)) {
		return false
	}
	var x struct {
		ID     string `json:"id"`
		Schema string `json:"schema"`
	}
	if err := json.Unmarshal(line, &x); err == nil {
		return x.ID != "" && x.Schema != ""
	}
	return strings.Contains(string(line), `"id"`) // longer than what was seen of it
}

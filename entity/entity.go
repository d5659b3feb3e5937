package entity

import (
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"github.com/zeebo/xxh3"
)

// Entity is one FollowTheMoney entity. Every value is a list of strings, dates and numbers too.
type Entity struct {
	ID         string
	Schema     string
	Properties map[string][]string
	// Extra holds what else the source's JSON object said (caption, datasets, ...), as it stood.
	Extra map[string]json.RawMessage
	// Source is where the entity was told: FILE#LINE. Empty where Parts are given.
	Source string
	// Parts are what a merged entity was put together from, in order of id and source.
	Parts []*Entity
}

// New makes an entity whose id is derived from the given parts, so that the same thing told twice has the same id.
func New(schema string, parts ...string) *Entity {
	h := xxh3.HashString128(schema + "\x00" + strings.Join(parts, "\x00")).Bytes()
	return &Entity{ID: strings.ToLower(schema) + "-" + hex.EncodeToString(h[:10]), Schema: schema, Properties: map[string][]string{}}
}

// Add appends the non-empty values to a property, each once, and returns the entity.
func (e *Entity) Add(property string, values ...string) *Entity {
	for _, v := range values {
		v = strings.TrimSpace(v)
		if v == "" || slices.Contains(e.Properties[property], v) {
			continue
		}
		e.Properties[property] = append(e.Properties[property], v)
	}
	return e
}

// First is the first value of a property, or the empty string.
func (e *Entity) First(property string) string {
	if v := e.Properties[property]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// Names lists what the entity is called, the name before its aliases; "firstName lastName" where it has no name.
func (e *Entity) Names() []string {
	var out []string
	for _, p := range []string{"name", "alias", "previousName", "weakAlias"} {
		out = append(out, e.Properties[p]...)
	}
	if len(e.Properties["name"]) == 0 {
		if n := strings.TrimSpace(e.First("firstName") + " " + e.First("lastName")); n != "" {
			out = append([]string{n}, out...)
		}
	}
	return out
}

// Caption is what to call the entity on a page: its first name, or its id.
func (e *Entity) Caption() string {
	if n := e.Names(); len(n) > 0 {
		return n[0]
	}
	for _, p := range []string{"iban", "accountNumber", "publicKey", "registrationNumber", "full", "number", "username"} {
		if v := e.First(p); v != "" {
			return v
		}
	}
	return e.ID
}

// Provenance lists where a value of a property was told: sources, each once, in order.
func (e *Entity) Provenance(property, value string) []string {
	var out []string
	if e.Source != "" && slices.Contains(e.Properties[property], value) {
		out = append(out, e.Source)
	}
	for _, p := range e.Parts {
		for _, s := range p.Provenance(property, value) {
			if !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
}

// Union makes one entity of several that are the same. It bears the smallest of their ids, has the values of all in
// sorted order, whatever the order of telling, and keeps the parts. Parts that are merged themselves are taken apart
// first, so the union is associative.
func Union(list ...*Entity) *Entity {
	var parts []*Entity
	for _, e := range list {
		parts = append(parts, e.Split()...)
	}
	slices.SortStableFunc(parts, func(a, b *Entity) int {
		if c := strings.Compare(a.ID, b.ID); c != 0 {
			return c
		}
		return strings.Compare(a.Source, b.Source)
	})
	if len(parts) == 1 {
		return parts[0]
	}
	m := &Entity{ID: parts[0].ID, Schema: parts[0].Schema, Properties: map[string][]string{}, Parts: parts}
	for _, p := range parts {
		m.Schema = Common(m.Schema, p.Schema)
		for k, vs := range p.Properties {
			m.Add(k, vs...)
		}
		for k, v := range p.Extra {
			if m.Extra == nil {
				m.Extra = map[string]json.RawMessage{}
			}
			if _, ok := m.Extra[k]; !ok {
				m.Extra[k] = v
			}
		}
	}
	for k := range m.Properties {
		slices.Sort(m.Properties[k])
	}
	return m
}

// Split undoes Union.
func (e *Entity) Split() []*Entity {
	if len(e.Parts) == 0 {
		return []*Entity{e}
	}
	return e.Parts
}

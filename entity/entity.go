// Package entity holds who and what: people, companies, accounts and their ties, in the shape of FollowTheMoney
// (https://followthemoney.tech): a schema name and properties, each a list of strings.
//
// Readers make entities beside the payments; networks, notices and checks are built on them.
package entity

import (
	"encoding/hex"
	"sort"
	"strings"

	"github.com/zeebo/xxh3"
)

// Entity is one FollowTheMoney entity. Every value is a list of strings, dates and numbers too.
type Entity struct {
	ID         string              `json:"id"`
	Schema     string              `json:"schema"`
	Properties map[string][]string `json:"properties"`
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
		if v == "" || contains(e.Properties[property], v) {
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

// Merge adds the values of other to e and keeps each property's values sorted, so that the order of telling does not
// show.
func (e *Entity) Merge(other *Entity) {
	for k, vs := range other.Properties {
		e.Add(k, vs...)
	}
	for k := range e.Properties {
		sort.Strings(e.Properties[k])
	}
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}

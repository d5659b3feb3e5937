package entity

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
)

//go:embed schemata.tsv
var schemataText string

// Schema is one schema of FollowTheMoney.
type Schema struct {
	Name    string
	Parents []string
	// Edge names the two properties that a tie joins (owner, asset); both empty for things.
	EdgeSource, EdgeTarget string
	// Types gives the type of each own property: "" for plain text, "date", "country", ..., and ">Name" for a reference
	// to an entity of that schema.
	Types map[string]string

	ancestors []string // all schemata that it is derived from
	edge      *Schema  // its own or the nearest inherited one that joins two entities; nil: it is no tie
}

// schemata is read from the table at first use and never changed.
var schemata = sync.OnceValue(func() map[string]*Schema {
	out := map[string]*Schema{}
	for line := range strings.Lines(schemataText) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if strings.HasPrefix(line, "#") || len(f) != 4 {
			continue
		}
		s := &Schema{Name: f[0], Types: map[string]string{}}
		if f[1] != "-" {
			s.Parents = strings.Split(f[1], ",")
		}
		s.EdgeSource, s.EdgeTarget, _ = strings.Cut(strings.TrimPrefix(f[2], "-"), ">")
		for _, p := range strings.Fields(strings.TrimPrefix(f[3], "-")) {
			if i := strings.IndexAny(p, ":>"); i < 0 {
				s.Types[p] = ""
			} else if p[i] == ':' {
				s.Types[p[:i]] = p[i+1:]
			} else {
				s.Types[p[:i]] = p[i:]
			}
		}
		out[s.Name] = s
	}
	for _, s := range out {
		for at := []string{s.Name}; len(at) > 0; at = at[1:] {
			p := out[at[0]]
			if p == nil {
				continue
			}
			if s.edge == nil && p.EdgeSource != "" {
				s.edge = p
			}
			s.ancestors, at = append(s.ancestors, p.Parents...), append(at, p.Parents...)
		}
	}
	return out
})

// SchemaOf gives a schema of FollowTheMoney by name; nil if there is none.
func SchemaOf(name string) *Schema { return schemata()[name] }

// Type is the type of a property of a schema, its own or inherited.
func (s *Schema) Type(property string) (string, bool) {
	if t, ok := s.Types[property]; ok {
		return t, true
	}
	for _, p := range s.Parents {
		if parent := SchemaOf(p); parent != nil {
			if t, ok := parent.Type(property); ok {
				return t, true
			}
		}
	}
	return "", false
}

// Is says that a schema is another or is derived from it: a Person is a LegalEntity.
func Is(schema, of string) bool {
	if schema == of {
		return true
	}
	s := SchemaOf(schema)
	return s != nil && slices.Contains(s.ancestors, of)
}

// Common is the more special of two schemata of which one is derived from the other, and the first where neither is.
func Common(a, b string) string {
	if Is(b, a) {
		return b
	}
	return a
}

// Reference says that a property of a schema holds ids of entities.
func Reference(schema, property string) bool {
	s := SchemaOf(schema)
	if s == nil {
		return false
	}
	t, _ := s.Type(property)
	return strings.HasPrefix(t, ">")
}

// Ends gives the two entities that a tie joins, for instance owner and asset; ok is false for what is no tie, or lacks an
// end.
func (e *Entity) Ends() (source, target []string, ok bool) {
	s := SchemaOf(e.Schema)
	if s == nil || s.edge == nil {
		return nil, nil, false
	}
	s = s.edge
	source, target = e.Properties[s.EdgeSource], e.Properties[s.EdgeTarget]
	return source, target, len(source) > 0 && len(target) > 0
}

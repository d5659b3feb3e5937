package analysis

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/zeebo/xxh3"

	"tarir/entity"
	"tarir/kept"
	"tarir/records"
)

// MergesFile says which entities became one, which merges were refused, and which are suggested to a person.
const MergesFile = "merges.json"

// merges is merges.json.
type merges struct {
	Merges    []entity.Merge      `json:"merges"`
	Refused   []entity.Refusal    `json:"refused"`
	Suggested []entity.Suggestion `json:"suggested"`
}

// resolveEntities merges the entities that are kept. Where none came since, that was done before.
func (s *Session) resolveEntities(ctx context.Context, set *records.Set) (*entity.Resolution, error) {
	of := sumOfEntities(set)
	if s.resolution == nil || s.resolved != of {
		list, err := set.Entities(ctx, 0)
		if err != nil {
			return nil, err
		}
		s.resolution, s.resolved = entity.ResolveWith(s.phones, list, nil), of
	}
	return s.resolution, nil
}

// sumOfEntities says which entities are kept.
func sumOfEntities(set *records.Set) string {
	var sums []string
	for _, seg := range set.Segments() {
		if seg.Kind == records.Entities {
			sums = append(sums, seg.SHA256)
		}
	}
	return strings.Join(sums, " ")
}

// writtenFile keeps beside a ledger which bytes its entities make in a folder of results.
const writtenFile = "entities.written"

// writeEntities writes the entities, and why they are one, into the folder of results. They depend on nothing but the entities
// that were told: where none came since the files that stand there were written, those stay. What is known of them is kept beside a ledger;
// of none nothing is.
func writeEntities(r *entity.Resolution, set *records.Set, ledger, out string) error {
	from := "entities written 1 " + sumOfEntities(set)
	path := filepath.Join(ledger, writtenFile)
	if before, ok := kept.Read(path, from); ok && ledger != "" {
		if now, ok := sumOfFiles(out, EntitiesFile, MergesFile); ok && now == before {
			return nil
		}
	}
	if err := writeLines(filepath.Join(out, EntitiesFile), r.Entities); err != nil {
		return err
	}
	m := merges{r.Merges, r.Refused, r.Suggested}
	if m.Merges == nil {
		m.Merges = []entity.Merge{}
	}
	if m.Refused == nil {
		m.Refused = []entity.Refusal{}
	}
	if m.Suggested == nil {
		m.Suggested = []entity.Suggestion{}
	}
	if err := writeJSON(filepath.Join(out, MergesFile), m); err != nil {
		return err
	}
	if sum, ok := sumOfFiles(out, EntitiesFile, MergesFile); ok && ledger != "" {
		_ = kept.Write(path, from, []byte(sum)) // without it the next analysis takes longer
	}
	return nil
}

// sumOfFiles is a sum of what files say, if they can be read.
func sumOfFiles(dir string, names ...string) (string, bool) {
	var sums []string
	for _, name := range names {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			return "", false
		}
		h := xxh3.New()
		_, err = io.Copy(h, f)
		f.Close()
		if err != nil {
			return "", false
		}
		sums = append(sums, fmt.Sprintf("%x", h.Sum128().Bytes()))
	}
	return strings.Join(sums, " "), true
}

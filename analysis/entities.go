package analysis

import (
	"context"
	"path/filepath"

	"tarir/entity"
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

// resolveEntities merges the entities that are kept.
func resolveEntities(ctx context.Context, set *records.Set, book *entity.Phonebook) (*entity.Resolution, error) {
	list, err := set.Entities(ctx, 0)
	if err != nil {
		return nil, err
	}
	return entity.ResolveWith(book, list, nil), nil
}

// writeEntities writes the entities, and why they are one, into the folder of results.
func writeEntities(r *entity.Resolution, out string) error {
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
	return writeJSON(filepath.Join(out, MergesFile), m)
}

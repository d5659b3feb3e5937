package private

import (
	"slices"
	"strings"

	"tarir/entity"
	"tarir/match"
	"tarir/name"
)

// Things are what a record is looked for by: its strong numbers and addresses, each in its one spelling, and blurred keys of its names
// with its date of birth, several for each so that other spellings meet. Two persons with such a key in common are not the same for
// sure: it is a lead, as any hit.
func Things(r *match.Record) []string {
	var out []string
	for _, s := range r.Selectors {
		kind, _, _ := strings.Cut(s, ":")
		if k := entity.Kind(kind); k.Strong() || k == entity.Phone || k == entity.Email {
			out = append(out, s)
		}
	}
	for _, d := range r.Births {
		if d.Day == 0 {
			continue // a name with a year is too little
		}
		for _, n := range r.Names {
			for _, k := range name.Parse(n, name.KindOf(r.Schema)).Blurred() {
				out = append(out, "born:"+d.String()+":"+k)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

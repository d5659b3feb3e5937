package notice

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
)

// Change is a field that an addendum changed, as JSON.
type Change struct {
	Field string          `json:"field"` // person.born, assets, ...
	From  json.RawMessage `json:"from,omitempty"`
	To    json.RawMessage `json:"to,omitempty"`
}

// Diff gives what is different between two forms, by field; lists change as a whole.
func Diff(a, b *Form) []Change {
	var out []Change
	diff("", fields(a), fields(b), &out)
	return out
}

func fields(v any) map[string]json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // of plain values
	}
	var m map[string]json.RawMessage
	if json.Unmarshal(b, &m) != nil {
		return nil
	}
	return m
}

func diff(path string, a, b map[string]json.RawMessage, out *[]Change) {
	all := maps.Clone(a)
	if all == nil {
		all = map[string]json.RawMessage{}
	}
	maps.Copy(all, b)
	for _, k := range slices.Sorted(maps.Keys(all)) {
		x, y := a[k], b[k]
		if bytes.Equal(x, y) {
			continue
		}
		var mx, my map[string]json.RawMessage
		if (len(x) == 0 || json.Unmarshal(x, &mx) == nil) && (len(y) == 0 || json.Unmarshal(y, &my) == nil) && (mx != nil || my != nil) {
			diff(path+k+".", mx, my, out)
			continue
		}
		*out = append(*out, Change{path + k, x, y})
	}
}

package intake

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Values finds the elements of lists in a JSON text, however deep they lie, one at a time: no more of the text is held than one of them.
type Values struct {
	d     *json.Decoder
	guard *valueGuard
	want  map[string]bool
}

const maxDepth = 64 // of lists and objects around an element

// ErrJSON is wrapped by the errors of a text that is no JSON, or holds a value of more than MaxRecord bytes.
var ErrJSON = errors.New("the JSON cannot be read")

// valueGuard ends the reading where more than a bound is read for one value.
type valueGuard struct {
	r    io.Reader
	left int
}

func (g *valueGuard) Read(p []byte) (int, error) {
	if g.left <= 0 {
		return 0, fmt.Errorf("%w: a value is longer than 1 MiB", ErrJSON)
	}
	n, err := g.r.Read(p[:min(len(p), g.left)])
	g.left -= n
	return n, err
}

// NewValues reads the elements of the lists under some keys.
func NewValues(r io.Reader, keys ...string) *Values {
	v := &Values{guard: &valueGuard{r: r}, want: map[string]bool{}}
	for _, k := range keys {
		v.want[k] = true
	}
	v.d = json.NewDecoder(v.guard)
	return v
}

// Each calls f with each element and the key of its list, in order, until the text ends or f fails. Several texts may stand one after the
// other. Elements of lists within an element are the element's.
func (v *Values) Each(f func(key string, element []byte) error) error {
	for {
		err := v.value("", 0, f)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (v *Values) token() (json.Token, error) {
	v.guard.left = MaxRecord + 64<<10 // what the decoder has read ahead counts too
	t, err := v.d.Token()
	return t, v.plain(err)
}

func (v *Values) plain(err error) error {
	switch {
	case err == nil, errors.Is(err, io.EOF), errors.Is(err, ErrJSON):
		return err
	}
	return fmt.Errorf("%w: %v", ErrJSON, err)
}

// value reads one value, which is the value of a key.
func (v *Values) value(key string, depth int, f func(string, []byte) error) error {
	if depth > maxDepth {
		return fmt.Errorf("%w: it is nested more than %d deep", ErrJSON, maxDepth)
	}
	t, err := v.token()
	if err != nil {
		return err
	}
	inside := func(err error) error {
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("%w: it ends in the middle", ErrJSON)
		}
		return err
	}
	switch t {
	case json.Delim('{'):
		for v.d.More() {
			k, err := v.token()
			if err != nil {
				return inside(err)
			}
			name, _ := k.(string)
			if err := v.value(name, depth+1, f); err != nil {
				return inside(err)
			}
		}
		_, err = v.token()
		return inside(err)
	case json.Delim('['):
		for v.d.More() {
			if !v.want[key] {
				if err := v.value("", depth+1, f); err != nil {
					return inside(err)
				}
				continue
			}
			v.guard.left = MaxRecord + 64<<10
			var element json.RawMessage
			if err := v.plain(v.d.Decode(&element)); err != nil {
				return inside(err)
			}
			if err := f(key, element); err != nil {
				return err
			}
		}
		_, err = v.token()
		return inside(err)
	}
	return nil
}

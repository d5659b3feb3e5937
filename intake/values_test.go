package intake

import (
	"errors"
	"strings"
	"testing"
)

func TestElementsAreFoundWhereverTheyLie(t *testing.T) {
	for text, want := range map[string]string{
		`{"objects":[1,{"objects":[2]},"x"],"other":[3]}`:           `objects=1 objects={"objects":[2]} objects="x"`,
		`{"response":[{"Event":{"Attribute":[{"a":1}],"n":null}}]}`: `Attribute={"a":1}`,
		"{\"Attribute\":[1]}\n{\"Attribute\":[2]}":                  `Attribute=1 Attribute=2`,
		`[]`: ``, ``: ``, `{"objects":{}}`: ``, `{"objects":[]}`: ``,
	} {
		var got []string
		err := NewValues(strings.NewReader(text), "objects", "Attribute").Each(func(k string, e []byte) error { got = append(got, k+"="+string(e)); return nil })
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: %v %v", text, got, err)
		}
	}
	for _, text := range []string{`{"objects":[1,`, `{"objects"`, `}`, `{"objects":[{"a":"` + strings.Repeat("x", 2<<20) + `"}]}`, strings.Repeat(`{"a":`, 100), `{"a":"` + strings.Repeat("x", 3<<20) + `"}`} {
		if err := NewValues(strings.NewReader(text), "objects").Each(func(string, []byte) error { return nil }); !errors.Is(err, ErrJSON) {
			t.Errorf("%.20s: %v", text, err)
		}
	}
	stop := errors.New("stop")
	if err := NewValues(strings.NewReader(`{"objects":[1,2]}`), "objects").Each(func(string, []byte) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
}

func FuzzValues(f *testing.F) {
	f.Add(`{"objects":[1,{"objects":[2]}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		n := 0
		_ = NewValues(strings.NewReader(text), "objects").Each(func(string, []byte) error { n++; return nil })
		if n > len(text) {
			t.Fatal(n)
		}
	})
}

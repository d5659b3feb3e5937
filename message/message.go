// Package message holds what Tarir says to people, in English, French, Spanish and Arabic.
//
// A text has a key (section.name) and stands in one file a language. Reasons (explain.Reason) are told in English by the
// package that gives them; other languages tell them from the same code and numbers. What went wrong is said by wrong.go, from the English of the error. Texts are whole sentences or labels with
// a colon and a number, so that no plural is put together from parts. A test fails the build where a language lacks a key.
package message

import (
	"embed"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"

	"tarir/explain"
)

//go:embed *.toml
var files embed.FS

// Codes of the languages, ISO 639-1.
var Codes = []string{"en", "fr", "es", "ar"}

// ErrLanguage says that there is no language of a code.
var ErrLanguage = errors.New("there is no such language: en, fr, es and ar are the languages")

// Language says things in one language. It is never changed after For.
type Language struct {
	Code  string
	Right bool // written from right to left
	texts map[string]string
}

// For is the language of a code; empty is English.
func For(code string) (*Language, error) {
	if code == "" {
		code = "en"
	}
	if !slices.Contains(Codes, code) {
		return nil, fmt.Errorf("%q: %w", code, ErrLanguage)
	}
	b, err := files.ReadFile(code + ".toml")
	if err != nil {
		return nil, fmt.Errorf("read texts of %s: %w", code, err)
	}
	var sections map[string]map[string]string
	if _, err := toml.Decode(string(b), &sections); err != nil {
		return nil, fmt.Errorf("read texts of %s: %w", code, err)
	}
	l := &Language{Code: code, Right: code == "ar", texts: map[string]string{}}
	for section, list := range sections {
		for k, v := range list {
			l.texts[section+"."+k] = v
		}
	}
	return l, nil
}

// Keys lists the keys of a language in order.
func (l *Language) Keys() []string { return slices.Sorted(maps.Keys(l.texts)) }

// Text is what a key says; params are pairs of name and value that stand in braces. A key that there is not is given back as
// it is: tests find it.
func (l *Language) Text(key string, params ...any) string {
	text, ok := l.texts[key]
	if !ok {
		return key
	}
	for i := 0; i+1 < len(params); i += 2 {
		text = strings.ReplaceAll(text, "{"+fmt.Sprint(params[i])+"}", l.isolated(fmt.Sprint(params[i+1])))
	}
	return text
}

// Name is what a key says, or a word in its own spelling where the language has none for it: English has no list of its own
// for names that are English already.
func (l *Language) Name(section, name string) string {
	if text, ok := l.texts[section+"."+name]; ok {
		return text
	}
	return strings.ReplaceAll(name, "_", " ")
}

// Or is what a key says, or else a text that is given.
func (l *Language) Or(key, text string) string {
	if v, ok := l.texts[key]; ok {
		return v
	}
	return text
}

// Reason tells a reason. In English it is the text that came with it.
func (l *Language) Reason(r explain.Reason) string {
	text, ok := l.texts["reason."+r.Code]
	if !ok {
		return r.Text
	}
	for name, v := range r.Params {
		text = strings.ReplaceAll(text, "{"+name+"}", l.isolated(l.value(name, v)))
	}
	return text
}

// value writes a param: words of a closed list are told in the language.
func (l *Language) value(name string, v any) string {
	if m, ok := v.(map[string]any); ok && m["amount"] != nil {
		return fmt.Sprintf("%v %v", m["amount"], m["currency"])
	}
	s := fmt.Sprint(v)
	if f, ok := v.(float64); ok { // a number that came out of JSON
		s = strconv.FormatFloat(f, 'f', -1, 64)
	}
	switch name {
	case "typology", "typologies":
		parts := strings.Split(s, ", ")
		for i := range parts {
			parts[i] = l.Name("typology", strings.ReplaceAll(parts[i], " ", "_"))
		}
		return strings.Join(parts, l.Or("page.comma", ", "))
	case "kind":
		return l.Name("kind", s)
	}
	return s
}

// isolated keeps a value's own direction within a text that is written from right to left (Unicode TR9, isolates).
func (l *Language) isolated(s string) string {
	if !l.Right {
		return s
	}
	return "\u2068" + s + "\u2069"
}

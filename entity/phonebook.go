package entity

import (
	"errors"
	"io"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
)

// Phonebook remembers how phone numbers that stand alone are written in one spelling: to find out costs more than all else
// that is read of an entity. It is for use by several goroutines at once; none (nil) remembers nothing.
//
// Its size is about 60 bytes a number, on disk 30.
type Phonebook struct {
	known map[string]string // what was told and where it would be dialled, to the spelling; empty where it is no number
	grown bool
	mu    sync.RWMutex
}

// NewPhonebook knows nothing.
func NewPhonebook() *Phonebook { return &Phonebook{known: map[string]string{}} }

// Grown says that it knows more than was read.
func (b *Phonebook) Grown() bool { return b.grown }

// Phone is ParsePhone.
func (b *Phonebook) Phone(s string, regions ...string) (Selector, bool) {
	if b == nil {
		return ParsePhone(s, regions...)
	}
	key := s
	if len(regions) > 0 {
		key += phonebookGap + strings.Join(regions, ",")
	}
	b.mu.RLock()
	e164, told := b.known[key]
	b.mu.RUnlock()
	if told {
		return Selector{Phone, e164}, e164 != ""
	}
	x, ok := ParsePhone(s, regions...)
	if !ok {
		x = Selector{Phone, ""}
	}
	b.mu.Lock()
	b.known[strings.Clone(key)] = x.Value
	b.grown = true
	b.mu.Unlock()
	return x, ok
}

// What stands between the parts of a line is no part of a phone number or a country.
const phonebookGap = "\x1f"

// phonebookHead names the version of the numbering plans, too.
var phonebookHead = sync.OnceValue(func() string {
	head := "tarir phonebook 1"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if m.Path == "github.com/nyaruka/phonenumbers" {
				head += " " + m.Version
			}
		}
	}
	return head
})

// ErrPhonebook says that what is read is no phonebook of this version; it can be made anew.
var ErrPhonebook = errors.New("not a phonebook of this version")

// WriteTo writes what is known: a line each.
func (b *Phonebook) WriteTo(w io.Writer) (int64, error) {
	var out strings.Builder
	out.WriteString(phonebookHead() + "\n")
	for _, k := range slices.Sorted(maps.Keys(b.known)) {
		if !strings.ContainsRune(k, '\n') {
			out.WriteString(b.known[k] + phonebookGap + k + "\n")
		}
	}
	n, err := io.WriteString(w, out.String())
	return int64(n), err
}

// ReadPhonebook reads what WriteTo wrote. Anything else is ErrPhonebook.
func ReadPhonebook(text string) (*Phonebook, error) {
	rest, ok := strings.CutPrefix(text, phonebookHead()+"\n")
	if !ok {
		return nil, ErrPhonebook
	}
	b := &Phonebook{known: make(map[string]string, strings.Count(rest, "\n"))}
	for rest != "" {
		line, more, whole := strings.Cut(rest, "\n")
		e164, key, cut := strings.Cut(line, phonebookGap)
		if !whole || !cut {
			return nil, ErrPhonebook
		}
		b.known[key] = e164
		rest = more
	}
	return b, nil
}

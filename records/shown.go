package records

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"tarir/entity"
	"tarir/flat"
	"tarir/kept"
	"tarir/online"
)

// What adverts show (online.Shown) and what is known of their families (online.Memo) lie beside the segments. They are made
// from these alone: whatever is missing, of another version or damaged is made anew, and where they cannot be written nothing
// but time is lost.

const (
	shownSuffix   = ".shown"
	memoName      = "families.memo"
	phonebookName = "phonebook"
)

// show gives adverts of a segment what they show: as it is kept, or read now and kept.
func (s *Set) show(ctx context.Context, seg Segment, list []*online.Advert) error {
	if !slices.ContainsFunc(list, func(a *online.Advert) bool { return a.Shows == nil }) {
		return nil // they were read before
	}
	path, from := filepath.Join(s.dir, seg.Name+shownSuffix), fmt.Sprintf("shown %d %s", online.ShownVersion, seg.SHA256)
	if text, ok := kept.Read(path, from); ok {
		if parts, err := flat.Frames(text); err == nil && len(parts) == len(list) {
			if shows, err := decodeAll(ctx, parts, shownFields); err == nil {
				for i := range list {
					list[i].Shows = shows[i]
				}
				return nil
			}
		}
	}
	if err := online.Show(ctx, list); err != nil {
		return err
	}
	var text []byte
	for _, a := range list {
		text = flat.Encode(text, func(c *flat.Coder) { shownFields(c, a.Shows) })
	}
	_ = kept.Write(path, from, text) // see above
	return nil
}

func shownFields(c *flat.Coder, s *online.Shown) {
	n := c.Count(len(s.Contacts))
	if c.Reading() && n > 0 {
		s.Contacts = make([]entity.Selector, n)
	}
	for i := range s.Contacts {
		c.Text((*string)(&s.Contacts[i].Kind))
		c.Text(&s.Contacts[i].Value)
	}
	var words string
	if !c.Reading() {
		b := make([]byte, 0, 4*len(s.Words))
		for _, w := range s.Words {
			b = binary.LittleEndian.AppendUint32(b, w)
		}
		words = string(b)
	}
	c.Text(&words)
	if c.Reading() {
		s.Words = make([]uint32, len(words)/4)
		for i := range s.Words {
			s.Words[i] = uint32(words[4*i]) | uint32(words[4*i+1])<<8 | uint32(words[4*i+2])<<16 | uint32(words[4*i+3])<<24
		}
	}
	c.Texts(&s.Trades)
	n = c.Count(len(s.Wordings))
	if c.Reading() && n > 0 {
		s.Wordings = make([]online.Told, n)
	}
	for i := range s.Wordings {
		c.Text((*string)(&s.Wordings[i].Wording))
		c.Text(&s.Wordings[i].Phrase)
	}
	c.Text(&s.Person)
	c.Text(&s.Age)
}

// Memo is what is known of the families of the adverts; nothing where none is kept.
func (s *Set) Memo() *online.Memo {
	text, ok := kept.Read(filepath.Join(s.dir, memoName), "")
	if !ok {
		return online.NewMemo()
	}
	m, err := online.ReadMemo(text)
	if err != nil {
		return online.NewMemo()
	}
	return m
}

// KeepMemo keeps it for the next time. An error means no more than that the next time takes longer.
func (s *Set) KeepMemo(m *online.Memo) error { return keep(s.dir, memoName, m) }

// Phonebook is what is known of the spelling of phone numbers.
func (s *Set) Phonebook() *entity.Phonebook {
	text, ok := kept.Read(filepath.Join(s.dir, phonebookName), "")
	if !ok {
		return entity.NewPhonebook()
	}
	b, err := entity.ReadPhonebook(text)
	if err != nil {
		return entity.NewPhonebook()
	}
	return b
}

// KeepPhonebook keeps it for the next time, as KeepMemo does, if it knows more than before.
func (s *Set) KeepPhonebook(b *entity.Phonebook) error {
	if !b.Grown() {
		return nil
	}
	return keep(s.dir, phonebookName, b)
}

func keep(dir, name string, what io.WriterTo) error {
	var b bytes.Buffer
	if _, err := what.WriteTo(&b); err != nil {
		return err
	}
	return kept.Write(filepath.Join(dir, name), "", b.Bytes())
}

package entity_test

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"tarir/entity"
)

// TestAPhonebookReadsAsParsePhoneDoes: whatever it remembers, and after it was written and read.
func TestAPhonebookReadsAsParsePhoneDoes(t *testing.T) {
	book := entity.NewPhonebook()
	rapid.Check(t, func(rt *rapid.T) {
		for range rapid.IntRange(1, 5).Draw(rt, "numbers") {
			s := rapid.OneOf(rapid.StringMatching(`(\+33|0|0033)? ?6 ?[0-9]{2} ?[0-9]{6}`), rapid.String()).Draw(rt, "number")
			regions := rapid.SliceOfN(rapid.SampledFrom([]string{"FR", "PE", "BO"}), 0, 2).Draw(rt, "regions")
			want, ok := entity.ParsePhone(s, regions...)
			for range 2 {
				if got, found := book.Phone(s, regions...); found != ok || ok && got != want {
					rt.Fatalf("%q in %v: %v %v, want %v %v", s, regions, got, found, want, ok)
				}
			}
		}
		var b bytes.Buffer
		if _, err := book.WriteTo(&b); err != nil {
			rt.Fatal(err)
		}
		var err error
		if book, err = entity.ReadPhonebook(b.String()); err != nil {
			rt.Fatal(err)
		}
	})
}

func FuzzPhonebook(f *testing.F) {
	book := entity.NewPhonebook()
	book.Phone("06 12 34 56 78", "FR")
	book.Phone("no number")
	var b bytes.Buffer
	if _, err := book.WriteTo(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.String())
	f.Fuzz(func(t *testing.T, text string) {
		read, err := entity.ReadPhonebook(text)
		if err != nil {
			return
		}
		var again bytes.Buffer
		if _, err := read.WriteTo(&again); err != nil {
			t.Fatal(err)
		}
		if _, err := entity.ReadPhonebook(again.String()); err != nil {
			t.Fatalf("a phonebook that was read is not read again: %v", err)
		}
	})
}

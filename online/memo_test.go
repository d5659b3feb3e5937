package online

import (
	"bytes"
	"context"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestFamiliesThatGrowAreThoseOfAllAdvertsAtOnce: adverts that come day by day, with what is known of the days before, give the
// families of all of them at once.
func TestFamiliesThatGrowAreThoseOfAllAdvertsAtOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		list, _ := corpus(300, 0.1, rapid.Uint64().Draw(rt, "seed"))
		memo := NewMemo()
		for n := 0; n < len(list); {
			n = min(len(list), n+rapid.IntRange(1, 150).Draw(rt, "more"))
			got, err := Families(context.Background(), list[:n], memo)
			if err != nil {
				rt.Fatal(err)
			}
			want, err := Families(context.Background(), list[:n], nil)
			if err != nil {
				rt.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				rt.Fatalf("of %d adverts: %v\nall at once %v", n, got, want)
			}
			var b bytes.Buffer
			if _, err := memo.WriteTo(&b); err != nil {
				rt.Fatal(err)
			}
			if memo, err = ReadMemo(b.String()); err != nil {
				rt.Fatal(err)
			}
		}
	})
}

func FuzzMemo(f *testing.F) {
	list, _ := corpus(60, 0.1, 1)
	memo := NewMemo()
	if _, err := Families(context.Background(), list, memo); err != nil {
		f.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := memo.WriteTo(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte(memoMagic))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := ReadMemo(string(data))
		if err != nil {
			return
		}
		var again bytes.Buffer
		if _, err := m.WriteTo(&again); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadMemo(again.String()); err != nil && !slices.Equal(again.Bytes(), data) {
			t.Fatalf("a memo that was read is not read again: %v", err)
		}
	})
}

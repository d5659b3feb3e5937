package relay

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestAParcelGivesItsLettersBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		letters := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Letter {
			return Letter{To: "B", ID: rapid.StringMatching("[ -~]{1,32}").Draw(t, "id"), Sealed: rapid.SliceOfN(rapid.Byte(), 1, 100).Draw(t, "sealed")}
		}), 2, mostInParcel).Draw(t, "letters")
		m := (&Client{token: "a"}).message(letters)
		ids, sealed := unpack(m.Data, m.Header[letterHeader])
		for i, l := range letters {
			if ids[i] != l.ID || !bytes.Equal(sealed[i], l.Sealed) {
				t.Fatalf("%q %q", ids, sealed)
			}
		}
		if len(ids) != len(letters) || len(sealed) != len(letters) {
			t.Fatal("not as many")
		}
		// The id of a parcel is that of its letters in their order.
		other := slices.Clone(letters)
		other[0].ID += "x"
		if messageID(letters) == messageID(other) || messageID(letters) != messageID(slices.Clone(letters)) {
			t.Fatal("parcels are mixed up")
		}
	})
}

// FuzzUnpack: a parcel comes from a member, who may say of it what he likes: nothing of it gets lost, doubled or mixed with what is not there.
func FuzzUnpack(f *testing.F) {
	f.Add([]byte("letter 1letter 2"), "8 a|8 b")
	f.Add([]byte("letter"), "3 a|4 b")
	f.Add([]byte("letter"), "6 a|0 b|-1 c")
	f.Fuzz(func(t *testing.T, data []byte, header string) {
		ids, sealed := unpack(data, strings.Split(header, "|"))
		if !bytes.Equal(bytes.Join(sealed, nil), data) {
			t.Fatalf("%q of %q", sealed, data)
		}
		if ids != nil && len(ids) != len(sealed) || ids == nil && len(sealed) != 1 || len(sealed) > mostInParcel {
			t.Fatalf("%d ids of %d letters", len(ids), len(sealed))
		}
	})
}

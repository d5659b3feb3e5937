package kept_test

import (
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"tarir/kept"
)

func TestWhatIsKeptReadsBackOrIsNotThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kept")
	rapid.Check(t, func(rt *rapid.T) {
		from, text := rapid.String().Draw(rt, "from"), rapid.SliceOf(rapid.Byte()).Draw(rt, "text")
		if err := kept.Write(path, from, text); err != nil {
			rt.Fatal(err)
		}
		if got, ok := kept.Read(path, from); !ok || got != string(text) {
			rt.Fatalf("read %q %v", got, ok)
		}
		if _, ok := kept.Read(path, from+"x"); ok {
			rt.Fatal("what was made from something else is read")
		}
		b, err := os.ReadFile(path)
		if err != nil {
			rt.Fatal(err)
		}
		b[rapid.IntRange(0, len(b)-1).Draw(rt, "at")] ^= byte(rapid.IntRange(1, 255).Draw(rt, "damage"))
		if err := os.WriteFile(path, b[:len(b)-rapid.IntRange(0, 1).Draw(rt, "cut")], 0o600); err != nil {
			rt.Fatal(err)
		}
		if _, ok := kept.Read(path, from); ok {
			rt.Fatal("what is damaged is read")
		}
	})
	if _, ok := kept.Read(path+"none", ""); ok {
		t.Fatal("there is nothing to read")
	}
}

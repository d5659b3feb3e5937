package bundle

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var made = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// plain takes the manifest for its own signature: what is tested here is everything behind it.
func plain(text []byte) ([]byte, error) { return text, nil }

func write(t testing.TB, files map[string]string, order []string) []byte {
	var b bytes.Buffer
	w := NewWriter(&b, made)
	for _, name := range order {
		f, err := w.Create(name)
		if err == nil {
			_, err = io.WriteString(f, files[name])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(Manifest{Case: "c", Owner: "NCB-AA"}, plain); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWhatIsWrittenIsReadAndABytesDifferenceIsSeen(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		files, order := map[string]string{}, []string{}
		for i := range rapid.IntRange(0, 5).Draw(rt, "files") {
			name := fmt.Sprint("f", i)
			files[name], order = rapid.StringN(0, 2000, -1).Draw(rt, "text"), append(order, name)
		}
		text := write(t, files, order)
		r, err := Open(bytes.NewReader(text), int64(len(text)), plain)
		if err != nil {
			rt.Fatal(err)
		}
		for name, want := range files {
			if err := r.Read(name, func(in io.Reader) error {
				got, err := io.ReadAll(in)
				if string(got) != want {
					rt.Fatalf("%q is %q", name, got)
				}
				return err
			}); err != nil {
				rt.Fatal(err)
			}
		}
		again := write(t, files, order)
		if !bytes.Equal(text, again) {
			rt.Fatal("the same files gave another bundle")
		}
		// Whatever byte is changed: either it is refused, or what is read is the same.
		at := rapid.IntRange(0, len(text)-1).Draw(rt, "at")
		text[at] ^= byte(rapid.IntRange(1, 255).Draw(rt, "flip"))
		r, err = Open(bytes.NewReader(text), int64(len(text)), plain)
		if err != nil {
			if !errors.Is(err, ErrBundle) {
				rt.Fatal(err)
			}
			return
		}
		for _, f := range r.Manifest.Files {
			sum := sha256.Sum256([]byte(files[f.Name]))
			if want, ok := files[f.Name]; !ok || f.SHA256 != hex.EncodeToString(sum[:]) || f.Size != int64(len(want)) {
				rt.Fatalf("byte %d was changed, and %q is taken for something else", at, f.Name)
			}
		}
	})
}

// zipped makes a ZIP of names and texts with a manifest that fits, but for what change does to it.
func zipped(t testing.TB, names, texts []string, change func(m *Manifest)) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	m := Manifest{Format: Format, Case: "c", Owner: "NCB-AA", Made: made}
	for i, name := range names {
		f, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(f, texts[i])
		}
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256([]byte(texts[i]))
		m.Files = append(m.Files, File{Name: name, Size: int64(len(texts[i])), SHA256: hex.EncodeToString(sum[:])})
	}
	if change != nil {
		change(&m)
	}
	f, err := z.Create(ManifestFile)
	if err == nil {
		err = json.NewEncoder(f).Encode(m)
	}
	if err = errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWhatABundleMustNotBe(t *testing.T) {
	if text := zipped(t, []string{"a"}, []string{"x"}, nil); true {
		if _, err := Open(bytes.NewReader(text), int64(len(text)), plain); err != nil {
			t.Fatal(err)
		}
	}
	bomb := strings.Repeat("0", 50<<20)
	for name, text := range map[string][]byte{
		"nothing":                nil,
		"a way out":              zipped(t, []string{"../a"}, []string{"x"}, nil),
		"an absolute way":        zipped(t, []string{"/a"}, []string{"x"}, nil),
		"a way of Windows":       zipped(t, []string{`..\a`}, []string{"x"}, nil),
		"a way around":           zipped(t, []string{"a/../b"}, []string{"x"}, nil),
		"a name twice":           zipped(t, []string{"a", "a"}, []string{"x", "x"}, nil),
		"another version":        zipped(t, []string{"a"}, []string{"x"}, func(m *Manifest) { m.Format = "tarir.case/2" }),
		"a file that is not":     zipped(t, []string{"a"}, []string{"x"}, func(m *Manifest) { m.Files[0].Name = "b" }),
		"a file twice":           zipped(t, []string{"a", "b"}, []string{"x", "x"}, func(m *Manifest) { m.Files[1] = m.Files[0] }),
		"less than nothing":      zipped(t, []string{"a"}, []string{"x"}, func(m *Manifest) { m.Files[0].Size = -1 }),
		"more than there may be": zipped(t, []string{"a"}, []string{"x"}, func(m *Manifest) { m.Files[0].Size = MostBytes + 1 }),
		"shorter than it says":   zipped(t, []string{"a"}, []string{"x"}, func(m *Manifest) { m.Files[0].Size = 2 }),
		"another text":           zipped(t, []string{"a"}, []string{"x"}, func(m *Manifest) { m.Files[0].SHA256 = strings.Repeat("0", 64) }),
		"a bomb":                 zipped(t, []string{"a"}, []string{bomb}, func(m *Manifest) { m.Files[0].Size = 10 }),
	} {
		if _, err := Open(bytes.NewReader(text), int64(len(text)), plain); !errors.Is(err, ErrBundle) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if text := zipped(t, []string{"a"}, []string{"x"}, nil); true {
		if _, err := Open(bytes.NewReader(text), int64(len(text)), func([]byte) ([]byte, error) { return nil, errors.New("not signed") }); !errors.Is(err, ErrBundle) {
			t.Error("it was not signed:", err)
		}
	}
}

// FuzzOpen reads whatever comes without a panic, and what it takes is what its manifest says.
func FuzzOpen(f *testing.F) {
	f.Add(write(f, map[string]string{"a": "x", "b": ""}, []string{"a", "b"}))
	f.Add(zipped(f, []string{"../a"}, []string{"x"}, nil))
	f.Add([]byte("PK\x05\x06"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := Open(bytes.NewReader(text), int64(len(text)), plain)
		if err != nil {
			if !errors.Is(err, ErrBundle) {
				t.Fatal(err)
			}
			return
		}
		for _, file := range r.Manifest.Files {
			if err := r.Read(file.Name, func(in io.Reader) error { _, err := io.Copy(io.Discard, in); return err }); err != nil {
				t.Fatalf("it was taken, and %q does not read: %v", file.Name, err)
			}
		}
	})
}

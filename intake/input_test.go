package intake

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

func write(t *testing.T, path string, data []byte) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func gzipped(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zstded(t *testing.T, data []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	return w.EncodeAll(data, nil)
}

func zipped(t *testing.T, members map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, data := range members {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAFolderGivesItsFilesInOrderDecompressedAndWithoutHiddenOnes(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "b.csv.gz"), gzipped(t, []byte("plain b")))
	write(t, filepath.Join(dir, "a.csv"), []byte("plain a"))
	write(t, filepath.Join(dir, "sub", "c.csv.zst"), zstded(t, []byte("plain c")))
	write(t, filepath.Join(dir, "sub", "d.zip"), zipped(t, map[string][]byte{"in/e.csv": []byte("plain e")}))
	write(t, filepath.Join(dir, "twice.gz"), gzipped(t, zstded(t, []byte("plain f"))))
	write(t, filepath.Join(dir, ".hidden"), []byte("x"))
	write(t, filepath.Join(dir, ".git", "x"), []byte("x"))
	ins, err := Find([]string{dir}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, in := range ins {
		text, err := in.Open(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := text.Close(); err != nil {
			t.Fatal(err)
		}
		got = append(got, in.Name+"="+string(b))
	}
	if want := "a.csv=plain a b.csv=plain b c.csv=plain c e.csv=plain e twice=plain f"; strings.Join(got, " ") != want {
		t.Errorf("want %s, got %s", want, strings.Join(got, " "))
	}
}

func TestNamesThatDoNotExistAndEmptyFoldersAreClearErrors(t *testing.T) {
	if _, err := Find([]string{filepath.Join(t.TempDir(), "nothing")}, nil); err == nil || !strings.Contains(err.Error(), "check the path") {
		t.Errorf("want an error that says to check the path, got %v", err)
	}
	if _, err := Find([]string{t.TempDir()}, nil); err == nil || !strings.Contains(err.Error(), "no files") {
		t.Errorf("want an error that says the folder is empty, got %v", err)
	}
}

// A bomb gives out of proportion to its size; reading it stops soon after the bound, whatever it would still give.
func TestBombsAreStopped(t *testing.T) {
	zeros := make([]byte, 200<<20)
	for name, data := range map[string][]byte{
		"bomb.gz": gzipped(t, zeros), "bomb.zst": zstded(t, zeros), "bomb.zip": zipped(t, map[string][]byte{"z": zeros}),
		"nested.gz": gzipped(t, gzipped(t, zeros)),
	} {
		ins, err := Find([]string{write(t, filepath.Join(t.TempDir(), name), data)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		text, err := ins[0].Open(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, text)
		if !errors.Is(err, ErrBomb) || n > bombFloor+(1<<20) {
			t.Errorf("%s: want it stopped at %d bytes, got %d bytes and %v", name, bombFloor, n, err)
		}
		text.Close()
	}
}

func TestACompressedFileThatIsCutOffSaysSo(t *testing.T) {
	whole := gzipped(t, bytes.Repeat([]byte("0123456789abcdefghij\n"), 100_000))
	ins, err := Find([]string{write(t, filepath.Join(t.TempDir(), "x.gz"), whole[:len(whole)/2])}, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := ins[0].Open(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer text.Close()
	_, err = io.Copy(io.Discard, text)
	if err = EndError(err); err == nil || !strings.Contains(err.Error(), "cut off") {
		t.Errorf("want an error that says cut off, got %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte("plain"))
	f.Add([]byte("PK\x03\x04"))
	f.Add([]byte("\x1f\x8b\x08\x00"))
	f.Add([]byte("\x28\xb5\x2f\xfd"))
	f.Add([]byte("\xff\xfea\x00"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(dir, "x")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		ins, err := Find([]string{path}, nil)
		if err != nil {
			return
		}
		for _, in := range ins {
			text, err := in.Open(t.Context(), nil)
			if err != nil {
				continue
			}
			n, _ := io.Copy(io.Discard, io.LimitReader(text, 1<<30))
			if n > bombFloor+bombRatio*int64(len(data))+1<<20 {
				t.Errorf("%d bytes gave %d", len(data), n)
			}
			text.Close()
		}
	})
}

// Package bundle is the file in which a case leaves a node, for a prosecutor or another member, and in which it comes in: a ZIP with a manifest of
// every file in it (length and SHA-256), signed as a DSSE envelope by the member that made it. Whoever reads one checks the signature, then that the
// files are those of the manifest and no others, and only then uses any of them.
//
//	manifest.dsse   the signed manifest          entities.jsonl   FollowTheMoney
//	entries.jsonl   everything in the case       payments.csv     payments, in Tarir's own form
//	brief.html      to be read and printed       timeline.csv     what happened when
//	stix.json       STIX 2.1, without victims    documents/…      by their SHA-256
package bundle

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"path"
	"strings"
	"time"

	"github.com/klauspost/compress/flate"

	"tarir/handling"
)

// Format is the version that this program writes and reads.
const Format = "tarir.case/1"

// PayloadType is that of the signed manifest.
const PayloadType = "application/vnd.tarir.case-manifest+json"

// ManifestFile is where the signed manifest lies.
const ManifestFile = "manifest.dsse"

// What a bundle may hold at most.
const (
	MostFiles    = 100_000
	MostManifest = 64 << 20
	MostBytes    = 64 << 30
)

// ErrBundle is wrapped by everything that is wrong with a bundle.
var ErrBundle = errors.New("this bundle is not taken")

// Manifest says what is in a bundle.
type Manifest struct {
	Format     string           `json:"format"`
	Case       string           `json:"case"`
	Title      string           `json:"title"`
	Owner      string           `json:"owner"` // the member that made it
	Purpose    handling.Purpose `json:"purpose"`
	LegalBasis string           `json:"legal_basis"`
	Made       time.Time        `json:"made"`
	Files      []File           `json:"files"`
	LeftOut    map[string]int64 `json:"left_out,omitempty"` // what stays where it is, and how much of it
}

// File is one file.
type File struct {
	Name    string `json:"name"`
	Size    int64  `json:"size"`
	SHA256  string `json:"sha256"`
	Records int64  `json:"records,omitempty"`
}

// Writer writes a bundle, one file after the other, without holding any of them.
type Writer struct {
	zip   *zip.Writer
	files []File
	sum   hash.Hash
	made  time.Time
}

// NewWriter begins a bundle.
func NewWriter(w io.Writer, made time.Time) *Writer {
	z := zip.NewWriter(w)
	z.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) { return flate.NewWriter(out, flate.BestSpeed) })
	return &Writer{zip: z, made: made.UTC()}
}

// Create begins the next file.
func (w *Writer) Create(name string) (io.Writer, error) {
	w.finish()
	f, err := w.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: w.made})
	if err != nil {
		return nil, fmt.Errorf("write the bundle: %w", err)
	}
	w.sum = sha256.New()
	w.files = append(w.files, File{Name: name})
	return io.MultiWriter(f, w.sum, (*counter)(&w.files[len(w.files)-1].Size)), nil
}

type counter int64

func (c *counter) Write(p []byte) (int, error) { *c += counter(len(p)); return len(p), nil }

// Records says how many records the file has that was begun last.
func (w *Writer) Records(n int64) { w.files[len(w.files)-1].Records = n }

func (w *Writer) finish() {
	if w.sum != nil {
		w.files[len(w.files)-1].SHA256 = hex.EncodeToString(w.sum.Sum(nil))
		w.sum = nil
	}
}

// Close writes the signed manifest.
func (w *Writer) Close(m Manifest, sign func(manifest []byte) ([]byte, error)) error {
	w.finish()
	m.Format, m.Made, m.Files = Format, w.made, w.files
	text, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("write the bundle: %w", err)
	}
	signed, err := sign(text)
	if err != nil {
		return fmt.Errorf("sign the bundle: %w", err)
	}
	f, err := w.zip.CreateHeader(&zip.FileHeader{Name: ManifestFile, Method: zip.Deflate, Modified: w.made})
	if err == nil {
		_, err = f.Write(signed)
	}
	if err = errors.Join(err, w.zip.Close()); err != nil {
		return fmt.Errorf("write the bundle: %w", err)
	}
	return nil
}

// Reader reads a bundle whose manifest and files were checked.
type Reader struct {
	Manifest Manifest
	ID       string // of the manifest: the same bundle has the same
	files    map[string]*zip.File
	says     map[string]File // of the manifest
}

// Open checks a bundle: verify gets the signed manifest and gives its text, if the signature is that of the member that it names.
func Open(r io.ReaderAt, size int64, verify func(signed []byte) (manifest []byte, err error)) (*Reader, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("%w: it is no ZIP file, or not a whole one", ErrBundle)
	}
	if len(z.File) > MostFiles {
		return nil, fmt.Errorf("%w: it has %d files, and may have %d", ErrBundle, len(z.File), MostFiles)
	}
	out := &Reader{files: map[string]*zip.File{}, says: map[string]File{}}
	for _, f := range z.File {
		if f.Name != path.Clean(f.Name) || path.IsAbs(f.Name) || strings.HasPrefix(f.Name, "..") || strings.Contains(f.Name, "\\") || out.files[f.Name] != nil {
			return nil, fmt.Errorf("%w: one of its files stands twice, or leads out of it", ErrBundle)
		}
		out.files[f.Name] = f
	}
	m := out.files[ManifestFile]
	if m == nil {
		return nil, fmt.Errorf("%w: it has no %s", ErrBundle, ManifestFile)
	}
	signed, err := readAll(m, MostManifest)
	if err != nil {
		return nil, err
	}
	text, err := verify(signed)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBundle, err)
	}
	if err := json.Unmarshal(text, &out.Manifest); err != nil {
		return nil, fmt.Errorf("%w: its manifest is not readable", ErrBundle)
	}
	if out.Manifest.Format != Format {
		return nil, fmt.Errorf("%w: it is of version %q, and this program reads %s", ErrBundle, out.Manifest.Format, Format)
	}
	sum := sha256.Sum256(text)
	out.ID = hex.EncodeToString(sum[:16])
	if len(out.Manifest.Files) != len(out.files)-1 {
		return nil, fmt.Errorf("%w: it has %d files, and its manifest names %d", ErrBundle, len(out.files)-1, len(out.Manifest.Files))
	}
	total := int64(0)
	for _, f := range out.Manifest.Files {
		if out.files[f.Name] == nil || f.Name == ManifestFile || f.Size < 0 {
			return nil, fmt.Errorf("%w: its manifest names a file that is not there", ErrBundle)
		}
		out.says[f.Name] = f
		if total += f.Size; total > MostBytes {
			return nil, fmt.Errorf("%w: it is larger than %d bytes", ErrBundle, int64(MostBytes))
		}
	}
	if len(out.says) != len(out.Manifest.Files) {
		return nil, fmt.Errorf("%w: its manifest names a file twice", ErrBundle)
	}
	for _, f := range out.Manifest.Files {
		if err := out.Read(f.Name, func(r io.Reader) error { _, err := io.Copy(io.Discard, r); return err }); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Read gives a file to fn and checks that it was what the manifest says, no longer and no shorter. What fn did with it counts only when there is
// no error.
func (r *Reader) Read(name string, fn func(io.Reader) error) error {
	want, ok := r.says[name]
	if !ok {
		return fmt.Errorf("%w: it has no %s", ErrBundle, name)
	}
	f, err := r.files[name].Open()
	if err != nil {
		return fmt.Errorf("%w: %s does not open", ErrBundle, name)
	}
	defer f.Close()
	sum := sha256.New()
	in := io.TeeReader(io.LimitReader(f, want.Size+1), sum)
	n := &counted{r: in}
	err = fn(n)
	if err == nil {
		_, err = io.Copy(io.Discard, n)
	}
	switch {
	case n.err != nil: // the file's own, whatever fn made of it
		return fmt.Errorf("%w: %s is damaged", ErrBundle, name)
	case err != nil:
		return err
	}
	if n.n != want.Size || hex.EncodeToString(sum.Sum(nil)) != want.SHA256 {
		return fmt.Errorf("%w: %s is not what its manifest says", ErrBundle, name)
	}
	return nil
}

type counted struct {
	r   io.Reader
	n   int64
	err error // of reading, but for the end
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if err != nil && err != io.EOF {
		c.err = err
	}
	return n, err
}

func readAll(f *zip.File, most int64) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("%w: %s does not open", ErrBundle, f.Name)
	}
	defer r.Close()
	text, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil || int64(len(text)) > most {
		return nil, fmt.Errorf("%w: %s is damaged, or too long", ErrBundle, f.Name)
	}
	return text, nil
}

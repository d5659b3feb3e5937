package intake

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

const (
	// headSize is how much of an input is looked at to recognise it.
	headSize = 64 << 10
	// MaxRecord bounds one record of any format: longer ones are rejected. No payment needs a megabyte.
	MaxRecord = 1 << 20
	// A compressed input is refused once it has given more than bombFloor bytes and more than bombRatio times what was
	// read of it. Deflate cannot exceed 1032; payment files stay below 100.
	bombFloor = 64 << 20
	bombRatio = 250
)

// Input is one source of records: a file, a member of a zip archive, or standard input.
type Input struct {
	Path     string // as found
	Name     string // base name, without .gz or .zst: what references and rejections say
	Explicit bool   // named by the person rather than found in a folder
	Size     int64  // bytes on disk; 0 where unknown
	Currency string // of amounts whose source names none; empty: not given

	open func() (io.ReadCloser, error)
	dir  string
}

// Find lists the inputs that the arguments name, folders walked in lexical order, hidden files left out. "-" is
// standard input.
func Find(args []string, stdin io.Reader) ([]*Input, error) {
	var out []*Input
	for _, arg := range args {
		if arg == "-" {
			out = append(out, &Input{Path: "-", Name: "stdin", Explicit: true, open: func() (io.ReadCloser, error) { return io.NopCloser(stdin), nil }})
			continue
		}
		st, err := os.Stat(arg)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("there is no file or folder %q: check the path", arg)
		}
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", arg, err)
		}
		if !st.IsDir() {
			ins, err := fileInputs(arg, true)
			if err != nil {
				return nil, err
			}
			out = append(out, ins...)
			continue
		}
		before := len(out)
		err = filepath.WalkDir(arg, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if strings.HasPrefix(d.Name(), ".") && path != arg {
				if d.IsDir() {
					return fs.SkipDir
				}
				return nil
			}
			if !d.Type().IsRegular() {
				return nil
			}
			ins, err := fileInputs(path, false)
			out = append(out, ins...)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", arg, err)
		}
		if len(out) == before {
			return nil, fmt.Errorf("folder %q holds no files", arg)
		}
	}
	return out, nil
}

// File lists the inputs of a file that was come across: of an archive, its members.
func File(path string) ([]*Input, error) { return fileInputs(path, false) }

func fileInputs(path string, explicit bool) ([]*Input, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	var magic [4]byte
	n, _ := io.ReadFull(f, magic[:])
	if bytes.Equal(magic[:n], []byte("PK\x03\x04")) {
		return zipInputs(path, explicit)
	}
	return []*Input{{
		Path: path, Name: plainName(path), Explicit: explicit, Size: st.Size(), dir: filepath.Dir(path),
		open: func() (io.ReadCloser, error) { return os.Open(path) },
	}}, nil
}

func plainName(path string) string {
	name := filepath.Base(path)
	for _, ext := range []string{".gz", ".zst"} {
		name = strings.TrimSuffix(name, ext)
	}
	return name
}

func zipInputs(path string, explicit bool) ([]*Input, error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, fmt.Errorf("open archive %s: %w", path, err)
	}
	defer z.Close()
	const maxMembers = 100_000
	if len(z.File) > maxMembers {
		return nil, fmt.Errorf("archive %s holds %d files; unpack it and name the folder", path, len(z.File))
	}
	var out []*Input
	for _, m := range z.File {
		if m.FileInfo().IsDir() {
			continue
		}
		name := m.Name
		out = append(out, &Input{
			Path: path + "!" + name, Name: plainName(name), Explicit: explicit, Size: int64(m.CompressedSize64),
			open: func() (io.ReadCloser, error) { return openMember(path, name) },
		})
	}
	return out, nil
}

type zipMember struct {
	io.ReadCloser
	z *zip.ReadCloser
}

func (m zipMember) Close() error { return errors.Join(m.ReadCloser.Close(), m.z.Close()) }

func openMember(path, name string) (io.ReadCloser, error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, err
	}
	for _, m := range z.File {
		if m.Name != name {
			continue
		}
		r, err := m.Open()
		if err != nil {
			z.Close()
			return nil, err
		}
		return zipMember{&bombGuard{r: r, in: func() int64 { return int64(m.CompressedSize64) }, closer: r}, z}, nil
	}
	z.Close()
	return nil, fs.ErrNotExist
}

// Sibling opens a file beside the input by its plain name, compressed or not; fs.ErrNotExist where there is none.
func (in *Input) Sibling(name string) (*Text, error) {
	if in.dir == "" {
		return nil, fs.ErrNotExist
	}
	for _, ext := range []string{"", ".gz", ".zst"} {
		path := filepath.Join(in.dir, name+ext)
		if _, err := os.Stat(path); err == nil {
			s := &Input{Path: path, Name: name, open: func() (io.ReadCloser, error) { return os.Open(path) }}
			return s.Open(context.Background(), nil)
		}
	}
	return nil, fs.ErrNotExist
}

// Text is an input decompressed and decoded to UTF-8, ready to be read.
type Text struct {
	*bufio.Reader
	Encoding string // the encoding found, for the account
	head     []byte
	closers  []io.Closer
}

// Head is the decoded beginning of the input, up to 64 KiB; it stays unread.
func (t *Text) Head() []byte { return t.head }

// Close releases the input.
func (t *Text) Close() error {
	var errs []error
	for i := len(t.closers) - 1; i >= 0; i-- {
		errs = append(errs, t.closers[i].Close())
	}
	return errors.Join(errs...)
}

type closerFunc func() error

func (f closerFunc) Close() error { return f() }

// Open opens the input. progress, if given, is told of bytes read from the disk.
func (in *Input) Open(ctx context.Context, progress func(int64)) (*Text, error) {
	rc, err := in.open()
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", in.Path, err)
	}
	t := &Text{closers: []io.Closer{rc}}
	counted := &counter{ctx: ctx, r: rc, tick: progress}
	var r io.Reader = counted
	for range 2 { // a compressed file inside a compressed file is the most anybody sends
		br := bufio.NewReaderSize(r, 256<<10)
		magic, _ := br.Peek(4)
		switch {
		case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
			z, err := gzip.NewReader(br)
			if err != nil {
				t.Close()
				return nil, fmt.Errorf("open %s: gzip: %w", in.Path, err)
			}
			t.closers = append(t.closers, z)
			r = &bombGuard{r: z, in: counted.total}
		case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
			z, err := zstd.NewReader(br, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20), zstd.WithDecoderLowmem(true))
			if err != nil {
				t.Close()
				return nil, fmt.Errorf("open %s: zstd: %w", in.Path, err)
			}
			t.closers = append(t.closers, closerFunc(func() error { z.Close(); return nil }))
			r = &bombGuard{r: z, in: counted.total}
		default:
			r = br
		}
	}
	if err := t.decode(r); err != nil {
		t.Close()
		return nil, fmt.Errorf("read %s: %w", in.Path, err)
	}
	return t, nil
}

// Decode makes a Text of bytes that are not compressed.
func Decode(r io.Reader) (*Text, error) {
	t := &Text{}
	return t, t.decode(r)
}

func (t *Text) decode(r io.Reader) error {
	raw := bufio.NewReaderSize(r, headSize)
	head, err := raw.Peek(headSize)
	if err != nil && err != io.EOF && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	enc, name, skip := detectEncoding(head)
	t.Encoding = name
	if _, err := raw.Discard(skip); err != nil {
		return err
	}
	if enc == nil {
		t.Reader = raw
	} else {
		t.Reader = bufio.NewReaderSize(transform.NewReader(raw, enc.NewDecoder()), headSize)
	}
	t.head, _ = t.Reader.Peek(headSize)
	return nil
}

// detectEncoding goes by the byte order mark, then by an XML declaration, then by whether the beginning is UTF-8.
// Windows-1252 stands for Latin-1, whose printable part it extends.
func detectEncoding(head []byte) (enc encoding.Encoding, name string, skip int) {
	switch {
	case bytes.HasPrefix(head, []byte{0xEF, 0xBB, 0xBF}):
		return nil, "utf-8", 3
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}):
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), "utf-16le", 2
	case bytes.HasPrefix(head, []byte{0xFE, 0xFF}):
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), "utf-16be", 2
	}
	if decl := head[:min(len(head), 200)]; bytes.HasPrefix(decl, []byte("<?xml")) {
		if i := bytes.Index(decl, []byte("?>")); i > 0 {
			d := strings.ToLower(string(decl[:i]))
			for _, n := range []string{"iso-8859-1", "latin1", "windows-1252", "cp1252"} {
				if strings.Contains(d, `"`+n+`"`) || strings.Contains(d, `'`+n+`'`) {
					return charmap.Windows1252, "windows-1252", 0
				}
			}
		}
	}
	cut := head
	for i := 0; i < 3 && len(cut) > 0 && !utf8.Valid(cut); i++ { // a character may be cut at the end of the head
		cut = cut[:len(cut)-1]
	}
	if len(head) > 0 && !utf8.Valid(cut) {
		return charmap.Windows1252, "windows-1252", 0
	}
	return nil, "utf-8", 0
}

// counter counts what is read from the disk and stops when the context ends.
type counter struct {
	ctx  context.Context
	r    io.Reader
	tick func(int64)
	n    int64
}

func (c *counter) total() int64 { return c.n }

func (c *counter) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(p)
	c.n += int64(n)
	if c.tick != nil {
		c.tick(int64(n))
	}
	return n, err
}

// ErrBomb says that a compressed input expands beyond any real file.
var ErrBomb = errors.New("expands to more than 250 times its size, as no payment file does; unpack it yourself if it is real")

// bombGuard stops a decompressor that gives out of proportion to what it took.
type bombGuard struct {
	r      io.Reader
	in     func() int64
	out    int64
	closer io.Closer
}

func (b *bombGuard) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.out += int64(n)
	if b.out > bombFloor && b.out > bombRatio*b.in() {
		return n, ErrBomb
	}
	return n, err
}

func (b *bombGuard) Close() error {
	if b.closer != nil {
		return b.closer.Close()
	}
	return nil
}

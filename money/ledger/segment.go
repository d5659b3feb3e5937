package ledger

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// row is one payment as it stands in a segment. The names of the columns are part of the format: docs/ledger.md.
type row struct {
	Time             int64  `parquet:"time,timestamp(millisecond),delta"`
	From             uint32 `parquet:"from_account,delta"`
	To               uint32 `parquet:"to_account,delta"`
	Amount           int64  `parquet:"amount,delta"`
	Scale            int32  `parquet:"scale,dict"`
	Currency         string `parquet:"currency,dict"`
	ReceivedAmount   int64  `parquet:"received_amount,delta"`
	ReceivedScale    int32  `parquet:"received_scale,dict"`
	ReceivedCurrency string `parquet:"received_currency,dict"`
	Channel          string `parquet:"channel,dict"`
	Status           string `parquet:"status,dict"`
	DateOnly         bool   `parquet:"date_only"`
	OffsetMin        int32  `parquet:"offset_min,dict"`
	MCC              string `parquet:"mcc,dict"`
	Place            string `parquet:"place,dict"`
	Device           string `parquet:"device,dict"`
	Purpose          string `parquet:"purpose"`
	FromName         string `parquet:"from_name"`
	ToName           string `parquet:"to_name"`
	Ref              string `parquet:"ref,delta"`
	File             string `parquet:"file,dict"`
	Line             int64  `parquet:"line,delta"`
	Extra            string `parquet:"extra"`
}

// The columns, by position in row.
const (
	colTime = iota
	colFrom
	colTo
	colAmount
	colScale
	colCurrency
	colReceivedAmount
	colReceivedScale
	colReceivedCurrency
	colChannel
	colStatus
	colDateOnly
	colOffsetMin
	colMCC
	colPlace
	colDevice
	colPurpose
	colFromName
	colToName
	colRef
	colFile
	colLine
)

// unbounded columns get no least and greatest value a page: nobody asks for a range of them, and comparing all their
// texts is a fifth of the writing. Of purpose, columns.go asks whether there is any.
var unbounded = []string{
	"currency", "received_currency", "channel", "status", "mcc", "place", "device", "from_name", "to_name", "ref", "file", "extra",
}

type accountRow struct {
	Number      uint32 `parquet:"account,delta"`
	Institution string `parquet:"institution,dict"`
	Name        string `parquet:"number,delta"`
}

// FileSum is a file of the ledger with its size and checksum.
type FileSum struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// sumFile is a file being written under a temporary name, summed as it goes.
type sumFile struct {
	f    *os.File
	b    *bufio.Writer
	h    hash.Hash
	n    int64
	dir  string
	name string
}

const tempSuffix = ".tmp"

func createSummed(dir, name string) (*sumFile, error) {
	f, err := os.OpenFile(filepath.Join(dir, name+tempSuffix), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create %s: %w", name, err)
	}
	s := &sumFile{f: f, h: sha256.New(), dir: dir, name: name}
	s.b = bufio.NewWriterSize(sumWriter{s}, 1<<18)
	return s, nil
}

type sumWriter struct{ s *sumFile }

func (w sumWriter) Write(p []byte) (int, error) {
	n, err := w.s.f.Write(p)
	w.s.h.Write(p[:n])
	w.s.n += int64(n)
	return n, err
}

func (s *sumFile) Write(p []byte) (int, error) { return s.b.Write(p) }

// commit makes the file durable under its name.
func (s *sumFile) commit() (FileSum, error) {
	err := s.b.Flush()
	if err == nil {
		err = s.f.Sync()
	}
	if cerr := s.f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(filepath.Join(s.dir, s.name+tempSuffix), filepath.Join(s.dir, s.name))
	}
	if err != nil {
		s.abort()
		return FileSum{}, fmt.Errorf("write %s: %w", s.name, err)
	}
	return FileSum{s.name, s.n, hex.EncodeToString(s.h.Sum(nil))}, nil
}

func (s *sumFile) abort() {
	s.f.Close() // closing twice is harmless here: the error of the first close was reported
	os.Remove(filepath.Join(s.dir, s.name+tempSuffix))
}

// segmentWriter writes the three files of one segment.
type segmentWriter struct {
	dir      string
	number   int
	payments *sumFile
	pq       *parquet.GenericWriter[row]
	keys     *sumFile
	keyBuf   []byte
	rows     int64
	first    int64
	last     int64
	extents  []*extent
	accounts []accountRow
}

// extent is how fine and how large the amounts of one currency are: the largest of each scale.
type extent struct {
	currency string
	seen     [maxScale + 1]bool
	largest  [maxScale + 1]int64
}

func (e *extent) see(units int64, scale int32) {
	e.seen[scale] = true
	e.largest[scale] = max(e.largest[scale], units)
}

// extent finds a currency's, which is nearly always the first that is looked at.
func (w *segmentWriter) extent(currency string) *extent {
	for _, e := range w.extents {
		if e.currency == currency {
			return e
		}
	}
	e := &extent{currency: strings.Clone(currency)}
	w.extents = append(w.extents, e)
	return e
}

func segmentFile(kind string, n int, ext string) string {
	return fmt.Sprintf("%s-%06d.%s", kind, n, ext)
}

func newSegmentWriter(dir string, number int) (*segmentWriter, error) {
	p, err := createSummed(dir, segmentFile("payments", number, "parquet"))
	if err != nil {
		return nil, err
	}
	options := []parquet.WriterOption{
		parquet.Compression(&zstd.Codec{Level: zstd.SpeedFastest}), parquet.PageBufferSize(256 << 10), parquet.CreatedBy("tarir", "1", ""),
		parquet.DataPageStatistics(false), // the column index has them
	}
	for _, column := range unbounded {
		options = append(options, parquet.SkipPageBounds(column))
	}
	k, err := createSummed(dir, segmentFile("keys", number, "bin"))
	if err != nil {
		p.abort()
		return nil, err
	}
	return &segmentWriter{
		dir: dir, number: number, payments: p, keys: k,
		pq: parquet.NewGenericWriter[row](p, options...),
	}, nil
}

func (w *segmentWriter) write(rows []row, ids []identity, accounts []accountRow) error {
	if _, err := w.pq.Write(rows); err != nil {
		return fmt.Errorf("write %s: %w", w.payments.name, err)
	}
	w.keyBuf = w.keyBuf[:0]
	for i := range rows {
		r := &rows[i]
		w.keyBuf = appendKey(w.keyBuf, ids[i])
		if w.rows == 0 || r.Time < w.first {
			w.first = r.Time
		}
		if w.rows == 0 || r.Time > w.last {
			w.last = r.Time
		}
		w.rows++
		w.extent(r.Currency).see(r.Amount, r.Scale)
		if r.ReceivedCurrency != "" {
			w.extent(r.ReceivedCurrency).see(r.ReceivedAmount, r.ReceivedScale)
		}
	}
	w.accounts = append(w.accounts, accounts...)
	if _, err := w.keys.Write(w.keyBuf); err != nil {
		return fmt.Errorf("write %s: %w", w.keys.name, err)
	}
	return nil
}

// close makes the segment's files durable and describes them; the caller commits them with the manifest.
func (w *segmentWriter) close() (Segment, error) {
	if err := w.pq.Close(); err != nil {
		w.abort()
		return Segment{}, fmt.Errorf("finish %s: %w", w.payments.name, err)
	}
	seg := Segment{Number: w.number, Rows: w.rows, First: w.first, Last: w.last, Scales: map[string]uint8{}, Digits: map[string]uint8{}, NewAccounts: int64(len(w.accounts))}
	for _, e := range w.extents {
		for scale, seen := range e.seen {
			if seen {
				seg.Scales[e.currency] = uint8(scale)
				seg.Digits[e.currency] = max(seg.Digits[e.currency], wholeDigits(e.largest[scale], scale))
			}
		}
	}
	var err error
	if seg.Payments, err = w.payments.commit(); err != nil {
		w.keys.abort()
		return Segment{}, err
	}
	if seg.Keys, err = w.keys.commit(); err != nil {
		return Segment{}, err
	}
	af, err := createSummed(w.dir, segmentFile("accounts", w.number, "parquet"))
	if err != nil {
		return Segment{}, err
	}
	aw := parquet.NewGenericWriter[accountRow](af, parquet.Compression(&zstd.Codec{Level: zstd.SpeedFastest}), parquet.CreatedBy("tarir", "1", ""))
	if _, err = aw.Write(w.accounts); err == nil {
		err = aw.Close()
	}
	if err != nil {
		af.abort()
		return Segment{}, fmt.Errorf("write %s: %w", af.name, err)
	}
	if seg.Accounts, err = af.commit(); err != nil {
		return Segment{}, err
	}
	return seg, nil
}

func (w *segmentWriter) abort() {
	w.payments.abort()
	w.keys.abort()
}

// syncDir makes the names in a directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("open %s: %w", dir, err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	return nil
}

// openParquet opens a file of the ledger; damage that parquet-go meets with a panic becomes an error.
func openParquet(path string) (f *os.File, pf *parquet.File, err error) {
	f, err = os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("damaged: %v", r)
		}
		if err != nil {
			f.Close()
			err = fmt.Errorf("open %s: %w", filepath.Base(path), err)
		}
	}()
	st, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	pf, err = parquet.OpenFile(f, st.Size(), parquet.SkipBloomFilters(true), parquet.SkipPageIndex(false))
	return f, pf, err
}

func sumOf(path string) (FileSum, error) {
	f, err := os.Open(path)
	if err != nil {
		return FileSum{}, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return FileSum{}, fmt.Errorf("read %s: %w", filepath.Base(path), err)
	}
	return FileSum{filepath.Base(path), n, hex.EncodeToString(h.Sum(nil))}, nil
}

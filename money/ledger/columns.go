package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/parquet-go/parquet-go"
	"golang.org/x/sync/errgroup"
)

// Columns are a segment's payments column by column, as the graph wants them. Codes index Dict.
type Columns struct {
	Base     int64 // row number of the first
	N        int
	Time     []int64
	From, To []uint32
	Amount   []int64
	Received []int64
	DateOnly []bool

	Scale, ReceivedScale                                            []int32
	Currency, ReceivedCurrency, Channel, Status, MCC, Place, Device Coded
	Purpose                                                         Texts
}

// Texts is a column of texts that seldom repeat. It is empty where no payment of the segment has one.
type Texts struct {
	bytes []byte
	ends  []int
}

// N is the number of texts: that of the payments, or 0.
func (t *Texts) N() int { return len(t.ends) }

// At is the i-th text, valid until the column is filled again.
func (t *Texts) At(i int) []byte {
	lo := 0
	if i > 0 {
		lo = t.ends[i-1]
	}
	return t.bytes[lo:t.ends[i]]
}

// pad gives the texts up to the n-th an empty value where they have none.
func (t *Texts) pad(n int) {
	for len(t.ends) < n {
		t.ends = append(t.ends, len(t.bytes))
	}
}

// Coded is a column of repeated texts: Code[i] indexes Texts.
type Coded struct {
	Code  []int32
	Texts []string
}

// ReadSides fills only From, To and Status of segment seg.
func (l *Ledger) ReadSides(ctx context.Context, seg int, c *Columns) error {
	return l.readColumns(ctx, seg, 0, l.manifest.Segments[seg].Rows, c, true)
}

// ReadColumns fills c with segment seg, reusing its slices. Fast: about 20 million rows a second and core.
func (l *Ledger) ReadColumns(ctx context.Context, seg int, c *Columns) error {
	return l.readColumns(ctx, seg, 0, l.manifest.Segments[seg].Rows, c, false)
}

// EachColumns reads the columns that hold some rows, which must ascend. fn is called once for each segment concerned, by
// several goroutines: rows[from:to] are in c, the row n at n-c.Base.
func (l *Ledger) EachColumns(ctx context.Context, rows []int64, fn func(c *Columns, from, to int) error) error {
	return l.eachSegment(ctx, rows, func(ctx context.Context, seg, from, to int) error {
		var c Columns
		if err := l.readColumns(ctx, seg, rows[from]-l.base[seg], rows[to-1]-l.base[seg]+1, &c, false); err != nil {
			return err
		}
		return fn(&c, from, to)
	})
}

// eachSegment calls fn for the segments that hold some rows, which must ascend, with all processors: rows[from:to] are in segment
// seg.
func (l *Ledger) eachSegment(ctx context.Context, rows []int64, fn func(ctx context.Context, seg, from, to int) error) error {
	if n := len(rows); n > 0 && (rows[0] < 0 || rows[n-1] >= l.rows) {
		return fmt.Errorf("read payments: the ledger has %d rows, not those from %d to %d", l.rows, rows[0], rows[n-1])
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for next := 0; next < len(rows); {
		from, to := next, next+1
		seg, _ := l.locate(rows[from])
		for to < len(rows) && rows[to] < l.base[seg]+l.manifest.Segments[seg].Rows {
			to++
		}
		g.Go(func() error { return fn(ctx, seg, from, to) })
		next = to
	}
	return g.Wait()
}

// readColumns fills c with the rows [lo, hi) of a segment.
func (l *Ledger) readColumns(ctx context.Context, seg int, lo, hi int64, c *Columns, sides bool) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	s := l.manifest.Segments[seg]
	f, pf, err := openParquet(filepath.Join(l.dir, s.Payments.Name))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	defer f.Close()
	defer recoverDamage(s.Payments.Name, &err)
	c.reset(l.base[seg]+lo, int(hi-lo))
	begin := int64(0)
	for _, rg := range pf.RowGroups() {
		first, last := max(lo-begin, 0), min(hi-begin, rg.NumRows())
		if begin += rg.NumRows(); first >= last {
			continue
		}
		chunks := rg.ColumnChunks()
		read := func(col int, page func(parquet.Page) error) {
			if err != nil {
				return
			}
			if err = readPages(chunks[col], first, last, page); err != nil {
				err = fmt.Errorf("%w: read %s: %w", ErrDamaged, s.Payments.Name, err)
			}
		}
		coded := func(col int, d *Coded) {
			if err != nil {
				return
			}
			if err = d.chunk(chunks[col], first, last); err != nil {
				err = fmt.Errorf("%w: read %s: %w", ErrDamaged, s.Payments.Name, err)
			}
		}
		read(colFrom, func(p parquet.Page) error { d := p.Data(); c.From = append(c.From, d.Uint32()...); return nil })
		read(colTo, func(p parquet.Page) error { d := p.Data(); c.To = append(c.To, d.Uint32()...); return nil })
		coded(colStatus, &c.Status)
		if sides {
			continue
		}
		read(colTime, func(p parquet.Page) error { d := p.Data(); c.Time = append(c.Time, d.Int64()...); return nil })
		read(colAmount, func(p parquet.Page) error { d := p.Data(); c.Amount = append(c.Amount, d.Int64()...); return nil })
		read(colReceivedAmount, func(p parquet.Page) error { d := p.Data(); c.Received = append(c.Received, d.Int64()...); return nil })
		read(colDateOnly, func(p parquet.Page) error {
			k, n := len(c.DateOnly), int(p.NumValues())
			c.DateOnly = slices.Grow(c.DateOnly, n)[:k+n]
			values, ok := p.Values().(parquet.BooleanReader)
			if !ok {
				return errType
			}
			if _, err := values.ReadBooleans(c.DateOnly[k:]); err != nil && !errors.Is(err, io.EOF) {
				return err
			}
			return nil
		})
		read(colScale, func(p parquet.Page) error { var err error; c.Scale, err = appendInt32(c.Scale, p); return err })
		read(colReceivedScale, func(p parquet.Page) error {
			var err error
			c.ReceivedScale, err = appendInt32(c.ReceivedScale, p)
			return err
		})
		coded(colCurrency, &c.Currency)
		coded(colReceivedCurrency, &c.ReceivedCurrency)
		coded(colChannel, &c.Channel)
		coded(colMCC, &c.MCC)
		coded(colPlace, &c.Place)
		coded(colDevice, &c.Device)
		if rows := len(c.Time) - int(last-first); !empty(chunks[colPurpose]) {
			c.Purpose.pad(rows)
			read(colPurpose, func(p parquet.Page) error {
				values := p.Data()
				data, offsets := values.ByteArray()
				for i := range int(p.NumValues()) {
					c.Purpose.bytes = append(c.Purpose.bytes, data[offsets[i]:offsets[i+1]]...)
					c.Purpose.ends = append(c.Purpose.ends, len(c.Purpose.bytes))
				}
				return nil
			})
		} else if c.Purpose.N() > 0 {
			c.Purpose.pad(len(c.Time))
		}
	}
	if err != nil {
		return err
	}
	for _, n := range []int{len(c.From), len(c.To), len(c.Status.Code)} {
		if n != c.N {
			return fmt.Errorf("%w: %s has a column of %d rows where %d are expected", ErrDamaged, s.Payments.Name, n, c.N)
		}
	}
	if sides {
		return nil
	}
	for _, n := range []int{
		len(c.Time), len(c.Amount), len(c.Received), len(c.DateOnly), len(c.Scale), len(c.ReceivedScale), len(c.Currency.Code),
		len(c.ReceivedCurrency.Code), len(c.Channel.Code), len(c.MCC.Code), len(c.Place.Code), len(c.Device.Code), cmp.Or(c.Purpose.N(), c.N),
	} {
		if n != c.N {
			return fmt.Errorf("%w: %s has a column of %d rows where %d are expected", ErrDamaged, s.Payments.Name, n, c.N)
		}
	}
	return nil
}

func (c *Columns) reset(base int64, n int) {
	c.Base, c.N = base, n
	c.Time, c.Amount, c.Received = room(c.Time, n), room(c.Amount, n), room(c.Received, n)
	c.From, c.To = room(c.From, n), room(c.To, n)
	c.DateOnly, c.Scale, c.ReceivedScale = room(c.DateOnly, n), room(c.Scale, n), room(c.ReceivedScale, n)
	c.Purpose.bytes, c.Purpose.ends = c.Purpose.bytes[:0], c.Purpose.ends[:0]
	for _, d := range []*Coded{&c.Currency, &c.ReceivedCurrency, &c.Channel, &c.Status, &c.MCC, &c.Place, &c.Device} {
		d.Code, d.Texts = room(d.Code, n), d.Texts[:0]
	}
}

// room empties a slice and makes room for n.
func room[T any](s []T, n int) []T { return slices.Grow(s[:0], n) }

// empty says that every value of a text chunk is the empty string, by the chunk's page bounds.
func empty(chunk parquet.ColumnChunk) bool {
	ix, err := chunk.ColumnIndex()
	if err != nil || ix == nil {
		return false
	}
	for i := range ix.NumPages() {
		if v := ix.MaxValue(i); v.IsNull() || len(v.ByteArray()) != 0 {
			return false
		}
	}
	return ix.NumPages() > 0
}

// readPages gives the pages that hold the rows [lo, hi) of a chunk, the first and the last cut to them.
func readPages(chunk parquet.ColumnChunk, lo, hi int64, page func(parquet.Page) error) error {
	pages := chunk.Pages()
	defer pages.Close()
	if lo > 0 {
		if err := pages.SeekToRow(lo); err != nil {
			return err
		}
	}
	for lo < hi {
		p, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if n := p.NumRows(); lo+n > hi {
			err = page(p.Slice(0, hi-lo))
		} else {
			err = page(p)
		}
		lo += p.NumRows()
		parquet.Release(p)
		if err != nil {
			return err
		}
	}
	return nil
}

var (
	errCode = errors.New("dictionary code out of range")
	errType = errors.New("a column has another type than tarir gives it")
)

func appendInt32(dst []int32, p parquet.Page) ([]int32, error) {
	values := p.Data()
	dict := p.Dictionary()
	if dict == nil {
		return append(dst, values.Int32()...), nil
	}
	texts := make([]int32, dict.Len())
	for i := range texts {
		texts[i] = dict.Index(int32(i)).Int32()
	}
	codes := values.Int32()
	n := len(dst)
	dst = slices.Grow(dst, len(codes))[:n+len(codes)]
	for k, i := range codes {
		if uint(i) >= uint(len(texts)) {
			return nil, errCode
		}
		dst[n+k] = texts[i]
	}
	return dst, nil
}

// chunk appends one row group's column. Its codes follow those of the row groups before it.
func (d *Coded) chunk(chunk parquet.ColumnChunk, lo, hi int64) error {
	shift, loaded := int32(len(d.Texts)), false
	return readPages(chunk, lo, hi, func(p parquet.Page) error {
		values := p.Data()
		dict := p.Dictionary()
		if dict == nil {
			data, offsets := values.ByteArray()
			for i := range int(p.NumValues()) {
				d.Texts = append(d.Texts, string(data[offsets[i]:offsets[i+1]]))
				d.Code = append(d.Code, int32(len(d.Texts)-1))
			}
			return nil
		}
		if !loaded {
			shift, loaded = int32(len(d.Texts)), true
			for i := range dict.Len() {
				d.Texts = append(d.Texts, string(dict.Index(int32(i)).ByteArray()))
			}
		}
		known, codes := uint32(dict.Len()), values.Int32()
		n := len(d.Code)
		d.Code = slices.Grow(d.Code, len(codes))[:n+len(codes)]
		for k, i := range codes {
			if uint32(i) >= known {
				return errCode
			}
			d.Code[n+k] = i + shift
		}
		return nil
	})
}

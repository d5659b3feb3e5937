package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"github.com/parquet-go/parquet-go"
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
	return l.readColumns(ctx, seg, c, true)
}

// ReadColumns fills c with segment seg, reusing its slices. Fast: about 20 million rows a second and core.
func (l *Ledger) ReadColumns(ctx context.Context, seg int, c *Columns) error {
	return l.readColumns(ctx, seg, c, false)
}

func (l *Ledger) readColumns(ctx context.Context, seg int, c *Columns, sides bool) (err error) {
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
	c.reset(l.base[seg], int(s.Rows))
	for _, rg := range pf.RowGroups() {
		chunks := rg.ColumnChunks()
		read := func(col int, page func(parquet.Page) error) {
			if err != nil {
				return
			}
			if err = readPages(chunks[col], page); err != nil {
				err = fmt.Errorf("%w: read %s: %w", ErrDamaged, s.Payments.Name, err)
			}
		}
		coded := func(col int, d *Coded) {
			if err != nil {
				return
			}
			if err = d.chunk(chunks[col]); err != nil {
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
			n := int(p.NumValues())
			bits := p.Data()
			b := bits.Boolean()
			k := len(c.DateOnly)
			c.DateOnly = slices.Grow(c.DateOnly, n)[:k+n]
			for i := range n {
				c.DateOnly[k+i] = b[i/8]>>(i%8)&1 == 1
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
		if rows := len(c.Time) - int(rg.NumRows()); !empty(chunks[colPurpose]) {
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
	c.Time, c.From, c.To, c.Amount, c.Received = c.Time[:0], c.From[:0], c.To[:0], c.Amount[:0], c.Received[:0]
	c.DateOnly, c.Scale, c.ReceivedScale = c.DateOnly[:0], c.Scale[:0], c.ReceivedScale[:0]
	c.Purpose.bytes, c.Purpose.ends = c.Purpose.bytes[:0], c.Purpose.ends[:0]
	for _, d := range []*Coded{&c.Currency, &c.ReceivedCurrency, &c.Channel, &c.Status, &c.MCC, &c.Place, &c.Device} {
		d.Code, d.Texts = d.Code[:0], d.Texts[:0]
	}
}

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

func readPages(chunk parquet.ColumnChunk, page func(parquet.Page) error) error {
	pages := chunk.Pages()
	defer pages.Close()
	for {
		p, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		err = page(p)
		parquet.Release(p)
		if err != nil {
			return err
		}
	}
}

var errCode = errors.New("dictionary code out of range")

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
func (d *Coded) chunk(chunk parquet.ColumnChunk) error {
	shift, loaded := int32(len(d.Texts)), false
	return readPages(chunk, func(p parquet.Page) error {
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

package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/parquet-go/parquet-go"
)

// References are what payments go by (Payment.Reference), of rows that must ascend, each once. It reads three columns, so that it
// costs a tenth of Read. What the manifest does not bear out is ErrDamaged.
func (l *Ledger) References(ctx context.Context, rows []int64) ([]string, error) {
	out := make([]string, len(rows))
	err := l.eachSegment(ctx, rows, func(ctx context.Context, seg, from, to int) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return l.references(seg, rows[from:to], out[from:to])
	})
	return out, err
}

// references reads those of rows of one segment.
func (l *Ledger) references(seg int, rows []int64, out []string) (err error) {
	s := l.manifest.Segments[seg]
	f, pf, err := openParquet(filepath.Join(l.dir, s.Payments.Name))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	defer f.Close()
	defer recoverDamage(s.Payments.Name, &err)
	begin := l.base[seg]
	done := 0
	for _, rg := range pf.RowGroups() {
		to := done
		for to < len(rows) && rows[to] < begin+rg.NumRows() {
			to++
		}
		chunks, files := rg.ColumnChunks(), make([]string, to-done)
		err := errors.Join(
			valuesAt(chunks[colRef], begin, rows[done:to], func(k int, p parquet.Page, i int) error {
				text, err := textAt(p, i)
				out[done+k] = text
				return err
			}),
			valuesAt(chunks[colFile], begin, rows[done:to], func(k int, p parquet.Page, i int) error {
				if out[done+k] != "" {
					return nil
				}
				var err error
				files[k], err = textAt(p, i)
				return err
			}),
			valuesAt(chunks[colLine], begin, rows[done:to], func(k int, p parquet.Page, i int) error {
				if out[done+k] == "" {
					d := p.Data()
					out[done+k] = (&Payment{File: files[k], Line: d.Int64()[i]}).Reference()
				}
				return nil
			}),
		)
		if err != nil {
			return fmt.Errorf("%w: read %s: %w", ErrDamaged, s.Payments.Name, err)
		}
		begin, done = begin+rg.NumRows(), to
	}
	if done < len(rows) {
		return fmt.Errorf("%w: %s has fewer rows than the manifest says", ErrDamaged, s.Payments.Name)
	}
	return nil
}

// valuesAt goes to rows of a chunk, whose first row is begin: the k-th of them is the i-th of a page.
func valuesAt(chunk parquet.ColumnChunk, begin int64, rows []int64, found func(k int, p parquet.Page, i int) error) error {
	pages := chunk.Pages()
	defer pages.Close()
	for k := 0; k < len(rows); {
		if err := pages.SeekToRow(rows[k] - begin); err != nil {
			return err
		}
		at := rows[k] // the first row of the page, as far as it is read
		p, err := pages.ReadPage()
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		for n := p.NumRows(); k < len(rows) && rows[k] < at+n && err == nil; k++ {
			err = found(k, p, int(rows[k]-at))
		}
		parquet.Release(p)
		if err != nil {
			return err
		}
	}
	return nil
}

// textAt is the i-th text of a page.
func textAt(p parquet.Page, i int) (string, error) {
	values, dict := p.Data(), p.Dictionary()
	if dict == nil {
		data, offsets := values.ByteArray()
		return string(data[offsets[i]:offsets[i+1]]), nil
	}
	code := values.Int32()[i]
	if uint(code) >= uint(dict.Len()) {
		return "", errCode
	}
	return string(dict.Index(code).ByteArray()), nil
}

package watchlist

import (
	"context"
	"io"
	"iter"

	"tarir/intake"
	"tarir/match"
)

// Measure reads lists and measures how right their names are compared (see match.MeasureAliases).
func Measure(ctx context.Context, paths []string, stdin io.Reader) (match.Measured, error) {
	inputs, err := intake.Find(paths, stdin)
	if err != nil {
		return match.Measured{}, err
	}
	var failed error
	var seq iter.Seq[match.Record] = func(yield func(match.Record) bool) {
		for _, in := range inputs {
			f, err := recognise(ctx, in)
			if err == nil && f.Skipped != "" {
				continue
			}
			if err != nil {
				failed = err
				return
			}
			if !read(ctx, in, f, Options{}, &Loaded{}, func(r match.Record, err error) bool {
				if err != nil {
					failed = err
					return false
				}
				return yield(r)
			}) {
				return
			}
		}
	}
	return match.MeasureAliases(seq), failed
}

package watchlist

import (
	"context"
	"io"
	"iter"
	"slices"

	"tarir/intake"
	"tarir/match"
)

// Measure reads lists and measures how right their names are compared (see match.MeasureAliases), and questions about their people answered
// (see match.MeasureRates).
func Measure(ctx context.Context, paths []string, stdin io.Reader) (names match.Measured, people match.Rates, err error) {
	inputs, err := intake.Find(paths, stdin)
	if err != nil {
		return names, people, err
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
	all := slices.Collect(seq)
	if failed != nil {
		return names, people, failed
	}
	return match.MeasureAliases(slices.Values(all)), match.MeasureRates(slices.Values(all)), nil
}

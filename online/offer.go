package online

import (
	"context"
	"runtime"
	"slices"
	"strconv"

	"golang.org/x/sync/errgroup"
)

// Trades lists the trades that an advert offers work in, by the lexicon, each once, in order.
func Trades(a *Advert) []string {
	return tradesIn(shippedTrades().find(wordsOf(body(a), nil)))
}

// AllTrades lists the trades of each advert, with all processors.
func AllTrades(ctx context.Context, adverts []*Advert) ([][]string, error) {
	out := make([][]string, len(adverts))
	workers := runtime.GOMAXPROCS(0)
	eg, ctx := errgroup.WithContext(ctx)
	for w := range workers {
		eg.Go(func() error {
			for i := w * len(adverts) / workers; i < (w+1)*len(adverts)/workers; i++ {
				if i&1023 == 0 && ctx.Err() != nil {
					return ctx.Err()
				}
				out[i] = Trades(adverts[i])
			}
			return nil
		})
	}
	return out, eg.Wait()
}

func tradesIn(told []Told) []string {
	var out []string
	for _, t := range told {
		if !slices.Contains(out, string(t.Wording)) {
			out = append(out, string(t.Wording))
		}
	}
	return out
}

// Offer is the pay or price that an advert names.
type Offer struct {
	Advert   int // place
	Value    float64
	Currency string
}

// PriceOf reads the price of an advert in major units; ok is false where none or none that is a number is told. It serves
// to compare adverts with each other: no money is counted with it.
func PriceOf(a *Advert) (value float64, ok bool) {
	v, err := strconv.ParseFloat(a.Price, 64)
	return v, err == nil && v > 0 && v < 1e12 && a.Currency != ""
}

// Median is the middle value of a list that is not empty; it sorts it.
func Median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

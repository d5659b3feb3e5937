package online

import (
	"slices"
	"strconv"
)

// tradesIn lists the trades that an advert offers work in, by the lexicon, each once, in order.
func tradesIn(told []Told) []string {
	var out []string
	for _, t := range told {
		if !slices.Contains(out, string(t.Wording)) {
			out = append(out, string(t.Wording))
		}
	}
	return out
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

package analysis

import (
	"context"
	"strings"
	"time"

	"tarir/casework"
)

// AnswerStop follows the money of a request to stop a payment in the ledger of the institution that was asked, first in, first out,
// and answers with lots: what rests where, and where the rest went. Another institution's accounts end what this ledger can say,
// although payments of theirs are in it.
func AnswerStop(ctx context.Context, ledger string, f *casework.StopForm) (*casework.Answer, error) {
	var references []string
	for _, p := range f.Payments {
		references = append(references, p.Reference)
	}
	t, err := Trace(ctx, TraceOptions{Ledger: ledger, Payments: references, Policy: "fifo"})
	if err != nil {
		return nil, err
	}
	institution, _, _ := strings.Cut(f.Account, "/")
	a := &casework.Answer{Found: len(t.Lots) > 0, Currency: f.Currency, Hops: []casework.Hop{}}
	for _, r := range t.Rests {
		h := casework.Hop{Account: r.Account, How: r.How, Amount: r.Amount, Currency: r.Currency}
		if at, _, _ := strings.Cut(r.Account, "/"); r.Account != "" && at != institution {
			h.How = "other institution"
		}
		if len(r.Through) > 0 {
			h.Payment = r.Through[len(r.Through)-1]
		}
		h.Time, _ = time.Parse(time.RFC3339, r.AsOf) // none: it is not known
		a.Hops = append(a.Hops, h)
	}
	return a, nil
}

package analysis

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"tarir/money/ledger"
)

// LedgerStat says what a ledger holds.
type LedgerStat struct {
	Payments        int64                `json:"payments"`
	Accounts        int                  `json:"accounts"`
	First           string               `json:"first"`
	Last            string               `json:"last"`
	Segments        int                  `json:"segments"`
	PaymentBytes    int64                `json:"payment_bytes"`
	AccountBytes    int64                `json:"account_bytes"`
	KeyBytes        int64                `json:"key_bytes"`
	BytesPerPayment float64              `json:"bytes_per_payment"`
	Currencies      map[string]uint8     `json:"currencies"`
	Sources         []ledger.SourceCount `json:"sources"`
}

// Stat reads a ledger's manifest and accounts.
func Stat(ctx context.Context, dir string) (*LedgerStat, error) {
	if _, err := os.Stat(filepath.Join(dir, "manifest.json")); err != nil {
		return nil, fmt.Errorf("%s is not a ledger: tarir ledger import makes one", dir)
	}
	l, err := ledger.Open(ctx, dir)
	if err != nil {
		return nil, err
	}
	s := &LedgerStat{
		Payments: l.Rows(), Accounts: l.Accounts().Len() - 1, Segments: len(l.Segments()), Currencies: l.Scales(), Sources: l.Sources(),
	}
	s.PaymentBytes, s.AccountBytes, s.KeyBytes = l.Bytes()
	if s.Payments > 0 {
		s.BytesPerPayment = float64(s.PaymentBytes) / float64(s.Payments)
	}
	for i, seg := range l.Segments() {
		first, last := stamp(seg.First/1000), stamp(seg.Last/1000)
		if i == 0 || first < s.First {
			s.First = first
		}
		if i == 0 || last > s.Last {
			s.Last = last
		}
	}
	return s, nil
}

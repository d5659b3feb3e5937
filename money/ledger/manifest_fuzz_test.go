package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// FuzzManifest opens and checks a ledger whose table of contents says anything, with a sum that is right for it: what
// the files do not bear out is an error, never a crash.
func FuzzManifest(f *testing.F) {
	dir := f.TempDir()
	ctx := context.Background()
	im, err := Begin(ctx, dir)
	if err != nil {
		f.Fatal(err)
	}
	im.Source("f.csv")
	p := Payment{
		Ref: "T1", At: 1_500_000_000_000, From: Account{Institution: "A", Number: "1"}, To: Account{Institution: "B", Number: "2"},
		Paid: Money{Units: 5, Scale: 2, Currency: "EUR"}, File: "f.csv", Line: 2,
	}
	if _, err := im.Add(&p); err != nil {
		f.Fatal(err)
	}
	if err := im.Commit(); err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(bytes.Replace(good, []byte(`"rows": 1`), []byte(`"rows": 0`), 1))
	f.Add([]byte(`{"version":1,"segments":[{"number":1,"rows":-1}]}`))
	f.Add([]byte(`{"version":2}`))
	f.Add([]byte("{"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var m manifest
		if json.Unmarshal(text, &m) == nil {
			b, err := m.encode()
			if err != nil {
				t.Fatal(err)
			}
			text = b
		}
		if err := os.WriteFile(filepath.Join(dir, manifestName), text, 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := Open(ctx, dir)
		if err != nil {
			return
		}
		damages, err := l.Verify(ctx)
		if err != nil {
			t.Fatal(err)
		}
		n := int64(0)
		err = l.All(ctx, func(int64, *Payment) error { n++; return nil })
		if err == nil && len(damages) == 0 && n != l.Rows() {
			t.Fatalf("%d payments read, %d announced, no damage found", n, l.Rows())
		}
	})
}

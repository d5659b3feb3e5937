package logbook_test

import (
	"fmt"
	"math"
	"os"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"tarir/logbook"
)

// TestAFullDiskLosesNothingAndTakesNothingHalf: no file may grow beyond a size for a while; what is not acknowledged then is not there, and
// the log goes on when there is room again.
func TestAFullDiskLosesNothingAndTakesNothingHalf(t *testing.T) {
	defer logbook.SetJournalSize(logbook.SetJournalSize(700))
	room := func(most uint64) {
		if err := unix.Prlimit(0, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: most, Max: math.MaxUint64}, nil); err != nil {
			t.Fatal(err)
		}
	}
	defer room(math.MaxUint64)
	refused := 0
	rapid.Check(t, func(rt *rapid.T) {
		defer room(math.MaxUint64)
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		b, err := logbook.Open(dir)
		if err != nil {
			rt.Fatal(err)
		}
		var want []string
		look := func() {
			rt.Helper()
			if int(b.Size()) != len(want) {
				rt.Fatalf("%d entries, and %d were acknowledged", b.Size(), len(want))
			}
			for n, e := range want {
				if got, err := b.Entry(int64(n)); err != nil || string(got) != e {
					rt.Fatalf("entry %d is %q, %v", n, got, err)
				}
			}
			if err := b.Verify(ctx); err != nil {
				rt.Fatal(err)
			}
		}
		for i := range rapid.IntRange(1, 20).Draw(rt, "appends") {
			full := rapid.Bool().Draw(rt, "full")
			if full {
				room(uint64(rapid.IntRange(0, 1500).Draw(rt, "room")))
			}
			e := fmt.Sprint(i, " ", rapid.StringN(0, 100, 300).Draw(rt, "entry"))
			if _, err := b.Append([]byte(e)); err == nil {
				want = append(want, e)
			} else if refused++; !full {
				rt.Fatalf("there is room, and it says %v", err)
			}
			room(math.MaxUint64)
			look()
		}
		if err := b.Close(); err != nil {
			rt.Fatal(err)
		}
		if b, err = logbook.Open(dir); err != nil {
			rt.Fatal(err)
		}
		look()
		b.Close()
	})
	if refused == 0 {
		t.Error("the disk was never full")
	}
}

package ledger_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tarir/money/ledger"
)

// The test binary runs itself as the process that is killed: TestMain sees these.
const (
	childDir   = "TARIR_TEST_LEDGER"
	childLimit = "TARIR_TEST_FILE_LIMIT"
)

// batch is what the child commits at a time.
const batch = 3000

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := importForEver(dir); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// importForEver goes on where the ledger stands, batch by batch, and says what it committed.
func importForEver(dir string) error {
	if s := os.Getenv(childLimit); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			return err
		}
		signal.Ignore(unix.SIGXFSZ) // so that a write beyond the limit fails as on a full disk
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: n, Max: n}); err != nil {
			return err
		}
	}
	for {
		l, err := ledger.Open(context.Background(), dir)
		if err != nil {
			return err
		}
		at := int(l.Rows())
		im, err := ledger.Begin(context.Background(), dir)
		if err != nil {
			return err
		}
		im.Source("f.csv")
		for i := at; i < at+batch; i++ {
			if known, err := im.Add(payment(i)); known || err != nil {
				im.Abort()
				return errors.Join(fmt.Errorf("payment %d known: %v", i, known), err)
			}
		}
		if err := im.Commit(); err != nil {
			return err
		}
		fmt.Println(at + batch)
	}
}

// child starts a process that imports and gives its lines.
func child(t *testing.T, dir string, env ...string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), childDir+"="+dir), env...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

// sound checks that the ledger holds the first n payments for some whole number of batches, at least acknowledged, and
// nothing else, undamaged.
func sound(t *testing.T, dir string, acknowledged int64) int64 {
	t.Helper()
	l, err := ledger.Open(context.Background(), dir)
	if err != nil {
		t.Fatalf("the ledger does not open: %v", err)
	}
	if d, err := l.Verify(context.Background()); err != nil || len(d) > 0 {
		t.Fatalf("damaged: %v %v", d, err)
	}
	if l.Rows() < acknowledged || l.Rows()%batch != 0 {
		t.Fatalf("%d payments, of which %d were acknowledged in batches of %d", l.Rows(), acknowledged, batch)
	}
	err = l.All(context.Background(), func(n int64, p *ledger.Payment) error {
		if want := payment(int(n)); *p != *want {
			return fmt.Errorf("row %d is %+v, was %+v", n, *p, *want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return l.Rows()
}

func TestKilledAtAnyMomentTheLedgerKeepsWhatItAcknowledged(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	dir := filepath.Join(t.TempDir(), "ledger")
	var acknowledged int64
	kills := 25
	if testing.Short() {
		kills = 5
	}
	// How long a child needs until its first commit, on this machine and today; the moments of the kills are spread over
	// twice that, so that some fall before, some in the midst of a commit and some after several.
	var first time.Duration
	for i := range kills {
		cmd, lines := child(t, dir)
		started := time.Now()
		timer := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
		if i > 0 {
			timer.Reset(time.Duration(rng.Int64N(int64(2 * first))))
		}
		for lines.Scan() {
			if first == 0 {
				first = time.Since(started)
				timer.Reset(0)
			}
			n, err := strconv.ParseInt(lines.Text(), 10, 64)
			if err != nil {
				t.Fatalf("the import says %q", lines.Text())
			}
			acknowledged = n
		}
		timer.Stop()
		if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
			t.Fatalf("the import ended by itself: %v", err)
		}
		acknowledged = sound(t, dir, acknowledged)
	}
	if acknowledged == 0 {
		t.Fatal("no process lived long enough to commit")
	}
	// What the last crash left lying about is gone after the next import.
	importAll(t, dir, payment(int(acknowledged)))
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if want := 3*len(l.Segments()) + 2; len(files) != want {
		t.Errorf("%d files for %d segments; %d are the ledger's", len(files), len(l.Segments()), want)
	}
}

func TestFullDiskLeavesThePreviousState(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "ledger")
	importAll(t, dir, func() (ps []*ledger.Payment) {
		for i := range batch {
			ps = append(ps, payment(i))
		}
		return ps
	}()...)
	for _, limit := range []int{0, 100, 4096, 20_000} {
		cmd, lines := child(t, dir, fmt.Sprintf("%s=%d", childLimit, limit))
		said := ""
		for lines.Scan() {
			said = lines.Text()
		}
		if err := cmd.Wait(); err == nil || !strings.HasPrefix(said, "error: ") || !strings.Contains(said, "write ") {
			t.Errorf("limit %d: %v, said %q", limit, err, said)
		}
		if n := sound(t, dir, batch); n != batch {
			t.Errorf("limit %d: %d payments", limit, n)
		}
	}
}

package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"strings"

	"github.com/parquet-go/parquet-go"
	"golang.org/x/sync/errgroup"
)

// Ledger is an open ledger: what its manifest named when it was opened, and the accounts. It is safe for concurrent
// reading and does not see later imports; open it again for those.
type Ledger struct {
	dir      string
	manifest manifest
	accounts *AccountTable
	base     []int64 // first row number of each segment
	rows     int64
}

// Open reads the manifest and the accounts of the ledger in dir. A folder without a manifest is an empty ledger.
func Open(ctx context.Context, dir string) (*Ledger, error) {
	m, err := readManifest(dir)
	if err != nil {
		return nil, err
	}
	l := &Ledger{dir: dir, manifest: m, accounts: newAccountTable()}
	for _, s := range m.Segments {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		l.base = append(l.base, l.rows)
		l.rows += s.Rows
		if err := l.loadAccounts(s); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func (l *Ledger) loadAccounts(s Segment) (err error) {
	f, pf, err := openParquet(filepath.Join(l.dir, s.Accounts.Name))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	defer f.Close()
	defer recoverDamage(s.Accounts.Name, &err)
	r := parquet.NewGenericReader[accountRow](pf)
	defer r.Close()
	buf := make([]accountRow, 4096)
	for {
		n, err := r.Read(buf)
		for _, a := range buf[:n] {
			name := Account{a.Institution, a.Name}
			if got := l.accounts.add(name, accountHash(name)); got != a.Number {
				return fmt.Errorf("%w: %s numbers an account %d where %d was expected", ErrDamaged, s.Accounts.Name, a.Number, got)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: read %s: %w", ErrDamaged, s.Accounts.Name, err)
		}
	}
}

// recoverDamage turns a panic of the Parquet reader, which damaged pages can cause, into an error that names the file.
func recoverDamage(name string, err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%w: %s: %v", ErrDamaged, name, r)
	}
}

// Dir is the ledger's folder.
func (l *Ledger) Dir() string { return l.dir }

// Rows is the number of payments of any status; row numbers run from 0 to Rows-1 in the order of import.
func (l *Ledger) Rows() int64 { return l.rows }

// Accounts is the table of all accounts; read-only.
func (l *Ledger) Accounts() *AccountTable { return l.accounts }

// Segments lists the committed segments in order.
func (l *Ledger) Segments() []Segment { return l.manifest.Segments }

// Sources lists what has been read into the ledger, in order.
func (l *Ledger) Sources() []SourceCount { return l.manifest.Sources }

// Scales gives for each currency in the ledger the digits after the point that hold every amount of it exactly: its
// usual number or more where a source was finer.
func (l *Ledger) Scales() map[string]uint8 {
	out := map[string]uint8{}
	for _, s := range l.manifest.Segments {
		for c, n := range s.Scales {
			out[c] = max(out[c], n, CurrencyScale(c))
		}
	}
	return out
}

// Digits gives for each currency in the ledger the most digits before the point of any amount.
func (l *Ledger) Digits() map[string]uint8 {
	out := map[string]uint8{}
	for _, s := range l.manifest.Segments {
		for c, n := range s.Digits {
			out[c] = max(out[c], n)
		}
	}
	return out
}

// Damage is a file that is not what the manifest says, and how.
type Damage struct {
	File   string `json:"file"`
	Reason string `json:"reason"`
}

// Verify reads every file of the ledger and compares size, checksum and number of payments with the manifest. It costs one
// reading of the disk.
func (l *Ledger) Verify(ctx context.Context) ([]Damage, error) {
	var damage []Damage
	for _, s := range l.manifest.Segments {
		before := len(damage)
		for _, want := range []FileSum{s.Payments, s.Accounts, s.Keys} {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			got, err := sumOf(filepath.Join(l.dir, want.Name))
			switch {
			case err != nil:
				damage = append(damage, Damage{want.Name, "cannot be read: " + err.Error()})
			case got.Bytes != want.Bytes:
				damage = append(damage, Damage{want.Name, fmt.Sprintf("has %d bytes, the manifest says %d", got.Bytes, want.Bytes)})
			case got.SHA256 != want.SHA256:
				damage = append(damage, Damage{want.Name, "checksum differs from the manifest: its content was changed"})
			}
		}
		if len(damage) > before {
			continue
		}
		// The files are those that the manifest names; so it is what it says of them that may be wrong.
		f, pf, err := openParquet(filepath.Join(l.dir, s.Payments.Name))
		if err != nil {
			damage = append(damage, Damage{s.Payments.Name, "cannot be read: " + err.Error()})
			continue
		}
		f.Close()
		if n := pf.NumRows(); n != s.Rows {
			damage = append(damage, Damage{s.Payments.Name, fmt.Sprintf("has %d payments, the manifest says %d", n, s.Rows)})
		}
	}
	return damage, nil
}

// Bytes is the size of the ledger's files.
func (l *Ledger) Bytes() (payments, accounts, keys int64) {
	for _, s := range l.manifest.Segments {
		payments += s.Payments.Bytes
		accounts += s.Accounts.Bytes
		keys += s.Keys.Bytes
	}
	return payments, accounts, keys
}

// Locate gives the segment index and the row within it of a row number.
func (l *Ledger) locate(n int64) (seg int, at int64) {
	seg = sort.Search(len(l.base), func(i int) bool { return l.base[i] > n }) - 1
	return seg, n - l.base[seg]
}

// Read returns the payments of the given row numbers, in that order. It sorts the numbers and reads each page at most
// once, so asking for many at a time is much cheaper than one by one.
func (l *Ledger) Read(ctx context.Context, numbers []int64) ([]Payment, error) {
	order := make([]int, len(numbers))
	for i, n := range numbers {
		if n < 0 || n >= l.rows {
			return nil, fmt.Errorf("read payment: the ledger has no row %d", n)
		}
		order[i] = i
	}
	sort.Slice(order, func(i, j int) bool { return numbers[order[i]] < numbers[order[j]] })
	out := make([]Payment, len(numbers))
	type job struct {
		seg   int
		order []int
		whole bool // the segment is read whole
	}
	var jobs []job
	for len(order) > 0 {
		seg, _ := l.locate(numbers[order[0]])
		n := 1
		for n < len(order) {
			if s, _ := l.locate(numbers[order[n]]); s != seg {
				break
			}
			n++
		}
		// Where each is sought, all processors seek.
		parts, whole := 1, int64(n)*sequentialShare > l.manifest.Segments[seg].Rows
		if !whole {
			parts = min(runtime.GOMAXPROCS(0), n/seeks+1)
		}
		for k := range parts {
			jobs = append(jobs, job{seg, order[k*n/parts : (k+1)*n/parts], whole})
		}
		order = order[n:]
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, j := range jobs {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			if j.whole {
				return l.scanSegment(ctx, j.seg, j.order, numbers, out)
			}
			return l.readSegment(j.seg, j.order, numbers, out)
		})
	}
	return out, g.Wait()
}

// sequentialShare is the share of a segment's rows, one in this many, from which reading it whole is quicker than seeking
// each: a seek costs about as much as reading that many rows.
const sequentialShare = 500

// seeks is how many rows are worth a file of one's own to seek them in.
const seeks = 32

func (l *Ledger) scanSegment(ctx context.Context, seg int, order []int, numbers []int64, out []Payment) error {
	err := l.allOf(ctx, seg, func(n int64) bool { return len(order) > 0 && numbers[order[0]] == n }, func(n int64, p *Payment) error {
		for len(order) > 0 && numbers[order[0]] == n {
			out[order[0]] = *p
			order = order[1:]
		}
		return nil
	})
	return err
}

func (l *Ledger) readSegment(seg int, order []int, numbers []int64, out []Payment) (err error) {
	s := l.manifest.Segments[seg]
	f, pf, err := openParquet(filepath.Join(l.dir, s.Payments.Name))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	defer f.Close()
	defer recoverDamage(s.Payments.Name, &err)
	r := parquet.NewGenericReader[row](pf)
	defer r.Close()
	buf := make([]row, 1)
	next := int64(-1)
	for k, i := range order {
		if k > 0 && numbers[i] == numbers[order[k-1]] {
			out[i] = out[order[k-1]]
			continue
		}
		at := numbers[i] - l.base[seg]
		if at != next {
			if err := r.SeekToRow(at); err != nil {
				return fmt.Errorf("%w: seek %s row %d: %w", ErrDamaged, s.Payments.Name, at, err)
			}
		}
		if n, err := r.Read(buf); n != 1 {
			return fmt.Errorf("%w: read %s row %d: %w", ErrDamaged, s.Payments.Name, at, err)
		}
		next = at + 1
		if out[i], err = l.payment(&buf[0]); err != nil {
			return fmt.Errorf("%w: %s row %d: %w", ErrDamaged, s.Payments.Name, at, err)
		}
	}
	return nil
}

// All calls yield for every payment in the order of import until yield returns an error.
func (l *Ledger) All(ctx context.Context, yield func(n int64, p *Payment) error) error {
	for seg := range l.manifest.Segments {
		if err := l.allOf(ctx, seg, func(int64) bool { return true }, yield); err != nil {
			return err
		}
	}
	return nil
}

func (l *Ledger) allOf(ctx context.Context, seg int, want func(n int64) bool, yield func(n int64, p *Payment) error) (err error) {
	s := l.manifest.Segments[seg]
	f, pf, err := openParquet(filepath.Join(l.dir, s.Payments.Name))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	defer f.Close()
	r := parquet.NewGenericReader[row](pf)
	defer r.Close()
	buf := make([]row, 1024)
	n := l.base[seg]
	read := func() (k int, err error) {
		defer recoverDamage(s.Payments.Name, &err)
		k, err = r.Read(buf)
		if err != nil && !errors.Is(err, io.EOF) {
			err = fmt.Errorf("%w: read %s: %w", ErrDamaged, s.Payments.Name, err)
		}
		return k, err
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		k, rerr := read()
		for i := range buf[:k] {
			if !want(n) {
				n++
				continue
			}
			p, err := l.payment(&buf[i])
			if err != nil {
				return fmt.Errorf("%w: %s: %w", ErrDamaged, s.Payments.Name, err)
			}
			if err := yield(n, &p); err != nil {
				return err
			}
			n++
		}
		if errors.Is(rerr, io.EOF) {
			return nil
		}
		if rerr != nil {
			return rerr
		}
	}
}

func (l *Ledger) payment(r *row) (Payment, error) {
	if int(r.From) >= l.accounts.Len() || int(r.To) >= l.accounts.Len() {
		return Payment{}, fmt.Errorf("account number out of range")
	}
	channel, ok := ParseChannel(r.Channel)
	status, ok2 := parseStatus(r.Status)
	if !ok || !ok2 {
		return Payment{}, fmt.Errorf("unknown channel or status")
	}
	c := strings.Clone // rows share the reader's pages
	return Payment{
		Ref: c(r.Ref), At: r.Time, OffsetMin: int16(r.OffsetMin), DateOnly: r.DateOnly,
		From: l.accounts.Account(r.From), To: l.accounts.Account(r.To), FromName: c(r.FromName), ToName: c(r.ToName),
		Paid:     Money{r.Amount, uint8(r.Scale), c(r.Currency)},
		Received: Money{r.ReceivedAmount, uint8(r.ReceivedScale), c(r.ReceivedCurrency)},
		Channel:  channel, Status: status, MCC: c(r.MCC), Purpose: c(r.Purpose), Place: c(r.Place), Device: c(r.Device),
		Extra: c(r.Extra), File: c(r.File), Line: r.Line,
	}, nil
}

// removeStray deletes what an interrupted import left behind: files the manifest does not name. The caller holds the
// lock.
func removeStray(dir string, m manifest) error {
	named := map[string]bool{manifestName: true, lockName: true}
	for _, s := range m.Segments {
		named[s.Payments.Name], named[s.Accounts.Name], named[s.Keys.Name] = true, true, true
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("list ledger: %w", err)
	}
	for _, e := range entries {
		n := e.Name()
		ours := n == manifestName+tempSuffix || strings.HasPrefix(n, "payments-") || strings.HasPrefix(n, "accounts-") || strings.HasPrefix(n, "keys-")
		if named[n] || e.IsDir() || !ours {
			continue
		}
		if err := os.Remove(filepath.Join(dir, n)); err != nil {
			return fmt.Errorf("clear what an interrupted import left: %w", err)
		}
	}
	return nil
}

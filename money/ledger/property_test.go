package ledger_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tarir/money/ledger"
)

// drawn are payments of which some are equal in all they say.
func drawn(t *rapid.T, named bool) []*ledger.Payment {
	n := rapid.IntRange(0, 40).Draw(t, "payments")
	var out []*ledger.Payment
	for i := range n {
		p := payment(rapid.IntRange(0, 12).Draw(t, "content"))
		p.Ref = ""
		if named {
			p.Ref = fmt.Sprintf("R%d", i)
		}
		p.Line = int64(i + 2)
		out = append(out, p)
	}
	return out
}

// content lists what a ledger's payments say, in no order.
func content(t interface{ Fatal(...any) }, dir string) []string {
	l, err := ledger.Open(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	err = l.All(context.Background(), func(_ int64, p *ledger.Payment) error {
		q := *p
		q.Line = 0
		out = append(out, fmt.Sprintf("%+v", q))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

func tempDir(t *testing.T) string {
	dir, err := os.MkdirTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestOrderOfFilesDoesNotMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		var files [][]*ledger.Payment
		for range rapid.IntRange(1, 4).Draw(rt, "files") {
			files = append(files, drawn(rt, rapid.Bool().Draw(rt, "named")))
		}
		a, b := tempDir(t), tempDir(t)
		for _, f := range files {
			importAll(t, a, f...)
		}
		for _, i := range rapid.Permutation(indices(len(files))).Draw(rt, "order") {
			importAll(t, b, files[i]...)
		}
		if x, y := content(t, a), content(t, b); !slices.Equal(x, y) {
			rt.Fatalf("the order of files changes the ledger:\n%s\n\n%s", strings.Join(x, "\n"), strings.Join(y, "\n"))
		}
	})
}

func indices(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func TestCutFileThenWholeFileEqualsWholeFile(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		file := drawn(rt, rapid.Bool().Draw(rt, "named"))
		cut := rapid.IntRange(0, len(file)).Draw(rt, "cut")
		a, b := tempDir(t), tempDir(t)
		importAll(t, a, file...)
		importAll(t, b, file[:cut]...)
		importAll(t, b, file...)
		fresh, _, _ := importAll(t, b, file...)
		if fresh != 0 {
			rt.Fatalf("reading once more added %d payments", fresh)
		}
		if x, y := content(t, a), content(t, b); !slices.Equal(x, y) {
			rt.Fatalf("whole:\n%s\n\ncut at %d, then whole:\n%s", strings.Join(x, "\n"), cut, strings.Join(y, "\n"))
		}
	})
}

func TestDuplicatedReferences(t *testing.T) {
	t.Parallel()
	a, b := payment(1), payment(2)
	b.Ref = a.Ref
	fresh, known, refused := importAll(t, t.TempDir(), a, a, b)
	if fresh != 1 || known != 1 || refused != 1 {
		t.Errorf("%d new, %d known, %d refused: the same payment twice is known, another with its reference is refused", fresh, known, refused)
	}
}

func TestDamageIsNamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var ps []*ledger.Payment
	for i := range 5000 {
		ps = append(ps, payment(i))
	}
	importAll(t, dir, ps...)
	l, err := ledger.Open(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	seg := l.Segments()[0]
	for _, name := range []string{seg.Payments.Name, seg.Accounts.Name, seg.Keys.Name} {
		path := filepath.Join(dir, name)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		changed := slices.Clone(whole)
		changed[len(changed)/2] ^= 1
		for what, b := range map[string][]byte{"changed": changed, "cut": whole[:len(whole)-10], "empty": nil} {
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			damage, err := l.Verify(context.Background())
			if err != nil || len(damage) != 1 || damage[0].File != name || damage[0].Reason == "" {
				t.Errorf("%s %s: verify says %v, %v", name, what, damage, err)
			}
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if damage, err := l.Verify(context.Background()); err != nil || len(damage) != 1 || damage[0].File != name {
			t.Errorf("%s removed: verify says %v, %v", name, damage, err)
		}
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	manifest := filepath.Join(dir, "manifest.json")
	b, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(manifest, []byte(strings.Replace(string(b), `"rows": 5000`, `"rows": 4999`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.Open(context.Background(), dir); err == nil || !strings.Contains(err.Error(), "manifest.json was changed") {
		t.Errorf("changed manifest: %v", err)
	}
}

// TestDamagedPagesAreErrorsNotCrashes changes single bytes all over the payments and reads them in every way.
func TestDamagedPagesAreErrorsNotCrashes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var ps []*ledger.Payment
	for i := range 3000 {
		ps = append(ps, payment(i))
	}
	importAll(t, dir, ps...)
	l, err := ledger.Open(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, l.Segments()[0].Payments.Name)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(whole); at += 1 + len(whole)/300 {
		b := slices.Clone(whole)
		b[at] ^= 0xff
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		// Each either works or says what is wrong; verify, which reads checksums, always sees it.
		_, _ = l.Read(context.Background(), []int64{0, 1500, 2999})
		_, _ = l.References(context.Background(), []int64{0, 1500, 2999})
		_ = l.All(context.Background(), func(int64, *ledger.Payment) error { return nil })
		var c ledger.Columns
		_ = l.ReadColumns(context.Background(), 0, &c)
		if damage, err := l.Verify(context.Background()); err != nil || len(damage) != 1 {
			t.Fatalf("byte %d changed: verify says %v, %v", at, damage, err)
		}
	}
}

func TestTwoImportsAtOnceAreRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	im, err := ledger.Begin(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer im.Abort()
	if _, err := ledger.Begin(context.Background(), dir); err != ledger.ErrLocked {
		t.Errorf("second import: %v", err)
	}
}

package records_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tarir/entity"
	"tarir/journey"
	"tarir/online"
	"tarir/records"
)

var ctx = context.Background()

func fill(t testing.TB, dir string, from, to int) (known int) {
	t.Helper()
	im, err := records.Begin(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i := from; i < to; i++ {
		for _, add := range []func() (bool, error){
			func() (bool, error) {
				return im.Advert(&online.Advert{ID: fmt.Sprint("a", i), At: int64(i), Text: "text <b> \u2028", Source: "f#1"})
			},
			func() (bool, error) {
				return im.Journey(&journey.Journey{ID: fmt.Sprint("j", i), Person: "p", Departure: journey.Time{At: int64(i)}, Source: "f#1"})
			},
			func() (bool, error) {
				e := entity.New("Person", fmt.Sprint(i)).Add("name", "Ana")
				e.Source = fmt.Sprint("f#", i)
				return im.Entity(e)
			},
		} {
			k, err := add()
			if err != nil {
				t.Fatal(err)
			}
			if k {
				known++
			}
		}
	}
	if err := im.Commit(); err != nil {
		t.Fatal(err)
	}
	return known
}

func TestRecordsAreKeptOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		have := map[int]bool{}
		for range rapid.IntRange(1, 4).Draw(rt, "imports") {
			from := rapid.IntRange(0, 20).Draw(rt, "from")
			to := from + rapid.IntRange(0, 10).Draw(rt, "n")
			want := 0
			for i := from; i < to; i++ {
				if have[i] {
					want += 3
				}
				have[i] = true
			}
			if known := fill(t, dir, from, to); known != want {
				rt.Fatalf("%d known, want %d", known, want)
			}
		}
		s, err := records.Open(dir)
		if err != nil {
			rt.Fatal(err)
		}
		a, err1 := s.Adverts(ctx, 0)
		j, err2 := s.Journeys(ctx, 0)
		e, err3 := s.Entities(ctx, 0)
		if err := errors.Join(err1, err2, err3); err != nil {
			rt.Fatal(err)
		}
		if len(a) != len(have) || len(j) != len(have) || len(e) != len(have) || s.Rows(records.Adverts) != int64(len(have)) {
			rt.Fatalf("%d adverts, %d journeys, %d entities of %d", len(a), len(j), len(e), len(have))
		}
		for _, x := range a {
			if x.Shows == nil || len(x.Shows.Words) != 2 {
				rt.Fatalf("%s shows %+v", x.ID, x.Shows)
			}
			x.Shows = nil
			if want := (online.Advert{ID: x.ID, At: x.At, Text: "text <b> \u2028", Source: "f#1"}); !reflect.DeepEqual(*x, want) {
				rt.Fatalf("%+v", x)
			}
		}
		if damaged, err := s.Verify(ctx); err != nil || len(damaged) > 0 {
			rt.Fatal(damaged, err)
		}
	})
}

func TestAnImportGivenUpLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 0, 5)
	im, err := records.Begin(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := im.Advert(&online.Advert{ID: "new"}); err != nil {
		t.Fatal(err)
	}
	// The process dies here: what it wrote is swept up by the next import, and never read.
	s, err := records.Open(dir)
	if err != nil || s.Rows(records.Adverts) != 5 {
		t.Fatal(s.Rows(records.Adverts), err)
	}
	fill(t, dir, 0, 5)
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 7 {
		t.Errorf("files left: %v %v", files, err)
	}
}

func TestWhatAdvertsShowIsReadAgainWhereItsFileIsDamaged(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 0, 200)
	read := func() []*online.Advert {
		s, err := records.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		list, err := s.Adverts(ctx, 0)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	want := read()
	files, err := filepath.Glob(filepath.Join(dir, "*.shown"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range [][]byte{nil, b[:len(b)/2], append([]byte("x"), b...), append(append([]byte{}, b...), 'x')} {
		if err := os.WriteFile(files[0], bad, 0o600); err != nil {
			t.Fatal(err)
		}
		got := read()
		for i := range want {
			if !reflect.DeepEqual(got[i], want[i]) {
				t.Fatalf("%+v, want %+v", got[i].Shows, want[i].Shows)
			}
		}
	}
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	read()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
}

func TestDamageIsFoundAndNamed(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 0, 500)
	files, err := filepath.Glob(filepath.Join(dir, "0*"))
	if err != nil || len(files) != 6 {
		t.Fatal(files, err)
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		bad := append([]byte{}, b...)
		bad[len(bad)/2] ^= 1
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := records.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		if damaged, err := s.Verify(ctx); err != nil || len(damaged) != 1 || damaged[0] != filepath.Base(path) {
			t.Errorf("%s: damaged %v, %v", path, damaged, err)
		}
		if strings.Contains(path, "adverts") && !strings.HasSuffix(path, ".keys") {
			if _, err := s.Adverts(ctx, 0); !errors.Is(err, records.ErrDamaged) {
				t.Errorf("reading gives %v", err)
			}
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tarir/store"
	"tarir/store/storetest"
)

func entry(num int64, kind, id string, at time.Time) *store.Entry {
	return &store.Entry{Num: num, Kind: kind, ID: id, At: at, Recorded: at, Changed: at, Person: "ann", Title: id, Body: json.RawMessage(`{"v":"` + id + `"}`)}
}

func TestEntriesAreFoundChangedAndMoved(t *testing.T) {
	storetest.Each(t, func(t *testing.T, dsn string) {
		s, ctx := storetest.Open(t, dsn), context.Background()
		day := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		write := func(fn func(*store.Tx) error) {
			t.Helper()
			if err := s.Write(ctx, fn); err != nil {
				t.Fatal(err)
			}
		}
		var list []*store.Entry
		var words [][]string
		for i := range 200 {
			list = append(list, entry(1, "payment", fmt.Sprint("W", i), day.Add(time.Duration(i)*time.Hour)))
			words = append(words, []string{"bankaaxx", "payment" + strconv.Itoa(i%10), "w" + strconv.Itoa(i)})
		}
		write(func(tx *store.Tx) error { return tx.AddEntries(list, words) })
		write(func(tx *store.Tx) error {
			return tx.AddEntries([]*store.Entry{entry(2, "note", "n1", day)}, [][]string{{"bankaaxx", "phone:+33612345678"}})
		})
		search := func(num int64, q string, limit int) (ids []string, cut bool) {
			t.Helper()
			var f *store.Found
			if err := s.Read(ctx, func(tx *store.Tx) (err error) {
				f, err = tx.SearchEntries(num, strings.Fields(q), limit)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			for _, e := range f.Entries {
				ids = append(ids, e.ID)
			}
			return ids, f.Cut
		}
		for _, c := range []struct {
			num   int64
			q     string
			limit int
			want  string
			cut   bool
		}{
			{1, "bankaaxx w17", 300, "W179 W178 W177 W176 W175 W174 W173 W172 W171 W170 W17", false}, // the last word may be a beginning
			{1, "w17 bankaaxx", 300, "W17", false},
			{1, "payment3 bank", 2, "W193 W183", true},
			{1, "nobody bank", 10, "", false},
			{2, "bank", 10, "n1", false},
			{2, "phone:+336", 10, "n1", false},
			{2, "w17", 10, "", false}, // of another case
		} {
			if ids, cut := search(c.num, c.q, c.limit); strings.Join(ids, " ") != c.want || cut != c.cut {
				t.Errorf("%d %q: %v %v", c.num, c.q, ids, cut)
			}
		}
		e := list[7]
		old := *e
		e.Body, e.Person, e.Changed = json.RawMessage(`{"v":"new"}`), "bob", day.Add(time.Hour)
		write(func(tx *store.Tx) error {
			if ok, err := tx.ChangeEntry(e, []string{"changed"}); !ok || err != nil {
				t.Error(ok, err)
			}
			if ok, err := tx.ChangeEntry(&old, []string{"lost"}); ok || err != nil { // who looked at the first one
				t.Error("an update was lost", ok, err)
			}
			was, err := tx.OldEntries(e.Seq)
			if len(was) != 1 || was[0].Person != "ann" || string(was[0].Body) != `{"v":"W7"}` || was[0].Version != 1 {
				t.Errorf("%+v", was)
			}
			return err
		})
		if ids, _ := search(1, "changed", 5); !slices.Equal(ids, []string{"W7"}) {
			t.Error(ids)
		}
		if ids, _ := search(1, "w7 bank", 5); ids != nil {
			t.Error("found by what stood there before:", ids)
		}
		read := func(fn func(*store.Tx) error) {
			t.Helper()
			if err := s.Read(ctx, fn); err != nil {
				t.Fatal(err)
			}
		}
		read(func(tx *store.Tx) error {
			line, err := tx.Timeline(1, day.Add(2*time.Hour), day.Add(5*time.Hour), 10)
			if len(line) != 3 || line[0].ID != "W4" || line[2].ID != "W2" {
				t.Errorf("%+v", line)
			}
			return err
		})
		write(func(tx *store.Tx) error { return tx.MoveEntries(1, 0, 2) })
		if ids, _ := search(2, "bank", 300); len(ids) != 200 {
			t.Error(len(ids))
		}
		write(func(tx *store.Tx) error { return tx.MoveEntries(2, 1, 1) }) // back, and only those that came with it
		if ids, _ := search(2, "bank", 300); !slices.Equal(ids, []string{"n1"}) {
			t.Error(ids)
		}
		write(func(tx *store.Tx) error { return tx.DeleteEntry(e.Seq) })
		read(func(tx *store.Tx) error {
			if was, err := tx.OldEntries(e.Seq); len(was) != 0 || err != nil {
				t.Error("destroyed, and still there:", was, err)
			}
			return nil
		})
	})
}

// A search finds what looking at every entry finds.
func TestASearchFindsWhatLookingAtEverythingFinds(t *testing.T) {
	ctx := context.Background()
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp("", "search")
		if err != nil {
			rt.Fatal(err)
		}
		defer os.RemoveAll(dir)
		s, err := store.Open(ctx, filepath.Join(dir, "t.db"))
		if err != nil {
			rt.Fatal(err)
		}
		defer s.Close()
		word := rapid.SampledFrom([]string{"a", "ab", "abc", "b", "ba", "c", "ca:1", "cab"})
		var list []*store.Entry
		var words [][]string
		for i := range rapid.IntRange(0, 12).Draw(rt, "entries") {
			list = append(list, entry(1, "note", fmt.Sprint(i), time.UnixMilli(1)))
			words = append(words, slices.Compact(slices.Sorted(slices.Values(rapid.SliceOfN(word, 0, 4).Draw(rt, "words")))))
		}
		if err := s.Write(ctx, func(tx *store.Tx) error { return tx.AddEntries(list, words) }); err != nil {
			rt.Fatal(err)
		}
		q := rapid.SliceOfN(word, 1, 3).Draw(rt, "question")
		var want, got []string
		for i, e := range slices.Backward(list) {
			ok := slices.ContainsFunc(words[i], func(w string) bool { return strings.HasPrefix(w, q[len(q)-1]) })
			for _, w := range q[:len(q)-1] {
				ok = ok && slices.Contains(words[i], w)
			}
			if ok {
				want = append(want, e.ID)
			}
		}
		if err := s.Read(ctx, func(tx *store.Tx) error {
			f, err := tx.SearchEntries(1, q, 100)
			if err != nil {
				return err
			}
			got = nil
			for _, e := range f.Entries {
				got = append(got, e.ID)
			}
			return nil
		}); err != nil {
			rt.Fatal(err)
		}
		if !slices.Equal(got, want) {
			rt.Fatalf("%q: %v, not %v", q, got, want)
		}
	})
}

// What was kept before words stood in entries is found as before, changed and destroyed with nothing left.
func TestEntriesOfBeforeKeepTheirWords(t *testing.T) {
	storetest.Each(t, func(t *testing.T, dsn string) {
		ctx := t.Context()
		if dsn == "" {
			dsn = filepath.Join(t.TempDir(), "old.db")
		}
		was := []string{
			`INSERT INTO entry (seq, num, home, kind, id, at, due, recorded, changed, person, version, title, body) VALUES (7,3,7,'note','n',0,0,0,0,'ann',1,'t','{}')`,
			`INSERT INTO setting (name, value) VALUES ('entry', '100')`,
		}
		for _, w := range []string{"farm", "phone:+33612345678", "van"} {
			was = append(was, `INSERT INTO word (num, word, seq) VALUES (3,'`+w+`',7)`)
		}
		if err := store.FillBefore(ctx, dsn, 3, was...); err != nil {
			t.Fatal(err)
		}
		s, err := store.Open(ctx, dsn)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		has := func(word string) (ok bool) {
			if err := s.Read(ctx, func(tx *store.Tx) (err error) { ok, err = tx.HasWord(3, word, 0); return err }); err != nil {
				t.Fatal(err)
			}
			return ok
		}
		if !has("farm") || !has("van") || has("other") {
			t.Error("words were lost")
		}
		err = s.Write(ctx, func(tx *store.Tx) error {
			e, err := tx.EntryOf(7)
			if err != nil {
				return err
			}
			if ok, err := tx.ChangeEntry(e, []string{"other"}); err != nil || !ok {
				return fmt.Errorf("%v %w", ok, err)
			}
			return nil
		})
		if err != nil || has("farm") || has("phone:+33612345678") || !has("other") {
			t.Error(err)
		}
		if err := s.Write(ctx, func(tx *store.Tx) error { return tx.DeleteEntry(7) }); err != nil || has("other") {
			t.Error(err)
		}
	})
}

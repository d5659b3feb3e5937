package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"tarir/store"
	"tarir/store/storetest"
)

var day = time.Date(2026, 3, 1, 12, 0, 0, 123000, time.UTC)

func TestAnItemIsReadAsItWasWritten(t *testing.T) {
	storetest.Each(t, func(t *testing.T, dsn string) {
		s := storetest.Open(t, dsn)
		in := &store.Item{
			Kind: "notice", ID: "a", Owner: "NCB-1", State: "published", Number: "2026/1", Recorded: day, Changed: day.Add(time.Second), Ends: day.AddDate(1, 0, 0),
			Due: day.Add(time.Hour), Source: "X", Label: json.RawMessage(`{"x":1}`), Body: json.RawMessage(`{"text":"نص ' \" é"}`),
		}
		write(t, s, func(tx *store.Tx) error {
			return errors.Join(tx.Put(in), tx.Select("notice", "a", []string{"phone:+1", "name:b a"}))
		})
		read(t, s, func(tx *store.Tx) error {
			out, err := tx.Get("notice", "a")
			if err != nil || string(out.Body) != string(in.Body) || !out.Recorded.Equal(in.Recorded) || !out.Ends.Equal(in.Ends) || out.Number != in.Number {
				t.Errorf("read %+v, %v", out, err)
			}
			if _, err := tx.Get("notice", "b"); !errors.Is(err, store.ErrNone) {
				t.Errorf("what is not there: %v", err)
			}
			for n, q := range map[int]store.Query{1: {Kind: "notice", DueBy: day.Add(time.Hour)}, 0: {Kind: "notice", EndsBy: day}} {
				if items, err := tx.Items(q); err != nil || len(items) != n {
					t.Errorf("%+v: %d items, %v", q, len(items), err)
				}
			}
			for _, c := range []struct {
				due, ends       time.Time
				isDue, isEnding bool
			}{
				{day, day, false, false},
				{day.Add(time.Hour), day, true, false},
				{day, day.AddDate(1, 0, 0), false, true},
				{day.AddDate(2, 0, 0), day.AddDate(2, 0, 0), true, true},
			} {
				if d, e, err := tx.Awaits(c.due, c.ends); err != nil || d != c.isDue || e != c.isEnding {
					t.Errorf("due by %v %v, ends by %v %v, %v", c.due, d, c.ends, e, err)
				}
			}
			m, err := tx.Find("notice", []string{"phone:+1", "phone:+2"})
			if err != nil || len(m) != 1 || m[0].ID != "a" {
				t.Errorf("found %v, %v", m, err)
			}
			return nil
		})
		write(t, s, func(tx *store.Tx) error { _, err := tx.Delete("notice", "a"); return err })
		read(t, s, func(tx *store.Tx) error {
			if m, err := tx.Find("notice", []string{"phone:+1"}); err != nil || len(m) != 0 {
				t.Errorf("a deleted item is found by its selectors: %v %v", m, err)
			}
			return nil
		})
	})
}

func TestWhatWasDueOrEndedFirstComesFirst(t *testing.T) {
	storetest.Each(t, func(t *testing.T, dsn string) {
		s := storetest.Open(t, dsn)
		write(t, s, func(tx *store.Tx) error {
			var err error
			for i, id := range []string{"b", "a", "c"} { // what changed last ends first
				n := time.Duration(i)
				err = errors.Join(err, tx.Put(&store.Item{Kind: "notice", ID: id, Recorded: day, Changed: day.Add(n * time.Second), Ends: day.Add(-n * time.Hour), Due: day.Add(-n * time.Hour), Label: json.RawMessage(`{}`), Body: json.RawMessage(`{}`)}))
			}
			return err
		})
		read(t, s, func(tx *store.Tx) error {
			for _, q := range []store.Query{{EndsBy: day, Limit: 2}, {DueBy: day, Limit: 2}} {
				items, err := tx.Items(q)
				if err != nil || len(items) != 2 || items[0].ID != "c" || items[1].ID != "a" {
					t.Errorf("%+v: %d items, %v", q, len(items), err)
				}
			}
			return nil
		})
	})
}

func TestAFailedTransactionLeavesNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, dsn string) {
		s := storetest.Open(t, dsn)
		wrong := errors.New("wrong")
		if err := s.Write(t.Context(), func(tx *store.Tx) error {
			if err := tx.Set("a", "1"); err != nil {
				return err
			}
			return wrong
		}); !errors.Is(err, wrong) {
			t.Fatal(err)
		}
		read(t, s, func(tx *store.Tx) error {
			if v, err := tx.Setting("a"); v != "" || err != nil {
				t.Errorf("%q %v", v, err)
			}
			return nil
		})
	})
}

// TestWhatIsAskedForAfterATransactionComesOnceItIsOnDisk, and not where it comes to nothing; what is asked for at last comes in both cases.
func TestWhatIsAskedForAfterATransactionComesOnceItIsOnDisk(t *testing.T) {
	storetest.Each(t, func(t *testing.T, dsn string) {
		s := storetest.Open(t, dsn)
		wrong := errors.New("wrong")
		called, ended := 0, 0
		for _, want := range []error{wrong, nil} {
			if err := s.Write(t.Context(), func(tx *store.Tx) error {
				tx.Finally(func() {
					if ended++; ended != 1+called {
						t.Errorf("%d transactions ended, %d of them on disk", ended, called)
					}
				})
				tx.After(func() {
					called++
					read(t, s, func(tx *store.Tx) error {
						if v, err := tx.Setting("a"); v != "1" || err != nil {
							t.Errorf("%q %v", v, err)
						}
						return nil
					})
				})
				return errors.Join(tx.Set("a", "1"), want)
			}); !errors.Is(err, want) {
				t.Fatal(err)
			}
		}
		if called != 1 || ended != 2 {
			t.Errorf("called %d times, and %d at last", called, ended)
		}
	})
}

func TestCountingUpSideBySideSkipsAndRepeatsNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, dsn string) {
		s := storetest.Open(t, dsn)
		var mu sync.Mutex
		seen := map[int64]bool{}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 10 {
					var n int64
					err := s.Write(t.Context(), func(tx *store.Tx) (err error) { n, err = tx.Next("number"); return err })
					mu.Lock()
					if err != nil || seen[n] {
						t.Errorf("number %d twice, or %v", n, err)
					}
					seen[n] = true
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		for n := int64(1); n <= 40; n++ {
			if !seen[n] {
				t.Errorf("number %d is missing", n)
			}
		}
	})
}

func TestReceiptsAreOwedUntilTheyAreTold(t *testing.T) {
	storetest.Each(t, func(t *testing.T, dsn string) {
		s := storetest.Open(t, dsn)
		a := store.Receipt{Sender: "B", Statement: "s1", State: store.Stored, At: day}
		b := store.Receipt{Sender: "A", Statement: "s2", State: store.Refused, Reason: "no_right", At: day}
		write(t, s, func(tx *store.Tx) error {
			return errors.Join(tx.Owe([]store.Receipt{a, b}), tx.Owe([]store.Receipt{a}))
		})
		owed := func(most int, not ...string) (out []store.Receipt) {
			read(t, s, func(tx *store.Tx) (err error) { out, err = tx.Owed(not, most); return err })
			return out
		}
		if got := owed(10); len(got) != 2 || got[0] != b || got[1] != a {
			t.Errorf("%+v", got)
		}
		if got := owed(1); len(got) != 1 {
			t.Errorf("%+v", got)
		}
		if got := owed(10, "A", "C"); len(got) != 1 || got[0] != a {
			t.Errorf("%+v", got)
		}
		read(t, s, func(tx *store.Tx) error {
			if n, err := tx.QueueLength(); n != 2 || err != nil {
				t.Errorf("%d wait: %v", n, err)
			}
			return nil
		})
		write(t, s, func(tx *store.Tx) error { return tx.NotOwed(map[store.ReceiptKey]bool{b.Key(): true}) })
		if got := owed(10); len(got) != 1 || got[0] != a {
			t.Errorf("%+v", got)
		}
	})
}

func TestWhatIsSentIsQueuedUntilTheRelayHasItAndWhatWasToldStays(t *testing.T) {
	storetest.Each(t, func(t *testing.T, dsn string) {
		s := storetest.Open(t, dsn)
		write(t, s, func(tx *store.Tx) error {
			return errors.Join(
				tx.Enqueue(&store.Outgoing{ID: "s1", Seq: 1, Subject: "notice/a", Sent: day, Expires: day.Add(time.Hour), Signed: []byte(`{}`)}, []string{"B", "A"}),
				tx.Enqueue(&store.Outgoing{ID: "s2", Seq: 2, Urgent: true, Subject: "notice/b", Sent: day, Expires: day.Add(time.Hour), Signed: []byte(`{}`)}, []string{"A"}),
			)
		})
		queue := func(not ...string) (out []string) {
			read(t, s, func(tx *store.Tx) error {
				q, err := tx.Queue(not, 10)
				for _, w := range q {
					out = append(out, w.ID+w.Recipient)
				}
				return err
			})
			return out
		}
		if got := queue(); len(got) != 3 || got[0] != "s2A" || got[1] != "s1A" {
			t.Errorf("urgent first, then in order: %v", got)
		}
		write(t, s, func(tx *store.Tx) error {
			return errors.Join(tx.Delivered("s2", "A", store.Stored, "", day), tx.Delivered("s2", "A", store.Relayed, "", day), tx.Delivered("s1", "A", store.Relayed, "", day))
		})
		if got := queue("B", "C"); len(got) != 0 {
			t.Errorf("%v", got)
		}
		if got := queue(); len(got) != 1 || got[0] != "s1B" {
			t.Errorf("%v", got)
		}
		read(t, s, func(tx *store.Tx) error {
			d, err := tx.Deliveries("notice/b")
			if err != nil || len(d) != 1 || d[0].State != store.Stored {
				t.Errorf("a receipt was taken back by the relay's late word: %v %v", d, err)
			}
			return nil
		})
	})
}

func TestWhatADatabaseHeldBeforeIsHeldInTheOrderOfItsTexts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, dsn string) {
		ctx := t.Context()
		if err := store.FillBefore(
			ctx, dsn, 5,
			`INSERT INTO item (kind, id, owner, state, number, recorded, changed, ends, source, statement, due, label, body) VALUES ('notice','a','GS','published','',0,0,0,'','',0,'{}','{}')`,
			`INSERT INTO selector (value, kind, id) VALUES ('phone:+1','notice','a'), ('phone:+2','notice','a')`,
			`INSERT INTO outbox (id, seq, urgent, subject, sent, expires, signed) VALUES ('s',1,0,'notice/a',0,4000000000000000,'x')`,
			`INSERT INTO delivery (statement, recipient, state, reason, changed) VALUES ('s','NCB-1','queued','',5)`,
			`INSERT INTO seen (sender, statement, at) VALUES ('GS','s9',3)`,
			`INSERT INTO setting (name, value) VALUES ('b','2'), ('a','1')`,
			`INSERT INTO task (id, kind, subject, due, done, note) VALUES ('read/a','read','notice/a',7,0,'n')`,
		); err != nil {
			t.Fatal(err)
		}
		s := storetest.Open(t, dsn)
		read(t, s, func(tx *store.Tx) error {
			m, err := tx.Find("notice", []string{"phone:+2"})
			if err != nil || len(m) != 1 {
				t.Errorf("found %v, %v", m, err)
			}
			q, err := tx.Queue(nil, 10)
			if err != nil || len(q) != 1 || q[0].Recipient != "NCB-1" {
				t.Errorf("queued %v, %v", q, err)
			}
			v, err := tx.Values("a", "b", "c")
			if err != nil || len(v) != 2 || v["a"] != "1" || v["b"] != "2" {
				t.Errorf("settings %v, %v", v, err)
			}
			tasks, err := tx.Tasks()
			if err != nil || len(tasks) != 1 || tasks[0].Note != "n" {
				t.Errorf("tasks %v, %v", tasks, err)
			}
			return nil
		})
		write(t, s, func(tx *store.Tx) error {
			if fresh, err := tx.MarkSeen("GS", "s9", day); err != nil || fresh {
				t.Errorf("what was seen is new %v, %v", fresh, err)
			}
			return nil
		})
	})
}

func TestADatabaseOfANewerProgramIsLeftAlone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, dsn string) {
		s := storetest.Open(t, dsn)
		write(t, s, func(tx *store.Tx) error {
			return tx.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)")
		})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Open(t.Context(), dsn); !errors.Is(err, store.ErrNewer) {
			t.Errorf("got %v", err)
		}
	})
}

func TestABackupIsOfOneMomentWhileTheStoreIsWrittenTo(t *testing.T) {
	s := storetest.Open(t, filepath.Join(t.TempDir(), "a b%", "tarir.db"))
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for ctx.Err() == nil {
			_ = s.Write(ctx, func(tx *store.Tx) error { // ends with the test
				n, err := tx.Next("a")
				if err != nil {
					return err
				}
				m, err := tx.Next("b")
				if n != m {
					t.Errorf("%d and %d", n, m)
				}
				return err
			})
		}
	})
	path := filepath.Join(t.TempDir(), "copy.db")
	time.Sleep(20 * time.Millisecond)
	err := s.Backup(t.Context(), path)
	cancel()
	wg.Wait()
	if err != nil {
		t.Fatal(err)
	}
	c := storetest.Open(t, path)
	read(t, c, func(tx *store.Tx) error {
		a, err := tx.Setting("a")
		b, err2 := tx.Setting("b")
		if a != b || a == "" {
			t.Errorf("the copy holds %q and %q", a, b)
		}
		return errors.Join(err, err2)
	})
}

func write(t *testing.T, s *store.Store, fn func(*store.Tx) error) {
	t.Helper()
	if err := s.Write(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, s *store.Store, fn func(*store.Tx) error) {
	t.Helper()
	if err := s.Read(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

package relay_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"tarir/exchange/envelope"
	"tarir/exchange/keys"
	"tarir/exchange/register"
	"tarir/exchange/relay"
	"tarir/handling"
	"tarir/logbook"
)

type directory map[string]keys.Public

func (d directory) KeyAt(member, _ string, _ time.Time) (*keys.Public, error) {
	k, ok := d[member]
	if !ok {
		return nil, register.ErrUnknown
	}
	return &k, nil
}

// BenchmarkNotice sends a notice of 4 KB from one member to many, on one machine: signed, sealed to each, kept by the relay, opened
// and verified by each, put on its disk, and receipted with a sealed statement to the sender, who opens and verifies that too. The
// time of an operation ends with the last receipt. With eight at once the next goes out when the last but seven is receipted by all:
// the rate is then that of a busy day, and the times say nothing.
func BenchmarkNotice(b *testing.B) {
	for _, sync := range []bool{true, false} {
		for _, n := range []int{1, 10, 196, 1000} {
			b.Run(fmt.Sprintf("sync=%v/members=%d", sync, n), func(b *testing.B) { notices(b, n, sync, 1) })
		}
		b.Run(fmt.Sprintf("sync=%v/eight-at-once", sync), func(b *testing.B) { notices(b, 196, sync, 8) })
	}
}

func notices(b *testing.B, n int, syncAlways bool, atOnce int) {
	names := []string{"GS"}
	for i := range n {
		names = append(names, fmt.Sprint("NCB-", i))
	}
	w := start(b, relay.ServerOptions{SyncAlways: syncAlways}, names...)
	dir := directory{}
	for _, m := range names {
		dir[m] = w.keys[m].Public()
	}
	say := func(from string, to []string, kind string, body any) []byte {
		text, err := json.Marshal(body)
		if err != nil {
			b.Fatal(err)
		}
		id, err := envelope.NewID(rand.Reader)
		if err != nil {
			b.Fatal(err)
		}
		now := time.Now()
		signed, err := envelope.Sign(&envelope.Statement{Version: envelope.Version, ID: id, From: from, To: to, Purpose: handling.Warn, LegalBasis: "art. 5", Type: kind, Sent: now, Expires: now.Add(time.Hour), Body: text}, w.keys[from])
		if err != nil {
			b.Fatal(err)
		}
		return signed
	}
	seal := func(signed []byte, to, id string) relay.Letter {
		sealed, err := envelope.Seal(signed, dir[to])
		if err != nil {
			b.Fatal(err)
		}
		return relay.Letter{ID: id, To: to, Sealed: sealed}
	}
	opener := func(m string) *envelope.Opener {
		return &envelope.Opener{Member: m, Keys: []*keys.Private{w.keys[m]}, Directory: dir, Now: time.Now, Seen: func(string, string) (bool, error) { return false, nil }}
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	receipts := make(chan struct{}, n*atOnce)
	store := b.TempDir()
	for _, m := range names {
		c := w.dial(m)
		own := opener(m)
		var book *logbook.Book
		if m != "GS" {
			var err error
			if book, err = logbook.Open(filepath.Join(store, m)); err != nil {
				b.Fatal(err)
			}
			defer book.Close()
		}
		wg.Go(func() {
			_ = c.Receive(ctx, relay.Cursor{}, relay.Handler{One: func(ctx context.Context, l relay.Letter) error {
				s, err := own.Open(l.Sealed, l.Arrived)
				if err != nil {
					return err
				}
				if m == "GS" {
					receipts <- struct{}{}
					return nil
				}
				if _, err := book.Append(s.Body); err != nil {
					return err
				}
				return c.Send(ctx, seal(say(m, []string{"GS"}, "receipt", s.ID), "GS", s.ID+m))[0]
			}})
		})
	}
	gs := w.dial("GS")
	body := fmt.Sprintf("%4096d", 0)
	var took []time.Duration
	i, open := 0, 0
	for b.Loop() {
		begin := time.Now()
		signed := say("GS", names[1:], "notice", body)
		letters := make([]relay.Letter, n)
		var seals sync.WaitGroup
		for k := range 2 {
			seals.Go(func() {
				for j := k; j < n; j += 2 {
					letters[j] = seal(signed, names[1+j], fmt.Sprint("n", i))
				}
			})
		}
		seals.Wait()
		for _, err := range gs.Send(ctx, letters...) {
			if err != nil {
				b.Fatal(err)
			}
		}
		for open += n; open > n*(atOnce-1); open-- {
			<-receipts
		}
		took = append(took, time.Since(begin))
		i++
	}
	for ; open > 0; open-- {
		<-receipts
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Milliseconds()), "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Milliseconds()), "p99-ms")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "notices/s")
}

package node_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"tarir/exchange/register"
	"tarir/handling"
	"tarir/node"
)

// clock is a clock that tests set.
type clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *clock) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return time.Now().Add(c.ahead) }

func (c *clock) difference() time.Duration { c.mu.Lock(); defer c.mu.Unlock(); return c.ahead }

func (c *clock) forward(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.ahead += d }

// world is a secretariat and members, each with its own folder, in this process.
type world struct {
	t      testing.TB
	clock  *clock
	own    map[string]*clock // of nodes whose clock is wrong
	dir    string
	url    string
	nodes  map[string]*running
	every  time.Duration // of the clock; 0: 50 ms
	change []func(id string, s *node.Setup)
}

func (w *world) setup(id string, s node.Setup) node.Setup {
	for _, c := range w.change {
		c(id, &s)
	}
	return s
}

type running struct {
	*node.Node
	dir  string
	stop func()
}

var pass = node.Passphrase{Text: "correct horse", Work: 2}

func who(person string) node.Who {
	return node.Who{Person: person, Purpose: handling.Locate, LegalBasis: "Criminal code 188", Case: "AA/2026/7"}
}

var people = []node.Person{{ID: "ann", May: []string{"all"}}, {ID: "bob", May: []string{"all"}}, {ID: "eve", May: []string{"read"}}}

// newWorld founds a secretariat GS and lets members join.
func newWorld(t testing.TB, members map[string]handling.Kind, dsn func(member string) string, change ...func(id string, s *node.Setup)) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{}, own: map[string]*clock{}, dir: t.TempDir(), nodes: map[string]*running{}, change: change}
	db := func(m string) string {
		if dsn == nil {
			return ""
		}
		return dsn(m)
	}
	gs := filepath.Join(w.dir, "GS")
	if err := node.Found(gs, pass, w.setup("GS", node.Setup{Member: "GS", Name: "Secretariat", Country: "FR", Listen: "127.0.0.1:0", Database: db("GS"), Silver: true, People: people}), w.clock.now()); err != nil {
		t.Fatal(err)
	}
	w.start("GS")
	w.url = w.relayURL()
	for _, id := range sorted(members) {
		w.join(id, members[id], db(id))
	}
	size := func(id string) int64 {
		h, err := w.nodes[id].Health(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return h.Register
	}
	for id := range members {
		w.until(id+" knows all members", func() bool { return size(id) == size("GS") })
	}
	return w
}

func sorted(m map[string]handling.Kind) []string { return slices.Sorted(maps.Keys(m)) }

func (w *world) relayURL() string {
	for range 200 {
		if u := w.nodes["GS"].RelayURL(); u != "" {
			return u
		}
		time.Sleep(10 * time.Millisecond)
	}
	w.t.Fatal("the relay did not start")
	return ""
}

func (w *world) join(id string, kind handling.Kind, dsn string) {
	w.t.Helper()
	gs := w.nodes["GS"]
	invitation, err := gs.Invite(w.t.Context(), node.Who{Person: "ann"}, register.Statement{Member: id, Name: "Member " + id, Kind: kind, Country: "FR", Contact: "24/7"}, 24*time.Hour)
	if err != nil {
		w.t.Fatal(err)
	}
	dir := filepath.Join(w.dir, id)
	answer, code, err := node.Join(dir, pass, w.setup(id, node.Setup{URL: w.url, Database: dsn, Silver: true, People: people}), invitation, w.clock.now())
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := gs.Admit(w.t.Context(), node.Who{Person: "ann"}, answer, code); err != nil {
		w.t.Fatal(err)
	}
	w.start(id)
	w.until(id+" has the register", func() bool {
		h, err := w.nodes[id].Health(w.t.Context())
		return err == nil && h.Register > 0 && h.Line
	})
}

// beforeStop is done with each node before it stops.
var beforeStop = func(*node.Node) {}

func (w *world) start(id string) {
	w.t.Helper()
	dir := filepath.Join(w.dir, id)
	log := slog.New(slog.DiscardHandler)
	if os.Getenv("TARIR_TEST_LOG") != "" {
		log = slog.New(slog.NewTextHandler(os.Stderr, nil)).With("node", id)
	}
	now := w.clock.now
	if c := w.own[id]; c != nil {
		now = func() time.Time { return w.clock.now().Add(c.difference()) }
	}
	n, err := node.Open(context.Background(), dir, node.Options{Passphrase: pass, Now: now, Log: log, Every: cmp.Or(w.every, 50*time.Millisecond)})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	var once sync.Once
	r := &running{Node: n, dir: dir}
	r.stop = func() {
		once.Do(func() {
			beforeStop(n)
			cancel()
			if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
				w.t.Errorf("%s: %v", id, err)
			}
			if err := n.Close(); err != nil {
				w.t.Errorf("%s: %v", id, err)
			}
		})
	}
	w.nodes[id] = r
	w.t.Cleanup(r.stop)
}

// until waits for something that happens on its own.
func (w *world) until(what string, ok func() bool) {
	w.t.Helper()
	for range 2000 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	w.t.Fatalf("it did not happen: %s", what)
}

// state is the state of a record; empty if there is none.
func (w *world) state(id, kind, record string) string {
	list, err := w.nodes[id].List(w.t.Context(), who("ann"), kind, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, l := range list {
		if l.ID == record || record == "" {
			return l.State
		}
	}
	return ""
}

func (w *world) first(id, kind string) string {
	list, err := w.nodes[id].List(w.t.Context(), who("ann"), kind, 0)
	if err != nil || len(list) == 0 {
		return ""
	}
	return list[0].ID
}

// receipt is how what was sent about a record stands with a member.
func (w *world) receipt(id, kind, record, member string) string {
	d, err := w.nodes[id].Receipts(w.t.Context(), node.Who{Person: "ann"}, kind, record)
	if err != nil {
		w.t.Fatal(err)
	}
	out := ""
	for _, x := range d {
		if x.Recipient == member {
			out += fmt.Sprint(x.State, " ")
		}
	}
	return out
}

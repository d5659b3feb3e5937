package relay_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	stdnet "net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"tarir/exchange/keys"
	"tarir/exchange/relay"
)

// runCluster starts three servers from the configuration that is written for them.
func runCluster(t testing.TB) (relay.ClusterKeys, string, []*server.Server) {
	t.Helper()
	k, err := relay.NewClusterKeys()
	if err != nil {
		t.Fatal(err)
	}
	free := func() string {
		l, err := stdnet.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		return l.Addr().String()
	}
	var all []relay.ClusterServer
	for i := range 3 {
		all = append(all, relay.ClusterServer{Name: fmt.Sprint("relay-", i), Listen: free(), ListenRoute: free(), Dir: t.TempDir()})
	}
	url, servers := "", []*server.Server{}
	for _, s := range all {
		text, err := relay.ClusterConfig(k, s, all)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "server.conf")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		o, err := server.ProcessConfigFile(file)
		if err != nil {
			t.Fatal(err)
		}
		o.NoLog, o.NoSigs = true, true
		ns, err := server.NewServer(o)
		if err != nil {
			t.Fatal(err)
		}
		ns.Start()
		t.Cleanup(func() { ns.Shutdown(); ns.WaitForShutdown() })
		servers = append(servers, ns)
		url += ",nats://" + s.Listen
	}
	for range 600 {
		for _, s := range servers {
			if s.JetStreamIsLeader() {
				return k, url[1:], servers
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("the servers chose no leader")
	return k, "", nil
}

// TestARelayOnThreeServersLosesNothingWithOneOfThem, lets nobody in who is no member, and cuts off who is one no more.
func TestARelayOnThreeServersLosesNothingWithOneOfThem(t *testing.T) {
	k, url, servers := runCluster(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	own := map[string]*keys.Private{}
	var members []relay.Member
	for _, id := range []string{"A", "B", "C"} {
		p, err := keys.Generate(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		own[id] = p
		if id != "C" {
			members = append(members, relay.Member{ID: id, Keys: p.Public()})
		}
	}
	s, err := relay.Attach(ctx, relay.ClusterOptions{URL: url, Keys: k}, members)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	if err := s.Check(ctx); err != nil {
		t.Error(err)
	}
	dial := func(id string) *relay.Client {
		c, err := relay.Dial(relay.DialOptions{URL: s.URL(), Member: id, Keys: own[id]})
		if err != nil {
			t.Fatal(id, err)
		}
		t.Cleanup(c.Close)
		return c
	}
	if c, err := relay.Dial(relay.DialOptions{URL: url, Member: "C", Keys: own["C"]}); err == nil {
		c.Close()
		t.Error("a stranger is let in")
	}
	if c, err := relay.Dial(relay.DialOptions{URL: url, Member: "A", Keys: own["B"]}); err == nil {
		limit, stop := context.WithTimeout(ctx, 2*time.Second)
		if err := c.Send(limit, relay.Letter{ID: "x", To: "B", Sealed: []byte("x")})[0]; err == nil {
			t.Error("a member sends in the name of another")
		}
		stop()
		c.Close()
	}
	a, b := dial("A"), dial("B")
	var wg sync.WaitGroup
	defer wg.Wait()
	receiving, stop := context.WithCancel(ctx)
	defer stop()
	got := make(chan string, 1000)
	wg.Go(func() {
		err := b.Receive(receiving, relay.Cursor{}, relay.Handler{One: func(_ context.Context, l relay.Letter) error { got <- l.ID; return nil }, Failed: func(err error) { t.Log(err) }})
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	send := func(from, to int) {
		t.Helper()
		for i := from; i < to; i++ {
			id := fmt.Sprintf("%03d", i)
			for {
				err := a.Send(ctx, relay.Letter{ID: id, To: "B", Sealed: []byte(id)})[0]
				if err == nil {
					break
				}
				if ctx.Err() != nil {
					t.Fatal(err)
				}
				time.Sleep(100 * time.Millisecond) // it is tried again, as nodes do
			}
		}
	}
	send(0, 50)
	servers[0].Shutdown()
	send(50, 100)
	seen := map[string]bool{}
	for len(seen) < 100 {
		select {
		case id := <-got:
			seen[id] = true
		case <-ctx.Done():
			t.Fatalf("%d of 100 letters came", len(seen))
		}
	}
	stop()
	wg.Wait()
	if err := s.SetMembers(ctx, members[:1]); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if !b.Connected() {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if b.Connected() {
		t.Error("who is no member any more has a line still")
	}
	if !a.Connected() {
		t.Error("a member was cut off")
	}
}

package relay_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	stdnet "net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"

	"tarir/exchange/keys"
	"tarir/exchange/relay"
)

type net struct {
	testing.TB
	at      map[string]relay.Cursor // how far each member has come
	took    map[string]bool         // what each took, by its name and the id
	o       relay.ServerOptions
	s       *relay.Server
	keys    map[string]*keys.Private
	members []relay.Member
}

func start(t testing.TB, o relay.ServerOptions, members ...string) *net {
	t.Helper()
	n := &net{TB: t, o: o, keys: map[string]*keys.Private{}, at: map[string]relay.Cursor{}, took: map[string]bool{}}
	n.o.Dir, n.o.Port = t.TempDir(), -1
	for _, m := range append(members, "STRANGER") {
		k, err := keys.Generate(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if n.keys[m] = k; m != "STRANGER" {
			n.members = append(n.members, relay.Member{ID: m, Keys: k.Public()})
		}
	}
	n.begin()
	t.Cleanup(func() { n.s.Stop() })
	return n
}

func (n *net) begin() {
	n.Helper()
	var err error
	if n.s, err = relay.Start(context.Background(), n.o, n.members); err != nil {
		n.Fatal(err)
	}
}

func (n *net) dial(member string) *relay.Client {
	n.Helper()
	c, err := relay.Dial(relay.DialOptions{URL: n.s.URL(), Member: member, Keys: n.keys[member]})
	if err != nil {
		n.Fatal(err)
	}
	n.Cleanup(c.Close)
	return c
}

func letter(to, text string) relay.Letter {
	return relay.Letter{ID: text, To: to, Sealed: []byte(text)}
}

func (n *net) send(c *relay.Client, to string, texts ...string) {
	n.Helper()
	var list []relay.Letter
	for _, x := range texts {
		list = append(list, letter(to, x))
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := errors.Join(c.Send(ctx, list...)...); err != nil {
		n.Fatal(err)
	}
}

// take receives until so many letters were taken for good.
func (n *net) take(member string, want int, handle func(relay.Letter) error) (got []string) {
	n.Helper()
	c := n.dial(member)
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	done := 0
	err := c.Receive(ctx, n.at[member], relay.Handler{One: func(ctx context.Context, l relay.Letter) error {
		if n.took[member+l.ID] {
			n.at[member] = l.Place
			return nil
		}
		if done == want {
			<-ctx.Done() // one more than wanted: it stays where it is
			return ctx.Err()
		}
		err := handle(l)
		var refused *relay.Refused
		if err == nil {
			got = append(got, string(l.Sealed))
		}
		if err == nil || errors.As(err, &refused) {
			n.at[member], n.took[member+l.ID] = l.Place, true
			if done++; done == want {
				time.AfterFunc(100*time.Millisecond, cancel)
			}
		}
		return err
	}})
	if done != want || !errors.Is(err, context.Canceled) {
		n.Fatalf("%d letters of %d: %v", done, want, err)
	}
	return got
}

func all(relay.Letter) error { return nil }

func texts(from, to int) (out []string) {
	for i := from; i < to; i++ {
		out = append(out, fmt.Sprint("letter ", i))
	}
	return out
}

func TestLettersWaitForWhoIsAwayAndComeInOrderOnce(t *testing.T) {
	n := start(t, relay.ServerOptions{SyncAlways: true}, "A", "B", "C")
	a := n.dial("A")
	n.send(a, "B", texts(0, 300)...)
	n.send(a, "B", texts(0, 20)...) // again, as after a broken line
	n.send(a, "C", "for another")
	if w, err := n.s.Waiting(context.Background(), "B"); err != nil || w < 5 || w > 7 { // messages of at most 64 letters
		t.Errorf("%d wait, %v", w, err)
	}
	got := n.take("B", 300, func(l relay.Letter) error {
		if !l.Is("A") || l.Is("C") || l.To != "B" || l.ID != string(l.Sealed) || time.Since(l.Arrived) > time.Minute {
			t.Errorf("%+v", l)
		}
		return nil
	})
	if !slices.Equal(got, texts(0, 300)) {
		t.Errorf("not in order: %v", got)
	}
	if w, err := n.s.Waiting(context.Background(), "B"); err != nil || w != 0 {
		t.Errorf("%d wait, %v", w, err)
	}
}

func TestWhatWasAcknowledgedIsThereAfterTheRelayDied(t *testing.T) {
	n := start(t, relay.ServerOptions{SyncAlways: true}, "A", "B")
	n.send(n.dial("A"), "B", texts(0, 50)...)
	if got := n.take("B", 10, all); !slices.Equal(got, texts(0, 10)) {
		t.Errorf("%v", got)
	}
	n.s.Stop()
	n.begin()
	n.send(n.dial("A"), "B", texts(50, 60)...)
	if got := n.take("B", 50, all); !slices.Equal(got, texts(10, 60)) {
		t.Errorf("%v", got)
	}
}

func TestALetterThatCannotBeHandledNowHoldsBackThoseBehindIt(t *testing.T) {
	n := start(t, relay.ServerOptions{}, "A", "B")
	n.send(n.dial("A"), "B", texts(0, 5)...)
	tries := 0
	got := n.take("B", 5, func(l relay.Letter) error {
		if l.ID == "letter 1" && tries < 3 {
			tries++
			return errors.New("the disk is full")
		}
		return nil
	})
	if tries != 3 || !slices.Equal(got, texts(0, 5)) {
		t.Errorf("%d tries, %v", tries, got)
	}
}

func TestARefusedLetterIsSeenByTheAdministratorAndHoldsNobodyBack(t *testing.T) {
	n := start(t, relay.ServerOptions{}, "A", "B")
	n.send(n.dial("A"), "B", texts(0, 3)...)
	got := n.take("B", 3, func(l relay.Letter) error {
		if l.ID == "letter 1" {
			return fmt.Errorf("open: %w", &relay.Refused{Code: "forged"})
		}
		return nil
	})
	if !slices.Equal(got, []string{"letter 0", "letter 2"}) {
		t.Error(got)
	}
	list, err := n.s.Dead(context.Background())
	if err != nil || len(list) != 1 || list[0].Reason != "forged" || list[0].To != "B" || list[0].ID != "letter 1" || list[0].At.IsZero() {
		t.Errorf("%+v %v", list, err)
	}
	if w, err := n.s.Waiting(context.Background(), "B"); err != nil || w != 0 {
		t.Errorf("%d wait, %v", w, err)
	}
}

// TestARelayThatWasMadeAnewIsTakenFromItsBeginning: its numbers are others, and a place in the old one means nothing.
func TestARelayThatWasMadeAnewIsTakenFromItsBeginning(t *testing.T) {
	n := start(t, relay.ServerOptions{}, "A", "B")
	n.send(n.dial("A"), "B", texts(0, 20)...)
	n.take("B", 20, all)
	n.s.Stop()
	n.o.Dir = t.TempDir()
	n.begin()
	n.send(n.dial("A"), "B", texts(20, 23)...)
	if got := n.take("B", 3, all); !slices.Equal(got, texts(20, 23)) {
		t.Error(got)
	}
}

func TestAFullBoxSaysSoToTheSenderAlone(t *testing.T) {
	n := start(t, relay.ServerOptions{BoxLetters: 5}, "A", "B", "C")
	a := n.dial("A")
	for _, x := range texts(0, 5) {
		n.send(a, "B", x)
	}
	ctx := context.Background()
	if err := a.Send(ctx, letter("B", "one too many"))[0]; !errors.Is(err, relay.ErrFull) {
		t.Errorf("%v", err)
	}
	n.send(n.dial("C"), "B", "from another")
	n.take("B", 6, all)
	n.send(a, "B", "one too many")
	if err := a.Send(ctx, relay.Letter{ID: "x", To: "B", Sealed: make([]byte, 1<<20)})[0]; !errors.Is(err, relay.ErrTooLarge) {
		t.Errorf("%v", err)
	}
}

// TestNobodySendsInAnothersNameOrTakesFromAnothersBox: by a member with valid keys who speaks to the relay with a client of its own.
func TestNobodySendsInAnothersNameOrTakesFromAnothersBox(t *testing.T) {
	n := start(t, relay.ServerOptions{}, "A", "B", "C")
	if c, err := relay.Dial(relay.DialOptions{URL: n.s.URL(), Member: "A", Keys: n.keys["STRANGER"]}); err == nil {
		c.Close()
		t.Error("a stranger is let in")
	}
	n.send(n.dial("A"), "B", "for B")
	key := n.keys["C"].Relay()
	pair, err := nkeys.FromRawSeed(nkeys.PrefixByteUser, key.Seed())
	if err != nil {
		t.Fatal(err)
	}
	public, err := pair.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var refused []string
	nc, err := nats.Connect(n.s.URL(), nats.Nkey(public, pair.Sign), nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
		mu.Lock()
		defer mu.Unlock()
		refused = append(refused, err.Error())
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	// Tokens are no secret: they are computed from the members' ids.
	list, err := n.s.Dead(context.Background())
	if err != nil || len(list) != 0 {
		t.Fatal(list, err)
	}
	tokenOf := func(m string) (out string) {
		n.take("B", 1, func(l relay.Letter) error { out = l.From; return nil })
		return out
	}("A")
	part := fmt.Sprint(strings.Index("0123456789abcdef", tokenOf[:1]) / 4)
	own := "BOXES_" + part // where what waits for A stands
	for _, subject := range []string{"in." + part + "." + tokenOf + "." + tokenOf, "hello." + tokenOf, "taken." + tokenOf, "dead." + tokenOf, "$JS.API.CONSUMER.MSG.NEXT." + own + "." + tokenOf, "$JS.API.STREAM.PURGE." + own, "$JS.API.STREAM.MSG.GET." + own, "$JS.API.CONSUMER.DELETE." + own + "." + tokenOf, "$JS.API.CONSUMER.CREATE." + own + ".x", "$JS.API.STREAM.DELETE." + own} {
		if err := nc.Publish(subject, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	for _, subject := range []string{">", "in.>", "_INBOX_" + tokenOf + ".>", "$JS.EVENT.>"} {
		if _, err := nc.SubscribeSync(subject); err != nil {
			t.Fatal(err)
		}
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(200 * time.Millisecond)
	mu.Lock()
	defer mu.Unlock()
	violations := 0
	for _, e := range refused {
		if strings.Contains(strings.ToLower(e), "permissions violation") {
			violations++
		}
	}
	if violations != 14 {
		t.Errorf("%d of 14 attempts were refused: %v", violations, refused)
	}
}

// What waited at a version that had one stream for all is delivered by this one, once and in order.
func TestWhatWaitedAtTheVersionBeforeIsDelivered(t *testing.T) {
	n := start(t, relay.ServerOptions{}, "A", "B", "C")
	ctx := context.Background()
	js, err := jetstream.New(n.s.Conn())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: "BOXES", Subjects: []string{"in.*.*"}}); err != nil {
		t.Fatal(err)
	}
	for i, to := range []string{"B", "C", "B", "B"} {
		m := &nats.Msg{Subject: "in." + relay.Token(to) + "." + relay.Token("A"), Data: []byte(fmt.Sprint(i)), Header: nats.Header{nats.MsgIdHdr: {relay.Token(to) + fmt.Sprint("id", i)}}}
		if _, err := js.PublishMsg(ctx, m); err != nil {
			t.Fatal(err)
		}
	}
	n.s.Stop()
	n.begin()
	if got := n.take("B", 3, all); !slices.Equal(got, []string{"0", "2", "3"}) {
		t.Errorf("B got %v", got)
	}
	if got := n.take("C", 1, all); !slices.Equal(got, []string{"1"}) {
		t.Errorf("C got %v", got)
	}
	n.s.Stop()
	n.begin()
	n.send(n.dial("A"), "B", "new")
	if got := n.take("B", 1, all); !slices.Equal(got, []string{"new"}) {
		t.Errorf("after another start B got %v", got)
	}
}

func TestMoreThanAThousandMembersAreServed(t *testing.T) {
	n := start(t, relay.ServerOptions{}, "GS")
	c := n.s.Conn()
	for i := range 1100 {
		token := relay.Token(fmt.Sprint("NCB-", i))
		box := "_INBOX_" + token + ".1"
		sub, err := c.SubscribeSync(box)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.PublishRequest("hello."+token, box, []byte("{}")); err != nil {
			t.Fatal(err)
		}
		m, err := sub.NextMsg(20 * time.Second)
		if err != nil || strings.Contains(string(m.Data), "error") {
			t.Fatalf("member %d: %v %s", i, err, m.Data)
		}
		_ = sub.Unsubscribe()
	}
}

func TestAMemberThatIsTakenOutIsCutOff(t *testing.T) {
	n := start(t, relay.ServerOptions{Websocket: -1}, "A", "B")
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	// Behind a proxy the line is a WebSocket.
	ws, err := relay.Dial(relay.DialOptions{URL: n.s.WebsocketURL(), Member: "A", Keys: n.keys["A"]})
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	n.send(ws, "B", "before")
	if err := n.s.SetMembers(ctx, n.members[1:]); err != nil {
		t.Fatal(err)
	}
	short, stop := context.WithTimeout(ctx, 2*time.Second)
	defer stop()
	if err := ws.Send(short, letter("B", "after"))[0]; err == nil {
		t.Error("a member that was taken out still sends")
	}
	if got := n.take("B", 1, all); got[0] != "before" {
		t.Error(got)
	}
	if err := n.s.SetMembers(ctx, n.members); err != nil {
		t.Fatal(err)
	}
	n.send(n.dial("A"), "B", "back")
}

func TestARelayThatCannotStartSaysSo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // its streams cannot be made
	if s, err := relay.Start(ctx, relay.ServerOptions{Dir: t.TempDir(), Port: -1}, nil); err == nil {
		s.Stop()
		t.Error("it started")
	}
}

func TestAPortThatIsTakenIsSaid(t *testing.T) {
	l, err := stdnet.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken := l.Addr().(*stdnet.TCPAddr).Port
	for _, o := range []relay.ServerOptions{{Port: taken}, {Port: -1, Websocket: taken}} {
		o.Dir = t.TempDir()
		s, err := relay.Start(t.Context(), o, nil)
		if err == nil {
			s.Stop()
		}
		if !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), fmt.Sprintf("127.0.0.1:%d", taken)) || !strings.Contains(err.Error(), "name another port") {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

// TestWhatCameTogetherComesTogetherUntilTheLastIsTaken: who dies in the middle of a parcel gets all of it again, and nothing is lost.
func TestWhatCameTogetherComesTogetherUntilTheLastIsTaken(t *testing.T) {
	n := start(t, relay.ServerOptions{SyncAlways: true}, "A", "B")
	n.send(n.dial("A"), "B", texts(0, 5)...)
	var came []string
	first := n.take("B", 3, func(l relay.Letter) error { came = append(came, l.ID); return nil })
	if n.at["B"].Seq != 0 {
		t.Errorf("the place is behind letters that were not taken: %+v", n.at["B"])
	}
	rest := n.take("B", 2, all)
	if !slices.Equal(append(first, rest...), texts(0, 5)) || n.at["B"].Seq == 0 {
		t.Errorf("%v %v %+v", came, rest, n.at["B"])
	}
}

// Package relay carries sealed envelopes between members: it stores each until its recipient has taken it, and forwards it. It is
// NATS JetStream, embedded in the secretariat's node by default.
//
// Members dial out, and log in with a key of their own. The relay sees who sends to whom, when and how much; what is said it cannot
// open. A member sends in its own name alone and takes from its own box alone, which the relay enforces by subject:
// in.RECIPIENT.SENDER.
//
// What Send returned from is on the relay's disk. A member takes its letters in order, from where it says: it keeps its own place
// (Cursor) together with the effects of what it took, so a letter has its effect once, whatever dies when. A box that is full refuses
// what comes, and says so to the sender.
//
//	server.go   the relay, embedded
//	cluster.go  the relay on NATS servers of their own
//	client.go   a member's line to it
//	parcel.go   letters that travel together
//	files.go    attachments, as a member puts and gets them
//	shelf.go    attachments, as an embedded relay keeps them
package relay

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"

	"tarir/exchange/keys"
)

const (
	boxes     = "BOXES" // the streams of what waits, each for a part of the members: see boxesOf
	dead      = "DEAD"  // the stream of what was refused
	files     = "FILES" // the stream of sealed attachments, in parts, on servers of their own
	maxLetter = 1 << 20
	keepFor   = 60 * 24 * time.Hour // a member may be away for so long
	again     = 30 * time.Minute    // within which a letter sent twice is one
)

// Member is who may use the relay.
type Member struct {
	ID   string
	Keys keys.Public
}

// ServerOptions of an embedded relay.
type ServerOptions struct {
	Dir       string
	Host      string      // empty: 127.0.0.1
	Port      int         // -1: any that is free
	Websocket int         // port of the WebSocket, for members behind a proxy; 0: none, -1: any that is free
	TLS       *tls.Config // nil: unencrypted, for one machine
	// SyncAlways: what is acknowledged was synced to disk. Without it, it was handed to the system, which is enough where several
	// servers hold it.
	SyncAlways bool
	// BoxLetters is how many messages of one sender, each of one letter or a parcel of them, may wait in one box; 0: 10,000.
	BoxLetters int64
	MaxBytes   int64 // of all that waits, a quarter for each part of the members; 0: 10 GB
}

// Server is an embedded relay.
type Server struct {
	o       ServerOptions
	ns      *server.Server
	admin   nkeys.KeyPair
	nc      *nats.Conn
	js      jetstream.JetStream
	mu      sync.Mutex // of the members
	opts    *server.Options
	files   jetstream.Stream // of attachments, on servers of their own
	shelf   *shelf           // of attachments, where it is embedded
	done    chan struct{}    // it is stopped
	running sync.WaitGroup
	epochs  map[string]string // of the streams of boxes: the numbers of one begin anew with another
	cluster *cluster          // where the servers are not embedded
}

// Token stands for a member in subjects, where not every letter may.
func Token(member string) string {
	h := sha256.Sum256([]byte(member))
	return hex.EncodeToString(h[:10])
}

// parts are the streams of boxes. They are synced side by side, and what waits for a member is looked for among what waits for a quarter of them; each
// more costs 5 ms when the relay starts, and a sync each time that it is checked.
var parts = []string{"0", "1", "2", "3"}

// part is that of a member, by the first digit of its token.
func part(token string) string {
	return parts[strings.Index("0123456789abcdef", token[:min(len(token), 1)])/4] // of what is no token, the first
}

// boxesOf is the stream of the boxes of a member, by its token.
func boxesOf(token string) string { return boxes + "_" + part(token) }

// box is the subject of what one member sends to another, by their tokens.
func box(to, from string) string { return "in." + part(to) + "." + to + "." + from }

// Start starts a relay for members.
func Start(ctx context.Context, o ServerOptions, members []Member) (s *Server, err error) {
	if o.Host == "" {
		o.Host = "127.0.0.1"
	}
	if err := CanListen(o.Host, o.Port, o.Websocket); err != nil {
		return nil, fmt.Errorf("start relay: %w", err)
	}
	s = &Server{o: o}
	if s.admin, err = nkeys.CreateUser(); err != nil {
		return nil, fmt.Errorf("start relay: %w", err)
	}
	if s.opts, err = s.options(members); err != nil {
		return nil, err
	}
	if s.ns, err = server.NewServer(s.opts); err != nil {
		return nil, fmt.Errorf("start relay: %w", err)
	}
	s.ns.Start()
	started := s // a return of nil must not hide it
	defer func() {
		if err != nil {
			started.Stop()
		}
	}()
	if !s.ns.ReadyForConnections(20 * time.Second) {
		return nil, errors.New("start relay: it is not ready after 20 seconds: look whether its port or its folder is in use")
	}
	pub, err := s.admin.PublicKey()
	if err != nil {
		return nil, fmt.Errorf("start relay: %w", err)
	}
	if s.nc, err = nats.Connect("", nats.InProcessServer(s.ns), nats.Nkey(pub, s.admin.Sign)); err != nil {
		return nil, fmt.Errorf("start relay: %w", err)
	}
	return s, s.prepare(ctx, 1)
}

// CanListen says at once which of a server's ports cannot be had: NATS would go on waiting. It listens on each and ends that; ports that are
// 0 or less (none, or any) are left out. The error is the system's (syscall.EADDRINUSE, syscall.EACCES), with what to do.
func CanListen(host string, ports ...int) error {
	for _, port := range ports {
		if port <= 0 {
			continue
		}
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err != nil {
			return fmt.Errorf("%w: end what listens there, or name another port in the configuration", err)
		}
		if err := l.Close(); err != nil {
			return err
		}
	}
	return nil
}

// prepare makes the streams, and answers members.
func (s *Server) prepare(ctx context.Context, replicas int) (err error) {
	o := &s.o
	if o.BoxLetters == 0 {
		o.BoxLetters = 10_000
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = 10 << 30
	}
	if s.js, err = jetstream.New(s.nc); err != nil {
		return fmt.Errorf("start relay: %w", err)
	}
	streams := []jetstream.StreamConfig{{Name: dead, Subjects: []string{"dead.*"}, MaxAge: keepFor, MaxMsgs: 100_000, Storage: jetstream.FileStorage}}
	s.epochs = map[string]string{}
	for _, p := range parts {
		name := boxes + "_" + p
		if s.epochs[name], err = s.epochOf(ctx, name); err != nil {
			return err
		}
		streams = append(streams, jetstream.StreamConfig{
			Name: name, Metadata: map[string]string{"epoch": s.epochs[name]}, Subjects: []string{"in." + p + ".*.*"}, Discard: jetstream.DiscardNew, DiscardNewPerSubject: true,
			MaxMsgsPerSubject: o.BoxLetters, MaxBytes: o.MaxBytes / int64(len(parts)), MaxAge: keepFor, MaxMsgSize: maxLetter, Storage: jetstream.FileStorage, Duplicates: again,
		})
	}
	if s.cluster != nil {
		streams = append(streams, jetstream.StreamConfig{
			Name: files, Subjects: []string{"file.*.*.*"}, Discard: jetstream.DiscardNew, DiscardNewPerSubject: true, MaxMsgsPerSubject: 1, MaxBytes: o.MaxBytes, MaxAge: keepFor,
			MaxMsgSize: maxLetter, Storage: jetstream.FileStorage, Duplicates: again, AllowDirect: true, // as it is, not in JSON
		})
	}
	for _, c := range streams {
		c.Replicas = replicas
		if _, err = s.js.CreateOrUpdateStream(ctx, c); err != nil {
			return fmt.Errorf("start relay: %w", err)
		}
	}
	if err := s.sort(ctx); err != nil {
		return err
	}
	s.done = make(chan struct{})
	if s.cluster != nil {
		if s.files, err = s.js.Stream(ctx, files); err != nil {
			return fmt.Errorf("start relay: %w", err)
		}
	} else {
		if err := s.js.DeleteStream(ctx, files); err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
			return fmt.Errorf("start relay: %w", err)
		}
		if err := s.shelve(); err != nil {
			return err
		}
	}
	return s.answer()
}

// options are the server's, with what each member may do.
func (s *Server) options(members []Member) (*server.Options, error) {
	admin, err := s.admin.PublicKey()
	if err != nil {
		return nil, fmt.Errorf("start relay: %w", err)
	}
	o := &server.Options{
		ServerName: "tarir-relay", Host: s.o.Host, Port: s.o.Port, JetStream: true, StoreDir: s.o.Dir, SyncAlways: s.o.SyncAlways, MaxPayload: maxLetter,
		NoLog: true, NoSigs: true, TLSConfig: s.o.TLS, TLS: s.o.TLS != nil, DisableJetStreamBanner: true,
		JetStreamLimits: server.JSLimitOpts{DefaultMaxConsumers: -1}, // each member is one, and there may be more than a thousand
		Nkeys:           []*server.NkeyUser{{Nkey: admin}},
	}
	if s.o.Websocket != 0 {
		o.Websocket = server.WebsocketOpts{Host: s.o.Host, Port: s.o.Websocket, TLSConfig: s.o.TLS, NoTLS: s.o.TLS == nil}
	}
	for _, m := range members {
		public, err := nkeys.Encode(nkeys.PrefixByteUser, m.Keys.Relay)
		if err != nil {
			return nil, fmt.Errorf("relay: the key of %s: %w", m.ID, err)
		}
		says, hears := may(Token(m.ID))
		o.Nkeys = append(o.Nkeys, &server.NkeyUser{Nkey: string(public), Permissions: &server.Permissions{
			Publish: &server.SubjectPermission{Allow: says}, Subscribe: &server.SubjectPermission{Allow: hears},
		}})
	}
	return o, nil
}

// may are the subjects on which a member may speak, and those on which it hears.
func may(t string) (says, hears []string) {
	return []string{
		"in.*.*." + t, "file." + t + ".*.*", "fetch." + t, "dead." + t, "hello." + t, "taken." + t, "$JS.API.CONSUMER.INFO." + boxesOf(t) + "." + t, "$JS.API.CONSUMER.MSG.NEXT." + boxesOf(t) + "." + t,
	}, []string{inbox(t) + ".>"}
}

func inbox(token string) string { return "_INBOX_" + token }

// sort puts what a version before left in one stream for all members into those of now. What comes twice is known by its id.
func (s *Server) sort(ctx context.Context) error {
	st, err := s.js.Stream(ctx, boxes)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("start relay: %w", err)
	}
	state := st.CachedInfo().State
	for seq := state.FirstSeq; state.Msgs > 0 && seq <= state.LastSeq; seq++ {
		m, err := st.GetMsg(ctx, seq)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			continue
		}
		if err != nil {
			return fmt.Errorf("start relay: sort what waits: %w", err)
		}
		if of := strings.Split(m.Subject, "."); len(of) == 3 {
			if _, err := s.js.PublishMsg(ctx, &nats.Msg{Subject: box(of[1], of[2]), Data: m.Data, Header: m.Header}); err != nil {
				return fmt.Errorf("start relay: sort what waits: %w", err)
			}
		}
	}
	if err := s.js.DeleteStream(ctx, boxes); err != nil {
		return fmt.Errorf("start relay: sort what waits: %w", err)
	}
	return nil
}

// epochOf is that of a stream on disk, or a new one.
func (s *Server) epochOf(ctx context.Context, name string) (string, error) {
	st, err := s.js.Stream(ctx, name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return rand.Text(), nil
	}
	if err != nil {
		return "", fmt.Errorf("start relay: %w", err)
	}
	return st.CachedInfo().Config.Metadata["epoch"], nil
}

// answer answers members who want to take letters, and those who have taken some. Members do not make the consumers themselves: one
// may be told to deliver anywhere.
func (s *Server) answer() error {
	reply := func(m *nats.Msg, v answered, err error) {
		if !ours(m) {
			return
		}
		if err != nil {
			v.Error = err.Error()
		}
		b, _ := json.Marshal(v) // of texts alone
		_ = m.Respond(b)        // who asked asks again
	}
	_, err := s.nc.Subscribe("hello.*", func(m *nats.Msg) {
		var from Cursor
		err := json.Unmarshal(m.Data, &from)
		if err == nil {
			err = s.serve(strings.TrimPrefix(m.Subject, "hello."), from)
		}
		reply(m, answered{Epoch: s.epochs[boxesOf(strings.TrimPrefix(m.Subject, "hello."))]}, err)
	})
	if err != nil {
		return fmt.Errorf("start relay: %w", err)
	}
	_, err = s.nc.Subscribe("taken.*", func(m *nats.Msg) {
		var to Cursor
		err := json.Unmarshal(m.Data, &to)
		t := strings.TrimPrefix(m.Subject, "taken.")
		epoch := s.epochs[boxesOf(t)]
		if err == nil && to.Epoch == epoch {
			err = s.remove(t, to.Seq)
		}
		reply(m, answered{Epoch: epoch}, err)
	})
	if err != nil {
		return fmt.Errorf("start relay: %w", err)
	}
	_, err = s.nc.Subscribe("fetch.*", func(m *nats.Msg) {
		if ours(m) {
			s.fetch(m)
		}
	})
	if err != nil {
		return fmt.Errorf("start relay: %w", err)
	}
	return s.nc.FlushTimeout(patience)
}

// ours says whether an answer goes to who asked: the relay writes wherever it likes, so it must not be told where.
func ours(m *nats.Msg) bool {
	_, t, _ := strings.Cut(m.Subject, ".")
	return strings.HasPrefix(m.Reply, inbox(t)+".")
}

// shelve keeps attachments. What is older than letters may be is thrown away.
func (s *Server) shelve() (err error) {
	if s.shelf, err = openShelf(filepath.Join(s.o.Dir, "attachments"), s.o.MaxBytes); err != nil {
		return err
	}
	// A part is answered as a stream would answer, so that members need not know which of the two it is.
	_, err = s.nc.Subscribe("file.*.*.*", func(m *nats.Msg) {
		name := strings.Split(m.Subject, ".")
		if !strings.HasPrefix(m.Reply, inbox(name[1])+".") {
			return // as in ours
		}
		answer := `{"stream":"` + files + `","seq":1}`
		if err := s.shelf.put(name[1], name[2], name[3], m.Data); err != nil {
			answer = fmt.Sprintf(`{"error":{"code":503,"err_code":%d,"description":"it could not be kept"}}`, storeFailed) // paths are nobody's business
		}
		_ = m.Respond([]byte(answer)) // who is not answered puts it again
	})
	if err != nil {
		return fmt.Errorf("start relay: %w", err)
	}
	s.running.Go(func() {
		for {
			_ = s.shelf.sweep(time.Now().Add(-keepFor)) // what cannot be thrown away now is in an hour
			select {
			case <-time.After(time.Hour):
			case <-s.done:
				return
			}
		}
	})
	return nil
}

// piece asks for a part of an attachment.
type piece struct {
	Sender string `json:"sender"` // token
	SHA256 string `json:"sha256"`
	N      int    `json:"n"`
}

// fetch answers with a part, or with a header that says why not.
func (s *Server) fetch(m *nats.Msg) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	out := nats.NewMsg(m.Reply)
	var p piece
	err := json.Unmarshal(m.Data, &p)
	if err == nil && strings.ContainsAny(p.Sender+p.SHA256, ".*> ") {
		err = errors.New("this is no attachment")
	}
	switch {
	case err != nil:
	case s.shelf != nil:
		out.Data, err = s.shelf.get(p.Sender, p.SHA256, p.N)
	default:
		var got *jetstream.RawStreamMsg
		if got, err = s.files.GetLastMsgForSubject(ctx, fileSubject(p.Sender, p.SHA256, p.N)); err == nil {
			out.Data = got.Data
		}
	}
	if err != nil {
		out.Header.Set("Error", err.Error())
	}
	_ = s.nc.PublishMsg(out) // who asked asks again
}

func fileSubject(sender, sum string, n int) string {
	return "file." + sender + "." + sum + "." + strconv.Itoa(n)
}

// answered is what the relay says to a member.
type answered struct {
	Epoch string `json:"epoch"`
	Error string `json:"error,omitempty"`
}

const patience = 10 * time.Second // with which relay and member wait for each other

// serve makes ready what a member takes its letters from.
func (s *Server) serve(t string, from Cursor) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.js.DeleteConsumer(ctx, boxesOf(t), t); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return err
	}
	start := uint64(1)
	if from.Epoch == s.epochs[boxesOf(t)] {
		start = from.Seq + 1
	}
	_, err := s.js.CreateConsumer(ctx, boxesOf(t), jetstream.ConsumerConfig{
		Name: t, FilterSubject: box(t, "*"), DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: start, AckPolicy: jetstream.AckNonePolicy,
		MemoryStorage: true, Replicas: 1, InactiveThreshold: 5 * time.Minute,
	})
	return err
}

// remove throws away what a member has taken.
func (s *Server) remove(t string, seq uint64) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	st, err := s.js.Stream(ctx, boxesOf(t))
	if err != nil {
		return err
	}
	return st.Purge(ctx, jetstream.WithPurgeSubject(box(t, "*")), jetstream.WithPurgeSequence(seq+1))
}

// SetMembers says who the members are now: a member that is missing is cut off at once. What waits for it stays for as long as
// anything does, but for those who have gone for good.
func (s *Server) SetMembers(ctx context.Context, members []Member, gone ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cluster != nil {
		if err := s.cluster.setMembers(ctx, members); err != nil {
			return err
		}
	} else {
		o, err := s.options(members)
		if err != nil {
			return err
		}
		// Ports that were free ones stay as they are.
		o.Port, o.Websocket.Port = s.opts.Port, s.opts.Websocket.Port
		if err := s.ns.ReloadOptions(o); err != nil {
			return fmt.Errorf("relay: change its members: %w", err)
		}
		s.opts = o
	}
	if len(gone) == 0 {
		return nil
	}
	for _, m := range gone {
		t := Token(m)
		st, err := s.js.Stream(ctx, boxesOf(t))
		if err == nil {
			err = st.Purge(ctx, jetstream.WithPurgeSubject(box(t, "*")))
		}
		if err != nil {
			return fmt.Errorf("relay: empty the boxes of who left: %w", err)
		}
	}
	return nil
}

// Check says whether the relay takes letters and attachments: it writes one of each and throws it away. A stream that could not write,
// as the disk was full, takes nothing more until the relay is started anew.
func (s *Server) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	subjects := map[string]string{dead: "dead.check"}
	for _, p := range parts {
		subjects[boxes+"_"+p] = "in." + p + ".check.check"
	}
	if s.shelf == nil {
		subjects[files] = "file.check.check.0"
	} else if err := s.shelf.put("check", "check", "0", nil); err != nil {
		return fmt.Errorf("check relay: %w", err)
	} else {
		s.shelf.drop("check", "check", "0")
	}
	for stream, subject := range subjects {
		ack, err := s.js.Publish(ctx, subject, nil)
		if err != nil {
			return fmt.Errorf("check relay: %w", err)
		}
		if st, err := s.js.Stream(ctx, stream); err == nil {
			_ = st.DeleteMsg(ctx, ack.Sequence) // it does no harm where it is
		}
	}
	return nil
}

// Conn is the line of whoever runs the relay, who may do anything with what passes.
func (s *Server) Conn() *nats.Conn { return s.nc }

// URL is where members dial to.
func (s *Server) URL() string {
	if s.cluster != nil {
		return s.cluster.o.URL
	}
	return s.ns.ClientURL()
}

// Port is where it listens; 0 where it is a cluster of its own.
func (s *Server) Port() int {
	if s.cluster != nil {
		return 0
	}
	return s.ns.Addr().(*net.TCPAddr).Port
}

// WebsocketURL is where members behind a proxy dial to; empty if there is none.
func (s *Server) WebsocketURL() string { return s.ns.WebsocketURL() }

// Waiting is how many messages a member has not taken; each is a letter, or a parcel of them.
func (s *Server) Waiting(ctx context.Context, member string) (int, error) {
	t := Token(member)
	st, err := s.js.Stream(ctx, boxesOf(t))
	if err != nil {
		return 0, fmt.Errorf("relay: the box of %s: %w", member, err)
	}
	i, err := st.Info(ctx, jetstream.WithSubjectFilter(box(t, "*")))
	if err != nil {
		return 0, fmt.Errorf("relay: the box of %s: %w", member, err)
	}
	n := 0
	for _, waiting := range i.State.Subjects {
		n += int(waiting)
	}
	return n, nil
}

// DeadLetter is what a recipient refused for good: who sent it to whom, and the code of the reason. From is the sender as it stands
// in subjects, as in Letter.
type DeadLetter struct {
	To     string    `json:"to"`
	From   string    `json:"from"`
	ID     string    `json:"id"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// Dead lists them, for an administrator.
func (s *Server) Dead(ctx context.Context) ([]DeadLetter, error) {
	st, err := s.js.Stream(ctx, dead)
	if err != nil {
		return nil, fmt.Errorf("relay: dead letters: %w", err)
	}
	i, err := st.Info(ctx)
	if err != nil {
		return nil, fmt.Errorf("relay: dead letters: %w", err)
	}
	var out []DeadLetter
	for seq := i.State.FirstSeq; i.State.Msgs > 0 && seq <= i.State.LastSeq; seq++ {
		m, err := st.GetMsg(ctx, seq)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("relay: dead letters: %w", err)
		}
		var d DeadLetter
		if json.Unmarshal(m.Data, &d) != nil || Token(d.To) != strings.TrimPrefix(m.Subject, "dead.") {
			continue // a member speaks of its own box alone
		}
		d.At = m.Time
		out = append(out, d)
	}
	return out, nil
}

// Stop stops the relay; what it has acknowledged is on disk.
func (s *Server) Stop() {
	if s.nc != nil {
		s.nc.Close()
	}
	if s.done != nil {
		close(s.done)
		s.running.Wait()
		s.done = nil
	}
	if s.cluster != nil {
		s.cluster.close()
	}
	if s.ns != nil {
		s.ns.Shutdown()
		s.ns.WaitForShutdown()
	}
}

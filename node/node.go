package node

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	jsonv1 "github.com/go-json-experiment/json/v1"
	"github.com/gofrs/flock"
	"golang.org/x/sync/errgroup"

	"tarir/audit"
	"tarir/exchange/envelope"
	"tarir/exchange/keys"
	"tarir/exchange/register"
	"tarir/exchange/relay"
	"tarir/handling"
	"tarir/match"
	"tarir/notice"
	"tarir/store"
	"tarir/vault"
)

// noContext is for what is done while a node is made, which nobody interrupts.
var noContext = context.Background()

// clockPerson acts where no person does: in the audit log and in steps.
const clockPerson = "node"

// Options of opening a node.
type Options struct {
	Passphrase Passphrase
	Now        func() time.Time // nil: the system's clock
	Log        *slog.Logger     // nil: nowhere. It never gets personal data.
	Every      time.Duration    // how often the clock looks at what is due; 0: every 10 seconds
	Ready      func()           // Run calls it once: when the relay, if it is here, takes letters; nil: nobody asks
}

// Node is an open node.
type Node struct {
	dir      string
	config   *Config
	store    *store.Store
	audit    *audit.Log
	register *register.Register
	rules    *notice.Rules
	lists    *match.Index // of what is loaded
	own      *match.Index // of the records of this node
	loading  sync.Mutex   // of lists
	indexing sync.Mutex   // what the index has not heard of yet is told by one
	unheard  atomic.Bool  // there may be something that it has not heard of
	marking  atomic.Int64 // transactions on their way after which there will be
	now      func() time.Time
	log      *slog.Logger
	ready    func() // Options.Ready
	every    time.Duration
	lock     *flock.Flock
	pass     Passphrase

	issuing sync.Mutex // the register grows by one statement after the other, and the members hear of each in turn

	mu     sync.Mutex // of what follows
	sealed *sealed
	keys   []*keys.Private // the ones in force first
	server *relay.Server
	port   int // of the relay
	client *relay.Client

	asides     atomic.Bool // whether letters may have been put aside
	asiding    sync.Mutex
	asideSince map[string]time.Time
	wake       chan struct{}             // there is something to send
	look       atomic.Bool               // it may stand in the database, and not be handed over alone
	owing      sync.Mutex                // of what follows
	owed       []store.Receipt           // what was handed over to be told, and stands in the database as well
	told       map[store.ReceiptKey]bool // what the relay has, until it is forgotten with what is written next; it is told once more after a crash
	due        chan struct{}             // there is something for the clock
	asked      chan struct{}             // there is something to do for private checks
	counted    counters
	openings   *vault.Openings // of the vault

	drawn pictures

	lately struct {
		sync.Mutex
		reports
	}
}

// Errors, for those who must decide.
var (
	ErrNotAllowed = errors.New("this is not allowed")
	ErrPerson     = errors.New("this person does not work with this node")
	ErrInUse      = errors.New("the node is running already: talk to it, or stop it first")
	ErrNoMember   = errors.New("this node has not been admitted yet: send the answer to the secretariat and read the code aloud; then start the node, and the register comes by itself")
)

// Open opens the node in a folder.
func Open(ctx context.Context, dir string, o Options) (n *Node, err error) {
	n = &Node{dir: dir, now: o.Now, log: o.Log, every: o.Every, ready: o.Ready, wake: make(chan struct{}, 1), due: make(chan struct{}, 1), asked: make(chan struct{}, 1), asideSince: map[string]time.Time{}, told: map[store.ReceiptKey]bool{}, pass: o.Passphrase, openings: vault.NewOpenings(newID)}
	if n.now == nil {
		n.now = time.Now
	}
	if n.log == nil {
		n.log = slog.New(slog.DiscardHandler)
	}
	if n.every == 0 {
		n.every = 10 * time.Second
	}
	n.unheard.Store(true) // a node that ended may have left something
	if n.config, err = ReadConfig(dir); err != nil {
		return nil, err
	}
	n.lock = flock.New(filepath.Join(dir, "lock"))
	if ok, err := n.lock.TryLock(); err != nil || !ok {
		return nil, errors.Join(ErrInUse, err)
	}
	opened := n // a return of nil must not hide it
	defer func() {
		if err != nil {
			_ = opened.Close() // the error that led here is the one to tell
		}
	}()
	for _, what := range []string{"trace-*", "receive-*"} { // of work that a kill ended
		left, err := filepath.Glob(filepath.Join(dir, what))
		if err != nil {
			return nil, err
		}
		for _, path := range left {
			if err := os.RemoveAll(path); err != nil {
				return nil, fmt.Errorf("clear away what was begun: %w", err)
			}
		}
	}
	if n.sealed, err = o.Passphrase.read(dir); err != nil {
		return nil, err
	}
	for _, text := range n.sealed.Keys {
		k := &keys.Private{}
		if err := k.UnmarshalText([]byte(text)); err != nil {
			return nil, fmt.Errorf("read the keys: %w", err)
		}
		n.keys = append(n.keys, k)
	}
	n.rules = notice.Builtin()
	if n.config.Notices.Rules != "" {
		text, err := os.ReadFile(n.path(n.config.Notices.Rules))
		if err != nil {
			return nil, fmt.Errorf("read the rules of notices: %w", err)
		}
		if n.rules, err = notice.ParseRules(text); err != nil {
			return nil, err
		}
	}
	if n.store, err = store.Open(ctx, n.dsn()); err != nil {
		return nil, err
	}
	if err := n.countAsides(ctx); err != nil {
		return nil, err
	}
	if n.lists, err = match.Open(n.path("index/lists"), true, n.now); err != nil {
		return nil, err
	}
	if n.own, err = match.Open(n.path("index/own"), true, n.now); err != nil {
		return nil, err
	}
	if n.register, err = register.Open(ctx, n.path("register")); err != nil {
		return nil, err
	}
	secret, err := hex.DecodeString(n.sealed.Secret)
	if err != nil {
		return nil, fmt.Errorf("read the keys: %w", err)
	}
	signer, err := n.keys[0].NoteSigner(n.config.Member)
	if err != nil {
		return nil, err
	}
	n.audit, err = audit.Open(n.path("audit"), audit.Options{Member: n.config.Member, Signer: signer, Secret: secret, Now: n.now})
	if err != nil {
		return nil, err
	}
	return n, nil
}

// path is a file in the data folder, unless it says where it is itself.
func (n *Node) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(n.dir, name)
}

func (n *Node) dsn() string {
	if n.config.Database == "" {
		return n.path("tarir.db")
	}
	return n.config.Database
}

// Close closes a node; Run must have ended.
func (n *Node) Close() error {
	var errs []error
	n.drawn.close()
	if n.audit != nil {
		errs = append(errs, n.audit.Close())
	}
	if n.register != nil {
		errs = append(errs, n.register.Close())
	}
	if n.store != nil {
		errs = append(errs, n.store.Close())
	}
	errs = append(errs, n.lock.Unlock())
	return errors.Join(errs...)
}

// Member is whose node it is.
func (n *Node) Member() string { return n.config.Member }

// Config is the node's configuration, to be read only.
func (n *Node) Config() *Config { return n.config }

// Secretariat says whether the node is the secretariat's.
func (n *Node) Secretariat() bool {
	is := false
	n.register.Look(func(s *register.State) { is = s.Issuer() != nil && s.Issuer().ID == n.config.Member })
	return is
}

// Run keeps the node at work until ctx ends: the relay where it is the secretariat's, the line to it, what is sent, what comes, and
// the clock. It returns when all of that has ended.
func (n *Node) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	if n.Secretariat() && (n.config.Relay.Listen != "" || n.config.Relay.Cluster != "") {
		if err := n.startRelay(ctx); err != nil {
			return err
		}
		defer n.stopRelay()
		g.Go(func() error { return n.keepRelay(ctx) })
	}
	if n.ready != nil {
		n.ready()
	}
	g.Go(func() error { return n.line(ctx) })
	g.Go(func() error { return n.clock(ctx) })
	g.Go(func() error { return n.privately(ctx) })
	err := g.Wait()
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// line keeps the line to the relay: it dials until it stands, then sends and receives.
func (n *Node) line(ctx context.Context) error {
	tried := false
	for {
		url, err := n.relayURL()
		var client *relay.Client
		if err == nil {
			client, err = n.dial(url)
		}
		if err != nil {
			if !tried {
				n.log.Warn("no line to the exchange; it is tried again until there is one", "error", err.Error())
			}
			tried = true
			if !pause(ctx, time.Second) {
				return ctx.Err()
			}
			continue
		}
		n.log.Info("the line to the exchange stands")
		tried = false
		err = n.talk(ctx, client)
		client.Close()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		n.log.Warn("the line to the exchange is made anew", "error", fmt.Sprint(err))
	}
}

var errRedial = errors.New("the keys have changed")

func (n *Node) talk(ctx context.Context, client *relay.Client) error {
	used := n.ownKeys()[0]
	n.mu.Lock()
	n.client = client
	n.mu.Unlock()
	defer func() {
		n.mu.Lock()
		n.client = nil
		n.mu.Unlock()
	}()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return n.sendAll(ctx, client) })
	g.Go(func() error { return n.receiveAll(ctx, client) })
	g.Go(func() error {
		// Once the register has the new keys, the relay knows the old ones no more; the register itself comes over the new line.
		for pause(ctx, 200*time.Millisecond) {
			if n.ownKeys()[0] != used || !client.Connected() && n.nextKeys() != nil {
				return errRedial
			}
		}
		return ctx.Err()
	})
	return g.Wait()
}

// ownKeys are the node's keys, the ones in force first.
func (n *Node) ownKeys() []*keys.Private {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.keys)
}

// openingKeys are all with which something sealed to this member may open: also the next ones, since who seals may know of them first.
func (n *Node) openingKeys() []*keys.Private {
	out := n.ownKeys()
	if next := n.nextKeys(); next != nil {
		out = append(out, next)
	}
	return out
}

// dial dials with the keys in force, or with the next ones where the relay knows those alone.
func (n *Node) dial(url string) (*relay.Client, error) {
	client, err := n.dialWith(url, n.ownKeys()[0])
	if next := n.nextKeys(); err != nil && next != nil {
		if client, err = n.dialWith(url, next); err == nil {
			n.putInForce(next) // the relay knows them from the register, and so will everybody
		}
	}
	return client, err
}

func (n *Node) dialWith(url string, own *keys.Private) (*relay.Client, error) {
	o := relay.DialOptions{
		URL: url, Member: n.config.Member, Keys: own,
		Lost: func(err error) { n.log.Warn("the line to the exchange broke", "error", err.Error()) },
		Back: func() { n.log.Info("the line to the exchange stands again"); n.stir() },
	}
	var err error
	if o.TLS, err = n.relayTLS(); err != nil {
		return nil, err
	}
	return relay.Dial(o)
}

// relayTLS is what a line to the relay trusts; nil: what the system does.
func (n *Node) relayTLS() (*tls.Config, error) {
	if n.config.Relay.CA == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(n.path(n.config.Relay.CA))
	if err != nil {
		return nil, fmt.Errorf("read the certificate of the relay: %w", err)
	}
	c := &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS13}
	if !c.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%w: relay.ca: there is no certificate in %s", ErrConfig, n.config.Relay.CA)
	}
	return c, nil
}

func (n *Node) relayURL() (string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.server != nil {
		return n.server.URL(), nil
	}
	if n.config.Relay.URL == "" {
		return "", fmt.Errorf("%w: relay.url is missing: the secretariat tells it", ErrConfig)
	}
	return n.config.Relay.URL, nil
}

// RelayURL is where the relay of this node is dialled; empty where it runs none.
func (n *Node) RelayURL() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.server == nil {
		return ""
	}
	return n.server.URL()
}

// stir wakes who sends.
func (n *Node) stir() {
	n.look.Store(true)
	n.rouse()
}

// rouse wakes who sends, for receipts that were handed over.
func (n *Node) rouse() {
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// hurryAsides lets the clock judge again what was put aside, where there is any.
func (n *Node) hurryAsides() {
	if n.asides.Load() {
		n.hurry()
	}
}

// hurry wakes the clock.
func (n *Node) hurry() {
	select {
	case n.due <- struct{}{}:
	default:
	}
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Who is who acts, and why. It comes with every use case.
type Who struct {
	Person     string           `json:"person"`
	Second     string           `json:"second,omitempty"`
	Purpose    handling.Purpose `json:"purpose,omitempty"`
	LegalBasis string           `json:"legal_basis,omitempty"`
	Case       string           `json:"case,omitempty"`
	Reason     string           `json:"reason,omitempty"`
	Danger     bool             `json:"danger,omitempty"` // to life
}

// allow says whether a person of this node may do something of a kind.
func (n *Node) allow(w Who, right string) error {
	p := n.config.person(w.Person)
	if p == nil {
		return fmt.Errorf("%w: %q; its administrator adds people in config.toml", ErrPerson, w.Person)
	}
	if w.Second != "" && (n.config.person(w.Second) == nil || w.Second == w.Person) {
		return fmt.Errorf("%w: the second person must be another one who works here", ErrPerson)
	}
	if !p.may(right) {
		return fmt.Errorf("%w: %s may not %s here; its administrator can change that in config.toml", ErrNotAllowed, w.Person, right)
	}
	return nil
}

// May says whether a person has a right, for what a page offers; each use case asks for itself.
func (n *Node) May(person, right string) bool {
	p := n.config.person(person)
	return p != nil && p.may(right)
}

// record writes what is about to be done into the audit log.
func (n *Node) record(w Who, action audit.Action, kind, id, other, result string, reasons ...string) error {
	_, err := n.audit.Record(n.entry(w, action, kind, id, other, result, reasons...))
	return err
}

func (n *Node) entry(w Who, action audit.Action, kind, id, other, result string, reasons ...string) audit.Entry {
	e := audit.Entry{
		Person: w.Person, Member: n.config.Member, Action: action, Purpose: string(w.Purpose), LegalBasis: w.LegalBasis, Case: w.Case,
		Kind: kind, Other: other, Result: result, Reasons: reasons,
	}
	if id != "" {
		e.Mark = n.audit.Mark(kind + "/" + id)
	}
	return e
}

// decide asks the rules of handling, and accounts for what they say.
func (n *Node) decide(w Who, act handling.Act, l *handling.Label, to *register.Member, confirmed bool, kind, id string) error {
	e, no, err := n.decision(w, act, l, to, confirmed, kind, id)
	if err != nil {
		return err
	}
	if _, err := n.audit.Record(e); err != nil {
		return err
	}
	return no
}

// decideSending asks the rules of handling of each recipient of a letter until one says no, and accounts for all they said at once: each record of
// the log by itself costs a sync of the disk.
func (n *Node) decideSending(w Who, l *handling.Label, to []*register.Member, kind, id string) error {
	var entries []audit.Entry
	var refused error
	for _, m := range to {
		e, no, err := n.decision(w, handling.Send, l, m, false, kind, id)
		if err != nil {
			return err
		}
		if entries = append(entries, e); no != nil {
			refused = fmt.Errorf("to %s: %w", m.ID, no)
			break
		}
	}
	if _, err := n.audit.Record(entries...); err != nil {
		return err
	}
	return refused
}

// decision is what the rules of handling say: its entry in the log, and no where they do not allow it.
func (n *Node) decision(w Who, act handling.Act, l *handling.Label, to *register.Member, confirmed bool, kind, id string) (e audit.Entry, no, err error) {
	me, err := n.me()
	if err != nil {
		return e, nil, err
	}
	r := handling.Request{
		Act: act, By: me.Party(), Person: w.Person, Second: w.Second, Purpose: w.Purpose, LegalBasis: w.LegalBasis, Reason: w.Reason, Danger: w.Danger, Confirmed: confirmed,
	}
	if p := n.config.person(w.Person); p != nil {
		r.Groups = p.Groups
	}
	other := ""
	if to != nil {
		r.To, other = to.Party(), to.ID
	}
	d := handling.Decide(l, r, n.now())
	result := "refused"
	if d.Exception {
		result = "exception"
	} else if d.Allowed {
		result = "allowed"
	}
	codes := make([]string, len(d.Reasons))
	for i, why := range d.Reasons {
		codes[i] = why.Code
	}
	action := audit.Decision
	if act == handling.Open && d.Allowed {
		action = audit.Access
	}
	if !d.Allowed {
		no = &Refused{d.Reasons}
	}
	return n.entry(w, action, kind, id, other, result, codes...), no, nil
}

// Refused is the error of what the rules of handling do not allow, with all reasons.
type Refused struct{ Reasons []handling.Why }

func (r *Refused) Error() string {
	s := ErrNotAllowed.Error() + ":"
	for _, why := range r.Reasons {
		s += " " + why.Text
	}
	return s
}

func (r *Refused) Unwrap() error { return ErrNotAllowed }

// me is this member as the register tells it.
func (n *Node) me() (m *register.Member, err error) {
	m, err = n.member(n.config.Member)
	if err != nil {
		return nil, ErrNoMember
	}
	return m, nil
}

// member is a copy of a member.
func (n *Node) member(id string) (out *register.Member, err error) {
	n.register.Look(func(s *register.State) {
		m, e := s.Member(id)
		if err = e; e == nil {
			out = m.Clone()
		}
	})
	return out, err
}

// active are the members in good standing, but for this one.
func (n *Node) active() (out []*register.Member) {
	n.register.Look(func(s *register.State) {
		for _, m := range s.Members() {
			if m.ID != n.config.Member && m.In() {
				out = append(out, m.Clone())
			}
		}
	})
	return out
}

// has says whether a member has a right now.
func (n *Node) has(id string, r register.Right) bool {
	m, err := n.member(id)
	return err == nil && m.In() && slices.Contains(m.Rights, r)
}

// secretariat is the id of the secretariat; empty before the register came.
func (n *Node) secretariat() (id string) {
	n.register.Look(func(s *register.State) {
		if s.Issuer() != nil {
			id = s.Issuer().ID
		}
	})
	return id
}

// newID makes the id of a record.
func newID() (string, error) { return envelope.NewID(rand.Reader) }

// grave is the mark under which a deleted record of a sender is remembered: keyed, as the ids of others are not to be told from it. Who
// did not send a record cannot bury it.
func (n *Node) grave(sender, kind, id string) string {
	h := hmac.New(sha256.New, []byte(n.sealed.Secret))
	h.Write([]byte("grave\x00" + sender + "\x00" + kind + "\x00" + id))
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// body decodes the body of an item.
func body[T any](i *store.Item) (*T, error) {
	var v T
	if err := jsonv1.Unmarshal(i.Body, &v); err != nil {
		return nil, fmt.Errorf("read a record of kind %s: %w", i.Kind, err)
	}
	return &v, nil
}

// mustJSON writes what the package reads again, as encoding/json does, in half the time.
func mustJSON(v any) json.RawMessage {
	b, err := jsonv1.Marshal(v)
	if err != nil {
		panic(err) // of plain values
	}
	return b
}

func labelOf(i *store.Item) *handling.Label {
	var l handling.Label
	if jsonv1.Unmarshal(i.Label, &l) != nil {
		return nil // which allows nothing
	}
	return &l
}

// TempFile is a file of the node for what is being received; whoever asks for it removes it.
func (n *Node) TempFile() (*os.File, error) {
	f, err := os.CreateTemp(n.dir, "receive-")
	if err != nil {
		return nil, fmt.Errorf("make room for a file: %w", err)
	}
	return f, nil
}

// TempDir is a folder of the node for what is being worked on; whoever asks for it removes it.
func (n *Node) TempDir() (string, error) {
	dir, err := os.MkdirTemp(n.dir, "receive-")
	if err != nil {
		return "", fmt.Errorf("make room for files: %w", err)
	}
	return dir, nil
}

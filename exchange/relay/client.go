package relay

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"

	"tarir/exchange/keys"
)

const (
	inFlight = 256              // letters that are on their way to a member at once
	tidy     = 10 * time.Second // after which the relay is told what was taken
)

// Cursor is how far a member has taken its letters. It is the member's to keep, in the same transaction as the effect of a letter.
// The empty one is the beginning.
type Cursor struct {
	Epoch string `json:"epoch"`
	Seq   uint64 `json:"seq"`
}

var (
	// ErrFull says that the recipient's box takes no more of this sender for now: try again later.
	ErrFull = errors.New("the recipient's box is full: it has been away, or is slow; try again later")
	// ErrTooLarge is a letter of more than 1 MiB.
	ErrTooLarge = errors.New("the letter is larger than 1 MiB: send what is large as an attachment")
)

// Letter is a sealed envelope on its way.
type Letter struct {
	ID      string // the same for the same envelope to the same recipient
	To      string
	From    string    // of a letter received: the token of the sender who logged in
	Arrived time.Time // at the relay
	Sealed  []byte
	// Place is, of a letter received, how far the member has come with it. Of letters that came together the last one's goes beyond them.
	Place Cursor
	// Seq and Part are, of a letter received, the number of its message at the relay, and the letter's own in that: the order of arrival.
	Seq  uint64
	Part int
}

// Client is a member's line to the relay.
type Client struct {
	member, token string
	nc            *nats.Conn
	js            jetstream.JetStream
	broke         chan struct{} // the line broke and stands again
}

// DialOptions of a client.
type DialOptions struct {
	URL    string // nats://, tls://, ws:// or wss://
	Member string
	Keys   *keys.Private
	TLS    *tls.Config
	// Lost and Back are told when the line breaks and when it stands again; nil: nobody.
	Lost func(error)
	Back func()
}

// Dial connects to a relay. The line is kept up from then on, whatever happens to it, until Close.
func Dial(o DialOptions) (*Client, error) {
	relayKey := o.Keys.Relay()
	public, err := nkeys.Encode(nkeys.PrefixByteUser, relayKey.Public().(ed25519.PublicKey))
	if err != nil {
		return nil, fmt.Errorf("dial relay: %w", err)
	}
	c := &Client{member: o.Member, token: Token(o.Member), broke: make(chan struct{}, 1)}
	opts := []nats.Option{
		nats.Name("tarir"), nats.ReconnectBufSize(-1), nats.IgnoreAuthErrorAbort(), nats.CustomInboxPrefix(inbox(c.token)), nats.MaxReconnects(-1), nats.ReconnectWait(time.Second), nats.ReconnectJitter(500*time.Millisecond, time.Second),
		nats.Nkey(string(public), func(nonce []byte) ([]byte, error) { return ed25519.Sign(relayKey, nonce), nil }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			if o.Lost != nil {
				o.Lost(err)
			}
		}),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if o.Lost != nil && err != nil {
				o.Lost(err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) {
			select {
			case c.broke <- struct{}{}:
			default:
			}
			if o.Back != nil {
				o.Back()
			}
		}),
	}
	if o.TLS != nil {
		opts = append(opts, nats.Secure(o.TLS))
	}
	if c.nc, err = nats.Connect(o.URL, opts...); err != nil {
		return nil, fmt.Errorf("dial relay: %w", err)
	}
	if c.js, err = jetstream.New(c.nc, jetstream.WithPublishAsyncMaxPending(256), jetstream.WithPublishAsyncTimeout(time.Minute)); err != nil {
		c.nc.Close()
		return nil, fmt.Errorf("dial relay: %w", err)
	}
	return c, nil
}

// Close hangs up.
func (c *Client) Close() { c.nc.Close() }

// Connected says whether the line stands.
func (c *Client) Connected() bool { return c.nc.IsConnected() }

// Send hands letters to the relay. The errors are by letter, in order: nil means that the relay has it on disk. A letter whose
// fate is unknown (the line broke) is to be sent again, under the same id.
func (c *Client) Send(ctx context.Context, letters ...Letter) []error {
	return c.SendEach(ctx, slices.Values(letters))
}

// SendEach sends letters as they come; they need not be there when it begins. Those to one recipient that follow each other go together.
func (c *Client) SendEach(ctx context.Context, letters iter.Seq[Letter]) []error {
	var out []error
	type sending struct {
		of     []int // the letters
		to     string
		future jetstream.PubAckFuture
	}
	var all []sending
	// Once one could not be handed over, whatever follows waits as well, so that nothing overtakes.
	var broke error
	line := c.nc.Stats().Reconnects
	var parcel []Letter
	var of []int
	size := 0
	hand := func() {
		if len(parcel) == 0 {
			return
		}
		if broke == nil && c.nc.Stats().Reconnects != line {
			broke = errBroke
		}
		s := sending{of: of, to: parcel[0].To}
		if broke == nil {
			s.future, broke = c.js.PublishMsgAsync(c.message(parcel), jetstream.WithMsgID(messageID(parcel)), jetstream.WithStallWait(patience))
		}
		if broke != nil {
			for _, i := range s.of {
				out[i] = fmt.Errorf("send to %s: %w", s.to, broke)
			}
		} else {
			all = append(all, s)
		}
		parcel, of, size = nil, nil, 0
	}
	for l := range letters {
		out = append(out, nil)
		if len(l.Sealed) > maxLetter-1024 {
			out[len(out)-1] = ErrTooLarge
			continue
		}
		if len(parcel) > 0 && (parcel[0].To != l.To || len(parcel) == mostInParcel || size+len(l.Sealed) > maxParcel) {
			hand()
		}
		parcel, of, size = append(parcel, l), append(of, len(out)-1), size+len(l.Sealed)
	}
	hand()
	for _, s := range all {
		var err error
		select {
		case <-s.future.Ok():
			continue
		case err = <-s.future.Err():
			var api *jetstream.APIError
			if errors.As(err, &api) && api.ErrorCode == storeFailed {
				err = ErrFull
			}
		case <-ctx.Done():
			err = ctx.Err()
		}
		for _, i := range s.of {
			out[i] = fmt.Errorf("send to %s: %w", s.to, err)
		}
	}
	return out
}

// storeFailed is the server's code for a limit of a stream that was reached.
const storeFailed = 10077

// Refused is what a handler returns for a letter that will never be any good: it goes to the dead letters under a code.
type Refused struct{ Code string }

func (r *Refused) Error() string { return "refused: " + r.Code }

// Handler takes letters. When One returns nil, the effect of the letter and its place must be on disk: whoever goes on from the last
// place that was kept gets what is behind it. Letters that came together come together again until the last of them was taken, and
// one may come again when it was sent again: each is known by its id. After a *Refused it becomes a dead letter, and its place is to be kept all the same. After
// any other error it is tried again after a while, and everything behind it waits.
type Handler struct {
	One func(context.Context, Letter) error
	// Many may take some of the letters that have come, from the first on, with the same promise, and says how many it took: One gets
	// the next. nil: One gets all.
	Many func(context.Context, []Letter) int
	// Failed is told of each try that failed; nil: nobody.
	Failed func(error)
}

// most is how many letters Many gets at once.
const most = 64

// Receive gives the member's letters behind a place to a handler, in the order in which the relay took them, until ctx ends.
func (c *Client) Receive(ctx context.Context, from Cursor, h Handler) error {
	if h.Failed == nil {
		h.Failed = func(error) {}
	}
	if h.Many == nil {
		h.Many = func(context.Context, []Letter) int { return 0 }
	}
	told := from
	tell := func(ctx context.Context) {
		if from != told {
			if _, err := c.ask(ctx, "taken.", from); err != nil {
				h.Failed(err) // it is told with the next one
				return
			}
			told = from
		}
	}
	for {
		err := c.session(ctx, &from, h, tell)
		if ctx.Err() != nil {
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			tell(last)
			return ctx.Err()
		}
		h.Failed(err)
		if !pause(ctx, time.Second) {
			return ctx.Err()
		}
	}
}

// ask says how far this member is, and hears of which epoch the relay is.
func (c *Client) ask(ctx context.Context, what string, at Cursor) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	b, err := json.Marshal(at)
	if err != nil {
		return "", err
	}
	m, err := c.nc.RequestWithContext(ctx, what+c.token, b)
	if err != nil {
		return "", fmt.Errorf("ask the relay: %w", err)
	}
	var a answered
	if err := json.Unmarshal(m.Data, &a); err != nil {
		return "", fmt.Errorf("ask the relay: %w", err)
	}
	if a.Error != "" {
		return "", fmt.Errorf("ask the relay: %s", a.Error)
	}
	return a.Epoch, nil
}

var errBroke = errors.New("the line broke, or a letter did not get here")

// session takes letters until something breaks: what was on its way then is asked for again.
func (c *Client) session(ctx context.Context, at *Cursor, h Handler, tell func(context.Context)) error {
	select {
	case <-c.broke: // before this session
	default:
	}
	epoch, err := c.ask(ctx, "hello.", *at)
	if err != nil {
		return err
	}
	if epoch != at.Epoch {
		*at = Cursor{Epoch: epoch} // the relay was made anew: what it holds is all new, or known by its id
	}
	consumer, err := c.js.Consumer(ctx, boxesOf(c.token), c.token)
	if err != nil {
		return fmt.Errorf("receive: %w", err)
	}
	messages, err := consumer.Messages(jetstream.PullMaxMessages(inFlight), jetstream.PullExpiry(5*time.Second))
	if err != nil {
		return fmt.Errorf("receive: %w", err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel(nil)
	wg.Go(func() {
		defer messages.Stop()
		select {
		case <-c.broke:
			cancel(errBroke)
		case <-ctx.Done():
		}
	})
	came := make(chan Letter, inFlight)
	before := *at
	wg.Go(func() { cancel(c.read(ctx, consumer, messages, before, came)) })
	last := time.Now()
	for {
		var letters []Letter
		select {
		case l := <-came:
			letters = append(letters, l)
		case <-time.After(tidy):
			tell(ctx)
			continue
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		for more := true; more && len(letters) < most; {
			select {
			case l := <-came:
				letters = append(letters, l)
			default:
				more = false
			}
		}
		if len(letters) > 1 {
			if k := h.Many(ctx, letters); k > 0 {
				*at = letters[k-1].Place
				letters = letters[k:]
			}
		}
		for _, l := range letters {
			if err := c.one(ctx, l, h.One, h.Failed); err != nil {
				return err
			}
			*at = l.Place
		}
		if time.Since(last) > tidy {
			tell(ctx)
			last = time.Now()
		}
	}
}

// read gives what comes, and ends when one is missing.
// before is the place before them all.
func (c *Client) read(ctx context.Context, consumer jetstream.Consumer, messages jetstream.MessagesContext, before Cursor, came chan<- Letter) error {
	epoch := before.Epoch
	for n := uint64(1); ; {
		m, err := messages.Next(jetstream.NextMaxWait(tidy))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, nats.ErrTimeout) || errors.Is(err, context.DeadlineExceeded) {
			// Nothing came: either there is nothing, or what it comes from was lost with a server.
			asked, cancel := context.WithTimeout(ctx, patience)
			_, err := consumer.Info(asked)
			cancel()
			if err != nil {
				return fmt.Errorf("receive: %w", err)
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("receive: %w", err)
		}
		meta, err := m.Metadata()
		if err != nil {
			return fmt.Errorf("receive: %w", err)
		}
		if meta.Sequence.Consumer != n {
			return errBroke
		}
		n++
		ids, sealed := unpack(m.Data(), m.Headers()[letterHeader])
		for i, text := range sealed {
			l := Letter{To: c.member, From: sender(m.Subject()), Arrived: meta.Timestamp, Sealed: text, Place: before, Seq: meta.Sequence.Stream, Part: i}
			if i == len(sealed)-1 { // with the one before it, the others would be lost
				before = Cursor{epoch, meta.Sequence.Stream}
				l.Place = before
			}
			if ids != nil {
				l.ID = ids[i]
			} else if l.ID = m.Headers().Get(nats.MsgIdHdr); len(l.ID) > len(c.token) {
				l.ID = l.ID[len(c.token):]
			}
			select {
			case came <- l:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
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

// one handles a letter until it is done with.
func (c *Client) one(ctx context.Context, l Letter, handle func(context.Context, Letter) error, failed func(error)) error {
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, patience) {
		err := handle(ctx, l)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if refused := (*Refused)(nil); errors.As(err, &refused) {
			if err = c.Bury(ctx, l, refused.Code); err == nil {
				return nil
			}
		}
		failed(err)
		if !pause(ctx, wait) {
			return context.Cause(ctx)
		}
	}
}

// Bury tells the administrator of the relay that a letter was refused.
func (c *Client) Bury(ctx context.Context, l Letter, code string) error {
	b, err := json.Marshal(DeadLetter{To: c.member, From: l.From, ID: l.ID, Reason: code})
	if err != nil {
		return err
	}
	if _, err := c.js.Publish(ctx, "dead."+c.token, b, jetstream.WithMsgID("dead"+c.token+l.ID)); err != nil {
		return fmt.Errorf("tell of a dead letter: %w", err)
	}
	return nil
}

// sender is the last part of a subject: the relay sees to it that it is who logged in.
func sender(subject string) string {
	for i := len(subject) - 1; i >= 0; i-- {
		if subject[i] == '.' {
			return subject[i+1:]
		}
	}
	return subject
}

// Is says whether a letter came from a member.
func (l *Letter) Is(member string) bool { return l.From == Token(member) }

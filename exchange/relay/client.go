package relay

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"
	"golang.org/x/sync/errgroup"

	"tarir/exchange/keys"
)

const (
	ackWait = 10 * time.Second // after which a letter is delivered again
	// lanes are the boxes of a member: each sender has its letters in one of them. From each box one letter at a time is on its way.
	// With more than one, those that a member had fetched when it died would come after newer ones, and the order of a sender were
	// lost. It costs a round trip for each letter of a lane.
	lanes    = 4
	inFlight = 1
)

// lane is the box of a recipient in which the letters of a sender wait.
func lane(senderToken string) int { return int(senderToken[0]) % lanes }

// box names a consumer.
func box(recipientToken string, lane int) string { return fmt.Sprint(recipientToken, "-", lane) }

func subject(recipientToken, senderToken string) string {
	return fmt.Sprint("in.", recipientToken, ".", lane(senderToken), ".", senderToken)
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
}

// Client is a member's line to the relay.
type Client struct {
	member, token string
	nc            *nats.Conn
	js            jetstream.JetStream
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
	c := &Client{member: o.Member, token: token(o.Member)}
	opts := []nats.Option{
		nats.Name("tarir"), nats.CustomInboxPrefix(inbox(c.token)), nats.MaxReconnects(-1), nats.ReconnectWait(time.Second), nats.ReconnectJitter(500*time.Millisecond, time.Second),
		nats.Nkey(string(public), func(nonce []byte) ([]byte, error) { return ed25519.Sign(relayKey, nonce), nil }),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if o.Lost != nil && err != nil {
				o.Lost(err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) {
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
	if c.js, err = jetstream.New(c.nc, jetstream.WithPublishAsyncMaxPending(256)); err != nil {
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
	out := make([]error, len(letters))
	futures := make([]jetstream.PubAckFuture, len(letters))
	for i, l := range letters {
		if len(l.Sealed) > maxLetter-1024 {
			out[i] = ErrTooLarge
			continue
		}
		msg := &nats.Msg{Subject: subject(token(l.To), c.token), Data: l.Sealed, Header: nats.Header{}}
		f, err := c.js.PublishMsgAsync(msg, jetstream.WithMsgID(token(l.To)+l.ID))
		if err != nil {
			out[i] = fmt.Errorf("send to %s: %w", l.To, err)
			continue
		}
		futures[i] = f
	}
	for i, f := range futures {
		if f == nil {
			continue
		}
		select {
		case <-f.Ok():
		case err := <-f.Err():
			var api *jetstream.APIError
			if errors.As(err, &api) && api.ErrorCode == storeFailed {
				err = ErrFull
			}
			out[i] = fmt.Errorf("send to %s: %w", letters[i].To, err)
		case <-ctx.Done():
			out[i] = fmt.Errorf("send to %s: %w", letters[i].To, ctx.Err())
		}
	}
	return out
}

// storeFailed is the server's code for a limit of a stream that was reached.
const storeFailed = 10077

// Refused is what a handler returns for a letter that will never be any good: it goes to the dead letters under a code.
type Refused struct{ Code string }

func (r *Refused) Error() string { return "refused: " + r.Code }

// Receive gives the member's letters to handle until ctx ends: those of one sender one after the other, those of others at the same
// time. When handle returns nil the letter is gone for good, so its effect must be on disk by then; it may come again, under the same
// id, if the line broke at that moment. After a *Refused it becomes a dead letter. After any other error it is tried again after a
// while, and everything behind it waits: the order of a sender is kept. failed is told of each such try; nil: nobody.
func (c *Client) Receive(ctx context.Context, handle func(context.Context, Letter) error, failed func(error)) error {
	if failed == nil {
		failed = func(error) {}
	}
	eg, ctx := errgroup.WithContext(ctx)
	for l := range lanes {
		eg.Go(func() error { return c.lane(ctx, box(c.token, l), handle, failed) })
	}
	return eg.Wait()
}

func (c *Client) lane(ctx context.Context, box string, handle func(context.Context, Letter) error, failed func(error)) error {
	consumer, err := c.js.Consumer(ctx, boxes, box)
	if err != nil {
		return fmt.Errorf("receive: %w", err)
	}
	messages, err := consumer.Messages(jetstream.PullMaxMessages(inFlight), jetstream.PullExpiry(20*time.Second))
	if err != nil {
		return fmt.Errorf("receive: %w", err)
	}
	stop := context.AfterFunc(ctx, messages.Drain)
	defer stop()
	defer messages.Stop()
	for {
		m, err := messages.Next()
		if ctx.Err() != nil {
			for ; err == nil; m, err = messages.Next() {
				_ = m.Nak() // it comes again at once; without this, after a while
			}
			return ctx.Err()
		}
		if errors.Is(err, jetstream.ErrMsgIteratorClosed) {
			return fmt.Errorf("receive: %w", err)
		}
		if err != nil {
			failed(err)
			if !pause(ctx, time.Second) {
				return ctx.Err()
			}
			continue
		}
		if err := c.one(ctx, m, handle, failed); err != nil {
			return err
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
func (c *Client) one(ctx context.Context, m jetstream.Msg, handle func(context.Context, Letter) error, failed func(error)) error {
	meta, err := m.Metadata()
	if err != nil {
		return fmt.Errorf("receive: %w", err)
	}
	l := Letter{ID: m.Headers().Get(nats.MsgIdHdr), To: c.member, From: sender(m.Subject()), Arrived: meta.Timestamp, Sealed: m.Data()}
	if n := len(c.token); len(l.ID) > n {
		l.ID = l.ID[n:]
	}
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, ackWait/3) {
		err := busy(m, func() error { return handle(ctx, l) })
		if ctx.Err() != nil && err != nil {
			_ = m.Nak()
			return ctx.Err()
		}
		var refused *Refused
		switch {
		case err == nil:
			if err := m.Ack(); err != nil {
				failed(err) // if it does not get there the letter comes again, and has no effect then
			}
			return nil
		case errors.As(err, &refused):
			if err = c.bury(ctx, l, refused.Code); err == nil {
				return m.Term()
			}
		}
		failed(err)
		_ = m.InProgress() // if it does not get there the letter comes again
		if !pause(ctx, wait) {
			_ = m.Nak()
			return ctx.Err()
		}
	}
}

// busy tells the relay that a letter is being worked on for as long as it is.
func busy(m jetstream.Msg, work func() error) error {
	done, beat := make(chan struct{}), time.NewTicker(ackWait/3)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-beat.C:
				_ = m.InProgress() // if it does not get there the letter comes again
			case <-done:
				return
			}
		}
	})
	defer wg.Wait()
	defer close(done)
	defer beat.Stop()
	return work()
}

// bury tells the administrator of the relay that a letter was refused.
func (c *Client) bury(ctx context.Context, l Letter, code string) error {
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
func (l *Letter) Is(member string) bool { return l.From == token(member) }

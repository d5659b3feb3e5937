package relay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	partSize = 128 << 10
	ahead    = 16 // parts that are on their way at once
)

// ErrNoFile says that the relay does not have an attachment: it is kept for as long as letters are.
var ErrNoFile = errors.New("the relay does not have this attachment: ask its sender for it")

// Put hands a sealed attachment to the relay, part by part, under the sum of its sealed bytes. The relay has it on disk when Put
// returns nil. It may be put again: what is there stays.
func (c *Client) Put(ctx context.Context, sum string, r io.Reader) error {
	type sending struct {
		part   []byte // the line keeps it until it is acknowledged
		future jetstream.PubAckFuture
	}
	var pending []sending
	var free [][]byte
	wait := func(most int) error {
		for len(pending) > most {
			select {
			case <-pending[0].future.Ok():
			case err := <-pending[0].future.Err():
				var api *jetstream.APIError
				switch {
				case errors.As(err, &api) && api.ErrorCode == storeFailed && strings.Contains(api.Description, "per subject"): // it is there already
				case errors.As(err, &api) && api.ErrorCode == storeFailed: // no room
					return fmt.Errorf("put attachment: %w", ErrFull)
				default:
					return fmt.Errorf("put attachment: %w", err)
				}
			case <-ctx.Done():
				return ctx.Err()
			}
			free = append(free, pending[0].part)
			pending = pending[1:]
		}
		return nil
	}
	for n := 0; ; n++ {
		var b []byte
		if k := len(free); k > 0 {
			b, free = free[k-1], free[:k-1]
		} else {
			b = make([]byte, partSize)
		}
		k, err := io.ReadFull(r, b)
		last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			return fmt.Errorf("put attachment: %w", err)
		}
		f, err := c.js.PublishMsgAsync(&nats.Msg{Subject: fileSubject(c.token, sum, n), Data: b[:k]})
		if err != nil {
			return fmt.Errorf("put attachment: %w", err)
		}
		pending = append(pending, sending{b, f})
		if last {
			return wait(0) // the last part is shorter than the others, and may be empty
		}
		if err := wait(ahead); err != nil {
			return err
		}
	}
}

// Get fetches an attachment that a member put. What was written is to be checked against its sum by whoever opens it.
func (c *Client) Get(ctx context.Context, from, sum string, w io.Writer) error {
	for n := 0; ; n++ {
		b, err := json.Marshal(piece{Token(from), sum, n})
		if err != nil {
			return err
		}
		asked, cancel := context.WithTimeout(ctx, patience)
		m, err := c.nc.RequestWithContext(asked, "fetch."+c.token, b)
		cancel()
		if err != nil {
			return fmt.Errorf("get attachment: %w", err)
		}
		if e := m.Header.Get("Error"); e != "" {
			return fmt.Errorf("%w (part %d: %s)", ErrNoFile, n, e)
		}
		if _, err := io.Copy(w, bytes.NewReader(m.Data)); err != nil {
			return fmt.Errorf("get attachment: %w", err)
		}
		if len(m.Data) < partSize {
			return nil
		}
	}
}

package node

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"tarir/exchange/register"
	"tarir/exchange/relay"
)

// startRelay starts the relay of the secretariat's node, or makes NATS servers that run already one.
func (n *Node) startRelay(ctx context.Context) error {
	start := n.embedRelay
	if n.config.Relay.Cluster != "" {
		start = n.attachRelay
	}
	s, err := start(ctx)
	if err != nil {
		return err
	}
	n.mu.Lock()
	n.server, n.port = s, s.Port()
	n.mu.Unlock()
	n.log.Info("the relay is ready", "url", s.URL())
	return n.setMembers(ctx) // once more: the register may have grown since it was asked for them
}

func (n *Node) embedRelay(ctx context.Context) (*relay.Server, error) {
	c := n.config.Relay
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return nil, fmt.Errorf("%w: relay.listen: %w", ErrConfig, err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, fmt.Errorf("%w: relay.listen: the port is a number", ErrConfig)
	}
	n.mu.Lock()
	if number == 0 {
		number = cmp.Or(n.port, -1) // any that is free, and the same again
	}
	n.mu.Unlock()
	o := relay.ServerOptions{Dir: n.path("relay"), Host: host, Port: number, Websocket: c.WS, SyncAlways: c.Sync, BoxLetters: c.Box, MaxBytes: c.Max}
	if c.Cert != "" {
		pair, err := tls.LoadX509KeyPair(n.path(c.Cert), n.path(c.Key))
		if err != nil {
			return nil, fmt.Errorf("read the relay's certificate: %w", err)
		}
		o.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS13}
	}
	return relay.Start(ctx, o, n.relayMembers())
}

func (n *Node) attachRelay(ctx context.Context) (*relay.Server, error) {
	c := n.config.Relay
	b, err := os.ReadFile(n.path(c.Cluster))
	if err != nil {
		return nil, fmt.Errorf("read the keys of the relay: %w", err)
	}
	o := relay.ClusterOptions{URL: c.URL, Replicas: c.Replicas, BoxLetters: c.Box, MaxBytes: c.Max}
	if err := json.Unmarshal(b, &o.Keys); err != nil {
		return nil, fmt.Errorf("%w: relay.cluster_keys: %s does not hold them: tarir relay config writes them", ErrConfig, c.Cluster)
	}
	if o.TLS, err = n.relayTLS(); err != nil {
		return nil, err
	}
	return relay.Attach(ctx, o, n.relayMembers())
}

// keepRelay looks whether the relay takes letters, and starts it anew where it does not: after a disk was full it would take none for
// ever. What it had acknowledged is on disk.
func (n *Node) keepRelay(ctx context.Context) error {
	for pause(ctx, max(n.every, time.Second)) {
		n.mu.Lock()
		s := n.server
		n.mu.Unlock()
		err := errNoRelay
		if s != nil {
			err = s.Check(ctx)
		}
		if err == nil || ctx.Err() != nil {
			continue
		}
		if s != nil && n.config.Relay.Cluster != "" { // its servers are others' to mend, and choose a new leader by themselves
			n.log.Error("the relay takes no letters", "error", err.Error())
			continue
		}
		n.log.Error("the relay takes no letters; it is started anew", "error", err.Error())
		n.stopRelay()
		if err := n.startRelay(ctx); err != nil {
			n.log.Error("the relay cannot be started; it is tried again", "error", err.Error())
		}
	}
	return ctx.Err()
}

var errNoRelay = errors.New("it is not running")

func (n *Node) stopRelay() {
	n.mu.Lock()
	s := n.server
	n.server = nil
	n.mu.Unlock()
	if s != nil {
		s.Stop()
	}
}

// relayMembers are who may use the relay: members in good standing, with their keys in force.
func (n *Node) relayMembers() (out []relay.Member) {
	n.register.Look(func(s *register.State) {
		for _, m := range s.Members() {
			if m.In() {
				out = append(out, relay.Member{ID: m.ID, Keys: m.Last().Public})
			}
		}
	})
	return out
}

func (n *Node) setMembers(ctx context.Context) error {
	n.mu.Lock()
	s := n.server
	n.mu.Unlock()
	if s == nil {
		return nil
	}
	var gone []string
	n.register.Look(func(s *register.State) {
		for _, m := range s.Members() {
			if m.Left {
				gone = append(gone, m.ID)
			}
		}
	})
	return s.SetMembers(ctx, n.relayMembers(), gone...)
}

// Boxes is what the administrator of the relay looks at: how many messages (a letter, or a parcel of them) wait for each member, and what was refused for good.
type Boxes struct {
	Waiting map[string]int     `json:"waiting"`
	Dead    []relay.DeadLetter `json:"dead"`
}

// Boxes gives it.
func (n *Node) Boxes(ctx context.Context, w Who) (*Boxes, error) {
	if err := n.govern(w); err != nil {
		return nil, err
	}
	n.mu.Lock()
	s := n.server
	n.mu.Unlock()
	if s == nil {
		return nil, errors.New("this node does not run the relay, or is not running")
	}
	out := &Boxes{Waiting: map[string]int{}}
	var err error
	for _, m := range n.relayMembers() {
		if out.Waiting[m.ID], err = s.Waiting(ctx, m.ID); err != nil {
			return nil, err
		}
	}
	if out.Dead, err = s.Dead(ctx); err != nil {
		return nil, err
	}
	names := map[string]string{}
	n.register.Look(func(s *register.State) {
		for _, m := range s.Members() {
			names[relay.Token(m.ID)] = m.ID
		}
	})
	for i, d := range out.Dead {
		out.Dead[i].From = cmp.Or(names[d.From], d.From)
	}
	return out, nil
}

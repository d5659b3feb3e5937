package relay

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"text/template"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
)

// ClusterOptions of a relay on NATS servers of their own, which ask this process who may log in (auth callout): their configuration
// names no member. ClusterConfig writes one for them.
type ClusterOptions struct {
	URL      string // of the servers, with commas between them
	Keys     ClusterKeys
	TLS      *tls.Config
	Replicas int // of each letter; 0: 3
	// BoxLetters and MaxBytes are as in ServerOptions.
	BoxLetters, MaxBytes int64
}

// ClusterKeys are the seeds of the relay's keys: Admin logs in to the account of the exchange, System to that of the servers
// themselves, and Issuer signs who may log in.
type ClusterKeys struct {
	Admin  string `json:"admin"`
	System string `json:"system"`
	Issuer string `json:"issuer"`
}

const account = "TARIR"

// cluster is what the relay keeps of such servers.
type cluster struct {
	o      ClusterOptions
	issuer nkeys.KeyPair
	system *nats.Conn

	mu      sync.Mutex
	members map[string]Member // by the public key with which they log in
}

// Attach makes NATS servers that run already the relay. It fails where they cannot be reached, do not know the keys, or have not chosen a
// leader yet.
func Attach(ctx context.Context, o ClusterOptions, members []Member) (s *Server, err error) {
	if o.Replicas == 0 {
		o.Replicas = 3
	}
	c := &cluster{o: o}
	s = &Server{o: ServerOptions{BoxLetters: o.BoxLetters, MaxBytes: o.MaxBytes}, cluster: c}
	attached := s // a return of nil must not hide it
	defer func() {
		if err != nil {
			attached.Stop()
		}
	}()
	if c.issuer, err = nkeys.FromSeed([]byte(o.Keys.Issuer)); err != nil {
		return nil, fmt.Errorf("attach relay: the key of the issuer: %w", err)
	}
	if err := c.know(members); err != nil {
		return nil, err
	}
	if s.nc, err = c.dial(o.Keys.Admin); err != nil {
		return nil, err
	}
	if c.system, err = c.dial(o.Keys.System); err != nil {
		return nil, err
	}
	if _, err := s.nc.Subscribe("$SYS.REQ.USER.AUTH", func(m *nats.Msg) {
		if b, err := c.admit(m.Data); err == nil {
			_ = m.Respond(b) // who logs in tries again
		}
	}); err != nil {
		return nil, fmt.Errorf("attach relay: %w", err)
	}
	return s, s.prepare(ctx, o.Replicas)
}

func (c *cluster) dial(seed string) (*nats.Conn, error) {
	kp, err := nkeys.FromSeed([]byte(seed))
	if err != nil {
		return nil, fmt.Errorf("attach relay: its key: %w", err)
	}
	public, err := kp.PublicKey()
	if err != nil {
		return nil, fmt.Errorf("attach relay: its key: %w", err)
	}
	opts := []nats.Option{nats.Name("tarir relay"), nats.Nkey(public, kp.Sign), nats.MaxReconnects(-1), nats.ReconnectWait(time.Second), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {})}
	if c.o.TLS != nil {
		opts = append(opts, nats.Secure(c.o.TLS))
	}
	nc, err := nats.Connect(c.o.URL, opts...)
	if err != nil {
		return nil, fmt.Errorf("attach relay: %w", err)
	}
	return nc, nil
}

func (c *cluster) close() {
	if c.system != nil {
		c.system.Close()
	}
}

func (c *cluster) know(members []Member) error {
	by := map[string]Member{}
	for _, m := range members {
		public, err := nkeys.Encode(nkeys.PrefixByteUser, m.Keys.Relay)
		if err != nil {
			return fmt.Errorf("relay: the key of %s: %w", m.ID, err)
		}
		by[string(public)] = m
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.members = by
	return nil
}

// admit answers a server that asks whether somebody may log in, who signed the server's nonce with a key.
func (c *cluster) admit(request []byte) ([]byte, error) {
	q, err := jwt.DecodeAuthorizationRequestClaims(string(request))
	if err != nil {
		return nil, err
	}
	out := jwt.NewAuthorizationResponseClaims(q.UserNkey)
	out.Audience = q.Server.ID
	user, err := c.user(q)
	if err != nil {
		out.Error = "this is no member in good standing" // why stays here
	} else if out.Jwt, err = user.Encode(c.issuer); err != nil {
		return nil, err
	}
	b, err := out.Encode(c.issuer)
	return []byte(b), err
}

func (c *cluster) user(q *jwt.AuthorizationRequestClaims) (*jwt.UserClaims, error) {
	key := q.ConnectOptions.Nkey
	c.mu.Lock()
	m, ok := c.members[key]
	c.mu.Unlock()
	if !ok {
		return nil, errors.New("the key is no member's")
	}
	kp, err := nkeys.FromPublicKey(key)
	if err != nil {
		return nil, err
	}
	sig, err := base64.RawURLEncoding.DecodeString(q.ConnectOptions.SignedNonce)
	if err != nil {
		return nil, err
	}
	if q.ClientInformation.Nonce == "" {
		return nil, errors.New("the server gave no nonce")
	}
	if err := kp.Verify([]byte(q.ClientInformation.Nonce), sig); err != nil {
		return nil, err
	}
	u := jwt.NewUserClaims(q.UserNkey)
	u.Name, u.Audience = login+key, account
	says, hears := may(Token(m.ID))
	u.Pub.Allow.Add(says...)
	u.Sub.Allow.Add(hears...)
	return u, nil
}

// login, with the key behind it, is how a member's line stands in the servers' lists.
const login = "member "

// setMembers says who the members are now, and cuts off the lines of all others. It waits 0.3 seconds for servers that do not answer.
func (c *cluster) setMembers(ctx context.Context, members []Member) error {
	if err := c.know(members); err != nil {
		return err
	}
	c.mu.Lock()
	known := maps.Clone(c.members)
	c.mu.Unlock()
	reply := c.system.NewRespInbox()
	answers, err := c.system.SubscribeSync(reply)
	if err != nil {
		return fmt.Errorf("relay: change its members: %w", err)
	}
	defer func() { _ = answers.Unsubscribe() }() // it is over either way
	if err := c.system.PublishRequest("$SYS.REQ.SERVER.PING.CONNZ", reply, []byte(`{"acc":"`+account+`","auth":true,"limit":100000}`)); err != nil {
		return fmt.Errorf("relay: change its members: %w", err)
	}
	for {
		wait, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
		m, err := answers.NextMsgWithContext(wait)
		cancel()
		if err != nil {
			return ctx.Err() // all servers that are there have answered
		}
		var a struct {
			Server struct{ ID string } `json:"server"`
			Data   struct {
				Connections []struct {
					CID  uint64 `json:"cid"`
					User string `json:"authorized_user"`
				} `json:"connections"`
			} `json:"data"`
		}
		if json.Unmarshal(m.Data, &a) != nil {
			continue
		}
		for _, line := range a.Data.Connections {
			key, is := strings.CutPrefix(line.User, login)
			if _, ok := known[key]; !is || ok {
				continue
			}
			asked, cancel := context.WithTimeout(ctx, patience)
			_, err := c.system.RequestWithContext(asked, "$SYS.REQ.SERVER."+a.Server.ID+".KICK", fmt.Appendf(nil, `{"cid":%d}`, line.CID))
			cancel()
			if err != nil {
				return fmt.Errorf("relay: cut off a line: %w", err)
			}
		}
	}
}

// ClusterServer is one server of a cluster.
type ClusterServer struct {
	Name        string
	Listen      string // host:port, for members
	ListenRoute string // host:port, for the other servers
	Dir         string // of its files
}

// NewClusterKeys makes new keys of a relay on servers of their own.
func NewClusterKeys() (k ClusterKeys, err error) {
	for dst, create := range map[*string]func() (nkeys.KeyPair, error){&k.Admin: nkeys.CreateUser, &k.System: nkeys.CreateUser, &k.Issuer: nkeys.CreateAccount} {
		kp, err := create()
		if err != nil {
			return k, err
		}
		seed, err := kp.Seed()
		if err != nil {
			return k, err
		}
		*dst = string(seed)
	}
	return k, nil
}

// ClusterConfig writes the configuration of one of several nats-servers that together are a relay. No secret stands in it.
func ClusterConfig(k ClusterKeys, of ClusterServer, all []ClusterServer) ([]byte, error) {
	public := func(seed string) (string, error) {
		kp, err := nkeys.FromSeed([]byte(seed))
		if err != nil {
			return "", err
		}
		return kp.PublicKey()
	}
	admin, err1 := public(k.Admin)
	system, err2 := public(k.System)
	issuer, err3 := public(k.Issuer)
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, fmt.Errorf("write the relay's configuration: %w", err)
	}
	var b bytes.Buffer
	err := clusterText.Execute(&b, map[string]any{"Of": of, "All": all, "Admin": admin, "System": system, "Issuer": issuer, "Account": account, "MaxPayload": maxLetter})
	return b.Bytes(), err
}

var clusterText = template.Must(template.New("").Parse(`# One of the servers of a Tarir relay. Who may log in is asked of the secretariat's node.
server_name: {{printf "%q" .Of.Name}}
listen: {{printf "%q" .Of.Listen}}
max_payload: {{.MaxPayload}}
# Each member takes its letters by a consumer of its own: there may be more than a thousand.
jetstream { store_dir: {{printf "%q" .Of.Dir}}, limits: { default_max_consumers: -1 } }
cluster {
  name: "tarir"
  listen: {{printf "%q" .Of.ListenRoute}}
  routes: [
{{- range .All}}{{if ne .Name $.Of.Name}}
    "nats-route://{{.ListenRoute}}"{{end}}{{end}}
  ]
}
# Members dial from outside: give the server a certificate.
# tls { cert_file: "relay.crt", key_file: "relay.key" }
accounts {
  {{.Account}} { jetstream: enabled, users: [ { nkey: {{.Admin}} } ] }
  SYS { users: [ { nkey: {{.System}} } ] }
}
system_account: SYS
authorization {
  auth_callout { issuer: {{.Issuer}}, account: {{.Account}}, auth_users: [ {{.Admin}}, {{.System}} ] }
}
`))

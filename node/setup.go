package node

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"

	"tarir/exchange/keys"
	"tarir/exchange/register"
	"tarir/handling"
)

// Passphrase opens the keys at rest. Work is the cost of scrypt as a power of two; 0 is age's own, about a second.
type Passphrase struct {
	Text string
	Work int
}

// Errors of setting up.
var (
	ErrPassphrase = errors.New("the passphrase is not the one of this node's keys")
	ErrExists     = errors.New("there is a node in this folder already")
)

// sealed is what the key file holds, under the passphrase.
type sealed struct {
	Member string       `json:"member"`
	Keys   []string     `json:"keys"`   // the ones in force first
	Secret string       `json:"secret"` // keys marks in the audit log
	Next   string       `json:"next,omitempty"`
	Issuer *keys.Public `json:"issuer,omitempty"` // the secretariat's, from the invitation
}

const keyFile = "keys.age"

func (p Passphrase) write(dir string, s *sealed) error {
	r, err := age.NewScryptRecipient(p.Text)
	if err != nil {
		return fmt.Errorf("seal the keys: %w: give a passphrase", err)
	}
	if p.Work > 0 {
		r.SetWorkFactor(p.Work)
	}
	var b bytes.Buffer
	w, err := age.Encrypt(&b, r)
	if err != nil {
		return fmt.Errorf("seal the keys: %w", err)
	}
	if err := json.NewEncoder(w).Encode(s); err != nil {
		return fmt.Errorf("seal the keys: %w", err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("seal the keys: %w", err)
	}
	return writeFile(filepath.Join(dir, keyFile), b.Bytes())
}

func (p Passphrase) read(dir string) (*sealed, error) {
	f, err := os.ReadFile(filepath.Join(dir, keyFile))
	if err != nil {
		return nil, fmt.Errorf("read the keys: %w", err)
	}
	id, err := age.NewScryptIdentity(p.Text)
	if err != nil {
		return nil, fmt.Errorf("read the keys: %w: give the passphrase", err)
	}
	r, err := age.Decrypt(bytes.NewReader(f), id)
	if err != nil {
		if _, ok := errors.AsType[*age.NoIdentityMatchError](err); ok {
			return nil, ErrPassphrase
		}
		return nil, fmt.Errorf("read the keys: %w: restore %s from a backup", err, keyFile)
	}
	var s sealed
	if err := json.NewDecoder(io.LimitReader(r, 1<<20)).Decode(&s); err != nil {
		return nil, fmt.Errorf("read the keys: %w: restore %s from a backup", err, keyFile)
	}
	return &s, nil
}

// writeFile puts a file in place of another, so that after a crash it is the one or the other.
func writeFile(path string, b []byte) error {
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if _, err = f.Write(b); err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// Setup is what a new node is made from.
type Setup struct {
	Member   string
	Name     string
	Country  string // ISO 3166
	Contact  string
	Database string
	URL      string // of the relay
	CA       string
	Listen   string // of the relay, on the secretariat's node
	WS       int
	Cluster  string // file with the keys of a relay on servers of its own
	Cert     string
	Key      string
	Web      string
	Origin   string // of the pages; empty: there are none
	Silver   bool
	People   []Person
}

func (s *Setup) config(secretariat bool) []byte {
	people := ""
	for _, p := range s.People {
		people += personText(p.ID, p.May...)
	}
	return fmt.Appendf(nil, configText, s.Member, s.Database, s.URL, s.CA, s.Listen, s.WS, s.Cluster, s.Cert, s.Key, s.Web, s.Origin, secretariat, s.Silver, people)
}

// begin makes the folder, its configuration and its keys.
func begin(dir string, p Passphrase, s *Setup, secretariat bool, issuer *keys.Public) (*keys.Private, error) {
	if _, err := os.Stat(filepath.Join(dir, keyFile)); err == nil {
		return nil, fmt.Errorf("%w: %s", ErrExists, dir)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	config := s.config(secretariat)
	if _, err := parseConfig(config, "config.toml"); err != nil {
		return nil, err
	}
	k, err := keys.Generate(rand.Reader)
	if err != nil {
		return nil, err
	}
	text, err := k.MarshalText()
	if err != nil {
		return nil, err
	}
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return nil, err
	}
	if err := writeFile(filepath.Join(dir, "config.toml"), config); err != nil {
		return nil, err
	}
	return k, p.write(dir, &sealed{Member: s.Member, Keys: []string{string(text)}, Secret: hex.EncodeToString(secret), Issuer: issuer})
}

// Found makes the secretariat's node, whose register begins with itself.
func Found(dir string, p Passphrase, s Setup, now time.Time) error {
	k, err := begin(dir, p, &s, true, nil)
	if err != nil {
		return err
	}
	public := k.Public()
	entry, err := register.Sign(&register.Statement{
		Type: register.Founded, At: now, Member: s.Member, Name: s.Name, Kind: handling.Secretariat, Country: s.Country, Contact: s.Contact, Rights: register.Rights, Keys: &public,
	}, k)
	if err != nil {
		return err
	}
	r, err := register.Open(noContext, filepath.Join(dir, "register"))
	if err != nil {
		return err
	}
	_, err = r.Append(entry)
	return errors.Join(err, r.Close())
}

// Join makes a member's node from the secretariat's invitation. It gives the answer to send back, and the code to read aloud.
func Join(dir string, p Passphrase, s Setup, invitation []byte, now time.Time) (answer []byte, code string, err error) {
	st, err := register.ReadInvitation(invitation, now)
	if err != nil {
		return nil, "", err
	}
	s.Member = st.Member
	k, err := begin(dir, p, &s, false, st.Issuer)
	if err != nil {
		return nil, "", err
	}
	return register.Accept(invitation, k, now)
}

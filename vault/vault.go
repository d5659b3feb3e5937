package vault

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"
)

// The vault is a folder: keyFile holds its private key, sealed under the vault's own passphrase; recipientFile the public one, with which
// records are sealed; and each record is a file under its pseudonym. Records can so be put in without opening anything.
const (
	keyFile       = "key.age"
	recipientFile = "recipient"
	suffix        = ".age"
)

// Vault is a folder of sealed records.
type Vault struct {
	dir       string
	recipient *age.HybridRecipient
}

// Init makes a vault. Work is the cost of scrypt as a power of two; 0 is age's own, about a second.
func Init(dir, passphrase string, work int) error {
	if _, err := os.Stat(filepath.Join(dir, recipientFile)); err == nil {
		return ErrExists
	}
	if len(passphrase) < 12 {
		return fmt.Errorf("%w: the passphrase of the vault has 12 characters and more, and is another one than the node's", ErrRecord)
	}
	id, err := age.GenerateHybridIdentity()
	if err != nil {
		return fmt.Errorf("make the vault: %w", err)
	}
	r, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return fmt.Errorf("make the vault: %w", err)
	}
	if work > 0 {
		r.SetWorkFactor(work)
	}
	var b bytes.Buffer
	w, err := age.Encrypt(&b, r)
	if err == nil {
		_, err = io.WriteString(w, id.String())
		err = errors.Join(err, w.Close())
	}
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err != nil {
		return fmt.Errorf("make the vault: %w", err)
	}
	if err := writeFile(filepath.Join(dir, keyFile), b.Bytes()); err != nil {
		return fmt.Errorf("make the vault: %w", err)
	}
	return writeFile(filepath.Join(dir, recipientFile), []byte(id.Recipient().String()+"\n"))
}

// Open opens the folder; nothing can be read by that.
func Open(dir string) (*Vault, error) {
	text, err := os.ReadFile(filepath.Join(dir, recipientFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoVault
	}
	if err != nil {
		return nil, fmt.Errorf("open the vault: %w", err)
	}
	r, err := age.ParseHybridRecipient(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("open the vault: %w: restore it from a backup", err)
	}
	return &Vault{dir, r}, nil
}

// Key is the private key of the vault; whoever has it reads everything, so it is held as long as something is open and no longer.
type Key struct{ id *age.HybridIdentity }

// Unlock opens the private key.
func (v *Vault) Unlock(passphrase string) (*Key, error) {
	text, err := os.ReadFile(filepath.Join(v.dir, keyFile))
	if err != nil {
		return nil, fmt.Errorf("open the vault: %w", err)
	}
	id, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, ErrPassword
	}
	r, err := age.Decrypt(bytes.NewReader(text), id)
	if err != nil {
		return nil, ErrPassword
	}
	key, err := io.ReadAll(io.LimitReader(r, 64<<10))
	if err != nil {
		return nil, fmt.Errorf("open the vault: %w", err)
	}
	h, err := age.ParseHybridIdentity(string(key))
	if err != nil {
		return nil, fmt.Errorf("open the vault: %w: restore it from a backup", err)
	}
	return &Key{h}, nil
}

func (v *Vault) path(p string) string { return filepath.Join(v.dir, p+suffix) }

// Put seals a record, new or in place of the one before. It is padded to whole blocks of 4 KiB, so that its length tells little.
func (v *Vault) Put(r *Record) error {
	if err := r.Check(); err != nil {
		return err
	}
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	const step = 4 << 10
	text = append(text, bytes.Repeat([]byte(" "), step-len(text)%step)...)
	var b bytes.Buffer
	w, err := age.Encrypt(&b, v.recipient)
	if err == nil {
		_, err = w.Write(text)
		err = errors.Join(err, w.Close())
	}
	if err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	return writeFile(v.path(r.Pseudonym), b.Bytes())
}

// Get reads a record; ErrNone.
func (v *Vault) Get(k *Key, p string) (*Record, error) {
	if !pseudonym.MatchString(p) {
		return nil, ErrNone
	}
	text, err := os.ReadFile(v.path(p))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNone
	}
	if err != nil {
		return nil, fmt.Errorf("read from the vault: %w", err)
	}
	r, err := age.Decrypt(bytes.NewReader(text), k.id)
	if err != nil {
		return nil, fmt.Errorf("read from the vault: %s does not open: restore it from a backup", p)
	}
	var out Record
	if err := json.NewDecoder(io.LimitReader(r, 16<<20)).Decode(&out); err != nil {
		return nil, fmt.Errorf("read from the vault: %s is damaged: restore it from a backup", p)
	}
	if out.Pseudonym != p {
		return nil, fmt.Errorf("read from the vault: %s is the record of another person: restore it from a backup", p)
	}
	return &out, nil
}

// Erase destroys a record.
func (v *Vault) Erase(p string) error {
	if !pseudonym.MatchString(p) {
		return ErrNone
	}
	err := os.Remove(v.path(p))
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNone
	}
	return cmp.Or(err, syncDir(v.dir))
}

// writeFile puts a file in place of another, so that after a crash it is the one or the other.
func writeFile(path string, b []byte) error {
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("write into the vault: %w", err)
	}
	if _, err = f.Write(b); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(path+".new", path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("write into the vault: %w", err)
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

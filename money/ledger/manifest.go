package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	manifestName    = "manifest.json"
	manifestVersion = 1
)

// ErrDamaged is wrapped by every error about a file of the ledger that is not what the manifest says.
var ErrDamaged = errors.New("ledger is damaged")

// Segment describes one committed segment.
type Segment struct {
	Number      int              `json:"number"`
	Rows        int64            `json:"rows"`
	NewAccounts int64            `json:"new_accounts"`
	First       int64            `json:"first"` // earliest and latest payment, milliseconds since 1970
	Last        int64            `json:"last"`
	Scales      map[string]uint8 `json:"scales"` // most digits after the point, by currency
	Digits      map[string]uint8 `json:"digits"` // most digits before the point, by currency
	Payments    FileSum          `json:"payments"`
	Accounts    FileSum          `json:"accounts"`
	Keys        FileSum          `json:"keys"`
}

// SourceCount is what one reading of one file gave: Read = New + Known + Rejected.
type SourceCount struct {
	File     string `json:"file"`
	Format   string `json:"format"`
	Read     int64  `json:"read"`
	New      int64  `json:"new"`
	Known    int64  `json:"known"`
	Rejected int64  `json:"rejected"`
}

// manifest is the ledger's table of contents. Sum is the SHA-256 of the file with Sum empty.
type manifest struct {
	Version  int           `json:"version"`
	Segments []Segment     `json:"segments"`
	Sources  []SourceCount `json:"sources"`
	Sum      string        `json:"sha256"`
}

func (m manifest) encode() ([]byte, error) {
	m.Sum = ""
	b, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return nil, err
	}
	h := sha256.Sum256(b)
	m.Sum = hex.EncodeToString(h[:])
	b, err = json.MarshalIndent(m, "", " ")
	return append(b, '\n'), err
}

func readManifest(dir string) (manifest, error) {
	b, err := os.ReadFile(filepath.Join(dir, manifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return manifest{Version: manifestVersion}, nil
	}
	if err != nil {
		return manifest{}, fmt.Errorf("read ledger manifest: %w", err)
	}
	var m manifest
	if err := json.Unmarshal(b, &m); err != nil {
		return manifest{}, fmt.Errorf("%w: %s is not readable: %v", ErrDamaged, manifestName, err)
	}
	if m.Version != manifestVersion {
		return manifest{}, fmt.Errorf("ledger format %d is not known to this version of tarir; use the version that wrote it or import the sources again", m.Version)
	}
	want, err := m.encode()
	if err != nil {
		return manifest{}, err
	}
	if !bytes.Equal(want, b) {
		return manifest{}, fmt.Errorf("%w: %s was changed after it was written", ErrDamaged, manifestName)
	}
	return m, nil
}

// write replaces the manifest: temporary file, sync, rename, sync of the folder.
func (m manifest) write(dir string) error {
	b, err := m.encode()
	if err != nil {
		return fmt.Errorf("encode ledger manifest: %w", err)
	}
	tmp := filepath.Join(dir, manifestName+tempSuffix)
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("write ledger manifest: %w", err)
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(tmp, filepath.Join(dir, manifestName))
	}
	if err != nil {
		return fmt.Errorf("write ledger manifest: %w", err)
	}
	return syncDir(dir)
}

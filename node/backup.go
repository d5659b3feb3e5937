package node

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"

	"tarir/audit"
	"tarir/exchange/register"
)

// Backup writes all that a node needs to be made anew, while it runs: one tar archive, sealed under a passphrase. The relay's boxes are not
// in it: what waits there waits on.
func (n *Node) Backup(ctx context.Context, w Who, dst io.Writer, p Passphrase) error {
	if err := n.allow(w, "admin"); err != nil {
		return err
	}
	if err := n.record(w, audit.Admin, "backup", n.config.Member, "", "written"); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(n.dir, "backup-")
	if err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	defer os.RemoveAll(tmp)
	r, err := age.NewScryptRecipient(p.Text)
	if err != nil {
		return fmt.Errorf("back up: %w: give a passphrase", err)
	}
	if p.Work > 0 {
		r.SetWorkFactor(p.Work)
	}
	sealed, err := age.Encrypt(dst, r)
	if err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	out := tar.NewWriter(sealed)
	// The database first: whatever it speaks of is in the logs, which only grow.
	if !n.store.Postgres() {
		if err := n.store.Backup(ctx, filepath.Join(tmp, "tarir.db")); err != nil {
			return err
		}
		if err := addFile(out, filepath.Join(tmp, "tarir.db"), "tarir.db"); err != nil {
			return err
		}
	}
	for _, name := range []string{"config.toml", keyFile} {
		if err := addFile(out, filepath.Join(n.dir, name), name); err != nil {
			return err
		}
	}
	for _, dir := range []string{"register", "audit", "attachments", "vault"} {
		err := filepath.WalkDir(filepath.Join(n.dir, dir), func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) || err == nil && (d.IsDir() || strings.HasPrefix(d.Name(), "new-") || strings.HasSuffix(d.Name(), ".tmp") || strings.HasSuffix(d.Name(), ".new") || d.Name() == "lock" || d.Name() == "journal") {
				return nil
			}
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(n.dir, path)
			if err != nil {
				return err
			}
			return addFile(out, path, filepath.ToSlash(rel))
		})
		if err != nil {
			return fmt.Errorf("back up: %w", err)
		}
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	return sealed.Close()
}

// addFile adds a file as long as it is now: a log that grows meanwhile is whole up to there.
func addFile(out *tar.Writer, path, name string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	if err := out.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: info.Size(), ModTime: info.ModTime()}); err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	if _, err := io.CopyN(out, f, info.Size()); err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	return nil
}

// ErrBackup says that a file is no backup, or not one that this passphrase opens.
var ErrBackup = errors.New("this is no backup of a node, or the passphrase is another one")

// Restore makes a node's folder from a backup. It must not exist yet.
func Restore(dir string, src io.Reader, p Passphrase) error {
	if _, err := os.Stat(dir); err == nil {
		return fmt.Errorf("%w: %s: restore into a new folder", ErrExists, dir)
	}
	id, err := age.NewScryptIdentity(p.Text)
	if err != nil {
		return fmt.Errorf("restore: %w: give the passphrase", err)
	}
	r, err := age.Decrypt(src, id)
	if err != nil {
		return fmt.Errorf("%w (%w)", ErrBackup, err)
	}
	tmp := strings.TrimSuffix(dir, string(filepath.Separator)) + ".restoring"
	if err := os.RemoveAll(tmp); err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	archive := tar.NewReader(r)
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("%w (%w)", ErrBackup, err)
		}
		if !filepath.IsLocal(h.Name) || h.Typeflag != tar.TypeReg {
			return fmt.Errorf("%w: it holds %q", ErrBackup, h.Name)
		}
		path := filepath.Join(tmp, filepath.FromSlash(h.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, archive)
		if err == nil {
			err = f.Sync()
		}
		if err = errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("restore: %w", err)
		}
	}
	if _, err := os.Stat(filepath.Join(tmp, keyFile)); err != nil {
		return ErrBackup
	}
	return os.Rename(tmp, dir)
}

// VerifyAudit reads the whole audit log of a node in a folder that may be open elsewhere, and compares it with every checkpoint that was
// ever signed of it, and with those that others kept.
func VerifyAudit(ctx context.Context, dir string, kept ...[]byte) (entries int64, err error) {
	l, v, err := readAudit(ctx, dir)
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Verify(ctx, v, kept...)
}

func readAudit(ctx context.Context, dir string) (*audit.Log, []note.Verifier, error) {
	c, err := ReadConfig(dir)
	if err != nil {
		return nil, nil, err
	}
	r, err := register.Open(ctx, filepath.Join(dir, "register"))
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	var verifiers []note.Verifier
	r.Look(func(s *register.State) {
		if m, e := s.Member(c.Member); e == nil {
			verifiers, err = verifiersOf(m)
		}
	})
	if err == nil && len(verifiers) == 0 {
		err = ErrNoMember
	}
	if err != nil {
		return nil, nil, err
	}
	l, err := audit.Open(filepath.Join(dir, "audit"), audit.Options{Member: c.Member})
	return l, verifiers, err
}

// Kept is the last checkpoint that this node keeps of another member's log, to compare that log with.
func (n *Node) Kept(w Who, member string) ([]byte, error) {
	if err := n.allow(w, "audit"); err != nil {
		return nil, err
	}
	return n.audit.Witnessed(member)
}

// Audit gives entries of the audit log.
func (n *Node) Audit(ctx context.Context, w Who, f audit.Filter, fn func(number int64, e *audit.Entry) error) error {
	if err := n.allow(w, "audit"); err != nil {
		return err
	}
	if err := n.record(w, audit.Access, "audit", "", "", "allowed"); err != nil {
		return err
	}
	return n.audit.Each(ctx, f, fn)
}

// OddQueries is what stands out in who asked what since a moment: for whoever oversees the node.
func (n *Node) OddQueries(ctx context.Context, w Who, since time.Time) ([]audit.Odd, error) {
	o := audit.NewOddities()
	err := n.Audit(ctx, w, audit.Filter{From: since}, func(_ int64, e *audit.Entry) error {
		o.Add(e)
		return nil
	})
	return o.Report(), err
}

// ExportAudit writes entries with their proofs.
func (n *Node) ExportAudit(ctx context.Context, w Who, f audit.Filter, dst io.Writer) error {
	if err := n.allow(w, "audit"); err != nil {
		return err
	}
	if err := n.record(w, audit.Export, "audit", "", "", "allowed"); err != nil {
		return err
	}
	return n.audit.Export(ctx, dst, f)
}

// AuditMark is what stands for a record in the audit log, to look for.
func (n *Node) AuditMark(kind, id string) string { return n.audit.Mark(kind + "/" + id) }

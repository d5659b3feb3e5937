package register

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"tarir/exchange/keys"
	"tarir/logbook"
)

// Origin names the register in its checkpoints.
const Origin = "tarir.register"

// Register is a register on disk: the secretariat's own, or a node's mirror of it. Its methods may be called by several
// goroutines.
type Register struct {
	mu    sync.RWMutex
	book  *logbook.Book
	state *State
	dir   string
}

// Open opens the register in a folder and reads it: each statement is checked again.
func Open(ctx context.Context, dir string) (*Register, error) {
	book, err := logbook.Open(filepath.Join(dir, "log"))
	if err != nil {
		return nil, fmt.Errorf("open register: %w", err)
	}
	r := &Register{book: book, state: NewState(), dir: dir}
	err = book.Each(ctx, 0, func(n int64, entry []byte) error {
		if _, err := r.state.Apply(entry); err != nil {
			return fmt.Errorf("statement %d: %w", n, err)
		}
		return nil
	})
	if err != nil {
		book.Close()
		return nil, fmt.Errorf("open register: %w", err)
	}
	return r, nil
}

// Close closes it.
func (r *Register) Close() error { return r.book.Close() }

// Size is the number of statements.
func (r *Register) Size() int64 { return r.book.Size() }

// Look reads the register while nothing changes in it. What is read must not be kept.
func (r *Register) Look(fn func(*State)) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	fn(r.state)
}

// KeyAt is State.KeyAt.
func (r *Register) KeyAt(member, keyID string, at time.Time) (*keys.Public, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.state.KeyAt(member, keyID, at)
}

// Append takes up a signed statement and puts it on disk.
func (r *Register) Append(entry []byte) (*Statement, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.append(entry)
}

func (r *Register) append(entry []byte) (*Statement, error) {
	// The disk first would keep what is refused, so the state is tried first, on a copy.
	state := r.state.clone()
	st, err := state.Apply(entry)
	if err != nil {
		return nil, err
	}
	if _, err := r.book.Append(entry); err != nil {
		return nil, err
	}
	r.state = state
	return st, nil
}

// Since gives the statements from number from on, and the secretariat's checkpoint over all of that moment.
func (r *Register) Since(ctx context.Context, from int64, secretariat *keys.Private) (statements [][]byte, checkpoint []byte, err error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	issuer := r.state.Issuer()
	if issuer == nil {
		return nil, nil, errors.New("sign register: it is empty")
	}
	signer, err := secretariat.NoteSigner(issuer.ID)
	if err != nil {
		return nil, nil, err
	}
	if err := r.book.Each(ctx, from, func(_ int64, entry []byte) error { statements = append(statements, entry); return nil }); err != nil {
		return nil, nil, err
	}
	checkpoint, _, err = r.book.Checkpoint(Origin, signer)
	return statements, checkpoint, err
}

// ErrTwoHistories says that the secretariat showed two histories of its register: raise the alarm, and trust neither.
var ErrTwoHistories = errors.New("the secretariat shows two histories of the register: raise the alarm")

const checkpointFile = "checkpoint" // the last one that this mirror has seen and holds the statements of

// Update takes up what the secretariat sent: statements that follow those that are here, and the checkpoint over all of them. A
// mirror that knows the secretariat's key from its invitation gives it as root; it is needed for the first update only.
// Nothing is taken up of an update that does not fit.
func (r *Register) Update(statements [][]byte, checkpoint []byte, root *keys.Public) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	// The statements are tried on a state of their own, since the checkpoint may be signed by a key among them.
	state := r.state.clone()
	if r.book.Size() == 0 && len(statements) > 0 {
		if root == nil {
			return errors.New("update register: the secretariat's key is not known yet: it stands in the invitation")
		}
	}
	for i, e := range statements {
		if _, err := state.Apply(e); err != nil {
			return fmt.Errorf("update register: statement %d: %w", r.book.Size()+int64(i), err)
		}
	}
	// Whoever makes a register of its own cannot put the secretariat's key into it: a change of keys is signed by the new ones too.
	if r.book.Size() == 0 && root != nil && !slices.ContainsFunc(state.Issuer().Keys, func(k Key) bool { return k.Equal(*root) }) {
		return fmt.Errorf("update register: %w: it is not that of the secretariat who invited", keys.ErrSignature)
	}
	tree, err := readBy(state, checkpoint)
	if err != nil {
		return err
	}
	want, err := r.book.Grown(statements...)
	if err != nil {
		return err
	}
	if tree.N == want.N && tree.Hash != want.Hash {
		return ErrTwoHistories
	}
	if tree.N <= r.book.Size() {
		if err := r.compare(tree); err != nil {
			return err
		}
	}
	if tree.N < want.N {
		return fmt.Errorf("update register: the checkpoint is over %d statements, and %d came: it does not fit", tree.N, want.N)
	}
	if tree.N > want.N {
		return fmt.Errorf("update register: the checkpoint is over %d statements, and %d are here", tree.N, want.N)
	}
	if len(statements) > 0 {
		if _, err := r.book.Append(statements...); err != nil {
			return err
		}
		r.state = state
	}
	tmp := filepath.Join(r.dir, checkpointFile+".tmp")
	if err := os.WriteFile(tmp, checkpoint, 0o600); err != nil {
		return fmt.Errorf("update register: %w", err)
	}
	return os.Rename(tmp, filepath.Join(r.dir, checkpointFile))
}

// compare checks a checkpoint over as many statements as are here, or fewer: another root over the same number is another history.
func (r *Register) compare(tree tlog.Tree) error {
	root, err := r.book.Root(tree.N)
	if err != nil {
		return err
	}
	if root != tree.Hash {
		return ErrTwoHistories
	}
	return nil
}

// Witness compares a checkpoint that another node was shown. It may be older than what is here; one that is newer can be
// compared after the next update, and newer says so.
func (r *Register) Witness(checkpoint []byte) (newer bool, err error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	tree, err := readBy(r.state, checkpoint)
	if err != nil {
		return false, err
	}
	if tree.N > r.book.Size() {
		return true, nil
	}
	return false, r.compare(tree)
}

// Seen is the last checkpoint that this mirror took up, for others to compare.
func (r *Register) Seen() ([]byte, error) { return os.ReadFile(filepath.Join(r.dir, checkpointFile)) }

// readBy reads a checkpoint that the secretariat signed, with any of its keys: it may be older than a change of them.
func readBy(state *State, checkpoint []byte) (tlog.Tree, error) {
	issuer := state.Issuer()
	if issuer == nil {
		return tlog.Tree{}, errors.New("read checkpoint: the register is empty")
	}
	var v note.Verifier
	err := logbook.ErrCheckpoint
	for _, k := range issuer.Keys {
		if len(k.Signing) != ed25519.PublicKeySize {
			continue
		}
		if v, err = k.NoteVerifier(issuer.ID); err != nil {
			return tlog.Tree{}, err
		}
		var t tlog.Tree
		if t, err = logbook.ReadCheckpoint(checkpoint, Origin, v); err == nil {
			return t, nil
		}
	}
	return tlog.Tree{}, err
}

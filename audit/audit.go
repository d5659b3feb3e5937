// Package audit is a node's log of every access, query, decision, sending, reading and deletion: who, for which purpose and on
// which legal basis. It is a logbook, so that nothing in it can be changed, left out or put in later without being seen by whoever
// holds one of its checkpoints: the node signs them, and nodes keep each other's.
//
// It holds no content. What was asked about or looked at stands as a mark, keyed with a secret of the node: with the same text
// in hand one can find the entries about it, and without it they tell nothing.
package audit

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"tarir/logbook"
)

// Action is what was done.
type Action string

// The actions.
const (
	Login    Action = "login"
	Access   Action = "access" // a record was opened
	Query    Action = "query"
	Decision Action = "decision" // by a person, or by the rules of handling
	Change   Action = "change"
	Send     Action = "send"
	Receive  Action = "receive"
	Read     Action = "read" // of what was received
	Export   Action = "export"
	Merge    Action = "merge"
	Delete   Action = "delete"
	Recall   Action = "recall"
	Admin    Action = "admin" // of the node: keys, members, settings
)

var actions = []Action{Login, Access, Query, Decision, Change, Send, Receive, Read, Export, Merge, Delete, Recall, Admin}

// needsPurpose are the actions by which somebody's data are used: none without a purpose and a legal basis.
var needsPurpose = []Action{Access, Query, Send, Export, Merge}

// Entry is one thing that was done. Kind, Result and Reasons are codes, never content.
type Entry struct {
	At         time.Time `json:"at"`
	Person     string    `json:"person"` // who did it: an id; "node" for the program itself
	Member     string    `json:"member"` // of which organisation
	Action     Action    `json:"action"`
	Purpose    string    `json:"purpose,omitempty"`     // a code of the closed list
	LegalBasis string    `json:"legal_basis,omitempty"` // text and reference, as the person gave it
	Case       string    `json:"case,omitempty"`
	Kind       string    `json:"kind,omitempty"`   // of what it was done to: notice, person, account, ...
	Mark       string    `json:"mark,omitempty"`   // of what it was done to, see Log.Mark
	Other      string    `json:"other,omitempty"`  // the other member, where there is one
	Result     string    `json:"result,omitempty"` // allowed, refused, hit, no hit, ...
	Reasons    []string  `json:"reasons,omitempty"`
}

// ErrEntry is wrapped by the errors about entries that the log does not take.
var ErrEntry = errors.New("this may not be done without being accounted for")

func (e *Entry) check() error {
	switch {
	case !slices.Contains(actions, e.Action):
		return fmt.Errorf("%w: %q is no action", ErrEntry, e.Action)
	case e.Person == "" || e.Member == "":
		return fmt.Errorf("%w: say who does it", ErrEntry)
	case slices.Contains(needsPurpose, e.Action) && (e.Purpose == "" || strings.TrimSpace(e.LegalBasis) == ""):
		return fmt.Errorf("%w: give the purpose and the legal basis first", ErrEntry)
	}
	return nil
}

// Log is an open audit log. Its methods may be called by several goroutines.
type Log struct {
	book   *logbook.Book
	dir    string
	origin string
	signer note.Signer
	secret []byte
	now    func() time.Time
	mu     sync.Mutex // of the file of checkpoints
}

// Options of a log.
type Options struct {
	Member string      // whose log it is
	Signer note.Signer // of checkpoints; nil: the log is only read
	Secret []byte      // keys the marks, at least 16 bytes
	Now    func() time.Time
}

const (
	checkpointsFile = "checkpoints" // our own, one after the other
	witnessedDir    = "witnessed"   // the last of each other member
)

// Open opens the log in a folder, or makes one.
func Open(dir string, o Options) (*Log, error) {
	if len(o.Secret) < 16 && o.Signer != nil {
		return nil, errors.New("open audit log: the secret of its marks must have 16 bytes and more")
	}
	book, err := logbook.Open(filepath.Join(dir, "log"))
	if err != nil {
		return nil, fmt.Errorf("open audit log: %w", err)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Log{book: book, dir: dir, origin: Origin(o.Member), signer: o.Signer, secret: o.Secret, now: o.Now}, nil
}

// Origin names a member's log in its checkpoints.
func Origin(member string) string { return "tarir.audit/" + member }

// Close closes the log.
func (l *Log) Close() error { return l.book.Close() }

// Size is the number of entries.
func (l *Log) Size() int64 { return l.book.Size() }

// Mark stands for a text that the log must not hold. The same text has the same mark within one node, and another elsewhere.
func (l *Log) Mark(text string) string {
	h := hmac.New(sha256.New, l.secret)
	h.Write([]byte(text))
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Record puts an entry on disk and returns its number; whatever is accounted for by it is done afterwards, not before. At is
// set to now where it is zero.
func (l *Log) Record(list ...Entry) (first int64, err error) {
	if l.signer == nil {
		return 0, errors.New("record in audit log: it was opened to be read")
	}
	texts := make([][]byte, len(list))
	for i, e := range list {
		if err := e.check(); err != nil {
			return 0, err
		}
		if e.At.IsZero() {
			e.At = l.now()
		}
		e.At = e.At.UTC()
		if texts[i], err = json.Marshal(e); err != nil {
			return 0, fmt.Errorf("record in audit log: %w", err)
		}
	}
	n, err := l.book.Append(texts...)
	if err != nil {
		return 0, fmt.Errorf("record in audit log: %w", err)
	}
	return n, nil
}

// Filter says which entries are wanted; what is empty excludes none.
type Filter struct {
	From, To time.Time // To itself is outside
	Person   string
	Action   Action
	Case     string
	Mark     string
	Marks    []string // one of them
}

func (f *Filter) match(e *Entry) bool {
	return (f.From.IsZero() || !e.At.Before(f.From)) && (f.To.IsZero() || e.At.Before(f.To)) &&
		(f.Person == "" || f.Person == e.Person) && (f.Action == "" || f.Action == e.Action) &&
		(f.Case == "" || f.Case == e.Case) && (f.Mark == "" || f.Mark == e.Mark) && (len(f.Marks) == 0 || slices.Contains(f.Marks, e.Mark))
}

// slack is how far the clock of a node may have gone back between two entries.
const slack = 24 * time.Hour

// since is an entry before which all are older than a moment: entries stand in the order in which they were written.
func (l *Log) since(t time.Time) (int64, error) {
	if t.IsZero() {
		return 0, nil
	}
	t = t.Add(-slack)
	var failed error
	n := sort.Search(int(l.book.Size()), func(i int) bool {
		var e Entry
		text, err := l.book.Entry(int64(i))
		if err == nil {
			err = json.Unmarshal(text, &e)
		}
		failed = errors.Join(failed, err)
		return !e.At.Before(t)
	})
	return int64(n), failed
}

// Each gives the entries that match, in order.
func (l *Log) Each(ctx context.Context, f Filter, fn func(n int64, e *Entry) error) error {
	begin, err := l.since(f.From)
	if err != nil {
		return err
	}
	return l.book.Each(ctx, begin, func(n int64, text []byte) error {
		var e Entry
		if err := json.Unmarshal(text, &e); err != nil {
			return &logbook.Damage{Entry: n, What: "it is no entry of an audit log"}
		}
		if !f.match(&e) {
			return nil
		}
		return fn(n, &e)
	})
}

// Proven is a line of an export: an entry with the proof that it is in the log of a checkpoint.
type Proven struct {
	Number int64           `json:"number"`
	Entry  json.RawMessage `json:"entry"` // the very bytes that the proof is about
	Proof  []string        `json:"proof"` // hashes, RFC 6962
}

// Export writes entries as lines of JSON, each with its proof, after a first line with the signed checkpoint.
func (l *Log) Export(ctx context.Context, w io.Writer, f Filter) error {
	msg, tree, err := l.Checkpoint()
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(map[string]string{"checkpoint": string(msg)}); err != nil {
		return fmt.Errorf("export audit log: %w", err)
	}
	err = l.book.Each(ctx, 0, func(n int64, text []byte) error {
		var e Entry
		if err := json.Unmarshal(text, &e); err != nil {
			return &logbook.Damage{Entry: n, What: "it is no entry of an audit log"}
		}
		if n >= tree.N || !f.match(&e) {
			return nil
		}
		proof, err := l.book.ProveEntry(tree.N, n)
		if err != nil {
			return err
		}
		p := Proven{n, json.RawMessage(text), []string{}}
		for _, h := range proof {
			p.Proof = append(p.Proof, h.String())
		}
		return enc.Encode(p)
	})
	if err != nil {
		return fmt.Errorf("export audit log: %w", err)
	}
	return out.Flush()
}

// CheckExport checks an export of a member's log: the signature of its checkpoint and the proof of every entry. It needs
// neither the log nor the node.
func CheckExport(r io.Reader, member string, verifier note.Verifier) (entries int, err error) {
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 64<<10), 2*logbook.MaxEntry)
	var tree tlog.Tree
	for line := 1; in.Scan(); line++ {
		if line == 1 {
			var head struct {
				Checkpoint string `json:"checkpoint"`
			}
			if err := json.Unmarshal(in.Bytes(), &head); err != nil {
				return 0, fmt.Errorf("line 1 is no checkpoint: %w", err)
			}
			if tree, err = logbook.ReadCheckpoint([]byte(head.Checkpoint), Origin(member), verifier); err != nil {
				return 0, err
			}
			continue
		}
		var p Proven
		if err := json.Unmarshal(in.Bytes(), &p); err != nil {
			return entries, fmt.Errorf("line %d is no entry: %w", line, err)
		}
		var proof tlog.RecordProof
		for _, s := range p.Proof {
			h, err := tlog.ParseHash(s)
			if err != nil {
				return entries, fmt.Errorf("line %d: the proof is not readable: %w", line, err)
			}
			proof = append(proof, h)
		}
		if p.Number < 0 || p.Number >= tree.N {
			return entries, fmt.Errorf("line %d: entry %d is not in the log of %d entries that was signed", line, p.Number, tree.N)
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, p.Number, tlog.RecordHash(p.Entry)); err != nil {
			return entries, fmt.Errorf("line %d: entry %d was changed: %w", line, p.Number, err)
		}
		entries++
	}
	return entries, in.Err()
}

// Checkpoint signs the log as it is now, and keeps what it signed.
func (l *Log) Checkpoint() ([]byte, tlog.Tree, error) {
	if l.signer == nil {
		return nil, tlog.Tree{}, errors.New("sign audit log: it was opened to be read")
	}
	msg, tree, err := l.book.Checkpoint(l.origin, l.signer)
	if err != nil {
		return nil, tlog.Tree{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := os.OpenFile(filepath.Join(l.dir, checkpointsFile), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, tlog.Tree{}, fmt.Errorf("keep checkpoint: %w", err)
	}
	_, err = f.Write(append(slices.Clone(msg), 0))
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, tlog.Tree{}, fmt.Errorf("keep checkpoint: %w", err)
	}
	return msg, tree, nil
}

// Verify reads the whole log and compares it with every checkpoint that was ever signed of it and with those given, which
// other members kept. A *logbook.Damage names the first entry that was changed.
func (l *Log) Verify(ctx context.Context, verifiers []note.Verifier, kept ...[]byte) (entries int64, err error) {
	own, err := os.ReadFile(filepath.Join(l.dir, checkpointsFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("verify audit log: %w", err)
	}
	all := bytes.Split(own, []byte{0})
	if n := len(all); n > 0 { // after the last zero stands nothing, or what a crash left
		all = all[:n-1]
	}
	var trees []tlog.Tree
	for i, msg := range append(all, kept...) {
		t, err := logbook.ReadCheckpoint(msg, l.origin, verifiers...)
		if err != nil {
			return 0, fmt.Errorf("verify audit log: checkpoint %d: %w", i+1, err)
		}
		trees = append(trees, t)
	}
	// Each checkpoint costs a few reads; one after the other they bound where a log was written anew.
	slices.SortFunc(trees, func(a, b tlog.Tree) int { return int(a.N - b.N) })
	return l.book.Size(), l.book.Verify(ctx, trees...)
}

// ErrTwoHistories says that a member showed different histories of its log.
var ErrTwoHistories = errors.New("this member shows two histories of its log: raise the alarm")

// Gap says that a checkpoint cannot be compared with the one that is kept, of so many entries: ask the member to prove that its log
// grew from there.
type Gap struct{ Kept int64 }

func (g *Gap) Error() string {
	return fmt.Sprintf("the growth since the %d entries that are known is not proven", g.Kept)
}

// Witness keeps another member's checkpoint. growth proves that its log only grew since it had so many entries; nothing is to be proven
// for the first one, or for the same one again. An older one, and one whose growth begins elsewhere, is a *Gap.
//
// verifiers are those of the member's keys, of which one signed it: the one kept before may be of an older key.
func (l *Log) Witness(member string, verifiers []note.Verifier, msg []byte, since int64, growth tlog.TreeProof) error {
	read := func(msg []byte) (tlog.Tree, error) { return logbook.ReadCheckpoint(msg, Origin(member), verifiers...) }
	now, err := read(msg)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	path := l.witnessed(member)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("keep checkpoint: %w", err)
	}
	if before, err := os.ReadFile(path); err == nil {
		old, err := read(before)
		if err != nil {
			return err
		}
		switch {
		case now.N < old.N:
			return &Gap{old.N}
		case now.N == old.N && now.Hash != old.Hash:
			return ErrTwoHistories
		case now.N > old.N && old.N > 0 && since != old.N:
			return &Gap{old.N}
		case now.N > old.N && old.N > 0 && tlog.CheckTree(growth, now.N, now.Hash, old.N, old.Hash) != nil:
			return ErrTwoHistories
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("keep checkpoint: %w", err)
	}
	tmp := path + ".tmp"
	if err := os.WriteFile(tmp, msg, 0o600); err != nil {
		return fmt.Errorf("keep checkpoint: %w", err)
	}
	return os.Rename(tmp, path)
}

// witnessed is the file of another member's checkpoint, whatever letters its id has.
func (l *Log) witnessed(member string) string {
	name := sha256.Sum256([]byte(member))
	return filepath.Join(l.dir, witnessedDir, hex.EncodeToString(name[:16]))
}

// SignWith signs checkpoints with another key from now on.
func (l *Log) SignWith(s note.Signer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.signer = s
}

// Witnessed is the last checkpoint kept of another member; nil if there is none.
func (l *Log) Witnessed(member string) ([]byte, error) {
	b, err := os.ReadFile(l.witnessed(member))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

// ProveGrowth proves to a witness that the log of size entries begins with the one of old.
func (l *Log) ProveGrowth(size, old int64) (tlog.TreeProof, error) {
	return l.book.ProveGrowth(size, old)
}

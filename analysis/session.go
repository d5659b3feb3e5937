package analysis

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"tarir/entity"
	"tarir/online"
	"tarir/records"
)

// Session analyses one ledger again and again as it grows, and remembers what it read of it. The results are those of Analyse
// over everything that was read so far. Not for several goroutines at once.
type Session struct {
	memory     records.Memory
	phones     *entity.Phonebook
	memo       *online.Memo
	resolution *entity.Resolution
	resolved   string // which entities resolution is of
	lasts      bool   // it goes on, and keeps what it remembers when it ends
	size       int64  // bytes of the ledger after the analysis before; 0: there was none
	later      func() // what a session that goes on keeps once nobody waits
}

// remember reads the records of a ledger with what the session remembers, or what is kept beside them at first.
func (s *Session) remember(set *records.Set) {
	set.Remember(&s.memory)
	if s.phones == nil {
		s.phones = set.Phonebook()
	}
}

// keepMemo and keepPhonebook keep what is remembered beside the records. Without it the next session takes longer, and no more.
func (s *Session) keepMemo(set *records.Set) {
	if set.Rows(records.Adverts) > 0 {
		_ = set.KeepMemo(s.memo)
	}
}

func (s *Session) keepPhonebook(set *records.Set) { _ = set.KeepPhonebook(s.phones) }

// leave keeps what a session that lasted remembers.
func (s *Session) leave(ledger string) {
	if set, err := records.Open(filepath.Join(ledger, recordsDir)); err == nil && s.memo != nil {
		s.keepMemo(set)
		s.keepPhonebook(set)
	}
}

// ahead reads what a ledger holds beside payments while more is imported into it. It gives what waits for its end.
func (s *Session) ahead(ctx context.Context, ledger string) (wait func()) {
	set, err := records.Open(filepath.Join(ledger, recordsDir))
	if err != nil {
		return func() {} // the import will tell
	}
	s.remember(set)
	done := make(chan struct{})
	go func() {
		defer close(done)
		set.Ahead(ctx)
	}()
	return func() { <-done }
}

// Watch analyses the inputs, and then, until ctx ends, whatever comes to lie in their folders, or is changed there. It looks each
// time so much time has passed, and takes a file when it did not change from one look to the next, so that none is read while it
// is being written; what lies there at first is taken at once. A file that cannot be read, or is nothing, is told of as an input
// with a problem. told hears of each analysis: its counts of inputs are of what was new, everything else is of all. The file of
// rejected records grows. Where no ledger is named, one is made in the folder of results.
func Watch(ctx context.Context, o AnalyseOptions, every time.Duration, told func(*Summary) error) error {
	if slices.Contains(o.Inputs, "-") {
		return errors.New("standard input cannot be watched: name files and folders")
	}
	if err := o.apart(); err != nil {
		return err
	}
	fresh := []string{RejectedFile}
	if o.Ledger == "" {
		o.Ledger = filepath.Join(o.Out, ledgerDir)
		if err := os.RemoveAll(o.Ledger); err != nil {
			return fmt.Errorf("clear the ledger of the run before: %w", err)
		}
		fresh = append(fresh, NetworksFile) // what the folder says of organisations is of another ledger
	}
	for _, name := range fresh {
		if err := os.Remove(filepath.Join(o.Out, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("clear the results of the run before: %w", err)
		}
	}
	seen, last := map[string]version{}, map[string]version{}
	first := true
	s := &Session{lasts: true}
	defer func() { s.leave(o.Ledger) }()
	for {
		now, err := lookAt(o.Inputs, isResult(o.Out, o.Ledger))
		if err != nil {
			return err
		}
		o.files = nil
		for _, path := range slices.Sorted(maps.Keys(now)) {
			if x := now[path]; x != seen[path] && (first || x == last[path]) {
				o.files = append(o.files, path)
			}
		}
		last, first = now, false
		if len(o.files) > 0 {
			for _, path := range o.files {
				seen[path] = now[path]
			}
			sum, err := s.analyse(ctx, o)
			if err != nil {
				return err
			}
			if err := told(sum); err != nil {
				return err
			}
			s.later()
			s.later = nil
			runtime.GC() // while nobody waits: the next file is then read without it
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(every):
		}
	}
}

// version tells whether a file was changed.
type version struct {
	size int64
	at   time.Time
}

// lookAt lists the files of inputs as intake.Find does, without those that are results.
func lookAt(inputs []string, result func(path string) bool) (map[string]version, error) {
	out := map[string]version{}
	for _, in := range inputs {
		err := filepath.WalkDir(in, func(path string, d fs.DirEntry, err error) error {
			if path != in && errors.Is(err, fs.ErrNotExist) {
				return nil // it was taken away meanwhile
			}
			if err != nil {
				return err
			}
			if path != in && (strings.HasPrefix(d.Name(), ".") || result(path)) {
				if d.IsDir() {
					return fs.SkipDir
				}
				return nil
			}
			info, err := os.Stat(path)
			if path != in && errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err == nil && info.Mode().IsRegular() {
				out[path] = version{info.Size(), info.ModTime()}
			}
			return err
		})
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("there is no file or folder %q: check the path", in)
		}
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", in, err)
		}
	}
	return out, nil
}

package relay

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// shelf keeps sealed attachments where the relay is embedded: a file for each part, which needs no more memory than one part. On servers of
// their own, which have copies to keep, they are in a stream (files).
type shelf struct {
	dir  string
	most int64 // bytes of all
	mu   sync.Mutex
	size int64
}

// Errors of a shelf.
var (
	errNoRoom = errors.New("there is no room for more attachments")
	errNoPart = errors.New("there is no such part")
	errPart   = errors.New("this is no part of an attachment")
)

// mostParts is the most parts of one attachment: 128 GiB.
const mostParts = 1 << 20

// openShelf opens a folder, and throws away what was half written.
func openShelf(dir string, most int64) (*shelf, error) {
	s := &shelf{dir: dir, most: most}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("start relay: %w", err)
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if strings.HasPrefix(d.Name(), "new-") {
			return os.Remove(path)
		}
		i, err := d.Info()
		if err == nil {
			s.size += i.Size()
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("start relay: %w", err)
	}
	return s, nil
}

// place is where a part lies: sender is a token, and nothing that a member says gets out of its folder.
func (s *shelf) place(sender, sum, number string) (string, error) {
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 || n >= mostParts || strconv.Itoa(n) != number || !word(sender) || !word(sum) {
		return "", errPart
	}
	return filepath.Join(s.dir, sender, sum, number), nil
}

// word says whether a text has letters and digits alone.
func word(s string) bool {
	return s != "" && len(s) <= 128 && strings.Trim(s, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// put keeps a part; one that is there stays as it is. It is on disk when put returns nil.
func (s *shelf) put(sender, sum, number string, data []byte) error {
	path, err := s.place(sender, sum, number)
	if err != nil {
		return err
	}
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	s.mu.Lock()
	full := s.size+int64(len(data)) > s.most
	if !full {
		s.size += int64(len(data))
	}
	s.mu.Unlock()
	if full {
		return errNoRoom
	}
	if err := writeWhole(path, data); err != nil {
		s.mu.Lock()
		s.size -= int64(len(data))
		s.mu.Unlock()
		return fmt.Errorf("keep a part: %w", err)
	}
	return nil
}

// writeWhole writes a part as a whole or not at all, and its name with the folders in which it is.
func writeWhole(path string, data []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, "new-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // unless it was renamed
	_, err = tmp.Write(data)
	if err == nil {
		err = tmp.Sync()
	}
	if e := tmp.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return err
	}
	return errors.Join(syncDir(dir), syncDir(filepath.Dir(dir)), syncDir(filepath.Dir(filepath.Dir(dir)))) // the name, and those of its folders
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// get gives a part.
func (s *shelf) get(sender, sum string, n int) ([]byte, error) {
	path, err := s.place(sender, sum, strconv.Itoa(n))
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, errNoPart
	}
	return b, err
}

// drop throws a part away.
func (s *shelf) drop(sender, sum, number string) {
	path, err := s.place(sender, sum, number)
	if err != nil {
		return
	}
	i, err := os.Stat(path)
	if err != nil || os.Remove(path) != nil {
		return
	}
	s.mu.Lock()
	s.size -= i.Size()
	s.mu.Unlock()
	_ = os.Remove(filepath.Dir(path)) // as far as they are empty
	_ = os.Remove(filepath.Dir(filepath.Dir(path)))
}

// sweep throws away what was put before a time.
func (s *shelf) sweep(before time.Time) error {
	return filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, os.ErrNotExist) { // its folder went with its last part
			return nil
		}
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), "new-") {
			return err
		}
		i, err := d.Info()
		if err == nil && i.ModTime().Before(before) {
			in, number := filepath.Split(path)
			of, sum := filepath.Split(filepath.Clean(in))
			s.drop(filepath.Base(of), sum, number)
		}
		return nil
	})
}

package analysis

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"tarir/name"
)

// Mention is a file of an analysis that has all words of something.
type Mention struct {
	File  string `json:"file"`
	Lines int    `json:"lines"` // how many
	First int    `json:"first"` // the first of them
}

// Mentions looks through folders of results for lines that have all words of a name or a number, in any script: what is held on a person may stand
// there, too. Files that are no text are left out.
func Mentions(ctx context.Context, dirs []string, wanted []string) ([]Mention, error) {
	var all [][]string
	for _, w := range wanted {
		if words := name.Latin(w); len(words) > 0 {
			all = append(all, words)
		}
	}
	out := []Mention{}
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			switch filepath.Ext(path) {
			case ".json", ".jsonl", ".csv", ".txt", ".html":
			default:
				return nil
			}
			m, err := mentionsIn(ctx, path, all)
			if err == nil && m.Lines > 0 {
				out = append(out, m)
			}
			return err
		})
		if err != nil {
			return out, fmt.Errorf("look through %s: %w", dir, err)
		}
	}
	return out, nil
}

func mentionsIn(ctx context.Context, path string, all [][]string) (Mention, error) {
	m := Mention{File: path}
	f, err := os.Open(path)
	if err != nil {
		return m, err
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 1<<20)
	for line := 1; ; line++ {
		if err := ctx.Err(); err != nil {
			return m, err
		}
		text, err := r.ReadSlice('\n') // a line that is longer is looked at in pieces
		if len(text) > 0 && hasAll(string(text), all) {
			if m.Lines++; m.Lines == 1 {
				m.First = line
			}
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			line--
		case errors.Is(err, io.EOF):
			return m, nil
		case err != nil:
			return m, err
		}
	}
}

// hasAll says whether a text has all words of one of the wanted.
func hasAll(text string, all [][]string) bool {
	var words map[string]bool
	for _, wanted := range all {
		if words == nil {
			words = map[string]bool{}
			for _, w := range name.Latin(strings.ReplaceAll(text, `\n`, " ")) {
				words[w] = true
			}
		}
		has := true
		for _, w := range wanted {
			has = has && words[w]
		}
		if has {
			return true
		}
	}
	return false
}

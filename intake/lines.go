package intake

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// Lines reads a text line by line, as JSON lines are. A line of more than MaxRecord bytes is told by its beginning, and
// read past without being held.
type Lines struct {
	r    *bufio.Reader
	buf  []byte
	line int64
	long bool
	err  error
}

// NewLines reads from r.
func NewLines(r io.Reader) *Lines { return &Lines{r: bufio.NewReaderSize(r, 64<<10)} }

// Next goes to the next line that is not blank.
func (l *Lines) Next() bool {
	for l.err == nil {
		l.buf, l.long = l.buf[:0], false
		l.line++
		for {
			part, err := l.r.ReadSlice('\n')
			if room := MaxRecord - len(l.buf); len(part) > room {
				part, l.long = part[:room], true
			}
			l.buf = append(l.buf, part...)
			if errors.Is(err, bufio.ErrBufferFull) {
				continue
			}
			l.err = err
			break
		}
		if len(bytes.TrimSpace(l.buf)) > 0 {
			return true
		}
	}
	return false
}

// Text is the line without its end; it is valid until the next call of Next.
func (l *Lines) Text() []byte { return bytes.TrimSpace(l.buf) }

// Number is the line's, from 1.
func (l *Lines) Number() int64 { return l.line }

// Bad says why the line cannot be a record; nothing where it can.
func (l *Lines) Bad() string {
	switch {
	case l.long:
		return "longer than 1 MiB: no record of this kind is"
	case bytes.IndexByte(l.buf, 0) >= 0:
		return "text holds a NUL byte"
	}
	return ""
}

// Err is why reading ended before its time.
func (l *Lines) Err() error { return EndError(l.err) }

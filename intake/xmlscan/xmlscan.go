// Package xmlscan reads XML as a stream of small trees, one a record, holding no more than one record in memory.
//
// It exists beside encoding/xml for three reasons, each measured or tested here: statements arrive by the gigabyte and
// encoding/xml reads 10 to 20 MB/s where this reads several hundred; a hostile file must not cost memory (a token, a
// record and the depth are bounded, a DTD is refused with every entity it could define); and a record that is refused is
// shown with its line and its text. It checks what a reader relies on, that elements nest and end, and leaves the rest
// of XML's rules to validators.
package xmlscan

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// Bounds of what is read.
const (
	MaxDepth = 128     // elements within elements
	maxToken = 1 << 20 // bytes of one tag, text or comment
	maxRaw   = 4 << 10 // bytes of a record's text that are kept for a rejection
	bufSize  = 256 << 10
)

// Errors that a caller may want to tell apart.
var (
	ErrDTD     = errors.New("a DOCTYPE is not accepted: it could define entities that expand without end or read other files")
	ErrTooBig  = errors.New("record longer than the bound of one mebibyte")
	ErrCut     = errors.New("the file ends in the middle of an element: it was cut off")
	errDeep    = fmt.Errorf("elements nest deeper than %d", MaxDepth)
	ErrText    = errors.New("a text cannot be read")
	errNUL     = fmt.Errorf("%w: it holds a NUL byte", ErrText)
	errToken   = errors.New("a tag or text is longer than one mebibyte")
	errEntity  = fmt.Errorf("%w: it holds an entity other than the five of XML and numbered ones", ErrText)
	errTag     = errors.New("a tag is not well formed")
	errNesting = errors.New("an end tag does not match its start tag")
	errOutside = errors.New("text outside the root element")
)

// SyntaxError is where and why reading stopped.
type SyntaxError struct {
	Line int64
	Err  error
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }
func (e *SyntaxError) Unwrap() error { return e.Err }

// Scanner reads tokens.
type Scanner struct {
	r        io.Reader
	buf      []byte
	pos, end int
	eof      bool
	rerr     error
	line     int64

	names  []byte // the open elements' names, one after the other
	starts []int  // where each begins

	name      []byte // of the current tag, without a prefix
	attrs     []byte
	text      []byte
	textIsRaw bool
	selfClose bool
	closing   bool // an end is due for an element that closed itself

	tagAt int    // where in buf the last start tag begins, until more is read
	mark  int    // where in buf the record begins that is being kept whole; -1: none
	head  string // the beginning of the last record that grew too big to be kept
}

// New reads from r.
func New(r io.Reader) *Scanner {
	return &Scanner{r: r, buf: make([]byte, bufSize), line: 1, mark: -1}
}

type kind uint8

const (
	startTag kind = iota + 1
	endTag
	text
)

// Line is the line of the next token.
func (s *Scanner) Line() int64 { return s.line }

// Depth is the number of open elements.
func (s *Scanner) Depth() int { return len(s.starts) }

func (s *Scanner) fail(err error) error {
	var se *SyntaxError
	if errors.As(err, &se) {
		return err
	}
	return &SyntaxError{s.line, err}
}

// more reads on, keeping what is unread and the record that is kept whole; false at the end of the input.
func (s *Scanner) more() (bool, error) {
	if s.eof {
		return false, s.rerr
	}
	if s.mark >= 0 && s.pos-s.mark > maxToken {
		s.drop()
	}
	from := s.pos
	if s.mark >= 0 {
		from, s.mark = s.mark, 0
	}
	if from > 0 {
		copy(s.buf, s.buf[from:s.end])
		s.end -= from
		s.pos -= from
	}
	if s.end-s.pos >= maxToken {
		return false, errToken
	}
	if s.end == len(s.buf) {
		s.buf = append(s.buf, make([]byte, len(s.buf))...)
	}
	for {
		n, err := s.r.Read(s.buf[s.end:])
		s.end += n
		if err != nil {
			s.eof = true
			if !errors.Is(err, io.EOF) {
				s.rerr = err
			}
		}
		if n > 0 {
			return true, nil
		}
		if s.eof {
			return false, s.rerr
		}
	}
}

// drop gives up keeping the record whole, but for a beginning that shows which it was.
func (s *Scanner) drop() {
	s.head = string(s.buf[s.mark : s.mark+min(maxRaw, s.pos-s.mark)])
	s.mark = -1
}

// index finds b at or after s.pos+from and returns its offset from s.pos; -1 at the end of the input.
func (s *Scanner) index(b byte, from int) (int, error) {
	for {
		if i := bytes.IndexByte(s.buf[s.pos+from:s.end], b); i >= 0 {
			return from + i, nil
		}
		from = s.end - s.pos
		if ok, err := s.more(); !ok {
			return -1, err
		}
	}
}

// takeText consumes n bytes.
func (s *Scanner) takeText(n int) []byte {
	return s.take(n, bytes.Count(s.buf[s.pos:s.pos+n], []byte{'\n'}))
}

// take consumes n bytes with a known number of line breaks.
func (s *Scanner) take(n, lines int) []byte {
	b := s.buf[s.pos : s.pos+n]
	s.line += int64(lines)
	s.pos += n
	return b
}

// next reads one token; io.EOF after the root element's end.
func (s *Scanner) next() (kind, error) {
	if s.closing {
		s.closing = false
		s.name = s.names[s.starts[len(s.starts)-1]:]
		s.pop()
		return endTag, nil
	}
	for {
		if s.pos == s.end {
			ok, err := s.more()
			if err != nil {
				return 0, s.fail(err)
			}
			if !ok {
				if len(s.starts) > 0 {
					return 0, s.fail(ErrCut)
				}
				return 0, io.EOF
			}
		}
		if s.buf[s.pos] != '<' {
			return s.readText()
		}
		k, err := s.markup()
		if err != nil {
			return 0, s.fail(err)
		}
		if k != 0 {
			return k, nil
		}
	}
}

func (s *Scanner) readText() (kind, error) {
	i, err := s.index('<', 0)
	if errors.Is(err, errToken) {
		// A text beyond the bound comes in pieces; the record that holds it will be too big.
		i, err = s.end-s.pos, nil
	}
	if err != nil {
		return 0, s.fail(err)
	}
	if i < 0 {
		i = s.end - s.pos
	}
	b := s.takeText(i)
	if len(s.starts) == 0 {
		if len(bytes.TrimSpace(b)) > 0 {
			return 0, s.fail(errOutside)
		}
		return s.next()
	}
	s.text, s.textIsRaw = b, false
	return text, nil
}

// markup reads what begins with '<'; 0 for what is passed over.
func (s *Scanner) markup() (kind, error) {
	for s.end-s.pos < 9 { // the longest beginning that matters: <![CDATA[
		if ok, err := s.more(); err != nil {
			return 0, err
		} else if !ok {
			break
		}
	}
	b := s.buf[s.pos:s.end]
	switch {
	case len(b) < 2:
		return 0, ErrCut
	case b[1] == '?':
		return 0, s.passOver("?>", 2)
	case bytes.HasPrefix(b, []byte("<!--")):
		return 0, s.passOver("-->", 4)
	case bytes.HasPrefix(b, []byte("<![CDATA[")):
		return s.cdata()
	case b[1] == '!':
		return 0, ErrDTD
	}
	return s.tag()
}

// passOver drops everything up to and with the end mark, holding only one buffer of it.
func (s *Scanner) passOver(mark string, from int) error {
	s.takeText(from)
	for {
		if i := bytes.Index(s.buf[s.pos:s.end], []byte(mark)); i >= 0 {
			s.takeText(i + len(mark))
			return nil
		}
		if n := s.end - s.pos - len(mark); n > 0 {
			s.takeText(n)
		}
		if ok, err := s.more(); err != nil {
			return err
		} else if !ok {
			return ErrCut
		}
	}
}

func (s *Scanner) cdata() (kind, error) {
	from := 9
	for {
		if i := bytes.Index(s.buf[s.pos+from:s.end], []byte("]]>")); i >= 0 {
			b := s.takeText(from + i + 3)
			if len(s.starts) == 0 {
				return 0, errOutside
			}
			s.text, s.textIsRaw = b[9:len(b)-3], true
			return text, nil
		}
		from = max(from, s.end-s.pos-2)
		if ok, err := s.more(); err != nil {
			return 0, err
		} else if !ok {
			return 0, ErrCut
		}
	}
}

func (s *Scanner) tag() (kind, error) {
	if k := len(s.starts); k > 0 { // most tags are the end of what is open
		name := s.names[s.starts[k-1]:]
		if b := s.buf[s.pos:s.end]; len(b) > len(name)+2 && b[1] == '/' && b[2+len(name)] == '>' && string(b[2:2+len(name)]) == string(name) {
			s.take(len(name)+3, 0)
			s.name = local(name)
			s.pop()
			return endTag, nil
		}
	}
	end, nameEnd, lines, err := s.tagEnd()
	if err != nil {
		return 0, err
	}
	s.tagAt = s.pos
	b := s.take(end+1, lines)
	b = b[1:end]
	if len(b) > 0 && b[0] == '/' {
		name := bytes.TrimRight(b[1:], " \t\r\n")
		if len(s.starts) == 0 || !bytes.Equal(name, s.names[s.starts[len(s.starts)-1]:]) {
			return 0, errNesting
		}
		s.name = local(name)
		s.pop()
		return endTag, nil
	}
	n := nameEnd - 1
	if s.selfClose = len(b) > 0 && b[len(b)-1] == '/'; s.selfClose {
		b = b[:len(b)-1]
		n = min(n, len(b))
	}
	if n == 0 || bytes.IndexByte(b[:n], '<') >= 0 {
		return 0, errTag
	}
	if len(s.starts) >= MaxDepth {
		return 0, errDeep
	}
	s.starts = append(s.starts, len(s.names))
	s.names = append(s.names, b[:n]...)
	s.name, s.attrs = local(b[:n]), b[n:]
	s.closing = s.selfClose
	return startTag, nil
}

// tagEnd finds the '>' that ends the tag at s.pos, which one inside quotes does not, and the end of its name, as offsets
// from s.pos, and the line breaks in it.
func (s *Scanner) tagEnd() (end, nameEnd, lines int, err error) {
	var quote byte
	for i := 1; ; {
		b := s.buf[s.pos:s.end]
		for ; i < len(b); i++ {
			c := b[i]
			if c > '>' {
				continue
			}
			switch {
			case c == '\n':
				lines++
			case quote != 0:
				if c == quote {
					quote = 0
				}
				continue
			case c == '>':
				if nameEnd == 0 {
					nameEnd = i
				}
				return i, nameEnd, lines, nil
			case c == '"' || c == '\'':
				quote = c
			}
			if nameEnd == 0 && (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
				nameEnd = i
			}
		}
		if ok, err := s.more(); err != nil {
			return 0, 0, 0, err
		} else if !ok {
			return 0, 0, 0, ErrCut
		}
	}
}

func (s *Scanner) pop() {
	k := len(s.starts) - 1
	s.names, s.starts = s.names[:s.starts[k]], s.starts[:k]
}

func local(name []byte) []byte {
	if i := bytes.IndexByte(name, ':'); i >= 0 {
		return name[i+1:]
	}
	return name
}

// Start moves to the next start tag and returns its local name, passing over texts and ends; io.EOF at the end. The
// name is valid until the next call.
func (s *Scanner) Start() ([]byte, error) {
	for {
		k, err := s.next()
		if err != nil {
			return nil, err
		}
		if k == startTag {
			return s.name, nil
		}
	}
}

// Skip passes over the current element, whose start tag was just read.
func (s *Scanner) Skip() error {
	depth := len(s.starts)
	for len(s.starts) >= depth {
		if _, err := s.next(); err != nil {
			return err
		}
	}
	return nil
}

// Tree is an element with everything in it: its text as it stands in the file, and where in it the parts are.
type Tree struct {
	nodes []node
	text  string
	other []byte // texts that do not stand in the file as they read: with entities, or in several pieces
	said  string // other, when all is read
	open  []int32
}

// node is one element; its children are linked.
type node struct {
	name, text, attrs span
	child, next, last int32
	elsewhere         bool // text is in said
}

type span struct{ from, to int32 }

// Node is an element of a tree; the zero Node is one that is not there, and everything asked of it is empty.
type Node struct {
	t *Tree
	i int32
}

// Tree reads the current element, whose start tag was just read, into t, replacing what t held; strings taken from
// the former content stay valid. After an error that OfRecord tells, the scanner stands behind the element and reading
// can go on.
func (s *Scanner) Tree(t *Tree) (Node, error) {
	t.nodes, t.other, t.open, t.said = t.nodes[:0], t.other[:0], t.open[:0], ""
	s.mark, s.head = s.tagAt, ""
	defer func() {
		if t.text, t.said = s.head, string(t.other); s.mark >= 0 {
			t.text = string(s.buf[s.mark:s.pos])
		}
		s.mark = -1
	}()
	var bad error
	t.push(s)
	depth := len(s.starts)
	for len(s.starts) >= depth {
		k, err := s.next()
		if err != nil {
			return Node{}, err
		}
		if s.mark >= 0 && (s.pos-s.mark > maxToken || len(t.nodes) > maxToken/16) {
			s.drop()
		}
		switch {
		case s.mark < 0: // it is only read to its end
		case k == endTag:
			t.open = t.open[:len(t.open)-1]
		case k == startTag:
			t.push(s)
		default:
			if err := t.addText(s); err != nil && bad == nil {
				bad = s.fail(err)
			}
		}
	}
	if s.mark < 0 {
		return Node{}, ErrTooBig
	}
	if bad != nil {
		return Node{}, bad
	}
	return Node{t, 0}, nil
}

// OfRecord reports whether an error of Tree concerns this one record, so that reading can go on behind it.
func OfRecord(err error) bool { return errors.Is(err, ErrTooBig) || errors.Is(err, ErrText) }

func (t *Tree) push(s *Scanner) {
	i := int32(len(t.nodes))
	t.nodes = append(t.nodes, node{name: s.span(s.name), attrs: s.span(s.attrs)})
	if len(t.open) > 0 {
		p := &t.nodes[t.open[len(t.open)-1]]
		if p.child == 0 {
			p.child = i
		} else {
			t.nodes[p.last].next = i
		}
		p.last = i
	}
	t.open = append(t.open, i)
}

// span is where in the record a part of the last token is. All such parts run to the end of the buffer's capacity, as
// slices of it do that were never cut short.
func (s *Scanner) span(b []byte) span {
	from := int32(cap(s.buf) - cap(b) - s.mark)
	return span{from, from + int32(len(b))}
}

func (t *Tree) addText(s *Scanner) error {
	b := bytes.TrimSpace(s.text)
	if len(b) == 0 {
		return nil
	}
	if bytes.IndexByte(b, 0) >= 0 {
		return errNUL
	}
	n := &t.nodes[t.open[len(t.open)-1]]
	plain := s.textIsRaw || bytes.IndexByte(b, '&') < 0
	if plain && n.text == (span{}) {
		n.text = s.span(b)
		return nil
	}
	from := int32(len(t.other))
	if n.elsewhere { // text in several pieces: join them
		t.other = append(t.other, t.other[n.text.from:n.text.to]...)
	} else {
		t.other = append(t.other, s.buf[s.mark+int(n.text.from):s.mark+int(n.text.to)]...)
	}
	if plain {
		t.other = append(t.other, b...)
	} else {
		var err error
		if t.other, err = unescape(t.other, b); err != nil {
			return err
		}
	}
	n.text, n.elsewhere = span{from, int32(len(t.other))}, true
	return nil
}

var entities = map[string]byte{"lt": '<', "gt": '>', "amp": '&', "quot": '"', "apos": '\''}

func unescape(dst, b []byte) ([]byte, error) {
	for {
		i := bytes.IndexByte(b, '&')
		if i < 0 {
			return append(dst, b...), nil
		}
		dst = append(dst, b[:i]...)
		b = b[i+1:]
		k := bytes.IndexByte(b[:min(len(b), 12)], ';')
		if k < 1 {
			return dst, errEntity
		}
		name := string(b[:k])
		b = b[k+1:]
		if c, ok := entities[name]; ok {
			dst = append(dst, c)
			continue
		}
		if name[0] != '#' || len(name) < 2 {
			return dst, errEntity
		}
		digits, base := name[1:], 10
		if digits[0] == 'x' {
			digits, base = digits[1:], 16
		}
		n, err := strconv.ParseUint(digits, base, 32)
		if err != nil || n == 0 || n > utf8.MaxRune || !utf8.ValidRune(rune(n)) {
			return dst, errEntity
		}
		dst = utf8.AppendRune(dst, rune(n))
	}
}

// Raw is the beginning of the element as it stands in the file.
func (t *Tree) Raw() string { return t.text[:min(len(t.text), maxRaw)] }

func (t *Tree) str(s span) string { return t.text[s.from:s.to] }

// OK says that the element is there.
func (n Node) OK() bool { return n.t != nil }

// Name is the element's local name.
func (n Node) Name() string {
	if n.t == nil {
		return ""
	}
	return n.t.str(n.t.nodes[n.i].name)
}

// Text is the element's own text, trimmed.
func (n Node) Text() string {
	if n.t == nil {
		return ""
	}
	x := &n.t.nodes[n.i]
	if x.elsewhere {
		return n.t.said[x.text.from:x.text.to]
	}
	return n.t.str(x.text)
}

// Attr is the value of an attribute, by local name.
func (n Node) Attr(name string) string {
	if n.t == nil {
		return ""
	}
	a := n.t.str(n.t.nodes[n.i].attrs)
	for len(a) > 0 {
		eq := indexByte(a, '=')
		if eq < 0 {
			return ""
		}
		key := trimSpace(a[:eq])
		if c := indexByte(key, ':'); c >= 0 {
			key = key[c+1:]
		}
		a = trimSpace(a[eq+1:])
		if len(a) < 2 || a[0] != '"' && a[0] != '\'' {
			return ""
		}
		end := indexByte(a[1:], a[0])
		if end < 0 {
			return ""
		}
		if key == name {
			return attribute(a[1 : 1+end])
		}
		a = a[end+2:]
	}
	return ""
}

// attribute unescapes a value; one that cannot be is given as it is written.
func attribute(v string) string {
	if indexByte(v, '&') < 0 {
		return v
	}
	if b, err := unescape(nil, []byte(v)); err == nil {
		return string(b)
	}
	return v
}

func indexByte(s string, b byte) int {
	for i := range len(s) {
		if s[i] == b {
			return i
		}
	}
	return -1
}

func trimSpace(s string) string {
	for len(s) > 0 && s[0] <= ' ' {
		s = s[1:]
	}
	for len(s) > 0 && s[len(s)-1] <= ' ' {
		s = s[:len(s)-1]
	}
	return s
}

// First is the first child element, Next the following one of the same parent.
func (n Node) First() Node {
	if n.t == nil || n.t.nodes[n.i].child == 0 {
		return Node{}
	}
	return Node{n.t, n.t.nodes[n.i].child}
}

// Next is the following element of the same parent.
func (n Node) Next() Node {
	if n.t == nil || n.t.nodes[n.i].next == 0 {
		return Node{}
	}
	return Node{n.t, n.t.nodes[n.i].next}
}

// Child is the first child of a name.
func (n Node) Child(name string) Node {
	for c := n.First(); c.OK(); c = c.Next() {
		if c.Name() == name {
			return c
		}
	}
	return Node{}
}

// At follows a path of names.
func (n Node) At(path ...string) Node {
	for _, name := range path {
		n = n.Child(name)
	}
	return n
}

// Get is the text at a path of names.
func (n Node) Get(path ...string) string { return n.At(path...).Text() }

// Each calls f for every child of a name.
func (n Node) Each(name string, f func(Node)) {
	for c := n.First(); c.OK(); c = c.Next() {
		if c.Name() == name {
			f(c)
		}
	}
}

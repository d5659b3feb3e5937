package records

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"

	"tarir/entity"
	"tarir/online"
)

// What adverts show (online.Shown) and what is known of their families (online.Memo) lie beside the segments. They are made
// from these alone: whatever is missing, of another version or damaged is made anew, and where they cannot be written nothing
// but time is lost.

const (
	shownSuffix = ".shown"
	memoName    = "families.memo"
)

// show gives adverts of a segment what they show: as it is kept, or read now and kept.
func (s *Set) show(ctx context.Context, seg Segment, list []*online.Advert) error {
	path := filepath.Join(s.dir, seg.Name+shownSuffix)
	if s.keptShown(ctx, path, seg, list) {
		return nil
	}
	if err := online.Show(ctx, list); err != nil {
		return err
	}
	out := shownHead(seg)
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	var text []byte
	for _, a := range list {
		text = encode(text, func(c *coder) { c.shown(a.Shows) })
	}
	text = z.EncodeAll(text, nil)
	h := sha256.Sum256(text)
	out += hex.EncodeToString(h[:]) + "\n"
	_ = replace(path, append([]byte(out), text...)) // see above
	return nil
}

// shownHead is the first line of a file of what adverts show: of which version it is, and of which segment.
func shownHead(seg Segment) string {
	return "tarir shown " + string(rune('0'+online.ShownVersion)) + " " + seg.SHA256 + "\n"
}

func (s *Set) keptShown(ctx context.Context, path string, seg Segment, list []*online.Advert) bool {
	b, err := os.ReadFile(path)
	if err != nil {
		return false
	}
	rest, ok := strings.CutPrefix(string(b), shownHead(seg))
	sum, text, cut := strings.Cut(rest, "\n")
	h := sha256.Sum256([]byte(text))
	if !ok || !cut || sum != hex.EncodeToString(h[:]) {
		return false
	}
	parts, err := unpack([]byte(text))
	if err != nil || len(parts) != len(list) {
		return false
	}
	shows, err := decodeAll(ctx, parts, (*coder).shown)
	if err != nil {
		return false
	}
	for i := range list {
		list[i].Shows = shows[i]
	}
	return true
}

func (c *coder) shown(s *online.Shown) {
	n := c.count(len(s.Contacts))
	if c.read && n > 0 {
		s.Contacts = make([]entity.Selector, n)
	}
	for i := range s.Contacts {
		c.text((*string)(&s.Contacts[i].Kind))
		c.text(&s.Contacts[i].Value)
	}
	var words string
	if !c.read {
		b := make([]byte, 0, 4*len(s.Words))
		for _, w := range s.Words {
			b = binary.LittleEndian.AppendUint32(b, w)
		}
		words = string(b)
	}
	c.text(&words)
	if c.read {
		s.Words = make([]uint32, len(words)/4)
		for i := range s.Words {
			s.Words[i] = uint32(words[4*i]) | uint32(words[4*i+1])<<8 | uint32(words[4*i+2])<<16 | uint32(words[4*i+3])<<24
		}
	}
	c.texts(&s.Trades)
	n = c.count(len(s.Wordings))
	if c.read && n > 0 {
		s.Wordings = make([]online.Told, n)
	}
	for i := range s.Wordings {
		c.text((*string)(&s.Wordings[i].Wording))
		c.text(&s.Wordings[i].Phrase)
	}
	c.text(&s.Person)
	c.text(&s.Age)
}

// Memo is what is known of the families of the adverts; nothing where none is kept.
func (s *Set) Memo() *online.Memo {
	b, err := os.ReadFile(filepath.Join(s.dir, memoName))
	if err != nil {
		return online.NewMemo()
	}
	m, err := online.ReadMemo(b)
	if err != nil {
		return online.NewMemo()
	}
	return m
}

// KeepMemo keeps it for the next time. An error means no more than that the next time takes longer.
func (s *Set) KeepMemo(m *online.Memo) error {
	var b memory
	if _, err := m.WriteTo(&b); err != nil {
		return err
	}
	return replace(filepath.Join(s.dir, memoName), b)
}

type memory []byte

func (m *memory) Write(p []byte) (int, error) {
	*m = append(*m, p...)
	return len(p), nil
}

// replace writes a file at once or not at all.
func replace(path string, b []byte) error {
	if err := os.WriteFile(path+".tmp", b, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".tmp", path)
}

// Package kept stores beside the data what was made from it and took long: it can be deleted at any time and is made anew then.
// What is missing, was made from something else or by another version, or is damaged is not there.
package kept

import (
	"encoding/binary"
	"os"
	"strings"
	"unsafe"

	"github.com/klauspost/compress/zstd"
	"github.com/zeebo/xxh3"
)

const magic = "TARIRKP1"

// Most is the largest text that is read back.
const Most = 4 << 30

// Write keeps a text that was made from what from names: the version of what makes it, and the sums of what it is made from.
// The file is written at once or not at all, but not synced: an error or a crash means that the next time takes longer.
func Write(path, from string, text []byte) error {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	out := append([]byte(magic), make([]byte, 16)...)
	out = z.EncodeAll(text, out)
	sum(out[:len(magic)+16], from, out[len(magic)+16:])
	if err := os.WriteFile(path+".tmp", out, 0o600); err != nil {
		os.Remove(path + ".tmp")
		return err
	}
	return os.Rename(path+".tmp", path)
}

// sum puts the sum of a file's body and of what it was made from into its head.
func sum(head []byte, from string, body []byte) {
	h := xxh3.New()
	_, _ = h.WriteString(from) // a hash does not fail
	_, _ = h.Write([]byte{0})
	_, _ = h.Write(body)
	s := h.Sum128()
	binary.BigEndian.PutUint64(head[len(magic):], s.Hi)
	binary.BigEndian.PutUint64(head[len(magic)+8:], s.Lo)
}

// Read gives back what Write kept, if it is there and was made from the same.
func Read(path, from string) (string, bool) {
	b, err := os.ReadFile(path)
	if err != nil || len(b) < len(magic)+16 || !strings.HasPrefix(string(b[:len(magic)]), magic) {
		return "", false
	}
	head := append([]byte(magic), make([]byte, 16)...)
	sum(head, from, b[len(magic)+16:])
	if string(head) != string(b[:len(head)]) {
		return "", false
	}
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(Most))
	if err != nil {
		return "", false
	}
	defer z.Close()
	text, err := z.DecodeAll(b[len(head):], nil)
	if err != nil {
		return "", false
	}
	return unsafe.String(unsafe.SliceData(text), len(text)), true // never written again
}

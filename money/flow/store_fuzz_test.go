package flow

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"testing"

	"github.com/zeebo/xxh3"
)

// FuzzReadSlab lays a slab over any header and any content, with a sum that is right for the header: a file that another
// version wrote, or that somebody made, is refused or read, and never stops the program.
func FuzzReadSlab(f *testing.F) {
	f.Add([]byte(`{"payments":1,"lengths":[0,0,0,0,3],"byte_order":"little","xxh3":"0"}`), make([]byte, 42))
	f.Add([]byte(`{"payments":-1,"lengths":[9223372036854775807,-4,0,0,3],"byte_order":"little"}`), []byte{0, 0, 0})
	f.Fuzz(func(t *testing.T, head, data []byte) {
		head = bytes.Replace(head, []byte(`"0"`), []byte(strconv.Quote(sumText(data))), 1) // as a careful forger would
		mem := make([]byte, pages(headerAt+len(head)), pages(headerAt+len(head))+len(data))
		copy(mem, magic)
		binary.LittleEndian.PutUint32(mem[len(magic):], uint32(len(head)))
		binary.LittleEndian.PutUint64(mem[len(magic)+4:], xxh3.Hash(head))
		copy(mem[headerAt:], head)
		s, err := readSlab(append(mem, data...))
		if err == nil && (s.n < 0 || len(s.out.entries) != s.n || len(s.contexts) == 0) {
			t.Fatalf("read a slab of %d payments with %d entries", s.n, len(s.out.entries))
		}
	})
}

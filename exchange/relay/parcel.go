package relay

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"
)

// Letters to one recipient that follow each other travel as one message of the relay: it is synced once, forwarded once, and its
// recipient takes them together. Each letter stays sealed by itself. A parcel names in its header the length and the id of each letter
// in turn; a letter alone has none.
const (
	letterHeader = "Letter"
	mostInParcel = 64        // letters (our choice)
	maxParcel    = 512 << 10 // bytes, unless one letter alone has more
)

// message is the message of some letters to one recipient.
func (c *Client) message(letters []Letter) *nats.Msg {
	m := &nats.Msg{Subject: box(Token(letters[0].To), c.token), Data: letters[0].Sealed, Header: nats.Header{}}
	if len(letters) > 1 {
		m.Data = nil
		for _, l := range letters {
			m.Data = append(m.Data, l.Sealed...)
			m.Header.Add(letterHeader, strconv.Itoa(len(l.Sealed))+" "+l.ID)
		}
	}
	return m
}

// messageID is the same for the same letters.
func messageID(letters []Letter) string {
	id := letters[0].ID
	if len(letters) > 1 {
		h := sha256.New()
		for _, l := range letters {
			_, _ = fmt.Fprintln(h, l.ID) // a hash takes everything
		}
		id = hex.EncodeToString(h.Sum(nil)[:16])
	}
	return Token(letters[0].To) + id
}

// unpack cuts a message into its letters. One that does not say rightly where to cut is given as the one letter that it is not: whoever
// opens it refuses it.
func unpack(data []byte, header []string) (ids []string, sealed [][]byte) {
	if len(header) < 2 || len(header) > mostInParcel {
		return nil, [][]byte{data}
	}
	rest := data
	for _, h := range header {
		length, id, _ := strings.Cut(h, " ")
		n, err := strconv.Atoi(length)
		if err != nil || id == "" || n < 1 || n > len(rest) {
			return nil, [][]byte{data}
		}
		ids, sealed = append(ids, id), append(sealed, rest[:n:n])
		rest = rest[n:]
	}
	if len(rest) > 0 {
		return nil, [][]byte{data}
	}
	return ids, sealed
}

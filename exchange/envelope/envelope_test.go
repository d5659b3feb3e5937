package envelope_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"testing"
	"time"

	"filippo.io/age"
	"pgregory.net/rapid"

	"tarir/exchange/envelope"
	"tarir/exchange/keys"
	"tarir/exchange/register"
	"tarir/handling"
)

var now = time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC)

// directory is what the register says of a few members.
type directory map[string]struct {
	key keys.Public
	out time.Time // suspended from then on
}

func (d directory) KeyAt(member, id string, at time.Time) (*keys.Public, error) {
	m, ok := d[member]
	switch {
	case !ok:
		return nil, register.ErrUnknown
	case !m.out.IsZero() && !at.Before(m.out):
		return nil, register.ErrSuspended
	case m.key.ID() != id:
		return nil, register.ErrKey
	}
	return &m.key, nil
}

type world struct {
	testing.TB
	keys map[string]*keys.Private
	dir  directory
	seen map[string]bool
}

func newWorld(t testing.TB) *world {
	w := &world{t, map[string]*keys.Private{}, directory{}, map[string]bool{}}
	for _, m := range []string{"A", "B", "C", "OUT", "STRANGER"} {
		k, err := keys.Generate(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		w.keys[m] = k
		if m == "STRANGER" {
			continue
		}
		e := w.dir[m]
		if e.key = k.Public(); m == "OUT" {
			e.out = now.Add(-time.Hour)
		}
		w.dir[m] = e
	}
	return w
}

func (w *world) opener(m string) *envelope.Opener {
	return &envelope.Opener{Member: m, Keys: []*keys.Private{w.keys[m]}, Directory: w.dir, Now: func() time.Time { return now }, Seen: func(from, id string) (bool, error) { return w.seen[from+id], nil }}
}

func statement(from string, to ...string) *envelope.Statement {
	id, err := envelope.NewID(rand.Reader)
	if err != nil {
		panic(err)
	}
	return &envelope.Statement{Version: envelope.Version, ID: id, From: from, To: to, Purpose: handling.Locate, LegalBasis: "art. 5", Type: "message", Sent: now.Add(-time.Minute), Expires: now.Add(time.Hour), Body: json.RawMessage(`{"text":"the account is empty"}`)}
}

// raw signs whatever it is given, as an attacker would.
func (w *world) raw(payloadType string, s any, by string) []byte {
	w.Helper()
	b, err := json.Marshal(s)
	if err != nil {
		w.Fatal(err)
	}
	signed, err := keys.Sign(payloadType, b, w.keys[by])
	if err != nil {
		w.Fatal(err)
	}
	return signed
}

func (w *world) seal(signed []byte, to string) []byte {
	w.Helper()
	sealed, err := envelope.Seal(signed, w.keys[to].Public())
	if err != nil {
		w.Fatal(err)
	}
	return sealed
}

func TestWhatIsSealedIsOpenedByItsRecipientsAndNobodyElse(t *testing.T) {
	w := newWorld(t)
	s := statement("A", "B", "C")
	signed, err := envelope.Sign(s, w.keys["A"])
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []string{"B", "C"} {
		got, err := w.opener(m).Open(w.seal(signed, m), now)
		if err != nil || got.ID != s.ID || string(got.Body) != string(s.Body) {
			t.Errorf("%s: %+v %v", m, got, err)
		}
	}
	var r *envelope.Refusal
	if _, err := w.opener("C").Open(w.seal(signed, "B"), now); !errors.As(err, &r) || r.Reason != envelope.Altered {
		t.Errorf("another opens it: %v", err)
	}
	// Whoever changed its keys still opens what was sealed to the old ones.
	o := w.opener("B")
	o.Keys = []*keys.Private{w.keys["STRANGER"], w.keys["B"]}
	if _, err := o.Open(w.seal(signed, "B"), now); err != nil {
		t.Error(err)
	}
}

// TestEveryAttackIsRefusedByName: by somebody who holds the valid keys of another member, and by who runs the relay.
func TestEveryAttackIsRefusedByName(t *testing.T) {
	w := newWorld(t)
	change := func(fn func(*envelope.Statement)) *envelope.Statement { s := statement("A", "B"); fn(s); return s }
	weak, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	sealOtherwise := func(signed []byte, to ...age.Recipient) []byte {
		var b bytes.Buffer
		e, err := age.Encrypt(&b, to...)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Write(signed); err != nil {
			t.Fatal(err)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	good := w.raw(envelope.PayloadType, statement("A", "B"), "A")
	replayed := statement("A", "B")
	w.seen["A"+replayed.ID] = true
	cut := w.seal(good, "B")
	flipped := slices.Clone(cut)
	flipped[len(flipped)-1] ^= 1
	for _, c := range []struct {
		name    string
		sealed  []byte
		arrived time.Time
		want    envelope.Reason
	}{
		{"no envelope at all", []byte("hello"), now, envelope.Unreadable},
		{"nothing", nil, now, envelope.Unreadable},
		{"sealed to several", sealOtherwise(good, w.keys["B"].Sealing.Recipient(), w.keys["C"].Sealing.Recipient()), now, envelope.Unreadable},
		{"huge", make([]byte, envelope.MaxSealed+1), now, envelope.Oversized},
		{"a bit turned", flipped, now, envelope.Altered},
		{"cut off", cut[:len(cut)-1], now, envelope.Altered},
		{"something behind it", append(slices.Clone(cut), 0), now, envelope.Altered},
		{"the other half of another", append(slices.Clone(cut[:1800]), w.seal(good, "B")[1800:]...), now, envelope.Altered},
		{"sealed with a weaker key", sealOtherwise(good, weak.Recipient()), now, envelope.Downgraded},
		{"compressed", w.seal(w.raw(envelope.PayloadType+"+zstd", "x", "A"), "B"), now, envelope.Compressed},
		{"another type", w.seal(w.raw("text/plain", "x", "A"), "B"), now, envelope.Unreadable},
		{"no statement", w.seal(w.raw(envelope.PayloadType, "x", "A"), "B"), now, envelope.Unreadable},
		{"an older version", w.seal(w.raw(envelope.PayloadType, change(func(s *envelope.Statement) { s.Version = 0 }), "A"), "B"), now, envelope.Downgraded},
		{"a newer version", w.seal(w.raw(envelope.PayloadType, change(func(s *envelope.Statement) { s.Version = 9 }), "A"), "B"), now, envelope.Newer},
		{"by no member", w.seal(w.raw(envelope.PayloadType, statement("STRANGER", "B"), "STRANGER"), "B"), now, envelope.Unknown},
		{"in another's name", w.seal(w.raw(envelope.PayloadType, statement("A", "B"), "C"), "B"), now, envelope.Forged},
		{"in another's name, with its key's id", w.seal(bytes.ReplaceAll(w.raw(envelope.PayloadType, statement("A", "B"), "C"), []byte(w.keys["C"].Public().ID()), []byte(w.keys["A"].Public().ID())), "B"), now, envelope.Forged},
		{"passed on by a recipient", w.seal(w.raw(envelope.PayloadType, statement("A", "C"), "A"), "B"), now, envelope.Readdressed},
		{"by a suspended member", w.seal(w.raw(envelope.PayloadType, statement("OUT", "B"), "OUT"), "B"), now, envelope.Suspended},
		{"by a suspended member, dated back", w.seal(w.raw(envelope.PayloadType, func() *envelope.Statement { s := statement("OUT", "B"); s.Sent = now.Add(-2 * time.Hour); return s }(), "OUT"), "B"), now, envelope.Suspended},
		{"without a purpose", w.seal(w.raw(envelope.PayloadType, change(func(s *envelope.Statement) { s.Purpose = "" }), "A"), "B"), now, envelope.NoPurpose},
		{"without a legal basis", w.seal(w.raw(envelope.PayloadType, change(func(s *envelope.Statement) { s.LegalBasis = "" }), "A"), "B"), now, envelope.NoPurpose},
		{"from the future", w.seal(w.raw(envelope.PayloadType, change(func(s *envelope.Statement) { s.Sent = now.Add(time.Hour / 2) }), "A"), "B"), now, envelope.Early},
		{"expired", w.seal(w.raw(envelope.PayloadType, change(func(s *envelope.Statement) { s.Expires = now }), "A"), "B"), now, envelope.Expired},
		{"too old", w.seal(w.raw(envelope.PayloadType, change(func(s *envelope.Statement) { s.Sent = now.Add(-envelope.MaxAge - time.Hour) }), "A"), "B"), now, envelope.Expired},
		{"again", w.seal(w.raw(envelope.PayloadType, replayed, "A"), "B"), now, envelope.Replayed},
		{"an attachment with a path", w.seal(w.raw(envelope.PayloadType, change(func(s *envelope.Statement) { s.Attachments = []envelope.Attachment{{Name: "../x"}} }), "A"), "B"), now, envelope.Unreadable},
		{"an id that is none", w.seal(w.raw(envelope.PayloadType, change(func(s *envelope.Statement) { s.ID = "1" }), "A"), "B"), now, envelope.Unreadable},
	} {
		var r *envelope.Refusal
		got, err := w.opener("B").Open(c.sealed, c.arrived)
		if got != nil || !errors.As(err, &r) || r.Reason != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	if _, err := w.opener("B").Open(w.seal(good, "B"), now); err != nil {
		t.Errorf("what nobody touched: %v", err)
	}
	broken := w.opener("B")
	broken.Seen = func(string, string) (bool, error) { return false, io.ErrUnexpectedEOF }
	var r *envelope.Refusal
	if _, err := broken.Open(w.seal(good, "B"), now); err == nil || errors.As(err, &r) {
		t.Errorf("an error of the node is taken for one of the sender: %v", err)
	}
}

func TestLengthsTellLittle(t *testing.T) {
	lengths := map[int]bool{}
	for n := range 100_000 {
		p := envelope.Padded(n)
		lengths[p] = true
		if p < n || n > 512 && float64(p) > 1.12*float64(n) {
			t.Fatalf("%d bytes become %d", n, p)
		}
	}
	if len(lengths) > 130 {
		t.Errorf("%d lengths", len(lengths))
	}
}

func TestAttachmentsComeWholeOrNotAtAll(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		size := rapid.OneOf(rapid.IntRange(0, 3000), rapid.IntRange(60_000, 140_000)).Draw(rt, "size")
		file := make([]byte, size)
		if _, err := rand.Read(file); err != nil {
			rt.Fatal(err)
		}
		var sealed, back bytes.Buffer
		a, err := envelope.SealAttachment(&sealed, bytes.NewReader(file), "photo.jpg", "image/jpeg")
		if err != nil {
			rt.Fatal(err)
		}
		if err := a.Open(&back, bytes.NewReader(sealed.Bytes())); err != nil || !bytes.Equal(back.Bytes(), file) {
			rt.Fatal(err)
		}
		other, err := envelope.SealAttachment(io.Discard, bytes.NewReader(file), "photo.jpg", "image/jpeg")
		if err != nil {
			rt.Fatal(err)
		}
		bad := slices.Clone(sealed.Bytes())
		at := rapid.IntRange(0, len(bad)-1).Draw(rt, "at")
		bad[at] ^= byte(rapid.IntRange(1, 255).Draw(rt, "bits"))
		for name, c := range map[string]struct {
			a *envelope.Attachment
			b []byte
		}{
			"changed": {a, bad}, "cut off": {a, sealed.Bytes()[:rapid.IntRange(0, sealed.Len()-1).Draw(rt, "cut")]}, "longer": {a, append(slices.Clone(sealed.Bytes()), 0)}, "another": {other, sealed.Bytes()},
		} {
			if err := c.a.Open(io.Discard, bytes.NewReader(c.b)); err == nil {
				rt.Fatalf("%s is opened", name)
			}
		}
	})
}

// TestALargeAttachmentTakesLittleMemory streams 256 MB through both ends and looks at all that was ever allocated meanwhile.
func TestALargeAttachmentTakesLittleMemory(t *testing.T) {
	const size = 256 << 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	in, out := io.Pipe()
	sealed := make(chan *envelope.Attachment, 1)
	copied := &spool{}
	go func() {
		a, err := envelope.SealAttachment(io.MultiWriter(out, copied), io.LimitReader(repeat{}, size), "large", "application/octet-stream")
		out.CloseWithError(err)
		sealed <- a
	}()
	if _, err := io.Copy(io.Discard, in); err != nil {
		t.Fatal(err)
	}
	a := <-sealed
	runtime.ReadMemStats(&after)
	if a == nil || a.Size != size || copied.n < size {
		t.Fatalf("%+v", a)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20 {
		t.Errorf("%d MB were allocated", used>>20)
	}
}

type repeat struct{}

func (repeat) Read(p []byte) (int, error) { return len(p), nil }

type spool struct{ n int }

func (s *spool) Write(p []byte) (int, error) { s.n += len(p); return len(p), nil }

func FuzzOpen(f *testing.F) {
	w := newWorld(f)
	signed := w.raw(envelope.PayloadType, statement("A", "B"), "A")
	f.Add(w.seal(signed, "B"), []byte(nil))
	f.Add([]byte(nil), signed)
	f.Add([]byte("age-encryption.org/v1\n-> mlkem768x25519 a\n"), []byte(`{}`))
	f.Fuzz(func(t *testing.T, sealed, inside []byte) {
		var r *envelope.Refusal
		if _, err := w.opener("B").Open(sealed, now); err != nil && !errors.As(err, &r) {
			t.Fatal(err)
		}
		if len(inside) > 0 && len(inside) < envelope.MaxStatement {
			sealed, err := envelope.Seal(inside, w.keys["B"].Public())
			if err != nil {
				t.Fatal(err)
			}
			if s, err := w.opener("B").Open(sealed, now); err == nil && s.From != "A" {
				t.Fatalf("%+v was never signed", s)
			}
		}
	})
}

// BenchmarkEnvelope: a statement of 4 KB.
func BenchmarkEnvelope(b *testing.B) {
	w := newWorld(b)
	s := statement("A", "B")
	s.Body = json.RawMessage(fmt.Sprintf("%q", bytes.Repeat([]byte("x"), 4096)))
	signed, err := envelope.Sign(s, w.keys["A"])
	if err != nil {
		b.Fatal(err)
	}
	sealed := w.seal(signed, "B")
	b.Run("sign", func(b *testing.B) {
		for b.Loop() {
			if _, err := envelope.Sign(s, w.keys["A"]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("seal", func(b *testing.B) {
		to := w.keys["B"].Public()
		for b.Loop() {
			if _, err := envelope.Seal(signed, to); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(len(sealed)), "B/recipient")
	})
	b.Run("open", func(b *testing.B) {
		o := w.opener("B")
		for b.Loop() {
			if _, err := o.Open(sealed, now); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("attachment", func(b *testing.B) {
		const size = 64 << 20
		b.SetBytes(size)
		for b.Loop() {
			if _, err := envelope.SealAttachment(io.Discard, io.LimitReader(repeat{}, size), "large", "application/octet-stream"); err != nil {
				b.Fatal(err)
			}
		}
	})
}

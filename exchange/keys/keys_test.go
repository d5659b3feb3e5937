package keys_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"slices"
	"testing"

	"tarir/exchange/keys"
)

const kind = "application/vnd.test+json"

func generate(t testing.TB) *keys.Private {
	t.Helper()
	k, err := keys.Generate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestKeysReadBackAsTheyWereWritten(t *testing.T) {
	k := generate(t)
	text, err := k.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	var again keys.Private
	if err := again.UnmarshalText(text); err != nil || !again.Public().Equal(k.Public()) {
		t.Fatal(err)
	}
	if err := k.Public().Check(); err != nil {
		t.Error(err)
	}
	if bytes.Equal(k.Public().Relay, k.Public().Signing) || !bytes.Equal(again.Relay(), k.Relay()) {
		t.Error("the key for the relay is the signing key, or another each time")
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	for _, bad := range [][]byte{nil, lines[0], lines[1], slices.Concat(lines[1], lines[0]), slices.Concat(lines[0], lines[0])} {
		if err := new(keys.Private).UnmarshalText(bad); err == nil {
			t.Errorf("%d bytes pass for keys", len(bad))
		}
	}
	for name, bad := range map[string]keys.Public{"empty": {}, "no relay": {Signing: k.Public().Signing, Sealing: k.Public().Sealing}, "a weaker seal": {Signing: k.Public().Signing, Relay: k.Public().Relay, Sealing: "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"}} {
		if bad.Check() == nil {
			t.Errorf("%s passes for keys", name)
		}
	}
}

func TestASignatureIsOfItsKeyItsTypeAndItsBytes(t *testing.T) {
	a, b := generate(t), generate(t)
	signed, err := keys.Sign(kind, []byte(`{"x":1}`), a, b)
	if err != nil {
		t.Fatal(err)
	}
	s, err := keys.Read(signed, kind)
	if err != nil || string(s.Payload) != `{"x":1}` || !slices.Equal(s.KeyIDs(), []string{a.Public().ID(), b.Public().ID()}) {
		t.Fatal(s, err)
	}
	if err := errors.Join(s.Verify(a.Public()), s.Verify(b.Public()), s.Verify(a.Public(), b.Public())); err != nil {
		t.Error(err)
	}
	if err := s.Verify(a.Public(), generate(t).Public()); !errors.Is(err, keys.ErrSignature) {
		t.Errorf("one of two signed: %v", err)
	}
	if s.Verify() == nil {
		t.Error("signed by nobody")
	}
	if err := s.Verify(a.Public(), a.Public()); err == nil {
		t.Error("one signature counts for two")
	}
	if _, err := keys.Read(signed, "text/plain"); err == nil {
		t.Error("read as another type")
	}
	for _, bad := range [][]byte{append(slices.Clone(signed), '{'), []byte(`{"payloadType":"` + kind + `","payload":"*","signatures":[]}`), []byte(`{"more":1}`), nil} {
		if _, err := keys.Read(bad, kind); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
	// The same bytes under another type are signed otherwise.
	other, err := keys.Read(bytes.Replace(signed, []byte(kind), []byte("application/vnd.tesT+json"), 1), "application/vnd.tesT+json")
	if err != nil || other.Verify(a.Public()) == nil {
		t.Error("the type is not signed")
	}
}

package node_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"tarir/exchange/register"
	"tarir/handling"
	"tarir/node"
	"tarir/notice"
)

// certificate makes one that is its own authority.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "relay"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("relay.crt", "CERTIFICATE", der), write("relay.key", "PRIVATE KEY", private)
}

// TestBureauxDialOutOverTLSAndOverWebSocket: one over each, and one that does not trust the relay's certificate gets no line.
func TestBureauxDialOutOverTLSAndOverWebSocket(t *testing.T) {
	cert, key := certificate(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ws := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	w := newWorld(t, map[string]handling.Kind{"FIU-TLS": handling.FIU, "NCB-WSS": handling.Bureau}, nil, func(id string, s *node.Setup) {
		s.CA = cert
		switch id {
		case "GS":
			s.Cert, s.Key, s.WS = cert, key, ws
		case "FIU-TLS":
			s.URL = strings.Replace(s.URL, "nats://", "tls://", 1)
		case "NCB-WSS":
			s.URL = "wss://127.0.0.1:" + strconv.Itoa(ws)
		default:
			s.CA = "" // the system knows nothing of this certificate
		}
	})
	m, err := w.nodes["NCB-WSS"].Send(t.Context(), who("ann"), node.NewLetter{Kind: "message", To: []string{"FIU-TLS"}, Text: notice.Texts{"en": "over two lines"}})
	if err != nil {
		t.Fatal(err)
	}
	w.until("it is there", func() bool { return w.state("FIU-TLS", "message", m.ID) == "received" })
	w.until("the receipt too", func() bool { return w.receipt("NCB-WSS", "message", m.ID, "FIU-TLS") == "stored " })

	gs := w.nodes["GS"]
	invitation, err := gs.Invite(t.Context(), node.Who{Person: "ann"}, register.Statement{Member: "X", Name: "X", Kind: handling.NGO, Country: "FR", Contact: "x"}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(w.dir, "X")
	answer, code, err := node.Join(dir, pass, w.setup("X", node.Setup{URL: w.url, People: people}), invitation, w.clock.now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gs.Admit(t.Context(), node.Who{Person: "ann"}, answer, code); err != nil {
		t.Fatal(err)
	}
	w.start("X")
	for range 150 {
		h, err := w.nodes["X"].Health(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if h.Line {
			t.Fatal("a line stands to a relay whose certificate nobody vouches for")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

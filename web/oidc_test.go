package web_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"tarir/node"
)

// provider is a small OpenID provider: code flow with a proof key, tokens signed by RS256. says changes what a token claims.
type provider struct {
	*httptest.Server
	mu    sync.Mutex
	codes map[string]url.Values
	says  func(claims map[string]any)
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: "k1"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{codes: map[string]url.Values{}}
	mux := http.NewServeMux()
	say := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		say(w, map[string]any{"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"}})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		say(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k1", Algorithm: "RS256", Use: "sig"}}})
	})
	mux.HandleFunc("GET /authorize", func(w http.ResponseWriter, r *http.Request) {
		code := rand.Text()
		p.mu.Lock()
		p.codes[code] = r.URL.Query()
		p.mu.Unlock()
		http.Redirect(w, r, r.URL.Query().Get("redirect_uri")+"?code="+code+"&state="+url.QueryEscape(r.URL.Query().Get("state")), http.StatusFound)
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		q := p.codes[r.FormValue("code")]
		delete(p.codes, r.FormValue("code"))
		p.mu.Unlock()
		sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
		if q == nil || base64.RawURLEncoding.EncodeToString(sum[:]) != q.Get("code_challenge") {
			http.Error(w, `{"error":"invalid_grant"}`, http.StatusBadRequest)
			return
		}
		claims := map[string]any{"iss": p.URL, "aud": q.Get("client_id"), "sub": "1", "nonce": q.Get("nonce"), "exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix(), "preferred_username": "ann"}
		if p.says != nil {
			p.says(claims)
		}
		token, err := jwt.Signed(signer).Claims(claims).Serialize()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		say(w, map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": token})
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

// TestTheOrganisationsOwnLogIn: somebody logs in by the provider of their organisation, and nobody by a token that proves nothing.
func TestTheOrganisationsOwnLogIn(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	dir := filepath.Join(t.TempDir(), "GS")
	pass := node.Passphrase{Text: "correct horse", Work: 2}
	if err := node.Found(dir, pass, node.Setup{Member: "GS", Name: "Secretariat", Country: "FR", Listen: "127.0.0.1:0", People: people}, time.Now()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "config.toml")
	config, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// Where the pages are is known once something listens.
	server := httptest.NewUnstartedServer(nil)
	origin := "http://localhost:" + server.Listener.Addr().String()[strings.LastIndex(server.Listener.Addr().String(), ":")+1:]
	config = bytes.Replace(config, []byte(`origin = ""`), fmt.Appendf(nil, "origin = %q", origin), 1)
	config = bytes.Replace(config, []byte("issuer = \"\"\nclient_id = \"\""), fmt.Appendf(nil, "issuer = %q\nclient_id = \"tarir\"", p.URL), 1)
	if err := os.WriteFile(path, config, 0o600); err != nil {
		t.Fatal(err)
	}
	n, err := node.Open(t.Context(), dir, node.Options{Passphrase: pass})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	server.Config.Handler = public(t, n)
	server.Start()
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})

	b := tab{t, browser(t)}
	enter := func() {
		b.open(origin + "/login?to=/help")
		b.click(`a[href^="/login/oidc"]`)
		b.until("an answer", `location.origin === "`+origin+`" && !location.pathname.endsWith("/login") && document.readyState === "complete" && location.pathname !== "/login/oidc"`)
	}
	for what, says := range map[string]func(map[string]any){
		"of somebody who does not work here": func(c map[string]any) { c["preferred_username"] = "mallory" },
		"that names nobody":                  func(c map[string]any) { delete(c, "preferred_username") },
		"for another program":                func(c map[string]any) { c["aud"] = "another" },
		"that has ended":                     func(c map[string]any) { c["exp"] = time.Now().Add(-time.Hour).Unix() },
		"of another attempt":                 func(c map[string]any) { c["nonce"] = "guessed" },
		"of another issuer":                  func(c map[string]any) { c["iss"] = "https://elsewhere.example" },
	} {
		p.says = says
		enter()
		if b.open(origin + "/help"); evaluate[string](b, "location.pathname") != "/login" {
			t.Fatalf("somebody logs in with a token %s", what)
		}
	}
	p.says = nil
	// An answer that another browser began is none.
	b.open(origin + "/login/oidc/back?code=x&state=guessed")
	if b.open(origin + "/help"); evaluate[string](b, "location.pathname") != "/login" {
		t.Fatal("somebody logs in with a guessed state")
	}
	enter()
	b.until("the page that was asked for", `location.pathname === "/help"`)
	if got := evaluate[string](b, `document.documentElement.dataset.person`); got != "ann" {
		t.Errorf("%q is logged in, want ann", got)
	}
}

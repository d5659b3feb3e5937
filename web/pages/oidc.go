package pages

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// OpenID Connect (Core 1.0, code flow with a proof key, RFC 7636): an organisation's own provider says who somebody is; who they are here and what they may do is this
// node's to say.

const (
	oidcCookie = "tarir-oidc"
	oidcTime   = 20 * time.Second // to reach the provider
)

// errProvider is what is said where a provider's answer proves nothing.
var errProvider = errors.New("your organisation's log-in did not confirm who you are: try again, or use a passkey")

// provider is the organisation's, looked up when it is first asked for: a node starts without it.
func (s *Server) provider(ctx context.Context) (*oidc.Provider, *oauth2.Config, error) {
	c := s.n.Config().Web.OIDC
	if c.Issuer == "" {
		return nil, nil, errProvider
	}
	s.mu.Lock()
	p := s.oidc
	s.mu.Unlock()
	if p == nil {
		var err error
		// The keys of the provider are fetched later on, too: not bound to this request.
		if p, err = oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), &http.Client{Timeout: oidcTime}), c.Issuer); err != nil {
			return nil, nil, errors.New("your organisation's log-in cannot be reached now: use a passkey, or try again later")
		}
		s.mu.Lock()
		s.oidc = p
		s.mu.Unlock()
	}
	secret := ""
	if c.Secret != "" {
		text, err := os.ReadFile(c.Secret)
		if err != nil {
			return nil, nil, fmt.Errorf("read the secret of the log-in: %w", err)
		}
		secret = strings.TrimSpace(string(text))
	}
	return p, &oauth2.Config{ClientID: c.Client, ClientSecret: secret, Endpoint: p.Endpoint(), RedirectURL: s.n.Config().Web.Origin + "/login/oidc/back", Scopes: []string{oidc.ScopeOpenID, "profile"}}, nil
}

// toProvider sends somebody to their organisation's log-in.
func (s *Server) toProvider(a *ask) error {
	_, config, err := s.provider(a.r.Context())
	if err != nil {
		return err
	}
	begun := ceremony{nonce: rand.Text(), verifier: oauth2.GenerateVerifier(), to: here(a.r.URL.Query().Get("to"))}
	state, err := s.keep(begun)
	if err != nil {
		return err
	}
	http.SetCookie(a.w, &http.Cookie{Name: oidcCookie, Value: state, Path: "/login/oidc", MaxAge: int(ceremonyTime.Seconds()), HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode})
	http.Redirect(a.w, a.r, config.AuthCodeURL(state, oidc.Nonce(begun.nonce), oauth2.S256ChallengeOption(begun.verifier)), http.StatusSeeOther)
	return nil
}

// fromProvider takes what the provider says about who comes back.
func (s *Server) fromProvider(a *ask) error {
	q := a.r.URL.Query()
	c, err := a.r.Cookie(oidcCookie)
	if err != nil || subtle.ConstantTimeCompare([]byte(c.Value), []byte(q.Get("state"))) != 1 {
		return errProvider // of another browser, or too late
	}
	http.SetCookie(a.w, &http.Cookie{Name: oidcCookie, Path: "/login/oidc", MaxAge: -1, HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode})
	begun, ok := s.took(q.Get("state"))
	if !ok || begun.verifier == "" || q.Get("code") == "" {
		return errProvider
	}
	p, config, err := s.provider(a.r.Context())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(oidc.ClientContext(a.r.Context(), &http.Client{Timeout: oidcTime}), oidcTime)
	defer cancel()
	token, err := config.Exchange(ctx, q.Get("code"), oauth2.VerifierOption(begun.verifier))
	if err != nil {
		return errProvider
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := p.Verifier(&oidc.Config{ClientID: config.ClientID}).Verify(ctx, raw)
	if err != nil || subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(begun.nonce)) != 1 {
		return errProvider
	}
	claims := map[string]any{}
	if err := id.Claims(&claims); err != nil {
		return errProvider
	}
	claim := s.n.Config().Web.OIDC.Claim
	if claim == "" {
		claim = "preferred_username"
	}
	person, _ := claims[claim].(string)
	session, _, err := s.n.LoginBy(a.r.Context(), person, "oidc", a.r.UserAgent())
	if err != nil {
		return err
	}
	http.SetCookie(a.w, &http.Cookie{Name: sessionCookie, Value: session, Path: "/", HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteStrictMode})
	// The cookie goes with what this site itself asks for: a page of its own leads on.
	return s.show(a, http.StatusOK, "entered", "entered", begun.to)
}

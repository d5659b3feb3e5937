package pages

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"tarir/handling"
	"tarir/node"
)

// Passkeys (WebAuthn Level 3): a ceremony has two steps, the challenge and the answer. The challenge is kept here, for five minutes, under a token
// that the page carries.

type ceremony struct {
	data   webauthn.SessionData
	invite string // of a registration
	person string
	until  time.Time

	nonce, verifier, to string // of OpenID Connect
}

const (
	ceremonyTime   = 5 * time.Minute
	mostCeremonies = 1000
)

// keep keeps a ceremony that has begun and gives its token.
func (s *Server) keep(c ceremony) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for t, old := range s.ceremonies {
		if now.After(old.until) {
			delete(s.ceremonies, t)
		}
	}
	if len(s.ceremonies) >= mostCeremonies {
		return "", errors.New("too many people are logging in: try again in a minute")
	}
	token := rand.Text()
	c.until = now.Add(ceremonyTime)
	s.ceremonies[token] = c
	return token, nil
}

// took gives a ceremony, once.
func (s *Server) took(token string) (ceremony, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.ceremonies[token]
	delete(s.ceremonies, token)
	return c, ok && time.Now().Before(c.until)
}

// user is a person as passkeys know one.
type user struct {
	person string
	keys   []webauthn.Credential
}

func (u *user) WebAuthnID() []byte                         { return []byte(u.person) }
func (u *user) WebAuthnName() string                       { return u.person }
func (u *user) WebAuthnDisplayName() string                { return u.person }
func (u *user) WebAuthnCredentials() []webauthn.Credential { return u.keys }

func (s *Server) user(r *http.Request, person string) (*user, error) {
	list, err := s.n.PasskeysOf(r.Context(), person)
	u := &user{person: person}
	for _, p := range list {
		var c webauthn.Credential
		if err := json.Unmarshal(p.Content, &c); err != nil {
			return nil, errors.New("a passkey of this person cannot be read")
		}
		u.keys = append(u.keys, c)
	}
	return u, err
}

// passkey answers a step of a ceremony in JSON.
func (s *Server) passkey(f func(r *http.Request, step string, w http.ResponseWriter) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		v, err := f(r, r.PathValue("step"), w)
		w.Header().Set("Content-Type", "application/json")
		if err != nil {
			w.WriteHeader(http.StatusUnprocessableEntity)
			v = map[string]string{"error": s.languageOf(r).Wrong(err.Error())}
		}
		_ = json.NewEncoder(w).Encode(v) // who asked has gone, if it fails
	}
}

// errPasskey is what is said of an answer that proves nothing: not more than that.
var errPasskey = errors.New("this passkey is not known here, or the time is over: try again")

type stepIn struct {
	Token    string          `json:"token"`
	Name     string          `json:"name"`
	Response json.RawMessage `json:"response"`
}

func (s *Server) register(r *http.Request, step string, _ http.ResponseWriter) (any, error) {
	var in stepIn
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return nil, errPasskey
	}
	if step == "begin" {
		person, err := s.n.Invited(r.Context(), in.Token)
		if err != nil {
			return nil, err
		}
		u, err := s.user(r, person)
		if err != nil {
			return nil, err
		}
		var known []protocol.CredentialDescriptor
		for _, k := range u.keys {
			known = append(known, k.Descriptor())
		}
		options, data, err := s.webauthn.BeginRegistration(u, webauthn.WithResidentKeyRequirement(protocol.ResidentKeyRequirementRequired), webauthn.WithExclusions(known),
			webauthn.WithAuthenticatorSelection(protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired}))
		if err != nil {
			return nil, errPasskey
		}
		token, err := s.keep(ceremony{data: *data, invite: in.Token, person: person})
		return map[string]any{"token": token, "options": options}, err
	}
	c, ok := s.took(in.Token)
	if !ok || c.invite == "" {
		return nil, errPasskey
	}
	u, err := s.user(r, c.person)
	if err != nil {
		return nil, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBody(bytes.NewReader(in.Response))
	if err != nil {
		return nil, errPasskey
	}
	made, err := s.webauthn.CreateCredential(u, c.data, parsed)
	if err != nil {
		return nil, errPasskey
	}
	content, err := json.Marshal(made)
	if err != nil {
		return nil, err
	}
	return map[string]string{"to": "/login"}, s.n.AddPasskey(r.Context(), c.invite, node.Passkey{ID: hex.EncodeToString(made.ID), Name: in.Name, Content: content})
}

func (s *Server) prove(r *http.Request, step string, w http.ResponseWriter) (any, error) {
	var in stepIn
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return nil, errPasskey
	}
	if step == "begin" {
		options, data, err := s.webauthn.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
		if err != nil {
			return nil, errPasskey
		}
		token, err := s.keep(ceremony{data: *data})
		return map[string]any{"token": token, "options": options}, err
	}
	c, ok := s.took(in.Token)
	if !ok || c.invite != "" || c.verifier != "" {
		return nil, errPasskey
	}
	parsed, err := protocol.ParseCredentialRequestResponseBody(bytes.NewReader(in.Response))
	if err != nil {
		return nil, errPasskey
	}
	_, used, err := s.webauthn.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) { return s.user(r, string(handle)) }, c.data, parsed)
	if err != nil || used.Authenticator.CloneWarning {
		return nil, errPasskey
	}
	content, err := json.Marshal(used)
	if err != nil {
		return nil, err
	}
	token, _, err := s.n.Login(r.Context(), hex.EncodeToString(used.ID), content, r.UserAgent())
	if err != nil {
		return nil, err
	}
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Value: token, Path: "/", HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteStrictMode})
	return map[string]string{"to": here(in.Name)}, nil
}

func (s *Server) login(a *ask) error {
	return s.show(a, http.StatusOK, "login", "login", map[string]string{"To": here(a.r.URL.Query().Get("to")), "OIDC": s.n.Config().Web.OIDC.Issuer})
}

func (s *Server) invite(a *ask) error {
	person, err := s.n.Invited(a.r.Context(), a.r.PathValue("token"))
	if err != nil {
		return err
	}
	return s.show(a, http.StatusOK, "invite", "invite", map[string]string{"Person": person, "Token": a.r.PathValue("token")})
}

func (s *Server) logout(a *ask) error {
	if err := s.n.Logout(a.r.Context(), a.session.Person, a.session.ID); err != nil {
		return err
	}
	s.forget(a.session.ID)
	http.SetCookie(a.w, &http.Cookie{Name: sessionCookie, Path: "/", MaxAge: -1, HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteStrictMode})
	return back(a, "/login")
}

func (s *Server) sessions(a *ask) error {
	list, err := s.n.Sessions(a.r.Context(), a.session.Person)
	if err != nil {
		return err
	}
	return s.show(a, http.StatusOK, "sessions", "sessions", list)
}

func (s *Server) endSession(a *ask) error {
	if err := s.n.Logout(a.r.Context(), a.session.Person, a.r.PathValue("id")); err != nil {
		return err
	}
	s.forget(a.r.PathValue("id"))
	return back(a, "/sessions")
}

// purpose says for what a person works from now on.
func (s *Server) purpose(a *ask) error {
	if err := s.n.SessionFor(a.r.Context(), a.token, handling.Purpose(a.r.FormValue("purpose")), a.r.FormValue("legal_basis")); err != nil {
		return err
	}
	return back(a, here(a.r.FormValue("to")))
}

// Package pages are a node's pages for people who would rather look than read: rendered here, usable without a script, in English, French, Spanish and
// Arabic.
//
//	pages.go   the server: who asks, in which language, and what every page has
//	login.go   passkeys, invitations, sessions
//	today.go   what needs me
//	check.go   is this known?
//	cases.go   cases
//
// A page says what the node says to the person who is logged in; it decides nothing itself.
package pages

import (
	"bytes"
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"tarir/casework"
	"tarir/handling"
	"tarir/message"
	"tarir/node"
	"tarir/store"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static
var staticFiles embed.FS

// Server answers with pages.
type Server struct {
	n        *node.Node
	webauthn *webauthn.WebAuthn
	secure   bool // the cookie goes over TLS alone
	pages    map[string]*template.Template
	langs    map[string]*message.Language
	mux      *http.ServeMux

	mu         sync.Mutex
	ceremonies map[string]ceremony // of passkeys, that have begun
}

// New makes the pages of a node that has an origin.
func New(n *node.Node) (http.Handler, error) {
	origin, err := url.Parse(n.Config().Web.Origin)
	if err != nil {
		return nil, fmt.Errorf("make the pages: %w", err)
	}
	s := &Server{n: n, secure: origin.Scheme == "https", pages: map[string]*template.Template{}, langs: map[string]*message.Language{}, mux: http.NewServeMux(), ceremonies: map[string]ceremony{}}
	s.webauthn, err = webauthn.New(&webauthn.Config{RPID: origin.Hostname(), RPDisplayName: "Tarir of " + n.Member(), RPOrigins: []string{n.Config().Web.Origin}})
	if err != nil {
		return nil, fmt.Errorf("make the pages: %w", err)
	}
	for _, code := range message.Codes {
		if s.langs[code], err = message.For(code); err != nil {
			return nil, err
		}
	}
	names, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		base := strings.TrimSuffix(strings.TrimPrefix(name, "templates/"), ".html")
		if base == "layout" {
			continue
		}
		if s.pages[base], err = template.New("layout.html").Funcs(template.FuncMap{"dict": pair}).ParseFS(templateFiles, "templates/layout.html", name); err != nil {
			return nil, fmt.Errorf("make the pages: %w", err)
		}
	}
	static, err := fs.Sub(staticFiles, "static")
	if err != nil {
		return nil, err
	}
	s.mux.Handle("GET /static/", http.StripPrefix("/static/", cached(http.FileServerFS(static))))
	s.routes()
	guard := http.NewCrossOriginProtection() // no other site posts here
	return headers(guard.Handler(s.mux)), nil
}

func (s *Server) routes() {
	s.open("GET /login", s.login)
	s.open("GET /invite/{token}", s.invite)
	s.mux.HandleFunc("POST /passkey/register/{step}", s.passkey(s.register))
	s.mux.HandleFunc("POST /passkey/login/{step}", s.passkey(s.prove))
	s.page("GET /{$}", s.today)
	s.page("POST /purpose", s.purpose)
	s.page("POST /logout", s.logout)
	s.page("GET /sessions", s.sessions)
	s.page("POST /sessions/{id}/end", s.endSession)
	s.page("POST /tasks/done", s.taskDone)
	s.page("GET /check", s.check)
	s.page("POST /check", s.check)
	s.page("GET /cases", s.cases)
	s.page("POST /cases", s.newCase)
	s.page("GET /cases/{id}", s.showCase)
	s.page("POST /cases/{id}/search", s.showCase)
	s.page("POST /cases/{id}/notes", s.addNote)
	s.mux.HandleFunc("POST /language", s.choose)
}

// pair gives a part of a page its list, and the view that it says things with.
func pair(v *view, list any) map[string]any { return map[string]any{"View": v, "List": list} }

// headers are those of every answer: nothing from elsewhere, nothing within a page runs but our own files, nothing is kept by what is between.
func headers(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("Referrer-Policy", "no-referrer")
		head.Set("Cross-Origin-Opener-Policy", "same-origin")
		head.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
		head.Set("Cache-Control", "no-store")
		h.ServeHTTP(w, r)
	})
}

// cached are files that carry nobody's data.
func cached(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=3600")
		h.ServeHTTP(w, r)
	})
}

// ask is one question of a browser.
type ask struct {
	w       http.ResponseWriter
	r       *http.Request
	l       *message.Language
	session *node.Session // nil: nobody is logged in
	token   string
	home    string // where to come back to, if not to the address itself
}

// who is who asks, and for what.
func (a *ask) who() node.Who { return a.session.Who() }

// view is what every page has beside its own.
type view struct {
	L        *message.Language
	Lang     string
	Dir      string
	Title    string
	Member   string
	Page     string // which one it is, for the menu
	Path     string
	Session  *node.Session
	Purposes []handling.Purpose
	Langs    []language
	Error    string
	Data     any
}

// language is one that the pages are written in, by its own name.
type language struct{ Code, Name string }

// T says a text of the pages.
func (v *view) T(key string, params ...any) string { return v.L.Text("web."+key, params...) }

// Time writes a time, in UTC; empty for none.
func (v *view) Time(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

// Name says a word of a closed list.
func (v *view) Name(section, name string) string { return v.L.Name(section, name) }

const (
	sessionCookie  = "tarir"
	languageCookie = "tarir-language"
)

// languageOf is the language that was chosen, or else the first that the browser asks for and there is.
func (s *Server) languageOf(r *http.Request) *message.Language {
	if c, err := r.Cookie(languageCookie); err == nil && s.langs[c.Value] != nil {
		return s.langs[c.Value]
	}
	for _, part := range strings.Split(r.Header.Get("Accept-Language"), ",") {
		code, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		code, _, _ = strings.Cut(code, "-")
		if l := s.langs[strings.ToLower(code)]; l != nil {
			return l
		}
	}
	return s.langs["en"]
}

// open adds a page that everybody may see.
func (s *Server) open(pattern string, f func(a *ask) error) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		a := &ask{w: w, r: r, l: s.languageOf(r)}
		if err := f(a); err != nil {
			s.fail(a, err)
		}
	})
}

// page adds a page for whoever is logged in.
func (s *Server) page(pattern string, f func(a *ask) error) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		a := &ask{w: w, r: r, l: s.languageOf(r)}
		c, err := r.Cookie(sessionCookie)
		if err == nil {
			a.token = c.Value
			a.session, err = s.n.Session(r.Context(), c.Value)
		} else {
			err = node.ErrSession
		}
		if errors.Is(err, node.ErrSession) {
			// Whoever was on the way somewhere comes there after logging in.
			to := "/login"
			if r.Method == http.MethodGet && r.URL.Path != "/" {
				to += "?to=" + url.QueryEscape(r.URL.RequestURI())
			}
			http.Redirect(w, r, to, http.StatusSeeOther)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		if err == nil {
			err = f(a)
		}
		if err != nil {
			s.fail(a, err)
		}
	})
}

// show writes a page.
func (s *Server) show(a *ask, code int, page, title string, data any) error {
	return s.showWith(a, code, page, title, data, "")
}

func (s *Server) showWith(a *ask, code int, page, title string, data any, wrong string) error {
	v := &view{
		L: a.l, Lang: a.l.Code, Dir: "ltr", Title: a.l.Text("web." + title), Member: s.n.Member(), Page: page, Path: cmp.Or(a.home, a.r.URL.RequestURI()), Session: a.session,
		Purposes: handling.Purposes, Error: wrong, Data: data,
	}
	for _, code := range message.Codes {
		v.Langs = append(v.Langs, language{code, s.langs[code].Name("language", code)})
	}
	if a.l.Right {
		v.Dir = "rtl"
	}
	var b bytes.Buffer
	if err := s.pages[page].Execute(&b, v); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	a.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	a.w.Header().Set("Content-Language", a.l.Code)
	a.w.WriteHeader(code)
	_, _ = b.WriteTo(a.w) // who asked has gone, if it fails
	return nil
}

// fail says what went wrong, in one sentence.
func (s *Server) fail(a *ask, err error) {
	code := http.StatusUnprocessableEntity
	if a.r.Method != http.MethodGet {
		a.home = "/"
	}
	switch {
	case errors.Is(err, node.ErrNotAllowed), errors.Is(err, node.ErrPerson), errors.Is(err, casework.ErrSeat):
		code = http.StatusForbidden
	case errors.Is(err, casework.ErrNoSeat), errors.Is(err, store.ErrNone):
		code = http.StatusNotFound
	case errors.Is(err, casework.ErrChanged):
		code = http.StatusConflict
	case errors.Is(err, context.Canceled):
		return
	}
	if err := s.showWith(a, code, "error", "error", nil, err.Error()); err != nil {
		http.Error(a.w, "the page cannot be shown now", http.StatusInternalServerError)
	}
}

// back leads to a page after something was done.
func back(a *ask, to string) error {
	http.Redirect(a.w, a.r, to, http.StatusSeeOther)
	return nil
}

// here is an address of this node to go to, from a form: none of another site.
func here(to string) string {
	u, err := url.Parse(to)
	if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") || strings.Contains(to, "\\") {
		return "/"
	}
	return to
}

func (s *Server) choose(w http.ResponseWriter, r *http.Request) {
	code := r.FormValue("lang")
	if s.langs[code] != nil {
		http.SetCookie(w, &http.Cookie{Name: languageCookie, Value: code, Path: "/", MaxAge: 365 * 24 * 3600, HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode})
	}
	http.Redirect(w, r, here(r.FormValue("to")), http.StatusSeeOther)
}

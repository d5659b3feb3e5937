// Package pages are a node's pages for people who would rather look than read: rendered here, usable without a script, in English, French, Spanish and
// Arabic.
//
//	pages.go     the server: who asks, in which language, and what every page has
//	written.go   numbers, money and dates as each language writes them
//	login.go     passkeys, invitations, sessions
//	events.go    what is new while a page is open; what was just done, and how to undo it
//	find.go      search of everything that a person may see
//	today.go     what needs me
//	check.go     is this known?
//	files.go     files and tables that are worked on while their page waits
//	notices.go   notices and the review desk; form.go their forms
//	exchange.go  letters, members, stop-payments, hits; diffusion.go, private.go
//	             notices that are sent at once, and checks of which neither side learns more
//	operations.go, groups.go, vault.go, subjects.go, admin.go, help.go, tour.go  what their names say; oidc.go log-in by an organisation's provider
//	cases.go     cases; together.go what is around them; entries.go what is in them, diff.go what changed between two texts; network.go, money.go, moves.go what is drawn of them, assets.go what is done with assets
//
// What moves on a page (charts, search, drafts) is TypeScript below app, bundled by make build; every page says what it says without it, too.
//
// A page says what the node says to the person who is logged in; it decides nothing itself.
package pages

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // a node runs where there may be no zones

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/klauspost/compress/gzhttp"
	"golang.org/x/time/rate"

	"tarir/audit"
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

//go:embed all:app/dist
var bundle embed.FS

// Server answers with pages.
type Server struct {
	n        *node.Node
	webauthn *webauthn.WebAuthn
	secure   bool // the cookie goes over TLS alone
	pages    map[string]*template.Template
	langs    map[string]*message.Language
	mux      *http.ServeMux
	assets   string // what they say, in short: a new one is another address
	styles   template.CSS
	policy   string // of the content that pages may have

	mu         sync.Mutex
	ceremonies map[string]ceremony // of passkeys, that have begun
	undos      map[string]*undo    // by session
	limits     map[string]*rate.Limiter
	seen       map[string]time.Time    // when each session asked last
	imports    map[string]*imported    // by session and case: what became of the files sent last
	tables     map[string]*answered    // by session
	tours      map[string]*tour        // by session
	checked    map[string][]checkedOne // by session: what was asked, which is kept nowhere else

	oidc *oidc.Provider // once it was looked up

	importing sync.Mutex // one at a time: an analysis takes the machine's memory

	news news
}

// New makes the pages of a node that has an origin.
func New(n *node.Node) (http.Handler, error) {
	origin, err := url.Parse(n.Config().Web.Origin)
	if err != nil {
		return nil, fmt.Errorf("make the pages: %w", err)
	}
	s := &Server{
		n: n, secure: origin.Scheme == "https", pages: map[string]*template.Template{}, langs: map[string]*message.Language{}, mux: http.NewServeMux(),
		ceremonies: map[string]ceremony{}, undos: map[string]*undo{}, limits: map[string]*rate.Limiter{}, seen: map[string]time.Time{}, imports: map[string]*imported{}, tables: map[string]*answered{}, checked: map[string][]checkedOne{}, tours: map[string]*tour{},
	}
	s.webauthn, err = webauthn.New(&webauthn.Config{RPID: origin.Hostname(), RPDisplayName: "Tarir of " + n.Member(), RPOrigins: []string{n.Config().Web.Origin}})
	if err != nil {
		return nil, fmt.Errorf("make the pages: %w", err)
	}
	for _, code := range message.Codes {
		if s.langs[code], err = message.For(code); err != nil {
			return nil, err
		}
	}
	if err := s.parse(); err != nil {
		return nil, fmt.Errorf("make the pages: %w", err)
	}
	static, err := s.static()
	if err != nil {
		return nil, fmt.Errorf("make the pages: %w", err)
	}
	s.mux.Handle("GET /static/{name}", static)
	s.routes()
	guard := http.NewCrossOriginProtection() // no other site posts here
	small, err := gzhttp.NewWrapper(gzhttp.MinSize(1000), gzhttp.ExceptContentTypes([]string{"text/event-stream"}))
	if err != nil {
		return nil, err
	}
	return s.headers(small(guard.Handler(s.mux))), nil
}

// parse reads the templates: a page each, and what several pages have.
func (s *Server) parse() error {
	names, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return err
	}
	for _, name := range names {
		base := strings.TrimSuffix(strings.TrimPrefix(name, "templates/"), ".html")
		if base == "layout" || base == "parts" {
			continue
		}
		if s.pages[base], err = template.New("layout.html").Funcs(template.FuncMap{"dict": pair, "str": str, "json": asJSON, "sub": func(n int) int { return n - 1 }}).ParseFS(templateFiles, "templates/layout.html", "templates/parts.html", name); err != nil {
			return err
		}
	}
	return nil
}

// static gives the files that carry nobody's data. Their address changes with what they say, so that a browser asks once.
func (s *Server) static() (http.Handler, error) {
	files := map[string][]byte{}
	sum := sha256.New()
	for _, from := range []struct {
		fs  embed.FS
		dir string
	}{{staticFiles, "static"}, {bundle, "app/dist"}} {
		list, err := fs.ReadDir(from.fs, from.dir)
		if err != nil {
			return nil, err
		}
		for _, f := range list {
			if files[f.Name()], err = fs.ReadFile(from.fs, from.dir+"/"+f.Name()); err != nil {
				return nil, err
			}
			sum.Write(files[f.Name()])
		}
	}
	if files["app.js"] == nil {
		return nil, errors.New("the program was built without its scripts: build it with make build")
	}
	s.assets = hex.EncodeToString(sum.Sum(nil))[:12]
	s.styles = template.CSS(files["app.css"]) //nolint:gosec // our own
	style := sha256.Sum256(files["app.css"])
	s.policy = "default-src 'none'; script-src 'self'; style-src 'self' 'sha256-" + base64.StdEncoding.EncodeToString(style[:]) + "'; img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; frame-src 'self'; frame-ancestors 'self'; base-uri 'none'"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("name")
		text, ok := files[name]
		if !ok || strings.HasPrefix(name, ".") {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Cache-Control", "max-age=3600")
		if r.URL.RawQuery == s.assets {
			w.Header().Set("Cache-Control", "max-age=31536000, immutable")
		}
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(text))
	}), nil
}

func (s *Server) routes() {
	s.open("GET /login", s.login)
	s.open("GET /login/oidc", s.toProvider)
	s.open("GET /login/oidc/back", s.fromProvider)
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
	s.caseRoutes()
	s.togetherRoutes()
	s.noticeRoutes()
	s.exchangeRoutes()
	s.operationRoutes()
	s.vaultRoutes()
	s.subjectRoutes()
	s.adminRoutes()
	s.fileRoutes()
	s.helpRoutes()
	s.tourRoutes()
	s.mux.HandleFunc("POST /display", s.choose)
	s.page("GET /events", s.events)
	s.page("POST /undo", s.undo)
	s.page("POST /find", s.find)
}

// pair gives a part of a page its list, and the view that it says things with.
func pair(v *view, list any) map[string]any { return map[string]any{"View": v, "List": list} }

// str is the text of a word of a closed list.
func str(x any) string { return fmt.Sprint(x) }

// asJSON writes what an island of the page is given; html/template escapes it for where it stands.
func asJSON(x any) (template.JS, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(true) // no </script> in it
	err := e.Encode(x)
	return template.JS(b.String()), err //nolint:gosec // escaped by the encoder
}

// headers are those of every answer: nothing from elsewhere, nothing within a page runs but our own files, nothing is kept by what is between.
func (s *Server) headers(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Content-Security-Policy", s.policy)
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("Referrer-Policy", "no-referrer")
		head.Set("Cross-Origin-Opener-Policy", "same-origin")
		head.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
		head.Set("Cache-Control", "no-store")
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
	Heading  string // of what the page is about; empty: the title
	Member   string
	Page     string // which one it is, for the menu
	Path     string
	Session  *node.Session
	Zone     *time.Location // in which times are written; nil: UTC
	Framed   bool           // it stands beside another part of a case
	Purposes []handling.Purpose
	Langs    []language
	Error    string
	Tour     *tourView
	Undo     string // what was just done and can be undone
	Theme    string
	Themes   []string
	Assets   string
	Styles   template.CSS // for a browser that does not have them yet: a page on a slow line then needs nothing else to be read and used
	Nav      []navItem
	Now      time.Time
	Data     any

	contact func(member string) string
	may     func(right string) bool
}

// May says whether the person who is logged in has a right.
func (v *view) May(right string) bool { return v.Session != nil && v.may(right) }

// navItem is a page of the main menu.
type navItem struct{ Path, Name string }

// navigation says which pages there are for whom; no right: for everybody.
var navigation = []struct{ path, name, right string }{
	{"/", "today", ""},
	{"/check", "check", "read"},
	{"/cases", "cases", "case"},
	{"/notices", "notices", "read"},
	{"/exchange", "exchange", "read"},
	{"/operations", "operations", "operation"},
	{"/groups", "groups", "group"},
	{"/vault", "vault", "case"},
	{"/subjects", "subjects", "subject"},
	{"/audit", "audit", "audit"},
	{"/admin", "admin", "admin"},
	{"/help", "help", ""},
}

// Asset is the address of a file of the pages.
func (v *view) Asset(name string) string { return "/static/" + name + "?" + v.Assets }

// Help is what helps on the page; empty: nothing is said.
func (v *view) Help() string { return v.L.Or("help."+v.Page, "") }

// language is one that the pages are written in, by its own name.
type language struct{ Code, Name string }

// T says a text of the pages.
func (v *view) T(key string, params ...any) string { return v.L.Text("web."+key, params...) }

// Name says a word of a closed list.
func (v *view) Name(section, name string) string { return v.L.Name(section, name) }

const (
	sessionCookie  = "tarir"
	languageCookie = "tarir-language"
	themeCookie    = "tarir-theme"
	stylesCookie   = "tarir-styles" // set by the browser: which of our styles it has
	zoneCookie     = "tarir-zone"   // set by the browser: where it is
)

// zoneOf is the time zone that the browser told; nil: it did not, or there is none of that name.
func zoneOf(r *http.Request) *time.Location {
	c, err := r.Cookie(zoneCookie)
	if err != nil || len(c.Value) > 60 {
		return nil
	}
	name, err := url.QueryUnescape(c.Value)
	if err != nil || name == "" || name == "Local" {
		return nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	return zone
}

// themes are how the pages look; auto is as the system is set.
var themes = []string{"auto", "light", "dark", "contrast"}

func themeOf(r *http.Request) string {
	if c, err := r.Cookie(themeCookie); err == nil && slices.Contains(themes, c.Value) {
		return c.Value
	}
	return themes[0]
}

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
			session := s.n.Session
			if pattern == "GET /events" { // an open page is not somebody who works
				session = s.n.Peek
			}
			a.session, err = session(r.Context(), c.Value)
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
		if err == nil && !s.limit(a.session.ID).Allow() {
			http.Error(w, a.l.Text("web.too_often"), http.StatusTooManyRequests)
			return
		}
		if a.l != nil && !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
			r.Body = http.MaxBytesReader(w, r.Body, 4<<20)
		}
		if err == nil {
			err = f(a)
		}
		if err != nil {
			s.fail(a, err)
		}
	})
}

// soon is for how long a page waits for the picture of a case before it says how far that is.
const soon = 200 * time.Millisecond

// drawnPage adds a page with what is drawn of a case.
func (s *Server) drawnPage(pattern string, f func(a *ask) error) {
	s.page(pattern, func(a *ask) error {
		if a.r.Header.Get("HX-Request") == "" { // a part of a page that is open waits
			a.r = a.r.WithContext(node.Soon(a.r.Context(), soon))
		}
		return f(a)
	})
}

// show writes a page.
func (s *Server) show(a *ask, code int, page, title string, data any) error {
	return s.showWith(a, code, page, title, data, "")
}

// showWith writes a page that says what went wrong, if something did.
func (s *Server) showWith(a *ask, code int, page, title string, data any, wrong string) error {
	if wrong != "" && code == http.StatusOK {
		code = http.StatusUnprocessableEntity
	}
	v := s.view(a)
	v.Title, v.Page, v.Error, v.Data = a.l.Text("web."+title), page, a.l.Wrong(wrong), data
	if h, ok := data.(interface{ Heading() string }); ok {
		v.Heading = h.Heading()
	}
	return s.write(a, code, page, "layout.html", v)
}

// part writes a part of a page, for a page that is open.
func (s *Server) part(a *ask, page, part string, data any) error {
	v := s.view(a)
	v.Data = data
	return s.write(a, http.StatusOK, page, part, v)
}

// view is what every page has, for who asks.
func (s *Server) view(a *ask) *view {
	v := &view{
		L: a.l, Lang: a.l.Code, Dir: "ltr", Zone: zoneOf(a.r), Framed: a.r.Header.Get("Sec-Fetch-Dest") == "iframe", Member: s.n.Member(), Path: cmp.Or(a.home, a.r.URL.RequestURI()), Session: a.session, Purposes: handling.Purposes, Theme: themeOf(a.r), Themes: themes,
		Assets: s.assets, Now: time.Now(), contact: s.n.ContactOf, may: func(right string) bool { return s.n.May(a.session.Person, right) },
	}
	if c, err := a.r.Cookie(stylesCookie); err != nil || c.Value != s.assets {
		v.Styles = s.styles
	}
	if a.session != nil {
		for _, p := range navigation {
			if p.right == "" || s.n.May(a.session.Person, p.right) {
				v.Nav = append(v.Nav, navItem{p.path, p.name})
			}
		}
		v.Tour = s.onTour(a)
		if u := s.undoOf(a.session.ID); u != nil && a.r.Method == http.MethodGet {
			v.Undo = a.l.Text("web." + u.what)
		}
	}
	for _, code := range message.Codes {
		v.Langs = append(v.Langs, language{code, s.langs[code].Name("language", code)})
	}
	if a.l.Right {
		v.Dir = "rtl"
	}
	return v
}

func (s *Server) write(a *ask, code int, page, name string, v *view) error {
	var b bytes.Buffer
	if err := s.pages[page].ExecuteTemplate(&b, name, v); err != nil {
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
	if d, ok := errors.AsType[*node.Drawing](err); ok {
		a.w.Header().Set("Retry-After", "1")
		if err = s.show(a, http.StatusAccepted, "drawing", "drawing", d); err == nil {
			return
		}
	}
	said := err.Error()
	if a.session != nil && a.session.Purpose == "" && errors.Is(err, audit.ErrEntry) {
		said = a.l.Text("web.purpose_first")
	}
	if err := s.showWith(a, code, "error", "error", nil, said); err != nil {
		http.Error(a.w, "the page cannot be shown now", http.StatusInternalServerError)
	}
}

// askedTooOften bounds what one session may ask: far more than a person does, far less than a program can.
const (
	asksASecond = 20
	asksAtOnce  = 100
)

func (s *Server) limit(session string) *rate.Limiter {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	l := s.limits[session]
	if l == nil {
		for old, at := range s.seen { // whoever did nothing for so long is logged out
			if now.Sub(at) > node.IdleTime {
				s.drop(old)
			}
		}
		l = rate.NewLimiter(asksASecond, asksAtOnce)
		s.limits[session] = l
	}
	s.seen[session] = now
	return l
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
	keep := func(name, value string) {
		http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: 365 * 24 * 3600, HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode})
	}
	if s.langs[code] != nil {
		keep(languageCookie, code)
	}
	if theme := r.FormValue("theme"); slices.Contains(themes, theme) {
		keep(themeCookie, theme)
	}
	http.Redirect(w, r, here(r.FormValue("to")), http.StatusSeeOther)
}

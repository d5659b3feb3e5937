// Package web answers by HTTP for one node.
//
//	web.go    what the network may see: health, metrics, the public extracts of notices
//	verbs.go  what the people and programs of this machine do, over the socket in the data folder: one verb a use case
//
// The socket can be opened by the owner of the data folder alone; who acts is said in each request and must be one of the people in
// the configuration.
package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"tarir/node"
	"tarir/notice"
	"tarir/store"
	"tarir/web/pages"
)

// Socket is the name of the socket in a data folder.
const Socket = "tarir.sock"

// Public answers health, metrics, programs that are clients and, where the node has them, people in a browser and the public extracts of notices.
func Public(n *node.Node) (http.Handler, error) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		h, err := n.Health(r.Context())
		if err != nil {
			http.Error(w, "the node cannot read its database", http.StatusInternalServerError)
			return
		}
		status := http.StatusOK
		if !h.OK {
			status = http.StatusServiceUnavailable
		}
		write(w, status, struct {
			*node.Health
			Status string `json:"status"` // as programs of other kinds read it
		}{h, map[bool]string{true: "ok", false: "failing"}[h.OK]})
	})
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), metrics{n})
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	if len(n.Config().Clients) > 0 {
		screening := Screening(func(r *http.Request) (Screener, error) { return clientOf(n, r) })
		for _, p := range []string{"POST /match/", "GET /search/", "GET /entities/", "GET /catalog", "GET /algorithms", "GET /readyz"} {
			mux.Handle(p, screening)
		}
		mux.Handle(APIBase+"/", API(n))
		mux.Handle(TAXIIBase, TAXII(n))
		mux.Handle(MISPBase, MISP(n))
	}
	if n.Config().Web.Public {
		mux.HandleFunc("GET /notices/v1/{path...}", func(w http.ResponseWriter, r *http.Request) { public(n, w, r) })
	}
	if n.Config().Web.Origin != "" {
		h, err := pages.New(n)
		if err != nil {
			return nil, err
		}
		mux.Handle("/", h)
	}
	return mux, nil
}

// public answers one query of the public notices API: COLOUR, COLOUR/ID, COLOUR/ID/images or COLOUR/ID/images/PICTURE, where un has
// persons or entities before the id.
func public(n *node.Node, w http.ResponseWriter, r *http.Request) {
	path := strings.Split(r.PathValue("path"), "/")
	c, err := notice.ParseColour(path[0])
	if c == notice.UN && len(path) > 1 && (path[1] == "persons" || path[1] == "entities") {
		path = path[1:]
	}
	if err != nil || c != notice.Red && c != notice.Yellow && c != notice.UN || len(path) > 4 || len(path) > 2 && path[2] != "images" {
		http.NotFound(w, r)
		return
	}
	var v any
	picture := ""
	id := func() string { return strings.Replace(path[1], "-", "/", 1) }
	switch len(path) {
	case 1:
		v, err = n.Public(r.Context(), "", c, "", r.URL.Query())
	case 2:
		v, err = n.Public(r.Context(), "", c, id(), nil)
	case 3:
		v, err = n.PublicImages(r.Context(), "", c, id())
	case 4:
		picture, err = n.PublicImage(r.Context(), c, id(), path[3])
	}
	switch {
	case errors.Is(err, store.ErrNone):
		http.NotFound(w, r)
	case err != nil:
		http.Error(w, "the notices cannot be read now", http.StatusInternalServerError)
	case picture != "":
		w.Header().Set("Content-Type", "image/jpeg")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		http.ServeFile(w, r, picture)
	default:
		write(w, http.StatusOK, v)
	}
}

func write(w http.ResponseWriter, status int, v any) {
	head(w, status)
	_ = encode(w, v) // who asked has gone, if it fails
}

func head(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
}

func encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// metrics are the node's own: numbers without anybody's data.
type metrics struct{ n *node.Node }

func (m metrics) Describe(chan<- *prometheus.Desc) {} // they are found when they are collected

func (m metrics) Collect(out chan<- prometheus.Metric) {
	for name, v := range m.n.Counts() {
		out <- prometheus.MustNewConstMetric(prometheus.NewDesc("tarir_"+name+"_total", "See docs/operations.md.", nil, nil), prometheus.CounterValue, float64(v))
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	h, err := m.n.Health(ctx)
	if err != nil {
		return
	}
	line := 0.0
	if h.Line {
		line = 1
	}
	for name, v := range map[string]float64{"line_up": line, "outbox_waiting": float64(h.Queue), "letters_aside": float64(h.Aside), "register_statements": float64(h.Register), "audit_entries": float64(h.Audit)} {
		out <- prometheus.MustNewConstMetric(prometheus.NewDesc("tarir_"+name, "See docs/operations.md.", nil, nil), prometheus.GaugeValue, v)
	}
}

// Serve answers on the socket and, where the configuration names an address, on the network, until ctx ends. ready is told the
// address of the latter.
func Serve(ctx context.Context, n *node.Node, dir string, ready func(address string)) error {
	path := filepath.Join(dir, Socket)
	_ = os.Remove(path) // of a node that was killed: the folder's lock says that there is none now
	local, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return errors.Join(err, local.Close())
	}
	type pair struct {
		l net.Listener
		s *http.Server
	}
	timeouts := func(h http.Handler) *http.Server {
		return &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 64 << 10}
	}
	servers := []pair{{local, timeouts(Local(n))}}
	address := ""
	if n.Config().Web.Listen != "" {
		h, err := Public(n)
		if err != nil {
			return errors.Join(err, local.Close())
		}
		l, err := net.Listen("tcp", n.Config().Web.Listen)
		if err != nil {
			err = fmt.Errorf("pages: %w: end what listens there, or name another port as web.listen in config.toml", err)
			return errors.Join(err, local.Close())
		}
		address = "http://" + l.Addr().String()
		servers = append(servers, pair{l, timeouts(h)})
	}
	ready(address)
	errs := make(chan error, len(servers))
	for _, p := range servers {
		go func() { errs <- p.s.Serve(p.l) }()
	}
	<-ctx.Done()
	last, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var out []error
	for _, p := range servers {
		out = append(out, p.s.Shutdown(last))
		if err := <-errs; !errors.Is(err, http.ErrServerClosed) {
			out = append(out, err)
		}
	}
	return errors.Join(out...)
}

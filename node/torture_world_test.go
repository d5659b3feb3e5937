package node_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"tarir/node"
	"tarir/web"
)

// The nodes of the torture are processes of their own, which can be killed. Each is this test binary, run again with a data folder in
// its environment; what it runs is what tarir serve runs, with a clock that the torture sets.

const (
	tortureDir      = "TARIR_TORTURE_DIR"
	tortureMischief = "TARIR_TORTURE_MISCHIEF"
	clockFile       = "clock" // in the data folder: how far this node's clock is ahead
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(tortureDir); dir != "" {
		if err := tortured(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if list := os.Getenv(hostOf); list != "" {
		if err := host(list); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// tortured is what such a process does.
func tortured(dir string) error {
	signal.Ignore(syscall.SIGXFSZ) // a full disk is an error, as on a real one
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	var ahead atomic.Int64
	set := func() {
		if b, err := os.ReadFile(filepath.Join(dir, clockFile)); err == nil {
			if d, err := time.ParseDuration(strings.TrimSpace(string(b))); err == nil {
				ahead.Store(int64(d))
			}
		}
	}
	set()
	go func() {
		for range time.Tick(5 * time.Millisecond) {
			set()
		}
	}()
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	n, err := node.Open(ctx, dir, node.Options{Passphrase: pass, Now: now, Log: slog.New(slog.NewTextHandler(os.Stderr, nil)), Every: 50 * time.Millisecond})
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return n.Run(ctx) })
	g.Go(func() error { return web.Serve(ctx, n, dir, func(string) { fmt.Println("ready") }) })
	if seed, err := strconv.ParseUint(os.Getenv(tortureMischief), 10, 64); err == nil {
		g.Go(func() error { n.Mischief(ctx, rand.New(rand.NewPCG(seed, 1))); return nil })
	}
	err = g.Wait()
	return errors.Join(err, n.Close())
}

// proc is a node as a process.
type proc struct {
	id, dir string
	env     []string
	cmd     *exec.Cmd
	done    chan struct{}
	line    *proxy // to the relay; nil for the secretariat
	ahead   time.Duration
}

func (p *proc) start() error {
	log, err := os.OpenFile(filepath.Join(filepath.Dir(p.dir), p.id+".log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	p.cmd = exec.Command(os.Args[0])
	p.cmd.Env = append(append(os.Environ(), tortureDir+"="+p.dir), p.env...)
	p.cmd.Stderr = log
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := p.cmd.Start(); err != nil {
		return err
	}
	p.done = make(chan struct{})
	ready := make(chan bool, 1)
	go func() {
		r := bufio.NewReader(out)
		text, _ := r.ReadString('\n')
		ready <- strings.TrimSpace(text) == "ready"
		_, _ = io.Copy(io.Discard, r)
		_ = p.cmd.Wait()
		close(p.done)
	}()
	select {
	case ok := <-ready:
		if !ok {
			<-p.done
			return fmt.Errorf("%s did not start: see its log", p.id)
		}
		return nil
	case <-time.After(60 * time.Second):
		p.kill()
		return fmt.Errorf("%s is not ready after a minute", p.id)
	}
}

func (p *proc) running() bool {
	if p.done == nil {
		return false
	}
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

func (p *proc) kill() {
	if p.running() {
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

// end stops it as systemd would.
func (p *proc) end() error {
	if !p.running() {
		return nil
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(30 * time.Second):
		p.kill()
		return fmt.Errorf("%s did not stop within 30 seconds", p.id)
	}
	if !p.cmd.ProcessState.Success() {
		return fmt.Errorf("%s ended with %s", p.id, p.cmd.ProcessState)
	}
	return nil
}

// fill lets no file of it grow beyond so many bytes, as if the disk were full; unix.RLIM_INFINITY makes room again.
func (p *proc) fill(most uint64) {
	if p.running() {
		_ = unix.Prlimit(p.cmd.Process.Pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: most, Max: unix.RLIM_INFINITY}, nil)
	}
}

func (p *proc) setClock(d time.Duration) error {
	p.ahead = d
	path := filepath.Join(p.dir, clockFile)
	if err := os.WriteFile(path+".new", []byte(d.String()), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// proxy is a line that can be cut.
type proxy struct {
	l     net.Listener
	to    string
	mu    sync.Mutex
	conns map[net.Conn]bool
	cut   bool
	mute  atomic.Bool // nothing passes, and nobody is told
	wg    sync.WaitGroup
}

func newProxy(to string) (*proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{l: l, to: to, conns: map[net.Conn]bool{}}
	p.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.wg.Go(func() { p.pass(c) })
		}
	})
	return p, nil
}

func (p *proxy) hold(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.cut {
		p.conns[c] = true
	}
	return !p.cut
}

func (p *proxy) pass(in net.Conn) {
	defer in.Close()
	out, err := net.Dial("tcp", p.to)
	if err != nil {
		return
	}
	defer out.Close()
	if !p.hold(in) || !p.hold(out) {
		return
	}
	var wg sync.WaitGroup
	way := func(dst, src net.Conn) {
		b := make([]byte, 16<<10)
		for {
			n, err := src.Read(b)
			for p.mute.Load() {
				time.Sleep(5 * time.Millisecond)
			}
			if n > 0 {
				if _, err := dst.Write(b[:n]); err != nil {
					break
				}
			}
			if err != nil {
				break
			}
		}
		_ = dst.Close()
		_ = src.Close()
	}
	wg.Go(func() { way(in, out) })
	wg.Go(func() { way(out, in) })
	wg.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, in)
	delete(p.conns, out)
}

// set cuts the line, or heals it.
func (p *proxy) set(cut bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = cut
	if cut {
		for c := range p.conns {
			_ = c.Close()
		}
	}
}

func (p *proxy) close() {
	_ = p.l.Close()
	p.mute.Store(false)
	p.set(true)
	p.wg.Wait()
}

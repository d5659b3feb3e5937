package node

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"tarir/audit"
	"tarir/casework"
	"tarir/chart"
	"tarir/money/trace"
	"tarir/store"
)

// What is drawn of cases. A picture is read once from the entries of a case and kept in memory while nothing of it changes, for the cases that were looked at
// last. It is read in the background, since that of a large case takes long: who asks waits for it, or is told how far it is.

const mostPictures = 4

// pictures are those that were looked at last.
type pictures struct {
	sync.Mutex
	list   []*drawn
	closed bool
	work   sync.WaitGroup // of those that are being read
}

// Drawing says that the picture of a case is still being made.
type Drawing struct {
	Share float64 // of the entries that are read, from 0 to 1
}

func (d *Drawing) Error() string {
	return fmt.Sprintf("the picture of this case is being made: %.0f %% are read; ask again soon", 100*d.Share)
}

// drawn is the picture of a case as it was once.
type drawn struct {
	id    string
	drawn int64 // of the case
	used  time.Time

	stop    context.CancelFunc
	done    chan struct{} // closed once what follows is there
	picture *chart.Picture
	err     error
	read    atomic.Int64 // entries, of all
	all     int64

	tracing sync.RWMutex // held while a trace runs; for writing while the graph is built or released
	money   *chart.Money
	gone    bool
}

// of gives the place for a picture of a case, begins to read it where there is none, and takes away the one that was not looked at for longest.
func (p *pictures) of(c *casework.Case, now time.Time, read func(ctx context.Context, d *drawn) (*chart.Picture, error)) (*drawn, error) {
	p.Lock()
	defer p.Unlock()
	id, version := c.ID, c.Drawn
	if p.closed {
		return nil, errMoved
	}
	for _, d := range p.list {
		if d.id == id && d.drawn == version && !d.failed() {
			d.used = now
			return d, nil
		}
	}
	old := -1
	for i, d := range p.list {
		if d.id == id || len(p.list) >= mostPictures && (old < 0 || d.used.Before(p.list[old].used)) {
			old = i
			if d.id == id {
				break
			}
		}
	}
	if old >= 0 {
		d := p.list[old]
		p.list = slices.Delete(p.list, old, old+1)
		d.release()
	}
	ctx, stop := context.WithCancel(context.Background()) // whoever asked may go; the picture is there when they come back
	d := &drawn{id: id, drawn: version, used: now, stop: stop, done: make(chan struct{})}
	for _, k := range chart.Kinds {
		d.all += c.Counts[k]
	}
	p.list = append(p.list, d)
	p.work.Go(func() {
		defer stop()
		defer close(d.done)
		d.err = sound(func() (err error) {
			d.picture, err = read(ctx, d)
			return err
		})
	})
	return d, nil
}

// errUnsound is what comes of an entry that the program fails on: the case has no picture, and everything else goes on.
var errUnsound = errors.New("the picture of this case cannot be made: an entry of it is not as this program expects; tell whoever keeps this node")

// sound does something in the background, where a failure of the program would end the node. What is told says where it failed, and
// nothing of the entry.
func sound(fn func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%T at %s: %w", r, failedAt(), errUnsound)
		}
	}()
	return fn()
}

// failedAt is the function of ours in which a panic began.
func failedAt() string {
	var at [32]uintptr
	frames := runtime.CallersFrames(at[:runtime.Callers(3, at[:])])
	for {
		f, more := frames.Next()
		if strings.HasPrefix(f.Function, "tarir/") {
			return fmt.Sprintf("%s:%d", f.Function, f.Line)
		}
		if !more {
			return "unknown"
		}
	}
}

// failed says whether the picture could not be read.
func (d *drawn) failed() bool {
	select {
	case <-d.done:
		return d.err != nil
	default:
		return false
	}
}

// wait waits for the picture: within a time, after which it says how far it is; until it is there, where that is 0.
func (d *drawn) wait(ctx context.Context, within time.Duration) error {
	var late <-chan time.Time
	if within > 0 {
		t := time.NewTimer(within)
		defer t.Stop()
		late = t.C
	}
	select {
	case <-d.done:
		if errors.Is(d.err, context.Canceled) {
			return errMoved
		}
		return d.err
	case <-ctx.Done():
		return ctx.Err()
	case <-late:
		return &Drawing{min(1, float64(d.read.Load())/float64(max(1, d.all)))}
	}
}

func (d *drawn) release() {
	d.stop()
	d.tracing.Lock()
	defer d.tracing.Unlock()
	d.gone = true
	if d.money != nil {
		_ = d.money.Close() // memory alone
		d.money = nil
	}
}

// close releases all.
func (p *pictures) close() {
	p.Lock()
	list := p.list
	p.list, p.closed = nil, true
	p.Unlock()
	for _, d := range list {
		d.release()
	}
	p.work.Wait()
}

// Picture is what is drawn of a case. Whoever does not want to wait for the picture of a large case says so by Soon.
func (n *Node) Picture(ctx context.Context, w Who, id string) (*chart.Picture, *casework.Case, error) {
	d, c, err := n.picture(ctx, w, id)
	if err != nil {
		return nil, nil, err
	}
	return d.picture, c, nil
}

type soonKey struct{}

// Soon lets what is asked of pictures fail with a Drawing, if the picture is not there within a time.
func Soon(ctx context.Context, within time.Duration) context.Context {
	return context.WithValue(ctx, soonKey{}, within)
}

func (n *Node) picture(ctx context.Context, w Who, id string) (*drawn, *casework.Case, error) {
	var head *casework.Case
	err := n.work(ctx, w, id, casework.CaseRead, audit.Access, "draw", func(_ *store.Tx, c *casework.Case) error {
		head = c
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	d, err := n.drawn.of(head, n.now(), func(ctx context.Context, d *drawn) (*chart.Picture, error) { return n.draw(ctx, head, d) })
	if err != nil {
		return nil, nil, err
	}
	within, _ := ctx.Value(soonKey{}).(time.Duration)
	if err := d.wait(ctx, within); err != nil {
		return nil, nil, err
	}
	return d, head, nil
}

// draw reads the picture of a case: each page of entries by all processors.
func (n *Node) draw(ctx context.Context, c *casework.Case, d *drawn) (*chart.Picture, error) {
	p := chart.New()
	x := &exporter{n: n, ctx: ctx, c: c}
	workers := runtime.GOMAXPROCS(0)
	for _, k := range chart.Kinds {
		err := x.pages(k, func(list []*store.Entry) error {
			pieces := make([]chart.Piece, len(list))
			var all errgroup.Group
			for w := range workers {
				all.Go(func() error {
					return sound(func() error {
						for i := w; i < len(list); i += workers {
							pieces[i] = chart.Read(k, list[i].Seq, list[i].ID, list[i].Body)
						}
						return nil
					})
				})
			}
			if err := all.Wait(); err != nil {
				return err
			}
			for _, x := range pieces {
				p.Put(x)
			}
			d.read.Add(int64(len(list)))
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	p.Done()
	return p, ctx.Err()
}

// errMoved says that what was looked at is not kept any more.
var errMoved = errors.New("others look at many cases now: try again")

// TraceCase follows money in the payments of a case. left says in words how money left them, unnamed is the name of who is not named.
func (n *Node) TraceCase(ctx context.Context, w Who, id string, q chart.Question, left func(trace.How) string, unnamed string) (t *chart.Traced, p *chart.Picture, err error) {
	err = n.withMoney(ctx, w, id, func(_ *casework.Case, picture *chart.Picture, m *chart.Money) error {
		p = picture
		t, err = m.Trace(ctx, q, left, unnamed)
		return err
	})
	return t, p, err
}

// withMoney does something with the payments of a case as a graph, which is built when it is first asked for.
func (n *Node) withMoney(ctx context.Context, w Who, id string, fn func(*casework.Case, *chart.Picture, *chart.Money) error) error {
	d, c, err := n.picture(ctx, w, id)
	if err != nil {
		return err
	}
	d.tracing.Lock()
	if d.money == nil && !d.gone {
		d.money, err = d.picture.Money(ctx, n.dir)
	}
	d.tracing.Unlock()
	if err != nil {
		return err
	}
	d.tracing.RLock()
	defer d.tracing.RUnlock()
	if d.money == nil {
		return errMoved
	}
	return fn(c, d.picture, d.money)
}

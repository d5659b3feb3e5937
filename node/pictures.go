package node

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"tarir/audit"
	"tarir/casework"
	"tarir/chart"
	"tarir/money/trace"
	"tarir/store"
)

// What is drawn of cases. A picture is read once from the entries of a case and kept in memory while nothing of it changes, for the cases that were looked at
// last.

const mostPictures = 4

// pictures are those that were looked at last.
type pictures struct {
	sync.Mutex
	list []*drawn
}

// drawn is the picture of a case as it was once.
type drawn struct {
	id    string
	drawn int64 // of the case
	used  time.Time

	reading sync.Mutex // of what follows, which is read by the first who asks
	picture *chart.Picture

	tracing sync.RWMutex // held while a trace runs; for writing while the graph is built or released
	money   *chart.Money
	gone    bool
}

// of gives the place for a picture of a case, and takes away the one that was not looked at for longest.
func (p *pictures) of(id string, version int64, now time.Time) *drawn {
	p.Lock()
	defer p.Unlock()
	for _, d := range p.list {
		if d.id == id && d.drawn == version {
			d.used = now
			return d
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
	d := &drawn{id: id, drawn: version, used: now}
	p.list = append(p.list, d)
	return d
}

func (d *drawn) release() {
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
	defer p.Unlock()
	for _, d := range p.list {
		d.release()
	}
	p.list = nil
}

// Picture is what is drawn of a case.
func (n *Node) Picture(ctx context.Context, w Who, id string) (*chart.Picture, *casework.Case, error) {
	d, c, err := n.picture(ctx, w, id)
	if err != nil {
		return nil, nil, err
	}
	return d.picture, c, nil
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
	d := n.drawn.of(id, head.Drawn, n.now())
	d.reading.Lock()
	defer d.reading.Unlock()
	if d.picture != nil {
		return d, head, nil
	}
	p := chart.New()
	x := &exporter{n: n, ctx: ctx, c: head}
	for _, k := range chart.Kinds {
		err := x.each(k, func(e *store.Entry) error {
			p.Add(k, e.Seq, e.ID, e.Body)
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
	}
	p.Done()
	d.picture = p
	return d, head, nil
}

// errMoved says that what was looked at is not kept any more.
var errMoved = errors.New("others look at many cases now: try again")

// TraceCase follows money in the payments of a case. left says in words how money left them, unnamed is the name of who is not named.
func (n *Node) TraceCase(ctx context.Context, w Who, id string, q chart.Question, left func(trace.How) string, unnamed string) (t *chart.Traced, p *chart.Picture, err error) {
	err = n.withMoney(ctx, w, id, func(picture *chart.Picture, m *chart.Money) error {
		p = picture
		t, err = m.Trace(ctx, q, left, unnamed)
		return err
	})
	return t, p, err
}

// withMoney does something with the payments of a case as a graph, which is built when it is first asked for.
func (n *Node) withMoney(ctx context.Context, w Who, id string, fn func(*chart.Picture, *chart.Money) error) error {
	d, _, err := n.picture(ctx, w, id)
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
	return fn(d.picture, d.money)
}

package match

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"tarir/entity"
	"tarir/name"
)

// Source is where records of an index come from.
type Source struct {
	Name    string    `json:"name"`
	Title   string    `json:"title,omitempty"`
	Licence string    `json:"licence,omitempty"`
	URL     string    `json:"url,omitempty"`
	Version string    `json:"version,omitempty"` // what the source calls this state of it
	At      time.Time `json:"at"`                // when it was read
	Records int       `json:"records"`
	Whole   bool      `json:"complete"`          // it was read to its end
	MaxAge  string    `json:"max_age,omitempty"` // a Go duration after which it is stale; empty: never
}

// manifest is what the index consists of.
type manifest struct {
	Version  int                 `json:"version"`
	Next     int                 `json:"next"`   // number of the next segment
	Change   int                 `json:"change"` // how often it was changed
	Segments []string            `json:"segments"`
	Dead     map[string][]uint32 `json:"dead,omitempty"` // records of a segment that were replaced or taken out
	Sources  []Source            `json:"sources"`
}

const manifestFile = "index.json"

// state is one state of the index: it is never changed, so that a question sees one state from its beginning to its end.
type state struct {
	m        manifest
	segments []*segment
	dead     []map[uint32]bool
	live     int
}

// Index is an index of records in a folder. It answers while it is changed.
type Index struct {
	dir   string
	now   atomic.Pointer[state]
	mu    sync.Mutex // of changes
	clock func() time.Time
	fresh func(*Record) // told of each record that is added or changed
}

// ErrNoIndex says that a folder holds no index.
var ErrNoIndex = errors.New("there is no index: build one with tarir index build")

// ErrBusy says that another process changes the index.
var ErrBusy = errors.New("another process changes this index: wait until it is done")

// Open opens the index in a folder; with begin it begins an empty one where there is none.
func Open(dir string, begin bool, clock func() time.Time) (*Index, error) {
	x := &Index{dir: dir, clock: clock}
	s, err := x.read()
	if errors.Is(err, ErrNoIndex) && begin {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("open index: %w", err)
		}
		s, err = &state{m: manifest{Version: 1}}, nil
	}
	if err != nil {
		return nil, err
	}
	x.now.Store(s)
	// What a version with other keys built would not be found: it is written anew, from the records in it.
	if slices.ContainsFunc(s.segments, func(seg *segment) bool { return seg.h.Keys != name.KeysVersion }) {
		unlock, err := x.lock()
		if err != nil {
			return nil, err
		}
		defer unlock()
		if err := x.compact(context.Background(), false); err != nil {
			return nil, err
		}
	}
	return x, nil
}

// read reads the state that is on disk.
func (x *Index) read() (*state, error) {
	b, err := os.ReadFile(filepath.Join(x.dir, manifestFile))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, fmt.Errorf("%s: %w", x.dir, ErrNoIndex)
	}
	if err != nil {
		return nil, fmt.Errorf("open index: %w", err)
	}
	s := &state{}
	if err := json.Unmarshal(b, &s.m); err != nil || s.m.Version != 1 {
		return nil, fmt.Errorf("open index: %s: %w", filepath.Join(x.dir, manifestFile), errSegment)
	}
	for _, f := range s.m.Segments {
		seg, err := openSegment(filepath.Join(x.dir, filepath.Base(f)))
		if err != nil {
			return nil, fmt.Errorf("open index: %w", err)
		}
		s.segments = append(s.segments, seg)
	}
	s.count()
	return s, nil
}

// lock lets one process change the index, and takes up what others changed before.
func (x *Index) lock() (unlock func(), err error) {
	l := flock.New(filepath.Join(x.dir, "lock"))
	if ok, err := l.TryLock(); err != nil || !ok {
		return nil, errors.Join(ErrBusy, err)
	}
	unlock = func() { _ = l.Unlock() } // it ends with the process at the latest
	if err := x.Refresh(); err != nil {
		unlock()
		return nil, err
	}
	x.tidy(x.now.Load())
	return unlock, nil
}

// Refresh takes up what another process changed.
func (x *Index) Refresh() error {
	b, err := os.ReadFile(filepath.Join(x.dir, manifestFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // nothing was written yet
	}
	if err != nil {
		return fmt.Errorf("read index: %w", err)
	}
	var m manifest
	if json.Unmarshal(b, &m) == nil && m.Change == x.now.Load().m.Change {
		return nil
	}
	s, err := x.read()
	if err != nil {
		return err
	}
	x.now.Store(s)
	return nil
}

func (s *state) count() {
	s.live = 0
	s.dead = nil
	for _, seg := range s.segments {
		dead := map[uint32]bool{}
		for _, r := range s.m.Dead[seg.file] {
			dead[r] = true
		}
		s.dead = append(s.dead, dead)
		s.live += seg.h.Records - len(dead)
	}
}

// tidy removes segments that no state names: what a crash left, or what was replaced.
func (x *Index) tidy(s *state) {
	list, _ := filepath.Glob(filepath.Join(x.dir, "*.seg*"))
	for _, p := range list {
		if !slices.Contains(s.m.Segments, filepath.Base(p)) {
			_ = os.Remove(p) // it is tried again the next time
		}
	}
}

// Records is how many there are.
func (x *Index) Records() int { return x.now.Load().live }

// Sources are those of the records.
func (x *Index) Sources() []Source { return slices.Clone(x.now.Load().m.Sources) }

// State says whether an answer of "not known" can be relied upon.
type State string

// The states.
const (
	Complete State = "complete"
	Loading  State = "loading" // a source has not been read to its end
	Stale    State = "stale"   // a source is older than it may be
	Empty    State = "empty"   // there is nothing to be found in
)

// State of the index now.
func (x *Index) State() State { return x.now.Load().state(x.clock()) }

func (s *state) state(now time.Time) State {
	if len(s.m.Sources) == 0 {
		return Empty
	}
	out := Complete
	for _, src := range s.m.Sources {
		if !src.Whole {
			return Loading
		}
		if d, err := time.ParseDuration(src.MaxAge); err == nil && now.Sub(src.At) > d {
			out = Stale
		}
	}
	return out
}

// Verify compares everything on disk with its sums.
func (x *Index) Verify() error {
	for _, s := range x.now.Load().segments {
		if err := s.verify(); err != nil {
			return err
		}
	}
	return nil
}

// Hit is a record that may be what was asked for.
type Hit struct {
	Record   Record
	Score    float64
	Features []Feature
}

// Answer is what a question gave.
type Answer struct {
	State State // "not known" is only said of a complete index
	Hits  []Hit // the best first
	Cut   bool  // so many records have such names that not all were looked at: ask with a date of birth or another name
}

// Options of a question.
type Options struct {
	Limit    int     // of hits; 0: 5
	Least    float64 // the score from which records are told; 0: Threshold
	Datasets []string
	Without  []string // schemas of records that are not told
	Except   []string // ids of records that are not told
}

// Find asks the index.
func (x *Index) Find(ctx context.Context, a *Ask, o Options) (*Answer, error) {
	s := x.now.Load()
	if o.Limit == 0 {
		o.Limit = 5
	}
	if o.Least == 0 {
		o.Least = Threshold
	}
	q := want(a)
	q.least = float32(o.Least)
	out := &Answer{State: s.state(x.clock())}
	for i, seg := range s.segments {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		tried := map[uint32]bool{}
		try := func(id uint32) error {
			if tried[id] || s.dead[i][id] {
				return nil
			}
			tried[id] = true
			r, err := seg.record(id)
			if err != nil {
				return fmt.Errorf("%s: %w", seg.file, errSegment)
			}
			if !fits(a.Schema, r.Schema) && len(a.Names) > 0 || len(o.Datasets) > 0 && !slices.Contains(o.Datasets, r.Dataset) || slices.ContainsFunc(o.Without, func(s string) bool { return entity.Is(r.Schema, s) }) || slices.Contains(o.Except, r.ID) {
				return nil
			}
			score, features := q.score(&r, seg.common)
			if score < o.Least || len(features) == 0 {
				return nil
			}
			out.Hits = append(out.Hits, Hit{r, score, features})
			return nil
		}
		var err error
		for _, sel := range a.Selectors {
			seg.known(sel, func(id uint32) bool {
				err = try(id)
				return err == nil && len(tried) < 1000
			})
		}
		list, cut := seg.candidates(q)
		out.Cut = out.Cut || cut
		for _, c := range list {
			if err == nil {
				err = try(seg.nameOf[c.name])
			}
		}
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(out.Hits, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Record.ID, b.Record.ID), cmp.Compare(a.Record.Dataset, b.Record.Dataset))
	})
	out.Hits = out.Hits[:min(len(out.Hits), o.Limit)]
	for i := range out.Hits {
		out.Hits[i].Record.clone()
	}
	runtime.KeepAlive(s) // its files stay mapped until here
	return out, nil
}

// common says that every word of a name is one that many have.
func (s *segment) common(n *name.Name) bool {
	if s.h.Names < 10_000 {
		return false // too few to know
	}
	words := n.Words()
	for _, w := range words {
		id, ok := s.find(w)
		if !ok || s.rank[id] == 0 {
			return false
		}
	}
	return len(words) > 0
}

// Known says whether a selector, as KIND:VALUE, is that of a record: the quickest question there is.
func (x *Index) Known(selector string) (ids []string, st State, err error) {
	s := x.now.Load()
	for i, seg := range s.segments {
		seg.known(selector, func(id uint32) bool {
			if s.dead[i][id] {
				return true
			}
			var r Record
			if r, err = seg.record(id); err != nil {
				err = fmt.Errorf("%s: %w", seg.file, errSegment)
				return false
			}
			if slices.Contains(r.Selectors, selector) { // two may have one hash
				ids = append(ids, string([]byte(r.ID)))
			}
			return len(ids) < 100
		})
	}
	runtime.KeepAlive(s)
	return ids, s.state(x.clock()), err
}

// Get gives a record by its id.
func (x *Index) Get(id string) (r Record, ok bool, err error) {
	s := x.now.Load()
	for i := len(s.segments) - 1; i >= 0 && !ok && err == nil; i-- {
		s.segments[i].known(idKey(id), func(at uint32) bool {
			if s.dead[i][at] {
				return true
			}
			if r, err = s.segments[i].record(at); err == nil && r.ID == id {
				ok = true
			}
			return !ok && err == nil
		})
	}
	r.clone()
	runtime.KeepAlive(s)
	return r, ok, err
}

// OnChange has a function told of each record that Update or Put adds or changes, before it can be found; nil: nobody.
func (x *Index) OnChange(f func(*Record)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.fresh = f
}

// Change is what Update did.
type Change struct {
	Added, Changed, Removed, Same int
}

// Update reads a source anew: its records replace those that it had before. Whoever asks meanwhile sees what was there before; after
// an error, everybody does.
func (x *Index) Update(ctx context.Context, src Source, records iter.Seq2[Record, error]) (Change, error) {
	return x.change(ctx, src, records, true)
}

// Put adds and replaces single records of a source, and takes others out by id.
func (x *Index) Put(ctx context.Context, src Source, records []Record, gone ...string) (Change, error) {
	seq := func(yield func(Record, error) bool) {
		for _, r := range records {
			if !yield(r, nil) {
				return
			}
		}
	}
	return x.change(ctx, src, seq, false, gone...)
}

// change writes what is new into a segment of its own, and marks what it replaces.
func (x *Index) change(ctx context.Context, src Source, records iter.Seq2[Record, error], whole bool, gone ...string) (c Change, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	unlock, err := x.lock()
	if err != nil {
		return c, err
	}
	defer unlock()
	s := x.now.Load()
	next := &state{m: s.m, segments: slices.Clone(s.segments)}
	next.m.Dead = map[string][]uint32{}
	for k, v := range s.m.Dead {
		next.m.Dead[k] = slices.Clone(v)
	}
	file := fmt.Sprintf("%06d.seg", s.m.Next)
	next.m.Next++
	b, err := newBuilder(filepath.Join(x.dir, file))
	if err != nil {
		return c, err
	}
	defer b.drop()
	kept := make([]map[uint32]bool, len(s.segments)) // records of the source that are told again as they were
	for i := range kept {
		kept[i] = map[uint32]bool{}
	}
	met := map[string]bool{}
	fresh := !whole || !slices.ContainsFunc(s.m.Sources, func(o Source) bool { return o.Name == src.Name })
	for r, err := range records {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return c, err
		}
		r.Dataset = src.Name
		// Of a source that is read for the first time, nothing is known to be compared with.
		if !fresh || !whole {
			if met[r.ID] {
				continue
			}
			met[r.ID] = true
			seg, at, same, err := s.held(&r)
			switch {
			case err != nil:
				return c, err
			case same:
				kept[seg][at] = true
				c.Same++
				continue
			case seg >= 0:
				c.Changed++
				kept[seg][at] = true // not gone, but replaced
				next.kill(s.segments[seg].file, at)
			default:
				c.Added++
			}
		} else {
			c.Added++
		}
		if x.fresh != nil {
			x.fresh(&r)
		}
		if err := b.add(&r); err != nil {
			return c, err
		}
	}
	if whole && !fresh {
		for i, seg := range s.segments {
			for at := range uint32(seg.h.Records) {
				if kept[i][at] || s.dead[i][at] {
					continue
				}
				r, err := seg.record(at)
				if err != nil {
					return c, err
				}
				if r.Dataset == src.Name {
					next.kill(seg.file, at)
					c.Removed++
				}
			}
		}
	}
	for _, id := range gone {
		probe := Record{ID: id, Dataset: src.Name}
		seg, at, _, err := s.held(&probe)
		if err != nil {
			return c, err
		}
		if seg >= 0 {
			next.kill(s.segments[seg].file, at)
			c.Removed++
		}
	}
	if c.Added+c.Changed > 0 {
		if err := b.finish(); err != nil {
			return c, err
		}
		seg, err := openSegment(filepath.Join(x.dir, file))
		if err != nil {
			return c, err
		}
		next.segments = append(next.segments, seg)
		next.m.Segments = append(slices.Clone(s.m.Segments), file)
	}
	src.At = x.clock().UTC()
	i := slices.IndexFunc(s.m.Sources, func(o Source) bool { return o.Name == src.Name })
	next.m.Sources = slices.Clone(s.m.Sources)
	if i < 0 {
		next.m.Sources = append(next.m.Sources, src)
		i = len(next.m.Sources) - 1
	} else {
		old := next.m.Sources[i]
		next.m.Sources[i] = src
		if !whole {
			next.m.Sources[i].Records = old.Records
		}
	}
	if whole {
		next.m.Sources[i].Records = c.Added + c.Changed + c.Same
	} else {
		next.m.Sources[i].Records += c.Added - c.Removed
	}
	next.count()
	if err := x.publish(next); err != nil {
		return c, err
	}
	return c, x.compact(ctx, false)
}

// Purge writes the segments anew that hold records which were replaced or taken out: until then these cannot be found any more, but lie in
// the files.
func (x *Index) Purge(ctx context.Context) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	unlock, err := x.lock()
	if err != nil {
		return err
	}
	defer unlock()
	return x.compact(ctx, true)
}

func (s *state) kill(file string, at uint32) { s.m.Dead[file] = append(s.m.Dead[file], at) }

// held says where a record of the same source and id is, and whether it says the same; seg is -1 if there is none.
func (s *state) held(r *Record) (seg int, at uint32, same bool, err error) {
	seg = -1
	for i := len(s.segments) - 1; i >= 0 && seg < 0 && err == nil; i-- {
		s.segments[i].known(idKey(r.ID), func(id uint32) bool {
			if s.dead[i][id] {
				return true
			}
			var old Record
			if old, err = s.segments[i].record(id); err == nil && old.ID == r.ID && old.Dataset == r.Dataset {
				seg, at, same = i, id, old.equal(r)
			}
			return seg < 0 && err == nil
		})
	}
	return seg, at, same, err
}

func (r *Record) equal(o *Record) bool {
	return r.Schema == o.Schema && r.Sex == o.Sex && r.Doc == o.Doc && slices.Equal(r.Names, o.Names) && slices.Equal(r.Births, o.Births) && slices.Equal(r.Countries, o.Countries) && slices.Equal(r.Selectors, o.Selectors)
}

// publish writes the manifest and makes a state the one that is asked.
func (x *Index) publish(s *state) error {
	s.m.Change++
	b, err := json.MarshalIndent(&s.m, "", " ")
	if err != nil {
		return err
	}
	path := filepath.Join(x.dir, manifestFile)
	f, err := os.Create(path + ".new")
	if err != nil {
		return fmt.Errorf("write index: %w", err)
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write index: %w", err)
	}
	if err := errors.Join(os.Rename(path+".new", path), syncDir(x.dir)); err != nil {
		return fmt.Errorf("write index: %w", err)
	}
	x.now.Store(s)
	x.tidy(s)
	return nil
}

// compact makes one segment of the last ones while the last is at least half as large as the one before: each record is written
// again as often as the logarithm of their number, and a question has few segments to look into. A segment of which half is dead is
// written anew; with purge, each that holds anything dead.
func (x *Index) compact(ctx context.Context, purge bool) error {
	for {
		s := x.now.Load()
		n := len(s.segments)
		live := func(i int) int { return s.segments[i].h.Records - len(s.dead[i]) }
		from := n
		if n >= 2 && live(n-1)*2 >= live(n-2) {
			from = n - 2
		}
		for i := range n {
			if (len(s.dead[i])*2 > s.segments[i].h.Records || purge && len(s.dead[i]) > 0 || s.segments[i].h.Keys != name.KeysVersion) && i < from {
				from = i
			}
		}
		if from == n {
			return nil
		}
		next := &state{m: s.m, segments: slices.Clone(s.segments[:from])}
		next.m.Segments = slices.Clone(s.m.Segments[:from])
		next.m.Dead = map[string][]uint32{}
		for _, f := range next.m.Segments {
			if d := s.m.Dead[f]; len(d) > 0 {
				next.m.Dead[f] = d
			}
		}
		file := fmt.Sprintf("%06d.seg", s.m.Next)
		next.m.Next++
		b, err := newBuilder(filepath.Join(x.dir, file))
		if err != nil {
			return err
		}
		written := 0
		for i := from; i < n; i++ {
			for at := range uint32(s.segments[i].h.Records) {
				if s.dead[i][at] {
					continue
				}
				r, err := s.segments[i].record(at)
				if err == nil && at%4096 == 0 {
					err = ctx.Err()
				}
				if err == nil {
					err = b.add(&r)
				}
				if err != nil {
					b.drop()
					return err
				}
				written++
			}
		}
		if written == 0 {
			b.drop()
		} else {
			if err := b.finish(); err != nil {
				return err
			}
			seg, err := openSegment(filepath.Join(x.dir, file))
			if err != nil {
				return err
			}
			next.segments, next.m.Segments = append(next.segments, seg), append(next.m.Segments, file)
		}
		next.count()
		if err := x.publish(next); err != nil {
			return err
		}
	}
}

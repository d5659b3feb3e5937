package node_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tarir/audit"
	"tarir/casework"
	"tarir/handling"
	"tarir/hit"
	"tarir/node"
	"tarir/notice"
	"tarir/store"
	"tarir/web"
)

// TestTorture lets four nodes work while they are killed, their disks fill up, their lines break, their clocks jump and the relay gives
// letters twice and out of order; then everything is mended, and what must hold is held against a model: nothing that was
// acknowledged is lost, nothing has its effect twice, nobody reads what was not for them, no restriction is wider than it was sent, and
// every audit log verifies and has what was done. Each run has a seed of its own, which is printed where it fails:
// TORTURE_SEED=n TORTURE_RUNS=1 repeats it, as far as processes and disks repeat anything.
func TestTorture(t *testing.T) {
	runs, seed, lanes := env("TORTURE_RUNS", 4), env("TORTURE_SEED", 1), env("TORTURE_LANES", 2)
	if testing.Short() {
		t.Skip("torture takes its time")
	}
	w := newWorld(t, map[string]handling.Kind{"NCB-AA": handling.Bureau, "FIU-1": handling.FIU, "BANK-FF": handling.Bank}, nil)
	url := w.url
	for _, n := range w.nodes {
		n.stop()
	}
	began := time.Now()
	var next, kills, fulls, cuts, jumps, acked, unsure atomic.Int64
	var wg sync.WaitGroup
	for range lanes {
		wg.Go(func() {
			for {
				k := next.Add(1) - 1
				if k >= int64(runs) || t.Failed() {
					return
				}
				r := &torture{t: t, seed: uint64(seed) + uint64(k), dir: filepath.Join(t.TempDir(), strconv.FormatInt(k, 10)), procs: map[string]*proc{}, letters: map[string]*sent{}}
				err := r.run(w.dir, url)
				kills.Add(r.kills)
				fulls.Add(r.fulls)
				cuts.Add(r.cuts)
				jumps.Add(r.jumps)
				acked.Add(r.acked)
				unsure.Add(r.unsure)
				if err != nil {
					keep := filepath.Join(os.TempDir(), fmt.Sprint("torture-", r.seed))
					_ = os.RemoveAll(keep)
					_ = os.Rename(r.dir, keep)
					t.Errorf("seed %d: %v\nits folders are kept in %s; to repeat: TORTURE_SEED=%d TORTURE_RUNS=1 go test -run TestTorture ./node", r.seed, err, keep, r.seed)
				}
				_ = os.RemoveAll(r.dir)
			}
		})
	}
	wg.Wait()
	t.Logf("seeds %d to %d in %v: %d requests acknowledged and %d of unknown fate; %d processes killed, %d disks full, %d lines cut, %d clocks set",
		seed, seed+int(min(next.Load(), int64(runs)))-1, time.Since(began).Round(time.Second), acked.Load(), unsure.Load(), kills.Load(), fulls.Load(), cuts.Load(), jumps.Load())
}

func env(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

// sent is what the model knows of a letter.
type sent struct {
	id, from string
	to       []string
	text     string
	label    handling.Label
	known    bool // acknowledged: it must have its effect
	recalled bool // asked for, whether acknowledged or not
}

type torture struct {
	t       *testing.T
	seed    uint64
	rng     *rand.Rand
	dir     string
	procs   map[string]*proc
	names   []string
	letters map[string]*sent // by text
	heal    []func()

	kills, fulls, cuts, jumps, acked, unsure int64
	ops                                      []string // what was done, for whoever looks into a failure
}

const mostJump = 26 * time.Hour // that a clock is wrong: a time zone, a day

// run is one run, from a copy of the world.
func (r *torture) run(world, url string) (err error) {
	r.rng = rand.New(rand.NewPCG(r.seed, 7))
	defer func() {
		if err != nil {
			_ = os.WriteFile(filepath.Join(r.dir, "ops"), []byte(strings.Join(r.ops, "\n")+"\n"), 0o600)
		}
		for _, p := range r.procs {
			p.kill()
			if p.line != nil {
				p.line.close()
			}
		}
	}()
	if err := os.CopyFS(r.dir, os.DirFS(world)); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	relay := l.Addr().String()
	_ = l.Close()
	r.names = []string{"GS", "NCB-AA", "FIU-1", "BANK-FF"}
	for _, id := range r.names {
		p := &proc{id: id, dir: filepath.Join(r.dir, id)}
		old, fresh := url, ""
		if id == "GS" {
			old, fresh = "127.0.0.1:0", relay
			p.env = []string{tortureMischief + "=" + strconv.FormatUint(r.seed, 10)}
		} else {
			if p.line, err = newProxy(relay); err != nil {
				return err
			}
			fresh = "nats://" + p.line.l.Addr().String()
		}
		config := filepath.Join(p.dir, "config.toml")
		b, err := os.ReadFile(config)
		if err != nil {
			return err
		}
		if err := os.WriteFile(config, []byte(strings.Replace(string(b), old, fresh, 1)), 0o600); err != nil {
			return err
		}
		r.procs[id] = p
		if err := p.start(); err != nil {
			return err
		}
	}
	until := time.Now().Add(2 * time.Second)
	for time.Now().Before(until) {
		if r.rng.IntN(4) == 0 {
			r.fault()
		} else {
			r.work()
		}
		time.Sleep(time.Duration(r.rng.IntN(15)) * time.Millisecond)
		for id, p := range r.procs {
			if !p.running() { // it ended by itself: that is an error where nothing was done to it
				r.note("start", id, nil)
				if err := p.start(); err != nil && !r.isFull(id) {
					return err
				}
			}
		}
	}
	if err := r.mend(); err != nil {
		return err
	}
	if err := r.settle(); err != nil {
		return err
	}
	for _, p := range r.procs {
		if err := p.end(); err != nil {
			return err
		}
	}
	return r.inspect()
}

func (r *torture) note(what, who string, err error) {
	s := fmt.Sprintf("%s %s %s", time.Now().Format("15:04:05.000"), who, what)
	if err != nil {
		s += ": " + err.Error()
	}
	r.ops = append(r.ops, s)
}

// do asks a node for something. It says whether the node acknowledged it.
func (r *torture) do(id, verb string, a web.Args, out any) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	w := who("ann")
	if verb == "notice.step" && a.Step.Side == notice.Owner {
		w = who("bob")
	}
	w.Reason = "torture"
	err := web.Do(ctx, r.procs[id].dir, verb, w, a, out)
	r.note(verb+" "+a.ID, id, err)
	if err == nil {
		r.acked++
	} else {
		r.unsure++
	}
	return err == nil
}

func (r *torture) any(of ...string) string {
	if len(of) == 0 {
		of = r.names
	}
	return of[r.rng.IntN(len(of))]
}

// fault does something bad, which mends itself a little later in the run or at its end.
func (r *torture) fault() {
	id := r.any()
	p := r.procs[id]
	for _, h := range r.heal {
		h()
	}
	r.heal = nil
	switch r.rng.IntN(6) {
	case 0, 1:
		r.note("kill", id, nil)
		r.kills++
		p.kill()
	case 2:
		most := uint64(r.rng.IntN(400_000))
		r.note(fmt.Sprint("full at ", most), id, nil)
		r.fulls++
		p.fill(most)
		r.heal = append(r.heal, func() { r.note("room", id, nil); p.fill(unix.RLIM_INFINITY) })
	case 3, 4:
		if p.line == nil {
			return
		}
		r.cuts++
		if r.rng.IntN(2) == 0 {
			r.note("cut", id, nil)
			p.line.set(true)
			r.heal = append(r.heal, func() { r.note("line", id, nil); p.line.set(false) })
		} else {
			r.note("mute", id, nil)
			p.line.mute.Store(true)
			r.heal = append(r.heal, func() { r.note("line", id, nil); p.line.mute.Store(false) })
		}
	case 5:
		d := time.Duration(r.rng.Int64N(int64(2*mostJump))) - mostJump
		r.note("clock "+d.String(), id, nil)
		r.jumps++
		_ = p.setClock(d)
	}
}

// isFull says whether a node may not start since its disk is full.
func (r *torture) isFull(string) bool { return false } // a limit ends with its process

var purposes = []handling.Purpose{handling.Locate, handling.Warn, handling.Identify}

// work lets somebody do something.
func (r *torture) work() {
	switch r.rng.IntN(12) {
	case 0, 1, 2:
		r.send()
	case 3:
		r.recall()
	case 4:
		f := silver(handling.Bureau, handling.FIU, handling.Bank)
		var rec notice.Record
		if r.do("NCB-AA", "notice.draft", web.Args{Form: &f}, &rec) {
			r.do("NCB-AA", "notice.step", web.Args{ID: rec.ID, Step: &notice.Step{Event: notice.Submit, Side: notice.Owner}}, nil)
		}
	case 5:
		r.review()
	case 6:
		r.do("BANK-FF", "watch.import", web.Args{Path: r.watchlist()}, nil)
	case 7:
		r.hits()
	case 8:
		var out []*casework.Stop
		r.do(r.any("NCB-AA", "FIU-1"), "stop.request", web.Args{Stops: []node.StopRequest{{Asked: "BANK-FF", Form: casework.StopForm{
			Account: "BANKFFXX/9693081534", Amount: "1000", Currency: "USD", Payments: []casework.Payment{{Reference: "W1", Amount: "1000", To: "BANKFFXX/9693081534"}},
			Offence: "THB", Reference: "AA/2026/7", Officer: "+000", Wish: "both",
		}}}}, &out)
	case 9:
		r.stops()
	case 10:
		if r.rng.IntN(3) == 0 {
			r.do(r.any(), "member.rotate", web.Args{}, nil)
		}
	case 11:
		q := question(r.t, "account", "BANKFFXX/9693081534")
		r.do(r.any(), "look.up", web.Args{Question: &q}, nil)
	}
}

func (r *torture) watchlist() string {
	path := filepath.Join(r.dir, "watch.jsonl")
	text := fmt.Sprintf(`{"id":"acc%d","schema":"BankAccount","properties":{"bankName":["BANKFFXX"],"accountNumber":["9693081534"]}}`+"\n", r.rng.IntN(3))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		r.t.Error(err)
	}
	return path
}

func (r *torture) send() {
	s := &sent{from: r.any(), text: fmt.Sprintf("canary-%d-%d", r.seed, len(r.letters))}
	for _, id := range r.names {
		if id != s.from && r.rng.IntN(2) == 0 {
			s.to = append(s.to, id)
		}
	}
	if len(s.to) == 0 {
		return
	}
	s.label = handling.Label{TLP: []handling.TLP{"", handling.TLPAmber, handling.TLPGreen}[r.rng.IntN(3)]}
	deny := handling.Restriction{By: s.from, NoOnward: r.rng.IntN(2) == 0, ContactFirst: r.rng.IntN(2) == 0, Purposes: purposes[:r.rng.IntN(2)]}
	deny.Purposes = slices.DeleteFunc(slices.Clone(deny.Purposes), func(p handling.Purpose) bool { return p == handling.Locate })
	if r.rng.IntN(2) == 0 { // denied to somebody: to a recipient it is then refused
		deny.Members = []string{r.any()}
	}
	s.label.Restrictions = []handling.Restriction{deny}
	r.letters[s.text] = s
	var out node.Letter
	ok := r.do(s.from, "letter.send", web.Args{Letter: &node.NewLetter{Kind: "message", To: s.to, Text: notice.Texts{"en": s.text}, Label: &s.label}}, &out)
	if ok {
		s.id, s.known = out.ID, true
		for _, to := range s.to {
			if slices.Contains(deny.Members, to) {
				r.t.Errorf("seed %d: sent to %s, to whom it is denied", r.seed, to)
			}
		}
	}
}

func (r *torture) recall() {
	var own []*sent
	for _, s := range r.letters {
		if s.known && !s.recalled {
			own = append(own, s)
		}
	}
	if len(own) == 0 {
		return
	}
	slices.SortFunc(own, func(a, b *sent) int { return strings.Compare(a.text, b.text) })
	s := own[r.rng.IntN(len(own))]
	s.recalled = true
	r.do(s.from, "recall", web.Args{Kind: "message", ID: s.id}, nil)
}

func (r *torture) list(id, kind string) (out []node.Listed) {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	if err := web.Do(ctx, r.procs[id].dir, "list", who("ann"), web.Args{Kind: kind}, &out); err != nil {
		return nil
	}
	slices.SortFunc(out, func(a, b node.Listed) int { return strings.Compare(a.ID, b.ID) })
	return out
}

func (r *torture) one(id, kind string, states ...string) string {
	l := slices.DeleteFunc(r.list(id, kind), func(x node.Listed) bool { return !slices.Contains(states, x.State) })
	if len(l) == 0 {
		return ""
	}
	return l[r.rng.IntN(len(l))].ID
}

func (r *torture) review() {
	if id := r.one("GS", "review", "submitted"); id != "" {
		r.do("GS", "notice.step", web.Args{ID: id, Step: &notice.Step{Event: notice.TakeUp, Side: notice.Reviewer}}, nil)
	}
	if id := r.one("GS", "review", "under_review"); id != "" {
		r.do("GS", "notice.step", web.Args{ID: id, Step: &notice.Step{Event: notice.Publish, Side: notice.Reviewer}}, nil)
	}
	if id := r.one("NCB-AA", "request", "published"); id != "" && r.rng.IntN(4) == 0 {
		r.do("NCB-AA", "notice.step", web.Args{ID: id, Step: &notice.Step{Event: notice.Withdraw, Side: notice.Owner, Ground: "achieved"}}, nil)
	}
}

func (r *torture) hits() {
	for _, s := range []struct {
		at    string
		state string
		step  hit.Step
	}{
		{"BANK-FF", "possible", hit.Step{State: hit.Same}},
		{"BANK-FF", "same", hit.Step{State: hit.Asked}},
		{"NCB-AA", "asked", hit.Step{State: []hit.State{hit.Confirmed, hit.Denied}[r.rng.IntN(2)], Allowed: []string{"information"}}},
		{"BANK-FF", "confirmed", hit.Step{State: hit.Closed, Outcome: "asset_found"}},
		{"BANK-FF", "denied", hit.Step{State: hit.Closed, Outcome: "nothing"}},
	} {
		if id := r.one(s.at, "hit", s.state); id != "" {
			r.do(s.at, "hit.step", web.Args{ID: id, Hit: &s.step}, nil)
		}
	}
}

func (r *torture) stops() {
	for _, s := range []struct {
		state string
		step  casework.StopStep
	}{
		{"requested", casework.StopStep{State: casework.Acknowledged}},
		{"acknowledged", casework.StopStep{State: casework.BlockedPart, Answer: &casework.Answer{Found: true, Held: "400.00", Currency: "USD"}}},
		{"blocked_part", casework.StopStep{State: casework.Released}},
	} {
		if id := r.one("BANK-FF", "stop", s.state); id != "" && r.rng.IntN(2) == 0 {
			r.do("BANK-FF", "stop.step", web.Args{ID: id, Stop: &s.step}, nil)
		}
	}
}

// mend takes all faults away, and sets all clocks to one time, after every time that any of them had.
func (r *torture) mend() error {
	for _, h := range r.heal {
		h()
	}
	for _, p := range r.procs {
		if p.line != nil {
			p.line.mute.Store(false)
			p.line.set(false)
		}
		p.fill(unix.RLIM_INFINITY)
		if err := p.setClock(mostJump + time.Hour); err != nil {
			return err
		}
		if !p.running() {
			if err := p.start(); err != nil {
				return err
			}
		}
	}
	r.note("mended", "all", nil)
	return nil
}

// settle waits until everything that was acknowledged has had its effect.
func (r *torture) settle() error {
	var err error
	for end := time.Now().Add(90 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if err = r.settled(); err == nil {
			return nil
		}
		for id, p := range r.procs {
			if !p.running() {
				return fmt.Errorf("%s ended by itself", id)
			}
		}
	}
	return fmt.Errorf("it does not settle: %w", err)
}

func (r *torture) ask(id, verb string, a web.Args, out any) error {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	if err := web.Do(ctx, r.procs[id].dir, verb, who("ann"), a, out); err != nil {
		return fmt.Errorf("%s: %s: %w", id, verb, err)
	}
	return nil
}

func (r *torture) states(id, kind string) (map[string]string, error) {
	var list []node.Listed
	if err := r.ask(id, "list", web.Args{Kind: kind}, &list); err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, l := range list {
		out[l.ID] = l.State
	}
	return out, nil
}

func (r *torture) settled() error {
	var size int64
	for _, id := range r.names {
		var h node.Health
		if err := r.ask(id, "health", web.Args{}, &h); err != nil {
			return err
		}
		if id == "GS" {
			size = h.Register
		}
		if !h.OK || h.Queue != 0 || h.Aside != 0 || h.Register != size {
			return fmt.Errorf("%s: %+v", id, h)
		}
	}
	all := map[string]map[string]string{}
	for _, id := range r.names {
		for _, kind := range []string{"message", "request", "review", "notice", "hit", "stop"} {
			s, err := r.states(id, kind)
			if err != nil {
				return err
			}
			all[id+" "+kind] = s
		}
	}
	// Letters of unknown fate: the sender has them, or nobody.
	for _, id := range r.names {
		for m, state := range all[id+" message"] {
			if slices.ContainsFunc(slices.Collect(values(r.letters)), func(s *sent) bool { return s.id == m }) || state != "sent" {
				continue
			}
			var l node.Letter
			if err := r.ask(id, "open", web.Args{Kind: "message", ID: m}, &l); err != nil {
				return err
			}
			r.letters[l.Text["en"]].id = m
		}
	}
	for _, s := range r.letters {
		here := all[s.from+" message"][s.id]
		if s.known && here == "" {
			return fmt.Errorf("%s of %s was acknowledged and is gone", s.text, s.from)
		}
		if s.id == "" {
			continue
		}
		var d []store.Delivery
		if err := r.ask(s.from, "receipts", web.Args{Kind: "message", ID: s.id}, &d); err != nil {
			return err
		}
		for _, to := range s.to {
			there := all[to+" message"][s.id]
			receipts := ""
			for _, x := range d {
				if x.Recipient == to {
					receipts += x.State + " "
				}
			}
			switch {
			case here == "sent" && (there != "received" || receipts != "stored "):
				return fmt.Errorf("%s (%s) of %s is %q at %s, with receipts %q", s.text, s.id, s.from, there, to, receipts)
			case here == "recalled" && (there != "" || !strings.Contains(receipts, "destroyed") && !strings.Contains(receipts, "absent")):
				return fmt.Errorf("%s (%s) of %s, recalled, is %q at %s, with receipts %q", s.text, s.id, s.from, there, to, receipts)
			case here == "recalled" && !s.recalled:
				return fmt.Errorf("%s was recalled by nobody", s.text)
			}
		}
	}
	for id, state := range all["NCB-AA request"] {
		at := all["GS review"][id]
		if state != "draft" && at != state {
			return fmt.Errorf("request %s is %s at its owner and %q at the secretariat", id, state, at)
		}
		for _, m := range []string{"FIU-1", "BANK-FF"} {
			switch got := all[m+" notice"][id]; {
			case state == "published" && got != "published", state != "published" && got != "":
				return fmt.Errorf("notice %s is %s at its owner and %q at %s", id, state, got, m)
			}
		}
	}
	for id, state := range all["BANK-FF hit"] {
		at := all["NCB-AA hit"][id]
		if !slices.Contains([]string{"possible", "same", "not_same"}, state) && at != state {
			return fmt.Errorf("hit %s is %s at its finder and %q at its owner", id, state, at)
		}
	}
	for _, m := range []string{"NCB-AA", "FIU-1"} {
		for id, state := range all[m+" stop"] {
			if at := all["BANK-FF stop"][id]; at != state {
				return fmt.Errorf("stop %s is %s at %s and %q at the bank", id, state, m, at)
			}
		}
	}
	return nil
}

func values[K comparable, V any](m map[K]V) func(func(V) bool) {
	return func(yield func(V) bool) {
		for _, v := range m {
			if !yield(v) {
				return
			}
		}
	}
}

// inspect looks into the folders, once the nodes have ended.
func (r *torture) inspect() error {
	ctx := context.Background()
	var errs []error
	for _, id := range r.names {
		p := r.procs[id]
		entries, err := node.VerifyAudit(ctx, p.dir)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: its audit log: %w", id, err))
		}
		s, err := store.Open(ctx, filepath.Join(p.dir, "tarir.db"))
		if err != nil {
			return err
		}
		err = s.Read(ctx, func(tx *store.Tx) error {
			items, err := tx.Items(store.Query{})
			if err != nil {
				return err
			}
			met, numbers := map[string]bool{}, map[string]string{}
			acts := 0
			for _, it := range items {
				switch it.Kind {
				case "aside":
					errs = append(errs, fmt.Errorf("%s: a letter still waits for %s", id, it.State))
				case "message":
					errs = append(errs, r.letter(id, it))
					acts++
				case "hit":
					var h hit.Hit
					errs = append(errs, json.Unmarshal(it.Body, &h))
					if key := h.Notice + " " + h.Record; h.Record != "" && met[key] {
						errs = append(errs, fmt.Errorf("%s: two hits of one notice and one record", id))
					} else {
						met[key] = true
					}
					errs = append(errs, once(id, it, h.Steps, func(s hit.Step) string { return string(s.State) }))
				case "stop":
					var s casework.Stop
					errs = append(errs, json.Unmarshal(it.Body, &s))
					errs = append(errs, once(id, it, s.Steps, func(s casework.StopStep) string { return string(s.State) }))
				case "review":
					var b struct{ Record notice.Record }
					errs = append(errs, json.Unmarshal(it.Body, &b))
					errs = append(errs, once(id, it, b.Record.Steps, func(s notice.Step) string { return string(s.Event) }))
					if other := numbers[it.Number]; it.Number != "" && other != "" {
						errs = append(errs, fmt.Errorf("two notices have the number %s", it.Number))
					}
					numbers[it.Number] = it.ID
				}
			}
			if int64(acts) > entries {
				errs = append(errs, fmt.Errorf("%s: %d entries in the audit log, for %d letters at least", id, entries, acts))
			}
			return nil
		})
		errs = append(errs, err, s.Close(), r.sends(ctx, p))
	}
	return errors.Join(append(errs, r.canaries())...)
}

// once says whether a step was taken twice.
func once[S any](id string, it *store.Item, steps []S, key func(S) string) error {
	seen := map[string]bool{}
	for _, s := range steps {
		if seen[key(s)] {
			return fmt.Errorf("%s: %s %s: %s twice", id, it.Kind, it.ID, key(s))
		}
		seen[key(s)] = true
	}
	return nil
}

// letter compares a letter with what was sent.
func (r *torture) letter(at string, it *store.Item) error {
	var l node.Letter
	if err := json.Unmarshal(it.Body, &l); err != nil {
		return err
	}
	if it.State == "recalled" {
		return nil
	}
	s := r.letters[l.Text["en"]]
	if s == nil || s.from != l.From || s.from != at && !slices.Contains(s.to, at) {
		return fmt.Errorf("%s has a letter that was not for it: %s", at, it.ID)
	}
	var got handling.Label
	if err := json.Unmarshal(it.Label, &got); err != nil {
		return err
	}
	if !reflect.DeepEqual(plain(got.Restrictions), plain(s.label.Restrictions)) || got.TLP != s.label.TLP || !slices.Equal(got.Addressed, slices.Sorted(slices.Values(s.to))) || !slices.Equal(got.Owners, []string{s.from}) {
		return fmt.Errorf("%s: the label of %s is another one than was sent: %+v", at, it.ID, got)
	}
	return nil
}

// plain makes restrictions comparable: an empty list is none.
func plain(list []handling.Restriction) string {
	b, _ := json.Marshal(list)
	return string(b)
}

// sends looks whether each letter that was acknowledged stands in its sender's audit log.
func (r *torture) sends(ctx context.Context, p *proc) error {
	n, err := node.Open(ctx, p.dir, node.Options{Passphrase: pass})
	if err != nil {
		return err
	}
	var errs []error
	for _, s := range r.letters {
		if s.from != p.id || !s.known {
			continue
		}
		found := false
		err := n.Audit(ctx, who("ann"), audit.Filter{Mark: n.AuditMark("message", s.id)}, func(_ int64, e *audit.Entry) error {
			found = found || e.Action == audit.Send
			return nil
		})
		if err != nil || !found {
			errs = append(errs, fmt.Errorf("%s: %s was sent and does not stand in the audit log (%w)", p.id, s.text, err))
		}
	}
	return errors.Join(append(errs, n.Close())...)
}

// canaries looks for the texts of letters in the folders of those for whom they were not: the relay's among them.
func (r *torture) canaries() error {
	var errs []error
	for _, id := range r.names {
		err := filepath.WalkDir(r.procs[id].dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for text := string(b); ; {
				_, rest, ok := strings.Cut(text, "canary-")
				if !ok {
					return nil
				}
				text = rest
				end := strings.IndexFunc(rest, func(c rune) bool { return c != '-' && (c < '0' || c > '9') })
				if end < 0 {
					continue
				}
				s := r.letters["canary-"+rest[:end]]
				if s != nil && (s.from != id && !slices.Contains(s.to, id)) || s != nil && strings.Contains(path, string(filepath.Separator)+"relay"+string(filepath.Separator)) {
					errs = append(errs, fmt.Errorf("%s can read canary-%s, in %s", id, rest[:end], path))
				}
			}
		})
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

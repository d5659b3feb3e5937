package node_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"tarir/exchange/register"
	"tarir/handling"
	"tarir/match"
	"tarir/node"
	"tarir/notice"
	"tarir/web"
)

// hostOf names, in the environment of a process, the file with the folders of the nodes that it runs: the members of manyNodes.
const hostOf = "TARIR_BENCH_NODES"

// host is what such a process does.
func host(list string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	text, err := os.ReadFile(list)
	if err != nil {
		return err
	}
	dirs := strings.Fields(string(text))
	nodes := make([]*node.Node, len(dirs))
	var opening errgroup.Group
	opening.SetLimit(4) // each reads the whole register
	for i, dir := range dirs {
		opening.Go(func() (err error) {
			nodes[i], err = node.Open(ctx, dir, node.Options{Passphrase: pass, Every: 10 * time.Second})
			return err
		})
	}
	if err := opening.Wait(); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, n := range nodes {
		g.Go(func() error { return n.Run(ctx) })
	}
	for _, n := range nodes {
		for {
			h, err := n.Health(ctx)
			if err != nil {
				return err
			}
			if h.Line {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	fmt.Println("ready")
	err = g.Wait()
	for _, n := range nodes {
		err = errors.Join(err, n.Close())
	}
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// clusterURL is where the servers of a relay of three listen, which tarir relay config made and tarir relay run runs: TARIR_BENCH_CLUSTER names its
// folder, and letters are replicated then.
const clusterURL = "nats://127.0.0.1:5222,nats://127.0.0.1:5232,nats://127.0.0.1:5242"

// hosted is how many nodes one process runs: each holds some two dozen files open, and a process may have 20,000.
const hosted = 250

// manyNodes is a secretariat in this process, and n members in others, whose numbers it tells, each node with its own folder, database
// and audit log.
func manyNodes(b *testing.B, n int, sync bool) (w *world, hosts []int) {
	b.Helper()
	w = &world{t: b, clock: &clock{}, own: map[string]*clock{}, dir: b.TempDir(), nodes: map[string]*running{}}
	gs := filepath.Join(w.dir, "GS")
	own := node.Setup{Member: "GS", Name: "Secretariat", Country: "FR", Listen: "127.0.0.1:0", People: people}
	if cluster := os.Getenv("TARIR_BENCH_CLUSTER"); cluster != "" {
		own.Listen, own.Cluster, own.URL = "", filepath.Join(cluster, "relay.keys"), clusterURL
	}
	if err := node.Found(gs, pass, own, w.clock.now()); err != nil {
		b.Fatal(err)
	}
	if !sync {
		path := filepath.Join(gs, "config.toml")
		text, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(path, bytes.Replace(text, []byte("sync = true"), []byte("sync = false"), 1), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	open, err := node.Open(b.Context(), gs, node.Options{Passphrase: pass})
	if err != nil {
		b.Fatal(err)
	}
	for i := range n {
		id := fmt.Sprintf("NCB-%03d", i)
		err := open.AdmitQuietly(b.Context(), register.Statement{Member: id, Name: id, Kind: handling.Bureau, Country: "FR", Contact: "24/7"}, func(invitation []byte) ([]byte, string, error) {
			return node.Join(filepath.Join(w.dir, id), pass, node.Setup{URL: "nats://later", People: people}, invitation, w.clock.now())
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	if err := open.Close(); err != nil {
		b.Fatal(err)
	}
	w.every = 10 * time.Second
	w.start("GS")
	if w.url = own.URL; w.url == "" {
		w.url = w.relayURL()
	}
	var dirs []string
	for i := range n {
		id := fmt.Sprintf("NCB-%03d", i)
		dir := filepath.Join(w.dir, id)
		if err := os.CopyFS(filepath.Join(dir, "register"), os.DirFS(filepath.Join(gs, "register"))); err != nil && !errors.Is(err, os.ErrExist) {
			b.Fatal(err)
		}
		dirs = append(dirs, dir)
		path := filepath.Join(dir, "config.toml")
		text, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(path, bytes.Replace(text, []byte("nats://later"), []byte(w.url), 1), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	for part := range slices.Chunk(dirs, hosted) { // one after the other: each waits for the processor when it opens its nodes
		hosts = append(hosts, startHost(b, filepath.Join(w.dir, fmt.Sprint("nodes-", len(hosts))), part))
	}
	return w, hosts
}

// startHost starts a process that runs nodes, and waits until all of them are there.
func startHost(b *testing.B, list string, dirs []string) (pid int) {
	b.Helper()
	if err := os.WriteFile(list, []byte(strings.Join(dirs, "\n")), 0o600); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env, cmd.Stderr = append(os.Environ(), hostOf+"="+list), os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := errors.Join(cmd.Process.Signal(syscall.SIGTERM), cmd.Wait()); err != nil {
			b.Error(err)
		}
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
		b.Fatalf("the members do not start: %q, %v", line, err)
	}
	return cmd.Process.Pid
}

// BenchmarkNotice sends a diffusion of 4 KB from the secretariat to all members of a world of whole nodes: signed, sealed to each, kept
// by the relay, opened and verified by each, put into its database and its audit log, and receipted; an operation ends when the sender
// has every receipt on disk. With 64 at once the rate is that of a busy day, and the times say nothing.
func BenchmarkNotice(b *testing.B) {
	for _, sync := range []bool{true, false} {
		for _, n := range []int{1, 10, 196, 1000} {
			b.Run(fmt.Sprintf("sync=%v/members=%d", sync, n), func(b *testing.B) { sendToAll(b, n, sync, 1) })
		}
		b.Run(fmt.Sprintf("sync=%v/members=196/64-at-once", sync), func(b *testing.B) { sendToAll(b, 196, sync, 64) })
	}
}

func sendToAll(b *testing.B, n int, sync bool, atOnce int) {
	w, hosts := manyNodes(b, n, sync)
	gs := w.nodes["GS"]
	var to []string
	for i := range n {
		to = append(to, fmt.Sprintf("NCB-%03d", i))
	}
	text := strings.Repeat("x", 4096)
	ctx := context.Background()
	var took []time.Duration
	type one struct {
		id    string
		begun time.Time
	}
	var open []one
	finish := func() {
		o := open[0]
		open = open[1:]
		for {
			got, err := gs.Delivered(ctx, "message/"+o.id)
			if err != nil {
				b.Fatal(err)
			}
			if got == n {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		took = append(took, time.Since(o.begun))
	}
	spent := func() int64 {
		all := cpu(b)
		for _, pid := range hosts {
			all += cpuOf(b, pid)
		}
		return all
	}
	// Nodes that have just started say so, and take what their clocks have for them: that is no notice's.
	time.Sleep(2 * w.every)
	for range 5 {
		m, err := gs.Send(ctx, who("ann"), node.NewLetter{Kind: "message", To: to, Text: notice.Texts{"en": text}, Urgent: true})
		if err != nil {
			b.Fatal(err)
		}
		open = append(open, one{m.ID, time.Now()})
		finish()
	}
	took = nil
	used, since := -spent(), time.Now()
	for b.Loop() {
		begun := time.Now()
		m, err := gs.Send(ctx, who("ann"), node.NewLetter{Kind: "message", To: to, Text: notice.Texts{"en": text}, Urgent: true})
		if err != nil {
			b.Fatal(err)
		}
		if open = append(open, one{m.ID, begun}); len(open) == atOnce {
			finish()
		}
	}
	for len(open) > 0 {
		finish()
	}
	all := time.Since(since)
	used += spent()
	slices.Sort(took)
	b.ReportMetric(float64(used)/float64(b.N)/1e6, "cpu-ms/notice")
	b.ReportMetric(float64(took[len(took)/2].Milliseconds()), "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Milliseconds()), "p99-ms")
	b.ReportMetric(float64(b.N)/all.Seconds(), "notices/s") // the loop's own time ends before the last ones have come
}

// BenchmarkCheck asks "is this known?" of one node with 100,000 records of its own: allowed, looked up and in the audit log on disk.
// 171 a second at so many nanoseconds of processor are so much of a core (core-%-at-171/s).
func BenchmarkCheck(b *testing.B) {
	w := newWorld(b, map[string]handling.Kind{"BANK-FF": handling.Bank}, nil)
	bank := w.nodes["BANK-FF"]
	var text strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&text, `{"id":"acc%d","schema":"BankAccount","properties":{"bankName":["BANKFFXX"],"accountNumber":["%010d"]}}`+"\n", i, i)
	}
	if got, err := bank.Import(b.Context(), who("ann"), strings.NewReader(text.String()), handling.Label{}); err != nil || got.Accepted != 100_000 {
		b.Fatal(got, err)
	}
	for _, id := range []string{"GS", "BANK-FF"} {
		w.nodes[id].stop()
	}
	w.every = 10 * time.Second // the clock of a node that runs, not of a test
	w.start("GS")
	w.url = w.relayURL()
	w.start("BANK-FF")
	bank = w.nodes["BANK-FF"]
	// What was imported is put into the index first: that is the work of the import, not of a question.
	if _, err := bank.LookUp(b.Context(), who("ann"), node.Question{Ask: match.Ask{Names: []string{"Ana Exemplar"}}}); err != nil {
		b.Fatal(err)
	}
	// In 2018 one query of I-24/7 in some 4,900 was a hit.
	for _, every := range []int{4900, 2} {
		b.Run(fmt.Sprintf("a-hit-in-%d", every), func(b *testing.B) {
			began := cpu(b)
			for i := 0; b.Loop(); i++ {
				number := 100_000 + i // not known
				if i%every == 0 {
					number = i / every % 100_000
				}
				k, err := bank.LookUp(b.Context(), who("ann"), question(b, "account", fmt.Sprintf("BANKFFXX/%010d", number)))
				if err != nil {
					b.Fatal(err)
				}
				if (len(k.Hits) == 1) != (i%every == 0) {
					b.Fatal("found what is not there, or not what is")
				}
			}
			used := float64(cpu(b)-began) / float64(b.N)
			b.ReportMetric(used, "cpu-ns/op")
			b.ReportMetric(used*171/1e9*100, "core-%-at-171/s")
		})
	}
}

// BenchmarkAttachment sends a file of 1 GB from one node to another, each a process of its own, and opens it there. The metrics are the
// most memory that each process had resident, in MB, and how much of it was its own: the rest are pages of the program and of files, which
// the system can take back.
func BenchmarkAttachment(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	at := l.Addr().String()
	_ = l.Close()
	w := newWorld(b, map[string]handling.Kind{"NCB-AA": handling.Bureau, "FIU-1": handling.FIU}, nil, func(id string, s *node.Setup) {
		if id == "GS" {
			s.Listen = at
		}
	})
	r := &torture{procs: map[string]*proc{}}
	for _, id := range []string{"GS", "NCB-AA", "FIU-1"} {
		w.nodes[id].stop()
	}
	for _, id := range []string{"GS", "NCB-AA", "FIU-1"} {
		p := &proc{id: id, dir: filepath.Join(w.dir, id)}
		if err := p.start(); err != nil {
			b.Fatal(err)
		}
		defer p.kill()
		r.procs[id] = p
	}
	path := filepath.Join(b.TempDir(), "large")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	chunk := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	for range 1 << 10 {
		if _, err := f.Write(chunk); err != nil {
			b.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(1 << 30)
	long, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	do := func(id, verb string, a web.Args, out any) error {
		return web.Do(long, r.procs[id].dir, verb, who("ann"), a, out)
	}
	for b.Loop() {
		var m node.Letter
		if err := do("NCB-AA", "letter.send", web.Args{Letter: &node.NewLetter{Kind: "message", To: []string{"FIU-1"}, Text: notice.Texts{"en": "large"}, Files: []node.File{{Path: path}}}}, &m); err != nil {
			b.Fatal(err)
		}
		for {
			s, err := r.states("FIU-1", "message")
			if err != nil || long.Err() != nil {
				b.Fatal("it did not come", err)
			}
			if s[m.ID] != "" {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
		var got string
		if err := do("FIU-1", "fetch", web.Args{Kind: "message", ID: m.ID}, &got); err != nil {
			b.Fatal(err)
		}
		if i, err := os.Stat(got); err != nil || i.Size() != 1<<30 {
			b.Fatal(i, err)
		}
	}
	for id, p := range r.procs {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
		if err != nil {
			b.Fatal(err)
		}
		field := func(name string) (kb float64) {
			_, after, _ := strings.Cut(string(text), name+":")
			if _, err := fmt.Sscan(after, &kb); err != nil {
				b.Fatal(err)
			}
			return kb
		}
		most, file := field("VmHWM"), field("RssFile")
		b.ReportMetric((most-file)*1024/1e6, id+"-own-MB")
		b.ReportMetric(most*1024/1e6, id+"-MB")
	}
}

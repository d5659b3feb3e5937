package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"tarir/garbage"
	"tarir/handling"
	"tarir/intake"
	"tarir/match"
	"tarir/node"
	"tarir/watchlist"
	"tarir/web"
)

type indexCmd struct {
	Build   indexBuildCmd   `cmd:"" help:"Read lists and entities into an index in a folder. What a list has no more is taken out; the rest is told as added, changed or the same."`
	Load    indexLoadCmd    `cmd:"" help:"Read lists into the index of the running node."`
	Info    indexInfoCmd    `cmd:"" help:"Say what an index holds, and how old it is."`
	Verify  indexVerifyCmd  `cmd:"" help:"Compare an index with the sums of what was written."`
	Serve   indexServeCmd   `cmd:"" help:"Answer screening requests (the API of yente) from an index of lists, on this machine."`
	Measure indexMeasureCmd `cmd:"" help:"Measure how right names are compared, by the aliases in lists, and how often questions about their people are answered rightly; show the worst misses."`
}

type listFlags struct {
	Source  string   `help:"Name of the source (default: as the list is called, or after the file)."`
	MaxAge  string   `placeholder:"DURATION" help:"After which the source counts as stale, as 36h; then \"not known\" is not said."`
	Regions []string `name:"region" help:"Country in which phone numbers without a country are dialled; may be repeated."`
}

func (f *listFlags) check() error {
	if f.MaxAge != "" {
		if _, err := time.ParseDuration(f.MaxAge); err != nil {
			return fmt.Errorf("--max-age: %q is no duration such as 36h", f.MaxAge)
		}
	}
	return nil
}

type indexBuildCmd struct {
	Index string `required:"" type:"path" help:"Folder of the index; it is made where it is missing."`
	listFlags
	Inputs []string `arg:"" help:"Files or folders: FollowTheMoney JSON lines, lists of the UN, OFAC, EU or UK, public notices; - is standard input."`
	JSON   bool     `name:"json" help:"Print the account as JSON."`
}

func (c *indexBuildCmd) Run(e *env) error {
	if err := c.check(); err != nil {
		return err
	}
	x, err := match.Open(c.Index, true, time.Now)
	if err != nil {
		return err
	}
	begin, shown := time.Now(), 0
	loaded, err := watchlist.Load(e.ctx, x, c.Inputs, e.stdin, watchlist.Options{
		Source: c.Source, MaxAge: c.MaxAge, Regions: c.Regions,
		Progress: func(n int64) {
			if n%1_000_000 == 0 {
				fmt.Fprintf(e.stderr, "%d records, %.0f a second\n", n, float64(n)/time.Since(begin).Seconds())
			}
		},
		Reject: func(r intake.Rejection) error {
			if shown++; shown <= 20 {
				fmt.Fprintf(e.stderr, "%s:%d: %s\n", r.File, r.Line, r.Reason)
			}
			return nil
		},
	})
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(e.stdout, loaded)
	}
	tellLoaded(e, loaded)
	fmt.Fprintf(e.stdout, "%d records in the index\n", x.Records())
	return nil
}

func tellLoaded(e *env, loaded []watchlist.Loaded) {
	for _, l := range loaded {
		fmt.Fprintf(e.stdout, "%s: read %d, refused %d; %d entities: taken %d (added %d, changed %d, the same %d; removed %d), without name or number %d\n",
			l.Source, l.Read, l.Refused, l.Entities, l.Taken, l.Change.Added, l.Change.Changed, l.Change.Same, l.Change.Removed, l.Without)
		if l.Licence != "" {
			fmt.Fprintf(e.stdout, "  %s: %s\n", l.Title, l.Licence)
		}
		for _, n := range l.Notes {
			fmt.Fprintf(e.stderr, "  note: %s\n", n)
		}
	}
}

type indexLoadCmd struct {
	whoFlags
	listFlags
	Inputs []string `arg:"" type:"path" help:"Files or folders, as for build."`
}

func (c *indexLoadCmd) Run(e *env) error {
	if err := c.check(); err != nil {
		return err
	}
	var loaded []watchlist.Loaded
	if err := c.do(e, "index.load", web.Args{Paths: c.Inputs, Name: c.Source, MaxAge: c.MaxAge, Regions: c.Regions}, &loaded); err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(e.stdout, loaded)
	}
	tellLoaded(e, loaded)
	return nil
}

type indexInfoCmd struct {
	whoFlags
	Index string `type:"path" help:"Folder of the index (default: that of the running node)."`
}

func (c *indexInfoCmd) Run(e *env) error {
	var i node.IndexInfo
	if c.Index != "" {
		x, err := match.Open(c.Index, false, time.Now)
		if err != nil {
			return err
		}
		i = node.IndexInfo{State: x.State(), Records: x.Records(), Sources: x.Sources()}
	} else if err := c.do(e, "index", web.Args{}, &i); err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(e.stdout, i)
	}
	fmt.Fprintf(e.stdout, "%d records, %s\n", i.Records, i.State)
	for _, s := range i.Sources {
		fmt.Fprintf(e.stdout, "  %-20s %9d  %s  %s\n", s.Name, s.Records, s.At.UTC().Format("2006-01-02 15:04"), s.Title)
	}
	return nil
}

type indexVerifyCmd struct {
	Index string `arg:"" type:"path" help:"Folder of the index."`
}

func (c *indexVerifyCmd) Run(e *env) error {
	x, err := match.Open(c.Index, false, time.Now)
	if err != nil {
		return err
	}
	if err := x.Verify(); err != nil {
		return err
	}
	fmt.Fprintln(e.stdout, "the index is as it was written")
	return nil
}

type indexServeCmd struct {
	Index  string `arg:"" type:"path" help:"Folder of the index."`
	Listen string `default:"127.0.0.1:8000" help:"Address on this machine (default: ${default}). To answer others, use a node: it knows its clients, their purposes, and keeps a log."`
}

func (c *indexServeCmd) Run(e *env) error {
	host, _, err := net.SplitHostPort(c.Listen)
	if ip := net.ParseIP(host); err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("--listen %s: an index by itself answers on this machine alone (127.0.0.1:PORT); a node answers others", c.Listen)
	}
	x, err := match.Open(c.Index, false, time.Now)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stderr, "http://%s answers from %d records (%s)\n", l.Addr(), x.Records(), x.State())
	s := &http.Server{Handler: web.Lists(x), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 64 << 10}
	// The index is mapped, so little is in use, and at a hundred percent of that the collector would always be at work.
	defer garbage.Percent(400)()
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	for running := true; running; {
		select {
		case <-time.After(time.Second): // what tarir index build changes is answered from then on
			if err := x.Refresh(); err != nil {
				fmt.Fprintf(e.stderr, "%v\n", err)
			}
		case <-e.ctx.Done():
			running = false
		}
	}
	last, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err = s.Shutdown(last)
	if served := <-done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

type indexMeasureCmd struct {
	Inputs []string `arg:"" help:"Lists with aliases."`
}

func (c *indexMeasureCmd) Run(e *env) error {
	names, people, err := watchlist.Measure(e.ctx, c.Inputs, os.Stdin)
	if err != nil {
		return err
	}
	fmt.Fprint(e.stdout, names.String(), people.String())
	return nil
}

type clientCmd struct {
	Add clientAddCmd `cmd:"" help:"Add a program, and print its token once."`
}

type clientAddCmd struct {
	dataFlags
	ID         string `arg:"" help:"What to call it."`
	Person     string `required:"" help:"In whose name it asks: an id from config.toml."`
	Purpose    string `required:"" help:"For which it asks: wanted, locate, inform, warn, identify, forensic, security or strategic."`
	LegalBasis string `required:"" help:"Law and reference that allow it."`
}

func (c *clientAddCmd) Run(e *env) error {
	token, err := node.AddClient(c.Data, node.Client{ID: c.ID, Person: c.Person, Purpose: handling.Purpose(c.Purpose), LegalBasis: c.LegalBasis})
	if err != nil {
		return err
	}
	fmt.Fprintln(e.stdout, token)
	fmt.Fprintf(e.stderr, "Restart the node, then send this token with each request: Authorization: ApiKey TOKEN. It is shown only now.\n")
	return nil
}

package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"tarir/audit"
	"tarir/node"
	"tarir/web"
)

type auditCmd struct {
	Verify auditVerifyCmd `cmd:"" help:"Read the whole log and compare it with every checkpoint that was signed of it."`
	Show   auditShowCmd   `cmd:"" help:"Show entries."`
	Odd    auditOddCmd    `cmd:"" help:"Show what stands out in who asked what: the same person again and again, a day of many questions, questions without a case."`
	Export auditExportCmd `cmd:"" help:"Write entries with their proofs."`
}

type auditVerifyCmd struct {
	dataFlags
	As   string        `env:"TARIR_AS" help:"With --ask: who asks."`
	Ask  bool          `help:"Ask the members who witness this log for what they keep of it: the node must be running."`
	Wait time.Duration `default:"30s" help:"With --ask: for how long to wait for their answers (default: ${default})."`
}

func (c *auditVerifyCmd) Run(e *env) error {
	var witnesses []string
	answers := map[string][]byte{}
	if c.Ask {
		who := node.Who{Person: c.As}
		if err := web.Do(e.ctx, c.Data, "audit.ask", who, web.Args{}, &witnesses); err != nil {
			return err
		}
		for end := time.Now().Add(c.Wait); len(answers) < len(witnesses) && time.Now().Before(end); {
			select {
			case <-e.ctx.Done():
				return e.ctx.Err()
			case <-time.After(200 * time.Millisecond):
			}
			if err := web.Do(e.ctx, c.Data, "audit.answers", who, web.Args{}, &answers); err != nil {
				return err
			}
		}
	}
	var kept [][]byte
	for _, m := range slices.Sorted(maps.Keys(answers)) {
		if len(answers[m]) > 0 {
			kept = append(kept, answers[m])
		}
	}
	n, err := node.VerifyAudit(e.ctx, c.Data, kept...)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "%d entries: none was changed, left out or put in later\n", n)
	for _, m := range witnesses {
		switch b, ok := answers[m]; {
		case !ok:
			fmt.Fprintf(e.stdout, "%s has not answered\n", m)
		case len(b) == 0:
			fmt.Fprintf(e.stdout, "%s keeps nothing of this log yet\n", m)
		default:
			fmt.Fprintf(e.stdout, "%s keeps a checkpoint of it, which it agrees with\n", m)
		}
	}
	return nil
}

type auditShowCmd struct {
	whoFlags
	Kind   string `help:"Only about a record of this kind..."`
	ID     string `name:"id" help:"...and this id."`
	Person string `help:"Only of this person."`
	Limit  int    `default:"200" help:"The last so many."`
}

func (c *auditShowCmd) Run(e *env) error {
	var list []struct {
		Number int64 `json:"number"`
		audit.Entry
	}
	if err := c.do(e, "audit.show", web.Args{Kind: c.Kind, ID: c.ID, Limit: c.Limit, Filter: audit.Filter{Person: c.Person}}, &list); err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(e.stdout, list)
	}
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	for _, l := range list {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", l.Number, l.At.Local().Format(time.DateTime), l.Person, l.Action, l.Kind, l.Other, l.Result, strings.Join(l.Reasons, " "))
	}
	return w.Flush()
}

type auditOddCmd struct {
	whoFlags
	Days int `default:"30" help:"Of the last so many days (default: ${default})."`
}

func (c *auditOddCmd) Run(e *env) error {
	var list []audit.Odd
	if err := c.do(e, "audit.odd", web.Args{From: time.Now().AddDate(0, 0, -c.Days)}, &list); err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(e.stdout, list)
	}
	for _, o := range list {
		fmt.Fprintf(e.stdout, "%s  %s  %s to %s\n", o.Person, o.Sentence, o.First.Local().Format(time.DateOnly), o.Last.Local().Format(time.DateOnly))
	}
	if len(list) == 0 {
		fmt.Fprintln(e.stdout, "nothing stands out")
	}
	return nil
}

type auditExportCmd struct {
	whoFlags
	File string `arg:"" help:"The new file."`
}

func (c *auditExportCmd) Run(e *env) error {
	path, err := filepath.Abs(c.File)
	if err != nil {
		return err
	}
	if err := c.do(e, "audit.export", web.Args{Path: path}, nil); err != nil {
		return err
	}
	return c.show(e, c.File, "written: %s", c.File)
}

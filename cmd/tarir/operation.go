package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tarir/casework"
	"tarir/message"
	"tarir/node"
	"tarir/release"
	"tarir/web"
)

type operationCmd struct {
	Plan    operationPlanCmd    `cmd:"" help:"Plan an operation, or change its plan: its participants get it."`
	Replay  operationReplayCmd  `cmd:"" help:"Plan an operation of the past and report its public figures."`
	Step    operationStepCmd    `cmd:"" help:"Go on: pre_operational, live, closing, follow_up, closed."`
	Report  operationReportCmd  `cmd:"" help:"Report records: arrests, victims, checks, money, ... as lines of JSON."`
	Gather  operationGatherCmd  `cmd:"" help:"Report what this node did itself: checks, hits, notices, what stop-payments held."`
	Count   operationCountCmd   `cmd:"" help:"Count, as of now or of a day, and show of which records."`
	Agree   operationAgreeCmd   `cmd:"" help:"Agree to the counts of an operation that closes."`
	Release operationReleaseCmd `cmd:"" help:"Write what was achieved as a page for the public, with small numbers suppressed."`
}

type operationPlanCmd struct {
	whoFlags
	Plan string `arg:"" help:"The plan as JSON: title, from, to, countries, participants, targets, places; - is standard input."`
}

func (c *operationPlanCmd) Run(e *env) error {
	text, err := readInput(e, c.Plan)
	if err != nil {
		return err
	}
	var o casework.Operation
	if err := strict(text, &o); err != nil {
		return err
	}
	var out casework.Operation
	if err := c.do(e, "operation.plan", web.Args{Operation: &o}, &out); err != nil {
		return err
	}
	return c.show(e, out, "%s", out.ID)
}

type operationReplayCmd struct {
	whoFlags
	Name string `arg:"" help:"andes, turquesa-1, turquesa-2, epervier-1, epervier-2, liberterra-2 or stop-mauritanie."`
}

func (c *operationReplayCmd) Run(e *env) error {
	p, reports, err := casework.PresetOf(c.Name)
	if err != nil {
		return err
	}
	plan := casework.Operation{Title: p.Title, From: p.From, To: p.To, Countries: p.Countries}
	var o casework.Operation
	if err := c.do(e, "operation.plan", web.Args{Operation: &plan}, &o); err != nil {
		return err
	}
	for _, s := range []casework.OperationState{casework.PreOperational, casework.Live} {
		if err := c.do(e, "operation.step", web.Args{ID: o.ID, Name: string(s)}, nil); err != nil {
			return err
		}
	}
	taken := 0
	if len(reports) > 0 {
		if err := c.do(e, "operation.report", web.Args{ID: o.ID, Reports: reports}, &taken); err != nil {
			return err
		}
	}
	fmt.Fprintf(e.stderr, "%s, by the figures of %s: %d records\n", p.Title, p.Source, taken)
	return c.show(e, o, "%s", o.ID)
}

type operationStepCmd struct {
	whoFlags
	ID string `arg:"" help:"The operation."`
	To string `arg:"" enum:"pre_operational,live,closing,follow_up,closed" help:"The next state."`
}

func (c *operationStepCmd) Run(e *env) error {
	var out casework.Operation
	if err := c.do(e, "operation.step", web.Args{ID: c.ID, Name: c.To}, &out); err != nil {
		return err
	}
	return c.show(e, out, "%s is %s", out.ID, out.State)
}

type operationReportCmd struct {
	whoFlags
	ID   string `arg:"" help:"The operation."`
	File string `arg:"" help:"Lines of JSON: measure, record, at, tags, number, amount, currency; - is standard input."`
}

func (c *operationReportCmd) Run(e *env) error {
	text, err := readInput(e, c.File)
	if err != nil {
		return err
	}
	var list []casework.Report
	for i, line := range strings.Split(string(text), "\n") {
		if strings.TrimSpace(line) == "" {
			continue
		}
		var r casework.Report
		if err := strict([]byte(line), &r); err != nil {
			return fmt.Errorf("line %d: %w", i+1, err)
		}
		list = append(list, r)
	}
	if len(list) == 0 {
		return errors.New("there is nothing to report in it")
	}
	var taken int
	if err := c.do(e, "operation.report", web.Args{ID: c.ID, Reports: list}, &taken); err != nil {
		return err
	}
	return c.show(e, taken, "%d reported, %d of them new", len(list), taken)
}

type operationGatherCmd struct {
	whoFlags
	ID string `arg:"" help:"The operation."`
}

func (c *operationGatherCmd) Run(e *env) error {
	var taken int
	if err := c.do(e, "operation.gather", web.Args{ID: c.ID}, &taken); err != nil {
		return err
	}
	return c.show(e, taken, "%d reported that are new", taken)
}

type operationCountCmd struct {
	whoFlags
	ID      string    `arg:"" help:"The operation."`
	At      time.Time `format:"2006-01-02" placeholder:"DAY" help:"As of the end of this day (default: now)."`
	Records string    `placeholder:"MEASURE" help:"Show the records of one number."`
}

func (c *operationCountCmd) Run(e *env) error {
	got, err := c.count(e, c.ID, c.At)
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(e.stdout, got)
	}
	if c.Records != "" {
		f := got.Figures[c.Records]
		if f == nil {
			return fmt.Errorf("nothing of %q has been counted", c.Records)
		}
		for _, r := range f.Records {
			fmt.Fprintln(e.stdout, r)
		}
		return nil
	}
	fmt.Fprintf(e.stdout, "%s (%s), as of %s\n", got.Operation.Title, got.Operation.State, got.AsOf.UTC().Format("2006-01-02 15:04 UTC"))
	for i := range casework.Measures {
		m := &casework.Measures[i]
		f := got.Figures[m.ID]
		if f == nil {
			continue
		}
		fmt.Fprintf(e.stdout, "%10d  %s", f.Number, m.ID)
		for _, tag := range sortedKeys(f.By) {
			for _, v := range sortedKeys(f.By[tag]) {
				fmt.Fprintf(e.stdout, "  %s=%s %d", tag, v, f.By[tag][v])
			}
		}
		for _, state := range sortedKeys(f.ByState) {
			for _, currency := range sortedKeys(f.ByState[state]) {
				fmt.Fprintf(e.stdout, "  %s %s %s", state, f.ByState[state][currency], currency)
			}
		}
		fmt.Fprintln(e.stdout)
	}
	for _, d := range got.Differ {
		fmt.Fprintf(e.stderr, "%s of %s: %s do not say the same: ask them\n", d.What, d.Record, strings.Join(d.Members, " and "))
	}
	return nil
}

// count counts as of the end of a day, or now.
func (f *whoFlags) count(e *env, id string, day time.Time) (*node.Counted, error) {
	if !day.IsZero() {
		day = day.AddDate(0, 0, 1).Add(-time.Nanosecond)
	}
	var out node.Counted
	return &out, f.do(e, "operation.count", web.Args{ID: id, Until: day}, &out)
}

type operationAgreeCmd struct {
	whoFlags
	ID string `arg:"" help:"The operation."`
}

func (c *operationAgreeCmd) Run(e *env) error {
	return c.do(e, "operation.agree", web.Args{ID: c.ID}, nil)
}

type operationReleaseCmd struct {
	whoFlags
	ID   string    `arg:"" help:"The operation."`
	Out  string    `required:"" placeholder:"FILE" help:"The page: .html, or .pdf."`
	At   time.Time `format:"2006-01-02" placeholder:"DAY" help:"As of the end of this day (default: now)."`
	Lang string    `default:"en" enum:"en,fr,es,ar" help:"Language: en, fr, es or ar (default: ${default})."`
}

func (c *operationReleaseCmd) Run(e *env) error {
	l, err := message.For(c.Lang)
	if err != nil {
		return err
	}
	got, err := c.count(e, c.ID, c.At)
	if err != nil {
		return err
	}
	f, err := os.Create(filepath.Clean(c.Out))
	if err != nil {
		return err
	}
	write := release.Write
	if strings.EqualFold(filepath.Ext(c.Out), ".pdf") {
		write = release.WritePDF
	}
	if err := errors.Join(write(f, got.Operation, got.Figures, got.AsOf, l), f.Close()); err != nil {
		return err
	}
	fmt.Fprintln(e.stdout, "written:", c.Out)
	return nil
}

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
	"tarir/money/ledger"
	"tarir/money/rates"
	"tarir/node"
	"tarir/release"
	"tarir/web"
)

type operationCmd struct {
	Plan    operationPlanCmd    `cmd:"" help:"Plan an operation, or change its plan: its participants get it."`
	Replay  operationReplayCmd  `cmd:"" help:"Plan an operation of the past and report its public figures."`
	Step    operationStepCmd    `cmd:"" help:"Go on: pre_operational, live, closing, follow_up, closed."`
	Report  operationReportCmd  `cmd:"" help:"Report records: arrests, victims, checks, money, ... as lines of JSON."`
	Watch   operationWatchCmd   `cmd:"" help:"Send a watch-list to all participants, who look for it until the operation closes."`
	Task    operationTaskCmd    `cmd:"" help:"Ask participants to do something, in their languages."`
	Done    operationDoneCmd    `cmd:"" help:"Say what came of what was asked."`
	Feed    operationFeedCmd    `cmd:"" help:"Show what comes in, as it comes."`
	Money   operationMoneyCmd   `cmd:"" help:"Add up the assets of the cases among its targets, against the proceeds."`
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
	In      string    `placeholder:"CODE" help:"Tell the money in one currency as well, each asset at the rate of its day."`
	Rates   string    `placeholder:"FILE" help:"With --in: a table of rates as the ECB publishes it (eurofxref-hist.csv)."`
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
	if c.In != "" {
		if err := c.inOne(e, got); err != nil {
			return err
		}
	}
	for _, d := range got.Differ {
		fmt.Fprintf(e.stderr, "%s of %s: %s do not say the same: ask them\n", d.What, d.Record, strings.Join(d.Members, " and "))
	}
	return nil
}

// inOne tells what the money of an operation is worth in one currency, each asset at the rate of its day.
func (c *operationCountCmd) inOne(e *env, got *node.Counted) error {
	f := got.Figures["money"]
	if f == nil {
		return nil
	}
	file, err := os.Open(c.Rates)
	if err != nil {
		return fmt.Errorf("--rates: %w", err)
	}
	defer file.Close()
	table, err := rates.Read(file)
	if err != nil {
		return err
	}
	sums, without := map[string]int64{}, 0
	for _, p := range f.Parts {
		units, scale, err := ledger.ParseDecimal(p.Amount, '.')
		if err != nil {
			return err
		}
		worth, ok := table.Convert(ledger.Money{Units: units, Scale: scale, Currency: p.Currency}, p.At.Unix(), c.In, 2)
		if !ok {
			without++
			continue
		}
		sums[p.State] += worth
	}
	for _, state := range sortedKeys(sums) {
		fmt.Fprintf(e.stdout, "            %s: %s %s at the rates of each day (%s)\n", state, ledger.Money{Units: sums[state], Scale: 2}.Decimal(), c.In, filepath.Base(c.Rates))
	}
	if without > 0 {
		fmt.Fprintf(e.stderr, "%d amounts have no rate to %s in %s\n", without, c.In, c.Rates)
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

type operationWatchCmd struct {
	whoFlags
	ID   string `arg:"" help:"The operation."`
	File string `arg:"" type:"existingfile" help:"Lines of FollowTheMoney JSON."`
}

func (c *operationWatchCmd) Run(e *env) error {
	path, err := filepath.Abs(c.File)
	if err != nil {
		return err
	}
	var got node.Imported
	if err := c.do(e, "operation.watch", web.Args{ID: c.ID, Path: path}, &got); err != nil {
		return err
	}
	for _, r := range got.Rejected {
		fmt.Fprintf(e.stderr, "%s:%d: %s\n", c.File, r.Line, r.Reason)
	}
	return c.show(e, got, "read %d, accepted %d, rejected %d", got.Read, got.Accepted, len(got.Rejected))
}

type operationTaskCmd struct {
	whoFlags
	ID     string            `arg:"" help:"The operation."`
	Text   map[string]string `required:"" placeholder:"LANG=TEXT" help:"What is to be done, by language: en=..., fr=..., es=..., ar=...; English at least."`
	To     []string          `help:"Participants (default: all)."`
	Place  []string          `help:"Places of the plan."`
	Due    time.Time         `required:"" placeholder:"TIME" help:"Until when (2026-11-26T18:00:00Z)."`
	Urgent bool              `help:"Before everything else."`
}

func (c *operationTaskCmd) Run(e *env) error {
	var out casework.Tasking
	t := casework.Tasking{To: c.To, Text: c.Text, Places: c.Place, Due: c.Due, Urgent: c.Urgent}
	if err := c.do(e, "operation.task", web.Args{ID: c.ID, Tasking: &t}, &out); err != nil {
		return err
	}
	return c.show(e, out, "%s", out.ID)
}

type operationDoneCmd struct {
	whoFlags
	ID      string `arg:"" help:"The operation."`
	Tasking string `arg:"" help:"What was asked."`
	Note    string `help:"What came of it."`
}

func (c *operationDoneCmd) Run(e *env) error {
	return c.do(e, "operation.done", web.Args{ID: c.ID, Name: c.Tasking, Contact: c.Note}, nil)
}

type operationFeedCmd struct {
	whoFlags
	ID     string `arg:"" help:"The operation."`
	After  int64  `help:"Behind this number."`
	Follow bool   `short:"f" help:"Go on until Ctrl-C."`
	Lang   string `default:"en" enum:"en,fr,es,ar" help:"Of what is asked: en, fr, es or ar (default: ${default})."`
}

func (c *operationFeedCmd) Run(e *env) error {
	for after := c.After; ; {
		var list []node.FeedLine
		if err := c.do(e, "operation.feed", web.Args{ID: c.ID, Seq: after, Limit: 500}, &list); err != nil {
			return err
		}
		for _, l := range list {
			after = l.Seq
			if c.JSON {
				if err := writeJSON(e.stdout, l); err != nil {
					return err
				}
				continue
			}
			fmt.Fprintf(e.stdout, "%d  %s  %s  ", l.Seq, l.At.UTC().Format("2006-01-02 15:04 UTC"), l.Member)
			if t := l.Tasking; t != nil {
				fmt.Fprintf(e.stdout, "asks %s until %s: %s (%s; done by %d)\n", strings.Join(t.To, ", "), t.Due.UTC().Format("2006-01-02 15:04 UTC"), t.In(c.Lang), t.ID, len(t.Done))
				continue
			}
			fmt.Fprintf(e.stdout, "%s %d %s %s", l.Measure, l.Number, l.Record, l.Amount)
			for _, tag := range sortedKeys(l.Tags) {
				fmt.Fprintf(e.stdout, " %s=%s", tag, l.Tags[tag])
			}
			fmt.Fprintln(e.stdout)
		}
		if len(list) == 500 {
			continue
		}
		if !c.Follow {
			return nil
		}
		select {
		case <-e.ctx.Done():
			return nil
		case <-time.After(time.Second):
		}
	}
}

type operationMoneyCmd struct {
	whoFlags
	ID       string   `arg:"" help:"The operation."`
	Proceeds []string `placeholder:"AMOUNT" help:"Proceeds known, such as USD=120000.00; may be repeated."`
}

func (c *operationMoneyCmd) Run(e *env) error {
	proceeds, err := proceedsOf(c.Proceeds)
	if err != nil {
		return err
	}
	var m node.Money
	if err := c.do(e, "operation.money", web.Args{ID: c.ID, Proceeds: proceeds}, &m); err != nil {
		return err
	}
	return printMoney(e, c.JSON, &m)
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

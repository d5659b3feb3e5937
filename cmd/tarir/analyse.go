package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tarir/analysis"
)

type analyseCmd struct {
	Out        string   `required:"" placeholder:"DIR" help:"Folder for the results; created if needed."`
	Ledger     string   `placeholder:"DIR" help:"Ledger to use and add to. Without it a new one is made in --out."`
	Mapping    []string `placeholder:"FILE" help:"Mapping file for tables of another shape (docs/formats.md); may be repeated."`
	Currency   string   `placeholder:"CODE" help:"Currency (ISO 4217) of amounts whose source names none."`
	Rates      string   `placeholder:"FILE" help:"Dated exchange rates as the ECB publishes them (CSV: Date,USD,JPY,…), to compare amounts of different currencies."`
	Indicators string   `placeholder:"FILE" help:"Indicator pack with your own parameters; see tarir indicators."`
	Lang       string   `default:"en" placeholder:"LANG" help:"Language of the report: en, fr, es or ar."`
	Watch      bool     `help:"Go on until Ctrl-C: whatever comes to lie in the folders is added, and the results are made anew."`
	JSON       bool     `name:"json" help:"Print the summary as JSON."`
	Inputs     []string `arg:"" name:"input" help:"Files and folders to read, or - for standard input."`
}

func (c *analyseCmd) Help() string {
	return `Reads goAML, ISO 20022 (camt.052/053/054, pacs.008, pain.001), SWIFT MT (103, 202 COV, 940), payments CSV,
AMLSim, AMLworld and mapped tables, entities (FollowTheMoney), adverts (JSON lines) and journeys (CSV), plain or compressed,
and writes summary.json, rejected.jsonl, findings.jsonl,
trace.jsonl, entities.jsonl, networks.json, routes.geojson, routes.csv and report.html into the folder. With --ledger what was read
before counts too, and changes.json says what became of each organisation since the analysis before in the same folder.

With --watch the command stays and looks every two seconds at the folders that are named. A file is read once it is whole: when it
did not change from one look to the next. What was read is remembered, so a day more takes a fraction of the time of all.

Examples:
  tarir analyse --out results statements/ reports.xml.gz
  tarir analyse --out results --ledger cases/2024 --watch incoming/`
}

// look is how often --watch looks at the folders.
const look = 2 * time.Second

func (c *analyseCmd) Run(e *env) error {
	p := newProgress(e.stderr, c.JSON)
	defer p.close()
	o := analysis.AnalyseOptions{
		Inputs: c.Inputs, Stdin: e.stdin, Out: c.Out, Ledger: c.Ledger, Mappings: c.Mapping, Currency: c.Currency, Rates: c.Rates, Indicators: c.Indicators,
		Version: version(), Progress: p, Lang: c.Lang,
	}
	if c.Watch {
		there := !slices.ContainsFunc(c.Inputs, func(in string) bool { _, err := os.Stat(in); return err != nil })
		if there && !c.JSON {
			fmt.Fprintf(e.stdout, "watching %s; end with Ctrl-C\n", strings.Join(c.Inputs, ", "))
		}
		err := analysis.Watch(e.ctx, o, look, func(s *analysis.Summary) error {
			p.close()
			*p = *newProgress(e.stderr, c.JSON) // of the next analysis
			if err := c.tell(e, s); err != nil && !errors.Is(err, errUnread) {
				return err
			} else if err != nil {
				fmt.Fprintf(e.stderr, "warning: %s\n", err)
			}
			return nil
		})
		if e.ctx.Err() != nil { // that is how it ends
			return nil
		}
		return err
	}
	s, err := analysis.Analyse(e.ctx, o)
	p.close()
	if err != nil {
		return err
	}
	return c.tell(e, s)
}

// tell prints what an analysis came to.
func (c *analyseCmd) tell(e *env, s *analysis.Summary) error {
	if c.JSON {
		return errors.Join(writeJSON(e.stdout, s), unread(s.Inputs))
	}
	warnInputs(e.stderr, s.Inputs)
	for _, w := range s.Warnings {
		fmt.Fprintf(e.stderr, "warning: %s\n", w)
	}
	fmt.Fprintf(e.stdout, "read %d records from %d inputs: %d accepted, %d rejected\n", s.Counts.Read, len(s.Inputs), s.Counts.Accepted, s.Counts.Rejected)
	if s.Counts.Rejected > 0 {
		fmt.Fprintf(e.stdout, "  the rejected ones, with the reason of each: %s\n", filepath.Join(c.Out, analysis.RejectedFile))
	}
	fmt.Fprintf(e.stdout, "%d payments between %d accounts\n", s.Counts.Payments, s.Counts.Accounts)
	fmt.Fprintf(e.stdout, "%d findings, %d of them weak (a place to look, not a suspicion)\n", s.Counts.Findings, s.Counts.Weak)
	for _, name := range sortedKeys(s.Counts.ByTypology) {
		fmt.Fprintf(e.stdout, "  %-18s %d\n", name, s.Counts.ByTypology[name])
	}
	if s.Counts.Networks > 0 {
		fmt.Fprintf(e.stdout, "%d organisations with %d members; %d possible victims to safeguard\n", s.Counts.Networks, s.Counts.Members, s.Counts.Victims)
	}
	if len(s.Changes) > 0 {
		kinds := map[string]int{}
		for _, c := range s.Changes {
			kinds[c.Kind]++
		}
		fmt.Fprintf(e.stdout, "since the analysis before: %d organisations new, %d changed, %d the same, %d gone: %s\n", kinds["new"], kinds["changed"], kinds["same"], kinds["gone"], filepath.Join(c.Out, analysis.ChangesFile))
	}
	for _, n := range s.NotAssessable {
		fmt.Fprintf(e.stdout, "note: %s\n", n)
	}
	fmt.Fprintf(e.stdout, "report: %s\n", filepath.Join(c.Out, analysis.ReportFile))
	return unread(s.Inputs)
}

func warnInputs(w io.Writer, inputs []analysis.InputCount) {
	for _, in := range inputs {
		if in.Problem != "" {
			fmt.Fprintf(w, "warning: %s\n", strings.ReplaceAll(in.Problem, "\n", " "))
		}
	}
}

// unread is an error where an input of a known format was not read to its end. What lies in a folder without being a
// payment file is only warned of.
func unread(inputs []analysis.InputCount) error {
	var names []string
	for _, in := range inputs {
		if in.Problem != "" && in.Format != "" {
			names = append(names, in.Path)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("not read to the end: %s; %w: send for a complete file and run the same command again", strings.Join(names, ", "), errUnread)
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

package main

import (
	"fmt"
	"text/tabwriter"
	"time"

	"tarir/analysis"
)

type traceCmd struct {
	Payment  []string `placeholder:"REF" help:"Payment to start from, by its reference or FILE#LINE; may be repeated."`
	Account  []string `placeholder:"ACCOUNT" help:"Account whose credits to start from; may be repeated."`
	Finding  []string `placeholder:"ID" help:"Finding whose payments to start from; may be repeated."`
	Since    string   `placeholder:"DATE" help:"Of --account, only payments from this day on."`
	Policy   string   `default:"haircut" help:"Which money leaves first: ${default}, or fifo, lifo, poison, presumed."`
	Backward bool     `help:"Follow the money back to its sources."`
	Days     int      `default:"0" help:"How long to follow after a payment; 0 is to the end."`
	Hops     int      `default:"0" help:"Through how many payments; 0 is any number."`
	JSON     bool     `name:"json" help:"Print everything, with every lot, as JSON."`
	Ledger   string   `arg:"" help:"Folder of a ledger, or of an analysis."`
}

func (c *traceCmd) Help() string {
	return `Examples:
  tarir trace --finding f-1a2b3c4d5e6f7788 results
  tarir trace --payment T1047 --policy fifo --days 90 --hops 6 results
  tarir trace --account BANK/0042 --backward results`
}

func (c *traceCmd) Run(e *env) error {
	o := analysis.TraceOptions{
		Ledger: c.Ledger, Payments: c.Payment, Accounts: c.Account, Findings: c.Finding, Policy: c.Policy, Backward: c.Backward, Days: c.Days, Hops: c.Hops,
	}
	if c.Since != "" {
		t, err := time.Parse(time.DateOnly, c.Since)
		if err != nil {
			return fmt.Errorf("--since %q is not a day: write it as 2019-09-10", c.Since)
		}
		o.From = t
	}
	a, err := analysis.Trace(e.ctx, o)
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(e.stdout, a)
	}
	for _, s := range a.Started {
		fmt.Fprintf(e.stdout, "followed %s %s (%s)\n", s.Amount, s.Currency, a.Policy)
	}
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "AMOUNT\tCURRENCY\tWHERE\tACCOUNT\tSINCE\tPAYMENTS IT CAME THROUGH")
	const most = 40
	for i, r := range a.Rests {
		if i == most {
			break
		}
		through := ""
		for i, p := range r.Through {
			if i > 0 {
				through += " → "
			}
			through += p
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", r.Amount, r.Currency, r.How, r.Account, r.AsOf[:10], through)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if n := len(a.Rests) - most; n > 0 {
		fmt.Fprintf(e.stdout, "and %d smaller places: --json has them all\n", n)
	}
	if a.Truncated {
		fmt.Fprintln(e.stdout, "The trace was cut at its limit of lots: ask with fewer days or hops.")
	}
	return nil
}

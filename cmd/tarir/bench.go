package main

import (
	"fmt"
	"text/tabwriter"

	"tarir/analysis"
)

type benchCmd struct {
	Payments int64  `default:"1000000" help:"Payments to generate."`
	Seed     uint64 `default:"1" help:"The same seed makes the same payments."`
	CSV      bool   `name:"csv" help:"Write the payments as CSV and import that file, to measure reading as well."`
	Keep     string `placeholder:"DIR" help:"Work in this folder and leave the ledger there."`
	JSON     bool   `name:"json" help:"Print as JSON."`
}

func (c *benchCmd) Help() string {
	return `Makes a synthetic country with hubs whose sizes follow a power law, plants patterns of crime and innocent
look-alikes, and reports for each stage of an analysis payments per second, bytes per payment and peak memory, and how
many of the planted patterns were found.

Example:
  tarir bench --payments 10000000`
}

func (c *benchCmd) Run(e *env) error {
	p := newProgress(e.stderr, c.JSON)
	defer p.close()
	r, err := analysis.Bench(e.ctx, analysis.BenchOptions{Payments: c.Payments, Seed: c.Seed, Dir: c.Keep, CSV: c.CSV, Progress: p})
	p.close()
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(e.stdout, r)
	}
	fmt.Fprintf(e.stdout, "%d payments, %d accounts, the largest with %d payments; %d processors\n\n", r.Payments, r.Accounts, r.LargestHub, r.Processors)
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "stage\tseconds\tpayments/s\tbytes/payment\tpeak memory, MB\t")
	for _, s := range r.Stages {
		left := ""
		if s.BytesPerPayment > 0 {
			left = fmt.Sprintf("%.1f", s.BytesPerPayment)
		}
		fmt.Fprintf(w, "%s\t%.2f\t%.0f\t%s\t%d\t\n", s.Name, s.Seconds, s.PerSecond, left, s.PeakBytes>>20)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "\ntrace of one payment over 90 days and 6 hops, %d questions: median %.2f ms, p99 %.2f ms, most %.2f ms\n\n", r.TraceQuestions, r.TraceP50, r.TraceP99, r.TraceMax)
	w = tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "planted\tnumber\tfound\trecall\tby any typology\t")
	for _, name := range sortedKeys(r.Planted) {
		k := r.Planted[name]
		fmt.Fprintf(w, "%s\t%d\t%d\t%.3f\t%.3f\t\n", name, k.Patterns, k.Found, k.Recall, k.RecallByAny)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "\n%d findings, %d of them strong; payments: precision %.3f, recall %.3f; of the strong: precision %.3f, recall %.3f\n",
		r.Findings, r.Strong, r.Precision.Precision, r.Precision.Recall, r.StrongRate.Precision, r.StrongRate.Recall)
	fmt.Fprintf(e.stdout, "innocent look-alikes named: %d of %d, by strong findings %d\n", r.InnocentNamed, r.Innocent, r.InnocentStrong)
	return nil
}

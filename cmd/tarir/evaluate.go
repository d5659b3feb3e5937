package main

import (
	"fmt"
	"text/tabwriter"

	"tarir/analysis"
)

type evaluateCmd struct {
	Truth string `required:"" placeholder:"FILE" help:"truth.json, plain or compressed: what really happened."`
	JSON  bool   `name:"json" help:"Print as JSON."`
	Dir   string `arg:"" help:"Folder of an analysis."`
}

func (c *evaluateCmd) Help() string {
	return `Example:
  tarir evaluate --truth truth.json results`
}

func (c *evaluateCmd) Run(e *env) error {
	v, err := analysis.Evaluate(e.ctx, c.Truth, c.Dir)
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(e.stdout, v)
	}
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tprecision\trecall\tF1\tright\tnamed\ttrue\t")
	row := func(name string, r analysis.Rate) {
		fmt.Fprintf(w, "%s\t%.3f\t%.3f\t%.3f\t%d\t%d\t%d\t\n", name, r.Precision, r.Recall, r.F1, r.Right, r.Named, r.True)
	}
	row("payments", v.Payments)
	if v.Accounts.True > 0 {
		row("accounts", v.Accounts)
	}
	if v.Organisations != nil {
		row("organisations", *v.Organisations)
		row("members", *v.Members)
		row("roles", *v.Roles)
	}
	if v.Victims != nil {
		row("possible victims", *v.Victims)
	}
	if v.Leads != nil {
		row("leads to follow up", *v.Leads)
	}
	for _, s := range v.PaymentsByScore {
		if s.Findings > 0 && s.MinScore > 0 {
			row(fmt.Sprintf("payments, score ≥ %.1f", s.MinScore), s.Rate)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(e.stdout)
	w = tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	if len(v.Typologies) > 0 {
		fmt.Fprintln(w, "pattern\tnumber\tfound\trecall\tby any typology\tmedian days\tmissed: median days\t")
	}
	for _, name := range sortedKeys(v.Typologies) {
		k := v.Typologies[name]
		fmt.Fprintf(w, "%s\t%d\t%d\t%.3f\t%.3f\t%.0f\t%.0f\t\n", name, k.Patterns, k.Found, k.Recall, k.RecallByAny, k.MedianDays, k.MissedMedian)
		for _, d := range k.ByDurationDays {
			name := fmt.Sprintf("  up to %d days", d.UpToDays)
			if d.UpToDays == 0 {
				name = "  longer"
			}
			fmt.Fprintf(w, "%s\t%d\t%d\t%.3f\t\t\t\t\n", name, d.Patterns, d.Found, d.Recall)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(v.Typologies) > 0 {
		fmt.Fprintln(e.stdout)
	}
	fmt.Fprintf(e.stdout, "%d findings; %d hold no illicit payment: %.1f per 100,000 honest payments\n", v.Findings, v.FindingsWithoutIllicit, v.FindingsPer100kHonest)
	if v.InnocentPatterns > 0 {
		fmt.Fprintf(e.stdout, "innocent patterns named: %d of %d\n", v.InnocentPatternsNamed, v.InnocentPatterns)
	}
	if v.AtRest != nil {
		fmt.Fprintf(e.stdout, "at rest: %.1f %% of the proceeds located, %.1f %% of what was named is innocent\n", v.AtRest.LocatedShare*100, v.AtRest.InnocentShare*100)
	}
	if v.Organisations != nil {
		fmt.Fprintf(e.stdout, "victims listed as suspects: %d\n", v.VictimsAsSuspects)
	}
	return nil
}

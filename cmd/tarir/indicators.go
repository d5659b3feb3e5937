package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"tarir/analysis"
)

type indicatorsCmd struct {
	List  indicatorsListCmd  `cmd:"" help:"List the indicators and the typologies that assess them."`
	Show  indicatorsShowCmd  `cmd:"" help:"Show one indicator or typology with its parameters and their sources."`
	Check indicatorsCheckCmd `cmd:"" help:"Check an indicator pack."`
}

type indicatorsListCmd struct {
	Pack string `placeholder:"FILE" help:"Indicator pack; the shipped one by default."`
	JSON bool   `name:"json" help:"Print as JSON."`
}

func (c *indicatorsListCmd) Help() string { return "Example:\n  tarir indicators list" }

func (c *indicatorsListCmd) Run(e *env) error {
	p, _, err := analysis.LoadPack(c.Pack)
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(e.stdout, p.Indicators)
	}
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tSTAGE\tDATA\tNAME\tASSESSED BY")
	for _, id := range p.IndicatorIDs() {
		i := p.Indicators[id]
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", id, i.Stage, i.Data, i.Name, i.Assessed)
	}
	return w.Flush()
}

type indicatorsShowCmd struct {
	Pack string `placeholder:"FILE" help:"Indicator pack; the shipped one by default."`
	JSON bool   `name:"json" help:"Print as JSON."`
	Name string `arg:"" help:"Id of an indicator (M05) or name of a typology (fan_in)."`
}

func (c *indicatorsShowCmd) Help() string {
	return "Examples:\n  tarir indicators show M05\n  tarir indicators show fan_in"
}

func (c *indicatorsShowCmd) Run(e *env) error {
	p, _, err := analysis.LoadPack(c.Pack)
	if err != nil {
		return err
	}
	if i, ok := p.Indicators[strings.ToUpper(c.Name)]; ok {
		if c.JSON {
			return writeJSON(e.stdout, i)
		}
		fmt.Fprintf(e.stdout, "%s  %s\nstage: %s\ndata: %s (P payments, J journeys, A adverts, E entities)\nrule: %s\nsource: %s\npoints to: %s\nassessed by: %s\n",
			strings.ToUpper(c.Name), i.Name, i.Stage, i.Data, i.Rule, i.Source, i.Role, i.Assessed)
		return nil
	}
	t, ok := p.Typologies[c.Name]
	if !ok {
		return fmt.Errorf("there is neither an indicator nor a typology %q: tarir indicators list shows them, and the typologies are %s", c.Name, strings.Join(p.TypologyNames(), ", "))
	}
	if c.JSON {
		return writeJSON(e.stdout, t)
	}
	fmt.Fprintf(e.stdout, "%s: %s\nstage: %s\nindicators: %s\nweight: %g; alone: %t\n", c.Name, t.Summary, t.Stage, strings.Join(t.Indicators, ", "), t.Weight, t.Alone)
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	for _, k := range sortedKeys(t.Params) {
		fmt.Fprintf(w, "  %s\t%g\t%s\t%s\n", k, t.Params[k].Value, t.Params[k].Unit, t.Params[k].Source)
	}
	return w.Flush()
}

type indicatorsCheckCmd struct {
	Pack string `arg:"" name:"file" help:"Indicator pack to check."`
}

func (c *indicatorsCheckCmd) Help() string { return "Example:\n  tarir indicators check ours.toml" }

func (c *indicatorsCheckCmd) Run(e *env) error {
	p, sum, err := analysis.LoadPack(c.Pack)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "%s is right: %d typologies, %d indicators, parameters %s\n", c.Pack, len(p.Typologies), len(p.Indicators), sum[:12])
	return nil
}

package main

import (
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"tarir/analysis"
	"tarir/casework"
	"tarir/node"
	"tarir/web"
)

type stopCmd struct {
	Request stopRequestCmd `cmd:"" help:"Ask an institution to hold money."`
	Trace   stopTraceCmd   `cmd:"" help:"Follow the money of a request in the own ledger, and answer with lots."`
	Next    stopNextCmd    `cmd:"" help:"Where the money has moved on: show the requests that follow, or send them."`
	Answer  stopAnswerCmd  `cmd:"" help:"Answer: acknowledged, blocked_full, blocked_part, not_found, refused, released, returned."`
}

type stopRequestCmd struct {
	whoFlags
	Form    string `arg:"" help:"The requests as JSON: a list of {asked, form}; - is standard input."`
	Earlier string `help:"The request that this one follows, where the money has moved on."`
}

func (c *stopRequestCmd) Run(e *env) error {
	var list []node.StopRequest
	if err := readForm(e, c.Form, &list); err != nil {
		return err
	}
	for i := range list {
		list[i].Earlier = c.Earlier
	}
	return c.requestStops(e, list)
}

// requestStops sends requests and shows what became of them.
func (f *whoFlags) requestStops(e *env, list []node.StopRequest) error {
	var out []*casework.Stop
	if err := f.do(e, "stop.request", web.Args{Stops: list}, &out); err != nil {
		return err
	}
	if f.JSON {
		return writeJSON(e.stdout, out)
	}
	for _, s := range out {
		fmt.Fprintln(e.stdout, s.ID, s.Asked, s.State)
	}
	return nil
}

type stopNextCmd struct {
	whoFlags
	ID    string            `arg:"" help:"The request that was answered."`
	Asked map[string]string `help:"Which member to ask, by institution: --asked BANKCCXX=BANK-CC. Without it nothing is sent."`
}

func (c *stopNextCmd) Run(e *env) error {
	var s casework.Stop
	if err := c.do(e, "open", web.Args{Kind: "stop", ID: c.ID}, &s); err != nil {
		return err
	}
	var list []node.StopRequest
	for _, f := range s.Proposals() {
		institution, _, _ := strings.Cut(f.Account, "/")
		asked := c.Asked[institution]
		if len(c.Asked) == 0 || asked != "" {
			list = append(list, node.StopRequest{Asked: asked, Form: f, Earlier: c.ID})
		}
	}
	if len(list) == 0 {
		return errors.New("nothing of this money went on to an institution that can be asked")
	}
	if len(c.Asked) == 0 {
		return writeJSON(e.stdout, list)
	}
	return c.requestStops(e, list)
}

type stopTraceCmd struct {
	whoFlags
	ID     string `arg:""`
	Ledger string `required:"" help:"Folder of the ledger, or of an analysis."`
}

func (c *stopTraceCmd) Run(e *env) error {
	var s casework.Stop
	if err := c.do(e, "open", web.Args{Kind: "stop", ID: c.ID}, &s); err != nil {
		return err
	}
	a, err := analysis.AnswerStop(e.ctx, c.Ledger, &s.Form)
	if err != nil {
		return err
	}
	a.Contact = c.As
	var out casework.Stop
	if err := c.do(e, "stop.step", web.Args{ID: c.ID, Stop: &casework.StopStep{State: casework.Traced, Answer: a}}, &out); err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(e.stdout, out)
	}
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	for _, h := range a.Hops {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", h.Amount, h.Currency, h.How, h.Account)
	}
	return w.Flush()
}

type stopAnswerCmd struct {
	whoFlags
	State string `arg:"" help:"The answer."`
	ID    string `arg:""`
	Held  string `help:"How much is held, a decimal."`
	Days  int    `default:"5" help:"For how many days the hold stands without a court order."`
}

func (c *stopAnswerCmd) Run(e *env) error {
	step := casework.StopStep{State: casework.StopState(c.State)}
	var s casework.Stop
	if err := c.do(e, "open", web.Args{Kind: "stop", ID: c.ID}, &s); err != nil {
		return err
	}
	if c.Held != "" {
		a := casework.Answer{}
		if s.Answer != nil {
			a = *s.Answer
		}
		a.Found, a.Held, a.Currency, a.HoldUntil, a.Contact = true, c.Held, s.Form.Currency, time.Now().AddDate(0, 0, c.Days).UTC(), c.As
		step.Answer = &a
	}
	var out casework.Stop
	if err := c.do(e, "stop.step", web.Args{ID: c.ID, Stop: &step}, &out); err != nil {
		return err
	}
	return c.show(e, out, "%s", out.State)
}

package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tarir/analysis"
	"tarir/casework"
	"tarir/node"
	"tarir/web"
)

type subjectCmd struct {
	Find   subjectFindCmd   `cmd:"" help:"List everything on this node that may be about a person: where it is, not what it says."`
	New    subjectNewCmd    `cmd:"" help:"Take up a request of a person: access, correction or deletion."`
	Answer subjectAnswerCmd `cmd:"" help:"Write the answer to a request that was decided: for the person what may be told, for the commission what may not, and what the audit log proves."`
	Step   subjectStepCmd   `cmd:"" help:"Take the next step: admissible, not_admissible, decided, told."`
	List   subjectListCmd   `cmd:"" help:"List the requests, with their clocks."`
}

type subjectFindCmd struct {
	whoFlags
	Name    []string `help:"A name, in any script; may be repeated."`
	Number  []string `placeholder:"KIND:VALUE" help:"phone:, email:, account:, iban:, wallet: or document:COUNTRY/NUMBER; may be repeated."`
	Results []string `type:"existingdir" placeholder:"DIR" help:"Folders of results of tarir analyse, which are looked through as well; may be repeated."`
}

// numbersOf reads numbers as they are written on the command line.
func numbersOf(list []string) (numbers []string, err error) {
	for _, s := range list {
		kind, value, _ := strings.Cut(s, ":")
		n, err := node.NumberOf(kind, value)
		if err != nil {
			return nil, err
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}

func (c *subjectFindCmd) Run(e *env) error {
	numbers, err := numbersOf(c.Number)
	if err != nil {
		return err
	}
	var out struct {
		node.HeldOn
		Results []analysis.Mention `json:"results,omitempty"`
	}
	if err := c.do(e, "subject.find", web.Args{Names: c.Name, Numbers: numbers}, &out); err != nil {
		return err
	}
	wanted := slices.Clone(c.Name)
	for _, s := range c.Number {
		_, v, _ := strings.Cut(s, ":")
		wanted = append(wanted, v)
	}
	if len(c.Results) > 0 {
		if out.Results, err = analysis.Mentions(e.ctx, c.Results, wanted); err != nil {
			return err
		}
	}
	if c.JSON {
		return writeJSON(e.stdout, out)
	}
	for _, m := range out.Results {
		fmt.Fprintf(e.stdout, "results   %s  %d lines, the first is %d\n", m.File, m.Lines, m.First)
	}
	for _, h := range out.Held {
		fmt.Fprintf(e.stdout, "%-9s %s  found by %s", h.Kind, h.ID, h.By)
		if h.Score > 0 {
			fmt.Fprintf(e.stdout, " (%.2f)", h.Score)
		}
		if h.Entries > 0 {
			fmt.Fprintf(e.stdout, ", %d entries; ask %s", h.Entries, strings.Join(h.Ask, ", "))
		}
		if !h.Ends.IsZero() {
			fmt.Fprintf(e.stdout, ", kept until %s", h.Ends.UTC().Format(time.DateOnly))
		}
		for _, d := range h.Copies {
			fmt.Fprintf(e.stdout, ", copy at %s: %s", d.Recipient, d.State)
		}
		fmt.Fprintf(e.stdout, ", %d entries in the audit log\n", h.Logged)
	}
	for _, s := range sortedKeys(out.Queries) {
		fmt.Fprintf(e.stdout, "one of the numbers was asked about here: %d times\n", out.Queries[s])
	}
	if len(out.Held)+len(out.Results) == 0 {
		fmt.Fprintln(e.stdout, "nothing is held here")
	}
	if out.Cut {
		fmt.Fprintln(e.stderr, "not everything was looked at: the name is very common; add a number")
	}
	fmt.Fprintln(e.stdout, out.Vault)
	return nil
}

type subjectNewCmd struct {
	whoFlags
	Kind     string    `arg:"" enum:"access,correction,deletion" help:"access, correction or deletion."`
	Ref      string    `arg:"" help:"Reference of the papers; names nobody."`
	Received time.Time `format:"2006-01-02" placeholder:"DAY" help:"When it came (default: now)."`
}

func (c *subjectNewCmd) Run(e *env) error {
	var out casework.Subject
	if err := c.do(e, "subject.new", web.Args{Kind: c.Kind, Name: c.Ref, From: c.Received}, &out); err != nil {
		return err
	}
	return c.show(e, out, "%s  admissibility is decided by %s", out.ID, out.Due.UTC().Format(time.DateOnly))
}

type subjectStepCmd struct {
	whoFlags
	ID     string   `arg:"" help:"The request."`
	To     string   `arg:"" enum:"admissible,not_admissible,decided,told" help:"The step."`
	Result string   `help:"Of a decision: granted, partly or refused."`
	Asked  []string `help:"An owner who was consulted before anything is told; may be repeated."`
}

func (c *subjectStepCmd) Run(e *env) error {
	var out casework.Subject
	step := casework.SubjectStep{To: casework.SubjectState(c.To), Result: c.Result, Asked: c.Asked, Why: c.Reason}
	if err := c.do(e, "subject.step", web.Args{ID: c.ID, SubjectStep: &step}, &out); err != nil {
		return err
	}
	if out.Due.IsZero() {
		return c.show(e, out, "%s is %s", out.ID, out.State)
	}
	return c.show(e, out, "%s is %s; the next step by %s", out.ID, out.State, out.Due.UTC().Format(time.DateOnly))
}

type subjectListCmd struct{ whoFlags }

func (c *subjectListCmd) Run(e *env) error {
	var list []casework.Subject
	if err := c.do(e, "subject.list", web.Args{}, &list); err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(e.stdout, list)
	}
	for _, s := range list {
		due := "-"
		if !s.Due.IsZero() {
			due = s.Due.UTC().Format(time.DateOnly)
		}
		fmt.Fprintf(e.stdout, "%s  %-10s  %-14s  %-10s  %-5s  %s\n", s.ID, s.Kind, s.State, due, s.Clock(time.Now()), s.Ref)
	}
	return nil
}

type subjectAnswerCmd struct {
	whoFlags
	ID     string   `arg:"" help:"The request."`
	Folder string   `arg:"" help:"The new folder."`
	Name   []string `help:"A name, in any script; may be repeated."`
	Number []string `placeholder:"KIND:VALUE" help:"phone:, email:, account:, iban:, wallet: or document:COUNTRY/NUMBER; may be repeated."`
}

func (c *subjectAnswerCmd) Run(e *env) error {
	numbers, err := numbersOf(c.Number)
	if err != nil {
		return err
	}
	dir, err := filepath.Abs(c.Folder)
	if err != nil {
		return err
	}
	var out node.SubjectAnswer
	if err := c.do(e, "subject.answer", web.Args{ID: c.ID, Path: dir, Names: c.Name, Numbers: numbers}, &out); err != nil {
		return err
	}
	return c.show(e, out, "written: %s; told of %d, withheld %d, %d entries of the audit log proven", c.Folder, len(out.Told), len(out.Withheld), out.Entries)
}

package main

import (
	"errors"
	"path/filepath"

	"tarir/node"
	"tarir/web"
)

type privateCmd struct {
	Ask  privateAskCmd  `cmd:"" help:"Ask a member which rows of a table, or which of the own records, are known to it. It does not learn which were asked, nor what came of it; you learn nothing else of what it has."`
	Show privateShowCmd `cmd:"" help:"Say how such a check stands, and where its result is."`
}

type privateAskCmd struct {
	whoFlags
	Member string `arg:"" help:"Who is asked."`
	Table  string `arg:"" optional:"" type:"existingfile" help:"CSV with columns as for check: numbers, or names with full dates of birth."`
	Own    bool   `help:"Ask for the own records instead: where both members do so, each learns what they have in common."`
}

func (c *privateAskCmd) Run(e *env) error {
	a := web.Args{Member: c.Member}
	switch {
	case c.Own == (c.Table != ""):
		return errors.New("give a table, or --own")
	case c.Table != "":
		path, err := filepath.Abs(c.Table)
		if err != nil {
			return err
		}
		a.Path = path
	}
	var j node.PrivateJob
	if err := c.do(e, "private.ask", a, &j); err != nil {
		return err
	}
	j.Secret = nil
	return c.show(e, j, "%s: %d rows, %d things in %d requests; tarir private show %s says how it stands", j.ID, j.Rows, j.Things, j.Requests, j.ID)
}

type privateShowCmd struct {
	whoFlags
	ID string `arg:""`
}

func (c *privateShowCmd) Run(e *env) error {
	var j node.PrivateJob
	if err := c.do(e, "private", web.Args{ID: c.ID}, &j); err != nil {
		return err
	}
	switch j.State {
	case "done":
		return c.show(e, j, "done: %d of %d rows are known to %s: %s", j.Hits, j.Rows, j.Keeper, j.Result)
	case "refused":
		return c.show(e, j, "refused: %s", j.Why)
	}
	return c.show(e, j, "%s: %d of %d requests answered", j.State, j.Answered, j.Requests)
}

package main

import (
	"fmt"

	"tarir/web"
)

type personCmd struct {
	Invite personInviteCmd `cmd:"" help:"Print an address at which a person registers a passkey; it can be used once, within a day."`
}

type personInviteCmd struct {
	whoFlags
	ID string `arg:"" help:"The person: an id from config.toml."`
}

func (c *personInviteCmd) Run(e *env) error {
	var address string
	if err := c.do(e, "person.invite", web.Args{ID: c.ID}, &address); err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(e.stdout, address)
	}
	fmt.Fprintln(e.stdout, address)
	fmt.Fprintf(e.stderr, "Whoever opens this address first can log in as %s from then on: hand it to them yourself.\n", c.ID)
	return nil
}

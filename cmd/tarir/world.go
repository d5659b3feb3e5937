package main

import (
	"fmt"

	"tarir/node"
)

type worldCmd struct {
	Payments int64  `default:"100000" help:"Payments to generate."`
	Seed     uint64 `default:"1" help:"The same seed makes the same world."`
	Out      string `required:"" placeholder:"DIR" help:"Folder for payments.csv and truth.json; created if needed."`
}

func (c *worldCmd) Help() string {
	return `Writes the payments of a synthetic country, with patterns of crime and innocent look-alikes planted in it, and what was
planted. No person or business in it exists.

Example:
  tarir world --payments 50000 --out world`
}

func (c *worldCmd) Run(e *env) error {
	if err := node.MakeWorld(c.Payments, c.Seed, c.Out); err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "%d payments: %s/payments.csv; what was planted: %s/truth.json\n", c.Payments, c.Out, c.Out)
	return nil
}

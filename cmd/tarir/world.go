package main

import (
	"fmt"

	"tarir/analysis"
)

type worldCmd struct {
	Preset   string `help:"Society to make, with adverts, journeys, entities and organisations: small or andes. Without one, payments alone."`
	Payments int64  `default:"100000" help:"Payments to generate where no preset is named."`
	Seed     uint64 `default:"1" help:"The same seed makes the same world."`
	Out      string `required:"" placeholder:"DIR" help:"Folder for the files; created if needed."`
}

func (c *worldCmd) Help() string {
	return `Writes a synthetic country with crime and innocent look-alikes planted in it, and what was planted (truth.json). No person
or business in it exists.

Example:
  tarir world --payments 50000 --out world
  tarir world --preset andes --seed 3 --out andes`
}

func (c *worldCmd) Run(e *env) error {
	if c.Preset != "" {
		if err := analysis.MakeSociety(c.Preset, c.Seed, c.Out); err != nil {
			return err
		}
		fmt.Fprintf(e.stdout, "%s: payments, adverts, journeys and entities, and what was planted as truth.json\n", c.Out)
		return nil
	}
	if err := analysis.MakeWorld(c.Payments, c.Seed, c.Out); err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "%d payments: %s/payments.csv; what was planted: %s/truth.json\n", c.Payments, c.Out, c.Out)
	return nil
}

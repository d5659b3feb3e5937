package main

import "errors"

type benchCmd struct {
	Payments int64 `default:"1000000" help:"Payments to generate."`
}

func (c *benchCmd) Run(*env) error { return errors.New("coming in this commit series") }

package main

import (
	"fmt"
	"strings"

	"tarir/casework"
	"tarir/node"
	"tarir/notice"
	"tarir/web"
)

type assetCmd struct {
	Move   assetMoveCmd   `cmd:"" help:"Write down what was done with a part of an asset: monitored, frozen, confiscated, returned, or released."`
	Money  assetMoneyCmd  `cmd:"" help:"Add up the assets of cases, each once, and compare with the proceeds known."`
	Silver assetSilverCmd `cmd:"" help:"Draft a silver notice from an asset."`
	Stop   assetStopCmd   `cmd:"" help:"Print the form of a request to stop payments on an account, to be completed."`
}

type assetMoveCmd struct {
	whoFlags
	ID        string `arg:"" help:"The case."`
	Seq       int64  `arg:"" help:"Number of the entry."`
	From      string `arg:"" enum:"located,monitored,frozen,confiscated" help:"State that a part leaves."`
	To        string `arg:"" enum:"located,monitored,frozen,confiscated,returned" help:"State to which it goes."`
	Amount    string `arg:"" help:"How much, as a decimal with a point."`
	Authority string `help:"Who decided: a court, an FIU, a bank."`
	Route     string `help:"The legal way: hold, fiu_postponement, freezing_order, mutual_legal_assistance, conviction, non_conviction_based, settlement or compensation."`
	Version   int64  `help:"Of the entry that was looked at."`
}

func (c *assetMoveCmd) Run(e *env) error {
	m := casework.AssetMove{From: casework.AssetState(c.From), To: casework.AssetState(c.To), Amount: c.Amount, Authority: c.Authority, Route: c.Route, Reason: c.Reason}
	var out casework.Asset
	if err := c.do(e, "asset.move", web.Args{ID: c.ID, Seq: c.Seq, Version: c.Version, Move: &m}, &out); err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(e.stdout, out)
	}
	for _, s := range casework.AssetStates {
		if out.Amounts[s] != "" {
			fmt.Fprintf(e.stdout, "%-12s %s %s\n", s, out.Amounts[s], out.Currency)
		}
	}
	return nil
}

type assetMoneyCmd struct {
	whoFlags
	Cases    []string `arg:"" help:"The cases."`
	Proceeds []string `placeholder:"AMOUNT" help:"Proceeds known, such as USD=120000.00; may be repeated."`
}

func (c *assetMoneyCmd) Run(e *env) error {
	proceeds, err := proceedsOf(c.Proceeds)
	if err != nil {
		return err
	}
	var out node.Money
	if err := c.do(e, "asset.money", web.Args{Paths: c.Cases, Proceeds: proceeds}, &out); err != nil {
		return err
	}
	return printMoney(e, c.JSON, &out)
}

// proceedsOf reads amounts such as USD=120000.00.
func proceedsOf(list []string) (map[string]string, error) {
	out := map[string]string{}
	for _, p := range list {
		currency, amount, ok := strings.Cut(p, "=")
		if !ok {
			return nil, fmt.Errorf("%q is no amount: write USD=120000.00", p)
		}
		out[currency] = amount
	}
	return out, nil
}

// printMoney prints what assets add up to.
func printMoney(e *env, asJSON bool, out *node.Money) error {
	if asJSON {
		return writeJSON(e.stdout, out)
	}
	fmt.Fprintf(e.stdout, "%d assets\n", out.Assets)
	for _, currency := range sortedKeys(out.Sums) {
		for _, s := range casework.AssetStates {
			amount := out.Sums[currency][s]
			if amount == "" {
				continue
			}
			fmt.Fprintf(e.stdout, "%-12s %15s %s", s, amount, currency)
			if share := out.Shares[currency][string(s)]; share != "" {
				fmt.Fprintf(e.stdout, "  %s %% of the proceeds", share)
			}
			fmt.Fprintln(e.stdout)
		}
	}
	return nil
}

type assetSilverCmd struct {
	whoFlags
	ID  string `arg:"" help:"The case."`
	Seq int64  `arg:"" help:"Number of the entry."`
}

func (c *assetSilverCmd) Run(e *env) error {
	var r notice.Record
	if err := c.do(e, "asset.silver", web.Args{ID: c.ID, Seq: c.Seq}, &r); err != nil {
		return err
	}
	return c.show(e, r, "%s", r.ID)
}

type assetStopCmd struct {
	whoFlags
	ID  string `arg:"" help:"The case."`
	Seq int64  `arg:"" help:"Number of the entry."`
}

func (c *assetStopCmd) Run(e *env) error {
	var f casework.StopForm
	if err := c.do(e, "asset.stop", web.Args{ID: c.ID, Seq: c.Seq}, &f); err != nil {
		return err
	}
	return writeJSON(e.stdout, f)
}

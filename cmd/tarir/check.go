package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"tarir/match"
	"tarir/node"
	"tarir/watchlist"
	"tarir/web"
)

type checkCmd struct {
	whoFlags
	Kind  string `arg:"" optional:"" help:"account, iban, phone, email, wallet, plate, document, handle, bic, a register's number (as imoNumber) or name, with its VALUE: exactly that. Or a CSV table, with a row for each that is looked for."`
	Value string `arg:"" optional:""`

	Name    []string          `help:"A name, in any script and spelling; may be repeated."`
	Born    []string          `help:"Date of birth: 1985, 1985-03 or 1985-03-28."`
	Country []string          `help:"Country or nationality: code or name."`
	Sex     string            `help:"male or female."`
	Schema  string            `help:"Of FollowTheMoney: Person, Company, Vessel, Thing, … (default: Person; of KIND VALUE, and of a number alone: any)."`
	With    map[string]string `placeholder:"KIND=VALUE" help:"A number beside the name: document, phone, email, iban, wallet, plate, bic, or a register's, as imoNumber."`
	MRZ     string            `help:"The lines of a document reader, with a space between them."`
	Limit   int               `default:"5" help:"Matches that are shown (default: ${default})."`
	Index   string            `type:"path" help:"Ask an index of lists in a folder (tarir index build) instead of a node."`
	Output  string            `short:"o" type:"path" help:"Of a table: where the answers go (default: standard output)."`
	Pairs   string            `type:"existingfile" placeholder:"FILE.csv" help:"Compare pairs of names instead: columns schema, name1 and name2; score, match and explanation are written behind them. It needs no node."`
}

func (c *checkCmd) Run(e *env) error {
	flags := len(c.Name) > 0 || c.MRZ != "" || len(c.With) > 0
	switch {
	case c.Kind != "" && (c.Pairs != "" || flags):
		return errors.New("ask KIND VALUE or a table alone, or ask by flags: a number beside a name is --with KIND=VALUE")
	case c.Pairs != "":
		return c.pairs(e)
	case flags:
		return c.one(e)
	case c.Kind != "" && c.Value == "":
		return c.table(e)
	case c.Kind == "":
		return errors.New("say what to check: --name, --mrz, KIND VALUE, a CSV table, or --pairs FILE")
	case c.Kind == "name":
		c.Name = []string{c.Value}
	default:
		c.With = map[string]string{c.Kind: c.Value}
	}
	return c.one(e)
}

// question reads the flags.
func (c *checkCmd) question() (*node.Question, error) {
	schema := c.Schema
	if schema == "" && len(c.Name) > 0 && c.Kind == "" {
		schema = "Person"
	}
	a := node.Asked{Schema: schema, Names: c.Name, Born: c.Born, Countries: c.Country, Sex: c.Sex, With: c.With, MRZ: c.MRZ, Limit: c.Limit}
	q, err := a.Question()
	if err == nil {
		return q, nil
	}
	if plain, ok := strings.CutPrefix(err.Error(), "with: "); ok && c.Value != "" {
		return nil, errors.New(plain) // KIND VALUE, without a flag
	}
	return nil, fmt.Errorf("--%w", err)
}

// one asks one question.
func (c *checkCmd) one(e *env) error {
	q, err := c.question()
	if err != nil {
		return err
	}
	var got *node.Checked
	if c.Index != "" {
		x, err := match.Open(c.Index, false, time.Now)
		if err != nil {
			return err
		}
		if got, err = node.LookUpIn(e.ctx, x, *q, time.Now()); err != nil {
			return err
		}
	} else if err := c.do(e, "look.up", web.Args{Question: q}, &got); err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(e.stdout, got)
	}
	for _, h := range got.Hits {
		what := strings.Join(h.Names[:min(len(h.Names), 3)], " = ")
		if what == "" {
			what = strings.TrimSpace(h.Kind + " " + h.Number + " of " + h.Owner)
		}
		fmt.Fprintf(e.stdout, "%.2f  %s  [%s %s]\n", h.Score, what, h.Source, h.ID)
		for _, f := range h.Features {
			fmt.Fprintf(e.stdout, "      %+.2f %s: %s\n", f.Adds, f.Name, f.Why)
		}
		fmt.Fprintf(e.stdout, "      %s\n", h.Sentence)
	}
	if got.Cut {
		fmt.Fprintln(e.stdout, "So many records have such names that not all were compared: give a date of birth, or more of the name.")
	}
	switch {
	case len(got.Hits) > 0:
	case got.State == match.Complete:
		fmt.Fprintln(e.stdout, "not known")
	default:
		return fmt.Errorf("the index is %s: it cannot be said that this is not known", got.State)
	}
	return nil
}

// table asks for each row of a table.
func (c *checkCmd) table(e *env) error {
	in, err := os.Open(c.Kind)
	if err != nil {
		return fmt.Errorf("open the table (or give KIND and VALUE): %w", err)
	}
	defer in.Close()
	ask := func(ctx context.Context, a *match.Ask) (*match.Answer, error) {
		var got node.Checked
		if err := c.do(e, "look.up", web.Args{Question: &node.Question{Ask: *a, Options: match.Options{Limit: c.Limit}}}, &got); err != nil {
			return nil, err
		}
		out := &match.Answer{State: got.State, Cut: got.Cut}
		for _, h := range got.Hits {
			out.Hits = append(out.Hits, match.Hit{Record: match.Record{ID: strings.TrimPrefix(h.Kind+"/"+h.ID, "/"), Dataset: h.Source, Schema: h.Schema, Names: h.Names}, Score: h.Score, Features: h.Features})
		}
		return out, nil
	}
	if c.Index != "" {
		x, err := match.Open(c.Index, false, time.Now)
		if err != nil {
			return err
		}
		ask = func(ctx context.Context, a *match.Ask) (*match.Answer, error) {
			return x.Find(ctx, a, match.Options{Limit: c.Limit})
		}
	}
	out := e.stdout
	if c.Output != "" {
		f, err := os.Create(c.Output)
		if err != nil {
			return err
		}
		defer f.Close()
		b := bufio.NewWriterSize(f, 1<<20)
		defer b.Flush()
		out = b
	}
	begin := time.Now()
	total, err := watchlist.Check(e.ctx, bufio.NewReaderSize(in, 1<<20), out, runtime.GOMAXPROCS(0), ask, func(rows int) {
		if rows%10_000 == 0 {
			fmt.Fprintf(e.stderr, "%d rows, %.0f a second\n", rows, float64(rows)/time.Since(begin).Seconds())
		}
	})
	if err != nil {
		return fmt.Errorf("%s: %w", c.Kind, err)
	}
	fmt.Fprintf(e.stderr, "%d rows: %d possible matches, %d not known, %d unclear, %d refused\n", total.Rows, total.Known, total.Unknown, total.Unclear, total.Refused)
	return nil
}

// pairs compares the pairs of a table.
func (c *checkCmd) pairs(e *env) error {
	f, err := os.Open(c.Pairs)
	if err != nil {
		return err
	}
	defer f.Close()
	read, refused, err := match.Pairs(f, e.stdout)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Pairs, err)
	}
	fmt.Fprintf(e.stderr, "%d pairs compared, %d could not be\n", read-refused, refused)
	return nil
}

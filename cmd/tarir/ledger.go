package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"tarir/analysis"
	"tarir/money/ledger"
)

type ledgerCmd struct {
	Import ledgerImportCmd `cmd:"" help:"Read payment files into a ledger."`
	Verify ledgerVerifyCmd `cmd:"" help:"Check every file of a ledger against its checksum."`
	Stat   ledgerStatCmd   `cmd:"" help:"Say what a ledger holds."`
}

type ledgerImportCmd struct {
	Ledger   string   `required:"" placeholder:"DIR" help:"Folder of the ledger; created if needed."`
	Rejected string   `placeholder:"FILE" help:"Where to write rejected records; the ledger's folder by default."`
	Mapping  []string `placeholder:"FILE" help:"Mapping file for tables of another shape; may be repeated."`
	Currency string   `placeholder:"CODE" help:"Currency (ISO 4217) of amounts whose source names none."`
	JSON     bool     `name:"json" help:"Print the account of each input as JSON."`
	Inputs   []string `arg:"" name:"input" help:"Files and folders to read, or - for standard input."`
}

func (c *ledgerImportCmd) Help() string {
	return `Reading a file twice, or a file that was cut and then completed, adds only what is not there yet.

Example:
  tarir ledger import --ledger payments statements/`
}

func (c *ledgerImportCmd) Run(e *env) error {
	if c.Rejected == "" {
		c.Rejected = filepath.Join(c.Ledger, analysis.RejectedFile)
	}
	p := newProgress(e.stderr, c.JSON)
	defer p.close()
	counts, err := analysis.Import(e.ctx, analysis.ImportOptions{
		Inputs: c.Inputs, Stdin: e.stdin, Ledger: c.Ledger, Rejected: c.Rejected, Mappings: c.Mapping, Currency: c.Currency, Progress: p,
	})
	p.close()
	if err != nil {
		return err
	}
	if c.JSON {
		return errors.Join(writeJSON(e.stdout, counts), unread(counts))
	}
	warnInputs(e.stderr, counts)
	for _, n := range counts {
		fmt.Fprintf(e.stdout, "%s: %s: %d read, %d accepted (%d known already), %d rejected\n", n.Path, n.Format, n.Read, n.Accepted, n.Known, n.Rejected)
		for _, note := range n.Notes {
			fmt.Fprintf(e.stdout, "  %s\n", note)
		}
	}
	return unread(counts)
}

type ledgerVerifyCmd struct {
	JSON   bool   `name:"json" help:"Print the damaged files as JSON."`
	Ledger string `arg:"" help:"Folder of the ledger."`
}

func (c *ledgerVerifyCmd) Help() string {
	return `Example:
  tarir ledger verify payments`
}

func (c *ledgerVerifyCmd) Run(e *env) error {
	dir := ledgerFolder(c.Ledger)
	l, err := ledger.Open(e.ctx, dir)
	if err != nil {
		return err
	}
	damage, err := l.Verify(e.ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		if damage == nil {
			damage = []ledger.Damage{}
		}
		if err := writeJSON(e.stdout, damage); err != nil {
			return err
		}
	} else {
		for _, d := range damage {
			fmt.Fprintf(e.stdout, "%s: %s\n", d.File, d.Reason)
		}
	}
	if len(damage) > 0 {
		return fmt.Errorf("%w: %d of its files", ledger.ErrDamaged, len(damage))
	}
	if !c.JSON {
		fmt.Fprintf(e.stdout, "%d segments, %d payments: all as written\n", len(l.Segments()), l.Rows())
	}
	return nil
}

type ledgerStatCmd struct {
	JSON   bool   `name:"json" help:"Print as JSON."`
	Ledger string `arg:"" help:"Folder of the ledger."`
}

func (c *ledgerStatCmd) Help() string {
	return `Example:
  tarir ledger stat payments`
}

func (c *ledgerStatCmd) Run(e *env) error {
	s, err := analysis.Stat(e.ctx, ledgerFolder(c.Ledger))
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(e.stdout, s)
	}
	fmt.Fprintf(e.stdout, "%d payments between %d accounts, %s to %s\n", s.Payments, s.Accounts, s.First, s.Last)
	fmt.Fprintf(e.stdout, "%d segments: %d bytes of payments (%.1f each), %d of accounts, %d of identities\n", s.Segments, s.PaymentBytes, s.BytesPerPayment, s.AccountBytes, s.KeyBytes)
	for _, cur := range sortedKeys(s.Currencies) {
		fmt.Fprintf(e.stdout, "  %s, to %d digits after the point\n", cur, s.Currencies[cur])
	}
	for _, src := range s.Sources {
		fmt.Fprintf(e.stdout, "%s: %s: %d read, %d new, %d known, %d rejected\n", src.File, src.Format, src.Read, src.New, src.Known, src.Rejected)
	}
	return nil
}

// ledgerFolder takes the folder of an analysis for that of its ledger.
func ledgerFolder(dir string) string {
	if exists(filepath.Join(dir, "ledger", "manifest.json")) {
		return filepath.Join(dir, "ledger")
	}
	return dir
}

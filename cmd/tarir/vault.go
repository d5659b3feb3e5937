package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/term"

	"tarir/htcds"
	"tarir/node"
	"tarir/vault"
	"tarir/web"
)

type vaultCmd struct {
	Init     vaultInitCmd     `cmd:"" help:"Make the vault, under a passphrase of its own."`
	Fields   vaultFieldsCmd   `cmd:"" help:"List the fields."`
	Add      vaultAddCmd      `cmd:"" help:"Put a person into the vault and print the pseudonym; nothing is opened by it."`
	Import   vaultImportCmd   `cmd:"" help:"Put the persons of a table of HTCDS 2.0 into the vault, and codes into a case."`
	Card     vaultCardCmd     `cmd:"" help:"Show what may be known without opening the vault."`
	Ask      vaultAskCmd      `cmd:"" help:"Ask to open a record, for a purpose, with --reason."`
	Waiting  vaultWaitingCmd  `cmd:"" help:"List what waits for a second person."`
	Agree    vaultAgreeCmd    `cmd:"" help:"Agree, as the second person."`
	Show     vaultShowCmd     `cmd:"" help:"Show fields of the record that is open; each stands in the log."`
	Change   vaultChangeCmd   `cmd:"" help:"Change the record that is open: fields, wishes, needs, consents."`
	Disclose vaultDiscloseCmd `cmd:"" help:"Give fields to a member, by the person's consent."`
	Refer    vaultReferCmd    `cmd:"" help:"Ask a member to help, naming nobody: what is needed, in which language."`
	Close    vaultCloseCmd    `cmd:"" help:"Shut what you opened."`
	Erase    vaultEraseCmd    `cmd:"" help:"Destroy the record that is open, with --reason."`
}

// vaultPassFlags say where the vault's passphrase comes from.
type vaultPassFlags struct {
	VaultPassphraseFile string `env:"TARIR_VAULT_PASSPHRASE_FILE" help:"File with the passphrase of the vault; else TARIR_VAULT_PASSPHRASE, or the terminal. Needed once an opening."`
}

func (f *vaultPassFlags) read(e *env, must bool) (string, error) {
	text := os.Getenv("TARIR_VAULT_PASSPHRASE")
	if f.VaultPassphraseFile != "" {
		b, err := os.ReadFile(f.VaultPassphraseFile)
		if err != nil {
			return "", fmt.Errorf("read the passphrase: %w", err)
		}
		text = strings.TrimRight(string(b), "\r\n")
	}
	if in, ok := e.stdin.(*os.File); text == "" && ok && term.IsTerminal(int(in.Fd())) {
		fmt.Fprint(e.stderr, "Passphrase of the vault: ")
		b, err := term.ReadPassword(int(in.Fd()))
		fmt.Fprintln(e.stderr)
		if err != nil {
			return "", fmt.Errorf("read the passphrase: %w", err)
		}
		text = string(b)
	}
	if text == "" && must {
		return "", errors.New("give the passphrase of the vault: --vault-passphrase-file, or TARIR_VAULT_PASSPHRASE")
	}
	return text, nil
}

type vaultInitCmd struct {
	whoFlags
	vaultPassFlags
}

func (c *vaultInitCmd) Run(e *env) error {
	p, err := c.read(e, true)
	if err != nil {
		return err
	}
	if err := c.do(e, "vault.init", web.Args{Passphrase: p}, nil); err != nil {
		return err
	}
	fmt.Fprintln(e.stdout, "made; whoever loses its passphrase loses what is in it")
	return nil
}

type vaultFieldsCmd struct{}

func (*vaultFieldsCmd) Run(e *env) error {
	for _, f := range vault.Fields {
		fmt.Fprintln(e.stdout, f)
	}
	return nil
}

type vaultAddCmd struct {
	whoFlags
	File string `arg:"" help:"The record as JSON; - is standard input."`
}

func (c *vaultAddCmd) Run(e *env) error {
	text, err := readInput(e, c.File)
	if err != nil {
		return err
	}
	var r vault.Record
	if err := strict(text, &r); err != nil {
		return err
	}
	var out vault.Card
	if err := c.do(e, "vault.put", web.Args{Person: &r}, &out); err != nil {
		return err
	}
	return c.show(e, out, "%s", out.Pseudonym)
}

type vaultImportCmd struct {
	whoFlags
	File    string    `arg:"" type:"existingfile" help:"The table: CSV, with columns such as prs_FirstName and vic_TypeOfExploitation."`
	Into    string    `placeholder:"CASE" help:"A case in which they stand as possible victims, under their pseudonyms."`
	Keeper  []string  `help:"A person or group to whom the records are open (default: you); may be repeated."`
	Contact string    `default:"no" enum:"yes,no,through" help:"Whether they want to be contacted: yes, no or through (default: ${default})."`
	Through string    `help:"With --contact through: the organisation."`
	Met     time.Time `format:"2006-01-02" placeholder:"DAY" help:"When they were met first (default: today)."`
}

func (c *vaultImportCmd) Run(e *env) error {
	path, err := filepath.Abs(c.File)
	if err != nil {
		return err
	}
	var out node.VaultTaken
	t := node.VaultTable{Keepers: c.Keeper, Wish: vault.Wish{Contact: c.Contact, Through: c.Through}, Met: c.Met, Case: c.Into}
	if err := c.do(e, "vault.import", web.Args{Path: path, Table: t}, &out); err != nil {
		return err
	}
	if len(out.Unknown) > 0 {
		fmt.Fprintf(e.stderr, "not read: %s\n", strings.Join(out.Unknown, ", "))
	}
	if c.JSON {
		return writeJSON(e.stdout, out)
	}
	count := map[string]int{}
	for _, r := range out.Rows {
		count[r.Was]++
		if r.Was == "refused" {
			fmt.Fprintf(e.stderr, "row %d: %s\n", r.Row, r.Reason)
			continue
		}
		fmt.Fprintf(e.stdout, "%d  %s  %s\n", r.Row, r.Pseudonym, r.Was)
	}
	fmt.Fprintf(e.stdout, "%d read: %d new, %d the same, %d refused\n", len(out.Rows), count["new"], count["same"], count["refused"])
	return nil
}

type vaultCardCmd struct {
	whoFlags
	Pseudonym string `arg:""`
}

func (c *vaultCardCmd) Run(e *env) error {
	var out vault.Card
	if err := c.do(e, "vault.card", web.Args{ID: c.Pseudonym}, &out); err != nil {
		return err
	}
	return writeJSON(e.stdout, out)
}

type vaultAskCmd struct {
	whoFlags
	Pseudonym string `arg:""`
	Danger    bool   `help:"A life is in danger: it opens at once, and the data protection officer hears of it."`
}

func (c *vaultAskCmd) Run(e *env) error {
	if c.As == "" {
		return errWho
	}
	w := c.who()
	w.Danger = c.Danger
	var out vault.Opening
	if err := web.Do(e.ctx, c.Data, "vault.ask", w, web.Args{ID: c.Pseudonym}, &out); err != nil {
		return err
	}
	if !c.Danger {
		fmt.Fprintf(e.stderr, "a second person has to agree: tarir vault agree %s --as ...\n", out.ID)
	}
	return c.show(e, out, "%s", out.ID)
}

type vaultWaitingCmd struct{ whoFlags }

func (c *vaultWaitingCmd) Run(e *env) error {
	var list []vault.Opening
	if err := c.do(e, "vault.waiting", web.Args{}, &list); err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(e.stdout, list)
	}
	for _, x := range list {
		fmt.Fprintf(e.stdout, "%s  %s  asked by %s: %s\n", x.ID, x.Pseudonym, x.Person, x.Why)
	}
	return nil
}

type vaultAgreeCmd struct {
	whoFlags
	ID string `arg:"" help:"The opening."`
}

func (c *vaultAgreeCmd) Run(e *env) error {
	var out vault.Opening
	if err := c.do(e, "vault.agree", web.Args{ID: c.ID}, &out); err != nil {
		return err
	}
	return c.show(e, out, "open to %s until %s UTC", out.Person, out.Until.UTC().Format("15:04"))
}

type vaultShowCmd struct {
	whoFlags
	vaultPassFlags
	ID     string   `arg:"" help:"The opening."`
	Fields []string `arg:"" help:"The fields that are needed."`
}

func (c *vaultShowCmd) Run(e *env) error {
	p, err := c.read(e, false)
	if err != nil {
		return err
	}
	var out map[string][]string
	if err := c.do(e, "vault.show", web.Args{ID: c.ID, Passphrase: p, Fields: c.Fields}, &out); err != nil {
		return err
	}
	return writeJSON(e.stdout, out)
}

type vaultChangeCmd struct {
	whoFlags
	vaultPassFlags
	ID   string `arg:"" help:"The opening."`
	File string `arg:"" help:"The change as JSON; - is standard input."`
}

func (c *vaultChangeCmd) Run(e *env) error {
	text, err := readInput(e, c.File)
	if err != nil {
		return err
	}
	var change node.VaultChange
	if err := strict(text, &change); err != nil {
		return err
	}
	p, err := c.read(e, false)
	if err != nil {
		return err
	}
	var out vault.Card
	if err := c.do(e, "vault.change", web.Args{ID: c.ID, Passphrase: p, VaultChange: &change}, &out); err != nil {
		return err
	}
	return writeJSON(e.stdout, out)
}

type vaultDiscloseCmd struct {
	whoFlags
	vaultPassFlags
	ID     string   `arg:"" help:"The opening."`
	Member string   `arg:"" help:"To whom."`
	Fields []string `arg:"" help:"What."`
	Send   bool     `help:"Send it to the member's vault, sealed; else it is printed."`
	HTCDS  bool     `name:"htcds" help:"Print it as a table of HTCDS 2.0."`
}

func (c *vaultDiscloseCmd) Run(e *env) error {
	p, err := c.read(e, false)
	if err != nil {
		return err
	}
	var out map[string][]string
	verb := "vault.disclose"
	if c.Send {
		verb = "vault.send"
	}
	if err := c.do(e, verb, web.Args{ID: c.ID, Passphrase: p, Member: c.Member, Fields: c.Fields}, &out); err != nil {
		return err
	}
	switch {
	case c.Send:
		fmt.Fprintln(e.stdout, "sent; tarir list read shows at the other side that it came")
		return nil
	case c.HTCDS:
		return htcds.Write(e.stdout, nil, []htcds.Row{out})
	}
	return writeJSON(e.stdout, out)
}

type vaultReferCmd struct {
	whoFlags
	Pseudonym string `arg:""`
	Member    string `arg:"" help:"Whom to ask; the person has consented to something going there."`
	Need      string `arg:"" help:"What is needed: Health, Legal, SocialCare, Education, Livelihood, Financial ..."`
	Text      string `help:"More, which names nobody."`
}

func (c *vaultReferCmd) Run(e *env) error {
	var id string
	if err := c.do(e, "vault.refer", web.Args{ID: c.Pseudonym, Member: c.Member, Kind: c.Need, Name: c.Text}, &id); err != nil {
		return err
	}
	return c.show(e, id, "%s", id)
}

type vaultCloseCmd struct {
	whoFlags
	ID string `arg:"" help:"The opening."`
}

func (c *vaultCloseCmd) Run(e *env) error { return c.do(e, "vault.close", web.Args{ID: c.ID}, nil) }

type vaultEraseCmd struct {
	whoFlags
	vaultPassFlags
	ID string `arg:"" help:"The opening."`
}

func (c *vaultEraseCmd) Run(e *env) error {
	p, err := c.read(e, false)
	if err != nil {
		return err
	}
	return c.do(e, "vault.erase", web.Args{ID: c.ID, Passphrase: p}, nil)
}

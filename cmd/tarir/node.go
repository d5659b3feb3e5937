package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/term"

	"tarir/handling"
	"tarir/node"
	"tarir/web"
)

// dataFlags say which node, and who acts.
type dataFlags struct {
	Data string `default:"." env:"TARIR_DATA" help:"The node's data folder (default: ${default})."`
}

type whoFlags struct {
	dataFlags
	As         string `env:"TARIR_AS" help:"Who acts: an id from config.toml."`
	Second     string `help:"A second person who agrees, where two are needed."`
	Purpose    string `env:"TARIR_PURPOSE" help:"wanted, locate, inform, warn, identify, forensic, security or strategic."`
	LegalBasis string `env:"TARIR_LEGAL_BASIS" help:"Law and reference that allow it."`
	Case       string `env:"TARIR_CASE" help:"Reference of the case."`
	Reason     string `help:"Why."`
	JSON       bool   `name:"json" help:"Print the answer as JSON."`
}

func (f *whoFlags) who() node.Who {
	return node.Who{Person: f.As, Second: f.Second, Purpose: handling.Purpose(f.Purpose), LegalBasis: f.LegalBasis, Case: f.Case, Reason: f.Reason}
}

var errWho = errors.New("say who acts: --as ID, or TARIR_AS")

// do asks the running node.
func (f *whoFlags) do(e *env, verb string, a web.Args, out any) error {
	if f.As == "" {
		return errWho
	}
	return web.Do(e.ctx, f.Data, verb, f.who(), a, out)
}

// passphraseFlags say where the passphrase comes from: a file, the environment, systemd, or who sits at the terminal.
type passphraseFlags struct {
	PassphraseFile string `env:"TARIR_PASSPHRASE_FILE" help:"File with the passphrase of the keys; else TARIR_PASSPHRASE, systemd's credential \"passphrase\", or the terminal."`
}

// work is the cost of scrypt as a power of two; 0 is age's own, about a second. Tests, which make many nodes, set it.
var work int

func (f *passphraseFlags) read(e *env) (node.Passphrase, error) {
	path := f.PassphraseFile
	if dir := os.Getenv("CREDENTIALS_DIRECTORY"); path == "" && dir != "" {
		path = filepath.Join(dir, "passphrase")
	}
	text := os.Getenv("TARIR_PASSPHRASE")
	if path != "" {
		b, err := os.ReadFile(path)
		if err != nil {
			return node.Passphrase{}, fmt.Errorf("read the passphrase: %w", err)
		}
		text = strings.TrimRight(string(b), "\r\n")
	}
	if in, ok := e.stdin.(*os.File); text == "" && ok && term.IsTerminal(int(in.Fd())) {
		fmt.Fprint(e.stderr, "Passphrase of the node's keys: ")
		b, err := term.ReadPassword(int(in.Fd()))
		fmt.Fprintln(e.stderr)
		if err != nil {
			return node.Passphrase{}, fmt.Errorf("read the passphrase: %w", err)
		}
		text = string(b)
	}
	if text == "" {
		return node.Passphrase{}, errors.New("give the passphrase of the keys: --passphrase-file, or TARIR_PASSPHRASE")
	}
	return node.Passphrase{Text: text, Work: work}, nil
}

type initCmd struct {
	passphraseFlags
	Data       string   `arg:"" help:"The new data folder."`
	Found      bool     `help:"Found an exchange: this is the secretariat's node."`
	Invitation string   `type:"existingfile" help:"Join an exchange: the secretariat's invitation."`
	Answer     string   `help:"Where to write the answer to the invitation (default: answer.json in the data folder)."`
	Member     string   `help:"With --found: the secretariat's id."`
	Name       string   `help:"With --found: its name."`
	Country    string   `help:"With --found: its country, two letters."`
	Contact    string   `help:"With --found: how it is reached at any hour."`
	Relay      string   `help:"Where the exchange is: nats://, tls://, ws:// or wss:// address."`
	Listen     string   `default:"127.0.0.1:4222" help:"With --found: where the relay listens (default: ${default})."`
	CA         string   `name:"ca" help:"Certificate of who signed the relay's."`
	Cert       string   `help:"With --found: the relay's certificate."`
	Key        string   `help:"With --found: the relay's key."`
	Websocket  int      `help:"With --found: a port for members behind a proxy."`
	Cluster    string   `type:"existingfile" help:"With --found: the relay is NATS servers of its own, named by --relay; the file with its keys (tarir relay config)."`
	Database   string   `help:"postgres://... instead of a file."`
	Web        string   `default:"127.0.0.1:8080" help:"Where the node answers by HTTP (default: ${default})."`
	Silver     bool     `help:"Take part in silver notices."`
	Person     []string `required:"" help:"Who works with the node; may be repeated. Rights are changed in config.toml."`
}

func (c *initCmd) Help() string {
	return `Examples:
  tarir init --found --member GS --name "Secretariat" --country FR --person ann gs
  tarir init --invitation invitation.json --relay nats://relay.example:4222 --person bob bank

Joining is an act between two persons: send the answer to the secretariat, and read it the code aloud.`
}

func (c *initCmd) Run(e *env) error {
	if c.Found == (c.Invitation != "") {
		return fmt.Errorf("%w: give either --found or --invitation", errUsage)
	}
	p, err := c.read(e)
	if err != nil {
		return err
	}
	s := node.Setup{Member: c.Member, Name: c.Name, Country: c.Country, Contact: c.Contact, Database: c.Database, URL: c.Relay, CA: c.CA, Web: c.Web, Silver: c.Silver}
	for _, id := range c.Person {
		s.People = append(s.People, node.Person{ID: id, May: []string{"all"}})
	}
	if c.Found {
		s.Listen, s.Cert, s.Key, s.WS = c.Listen, c.Cert, c.Key, c.Websocket
		if c.Cluster != "" {
			if s.Cluster, err = filepath.Abs(c.Cluster); err != nil {
				return err
			}
			s.Listen = ""
		}
		if err := node.Found(c.Data, p, s, time.Now()); err != nil {
			return err
		}
		fmt.Fprintf(e.stdout, "founded %s in %s; start it with: tarir serve --data %s\n", c.Member, c.Data, c.Data)
		return nil
	}
	invitation, err := os.ReadFile(c.Invitation)
	if err != nil {
		return err
	}
	answer, code, err := node.Join(c.Data, p, s, invitation, time.Now())
	if err != nil {
		return err
	}
	path := c.Answer
	if path == "" {
		path = filepath.Join(c.Data, "answer.json")
	}
	if err := os.WriteFile(path, answer, 0o600); err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "Send %s to the secretariat, and read this code aloud on a line that you know to be its:\n\n    %s\n\n", path, code)
	return nil
}

type serveCmd struct {
	dataFlags
	passphraseFlags
	LogJSON bool `help:"Write the log as JSON."`
}

func (c *serveCmd) Run(e *env) error {
	p, err := c.read(e)
	if err != nil {
		return err
	}
	return serve(e, c.Data, p, c.LogJSON, func(n *node.Node, address string) {
		fmt.Fprintf(e.stdout, "%s is ready: %s\n", n.Member(), cmp.Or(address, "on the socket alone"))
	})
}

// serve runs the node in a folder until it is stopped; ready is told where it answers.
func serve(e *env, data string, p node.Passphrase, asJSON bool, ready func(n *node.Node, address string)) error {
	var handler slog.Handler = slog.NewTextHandler(e.stderr, nil)
	if asJSON {
		handler = slog.NewJSONHandler(e.stderr, nil)
	}
	begun := make(chan struct{})
	n, err := node.Open(e.ctx, data, node.Options{Passphrase: p, Log: slog.New(handler), Ready: func() { close(begun) }})
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(e.ctx)
	g.Go(func() error { return n.Run(ctx) })
	g.Go(func() error {
		return web.Serve(ctx, n, data, func(address string) {
			g.Go(func() error { // the pages answer meanwhile
				select {
				case <-begun:
					ready(n, address)
				case <-ctx.Done():
				}
				return nil
			})
		})
	})
	err = g.Wait()
	return errors.Join(err, n.Close())
}

type healthCmd struct{ dataFlags }

func (c *healthCmd) Run(e *env) error {
	var h node.Health
	if err := web.Do(e.ctx, c.Data, "health", node.Who{}, web.Args{}, &h); err != nil {
		return err
	}
	if err := writeJSON(e.stdout, h); err != nil {
		return err
	}
	if !h.OK {
		return errors.New("the node is not well: no line to the exchange, or an alarm")
	}
	return nil
}

type backupCmd struct {
	whoFlags
	passphraseFlags
	File string `arg:"" help:"The new file."`
}

func (c *backupCmd) Run(e *env) error {
	p, err := c.read(e)
	if err != nil {
		return err
	}
	path, err := filepath.Abs(c.File)
	if err != nil {
		return err
	}
	if err := c.do(e, "backup", web.Args{Path: path, Passphrase: p.Text}, nil); err != nil {
		return err
	}
	fmt.Fprintln(e.stdout, "written:", c.File)
	return nil
}

type restoreCmd struct {
	passphraseFlags
	File string `arg:"" type:"existingfile" help:"The backup."`
	Data string `arg:"" help:"The new data folder."`
}

func (c *restoreCmd) Run(e *env) error {
	p, err := c.read(e)
	if err != nil {
		return err
	}
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := node.Restore(c.Data, f, p); err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "restored; start it with: tarir serve --data %s\n", c.Data)
	return nil
}

// show prints an answer: as JSON, or what matters of it as lines.
func (f *whoFlags) show(e *env, v any, line string, args ...any) error {
	if f.JSON || line == "" {
		return writeJSON(e.stdout, v)
	}
	fmt.Fprintf(e.stdout, line+"\n", args...)
	return nil
}

type listCmd struct {
	whoFlags
	Kind  string `arg:"" help:"notice, request, review, message, diffusion, hit, stop, watch, outcome, operation, group, lead or task."`
	Limit int    `default:"100" help:"How many at most."`
}

func (c *listCmd) Run(e *env) error {
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	if c.Kind == "task" {
		var tasks []node.Task
		if err := c.do(e, "tasks", web.Args{}, &tasks); err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(e.stdout, tasks)
		}
		for _, t := range tasks {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", t.ID, t.Subject, t.Due.Local().Format(time.DateTime), t.Note)
		}
		return w.Flush()
	}
	var list []node.Listed
	if err := c.do(e, "list", web.Args{Kind: c.Kind, Limit: c.Limit}, &list); err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(e.stdout, list)
	}
	for _, l := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", l.ID, l.State, l.Owner, l.Number, l.Colour, l.Title)
	}
	return w.Flush()
}

type openCmd struct {
	whoFlags
	Kind string `arg:"" help:"Kind of record, as in tarir list."`
	ID   string `arg:"" help:"Its id."`
}

func (c *openCmd) Run(e *env) error {
	var body json.RawMessage
	if err := c.do(e, "open", web.Args{Kind: c.Kind, ID: c.ID}, &body); err != nil {
		return err
	}
	return writeJSON(e.stdout, body)
}

type receiptsCmd struct {
	whoFlags
	Kind string `arg:"" help:"notice, message, diffusion or stop."`
	ID   string `arg:"" help:"Its id."`
}

func (c *receiptsCmd) Run(e *env) error {
	var list []struct {
		Recipient, State, Reason string
		Changed                  time.Time
	}
	if err := c.do(e, "receipts", web.Args{Kind: c.Kind, ID: c.ID}, &list); err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(e.stdout, list)
	}
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	for _, d := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", d.Recipient, d.State, d.Changed.Local().Format(time.DateTime), d.Reason)
	}
	return w.Flush()
}

// readForm reads JSON from a file or standard input.
func readForm(e *env, path string, v any) error {
	b, err := readInput(e, path)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("read %s: %w: see docs/notices.md for the fields", path, err)
	}
	return nil
}

// strict reads one record of JSON that has no other fields than a type's, and does not repeat what is in it when it is wrong.
func strict(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil && d.More() {
		return errors.New("there is more behind the record: give one at a time")
	}
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	var when *time.ParseError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF):
		return errors.New("there is nothing in it: give a record as JSON")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it ends before the record does: give the whole of it")
	case errors.As(err, &syntax):
		return fmt.Errorf("this is no JSON, at byte %d", syntax.Offset)
	case errors.As(err, &kind) && kind.Field == "":
		return errors.New("this is JSON, but no record: give one, as { … }")
	case errors.As(err, &kind):
		return fmt.Errorf("the field %s is of another kind, at byte %d", kind.Field, kind.Offset)
	case errors.As(err, &when):
		return errors.New("a time in it is wrong: write it as 2026-01-31T00:00:00Z")
	case strings.HasPrefix(err.Error(), "json: unknown field "):
		return fmt.Errorf("there is no %s here", strings.TrimPrefix(err.Error(), "json: unknown "))
	}
	return errors.New("a value in it is not what its field takes")
}

// readInput reads a file; - is standard input.
func readInput(e *env, path string) ([]byte, error) {
	if path != "-" {
		return os.ReadFile(path)
	}
	b, err := io.ReadAll(io.LimitReader(e.stdin, mostInput+1))
	if err == nil && len(b) > mostInput {
		return nil, fmt.Errorf("standard input has more than %d MiB: write it to a file and name that", mostInput>>20)
	}
	return b, err
}

const mostInput = 64 << 20

type doneCmd struct {
	whoFlags
	Task string `arg:"" help:"The task, as tarir list task names it."`
}

func (c *doneCmd) Run(e *env) error {
	if err := c.do(e, "task.done", web.Args{ID: c.Task}, nil); err != nil {
		return err
	}
	return c.show(e, c.Task, "%s is done", c.Task)
}

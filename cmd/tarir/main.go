// Command tarir follows the money of trafficking and smuggling: see tarir --help.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
	"github.com/willabides/kongplete"

	"tarir/intake"
	"tarir/money/ledger"
)

// Exit codes; docs/cli.md has them for users.
const (
	exitOK      = 0
	exitError   = 1   // the work could not be done
	exitUsage   = 2   // the command line is wrong
	exitDamaged = 3   // a ledger's files are not what they were
	exitFormat  = 4   // an input's format was not recognised
	exitUnread  = 5   // done, but an input was not read to its end
	exitStopped = 130 // Ctrl-C
)

type cli struct {
	Analyse    analyseCmd    `cmd:"" help:"Read payments, adverts, journeys and entities; find suspicious patterns, organisations and where the money rests."`
	Trace      traceCmd      `cmd:"" help:"Follow money from payments, accounts or findings to where it rests, or back to its sources."`
	Evaluate   evaluateCmd   `cmd:"" help:"Compare the results of an analysis with a known truth."`
	Ledger     ledgerCmd     `cmd:"" help:"Import into, verify and describe a ledger of payments."`
	Indicators indicatorsCmd `cmd:"" help:"List, show and check indicators and their parameters."`
	Bench      benchCmd      `cmd:"" help:"Generate payments with planted patterns and measure each stage."`
	World      worldCmd      `cmd:"" help:"Write a synthetic world of payments with what was planted in it."`
	Init       initCmd       `cmd:"" help:"Make a node: found an exchange, or join one."`
	Start      startCmd      `cmd:"" help:"Begin: a node of your own on this machine, with pages, and the address to open."`
	Serve      serveCmd      `cmd:"" help:"Run a node until it is stopped."`
	Health     healthCmd     `cmd:"" help:"Say how the running node is."`
	Member     memberCmd     `cmd:"" help:"Members of the exchange: invite, admit, list, rotate keys, suspend, remove."`
	Notice     noticeCmd     `cmd:"" help:"Notices: draft, check, review, publish, withdraw."`
	Send       messageCmd    `cmd:"" help:"Send a message, or a diffusion, to members."`
	Recall     recallCmd     `cmd:"" help:"Withdraw a letter: every copy is destroyed or marked."`
	Receipts   receiptsCmd   `cmd:"" help:"Show how what was sent stands with each recipient."`
	List       listCmd       `cmd:"" help:"List records, or what waits for somebody."`
	Done       doneCmd       `cmd:"" help:"Say what was done about something that waits."`
	Open       openCmd       `cmd:"" help:"Show a record."`
	Fetch      fetchCmd      `cmd:"" help:"Fetch an attachment and say where it is."`
	Watch      watchCmd      `cmd:"" help:"Take up records of the own, which are compared with notices."`
	Check      checkCmd      `cmd:"" help:"Ask whether a person, organisation, vessel, number or address is known."`
	Index      indexCmd      `cmd:"" help:"The index of what is known: build it, load lists, see what it holds, answer from it."`
	Private    privateCmd    `cmd:"" help:"Ask a member whether something is known to it, without telling what."`
	Person     personCmd     `cmd:"" help:"People who log in to the node's pages."`
	Client     clientCmd     `cmd:"" help:"Programs that may ask the node over the network whether somebody is known."`
	Hit        hitCmd        `cmd:"" help:"Take the next step about a possible match."`
	Act        actCmd        `cmd:"" help:"Ask whether something may be done to a person now, by a hit."`
	Case       caseCmd       `cmd:"" help:"Cases: open, fill, search, link, merge, export, close."`
	Asset      assetCmd      `cmd:"" help:"Assets of cases: what was done with them, what they add up to."`
	Operation  operationCmd  `cmd:"" help:"Operations: plan, report, count each record once, release."`
	Group      groupCmd      `cmd:"" help:"Expert groups: entries, endorsement, indicators, counts."`
	Taxii      taxiiCmd      `cmd:"" help:"Exchange a case with a TAXII 2.1 server."`
	Subject    subjectCmd    `cmd:"" help:"What is held on a person, and the requests of persons with their deadlines."`
	Vault      vaultCmd      `cmd:"" help:"Who possible victims are: apart, opened by two, field by field."`
	Stop       stopCmd       `cmd:"" help:"Requests to stop payments."`
	Audit      auditCmd      `cmd:"" help:"Verify, show and export the audit log."`
	Backup     backupCmd     `cmd:"" help:"Write a backup of the running node."`
	Restore    restoreCmd    `cmd:"" help:"Make a node from a backup."`
	Relay      relayCmd      `cmd:"" help:"A relay on NATS servers of its own: configuration, servers."`

	Version versionCmd `cmd:"" help:"Print the version."`

	InstallCompletions kongplete.InstallCompletions `cmd:"" name:"completion" help:"Print how to set up shell completion."`
}

// env is what commands get from the process.
type env struct {
	ctx    context.Context
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
}

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

func run(args []string, stdin io.Reader, stdout, stderr io.Writer) (code int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	defer context.AfterFunc(ctx, func() { signal.Reset(os.Interrupt) })() // a second Ctrl-C ends what the first did not
	e := &env{ctx, stdin, stdout, stderr}
	var c cli
	exited := false
	parser, err := kong.New(&c,
		kong.Name("tarir"),
		kong.Description("Tarir turns payment files into explained findings, and shows where the money rests now.\n\nStart with:  tarir analyse --out results FILE-OR-FOLDER"),
		kong.Writers(stdout, stderr),
		kong.Exit(func(n int) { exited, code = true, n; panic(exitPanic{}) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: false}),
		kong.Bind(e),
	)
	if err != nil {
		fmt.Fprintln(stderr, "tarir:", err)
		return exitError
	}
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(exitPanic); !ok || !exited {
				panic(r)
			}
		}
	}()
	kongplete.Complete(parser)
	k, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(stderr, "tarir: %v\n", err)
		fmt.Fprintln(stderr, `Run "tarir --help" for the commands, or "tarir COMMAND --help" for one.`)
		return exitUsage
	}
	words := strings.Fields(k.Command())
	for i, w := range words {
		if strings.HasPrefix(w, "<") {
			words = words[:i]
			break
		}
	}
	err = k.Run(e, verbOf(words[len(words)-1]))
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(stderr, "tarir: stopped; what was imported stays, and running the same command again goes on from there")
		return exitStopped
	}
	fmt.Fprintln(stderr, "tarir:", err)
	switch {
	case errors.Is(err, ledger.ErrDamaged):
		fmt.Fprintln(stderr, `Run "tarir ledger verify" on the folder for the list of damaged files; restore them from a backup, or import the sources again.`)
		return exitDamaged
	case errors.Is(err, intake.ErrUnrecognised):
		var u *intake.UnrecognisedError
		if errors.As(err, &u) {
			fmt.Fprintln(stderr, u.Explain())
		}
		return exitFormat
	case errors.Is(err, errUnread):
		return exitUnread
	case errors.Is(err, errUsage):
		return exitUsage
	}
	return exitError
}

// exitPanic unwinds from kong's exit after --help.
type exitPanic struct{}

var errUsage = errors.New("usage")

// errUnread says that the work was done with what could be read, and that this was not everything.
var errUnread = errors.New("the results stand on what could be read")

// version is the module's, with the commit it was built from.
func version() string {
	v, rev := "0.1.0", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				rev = "+" + s.Value[:12]
			}
		}
	}
	return v + rev
}

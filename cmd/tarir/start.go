package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"time"

	"tarir/handling"
	"tarir/node"
)

// startCmd is the shortest way to see Tarir with one's own data: a node for one organisation on this machine, with pages, and an address to open.
type startCmd struct {
	passphraseFlags
	Data    string `arg:"" default:"tarir-data" help:"The data folder; a new one becomes a node of your own (default: ${default})."`
	Member  string `default:"HOME" help:"Of a new one: the id of your organisation (default: ${default})."`
	Name    string `default:"My organisation" help:"Of a new one: its name."`
	Country string `default:"XX" help:"Of a new one: its country, two letters (default: ${default}, none)."`
	Person  string `help:"Who works with it (default: your name on this machine)."`
	Port    int    `default:"8080" help:"Where the pages are on this machine (default: ${default})."`
}

func (c *startCmd) Help() string {
	return `Examples:
  tarir start
  tarir start --person ann --port 8090 my-folder

It stands alone: it exchanges nothing until it joins an exchange with "tarir init --invitation". Pages are for this machine; docs/operations.md tells how others reach them.`
}

func (c *startCmd) Run(e *env) error {
	p, err := c.read(e)
	if err != nil {
		return err
	}
	person := cmp.Or(c.Person, os.Getenv("USER"), accountName(), "admin")
	if _, err := os.Stat(filepath.Join(c.Data, "config.toml")); errors.Is(err, fs.ErrNotExist) {
		// Before anything is made: its pages must have a place.
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", c.Port))
		if err != nil {
			return fmt.Errorf("port %d cannot be used on this machine: choose another with --port: %w", c.Port, err)
		}
		if err := l.Close(); err != nil {
			return err
		}
		s := node.Setup{
			Member: c.Member, Name: c.Name, Country: c.Country, Listen: "127.0.0.1:0", Web: fmt.Sprintf("127.0.0.1:%d", c.Port), Origin: fmt.Sprintf("http://localhost:%d", c.Port),
			People: []node.Person{{ID: person, May: []string{"all"}}},
		}
		if err := node.Found(c.Data, p, s, time.Now()); err != nil {
			return err
		}
		fmt.Fprintf(e.stdout, "%s is a new node of %s\n", c.Data, c.Member)
	} else if err != nil {
		return err
	}
	return serve(e, c.Data, p, false, func(n *node.Node, _ string) {
		origin := n.Config().Web.Origin
		keys, err := n.PasskeysOf(e.ctx, person)
		if err != nil || len(keys) > 0 {
			fmt.Fprintf(e.stdout, "Open %s in a browser on this machine.\n", origin)
			return
		}
		address, err := n.InviteToLogin(e.ctx, node.Who{Person: person, Purpose: handling.Inform, LegalBasis: "first log-in to an own node"}, person)
		if err != nil {
			fmt.Fprintf(e.stderr, "%s\n", strings.TrimSpace(err.Error()))
			return
		}
		fmt.Fprintf(e.stdout, "Open this address in a browser on this machine; whoever opens it first logs in as %s from then on:\n\n    %s\n\n", person, address)
	})
}

// accountName is the name of the account that runs this; nothing where it has none.
func accountName() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username[strings.LastIndex(u.Username, `\`)+1:] // without its domain
}

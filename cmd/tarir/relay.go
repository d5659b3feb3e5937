package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"tarir/exchange/relay"
)

type relayCmd struct {
	Config relayConfigCmd `cmd:"" help:"Write the configuration of a relay on NATS servers of its own."`
	Run    relayRunCmd    `cmd:"" help:"Run one such server. nats-server -c does the same."`
}

type relayConfigCmd struct {
	Out  string   `arg:"" help:"The new folder."`
	Host []string `default:"127.0.0.1,127.0.0.1,127.0.0.1" help:"Where each server is: three hosts or five (default: three on this machine)."`
	Port int      `default:"5222" help:"Of the first server for members; the others follow by tens, and the ports between servers are one higher (default: ${default})."`
}

func (c *relayConfigCmd) Run(e *env) error {
	if len(c.Host) < 3 {
		return fmt.Errorf("%w: give three hosts at least: with fewer nothing is left that is sure when one is lost", errUsage)
	}
	if err := os.Mkdir(c.Out, 0o700); err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	dir, err := filepath.Abs(c.Out)
	if err != nil {
		return err
	}
	k, err := relay.NewClusterKeys()
	if err != nil {
		return err
	}
	var all []relay.ClusterServer
	var urls []string
	for i, host := range c.Host {
		at := func(port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }
		s := relay.ClusterServer{Name: fmt.Sprint("relay-", i+1), Listen: at(c.Port + 10*i), ListenRoute: at(c.Port + 10*i + 1), Dir: filepath.Join(dir, fmt.Sprint("relay-", i+1))}
		all, urls = append(all, s), append(urls, "nats://"+s.Listen)
	}
	for _, s := range all {
		text, err := relay.ClusterConfig(k, s, all)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, s.Name+".conf"), text, 0o600); err != nil {
			return err
		}
	}
	b, err := json.MarshalIndent(k, "", "  ")
	if err != nil {
		return err
	}
	keys := filepath.Join(dir, "relay.keys")
	if err := os.WriteFile(keys, append(b, '\n'), 0o600); err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "Start each server (tarir relay run %s and so on), then found the exchange:\n  tarir init --found --cluster %s --relay %s ...\n", filepath.Join(c.Out, all[0].Name+".conf"), keys, strings.Join(urls, ","))
	return nil
}

type relayRunCmd struct {
	File string `arg:"" type:"existingfile" help:"The server's configuration."`
}

func (c *relayRunCmd) Run(e *env) error {
	o, err := server.ProcessConfigFile(c.File)
	if err != nil {
		return fmt.Errorf("read %s: %w", c.File, err)
	}
	if !o.JetStream || len(o.Accounts)+len(o.TrustedOperators) == 0 { // such a server would be open to everybody, and keep nothing
		return fmt.Errorf("%s is no configuration of a relay: tarir relay config writes them", c.File)
	}
	if err := errors.Join(relay.CanListen(o.Host, o.Port), relay.CanListen(o.Cluster.Host, o.Cluster.Port)); err != nil {
		return err
	}
	o.NoSigs = true
	s, err := server.NewServer(o)
	if err != nil {
		return err
	}
	s.Start()
	defer s.WaitForShutdown()
	defer s.Shutdown()
	if !s.ReadyForConnections(20 * time.Second) {
		return errors.New("the server is not ready after 20 seconds: look whether its port or its folder is in use")
	}
	fmt.Fprintf(e.stdout, "%s is ready: %s\n", o.ServerName, s.ClientURL())
	<-e.ctx.Done()
	return nil
}

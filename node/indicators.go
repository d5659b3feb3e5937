package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"tarir/audit"
	"tarir/casework"
	"tarir/chart"
	"tarir/money/typology"
	"tarir/store"
)

// The indicators of this node: what differs from the shipped pack, by the node's own hand and as it was taken over from expert groups, in one file.

// ownPack is the file with what the node itself changed, among those that were taken over.
const ownPack = "own.toml"

// OwnPack is what this node changed of the shipped indicators; empty: nothing.
func (n *Node) OwnPack() (string, error) {
	text, err := os.ReadFile(filepath.Join(n.path(takenDir), ownPack))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return string(text), err
}

// PackPath is the file of all that differs from the shipped indicators; empty: nothing does.
func (n *Node) PackPath() string {
	path := n.path(TakenPack)
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

// SetOwnPack keeps what this node changes of the shipped indicators. A text that is none, or that says something else than one that was taken over, changes
// nothing.
func (n *Node) SetOwnPack(_ context.Context, w Who, text string) error {
	if err := n.allow(w, "admin"); err != nil {
		return err
	}
	if _, err := typology.ParsePack(text); err != nil {
		return err
	}
	if err := n.record(w, audit.Change, "indicators", n.config.Member, "", "own"); err != nil {
		return err
	}
	dir := n.path(takenDir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("keep the indicators: %w", err)
	}
	name := filepath.Join(dir, ownPack)
	before, err := n.OwnPack()
	if err != nil {
		return err
	}
	if err := replaceFile(name, []byte(text)); err != nil {
		return fmt.Errorf("keep the indicators: %w", err)
	}
	all, err := mergePacks(dir)
	if err != nil {
		return errors.Join(err, replaceFile(name, []byte(before)))
	}
	return n.into(func() string { return n.path(TakenPack) }, func(to io.Writer) error { _, err := to.Write(all); return err })
}

// TryPack says what a change of the indicators would do to the findings in a case: its payments, adverts, journeys and entities, and in how many payments; nothing is kept.
func (n *Node) TryPack(ctx context.Context, w Who, id, text string) (rows []chart.PackRow, payments int, err error) {
	after, err := typology.ParsePack(text)
	if err != nil {
		return nil, 0, err
	}
	err = n.withMoney(ctx, w, id, func(c *casework.Case, p *chart.Picture, m *chart.Money) error {
		payments = len(p.Payments)
		before := typology.Default()
		if path := n.PackPath(); path != "" {
			own, err := os.ReadFile(path)
			if err == nil {
				before, err = typology.ParsePack(string(own))
			}
			if err != nil {
				return err
			}
		}
		records, x := &chart.Records{}, &exporter{n: n, ctx: ctx, c: c}
		for _, k := range []casework.EntryKind{casework.EntityEntry, casework.AdvertEntry, casework.JourneyEntry} {
			err := x.each(k, func(e *store.Entry) error {
				records.Add(k, e.Body)
				return nil
			})
			if err != nil {
				return err
			}
		}
		rows, err = m.Compare(ctx, records, before, after)
		return err
	})
	return rows, payments, err
}

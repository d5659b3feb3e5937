package node

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/BurntSushi/toml"

	"tarir/audit"
	"tarir/casework"
	"tarir/money/typology"
	"tarir/notice"
	"tarir/store"
)

// What an entry that stands becomes: a draft of a purple notice, or a part of the indicator pack of a node that takes it over.

// standing is an entry of a kind that is endorsed.
func (n *Node) standing(ctx context.Context, w Who, group, entry string, kind casework.KnowledgeKind) (k *casework.Knowledge, err error) {
	if err := n.allow(w, "group"); err != nil {
		return nil, err
	}
	err = n.store.Read(ctx, func(tx *store.Tx) error {
		_, g, err := getGroup(tx, group)
		if err != nil {
			return err
		}
		if k, err = knowledgeOf(tx, g.Num, entry); err != nil {
			return err
		}
		switch {
		case k == nil:
			return fmt.Errorf("%w: there is no entry %s", store.ErrNone, entry)
		case k.Kind != kind:
			return fmt.Errorf("%w: it is a %s", casework.ErrGroup, k.Kind)
		case !g.Stands(k):
			return fmt.Errorf("%w: it is not endorsed: %d of %d", casework.ErrGroup, len(k.Endorsed), g.Quorum())
		}
		return nil
	})
	return k, err
}

// PurpleFor drafts a purple notice of an endorsed modus operandi.
func (n *Node) PurpleFor(ctx context.Context, w Who, group, entry string) (*notice.Record, error) {
	k, err := n.standing(ctx, w, group, entry, casework.MethodOf)
	if err != nil {
		return nil, err
	}
	f := notice.Form{
		Colour: notice.Purple, Owner: n.config.Member, Purpose: notice.Purple.Purposes()[0], LegalBasis: w.LegalBasis, Case: "group " + group + "/" + entry, Facts: notice.Texts{"en": k.Text},
		Method: notice.Method{What: k.What, Description: notice.Texts{"en": k.Title + ". " + k.Text}, Aim: "prevent"}, Status: notice.NoPerson, Until: n.now().AddDate(5, 0, 0),
	}
	return n.Draft(ctx, w, f, nil)
}

// goodIndicator says what is wrong with an indicator: it has to be a part of a pack, and its typology one of the pack's.
func goodIndicator(x *casework.IndicatorText) error {
	p, err := typology.ParsePack(x.Pack)
	if err != nil {
		return fmt.Errorf("%w: %w", casework.ErrGroup, err)
	}
	if _, ok := p.Typologies[x.Typology]; !ok {
		return fmt.Errorf("%w: there is no typology %q: tarir indicators list shows them", casework.ErrGroup, x.Typology)
	}
	return nil
}

// TakenPack is the file in the data folder with all indicators that were taken over from groups.
const TakenPack = "indicators.toml"

// takenDir keeps them one by one.
const takenDir = "indicators"

// TakeIndicator takes an endorsed indicator over into the pack of this node, and tells the group that it is used.
func (n *Node) TakeIndicator(ctx context.Context, w Who, group, entry string) (path string, err error) {
	k, err := n.standing(ctx, w, group, entry, casework.Indicator)
	if err != nil {
		return "", err
	}
	if err := goodIndicator(k.Indicator); err != nil {
		return "", err
	}
	if err := n.record(w, audit.Change, kindGroup, group, "", "take"); err != nil {
		return "", err
	}
	dir := n.path(takenDir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("take the indicator over: %w", err)
	}
	name := filepath.Join(dir, entry+".toml")
	if err := os.WriteFile(name, []byte(k.Indicator.Pack), 0o600); err != nil {
		return "", fmt.Errorf("take the indicator over: %w", err)
	}
	text, err := mergePacks(dir)
	if err == nil {
		path = n.path(TakenPack)
		err = n.into(func() string { return path }, func(to io.Writer) error { _, err := to.Write(text); return err })
	}
	if err != nil {
		_ = os.Remove(name) // it does not fit to the others
		return "", err
	}
	_, err = n.SayInGroup(ctx, w, GroupSay{Group: group, Do: "found", Entry: entry, Found: 0})
	return path, err
}

// mergePacks puts parts of packs together. Two that say different things about the same cannot be both in force.
func mergePacks(dir string) ([]byte, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.toml"))
	if err != nil {
		return nil, err
	}
	all := map[string]any{}
	for _, f := range files {
		var part map[string]any
		if _, err := toml.DecodeFile(f, &part); err != nil {
			return nil, fmt.Errorf("read %s: %w", filepath.Base(f), err)
		}
		if at := merge(all, part, ""); at != "" {
			return nil, fmt.Errorf("%w: another indicator that was taken over says something else about %s: take one of the two files out of %s first", casework.ErrGroup, at, dir)
		}
	}
	var b bytes.Buffer
	b.WriteString("# Indicators that were taken over from expert groups, put together by tarir group take.\n")
	e := toml.NewEncoder(&b)
	if err := e.Encode(all); err != nil {
		return nil, fmt.Errorf("put the indicators together: %w", err)
	}
	if _, err := typology.ParsePack(b.String()); err != nil {
		return nil, fmt.Errorf("put the indicators together: %w", err)
	}
	return b.Bytes(), nil
}

// merge adds a part to a table; what differs is named.
func merge(to, part map[string]any, at string) string {
	for k, v := range part {
		have, ok := to[k]
		if !ok {
			to[k] = v
			continue
		}
		a, isA := have.(map[string]any)
		b, isB := v.(map[string]any)
		if isA && isB {
			if where := merge(a, b, at+k+"."); where != "" {
				return where
			}
			continue
		}
		if string(mustJSON(have)) != string(mustJSON(v)) && at+k != "name" {
			return at + k
		}
	}
	return ""
}

package node

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"tarir/audit"
	"tarir/casework"
	"tarir/exchange/envelope"
	"tarir/handling"
	"tarir/store"
)

// Expert groups. The owner's node keeps a group: whatever a member says goes there, is applied there in the order in which it comes, and goes from there
// to every member. What a member contributes to counts stays at the owner; the others hear of a period's sums, once.

const (
	kindGroup        = "group"
	kindContribution = "contribution" // entries of a group, at its owner
	kindSums         = "sums"         // entries of a group
)

// groupBody is a group as it is kept: Num is the number under which its entries stand.
type groupBody struct {
	casework.Group
	Num int64 `json:"num,omitempty"`
}

func getGroup(tx *store.Tx, id string) (*store.Item, *groupBody, error) {
	it, err := tx.Get(kindGroup, id)
	if errors.Is(err, store.ErrNone) {
		return nil, nil, fmt.Errorf("%w: no group %s here", store.ErrNone, id)
	}
	if err != nil {
		return nil, nil, err
	}
	g, err := body[groupBody](it)
	return it, g, err
}

func (n *Node) putGroup(tx *store.Tx, g *groupBody, source string) error {
	l := handling.Label{Owners: []string{g.Owner}, Purpose: g.Purpose, Recorded: g.Opened, Until: handling.Retain("case", g.Opened), TLP: handling.TLPAmberStrict, Addressed: groupMembers(&g.Group)}
	return tx.Put(&store.Item{Kind: kindGroup, ID: g.ID, Owner: g.Owner, State: "open", Recorded: g.Opened, Changed: n.now(), Source: source, Label: mustJSON(l), Body: mustJSON(g)})
}

func groupMembers(g *casework.Group) (out []string) {
	for _, m := range g.Members {
		out = append(out, m.Member)
	}
	return out
}

// NewGroup opens a group of members.
func (n *Node) NewGroup(ctx context.Context, w Who, title string, members []string) (out *casework.Group, err error) {
	if err := n.allow(w, "group"); err != nil {
		return nil, err
	}
	id, err := newID()
	if err != nil {
		return nil, err
	}
	g := &groupBody{Group: casework.Group{ID: id, Title: title, Owner: n.config.Member, Purpose: w.Purpose, LegalBasis: w.LegalBasis, Opened: n.now(), Version: 1}}
	for _, m := range append([]string{n.config.Member}, members...) {
		if _, err := n.member(m); err != nil {
			return nil, fmt.Errorf("%s is no member: tarir member list shows who is", m)
		}
		g.Members = append(g.Members, casework.GroupMember{Member: m})
	}
	if err := g.Check(); err != nil {
		return nil, err
	}
	if err := n.record(w, audit.Change, kindGroup, id, "", "new"); err != nil {
		return nil, err
	}
	err = n.store.Write(ctx, func(tx *store.Tx) error {
		if g.Num, err = tx.NextBlock("case", 1); err != nil {
			return err
		}
		return errors.Join(n.putGroup(tx, g, ""), n.tellGroup(tx, g))
	})
	return &g.Group, err
}

// ChangeGroup adds a member to a group of this node, or takes one out: whoever is out hears nothing more.
func (n *Node) ChangeGroup(ctx context.Context, w Who, id, member string, in bool) (out *casework.Group, err error) {
	if err := n.allow(w, "group"); err != nil {
		return nil, err
	}
	if _, err := n.member(member); err != nil {
		return nil, fmt.Errorf("%s is no member: tarir member list shows who is", member)
	}
	if err := n.record(w, audit.Change, kindGroup, id, member, map[bool]string{true: "in", false: "out"}[in]); err != nil {
		return nil, err
	}
	err = n.store.Write(ctx, func(tx *store.Tx) error {
		it, g, err := getGroup(tx, id)
		if err != nil {
			return err
		}
		if it.Source != "" {
			return fmt.Errorf("%w: %s keeps it", casework.ErrGroup, g.Owner)
		}
		switch {
		case in && g.Member(member) == nil:
			g.Members = append(g.Members, casework.GroupMember{Member: member})
		case !in && member != g.Owner:
			g.Members = slices.DeleteFunc(g.Members, func(m casework.GroupMember) bool { return m.Member == member })
		default:
			return fmt.Errorf("%w: %s is in it already, or keeps it", casework.ErrGroup, member)
		}
		g.Version++
		out = &g.Group
		if err := errors.Join(n.putGroup(tx, g, ""), n.tellGroup(tx, g)); err != nil || !in {
			return err
		}
		return eachKnowledge(tx, g.Num, func(_ *store.Entry, k *casework.Knowledge) error { return n.tellKnowledge(tx, g, k, []string{member}) })
	})
	return out, err
}

func (n *Node) tellGroup(tx *store.Tx, g *groupBody) error {
	_, err := n.enqueue(tx, say{to: groupMembers(&g.Group), kind: kindGroup, subject: kindGroup + "/" + g.ID, purpose: g.Purpose, legalBasis: g.LegalBasis, body: g.Group})
	return err
}

// idForm is the form of the ids that nodes make: it is part of a file's name where an indicator is taken over.
var idForm = regexp.MustCompile(`^[0-9a-f]{32}$`)

type groupEntry struct {
	Group string             `json:"group"`
	Entry casework.Knowledge `json:"entry"`
}

// gotGroup takes up a group of which this member is one, or a newer state of it.
func (n *Node) gotGroup(tx *store.Tx, st *envelope.Statement) (string, error) {
	g, err := decode[casework.Group](st.Body)
	if err != nil {
		return "", err
	}
	if g.Owner != st.From || g.Check() != nil || g.Member(n.config.Member) == nil {
		return "", &rejected{code: "group", text: "the group is not the sender's, not whole, or not for this member"}
	}
	b := &groupBody{Group: *g}
	it, was, err := getGroup(tx, g.ID)
	switch {
	case errors.Is(err, store.ErrNone):
		if b.Num, err = tx.NextBlock("case", 1); err != nil {
			return "", err
		}
		if err := n.addTask(tx, store.Task{ID: "read/" + kindGroup + "/" + g.ID, Kind: "read", Subject: kindGroup + "/" + g.ID, Due: n.now()}); err != nil {
			return "", err
		}
	case err != nil:
		return "", err
	case it.Source != st.From:
		return "", &rejected{code: "group", text: "another member's group has this id"}
	case was.Version >= g.Version:
		return store.Stored, nil // an older state that came late
	default:
		b.Num = was.Num
	}
	return store.Stored, n.putGroup(tx, b, st.From)
}

// groupOf is a group that the sender of a statement keeps.
func groupOf(tx *store.Tx, st *envelope.Statement, id string) (*groupBody, error) {
	it, g, err := getGroup(tx, id)
	if errors.Is(err, store.ErrNone) {
		return nil, missing("group", "there is no such group here")
	}
	if err == nil && it.Source != st.From {
		err = &rejected{code: "group", text: "the sender does not keep this group"}
	}
	return g, err
}

// Groups lists the groups of which this member is one.
func (n *Node) Groups(ctx context.Context, w Who) (out []*casework.Group, err error) {
	if err := n.allow(w, "group"); err != nil {
		return nil, err
	}
	if err := n.record(w, audit.Decision, kindGroup, "", "", "list"); err != nil {
		return nil, err
	}
	err = n.store.Read(ctx, func(tx *store.Tx) error {
		out = []*casework.Group{}
		list, err := tx.Items(store.Query{Kind: kindGroup})
		for _, it := range list {
			g, err := body[groupBody](it)
			if err != nil {
				return err
			}
			out = append(out, &g.Group)
		}
		return err
	})
	return out, err
}

// GroupEntry is an entry as it is shown.
type GroupEntry struct {
	casework.Knowledge
	Stands bool `json:"stands"` // it is endorsed
}

// GroupView is a group with its entries, those that changed last first.
type GroupView struct {
	Group   *casework.Group `json:"group"`
	Quorum  int             `json:"quorum"`
	Entries []GroupEntry    `json:"entries"`
	Sums    []GroupSums     `json:"sums,omitempty"`
}

// Group shows a group; with words, the entries that have all of them.
func (n *Node) Group(ctx context.Context, w Who, id, words string) (out *GroupView, err error) {
	if err := n.allow(w, "group"); err != nil {
		return nil, err
	}
	if err := n.record(w, audit.Decision, kindGroup, id, "", "show"); err != nil {
		return nil, err
	}
	wanted := casework.Words(words)
	err = n.store.Read(ctx, func(tx *store.Tx) error {
		_, g, err := getGroup(tx, id)
		if err != nil {
			return err
		}
		out = &GroupView{Group: &g.Group, Quorum: g.Quorum(), Entries: []GroupEntry{}}
		if err := eachKnowledge(tx, g.Num, func(_ *store.Entry, k *casework.Knowledge) error {
			has := k.WordsOf()
			if !slices.ContainsFunc(wanted, func(s string) bool { return !slices.Contains(has, s) }) {
				out.Entries = append(out.Entries, GroupEntry{*k, g.Stands(k)})
			}
			return nil
		}); err != nil {
			return err
		}
		slices.SortStableFunc(out.Entries, func(a, b GroupEntry) int { return cmp.Compare(b.Made.UnixNano(), a.Made.UnixNano()) })
		sums, err := tx.Entries(g.Num, kindSums, 0, 200)
		for _, e := range sums {
			var s GroupSums
			if err := json.Unmarshal(e.Body, &s); err != nil {
				return fmt.Errorf("read sums of a group: %w", err)
			}
			out.Sums = append(out.Sums, s)
		}
		return err
	})
	return out, err
}

package node

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"tarir/audit"
	"tarir/casework"
	"tarir/exchange/envelope"
	"tarir/handling"
	"tarir/money/typology"
	"tarir/notice"
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
	n.stir()
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
	n.stir()
	return out, err
}

func (n *Node) tellGroup(tx *store.Tx, g *groupBody) error {
	_, err := n.enqueue(tx, say{to: groupMembers(&g.Group), kind: kindGroup, subject: kindGroup + "/" + g.ID, purpose: g.Purpose, legalBasis: g.LegalBasis, body: g.Group})
	return err
}

func (n *Node) tellKnowledge(tx *store.Tx, g *groupBody, k *casework.Knowledge, to []string) error {
	_, err := n.enqueue(tx, say{to: to, kind: "group.entry", subject: kindGroup + "/" + g.ID, purpose: g.Purpose, legalBasis: g.LegalBasis, body: groupEntry{g.ID, *k}})
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

// gotGroupEntry takes up an entry as the group has it now.
func (n *Node) gotGroupEntry(tx *store.Tx, st *envelope.Statement) (string, error) {
	m, err := decode[groupEntry](st.Body)
	if err != nil {
		return "", err
	}
	g, err := groupOf(tx, st, m.Group)
	if err != nil {
		return "", err
	}
	if !idForm.MatchString(m.Entry.ID) || m.Entry.Check() != nil {
		return "", &rejected{code: "group", text: "it is no entry"}
	}
	_, err = n.keepKnowledge(tx, g, &m.Entry)
	return store.Stored, err
}

// keepKnowledge writes an entry, if it is newer than what is here, and says whether it was.
func (n *Node) keepKnowledge(tx *store.Tx, g *groupBody, k *casework.Knowledge) (fresh bool, err error) {
	now := n.now()
	words := append(k.WordsOf(), "group-entry")
	have, err := tx.EntryByID(g.Num, string(k.Kind), k.ID)
	if errors.Is(err, store.ErrNone) {
		e := &store.Entry{Num: g.Num, Kind: string(k.Kind), ID: k.ID, At: k.Made, Recorded: now, Changed: now, Person: k.Author, Title: k.Title, Body: mustJSON(k)}
		return true, tx.AddEntries([]*store.Entry{e}, [][]string{words})
	}
	if err != nil {
		return false, err
	}
	var was casework.Knowledge
	if err := json.Unmarshal(have.Body, &was); err != nil {
		return false, fmt.Errorf("read an entry of a group: %w", err)
	}
	if was.Rev >= k.Rev {
		return false, nil // an older state that came late
	}
	have.At, have.Changed, have.Person, have.Title, have.Body = k.Made, now, k.Author, k.Title, mustJSON(k)
	_, err = tx.ChangeEntry(have, words)
	return true, err
}

// eachKnowledge gives the entries of a group, in the order in which they came.
func eachKnowledge(tx *store.Tx, num int64, fn func(e *store.Entry, k *casework.Knowledge) error) error {
	for after := int64(0); ; {
		list, err := tx.Entries(num, "", after, 500)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, e := range list {
			after = e.Seq
			if !slices.Contains(casework.KnowledgeKinds, casework.KnowledgeKind(e.Kind)) {
				continue
			}
			var k casework.Knowledge
			if err := json.Unmarshal(e.Body, &k); err != nil {
				return fmt.Errorf("read an entry of a group: %w", err)
			}
			if err := fn(e, &k); err != nil {
				return err
			}
		}
	}
}

// GroupSay is what a member says in a group.
type GroupSay struct {
	Group   string                 `json:"group"`
	Do      string                 `json:"do"` // propose, remark, endorse, retire, found, agree, contribute
	Entry   string                 `json:"entry,omitempty"`
	Version int64                  `json:"version,omitempty"`
	New     *casework.Knowledge    `json:"new,omitempty"`
	Text    string                 `json:"text,omitempty"`
	Found   int64                  `json:"found,omitempty"`
	Kinds   []string               `json:"kinds,omitempty"`
	Counts  *casework.Contribution `json:"counts,omitempty"`
}

// SayInGroup says something in a group: it is applied where the group is kept, and comes back from there.
func (n *Node) SayInGroup(ctx context.Context, w Who, s GroupSay) (id string, err error) {
	if err := n.allow(w, "group"); err != nil {
		return "", err
	}
	if s.Do == "propose" && s.Entry == "" {
		if s.Entry, err = newID(); err != nil {
			return "", err
		}
	}
	if err := n.record(w, audit.Change, kindGroup, s.Group, "", s.Do); err != nil {
		return "", err
	}
	err = n.store.Write(ctx, func(tx *store.Tx) error {
		it, g, err := getGroup(tx, s.Group)
		if err != nil {
			return err
		}
		if it.Source == "" {
			return n.applySaid(tx, g, n.config.Member, &s)
		}
		// What is wrong is told here, and not by a letter that comes back.
		if err := n.trySaid(tx, g, &s); err != nil {
			return err
		}
		_, err = n.enqueue(tx, say{to: []string{g.Owner}, kind: "group.say", subject: kindGroup + "/" + g.ID, purpose: g.Purpose, legalBasis: g.LegalBasis, body: s})
		return err
	})
	n.stir()
	return s.Entry, err
}

// trySaid applies what is said to a copy of what is here.
func (n *Node) trySaid(tx *store.Tx, g *groupBody, s *GroupSay) error {
	copied := *g
	copied.Members = slices.Clone(g.Members)
	_, err := n.said(tx, &copied, n.config.Member, s)
	return err
}

// said is what an entry becomes by what a member says; nil where it is about none.
func (n *Node) said(tx *store.Tx, g *groupBody, by string, s *GroupSay) (*casework.Knowledge, error) {
	if g.Member(by) == nil {
		return nil, fmt.Errorf("%w: %s is no member of it", casework.ErrGroup, by)
	}
	now := n.now()
	switch s.Do {
	case "agree":
		m := g.Member(by)
		m.Contributes = s.Kinds
		return nil, g.Check()
	case "contribute":
		if s.Counts == nil {
			return nil, fmt.Errorf("%w: there are no counts", casework.ErrGroup)
		}
		s.Counts.Member, s.Counts.Group = by, g.ID
		if _, err := tx.EntryByID(g.Num, kindSums, s.Counts.Period); err == nil {
			return nil, fmt.Errorf("%w: the sums of %s were told already, and are told once", casework.ErrGroup, s.Counts.Period)
		} else if !errors.Is(err, store.ErrNone) {
			return nil, err
		}
		return nil, s.Counts.Check(&g.Group)
	}
	var k *casework.Knowledge
	if err := eachOf(tx, g.Num, s.Entry, &k); err != nil {
		return nil, err
	}
	if s.Do == "propose" {
		if s.New == nil || !idForm.MatchString(s.Entry) {
			return nil, fmt.Errorf("%w: there is no entry", casework.ErrGroup)
		}
		if err := s.New.Check(); err != nil {
			return nil, err
		}
		if s.New.Kind == casework.Indicator {
			if err := goodIndicator(s.New.Indicator); err != nil {
				return nil, err
			}
		}
		if k == nil {
			fresh := *s.New
			fresh.ID, fresh.Author, fresh.Made, fresh.Version, fresh.Rev = s.Entry, by, now, 1, 1
			fresh.Said, fresh.Endorsed, fresh.Taken, fresh.Computed, fresh.Retired = nil, nil, nil, false, ""
			return &fresh, nil
		}
		next, err := k.Next(by, *s.New, s.Version, now)
		if err != nil {
			return nil, err
		}
		next.Rev++
		return next, nil
	}
	if k == nil {
		return nil, fmt.Errorf("%w: there is no entry %s", store.ErrNone, s.Entry)
	}
	k.Rev++
	switch s.Do {
	case "remark":
		return k, k.Remark(by, s.Text, now)
	case "endorse":
		return k, k.Endorse(by, s.Version, now)
	case "retire":
		if by != k.Author && by != g.Owner || strings.TrimSpace(s.Text) == "" {
			return nil, fmt.Errorf("%w: its author or who keeps the group retires an entry, with a reason", casework.ErrGroup)
		}
		k.Retired = s.Text
		return k, nil
	case "found":
		if k.Kind != casework.Indicator || s.Found < -1 || s.Found > 1<<40 || s.Found > 0 && s.Found < casework.SmallCell {
			return nil, fmt.Errorf("%w: what an indicator found is counted, and small counts are not told", casework.ErrGroup)
		}
		if k.Taken == nil {
			k.Taken = map[string]int64{}
		}
		k.Taken[by] = s.Found
		return k, nil
	}
	return nil, fmt.Errorf("%w: %q is nothing that is said in it", casework.ErrGroup, s.Do)
}

// eachOf finds an entry of a group by its id.
func eachOf(tx *store.Tx, num int64, id string, out **casework.Knowledge) error {
	for _, kind := range casework.KnowledgeKinds {
		e, err := tx.EntryByID(num, string(kind), id)
		if errors.Is(err, store.ErrNone) {
			continue
		}
		if err != nil {
			return err
		}
		*out = &casework.Knowledge{}
		if err := json.Unmarshal(e.Body, *out); err != nil {
			return fmt.Errorf("read an entry of a group: %w", err)
		}
		return nil
	}
	return nil
}

// applySaid applies what a member says, where the group is kept, and tells all.
func (n *Node) applySaid(tx *store.Tx, g *groupBody, by string, s *GroupSay) error {
	k, err := n.said(tx, g, by, s)
	if err != nil {
		return err
	}
	switch s.Do {
	case "agree":
		g.Version++
		return errors.Join(n.putGroup(tx, g, ""), n.tellGroup(tx, g))
	case "contribute":
		now := n.now()
		id := by + "/" + s.Counts.Period
		have, err := tx.EntryByID(g.Num, kindContribution, id)
		if err == nil {
			have.Changed, have.Body = now, mustJSON(s.Counts)
			_, err = tx.ChangeEntry(have, nil)
			return err
		}
		if !errors.Is(err, store.ErrNone) {
			return err
		}
		return tx.AddEntries([]*store.Entry{{Num: g.Num, Kind: kindContribution, ID: id, At: now, Recorded: now, Changed: now, Person: by, Title: s.Counts.Period, Body: mustJSON(s.Counts)}}, [][]string{nil})
	}
	if _, err := n.keepKnowledge(tx, g, k); err != nil {
		return err
	}
	return n.tellKnowledge(tx, g, k, groupMembers(&g.Group))
}

// gotGroupSay applies what a member said in a group that this node keeps.
func (n *Node) gotGroupSay(tx *store.Tx, st *envelope.Statement) (string, error) {
	s, err := decode[GroupSay](st.Body)
	if err != nil {
		return "", err
	}
	it, g, err := getGroup(tx, s.Group)
	switch {
	case errors.Is(err, store.ErrNone):
		return "", missing("group", "there is no such group here")
	case err != nil:
		return "", err
	case it.Source != "" || g.Member(st.From) == nil:
		return "", &rejected{code: "group", text: "the sender is no member of it, or it is another member's"}
	}
	if err := n.applySaid(tx, g, st.From, s); errors.Is(err, casework.ErrGroup) || errors.Is(err, casework.ErrChanged) || errors.Is(err, store.ErrNone) {
		return "", &rejected{code: "group", text: err.Error()}
	} else if err != nil {
		return "", err
	}
	return store.Stored, nil
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

// GroupSums are what the members of a group counted together in a period.
type GroupSums struct {
	Group    string              `json:"group"`
	Period   string              `json:"period"`
	Members  int                 `json:"members"` // that contributed
	Sums     []casework.Sum      `json:"sums"`
	Left     int                 `json:"left_out"` // sums of too few members
	Emerging []casework.Emerging `json:"emerging"`
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

// TellSums adds what members contributed for a period, tells it to all of them, once, and proposes what emerges.
func (n *Node) TellSums(ctx context.Context, w Who, id, period string) (out *GroupSums, err error) {
	if err := n.allow(w, "group"); err != nil {
		return nil, err
	}
	if _, _, err := casework.Period(period); err != nil {
		return nil, err
	}
	if err := n.record(w, audit.Change, kindGroup, id, "", "sums"); err != nil {
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
		if _, err := tx.EntryByID(g.Num, kindSums, period); err == nil {
			return fmt.Errorf("%w: the sums of %s were told already, and are told once", casework.ErrGroup, period)
		}
		var list []casework.Contribution
		members := map[string]bool{}
		for after := int64(0); ; {
			some, err := tx.Entries(g.Num, kindContribution, after, 500)
			if err != nil {
				return err
			}
			for _, e := range some {
				after = e.Seq
				var c casework.Contribution
				if err := json.Unmarshal(e.Body, &c); err != nil {
					return fmt.Errorf("read a contribution: %w", err)
				}
				if c.Period == period {
					members[c.Member] = true
				}
				list = append(list, c)
			}
			if len(some) == 0 {
				break
			}
		}
		if len(members) < casework.LeastMembers {
			return fmt.Errorf("%w: %d members contributed for %s, and a sum of fewer than %d would show theirs", casework.ErrGroup, len(members), period, casework.LeastMembers)
		}
		out = &GroupSums{Group: id, Period: period, Members: len(members), Emerging: casework.Emerge(list, period)}
		out.Sums, out.Left = casework.Together(list, period)
		if err := n.keepSums(tx, g, out); err != nil {
			return err
		}
		if _, err := n.enqueue(tx, say{to: groupMembers(&g.Group), kind: "group.sums", subject: kindGroup + "/" + g.ID, purpose: g.Purpose, legalBasis: g.LegalBasis, body: out}); err != nil {
			return err
		}
		for i := range out.Emerging {
			k := out.Emerging[i].Proposal(g.Owner, period, n.now())
			k.Rev = 1
			if k.ID, err = newID(); err != nil {
				return err
			}
			if _, err := n.keepKnowledge(tx, g, &k); err != nil {
				return err
			}
			if err := n.tellKnowledge(tx, g, &k, groupMembers(&g.Group)); err != nil {
				return err
			}
		}
		return nil
	})
	n.stir()
	return out, err
}

func (n *Node) keepSums(tx *store.Tx, g *groupBody, s *GroupSums) error {
	now := n.now()
	_, err := tx.EntryByID(g.Num, kindSums, s.Period)
	if errors.Is(err, store.ErrNone) {
		return tx.AddEntries([]*store.Entry{{Num: g.Num, Kind: kindSums, ID: s.Period, At: now, Recorded: now, Changed: now, Person: g.Owner, Title: s.Period, Body: mustJSON(s)}}, [][]string{nil})
	}
	return err
}

func (n *Node) gotSums(tx *store.Tx, st *envelope.Statement) (string, error) {
	s, err := decode[GroupSums](st.Body)
	if err != nil {
		return "", err
	}
	g, err := groupOf(tx, st, s.Group)
	if err != nil {
		return "", err
	}
	if _, _, err := casework.Period(s.Period); err != nil || len(s.Sums) > 100_000 {
		return "", &rejected{code: "group", text: "these are no sums"}
	}
	return store.Stored, n.keepSums(tx, g, s)
}

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
		k = nil
		if err := eachOf(tx, g.Num, entry, &k); err != nil {
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

// Contribute contributes counts to a group for a period: those that this member agreed to, without small ones.
func (n *Node) Contribute(ctx context.Context, w Who, group, period string, counts []casework.Tally, dry bool) (c *casework.Contribution, left int, err error) {
	if err := n.allow(w, "group"); err != nil {
		return nil, 0, err
	}
	err = n.store.Read(ctx, func(tx *store.Tx) error {
		_, g, err := getGroup(tx, group)
		if err == nil {
			c, left, err = casework.Contribute(&g.Group, n.config.Member, period, counts, n.now())
		}
		return err
	})
	if err != nil || dry {
		return c, left, err
	}
	_, err = n.SayInGroup(ctx, w, GroupSay{Group: group, Do: "contribute", Counts: c})
	return c, left, err
}

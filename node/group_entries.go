package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"tarir/audit"
	"tarir/casework"
	"tarir/exchange/envelope"
	"tarir/store"
)

// What is said in a group, and the entries that come of it.

func (n *Node) tellKnowledge(tx *store.Tx, g *groupBody, k *casework.Knowledge, to []string) error {
	_, err := n.enqueue(tx, say{to: to, kind: "group.entry", subject: kindGroup + "/" + g.ID, purpose: g.Purpose, legalBasis: g.LegalBasis, body: groupEntry{g.ID, *k}})
	return err
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
	k, err := knowledgeOf(tx, g.Num, s.Entry)
	if err != nil {
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

// knowledgeOf is an entry of a group, by its id; nil if there is none.
func knowledgeOf(tx *store.Tx, num int64, id string) (*casework.Knowledge, error) {
	for _, kind := range casework.KnowledgeKinds {
		e, err := tx.EntryByID(num, string(kind), id)
		if errors.Is(err, store.ErrNone) {
			continue
		}
		if err != nil {
			return nil, err
		}
		k := &casework.Knowledge{}
		if err := json.Unmarshal(e.Body, k); err != nil {
			return nil, fmt.Errorf("read an entry of a group: %w", err)
		}
		return k, nil
	}
	return nil, nil
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

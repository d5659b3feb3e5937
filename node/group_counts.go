package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"tarir/audit"
	"tarir/casework"
	"tarir/exchange/envelope"
	"tarir/store"
)

// What the members of a group count together: what each contributes, and the sums that all are told.

// GroupSums are what the members of a group counted together in a period.
type GroupSums struct {
	Group    string              `json:"group"`
	Period   string              `json:"period"`
	Members  int                 `json:"members"` // that contributed
	Sums     []casework.Sum      `json:"sums"`
	Left     int                 `json:"left_out"` // sums of too few members
	Emerging []casework.Emerging `json:"emerging"`
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

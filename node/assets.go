package node

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"tarir/audit"
	"tarir/casework"
	"tarir/notice"
	"tarir/store"
)

// Assets are entries of cases. What is done with one is written down as a move; the money of a case, or of several, is added up so that no
// part of an asset counts in two states, and no asset twice though two cases have it.

// assetIn reads an asset of a case.
func assetIn(tx *store.Tx, c *casework.Case, seq int64) (*store.Entry, *casework.Asset, error) {
	e, err := entryIn(tx, c, seq)
	if err != nil {
		return nil, nil, err
	}
	var a casework.Asset
	if e.Kind != string(casework.AssetEntry) || json.Unmarshal(e.Body, &a) != nil {
		return nil, nil, fmt.Errorf("%w: entry %d is no asset", casework.ErrAsset, seq)
	}
	return e, &a, nil
}

// MoveAsset writes down what was done with a part of an asset.
func (n *Node) MoveAsset(ctx context.Context, w Who, id string, seq, version int64, m casework.AssetMove) (out *casework.Asset, err error) {
	m.Person = w.Person
	if m.At.IsZero() {
		m.At = n.now()
	}
	if m.Reason == "" {
		m.Reason = w.Reason
	}
	err = n.work(ctx, w, id, casework.CaseWrite, audit.Change, "asset "+string(m.To), func(tx *store.Tx, c *casework.Case) error {
		e, a, err := assetIn(tx, c, seq)
		if err != nil {
			return err
		}
		if err := a.Move(m); err != nil {
			return err
		}
		to, err := casework.ReadEntry(casework.AssetEntry, mustJSON(a))
		if err != nil {
			return err
		}
		out = a
		if version == 0 {
			version = e.Version
		}
		return n.writeEntry(tx, w, c, e, version, to)
	})
	return out, err
}

// Money is what the assets of cases add up to.
type Money struct {
	Assets int                          `json:"assets"`
	Sums   casework.Sums                `json:"sums"`
	Shares map[string]map[string]string `json:"shares,omitempty"` // of the proceeds known: currency, state, percent
}

// CaseMoney adds up the assets of cases. Proceeds, by currency, are what they are compared with.
func (n *Node) CaseMoney(ctx context.Context, w Who, ids []string, proceeds map[string]string) (*Money, error) {
	var all []casework.Asset
	seen := map[string]bool{}
	for _, id := range ids {
		err := n.work(ctx, w, id, casework.CaseRead, audit.Access, "money", func(tx *store.Tx, c *casework.Case) error {
			for after := int64(0); ; {
				list, err := tx.Entries(c.Num, string(casework.AssetEntry), after, 1000)
				if err != nil || len(list) == 0 {
					return err
				}
				for _, e := range list {
					var a casework.Asset
					if err := json.Unmarshal(e.Body, &a); err != nil {
						return err
					}
					if after = e.Seq; !seen[a.ID] {
						seen[a.ID] = true
						all = append(all, a)
					}
				}
			}
		})
		if err != nil {
			return nil, err
		}
	}
	out := &Money{Assets: len(all), Sums: casework.SumAssets(all)}
	for currency, p := range proceeds {
		for _, s := range casework.AssetStates {
			if share := out.Sums.Share(currency, s, p); share != "" {
				if out.Shares == nil {
					out.Shares = map[string]map[string]string{}
				}
				if out.Shares[currency] == nil {
					out.Shares[currency] = map[string]string{}
				}
				out.Shares[currency][string(s)] = share
			}
		}
	}
	return out, nil
}

// SilverFor makes the draft of a silver notice from an asset of a case, and writes into the case that it did. A person completes it.
func (n *Node) SilverFor(ctx context.Context, w Who, id string, seq int64) (*notice.Record, error) {
	var f notice.Form
	err := n.work(ctx, w, id, casework.CaseRead, audit.Access, "asset", func(tx *store.Tx, c *casework.Case) error {
		if err := c.May(w.Person, casework.CaseWrite); err != nil {
			return err
		}
		_, a, err := assetIn(tx, c, seq)
		if err != nil {
			return err
		}
		f = a.Silver(n.config.Member, n.now())
		f.Case = c.ID
		return nil
	})
	if err != nil {
		return nil, err
	}
	r, err := n.Draft(ctx, w, f, nil)
	if err != nil {
		return nil, err
	}
	_, err = n.AddToCase(ctx, w, id, []NewEntry{{Kind: casework.RecordEntry, Body: mustJSON(casework.Ref{Kind: kindRequest, ID: r.ID})}})
	return r, err
}

// StopFor is the form of a request to stop a payment, from an asset of a case.
func (n *Node) StopFor(ctx context.Context, w Who, id string, seq int64) (out casework.StopForm, err error) {
	err = n.work(ctx, w, id, casework.CaseRead, audit.Access, "asset", func(tx *store.Tx, c *casework.Case) error {
		_, a, err := assetIn(tx, c, seq)
		if err != nil {
			return err
		}
		if out, err = a.StopPayment(); err != nil {
			return err
		}
		// The payments that brought money there and are in this case stand in it already.
		asset, err := casework.ReadEntry(casework.AssetEntry, mustJSON(a))
		if err != nil || len(asset.Selectors) == 0 {
			return err
		}
		f, err := tx.SearchEntries(c.Num, asset.Selectors[:1], 50)
		if err != nil {
			return err
		}
		for _, e := range slices.Backward(f.Entries) {
			var p casework.CasePayment
			if e.Kind == string(casework.PaymentEntry) && json.Unmarshal(e.Body, &p) == nil && p.To == a.Identifier {
				out.Payments = append(out.Payments, p.Payment)
			}
		}
		return nil
	})
	return out, err
}

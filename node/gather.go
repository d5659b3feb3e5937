package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"tarir/audit"
	"tarir/casework"
	"tarir/hit"
	"tarir/store"
)

// What a node has done itself in the time of an operation is reported from its own records: checks from the audit log, day by day, hits, notices
// of its own by colour, and what stop-payments held. Hits and stops that two members have stand under the same id at both, so they count once.

// databases says which database a check of the audit log asked.
var databases = map[string]string{"name": "persons", "document": "documents", "vehicle": "vehicles"}

// GatherReports makes the reports of an operation from what this node did, and reports them. Gathered again it reports what has changed since.
func (n *Node) GatherReports(ctx context.Context, w Who, id string) (taken int, err error) {
	if err := n.allow(w, "operation"); err != nil {
		return 0, err
	}
	var o *operationBody
	err = n.store.Read(ctx, func(tx *store.Tx) (err error) {
		_, o, err = getOperation(tx, id)
		return err
	})
	if err != nil {
		return 0, err
	}
	list, err := n.checksIn(ctx, o)
	if err != nil {
		return 0, err
	}
	err = n.store.Read(ctx, func(tx *store.Tx) error {
		more, err := n.recordsIn(tx, o)
		if err == nil {
			list = append(list, more...)
		}
		return err
	})
	if err != nil || len(list) == 0 {
		return 0, err
	}
	return n.ReportOperation(ctx, w, id, list)
}

// checksIn counts the checks of each day and database.
func (n *Node) checksIn(ctx context.Context, o *operationBody) (out []casework.Report, err error) {
	type key struct{ day, database string }
	count, last := map[key]int64{}, map[key]time.Time{}
	err = n.audit.Each(ctx, audit.Filter{From: o.From, To: o.To, Action: audit.Query}, func(_ int64, e *audit.Entry) error {
		if e.Result != "hit" && e.Result != "no hit" { // a list, a search in a case
			return nil
		}
		k := key{e.At.UTC().Format(time.DateOnly), databases[e.Kind]}
		count[k]++
		last[k] = e.At
		return nil
	})
	for _, k := range slices.SortedFunc(maps.Keys(count), func(a, b key) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.database, b.database))
	}) {
		r := casework.Report{Measure: "checks", Record: fmt.Sprintf("checks/%s/%s/%s", n.config.Member, k.day, k.database), At: last[k], Number: count[k]}
		if k.database != "" {
			r.Tags = map[string]string{"database": k.database}
		}
		out = append(out, r)
	}
	return out, err
}

// recordsIn are the hits, notices and stops of the time of an operation.
func (n *Node) recordsIn(tx *store.Tx, o *operationBody) (out []casework.Report, err error) {
	within := func(t time.Time) bool { return !t.Before(o.From) && t.Before(o.To) }
	hits, err := tx.Items(store.Query{Kind: kindHit})
	if err != nil {
		return nil, err
	}
	for _, it := range hits {
		h, err := body[hit.Hit](it)
		if err != nil {
			return nil, err
		}
		if !within(h.Made) {
			continue
		}
		confirmed := "no"
		if slices.ContainsFunc(h.Steps, func(s hit.Step) bool { return s.State == hit.Confirmed }) {
			confirmed = "yes"
		}
		out = append(out, casework.Report{Measure: "hits", Record: "hit/" + h.ID, At: h.Since, Tags: map[string]string{"confirmed": confirmed}})
	}
	requests, err := tx.Items(store.Query{Kind: kindRequest})
	if err != nil {
		return nil, err
	}
	for _, it := range requests {
		b, err := body[requestBody](it)
		if err != nil {
			return nil, err
		}
		if r := b.Record; r != nil && within(r.Published) && slices.Contains(casework.MeasureOf("notices").Tags["colour"], string(r.Form.Colour)) {
			out = append(out, casework.Report{Measure: "notices", Record: "notice/" + r.ID, At: r.Published, Tags: map[string]string{"colour": string(r.Form.Colour)}})
		}
	}
	stops, err := tx.Items(store.Query{Kind: kindStop})
	if err != nil {
		return nil, err
	}
	for _, it := range stops {
		s, err := body[casework.Stop](it)
		if err != nil {
			return nil, err
		}
		if !within(s.Made) || s.Answer == nil || s.State != casework.BlockedFull && s.State != casework.BlockedPart {
			continue
		}
		out = append(out,
			casework.Report{Measure: "accounts_frozen", Record: "stop/" + s.ID, At: s.Since},
			casework.Report{Measure: "money", Record: "stop/" + s.ID, At: s.Since, Amount: s.Answer.Held, Currency: s.Answer.Currency, Tags: map[string]string{"state": "held"}})
	}
	for i := range out {
		r := out[i]
		r.Member = n.config.Member
		if err := r.Check(); err != nil {
			return nil, errors.Join(errors.New("a record of this node cannot be counted"), err)
		}
	}
	return out, nil
}

package analysis

import (
	"context"
	"path/filepath"
	"slices"
	"sync"

	"tarir/flat"
	"tarir/kept"
	"tarir/money/ledger"
)

// payments are those of a ledger that results name, for several goroutines. To read a few out of a million costs as much as a sweep over all, so they
// are read together, and kept for the next analysis beside the ledger: its rows never change.
type payments struct {
	l    *ledger.Ledger
	mu   sync.RWMutex
	rows []int64 // ascending
	list []*ledger.Payment
	path string  // where they are kept; empty: nowhere
	more bool    // than are kept
	used []int64 // rows that were asked for: these are kept

	refs    map[int64]string // what further payments go by, of which nothing else is needed
	usedRef []int64
}

// paymentsOf begins with none.
func paymentsOf(l *ledger.Ledger) *payments { return &payments{l: l, refs: map[int64]string{}} }

// namedFile keeps the payments that the results of the last analysis named.
const namedFile = "named.payments"

// namedPayments begins with what is kept beside a ledger.
func namedPayments(l *ledger.Ledger, dir string) *payments {
	p := paymentsOf(l)
	p.path = filepath.Join(dir, namedFile)
	text, ok := kept.Read(p.path, namedFrom)
	parts, err := flat.Frames(text)
	if !ok || err != nil || len(parts) < 3 {
		return p
	}
	// The first record says of which segments they are: the ledger may have been made anew or put back.
	var segments []string
	if flat.Decode(parts[0], func(c *flat.Coder) { c.Texts(&segments) }) != nil {
		return p
	}
	now := segmentSums(l)
	if len(segments) > len(now) || !slices.Equal(segments, now[:len(segments)]) {
		return p
	}
	var named []int64
	var refs []string
	if flat.Decode(parts[1], func(c *flat.Coder) { refFields(c, &named, &refs) }) != nil {
		return p
	}
	parts = parts[2:]
	rows, list, space := make([]int64, len(parts)), make([]*ledger.Payment, len(parts)), make([]ledger.Payment, len(parts))
	for i, part := range parts {
		if flat.Decode(part, func(c *flat.Coder) { namedFields(c, &rows[i], &space[i]) }) != nil {
			return p
		}
		list[i] = &space[i]
	}
	p.rows, p.list = rows, list
	for i, row := range named {
		p.refs[row] = refs[i]
	}
	return p
}

// keep keeps them for the next time, if there are more.
func (p *payments) keep() {
	if p.path == "" || !p.more {
		return
	}
	used := slices.Compact(slices.Sorted(slices.Values(p.used)))
	segments := segmentSums(p.l)
	text := flat.Encode(nil, func(c *flat.Coder) { c.Texts(&segments) })
	named := slices.Compact(slices.Sorted(slices.Values(p.usedRef)))
	named = slices.DeleteFunc(named, func(row int64) bool { _, full := slices.BinarySearch(used, row); return full })
	refs := make([]string, len(named))
	for i, row := range named {
		refs[i] = p.reference(row)
	}
	text = flat.Encode(text, func(c *flat.Coder) { refFields(c, &named, &refs) })
	for _, row := range used {
		text = flat.Encode(text, func(c *flat.Coder) { namedFields(c, &row, p.at(row)) })
	}
	_ = kept.Write(p.path, namedFrom, text) // without it the next analysis takes longer
}

const namedFrom = "named payments 2"

func segmentSums(l *ledger.Ledger) []string {
	var out []string
	for _, s := range l.Segments() {
		out = append(out, s.Payments.SHA256)
	}
	return out
}

// refFields goes through rows, of which each is told by how many it is after the one before, and what they go by.
func refFields(c *flat.Coder, rows *[]int64, refs *[]string) {
	c.Texts(refs)
	if c.Reading() {
		*rows = make([]int64, len(*refs))
	}
	before := int64(0)
	for i := range *rows {
		after := (*rows)[i] - before
		c.Number(&after)
		before += after
		(*rows)[i] = before
	}
}

func namedFields(c *flat.Coder, row *int64, p *ledger.Payment) {
	c.Number(row)
	c.Text(&p.Ref)
	c.Text(&p.Key)
	c.Number(&p.At)
	offset := int(p.OffsetMin)
	c.Small(&offset)
	p.OffsetMin = int16(offset)
	c.Flag(&p.DateOnly)
	for _, s := range []*string{&p.From.Institution, &p.From.Number, &p.To.Institution, &p.To.Number, &p.FromName, &p.ToName} {
		c.Text(s)
	}
	for _, m := range []*ledger.Money{&p.Paid, &p.Received} {
		c.Number(&m.Units)
		scale := int(m.Scale)
		c.Small(&scale)
		m.Scale = uint8(scale)
		c.Text(&m.Currency)
	}
	channel, status := int(p.Channel), int(p.Status)
	c.Small(&channel)
	c.Small(&status)
	p.Channel, p.Status = ledger.Channel(channel), ledger.Status(status)
	for _, s := range []*string{&p.MCC, &p.Purpose, &p.Place, &p.Device, &p.Extra, &p.File} {
		c.Text(s)
	}
	c.Number(&p.Line)
}

// refer reads what payments go by that are not there yet.
func (p *payments) refer(ctx context.Context, rows []int64) error {
	rows = slices.Compact(slices.Sorted(slices.Values(rows)))
	p.mu.Lock()
	p.usedRef = append(p.usedRef, rows...)
	rows = slices.DeleteFunc(rows, func(r int64) bool {
		if _, full := slices.BinarySearch(p.rows, r); full {
			return true
		}
		_, known := p.refs[r]
		return known
	})
	p.mu.Unlock()
	if len(rows) == 0 {
		return nil
	}
	refs, err := p.l.References(ctx, rows)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.more = true
	for i, row := range rows {
		p.refs[row] = refs[i]
	}
	return nil
}

// reference is what a payment goes by that was loaded or referred to.
func (p *payments) reference(row int64) string {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if i, full := slices.BinarySearch(p.rows, row); full {
		return p.list[i].Reference()
	}
	ref, ok := p.refs[row]
	if !ok {
		panic("analysis: a payment was not referred to")
	}
	return ref
}

// load reads the payments of rows that are not there yet.
func (p *payments) load(ctx context.Context, rows ...[]int64) error {
	more := slices.Compact(slices.Sorted(slices.Values(slices.Concat(rows...))))
	p.mu.Lock()
	p.used = append(p.used, more...)
	more = slices.DeleteFunc(more, func(r int64) bool { _, known := slices.BinarySearch(p.rows, r); return known })
	p.mu.Unlock()
	if len(more) == 0 {
		return nil
	}
	list, err := p.l.Read(ctx, more)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.more = true
	all, joined := make([]int64, 0, len(p.rows)+len(more)), make([]*ledger.Payment, 0, len(p.rows)+len(more))
	i := 0
	for k, r := range more {
		for i < len(p.rows) && p.rows[i] < r {
			all, joined = append(all, p.rows[i]), append(joined, p.list[i])
			i++
		}
		if i < len(p.rows) && p.rows[i] == r { // another read it meanwhile
			continue
		}
		all, joined = append(all, r), append(joined, &list[k])
	}
	p.rows, p.list = append(all, p.rows[i:]...), append(joined, p.list[i:]...)
	return nil
}

// at is a payment that was loaded.
func (p *payments) at(row int64) *ledger.Payment {
	p.mu.RLock()
	defer p.mu.RUnlock()
	i, found := slices.BinarySearch(p.rows, row)
	if !found {
		panic("analysis: a payment was not loaded")
	}
	return p.list[i]
}

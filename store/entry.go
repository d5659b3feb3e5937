package store

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What is in cases. An entry is found by its words; each change keeps what stood there before.

// Entry is one thing in a case.
type Entry struct {
	Seq       int64
	Num, Home int64 // numbers of the case in which it is, and in which it was put
	Kind, ID  string
	At        time.Time
	Due       time.Time
	Recorded  time.Time
	Changed   time.Time
	Person    string
	Version   int64
	Title     string
	Body      json.RawMessage
}

const entryColumns = "seq, num, home, kind, id, at, due, recorded, changed, person, version, title, body"

func scanEntry(scan func(...any) error) (*Entry, error) {
	var e Entry
	var times [4]int64
	var body string
	err := scan(&e.Seq, &e.Num, &e.Home, &e.Kind, &e.ID, &times[0], &times[1], &times[2], &times[3], &e.Person, &e.Version, &e.Title, &body)
	e.At, e.Due, e.Recorded, e.Changed, e.Body = when(times[0]), when(times[1]), when(times[2]), when(times[3]), json.RawMessage(body)
	return &e, err
}

// NextBlock takes n numbers of a counter and gives the first.
func (t *Tx) NextBlock(name string, n int64) (int64, error) {
	v, err := t.Setting(name)
	if err != nil {
		return 0, err
	}
	last := int64(0)
	if v != "" {
		if last, err = strconv.ParseInt(v, 10, 64); err != nil {
			return 0, fmt.Errorf("database: the counter %s is %q", name, v)
		}
	}
	return last + 1, t.Set(name, strconv.FormatInt(last+n, 10))
}

// AddEntries writes new entries, each with the words by which it is found. Their numbers, versions and homes are set.
func (t *Tx) AddEntries(list []*Entry, words [][]string) error {
	if len(list) == 0 {
		return nil
	}
	first, err := t.NextBlock("entry", int64(len(list)))
	if err != nil {
		return err
	}
	type word struct {
		word string
		seq  int64
		num  int64
	}
	var rows, index []any
	var all []word
	for i, e := range list {
		e.Seq, e.Version, e.Home = first+int64(i), 1, e.Num
		rows = append(rows, e.Seq, e.Num, e.Home, e.Kind, e.ID, micros(e.At), micros(e.Due), micros(e.Recorded), micros(e.Changed), e.Person, e.Version, e.Title, string(e.Body), kept(words[i]))
		for _, w := range words[i] {
			all = append(all, word{w, e.Seq, e.Num})
		}
	}
	// In the order of the index, so that what lies together is written together.
	slices.SortFunc(all, func(a, b word) int { return cmp.Or(cmp.Compare(a.word, b.word), cmp.Compare(a.seq, b.seq)) })
	for _, w := range all {
		index = append(index, w.num, w.word, w.seq)
	}
	if err := t.many(`INSERT INTO entry (`+entryColumns+`, words) VALUES `, 14, rows); err != nil {
		return err
	}
	return t.many(`INSERT INTO word (num, word, seq) VALUES `, 3, index)
}

// many writes many rows with few statements.
func (t *Tx) many(insert string, columns int, values []any) error {
	for most := blockSize / columns * columns; len(values) > 0; {
		n := min(len(values), most)
		var b strings.Builder
		b.WriteString(insert)
		for i := range n {
			switch {
			case i%columns != 0:
				b.WriteByte(',')
			case i > 0:
				b.WriteString("),(")
			default:
				b.WriteByte('(')
			}
			b.WriteString("$" + strconv.Itoa(i+1))
		}
		b.WriteByte(')')
		if _, err := t.exec(b.String(), values[:n]...); err != nil {
			return err
		}
		values = values[n:]
	}
	return nil
}

// ChangeEntry writes an entry that is there, if it still has the version, and keeps what stood there. It says whether it did.
func (t *Tx) ChangeEntry(e *Entry, words []string) (bool, error) {
	if _, err := t.exec(`INSERT INTO entry_old (seq, version, changed, person, body) SELECT seq, version, changed, person, body FROM entry WHERE seq=$1 AND version=$2 ON CONFLICT DO NOTHING`, e.Seq, e.Version); err != nil {
		return false, err
	}
	n, err := t.exec(`UPDATE entry SET at=$3, due=$4, changed=$5, person=$6, version=version+1, title=$7, body=$8 WHERE seq=$1 AND version=$2`,
		e.Seq, e.Version, micros(e.At), micros(e.Due), micros(e.Changed), e.Person, e.Title, string(e.Body))
	if err != nil || n == 0 {
		return false, err
	}
	e.Version++
	return true, t.reword(e.Seq, e.Num, words)
}

// kept are the words of an entry as they stand in it, so that they can be taken out of the index of words without looking through it.
func kept(words []string) string { return strings.Join(words, wordsApart) }

// wordsApart stands between words; none has it.
const wordsApart = "\x1f"

// unword takes an entry out of the index of words.
func (t *Tx) unword(seq int64) error {
	var num int64
	var words string
	err := t.each(`SELECT num, words FROM entry WHERE seq=$1`, []any{seq}, func(scan func(...any) error) error { return scan(&num, &words) })
	if err != nil || words == "" {
		return err
	}
	list := strings.Split(words, wordsApart)
	for len(list) > 0 {
		n := min(len(list), 500)
		args, marks := []any{num, seq}, make([]string, n)
		for i, w := range list[:n] {
			args = append(args, w)
			marks[i] = "$" + strconv.Itoa(i+3)
		}
		if _, err := t.exec(`DELETE FROM word WHERE num=$1 AND seq=$2 AND word IN (`+strings.Join(marks, ",")+`)`, args...); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

// reword puts other words into the index for an entry.
func (t *Tx) reword(seq, num int64, words []string) error {
	if err := t.unword(seq); err != nil {
		return err
	}
	if _, err := t.exec(`UPDATE entry SET words=$2 WHERE seq=$1`, seq, kept(words)); err != nil {
		return err
	}
	var index []any
	for _, w := range words {
		index = append(index, num, w, seq)
	}
	return t.many(`INSERT INTO word (num, word, seq) VALUES `, 3, index)
}

// ReplaceEntry writes what an entry says and the words by which it is found, and destroys what stood there before.
func (t *Tx) ReplaceEntry(seq int64, body json.RawMessage, words []string) error {
	e, err := t.EntryOf(seq)
	if err != nil {
		return err
	}
	if _, err := t.exec(`DELETE FROM entry_old WHERE seq=$1`, seq); err != nil {
		return err
	}
	if _, err := t.exec(`UPDATE entry SET body=$2 WHERE seq=$1`, seq, string(body)); err != nil {
		return err
	}
	return t.reword(seq, e.Num, words)
}

// DeleteEntry destroys an entry and what stood there before.
func (t *Tx) DeleteEntry(seq int64) error {
	if err := t.unword(seq); err != nil {
		return err
	}
	for _, q := range []string{`DELETE FROM entry_old WHERE seq=$1`, `DELETE FROM entry WHERE seq=$1`} {
		if _, err := t.exec(q, seq); err != nil {
			return err
		}
	}
	return nil
}

// EntryOf reads an entry; ErrNone.
func (t *Tx) EntryOf(seq int64) (*Entry, error) {
	return t.oneEntry(`seq=$1`, seq)
}

// EntryByID reads an entry that was put into a case under an id; ErrNone.
func (t *Tx) EntryByID(home int64, kind, id string) (*Entry, error) {
	return t.oneEntry(`home=$1 AND kind=$2 AND id=$3`, home, kind, id)
}

func (t *Tx) oneEntry(where string, args ...any) (*Entry, error) {
	list, err := t.entries(where, args...)
	if err == nil && len(list) == 0 {
		return nil, ErrNone
	}
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

func (t *Tx) entries(where string, args ...any) (out []*Entry, err error) {
	err = t.each(`SELECT `+entryColumns+` FROM entry WHERE `+where, args, func(scan func(...any) error) error {
		e, err := scanEntry(scan)
		out = append(out, e)
		return err
	})
	return out, err
}

// Entries gives entries of a case in the order in which they came, after a number; of one kind, or of all.
func (t *Tx) Entries(num int64, kind string, after int64, limit int) ([]*Entry, error) {
	if kind == "" {
		return t.entries(`num=$1 AND seq>$2 ORDER BY seq LIMIT `+strconv.Itoa(limit), num, after)
	}
	return t.entries(`num=$1 AND kind=$2 AND seq>$3 ORDER BY seq LIMIT `+strconv.Itoa(limit), num, kind, after)
}

// LastEntries gives the entries of a case that came last, the last first.
func (t *Tx) LastEntries(num int64, limit int) ([]*Entry, error) {
	return t.entries(`num=$1 ORDER BY seq DESC LIMIT `+strconv.Itoa(limit), num)
}

// Told gives entities and findings of a case in the order in which they changed, behind one that changed at a moment and has a number.
func (t *Tx) Told(num int64, changed time.Time, seq int64, limit int) ([]*Entry, error) {
	at := micros(changed)
	return t.entries(`num=$1 AND kind IN ('entity', 'finding') AND (changed>$2 OR changed=$2 AND seq>$3) ORDER BY changed, seq LIMIT `+strconv.Itoa(limit), num, at, seq)
}

// Timeline gives entries of a case by when they happened, the last first, before a moment and from one on.
func (t *Tx) Timeline(num int64, from, before time.Time, limit int) ([]*Entry, error) {
	if before.IsZero() {
		before = time.UnixMicro(1<<62 - 1)
	}
	return t.entries(`num=$1 AND at>=$2 AND at<$3 ORDER BY at DESC, seq DESC LIMIT `+strconv.Itoa(limit), num, micros(from), before.UnixMicro())
}

// DueEntries gives entries of a case that have a deadline, the next first.
func (t *Tx) DueEntries(num int64, limit int) ([]*Entry, error) {
	return t.entries(`num=$1 AND due<>0 ORDER BY due, seq LIMIT `+strconv.Itoa(limit), num)
}

// OldEntries gives what stood in an entry before, the first first; of Body, Changed, Person and Version.
func (t *Tx) OldEntries(seq int64) (out []*Entry, err error) {
	err = t.each(`SELECT version, changed, person, body FROM entry_old WHERE seq=$1 ORDER BY version`, []any{seq}, func(scan func(...any) error) error {
		e, changed, body := &Entry{Seq: seq}, int64(0), ""
		err := scan(&e.Version, &changed, &e.Person, &body)
		e.Changed, e.Body = when(changed), json.RawMessage(body)
		out = append(out, e)
		return err
	})
	return out, err
}

// mostMoved is how many entries are moved one by one; for more, all words of the case are looked through.
const mostMoved = 5000

// MoveEntries moves what was put into one case and is in another one to a third, or all that is in a case where home is 0.
func (t *Tx) MoveEntries(num, home, to int64) error {
	where, args := "num=$1", []any{num}
	if home != 0 {
		where, args = where+" AND home=$2", append(args, home)
	}
	var seqs []int64
	if err := t.each(`SELECT seq FROM entry WHERE `+where+` ORDER BY seq LIMIT `+strconv.Itoa(mostMoved+1), args, func(scan func(...any) error) error {
		var seq int64
		err := scan(&seq)
		seqs = append(seqs, seq)
		return err
	}); err != nil {
		return err
	}
	if len(seqs) <= mostMoved {
		for _, seq := range seqs {
			if err := t.move(seq, to); err != nil {
				return err
			}
		}
		return nil
	}
	args = append(args, to)
	mark := "$" + strconv.Itoa(len(args))
	// The words first, while the entries are still where they were.
	if _, err := t.exec(`UPDATE word SET num=`+mark+` WHERE num=$1 AND seq IN (SELECT seq FROM entry WHERE `+where+`)`, args...); err != nil {
		return err
	}
	_, err := t.exec(`UPDATE entry SET num=`+mark+` WHERE `+where, args...)
	return err
}

// move moves an entry and its words to another case.
func (t *Tx) move(seq, to int64) error {
	var words string
	if err := t.value(&words, `SELECT words FROM entry WHERE seq=$1`, seq); err != nil {
		return err
	}
	if err := t.unword(seq); err != nil {
		return err
	}
	if _, err := t.exec(`UPDATE entry SET num=$2 WHERE seq=$1`, seq, to); err != nil {
		return err
	}
	if words == "" {
		return nil
	}
	var index []any
	for _, w := range strings.Split(words, wordsApart) {
		index = append(index, to, w, seq)
	}
	return t.many(`INSERT INTO word (num, word, seq) VALUES `, 3, index)
}

// EntriesWith gives entries of a case that have a word, exactly, those that came first first.
func (t *Tx) EntriesWith(num int64, word string, limit int) ([]*Entry, error) {
	return t.entries(`seq IN (SELECT seq FROM word WHERE num=$1 AND word=$2 ORDER BY seq LIMIT `+strconv.Itoa(limit)+`) ORDER BY seq`, num, word)
}

// HasWord says whether an entry of a case other than one has a word.
func (t *Tx) HasWord(num int64, word string, except int64) (bool, error) {
	var n int64
	err := t.value(&n, `SELECT COUNT(*) FROM (SELECT 1 FROM word WHERE num=$1 AND word=$2 AND seq<>$3 LIMIT 1) AS x`, num, word, except)
	return n > 0, err
}

// A search looks through this many entries that have its rarest word, and through this many words that begin as its last one.
const (
	mostLooked = 100_000
	mostBegun  = 50
	rareEnough = 2_000
)

// Found is what a search found. Cut says that more could be there.
type Found struct {
	Entries []*Entry
	Cut     bool
}

// SearchEntries gives the entries of a case that have all words, those that came last first. The last word may be the beginning of one.
func (t *Tx) SearchEntries(num int64, words []string, limit int) (*Found, error) {
	out := &Found{}
	if len(words) == 0 {
		return out, nil
	}
	last := words[len(words)-1]
	ends, err := t.beginning(num, last)
	if err != nil {
		return nil, err
	}
	if len(ends) == mostBegun {
		out.Cut = true
	}
	type term struct {
		any  []string // one of them
		many int64    // at least, or as many as rareEnough
	}
	terms := []term{{any: ends}}
	for _, w := range slices.Compact(slices.Sorted(slices.Values(words[:len(words)-1]))) {
		terms = append(terms, term{any: []string{w}})
	}
	for i := range terms {
		for _, w := range terms[i].any {
			var n int64
			if err := t.value(&n, `SELECT COUNT(*) FROM (SELECT 1 FROM word WHERE num=$1 AND word=$2 LIMIT `+strconv.Itoa(rareEnough)+`) AS x`, num, w); err != nil {
				return nil, err
			}
			if terms[i].many += n; terms[i].many >= rareEnough {
				break
			}
		}
		if terms[i].many == 0 {
			return out, nil
		}
	}
	slices.SortStableFunc(terms, func(a, b term) int { return int(a.many - b.many) })
	// The rarest word leads; of each entry that has it, the others are asked.
	args := []any{num}
	in := func(list []string) string {
		marks := make([]string, len(list))
		for i, w := range list {
			args = append(args, w)
			marks[i] = "$" + strconv.Itoa(len(args))
		}
		return strings.Join(marks, ",")
	}
	lead := `SELECT DISTINCT seq FROM word WHERE num=$1 AND word IN (` + in(terms[0].any) + `) ORDER BY seq DESC LIMIT ` + strconv.Itoa(mostLooked)
	query := `SELECT w.seq FROM (` + lead + `) AS w WHERE 1=1`
	for _, k := range terms[1:] {
		query += ` AND EXISTS (SELECT 1 FROM word x WHERE x.num=$1 AND x.seq=w.seq AND x.word IN (` + in(k.any) + `))`
	}
	query += ` ORDER BY w.seq DESC LIMIT ` + strconv.Itoa(limit+1)
	var seqs []any
	if err := t.each(query, args, func(scan func(...any) error) error {
		var seq int64
		err := scan(&seq)
		seqs = append(seqs, seq)
		return err
	}); err != nil {
		return nil, err
	}
	if len(seqs) > limit {
		seqs, out.Cut = seqs[:limit], true
	} else if terms[0].many >= rareEnough {
		out.Cut = true // the words are so common that not every entry was looked at
	}
	if len(seqs) == 0 {
		return out, nil
	}
	marks := make([]string, len(seqs))
	for i := range seqs {
		marks[i] = "$" + strconv.Itoa(i+1)
	}
	out.Entries, err = t.entries(`seq IN (`+strings.Join(marks, ",")+`) ORDER BY seq DESC`, seqs...)
	return out, err
}

// beginning are the words of a case that begin like one.
func (t *Tx) beginning(num int64, word string) (out []string, err error) {
	// One word after the other, each by a look into the index: a common one stands there a million times.
	after := word
	query := `SELECT MIN(word) FROM word WHERE num=$1 AND word>=$2`
	for len(out) < mostBegun {
		var next *string
		if err := t.value(&next, query, num, after); err != nil {
			return nil, err
		}
		if next == nil || !strings.HasPrefix(*next, word) {
			return out, nil
		}
		out, after, query = append(out, *next), *next, `SELECT MIN(word) FROM word WHERE num=$1 AND word>$2`
	}
	return out, nil
}

// Sharing gives which items of a kind have which of the selectors, but for one; a selector that more than most of them have is common and
// given apart.
func (t *Tx) Sharing(kind, except string, values []string, most int) (found []Match, common []string, err error) {
	for _, v := range values {
		var some []Match
		err := t.each(`SELECT value, kind, id FROM selector WHERE value=$1 AND kind=$2 AND id<>$3 ORDER BY id LIMIT `+strconv.Itoa(most+1), []any{v, kind, except}, func(scan func(...any) error) error {
			var m Match
			err := scan(&m.Value, &m.Kind, &m.ID)
			some = append(some, m)
			return err
		})
		if err != nil {
			return nil, nil, err
		}
		if len(some) > most {
			common = append(common, v)
			continue
		}
		found = append(found, some...)
	}
	return found, common, nil
}

// SelectorsOf gives the selectors of an item, in order.
func (t *Tx) SelectorsOf(kind, id string, limit int) (out []string, err error) {
	err = t.each(`SELECT value FROM selector WHERE kind=$1 AND id=$2 ORDER BY value LIMIT `+strconv.Itoa(limit), []any{kind, id}, func(scan func(...any) error) error {
		var v string
		err := scan(&v)
		out = append(out, v)
		return err
	})
	return out, err
}

// AddSelectors adds selectors to those that an item has.
func (t *Tx) AddSelectors(kind, id string, values []string) error {
	var rows []any
	for _, v := range values {
		rows = append(rows, v, kind, id)
	}
	for most := blockSize / 3 * 3; len(rows) > 0; {
		n := min(len(rows), most)
		var b strings.Builder
		b.WriteString(`INSERT INTO selector (value, kind, id) VALUES `)
		for i := range n / 3 {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "($%d,$%d,$%d)", 3*i+1, 3*i+2, 3*i+3)
		}
		b.WriteString(` ON CONFLICT DO NOTHING`)
		if _, err := t.exec(b.String(), rows[:n]...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// DropSelector takes one selector from an item.
func (t *Tx) DropSelector(kind, id, value string) error {
	_, err := t.exec(`DELETE FROM selector WHERE kind=$1 AND id=$2 AND value=$3`, kind, id, value)
	return err
}

// MoveEntry moves one entry to another case, where it is at home from then on.
func (t *Tx) MoveEntry(seq, to int64) error {
	if err := t.move(seq, to); err != nil {
		return err
	}
	_, err := t.exec(`UPDATE entry SET home=$2 WHERE seq=$1`, seq, to)
	return err
}

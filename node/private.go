package node

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"tarir/audit"
	"tarir/casework"
	"tarir/entity"
	"tarir/exchange/envelope"
	"tarir/exchange/register"
	"tarir/handling"
	"tarir/match"
	"tarir/private"
	"tarir/store"
	"tarir/watchlist"
)

// A private check between two members (see package private) is a job of who asks. It opens the job at the keeper, who makes a key for it
// alone and sends the set of the tags of what it may tell that member; then goes request after request, each answered by the keeper as
// far as its limit of the day allows. What was sent and answered stays in files and records, so that a job goes on after a restart where
// it was. Victims and witnesses are in no set.

const (
	kindPrivate  = "private"         // a job of this node's own
	kindKeptJob  = "private.key"     // a job of another member's, at the keeper
	kindPending  = "private.request" // of such a job, not answered yet
	privatePart  = 500 << 10         // bytes of a set in one letter
	privateAhead = 8                 // requests on their way at once
)

// PrivateJob is a private check that this node asks for.
type PrivateJob struct {
	ID       string           `json:"id"`
	Keeper   string           `json:"keeper"`
	State    string           `json:"state"` // opening, asking, done, refused
	Why      string           `json:"why,omitempty"`
	Rows     int              `json:"rows"`
	Things   int              `json:"things"`
	Requests int              `json:"requests"`
	Sent     int              `json:"sent"`
	Answered int              `json:"answered"`
	Hits     int              `json:"hits"` // rows
	Set      int              `json:"set"`  // tags that the keeper's list has, with those that make its size round
	Result   string           `json:"result,omitempty"`
	Person   string           `json:"person"`
	Purpose  handling.Purpose `json:"purpose"`
	Basis    string           `json:"legal_basis"`
	Secret   []byte           `json:"secret,omitempty"`
	Parts    int              `json:"parts,omitempty"`
}

// keptJob is such a job at the keeper.
type keptJob struct {
	Key     []byte `json:"key,omitempty"`
	Purpose string `json:"purpose"`
	Basis   string `json:"legal_basis"`
}

type (
	privateOpen struct {
		Job string `json:"job"`
	}
	privateSet struct {
		Job     string `json:"job"`
		Part    int    `json:"part"` // from 1
		Parts   int    `json:"parts"`
		Data    []byte `json:"data,omitempty"`
		Refused string `json:"refused,omitempty"`
	}
	privateRequest struct {
		Job     string `json:"job"`
		Number  int    `json:"number"` // from 1
		Blinded []byte `json:"blinded"`
	}
	privateAnswer struct {
		Job    string `json:"job"`
		Number int    `json:"number"`
		Answer []byte `json:"answer"`
	}
)

func (n *Node) privateDir(job string) string { return n.path(filepath.Join("private", job)) }

// writeOnce writes a file that is there whole or not at all.
func writeOnce(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return os.Rename(f.Name(), path)
}

// PrivateAsk begins a job: for each row of a CSV table (columns as for tarir check), or for each of the node's own records where table is
// nil, whether the keeper knows it.
func (n *Node) PrivateAsk(ctx context.Context, w Who, keeper string, table io.Reader) (*PrivateJob, error) {
	return n.askPrivately(ctx, w, keeper, func(add func(row string, things []string)) error {
		if table == nil {
			return n.ownThings(ctx, func(r *match.Record, _ *handling.Label) { add(r.ID, private.Things(r)) })
		}
		return watchlist.Rows(table, func(row int, r *match.Record, wrong error) error {
			if wrong != nil || r == nil {
				add(strconv.Itoa(row), nil)
				return nil
			}
			add(strconv.Itoa(row), private.Things(r))
			return nil
		})
	})
}

// askPrivately begins a job about what fill adds.
func (n *Node) askPrivately(ctx context.Context, w Who, keeper string, fill func(add func(row string, things []string)) error) (*PrivateJob, error) {
	if err := n.allow(w, "read"); err != nil {
		return nil, err
	}
	if w.Purpose == "" || strings.TrimSpace(w.LegalBasis) == "" {
		return nil, fmt.Errorf("%w: give purpose and legal basis before a query", ErrNotAllowed)
	}
	if !slices.ContainsFunc(n.active(), func(m *register.Member) bool { return m.ID == keeper }) || keeper == n.config.Member {
		return nil, fmt.Errorf("%q is no other member of the exchange", keeper)
	}
	id, err := newID()
	if err != nil {
		return nil, err
	}
	secret, err := private.NewSecret(rand.Reader)
	if err != nil {
		return nil, err
	}
	j := &PrivateJob{ID: id, Keeper: keeper, State: "opening", Person: w.Person, Purpose: w.Purpose, Basis: w.LegalBasis, Secret: secret}
	var things bytes.Buffer // row, a tab, thing
	add := func(row string, list []string) {
		j.Rows++
		for _, t := range list {
			j.Things++
			fmt.Fprintf(&things, "%s\t%s\n", row, t)
		}
	}
	err = fill(add)
	if err != nil {
		return nil, err
	}
	if j.Things == 0 {
		return nil, errors.New("there is nothing that can be asked privately: give strong numbers (document, account, phone, …), or names with full dates of birth")
	}
	j.Requests = (j.Things + private.Most - 1) / private.Most
	if err := writeOnce(filepath.Join(n.privateDir(id), "things"), things.Bytes()); err != nil {
		return nil, fmt.Errorf("begin the private check: %w", err)
	}
	if err := n.record(w, audit.Query, kindPrivate, id, keeper, fmt.Sprintf("private check of %d rows", j.Rows)); err != nil {
		return nil, err
	}
	err = n.store.Write(ctx, func(tx *store.Tx) error {
		if err := n.putPrivate(tx, j); err != nil {
			return err
		}
		_, err := n.enqueue(tx, say{to: []string{keeper}, kind: "private.open", subject: kindPrivate + "/" + id, purpose: w.Purpose, legalBasis: w.LegalBasis, body: privateOpen{id}})
		return err
	})
	return j, err
}

func (n *Node) putPrivate(tx *store.Tx, j *PrivateJob) error {
	now := n.now()
	return tx.Put(&store.Item{Kind: kindPrivate, ID: j.ID, Owner: n.config.Member, State: j.State, Recorded: now, Changed: now, Ends: now.AddDate(0, 3, 0), Body: mustJSON(j)})
}

// Private says how a job stands.
func (n *Node) Private(ctx context.Context, w Who, id string) (j *PrivateJob, err error) {
	if err := n.allow(w, "read"); err != nil {
		return nil, err
	}
	err = n.store.Read(ctx, func(tx *store.Tx) error {
		it, err := tx.Get(kindPrivate, id)
		if err == nil {
			j, err = body[PrivateJob](it)
		}
		return err
	})
	if err == nil && j.Person != w.Person { // what is asked and what came of it is theirs who asked
		err = fmt.Errorf("%w: no private check %s of %s here", store.ErrNone, id, w.Person)
	}
	if err != nil {
		return nil, err
	}
	j.Secret = nil
	return j, nil
}

// ownThings gives the node's own records with their labels, victims and witnesses left out.
func (n *Node) ownThings(ctx context.Context, each func(r *match.Record, l *handling.Label)) error {
	return n.store.Read(ctx, func(tx *store.Tx) error {
		for _, kind := range indexed {
			list, err := tx.Items(store.Query{Kind: kind})
			if err != nil {
				return err
			}
			for _, it := range list {
				l := labelOf(it)
				if l == nil || l.Status == handling.Victim || l.Status == handling.Witness || l.Minor {
					continue
				}
				r, ok, err := n.recordOf(tx, kind, it.ID)
				if err != nil {
					return err
				}
				if ok {
					each(&r, l)
				}
			}
		}
		if !n.config.Private.Cases {
			return nil
		}
		return caseThings(tx, each)
	})
}

// caseThings gives the numbers of open cases, each case as one record.
func caseThings(tx *store.Tx, each func(r *match.Record, l *handling.Label)) error {
	list, err := tx.Items(store.Query{Kind: kindCase, State: string(casework.CaseOpen)})
	if err != nil {
		return err
	}
	for _, it := range list {
		l := labelOf(it)
		if l == nil {
			continue
		}
		selectors, err := tx.SelectorsOf(kindCase, it.ID, mostOfCase)
		if err != nil {
			return err
		}
		each(&match.Record{ID: kindCase + "/" + it.ID, Schema: "Thing", Selectors: selectors}, l)
	}
	return nil
}

// mostOfCase is how many numbers of a case are asked about, and answered for, in private checks.
const mostOfCase = 100_000

// AskAboutCase asks another member privately which numbers and people of a case it knows: neither learns more. The question stands in the case; its
// result names entries by kind and id, and numbers by themselves.
func (n *Node) AskAboutCase(ctx context.Context, w Who, id, keeper string) (*PrivateJob, error) {
	var c *casework.Case
	type row struct {
		id     string
		things []string
	}
	var rows []row
	err := n.work(ctx, w, id, casework.CaseRead, audit.Access, "ask", func(tx *store.Tx, head *casework.Case) error {
		if err := head.May(w.Person, casework.CaseWrite); err != nil {
			return err
		}
		c, rows = head, nil
		selectors, err := tx.SelectorsOf(kindCase, id, mostOfCase)
		if err != nil {
			return err
		}
		for _, s := range selectors {
			rows = append(rows, row{s, private.Things(&match.Record{Selectors: []string{s}})})
		}
		return eachEntity(tx, c, func(e *store.Entry, f *entity.Entity) error {
			r, ok := match.Look(f)
			if !ok {
				return nil // it has nothing to ask about
			}
			r.Selectors = nil // they stand among those of the case
			if things := private.Things(&r); len(things) > 0 {
				rows = append(rows, row{e.Kind + "/" + e.ID, things})
			}
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	j, err := n.askPrivately(ctx, w.in(c, id), keeper, func(add func(string, []string)) error {
		for _, r := range rows {
			add(r.id, r.things)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return j, n.keepRequest(ctx, w, id, &casework.CaseRequest{
		Member: keeper, What: fmt.Sprintf("private check of %d numbers and people of this case", len(rows)), Letter: &casework.Ref{Kind: kindPrivate, ID: j.ID}, Sent: n.now(),
	})
}

// gotPrivateOpen begins a job of another member.
func (n *Node) gotPrivateOpen(tx *store.Tx, st *envelope.Statement) (string, error) {
	b, err := decode[privateOpen](st.Body)
	if err != nil {
		return "", err
	}
	if b.Job == "" || strings.ContainsAny(b.Job, "/\\.") {
		return "", &rejected{code: "private", text: "the job has no id"}
	}
	if it, err := tx.Get(kindKeptJob, b.Job); err == nil {
		if it.Owner != st.From {
			return "", &rejected{code: "private", text: "there is such a job of another member"}
		}
		return store.Stored, nil
	}
	now := n.now()
	return store.Stored, tx.Put(&store.Item{Kind: kindKeptJob, ID: b.Job, Owner: st.From, State: "wanted", Recorded: now, Changed: now, Ends: now.AddDate(0, 3, 0), Body: mustJSON(keptJob{Purpose: string(st.Purpose), Basis: st.LegalBasis})})
}

// gotPrivateSet takes up a part of the keeper's set.
func (n *Node) gotPrivateSet(tx *store.Tx, st *envelope.Statement) (string, error) {
	b, err := decode[privateSet](st.Body)
	if err != nil {
		return "", err
	}
	j, err := n.privateOf(tx, b.Job, st.From)
	if err != nil {
		return "", err
	}
	if b.Refused != "" {
		j.State, j.Why = "refused", b.Refused
		return store.Stored, n.putPrivate(tx, j)
	}
	if b.Part < 1 || b.Part > b.Parts || b.Parts > 1<<16 || j.State != "opening" {
		return "", &rejected{code: "private", text: "this is no part of a set that is waited for"}
	}
	if err := writeOnce(filepath.Join(n.privateDir(j.ID), "set", strconv.Itoa(b.Part)), b.Data); err != nil {
		return "", err
	}
	j.Parts = b.Parts
	list, err := filepath.Glob(filepath.Join(n.privateDir(j.ID), "set", "[0-9]*"))
	if err != nil {
		return "", err
	}
	if len(list) == b.Parts {
		j.State = "asking"
	}
	return store.Stored, n.putPrivate(tx, j)
}

func (n *Node) privateOf(tx *store.Tx, id, keeper string) (*PrivateJob, error) {
	it, err := tx.Get(kindPrivate, id)
	if errors.Is(err, store.ErrNone) {
		return nil, &rejected{code: "private", text: "there is no such private check here"}
	}
	if err != nil {
		return nil, err
	}
	j, err := body[PrivateJob](it)
	if err == nil && j.Keeper != keeper {
		return nil, &rejected{code: "private", text: "this private check asks another member"}
	}
	return j, err
}

// gotPrivateRequest keeps a request until it is answered.
func (n *Node) gotPrivateRequest(tx *store.Tx, st *envelope.Statement) (string, error) {
	b, err := decode[privateRequest](st.Body)
	if err != nil {
		return "", err
	}
	it, err := tx.Get(kindKeptJob, b.Job)
	if errors.Is(err, store.ErrNone) || err == nil && it.Owner != st.From {
		return "", &rejected{code: "private", text: "there is no such job of this member"}
	}
	if err != nil {
		return "", err
	}
	if b.Number < 1 || b.Number > 1<<24 || len(b.Blinded) == 0 || len(b.Blinded) > private.Most*private.ElementSize {
		return "", &rejected{code: "private", text: private.ErrRequest.Error()}
	}
	now := n.now()
	return store.Stored, tx.Put(&store.Item{Kind: kindPending, ID: fmt.Sprintf("%s/%08d", b.Job, b.Number), Owner: st.From, State: "wanted", Recorded: now, Changed: now, Ends: now.AddDate(0, 3, 0), Body: mustJSON(b)})
}

// gotPrivateAnswer keeps an answer.
func (n *Node) gotPrivateAnswer(tx *store.Tx, st *envelope.Statement) (string, error) {
	b, err := decode[privateAnswer](st.Body)
	if err != nil {
		return "", err
	}
	j, err := n.privateOf(tx, b.Job, st.From)
	if err != nil {
		return "", err
	}
	if b.Number < 1 || b.Number > j.Requests {
		return "", &rejected{code: "private", text: "nobody asked that"}
	}
	path := filepath.Join(n.privateDir(j.ID), "answers", strconv.Itoa(b.Number))
	if _, err := os.Stat(path); err == nil {
		return store.Stored, nil
	}
	if err := writeOnce(path, b.Answer); err != nil {
		return "", err
	}
	j.Answered++
	return store.Stored, n.putPrivate(tx, j)
}

// privately does the work of private checks, which takes long: tagging lists, answering, and taking blinds off.
func (n *Node) privately(ctx context.Context) error {
	for {
		if err := errors.Join(n.makeSets(ctx), n.answerPrivately(ctx), n.goOnAsking(ctx)); err != nil && ctx.Err() == nil {
			n.log.Error("private checks", "error", err.Error())
		}
		select {
		case <-n.asked:
		case <-time.After(n.every):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (n *Node) items(ctx context.Context, q store.Query) (list []*store.Item, err error) {
	err = n.store.Read(ctx, func(tx *store.Tx) (err error) { list, err = tx.Items(q); return err })
	return list, err
}

// makeSets makes the sets that members wait for.
func (n *Node) makeSets(ctx context.Context) error {
	list, err := n.items(ctx, store.Query{Kind: kindKeptJob, State: "wanted"})
	if err != nil {
		return err
	}
	for _, it := range list {
		if err := n.makeSet(ctx, it); err != nil {
			return err
		}
	}
	return nil
}

func (n *Node) makeSet(ctx context.Context, it *store.Item) error {
	k, err := body[keptJob](it)
	if err != nil {
		return err
	}
	say1 := func(b privateSet) say {
		return say{to: []string{it.Owner}, kind: "private.set", subject: kindKeptJob + "/" + it.ID, purpose: handling.Purpose(k.Purpose), legalBasis: k.Basis, body: b}
	}
	finish := func(state string, messages []privateSet) error {
		it.State, it.Changed, it.Body = state, n.now(), mustJSON(k)
		return n.store.Write(ctx, func(tx *store.Tx) error {
			for _, m := range messages {
				if _, err := n.enqueue(tx, say1(m)); err != nil {
					return err
				}
			}
			return tx.Put(it)
		})
	}
	if !n.config.Private.Answer {
		return finish("refused", []privateSet{{Job: it.ID, Refused: "this member does not answer private checks"}})
	}
	me, err := n.me()
	if err != nil {
		return err
	}
	var to *register.Member
	for _, m := range n.active() {
		if m.ID == it.Owner {
			to = m
		}
	}
	if to == nil {
		return finish("refused", nil)
	}
	var things []string
	err = n.ownThings(ctx, func(r *match.Record, l *handling.Label) {
		// What may not be sent to the member must not be learned by it either.
		asked := *l
		asked.Addressed = []string{to.ID}
		d := handling.Decide(&asked, handling.Request{Act: handling.Send, By: me.Party(), To: to.Party(), Person: clockPerson, Second: "-", Purpose: handling.Purpose(k.Purpose), LegalBasis: k.Basis}, n.now())
		if d.Allowed {
			things = append(things, private.Things(r)...)
		}
	})
	if err != nil {
		return err
	}
	slices.Sort(things)
	things = slices.Compact(things)
	key, err := private.NewKey(rand.Reader)
	if err != nil {
		return err
	}
	if k.Key, err = key.Bytes(); err != nil {
		return err
	}
	set, err := private.NewSet(ctx, key, things, rand.Reader)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := set.Write(&b); err != nil {
		return err
	}
	var parts []privateSet
	for chunk := range slices.Chunk(b.Bytes(), privatePart) {
		parts = append(parts, privateSet{Job: it.ID, Part: len(parts) + 1, Data: chunk})
	}
	for i := range parts {
		parts[i].Parts = len(parts)
	}
	if err := n.record(Who{Person: clockPerson, Purpose: handling.Purpose(k.Purpose), LegalBasis: k.Basis}, audit.Export, kindKeptJob, it.ID, it.Owner, "tags of a private check"); err != nil {
		return err
	}
	return finish("open", parts)
}

// answerPrivately answers requests, as far as the limit of the day allows each member.
func (n *Node) answerPrivately(ctx context.Context) error {
	list, err := n.items(ctx, store.Query{Kind: kindPending, State: "wanted"})
	if err != nil {
		return err
	}
	slices.SortFunc(list, func(a, b *store.Item) int { return strings.Compare(a.ID, b.ID) })
	limit := n.config.Private.Day
	if limit == 0 {
		limit = 2_000_000
	}
	for _, it := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		r, err := body[privateRequest](it)
		if err != nil {
			return err
		}
		count := len(r.Blinded) / private.ElementSize
		used := "private/" + it.Owner + "/" + n.now().UTC().Format(time.DateOnly)
		var k *keptJob
		var so int
		err = n.store.Read(ctx, func(tx *store.Tx) error {
			job, err := tx.Get(kindKeptJob, r.Job)
			if err == nil {
				k, err = body[keptJob](job)
			}
			if err != nil {
				return err
			}
			v, err := tx.Setting(used)
			so, _ = strconv.Atoi(v)
			return err
		})
		if err != nil && !errors.Is(err, store.ErrNone) {
			return err
		}
		if err == nil && so+count > limit {
			continue // tomorrow
		}
		var answer []byte
		if err == nil && len(k.Key) > 0 {
			var key *private.Key
			if key, err = private.ParseKey(k.Key); err != nil {
				return err
			}
			if answer, err = key.Evaluate(r.Blinded); err != nil && !errors.Is(err, private.ErrRequest) {
				return err
			}
		}
		err = n.store.Write(ctx, func(tx *store.Tx) error {
			if answer != nil {
				if err := tx.Set(used, strconv.Itoa(so+count)); err != nil {
					return err
				}
				if _, err := n.enqueue(tx, say{to: []string{it.Owner}, kind: "private.answer", subject: kindKeptJob + "/" + r.Job, purpose: handling.Purpose(k.Purpose), legalBasis: k.Basis, body: privateAnswer{r.Job, r.Number, answer}}); err != nil {
					return err
				}
			}
			_, err := tx.Delete(kindPending, it.ID)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// hurryPrivate wakes who works for private checks, once what came for them is kept.
func (n *Node) hurryPrivate() {
	select {
	case n.asked <- struct{}{}:
	default:
	}
}

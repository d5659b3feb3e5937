package node

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"tarir/handling"
	"tarir/match"
	"tarir/notice"
	"tarir/store"
)

// A record that is watched is a standing check: what becomes known later (a list that is loaded, a notice that comes, another record that
// is watched) is compared with it by name as any question is. What is alike is a lead, which somebody at the desk has to look at, and of
// which programs are told by a webhook, without saying who it is about. What agrees exactly with a notice is a hit (see watch.go).

const (
	kindLead = "lead"
	kindHook = "webhook" // a call that has not been answered yet
)

// StandingLead is what a standing check found.
type StandingLead struct {
	ID       string          `json:"id"`
	Watched  string          `json:"watched"` // id of the record that is watched
	Source   string          `json:"source"`
	Found    string          `json:"found"` // id of what it is like: of a list's record, or KIND/ID of the node's own
	Score    float64         `json:"score"`
	Features []match.Feature `json:"features"`
	Sentence string          `json:"sentence"`
	Made     time.Time       `json:"made"`
}

// leadID is the same for the same two records, so that nothing is told twice.
func (n *Node) leadID(watched, source, found string) string {
	h := hmac.New(sha256.New, []byte(n.sealed.Secret))
	h.Write([]byte("lead\x00" + watched + "\x00" + source + "\x00" + found))
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// compareStanding compares records that are new in the index with those that are watched; watched ones themselves with everything. It
// says how many leads it made.
func (n *Node) compareStanding(ctx context.Context, records []match.Record) (made int, err error) {
	for i := range records {
		r := &records[i]
		if len(r.Names) == 0 {
			continue // numbers meet exactly, see watch.go
		}
		a := &match.Ask{Schema: r.Schema, Names: r.Names, Births: r.Births, Countries: r.Countries, Sex: r.Sex, Selectors: r.Selectors}
		o := match.Options{Limit: 20, Except: []string{r.ID}}
		watched, isWatched := strings.CutPrefix(r.ID, kindWatch+"/")
		if isWatched = isWatched && r.Dataset == own; !isWatched {
			o.Datasets = []string{own}
		}
		got, err := n.find(ctx, a, o)
		if err != nil {
			return made, err
		}
		for _, h := range got.Hits {
			l := StandingLead{Score: h.Score, Features: h.Features, Sentence: h.Sentence()}
			other, otherWatched := strings.CutPrefix(h.Record.ID, kindWatch+"/")
			switch otherWatched = otherWatched && h.Record.Dataset == own; {
			case isWatched && otherWatched:
				continue // two of the own: who is the same is for entities to say
			case isWatched:
				l.Watched, l.Source, l.Found = watched, h.Record.Dataset, h.Record.ID
			case otherWatched:
				l.Watched, l.Source, l.Found = other, r.Dataset, r.ID
			default:
				continue
			}
			new, err := n.putLead(ctx, l)
			if err != nil {
				return made, err
			}
			if new {
				made++
			}
		}
	}
	return made, nil
}

// recheckMark is the setting that stands while a list is loaded.
const recheckMark = "recheck"

// recheck compares every record that is watched, where loading a list was interrupted.
func (n *Node) recheck(ctx context.Context) error {
	if !n.loading.TryLock() {
		return nil
	}
	defer n.loading.Unlock()
	var records []match.Record
	var due string
	err := n.store.Read(ctx, func(tx *store.Tx) (err error) {
		records = nil // it may be run again
		if due, err = tx.Setting(recheckMark); err != nil || due == "" {
			return err
		}
		list, err := tx.Items(store.Query{Kind: kindWatch})
		if err != nil {
			return err
		}
		for _, it := range list {
			r, ok, err := n.recordOf(tx, kindWatch, it.ID)
			if err != nil {
				return err
			}
			if ok {
				records = append(records, r)
			}
		}
		return nil
	})
	if err != nil || due == "" {
		return err
	}
	if _, err := n.compareStanding(ctx, records); err != nil {
		return err
	}
	return n.store.Write(ctx, func(tx *store.Tx) error { return tx.Unset(recheckMark) })
}

// aboutLead are the keys by which a lead is found when what it is about is destroyed.
func aboutLead(watched, found string) []string {
	return []string{"lead:" + kindWatch + "/" + watched, "lead:" + found}
}

// dropLeads destroys the leads about a record that is destroyed.
func (n *Node) dropLeads(tx *store.Tx, kind, id string) error {
	found, err := tx.Find(kindLead, []string{"lead:" + kind + "/" + id})
	if err != nil {
		return err
	}
	for _, m := range found {
		if _, err := tx.Delete(kindLead, m.ID); err != nil {
			return err
		}
		if err := tx.DoneTasks("lead", kindLead+"/"+m.ID, n.now()); err != nil {
			return err
		}
	}
	return nil
}

// bare is what a lead keeps of features where the other record is the node's own: what that says is read there, as long as it may be.
func bare(list []match.Feature) []match.Feature {
	out := slices.Clone(list)
	for i := range out {
		out[i].Why = ""
	}
	return out
}

// putLead keeps a lead that is not known yet, with a task and the calls of webhooks, in one transaction.
func (n *Node) putLead(ctx context.Context, l StandingLead) (fresh bool, err error) {
	if l.Source == own {
		l.Features, l.Sentence = bare(l.Features), ""
	}
	l.ID, l.Made = n.leadID(l.Watched, l.Source, l.Found), n.now()
	err = n.store.Write(ctx, func(tx *store.Tx) error {
		fresh = false // it may be run again
		if known, err := tx.Setting("lead/" + l.ID); err != nil || known != "" {
			return err
		}
		watched, err := tx.Get(kindWatch, l.Watched)
		if errors.Is(err, store.ErrNone) {
			return nil // destroyed since
		}
		if err != nil {
			return err
		}
		if kind, id, own := strings.Cut(l.Found, "/"); own && kind == kindNotice {
			if hit, err := tx.Setting("met/" + id + "/" + l.Watched); err != nil || hit != "" {
				return err // a hit already
			}
		}
		if err := tx.Set("lead/"+l.ID, l.Made.UTC().Format(time.RFC3339)); err != nil {
			return err
		}
		err = tx.Put(&store.Item{Kind: kindLead, ID: l.ID, Owner: n.config.Member, State: "possible", Recorded: l.Made, Changed: l.Made, Ends: watched.Ends, Label: watched.Label, Body: mustJSON(l)})
		if err != nil {
			return err
		}
		if err := tx.Select(kindLead, l.ID, aboutLead(l.Watched, l.Found)); err != nil {
			return err
		}
		if err := n.addTask(tx, store.Task{ID: "lead/" + l.ID, Kind: "lead", Subject: kindLead + "/" + l.ID, Due: l.Made}); err != nil {
			return err
		}
		fresh = true
		if len(n.config.Standing.Tell) > 0 {
			if err := tx.Set(tellMark+l.ID, string(watchedPurpose(watched))); err != nil {
				return err
			}
		}
		return nil
	})
	if fresh {
		n.counted.leads.Add(1)
	}
	return fresh, err
}

// tellMark names the setting that stands until members were told of a lead.
const tellMark = "tell/"

// watchedPurpose is for which a record is watched.
func watchedPurpose(it *store.Item) handling.Purpose {
	if l := labelOf(it); l != nil && l.Purpose != "" {
		return l.Purpose
	}
	return handling.Inform
}

// tellLeads tells the members that the configuration names of leads: that there is one, of which kind and how alike, under a reference by
// which they can ask. Each is told once, as the message has the lead's id.
func (n *Node) tellLeads(ctx context.Context) error {
	if len(n.config.Standing.Tell) == 0 {
		return nil
	}
	var marks []string
	err := n.store.Read(ctx, func(tx *store.Tx) (err error) { marks, err = tx.Settings(tellMark); return err })
	if err != nil {
		return err
	}
	for _, mark := range marks {
		var l *StandingLead
		var purpose string
		err := n.store.Read(ctx, func(tx *store.Tx) (err error) {
			l = nil // it may be run again
			if purpose, err = tx.Setting(mark); err != nil {
				return err
			}
			it, err := tx.Get(kindLead, strings.TrimPrefix(mark, tellMark))
			if errors.Is(err, store.ErrNone) {
				return nil // destroyed since
			}
			if err == nil {
				l, err = body[StandingLead](it)
			}
			return err
		})
		if err != nil {
			return err
		}
		if l != nil {
			what := "a record of the list " + l.Source
			if l.Source == own {
				what, _, _ = strings.Cut(l.Found, "/")
				what = "a " + what
			}
			c := n.config.Standing
			_, err = n.Send(ctx, Who{Person: c.Person, Purpose: handling.Purpose(purpose), LegalBasis: c.LegalBasis}, NewLetter{
				id: l.ID, Kind: kindMessage, To: c.Tell, Subject: "Standing check " + l.ID,
				Text: notice.Texts{"en": fmt.Sprintf("A record that %s watches is like %s (score %.2f). It is a lead, not an identity. Ask under the reference %s.", n.config.Member, what, l.Score, l.ID)},
			})
			if err != nil {
				return fmt.Errorf("tell of a lead: %w", err)
			}
		}
		if err := n.store.Write(ctx, func(tx *store.Tx) error { return tx.Unset(mark) }); err != nil {
			return err
		}
	}
	return nil
}

// hook is a call that waits: it says that there is something, not what.
type hook struct {
	URL   string    `json:"url"`
	Event string    `json:"type"`
	Kind  string    `json:"kind"`
	ID    string    `json:"id"`
	At    time.Time `json:"at"`
	Tries int       `json:"tries"`
	Next  time.Time `json:"next"`
}

// addTask adds a task to those of the desk, and has the webhooks called that want to hear of its kind.
func (n *Node) addTask(tx *store.Tx, k store.Task) error {
	fresh, err := tx.AddTask(k)
	if err != nil || !fresh {
		return err
	}
	return n.call(tx, &k)
}

// call puts the calls that tell of a task beside it. They name the record, and of the vault not even that.
func (n *Node) call(tx *store.Tx, k *store.Task) error {
	now := n.now()
	kind, id, _ := strings.Cut(k.Subject, "/")
	if kind == kindCard {
		id = ""
	}
	event := k.Kind
	for i, w := range n.config.Webhooks {
		if len(w.Events) > 0 && !slices.Contains(w.Events, event) {
			continue
		}
		h := hook{URL: w.URL, Event: event, Kind: kind, ID: id, At: now, Next: now}
		it := &store.Item{Kind: kindHook, ID: k.ID + "/" + strconv.Itoa(i), Owner: n.config.Member, State: "waiting", Recorded: now, Changed: now, Ends: now.AddDate(0, 0, 7), Body: mustJSON(h)}
		if err := tx.Put(it); err != nil {
			return err
		}
	}
	n.hurry()
	return nil
}

// hookTries are how often a call is made, with twice the time between them each: about a day.
const hookTries = 12

// callHooks makes the calls that are due, in the form of Standard Webhooks (https://www.standardwebhooks.com): signed over id, time and
// body. What fails is tried again, and given up after a day: the task at the desk stays.
func (n *Node) callHooks(ctx context.Context) error {
	if len(n.config.Webhooks) == 0 {
		return nil
	}
	list, err := n.items(ctx, store.Query{Kind: kindHook, State: "waiting", Limit: 100})
	if err != nil {
		return err
	}
	for _, it := range list {
		h, err := body[hook](it)
		if err != nil {
			return err
		}
		if n.now().Before(h.Next) {
			continue
		}
		i := slices.IndexFunc(n.config.Webhooks, func(w Webhook) bool { return w.URL == h.URL })
		failed := errors.New("it is not in the configuration any more")
		if i >= 0 {
			failed = n.post(ctx, &n.config.Webhooks[i], it.ID, h)
		}
		err = n.store.Write(ctx, func(tx *store.Tx) error {
			if h.Tries++; failed == nil || i < 0 || h.Tries >= hookTries {
				_, err := tx.Delete(kindHook, it.ID)
				return err
			}
			h.Next = n.now().Add(20 * time.Second << h.Tries)
			it.Changed, it.Body = n.now(), mustJSON(h)
			return tx.Put(it)
		})
		if err != nil {
			return err
		}
		if failed != nil {
			n.log.Warn("a webhook was not called", "event", h.Event, "tries", h.Tries, "error", failed.Error())
		}
	}
	return nil
}

// hookClient follows nobody elsewhere: who is told is who stands in the configuration.
var hookClient = &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

func (n *Node) post(ctx context.Context, w *Webhook, id string, h *hook) error {
	text, err := json.Marshal(map[string]any{"type": h.Event, "timestamp": h.At.UTC().Format(time.RFC3339), "data": map[string]string{"kind": h.Kind, "id": h.ID, "member": n.config.Member}})
	if err != nil {
		return err
	}
	at := strconv.FormatInt(n.now().Unix(), 10)
	mark := hex.EncodeToString(sum16("hook\x00" + id))
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("call a webhook: %w", err)
	}
	secret, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(w.Secret, "whsec_"))
	if err != nil {
		return errors.New("call a webhook: its secret is not base64")
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(mark + "." + at + "." + string(text)))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Webhook-Id", mark)
	r.Header.Set("Webhook-Timestamp", at)
	r.Header.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	resp, err := hookClient.Do(r)
	if err != nil {
		return fmt.Errorf("call a webhook: %w", errors.Unwrap(err)) // without its address, which may hold a key
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16)) // so that the line can be used again
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("call a webhook: it answers %s", resp.Status)
	}
	return nil
}

func sum16(s string) []byte {
	h := sha256.Sum256([]byte(s))
	return h[:16]
}

package node

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"tarir/audit"
	"tarir/private"
	"tarir/store"
)

// goOnAsking sends the next requests of jobs, and concludes those that are answered.
func (n *Node) goOnAsking(ctx context.Context) error {
	list, err := n.items(ctx, store.Query{Kind: kindPrivate, State: "asking"})
	if err != nil {
		return err
	}
	for _, it := range list {
		j, err := body[PrivateJob](it)
		if err != nil {
			return err
		}
		if j.Answered == j.Requests {
			err = n.conclude(ctx, j)
		} else {
			err = n.request(ctx, j)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readSet reads the set of a job from its parts.
func (n *Node) readSet(j *PrivateJob) (*private.Set, error) {
	var readers []io.Reader
	var files []*os.File
	defer func() {
		for _, f := range files {
			_ = f.Close() // they were read only
		}
	}()
	for i := range j.Parts {
		f, err := os.Open(filepath.Join(n.privateDir(j.ID), "set", strconv.Itoa(i+1)))
		if err != nil {
			return nil, err
		}
		files, readers = append(files, f), append(readers, f)
	}
	return private.ReadSet(io.MultiReader(readers...))
}

// resume is the keeper's set and the job that asks it, as they were left.
func (n *Node) resume(j *PrivateJob) (*private.Set, *private.Job, error) {
	set, err := n.readSet(j)
	if err != nil {
		return nil, nil, err
	}
	job, err := private.NewJob(set.Public, j.Secret)
	return set, job, err
}

// lines gives the rows and things of a request, from 1.
func (n *Node) lines(j *PrivateJob) (func(number int) (rows, things []string, err error), func() error, error) {
	f, err := os.Open(filepath.Join(n.privateDir(j.ID), "things"))
	if err != nil {
		return nil, nil, err
	}
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	at := 0
	return func(number int) (rows, things []string, err error) {
		for ; at < number; at++ {
			rows, things = rows[:0], things[:0]
			for len(things) < private.Most && s.Scan() {
				row, thing, _ := strings.Cut(s.Text(), "\t")
				rows, things = append(rows, row), append(things, thing)
			}
		}
		return rows, things, s.Err()
	}, f.Close, nil
}

// request sends what may be on its way.
func (n *Node) request(ctx context.Context, j *PrivateJob) error {
	until := min(j.Answered+privateAhead, j.Requests)
	if j.Sent >= until {
		return nil
	}
	set, job, err := n.resume(j)
	if err != nil {
		return n.endPrivate(ctx, j, err)
	}
	next, done, err := n.lines(j)
	if err != nil {
		return err
	}
	defer done()
	for number := j.Sent + 1; number <= until; number++ {
		_, things, err := next(number)
		if err != nil {
			return err
		}
		_, blinded, err := job.Request(uint64(number), things)
		if err != nil {
			return err
		}
		err = n.store.Write(ctx, func(tx *store.Tx) error {
			now, err := n.privateOf(tx, j.ID, j.Keeper) // answers may have come meanwhile
			if err != nil {
				return err
			}
			now.Sent, now.Set = number, set.Len()
			if err := n.putPrivate(tx, now); err != nil {
				return err
			}
			_, err = n.enqueue(tx, say{to: []string{j.Keeper}, kind: "private.ask", subject: kindPrivate + "/" + j.ID, purpose: j.Purpose, legalBasis: j.Basis, body: privateRequest{j.ID, number, blinded}})
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// endPrivate ends a job that cannot go on: what the keeper sent proves nothing.
func (n *Node) endPrivate(ctx context.Context, j *PrivateJob, why error) error {
	return n.store.Write(ctx, func(tx *store.Tx) error {
		now, err := n.privateOf(tx, j.ID, j.Keeper)
		if err != nil {
			return err
		}
		now.State, now.Why = "refused", why.Error()
		return n.putPrivate(tx, now)
	})
}

// conclude takes the blinds off and writes which rows are known, and by what.
func (n *Node) conclude(ctx context.Context, j *PrivateJob) error {
	set, job, err := n.resume(j)
	if err != nil {
		return n.endPrivate(ctx, j, err)
	}
	next, done, err := n.lines(j)
	if err != nil {
		return err
	}
	defer done()
	if err := n.takeBlindsOff(ctx, j, job); errors.Is(err, private.ErrProof) {
		return n.endPrivate(ctx, j, err)
	} else if err != nil {
		return err
	}
	by := map[string][]string{}
	var order []string
	for number := 1; number <= j.Requests; number++ {
		rows, things, err := next(number)
		if err != nil {
			return err
		}
		tags, err := os.ReadFile(n.tagsPath(j, number))
		if err != nil {
			return err
		}
		if len(tags) != 8*len(things) {
			return fmt.Errorf("%s holds %d bytes for %d things", n.tagsPath(j, number), len(tags), len(things))
		}
		for i := range things {
			if !set.Has(private.Tag(binary.BigEndian.Uint64(tags[8*i:]))) {
				continue
			}
			kind, _, _ := strings.Cut(things[i], ":")
			if kind == "born" {
				kind = "name and birth date"
			}
			if by[rows[i]] == nil {
				order = append(order, rows[i])
			}
			if !slices.Contains(by[rows[i]], kind) {
				by[rows[i]] = append(by[rows[i]], kind)
			}
		}
	}
	var b bytes.Buffer
	out := csv.NewWriter(&b)
	_ = out.Write([]string{"row", "known_to", "by"}) // a buffer takes everything
	for _, row := range order {
		_ = out.Write([]string{row, j.Keeper, strings.Join(by[row], ", ")})
	}
	out.Flush()
	path := filepath.Join(n.privateDir(j.ID), "result.csv")
	if err := writeOnce(path, b.Bytes()); err != nil {
		return err
	}
	if err := n.record(Who{Person: j.Person, Purpose: j.Purpose, LegalBasis: j.Basis}, audit.Query, kindPrivate, j.ID, j.Keeper, fmt.Sprintf("%d of %d rows known", len(order), j.Rows)); err != nil {
		return err
	}
	err = n.store.Write(ctx, func(tx *store.Tx) error {
		now, err := n.privateOf(tx, j.ID, j.Keeper)
		if err != nil {
			return err
		}
		now.State, now.Hits, now.Result, now.Secret = "done", len(order), path, nil
		return errors.Join(n.putPrivate(tx, now), n.answerPrivate(tx, now))
	})
	if err != nil {
		return err
	}
	// What was asked and answered is of no use any more.
	return errors.Join(os.Remove(filepath.Join(n.privateDir(j.ID), "things")), os.RemoveAll(filepath.Join(n.privateDir(j.ID), "answers")), os.RemoveAll(filepath.Join(n.privateDir(j.ID), "set")))
}

func (n *Node) tagsPath(j *PrivateJob, number int) string {
	return filepath.Join(n.privateDir(j.ID), "answers", strconv.Itoa(number)+".tags")
}

// takeBlindsOff makes of each answer the tags of its things, on all processors. Each is kept: a million things take minutes, and whoever is
// interrupted goes on where it was.
func (n *Node) takeBlindsOff(ctx context.Context, j *PrivateJob, job *private.Job) error {
	next, done, err := n.lines(j)
	if err != nil {
		return err
	}
	defer done()
	g, work := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for number := 1; number <= j.Requests && work.Err() == nil; number++ {
		_, things, err := next(number)
		if err != nil {
			return errors.Join(err, g.Wait())
		}
		things = slices.Clone(things)
		g.Go(func() error {
			if _, err := os.Stat(n.tagsPath(j, number)); err == nil {
				return nil
			}
			answer, err := os.ReadFile(filepath.Join(n.privateDir(j.ID), "answers", strconv.Itoa(number)))
			if err != nil {
				return err
			}
			p, _, err := job.Request(uint64(number), things)
			if err != nil {
				return err
			}
			tags, err := p.Tags(answer)
			if err != nil {
				return err
			}
			b := make([]byte, 0, 8*len(tags))
			for _, t := range tags {
				b = binary.BigEndian.AppendUint64(b, uint64(t))
			}
			return writeOnce(n.tagsPath(j, number), b)
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

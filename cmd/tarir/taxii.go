package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tarir/node"
	"tarir/taxii"
	"tarir/web"
)

type taxiiCmd struct {
	List taxiiListCmd `cmd:"" help:"List the collections of a TAXII 2.1 server."`
	Pull taxiiPullCmd `cmd:"" help:"Put what is in a collection into a case."`
	Push taxiiPushCmd `cmd:"" help:"Add what is in a case to a collection."`
}

// taxiiFlags say how the other server is asked.
type taxiiFlags struct {
	User         string `help:"User at the server; none: the password is a bearer token."`
	PasswordFile string `env:"TARIR_TAXII_PASSWORD_FILE" placeholder:"FILE" help:"File with the password or token; else TARIR_TAXII_PASSWORD."`
	URL          string `arg:"" help:"The server: of its discovery (https://HOST/taxii2/), or of an API root."`
}

func (f *taxiiFlags) client() (*taxii.Client, error) {
	password := os.Getenv("TARIR_TAXII_PASSWORD")
	if f.PasswordFile != "" {
		text, err := os.ReadFile(f.PasswordFile)
		if err != nil {
			return nil, fmt.Errorf("read the password: %w", err)
		}
		password = strings.TrimSpace(string(text))
	}
	return &taxii.Client{URL: f.URL, User: f.User, Password: password}, nil
}

type taxiiListCmd struct {
	taxiiFlags
	JSON bool `name:"json" help:"Print the answer as JSON."`
}

func (c *taxiiListCmd) Run(e *env) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	list, err := client.Collections(e.ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(e.stdout, list)
	}
	for _, x := range list {
		may := "read"
		if !x.CanRead {
			may = "-"
		}
		if x.CanWrite {
			may += ",write"
		}
		fmt.Fprintf(e.stdout, "%s  %-10s  %s\n", x.ID, may, x.Title)
	}
	return nil
}

type taxiiPullCmd struct {
	whoFlags
	taxiiFlags
	Collection string    `arg:"" help:"The collection: its id, alias or title."`
	ID         string    `arg:"" name:"case" help:"The case."`
	After      time.Time `placeholder:"TIME" help:"What was added after it, as the pull before told it."`
}

func (c *taxiiPullCmd) Run(e *env) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	col, err := client.Collection(e.ctx, c.Collection)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "tarir-taxii")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "taxii-"+col.ID+".json")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	fmt.Fprintf(w, `{"type":"bundle","id":"bundle--%s","objects":[`, col.ID)
	n := 0
	last, err := client.Objects(e.ctx, col, c.After, func(o json.RawMessage) error {
		if n++; n > 1 {
			if _, err := w.WriteString(",\n"); err != nil {
				return err
			}
		}
		_, err := w.Write(o)
		return err
	})
	_, werr := w.WriteString("]}\n")
	if err = errors.Join(err, werr, w.Flush(), f.Close()); err != nil {
		return err // nothing was put in, so that nothing is missed: the same command begins again
	}
	total := node.CaseImport{Rejected: []node.BadRecord{}}
	if n > 0 {
		if total, err = readIntoCase(&c.whoFlags, e, c.ID, []string{path}, ""); err != nil {
			return err
		}
	}
	next := ""
	if !last.IsZero() {
		next = "; next time: --after " + last.UTC().Format(time.RFC3339Nano)
	}
	return c.show(e, total, "%d objects: %d new, %d the same, %d changed, %d refused%s", n, total.New, total.Same, total.Changed, len(total.Rejected), next)
}

type taxiiPushCmd struct {
	whoFlags
	taxiiFlags
	Collection string `arg:"" help:"The collection: its id, alias or title."`
	ID         string `arg:"" name:"case" help:"The case."`
}

// mostPushed is how many objects are added at once.
const mostPushed = 500

func (c *taxiiPushCmd) Run(e *env) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	col, err := client.Collection(e.ctx, c.Collection)
	if err != nil {
		return err
	}
	if !col.CanWrite {
		return fmt.Errorf("nothing may be added to %s", col.Title)
	}
	dir, err := os.MkdirTemp("", "tarir-taxii")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "case.json")
	if err := c.do(e, "case.tell", web.Args{ID: c.ID, Path: path, Telling: node.Telling{Format: "stix"}}, nil); err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var added, failed int
	var batch []json.RawMessage
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		st, err := client.Add(e.ctx, col, batch)
		if err != nil {
			return fmt.Errorf("after %d objects: %w", added, err)
		}
		added, failed = added+st.Success+st.Pending, failed+st.Failure
		for _, x := range st.Failures {
			fmt.Fprintf(e.stderr, "%s: %s\n", x.ID, x.Message)
		}
		batch = nil
		return nil
	}
	if err := eachObject(f, func(o json.RawMessage) error {
		if batch = append(batch, o); len(batch) == mostPushed {
			return flush()
		}
		return nil
	}); err != nil {
		return err
	}
	if err := flush(); err != nil {
		return err
	}
	return c.show(e, map[string]int{"added": added, "failed": failed}, "added %d objects, %d failed", added, failed)
}

// eachObject reads the objects of a bundle one by one.
func eachObject(r io.Reader, each func(json.RawMessage) error) error {
	d := json.NewDecoder(r)
	for {
		t, err := d.Token()
		if err != nil {
			return fmt.Errorf("read the bundle: %w", err)
		}
		if t == "objects" {
			break
		}
	}
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("read the bundle: %w", err)
	}
	for d.More() {
		var o json.RawMessage
		if err := d.Decode(&o); err != nil {
			return fmt.Errorf("read the bundle: %w", err)
		}
		if err := each(o); err != nil {
			return err
		}
	}
	return nil
}

package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tarir/analysis"
	"tarir/bundle"
	"tarir/casework"
	"tarir/intake"
	"tarir/node"
	"tarir/web"
)

type caseCmd struct {
	New      caseNewCmd      `cmd:"" help:"Open a case, under a purpose and on a legal basis."`
	List     caseListCmd     `cmd:"" help:"List the cases in which you have a seat."`
	Show     caseShowCmd     `cmd:"" help:"Show a case: who works on it, what is due, what happened last."`
	Add      caseAddCmd      `cmd:"" help:"Put a note, a task, a decision, an event, a request or a record into a case."`
	Import   caseImportCmd   `cmd:"" help:"Put files into a case: entities, payments of any format, findings, a folder of results."`
	Attach   caseAttachCmd   `cmd:"" help:"Put documents into a case; they are sealed on the disk."`
	Document caseDocumentCmd `cmd:"" help:"Write a document of a case to a file."`
	Search   caseSearchCmd   `cmd:"" help:"Find what is in a case, by words in any script or a number (phone:+33612345678)."`
	Timeline caseTimelineCmd `cmd:"" help:"Show what happened, the last first."`
	Entry    caseEntryCmd    `cmd:"" help:"Show an entry with all that stood in it, change it, or take it out."`
	Tell     caseTellCmd     `cmd:"" help:"Write a case in a format that others read: ftm, stix, misp, goaml, htcds, csv or timeline."`
	Export   caseExportCmd   `cmd:"" help:"Write a case as a signed bundle, for a prosecutor or another member."`
	Take     caseTakeCmd     `cmd:"" help:"Take up a bundle as a case of your own."`
	Links    caseLinksCmd    `cmd:"" help:"Show other cases that share selectors."`
	Ask      caseAskCmd      `cmd:"" help:"Ask another member privately which numbers and people of a case it knows."`
	Request  caseRequestCmd  `cmd:"" help:"Ask another member something for a case, by a message; its answer is entered by itself."`
	Seat     caseSeatCmd     `cmd:"" help:"Say who works on a case: lead, work, read, or no."`
	Close    caseCloseCmd    `cmd:"" help:"Close a case, with a reason."`
	Reopen   caseReopenCmd   `cmd:"" help:"Open a closed case again, with a reason."`
	Merge    caseMergeCmd    `cmd:"" help:"Let a case live on in another one."`
	Unmerge  caseUnmergeCmd  `cmd:"" help:"Take a case out of the one that it was merged into."`
	Split    caseSplitCmd    `cmd:"" help:"Open another case with some of the entries."`
}

type caseNewCmd struct {
	whoFlags
	Title string   `arg:"" help:"What it is called; names nobody."`
	From  []string `placeholder:"KIND/ID" help:"What it is opened from: network/n-1, hit/ID, lead/ID, ...; may be repeated."`
}

func refsOf(list []string) (out []casework.Ref, err error) {
	for _, s := range list {
		kind, id, ok := strings.Cut(s, "/")
		if !ok || kind == "" || id == "" {
			return nil, fmt.Errorf("%q is no record: write KIND/ID, such as hit/9c3f", s)
		}
		out = append(out, casework.Ref{Kind: kind, ID: id})
	}
	return out, nil
}

func (c *caseNewCmd) Run(e *env) error {
	from, err := refsOf(c.From)
	if err != nil {
		return err
	}
	var out casework.Case
	if err := c.do(e, "case.new", web.Args{Name: c.Title, Refs: from}, &out); err != nil {
		return err
	}
	return c.show(e, out, "%s", out.ID)
}

type caseListCmd struct{ whoFlags }

func (c *caseListCmd) Run(e *env) error {
	var list []casework.Case
	if err := c.do(e, "case.list", web.Args{}, &list); err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(e.stdout, list)
	}
	for _, x := range list {
		fmt.Fprintf(e.stdout, "%s  %-6s  %-4s  %s\n", x.ID, x.State, x.SeatOf(c.As), x.Title)
	}
	return nil
}

type caseShowCmd struct {
	whoFlags
	ID string `arg:"" help:"The case."`
}

func (c *caseShowCmd) Run(e *env) error {
	var v node.CaseView
	if err := c.do(e, "case.show", web.Args{ID: c.ID}, &v); err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(e.stdout, v)
	}
	x := v.Case
	fmt.Fprintf(e.stdout, "%s (%s)\npurpose: %s, on the legal basis of %s\n", x.Title, x.State, x.Purpose, x.LegalBasis)
	for _, f := range x.From {
		fmt.Fprintf(e.stdout, "opened from: %s %s\n", f.Kind, f.ID)
	}
	for _, p := range sortedKeys(x.Seats) {
		fmt.Fprintf(e.stdout, "%-6s %s\n", x.Seats[p], p)
	}
	for _, k := range casework.EntryKinds {
		if n := x.Counts[k]; n > 0 {
			fmt.Fprintf(e.stdout, "%9d %s\n", n, k)
		}
	}
	if len(v.Due) > 0 {
		fmt.Fprintln(e.stdout, "due:")
		printEntries(e.stdout, v.Due, func(x *casework.Entry) time.Time { return x.Due })
	}
	fmt.Fprintln(e.stdout, "what happened last:")
	printEntries(e.stdout, v.Latest[:min(len(v.Latest), 20)], func(x *casework.Entry) time.Time { return x.At })
	return nil
}

func printEntries(w io.Writer, list []*casework.Entry, at func(*casework.Entry) time.Time) {
	for _, x := range list {
		fmt.Fprintf(w, "%8d  %s  %-8s  %s\n", x.Seq, at(x).UTC().Format("2006-01-02 15:04"), x.Kind, x.Title)
	}
}

type caseAddCmd struct {
	whoFlags
	ID         string    `arg:"" help:"The case."`
	Note       string    `xor:"what" help:"A note."`
	Assessment bool      `help:"The note is an opinion, not a fact."`
	Task       string    `xor:"what" help:"Something to be done, with --who and --due."`
	Who        string    `help:"Who does it."`
	Due        time.Time `format:"2006-01-02" placeholder:"DAY" help:"Until when."`
	Decision   string    `xor:"what" help:"What was decided, with --why."`
	Why        string    `help:"Why."`
	Event      string    `xor:"what" help:"What happened, with --at."`
	At         time.Time `placeholder:"TIME" help:"When (RFC 3339)."`
	Place      string    `help:"Where."`
	Record     string    `xor:"what" placeholder:"KIND/ID" help:"A record of this node; it is opened there, by its own rules."`
	Entry      string    `xor:"what" type:"existingfile" placeholder:"FILE" help:"An entry of --kind as JSON."`
	Kind       string    `help:"Of --entry: entity, payment, finding, request, victim, asset, ..."`
}

func (c *caseAddCmd) Run(e *env) error {
	var kind casework.EntryKind
	var body any
	switch {
	case c.Note != "":
		kind, body = casework.NoteEntry, casework.Note{Text: c.Note, Assessment: c.Assessment}
	case c.Task != "":
		kind, body = casework.TaskEntry, casework.CaseTask{What: c.Task, Who: cmp.Or(c.Who, c.As), Due: c.Due}
	case c.Decision != "":
		kind, body = casework.DecisionEntry, casework.Decided{What: c.Decision, Why: cmp.Or(c.Why, c.Reason), Second: c.Second}
	case c.Event != "":
		kind, body = casework.EventEntry, casework.Happening{At: c.At, What: c.Event, Place: c.Place}
	case c.Record != "":
		refs, err := refsOf([]string{c.Record})
		if err != nil {
			return err
		}
		kind, body = casework.RecordEntry, refs[0]
	case c.Entry != "":
		text, err := os.ReadFile(c.Entry)
		if err != nil {
			return err
		}
		if !json.Valid(text) {
			return fmt.Errorf("%s is no JSON", c.Entry)
		}
		kind, body = casework.EntryKind(c.Kind), json.RawMessage(text)
	default:
		return errors.New("say what to put in: --note, --task, --decision, --event, --record or --entry")
	}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	var out []node.Put
	if err := c.do(e, "case.add", web.Args{ID: c.ID, Entries: []node.NewEntry{{Kind: kind, Body: text}}}, &out); err != nil {
		return err
	}
	if out[0].Minor {
		fmt.Fprintln(e.stderr, "a minor: a safeguard comes first, and stands among the tasks (tarir list task)")
	}
	return c.show(e, out[0], "%d", out[0].Seq)
}

type caseImportCmd struct {
	whoFlags
	ID    string   `arg:"" help:"The case."`
	Files []string `arg:"" type:"path" help:"Files, or a folder of results of tarir analyse."`
	Only  string   `placeholder:"KIND/ID" help:"Only what belongs to network/ID or finding/ID of the results, or to the family of adverts family/ID or advert/ID."`
}

func (c *caseImportCmd) Run(e *env) error {
	total, err := readIntoCase(&c.whoFlags, e, c.ID, c.Files, c.Only)
	if err != nil {
		return err
	}
	return c.show(e, total, "%d read: %d new, %d the same, %d changed, %d refused", total.Read, total.New, total.Same, total.Changed, len(total.Rejected))
}

// readIntoCase puts files into a case, and tells on the way what is refused.
func readIntoCase(f *whoFlags, e *env, id string, files []string, only string) (total node.CaseImport, err error) {
	total.Rejected = []node.BadRecord{}
	dir, err := os.MkdirTemp("", "tarir-case")
	if err != nil {
		return total, err
	}
	defer os.RemoveAll(dir)
	parts, err := analysis.CaseParts(e.ctx, files, only, dir, func(r intake.Rejection) error {
		total.Read++
		if total.Rejected = append(total.Rejected, node.BadRecord{Line: int(r.Line), Reason: r.Reason}); len(total.Rejected) <= 20 {
			fmt.Fprintf(e.stderr, "%s, line %d: %s\n", r.File, r.Line, r.Reason)
		}
		return nil
	})
	if err != nil {
		return total, err
	}
	for _, p := range parts {
		var got node.CaseImport
		if err := f.do(e, "case.import", web.Args{ID: id, Kind: string(p.Kind), Path: p.Path}, &got); err != nil {
			return total, err
		}
		for i, r := range got.Rejected {
			if i < 20 {
				fmt.Fprintf(e.stderr, "%s %d: %s\n", p.Kind, r.Line, r.Reason)
			}
		}
		total.Add(&got)
	}
	return total, nil
}

type caseAttachCmd struct {
	whoFlags
	ID    string    `arg:"" help:"The case."`
	Files []string  `arg:"" type:"existingfile" help:"The documents."`
	Text  string    `help:"Words by which they are found."`
	Date  time.Time `format:"2006-01-02" placeholder:"DAY" help:"Of when they are."`
}

func (c *caseAttachCmd) Run(e *env) error {
	for _, f := range c.Files {
		path, err := filepath.Abs(f)
		if err != nil {
			return err
		}
		var out node.Put
		if err := c.do(e, "case.attach", web.Args{ID: c.ID, Path: path, Document: casework.Document{Text: c.Text, Date: c.Date}}, &out); err != nil {
			return err
		}
		if err := c.show(e, out, "%d  %s  %s", out.Seq, out.Was, f); err != nil {
			return err
		}
	}
	return nil
}

type caseDocumentCmd struct {
	whoFlags
	ID   string `arg:"" help:"The case."`
	Seq  int64  `arg:"" help:"Number of the entry."`
	File string `arg:"" help:"The new file."`
}

func (c *caseDocumentCmd) Run(e *env) error {
	path, err := filepath.Abs(c.File)
	if err != nil {
		return err
	}
	if err := c.do(e, "case.document", web.Args{ID: c.ID, Seq: c.Seq, Path: path}, nil); err != nil {
		return err
	}
	fmt.Fprintln(e.stdout, "written:", c.File)
	return nil
}

type caseExportCmd struct {
	whoFlags
	ID   string `arg:"" help:"The case."`
	File string `arg:"" help:"The new file (.zip)."`
}

func (c *caseExportCmd) Run(e *env) error {
	path, err := filepath.Abs(c.File)
	if err != nil {
		return err
	}
	var m bundle.Manifest
	if err := c.do(e, "case.export", web.Args{ID: c.ID, Path: path}, &m); err != nil {
		return err
	}
	for _, k := range sortedKeys(m.LeftOut) {
		fmt.Fprintf(e.stderr, "left out: %d %s\n", m.LeftOut[k], strings.ReplaceAll(k, "_", " "))
	}
	return c.show(e, m, "written: %s", c.File)
}

type caseTellCmd struct {
	whoFlags
	ID       string `arg:"" help:"The case."`
	Format   string `arg:"" enum:"csv,ftm,goaml,htcds,misp,stix,timeline" help:"ftm, stix, misp, goaml, htcds, csv (payments) or timeline."`
	File     string `arg:"" help:"The new file."`
	Currency string `placeholder:"CODE" help:"Of a goAML report, which has one."`
}

func (c *caseTellCmd) Run(e *env) error {
	path, err := filepath.Abs(c.File)
	if err != nil {
		return err
	}
	var records int64
	if err := c.do(e, "case.tell", web.Args{ID: c.ID, Path: path, Telling: node.Telling{Format: c.Format, Currency: c.Currency}}, &records); err != nil {
		return err
	}
	return c.show(e, records, "written: %s, %d records", c.File, records)
}

type caseTakeCmd struct {
	whoFlags
	File string `arg:"" type:"existingfile" help:"The bundle."`
}

func (c *caseTakeCmd) Run(e *env) error {
	path, err := filepath.Abs(c.File)
	if err != nil {
		return err
	}
	var out node.ImportedCase
	if err := c.do(e, "case.bundle", web.Args{Path: path}, &out); err != nil {
		return err
	}
	for i, r := range out.Rejected {
		if i < 20 {
			fmt.Fprintf(e.stderr, "entry %d: %s\n", r.Line, r.Reason)
		}
	}
	return c.show(e, out, "%s  signed by %s: %d entries, %d new, %d the same, %d refused", out.Case.ID, out.From, out.Read, out.New, out.Same, len(out.Rejected))
}

type caseSearchCmd struct {
	whoFlags
	ID    string   `arg:"" help:"The case."`
	Words []string `arg:"" help:"All of them; the last may be the beginning of one."`
	Limit int      `default:"50" help:"How many at most (default: ${default})."`
}

func (c *caseSearchCmd) Run(e *env) error {
	var out node.CaseFound
	if err := c.do(e, "case.search", web.Args{ID: c.ID, Name: strings.Join(c.Words, " "), Limit: c.Limit}, &out); err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(e.stdout, out)
	}
	printEntries(e.stdout, out.Entries, func(x *casework.Entry) time.Time { return x.At })
	switch {
	case out.Cut:
		fmt.Fprintln(e.stderr, "there may be more: give another word")
	case len(out.Entries) == 0:
		fmt.Fprintln(e.stdout, "nothing in this case has all these words")
	}
	return nil
}

type caseTimelineCmd struct {
	whoFlags
	ID     string    `arg:"" help:"The case."`
	From   time.Time `format:"2006-01-02" placeholder:"DAY" help:"From this day on."`
	Before time.Time `format:"2006-01-02" placeholder:"DAY" help:"Before this day."`
	Limit  int       `default:"50" help:"How many at most (default: ${default})."`
}

func (c *caseTimelineCmd) Run(e *env) error {
	var out []*casework.Entry
	if err := c.do(e, "case.timeline", web.Args{ID: c.ID, From: c.From, Until: c.Before, Limit: c.Limit}, &out); err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(e.stdout, out)
	}
	printEntries(e.stdout, out, func(x *casework.Entry) time.Time { return x.At })
	return nil
}

type caseEntryCmd struct {
	whoFlags
	ID      string `arg:"" help:"The case."`
	Seq     int64  `arg:"" help:"Number of the entry."`
	Change  string `xor:"what" type:"existingfile" placeholder:"FILE" help:"Change it to this JSON; --version says which state was looked at."`
	Version int64  `help:"Of the entry that was looked at."`
	Remove  bool   `xor:"what" help:"Take it out, for good, with --reason."`
}

func (c *caseEntryCmd) Run(e *env) error {
	switch {
	case c.Remove:
		return c.do(e, "case.remove", web.Args{ID: c.ID, Seq: c.Seq}, nil)
	case c.Change != "":
		text, err := os.ReadFile(c.Change)
		if err != nil {
			return err
		}
		if !json.Valid(text) {
			return fmt.Errorf("%s is no JSON", c.Change)
		}
		var out casework.Entry
		if err := c.do(e, "case.change", web.Args{ID: c.ID, Seq: c.Seq, Version: c.Version, Entry: text}, &out); err != nil {
			return err
		}
		return c.show(e, out, "version %d", out.Version)
	}
	var out []*casework.Entry
	if err := c.do(e, "case.history", web.Args{ID: c.ID, Seq: c.Seq}, &out); err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(e.stdout, out)
	}
	for _, x := range out {
		fmt.Fprintf(e.stdout, "version %d, by %s, %s\n%s\n", x.Version, x.Person, x.Changed.UTC().Format(time.RFC3339), x.Body)
	}
	return nil
}

type caseLinksCmd struct {
	whoFlags
	ID string `arg:"" help:"The case."`
}

func (c *caseLinksCmd) Run(e *env) error {
	var out node.Links
	if err := c.do(e, "case.links", web.Args{ID: c.ID}, &out); err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(e.stdout, out)
	}
	for _, l := range out.Links {
		fmt.Fprintf(e.stdout, "%.2f  %s  shares %s; ask %s\n", l.Weight, cmp.Or(strings.TrimSpace(l.Case+" "+l.Title), "a case in which you have no seat"), strings.Join(l.Shared, ", "), strings.Join(l.Ask, ", "))
	}
	if len(out.Links) == 0 {
		fmt.Fprintln(e.stdout, "no other case of this node shares a number with it")
	}
	if len(out.Common) > 0 {
		fmt.Fprintf(e.stdout, "so common that they say nothing: %s\n", strings.Join(out.Common, ", "))
	}
	return nil
}

type caseAskCmd struct {
	whoFlags
	ID     string `arg:"" help:"The case."`
	Member string `arg:"" help:"Whom to ask; it learns neither what was asked nor what came of it."`
}

func (c *caseAskCmd) Run(e *env) error {
	var j node.PrivateJob
	if err := c.do(e, "case.ask", web.Args{ID: c.ID, Member: c.Member}, &j); err != nil {
		return err
	}
	return c.show(e, j, "%s  %d things are asked; tarir private show %s tells the result", j.ID, j.Things, j.ID)
}

type caseRequestCmd struct {
	whoFlags
	ID      string    `arg:"" help:"The case."`
	Member  string    `arg:"" help:"Whom to ask."`
	Text    string    `arg:"" help:"What, in English."`
	Subject string    `default:"Request" help:"What the message is called (default: ${default})."`
	Due     time.Time `format:"2006-01-02" placeholder:"DAY" help:"Until when."`
}

func (c *caseRequestCmd) Run(e *env) error {
	var r casework.CaseRequest
	if err := c.do(e, "case.request", web.Args{ID: c.ID, Member: c.Member, Name: c.Subject, Text: []byte(c.Text), Until: c.Due}, &r); err != nil {
		return err
	}
	return c.show(e, r, "%s", r.Letter.ID)
}

// step takes a step about a case.
func step(f *whoFlags, e *env, id string, s casework.CaseStep) error {
	var out casework.Case
	if err := f.do(e, "case.step", web.Args{ID: id, CaseStep: &s}, &out); err != nil {
		return err
	}
	return f.show(e, out, "%s is %s", out.ID, out.State)
}

type caseSeatCmd struct {
	whoFlags
	ID     string `arg:"" help:"The case."`
	Person string `arg:"" help:"Who."`
	Seat   string `arg:"" enum:"lead,work,read,no" help:"lead, work, read, or no."`
}

func (c *caseSeatCmd) Run(e *env) error {
	return step(&c.whoFlags, e, c.ID, casework.CaseStep{Do: "seat", Person: c.Person, Seat: casework.Seat(c.Seat)})
}

type caseCloseCmd struct {
	whoFlags
	ID string `arg:"" help:"The case."`
}

func (c *caseCloseCmd) Run(e *env) error {
	return step(&c.whoFlags, e, c.ID, casework.CaseStep{Do: "close", Why: c.Reason})
}

type caseReopenCmd struct {
	whoFlags
	ID string `arg:"" help:"The case."`
}

func (c *caseReopenCmd) Run(e *env) error {
	return step(&c.whoFlags, e, c.ID, casework.CaseStep{Do: "reopen", Why: c.Reason})
}

type caseMergeCmd struct {
	whoFlags
	ID   string `arg:"" help:"The case."`
	Into string `arg:"" help:"The one in which it lives on."`
}

func (c *caseMergeCmd) Run(e *env) error {
	var out casework.Case
	if err := c.do(e, "case.merge", web.Args{ID: c.ID, Name: c.Into}, &out); err != nil {
		return err
	}
	return c.show(e, out, "merged into %s", out.ID)
}

type caseUnmergeCmd struct {
	whoFlags
	ID   string `arg:"" help:"The case."`
	From string `arg:"" help:"The one that it was merged into."`
}

func (c *caseUnmergeCmd) Run(e *env) error {
	var out casework.Case
	if err := c.do(e, "case.unmerge", web.Args{ID: c.ID, Name: c.From}, &out); err != nil {
		return err
	}
	return c.show(e, out, "%s is %s", out.ID, out.State)
}

type caseSplitCmd struct {
	whoFlags
	ID    string  `arg:"" help:"The case."`
	Title string  `arg:"" help:"Of the new one."`
	Seqs  []int64 `arg:"" help:"Numbers of the entries that go into it."`
}

func (c *caseSplitCmd) Run(e *env) error {
	var out casework.Case
	if err := c.do(e, "case.split", web.Args{ID: c.ID, Name: c.Title, Seqs: c.Seqs}, &out); err != nil {
		return err
	}
	return c.show(e, out, "%s", out.ID)
}

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tarir/node"
	"tarir/notice"
	"tarir/web"
)

type noticeCmd struct {
	Draft noticeDraftCmd `cmd:"" help:"Make a draft from a form."`
	Check noticeCheckCmd `cmd:"" help:"Say which rules a draft does not meet."`
	Step  noticeStepCmd  `cmd:"" help:"Take a step: submit, take_up, return, refuse, publish, amend, suspend, resume, withdraw, cancel, extend, recall, resubmit."`
	Rules noticeRulesCmd `cmd:"" help:"Print the rule pack, or try one of your own."`
	Form  noticeFormCmd  `cmd:"" name:"form" help:"Write a form from an organisation, a finding or a trace of an analysis, to be completed by hand."`
}

type noticeFormCmd struct {
	Results  string `arg:"" type:"existingdir" help:"Folder of an analysis."`
	Network  string `xor:"what" help:"Organisation to draft from (default: the first)."`
	Finding  string `xor:"what" help:"Finding to draft from."`
	Trace    string `xor:"what" help:"What tarir trace --json wrote, to draft from; - is standard input."`
	Colour   string `default:"purple" enum:"purple,blue" help:"Of a draft from a finding: purple tells the method, blue asks who holds the account (default: ${default})."`
	Evidence string `help:"Where to write the evidence to attach."`
	Member   string `required:"" help:"The member that asks."`
}

func (c *noticeFormCmd) Help() string {
	return `The draft is silver from an organisation or a trace, purple or blue from a finding. What may not leave the bureau is left out, and the
evidence counts it. A person completes the draft.

Examples:

    tarir notice form results --member NCB-AA --evidence evidence.json
    tarir notice form results --member NCB-AA --finding f-1a2b3c4d5e6f7788
    tarir trace results --finding f-1a2b3c4d5e6f7788 --json | tarir notice form results --member NCB-AA --trace -`
}

func (c *noticeFormCmd) Run(e *env) error {
	networks, err := os.ReadFile(filepath.Join(c.Results, "networks.json"))
	if err != nil {
		return fmt.Errorf("%s is not the folder of an analysis: %w", c.Results, err)
	}
	now := time.Now().UTC()
	var f *notice.Form
	var ev any
	var text []byte
	switch {
	case c.Finding != "":
		if text, err = os.ReadFile(filepath.Join(c.Results, "findings.jsonl")); err == nil {
			f, ev, err = notice.FromFinding(text, networks, c.Finding, notice.Colour(c.Colour), c.Member, now)
		}
	case c.Trace != "":
		if text, err = readInput(e, c.Trace); err == nil {
			f, ev, err = notice.FromTrace(text, networks, c.Member, now)
		}
	default:
		f, ev, err = notice.FromOrganisation(networks, c.Network, c.Member, now)
	}
	if err != nil {
		return err
	}
	if c.Evidence != "" {
		b, err := json.MarshalIndent(ev, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(c.Evidence, append(b, '\n'), 0o600); err != nil {
			return err
		}
	}
	return writeJSON(e.stdout, f)
}

type noticeDraftCmd struct {
	whoFlags
	Form   string   `arg:"" help:"The form as JSON; - is standard input."`
	Attach []string `type:"existingfile" help:"File to attach; may be repeated."`
}

func (c *noticeDraftCmd) Run(e *env) error {
	var f notice.Form
	if err := readForm(e, c.Form, &f); err != nil {
		return err
	}
	files, err := filesOf(c.Attach)
	if err != nil {
		return err
	}
	var r notice.Record
	if err := c.do(e, "notice.draft", web.Args{Form: &f, Files: files}, &r); err != nil {
		return err
	}
	return c.show(e, r, "%s", r.ID)
}

func filesOf(paths []string) ([]node.File, error) {
	var out []node.File
	for _, p := range paths {
		abs, err := filepath.Abs(p)
		if err != nil {
			return nil, err
		}
		out = append(out, node.File{Path: abs})
	}
	return out, nil
}

type noticeCheckCmd struct {
	whoFlags
	ID   string `arg:""`
	Lang string `default:"en" enum:"en,fr,es,ar" help:"Language: en, fr, es or ar (default: ${default})."`
}

func (c *noticeCheckCmd) Run(e *env) error {
	var list []notice.Result
	if err := c.do(e, "notice.check", web.Args{ID: c.ID}, &list); err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(e.stdout, list)
	}
	printResults(e.stdout, list, c.Lang)
	if notice.Blocked(list) {
		return errors.New("the request cannot be sent yet")
	}
	return nil
}

func printResults(w io.Writer, list []notice.Result, language string) {
	for _, r := range list {
		fmt.Fprintf(w, "%-5s  %-11s  %s: %s\n", r.Severity, r.Rule, r.Field, r.Text.In(language))
	}
	if len(list) == 0 {
		fmt.Fprintln(w, "all rules are met")
	}
}

type noticeStepCmd struct {
	whoFlags
	Event    string            `arg:"" help:"The step."`
	ID       string            `arg:"" help:"The request."`
	Form     string            `help:"The changed form (amend, resubmit)."`
	Ground   string            `help:"The ground of a refusal, withdrawal or cancellation."`
	Rule     []string          `help:"Of a return: rules that are not met."`
	Question []string          `help:"Of a return: what is asked."`
	Until    string            `help:"Of a suspension, publication or extension: a day."`
	Because  map[string]string `help:"Reason for a warning, by the id of the rule: --because ALL-11=..."`
	Review   bool              `help:"As the reviewer, where a step is for both sides."`
}

func (c *noticeStepCmd) Run(e *env) error {
	s := notice.Step{Event: notice.Event(strings.ReplaceAll(c.Event, "-", "_")), Side: notice.Owner, Ground: c.Ground, Rules: c.Rule, Questions: c.Question}
	switch s.Event {
	case notice.TakeUp, notice.Return, notice.Refuse, notice.Publish, notice.Cancel:
		s.Side = notice.Reviewer
	}
	if c.Review {
		s.Side = notice.Reviewer
	}
	if c.Until != "" {
		t, err := time.Parse(time.DateOnly, c.Until)
		if err != nil {
			return fmt.Errorf("--until %q is not a day: write it as 2027-09-10", c.Until)
		}
		s.Until = t
	}
	if c.Form != "" {
		s.Form = &notice.Form{}
		if err := readForm(e, c.Form, s.Form); err != nil {
			return err
		}
	}
	var r notice.Record
	if err := c.do(e, "notice.step", web.Args{ID: c.ID, Step: &s, Reasons: c.Because}, &r); err != nil {
		return err
	}
	return c.show(e, r, "%s %s", r.State, r.Number)
}

type noticeRulesCmd struct {
	Pack string   `type:"existingfile" help:"A pack of your own: say whether it can be read, and how it differs from the one that comes with the program."`
	Form []string `help:"Form to check by the pack, as JSON; may be repeated."`
	Lang string   `default:"en" enum:"en,fr,es,ar" help:"Language: en, fr, es or ar (default: ${default})."`
}

func (c *noticeRulesCmd) Help() string {
	return `Without flags the rule pack that comes with the program is printed. Forms are checked as those of a member in good standing that takes part
in silver notices, with a second person who submits.

Examples:

    tarir notice rules > rules.toml
    tarir notice rules --pack rules.toml --form request.json --lang fr`
}

func (c *noticeRulesCmd) Run(e *env) error {
	if c.Pack == "" && len(c.Form) == 0 {
		_, err := e.stdout.Write(notice.BuiltinText())
		return err
	}
	rules := notice.Builtin()
	if c.Pack != "" {
		text, err := os.ReadFile(c.Pack)
		if err != nil {
			return err
		}
		if rules, err = notice.ParseRules(text); err != nil {
			return err
		}
		list := rules.Differences(notice.Builtin())
		for _, d := range list {
			fmt.Fprintln(e.stdout, d)
		}
		if len(list) == 0 {
			fmt.Fprintln(e.stdout, "the pack asks what the one of the program asks")
		}
	}
	for _, path := range c.Form {
		var f notice.Form
		if err := readForm(e, path, &f); err != nil {
			return err
		}
		fmt.Fprintf(e.stdout, "%s:\n", path)
		printResults(e.stdout, rules.Check(&f, notice.Known{Standing: true, SilverOn: true, SecondReviewer: true}, time.Now()), c.Lang)
	}
	return nil
}

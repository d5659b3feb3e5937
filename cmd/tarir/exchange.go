package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"tarir/analysis"
	"tarir/audit"
	"tarir/casework"
	"tarir/exchange/register"
	"tarir/handling"
	"tarir/hit"
	"tarir/node"
	"tarir/notice"
	"tarir/web"
)

type memberCmd struct {
	Invite  memberInviteCmd `cmd:"" help:"Write an invitation for a new member (secretariat)."`
	Join    initCmd         `cmd:"" help:"Make a node from an invitation: the same as tarir init --invitation."`
	Admit   memberAdmitCmd  `cmd:"" help:"Take a member in, from its answer and the code it read aloud (secretariat)."`
	List    memberListCmd   `cmd:"" help:"List the members, their rights and keys."`
	Rotate  memberRotateCmd `cmd:"" help:"Change this member's keys."`
	Suspend memberChangeCmd `cmd:"" help:"Suspend a member now: a laptop was lost (secretariat)."`
	Resume  memberChangeCmd `cmd:"" help:"End a suspension (secretariat)."`
	Remove  memberChangeCmd `cmd:"" help:"Let a member go (secretariat)."`
	Boxes   memberBoxesCmd  `cmd:"" help:"Show what waits at the relay for each member, and what was refused (secretariat)."`
}

type memberInviteCmd struct {
	whoFlags
	Member  string `arg:"" help:"The new member's id."`
	Name    string `required:"" help:"Its name."`
	Kind    string `required:"" help:"bureau, unit, fiu, police, bank, money_transfer, private, ngo or international."`
	Country string `help:"Two letters."`
	Contact string `help:"How it is reached at any hour."`
	Days    int    `default:"7" help:"For how many days the invitation holds (default: ${default})."`
	Out     string `required:"" help:"The file to write."`
}

func (c *memberInviteCmd) Run(e *env) error {
	var b []byte
	if err := c.do(e, "member.invite", web.Args{Member: c.Member, Name: c.Name, Kind: c.Kind, Country: c.Country, Contact: c.Contact, Days: c.Days}, &b); err != nil {
		return err
	}
	if err := os.WriteFile(c.Out, b, 0o600); err != nil {
		return err
	}
	return c.show(e, c.Out, "Bring %s to %s, who makes a node with it: tarir init --invitation", c.Out, c.Name)
}

type memberAdmitCmd struct {
	whoFlags
	Answer string `arg:"" type:"existingfile" help:"The member's answer."`
	Code   string `required:"" help:"The code that it read aloud."`
}

func (c *memberAdmitCmd) Run(e *env) error {
	b, err := os.ReadFile(c.Answer)
	if err != nil {
		return err
	}
	var st register.Statement
	if err := c.do(e, "member.admit", web.Args{Text: b, Code: c.Code}, &st); err != nil {
		return err
	}
	return c.show(e, st, "%s is a member", st.Member)
}

type memberListCmd struct{ whoFlags }

func (c *memberListCmd) Run(e *env) error {
	var list []*register.Member
	if err := c.do(e, "member.list", web.Args{}, &list); err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(e.stdout, list)
	}
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	for _, m := range list {
		state, key := "suspended or left", ""
		if m.Active(time.Now()) {
			state = "active"
		}
		if k := m.Current(time.Now()); k != nil {
			key = k.ID()
		}
		rights := make([]string, len(m.Rights))
		for i, r := range m.Rights {
			rights[i] = string(r)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", m.ID, m.Name, m.Kind, m.Country, state, key, strings.Join(rights, " "))
	}
	return w.Flush()
}

type memberBoxesCmd struct{ whoFlags }

func (c *memberBoxesCmd) Run(e *env) error {
	var got node.Boxes
	if err := c.do(e, "boxes", web.Args{}, &got); err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(e.stdout, got)
	}
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	for _, m := range slices.Sorted(maps.Keys(got.Waiting)) {
		fmt.Fprintf(w, "%s\t%d waiting\n", m, got.Waiting[m])
	}
	for _, d := range got.Dead {
		fmt.Fprintf(w, "%s\trefused (%s)\tfrom %s\t%s\n", d.To, d.Reason, d.From, d.At.Local().Format(time.DateTime))
	}
	return w.Flush()
}

type memberRotateCmd struct{ whoFlags }

func (c *memberRotateCmd) Run(e *env) error {
	if err := c.do(e, "member.rotate", web.Args{}, nil); err != nil {
		return err
	}
	return c.show(e, "rotating", "New keys are made; they are in force once the secretariat has put them into the register.")
}

type memberChangeCmd struct {
	whoFlags
	Member string `arg:"" help:"The member."`
}

func (c *memberChangeCmd) Run(e *env, verb verbOf) error {
	t := map[string]register.Type{"suspend": register.Suspended, "resume": register.Resumed, "remove": register.Left}[string(verb)]
	if err := c.do(e, "member.change", web.Args{Kind: string(t), Member: c.Member}, nil); err != nil {
		return err
	}
	return c.show(e, t, "%s: %s", c.Member, t)
}

// verbOf is the last word of the command that was chosen.
type verbOf string

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

type messageCmd struct {
	whoFlags
	To      []string `required:"" help:"Member; may be repeated."`
	Subject string   `help:"What it is about."`
	Text    string   `required:"" help:"What it says, in English; other languages with --form of a diffusion."`
	Form    string   `help:"Makes it a diffusion: the form as JSON."`
	Attach  []string `type:"existingfile" help:"File to attach; may be repeated."`
	Urgent  bool     `help:"Before everything else."`
}

func (c *messageCmd) Run(e *env) error {
	files, err := filesOf(c.Attach)
	if err != nil {
		return err
	}
	l := &node.NewLetter{Kind: "message", To: c.To, Subject: c.Subject, Text: notice.Texts{"en": c.Text}, Files: files, Urgent: c.Urgent}
	if c.Form != "" {
		l.Kind, l.Form = "diffusion", &notice.Form{}
		if err := readForm(e, c.Form, l.Form); err != nil {
			return err
		}
	}
	var out node.Letter
	if err := c.do(e, "letter.send", web.Args{Letter: l}, &out); err != nil {
		return err
	}
	return c.show(e, out, "%s", out.ID)
}

type recallCmd struct {
	whoFlags
	Kind string `arg:"" help:"message or diffusion."`
	ID   string `arg:""`
}

func (c *recallCmd) Run(e *env) error {
	if err := c.do(e, "recall", web.Args{Kind: c.Kind, ID: c.ID}, nil); err != nil {
		return err
	}
	return c.show(e, "recalled", "Recalled; tarir receipts %s %s shows who has destroyed its copy.", c.Kind, c.ID)
}

type fetchCmd struct {
	whoFlags
	Kind string `arg:""`
	ID   string `arg:""`
	Name string `help:"Of the attachment (default: the first)."`
}

func (c *fetchCmd) Run(e *env) error {
	var path string
	if err := c.do(e, "fetch", web.Args{Kind: c.Kind, ID: c.ID, Name: c.Name}, &path); err != nil {
		return err
	}
	return c.show(e, path, "%s", path)
}

type watchCmd struct {
	whoFlags
	File   string `arg:"" type:"existingfile" help:"Lines of FollowTheMoney JSON."`
	Victim bool   `help:"The records are of victims: pseudonyms, nothing coercive."`
}

func (c *watchCmd) Run(e *env) error {
	path, err := filepath.Abs(c.File)
	if err != nil {
		return err
	}
	a := web.Args{Path: path}
	if c.Victim {
		a.Label.Status = handling.Victim
	}
	var got node.Imported
	if err := c.do(e, "watch.import", a, &got); err != nil {
		return err
	}
	for _, r := range got.Rejected {
		fmt.Fprintf(e.stderr, "%s:%d: %s\n", c.File, r.Line, r.Reason)
	}
	return c.show(e, got, "read %d, accepted %d, rejected %d, possible hits %d", got.Read, got.Accepted, len(got.Rejected), got.Hits)
}

type checkCmd struct {
	whoFlags
	Kind    string `arg:"" help:"account, iban, phone, email, wallet, plate, document, handle or name."`
	Value   string `arg:""`
	Country string `help:"Of a phone, plate or document: two letters."`
}

func (c *checkCmd) Run(e *env) error {
	var got node.Known
	if err := c.do(e, "check", web.Args{Thing: &notice.Thing{Kind: c.Kind, Value: c.Value, Country: c.Country}}, &got); err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(e.stdout, got)
	}
	for _, h := range got.Hits {
		fmt.Fprintf(e.stdout, "possible match: %s %s of %s (%s): %s\n", h.Kind, h.ID, h.Owner, strings.Join(h.Agreed, ", "), h.Advice)
	}
	if len(got.Hits) == 0 {
		fmt.Fprintln(e.stdout, "no record")
	}
	return nil
}

type actCmd struct {
	whoFlags
	ID     string `arg:"" help:"The hit."`
	Act    string `arg:"" enum:"measure,coerce,tell" help:"measure (stop, question, search), coerce (arrest, detain) or tell (the person whom it is about)."`
	Danger bool   `name:"danger-to-life" help:"Before the owner has confirmed, since a life is in danger: give the --reason, which the owner gets."`
}

func (c *actCmd) Run(e *env) error {
	w := c.who()
	w.Danger = c.Danger
	if err := web.Do(e.ctx, c.Data, "hit.act", w, web.Args{ID: c.ID, Act: handling.Act(c.Act)}, nil); err != nil {
		return err
	}
	return c.show(e, "allowed", "It is allowed, as far as the exchange is concerned: your own law says the rest.")
}

type hitCmd struct {
	whoFlags
	State   string   `arg:"" help:"same, not_same, unclear, asked, confirmed, denied or closed."`
	ID      string   `arg:""`
	Allowed []string `help:"Of a confirmation: what may be done."`
	Outcome string   `help:"Of a closed hit: what came of it."`
}

func (c *hitCmd) Run(e *env) error {
	var h hit.Hit
	if err := c.do(e, "hit.step", web.Args{ID: c.ID, Hit: &hit.Step{State: hit.State(c.State), Allowed: c.Allowed, Outcome: c.Outcome}}, &h); err != nil {
		return err
	}
	return c.show(e, h, "%s; next: %s", h.State, h.Advice())
}

type stopCmd struct {
	Request stopRequestCmd `cmd:"" help:"Ask an institution to hold money."`
	Trace   stopTraceCmd   `cmd:"" help:"Follow the money of a request in the own ledger, and answer with lots."`
	Next    stopNextCmd    `cmd:"" help:"Where the money has moved on: show the requests that follow, or send them."`
	Answer  stopAnswerCmd  `cmd:"" help:"Answer: acknowledged, blocked_full, blocked_part, not_found, refused, released, returned."`
}

type stopRequestCmd struct {
	whoFlags
	Form    string `arg:"" help:"The requests as JSON: a list of {asked, form}; - is standard input."`
	Earlier string `help:"The request that this one follows, where the money has moved on."`
}

func (c *stopRequestCmd) Run(e *env) error {
	var list []node.StopRequest
	if err := readForm(e, c.Form, &list); err != nil {
		return err
	}
	for i := range list {
		list[i].Earlier = c.Earlier
	}
	return c.requestStops(e, list)
}

// requestStops sends requests and shows what became of them.
func (f *whoFlags) requestStops(e *env, list []node.StopRequest) error {
	var out []*casework.Stop
	if err := f.do(e, "stop.request", web.Args{Stops: list}, &out); err != nil {
		return err
	}
	if f.JSON {
		return writeJSON(e.stdout, out)
	}
	for _, s := range out {
		fmt.Fprintln(e.stdout, s.ID, s.Asked, s.State)
	}
	return nil
}

type stopNextCmd struct {
	whoFlags
	ID    string            `arg:"" help:"The request that was answered."`
	Asked map[string]string `help:"Which member to ask, by institution: --asked BANKCCXX=BANK-CC. Without it nothing is sent."`
}

func (c *stopNextCmd) Run(e *env) error {
	var s casework.Stop
	if err := c.do(e, "open", web.Args{Kind: "stop", ID: c.ID}, &s); err != nil {
		return err
	}
	var list []node.StopRequest
	for _, f := range s.Proposals() {
		institution, _, _ := strings.Cut(f.Account, "/")
		asked := c.Asked[institution]
		if len(c.Asked) == 0 || asked != "" {
			list = append(list, node.StopRequest{Asked: asked, Form: f, Earlier: c.ID})
		}
	}
	if len(list) == 0 {
		return errors.New("nothing of this money went on to an institution that can be asked")
	}
	if len(c.Asked) == 0 {
		return writeJSON(e.stdout, list)
	}
	return c.requestStops(e, list)
}

type stopTraceCmd struct {
	whoFlags
	ID     string `arg:""`
	Ledger string `required:"" help:"Folder of the ledger, or of an analysis."`
}

func (c *stopTraceCmd) Run(e *env) error {
	var s casework.Stop
	if err := c.do(e, "open", web.Args{Kind: "stop", ID: c.ID}, &s); err != nil {
		return err
	}
	a, err := analysis.AnswerStop(e.ctx, c.Ledger, &s.Form)
	if err != nil {
		return err
	}
	a.Contact = c.As
	var out casework.Stop
	if err := c.do(e, "stop.step", web.Args{ID: c.ID, Stop: &casework.StopStep{State: casework.Traced, Answer: a}}, &out); err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(e.stdout, out)
	}
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	for _, h := range a.Hops {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", h.Amount, h.Currency, h.How, h.Account)
	}
	return w.Flush()
}

type stopAnswerCmd struct {
	whoFlags
	State string `arg:"" help:"The answer."`
	ID    string `arg:""`
	Held  string `help:"How much is held, a decimal."`
	Days  int    `default:"5" help:"For how many days the hold stands without a court order."`
}

func (c *stopAnswerCmd) Run(e *env) error {
	step := casework.StopStep{State: casework.StopState(c.State)}
	var s casework.Stop
	if err := c.do(e, "open", web.Args{Kind: "stop", ID: c.ID}, &s); err != nil {
		return err
	}
	if c.Held != "" {
		a := casework.Answer{}
		if s.Answer != nil {
			a = *s.Answer
		}
		a.Found, a.Held, a.Currency, a.HoldUntil, a.Contact = true, c.Held, s.Form.Currency, time.Now().AddDate(0, 0, c.Days).UTC(), c.As
		step.Answer = &a
	}
	var out casework.Stop
	if err := c.do(e, "stop.step", web.Args{ID: c.ID, Stop: &step}, &out); err != nil {
		return err
	}
	return c.show(e, out, "%s", out.State)
}

type auditCmd struct {
	Verify auditVerifyCmd `cmd:"" help:"Read the whole log and compare it with every checkpoint that was signed of it."`
	Show   auditShowCmd   `cmd:"" help:"Show entries."`
	Export auditExportCmd `cmd:"" help:"Write entries with their proofs."`
}

type auditVerifyCmd struct {
	dataFlags
	As   string        `env:"TARIR_AS" help:"With --ask: who asks."`
	Ask  bool          `help:"Ask the members who witness this log for what they keep of it: the node must be running."`
	Wait time.Duration `default:"30s" help:"With --ask: for how long to wait for their answers (default: ${default})."`
}

func (c *auditVerifyCmd) Run(e *env) error {
	var witnesses []string
	answers := map[string][]byte{}
	if c.Ask {
		who := node.Who{Person: c.As}
		if err := web.Do(e.ctx, c.Data, "audit.ask", who, web.Args{}, &witnesses); err != nil {
			return err
		}
		for end := time.Now().Add(c.Wait); len(answers) < len(witnesses) && time.Now().Before(end); {
			select {
			case <-e.ctx.Done():
				return e.ctx.Err()
			case <-time.After(200 * time.Millisecond):
			}
			if err := web.Do(e.ctx, c.Data, "audit.answers", who, web.Args{}, &answers); err != nil {
				return err
			}
		}
	}
	var kept [][]byte
	for _, m := range slices.Sorted(maps.Keys(answers)) {
		if len(answers[m]) > 0 {
			kept = append(kept, answers[m])
		}
	}
	n, err := node.VerifyAudit(e.ctx, c.Data, kept...)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "%d entries: none was changed, left out or put in later\n", n)
	for _, m := range witnesses {
		switch b, ok := answers[m]; {
		case !ok:
			fmt.Fprintf(e.stdout, "%s has not answered\n", m)
		case len(b) == 0:
			fmt.Fprintf(e.stdout, "%s keeps nothing of this log yet\n", m)
		default:
			fmt.Fprintf(e.stdout, "%s keeps a checkpoint of it, which it agrees with\n", m)
		}
	}
	return nil
}

type auditShowCmd struct {
	whoFlags
	Kind   string `help:"Only about a record of this kind..."`
	ID     string `name:"id" help:"...and this id."`
	Person string `help:"Only of this person."`
	Limit  int    `default:"200" help:"The last so many."`
}

func (c *auditShowCmd) Run(e *env) error {
	var list []struct {
		Number int64 `json:"number"`
		audit.Entry
	}
	if err := c.do(e, "audit.show", web.Args{Kind: c.Kind, ID: c.ID, Limit: c.Limit, Filter: audit.Filter{Person: c.Person}}, &list); err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(e.stdout, list)
	}
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	for _, l := range list {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", l.Number, l.At.Local().Format(time.DateTime), l.Person, l.Action, l.Kind, l.Other, l.Result, strings.Join(l.Reasons, " "))
	}
	return w.Flush()
}

type auditExportCmd struct {
	whoFlags
	File string `arg:"" help:"The new file."`
}

func (c *auditExportCmd) Run(e *env) error {
	path, err := filepath.Abs(c.File)
	if err != nil {
		return err
	}
	if err := c.do(e, "audit.export", web.Args{Path: path}, nil); err != nil {
		return err
	}
	return c.show(e, c.File, "written: %s", c.File)
}

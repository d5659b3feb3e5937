package main

import (
	"fmt"
	"path/filepath"

	"tarir/handling"
	"tarir/hit"
	"tarir/node"
	"tarir/notice"
	"tarir/web"
)

type messageCmd struct {
	whoFlags
	To      []string `required:"" help:"Member; may be repeated."`
	Subject string   `help:"What it is about."`
	Text    string   `required:"" help:"What it says, in English; other languages with --form of a diffusion."`
	Form    string   `help:"Makes it a diffusion: the form as JSON."`
	Attach  []string `type:"existingfile" help:"File to attach; may be repeated."`
	Answers string   `placeholder:"ID" help:"The message that it answers."`
	Urgent  bool     `help:"Before everything else."`
}

func (c *messageCmd) Run(e *env) error {
	files, err := filesOf(c.Attach)
	if err != nil {
		return err
	}
	l := &node.NewLetter{Kind: "message", To: c.To, Subject: c.Subject, Text: notice.Texts{"en": c.Text}, Files: files, Answers: c.Answers, Urgent: c.Urgent}
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

package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"tarir/exchange/register"
	"tarir/node"
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

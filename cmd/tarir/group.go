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

	"tarir/analysis"
	"tarir/casework"
	"tarir/node"
	"tarir/notice"
	"tarir/web"
)

type groupCmd struct {
	New        groupNewCmd        `cmd:"" help:"Open an expert group of members, which this node keeps."`
	List       groupListCmd       `cmd:"" help:"List the groups of which this member is one."`
	Show       groupShowCmd       `cmd:"" help:"Show a group: its entries, what is endorsed, what was counted."`
	In         groupInCmd         `cmd:"" help:"Add a member to a group of this node."`
	Out        groupOutCmd        `cmd:"" help:"Take a member out of a group of this node."`
	Propose    groupProposeCmd    `cmd:"" help:"Propose an entry, or a new version of one: threat, trend, route, method or indicator, as JSON."`
	Remark     groupRemarkCmd     `cmd:"" help:"Say something about an entry."`
	Endorse    groupEndorseCmd    `cmd:"" help:"Stand by a version of an entry of another member."`
	Retire     groupRetireCmd     `cmd:"" help:"Say that an entry stands no more, and why."`
	Purple     groupPurpleCmd     `cmd:"" help:"Draft a purple notice of an endorsed modus operandi."`
	Take       groupTakeCmd       `cmd:"" help:"Take an endorsed indicator over into the pack of this node."`
	Found      groupFoundCmd      `cmd:"" help:"Tell how many findings an indicator had, from a folder of results."`
	Agree      groupAgreeCmd      `cmd:"" help:"Say which counts this member contributes."`
	Contribute groupContributeCmd `cmd:"" help:"Contribute counts for a period that is over, from a folder of results; --dry shows what would go out."`
	Sums       groupSumsCmd       `cmd:"" help:"Add the contributions of a period and tell all members, once."`
}

type groupNewCmd struct {
	whoFlags
	Title   string   `arg:""`
	Members []string `arg:"" optional:"" help:"The other members."`
}

func (c *groupNewCmd) Run(e *env) error {
	var g casework.Group
	if err := c.do(e, "group.new", web.Args{Name: c.Title, Names: c.Members}, &g); err != nil {
		return err
	}
	return c.show(e, g, "%s", g.ID)
}

type groupListCmd struct{ whoFlags }

func (c *groupListCmd) Run(e *env) error {
	var list []casework.Group
	if err := c.do(e, "group.list", web.Args{}, &list); err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(e.stdout, list)
	}
	for _, g := range list {
		fmt.Fprintf(e.stdout, "%s  kept by %s, %d members  %s\n", g.ID, g.Owner, len(g.Members), g.Title)
	}
	return nil
}

type groupShowCmd struct {
	whoFlags
	ID    string   `arg:"" help:"The group."`
	Words []string `arg:"" optional:"" help:"Only entries that have all of these words."`
}

func (c *groupShowCmd) Run(e *env) error {
	var v node.GroupView
	if err := c.do(e, "group.show", web.Args{ID: c.ID, Name: strings.Join(c.Words, " ")}, &v); err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(e.stdout, v)
	}
	fmt.Fprintf(e.stdout, "%s, kept by %s; an entry stands when %d endorse it\n", v.Group.Title, v.Group.Owner, v.Quorum)
	for _, m := range v.Group.Members {
		fmt.Fprintf(e.stdout, "  %s contributes %s\n", m.Member, orNone(m.Contributes))
	}
	for i := range v.Entries {
		printKnowledge(e.stdout, &v.Entries[i])
	}
	for _, s := range v.Sums {
		fmt.Fprintf(e.stdout, "\ncounts of %d members for %s (%d sums of too few members are left out)\n", s.Members, s.Period, s.Left)
		for i, x := range s.Sums {
			if i == 20 {
				fmt.Fprintf(e.stdout, "  and %d more: --json\n", len(s.Sums)-i)
				break
			}
			fmt.Fprintf(e.stdout, "  %-9s %-32s %d\n", x.Kind, x.Key, x.Count)
		}
	}
	return nil
}

func printKnowledge(w io.Writer, k *node.GroupEntry) {
	state := fmt.Sprintf("endorsed by %d", len(k.Endorsed))
	switch {
	case k.Retired != "":
		state = "stands no more: " + k.Retired
	case k.Stands:
		state += ", stands"
	}
	fmt.Fprintf(w, "\n%s  %s  version %d of %s, %s (%s)\n  %s\n  %s\n", k.ID, k.Kind, k.Version, k.Author, k.Evidence, state, k.Title, k.Text)
	if k.Kind == casework.Indicator {
		n, users := k.Found()
		fmt.Fprintf(w, "  used by %d members, who told of %d findings\n", users, n)
	}
	for _, r := range k.Said {
		fmt.Fprintf(w, "  %s, %s: %s\n", r.Member, r.At.UTC().Format(time.DateOnly), r.Text)
	}
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "nothing"
	}
	return strings.Join(list, ", ")
}

type groupInCmd struct {
	whoFlags
	ID     string `arg:"" help:"The group."`
	Member string `arg:""`
}

func (c *groupInCmd) Run(e *env) error {
	return c.do(e, "group.change", web.Args{ID: c.ID, Member: c.Member, Kind: "in"}, nil)
}

type groupOutCmd struct {
	whoFlags
	ID     string `arg:"" help:"The group."`
	Member string `arg:""`
}

func (c *groupOutCmd) Run(e *env) error {
	return c.do(e, "group.change", web.Args{ID: c.ID, Member: c.Member, Kind: "out"}, nil)
}

// say says something in a group.
func (f *whoFlags) say(e *env, s node.GroupSay) (id string, err error) {
	err = f.do(e, "group.say", web.Args{Say: s}, &id)
	return id, err
}

type groupProposeCmd struct {
	whoFlags
	ID      string `arg:"" help:"The group."`
	File    string `arg:"" help:"The entry as JSON; - is standard input."`
	Entry   string `help:"An entry of which this is a new version..."`
	Version int64  `help:"...and the version that was looked at."`
	Pack    string `type:"existingfile" placeholder:"FILE" help:"Of an indicator: the part of an indicator pack (TOML)."`
}

func (c *groupProposeCmd) Run(e *env) error {
	text, err := readInput(e, c.File)
	if err != nil {
		return err
	}
	var k casework.Knowledge
	if err := strict(text, &k); err != nil {
		return err
	}
	if c.Pack != "" {
		pack, err := os.ReadFile(c.Pack)
		if err != nil {
			return err
		}
		if k.Indicator == nil {
			k.Indicator = &casework.IndicatorText{}
		}
		k.Indicator.Pack = string(pack)
	}
	id, err := c.say(e, node.GroupSay{Group: c.ID, Do: "propose", Entry: c.Entry, Version: c.Version, New: &k})
	if err != nil {
		return err
	}
	return c.show(e, id, "%s", id)
}

type groupRemarkCmd struct {
	whoFlags
	ID    string `arg:"" help:"The group."`
	Entry string `arg:""`
	Text  string `arg:""`
}

func (c *groupRemarkCmd) Run(e *env) error {
	_, err := c.say(e, node.GroupSay{Group: c.ID, Do: "remark", Entry: c.Entry, Text: c.Text})
	return err
}

type groupEndorseCmd struct {
	whoFlags
	ID      string `arg:"" help:"The group."`
	Entry   string `arg:""`
	Version int64  `arg:"" help:"That was looked at."`
}

func (c *groupEndorseCmd) Run(e *env) error {
	_, err := c.say(e, node.GroupSay{Group: c.ID, Do: "endorse", Entry: c.Entry, Version: c.Version})
	return err
}

type groupRetireCmd struct {
	whoFlags
	ID    string `arg:"" help:"The group."`
	Entry string `arg:""`
	Why   string `arg:""`
}

func (c *groupRetireCmd) Run(e *env) error {
	_, err := c.say(e, node.GroupSay{Group: c.ID, Do: "retire", Entry: c.Entry, Text: c.Why})
	return err
}

type groupPurpleCmd struct {
	whoFlags
	ID    string `arg:"" help:"The group."`
	Entry string `arg:""`
}

func (c *groupPurpleCmd) Run(e *env) error {
	var r notice.Record
	if err := c.do(e, "group.purple", web.Args{ID: c.ID, Name: c.Entry}, &r); err != nil {
		return err
	}
	return c.show(e, r, "%s  a draft: tarir notice check %s says what it lacks", r.ID, r.ID)
}

type groupTakeCmd struct {
	whoFlags
	ID    string `arg:"" help:"The group."`
	Entry string `arg:""`
}

func (c *groupTakeCmd) Run(e *env) error {
	var path string
	if err := c.do(e, "group.take", web.Args{ID: c.ID, Name: c.Entry}, &path); err != nil {
		return err
	}
	return c.show(e, path, "taken over: tarir analyse --indicators %s", path)
}

type groupFoundCmd struct {
	whoFlags
	ID      string `arg:"" help:"The group."`
	Entry   string `arg:""`
	Results string `arg:"" type:"existingdir" help:"A folder of results of tarir analyse with this indicator."`
}

func (c *groupFoundCmd) Run(e *env) error {
	var v node.GroupView
	if err := c.do(e, "group.show", web.Args{ID: c.ID}, &v); err != nil {
		return err
	}
	typology := ""
	for _, k := range v.Entries {
		if k.ID == c.Entry && k.Indicator != nil {
			typology = k.Indicator.Typology
		}
	}
	if typology == "" {
		return fmt.Errorf("%s is no indicator of this group", c.Entry)
	}
	n, err := countFindings(filepath.Join(c.Results, analysis.FindingsFile), typology)
	if err != nil {
		return err
	}
	told := n
	if n > 0 && n < casework.SmallCell {
		told = -1
	}
	if _, err := c.say(e, node.GroupSay{Group: c.ID, Do: "found", Entry: c.Entry, Found: told}); err != nil {
		return err
	}
	if told < 0 {
		return c.show(e, n, "%d findings; the group hears that there are fewer than %d", n, casework.SmallCell)
	}
	return c.show(e, n, "%d findings; the group hears it", n)
}

// countFindings counts the findings of a typology.
func countFindings(path, typology string) (n int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	d := json.NewDecoder(bufio.NewReader(f))
	for {
		var x struct {
			Typology string `json:"typology"`
		}
		if err := d.Decode(&x); errors.Is(err, io.EOF) {
			return n, nil
		} else if err != nil {
			return 0, fmt.Errorf("read the findings: %w", err)
		}
		if x.Typology == typology {
			n++
		}
	}
}

type groupAgreeCmd struct {
	whoFlags
	ID    string   `arg:"" help:"The group."`
	Kinds []string `arg:"" optional:"" help:"route, typology, signal, channel, merchant, price, site; none: nothing any more."`
}

func (c *groupAgreeCmd) Run(e *env) error {
	_, err := c.say(e, node.GroupSay{Group: c.ID, Do: "agree", Kinds: c.Kinds})
	return err
}

type groupContributeCmd struct {
	whoFlags
	ID      string   `arg:"" help:"The group."`
	Period  string   `arg:"" help:"A month (2026-09) or a quarter (2026-Q3) that is over."`
	Results string   `arg:"" type:"existingdir" help:"A folder of results of tarir analyse."`
	Inputs  []string `arg:"" optional:"" help:"What was analysed, for how suspicious payments went and what suspicious adverts ask."`
	Dry     bool     `help:"Show what would go out, and send nothing."`
}

func (c *groupContributeCmd) Run(e *env) error {
	counts, err := analysis.Tallies(e.ctx, c.Results, c.Inputs, c.Period)
	if err != nil {
		return err
	}
	var out web.Contributed
	if err := c.do(e, "group.contribute", web.Args{ID: c.ID, Name: c.Period, Counts: counts, Dry: c.Dry}, &out); err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(e.stdout, out)
	}
	for _, x := range out.Counts {
		fmt.Fprintf(e.stdout, "%-9s %-32s %d\n", x.Kind, x.Key, x.Count)
	}
	what := "contributed"
	if c.Dry {
		what = "would be contributed"
	}
	fmt.Fprintf(e.stdout, "%d counts for %s %s; %d were too small to be told\n", len(out.Counts), out.Period, what, out.Left)
	return nil
}

type groupSumsCmd struct {
	whoFlags
	ID     string `arg:"" help:"The group, which this node keeps."`
	Period string `arg:"" help:"A month (2026-09) or a quarter (2026-Q3)."`
}

func (c *groupSumsCmd) Run(e *env) error {
	var s node.GroupSums
	if err := c.do(e, "group.sums", web.Args{ID: c.ID, Name: c.Period}, &s); err != nil {
		return err
	}
	return c.show(e, s, "%d sums of %d members told, %d left out, %d that emerge proposed", len(s.Sums), s.Members, s.Left, len(s.Emerging))
}

package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"tarir/audit"
	"tarir/casework"
	"tarir/exchange/register"
	"tarir/handling"
	"tarir/hit"
	"tarir/node"
	"tarir/notice"
	"tarir/store"
	"tarir/vault"
	"tarir/watchlist"
)

// request is what somebody asks over the socket.
type request struct {
	Who  node.Who        `json:"who"`
	Args json.RawMessage `json:"args"`
}

// answer is what is said: a result, or an error in one sentence.
type answer struct {
	Result json.RawMessage `json:"result,omitempty"`
	Error  string          `json:"error,omitempty"`
	None   bool            `json:"none,omitempty"` // there is no such record
}

// Args of all verbs; each uses what it needs.
type Args struct {
	ID         string             `json:"id,omitempty"`
	Kind       string             `json:"kind,omitempty"`
	Member     string             `json:"member,omitempty"`
	Name       string             `json:"name,omitempty"`
	Country    string             `json:"country,omitempty"`
	Contact    string             `json:"contact,omitempty"`
	Path       string             `json:"path,omitempty"`
	Code       string             `json:"code,omitempty"`
	Text       []byte             `json:"text,omitempty"`
	Limit      int                `json:"limit,omitempty"`
	Days       int                `json:"days,omitempty"`
	Until      time.Time          `json:"until,omitzero"`
	Rights     []register.Right   `json:"rights,omitempty"`
	Form       *notice.Form       `json:"form,omitempty"`
	Files      []node.File        `json:"files,omitempty"`
	Step       *notice.Step       `json:"step,omitempty"`
	Reasons    map[string]string  `json:"reasons,omitempty"`
	Letter     *node.NewLetter    `json:"letter,omitempty"`
	Hit        *hit.Step          `json:"hit,omitempty"`
	Act        handling.Act       `json:"act,omitempty"`
	Stops      []node.StopRequest `json:"stops,omitempty"`
	Question   *node.Question     `json:"question,omitempty"`
	Paths      []string           `json:"paths,omitempty"`
	MaxAge     string             `json:"max_age,omitempty"`
	Regions    []string           `json:"regions,omitempty"`
	Stop       *casework.StopStep `json:"stop,omitempty"`
	Label      handling.Label     `json:"label,omitzero"`
	Passphrase string             `json:"passphrase,omitempty"`
	Filter     audit.Filter       `json:"filter,omitzero"`

	From     time.Time          `json:"from,omitzero"`
	Seq      int64              `json:"seq,omitempty"`
	Seqs     []int64            `json:"seqs,omitempty"`
	Version  int64              `json:"version,omitempty"`
	Refs     []casework.Ref     `json:"refs,omitempty"`
	CaseStep *casework.CaseStep `json:"case_step,omitempty"`
	Entries  []node.NewEntry    `json:"entries,omitempty"`
	Entry    json.RawMessage    `json:"entry,omitempty"`
	Document casework.Document  `json:"document,omitzero"`
	Telling  node.Telling       `json:"telling,omitzero"`
	Table    node.VaultTable    `json:"table,omitzero"`
	Say      node.GroupSay      `json:"say,omitzero"`
	Counts   []casework.Tally   `json:"counts,omitempty"`
	Dry      bool               `json:"dry,omitempty"`
	Tasking  *casework.Tasking  `json:"tasking,omitempty"`

	Person      *vault.Record         `json:"person,omitempty"`
	VaultChange *node.VaultChange     `json:"vault_change,omitempty"`
	Fields      []string              `json:"fields,omitempty"`
	Move        *casework.AssetMove   `json:"move,omitempty"`
	Proceeds    map[string]string     `json:"proceeds,omitempty"`
	Operation   *casework.Operation   `json:"operation,omitempty"`
	Reports     []casework.Report     `json:"reports,omitempty"`
	Names       []string              `json:"names,omitempty"`
	Numbers     []string              `json:"numbers,omitempty"`
	SubjectStep *casework.SubjectStep `json:"subject_step,omitempty"`
}

// Contributed is what was contributed to a group, and how many counts were too small to be told.
type Contributed struct {
	*casework.Contribution
	Left int `json:"left_out"`
}

type verb func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error)

// verbs are the use cases by name.
var verbs = map[string]verb{
	"health": func(ctx context.Context, n *node.Node, _ node.Who, _ *Args) (any, error) { return n.Health(ctx) },
	"member.invite": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.Invite(ctx, w, register.Statement{Member: a.Member, Name: a.Name, Kind: handling.Kind(a.Kind), Country: a.Country, Contact: a.Contact, Rights: a.Rights}, time.Duration(max(a.Days, 1))*24*time.Hour)
	},
	"member.admit": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.Admit(ctx, w, a.Text, a.Code)
	},
	"member.list": func(ctx context.Context, n *node.Node, w node.Who, _ *Args) (any, error) { return n.Members(ctx, w) },
	"member.rotate": func(ctx context.Context, n *node.Node, w node.Who, _ *Args) (any, error) {
		return nil, n.Rotate(ctx, w)
	},
	"member.change": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return nil, n.Change(ctx, w, register.Type(a.Kind), a.Member, w.Reason, a.Rights)
	},
	"person.invite": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.InviteToLogin(ctx, w, a.ID)
	},
	"boxes": func(ctx context.Context, n *node.Node, w node.Who, _ *Args) (any, error) {
		return n.Boxes(ctx, w)
	},
	"notice.draft": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		if a.Form == nil {
			return nil, errors.New("give the form")
		}
		return n.Draft(ctx, w, *a.Form, a.Files)
	},
	"notice.edit": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		if a.Form == nil {
			return nil, errors.New("give the form")
		}
		return n.Edit(ctx, w, a.ID, *a.Form)
	},
	"notice.check": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.Check(ctx, w, a.ID, true)
	},
	"notice.show": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.Request(ctx, w, a.ID)
	},
	"notice.step": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		if a.Step == nil {
			return nil, errors.New("give the step")
		}
		return n.Step(ctx, w, a.ID, *a.Step, a.Reasons)
	},
	"letter.send": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		if a.Letter == nil {
			return nil, errors.New("give the letter")
		}
		return n.Send(ctx, w, *a.Letter)
	},
	"recall": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return nil, n.Recall(ctx, w, a.Kind, a.ID)
	},
	"hold": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return nil, n.Hold(ctx, w, a.Kind, a.ID)
	},
	"extend": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return nil, n.Extend(ctx, w, a.Kind, a.ID, a.Until)
	},
	"receipts": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.Receipts(ctx, w, a.Kind, a.ID)
	},
	"list": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.List(ctx, w, a.Kind, a.Limit)
	},
	"open": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		it, err := n.Open(ctx, w, a.Kind, a.ID)
		if err != nil {
			return nil, err
		}
		return it.Body, nil
	},
	"fetch": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.Fetch(ctx, w, a.Kind, a.ID, a.Name)
	},
	"watch.import": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		f, err := os.Open(a.Path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return n.Import(ctx, w, f, a.Label)
	},
	"look.up": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		if a.Question == nil {
			return nil, errors.New("say what to look for")
		}
		return n.LookUp(ctx, w, *a.Question)
	},
	"private.ask": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		if a.Path == "" {
			return n.PrivateAsk(ctx, w, a.Member, nil)
		}
		f, err := os.Open(a.Path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return n.PrivateAsk(ctx, w, a.Member, f)
	},
	"private": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.Private(ctx, w, a.ID)
	},
	"index.load": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.LoadLists(ctx, w, a.Paths, watchlist.Options{Source: a.Name, MaxAge: a.MaxAge, Regions: a.Regions})
	},
	"index": func(ctx context.Context, n *node.Node, w node.Who, _ *Args) (any, error) {
		return n.IndexState(ctx, w)
	},
	"hit.step": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		if a.Hit == nil {
			return nil, errors.New("give the step")
		}
		return n.HitStep(ctx, w, a.ID, *a.Hit)
	},
	"hit.act": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return nil, n.Act(ctx, w, a.ID, a.Act)
	},
	"stop.request": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.RequestStops(ctx, w, a.Stops)
	},
	"stop.step": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		if a.Stop == nil {
			return nil, errors.New("give the step")
		}
		return n.StopStep(ctx, w, a.ID, *a.Stop)
	},
	"case.new": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.NewCase(ctx, w, a.Name, a.Refs)
	},
	"case.step": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		if a.CaseStep == nil {
			return nil, errors.New("give the step")
		}
		return n.CaseStep(ctx, w, a.ID, *a.CaseStep)
	},
	"case.list": func(ctx context.Context, n *node.Node, w node.Who, _ *Args) (any, error) { return n.Cases(ctx, w) },
	"case.show": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) { return n.Case(ctx, w, a.ID) },
	"case.add": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.AddToCase(ctx, w, a.ID, a.Entries)
	},
	"case.import": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		f, err := os.Open(a.Path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return n.ImportIntoCase(ctx, w, a.ID, casework.EntryKind(a.Kind), f)
	},
	"case.change": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.ChangeEntry(ctx, w, a.ID, a.Seq, a.Version, a.Entry)
	},
	"case.remove": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return nil, n.RemoveEntry(ctx, w, a.ID, a.Seq)
	},
	"case.entries": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.Entries(ctx, w, a.ID, casework.EntryKind(a.Kind), a.Seq, a.Limit)
	},
	"case.history": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.History(ctx, w, a.ID, a.Seq)
	},
	"case.timeline": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.Timeline(ctx, w, a.ID, a.From, a.Until, a.Limit)
	},
	"case.search": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.SearchCase(ctx, w, a.ID, a.Name, a.Limit)
	},
	"case.links": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.CaseLinks(ctx, w, a.ID)
	},
	"case.ask": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.AskAboutCase(ctx, w, a.ID, a.Member)
	},
	"case.request": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.RequestForCase(ctx, w, a.ID, a.Member, a.Name, string(a.Text), a.Until)
	},
	"case.merge": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.MergeCases(ctx, w, a.ID, a.Name)
	},
	"case.unmerge": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.UnmergeCases(ctx, w, a.ID, a.Name)
	},
	"case.split": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.SplitCase(ctx, w, a.ID, a.Name, a.Seqs)
	},
	"case.attach": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.AddDocument(ctx, w, a.ID, node.File{Path: a.Path}, a.Document)
	},
	"case.document": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		f, err := os.OpenFile(a.Path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
		if err != nil {
			return nil, err
		}
		err = errors.Join(n.ReadDocument(ctx, w, a.ID, a.Seq, f), f.Close())
		if err != nil {
			_ = os.Remove(a.Path) // half a document is none
		}
		return nil, err
	},
	"case.tell": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		f, err := os.OpenFile(a.Path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
		if err != nil {
			return nil, err
		}
		records, err := n.TellCase(ctx, w, a.ID, a.Telling, f)
		if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
			_ = os.Remove(a.Path) // half a file is none
		}
		return records, err
	},
	"case.export": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.ExportCase(ctx, w, a.ID, a.Path)
	},
	"case.bundle": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.ImportCase(ctx, w, a.Path)
	},
	"asset.move": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		if a.Move == nil {
			return nil, errors.New("give the move")
		}
		return n.MoveAsset(ctx, w, a.ID, a.Seq, a.Version, *a.Move)
	},
	"asset.money": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.CaseMoney(ctx, w, a.Paths, a.Proceeds)
	},
	"asset.silver": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.SilverFor(ctx, w, a.ID, a.Seq)
	},
	"asset.stop": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.StopFor(ctx, w, a.ID, a.Seq)
	},
	"operation.plan": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		if a.Operation == nil {
			return nil, errors.New("give the plan")
		}
		return n.PlanOperation(ctx, w, *a.Operation)
	},
	"operation.step": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.StepOperation(ctx, w, a.ID, casework.OperationState(a.Name))
	},
	"operation.report": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.ReportOperation(ctx, w, a.ID, a.Reports)
	},
	"operation.gather": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.GatherReports(ctx, w, a.ID)
	},
	"operation.task": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		if a.Tasking == nil {
			return nil, errors.New("say what is to be done")
		}
		return n.TaskOperation(ctx, w, a.ID, *a.Tasking)
	},
	"operation.done": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return nil, n.DoneTasking(ctx, w, a.ID, a.Name, a.Contact)
	},
	"operation.watch": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		f, err := os.Open(a.Path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return n.WatchInOperation(ctx, w, a.ID, f)
	},
	"operation.feed": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.OperationFeed(ctx, w, a.ID, a.Seq, a.Limit)
	},
	"operation.money": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.OperationMoney(ctx, w, a.ID, a.Proceeds)
	},
	"operation.agree": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return nil, n.AgreeToCounts(ctx, w, a.ID)
	},
	"operation.count": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.CountOperation(ctx, w, a.ID, a.Until)
	},
	"group.new": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.NewGroup(ctx, w, a.Name, a.Names)
	},
	"group.change": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.ChangeGroup(ctx, w, a.ID, a.Member, a.Kind == "in")
	},
	"group.list": func(ctx context.Context, n *node.Node, w node.Who, _ *Args) (any, error) { return n.Groups(ctx, w) },
	"group.show": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.Group(ctx, w, a.ID, a.Name)
	},
	"group.say": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.SayInGroup(ctx, w, a.Say)
	},
	"group.contribute": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		c, left, err := n.Contribute(ctx, w, a.ID, a.Name, a.Counts, a.Dry)
		return Contributed{c, left}, err
	},
	"group.sums": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.TellSums(ctx, w, a.ID, a.Name)
	},
	"group.purple": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.PurpleFor(ctx, w, a.ID, a.Name)
	},
	"group.take": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.TakeIndicator(ctx, w, a.ID, a.Name)
	},
	"subject.find": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.SubjectFind(ctx, w, a.Names, a.Numbers)
	},
	"subject.new": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.NewSubject(ctx, w, casework.SubjectKind(a.Kind), a.Name, a.From)
	},
	"subject.step": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		if a.SubjectStep == nil {
			return nil, errors.New("give the step")
		}
		return n.SubjectStep(ctx, w, a.ID, *a.SubjectStep)
	},
	"subject.answer": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.AnswerSubject(ctx, w, a.ID, a.Names, a.Numbers, a.Path)
	},
	"subject.list": func(ctx context.Context, n *node.Node, w node.Who, _ *Args) (any, error) { return n.Subjects(ctx, w) },
	"vault.init": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return nil, n.VaultInit(ctx, w, node.Passphrase{Text: a.Passphrase})
	},
	"vault.put": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		if a.Person == nil {
			return nil, errors.New("give the record")
		}
		return n.VaultPut(ctx, w, *a.Person)
	},
	"vault.import": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		f, err := os.Open(a.Path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return n.VaultImport(ctx, w, f, a.Table)
	},
	"vault.card": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.VaultCard(ctx, w, a.ID)
	},
	"vault.ask": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.VaultAsk(ctx, w, a.ID)
	},
	"vault.waiting": func(ctx context.Context, n *node.Node, w node.Who, _ *Args) (any, error) {
		return n.VaultWaiting(ctx, w)
	},
	"vault.agree": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.VaultAgree(ctx, w, a.ID)
	},
	"vault.show": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.VaultShow(ctx, w, a.ID, a.Passphrase, a.Fields)
	},
	"vault.change": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		if a.VaultChange == nil {
			return nil, errors.New("give the change")
		}
		return n.VaultChange(ctx, w, a.ID, a.Passphrase, *a.VaultChange)
	},
	"vault.disclose": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.VaultDisclose(ctx, w, a.ID, a.Passphrase, a.Member, a.Fields)
	},
	"vault.send": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return nil, n.VaultSend(ctx, w, a.ID, a.Passphrase, a.Member, a.Fields)
	},
	"vault.refer": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.VaultRefer(ctx, w, a.ID, a.Member, a.Kind, a.Name)
	},
	"vault.close": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return nil, n.VaultClose(ctx, w, a.ID)
	},
	"vault.erase": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return nil, n.VaultErase(ctx, w, a.ID, a.Passphrase)
	},
	"task.done": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return nil, n.DoneTask(ctx, w, a.ID)
	},
	"tasks": func(ctx context.Context, n *node.Node, w node.Who, _ *Args) (any, error) { return n.Tasks(ctx, w) },
	"backup": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		f, err := os.OpenFile(a.Path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
		if err != nil {
			return nil, err
		}
		err = n.Backup(ctx, w, f, node.Passphrase{Text: a.Passphrase})
		return nil, errors.Join(err, f.Sync(), f.Close())
	},
	"audit.show": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		type line struct {
			Number int64 `json:"number"`
			audit.Entry
		}
		if a.ID != "" {
			a.Filter.Mark = n.AuditMark(a.Kind, a.ID)
		}
		out := []line{}
		err := n.Audit(ctx, w, a.Filter, func(number int64, e *audit.Entry) error {
			if out = append(out, line{number, *e}); a.Limit > 0 && len(out) > a.Limit {
				out = out[1:]
			}
			return nil
		})
		return out, err
	},
	"audit.odd": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		return n.OddQueries(ctx, w, a.From)
	},
	"audit.export": func(ctx context.Context, n *node.Node, w node.Who, a *Args) (any, error) {
		f, err := os.OpenFile(a.Path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
		if err != nil {
			return nil, err
		}
		return nil, errors.Join(n.ExportAudit(ctx, w, a.Filter, f), f.Close())
	},
	"audit.ask": func(ctx context.Context, n *node.Node, w node.Who, _ *Args) (any, error) {
		return n.AskWitnesses(ctx, w)
	},
	"audit.answers": func(ctx context.Context, n *node.Node, w node.Who, _ *Args) (any, error) {
		return n.Answers(ctx, w)
	},
	"audit.kept": func(_ context.Context, n *node.Node, w node.Who, a *Args) (any, error) { return n.Kept(w, a.Member) },
}

// mostAsked is the most bytes of a request over the socket.
const mostAsked = 16 << 20

// Local answers the verbs.
func Local(n *node.Node) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/{verb}", func(w http.ResponseWriter, r *http.Request) {
		do, ok := verbs[r.PathValue("verb")]
		if !ok {
			write(w, http.StatusNotFound, answer{Error: "this version does not know " + r.PathValue("verb")})
			return
		}
		var q request
		var a Args
		err := json.NewDecoder(http.MaxBytesReader(w, r.Body, mostAsked)).Decode(&q)
		if err == nil && len(q.Args) > 0 {
			err = json.Unmarshal(q.Args, &a)
		}
		if err != nil {
			write(w, http.StatusBadRequest, answer{Error: fmt.Sprintf("the request cannot be read: %v", err)})
			return
		}
		result, err := do(r.Context(), n, q.Who, &a)
		if err != nil {
			write(w, status(err), answer{Error: err.Error(), None: errors.Is(err, store.ErrNone)})
			return
		}
		b, err := json.Marshal(result)
		if err != nil {
			write(w, http.StatusInternalServerError, answer{Error: err.Error()})
			return
		}
		write(w, http.StatusOK, answer{Result: b})
	})
	return mux
}

func status(err error) int {
	switch {
	case errors.Is(err, node.ErrNotAllowed), errors.Is(err, node.ErrPerson), errors.Is(err, node.ErrSecretariat):
		return http.StatusForbidden
	case errors.Is(err, store.ErrNone):
		return http.StatusNotFound
	case errors.Is(err, store.ErrFull):
		return http.StatusInsufficientStorage
	}
	return http.StatusUnprocessableEntity
}

// ErrNotRunning says that no node answers in a data folder.
var ErrNotRunning = errors.New("no node is running on this data folder: start it with tarir serve --data")

// Do asks the node that runs on a data folder to do something; the result is decoded into out, unless that is nil.
func Do(ctx context.Context, dir, name string, w node.Who, a Args, out any) error {
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", filepath.Join(dir, Socket))
	}}}
	defer client.CloseIdleConnections()
	args, err := json.Marshal(a)
	if err != nil {
		return err
	}
	b, err := json.Marshal(request{w, args})
	if err != nil {
		return err
	}
	r := bytes.NewReader(b)
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://node/v1/"+name, r)
	if err != nil {
		return err
	}
	got, err := client.Do(q)
	if err != nil {
		if _, ok := errors.AsType[*net.OpError](err); ok {
			return fmt.Errorf("%w %s", ErrNotRunning, dir)
		}
		return err
	}
	defer got.Body.Close()
	var ans answer
	if err := json.NewDecoder(got.Body).Decode(&ans); err != nil {
		return fmt.Errorf("read the node's answer: %w", err)
	}
	if ans.Error != "" {
		if ans.None {
			return fmt.Errorf("%w", &told{ans.Error, store.ErrNone})
		}
		return errors.New(ans.Error)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(ans.Result, out)
}

// told is an error that the node told.
type told struct {
	text string
	is   error
}

func (t *told) Error() string { return t.text }
func (t *told) Unwrap() error { return t.is }

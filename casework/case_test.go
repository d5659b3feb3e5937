package casework

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tarir/entity"
	"tarir/handling"
)

func newCase(t testing.TB, id string) *Case {
	c, err := NewCase(id, "NCB-AA", "Operation of a farm", "ann", "inform", "Police act 12", []Ref{{"network", "n1"}}, now)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestACaseNeedsAPurposeAndALegalBasisFirst(t *testing.T) {
	for name, c := range map[string]struct{ purpose, basis, title string }{
		"no purpose": {"", "act 12", "t"}, "a purpose of nobody": {"curiosity", "act 12", "t"}, "no basis": {"inform", "  ", "t"}, "no title": {"inform", "act 12", ""},
	} {
		if _, err := NewCase("c", "NCB-AA", c.title, "ann", handling.Purpose(c.purpose), c.basis, nil, now); !errors.Is(err, ErrCase) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Every seat with every act in every state: what is not allowed here is refused.
func TestWhoMayDoWhatInACase(t *testing.T) {
	allowed := map[string]string{
		"lead/open": "read write seat close export", "lead/closed": "read seat close export", "lead/merged": "read seat close export",
		"work/open": "read write", "work/closed": "read", "work/merged": "read",
		"read/open": "read", "read/closed": "read", "read/merged": "read",
	}
	for _, state := range []CaseState{CaseOpen, CaseClosed, CaseMerged} {
		for _, seat := range []Seat{Leads, Works, Reads, HasNot} {
			c := newCase(t, "c1")
			c.State = state
			if seat != HasNot {
				c.Seats["bob"] = seat
			}
			for _, act := range CaseActs {
				want := slices.Contains(strings.Fields(allowed[string(seat)+"/"+string(state)]), string(act))
				if err := c.May("bob", act); (err == nil) != want {
					t.Errorf("%s of a case that is %s, %s: %v", seat, state, act, err)
				} else if seat == HasNot && !errors.Is(err, ErrNoSeat) {
					t.Error("whoever has no seat must not learn that there is a case:", err)
				}
			}
		}
	}
}

func TestSomebodyAlwaysLeadsACase(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, _ := NewCase("c", "NCB-AA", "t", "ann", "inform", "act", nil, now)
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			s := CaseStep{
				Do: rapid.SampledFrom([]string{"seat", "close", "reopen", "title", "burn"}).Draw(t, "do"), Person: rapid.SampledFrom([]string{"ann", "bob", "cy", ""}).Draw(t, "person"),
				Seat: rapid.SampledFrom([]Seat{Leads, Works, Reads, NoSeat, "boss"}).Draw(t, "seat"), Why: "because", Title: "u",
			}
			by := rapid.SampledFrom([]string{"ann", "bob", "cy", "eve"}).Draw(t, "by")
			before, _ := json.Marshal(c)
			err := c.Apply(s, by, now)
			after, _ := json.Marshal(c)
			if err != nil && string(before) != string(after) {
				t.Fatal("an error changed the case")
			}
			if by == "eve" && err == nil {
				t.Fatal("somebody without a seat changed the case")
			}
			leads := 0
			for _, s := range c.Seats {
				if s == Leads {
					leads++
				}
			}
			if leads == 0 {
				t.Fatal("nobody leads the case")
			}
		}
	})
}

func TestWhoeverLooksAtAnOldStateDoesNotOverwriteTheNewOne(t *testing.T) {
	c := newCase(t, "c1")
	if err := c.Apply(CaseStep{Do: "title", Title: "one", Version: 1}, "ann", now); err != nil {
		t.Fatal(err)
	}
	if err := c.Apply(CaseStep{Do: "title", Title: "two", Version: 1}, "ann", now); !errors.Is(err, ErrChanged) || c.Title != "one" {
		t.Error(err, c.Title)
	}
}

func TestCasesAreMergedAndTakenApartAgain(t *testing.T) {
	a, b := newCase(t, "a"), newCase(t, "b")
	a.Seats["bob"] = Works
	if err := a.Merge(b, "bob", "same phone", now); !errors.Is(err, ErrNoSeat) && !errors.Is(err, ErrSeat) {
		t.Error("who does not lead both merged them:", err)
	}
	other := newCase(t, "o")
	other.Purpose = "warn"
	if err := a.Merge(other, "ann", "same phone", now); !errors.Is(err, ErrCase) {
		t.Error("two purposes in one case:", err)
	}
	if err := a.Merge(b, "ann", "same phone", now); err != nil || a.State != CaseMerged || a.Into != "b" || b.SeatOf("bob") != Works {
		t.Fatal(err, a, b)
	}
	if err := a.Merge(b, "ann", "again", now); !errors.Is(err, ErrCase) {
		t.Error(err)
	}
	if err := a.May("ann", CaseWrite); !errors.Is(err, ErrCase) {
		t.Error("something was put into a case that lives on elsewhere:", err)
	}
	if err := a.Unmerge(b, "ann", "two phones after all"); err != nil || a.State != CaseOpen || len(b.Merged) != 0 {
		t.Error(err, a, b)
	}
}

func TestWhatAnEntryIsFoundBy(t *testing.T) {
	for name, c := range map[string]struct {
		kind      EntryKind
		body      string
		id        string
		words     string // some of them
		selectors string
		at        string
	}{
		"entity":   {EntityEntry, `{"id":"p1","schema":"Person","properties":{"name":["Георгий Демирчян"],"phone":["+33 6 12 34 56 78"]}}`, "p1", "georgii demirchian", "phone:+33612345678", ""},
		"payment":  {PaymentEntry, `{"reference":"W1","time":"2026-02-01T10:00:00+01:00","from":"BANKAAXX/1","to":"BANKBBXX/2","amount":"10.00","currency":"EUR","from_name":"Ana Exemplar"}`, "W1", "ana exemplar w1", "account:BANKAAXX/1 account:BANKBBXX/2", "2026-02-01T09:00:00Z"},
		"finding":  {FindingEntry, `{"id":"f-1","typology":"fan_in","first":"2026-01-02","accounts":["BANKAAXX/1"],"explanation":[{"code":"M03","text":"many senders"}]}`, "f-1", "senders fan in", "account:BANKAAXX/1", "2026-01-02T00:00:00Z"},
		"network":  {FindingEntry, `{"id":"n-1","members":[{"entity":"p1","accounts":["BANKAAXX/9"]}],"explanation":[]}`, "n-1", "p1", "account:BANKAAXX/9", ""},
		"note":     {NoteEntry, `{"text":"The van is white."}`, "", "van white", "", ""},
		"record":   {RecordEntry, `{"kind":"notice","id":"x1"}`, "notice/x1", "", "", ""},
		"victim":   {VictimEntry, `{"pseudonym":"V-7KQ2-M4XP","status":"presumed","age_group":"12-17","exploitation":["ForcedBegging"]}`, "V-7KQ2-M4XP", "7kq2", "", ""},
		"document": {DocumentEntry, `{"name":"lease.pdf","size":3,"sha256":"` + strings.Repeat("a", 64) + `"}`, strings.Repeat("a", 64), "lease pdf", "", ""},
	} {
		got, err := ReadEntry(c.kind, json.RawMessage(c.body))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got.ID != c.id {
			t.Errorf("%s: id %q", name, got.ID)
		}
		for _, w := range strings.Fields(c.words) {
			if !slices.Contains(got.Words, w) {
				t.Errorf("%s is not found by %q but by %q", name, w, got.Words)
			}
		}
		if s := strings.Join(got.Selectors, " "); s != c.selectors {
			t.Errorf("%s: selectors %q", name, s)
		}
		if c.at != "" && got.At.UTC().Format(time.RFC3339) != c.at {
			t.Errorf("%s: at %v", name, got.At)
		}
	}
}

func TestWhatACaseDoesNotTake(t *testing.T) {
	for name, c := range map[string]struct {
		kind EntryKind
		body string
	}{
		"no such kind":            {"rumour", `{}`},
		"no JSON":                 {NoteEntry, `{"text":`},
		"not UTF-8":               {NoteEntry, "{\"text\":\"\xff\"}"},
		"an unknown field":        {NoteEntry, `{"text":"a","txet":"b"}`},
		"more behind":             {NoteEntry, `{"text":"a"}{"text":"b"}`},
		"too large":               {NoteEntry, `{"text":"` + strings.Repeat("a", MostEntry) + `"}`},
		"a text, no record":       {FindingEntry, `"n-1"`},
		"an empty note":           {NoteEntry, `{"text":" "}`},
		"a task without deadline": {TaskEntry, `{"what":"ask","who":"bob"}`},
		"a decision without why":  {DecisionEntry, `{"what":"ask"}`},
		"a payment of no time":    {PaymentEntry, `{"reference":"W","from":"A/1","amount":"1","currency":"EUR"}`},
		"a float":                 {PaymentEntry, `{"reference":"W","time":"2026-02-01T10:00:00Z","from":"A/1","amount":"1e3","currency":"EUR"}`},
		"a victim's name":         {VictimEntry, `{"pseudonym":"Ana Exemplar","status":"presumed"}`},
		"a victim's birth date":   {VictimEntry, `{"pseudonym":"V-7KQ2-M4XP","status":"presumed","born":"2010-01-01"}`},
		"a victim as an entity":   {EntityEntry, `{"id":"p","schema":"Person","properties":{"name":["A"],"topics":["victim"]}}`},
		"an asset of no value":    {AssetEntry, `{"id":"a","kind":"vehicle","identifier":"AA-1","currency":"EUR","link":"x","source":"y","as_of":"2026-01-01T00:00:00Z"}`},
	} {
		if _, err := ReadEntry(c.kind, json.RawMessage(c.body)); !errors.Is(err, ErrEntry) && !errors.Is(err, ErrAsset) {
			t.Errorf("%s: %v", name, err)
		} else if strings.Contains(fmt.Sprint(err), "Exemplar") || strings.Contains(fmt.Sprint(err), "struct") {
			t.Errorf("%s: the error tells what was in it: %v", name, err)
		}
	}
}

func TestAnOrganisationComesWithoutItsVictims(t *testing.T) {
	c, err := ReadEntry(FindingEntry, json.RawMessage(`{"id":"n-1","members":[],"victims":[{"pseudonym":"V-1","entity":"ana","accounts":["BANKAAXX/77"],"minor":true}]}`))
	if err != nil || strings.Contains(string(c.Body), "ana") || strings.Contains(string(c.Body), "77") || !strings.Contains(string(c.Body), `"minor":true`) || len(c.Selectors) != 0 {
		t.Errorf("%v %s %v", err, c.Body, c.Selectors)
	}
}

// What was read is read again as the same.
func FuzzEntry(f *testing.F) {
	f.Add("entity", `{"id":"p1","schema":"Person","properties":{"name":["Ana"]}}`)
	f.Add("payment", `{"reference":"W1","time":"2026-02-01T10:00:00+01:00","from":"BANKAAXX/1","to":"B/2","amount":"10.00","currency":"EUR"}`)
	f.Add("asset", `{"id":"a","kind":"vehicle","identifier":"AA-1","value":"10","currency":"EUR","link":"x","source":"y","as_of":"2026-01-01T00:00:00Z"}`)
	f.Add("finding", `{"id":"f-1","typology":"fan_in","accounts":["A/1"],"explanation":[{"text":"x"}]}`)
	f.Add("victim", `{"pseudonym":"V-7KQ2-M4XP","status":"presumed"}`)
	f.Fuzz(func(t *testing.T, kind, body string) {
		a, err := ReadEntry(EntryKind(kind), json.RawMessage(body))
		if err != nil {
			return
		}
		b, err := ReadEntry(EntryKind(kind), a.Body)
		if err != nil {
			t.Fatalf("%s is not read again: %v", a.Body, err)
		}
		if string(a.Body) != string(b.Body) || !slices.Equal(a.Words, b.Words) || !slices.Equal(a.Selectors, b.Selectors) || !a.At.Equal(b.At) || a.ID != b.ID {
			t.Fatalf("read again it is another one: %+v, %+v", a, b)
		}
	})
}

func asset(id string) Asset {
	return Asset{ID: id, Kind: "account", Identifier: "BANKFFXX/9", Value: "1000.00", Currency: "USD", AsOf: now, Source: "bank", Link: "fees of travellers rest here"}
}

// However parts of assets are moved: they add up to the value, nothing is below zero, and nothing is added that was counted already.
func TestNoMoneyIsCountedTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var list []Asset
		total := "0"
		for i := range rapid.IntRange(1, 4).Draw(t, "assets") {
			a := asset(fmt.Sprint("a", i))
			if err := a.Check(); err != nil {
				t.Fatal(err)
			}
			for range rapid.IntRange(0, 12).Draw(t, "moves") {
				before, _ := json.Marshal(a)
				err := a.Move(AssetMove{
					From: rapid.SampledFrom(AssetStates).Draw(t, "from"), To: rapid.SampledFrom(AssetStates).Draw(t, "to"),
					Amount: fmt.Sprintf("%d.%02d", rapid.IntRange(0, 1100).Draw(t, "amount"), rapid.IntRange(0, 99).Draw(t, "cents")), At: now, Person: "ann", Reason: "r", Authority: "court", Route: "freezing_order",
				})
				if after, _ := json.Marshal(a); err != nil && string(before) != string(after) {
					t.Fatal("an error changed the asset")
				}
			}
			if err := a.Check(); err != nil {
				t.Fatal(err)
			}
			total = sum(total, a.Value)
			list = append(list, a, a) // two cases have it
		}
		added := "0"
		for _, amount := range SumAssets(list)["USD"] {
			if less(amount, "0") {
				t.Fatal("less than nothing:", amount)
			}
			added = sum(added, amount)
		}
		if !same(added, total) {
			t.Fatalf("%s of %s", added, total)
		}
	})
}

func TestMovesOfAssets(t *testing.T) {
	a := asset("a")
	_ = a.Check()
	court := AssetMove{From: Located, To: Frozen, Amount: "400", At: now, Person: "ann", Reason: "order 7", Authority: "court of A", Route: "freezing_order"}
	for name, broken := range map[string]func(*AssetMove){
		"no authority": func(m *AssetMove) { m.Authority = "" }, "no legal way": func(m *AssetMove) { m.Route = "force" }, "no reason": func(m *AssetMove) { m.Reason = "" },
		"more than there is": func(m *AssetMove) { m.Amount = "1000.01" }, "nothing": func(m *AssetMove) { m.Amount = "0.00" }, "from nowhere": func(m *AssetMove) { m.From = Confiscated },
	} {
		m := court
		broken(&m)
		if err := a.Move(m); !errors.Is(err, ErrAsset) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := a.Move(court); err != nil {
		t.Fatal(err)
	}
	s := SumAssets([]Asset{a})
	if s["USD"][Frozen] != "400" || !same(s["USD"][Located], "600") || s.Share("USD", Frozen, "2000") != "20.0" || s.Share("USD", Frozen, "0") != "" {
		t.Error(s)
	}
	f, err := a.StopPayment()
	if err != nil || !same(f.Amount, "600") || f.Account != "BANKFFXX/9" {
		t.Error(f, err)
	}
	if n := a.Silver("NCB-AA", now); n.Assets[0].Identifier != "BANKFFXX/9" || slices.Contains(n.Assets[0].Measures, "freeze") {
		t.Error(n)
	}
	v := asset("v")
	v.Owner = "V-7KQ2-M4XP"
	_ = v.Check()
	if err := v.Move(court); !errors.Is(err, ErrAsset) || !strings.Contains(err.Error(), "ALL-08") {
		t.Error("a possible victim's account was frozen:", err)
	}
	if _, err := v.StopPayment(); !errors.Is(err, ErrAsset) {
		t.Error("a possible victim's payments were stopped:", err)
	}
}

func TestSelectorsOfEntitiesAreThoseOfEverythingElse(t *testing.T) {
	s, ok := entity.ParsePhone("+33612345678")
	c, err := ReadEntry(EntityEntry, json.RawMessage(`{"id":"p1","schema":"Person","properties":{"phone":["+33 6 12 34 56 78"]}}`))
	if !ok || err != nil || len(c.Selectors) != 1 || c.Selectors[0] != string(s.Kind)+":"+s.Value {
		t.Error(c, s, err)
	}
}

package node_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"tarir/casework"
	"tarir/handling"
	"tarir/node"
	"tarir/store"
)

func expert(person string) node.Who {
	return node.Who{Person: person, Purpose: handling.Strategic, LegalBasis: "RPD 10", Reason: "because"}
}

// The story of a group of four: a modus operandi is proposed, discussed, changed, endorsed and becomes a purple notice; an indicator is taken over by
// others and its findings are counted back; counts are contributed, told once as sums, and what emerges is proposed.
func TestAGroupOfExpertsFromProposalToNotice(t *testing.T) {
	w := newWorld(t, map[string]handling.Kind{"NCB-AA": handling.Bureau, "FIU-BB": handling.FIU, "NGO-1": handling.NGO, "BANK-FF": handling.Bank}, nil)
	ctx := t.Context()
	if _, err := w.nodes["NCB-AA"].NewGroup(ctx, expert("eve"), "Experts", nil); !errors.Is(err, node.ErrNotAllowed) {
		t.Error("without the right:", err)
	}
	g, err := w.nodes["NCB-AA"].NewGroup(ctx, expert("ann"), "Experts on trafficking", []string{"FIU-BB", "NGO-1"})
	if err != nil {
		t.Fatal(err)
	}
	has := func(id string) bool { return w.first(id, "group") != "" }
	w.until("the group is at its members", func() bool { return has("FIU-BB") && has("NGO-1") })
	if has("BANK-FF") {
		t.Error("the group is at a member that is not in it")
	}
	entry := func(at, id string) *node.GroupEntry {
		v, err := w.nodes[at].Group(ctx, expert("ann"), g.ID, "")
		if err != nil {
			t.Fatal(err)
		}
		for i := range v.Entries {
			if v.Entries[i].ID == id {
				return &v.Entries[i]
			}
		}
		return nil
	}
	say := func(at string, s node.GroupSay) (string, error) {
		s.Group = g.ID
		return w.nodes[at].SayInGroup(ctx, expert("ann"), s)
	}
	must := func(at string, s node.GroupSay) string {
		t.Helper()
		id, err := say(at, s)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	how := casework.Knowledge{Kind: casework.MethodOf, Title: "Prepaid cards for drivers", Text: "Drivers get a prepaid card at the border.", Evidence: "several_sources", Sources: []string{"AA/2026/7"}, What: "method", Stages: []string{"transport"}}
	named := how
	named.Text = "Call +33 6 12 34 56 78."
	if _, err := say("FIU-BB", node.GroupSay{Do: "propose", New: &named}); !errors.Is(err, casework.ErrGroup) {
		t.Error("an entry with a number:", err)
	}
	id := must("FIU-BB", node.GroupSay{Do: "propose", New: &how})
	w.until("all have the entry", func() bool {
		return entry("NCB-AA", id) != nil && entry("FIU-BB", id) != nil && entry("NGO-1", id) != nil
	})
	if _, err := say("FIU-BB", node.GroupSay{Do: "endorse", Entry: id, Version: 1}); !errors.Is(err, casework.ErrGroup) {
		t.Error("its author endorsed it:", err)
	}
	must("NGO-1", node.GroupSay{Do: "remark", Entry: id, Text: "We saw fuel cards, too."})
	w.until("all have the remark", func() bool { return len(entry("FIU-BB", id).Said) == 1 && len(entry("NGO-1", id).Said) == 1 })
	how.Text = "Drivers get a prepaid or a fuel card at the border."
	must("FIU-BB", node.GroupSay{Do: "propose", Entry: id, Version: 1, New: &how})
	w.until("all have the second version", func() bool {
		return entry("NGO-1", id).Version == 2 && entry("NCB-AA", id).Version == 2 && entry("FIU-BB", id).Version == 2
	})
	if _, err := say("NGO-1", node.GroupSay{Do: "endorse", Entry: id, Version: 1}); !errors.Is(err, casework.ErrChanged) {
		t.Error("a version that stands no more was endorsed:", err)
	}
	if _, err := w.nodes["NCB-AA"].PurpleFor(ctx, expert("ann"), g.ID, id); !errors.Is(err, casework.ErrGroup) {
		t.Error("a notice of what nobody endorsed:", err)
	}
	must("NGO-1", node.GroupSay{Do: "endorse", Entry: id, Version: 2})
	must("NCB-AA", node.GroupSay{Do: "endorse", Entry: id, Version: 2})
	w.until("it stands everywhere", func() bool {
		return entry("NGO-1", id).Stands && entry("NCB-AA", id).Stands && entry("FIU-BB", id).Stands
	})
	r, err := w.nodes["FIU-BB"].PurpleFor(ctx, expert("ann"), g.ID, id)
	if err != nil || r.Form.Colour != "purple" || !strings.Contains(r.Form.Method.Description["en"], "fuel card") {
		t.Fatalf("%v %+v", err, r)
	}
	checked, err := w.nodes["FIU-BB"].Check(ctx, expert("ann"), r.ID, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range checked {
		if f.Severity == "block" && f.Rule != "ALL-01" { // that one a person declares
			t.Errorf("%s: %s", f.Rule, f.Text["en"])
		}
	}

	// An indicator, and what was found with it.
	pack := "[typology.fan_in.params]\nwindow_days = { value = 14, unit = \"days\", source = \"group, March 2026\" }\n"
	bad := casework.Knowledge{Kind: casework.Indicator, Title: "Slow fan-in", Text: "Two weeks.", Evidence: "hypothesis", Indicator: &casework.IndicatorText{Typology: "fan_in", Pack: "[typology.fan_in.params]\nwindow_days = 14\n"}}
	if _, err := say("FIU-BB", node.GroupSay{Do: "propose", New: &bad}); !errors.Is(err, casework.ErrGroup) {
		t.Error("a pack that is none was proposed:", err)
	}
	good := bad
	good.Indicator = &casework.IndicatorText{Typology: "fan_in", Pack: pack}
	ind := must("FIU-BB", node.GroupSay{Do: "propose", New: &good})
	w.until("all have the indicator", func() bool { return entry("NCB-AA", ind) != nil && entry("NGO-1", ind) != nil })
	if _, err := w.nodes["NCB-AA"].TakeIndicator(ctx, expert("ann"), g.ID, ind); !errors.Is(err, casework.ErrGroup) {
		t.Error("taken over although nobody endorsed it:", err)
	}
	must("NGO-1", node.GroupSay{Do: "endorse", Entry: ind, Version: 1})
	must("NCB-AA", node.GroupSay{Do: "endorse", Entry: ind, Version: 1})
	w.until("it stands", func() bool { return entry("NCB-AA", ind).Stands })
	path, err := w.nodes["NCB-AA"].TakeIndicator(ctx, expert("ann"), g.ID, ind)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); err != nil || !strings.Contains(string(text), "window_days") {
		t.Errorf("%v %s", err, text)
	}
	for _, found := range []int64{3, 1 << 50} {
		if _, err := say("NCB-AA", node.GroupSay{Do: "found", Entry: ind, Found: found}); !errors.Is(err, casework.ErrGroup) {
			t.Errorf("%d was told: %v", found, err)
		}
	}
	must("NCB-AA", node.GroupSay{Do: "found", Entry: ind, Found: 17})
	w.until("its author hears what was found", func() bool {
		n, users := entry("FIU-BB", ind).Found()
		return n == 17 && users == 1
	})

	// Counts.
	for _, m := range []string{"NCB-AA", "FIU-BB", "NGO-1"} {
		must(m, node.GroupSay{Do: "agree", Kinds: []string{"route"}})
	}
	agreed := func(at string) (n int) {
		v, err := w.nodes[at].Group(ctx, expert("ann"), g.ID, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range v.Group.Members {
			n += len(m.Contributes)
		}
		return n
	}
	w.until("all know what is contributed", func() bool { return agreed("NCB-AA") == 3 && agreed("FIU-BB") == 3 && agreed("NGO-1") == 3 })
	last := time.Now().AddDate(0, -1, 0).Format("2006-01")
	contribute := func(at, period string, n int64) {
		t.Helper()
		if _, left, err := w.nodes[at].Contribute(ctx, expert("ann"), g.ID, period, []casework.Tally{{Kind: "route", Key: "FR>DE/rail", Count: 100}, {Kind: "route", Key: "PL>DE/car", Count: n}, {Kind: "route", Key: "XX>YY/sea", Count: 2}, {Kind: "typology", Key: "fan_in", Count: 50}}, false); err != nil || left != 1 {
			t.Fatal(err, left)
		}
	}
	if _, _, err := w.nodes["NGO-1"].Contribute(ctx, expert("ann"), g.ID, time.Now().Format("2006-01"), nil, false); !errors.Is(err, casework.ErrGroup) {
		t.Error("a month that is not over:", err)
	}
	for _, m := range []string{"NCB-AA", "FIU-BB", "NGO-1"} {
		contribute(m, casework.Before(last), 10)
		contribute(m, last, 40)
	}
	var sums *node.GroupSums
	w.until("all contributions came", func() bool {
		var err error
		sums, err = w.nodes["NCB-AA"].TellSums(ctx, expert("ann"), g.ID, last)
		return err == nil
	})
	if len(sums.Sums) != 2 || sums.Sums[0].Count != 300 || sums.Sums[1].Count != 120 || sums.Members != 3 || len(sums.Emerging) != 1 || sums.Emerging[0].Key != "PL>DE/car" {
		t.Errorf("%+v", sums)
	}
	if _, err := w.nodes["NCB-AA"].TellSums(ctx, expert("ann"), g.ID, last); !errors.Is(err, casework.ErrGroup) {
		t.Error("told twice:", err)
	}
	if _, err := w.nodes["FIU-BB"].TellSums(ctx, expert("ann"), g.ID, last); !errors.Is(err, casework.ErrGroup) {
		t.Error("told by a member that does not keep the group:", err)
	}
	w.until("all have the sums and the proposal", func() bool {
		for _, m := range []string{"NGO-1", "FIU-BB"} {
			v, err := w.nodes[m].Group(ctx, expert("ann"), g.ID, "route")
			if err != nil || len(v.Sums) != 1 || len(v.Entries) != 1 || !v.Entries[0].Computed || v.Entries[0].Change.Now != 120 {
				return false
			}
		}
		return true
	})
	// No member sees another one's counts.
	v, err := w.nodes["FIU-BB"].Group(ctx, expert("ann"), g.ID, "")
	if err != nil || len(v.Sums) != 1 {
		t.Fatal(err, v)
	}
	// Whoever is out hears nothing more, and says nothing more.
	if _, err := w.nodes["NCB-AA"].ChangeGroup(ctx, expert("ann"), g.ID, "NGO-1", false); err != nil {
		t.Fatal(err)
	}
	must("NGO-1", node.GroupSay{Do: "remark", Entry: id, Text: "From outside."})
	w.until("it is refused", func() bool { return strings.Contains(w.receipt("NGO-1", "group", g.ID, "NCB-AA"), "refused") })
	if n := len(entry("NCB-AA", id).Said); n != 1 {
		t.Errorf("%d remarks", n)
	}
	// A newcomer has everything.
	if _, err := w.nodes["NCB-AA"].ChangeGroup(ctx, expert("ann"), g.ID, "BANK-FF", true); err != nil {
		t.Fatal(err)
	}
	w.until("the newcomer has the entries", func() bool { return has("BANK-FF") && entry("BANK-FF", id) != nil && entry("BANK-FF", ind) != nil })
	if _, err := w.nodes["BANK-FF"].Group(ctx, expert("ann"), "none", ""); !errors.Is(err, store.ErrNone) {
		t.Error(err)
	}
}

// A member that does not keep a group cannot speak as if it did, nor in another one's name.
func TestNobodySpeaksForAGroup(t *testing.T) {
	w := newWorld(t, map[string]handling.Kind{"NCB-AA": handling.Bureau, "FIU-BB": handling.FIU, "NGO-1": handling.NGO}, nil)
	ctx := t.Context()
	g, err := w.nodes["NCB-AA"].NewGroup(ctx, expert("ann"), "Experts", []string{"FIU-BB"})
	if err != nil {
		t.Fatal(err)
	}
	w.until("the group is there", func() bool { return w.first("FIU-BB", "group") != "" })
	k := casework.Knowledge{ID: strings.Repeat("0", 32), Kind: casework.Threat, Title: "x", Text: "x", Evidence: "hypothesis", Severity: "high", Author: "NCB-AA", Version: 1, Rev: 9, Endorsed: map[string]time.Time{"NCB-AA": time.Now(), "FIU-BB": time.Now()}}
	for i, m := range []struct {
		kind string
		body any
	}{
		{"group.entry", map[string]any{"group": g.ID, "entry": k}},
		{"group.say", node.GroupSay{Group: g.ID, Do: "propose", Entry: k.ID, New: &k}},
		{"group.sums", node.GroupSums{Group: g.ID, Period: "2026-01"}},
		{"group", g},
	} {
		before := len(w.receipt("NGO-1", "x", "y", "NCB-AA"))
		if err := w.nodes["NGO-1"].SendAny(ctx, "NCB-AA", m.kind, "x/y", nil, m.body); err != nil {
			t.Fatal(err)
		}
		w.until("it is answered", func() bool {
			got := w.receipt("NGO-1", "x", "y", "NCB-AA")
			return len(got) > before+5 && !strings.Contains(got, "queued") && !strings.Contains(got, "relayed")
		})
		if got := strings.Count(w.receipt("NGO-1", "x", "y", "NCB-AA"), "refused"); got != i+1 {
			t.Errorf("%s: %s", m.kind, w.receipt("NGO-1", "x", "y", "NCB-AA"))
		}
	}
	if v, err := w.nodes["NCB-AA"].Group(ctx, expert("ann"), g.ID, ""); err != nil || len(v.Entries)+len(v.Sums) != 0 {
		t.Errorf("%v %+v", err, v)
	}
	// What a member says of itself counts, not what the letter claims: it cannot come endorsed.
	id, err := w.nodes["FIU-BB"].SayInGroup(ctx, expert("ann"), node.GroupSay{Group: g.ID, Do: "propose", New: &k})
	if err != nil {
		t.Fatal(err)
	}
	w.until("it is there", func() bool {
		v, err := w.nodes["NCB-AA"].Group(ctx, expert("ann"), g.ID, "")
		return err == nil && len(v.Entries) == 1
	})
	v, err := w.nodes["NCB-AA"].Group(ctx, expert("ann"), g.ID, "")
	if err != nil || v.Entries[0].ID != id || v.Entries[0].Author != "FIU-BB" || v.Entries[0].Stands || len(v.Entries[0].Endorsed) != 0 {
		t.Errorf("%v %+v", err, v.Entries)
	}
}

package notice

import (
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tarir/handling"
)

var today = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// complete is a form of a colour to which no rule objects.
func complete(c Colour) Form {
	f := Form{
		Colour: c, Owner: "NCB-AA", Purpose: c.Purposes()[0], LegalBasis: "Criminal code 188", Case: "AA/2026/7", Status: NoPerson, Until: today.AddDate(0, 1, 0),
		Facts: Texts{"en": "Took part in moving people across the border for money."}, Declared: Declared{true, true, true},
		Evaluation: []handling.Evaluation{{Scheme: handling.FourByFour, Code: "B2"}},
	}
	person := Person{
		FamilyName: "Solfirdan", Forename: "Lemnor", Sex: "M", Born: "1988-07-10", Description: "scar on the left hand", Nationalities: []string{"CO"},
		Documents: []Document{{"passport", "T2847659", "CO"}},
	}
	offence := Offence{Code: "THB", Charge: Texts{"en": "Trafficking in human beings"}, Law: "Criminal code 188", MaxPenalty: 144, Ordinary: true, When: "2025", Where: "Brest", Act: Texts{"en": "Recruited and moved three people."}}
	switch c {
	case Red:
		f.Status, f.Person, f.Offences = Charged, person, []Offence{offence}
		f.Warrants = []Warrant{{Authority: "Court of Brest", Judicial: true, Reference: "W/1", Issued: "2026-01-10", Country: "FR", Copy: "ab"}}
		f.Arrest = Arrest{true, []string{"*"}}
	case Blue:
		f.Status, f.Person, f.Enquiry = Suspect, person, Enquiry{Asks: []string{"location"}, Investigation: "AA/2026/7"}
	case Green:
		f.Status, f.Person = Convicted, person
		f.Assessment = Assessment{"Prosecutor", "2026-02-01", "two convictions", Texts{"en": "recruits abroad"}, "travels"}
	case Yellow:
		f.Status, f.Person, f.Event, f.Consent = Missing, person, Incident{"2026-02-01", "Lyon", "FR", "P/3"}, Consent{PrivacyLawAllows: true, Family: true}
	case Black:
		f.Status, f.Event, f.Person = DeadBody, Incident{"2026-02-01", "Lyon", "FR", "P/3"}, Person{DNA: true}
	case Purple:
		f.Method = Method{What: "hiding_place", Description: Texts{"en": "under the floor of a lorry"}, Aim: "prevent"}
	case Orange:
		f.Danger = Danger{Serious: true, Imminent: true, Place: "Strait", From: today, To: today.AddDate(0, 0, 7), Basis: "two reports"}
	case Silver:
		f.Status, f.Offences = Associate, []Offence{offence}
		f.Assets = []Asset{{Kind: "account", Identifier: "BANKBBXX/1001", Link: "proceeds rest here", Source: "payments", Measures: []string{"locate"}}}
	case UN:
		f.Status, f.Person, f.Sanctions = Threat, person, Sanctions{Reference: "QDi.432", Resolution: "1267", Listed: "2022-12-01", Measures: []string{"travel_ban"}}
	case Art:
		f.ArtObject = ArtObject{"bronze figure", "R/1", "initials", 2}
	}
	return f
}

var fine = Known{Standing: true, OwnerCountry: "FR", SilverOn: true, SecondReviewer: true}

func ids(results []Result) (out []string) {
	for _, r := range results {
		out = append(out, r.Rule)
	}
	return out
}

func TestACompleteRequestOfEachColourMeetsAllRules(t *testing.T) {
	for _, c := range Colours {
		f := complete(c)
		if got := Builtin().Check(&f, fine, today); len(got) > 0 {
			t.Errorf("%s: %v", c, ids(got))
		}
	}
}

// TestEachRuleSpeaks breaks one thing at a time; every rule of the pack must be named by at least one case.
func TestEachRuleSpeaks(t *testing.T) {
	cases := []struct {
		rule   string
		colour Colour
		broken func(*Form, *Known)
	}{
		{"ALL-01", Blue, func(_ *Form, k *Known) { k.Standing = false }},
		{"ALL-01", Blue, func(f *Form, _ *Known) { f.Declared.Owns = false }},
		{"ALL-02", Blue, func(f *Form, _ *Known) { f.Purpose = handling.Wanted }},
		{"ALL-02", Red, func(f *Form, _ *Known) { f.LegalBasis = " " }},
		{"ALL-03", Green, func(f *Form, _ *Known) { f.Status = "bad" }},
		{"ALL-04", Red, func(f *Form, _ *Known) { f.Declared.Article3 = false }},
		{"ALL-04", Red, func(f *Form, _ *Known) { f.Facts = Texts{"fr": "Il a pris part à une manifestation."} }},
		{"ALL-04", Red, func(f *Form, _ *Known) { f.Facts = Texts{"ar": "هو من المعارضة في البلد"} }},
		{"ALL-05", Red, func(f *Form, _ *Known) { f.Person.RefugeeFrom = []string{"FR"} }},
		{"ALL-05", Red, func(f *Form, _ *Known) { f.Person.RiskOfTorture = true }},
		{"ALL-06", Red, func(f *Form, _ *Known) { f.Facts = Texts{"de": "Tat"} }},
		{"ALL-07", Red, func(f *Form, _ *Known) { f.Until = today.AddDate(5, 0, 1) }},
		{"ALL-07", Red, func(f *Form, _ *Known) { f.Until = today }},
		{"ALL-08", Blue, func(f *Form, _ *Known) { f.Status = Victim }},
		{"ALL-08", Blue, func(f *Form, _ *Known) { f.Status, f.NoCoercion, f.Arrest.From = Witness, true, []string{"DE"} }},
		{"ALL-08", Red, func(f *Form, _ *Known) { f.Status, f.NoCoercion = Victim, true }},
		{"ALL-09", Yellow, func(f *Form, _ *Known) { f.Person.Born = "2012-01-01" }},
		{"ALL-09", Yellow, func(f *Form, _ *Known) { f.Person.Born, f.Facts = "", Texts{"es": "Una niña de la escuela."} }},
		{"ALL-09", Yellow, func(f *Form, k *Known) { f.Minor, k.SecondReviewer = true, false }},
		{"ALL-10", Blue, func(f *Form, _ *Known) { f.Sensitive.Present = []string{"religion"} }},
		{"ALL-11", Blue, func(f *Form, _ *Known) { f.Evaluation = nil }},
		{"ALL-12", Blue, func(_ *Form, k *Known) { k.AlreadyLive = true }},
		{"ALL-13", Blue, func(f *Form, _ *Known) { f.Person.Photos = []Photo{{"ab", 120, true, "2020"}} }},
		{"ALL-14", Blue, func(f *Form, _ *Known) { f.Person.Born = "1985-13-01" }},
		{"RED-01", Red, func(f *Form, _ *Known) { f.Offences[0].Ordinary = false }},
		{"RED-02", Red, func(f *Form, _ *Known) { f.Offences[0].MaxPenalty = 12 }},
		{"RED-03", Red, func(f *Form, _ *Known) {
			f.Offences = append(f.Offences, f.Offences[0])
			f.Offences[0].MaxPenalty, f.Offences[1].Ordinary = 12, false
		}},
		{"RED-04", Red, func(f *Form, _ *Known) { f.Offences[0].Excluded = "family" }},
		{"RED-05", Red, func(f *Form, _ *Known) { f.Person.Born = "1988" }},
		{"RED-06", Red, func(f *Form, _ *Known) { f.Person = Person{Photos: []Photo{{"ab", 600, true, "2020"}}} }},
		{"RED-07", Red, func(f *Form, _ *Known) { f.Offences[0].Where = "" }},
		{"RED-08", Red, func(f *Form, _ *Known) { f.Offences[0].Law = "" }},
		{"RED-09", Red, func(f *Form, _ *Known) { f.Warrants = nil }},
		{"RED-09-COPY", Red, func(f *Form, _ *Known) { f.Warrants[0].Copy = "" }},
		{"RED-10", Red, func(f *Form, _ *Known) { f.Arrest.ExtraditionSought = false }},
		{"RED-11", Red, func(f *Form, _ *Known) { f.Warrants[0].Judicial = false }},
		{"RED-12", Red, func(f *Form, _ *Known) { f.Warrants[0].Limit = "2020" }},
		{"RED-13", Red, func(_ *Form, k *Known) { k.KnownAsVictim = true }},
		{"BLU-01", Blue, func(f *Form, _ *Known) { f.Status = Missing }},
		{"BLU-02", Blue, func(f *Form, _ *Known) { f.Enquiry.Asks = []string{"everything"} }},
		{"BLU-03", Blue, func(f *Form, _ *Known) { f.Person = Person{FamilyName: "X"} }},
		{"GRN-01", Green, func(f *Form, _ *Known) { f.Assessment.Grounds = "" }},
		{"GRN-02", Green, func(f *Form, _ *Known) { f.Assessment.Abroad = "" }},
		{"YEL-01", Yellow, func(f *Form, _ *Known) { f.Event.Recorded = "" }},
		{"YEL-02", Yellow, func(f *Form, _ *Known) { f.Consent.PrivacyLawAllows = false }},
		{"YEL-03", Yellow, func(f *Form, _ *Known) { f.Minor = true }},
		{"YEL-04", Yellow, func(f *Form, _ *Known) { f.Person = Person{} }},
		{"BLK-01", Black, func(f *Form, _ *Known) { f.Status = Missing }},
		{"BLK-02", Black, func(f *Form, _ *Known) { f.Person.DNA = false }},
		{"PUR-01", Purple, func(f *Form, _ *Known) { f.Method.What = "trick" }},
		{"PUR-02", Purple, func(f *Form, _ *Known) { f.Method.Investigated = true }},
		{"PUR-03", Purple, func(f *Form, _ *Known) { f.Method.VictimData = true }},
		{"ORA-01", Orange, func(f *Form, _ *Known) { f.Danger.To = today.AddDate(0, 0, -1) }},
		{"ORA-02", Orange, func(f *Form, _ *Known) { f.Until = today.AddDate(1, 0, 0) }},
		{"SIL-00", Silver, func(_ *Form, k *Known) { k.SilverOn = false }},
		{"SIL-01", Silver, func(f *Form, _ *Known) { f.Assets[0].Kind = "dreams" }},
		{"SIL-02", Silver, func(f *Form, _ *Known) { f.Assets[0].Link = "" }},
		{"SIL-03", Silver, func(f *Form, _ *Known) { f.Assets[0].Measures = []string{"freeze"} }},
		{"SIL-04", Silver, func(f *Form, _ *Known) { f.Handling.Public = true }},
		{"UNS-01", UN, func(f *Form, _ *Known) { f.Sanctions.Resolution = "" }},
		{"ART-01", Art, func(f *Form, _ *Known) { f.ArtObject.Photos = 0 }},
	}
	named := map[string]bool{}
	for _, c := range cases {
		f, k := complete(c.colour), fine
		c.broken(&f, &k)
		got := ids(Builtin().Check(&f, k, today))
		if !slices.Contains(got, c.rule) {
			t.Errorf("%s of a %s notice does not speak; these do: %v", c.rule, c.colour, got)
		}
		named[c.rule] = true
	}
	for _, r := range Builtin().list {
		if !named[r.ID] {
			t.Errorf("no case breaks %s", r.ID)
		}
	}
}

func TestAWrongRulePackIsRefusedWhenItIsRead(t *testing.T) {
	good := "[[rule]]\nid=\"X-1\"\nseverity=\"block\"\nmust='has(Case)'\nfield=\"case\"\nsay.en=\"s\"\nsource=\"s\"\n"
	if _, err := ParseRules([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{
		strings.Replace(good, "has(Case)", "has(Cas)", 1), strings.Replace(good, "has(Case)", "Age", 1), strings.Replace(good, "block", "stop", 1),
		strings.Replace(good, "say.en=", "sya.en=", 1), strings.Replace(good, "say.en=", "say=", 1), good + good, strings.Replace(good, "severity", "colours=[\"pink\"]\nseverity", 1), "[[",
		strings.Replace(good, "has(Case)", "has(", 1),
	} {
		if _, err := ParseRules([]byte(bad)); !errors.Is(err, ErrRules) {
			t.Errorf("accepted, or another error: %v\n%s", err, bad)
		}
	}
}

func FuzzParseRules(f *testing.F) {
	f.Add(builtin)
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := ParseRules(text)
		if err == nil {
			form := complete(Red)
			r.Check(&form, fine, today) // must not panic
		}
	})
}

// walk brings a request to a state.
func walk(t *testing.T, f Form, steps ...Step) *Record {
	t.Helper()
	r := New("n1", f, "NCB-AA", "ann", today)
	for _, s := range steps {
		if s.At.IsZero() {
			s.At = today
		}
		if err := r.Apply(s); err != nil {
			t.Fatalf("%s: %v", s.Event, err)
		}
	}
	return r
}

var (
	submit  = Step{Event: Submit, Side: Owner, Member: "NCB-AA", Person: "bob"}
	takeUp  = Step{Event: TakeUp, Side: Reviewer, Member: "GS", Person: "rita"}
	publish = Step{Event: Publish, Side: Reviewer, Member: "GS", Person: "rita", Number: "2026/1", Languages: []string{"en"}, Recipients: []string{"NCB-BB"}, Until: today.AddDate(1, 0, 0)}
)

func TestTheTableStepByStep(t *testing.T) {
	red := complete(Red)
	at := func(days int, s Step) Step { s.At = today.AddDate(0, 0, days); return s }
	cases := []struct {
		name   string
		before []Step
		step   Step
		want   error
		state  State
	}{
		{"its author does not send a red notice", nil, Step{Event: Submit, Side: Owner, Member: "NCB-AA", Person: "ann"}, ErrFourEyes, Draft},
		{"another member does not send it", nil, Step{Event: Submit, Side: Owner, Member: "NCB-BB", Person: "bob"}, ErrStep, Draft},
		{"a blocking rule stops it", nil, Step{Event: Submit, Side: Owner, Member: "NCB-AA", Person: "bob", Results: []Result{{Rule: "RED-01", Severity: Block}}}, ErrBlocked, Draft},
		{"a warning needs a reason", nil, Step{Event: Submit, Side: Owner, Member: "NCB-AA", Person: "bob", Results: []Result{{Rule: "ALL-11", Severity: Warn}}}, ErrBlocked, Draft},
		{"a warning with a reason goes", nil, Step{Event: Submit, Side: Owner, Member: "NCB-AA", Person: "bob", Results: []Result{{Rule: "ALL-11", Severity: Warn, Reason: "new source"}}}, nil, Submitted},
		{"nothing is published unread", []Step{submit}, publish, ErrStep, Submitted},
		{"the owner does not take up", []Step{submit}, Step{Event: TakeUp, Side: Owner, Member: "NCB-AA", Person: "bob"}, ErrStep, Submitted},
		{"recall needs a reason", []Step{submit}, Step{Event: Recall, Side: Owner, Member: "NCB-AA", Person: "bob"}, ErrMissing, Submitted},
		{"recall", []Step{submit, takeUp}, Step{Event: Recall, Side: Owner, Member: "NCB-AA", Person: "bob", Reason: "wrong name"}, nil, Draft},
		{"return says what is missing", []Step{submit, takeUp}, Step{Event: Return, Side: Reviewer, Member: "GS", Person: "rita"}, ErrMissing, UnderReview},
		{"lapses after thirty days, not before", []Step{submit, takeUp, {Event: Return, Side: Reviewer, Member: "GS", Person: "rita", Rules: []string{"RED-07"}}}, at(29, Step{Event: Lapse, Side: Clock}), ErrEarly, Returned},
		{"lapses after thirty days", []Step{submit, takeUp, {Event: Return, Side: Reviewer, Member: "GS", Person: "rita", Rules: []string{"RED-07"}}}, at(30, Step{Event: Lapse, Side: Clock}), nil, Refused},
		{"a refusal needs two", []Step{submit, takeUp}, Step{Event: Refuse, Side: Reviewer, Member: "GS", Person: "rita", Ground: "article_3", Reason: "political"}, ErrFourEyes, UnderReview},
		{"a refusal", []Step{submit, takeUp}, Step{Event: Refuse, Side: Reviewer, Member: "GS", Person: "rita", Second: "raj", Ground: "article_3", Reason: "political"}, nil, Refused},
		{"published", []Step{submit, takeUp}, publish, nil, Published},
		{"not for six years", []Step{submit, takeUp}, func() Step { s := publish; s.Until = today.AddDate(6, 0, 0); return s }(), ErrMissing, UnderReview},
		{"suspended for six months at most", []Step{submit, takeUp, publish}, Step{Event: Suspend, Side: Owner, Member: "NCB-AA", Person: "bob", Reason: "r", Until: today.AddDate(0, 7, 0)}, ErrMissing, Published},
		{"the other side does not resume", []Step{submit, takeUp, publish, {Event: Suspend, Side: Owner, Member: "NCB-AA", Person: "bob", Reason: "r", Until: today.AddDate(0, 1, 0)}}, Step{Event: Resume, Side: Reviewer, Member: "GS", Person: "rita", Reason: "r"}, ErrStep, Suspended},
		{"withdrawn", []Step{submit, takeUp, publish}, Step{Event: Withdraw, Side: Owner, Member: "NCB-AA", Person: "bob", Ground: "achieved"}, nil, Withdrawn},
		{"the owner does not cancel", []Step{submit, takeUp, publish}, Step{Event: Cancel, Side: Owner, Member: "NCB-AA", Person: "bob", Ground: "x", Reason: "y"}, ErrStep, Published},
		{"cancelled", []Step{submit, takeUp, publish}, Step{Event: Cancel, Side: Reviewer, Member: "GS", Person: "rita", Ground: "ccf", Reason: "decision 1"}, nil, Cancelled},
		{"extended", []Step{submit, takeUp, publish}, Step{Event: Extend, Side: Owner, Member: "NCB-AA", Person: "bob", Until: today.AddDate(4, 0, 0), Reason: "still wanted"}, nil, Published},
		{"expires at its end, not before", []Step{submit, takeUp, publish}, at(300, Step{Event: Expire, Side: Clock}), ErrEarly, Published},
		{"expires", []Step{submit, takeUp, publish}, at(365, Step{Event: Expire, Side: Clock}), nil, Expired},
	}
	for _, c := range cases {
		r := walk(t, red, c.before...)
		before, _ := json.Marshal(r)
		if c.step.At.IsZero() {
			c.step.At = today
		}
		err := r.Apply(c.step)
		if !errors.Is(err, c.want) || c.want == nil && err != nil || r.State != c.state {
			t.Errorf("%s: %v, now %s", c.name, err, r.State)
		}
		if after, _ := json.Marshal(r); err != nil && string(after) != string(before) {
			t.Errorf("%s: a refused step changed the record", c.name)
		}
	}
}

// TestNothingIsPublishedUnreviewedAndNothingLeavesTheEnd walks at random.
func TestNothingIsPublishedUnreviewedAndNothingLeavesTheEnd(t *testing.T) {
	events := []Event{Submit, TakeUp, Recall, Return, Resubmit, Lapse, Refuse, Publish, Amend, Suspend, Resume, Withdraw, Cancel, Extend, Expire}
	rapid.Check(t, func(t *rapid.T) {
		r := New("n", complete(rapid.SampledFrom(Colours).Draw(t, "colour")), "NCB-AA", "ann", today)
		now := today
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			now = now.AddDate(0, 0, rapid.IntRange(0, 40).Draw(t, "days"))
			s := Step{
				Event: rapid.SampledFrom(events).Draw(t, "event"), Side: rapid.SampledFrom([]Side{Owner, Reviewer, Clock}).Draw(t, "side"), At: now,
				Member: rapid.SampledFrom([]string{"NCB-AA", "GS"}).Draw(t, "member"), Person: rapid.SampledFrom([]string{"ann", "bob", ""}).Draw(t, "person"),
				Second: "raj", Reason: "r", Ground: rapid.SampledFrom([]string{"article_2", "achieved", ""}).Draw(t, "ground"), Rules: []string{"ALL-06"},
				Number: "2026/1", Languages: []string{"en"}, Recipients: []string{"X"}, Until: now.AddDate(0, rapid.IntRange(-1, 70).Draw(t, "until"), 0),
			}
			was := r.State
			if r.Apply(s) != nil {
				continue
			}
			if was.Over() {
				t.Fatalf("%s left %s", s.Event, was)
			}
			if r.State == Published && was != Published && was != Suspended && was != UnderReview {
				t.Fatalf("published from %s", was)
			}
			if r.State == Published && !r.Until.After(r.Published) {
				t.Fatal("published without an end")
			}
			if s.Event == Submit && r.Form.Colour == Red && s.Person == "ann" {
				t.Fatal("its author sent a red notice")
			}
			if r.State == Published && r.Until.After(now.AddDate(5, 0, 0)) {
				t.Fatal("published for more than five years")
			}
		}
	})
}

func TestOthersDoNotSeeWhatWasSaidBeforePublication(t *testing.T) {
	r := walk(t, complete(Red), submit, takeUp, Step{Event: Return, Side: Reviewer, Member: "GS", Person: "rita", Questions: []string{"is it political?"}}, Step{Event: Resubmit, Side: Owner, Member: "NCB-AA", Person: "bob", Reason: "no"}, takeUp, func() Step { s := publish; s.At = today.Add(time.Hour); return s }())
	b, _ := json.Marshal(r.ForOthers())
	for _, secret := range []string{"political", "rita", "ann", "bob"} {
		if strings.Contains(string(b), secret) {
			t.Errorf("%q travels", secret)
		}
	}
}

func TestAnAddendumTellsWhatChanged(t *testing.T) {
	f := complete(Red)
	f.Person.Aliases = []string{"Lem"}
	r := walk(t, complete(Red), submit, takeUp, publish, Step{Event: Amend, Side: Owner, Member: "NCB-AA", Person: "bob", Reason: "alias", Form: &f})
	got := r.Steps[len(r.Steps)-1].Changes
	if r.Version != 2 || len(got) != 1 || got[0].Field != "person.aliases" || string(got[0].To) != `["Lem"]` {
		t.Errorf("version %d, %s", r.Version, got)
	}
}

func TestThePublicListIsInTheShapeOfTheService(t *testing.T) {
	var all []*Record
	for i := range 400 {
		f := complete(Red)
		f.Handling.Public = i%2 == 0
		f.Person.FamilyName = "Fam" + string(rune('A'+i%7))
		p := publish
		p.Number = Number(2026, i+1)
		all = append(all, walk(t, f, submit, takeUp, p))
	}
	yellow := complete(Yellow)
	yellow.Handling.Public = true
	all = append(all, walk(t, yellow, submit, takeUp, publish))
	l := ListPublic("", Red, all, url.Values{"resultPerPage": {"500"}}, today)
	if l.Total != 200 || len(l.Embedded.Notices) != PageMost || l.Query["resultPerPage"] != PageMost {
		t.Errorf("%d in all, %d given", l.Total, len(l.Embedded.Notices))
	}
	l = ListPublic("", Red, all, url.Values{"name": {"fama"}, "page": {"2"}, "nationality": {"CO"}}, today)
	if l.Total != 29 || len(l.Embedded.Notices) != 9 || l.Links.Next != nil || l.Links.Self.Href != "/notices/v1/red?name=fama&nationality=CO&page=2&resultPerPage=20" {
		t.Errorf("%d in all, %d on the second page, %+v", l.Total, len(l.Embedded.Notices), l.Links)
	}
	b, _ := json.Marshal(all[0].Public("", true))
	for _, want := range []string{`"entity_id":"2026/1"`, `"date_of_birth":"1988/07/10"`, `"issuing_country_id":"FR"`, `"charge":"Trafficking in human beings"`, `"/notices/v1/red/2026-1"`, `"weight":null`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("%s is not in %s", want, b)
		}
	}
	for _, hidden := range []string{"T2847659", "scar on the left", "Criminal code"} {
		if strings.Contains(string(b), hidden) {
			t.Errorf("%q is public", hidden)
		}
	}
	if all[0].InPublic(today.AddDate(1, 0, 0)) || walk(t, complete(Red), submit, takeUp, publish).InPublic(today) || walk(t, complete(Silver), submit, takeUp, publish).InPublic(today) {
		t.Error("public although it ended, was not allowed, or is silver")
	}
}

func TestADraftLeavesOutVictimsAndOthersAccounts(t *testing.T) {
	text := `[{"id":"network-1","stages":{"money":0.9,"transport":1},"members":[
		{"entity":"p1","name":"Boss","accounts":["B/1"],"confidence":0.9,"roles":[{"role":"money_manager"}]},
		{"entity":"p2","name":"Unsure","accounts":["B/2"],"confidence":0.2,"roles":[]},
		{"entity":"v1","name":"Victim Name","accounts":["B/3"],"confidence":0.9,"roles":[]}],
		"victims":[{"pseudonym":"victim-1","entity":"v1","minor":true},{"pseudonym":"victim-2","entity":"v2"}],"findings":["f-1"],
		"proceeds":{"at_rest":[{"account":"B/1","amount":"10.00","currency":"USD","as_of":"2026-01-02T00:00:00Z"},{"account":"B/3","amount":"9.00","currency":"USD","as_of":"2026-01-02T00:00:00Z"}],"left":[{"account":"","amount":"1","currency":"USD","how":"cash"},{"account":"B/9","amount":"5.00","currency":"USD","as_of":"2026-01-02T00:00:00Z","how":"hub"},{"account":"C/7","amount":"6.00","currency":"USD","as_of":"2026-01-02T00:00:00Z","how":"other institution"}]}}]`
	f, ev, err := FromOrganisation([]byte(text), "network-1", "NCB-AA", today)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := json.Marshal(map[string]any{"form": f, "evidence": ev})
	for _, secret := range []string{"Victim Name", "victim-1", "B/3", "Unsure", "B/2", `"v1"`, `"p1"`, "B/9"} {
		if strings.Contains(string(b), secret) {
			t.Errorf("%s is in the draft: %s", secret, b)
		}
	}
	if len(f.Assets) != 2 || f.Assets[0].Identifier != "B/1" || f.Assets[1].Identifier != "C/7" || ev.Victims != 2 || ev.LeftOut["victims"] != 2 ||
		ev.LeftOut["accounts_of_others"] != 1 || ev.LeftOut["spent_or_cash"] != 2 || len(f.Evaluation) != 0 {
		t.Errorf("%s", b)
	}
	f.Offences, f.LegalBasis, f.Declared = complete(Silver).Offences, "x", Declared{true, true, true}
	f.Evaluation = complete(Silver).Evaluation // a person's word
	if got := Builtin().Check(f, fine, today); Blocked(got) {
		t.Errorf("a completed draft is blocked: %v", ids(got))
	}
	if _, _, err := FromOrganisation([]byte("[]"), "", "NCB-AA", today); !errors.Is(err, ErrNothing) {
		t.Error(err)
	}
}

func TestADraftFromAFindingNamesNobody(t *testing.T) {
	findings := []byte(`{"id":"f-0","typology":"cycle"}
{"id":"f-1","typology":"pass_through","stage":"money","score":0.857,"indicators":["M04"],"accounts":["B/9054868743","A/10005434"],"payments":["P1","P2"],"first":"2024-03-21T12:55:10Z","last":"2024-04-01T00:00:00Z","amount":"74988.16","currency":"USD","explanation":[
 {"code":"pass_through","params":{"hours":24,"in":{"amount":"38111.44","currency":"USD"},"times":17},"text":"17 times nearly the same amount left within 24 hours."},
 {"code":"hand_over","params":{"beneficiary":"C/9168887246","times":17},"text":"17 of these went to one beneficiary, C/9168887246."}]}
{"id":"f-2","typology":"debt_bondage","accounts":["V/1"]}
{"id":"f-3","typology":"recruiting_posts","accounts":[]}`)
	networks := []byte(`[{"id":"n","members":[],"victims":[{"pseudonym":"V-1","entity":"v1","accounts":["V/1"]}]}]`)
	f, ev, err := FromFinding(findings, networks, "f-1", Purple, "NCB-AA", today)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := json.Marshal(map[string]any{"form": f, "evidence": ev})
	for _, secret := range []string{"9054868743", "10005434", "9168887246", "P1"} {
		if strings.Contains(string(b), secret) {
			t.Errorf("%s is in the draft: %s", secret, b)
		}
	}
	if !strings.Contains(f.Method.Description["en"], "17 times") || ev.LeftOut["sentences"] != 1 || ev.Accounts != 2 || ev.Payments != 2 {
		t.Errorf("%s", b)
	}
	f.LegalBasis, f.Declared, f.Evaluation = "x", Declared{true, true, true}, complete(Silver).Evaluation
	if got := Builtin().Check(f, fine, today); Blocked(got) {
		t.Errorf("a completed draft is blocked: %v", ids(got))
	}

	f, ev, err = FromFinding(findings, networks, "f-1", Blue, "NCB-AA", today)
	if err != nil {
		t.Fatal(err)
	}
	b, _ = json.Marshal(map[string]any{"form": f, "evidence": ev})
	if f.Things[0].Value != "B/9054868743" || strings.Contains(string(b), "10005434") || strings.Contains(string(b), "9168887246") || f.Status != "" {
		t.Errorf("%s", b)
	}
	if got := Builtin().Check(f, fine, today); !Blocked(got) {
		t.Error("nobody said what the person is, and it may be sent")
	}
	for id, colour := range map[string]Colour{"f-2": Blue, "f-3": Blue, "f-9": Purple, "f-1": Silver} {
		if _, _, err := FromFinding(findings, networks, id, colour, "NCB-AA", today); !errors.Is(err, ErrNothing) {
			t.Errorf("%s from %s: %v", colour, id, err)
		}
	}
}

func TestADraftFromATraceNamesWhereMoneyRestsAndNoVictim(t *testing.T) {
	networks := []byte(`[{"id":"n","members":[],"victims":[{"pseudonym":"V-1","entity":"v1","accounts":["V/1"]}]}]`)
	text := `{"policy":"haircut","backward":false,"started":[{"amount":"1000.00","currency":"USD"}],"rests":[
		{"account":"B/1","how":"held","amount":"700.00","currency":"USD","as_of":"2024-07-22T19:04:09Z","through":["P1","P2"]},
		{"account":"C/2","how":"other institution","amount":"100.00","currency":"USD","as_of":"2024-07-22T19:04:09Z","through":["P1"]},
		{"account":"V/1","how":"held","amount":"90.00","currency":"USD","as_of":"2024-07-22T19:04:09Z","through":["P1"]},
		{"account":"S/3","how":"hub","amount":"80.00","currency":"USD","through":["P1"]},
		{"account":"I/4","how":"held","amount":"9.99","currency":"USD","as_of":"2024-07-22T19:04:09Z","through":["P1"]},
		{"account":"","how":"cash","amount":"20.00","currency":"USD","through":["P1"]}]}`
	f, ev, err := FromTrace([]byte(text), networks, "NCB-AA", today)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := json.Marshal(map[string]any{"form": f, "evidence": ev})
	for _, secret := range []string{"V/1", "S/3", "I/4", "P1"} {
		if strings.Contains(string(b), secret) {
			t.Errorf("%s is in the draft: %s", secret, b)
		}
	}
	if len(f.Assets) != 2 || f.Assets[0].Identifier != "B/1" || f.Assets[1].Identifier != "C/2" || ev.Places[0].Steps != 2 ||
		ev.LeftOut["victims"] != 1 || ev.LeftOut["spent_or_cash"] != 2 || ev.LeftOut["small_sums"] != 1 {
		t.Errorf("%s", b)
	}
	f.Offences, f.LegalBasis, f.Declared, f.Evaluation = complete(Silver).Offences, "x", Declared{true, true, true}, complete(Silver).Evaluation
	if got := Builtin().Check(f, fine, today); Blocked(got) {
		t.Errorf("a completed draft is blocked: %v", ids(got))
	}
	for _, none := range []string{`{"backward":true}`, `{"started":[],"rests":[]}`} {
		if _, _, err := FromTrace([]byte(none), networks, "NCB-AA", today); !errors.Is(err, ErrNothing) {
			t.Errorf("%s: %v", none, err)
		}
	}
	if _, _, err := FromTrace([]byte(`{"started":[{"amount":"x"}]}`), networks, "NCB-AA", today); err == nil {
		t.Error("an amount that is no number passes")
	}
}

func FuzzDrafts(f *testing.F) {
	f.Add([]byte(`[{"id":"n","members":[{"entity":"a","accounts":["B/1"],"confidence":1}],"victims":[{"accounts":["V/1"]}]}]`))
	f.Add([]byte(`{"id":"f-1","accounts":["B/1"],"explanation":[{"params":{"a":{"amount":"1","currency":"USD"}},"text":"x"}]}`))
	f.Add([]byte(`{"started":[{"amount":"1","currency":"USD"}],"rests":[{"account":"B/1","how":"held","amount":"1","currency":"USD"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		FromOrganisation(text, "", "A", today)
		FromFinding(text, []byte("[]"), "f-1", Blue, "A", today)
		FromFinding([]byte(`{"id":"f-1","accounts":["B/1"]}`), text, "f-1", Blue, "A", today)
		FromTrace(text, []byte("[]"), "A", today)
	})
}

// TestEveryRuleSpeaksFourLanguages: the pack of the program; and whoever has none of a language gets another one.
func TestEveryRuleSpeaksFourLanguages(t *testing.T) {
	for _, rule := range Builtin().list {
		said := map[string]bool{}
		for _, l := range Languages {
			if rule.Say[l] == "" || said[rule.Say[l]] {
				t.Errorf("%s says nothing of its own in %s", rule.ID, l)
			}
			said[rule.Say[l]] = true
		}
	}
	if (Texts{"es": "sí"}).In("fr") != "sí" {
		t.Error("a text in Spanish alone is not shown to a reader of French")
	}
}

func TestAPackIsComparedWithTheProgramsOwn(t *testing.T) {
	if d := Builtin().Differences(Builtin()); d != nil {
		t.Error(d)
	}
	text := string(BuiltinText())
	text = strings.Replace(text, "id = \"ORA-02\"\ncolours = [\"orange\"]\nseverity = \"warn\"", "id = \"ORA-02\"\ncolours = [\"orange\"]\nseverity = \"block\"", 1)
	text = strings.Replace(text, "Until <= days(90)", "Until <= days(30)", 1)
	text = strings.Replace(text, "id = \"ART-01\"", "id = \"ART-02\"", 1)
	own, err := ParseRules([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(own.Differences(Builtin()), "; "); got != "ORA-02: block instead of warn; ORA-02: another condition, or other colours; ART-02: new; ART-01: gone" {
		t.Error(got)
	}
	for _, wrong := range []string{`say.de = "nein"`} {
		bad := strings.Replace(text, `say.en = "A warning usually`, wrong+"\n#", 1)
		if _, err := ParseRules([]byte(bad)); !errors.Is(err, ErrRules) {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}

func FuzzForm(f *testing.F) {
	b, _ := json.Marshal(complete(Red))
	f.Add(b)
	f.Fuzz(func(t *testing.T, text []byte) {
		var form Form
		if json.Unmarshal(text, &form) != nil {
			return
		}
		// None may panic, whatever somebody wrote.
		Builtin().Check(&form, fine, today)
		form.Selectors()
		form.Names()
		form.Title()
		r := New("n", form, "A", "p", today)
		r.State, r.Number, r.Until = Published, "2026/1", today.AddDate(1, 0, 0)
		r.InPublic(today)
		r.Public("", true)
	})
}

package handling

import (
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func label(change func(*Label)) *Label {
	l := &Label{Owners: []string{"NCB-A"}, Purpose: Locate, Europol: []string{H0}, Recorded: now.AddDate(-1, 0, 0), Until: now.AddDate(4, 0, 0), Status: Suspect}
	if change != nil {
		change(l)
	}
	return l
}

func request(act Act, change func(*Request)) Request {
	r := Request{Act: act, By: Party{"NCB-B", Bureau, "FR"}, Person: "officer", Purpose: Locate, LegalBasis: "art. 5", To: Party{"BANK", Bank, "FR"}, Confirmed: true}
	if change != nil {
		change(&r)
	}
	return r
}

func refusals(d Decision) []string {
	var out []string
	for _, w := range d.Reasons {
		out = append(out, w.Code)
	}
	return out
}

// TestEachRuleRefusesItsOwnAndNothingElse: every rule has a case that only it refuses, and the same case without it is allowed.
func TestEachRuleRefusesItsOwnAndNothingElse(t *testing.T) {
	owner := func(r *Request) { r.By = Party{"NCB-A", Bureau, "PE"} }
	cases := []struct {
		code string
		l    *Label
		r    Request
	}{
		{"who", label(nil), request(Open, func(r *Request) { r.Person = "" })},
		{"purpose", label(nil), request(Open, func(r *Request) { r.Purpose = ""; r.Consent = []string{"NCB-A"} })},
		{"legal_basis", label(nil), request(Open, func(r *Request) { r.LegalBasis = " " })},
		{"to", label(nil), request(Send, func(r *Request) { r.To = Party{} })},
		{"withdrawn", label(func(l *Label) { l.Withdrawn = true }), request(Open, nil)},
		{"retention", label(func(l *Label) { l.Until = now }), request(Open, nil)},
		{"lease", label(func(l *Label) { l.Lease = now }), request(Open, nil)},
		{"owner_only", label(nil), request(Evaluate, nil)},
		{"second_purpose", label(nil), request(Open, func(r *Request) { r.Purpose = Warn })},
		{"denied", label(func(l *Label) { l.Restrictions = []Restriction{{By: "NCB-A", Members: []string{"NCB-B"}}} }), request(Open, nil)},
		{"denied", label(func(l *Label) { l.Restrictions = []Restriction{{By: "NCB-A", Kinds: []Kind{Bank}}} }), request(Send, nil)},
		{"denied", label(func(l *Label) { l.Restrictions = []Restriction{{By: "NCB-A", Countries: []string{"FR"}}} }), request(Open, nil)},
		{"denied", label(func(l *Label) { l.Restrictions = []Restriction{{By: "NCB-A", Countries: []string{"BR"}}} }), request(Open, func(r *Request) { r.By.Country = "" })},
		{"denied_purpose", label(func(l *Label) { l.Restrictions = []Restriction{{By: "NCB-A", Purposes: []Purpose{Locate}}} }), request(Open, nil)},
		{"unread", label(func(l *Label) { l.Restrictions = []Restriction{{By: "NCB-A", Text: "ask us"}} }), request(Open, nil)},
		{"onward", label(func(l *Label) { l.Restrictions = []Restriction{{By: "NCB-A", NoOnward: true}} }), request(Send, nil)},
		{"onward", label(func(l *Label) { l.Europol = nil }), request(Send, nil)},
		{"court", label(func(l *Label) { l.Europol = []string{H1} }), request(Court, nil)},
		{"tell", label(nil), request(Tell, nil)},
		{"tlp", label(func(l *Label) { l.TLP = TLPAmber }), request(Open, nil)},
		{"tlp", label(func(l *Label) { l.TLP = TLPRed; l.Addressed = []string{"NCB-B"} }), request(Open, nil)},
		{"tlp", label(func(l *Label) { l.TLP = TLPGreen; l.Public = true }), request(Publish, nil)},
		{"pap", label(func(l *Label) { l.PAP = PAPAmber }), request(Stop, nil)},
		{"pap", label(func(l *Label) { l.PAP = PAPRed }), request(Blind, nil)},
		{"named", label(func(l *Label) { l.Confidentiality = Restricted }), request(Open, nil)},
		{"second_person", label(func(l *Label) { l.Confidentiality = Confidential; l.Named = []string{"officer"} }), request(Open, func(r *Request) { r.Second = "officer" })},
		{"no_copy", label(func(l *Label) { l.Confidentiality = Confidential; l.Named = []string{"officer"} }), request(Copy, func(r *Request) { r.Second = "chief" })},
		{"no_bulk", label(func(l *Label) { l.Confidentiality = Restricted; l.Named = []string{"officer"} }), request(Bulk, nil)},
		{"not_public", label(nil), request(Publish, nil)},
		{"protected", label(func(l *Label) { l.Status = Victim }), request(Coerce, nil)},
		{"protected", label(func(l *Label) { l.Minor = true }), request(Coerce, owner)},
		{"contact_first", label(nil), request(Measure, func(r *Request) { r.Confirmed = false })},
		{"police", label(nil), request(Measure, func(r *Request) { r.By.Kind = NGO })},
	}
	for _, c := range cases {
		d := Decide(c.l, c.r, now)
		if got := refusals(d); d.Allowed || !slices.Equal(got, []string{c.code}) {
			t.Errorf("%s %s: allowed %v for %v", c.code, c.r.Act, d.Allowed, got)
		}
	}
	for _, act := range acts {
		d := Decide(label(func(l *Label) { l.Public = true }), request(act, func(r *Request) { owner(r); r.Consent = []string{"NCB-A"} }), now)
		if !d.Allowed {
			t.Errorf("the owner may not %s: %v", act, refusals(d))
		}
	}
	for _, act := range []Act{Open, Copy, Send, Merge, Measure, Stop, Blind, Bulk} {
		if d := Decide(label(nil), request(act, nil), now); !d.Allowed {
			t.Errorf("%s is refused for %v", act, refusals(d))
		}
	}
}

func TestNothingIsAllowedByDefault(t *testing.T) {
	for _, act := range append(slices.Clone(acts), "", "anything") {
		if Decide(nil, Request{Act: act}, now).Allowed || Decide(&Label{}, request(act, nil), now).Allowed || Decide(label(nil), Request{Act: act}, now).Allowed {
			t.Errorf("%q is allowed", act)
		}
	}
	if Decide(label(nil), request("anything", nil), now).Allowed {
		t.Error("what nobody knows is allowed")
	}
}

func TestDangerToLifeGoesBeforeTheOwnersAnswerOnly(t *testing.T) {
	danger := func(r *Request) { r.Confirmed, r.Danger, r.Reason = false, true, "she is held in the house" }
	d := Decide(label(nil), request(Measure, danger), now)
	if !d.Allowed || !d.Exception || !slices.Equal(refusals(d), []string{"contact_first"}) {
		t.Errorf("%+v", d)
	}
	if d := Decide(label(nil), request(Measure, func(r *Request) { danger(r); r.Reason = "" }), now); d.Allowed {
		t.Error("without a reason")
	}
	if d := Decide(label(func(l *Label) { l.Status = Victim }), request(Coerce, danger), now); d.Allowed || d.Exception {
		t.Error("a victim may be coerced for danger to life")
	}
}

func labels() *rapid.Generator[*Label] {
	return rapid.Custom(func(t *rapid.T) *Label {
		some := func(name string, of ...string) []string {
			return rapid.SliceOfNDistinct(rapid.SampledFrom(of), 0, 2, rapid.ID).Draw(t, name)
		}
		l := &Label{
			Owners: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"NCB-A", "NCB-B", "NGO"}), 1, 2, rapid.ID).Draw(t, "owners"), Purpose: rapid.SampledFrom([]Purpose{Locate, Warn}).Draw(t, "purpose"),
			Confidentiality: rapid.SampledFrom(levels).Draw(t, "level"), TLP: rapid.SampledFrom(tlps).Draw(t, "tlp"), PAP: rapid.SampledFrom(paps).Draw(t, "pap"),
			Europol: some("europol", H0, H1, H2, H3), Addressed: some("addressed", "NCB-A", "NCB-B", "BANK"), Named: some("named", "officer", "chief", "desk"),
			Status: rapid.SampledFrom([]Status{"", Other, Suspect, Victim, Witness}).Draw(t, "status"), Minor: rapid.Bool().Draw(t, "minor"), Withdrawn: rapid.IntRange(0, 9).Draw(t, "withdrawn") == 0,
			Recorded: now.AddDate(-1, 0, 0), Until: now.AddDate(0, rapid.IntRange(-1, 5).Draw(t, "until"), 0),
		}
		l.Public = rapid.Bool().Draw(t, "public") && l.Status != Victim && l.Status != Witness && !l.Minor
		for range rapid.IntRange(0, 2).Draw(t, "restrictions") {
			l.Restrictions = append(l.Restrictions, restriction(t))
		}
		return l
	})
}

func restriction(t *rapid.T) Restriction {
	some := func(name string, of ...string) []string {
		return rapid.SliceOfNDistinct(rapid.SampledFrom(of), 0, 1, rapid.ID).Draw(t, name)
	}
	r := Restriction{By: rapid.SampledFrom([]string{"NCB-A", "NCB-B", ""}).Draw(t, "by"), Members: some("members", "NCB-A", "NCB-B", "BANK"), Countries: some("countries", "FR", "PE"), NoOnward: rapid.Bool().Draw(t, "no onward"), NoDisclosure: rapid.Bool().Draw(t, "no disclosure")}
	if rapid.Bool().Draw(t, "kinds") {
		r.Kinds = []Kind{rapid.SampledFrom([]Kind{Bank, NGO, Bureau}).Draw(t, "kind")}
	}
	if rapid.Bool().Draw(t, "purposes") {
		r.Purposes = []Purpose{rapid.SampledFrom([]Purpose{Locate, Warn}).Draw(t, "purpose denied")}
	}
	if rapid.IntRange(0, 4).Draw(t, "words") == 0 {
		r.Text, r.TextIsCovered = "ask us", rapid.Bool().Draw(t, "read")
	}
	return r
}

func requests() *rapid.Generator[Request] {
	return rapid.Custom(func(t *rapid.T) Request {
		party := rapid.SampledFrom([]Party{{"NCB-A", Bureau, "PE"}, {"NCB-B", Bureau, "FR"}, {"BANK", Bank, "FR"}, {"NGO", NGO, ""}})
		return Request{
			Act: rapid.SampledFrom(acts).Draw(t, "act"), By: party.Draw(t, "by"), To: party.Draw(t, "to"), Person: "officer", Groups: []string{"desk"}, Second: rapid.SampledFrom([]string{"", "chief"}).Draw(t, "second"),
			Purpose: rapid.SampledFrom([]Purpose{Locate, Warn}).Draw(t, "for"), LegalBasis: "art. 5", Reason: rapid.SampledFrom([]string{"", "why"}).Draw(t, "reason"),
			Consent: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"NCB-A", "NCB-B", "NGO"}), 0, 3, rapid.ID).Draw(t, "consent"), Confirmed: rapid.Bool().Draw(t, "confirmed"), Danger: rapid.Bool().Draw(t, "danger"),
		}
	})
}

// TestARestrictionNeverWidens: whatever an owner adds to a label, nothing that was refused is allowed for it.
func TestARestrictionNeverWidens(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		l, r := labels().Draw(rt, "label"), requests().Draw(rt, "request")
		before := Decide(l, r, now)
		stricter := *l
		stricter.Restrictions = append(slices.Clone(l.Restrictions), restriction(rt))
		if slices.Contains(codes(l), H3) {
			stricter.Restrictions[len(l.Restrictions)].TextIsCovered = false // a rule for the words is what H3 waits for
		}
		if after := Decide(&stricter, r, now); after.Allowed && !before.Allowed {
			rt.Fatalf("refused for %v, and allowed with a restriction more", refusals(before))
		}
	})
}

// TestWhatIsDerivedIsAsStrictAsItsParts: who may not do something with one of the records may not do it with what was made of all.
func TestWhatIsDerivedIsAsStrictAsItsParts(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		parts := rapid.SliceOfN(labels(), 1, 3).Draw(rt, "labels")
		r := requests().Draw(rt, "request")
		whole := Combine(parts[0], parts[1:]...)
		if d := Decide(whole, r, now); d.Allowed {
			for i, p := range parts {
				if part := Decide(p, r, now); !part.Allowed {
					rt.Fatalf("allowed with the whole, and with part %d refused for %v\nwhole %+v\npart %+v", i, refusals(part), whole, p)
				}
			}
		}
	})
}

func TestRetention(t *testing.T) {
	l := label(func(l *Label) { l.Recorded = now; l.Until = Retain("notice", now) })
	if want := now.AddDate(5, 0, 0); !l.Until.Equal(want) || !l.Review().Equal(want.AddDate(0, -6, 0)) {
		t.Errorf("until %v, review %v", l.Until, l.Review())
	}
	review, end := l.Review(), l.Until
	for name, err := range map[string]error{
		"no reason": l.Extend("", end.AddDate(1, 0, 0), review), "too early": l.Extend("x", end.AddDate(1, 0, 0), now),
		"too long": l.Extend("x", end.AddDate(5, 0, 1), review), "too late": l.Extend("x", end.AddDate(1, 0, 0), end), "shorter": l.Extend("x", end, review),
	} {
		if !errors.Is(err, ErrRetention) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := l.Extend("still at large", end.AddDate(5, 0, 0), review); err != nil || !l.Until.Equal(end.AddDate(5, 0, 0)) {
		t.Error(err, l.Until)
	}
	if !Retain("ballistics", now).Equal(now.AddDate(30, 0, 0)) || !Retain("something", now).Equal(now.AddDate(5, 0, 0)) {
		t.Error("the table is not read")
	}
}

func TestEvaluationsAreShownAsTheyAreMeant(t *testing.T) {
	for _, c := range []struct {
		scheme, code string
		want         Strength
	}{
		{FourByFour, "A1", Strong},
		{FourByFour, "B3", Fair},
		{FourByFour, "C1", Weak},
		{FourByFour, "B4", Weak},
		{FourByFour, "X1", Unknown},
		{FourByFour, "C4", Unknown},
		{SixBySix, "B2", Strong},
		{SixBySix, "C3", Fair},
		{SixBySix, "D1", Weak},
		{SixBySix, "A5", Weak},
		{SixBySix, "F1", Unknown},
		{SixBySix, "A6", Unknown},
		{ThreeFive, "1BP", Strong},
		{ThreeFive, "2A", Fair},
		{ThreeFive, "3AC", Weak},
		{ThreeFive, "1E", Weak},
		{ThreeFive, "2D", Unknown},
	} {
		e := Evaluation{c.scheme, c.code}
		if err := e.Check(); err != nil || e.Strength() != c.want {
			t.Errorf("%s %s is %s, want %s (%v)", c.scheme, c.code, e.Strength(), c.want, err)
		}
	}
	for _, e := range []Evaluation{{"5x5", "A1"}, {FourByFour, "D1"}, {FourByFour, "A"}, {SixBySix, "A7"}, {ThreeFive, "1AX"}, {ThreeFive, "1"}, {FourByFour, "A1P"}} {
		if e.Check() == nil || e.Strength() != Unknown {
			t.Errorf("%v passes", e)
		}
	}
}

func TestLabelsAreReadAsTheyAreWrittenAnywhere(t *testing.T) {
	for s, want := range map[string]TLP{"tlp:white": TLPClear, "TLP:AMBER+STRICT": TLPAmberStrict, " red ": TLPRed, "TLP: GREEN": TLPGreen} {
		if got, err := ParseTLP(s); err != nil || got != want {
			t.Errorf("%q: %v %v", s, got, err)
		}
	}
	if _, err := ParseTLP("purple"); err == nil {
		t.Error("purple is no label")
	}
	if got, err := ParsePAP("PAP:WHITE"); err != nil || got != PAPClear {
		t.Error(got, err)
	}
	if _, err := ParsePAP(""); err == nil {
		t.Error("nothing is no label")
	}
}

func BenchmarkDecide(b *testing.B) {
	l, r := label(nil), request(Open, nil)
	for b.Loop() {
		if !Decide(l, r, now).Allowed {
			b.Fatal("refused")
		}
	}
}

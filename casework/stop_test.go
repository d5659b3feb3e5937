package casework

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func form() StopForm {
	return StopForm{
		Account: "BANKFFXX/9", Amount: "1000.00", Currency: "USD", Payments: []Payment{{Reference: "W1", Amount: "1000.00", To: "BANKFFXX/9"}},
		Offence: "THB", Reference: "P/1", Officer: "+000", Wish: "both",
	}
}

func TestARequestWithoutWhatTheInstitutionNeedsIsRefused(t *testing.T) {
	for name, broken := range map[string]func(*StopForm){
		"account": func(f *StopForm) { f.Account = "" }, "amount": func(f *StopForm) { f.Amount = "1,000" }, "negative": func(f *StopForm) { f.Amount = "-1" },
		"payments": func(f *StopForm) { f.Payments = nil }, "reference": func(f *StopForm) { f.Payments[0].Reference = "" },
		"officer": func(f *StopForm) { f.Officer = "" }, "wish": func(f *StopForm) { f.Wish = "arrest" },
	} {
		f := form()
		broken(&f)
		if _, err := NewStop("s", "NCB", "BANK", "p", f, now); !errors.Is(err, ErrForm) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestStepsOfAStop(t *testing.T) {
	full := &Answer{Found: true, Held: "1000", Currency: "USD"}
	cases := []struct {
		name  string
		state StopState
		step  StopStep
		ok    bool
	}{
		{"acknowledged by the bank", Requested, StopStep{State: Acknowledged, Member: "BANK", Person: "p"}, true},
		{"not by who asked", Requested, StopStep{State: Acknowledged, Member: "NCB", Person: "p"}, false},
		{"blocked", Acknowledged, StopStep{State: BlockedFull, Member: "BANK", Person: "p", Answer: full}, true},
		{"not without a sum", Acknowledged, StopStep{State: BlockedFull, Member: "BANK", Person: "p"}, false},
		{"full is full", Acknowledged, StopStep{State: BlockedFull, Member: "BANK", Person: "p", Answer: &Answer{Held: "999.99", Currency: "USD"}}, false},
		{"part", Acknowledged, StopStep{State: BlockedPart, Member: "BANK", Person: "p", Answer: &Answer{Held: "999.99", Currency: "USD"}}, true},
		{"a part of nothing", Acknowledged, StopStep{State: BlockedPart, Member: "BANK", Person: "p", Answer: &Answer{Held: "0.00", Currency: "USD"}}, false},
		{"in another currency", Acknowledged, StopStep{State: BlockedPart, Member: "BANK", Person: "p", Answer: &Answer{Held: "999.99", Currency: "EUR"}}, false},
		{"released with a reason", BlockedFull, StopStep{State: Released, Member: "BANK", Person: "p", Reason: "mistake"}, true},
		{"not without", BlockedFull, StopStep{State: Released, Member: "BANK", Person: "p"}, false},
		{"nothing to release", NotFound, StopStep{State: Released, Member: "BANK", Person: "p", Reason: "r"}, false},
		{"superseded by who asked", NotFound, StopStep{State: Superseded, Member: "NCB", Person: "p", Follows: "s2"}, true},
	}
	for _, c := range cases {
		s, err := NewStop("s", "NCB", "BANK", "p", form(), now)
		if err != nil {
			t.Fatal(err)
		}
		s.State = c.state
		if err := s.Apply(c.step); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestTheClocks(t *testing.T) {
	s, _ := NewStop("s", "NCB", "BANK", "p", form(), now)
	if s.Late(now.Add(29*time.Minute)) != "" || s.Late(now.Add(30*time.Minute)) != "acknowledge" {
		t.Error("acknowledge within half an hour")
	}
	if err := s.Apply(StopStep{State: Acknowledged, Member: "BANK", Person: "p", At: now}); err != nil {
		t.Fatal(err)
	}
	if s.Late(now.Add(4*time.Hour-1)) != "" || s.Late(now.Add(4*time.Hour)) != "trace" {
		t.Error("trace within four hours")
	}
}

// TestNobodyAnswersForAnother takes steps at random.
func TestNobodyAnswersForAnother(t *testing.T) {
	states := []StopState{Requested, Acknowledged, Traced, BlockedFull, BlockedPart, NotFound, StopRefused, Released, ReturnedTo, Superseded}
	rapid.Check(t, func(t *rapid.T) {
		s, _ := NewStop("s", "NCB", "BANK", "p", form(), now)
		for range 10 {
			step := StopStep{State: rapid.SampledFrom(states).Draw(t, "s"), Member: rapid.SampledFrom([]string{"NCB", "BANK", "X"}).Draw(t, "m"), Person: "p", Reason: "r", Follows: "f", Answer: &Answer{Held: "5", Currency: "USD"}}
			if s.Apply(step) == nil && (step.Member == "NCB") != (step.State == Superseded) {
				t.Fatalf("%s by %s", step.State, step.Member)
			}
		}
	})
}

func TestWhereTheMoneyWentOnTheNextRequestsAreFilledIn(t *testing.T) {
	s := &Stop{ID: "s", Form: StopForm{
		Account: "A/1", Name: "Holder", Amount: "1000.00", Currency: "USD", Payments: []Payment{{Reference: "W1", Amount: "1000.00", To: "A/1"}},
		Offence: "THB", Reference: "AA/7", Officer: "o", Wish: "both",
	}}
	if s.Proposals() != nil {
		t.Error("proposals without an answer")
	}
	s.Answer = &Answer{Found: true, Hops: []Hop{
		{Account: "A/1", How: "held", Amount: "100.00", Currency: "USD"},
		{Account: "", How: "cash", Amount: "50.00", Currency: "USD"},
		{Account: "B/2", How: "other institution", Amount: "300.50", Currency: "USD", Payment: "P1"},
		{Account: "C/3", How: "other institution", Amount: "200", Currency: "USD", Payment: "P2"},
		{Account: "B/2", How: "other institution", Amount: "49.5", Currency: "USD", Payment: "P3"},
	}}
	got := s.Proposals()
	if len(got) != 2 || got[0].Account != "B/2" || got[0].Amount != "350.00" || len(got[0].Payments) != 2 || got[0].Payments[1].Reference != "P3" || got[1].Account != "C/3" || got[1].Amount != "200" {
		t.Fatalf("%+v", got)
	}
	for _, f := range got {
		if err := f.Check(); err != nil || f.Name != "" || f.Offence != "THB" || f.Payments[0].From != "A/1" {
			t.Errorf("%+v %v", f, err)
		}
	}
}

// TestInWhateverOrderStepsComeTheStoryIsTheSame: a relay may give later ones first; those that do not fit yet are tried again.
func TestInWhateverOrderStepsComeTheStoryIsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		steps := []StopStep{
			{State: Acknowledged, Member: "BANK", Person: "p"},
			{State: Traced, Member: "BANK", Person: "p"},
			{State: BlockedPart, Member: "BANK", Person: "p", Answer: &Answer{Held: "999.99", Currency: "USD"}},
			{State: Released, Member: "BANK", Person: "p", Reason: "mistake"},
		}[:rapid.IntRange(1, 4).Draw(t, "steps")]
		for i := range steps {
			steps[i].At = now.Add(time.Duration(i+1) * time.Minute)
		}
		s, err := NewStop("s", "NCB", "BANK", "p", form(), now)
		if err != nil {
			t.Fatal(err)
		}
		waiting := rapid.Permutation(steps).Draw(t, "order")
		for range len(steps) {
			var still []StopStep
			for _, step := range waiting {
				if !s.Missed(step) && s.Apply(step) != nil {
					still = append(still, step)
				}
			}
			waiting = still
		}
		if len(waiting) > 0 || s.State != steps[len(steps)-1].State || len(s.Steps) != len(steps)+1 {
			t.Fatalf("%s after %d steps, and %d wait", s.State, len(s.Steps), len(waiting))
		}
		for i, step := range steps {
			if s.Steps[i+1].State != step.State {
				t.Fatalf("step %d is %s", i+1, s.Steps[i+1].State)
			}
		}
	})
}

func TestAStepThatNobodyCouldHaveTakenIsNotAddedLate(t *testing.T) {
	s, err := NewStop("s", "NCB", "BANK", "p", form(), now)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(StopStep{State: NotFound, Member: "BANK", Person: "p", At: now.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	for _, step := range []StopStep{
		{State: Acknowledged, Member: "NCB", Person: "p"},
		{State: Acknowledged, Member: "BANK"},
		{State: Released, Member: "BANK", Person: "p", Reason: "r"},
		{State: NotFound, Member: "BANK", Person: "p"},
		{State: "dreams", Member: "BANK", Person: "p"},
		{State: Superseded, Member: "NCB", Person: "p", Follows: "x"},
	} {
		step.At = now.Add(time.Minute)
		if s.Missed(step) {
			t.Errorf("%s by %s is added", step.State, step.Member)
		}
	}
}

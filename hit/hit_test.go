package hit

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func step(s State, member string) Step {
	return Step{State: s, Member: member, Person: "p", At: now, Reason: "r", Allowed: []string{"locate"}, Outcome: "located"}
}

func TestTheFiveStepsInTheirOrder(t *testing.T) {
	h := &Hit{Owner: "O", Finder: "F", State: Possible, Colour: "red"}
	for _, s := range []Step{step(Same, "F"), step(Asked, "F"), step(Confirmed, "O"), step(Closed, "F")} {
		if _, err := h.Act(false, ""); (err == nil) != (h.State == Confirmed) {
			t.Errorf("acting in state %s: %v", h.State, err)
		}
		if err := h.Apply(s); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.Act(true, "danger"); err == nil {
		t.Error("acted on a closed hit")
	}
}

func TestDangerToLifeIsAnExceptionWithAReason(t *testing.T) {
	h := &Hit{Owner: "O", Finder: "F", State: Possible}
	if _, err := h.Act(true, " "); !errors.Is(err, ErrStep) {
		t.Error("without a reason")
	}
	if exception, err := h.Act(true, "a child is locked in"); err != nil || !exception {
		t.Error(err)
	}
}

// TestNothingIsConfirmedButByTheOwnerAfterItWasAsked takes steps at random.
func TestNothingIsConfirmedButByTheOwnerAfterItWasAsked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := &Hit{Owner: "O", Finder: "F", State: Possible}
		asked := false
		for range rapid.IntRange(1, 12).Draw(t, "n") {
			s := step(rapid.SampledFrom([]State{Possible, Same, NotSame, Unclear, Asked, Confirmed, Denied, Closed}).Draw(t, "s"), rapid.SampledFrom([]string{"O", "F", "X"}).Draw(t, "m"))
			was := h.State
			if h.Apply(s) != nil {
				if h.State != was {
					t.Fatal("a refused step changed it")
				}
				continue
			}
			asked = asked || s.State == Asked
			if s.State == Confirmed && (!asked || s.Member != "O") {
				t.Fatal("confirmed without the owner")
			}
		}
	})
}

func TestRemindersComeSoonerForRedAndOrange(t *testing.T) {
	for colour, want := range map[string]time.Duration{"red": time.Hour, "orange": time.Hour, "blue": 24 * time.Hour} {
		h := &Hit{State: Asked, Since: now, Colour: colour}
		if got := h.Remind().Sub(now); got != want {
			t.Errorf("%s: %s", colour, got)
		}
	}
}

func TestNamesWrittenAlike(t *testing.T) {
	if a, b := NameKey("José  DÍAZ-Pérez"), NameKey("diaz perez jose"); a != b || a == "" {
		t.Errorf("%q %q", a, b)
	}
	if NameKey("Prince") != "" || NameKey("") != "" {
		t.Error("a single name identifies nobody")
	}
	rapid.Check(t, func(t *rapid.T) { NameKey(rapid.String().Draw(t, "name")) })
}

func TestOnlyTheOwnerConfirms(t *testing.T) {
	for _, c := range []struct {
		step Step
		want bool
	}{
		{Step{State: Confirmed, Member: "NCB"}, true},
		{Step{State: Confirmed, Member: "BANK"}, false},
		{Step{State: Confirmed, Member: "NCB", Exception: true}, false},
		{Step{State: Denied, Member: "NCB"}, false},
	} {
		h := Hit{Owner: "NCB", Finder: "BANK", Steps: []Step{c.step}}
		if h.WasConfirmed() != c.want {
			t.Errorf("%+v confirms: %v", c.step, !c.want)
		}
	}
}

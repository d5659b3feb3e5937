package casework

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestARequestOfAPersonHasItsTimes(t *testing.T) {
	for kind, months := range map[SubjectKind]int{AccessRequest: 4, CorrectionRequest: 9, DeletionRequest: 9} {
		s, err := NewSubject("s", kind, "CCF/1", "ann", now, now)
		if err != nil || !s.Due.Equal(now.AddDate(0, 1, 0)) {
			t.Fatal(err, s)
		}
		for day, want := range map[int]string{0: "green", 22: "amber", 28: "red", 31: "late"} {
			if got := s.Clock(now.AddDate(0, 0, day)); got != want {
				t.Errorf("after %d days it is %s, not %s", day, got, want)
			}
		}
		later := now.AddDate(0, 0, 20)
		if err := s.Apply(SubjectStep{To: SubjectAdmissible, Person: "ann", At: later}); err != nil || !s.Due.Equal(later.AddDate(0, months, 0)) {
			t.Error(err, s.Due)
		}
		if err := s.Apply(SubjectStep{To: SubjectDecided, Person: "ann", At: later, Result: "refused"}); !errors.Is(err, ErrSubject) {
			t.Error("refused without a reason:", err)
		}
		if err := s.Apply(SubjectStep{To: SubjectDecided, Person: "ann", At: later, Result: "granted"}); err != nil || !s.Due.Equal(later.AddDate(0, 1, 0)) {
			t.Error(err, s.Due)
		}
		if err := s.Apply(SubjectStep{To: SubjectTold, Person: "ann", At: later}); err != nil || s.Clock(later) != "none" {
			t.Error(err, s)
		}
	}
	for _, c := range []struct {
		kind SubjectKind
		ref  string
		came time.Time
	}{{"curiosity", "r", now}, {AccessRequest, " ", now}, {AccessRequest, "r", time.Time{}}, {AccessRequest, "r", now.Add(time.Hour)}} {
		if _, err := NewSubject("s", c.kind, c.ref, "ann", c.came, now); !errors.Is(err, ErrSubject) {
			t.Error(c, err)
		}
	}
}

func TestStepsOfARequestGoForward(t *testing.T) {
	order := map[SubjectState]int{SubjectReceived: 0, SubjectAdmissible: 1, SubjectNot: 1, SubjectDecided: 2, SubjectTold: 3}
	rapid.Check(t, func(t *rapid.T) {
		s, _ := NewSubject("s", AccessRequest, "r", "ann", now, now)
		for range rapid.IntRange(1, 10).Draw(t, "steps") {
			before, _ := json.Marshal(s)
			was := s.State
			err := s.Apply(SubjectStep{
				To: rapid.SampledFrom([]SubjectState{SubjectReceived, SubjectAdmissible, SubjectNot, SubjectDecided, SubjectTold, "lost"}).Draw(t, "to"), Person: "ann", At: now, Why: "w",
				Result: rapid.SampledFrom([]string{"granted", "partly", "refused", "x"}).Draw(t, "result"),
			})
			if after, _ := json.Marshal(s); err != nil && string(before) != string(after) {
				t.Fatal("an error changed the request")
			}
			if err == nil && order[s.State] <= order[was] {
				t.Fatalf("from %s to %s", was, s.State)
			}
		}
	})
}

package ftm_test

import (
	"strings"
	"testing"

	"tarir/intake"
	"tarir/intake/ftm"
	"tarir/intake/intaketest"
)

var formats = []*intake.Format{ftm.Format}

const lines = `{"id":"p1","schema":"Person","properties":{"name":["Ana"],"profession":["driver"],"religion":["x"]},"datasets":["d"]}
{"id":"b1","schema":"BankAccount","properties":{"accountNumber":["1"],"bankName":["B"]}}
{"id":"o1","schema":"Ownership","properties":{"owner":["p1"],"asset":["b1"]}}
`

func TestEntitiesAreReadWithWhatIsUnknown(t *testing.T) {
	r := intaketest.Read(t, formats, "e.jsonl", lines+"\n{\"id\":\"z\"}\n")
	if len(r.Entities) != 3 || r.Count.Accepted != 3 || len(r.Rejections) != 1 || r.Rejections[0].Line != 5 {
		t.Fatalf("%+v", r)
	}
	e := r.Entities[0]
	if e.First("profession") != "driver" || len(e.Properties["religion"]) > 0 || string(e.Extra["datasets"]) != `["d"]` || e.Source != "e.jsonl#1" {
		t.Errorf("%+v", e)
	}
	notes := strings.Join(r.Count.Notes, "; ")
	if !strings.Contains(notes, "religion is not kept") || !strings.Contains(notes, "profession: kept as it is") {
		t.Errorf("notes: %s", notes)
	}
}

func FuzzEntities(f *testing.F) { intaketest.Fuzz(f, ftm.Format, lines) }

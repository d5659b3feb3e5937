package misp

import (
	"flag"
	"testing"

	"tarir/intake"
	"tarir/intake/intaketest"
)

var update = flag.Bool("update", false, "write the golden files anew")

const event = `{"response":[{"Event":{"id":"1","info":"an example","uuid":"e-1","threat_level_id":"2","Attribute":[
{"uuid":"a-1","type":"iban","value":"FR7630006000011234567890189","category":"Financial fraud"},
{"uuid":"a-2","type":"phone-number","value":"+33612345678"},
{"uuid":"a-3","type":"sha256","value":"00"},
{"uuid":"a-4","type":"email","value":"gone@example.org","deleted":true},
{"type":"iban"}],
"Object":[
{"uuid":"o-1","name":"person","meta-category":"misc","Attribute":[{"uuid":"x","object_relation":"first-name","type":"first-name","value":"Ana"},{"uuid":"y","object_relation":"last-name","type":"last-name","value":"Exemplar"},{"uuid":"z","object_relation":"date-of-birth","type":"date-of-birth","value":"1971-02-03"},{"uuid":"w","object_relation":"nationality","type":"nationality","value":"Moldova"}]},
{"uuid":"o-2","name":"interpol-notice","Attribute":[{"object_relation":"forename","value":"Omar"},{"object_relation":"present-family-name","value":"Beispiel"},{"object_relation":"notice-color","value":"Red"}]},
{"uuid":"o-3","name":"bank-account","Attribute":[{"object_relation":"account","value":"12345678"},{"object_relation":"institution-name","value":"Bank B"}]},
{"uuid":"o-4","name":"file","Attribute":[]},
{"name":"person"}]}}]}`

func TestAnEventIsRead(t *testing.T) {
	r := intaketest.Read(t, []*intake.Format{Format}, "event.json", event)
	if r.Err != nil || r.Count.Read != 10 || r.Count.Rejected != 2 {
		t.Fatalf("%+v %v", r.Count, r.Err)
	}
	intaketest.Golden(t, *update, "event", r)
}

func FuzzEvent(f *testing.F) { intaketest.Fuzz(f, Format, event) }

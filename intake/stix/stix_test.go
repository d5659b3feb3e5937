package stix

import (
	"flag"
	"testing"

	"tarir/intake"
	"tarir/intake/intaketest"
)

var update = flag.Bool("update", false, "write the golden files anew")

const bundle = `{"type":"bundle","id":"bundle--1","objects":[
{"type":"identity","spec_version":"2.1","id":"identity--1","name":"Ana Exemplar","identity_class":"individual","contact_information":"ana@example.org, +33 6 12 34 56 78"},
{"type":"threat-actor","spec_version":"2.1","id":"threat-actor--1","name":"Example Group","aliases":["The Examples"],"threat_actor_types":["crime-syndicate"]},
{"type":"email-addr","spec_version":"2.1","id":"email-addr--1","value":"john@example.com","display_name":"John Doe"},
{"type":"user-account","spec_version":"2.1","id":"user-account--1","account_login":"ana.ex","account_type":"telegram"},
{"type":"indicator","spec_version":"2.1","id":"indicator--1","name":"recruiter","pattern_type":"stix","pattern":"[email-addr:value = 'job\\'s@example.org' OR ipv4-addr:value = '198.51.100.3'] FOLLOWEDBY [file:name = 'x']"},
{"type":"malware","spec_version":"2.1","id":"malware--1","name":"not ours"},
{"type":"identity","id":"identity--2","name":"Gone","revoked":true},
{"id":"x"},
7
]}`

func TestABundleIsRead(t *testing.T) {
	r := intaketest.Read(t, []*intake.Format{Format}, "bundle.json", bundle)
	if r.Err != nil || r.Count.Read != 9 || r.Count.Rejected != 2 {
		t.Fatalf("%+v %v", r.Count, r.Err)
	}
	intaketest.Golden(t, *update, "bundle", r)
}

func TestABundleThatBreaksOffSaysSo(t *testing.T) {
	r := intaketest.Read(t, []*intake.Format{Format}, "bundle.json", bundle[:len(bundle)/2])
	if r.Err == nil {
		t.Error("it was taken for whole")
	}
}

func FuzzBundle(f *testing.F) { intaketest.Fuzz(f, Format, bundle) }

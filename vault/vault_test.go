package vault

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const secret = "a passphrase of the vault"

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func person() Record {
	p, err := NewPseudonym()
	if err != nil {
		panic(err)
	}
	return Record{
		Pseudonym: p, Keepers: []string{"ann"}, Met: now, Wish: Wish{Contact: "no", Language: "es"},
		Fields: map[string][]string{"prs_FirstName": {"Ana"}, "prs_SecondName": {"Exemplar"}},
	}
}

func open(t testing.TB) (*Vault, string) {
	dir := filepath.Join(t.TempDir(), "vault")
	if err := Init(dir, secret, 10); err != nil {
		t.Fatal(err)
	}
	v, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return v, dir
}

func TestWhatIsInTheVaultIsReadWithItsPassphraseAlone(t *testing.T) {
	v, dir := open(t)
	r := person()
	if err := v.Put(&r); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil || bytes.Contains(b, []byte("Ana")) || bytes.Contains(b, []byte("Exemplar")) || bytes.Contains(b, []byte(`"no"`)) {
			t.Errorf("%s tells what is in it: %v", f, err)
		}
	}
	if _, err := v.Unlock("another passphrase"); !errors.Is(err, ErrPassword) {
		t.Error(err)
	}
	k, err := v.Unlock(secret)
	if err != nil {
		t.Fatal(err)
	}
	got, err := v.Get(k, r.Pseudonym)
	if err != nil || got.Fields["prs_FirstName"][0] != "Ana" {
		t.Error(err, got)
	}
	// One record in the place of another is seen.
	other := person()
	if err := v.Put(&other); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(v.path(other.Pseudonym), v.path(r.Pseudonym)); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Get(k, r.Pseudonym); err == nil || strings.Contains(err.Error(), "Ana") {
		t.Error("a record was exchanged for another:", err)
	}
	for _, p := range []string{"", "../key", "V-0000-0000", "key"} {
		if _, err := v.Get(k, p); !errors.Is(err, ErrNone) {
			t.Errorf("%q: %v", p, err)
		}
	}
	if err := v.Erase(r.Pseudonym); err != nil {
		t.Error(err)
	}
	if _, err := v.Get(k, r.Pseudonym); !errors.Is(err, ErrNone) {
		t.Error(err)
	}
	if err := Init(dir, secret, 10); !errors.Is(err, ErrExists) {
		t.Error("a second vault in place of the first:", err)
	}
}

func TestASealedRecordThatWasChangedDoesNotOpen(t *testing.T) {
	v, _ := open(t)
	r := person()
	if err := v.Put(&r); err != nil {
		t.Fatal(err)
	}
	k, err := v.Unlock(secret)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(v.path(r.Pseudonym))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(text); i += 97 {
		broken := bytes.Clone(text)
		broken[i] ^= 1
		if err := os.WriteFile(v.path(r.Pseudonym), broken, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := v.Get(k, r.Pseudonym); err == nil {
			t.Fatalf("byte %d was changed, and it opened: %v", i, got)
		}
	}
}

func TestTheLengthOfARecordTellsLittle(t *testing.T) {
	v, _ := open(t)
	r := person()
	var sizes []int64
	for _, name := range []string{"A", strings.Repeat("Anastasia ", 20)} {
		r.Fields["prs_FirstName"] = []string{name}
		if err := v.Put(&r); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(v.path(r.Pseudonym))
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, info.Size())
	}
	if sizes[0] != sizes[1] {
		t.Error(sizes)
	}
}

func TestWhatARecordNeeds(t *testing.T) {
	for name, broken := range map[string]func(*Record){
		"no keeper": func(r *Record) { r.Keepers = nil }, "a field of no standard": func(r *Record) { r.Fields["prs_Ethnicity"] = []string{"x"} }, "an empty field": func(r *Record) { r.Fields["prs_FirstName"] = []string{" "} },
		"no wish": func(r *Record) { r.Wish.Contact = "" }, "through nobody": func(r *Record) { r.Wish.Contact = "through" }, "a minor alone": func(r *Record) { r.Minor = true },
		"no day": func(r *Record) { r.Met = time.Time{} }, "another need": func(r *Record) { r.Needs = []Need{{Type: "Money"}} },
		"a consent to everything": func(r *Record) { r.Consents = []Consent{{ID: "1", To: "NGO", For: "help", Given: now}} },
		"a name as pseudonym":     func(r *Record) { r.Pseudonym = "Ana" },
	} {
		r := person()
		broken(&r)
		if err := r.Check(); !errors.Is(err, ErrRecord) {
			t.Errorf("%s: %v", name, err)
		} else if strings.Contains(err.Error(), "Ana") || strings.Contains(err.Error(), "Exemplar") {
			t.Errorf("%s: the error names the person: %v", name, err)
		}
	}
}

func TestACardNamesNobody(t *testing.T) {
	r := person()
	r.Minor, r.Wish.Guardian = true, "Mother Exemplar"
	c := r.Card()
	if text := fmt.Sprintf("%+v", c); strings.Contains(text, "Ana") || strings.Contains(text, "Exemplar") || !c.Guardian || !c.Minor || c.Contact != "no" {
		t.Error(text)
	}
	if c.Reflection.Sub(now) < 30*24*time.Hour {
		t.Error("the reflection time is too short:", c.Reflection)
	}
}

func TestNothingGoesOutWithoutConsent(t *testing.T) {
	r := person()
	both := []string{"prs_FirstName", "prs_SecondName"}
	r.Consents = []Consent{{ID: "1", To: "NGO-1", Fields: both[:1], For: "help", Given: now, Until: now.AddDate(0, 1, 0)}}
	for _, c := range []struct {
		name, to string
		fields   []string
		at       time.Time
		ok       bool
	}{
		{"as agreed", "NGO-1", both[:1], now, true},
		{"a field more", "NGO-1", both, now, false},
		{"to another one", "NGO-2", both[:1], now, false},
		{"before", "NGO-1", both[:1], now.Add(-time.Second), false},
		{"too late", "NGO-1", both[:1], now.AddDate(0, 2, 0), false},
	} {
		if got, err := r.Disclose(c.to, c.fields, c.at); (err == nil) != c.ok || err == nil && len(got) != len(c.fields) || err != nil && (!errors.Is(err, ErrConsent) || got != nil) {
			t.Errorf("%s: %v %v", c.name, got, err)
		}
	}
	r.Consents[0].Withdrawn = now
	if _, err := r.Disclose("NGO-1", both[:1], now); !errors.Is(err, ErrConsent) {
		t.Error("it went out after the consent was withdrawn:", err)
	}
}

// Whatever people do: nobody reads what they did not open, without another person's agreement or an emergency, after the time, or at the same
// time as another one.
func TestWhoReadsHasOpenedAndIsAlone(t *testing.T) {
	v, _ := open(t)
	var records []Record
	for range 2 {
		r := person()
		if err := v.Put(&r); err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
	rapid.Check(t, func(t *rapid.T) {
		n := 0
		o := NewOpenings(func() (string, error) { n++; return fmt.Sprint("o", n), nil })
		type model struct {
			pseudonym, person, second string
			asked, until              time.Time
		}
		all := map[string]*model{}
		at := now
		people := []string{"ann", "bob", "eve"}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			at = at.Add(time.Duration(rapid.IntRange(0, 20).Draw(t, "minutes")) * time.Minute)
			who := rapid.SampledFrom(people).Draw(t, "who")
			id := fmt.Sprint("o", rapid.IntRange(1, max(n, 1)).Draw(t, "id"))
			switch rapid.IntRange(0, 3).Draw(t, "what") {
			case 0:
				p := rapid.SampledFrom(records).Draw(t, "record").Pseudonym
				emergency := rapid.IntRange(0, 4).Draw(t, "emergency") == 0
				if x, err := o.Ask(p, who, "because", emergency, at); err == nil {
					m := &model{pseudonym: p, person: who, asked: at}
					if emergency {
						m.until = at.Add(OpenFor)
					}
					all[x.ID] = m
				}
			case 1:
				if _, err := o.Agree(id, who, at); err == nil {
					m := all[id]
					if m.person == who {
						t.Fatal("somebody agreed with themselves")
					}
					m.second, m.until = who, at.Add(OpenFor)
				}
			case 2:
				o.Close(id, who)
				if m := all[id]; m != nil && m.person == who {
					delete(all, id)
				}
			case 3:
				r, _, err := o.Enter(v, id, who, secret, at)
				m := all[id]
				allowed := m != nil && m.person == who && !m.until.IsZero() && at.Before(m.until)
				if (err == nil) != allowed {
					t.Fatalf("%s reads %s: %v, and may: %v", who, id, err, allowed)
				}
				if err == nil && r.Pseudonym != m.pseudonym {
					t.Fatal("the record of another person")
				}
			}
			reading := map[string]int{}
			for _, m := range all {
				if at.Before(m.until) {
					if reading[m.pseudonym]++; reading[m.pseudonym] > 1 {
						t.Fatal("two read one record at once")
					}
				}
			}
		}
	})
}

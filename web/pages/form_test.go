package pages

import (
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tarir/casework"
	"tarir/handling"
	"tarir/message"
	"tarir/notice"
)

func english(t testing.TB) *view {
	t.Helper()
	l, err := message.For("en")
	if err != nil {
		t.Fatal(err)
	}
	return &view{L: l, Lang: "en"}
}

// TestEveryFieldOfANoticeHasAName: in each colour and each language, no field goes by its name in JSON.
func TestEveryFieldOfANoticeHasAName(t *testing.T) {
	for _, code := range message.Codes {
		l, err := message.For(code)
		if err != nil {
			t.Fatal(err)
		}
		v := &view{L: l, Lang: code}
		var look func(f formField)
		look = func(f formField) {
			if name := lastOf(plain(f.Name)); l.Or("field."+name, "") == "" {
				t.Errorf("%s: the field %s has no name", code, f.Name)
			}
			for _, r := range f.Rows {
				for _, x := range r.Fields {
					look(x)
				}
			}
		}
		for _, c := range notice.Colours {
			for _, s := range sections(v, &notice.Form{Colour: c}) {
				if len(s.Fields) == 0 {
					t.Errorf("%s: the section %s has no fields", c, s.Name)
				}
				for _, f := range s.Fields {
					look(f)
				}
			}
		}
	}
}

// posted is a form as a browser posts what it was given.
func posted(list []formSection) url.Values {
	out := url.Values{}
	var add func(f formField)
	add = func(f formField) {
		switch f.Kind {
		case "texts":
			for _, x := range f.Texts {
				out.Set(f.Name+"."+x.Lang, strings.ReplaceAll(x.Value, "\n", "\r\n"))
			}
		case "rows":
			for _, r := range f.Rows {
				out.Set(f.Name+"."+itoa(int64(r.Number-1)), "row")
				for _, x := range r.Fields {
					add(x)
				}
			}
		case "check":
			if f.Value != "" {
				out.Set(f.Name, "yes")
			}
		default:
			out.Set(f.Name, strings.ReplaceAll(f.Value, "\n", "\r\n"))
		}
	}
	for _, s := range list {
		for _, f := range s.Fields {
			add(f)
		}
	}
	return out
}

// TestAFormThatIsSentUnchangedChangesNothing: whatever a notice says, its form as it is shown and sent back says the same.
func TestAFormThatIsSentUnchangedChangesNothing(t *testing.T) {
	v := english(t)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[A-Za-zéش][A-Za-z0-9éش ']{0,8}[A-Za-zéش]`)
		opt := func(name string) string {
			if rapid.Bool().Draw(t, "has "+name) {
				return text.Draw(t, name)
			}
			return ""
		}
		f := notice.Form{Colour: rapid.SampledFrom(notice.Colours).Draw(t, "colour"), Owner: "NCB-AA", LegalBasis: opt("basis"), Case: opt("case"), Minor: rapid.Bool().Draw(t, "minor")}
		f.Purpose = f.Colour.Purposes()[0]
		f.Facts = notice.Texts{"en": text.Draw(t, "en"), "ar": text.Draw(t, "ar")}
		f.Person = notice.Person{FamilyName: opt("family"), Height: rapid.SampledFrom([]float64{0, 1.75}).Draw(t, "height"), Nationalities: rapid.SliceOfN(text, 1, 3).Draw(t, "nationalities")}
		f.Person.Documents = []notice.Document{{Type: "passport", Number: text.Draw(t, "number")}}
		for range rapid.IntRange(0, 3).Draw(t, "offences") {
			f.Offences = append(f.Offences, notice.Offence{Code: "THB", Charge: notice.Texts{"fr": text.Draw(t, "charge")}, MaxPenalty: rapid.IntRange(0, 400).Draw(t, "penalty")})
		}
		for range rapid.IntRange(0, 2).Draw(t, "assets") {
			f.Assets = append(f.Assets, notice.Asset{Kind: rapid.SampledFrom(notice.AssetKinds).Draw(t, "kind"), Amount: "12.50", Measures: []string{"locate"}})
		}
		f.Handling.Audience = []handling.Kind{handling.Bureau, handling.Bank}
		before := f
		if err := read(v, &f, posted(sections(v, &f))); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(before, f) {
			t.Fatalf("%+v\nbecame\n%+v", before, f)
		}
	})
}

func FuzzForm(f *testing.F) {
	f.Add("red", "offences.0=row&offences.0.code=THB&person.height=1,75&until=2027-01-01")
	v := english(f)
	f.Fuzz(func(t *testing.T, colour, query string) {
		typed, err := url.ParseQuery(query)
		if err != nil {
			t.Skip()
		}
		form := notice.Form{Colour: notice.Colour(colour), Owner: "NCB-AA"}
		_ = read(v, &form, typed)
		if form.Owner != "NCB-AA" || form.Colour != notice.Colour(colour) {
			t.Fatal("a form that was typed changes whose it is, or its colour")
		}
		sections(v, &form)
	})
}

// TestEveryFieldOfAnEntryHasAName: whatever stands in a case is told under a name in each language.
func TestEveryFieldOfAnEntryHasAName(t *testing.T) {
	for _, code := range message.Codes {
		l, err := message.For(code)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[reflect.Type]bool{}
		var look func(x reflect.Type)
		look = func(x reflect.Type) {
			for x.Kind() == reflect.Slice || x.Kind() == reflect.Pointer {
				x = x.Elem()
			}
			if x.Kind() != reflect.Struct || x == timeType || seen[x] {
				return
			}
			seen[x] = true
			for i := range x.NumField() {
				f := x.Field(i)
				if name := jsonName(f); name != "" && name != "-" && l.Or("field."+name, "") == "" {
					t.Errorf("%s: the field %s of %s has no name", code, name, x)
				}
				look(f.Type)
			}
		}
		for _, x := range []any{
			casework.Note{},
			casework.CaseTask{},
			casework.CaseRequest{},
			casework.Decided{},
			casework.Happening{},
			casework.Ref{},
			casework.Victim{},
			casework.Document{},
			casework.CasePayment{},
			casework.CaseAdvert{},
			casework.CaseJourney{},
			casework.Asset{},
			casework.Drawing{},
			casework.StopForm{},
		} {
			look(reflect.TypeOf(x))
		}
	}
}

// TestWhatAFieldSaysIsWrittenAsTheLanguageDoes: amounts, times where the reader is, days, words of closed lists; anything else as it stands.
func TestWhatAFieldSaysIsWrittenAsTheLanguageDoes(t *testing.T) {
	lima, err := time.LoadLocation("America/Lima")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ lang, way, text, want string }{
		{"fr", "amounts.located", "5000.25", "5\u202f000,25"},
		{"en", "amount", "5000.25", "5,000.25"},
		{"fr", "price", "100 la nuit", "100 la nuit"},
		{"en", "at", "2026-01-02T02:30:00Z", "1 Jan 2026, 21:30 UTC-05:00"},
		{"en", "born", "2026-01-02", "2 Jan 2026"},
		{"es", "purpose", "locate", "localizar a una persona o un objeto"},
		{"fr", "moves 1.route", "conviction", "condamnation"},
		{"fr", "minor", "true", "oui"},
		{"fr", "reference", "P-2026-01-0002", "P-2026-01-0002"},
		{"ar", "text", "2026-99-99T00:00:00Z", "2026-99-99T00:00:00Z"},
	} {
		l, err := message.For(c.lang)
		if err != nil {
			t.Fatal(err)
		}
		v := &view{L: l, Lang: c.lang, Zone: lima}
		if got := v.value(c.way, c.text); got != c.want {
			t.Errorf("%s: %s %q is written %q, want %q", c.lang, c.way, c.text, got, c.want)
		}
	}
}

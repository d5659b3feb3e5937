package pages

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"tarir/handling"
	"tarir/notice"
)

// The form of a notice, made from the fields of notice.Form: what the colour asks for, each field as its type is written. A field that the form gets anew is
// asked for here without another line, and a test demands its name in every language.

// formField is a field, and what stands in it.
type formField struct {
	Name    string // its way: person.born, offences.0.code
	Label   string
	Kind    string // text, long, texts, day, check, number, choice, list, rows
	Value   string
	Texts   []formText
	Choices []formChoice
	Rows    []formRow
	Wide    bool
}

type formText struct{ Lang, Language, Dir, Value string }

type formChoice struct {
	Value, Label string
	Chosen       bool
}

type formRow struct {
	Number int
	Fields []formField
	Empty  bool
}

type formSection struct {
	Name, Label string
	Fields      []formField
}

// asks says which sections a colour has beside those that all have.
var asks = map[notice.Colour][]string{
	notice.Red:    {"person", "things", "offences", "warrants", "arrest"},
	notice.Blue:   {"person", "things", "offences", "enquiry"},
	notice.Green:  {"person", "things", "offences", "assessment"},
	notice.Yellow: {"person", "things", "event", "consent"},
	notice.Black:  {"person", "event"},
	notice.Purple: {"method", "things"},
	notice.Orange: {"person", "things", "danger", "assessment"},
	notice.Silver: {"person", "things", "offences", "assets"},
	notice.UN:     {"person", "things", "sanctions"},
	notice.Art:    {"art_object"},
}

// basics are the fields of the first section, and last those that end the form.
var (
	basics = []string{"purpose", "legal_basis", "case", "status", "until", "minor", "adult_because", "no_coercion"}
	words  = []string{"facts", "request"}
	last   = []string{"declared", "sensitive", "evaluation", "handling"}
)

// choicesOf are closed lists, by the name of the field within its section.
func choicesOf(v *view, way string, f *notice.Form) []formChoice {
	var list []string
	section := ""
	switch way {
	case "purpose":
		section = "purpose"
		for _, p := range f.Colour.Purposes() {
			list = append(list, string(p))
		}
	case "status":
		section = "status"
		for _, s := range notice.Statuses {
			list = append(list, string(s))
		}
	case "assets.kind":
		section, list = "asset_kind", notice.AssetKinds
	case "person.sex":
		section, list = "sex", []string{"F", "M", "U"}
	case "method.what":
		section, list = "method", []string{"method", "object", "device", "hiding_place"}
	case "method.aim":
		section, list = "method", []string{"compare", "prevent"}
	case "offences.excluded":
		section, list = "excluded", []string{"custom", "family", "administrative", "private"}
	case "handling.tlp":
		section = "tlp"
		for _, t := range []handling.TLP{handling.TLPClear, handling.TLPGreen, handling.TLPAmber, handling.TLPAmberStrict, handling.TLPRed} {
			list = append(list, string(t))
		}
	}
	var out []formChoice
	for _, x := range list {
		out = append(out, formChoice{Value: x, Label: v.Name(section, x)})
	}
	return out
}

// long are texts of several lines.
var long = []string{"description", "marks", "grounds", "abroad", "basis", "reason", "summary", "link", "organised", "adult_because", "owner_report", "why_not"}

// sections are the parts of the form of a notice.
func sections(v *view, f *notice.Form) []formSection {
	form := reflect.ValueOf(f).Elem()
	section := func(name string, ways []string) formSection {
		s := formSection{Name: name, Label: v.L.Or("form."+name, v.field(name))}
		for _, w := range ways {
			s.Fields = append(s.Fields, fieldsOf(v, f, w, w, byName(form, w))...)
		}
		return s
	}
	out := []formSection{section("basics", basics), section("words", words)}
	for _, name := range slices.Concat(asks[f.Colour], last) {
		out = append(out, section(name, []string{name}))
	}
	return out
}

// byName is the field of a struct by its name in JSON.
func byName(v reflect.Value, name string) reflect.Value {
	for i := range v.NumField() {
		if jsonName(v.Type().Field(i)) == name {
			return v.Field(i)
		}
	}
	return reflect.Value{}
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

var (
	timeType  = reflect.TypeFor[time.Time]()
	textsType = reflect.TypeFor[notice.Texts]()
)

// plain is a way without the numbers of rows.
func plain(way string) string {
	var out []string
	for _, p := range strings.Split(way, ".") {
		if _, err := strconv.Atoi(p); err != nil {
			out = append(out, p)
		}
	}
	return strings.Join(out, ".")
}

// fieldsOf are the fields of a value: itself, or those of a struct.
func fieldsOf(v *view, f *notice.Form, way, label string, x reflect.Value) []formField {
	out := formField{Name: way, Label: v.field(lastOf(label)), Wide: slices.Contains(long, lastOf(way))}
	switch {
	case x.Type() == timeType:
		out.Kind = "day"
		if t := x.Interface().(time.Time); !t.IsZero() { //nolint:forcetypeassert // of timeType
			out.Value = t.Format(time.DateOnly)
		}
	case x.Type() == textsType:
		out.Kind, out.Wide = "texts", true
		t := x.Interface().(notice.Texts) //nolint:forcetypeassert // of textsType
		for _, lang := range notice.Languages {
			dir := "ltr"
			if lang == "ar" {
				dir = "rtl"
			}
			out.Texts = append(out.Texts, formText{lang, v.Name("language", lang), dir, t[lang]})
		}
	case x.Kind() == reflect.Struct:
		var all []formField
		for i := range x.NumField() {
			if name := jsonName(x.Type().Field(i)); name != "" && name != "-" {
				all = append(all, fieldsOf(v, f, way+"."+name, name, x.Field(i))...)
			}
		}
		return all
	case x.Kind() == reflect.Slice && x.Type().Elem().Kind() == reflect.Struct:
		out.Kind, out.Wide = "rows", true
		for i := range x.Len() {
			out.Rows = append(out.Rows, formRow{i + 1, fieldsOf(v, f, fmt.Sprintf("%s.%d", way, i), "", x.Index(i)), false})
		}
		out.Rows = append(out.Rows, formRow{x.Len() + 1, fieldsOf(v, f, fmt.Sprintf("%s.%d", way, x.Len()), "", reflect.New(x.Type().Elem()).Elem()), true})
	case x.Kind() == reflect.Slice:
		out.Kind = "list"
		var list []string
		for i := range x.Len() {
			list = append(list, x.Index(i).String())
		}
		out.Value = strings.Join(list, ", ")
	case x.Kind() == reflect.Bool:
		out.Kind = "check"
		if x.Bool() {
			out.Value = "yes"
		}
	case x.CanInt():
		out.Kind = "number"
		if x.Int() != 0 {
			out.Value = strconv.FormatInt(x.Int(), 10)
		}
	case x.CanFloat():
		out.Kind = "number"
		if x.Float() != 0 {
			out.Value = strconv.FormatFloat(x.Float(), 'f', -1, 64)
		}
	default:
		out.Kind, out.Value = "text", x.String()
		if out.Wide {
			out.Kind = "long"
		}
		if out.Choices = choicesOf(v, plain(way), f); out.Choices != nil {
			out.Kind = "choice"
			known := out.Value == ""
			for i := range out.Choices {
				out.Choices[i].Chosen = out.Choices[i].Value == out.Value
				known = known || out.Choices[i].Chosen
			}
			if !known {
				out.Choices = append(out.Choices, formChoice{out.Value, out.Value, true})
			}
		}
	}
	return []formField{out}
}

func lastOf(way string) string { return way[strings.LastIndex(way, ".")+1:] }

// errNumber and errDate say what a field wants.
var errNumber = errors.New("this is no number")

// read takes over what was typed into the form of a notice; what its colour does not ask for stays as it is.
func read(v *view, f *notice.Form, typed url.Values) error {
	form := reflect.ValueOf(f).Elem()
	for _, way := range slices.Concat(basics, words, asks[f.Colour], last) {
		if err := readInto(v, way, byName(form, way), typed); err != nil {
			return err
		}
	}
	return nil
}

// mostFormRows is how many rows of a list a form takes.
const mostFormRows = 200

func readInto(v *view, way string, x reflect.Value, typed url.Values) error {
	text := strings.TrimSpace(strings.ReplaceAll(typed.Get(way), "\r\n", "\n"))
	wrong := func(err error) error { return fmt.Errorf("%s: %w", v.field(way), err) }
	switch {
	case x.Type() == timeType:
		t := time.Time{}
		if text != "" {
			var err error
			if t, err = time.Parse(time.DateOnly, text); err != nil {
				return wrong(errDay)
			}
		}
		if x.Interface().(time.Time).Format(time.DateOnly) != text { //nolint:forcetypeassert // of timeType; a time of the same day stays
			x.Set(reflect.ValueOf(t))
		}
	case x.Type() == textsType:
		t := notice.Texts{}
		for _, lang := range notice.Languages {
			if s := strings.TrimSpace(strings.ReplaceAll(typed.Get(way+"."+lang), "\r\n", "\n")); s != "" {
				t[lang] = s
			}
		}
		if len(t) == 0 {
			t = nil
		}
		x.Set(reflect.ValueOf(t))
	case x.Kind() == reflect.Struct:
		for i := range x.NumField() {
			if name := jsonName(x.Type().Field(i)); name != "" && name != "-" {
				if err := readInto(v, way+"."+name, x.Field(i), typed); err != nil {
					return err
				}
			}
		}
	case x.Kind() == reflect.Slice && x.Type().Elem().Kind() == reflect.Struct:
		var rows []reflect.Value
		for i := range mostFormRows {
			row := fmt.Sprintf("%s.%d", way, i)
			if !typed.Has(row) {
				break
			}
			one := reflect.New(x.Type().Elem()).Elem()
			if err := readInto(v, row, one, typed); err != nil {
				return err
			}
			if !one.IsZero() {
				rows = append(rows, one)
			}
		}
		list := reflect.Zero(x.Type())
		if len(rows) > 0 {
			list = reflect.Append(reflect.MakeSlice(x.Type(), 0, len(rows)), rows...)
		}
		x.Set(list)
	case x.Kind() == reflect.Slice:
		list := reflect.Zero(x.Type())
		for _, s := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == '\n' || r == '،' }) {
			if s = strings.TrimSpace(s); s != "" {
				list = reflect.Append(list, reflect.ValueOf(s).Convert(x.Type().Elem()))
			}
		}
		x.Set(list)
	case x.Kind() == reflect.Bool:
		x.SetBool(text != "")
	case x.CanInt():
		n, err := strconv.ParseInt("0"+text, 10, 32)
		if err != nil {
			return wrong(errNumber)
		}
		x.SetInt(n)
	case x.CanFloat():
		n := 0.0
		if text != "" {
			var err error
			if n, err = strconv.ParseFloat(strings.Replace(text, ",", ".", 1), 64); err != nil {
				return wrong(errNumber)
			}
		}
		x.SetFloat(n)
	default:
		x.SetString(text)
	}
	return nil
}

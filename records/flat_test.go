package records

import (
	"encoding/json"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"tarir/entity"
	"tarir/journey"
	"tarir/online"
)

func TestARecordReadsBackAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := func(label string) string { return rapid.String().Draw(rt, label) }
		list := func(label string) []string { // an empty list and none are one
			l := rapid.SliceOfN(rapid.String(), 0, 3).Draw(rt, label)
			if len(l) == 0 {
				return nil
			}
			return l
		}
		moment := func(label string) journey.Time {
			return journey.Time{At: rapid.Int64().Draw(rt, label), Offset: rapid.IntRange(-900, 900).Draw(rt, label+" offset"), DateOnly: rapid.Bool().Draw(rt, label+" date")}
		}
		a := online.Advert{ID: text("id"), At: rapid.Int64().Draw(rt, "at"), Offset: -180, Title: text("title"), Text: text("text"), Phones: list("phones"), Images: list("images"), Price: text("price"), Source: text("source")}
		if rapid.Bool().Draw(rt, "extra") {
			a.Extra = map[string]json.RawMessage{text("key"): json.RawMessage(`{"a":1}`), "": nil}
			a.Extra[""] = json.RawMessage("null")
		}
		j := journey.Journey{ID: text("jid"), Person: text("person"), From: text("from"), To: text("to"), Departure: moment("departure"), Booked: moment("booked"), Mode: journey.Mode(text("mode")), Payer: text("payer"), Extra: map[string]string{text("jkey"): text("jvalue")}}
		e := entity.Entity{ID: text("eid"), Schema: text("schema"), Properties: map[string][]string{}, Source: text("esource")}
		for k, v := range rapid.MapOfN(rapid.String(), rapid.SliceOfN(rapid.String(), 1, 3), 0, 4).Draw(rt, "properties") {
			e.Properties[k] = v
		}
		b := encode(nil, func(c *coder) { c.advert(&a) })
		b = encode(b, func(c *coder) { c.journey(&j) })
		b = encode(b, func(c *coder) { c.entity(&e) })
		parts, err := frames(string(b))
		if err != nil || len(parts) != 3 {
			rt.Fatalf("%d records, %v", len(parts), err)
		}
		var a2 online.Advert
		var j2 journey.Journey
		var e2 entity.Entity
		for i, read := range []func(*coder){func(c *coder) { c.advert(&a2) }, func(c *coder) { c.journey(&j2) }, func(c *coder) { c.entity(&e2) }} {
			if err := decode(parts[i], read); err != nil {
				rt.Fatal(err)
			}
		}
		if !reflect.DeepEqual(a, a2) || !reflect.DeepEqual(j, j2) || !reflect.DeepEqual(e, e2) {
			rt.Fatalf("written %+v %+v %+v\nread %+v %+v %+v", a, j, e, a2, j2, e2)
		}
	})
}

func FuzzRecord(f *testing.F) {
	f.Add(encode(nil, func(c *coder) { c.advert(&online.Advert{ID: "a", Text: "t", Phones: []string{"1"}}) }))
	f.Add(encode(nil, func(c *coder) { c.journey(&journey.Journey{ID: "j", Extra: map[string]string{"k": "v"}}) }))
	f.Add(encode(nil, func(c *coder) { c.entity(entity.New("Person", "x").Add("name", "Ana")) }))
	f.Fuzz(func(t *testing.T, data []byte) {
		parts, err := frames(string(data))
		if err != nil {
			return
		}
		for _, p := range parts {
			var a online.Advert
			if decode(p, func(c *coder) { c.advert(&a) }) == nil {
				var b online.Advert
				if err := decode(string(encode(nil, func(c *coder) { c.advert(&a) })[4:]), func(c *coder) { c.advert(&b) }); err != nil || !reflect.DeepEqual(a, b) {
					t.Fatalf("%+v is not read back: %+v, %v", a, b, err)
				}
			}
			_ = decode(p, func(c *coder) { c.journey(&journey.Journey{}) })
			_ = decode(p, func(c *coder) { c.entity(&entity.Entity{}) })
		}
	})
}

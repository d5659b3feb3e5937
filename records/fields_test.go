package records

import (
	"encoding/json"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"tarir/entity"
	"tarir/flat"
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
		b := flat.Encode(nil, func(c *flat.Coder) { advertFields(c, &a) })
		b = flat.Encode(b, func(c *flat.Coder) { journeyFields(c, &j) })
		b = flat.Encode(b, func(c *flat.Coder) { entityFields(c, &e) })
		parts, err := flat.Frames(string(b))
		if err != nil || len(parts) != 3 {
			rt.Fatalf("%d records, %v", len(parts), err)
		}
		var a2 online.Advert
		var j2 journey.Journey
		var e2 entity.Entity
		for i, read := range []func(*flat.Coder){func(c *flat.Coder) { advertFields(c, &a2) }, func(c *flat.Coder) { journeyFields(c, &j2) }, func(c *flat.Coder) { entityFields(c, &e2) }} {
			if err := flat.Decode(parts[i], read); err != nil {
				rt.Fatal(err)
			}
		}
		if !reflect.DeepEqual(a, a2) || !reflect.DeepEqual(j, j2) || !reflect.DeepEqual(e, e2) {
			rt.Fatalf("written %+v %+v %+v\nread %+v %+v %+v", a, j, e, a2, j2, e2)
		}
	})
}

func FuzzRecord(f *testing.F) {
	f.Add(flat.Encode(nil, func(c *flat.Coder) { advertFields(c, &online.Advert{ID: "a", Text: "t", Phones: []string{"1"}}) }))
	f.Add(flat.Encode(nil, func(c *flat.Coder) { journeyFields(c, &journey.Journey{ID: "j", Extra: map[string]string{"k": "v"}}) }))
	f.Add(flat.Encode(nil, func(c *flat.Coder) { entityFields(c, entity.New("Person", "x").Add("name", "Ana")) }))
	f.Fuzz(func(t *testing.T, data []byte) {
		parts, err := flat.Frames(string(data))
		if err != nil {
			return
		}
		for _, p := range parts {
			var a online.Advert
			if flat.Decode(p, func(c *flat.Coder) { advertFields(c, &a) }) == nil {
				var b online.Advert
				if err := flat.Decode(string(flat.Encode(nil, func(c *flat.Coder) { advertFields(c, &a) })[4:]), func(c *flat.Coder) { advertFields(c, &b) }); err != nil || !reflect.DeepEqual(a, b) {
					t.Fatalf("%+v is not read back: %+v, %v", a, b, err)
				}
			}
			_ = flat.Decode(p, func(c *flat.Coder) { journeyFields(c, &journey.Journey{}) })
			_ = flat.Decode(p, func(c *flat.Coder) { entityFields(c, &entity.Entity{}) })
		}
	})
}

// Package misp reads events of MISP (its core format, draft-dulaunoy-misp-core-format) as entities: objects that describe a person, a bank
// account, a phone or a notice become what they describe, and attributes that stand alone what somebody can be found by. Object templates:
// https://github.com/MISP/misp-objects.
package misp

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"tarir/entity"
	"tarir/intake"
)

// Format reads MISP events, one or several, as its interface exports them.
var Format = &intake.Format{
	Name:   "misp-event",
	Wanted: "a MISP event, JSON",
	Sniff: func(head []byte) bool {
		h := bytes.TrimSpace(head)
		return len(h) > 0 && (h[0] == '{' || h[0] == '[') && bytes.Contains(head, []byte(`"Event"`)) && (bytes.Contains(head, []byte(`"Attribute"`)) || bytes.Contains(head, []byte(`"Object"`)) || bytes.Contains(head, []byte(`"threat_level_id"`)))
	},
	Read: read,
	Rank: 20,
}

type attribute struct {
	UUID     string `json:"uuid"`
	Type     string `json:"type"`
	Relation string `json:"object_relation"`
	Value    string `json:"value"`
	Deleted  bool   `json:"deleted"`
}

type object struct {
	UUID      string      `json:"uuid"`
	Name      string      `json:"name"`
	Attribute []attribute `json:"Attribute"`
	Deleted   bool        `json:"deleted"`
}

func read(ctx context.Context, _ *intake.Input, text *intake.Text, out *intake.Out) error {
	n := int64(0)
	return intake.NewValues(text, "Attribute", "Object").Each(func(key string, raw []byte) error {
		n++
		if n&255 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		out.Begin(n)
		var e *entity.Entity
		if key == "Object" {
			var o object
			if err := json.Unmarshal(raw, &o); err != nil {
				return out.Reject("it is no object of MISP: "+err.Error(), string(raw))
			}
			if o.UUID == "" || o.Name == "" {
				return out.Reject("an object has a uuid and a name", string(raw))
			}
			if !o.Deleted {
				e = ofObject(&o)
			}
		} else {
			var a attribute
			if err := json.Unmarshal(raw, &a); err != nil {
				return out.Reject("it is no attribute of MISP: "+err.Error(), string(raw))
			}
			if a.UUID == "" || a.Type == "" {
				return out.Reject("an attribute has a uuid and a type", string(raw))
			}
			if !a.Deleted {
				e = ofAttribute(&a)
			}
		}
		if e != nil {
			if err := out.Entity(e); err != nil {
				return err
			}
		}
		out.Accept()
		return nil
	})
}

func ofObject(o *object) *entity.Entity {
	i := slices.IndexFunc(templates, func(t template) bool { return t.name == o.Name })
	if i < 0 {
		return nil
	}
	t := &templates[i]
	e := &entity.Entity{ID: "misp-" + o.UUID, Schema: t.schema, Properties: map[string][]string{}}
	for _, a := range o.Attribute {
		if a.Deleted {
			continue
		}
		if a.Relation == "notice-color" {
			e.Add("program", noticeProgram+strings.ToLower(a.Value))
			continue
		}
		for _, r := range t.relations {
			if r.name == a.Relation {
				add(e, r.property, a.Value)
			}
		}
	}
	if e.First("name") == "" && t.schema == "Person" {
		e.Add("name", strings.Join(strings.Fields(e.First("firstName")+" "+e.First("middleName")+" "+e.First("lastName")), " "))
	}
	return e
}

func add(e *entity.Entity, property, v string) {
	switch property {
	case "nationality", "country":
		v = strings.ToLower(entity.CountryNamed(v))
	case "gender":
		v = strings.ToLower(v)
	case "birthDate", "incorporationDate":
		v, _, _ = strings.Cut(v, "T")
	}
	e.Add(property, v)
}

// ofAttribute makes an entity of an attribute that stands alone.
func ofAttribute(a *attribute) *entity.Entity {
	schema, property := "", ""
	switch a.Type {
	case "iban":
		schema, property = "BankAccount", "iban"
	case "bank-account-nr":
		schema, property = "BankAccount", "accountNumber"
	case "btc", "xmr", "dash":
		schema, property = "CryptoWallet", "publicKey"
	case "phone-number", "whois-registrant-phone":
		schema, property = "UserAccount", "number"
	case "email", "email-src", "email-dst", "whois-registrant-email", "target-email":
		schema, property = "UserAccount", "email"
	case "full-name", "target-user", "whois-registrant-name":
		schema, property = "Person", "name"
	case "passport-number":
		schema, property = "Person", "passportNumber"
	case "identity-card-number":
		schema, property = "Person", "idNumber"
	case "target-org", "whois-registrant-org":
		schema, property = "Organization", "name"
	default:
		return nil
	}
	e := &entity.Entity{ID: "misp-" + a.UUID, Schema: schema, Properties: map[string][]string{}}
	add(e, property, a.Value)
	return e
}

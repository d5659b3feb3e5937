// Package stix reads bundles of STIX 2.1 (OASIS Standard, 10 June 2021) as entities: identities and threat actors become persons and
// organisations, addresses and accounts what they are, and of an indicator the values that its pattern compares for equality. Other
// objects say nothing by which somebody is found, and are passed over.
package stix

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"tarir/entity"
	"tarir/intake"
)

// Format reads STIX bundles.
var Format = &intake.Format{
	Name:   "stix-2.1",
	Wanted: "a STIX 2.1 bundle, JSON",
	Sniff: func(head []byte) bool {
		return bytes.HasPrefix(bytes.TrimSpace(head), []byte("{")) && bundleForm.Match(head) && bytes.Contains(head, []byte("bundle--"))
	},
	Read: read,
	Rank: 20,
}

var bundleForm = regexp.MustCompile(`"type"\s*:\s*"bundle"`)

// object is what is read of an object.
type object struct {
	Type     string   `json:"type"`
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Class    string   `json:"identity_class"`
	Aliases  []string `json:"aliases"`
	Contact  string   `json:"contact_information"`
	Sectors  []string `json:"sectors"`
	Value    string   `json:"value"`
	Display  string   `json:"display_name"`
	Login    string   `json:"account_login"`
	UserID   string   `json:"user_id"`
	Account  string   `json:"account_type"`
	Bank     string   `json:"bank"` // of accounts and wallets as Tarir writes them
	Number   string   `json:"number"`
	IBAN     string   `json:"iban"`
	Key      string   `json:"public_key"`
	Currency string   `json:"currency"`
	Source   string   `json:"source_ref"`
	Target   string   `json:"target_ref"`
	Relation string   `json:"relationship_type"`
	Pattern  string   `json:"pattern"`
	Language string   `json:"pattern_type"`
	Revoked  bool     `json:"revoked"`
}

func read(ctx context.Context, _ *intake.Input, text *intake.Text, out *intake.Out) error {
	n := int64(0)
	return intake.NewValues(text, "objects").Each(func(_ string, raw []byte) error {
		n++
		if n&255 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		out.Begin(n)
		var o object
		if err := json.Unmarshal(raw, &o); err != nil {
			return out.Reject("it is no object of STIX: "+err.Error(), string(raw))
		}
		if o.Type == "" || !strings.HasPrefix(o.ID, o.Type+"--") {
			return out.Reject("an object has a type, and an id that begins with it", string(raw))
		}
		if o.Revoked {
			out.Note("objects that were revoked are left out")
			out.Accept()
			return nil
		}
		for _, e := range entities(&o) {
			if err := out.Entity(e); err != nil {
				return err
			}
		}
		out.Accept()
		return nil
	})
}

func begin(schema, id string) *entity.Entity {
	return &entity.Entity{ID: id, Schema: schema, Properties: map[string][]string{}}
}

func entities(o *object) []*entity.Entity {
	switch o.Type {
	case "identity", "threat-actor":
		schema := "Organization"
		if o.Class == "individual" {
			schema = "Person"
		} else if o.Type == "threat-actor" {
			schema = "LegalEntity"
		}
		e := begin(schema, o.ID).Add("name", o.Name).Add("alias", o.Aliases...)
		for _, f := range (&entity.Finder{}).Find(o.Contact) {
			switch f.Kind {
			case entity.Phone:
				e.Add("phone", f.Value)
			case entity.Email:
				e.Add("email", f.Value)
			}
		}
		return []*entity.Entity{e}
	case "email-addr":
		return []*entity.Entity{begin("UserAccount", o.ID).Add("email", o.Value).Add("username", o.Display).Add("service", "email")}
	case "ipv4-addr", "ipv6-addr":
		return []*entity.Entity{begin("UserAccount", o.ID).Add("ipAddress", o.Value).Add("username", o.Value)}
	case "user-account":
		return []*entity.Entity{begin("UserAccount", o.ID).Add("username", o.Login, o.UserID).Add("name", o.Display).Add("service", o.Account)}
	case "x-tarir-bank-account":
		return []*entity.Entity{begin("BankAccount", o.ID).Add("bankName", o.Bank).Add("accountNumber", o.Number).Add("iban", o.IBAN)}
	case "x-tarir-crypto-wallet":
		return []*entity.Entity{begin("CryptoWallet", o.ID).Add("publicKey", o.Key).Add("currencySymbol", o.Currency)}
	case "relationship":
		return []*entity.Entity{begin("UnknownLink", o.ID).Add("subject", o.Source).Add("object", o.Target).Add("role", o.Relation)}
	case "indicator":
		if o.Language != "" && o.Language != "stix" {
			return nil
		}
		return indicator(o)
	}
	return nil
}

var compared = regexp.MustCompile(`([a-z0-9-]+):([a-z0-9_.'"-]+)\s*=\s*'((?:[^'\\]|\\.)*)'`)

// indicator gives what a pattern compares with "=".
func indicator(o *object) []*entity.Entity {
	var out []*entity.Entity
	for i, m := range compared.FindAllStringSubmatch(o.Pattern, 100) {
		v := strings.NewReplacer(`\'`, `'`, `\\`, `\`).Replace(m[3])
		e := begin("UserAccount", fmt.Sprintf("%s#%d", o.ID, i))
		switch m[1] + ":" + m[2] {
		case "email-addr:value", "email-message:from_ref.value", "email-message:sender_ref.value":
			e.Add("email", v)
		case "ipv4-addr:value", "ipv6-addr:value":
			e.Add("ipAddress", v)
		case "user-account:account_login", "user-account:user_id":
			e.Add("username", v)
		default:
			continue
		}
		out = append(out, e.Add("notes", o.Name))
	}
	return out
}

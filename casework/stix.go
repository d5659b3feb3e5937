package casework

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"strings"
	"time"

	"tarir/entity"
)

// STIX 2.1 (OASIS). People and companies become identities, accounts and wallets observables of our own, organisations threat actors, and
// ties relationships. Victims are never told in it.

// stixAmberStrict is the marking of TLP:AMBER+STRICT.
const stixAmberStrict = "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003"

// STIXMarking is the definition of the marking that all objects of a case carry.
func STIXMarking() map[string]any {
	return map[string]any{
		"type": "marking-definition", "spec_version": "2.1", "id": stixAmberStrict, "created": "2022-10-01T00:00:00.000Z", "name": "TLP:AMBER+STRICT",
		"extensions": map[string]any{"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d": map[string]any{"extension_type": "property-extension", "tlp_2_0": "amber+strict"}},
	}
}

// stixOwn says that an object is an observable that the standard does not have.
var stixOwn = map[string]any{"extension-definition--6b1d2f39-6f0c-4d0e-9c39-2f5d7b6f1c54": map[string]any{"extension_type": "new-sco"}}

// stixID is the same for the same thing of a case. The standard wants random ids for what is no observable; these look like such and are made from
// the content, so that a case that is exported twice says the same.
// What came with such an id keeps it.
func stixID(kind, caseID, id string, version byte) string {
	if own, ok := strings.CutPrefix(id, kind+"--"); ok && stixUUID.MatchString(own) {
		return id
	}
	sum := sha256.Sum256([]byte("tarir stix\x00" + kind + "\x00" + caseID + "\x00" + id))
	u := sum[:16]
	u[6], u[8] = u[6]&0x0f|version<<4, u[8]&0x3f|0x80
	h := hex.EncodeToString(u)
	return kind + "--" + h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

var stixUUID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

func stixTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// stixKind says what an entity becomes; empty: nothing.
func stixKind(schema string) string {
	switch {
	case entity.Is(schema, "LegalEntity"):
		return "identity"
	case entity.Is(schema, "BankAccount"):
		return "x-tarir-bank-account"
	case entity.Is(schema, "CryptoWallet"):
		return "x-tarir-crypto-wallet"
	case entity.Is(schema, "UserAccount"):
		return "user-account"
	}
	return ""
}

// STIX gives the objects of an entry. Schema says which entity of the case has an id, so that a tie is only told of two that are told.
func STIX(caseID string, e *Entry, schema func(id string) (string, error)) ([]map[string]any, error) {
	switch e.Kind {
	case EntityEntry:
		return stixEntity(caseID, e, schema)
	case FindingEntry:
		return stixFinding(caseID, e, schema)
	}
	return nil, nil
}

func stixEntity(caseID string, e *Entry, schema func(id string) (string, error)) ([]map[string]any, error) {
	f, _, err := entity.Decode(e.Body)
	if err != nil {
		return nil, err
	}
	o := map[string]any{"spec_version": "2.1", "object_marking_refs": []string{stixAmberStrict}}
	if from, to, ok := f.Ends(); ok {
		a, err := stixEnd(caseID, from[0], schema)
		if err != nil {
			return nil, err
		}
		b, err := stixEnd(caseID, to[0], schema)
		if err != nil || a == "" || b == "" {
			return nil, err
		}
		o["type"], o["id"], o["created"], o["modified"] = "relationship", stixID("relationship", caseID, f.ID, 4), stixTime(e.Recorded), stixTime(e.Changed)
		o["relationship_type"], o["source_ref"], o["target_ref"], o["description"] = "related-to", a, b, f.Schema
		return []map[string]any{o}, nil
	}
	kind := stixKind(f.Schema)
	switch kind {
	case "":
		return nil, nil
	case "identity":
		o["created"], o["modified"], o["name"], o["identity_class"] = stixTime(e.Recorded), stixTime(e.Changed), f.Caption(), "organization"
		if entity.Is(f.Schema, "Person") {
			o["identity_class"] = "individual"
		}
		o["type"], o["id"] = kind, stixID(kind, caseID, f.ID, 4)
	case "x-tarir-bank-account":
		o["extensions"] = stixOwn
		o["bank"], o["number"], o["iban"] = f.First("bankName"), f.First("accountNumber"), f.First("iban")
		o["type"], o["id"] = kind, stixID(kind, caseID, f.ID, 5)
	case "x-tarir-crypto-wallet":
		o["extensions"] = stixOwn
		o["public_key"], o["currency"] = f.First("publicKey"), f.First("currencySymbol")
		o["type"], o["id"] = kind, stixID(kind, caseID, f.ID, 5)
	case "user-account":
		o["account_login"], o["account_type"] = f.First("username"), f.First("service")
		o["type"], o["id"] = kind, stixID(kind, caseID, f.ID, 5)
	}
	for k, v := range o {
		if v == "" { // nothing is told empty
			delete(o, k)
		}
	}
	return []map[string]any{o}, nil
}

// stixEnd is the id of an end of a tie; empty where it is not told.
func stixEnd(caseID, id string, schema func(string) (string, error)) (string, error) {
	s, err := schema(id)
	kind := stixKind(s)
	if err != nil || kind == "" {
		return "", err
	}
	version := byte(5)
	if kind == "identity" {
		version = 4
	}
	return stixID(kind, caseID, id, version), nil
}

// stixFinding makes a threat actor of an organisation, with its members.
func stixFinding(caseID string, e *Entry, schema func(string) (string, error)) ([]map[string]any, error) {
	var f struct {
		ID      string  `json:"id"`
		Score   float64 `json:"score"`
		Members []struct {
			Entity string `json:"entity"`
		} `json:"members"`
	}
	if err := json.Unmarshal(e.Body, &f); err != nil {
		return nil, err
	}
	if f.Members == nil {
		return nil, nil
	}
	actor := stixID("threat-actor", caseID, f.ID, 4)
	created, modified := stixTime(e.Recorded), stixTime(e.Changed)
	out := []map[string]any{{
		"type": "threat-actor", "spec_version": "2.1", "id": actor, "created": created, "modified": modified, "name": "organisation " + f.ID,
		"threat_actor_types": []string{"crime-syndicate"}, "description": "put together by analysis; a lead until a person has confirmed it", "object_marking_refs": []string{stixAmberStrict},
	}}
	for _, m := range f.Members {
		end, err := stixEnd(caseID, m.Entity, schema)
		if err != nil {
			return nil, err
		}
		if end == "" {
			continue
		}
		out = append(out, map[string]any{
			"type": "relationship", "spec_version": "2.1", "id": stixID("relationship", caseID, f.ID+"\x00"+m.Entity, 4), "created": created, "modified": modified,
			"relationship_type": "related-to", "source_ref": end, "target_ref": actor, "description": "may be a member", "object_marking_refs": []string{stixAmberStrict},
		})
	}
	return out, nil
}

package misp

// The templates of objects that are read and written: which relation is which property of an entity, and which type MISP gives it.

// noticeProgram is what an entity's program begins with where a notice was published about it; the colour follows. MISP's template
// suggests seven colours; silver and the United Nations' special notices are written by their names beside them.
const noticeProgram = "interpol-notice/"

type relation struct{ name, kind, property string }

type template struct {
	name, uuid, version, category string
	schema                        string
	relations                     []relation // the first one of a property is written
}

var person = []relation{
	{"full-name", "full-name", "name"},
	{"first-name", "first-name", "firstName"},
	{"middle-name", "text", "middleName"},
	{"last-name", "last-name", "lastName"},
	{"alias", "text", "alias"},
	{"date-of-birth", "date-of-birth", "birthDate"},
	{"nationality", "nationality", "nationality"},
	{"gender", "gender", "gender"},
	{"passport-number", "passport-number", "passportNumber"},
	{"passport-country", "passport-country", "country"},
	{"identity-card-number", "identity-card-number", "idNumber"},
	{"dni", "text", "idNumber"},
	{"nie", "text", "idNumber"},
	{"nif", "text", "taxNumber"},
	{"social-security-number", "text", "socialSecurityNumber"},
	{"phone-number", "phone-number", "phone"},
	{"e-mail", "email-src", "email"},
	{"title", "text", "title"},
	{"place-of-birth", "place-of-birth", "birthPlace"},
	{"occupation", "text", "position"},
	{"address", "text", "address"},
}

var templates = []template{
	{"person", "a15b0477-e9d1-4b9c-9546-abe78a4f4248", "21", "misc", "Person", person},
	{"interpol-notice", "24927972-1e4a-11e9-857e-3b2306b99911", "1", "misc", "Person", []relation{
		{"forename", "first-name", "firstName"},
		{"present-family-name", "last-name", "lastName"},
		{"alias", "text", "alias"},
		{"date-of-birth", "date-of-birth", "birthDate"},
		{"nationality", "nationality", "nationality"},
		{"sex", "gender", "gender"},
		{"place-of-birth", "place-of-birth", "birthPlace"},
		{"language-spoken", "text", "spokenLanguage"},
		{"height", "text", "height"},
		{"weight", "text", "weight"},
		{"colour-of-eyes", "text", "eyeColor"},
		{"colour-of-hair", "text", "hairColor"},
		{"distinguishing-marks-and-characteristics", "text", "appearance"},
		{"charges", "text", "summary"},
	}},
	{"organization", "f750e12b-127a-432c-b022-b3f9153c4e2a", "9", "misc", "Organization", []relation{
		{"name", "text", "name"},
		{"alias", "text", "alias"},
		{"address", "text", "address"},
		{"registration-number", "text", "registrationNumber"},
		{"VAT", "text", "vatCode"},
		{"phone-number", "phone-number", "phone"},
		{"e-mail", "email-src", "email"},
		{"date-of-inception", "datetime", "incorporationDate"},
		{"sector", "text", "sector"},
	}},
	{"bank-account", "b4712203-95a8-4883-80e9-b566f5df11c9", "3", "financial", "BankAccount", []relation{
		{"iban", "iban", "iban"}, {"account", "bank-account-nr", "accountNumber"}, {"institution-name", "text", "bankName"}, {"swift", "bic", "bic"}, {"account-name", "text", "name"},
	}},
	{"coin-address", "d0e6997e-78da-4815-a6a1-cfc1c1cb8a46", "7", "financial", "CryptoWallet", []relation{
		{"address", "btc", "publicKey"}, {"address-xmr", "xmr", "publicKey"}, {"address-crypto", "text", "publicKey"}, {"symbol", "text", "currencySymbol"},
	}},
	{"vehicle", "683c076c-f695-4ff2-8efa-e98a418049f4", "5", "misc", "Vehicle", []relation{
		{"license-plate-number", "text", "registrationNumber"}, {"model", "text", "model"}, {"type", "text", "type"}, {"description", "text", "description"},
	}},
	{"phone", "d7e4fbdd-b551-4862-bddb-a0b470a38509", "6", "misc", "UserAccount", []relation{{"msisdn", "text", "number"}, {"imei", "text", "username"}}},
	{"user-account", "49606b06-22f0-4ac8-8eee-2f12ad46f3d3", "6", "misc", "UserAccount", []relation{
		{"username", "text", "username"}, {"account-type", "text", "service"}, {"email", "email", "email"}, {"display-name", "text", "name"},
	}},
}

// Types gives the types of attributes that are written, by category.
func Types() map[string][]string {
	out := map[string][]string{}
	seen := map[string]bool{}
	for _, t := range templates {
		for _, r := range t.relations {
			if !seen[r.kind] {
				seen[r.kind] = true
				out[categoryOf(r.kind)] = append(out[categoryOf(r.kind)], r.kind)
			}
		}
	}
	return out
}

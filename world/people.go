package world

import (
	"fmt"
	"strings"

	"tarir/money/ledger"
)

// person is somebody of a society: everything about them follows from their number.
type person struct {
	n        int // number in the world; those above the persons are its businesses
	id       string
	given    string
	family   string
	birth    string
	country  *country
	phone    string
	email    string
	passport string
	account  ledger.Account
}

// country is where people come from and go to. Places are UN/LOCODEs.
type country struct {
	code   string
	places []place
	// phone makes a mobile number from eight digits.
	phone func(d string) string
}

// place is a town: its code, name, what kinds of journeys reach it, and whether it lies at a border.
type place struct {
	code, name string
	air, sea   bool
	border     bool
}

// countries of the preset andes: those of the Americas through which its journeys lead.
var countries = []country{
	{"CO", []place{{"COBOG", "Bogotá", true, false, false}, {"COMDE", "Medellín", true, false, false}, {"COCTG", "Cartagena", true, true, false}, {"COIPI", "Ipiales", false, false, true}, {"COTRB", "Turbo", false, true, true}}, func(d string) string { return "+573" + d[:1] + "1" + d[1:] }},
	{"EC", []place{{"ECUIO", "Quito", true, false, false}, {"ECGYE", "Guayaquil", true, true, false}, {"ECTUL", "Tulcán", false, false, true}}, func(d string) string { return "+5939" + d }},
	{"PE", []place{{"PELIM", "Lima", true, true, false}, {"PEAQP", "Arequipa", true, false, false}, {"PETCQ", "Tacna", true, false, true}}, func(d string) string { return "+519" + d }},
	{"CL", []place{{"CLSCL", "Santiago", true, false, false}, {"CLARI", "Arica", true, true, true}, {"CLIQQ", "Iquique", true, true, false}}, func(d string) string { return "+569" + d }},
	{"BR", []place{{"BRGRU", "São Paulo", true, false, false}, {"BRMAO", "Manaus", true, true, false}, {"BRTBT", "Tabatinga", true, true, true}}, func(d string) string { return "+55119" + d }},
	{"PA", []place{{"PAPTY", "Panama City", true, true, false}, {"PAONX", "Colón", false, true, false}}, func(d string) string { return "+5076" + d[1:] }},
	{"CR", []place{{"CRSJO", "San José", true, false, false}, {"CRPBL", "Peñas Blancas", false, false, true}}, func(d string) string { return "+5068" + d[1:] }},
	{"MX", []place{{"MXMEX", "Mexico City", true, false, false}, {"MXTAP", "Tapachula", true, false, true}, {"MXTIJ", "Tijuana", true, false, true}}, func(d string) string { return "+5255" + d }},
}

// syllables make names that nobody bears, so that no real person is meant.
var syllables = [...]string{"an", "bel", "cor", "dan", "el", "fir", "gam", "hil", "ira", "jor", "kal", "lem", "mar", "nor", "ota", "pel", "qui", "ras", "sol", "tam", "ula", "ver", "wil", "xan", "yor", "zel"}

func invented(h uint64, parts int) string {
	var b strings.Builder
	for range parts {
		b.WriteString(syllables[h%uint64(len(syllables))])
		h /= uint64(len(syllables))
	}
	s := b.String()
	return strings.ToUpper(s[:1]) + s[1:]
}

// household is how many neighbours by number live together and bear one name.
const household = 4

// person makes the person of a number.
func (w *World) person(n int) person {
	h := func(k uint64) uint64 { return hash(uint64(n)^w.spec.Seed<<32, k) }
	c := &countries[h(101)%uint64(len(countries))]
	p := person{
		n: n, id: fmt.Sprintf("per-%012x", h(102)>>16), given: invented(h(103), 2), family: invented(hash(uint64(n/household)^w.spec.Seed<<32, 104), 3), country: c,
		birth: fmt.Sprintf("%d-%02d-%02d", 1955+h(105)%48, 1+h(106)%12, 1+h(107)%28), phone: c.phone(fmt.Sprintf("%08d", 10_000_000+h(108)%90_000_000)),
		passport: fmt.Sprintf("%s%07d", string(rune('A'+h(109)%26)), h(110)%10_000_000), account: w.account(n),
	}
	p.email = strings.ToLower(p.given) + "." + strings.ToLower(p.family) + fmt.Sprint(h(111)%1000) + "@mail.example"
	return p
}

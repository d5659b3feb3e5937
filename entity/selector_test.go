package entity_test

import (
	"strings"
	"testing"

	"tarir/entity"
)

func TestSelectorsHaveOneSpelling(t *testing.T) {
	secret := []byte("a node's secret")
	card := func(s string) (entity.Selector, bool) { return entity.ParseCard(s, secret) }
	plate := func(country string) func(string) (entity.Selector, bool) {
		return func(s string) (entity.Selector, bool) { return entity.ParsePlate(s, country) }
	}
	document := func(country string) func(string) (entity.Selector, bool) {
		return func(s string) (entity.Selector, bool) { return entity.ParseDocument(s, country) }
	}
	handle := func(platform string) func(string) (entity.Selector, bool) {
		return func(s string) (entity.Selector, bool) { return entity.ParseHandle(s, platform) }
	}
	masked, _ := card("4111111111111111")
	if strings.Contains(masked.Value, "11111111111") || !strings.HasPrefix(masked.Value, "411111******1111:") {
		t.Errorf("a card is kept as %s", masked.Value)
	}
	for _, c := range []struct {
		parse func(string) (entity.Selector, bool)
		in    string
		want  string // empty: refused
	}{
		{entity.ParseEmail, " Ana.Maria@Example.ORG ", "ana.maria@example.org"},
		{entity.ParseEmail, "mailto:a@b.co", "a@b.co"},
		{entity.ParseEmail, "ａｎａ@example.org", "ana@example.org"},
		{entity.ParseEmail, "no at sign", ""},
		{entity.ParseEmail, "a@b", ""},
		{entity.ParseIBAN, "GB82 WEST 1234 5698 7654 32", "GB82WEST12345698765432"},
		{entity.ParseIBAN, "iban de89 3704 0044 0532 0130 00", "DE89370400440532013000"},
		{entity.ParseIBAN, "DE89370400440532013001", ""},
		{entity.ParseIBAN, "DE8937040044053201300", ""},
		{entity.ParseBIC, "deutdeff xxx", "DEUTDEFF"},
		{entity.ParseBIC, "DEUTDEFF500", "DEUTDEFF500"},
		{entity.ParseBIC, "DEUTDEF", ""},
		{card, "4111 1111-1111 1111", masked.Value},
		{card, "4111111111111112", ""},
		{card, "0000000000000000", ""},
		{entity.ParseWallet, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "btc:1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"},
		{entity.ParseWallet, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", ""},
		{entity.ParseWallet, "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", "btc:3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy"},
		{entity.ParseWallet, "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", "btc:bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"},
		{entity.ParseWallet, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", ""},
		{entity.ParseWallet, "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", "btc:bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"},
		{entity.ParseWallet, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "eth:0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"},
		{entity.ParseWallet, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD", ""},
		{entity.ParseWallet, "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", "eth:0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"},
		{entity.ParseWallet, "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "trx:TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"},
		{entity.ParseWallet, "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6u", ""},
		{entity.ParseWallet, "888tNkZrPN6JsEgekjMnABU4TBzc2Dt29EPAvkRxbANsAnjyPbb3iQ1YBRk1UXcdRsiKc9dhwMVgN5S9cQUiyoogDavup3H", "xmr:888tNkZrPN6JsEgekjMnABU4TBzc2Dt29EPAvkRxbANsAnjyPbb3iQ1YBRk1UXcdRsiKc9dhwMVgN5S9cQUiyoogDavup3H"},
		{entity.ParseWallet, "888tNkZrPN6JsEgekjMnABU4TBzc2Dt29EPAvkRxbANsAnjyPbb3iQ1YBRk1UXcdRsiKc9dhwMVgN5S9cQUiyoogDavup3J", ""},
		{plate("fr"), "ab-123-cd", "FR:AB123CD"},
		{plate("RU"), "А123ВС 77", "RU:A123BC77"},
		{plate(""), "---", ""},
		{document("UTO"), "L898902C3", "UTO:L898902C3"},
		{document("FRA"), " 12 ab 34567 ", "FR:12AB34567"},
		{document("FR"), "none", ""},
		{handle("Telegram"), "@Some_One", "telegram:some_one"},
		{handle(""), "https://t.me/some_one", "telegram:some_one"},
		{handle(""), "instagram.com/Some.One/?hl=fr", "instagram:some.one"},
		{handle(""), "https://wa.me/33612345678", "+33612345678"},
		{handle("telegram"), "with space", ""},
		{entity.ParseIP, "2001:DB8:0:0::1", "2001:db8::1"},
		{entity.ParseIP, "::ffff:198.51.100.7", "198.51.100.7"},
		{entity.ParseIP, "192.168.1.1", ""},
	} {
		got, ok := c.parse(c.in)
		if ok != (c.want != "") || ok && got.Value != c.want {
			t.Errorf("%q: %q %v, want %q", c.in, got.Value, ok, c.want)
		}
	}
}

func TestMachineReadableZones(t *testing.T) {
	// The specimens of ICAO Doc 9303.
	passport := "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"
	card := "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<"
	for _, text := range []string{passport, card} {
		m, err := entity.ParseMRZ(text)
		if err != nil || m.FamilyName != "ERIKSSON" || m.GivenNames != "ANNA MARIA" || m.Birth != "740812" || m.Issuer != "UTO" {
			t.Errorf("%+v %v", m, err)
		}
	}
	for i := range passport {
		if i < 45 || passport[i] < '0' || passport[i] > '9' {
			continue
		}
		wrong := passport[:i] + string('0'+(passport[i]-'0'+1)%10) + passport[i+1:]
		if _, err := entity.ParseMRZ(wrong); err == nil {
			t.Errorf("a wrong digit at %d is not seen", i)
		}
	}
}

func FuzzSelectors(f *testing.F) {
	f.Add("+33 6 12 34 56 78")
	f.Add("GB82 WEST 1234 5698 7654 32")
	f.Add("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0")
	f.Add("888tNkZrPN6JsEgekjMnABU4TBzc2Dt29EPAvkRxbANsAnjyPbb3iQ1YBRk1UXcdRsiKc9dhwMVgN5S9cQUiyoogDavup3H")
	f.Add("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10")
	f.Add("https://t.me/some_one")
	f.Fuzz(func(t *testing.T, s string) {
		for name, parse := range map[string]func(string) (entity.Selector, bool){
			"email": entity.ParseEmail, "iban": entity.ParseIBAN, "bic": entity.ParseBIC, "wallet": entity.ParseWallet, "ip": entity.ParseIP,
			"plate":    func(s string) (entity.Selector, bool) { return entity.ParsePlate(s, "") },
			"document": func(s string) (entity.Selector, bool) { return entity.ParseDocument(s, "") },
			"phone":    func(s string) (entity.Selector, bool) { return entity.ParsePhone(s, "FR", "US") },
		} {
			a, ok := parse(s)
			if !ok {
				continue
			}
			value := a.Value
			if a.Kind == entity.Wallet {
				_, value, _ = strings.Cut(value, ":")
			}
			if b, ok := parse(value); !ok || b != a {
				t.Errorf("%s: %q becomes %q, which becomes %q", name, s, a.Value, b.Value)
			}
		}
		entity.ParseCard(s, nil)
		entity.ParseHandle(s, "telegram")
		_, _ = entity.ParseMRZ(s)
	})
}

func TestSelectorsAreFoundInRunningText(t *testing.T) {
	for text, want := range map[string]string{
		"Mail ana.r@example.org or ANA [at] example [dot] org!": "email:ana.r@example.org email:ana@example.org",
		"escribe a rosa arroba correo punto es":                 "email:rosa@correo.es",
		"telegram: @Rosa_24, insta rosa.24; t.me/rosa24":        "handle:instagram:rosa.24 handle:telegram:rosa24 handle:telegram:rosa_24",
		"telegram or call 06 12 34 56 78":                       "phone:+33612345678",
		"https://wa.me/33612345678?text=hi":                     "phone:+33612345678",
		"btc 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa only":           "wallet:btc:1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
		"pay to GB82 WEST 1234 5698 7654 32 before":             "iban:GB82WEST12345698765432",
		"my line is good, on x or facebook the best":            "",
		"nothing here, 100% real, 24/7":                         "",
		"يمكنك الاتصال على ٠٦١٢٣٤٥٦٧٨ الآن 🌹":                   "phone:+33612345678",
	} {
		f := entity.Finder{Regions: []string{"FR"}}
		var got []string
		for _, x := range f.Find(text) {
			got = append(got, string(x.Kind)+":"+x.Value)
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%q: found %q, want %q", text, s, want)
		}
	}
}

func FuzzFind(f *testing.F) {
	f.Add("Mail ana.r@example.org or ANA [at] example [dot] org! telegram: @Rosa_24 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa GB82 WEST 1234 5698 7654 32 4111 1111 1111 1111")
	f.Fuzz(func(t *testing.T, text string) {
		finder := entity.Finder{Regions: []string{"FR"}}
		for _, x := range finder.Find(text) {
			if x.Start < 0 || x.Start >= x.End || x.End > len(text) {
				t.Fatalf("%+v of %d", x, len(text))
			}
		}
	})
}

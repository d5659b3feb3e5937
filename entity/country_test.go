package entity

import "testing"

func TestCountriesByName(t *testing.T) {
	for in, want := range map[string]string{
		"France": "FR", "fr": "FR", "FRA": "FR", "Korea, North": "KP", "Federación de Rusia": "", "Россия": "RU", "الأردن": "JO", "Russian Federation": "RU", "UK": "GB", "Saint Vincent and the Grenadines": "VC", "Palestinian": "PS",
		"": "", " ": "", ".": "", "-": "", "00": "", "Atlantis": "", "unknown": "",
	} {
		if got := CountryNamed(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// A number that a register gives once in the world is the same, wherever its bearer is from and however it is written.
func TestNumbersOfTheWorldKnowNoCountry(t *testing.T) {
	for _, what := range []string{"imoNumber", "leiCode", "dunsCode", "mmsi"} {
		a, _ := ParseNumber(what, "9562233", "PA")
		b, _ := ParseNumber(what, "9562233", "")
		if a != b || a.Value == "" {
			t.Error(what, a, b)
		}
	}
	a, _ := ParseNumber("imoNumber", "IMO 9562233", "")
	b, _ := ParseNumber("imoNumber", "9562233", "MT")
	c, _ := ParseNumber("taxNumber", "9562233", "MT")
	d, _ := ParseNumber("taxNumber", "9562233", "FR")
	if a != b || c == d {
		t.Error(a, b, c, d)
	}
}

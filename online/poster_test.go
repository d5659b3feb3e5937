package online

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"tarir/entity"
)

func TestWordingIsFoundInFiveLanguages(t *testing.T) {
	for text, want := range map[string][]Wording{
		"Our GIRLS are here, ask for the manager.":                 {Control, Control},
		"Las chicas atienden día y noche. Nuestras chicas!":        {Control, Control, Restricted},
		"Trabajo en el extranjero, el pasaporte queda con la casa": {Abroad, Documents},
		"Novinha 💋":                                     {Young},
		"Très jeune étudiante":                          {Young},
		"فتياتنا ليل نهار":                              {Control, Restricted},
		"I work as a manager and my girls go to school": nil,
		"": nil,
	} {
		var got []Wording
		for _, x := range Wordings(&Advert{Text: text}) {
			got = append(got, x.Wording)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func TestOneNumberUnderEverythingTiesNobody(t *testing.T) {
	var adverts []*Advert
	for i := range 100_000 {
		text := fmt.Sprintf("own words %c%c%c%c%c of advert", 'a'+i%26, 'a'+i/26%26, 'a'+i/676%26, 'a'+i/17576%26, 'a'+i*7%26)
		adverts = append(adverts, &Advert{ID: fmt.Sprint(i), Text: text + " call +33612345678", City: fmt.Sprint("town", i%50), Title: "Ana"})
	}
	contacts, err := Contacts(context.Background(), adverts, nil)
	if err != nil {
		t.Fatal(err)
	}
	posters := Posters(adverts, contacts, nil)
	if len(posters) != 1 || !posters[0].Wide || posters[0].Contact != (entity.Selector{Kind: entity.Phone, Value: "+33612345678"}) || len(posters[0].Adverts) != 100_000 {
		t.Errorf("%d posters", len(posters))
	}
}

func TestAPosterShowsWhomItAdvertises(t *testing.T) {
	var adverts []*Advert
	for i, name := range []string{"Ana", "Bea", "Cris", "Ana"} {
		adverts = append(adverts, &Advert{ID: fmt.Sprint(i), At: int64(i), Title: name, City: []string{"Lima", "Quito"}[i%2], Country: "PE", Text: name + " nueva, pregunta por el encargado 987 654 321, recién cumplidos 18"})
	}
	contacts, err := Contacts(context.Background(), adverts, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := Posters(adverts, contacts, nil)
	if len(p) != 1 || p[0].Contact.Value != "+51987654321" || !slices.Equal(p[0].Names, []string{"ana", "bea", "cris"}) || !slices.Equal(p[0].Places, []string{"Lima", "Quito"}) || p[0].Says(Control) != 1 || p[0].Young != 4 {
		t.Errorf("%+v", p)
	}
}

package online

import (
	"context"
	"testing"
)

func TestATemplateShowsWhatIsSharedAndHidesWhatDiffers(t *testing.T) {
	say := func(id, title, text string) *Advert { return &Advert{ID: id, Title: title, Text: text} }
	adverts := []*Advert{
		say("1", "Ana", "Hello, my name is Ana and I am new in Lima. Genuine pictures and sweet company all day long. Call me now on +51 911 111 111"),
		say("2", "Eva", "Hello, my name is Eva and I am new in Quito. Genuine pictures and sweet company all day long. Call me now on +51 922 222 222"),
		say("3", "Mia", "Hello, my name is Mia and I am new in Cusco. Genuine pictures and sweet company all day long. Call me now on +51 933 333 333"),
	}
	families, err := Families(context.Background(), adverts, nil)
	if err != nil || len(families) != 1 {
		t.Fatalf("%d families, %v", len(families), err)
	}
	want := "Hello, my name is ▢ and I am new in ▢ Genuine pictures and sweet company all day long. Call me now on ▢"
	if got := families[0].Template(adverts); got != want {
		t.Errorf("template %q\n     want %q", got, want)
	}
	young := []*Advert{say("1", "", "Barely legal schoolgirl, fresh and young, call me"), say("2", "", "Barely legal schoolgirl, fresh and young, call me")}
	families, err = Families(context.Background(), young, nil)
	if err != nil || len(families) != 1 {
		t.Fatalf("%d families, %v", len(families), err)
	}
	if got := families[0].Template(young); got != "" {
		t.Errorf("wording of a minor is shown: %q", got)
	}
}

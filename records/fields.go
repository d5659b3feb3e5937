package records

import (
	"tarir/entity"
	"tarir/flat"
	"tarir/journey"
	"tarir/online"
)

// The fields of each kind of record on disk.

func advertFields(c *flat.Coder, a *online.Advert) {
	c.Text(&a.ID)
	c.Number(&a.At)
	c.Small(&a.Offset)
	c.Flag(&a.DateOnly)
	for _, s := range []*string{&a.Site, &a.Account, &a.Title, &a.Text, &a.City, &a.Country} {
		c.Text(s)
	}
	for _, l := range []*[]string{&a.Phones, &a.Emails, &a.URLs, &a.Images} {
		c.Texts(l)
	}
	c.Text(&a.Price)
	c.Text(&a.Currency)
	c.Raw(&a.Extra)
	c.Text(&a.Source)
}

func journeyFields(c *flat.Coder, j *journey.Journey) {
	for _, s := range []*string{&j.ID, &j.Person, &j.GivenName, &j.FamilyName, &j.Birth, &j.Document, &j.DocCountry, &j.From, &j.To} {
		c.Text(s)
	}
	for _, t := range []*journey.Time{&j.Departure, &j.Arrival, &j.Booked} {
		c.Number(&t.At)
		c.Small(&t.Offset)
		c.Flag(&t.DateOnly)
	}
	c.Text((*string)(&j.Mode))
	for _, s := range []*string{&j.Carrier, &j.Booking, &j.Payer, &j.Phone, &j.Email} {
		c.Text(s)
	}
	flat.Each(c, &j.Extra, c.Text)
	c.Text(&j.Source)
}

func entityFields(c *flat.Coder, e *entity.Entity) {
	c.Text(&e.ID)
	c.Text(&e.Schema)
	flat.Each(c, &e.Properties, c.Texts)
	if c.Reading() && e.Properties == nil {
		e.Properties = map[string][]string{}
	}
	c.Raw(&e.Extra)
	c.Text(&e.Source)
}

package advert

import (
	"encoding/json"
	"io"
	"time"

	"tarir/online"
)

// Write writes one advert as a line that the reader of this package reads again. Extra fields are left out.
func Write(w io.Writer, a *online.Advert) error {
	at := time.UnixMilli(a.At).In(time.FixedZone("", a.Offset*60))
	posted := at.Format(time.RFC3339)
	if a.DateOnly {
		posted = at.Format(time.DateOnly)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(fields{
		a.ID, posted, a.Site, a.Account, a.Title, a.Text, a.City, a.Country, list(a.Phones), list(a.Emails), list(a.URLs), list(a.Images), json.Number(a.Price), a.Currency,
	})
}

func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// Package advert reads Tarir's own adverts JSONL: an object a line, of which id, posted_at and text are required.
// docs/formats.md has the fields.
package advert

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"tarir/intake"
	"tarir/online"
)

// Format reads adverts JSONL.
var Format = &intake.Format{
	Name:   "adverts-jsonl",
	Wanted: `adverts as JSON lines ({"id":…,"posted_at":…,"text":…})`,
	Sniff: func(head []byte) bool {
		line, _, _ := bytes.Cut(bytes.TrimSpace(head), []byte("\n"))
		return bytes.HasPrefix(line, []byte("{")) && bytes.Contains(line, []byte(`"posted_at"`))
	},
	Read: read,
	Rank: 60,
}

// fields are those of the format, in the order in which Tarir writes them.
type fields struct {
	ID       string      `json:"id"`
	PostedAt string      `json:"posted_at"`
	Site     string      `json:"site"`
	Account  string      `json:"account"`
	Title    string      `json:"title"`
	Text     string      `json:"text"`
	City     string      `json:"city"`
	Country  string      `json:"country"`
	Phones   []string    `json:"phones"`
	Emails   []string    `json:"emails"`
	URLs     []string    `json:"urls"`
	Images   []string    `json:"image_hashes"`
	Price    json.Number `json:"price,omitempty"`
	Currency string      `json:"currency"`
}

var names = [...]string{"id", "posted_at", "site", "account", "title", "text", "city", "country", "phones", "emails", "urls", "image_hashes", "price", "currency"}

func read(ctx context.Context, _ *intake.Input, text *intake.Text, out *intake.Out) error {
	lines := intake.NewLines(text)
	for lines.Next() {
		if err := ctx.Err(); err != nil {
			return err
		}
		out.Begin(lines.Number())
		a, reason := (*online.Advert)(nil), lines.Bad()
		if reason == "" {
			a, reason = parse(lines.Text())
		}
		var err error
		if reason != "" {
			err = out.Reject(reason, string(lines.Text()))
		} else {
			err = out.Advert(a)
		}
		if err != nil {
			return err
		}
	}
	return lines.Err()
}

func parse(line []byte) (*online.Advert, string) {
	var f fields
	if err := json.Unmarshal(line, &f); err != nil {
		return nil, "not an advert: " + err.Error()
	}
	a := &online.Advert{
		ID: f.ID, Site: f.Site, Account: f.Account, Title: f.Title, Text: f.Text, City: strings.TrimSpace(f.City), Country: strings.ToUpper(strings.TrimSpace(f.Country)),
		Phones: f.Phones, Emails: f.Emails, URLs: f.URLs, Images: f.Images, Price: f.Price.String(), Currency: strings.ToUpper(strings.TrimSpace(f.Currency)),
	}
	switch {
	case a.ID == "":
		return nil, "an advert without id"
	case strings.TrimSpace(a.Text) == "":
		return nil, "an advert without text"
	case f.PostedAt == "":
		return nil, "an advert without posted_at"
	}
	w, err := intake.ParseTime(f.PostedAt)
	if err != nil {
		return nil, "posted_at: " + err.Error()
	}
	a.At, a.Offset, a.DateOnly = w.At, w.Offset, w.DateOnly
	for _, h := range a.Images {
		if strings.Trim(h, "0123456789abcdefABCDEF") != "" || len(h) > 256 {
			return nil, fmt.Sprintf("image hash %.20q is not hexadecimal: images themselves are not taken", h)
		}
	}
	return a, extra(line, a)
}

// extra keeps what is no field of the format.
func extra(line []byte, a *online.Advert) string {
	if bytes.Count(line, []byte(`":`)) <= len(names) { // as many keys as there are fields, at most: nearly always
		dec := 0
		for _, n := range names {
			if bytes.Contains(line, []byte(`"`+n+`":`)) {
				dec++
			}
		}
		if dec >= bytes.Count(line, []byte(`":`)) {
			return ""
		}
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(line, &all); err != nil {
		return "not an advert: " + err.Error()
	}
	for _, n := range names {
		delete(all, n)
	}
	if len(all) > 0 {
		a.Extra = all
	}
	return ""
}

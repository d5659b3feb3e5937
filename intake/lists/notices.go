package lists

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"tarir/entity"
	"tarir/intake"
)

// Notices reads answers of the public notices API (domain: its list, or one notice in detail), one after the other.
var Notices = &intake.Format{
	Name:   "public-notices",
	Wanted: "public notices, JSON (entity_id, or _embedded.notices)",
	Sniff: func(head []byte) bool {
		return bytes.HasPrefix(bytes.TrimSpace(head), []byte("{")) && bytes.Contains(head, []byte(`"entity_id"`)) && (bytes.Contains(head, []byte(`"_links"`)) || bytes.Contains(head, []byte(`"_embedded"`)) || bytes.Contains(head, []byte(`"forename"`)))
	},
	Read: readNotices,
	Rank: 20,
}

// publicNotice is what is read of a notice. Every value may be missing.
type publicNotice struct {
	ID            string   `json:"entity_id"`
	Name          string   `json:"name"`
	Forename      string   `json:"forename"`
	Born          string   `json:"date_of_birth"`
	Nationalities []string `json:"nationalities"`
	Sex           string   `json:"sex_id"`
	Place         string   `json:"place_of_birth"`
	Aliases       []any    `json:"aliases"`
	NameScript    string   `json:"name_in_original_script"`
	GivenScript   string   `json:"forename_in_original_script"`
	Reference     string   `json:"un_reference"`
	LegalForm     string   `json:"legal_form"`
	Registration  string   `json:"registration_number"`
}

func readNotices(ctx context.Context, _ *intake.Input, text *intake.Text, out *intake.Out) error {
	d := json.NewDecoder(io.LimitReader(text, 1<<30))
	for n := int64(1); ; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		var answer struct {
			Embedded struct {
				Notices []json.RawMessage `json:"notices"`
			} `json:"_embedded"`
			ID string `json:"entity_id"`
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("read the notices: %w", err)
		}
		if err := json.Unmarshal(raw, &answer); err != nil {
			return fmt.Errorf("read the notices: %w", err)
		}
		list := answer.Embedded.Notices
		if answer.ID != "" {
			list = []json.RawMessage{raw}
		}
		for _, one := range list {
			out.Begin(n)
			e, err := noticeEntity(one, out)
			if err != nil {
				err = out.Reject(err.Error(), string(one))
			} else {
				err = keep(out, e, func() string { return string(one) })
			}
			if err != nil {
				return err
			}
		}
	}
}

func noticeEntity(raw []byte, out *intake.Out) (*entity.Entity, error) {
	var p publicNotice
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, fmt.Errorf("it is no notice: %w", err)
	}
	if p.ID == "" {
		return nil, errID
	}
	schema := "Person"
	if p.LegalForm != "" || p.Registration != "" {
		schema = "Organization"
	}
	e := begin(schema, "notice", strings.ReplaceAll(p.ID, "/", "-"))
	e.Add("name", full(p.Forename, p.Name))
	if schema == "Person" {
		e.Add("firstName", p.Forename)
		e.Add("lastName", p.Name)
	}
	e.Add("alias", full(p.GivenScript, p.NameScript))
	for _, a := range p.Aliases {
		switch v := a.(type) {
		case string:
			e.Add("alias", v)
		case map[string]any:
			forename, _ := v["forename"].(string)
			name, _ := v["name"].(string)
			e.Add("alias", full(forename, name))
		}
	}
	addBirth(e, out, p.Born)
	addCountry(e, out, "nationality", p.Nationalities...)
	switch p.Sex {
	case "M":
		e.Add("gender", "male")
	case "F":
		e.Add("gender", "female")
	}
	e.Add("birthPlace", p.Place)
	e.Add("registrationNumber", p.Registration)
	e.Add("notes", p.Reference)
	return e, nil
}

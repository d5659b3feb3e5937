package lists

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
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
	take := func(n int64, one []byte) error {
		out.Begin(n)
		e, err := noticeEntity(one, out)
		if err != nil {
			return out.Reject(err.Error(), string(one))
		}
		return keep(out, []*entity.Entity{e}, func() string { return string(one) })
	}
	n := int64(0)
	// A notice in detail stands alone; it is small, so the head of the text shows it whole.
	if head := bytes.TrimSpace(text.Head()); bytes.HasPrefix(head, []byte("{")) {
		var one struct {
			ID string `json:"entity_id"`
		}
		d := json.NewDecoder(bytes.NewReader(head))
		var raw json.RawMessage
		if d.Decode(&raw) == nil && json.Unmarshal(raw, &one) == nil && one.ID != "" {
			return eachNotice(ctx, text, take)
		}
	}
	return intake.NewValues(text, "notices").Each(func(_ string, one []byte) error {
		n++
		if err := ctx.Err(); err != nil {
			return err
		}
		return take(n, one)
	})
}

// eachNotice reads notices in detail, one after the other.
func eachNotice(ctx context.Context, text *intake.Text, take func(int64, []byte) error) error {
	lines := intake.NewLines(text)
	var all []byte
	n := int64(0)
	for lines.Next() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if all = append(all, lines.Text()...); len(all) > intake.MaxRecord {
			return fmt.Errorf("%w: a notice is longer than 1 MiB", intake.ErrJSON)
		}
		if !json.Valid(all) {
			all = append(all, '\n')
			continue
		}
		n++
		if err := take(n, all); err != nil {
			return err
		}
		all = all[:0]
	}
	if len(bytes.TrimSpace(all)) > 0 {
		return fmt.Errorf("%w: it ends in the middle", intake.ErrJSON)
	}
	return lines.Err()
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

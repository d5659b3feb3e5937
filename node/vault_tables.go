package node

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"tarir/casework"
	"tarir/htcds"
	"tarir/store"
	"tarir/vault"
)

// Tables of the Human Trafficking Case Data Standard: what they say of persons goes into the vault, and into a case codes alone.

// VaultTable says how a table is taken up.
type VaultTable struct {
	Keepers []string   `json:"keepers,omitempty"` // to whom the records are open; none: who takes them up
	Wish    vault.Wish `json:"wish"`              // of all persons of the table
	Met     time.Time  `json:"met,omitzero"`      // when they were met; none: now
	Case    string     `json:"case,omitempty"`    // in which they stand as possible victims
}

// VaultRow is what became of a row.
type VaultRow struct {
	Row       int    `json:"row"` // the first one below the head is 1
	Pseudonym string `json:"pseudonym,omitempty"`
	Was       string `json:"was"`              // new, same, refused
	Reason    string `json:"reason,omitempty"` // it was refused for
}

// VaultTaken is what became of a table.
type VaultTaken struct {
	Rows    []VaultRow `json:"rows"`
	Unknown []string   `json:"unknown,omitempty"` // columns that were not read
}

// vaultFields are those that are read of a table.
var vaultFields = append(slices.Clone(vault.Fields), "spl_Type", "spl_Objectives", "spl_ActionPlan")

// VaultImport takes up a table. The same row again is the same person.
func (n *Node) VaultImport(ctx context.Context, w Who, r io.Reader, o VaultTable) (*VaultTaken, error) {
	if err := n.near(w); err != nil {
		return nil, err
	}
	t, err := htcds.Open(r, vaultFields)
	if err != nil {
		return nil, err
	}
	out := &VaultTaken{Unknown: t.Unknown, Rows: []VaultRow{}}
	for {
		number, row, err := t.Next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		line := VaultRow{Row: number, Was: "refused"}
		if err == nil {
			line, err = n.takePerson(ctx, w, number, row, &o)
		}
		switch {
		case errors.Is(err, htcds.ErrRow), errors.Is(err, vault.ErrRecord), errors.Is(err, casework.ErrEntry):
			line.Reason = err.Error()
		case err != nil:
			return out, fmt.Errorf("row %d: %w", number, err)
		}
		out.Rows = append(out.Rows, line)
	}
}

// takePerson takes up one row.
func (n *Node) takePerson(ctx context.Context, w Who, number int, row htcds.Row, o *VaultTable) (VaultRow, error) {
	out := VaultRow{Row: number, Was: "refused"}
	h := hmac.New(sha256.New, []byte(n.sealed.Secret))
	fmt.Fprintf(h, "htcds\x00%q", mustJSON(row))
	mark := "vault/htcds/" + hex.EncodeToString(h.Sum(nil)[:16])
	err := n.store.Read(ctx, func(tx *store.Tx) (err error) {
		out.Pseudonym, err = tx.Setting(mark)
		return err
	})
	if err != nil {
		return out, err
	}
	now := n.now()
	r := vault.Record{Keepers: o.Keepers, Wish: o.Wish, Met: o.Met, Fields: map[string][]string{}}
	if r.Met.IsZero() {
		r.Met = now
	}
	for f, v := range row {
		if !strings.HasPrefix(f, "spl_") {
			r.Fields[f] = v
		}
	}
	for _, kind := range row["spl_Type"] {
		r.Needs = append(r.Needs, vault.Need{Type: kind, Text: strings.TrimSpace(strings.Join(append(slices.Clone(row["spl_Objectives"]), row["spl_ActionPlan"]...), "; ")), At: now})
	}
	if r.Wish.Language == "" && len(row["prs_PrimaryLanguage"]) == 1 && len(row["prs_PrimaryLanguage"][0]) <= 3 {
		r.Wish.Language = row["prs_PrimaryLanguage"][0]
	}
	v := victimOf(row, now)
	if r.Minor = v.Minor(); r.Minor && r.Wish.Guardian == "" {
		r.Wish.Guardian = "none yet"
	}
	if out.Pseudonym == "" {
		c, err := n.VaultPut(ctx, w, r)
		if err != nil {
			return out, err
		}
		out.Pseudonym, out.Was = c.Pseudonym, "new"
		if err := n.store.Write(ctx, func(tx *store.Tx) error { return tx.Set(mark, c.Pseudonym) }); err != nil {
			return out, err
		}
	} else {
		out.Was = "same"
	}
	if v.Pseudonym = out.Pseudonym; o.Case == "" || v.Status == "" {
		return out, nil
	}
	_, err = n.AddToCase(ctx, w, o.Case, []NewEntry{{Kind: casework.VictimEntry, Body: mustJSON(v)}})
	return out, err
}

// victimOf is what a case hears of a row: codes.
func victimOf(row htcds.Row, now time.Time) casework.Victim {
	v := casework.Victim{Sex: "U", AgeGroup: "unknown", Exploitation: row["vic_TypeOfExploitation"]}
	for _, s := range row["vic_TraffickingStatus"] {
		v.Status = map[string]string{"PossibleVictimOfTrafficking": "presumed", "ActualVictimOfTrafficking": "identified"}[s]
	}
	if len(row["vic_TraffickingStatus"]) == 0 {
		v.Status = "presumed"
	}
	for _, g := range row["prs_Gender"] {
		switch g {
		case "Feminine":
			v.Sex = "F"
		case "Masculine":
			v.Sex = "M"
		}
	}
	for _, b := range row["prs_Birthdate"] {
		if born, ok := bornOn(b); ok {
			v.AgeGroup = ageGroup(born, now)
		}
	}
	return v
}

// bornOn reads a date of birth of which the year alone may be known: then the youngest that the person can be.
func bornOn(s string) (time.Time, bool) {
	for layout, add := range map[string]func(time.Time) time.Time{
		time.DateOnly: func(t time.Time) time.Time { return t },
		"2006-01":     func(t time.Time) time.Time { return t.AddDate(0, 1, -1) },
		"2006":        func(t time.Time) time.Time { return t.AddDate(1, 0, -1) },
	} {
		if t, err := time.Parse(layout, strings.TrimSpace(s)); err == nil {
			return add(t), true
		}
	}
	return time.Time{}, false
}

func ageGroup(born, now time.Time) string {
	age := now.Year() - born.Year()
	if now.YearDay() < born.YearDay() {
		age--
	}
	switch {
	case age < 0 || age > 120:
		return "unknown"
	case age < 12:
		return "0-11"
	case age < 18:
		return "12-17"
	case age < 25:
		return "18-24"
	case age < 35:
		return "25-34"
	}
	return "35+"
}

// htcds writes what a case knows of possible victims: codes, under their pseudonyms.
func (x *exporter) htcds(w io.Writer) (records int64, err error) {
	var rows []htcds.Row
	err = x.each(casework.VictimEntry, func(e *store.Entry) error {
		v, err := victimIn(e)
		if err != nil {
			return err
		}
		r := htcds.Row{"Pseudonym": {v.Pseudonym}}
		switch v.Status {
		case "presumed":
			r["vic_TraffickingStatus"] = []string{"PossibleVictimOfTrafficking"}
		case "identified":
			r["vic_TraffickingStatus"] = []string{"ActualVictimOfTrafficking"}
		default:
			return nil // a witness
		}
		r["prs_Gender"] = []string{map[string]string{"F": "Feminine", "M": "Masculine"}[v.Sex]}
		if r["prs_Gender"][0] == "" {
			r["prs_Gender"][0] = "NonSpecifiedUnknown"
		}
		if len(v.Exploitation) > 0 {
			r["vic_TypeOfExploitation"] = v.Exploitation
		}
		if v.ReferredTo != "" {
			r["cas_ReferredOrganisation"] = []string{v.ReferredTo}
		}
		rows = append(rows, r)
		return nil
	})
	if err != nil {
		return 0, err
	}
	return int64(len(rows)), htcds.Write(w, []string{"Pseudonym", "vic_TraffickingStatus"}, rows)
}

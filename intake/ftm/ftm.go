// Package ftm reads entities as FollowTheMoney JSON lines.
package ftm

import (
	"context"
	"strings"

	"tarir/entity"
	"tarir/intake"
)

// Format reads FollowTheMoney JSON lines.
var Format = &intake.Format{
	Name:   "ftm-jsonl",
	Wanted: `entities as FollowTheMoney JSON lines ({"id":…,"schema":…,"properties":{…}})`,
	Sniff:  entity.Looks,
	Read:   read,
	Rank:   5,
}

func read(ctx context.Context, _ *intake.Input, text *intake.Text, out *intake.Out) error {
	lines := intake.NewLines(text)
	for lines.Next() {
		if err := ctx.Err(); err != nil {
			return err
		}
		out.Begin(lines.Number())
		if bad := lines.Bad(); bad != "" {
			if err := out.Reject(bad, string(lines.Text())); err != nil {
				return err
			}
			continue
		}
		e, dropped, err := entity.Decode(lines.Text())
		if err != nil {
			if err := out.Reject(err.Error(), string(lines.Text())); err != nil {
				return err
			}
			continue
		}
		if len(dropped) > 0 {
			out.Note("%s is not kept: it must not count, or nobody should have sent it", strings.Join(dropped, ", "))
		}
		if entity.SchemaOf(e.Schema) == nil {
			out.Note("schema %s is not one of FollowTheMoney's: kept as it is", clip(e.Schema))
		} else if unknown := unknownProperties(e); len(unknown) > 0 {
			out.Note("%s: FollowTheMoney knows no property %s: kept as it is", e.Schema, strings.Join(unknown, ", "))
		}
		if err := out.Entity(e); err != nil {
			return err
		}
		out.Accept()
	}
	return lines.Err()
}

func unknownProperties(e *entity.Entity) []string {
	s := entity.SchemaOf(e.Schema)
	var out []string
	for k := range e.Properties {
		if _, ok := s.Type(k); !ok {
			out = append(out, clip(k))
		}
	}
	return out
}

func clip(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}

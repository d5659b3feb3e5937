package match

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"tarir/name"
)

// Pairs reads a CSV table of pairs of names with the columns schema, name1 and name2, in any order and among others, and writes the
// same rows in the same order with score, match and explanation behind them. A row whose names cannot be compared says why in its
// explanation, and has no score. It gives how many rows it read and how many of them it could not compare.
func Pairs(r io.Reader, w io.Writer) (read, refused int, err error) {
	in, out := csv.NewReader(r), csv.NewWriter(w)
	in.FieldsPerRecord = -1
	in.ReuseRecord = true
	head, err := in.Read()
	if err != nil {
		return 0, 0, fmt.Errorf("read the first row: %w", err)
	}
	head = slices.Clone(head)
	head[0] = strings.TrimPrefix(head[0], "\ufeff")
	at := map[string]int{}
	for _, c := range []string{"schema", "name1", "name2"} {
		if at[c] = slices.Index(head, c); at[c] < 0 {
			return 0, 0, fmt.Errorf("%w: column %s is missing: give schema, name1 and name2", ErrTable, c)
		}
	}
	if err := out.Write(append(slices.Clone(head), "score", "match", "explanation")); err != nil {
		return 0, 0, err
	}
	row := make([]string, 0, len(head)+3)
	for {
		fields, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var syntax *csv.ParseError
		switch {
		case errors.As(err, &syntax):
			return read, refused, fmt.Errorf("%w: line %d: %v", ErrTable, syntax.Line, syntax.Err)
		case err != nil:
			return read, refused, err
		}
		read++
		get := func(c string) string {
			if at[c] < len(fields) {
				return fields[at[c]]
			}
			return ""
		}
		row = append(row[:0], fields...)
		for len(row) < len(head) {
			row = append(row, "")
		}
		row = row[:len(head)]
		score, same, why := "", "", ""
		a, b := get("name1"), get("name2")
		if err := errors.Join(about("name1", name.Check(a)), about("name2", name.Check(b))); err != nil {
			refused++
			why = strings.ReplaceAll(err.Error(), "\n", "; ")
		} else {
			k := name.KindOf(get("schema"))
			r := name.Compare(name.Parse(a, k), name.Parse(b, k))
			score, same, why = strconv.FormatFloat(math.Round(r.Score*1e4)/1e4, 'f', 4, 64), strconv.FormatBool(r.Score >= name.Threshold), r.String()
		}
		if err := out.Write(append(row, score, same, why)); err != nil {
			return read, refused, err
		}
	}
	out.Flush()
	return read, refused, out.Error()
}

// ErrTable is wrapped by the errors of a table that cannot be read.
var ErrTable = errors.New("the table cannot be read")

func about(field string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", field, err)
}

// Package explain holds the sentences by which Tarir gives its reasons.
//
// A reason is a stable code, the numbers behind it, and the sentence that a catalogue of the package that gives the reason
// has for the code. Programs read code and numbers; people read the text, in English here and in other languages from the
// same code and numbers.
package explain

import (
	"fmt"
	"strconv"
	"strings"

	"tarir/money/ledger"
)

// Reason is one sentence of an explanation.
type Reason struct {
	Code   string         `json:"code"`
	Params map[string]any `json:"params"`
	Text   string         `json:"text"`
}

// Catalog holds sentences by code; names in braces are a reason's params.
type Catalog map[string]string

// Say makes a reason: params are pairs of name and value. A code that the catalogue lacks is a mistake of the program.
func (c Catalog) Say(code string, params ...any) Reason {
	text, ok := c[code]
	if !ok {
		panic("explain: no sentence for " + code)
	}
	r := Reason{Code: code, Params: map[string]any{}}
	for i := 0; i+1 < len(params); i += 2 {
		name, v := params[i].(string), params[i+1]
		switch x := v.(type) {
		case ledger.Money:
			r.Params[name], v = map[string]any{"amount": x.Decimal(), "currency": x.Currency}, x.String()
		case float64:
			x = float64(int64(x*100+0.5)) / 100
			r.Params[name], v = x, strconv.FormatFloat(x, 'f', -1, 64)
		default:
			r.Params[name] = v
		}
		text = strings.ReplaceAll(text, "{"+name+"}", fmt.Sprint(v))
	}
	r.Text = text
	return r
}

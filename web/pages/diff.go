package pages

import (
	"strings"
	"unicode"
)

// What changed between two texts, word by word: the longest common part by dynamic programming (Wagner and Fischer, 1974), of texts that a person writes.

// change is words that stayed (both), went (old) or came (new).
type change struct{ Kind, Text string }

const mostWords = 2000

func diffWords(before, after string) []change {
	a, b := split(before), split(after)
	if len(a) > mostWords || len(b) > mostWords {
		if before == after {
			return []change{{"both", after}}
		}
		return []change{{"old", before}, {"new", after}}
	}
	// common[i][j] is the length of the longest common part of a[i:] and b[j:].
	wide := len(b) + 1
	common := make([]uint16, (len(a)+1)*wide)
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			switch {
			case a[i] == b[j]:
				common[i*wide+j] = common[(i+1)*wide+j+1] + 1
			default:
				common[i*wide+j] = max(common[(i+1)*wide+j], common[i*wide+j+1])
			}
		}
	}
	var out []change
	say := func(kind, word string) {
		if n := len(out); n > 0 && out[n-1].Kind == kind {
			out[n-1].Text += word
			return
		}
		out = append(out, change{kind, word})
	}
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			say("both", a[i])
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[(i+1)*wide+j] >= common[i*wide+j+1]:
			say("old", a[i])
			i++
		default:
			say("new", b[j])
			j++
		}
	}
	return out
}

// split cuts a text into words and what stands between them.
func split(s string) (out []string) {
	for len(s) > 0 {
		first := true
		space := false
		end := strings.IndexFunc(s, func(r rune) bool {
			if first {
				first, space = false, unicode.IsSpace(r)
				return false
			}
			return unicode.IsSpace(r) != space
		})
		if end < 0 {
			end = len(s)
		}
		out, s = append(out, s[:end]), s[end:]
	}
	return out
}

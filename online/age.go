package online

import "strings"

// years are the words that stand behind an age, in the languages of the lexicon.
var years = []string{"year", "yrs", "yr", "yo", "y/o", "año", "anos", "ans", "añit", "aninh", "سنة", "عام"}

// ageIn finds what a text says of a person's age in years; empty if nothing. It is compared, never kept.
func ageIn(text string) string {
	for i := 0; i+1 < len(text); i++ {
		if text[i] < '1' || text[i] > '6' || text[i+1] < '0' || text[i+1] > '9' || i > 0 && (text[i-1] >= '0' && text[i-1] <= '9' || text[i-1] == '.') {
			continue
		}
		rest := strings.TrimLeft(text[i+2:], " ")
		for _, y := range years {
			if len(rest) >= len(y) && strings.EqualFold(rest[:len(y)], y) {
				return text[i : i+2]
			}
		}
	}
	return ""
}

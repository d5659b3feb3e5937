package entity

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

var (
	emailIn   = regexp.MustCompile(`[a-z0-9][a-z0-9._%+-]{0,63}@[a-z0-9][a-z0-9-]*(\.[a-z0-9-]+)*\.[a-z]{2,24}`)
	addressIn = regexp.MustCompile(`(?i)\b(?:https?://)?(?:[a-z0-9-]+\.)+[a-z]{2,24}/[^\s<>"']{1,200}`)
	atSign    = regexp.MustCompile(`\s*[\[({<]\s*(?:at|arroba|chez|أت|ات)\s*[\])}>]\s*|\s+(?:arroba)\s+`)
	dotSign   = regexp.MustCompile(`\s*[\[({<]\s*(?:dot|punto|ponto|point|نقطة)\s*[\])}>]\s*|\s+(?:punto|ponto|نقطة)\s+`)
	ibanIn    = regexp.MustCompile(`\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b`)
	walletIn  = regexp.MustCompile(`\b(?:0x[0-9a-fA-F]{40}|(?:bc1|BC1)[0-9a-zA-Z]{11,87}|[13T][1-9A-HJ-NP-Za-km-z]{25,34}|[48][1-9A-HJ-NP-Za-km-z]{94}(?:[1-9A-HJ-NP-Za-km-z]{11})?)\b`)
	cardIn    = regexp.MustCompile(`\b[0-9](?:[ -]?[0-9]){12,18}\b`)
	handleIn  = regexp.MustCompile(`(?i)^(telegram|tg|telegrama|instagram|insta|ig|snapchat|snap|onlyfans|kik|wechat|weixin|skype|facebook|fb|twitter|tiktok|vk|line)\s*(?:id)?\s*[:=\-]?\s*@?([\p{L}0-9][\p{L}0-9._-]{2,40})`)
)

// handleNoise are words that stand behind the name of a platform without being a name there.
var handleNoise = map[string]bool{
	"or": true, "and": true, "only": true, "me": true, "now": true, "for": true, "chat": true, "call": true, "video": true, "messages": true, "message": true, "number": true,
	"up": true, "dance": true, "is": true, "on": true, "the": true, "please": true,
}

// Find finds all selectors of a text, in order of kind and value, each once with its first place. Places of e-mail addresses
// in disguise are those of the whole text.
func (f *Finder) Find(text string) []Found {
	var out []Found
	add := func(s Selector, ok bool, start, end int) {
		if ok && !slices.ContainsFunc(out, func(x Found) bool { return x.Selector == s }) {
			out = append(out, Found{s, start, end})
		}
	}
	for _, p := range f.Phones(text) {
		add(p.Selector, true, p.Start, p.End)
	}
	c := cluesOf(text)
	for _, i := range c.at {
		if start, end := emailAround(text, i); start < i {
			s, ok := ParseEmail(text[start:end])
			add(s, ok, start, end)
		}
	}
	if c.bracket && atSign.MatchString(strings.ToLower(text)) {
		plain := dotSign.ReplaceAllString(atSign.ReplaceAllString(norm.NFKC.String(strings.ToLower(text)), "@"), ".")
		for _, m := range emailIn.FindAllString(plain, -1) {
			s, ok := ParseEmail(m)
			add(s, ok, 0, len(text))
		}
	}
	if c.slash {
		for _, at := range addressIn.FindAllStringIndex(text, -1) {
			s, ok := ParseProfile(strings.TrimRight(text[at[0]:at[1]], ".,;:!?)"))
			add(s, ok, at[0], at[1])
		}
	}
	for _, from := range c.platforms {
		tail := text[from:min(len(text), from+100)]
		m := handleIn.FindStringSubmatchIndex(tail)
		if m == nil {
			continue
		}
		name := strings.TrimRight(tail[m[4]:m[5]], ".-")
		if handleNoise[strings.ToLower(name)] || strings.Trim(name, "0123456789") == "" {
			continue
		}
		s, ok := ParseHandle(name, strings.ToLower(tail[m[2]:m[3]]))
		add(s, ok, from+m[4], from+m[4]+len(name))
	}
	for _, i := range c.at {
		start, end := i+1, i+1
		for end < len(text) && (nameByte(text[end]) || text[end] == '.') {
			end++
		}
		name := strings.TrimRight(text[start:end], ".")
		if len(name) < 3 || i > 0 && nameByte(text[i-1]) || slices.ContainsFunc(out, func(x Found) bool { return x.Start == start && x.Kind == Handle }) {
			continue // too short, an e-mail address, or one whose platform is told
		}
		s, ok := ParseHandle(name, "any")
		add(s, ok, start, start+len(name))
	}
	if c.longRun >= 26 {
		for _, at := range walletIn.FindAllStringIndex(text, -1) {
			s, ok := ParseWallet(text[at[0]:at[1]])
			add(s, ok, at[0], at[1])
		}
	}
	if c.iban {
		for _, at := range ibanIn.FindAllStringIndex(text, -1) {
			s, ok := ParseIBAN(text[at[0]:at[1]])
			add(s, ok, at[0], at[1])
		}
	}
	if c.digits >= 13 {
		for _, at := range cardIn.FindAllStringIndex(text, -1) {
			s, ok := ParseCard(text[at[0]:at[1]], f.Secret)
			if ok && !slices.ContainsFunc(out, func(x Found) bool { return x.Kind == Phone && x.Start < at[1] && at[0] < x.End }) {
				add(s, true, at[0], at[1])
			}
		}
	}
	slices.SortFunc(out, func(a, b Found) int { return cmp.Or(a.Compare(b.Selector), a.Start-b.Start) })
	return out
}

// emailAround is what may be an e-mail address around the @ at i.
func emailAround(text string, i int) (start, end int) {
	start, end = i, i+1
	for start > 0 && i-start < 64 && (nameByte(text[start-1]) || strings.IndexByte(".%+-", text[start-1]) >= 0) {
		start--
	}
	for start < i && strings.IndexByte(".%+-_", text[start]) >= 0 {
		start++
	}
	for end < len(text) && end-i < 190 && (nameByte(text[end]) && text[end] != '_' || text[end] == '.' || text[end] == '-') {
		end++
	}
	for end > i+1 && (text[end-1] == '.' || text[end-1] == '-') {
		end--
	}
	return start, end
}

func nameByte(b byte) bool {
	return b|0x20 >= 'a' && b|0x20 <= 'z' || b >= '0' && b <= '9' || b == '_'
}

// clues say, after one look at a text, what can be in it at all: expressions cost a hundred times as much as a look.
type clues struct {
	slash, bracket, iban bool
	digits, longRun      int
	at                   []int // where an @ stands
	platforms            []int // where the name of a platform begins
}

func cluesOf(text string) (c clues) {
	run, word := 0, 0
	for i := 0; i <= len(text); i++ {
		var b byte
		if i < len(text) {
			b = text[i]
		}
		switch {
		case b >= '0' && b <= '9':
			c.digits++
			if i >= 3 && text[i-1] >= '0' && text[i-1] <= '9' && upper(text[i-2]) && upper(text[i-3]) {
				c.iban = true
			}
			run, word = run+1, 0
		case b|0x20 >= 'a' && b|0x20 <= 'z':
			run, word = run+1, word+1
		default:
			if word >= 2 && word <= 10 && word == run && platformWord(text[i-word:i]) {
				c.platforms = append(c.platforms, i-word)
			}
			if word == 6 && strings.EqualFold(text[i-word:i], "arroba") {
				c.bracket = true
			}
			c.longRun = max(c.longRun, run)
			run, word = 0, 0
			switch b {
			case '@':
				c.at = append(c.at, i)
			case '/':
				c.slash = true
			case '[', '(', '{', '<':
				c.bracket = true
			}
		}
	}
	return c
}

func upper(b byte) bool { return b >= 'A' && b <= 'Z' }

// platformWord says that a word names a platform behind which a name may stand.
func platformWord(w string) bool {
	switch w[0] | 0x20 {
	case 't', 'i', 's', 'o', 'k', 'w', 'f', 'v', 'l':
	default:
		return false
	}
	switch strings.ToLower(w) {
	case "telegram", "tg", "telegrama", "instagram", "insta", "ig", "snapchat", "snap", "onlyfans", "kik", "wechat", "weixin", "skype", "facebook", "fb", "twitter", "tiktok", "vk", "line":
		return true
	}
	return false
}

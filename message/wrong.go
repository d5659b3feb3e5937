package message

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// What went wrong is said in English by the package that finds it, as a chain: what is not possible, and why. Here each sentence of such a chain stands in the other
// languages, by the text that the source has (as gettext does it), with the verbs of fmt where something is put in. A test holds the list against the source.

//go:embed wrong.tsv
var wrongs string

// sentence is one that says what went wrong.
type sentence struct {
	is      *regexp.Regexp
	literal int      // how much of it is fixed: the more, the surer it is the one
	in      []string // by the languages after English, as in Codes
}

var verb = regexp.MustCompile(`%%|%\[?[-.0-9]*\]?[sdqvf]`)

// readWrongs reads the list, once.
var readWrongs = sync.OnceValue(func() map[string][]*sentence {
	all := map[string][]*sentence{} // by the first word; "": it begins with what is put in
	for _, line := range strings.Split(strings.TrimSpace(wrongs), "\n")[1:] {
		in := strings.Split(line, "\t")
		var pattern strings.Builder
		last := 0
		for _, m := range verb.FindAllStringIndex(in[0], -1) {
			pattern.WriteString(regexp.QuoteMeta(in[0][last:m[0]]))
			if in[0][m[0]:m[1]] == "%%" {
				pattern.WriteString("%")
			} else {
				pattern.WriteString("(.*?)")
			}
			last = m[1]
		}
		pattern.WriteString(regexp.QuoteMeta(in[0][last:]))
		s := &sentence{is: regexp.MustCompile("(?s)^" + pattern.String() + "$"), literal: len(verb.ReplaceAllString(in[0], "")), in: in[1:]}
		first := firstWord(in[0])
		all[first] = append(all[first], s)
	}
	return all
})

// firstWord is by which a sentence is looked up: empty where it begins with what is put in.
func firstWord(text string) string {
	word, _, _ := strings.Cut(text, " ")
	if strings.Contains(word, "%") {
		return ""
	}
	return strings.TrimRight(word, ":")
}

// Wrong says what went wrong, as an error says it in English. What has no text here stays in English.
func (l *Language) Wrong(text string) string {
	n := -1
	for i, code := range Codes[1:] {
		if code == l.Code {
			n = i
		}
	}
	if n < 0 {
		return text
	}
	lines := strings.Split(text, "\n") // errors that were joined
	for i, line := range lines {
		lines[i] = chain(line, n)
	}
	return strings.Join(lines, "\n")
}

// chain says a chain of sentences: the first that is known, then the rest.
func chain(text string, n int) string {
	for from := 0; ; {
		i := strings.Index(text[from:], ": ")
		if i < 0 {
			break
		}
		from += i
		if said, ok := say(text[:from], n, true); ok {
			return said + ": " + chain(text[from+2:], n)
		}
		from += 2
	}
	if said, ok := say(text, n, false); ok {
		return said
	}
	if before, rest, ok := strings.Cut(text, ": "); ok { // what was being done, or what it is about
		return before + ": " + chain(rest, n)
	}
	return text
}

// say says one sentence. One to which more follows must be fixed for the most part: what is put in may be anything.
func say(text string, n int, more bool) (string, bool) {
	all := readWrongs()
	var best *sentence
	var put []string
	for _, list := range [][]*sentence{all[firstWord(text)], all[""]} {
		for _, s := range list {
			if best != nil && s.literal <= best.literal || s.literal < 6 {
				continue
			}
			m := s.is.FindStringSubmatch(text)
			if m == nil || more && len(m) > 1 && s.literal < len(text)/2 {
				continue
			}
			best, put = s, m[1:]
		}
	}
	if best == nil {
		return "", false
	}
	k := 0
	return verb.ReplaceAllStringFunc(best.in[n], func(v string) string {
		if v == "%%" {
			return "%"
		}
		k++
		if k > len(put) {
			return v
		}
		return fmt.Sprint(put[k-1])
	}), true
}

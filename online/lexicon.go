package online

import (
	"cmp"
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/BurntSushi/toml"
)

//go:embed lexicon.toml
var lexiconText string

// Wording is a kind of words by which an advert shows more than an offer.
type Wording string

// The kinds of wording of the lexicon.
const (
	Control    Wording = "control"    // somebody else decides
	Restricted Wording = "restricted" // no rest, never alone
	Young      Wording = "young"      // may be a minor: safeguard before anything else, never published
	Abroad     Wording = "abroad"
	Debt       Wording = "debt"
	Documents  Wording = "documents" // papers are kept
	Secret     Wording = "secret"
)

// phrase is a sequence of words.
type phrase struct {
	words   []uint32
	wording Wording
	text    string
}

// lexicon holds the phrases by their first word.
type lexicon map[uint32][]phrase

var shippedLexicon = sync.OnceValue(func() lexicon {
	l, err := parseLexicon(lexiconText)
	if err != nil {
		panic("online: the shipped lexicon is broken: " + err.Error())
	}
	return l
})

//go:embed trades.toml
var tradesText string

// shippedTrades is the lexicon of trades; its wordings are their names.
var shippedTrades = sync.OnceValue(func() lexicon {
	var file map[string]any
	if _, err := toml.Decode(tradesText, &file); err != nil {
		panic("online: the shipped trades are broken: " + err.Error())
	}
	out := lexicon{}
	for _, trade := range slices.Sorted(maps.Keys(file)) {
		lists, ok := file[trade].(map[string]any)
		if !ok {
			continue // the source
		}
		if err := out.add(Wording(trade), lists); err != nil {
			panic("online: the shipped trades are broken: " + err.Error())
		}
	}
	return out
})

func parseLexicon(text string) (lexicon, error) {
	var lists map[string]map[string]any
	if _, err := toml.Decode(text, &lists); err != nil {
		return nil, fmt.Errorf("read lexicon: %w", err)
	}
	out := lexicon{}
	for _, kind := range slices.Sorted(maps.Keys(lists)) {
		if s, _ := lists[kind]["source"].(string); s == "" {
			return nil, fmt.Errorf("read lexicon: %s has no source", kind)
		}
		if err := out.add(Wording(kind), lists[kind]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// add takes the phrases of a kind, a list for each language.
func (l lexicon) add(kind Wording, lists map[string]any) error {
	for _, lang := range slices.Sorted(maps.Keys(lists)) {
		list, ok := lists[lang].([]any)
		if !ok {
			continue
		}
		for _, x := range list {
			s, ok := x.(string)
			words := wordsOf(s, nil)
			if !ok || len(words) == 0 {
				return fmt.Errorf("read lexicon: %s.%s holds what is no phrase", kind, lang)
			}
			p := phrase{wording: kind, text: s}
			for _, w := range words {
				p.words = append(p.words, w.hash)
			}
			l[p.words[0]] = append(l[p.words[0]], p)
		}
	}
	return nil
}

// Told is a phrase of the lexicon in an advert.
type Told struct {
	Wording Wording `json:"wording"`
	Phrase  string  `json:"phrase"`
}

// Wordings finds the phrases of the lexicon in an advert, each once, in order of kind and phrase.
func Wordings(a *Advert) []Told {
	return shippedLexicon().find(wordsOf(body(a), nil))
}

func (l lexicon) find(words []word) []Told {
	var out []Told
	for i, w := range words {
	phrases:
		for _, p := range l[w.hash] {
			if i+len(p.words) > len(words) {
				continue
			}
			for k, h := range p.words {
				if words[i+k].hash != h {
					continue phrases
				}
			}
			if t := (Told{p.wording, p.text}); !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
	}
	slices.SortFunc(out, func(a, b Told) int {
		if a.Wording != b.Wording {
			return cmp.Compare(a.Wording, b.Wording)
		}
		return cmp.Compare(a.Phrase, b.Phrase)
	})
	return out
}

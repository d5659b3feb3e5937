package paper

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/go-fonts/dejavu/dejavusans"
	"github.com/go-text/typesetting/bidi"
	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/image/math/fixed"
)

// How a line is seen: PDF draws letters from left to right, one after the other. Texts from right to left are put into the order in which they are seen,
// and Arabic letters get the form that they have beside their neighbours: HarfBuzz says which glyph that is, and the font which character of the
// presentation forms stands for it.

var face = sync.OnceValue(func() *font.Face {
	f, err := font.ParseTTF(bytes.NewReader(dejavusans.TTF))
	if err != nil {
		panic("paper: the font is broken: " + err.Error())
	}
	return f
})

// forms are the characters of the Arabic presentation forms by their glyph.
var forms = sync.OnceValue(func() map[font.GID]rune {
	out := map[font.GID]rune{}
	for _, span := range [][2]rune{{0xfb50, 0xfdff}, {0xfe70, 0xfefc}} {
		for r := span[0]; r <= span[1]; r++ {
			if g, ok := face().NominalGlyph(r); ok {
				if _, have := out[g]; !have {
					out[g] = r
				}
			}
		}
	}
	return out
})

// HarfBuzz keeps what it has worked out.
var shaper struct {
	sync.Mutex
	shaping.HarfbuzzShaper
}

// seen is a line in the order in which it is drawn.
func seen(s string, right bool) string {
	if !strings.ContainsFunc(s, isRight) && !right {
		return s
	}
	base := bidi.LeftToRight
	if right {
		base = bidi.RightToLeft
	}
	text := []rune(s)
	var p bidi.Paragraph
	runs := p.Segment(text, base)
	list := make([]bidi.Run, runs.NumRuns())
	highest := bidi.Level(0)
	for i := range list {
		list[i] = runs.Run(i)
		highest = max(highest, list[i].Level)
	}
	// From the highest level down, each stretch of it is turned round (Unicode Standard Annex 9, rule L2).
	for level := highest; level > 0; level-- {
		for i := 0; i < len(list); i++ {
			k := i
			for k < len(list) && list[k].Level >= level {
				k++
			}
			if k > i {
				slices.Reverse(list[i:k])
				i = k
			}
		}
	}
	var b strings.Builder
	for _, r := range list {
		part := string(text[r.Start:min(r.End, len(text))])
		if r.IsLeftToRight() {
			b.WriteString(part)
		} else {
			b.WriteString(drawn(part))
		}
	}
	return b.String()
}

func isRight(r rune) bool {
	return unicode.In(r, unicode.Arabic, unicode.Hebrew, unicode.Syriac, unicode.Thaana, unicode.Nko)
}

// drawn is a text from right to left as its letters are drawn from the left.
func drawn(s string) string {
	// Vowel signs are left out, as most Arabic texts do: PDF would draw them beside their letters.
	runes := slices.DeleteFunc([]rune(s), func(r rune) bool { return unicode.Is(unicode.Mn, r) })
	script := language.Arabic
	for _, r := range runes {
		if unicode.Is(unicode.Hebrew, r) {
			script = language.Hebrew
		}
	}
	shaper.Lock()
	out := shaper.Shape(shaping.Input{Text: runes, RunStart: 0, RunEnd: len(runes), Direction: di.DirectionRTL, Face: face(), Size: fixed.I(16), Script: script, Language: "ar"})
	shaper.Unlock()
	var b strings.Builder
	for _, g := range out.Glyphs {
		i := g.TextIndex()
		if r, ok := forms()[g.GlyphID]; ok {
			b.WriteRune(r)
			continue
		}
		if i >= 0 && i < len(runes) {
			b.WriteRune(mirrored(runes[i]))
		}
	}
	return b.String()
}

// mirrored is a bracket as it is seen in a text from right to left.
func mirrored(r rune) rune {
	const pairs = "()[]{}<>«»"
	list := []rune(pairs)
	for i, p := range list {
		if p == r {
			return list[i^1]
		}
	}
	return r
}

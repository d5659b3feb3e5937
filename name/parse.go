package name

import (
	_ "embed"
	"errors"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/BurntSushi/toml"

	"tarir/entity"
)

// Kind is what bears a name: it decides how words are read.
type Kind uint8

// The kinds.
const (
	Person Kind = iota
	Organisation
	Thing // a vessel, an aircraft, a place
)

// Longest is how many bytes a name may have.
const Longest = 1000

var (
	// ErrLong is a name of more than Longest bytes.
	ErrLong = errors.New("a name has at most 1,000 bytes")
	// ErrUTF8 is a name that is not valid UTF-8.
	ErrUTF8 = errors.New("the name is not valid UTF-8")
	// ErrEmpty is a name without a letter or digit.
	ErrEmpty = errors.New("the name has no letter and no digit")
)

// class is what a word is.
type class uint8

const (
	plain      class = iota
	initial          // one letter for a name
	title            // Mr, Sheikh
	patronymic       // Vladimirovich
	tribal           // of a tribe, a clan or a place behind the names of a person: al-Tikriti, Noorzai, Ibrahim Khel
	generic          // Group, Trading
	place            // a country or continent
	number           // 3, II, forty-four
	particle         // al, de: has no part in the score
)

// names says that a word of the class is one by which a name is told from others.
func (c class) names() bool {
	return c == plain || c == patronymic || c == tribal || c == generic || c == place
}

// token is a word of a name.
type token struct {
	text   string // a to z and 0 to 9
	native string // in Han or Hangul
	script script
	class  class
	weight float64
	father int // of the word that is its father, as bin stands between them, plus one; 0: none
}

// Name is a name taken apart. It is not changed once it was made.
type Name struct {
	Kind   Kind
	tokens []token
	forms  []string // classes of legal forms
	text   string   // all words that count, in order, written together
	cut    bool     // its last word may have been cut off
	others []*Name  // how it reads in another language that is written in the same signs
}

// lists are the words of words.toml.
type lists struct {
	particles map[string]bool
	titles    map[string]bool
	kin       map[string]bool
	tribe     map[string]bool
	compound  map[string]bool
	generic   map[string]bool
	stop      map[string]bool
	common    map[string]bool
	terms     map[string]string // word of an organisation in another writing → what it is in English
	within    *strings.Replacer // of those that are written together with others
	forms     map[string]string // the words of a form with spaces between them → its class
	longest   int               // words of the longest form
	same      map[string][]int  // given name → its groups
	groups    [][]string        // of names by which one person is called
	places    map[string]string // country in one word or several → its code
	placeMost int
}

//go:embed words.toml
var wordsText string

var known = sync.OnceValue(func() *lists {
	var file struct {
		Titles, Particles, Kin, Tribe, Compound, Generic, Stop string
		Forms                                                  map[string][]string
		Same                                                   struct{ Given []string }
		Terms                                                  map[string]string
		Common                                                 struct{ Names string }
	}
	if _, err := toml.Decode(wordsText, &file); err != nil {
		panic(err) // it is part of the program, and every test reads it
	}
	set := func(s string) map[string]bool {
		out := map[string]bool{}
		for _, w := range strings.Fields(s) {
			out[w] = true
		}
		return out
	}
	l := &lists{
		particles: set(file.Particles), titles: set(file.Titles), kin: set(file.Kin), tribe: set(file.Tribe), compound: set(file.Compound), generic: set(file.Generic), stop: set(file.Stop),
		common: set(file.Common.Names), forms: map[string]string{}, same: map[string][]int{}, places: map[string]string{},
	}
	for c, list := range file.Forms {
		for _, f := range list {
			l.forms[f] = c
			l.longest = max(l.longest, strings.Count(f, " ")+1)
			l.forms[joined(joinLetters(plainWords(f), Organisation))] = c // S.A. and SA
		}
	}
	for i, g := range file.Same.Given {
		l.groups = append(l.groups, strings.Fields(g))
		for _, w := range l.groups[i] {
			l.same[w] = append(l.same[w], i)
		}
	}
	l.readPlaces()
	l.readTerms(file.Terms)
	return l
})

// readPlaces takes the names of countries, as they stand in names of organisations.
func (l *lists) readPlaces() {
	add := func(name, code string) {
		var list []string
		for _, w := range words(name, false) {
			if !l.stop[w.latin] {
				list = append(list, w.latin)
			}
		}
		if k := strings.Join(list, " "); k != "" && len(k) > 2 {
			l.places[k] = code
			l.placeMost = max(l.placeMost, len(list))
		}
	}
	entity.EachCountryName(add)
	for name, code := range map[string]string{
		"america": "US", "emirates": "AE", "asia": "asia", "africa": "africa", "asian": "asia", "european": "europe", "deutsche": "DE", "german": "DE",
	} {
		l.places[name] = code
	}
}

// Check says why a text cannot be a name; nil if it can.
func Check(text string) error {
	switch {
	case !utf8.ValidString(text):
		return ErrUTF8
	case len(text) > Longest:
		return ErrLong
	case len(words(text, false)) == 0:
		return ErrEmpty
	}
	return nil
}

// KindOf is the kind of what a schema of FollowTheMoney describes.
func KindOf(schema string) Kind {
	switch schema {
	case "Person":
		return Person
	case "Company", "Organization", "LegalEntity", "PublicBody":
		return Organisation
	}
	return Thing
}

// Parse takes a name apart. What Check refuses gives a name that is like no other.
func Parse(text string, kind Kind) *Name {
	n := &Name{Kind: kind}
	if !utf8.ValidString(text) || len(text) > Longest {
		return n
	}
	if kind == Organisation {
		text = inEnglish(text)
	}
	list := words(text, kind == Person)
	list = joinLetters(list, kind)
	if kind == Person {
		n.person(list, text)
	} else {
		n.organisation(list)
	}
	var b strings.Builder
	for i := range n.tokens {
		if n.tokens[i].class != particle {
			b.WriteString(n.tokens[i].text)
		}
	}
	n.text = b.String()
	if kind == Person && !ascii(text) {
		for _, r := range slices.Concat(inJapanese(text), inKorean(text), inCantonese(text)) {
			n.others = append(n.others, Parse(r, kind))
		}
	}
	return n
}

// Readings are the name and the other ways to read it: a name in signs is read in Chinese, in Japanese where its parts are names there, in
// Korean where it begins with a family name of Korea, and in Cantonese. Who looks for a name looks for all of them.
func (n *Name) Readings() []*Name { return append([]*Name{n}, n.others...) }

// Spellings are the readings, and those of Korean names once more with each syllable of the given name as a word of its own, as many write
// it in Latin letters: 김정은 is found as Kim Jong Un. They are for looking alone, not for comparing.
func (n *Name) Spellings() []*Name {
	out := n.Readings()
	for _, r := range out {
		if s := r.syllables(); s != nil {
			out = append(out, s)
		}
	}
	return out
}

// syllables is the name with the syllables of what is in Hangul apart; nil where there is nothing to take apart.
func (n *Name) syllables() *Name {
	if n.Kind != Person || !slices.ContainsFunc(n.tokens, func(t token) bool { return t.script == hangul && len([]rune(t.native)) > 1 }) {
		return nil
	}
	out := &Name{Kind: n.Kind}
	for _, t := range n.tokens {
		syllables := []rune(t.native)
		if t.script != hangul || len(syllables) < 2 {
			out.tokens = append(out.tokens, t)
			continue
		}
		for _, r := range syllables {
			out.tokens = append(out.tokens, token{text: letters([]rune{r}), native: string(r), script: hangul, class: t.class, weight: t.weight})
		}
	}
	return out
}

// joinLetters writes single letters in a row together: A.B.C. and p.l.c. are words. Two initials of a person stay what they are.
func joinLetters(list []word, kind Kind) []word {
	var out []word
	for i := 0; i < len(list); {
		j := i
		for j < len(list) && len(list[j].latin) == 1 && list[j].native == "" {
			j++
		}
		if j-i > 1 && kind != Person {
			var b strings.Builder
			for _, w := range list[i:j] {
				b.WriteString(w.latin)
			}
			out = append(out, word{latin: b.String()})
			i = j
			continue
		}
		out = append(out, list[i])
		i++
	}
	return out
}

func (n *Name) add(w word, c class, weight float64) *token {
	n.tokens = append(n.tokens, token{text: w.latin, native: w.native, script: w.script, class: c, weight: weight})
	return &n.tokens[len(n.tokens)-1]
}

// person reads the words of a personal name.
func (n *Name) person(list []word, text string) {
	l := known()
	n.cut = len(text) >= 30
	child, father := -1, false
	for i := 0; i < len(list); i++ {
		w := list[i]
		t := w.latin
		switch {
		case t == "and":
			continue
		case (t == "abd" || l.compound[t] && i+1 < len(list) && article(list[i+1].latin)) && i+1 < len(list):
			// Abd al-Aziz, Abdul Aziz and Abdulaziz are one name.
			j := i + 1
			for j < len(list)-1 && article(list[j].latin) {
				j++
			}
			t = strings.TrimSuffix(t, "e") + "ul" + list[j].latin
			if list[j].latin == "allah" || list[j].latin == "ullah" {
				t = "abdullah"
			}
			i = j
		case servant[t] != "" && i+1 < len(list):
			t = servant[t]
			j := i + 1
			for j < len(list)-1 && article(list[j].latin) {
				j++
			}
			t += list[j].latin
			i = j
		case faith[t] != "" && len(n.tokens) > 0 && n.lastPlain() != nil && (t == "allah" || t == "ullah" || i > 0 && article(list[i-1].latin)):
			// Siraj al-Din and Sirajuddin, Rahmat Allah and Rahmatullah.
			last := n.lastPlain()
			last.text += faith[t]
			if w.script == abjad {
				last.script = abjad
			}
			continue
		case l.particles[t] && len(list) > 1:
			if len(t) == 1 { // e and y between Portuguese or Spanish surnames, or an initial
				break
			}
			if l.kin[t] && len(n.tokens) > 0 {
				for child = len(n.tokens) - 1; child > 0 && n.tokens[child].class == particle; {
					child--
				}
				father = true
			}
			n.add(w, particle, 0)
			continue
		}
		w.latin = faithful(t)
		t = w.latin
		c, weight := plain, 1.0
		switch {
		case len(t) == 1 && w.native == "":
			c, weight = initial, 0.5
		case l.titles[t] && len(list) > 1:
			c, weight = title, 0.15
		case len(t) > 6 && w.script == latin && (strings.HasSuffix(t, "ovich") || strings.HasSuffix(t, "evich") || strings.HasSuffix(t, "ovna") || strings.HasSuffix(t, "evna") || strings.HasSuffix(t, "ovic") && len(t) > 9):
			c, weight = patronymic, 0.7
		case strings.Trim(t, "0123456789") == "":
			c, weight = number, 0.3
		case l.common[t]:
			weight = 0.67
		case len(t) == 2 && w.native == "":
			weight = 0.7
		}
		n.add(w, c, weight)
		if father && c != title {
			if n.tokens[child].class != particle {
				n.tokens[child].father = len(n.tokens)
			}
			father = false
		}
	}
	n.findTribes()
	n.keepSomething()
}

// findTribes tells what says where somebody is from: behind two names or more, a last one that begins with an article and ends as such
// words do in Arabic; a word behind one for sons or people; and the endings of the Pashtuns. Many share one, so it says less than a name; but
// two people of one name are told apart by it, so another one contradicts as a name does.
func (n *Name) findTribes() {
	names := 0
	for i := range n.tokens {
		t := &n.tokens[i]
		if t.class != plain {
			continue
		}
		names++
		if t.script == han || t.script == hangul {
			continue
		}
		var before string
		if i > 0 {
			before = n.tokens[i-1].text
		}
		switch {
		case names > 2 && article(before) && len(t.text) > 3 && (strings.HasSuffix(t.text, "i") || strings.HasSuffix(t.text, "y") || strings.HasSuffix(t.text, "iya") || strings.HasSuffix(t.text, "iyya")),
			names > 1 && i > 0 && known().tribe[before],
			names > 1 && len(t.text) > 5 && (strings.HasSuffix(t.text, "zai") || strings.HasSuffix(t.text, "zay") || strings.HasSuffix(t.text, "zoy") || strings.HasSuffix(t.text, "khel") || strings.HasSuffix(t.text, "khail")):
			t.class, t.weight = tribal, 0.7
		case names > 2 && (t.text == "khel" || t.text == "khail" || t.text == "kheyl") && n.tokens[i-1].class == plain:
			t.class, t.weight = tribal, 0.7
			n.tokens[i-1].class, n.tokens[i-1].weight = tribal, 0.7
		}
	}
}

// servant are words that are written together with the one behind them.
var servant = map[string]string{
	"abdul": "abdul", "abdel": "abdul", "abdal": "abdul", "abdur": "abdul", "abder": "abdul", "abdar": "abdul", "abdus": "abdul", "abduz": "abdul", "abdun": "abdul", "abou": "abu", "abu": "abu", "aboo": "abu", "umm": "umm",
}

// faith are words that end a name of two, with how they are written together with the first.
var faith = map[string]string{"din": "uddin", "deen": "uddin", "dine": "uddin", "dyn": "uddin", "eddin": "uddin", "eddine": "uddin", "uddin": "uddin", "allah": "ullah", "ullah": "ullah", "rahman": "urrahman", "rehman": "urrahman", "rahmane": "urrahman"}

// lastPlain is the last word that is a name, where nothing but articles stand behind it.
func (n *Name) lastPlain() *token {
	for i := len(n.tokens) - 1; i >= 0; i-- {
		if t := &n.tokens[i]; t.class == plain {
			return t
		} else if t.class != particle || !article(t.text) {
			return nil
		}
	}
	return nil
}

var faithEnds = []struct{ end, is string }{
	{"eddine", "uddin"},
	{"ouddine", "uddin"},
	{"oudine", "uddin"},
	{"uddeen", "uddin"},
	{"aldeen", "uddin"},
	{"eldine", "uddin"},
	{"eddin", "uddin"},
	{"aldin", "uddin"},
	{"addin", "uddin"},
	{"oddin", "uddin"},
	{"eldin", "uddin"},
	{"uldin", "uddin"},
	{"oullah", "ullah"},
	{"allah", "ullah"},
	{"ollah", "ullah"},
	{"eullah", "ullah"},
	{"ulla", "ullah"},
	{"urrahman", "urrahman"},
	{"urrehman", "urrahman"},
	{"ulrahman", "urrahman"},
	{"ulrehman", "urrahman"},
	{"arrahman", "urrahman"},
	{"alrahman", "urrahman"},
	{"elrahman", "urrahman"},
	{"errahman", "urrahman"},
	{"irahman", "urrahman"},
	{"errahmane", "urrahman"},
	{"urrahmane", "urrahman"},
	{"alrahmane", "urrahman"},
	{"ulrhman", "urrahman"},
	{"ulrhmn", "urrahman"},
}

// faithful writes the ends of such names in one way.
func faithful(t string) string {
	for _, f := range faithEnds {
		if rest, ok := strings.CutSuffix(t, f.end); ok && len(rest) > 2 {
			return rest + f.is
		}
	}
	return t
}

func article(s string) bool {
	switch s {
	case "al", "el", "ul", "ur", "ud", "ar", "as", "ash", "an", "ad", "az", "at", "il":
		return true
	}
	return false
}

// keepSomething makes names of titles and particles where there is nothing else: Queen, Said.
func (n *Name) keepSomething() {
	if slices.ContainsFunc(n.tokens, func(t token) bool {
		return t.class == plain || t.class == generic || t.class == place || t.class == number && len(n.tokens) == 1
	}) {
		return
	}
	for i := range n.tokens {
		if t := &n.tokens[i]; t.class == title || t.class == particle || t.class == patronymic || t.class == tribal {
			t.class, t.weight = plain, 1
		}
	}
}

// organisation reads the words of the name of an organisation or a thing.
func (n *Name) organisation(list []word) {
	l := known()
	for i := 0; i < len(list); {
		if k, c := l.formAt(list, i); k > 0 && n.Kind == Organisation && k < len(list) {
			if !slices.Contains(n.forms, c) {
				n.forms = append(n.forms, c)
			}
			i += k
			continue
		}
		if k, code := l.placeAt(list, i); k > 0 {
			w := list[i]
			var b strings.Builder
			for _, x := range list[i : i+k] {
				b.WriteString(x.latin)
			}
			w.latin = b.String()
			n.add(w, place, 0.8).native = code
			i += k
			continue
		}
		w := list[i]
		i++
		if v, used, ok := numeral(w.latin, list[i:]); ok && len(list) > 1 {
			i += used
			n.add(word{latin: v}, number, 0.4)
			continue
		}
		switch {
		case l.stop[w.latin]:
			n.add(w, particle, 0)
		case l.generic[w.latin]:
			n.add(w, generic, 0.4)
		default:
			n.add(w, plain, 1)
		}
	}
	// A name of nothing but common words is distinguished by them.
	if !slices.ContainsFunc(n.tokens, func(t token) bool { return t.class == plain || t.class == place }) {
		for i := range n.tokens {
			if n.tokens[i].class == generic {
				n.tokens[i].weight = 0.7
			}
		}
	}
	if len(n.tokens) == 0 || !slices.ContainsFunc(n.tokens, func(t token) bool { return t.class != particle }) {
		n.tokens = n.tokens[:0]
		for _, w := range list {
			n.add(w, plain, 1)
		}
	}
}

// formAt is the legal form that begins at a word: how many words it has, and its class.
func (l *lists) formAt(list []word, at int) (int, string) {
	for k := min(l.longest, len(list)-at); k > 0; k-- {
		if c, ok := l.forms[joined(list[at:at+k])]; ok {
			// Short words at the beginning are rather a name: AS Roma. Long forms and those of the East stand there.
			if at == 0 && k == 1 && len(list[0].latin) < 3 && list[0].script == latin && c != "any" && list[0].latin != "ao" {
				return 0, ""
			}
			return k, c
		}
	}
	return 0, ""
}

func (l *lists) placeAt(list []word, at int) (int, string) {
	for k := min(l.placeMost, len(list)-at); k > 0; k-- {
		if c, ok := l.places[joined(list[at:at+k])]; ok {
			return k, c
		}
	}
	return 0, ""
}

func joined(list []word) string {
	if len(list) == 1 {
		return list[0].latin
	}
	n := len(list)
	for _, w := range list {
		n += len(w.latin)
	}
	b := make([]byte, 0, n)
	for i, w := range list {
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(b, w.latin...)
	}
	return string(b)
}

var ones = map[string]int{
	"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17,
	"eighteen": 18, "nineteen": 19, "first": 1, "second": 2, "third": 3, "ii": 2, "iii": 3, "iv": 4, "vi": 6, "vii": 7, "viii": 8, "ix": 9, "xi": 11, "xii": 12, "xiii": 13, "xiv": 14, "xv": 15, "xvi": 16, "xx": 20, "v": 5, "x": 10,
}

var tens = map[string]int{"twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}

// numeral reads a number in digits, Roman digits or English words, and says how many of the following words belong to it.
func numeral(s string, next []word) (string, int, bool) {
	if s == "" {
		return "", 0, false
	}
	if strings.Trim(s, "0123456789") == "" {
		s = strings.TrimLeft(s, "0")
		if s == "" {
			s = "0"
		}
		return s, 0, true
	}
	if v, ok := tens[s]; ok {
		if len(next) > 0 {
			if o := ones[next[0].latin]; o > 0 && o < 10 {
				return itoa(v + o), 1, true
			}
		}
		return itoa(v), 0, true
	}
	if v, ok := ones[s]; ok {
		return itoa(v), 0, true
	}
	return "", 0, false
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return string(rune('0'+n/10)) + string(rune('0'+n%10))
}

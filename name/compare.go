package name

import (
	"slices"
	"strings"
)

// Threshold is the score from which two names are told as a possible match. Measured error rates at it are in docs/performance.md.
const Threshold = 0.7

// Code is why a word or a name counts as it does.
type Code string

// The codes.
const (
	Same       Code = "same"        // letter by letter
	Variant    Code = "variant"     // another way of writing the same sounds
	Slip       Code = "slip"        // a slip or a near spelling
	Nickname   Code = "nickname"    // Ted and Theodore
	Initial    Code = "initial"     // A. and Ali
	Together   Code = "together"    // written together or apart
	CutOff     Code = "cut_off"     // the end of a name that was cut
	Acronym    Code = "acronym"     // PLA and People's Liberation Army
	Extra      Code = "extra"       // one of the names has it alone
	Different  Code = "different"   // both have another word in its place
	Reversed   Code = "reversed"    // the father is the other's child
	Forms      Code = "forms"       // legal forms that are not the same
	Numbers    Code = "numbers"     // numbers that are not the same
	OneName    Code = "one_name"    // a single word against several
	OtherPlace Code = "other_place" // a country that one of them does not name
)

// Reason is a part of a comparison: the words that it is about, and how much they are alike, from 0 to 1.
type Reason struct {
	Code  Code
	A, B  string
	Alike float64
}

// Result is what comparing two names gave.
type Result struct {
	Score   float64 // 0 to 1
	Reasons []Reason
}

// most is how many words of a name are compared: more are rare, and titles of nobility.
const most = 12

// Compare gives the score of two names with its reasons. It is the same whichever comes first.
func Compare(a, b *Name) Result { return compare(a, b, true) }

// Score is the score alone.
func Score(a, b *Name) float64 { return compare(a, b, false).Score }

// compare takes the reading of a name in signs that is most like the other name. Two names in signs are compared by their signs alone:
// many that are not the same read alike.
func compare(a, b *Name, explain bool) Result {
	best := compareOne(a, b, explain)
	if len(a.others)+len(b.others) == 0 || a.inSigns() && b.inSigns() {
		return best
	}
	for _, x := range a.Readings() {
		for _, y := range b.Readings() {
			if r := compareOne(x, y, explain); r.Score > best.Score {
				best = r
			}
		}
	}
	return best
}

func (n *Name) inSigns() bool {
	return slices.ContainsFunc(n.tokens, func(t token) bool { return t.script == han })
}

func compareOne(a, b *Name, explain bool) Result {
	if len(a.tokens) == 0 || len(b.tokens) == 0 {
		return Result{}
	}
	// One order, whoever asks: ties are decided alike.
	if len(a.tokens) > len(b.tokens) || len(a.tokens) == len(b.tokens) && a.text > b.text {
		a, b = b, a
	}
	m := matcher{explain: explain, kind: a.Kind, a: side{list: a.tokens[:min(len(a.tokens), most)]}, b: side{list: b.tokens[:min(len(b.tokens), most)]}}
	m.align()
	m.together(&m.a, &m.b)
	m.together(&m.b, &m.a)
	if a.cut || b.cut {
		m.cutOff(a.cut, b.cut)
	}
	score := 0.0
	if m.kind == Person {
		score = m.person()
	} else {
		score = m.organisation(a, b)
		if score < Threshold && acronym(a, b) {
			score = 0.8
			m.reasons = nil
			m.say(Acronym, a.text, b.text, score)
		}
	}
	return Result{Score: score, Reasons: m.reasons}
}

// side is one of the two names, with which of its words have found another, and how much those were alike.
type side struct {
	list []token
	met  [most]float64 // 0: none yet
	with [most]int8    // the word of the other side that it met alone, plus one
}

// matcher is the work on one pair of names.
type matcher struct {
	explain bool
	kind    Kind
	a, b    side
	got     float64 // weights of words that met, times how much they are alike
	all     float64 // those weights
	met     int     // how many words met, titles and initials apart
	initial bool    // an initial met a name
	reasons []Reason
}

func (m *matcher) say(c Code, a, b string, alike float64) {
	if m.explain {
		m.reasons = append(m.reasons, Reason{c, a, b, alike})
	}
}

// align lets each word meet the one of the other name that it is most like, the surest pairs first.
func (m *matcher) align() {
	var alike [most][most]float32
	var codes [most][most]Code
	for i := range m.a.list {
		for j := range m.b.list {
			v, c := wordsAlike(&m.a.list[i], &m.b.list[j])
			alike[i][j], codes[i][j] = float32(v), c
		}
	}
	for {
		best, x, y := float32(0), 0, 0
		for i := range m.a.list {
			for j := range m.b.list {
				if v := alike[i][j]; v > 0 && m.a.met[i] == 0 && m.b.met[j] == 0 {
					// Of equal ones the heavier, then those in the same order.
					v += float32(m.a.list[i].weight+m.b.list[j].weight) * 1e-4
					if i == j {
						v += 1e-5
					}
					if v > best {
						best, x, y = v, i, j
					}
				}
			}
		}
		if best == 0 {
			return
		}
		a, b := &m.a.list[x], &m.b.list[y]
		v := float64(alike[x][y])
		m.a.met[x], m.b.met[y] = v, v
		m.a.with[x], m.b.with[y] = int8(y)+1, int8(x)+1
		m.take(max(a.weight, b.weight), v, a.class != title && codes[x][y] != Initial)
		m.initial = m.initial || codes[x][y] == Initial
		m.say(codes[x][y], a.text, b.text, v)
	}
}

func (m *matcher) take(weight, alike float64, counts bool) {
	m.got += weight * alike
	m.all += weight
	if counts {
		m.met++
	}
}

// together finds words that one name writes together and the other apart.
func (m *matcher) together(whole, parts *side) {
	for i := range whole.list {
		w := &whole.list[i]
		if whole.met[i] > 0 || w.class == number || w.class == particle {
			continue
		}
		if m.kind == Person && len(w.text) < 4 && m.initials(whole, parts, i) || len(w.text) < 5 {
			continue
		}
		for j := range parts.list {
			if parts.met[j] > 0 || parts.list[j].text == "" {
				continue
			}
			var buf [longestWord + 8]byte
			text := append(buf[:0], cut(parts.list[j].text)...)
			weight := parts.list[j].weight
			for k := j + 1; k < len(parts.list) && k < j+4 && parts.met[k] == 0 && len(text)+len(parts.list[k].text) <= min(len(w.text)+2, longestWord); k++ {
				text = append(text, parts.list[k].text...)
				weight += parts.list[k].weight
				if len(text)+2 < len(w.text) {
					continue
				}
				both := token{text: string(text), script: parts.list[j].script}
				v, _ := wordsAlike(w, &both)
				if v < 0.75 || v < 0.85 && len(text) < 10 && w.script == both.script {
					continue
				}
				whole.met[i] = v
				for x := j; x <= k; x++ {
					parts.met[x] = v
				}
				m.take(max(w.weight, min(weight, 2)), v, true)
				if weight > 1.5 {
					m.met++ // two words in one
				}
				m.say(Together, w.text, string(text), v)
				break
			}
			if whole.met[i] > 0 {
				break
			}
		}
	}
}

func cut(s string) string { return s[:min(len(s), longestWord)] }

// initials lets JC meet Jean-Claude.
func (m *matcher) initials(whole, parts *side, i int) bool {
	w := whole.list[i].text
	for j := 0; len(w) > 1 && j+len(w) <= len(parts.list); j++ {
		fits := true
		for k := range len(w) {
			t := &parts.list[j+k]
			fits = fits && parts.met[j+k] == 0 && t.class == plain && t.text[0] == w[k]
		}
		if fits {
			for k := range len(w) {
				parts.met[j+k] = 0.8
			}
			whole.met[i] = 0.8
			m.take(0.7, 0.8, false)
			m.say(Initial, w, parts.list[j].text, 0.8)
			return true
		}
	}
	return false
}

// cutOff lets the last word of a long name meet one that begins with it: forms have short fields.
func (m *matcher) cutOff(a, b bool) {
	try := func(short, long *side) {
		i := len(short.list) - 1
		if i < 2 || short.met[i] > 0 && short.list[i].class != title || len(short.list[i].text) < 2 {
			return
		}
		t := &short.list[i]
		for j := range long.list {
			if w := &long.list[j]; long.met[j] == 0 && len(w.text) > len(t.text) && w.text[:len(t.text)] == t.text {
				short.met[i], long.met[j] = 0.8, 0.8
				m.take(0.6, 0.8, true)
				m.say(CutOff, t.text, w.text, 0.8)
				return
			}
		}
	}
	if a {
		try(&m.a, &m.b)
	}
	if b {
		try(&m.b, &m.a)
	}
}

// left are the words that met none.
type left struct {
	weight       float64 // of names
	words        int
	generic      float64
	place        string
	number, only bool
}

func (m *matcher) left(s *side) (l left) {
	for i := range s.list {
		t := &s.list[i]
		if s.met[i] > 0 || t.class == particle || t.class == title {
			continue
		}
		switch t.class {
		case number:
			l.number = true
		case place:
			if len(t.native) == 2 { // a country; a continent is a word that many share
				l.place = t.text
			} else {
				l.generic += 0.4
			}
		case generic:
			l.generic += t.weight
		default:
			l.weight += t.weight
			l.words++
		}
	}
	return l
}

// person is the score of two personal names. A word that both have otherwise separates them; words that one of them has alone take
// something away, and much where they are more than what met.
func (m *matcher) person() float64 {
	a, b := m.left(&m.a), m.left(&m.b)
	m.sayLeft(a.words > 0 && b.words > 0)
	if m.all == 0 {
		return 0
	}
	score := m.got / m.all
	if a.words > 0 && b.words > 0 {
		return score * m.all / (m.all + min(a.weight, b.weight)) * 0.65
	}
	alone, words := a.weight+b.weight, a.words+b.words
	switch {
	case m.met == 0:
		score *= 0.5
		m.say(OneName, "", "", 0.5)
	case words == 0:
	case m.met < 2 && !m.initial:
		score *= 0.62
		m.say(OneName, "", "", 0.62)
	default:
		score -= 0.08 * alone
		if words > m.met || words > 2 {
			score -= 0.2
		}
	}
	if a.number != b.number {
		score -= 0.1
	}
	if m.reversed() {
		score *= 0.6
		m.say(Reversed, "", "", 0.6)
	}
	return max(score, 0)
}

// reversed says that the child in one name is the father in the other.
func (m *matcher) reversed() bool {
	for i := range m.a.list {
		f := m.a.list[i].father - 1
		if f < 0 || f >= len(m.a.list) || m.a.with[i] == 0 || m.a.with[f] == 0 {
			continue
		}
		child, father := int(m.a.with[i])-1, int(m.a.with[f])-1
		if m.b.list[father].father-1 == child && m.a.list[i].text != m.a.list[f].text {
			return true
		}
	}
	return false
}

// organisation is the score of two names of organisations or things: what is left of common words counts too, since Trust and
// Securities separate two companies of one group.
func (m *matcher) organisation(x, y *Name) float64 {
	a, b := m.left(&m.a), m.left(&m.b)
	leftA, leftB := a.weight+a.generic, b.weight+b.generic
	if a.place != "" {
		leftA += 0.8
	}
	if b.place != "" {
		leftB += 0.8
	}
	m.sayLeft(leftA > 0 && leftB > 0)
	if m.all == 0 {
		return 0
	}
	score := m.got / m.all
	if leftA > 0 && leftB > 0 {
		return score * m.all / (m.all + min(leftA, leftB)) * 0.75
	}
	score *= m.all / (m.all + 0.45*(a.weight+b.weight+a.generic+b.generic))
	if a.place != b.place {
		score *= 0.68
		m.say(OtherPlace, a.place, b.place, 0.68)
	}
	if a.number && b.number {
		score *= 0.88
		m.say(Numbers, "", "", 0.88)
	} else if a.number || b.number {
		score *= 0.93
		m.say(Numbers, "", "", 0.93)
	}
	if !agree(x.forms, y.forms) {
		score *= 0.9
		m.say(Forms, strings.Join(x.forms, " "), strings.Join(y.forms, " "), 0.9)
	}
	return score
}

// agree says that two names do not have legal forms that contradict each other.
func agree(a, b []string) bool {
	if len(a) == 0 || len(b) == 0 {
		return true
	}
	for _, f := range a {
		for _, g := range b {
			if f == g || f == "any" || g == "any" || f == "corporation" || g == "corporation" {
				return true
			}
		}
	}
	return false
}

// sayLeft tells the words that met none: different where both names have some.
func (m *matcher) sayLeft(both bool) {
	if !m.explain {
		return
	}
	code := Extra
	if both {
		code = Different
	}
	for _, s := range []*side{&m.a, &m.b} {
		for i := range s.list {
			if t := &s.list[i]; s.met[i] == 0 && t.class != particle && t.class != title {
				if s == &m.a {
					m.say(code, t.text, "", 0)
				} else {
					m.say(code, "", t.text, 0)
				}
			}
		}
	}
}

// wordsAlike is how much two words are alike, from 0 to 1, and why.
func wordsAlike(a, b *token) (float64, Code) {
	if a.class == particle || b.class == particle || a.text == "" || b.text == "" {
		return 0, ""
	}
	if a.text != b.text && (digits(a.text) > 1 || digits(b.text) > 1) {
		return 0, "" // YV1004 and YV1007
	}
	if a.native != "" && b.native != "" && a.script == b.script && a.script >= han {
		// Signs that are syllables: another sign is another name, but for one that reads the same.
		switch {
		case a.native == b.native:
			return 1, Same
		case len(a.native) <= 3*5 && a.text == b.text:
			return 0.75, Variant
		case len(a.native) <= 3*5:
			return 0, ""
		}
	}
	switch {
	case a.class == place && b.class == place:
		if a.native == b.native {
			return 1, Same
		}
		return 0, ""
	case a.class == number || b.class == number:
		if a.text == b.text {
			return 1, Same
		}
		return 0, ""
	case a.text == b.text:
		if a.script != b.script {
			return 1, Variant
		}
		return 1, Same
	case len(a.text) == 1 || len(b.text) == 1:
		if a.text[0] == b.text[0] && (a.class == initial || b.class == initial) {
			return 0.8, Initial
		}
		return 0, ""
	}
	if nicknames(a.text, b.text) {
		return 0.85, Nickname
	}
	if v := affix(a.text, b.text); v > 0 {
		return v, Together
	}
	if a.script == han || b.script == han || a.script == hangul || b.script == hangul {
		// Names from elsewhere are told in syllables that have no r, and end with a vowel.
		x, y := strings.ReplaceAll(skeleton(a.text), "r", "l"), strings.ReplaceAll(skeleton(b.text), "r", "l")
		if x == y && len(x) >= 2 {
			return 0.8, Variant
		}
	}
	if (a.script == abjad) != (b.script == abjad) {
		if v := unvowelled(a.text, b.text, a.script == abjad, b.script == abjad); v > 0 {
			return v, Variant
		}
	}
	return spelling(a.text, b.text)
}

// affix lets SiemensAG meet Siemens.
func affix(a, b string) float64 {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(a) < 4 || len(a) == len(b) {
		return 0
	}
	if rest, ok := strings.CutPrefix(b, a); ok && len(rest) > 1 && known().forms[rest] != "" {
		return 0.9
	}
	return 0
}

func digits(s string) int {
	n := 0
	for i := range len(s) {
		if s[i] <= '9' {
			n++
		}
	}
	return n
}

func nicknames(a, b string) bool {
	l := known()
	x := l.same[a]
	if len(x) == 0 {
		return false
	}
	for _, g := range l.same[b] {
		for _, h := range x {
			if g == h {
				return true
			}
		}
	}
	return false
}

// spelling is how much two spellings are alike: 1, where they are the same, to 0.6, where they are as far from each other as two
// spellings of one word may be; 0 beyond. With the same consonants they may be farther (see far).
func spelling(a, b string) (float64, Code) {
	v, c := near(a, b)
	if v >= 0.8 {
		if c == Slip && sameSkeleton(a, b) > 0 {
			c = Variant
		}
		return v, c
	}
	if d := len(a) - len(b); d > 5 || d < -5 {
		return v, c
	}
	if n := sameSkeleton(a, b); n > 1 {
		switch {
		case v > 0:
			return 0.8, Variant
		case n >= 3:
			if allowed := far * budget(max(len(a), len(b))); vowel(a[0]) == vowel(b[0]) && distance(a, b, allowed) <= allowed {
				return 0.75, Variant
			}
		}
	}
	return v, c
}

// far is how much farther two spellings may be from each other where their consonants are the same.
const far = 1.5

// mostLonger is how many signs a spelling may have more than another.
const mostLonger = 5

// near is spelling without the last.
func near(a, b string) (float64, Code) {
	allowed := budget(max(len(a), len(b)))
	if d := len(a) - len(b); d > mostLonger || d < -mostLonger {
		return 0, ""
	}
	if cost := distance(a, b, allowed); cost <= allowed {
		return 1 - 0.4*float64(cost/allowed), Slip
	}
	return 0, ""
}

// unvowelled compares a word of which only the consonants were written with one that has all its sounds.
func unvowelled(a, b string, abjadA, abjadB bool) float64 {
	var p, q [longestWord]byte
	x, y := bones(p[:0], a, !abjadA), bones(q[:0], b, !abjadB)
	same, alike := len(x) == len(y), len(x) == len(y)
	for i := 0; alike && i < len(x); i++ {
		if x[i] != y[i] {
			same = false
			alike = twin(x[i]) == twin(y[i])
		}
	}
	switch {
	case same && len(x) >= 2:
		return 0.85
	case alike && len(x) >= 2:
		return 0.78
	case same && len(x) == 1:
		return 0.7
	case len(x) >= 4 && len(y) >= 4 && distance(string(x), string(y), 1) <= 1:
		return 0.65
	}
	return 0
}

// twin is the class of letters that languages which share them read differently: the dad of Fadl is a z in Fazl, the tha of Wathiq an s
// in Wasiq, the jim of Jamal a g in Gamal.
func twin(c byte) byte {
	switch c {
	case 't', 's', 'x':
		return 's'
	case 'c', 'k':
		return 'k'
	}
	return c
}

// acronym says that a name is the first letters of the other's words.
func acronym(a, b *Name) bool {
	try := func(short, long *Name) bool {
		word := ""
		for i := range short.tokens {
			if t := &short.tokens[i]; t.class == plain {
				if word != "" {
					return false
				}
				word = t.text
			} else if t.class != particle && t.class != place {
				return false
			}
		}
		if len(word) < 3 || len(word) > 8 {
			return false
		}
		if long.Acronym() == word {
			return true
		}
		var all [most]byte // with the small words
		n := min(len(long.tokens), most)
		for i := range n {
			all[i] = long.tokens[i].text[0]
		}
		return string(all[:n]) == word
	}
	return try(a, b) || try(b, a)
}

// Acronym is what the first letters of the words of an organisation's name make; empty where they are too few.
func (n *Name) Acronym() string {
	if n.Kind == Person {
		return ""
	}
	var out [most]byte
	k := 0
	for i := range n.tokens[:min(len(n.tokens), most)] {
		if t := &n.tokens[i]; t.class != particle && t.class != number {
			out[k] = t.text[0]
			k++
		}
	}
	if k < 3 || k > 8 {
		return ""
	}
	return string(out[:k])
}

// String says in a few words why two names are alike or not, for people.
func (r Result) String() string {
	var parts []string
	for _, x := range r.Reasons {
		a, b := x.A, x.B
		var s string
		switch x.Code {
		case Same:
			s = a + " is the same"
		case Variant:
			s = a + " and " + b + " sound alike"
			if a == b {
				s = a + " reads the same in both scripts"
			}
		case Slip:
			s = a + " and " + b + " are near spellings"
		case Nickname:
			s = a + " and " + b + " are forms of one name"
		case Initial:
			s = a + " and " + b + ": initials"
		case Together:
			s = a + " and " + b + " are the same, written together or apart"
		case CutOff:
			s = b + " may have been cut off to " + a
		case Acronym:
			s = a + " and " + b + ": one is the first letters of the other"
		case Extra:
			s = "only one has " + a + b
		case Different:
			s = "one has " + a + b + ", the other has not"
		case Reversed:
			s = "father and child are reversed"
		case Forms:
			s = "legal forms differ (" + a + ", " + b + ")"
		case Numbers:
			s = "numbers differ"
		case OneName:
			s = "too little of the names agrees: one word, or initials"
		case OtherPlace:
			s = "only one names " + a + b
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, "; ")
}

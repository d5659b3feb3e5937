package name

import "strings"

// How far two spellings of a word are from each other: the least cost of the slips and ways of writing that lead from one to the
// other, where what is often confused costs little. It is the distance of Damerau and Levenshtein (Damerau, Comm. ACM 7(3), 1964,
// with adjacent signs changed once) with costs of our choice.

const (
	vowelForVowel = 0.5
	vowelMore     = 0.4
	swapped       = 0.8
)

// alikeCosts are those of signs that stand for like sounds in different ways of writing, or look alike.
var alikeCosts = func() (t [36][36]float32) {
	for i := range t {
		for j := range t {
			if i != j {
				t[i][j] = 1
			}
		}
	}
	set := func(a, b string, c float32) {
		for i := range len(a) {
			for j := range len(b) {
				x, y := index(a[i]), index(b[j])
				if x != y {
					t[x][y], t[y][x] = c, c
				}
			}
		}
	}
	set("aeiou", "aeiou", vowelForVowel)
	set("y", "aeou", vowelForVowel)
	set("bp", "bp", 0.5)
	set("dt", "dt", 0.5)
	set("gk", "gk", 0.5)
	set("ckq", "ckq", 0.2)
	set("gq", "gq", 0.4)
	set("fvw", "fvw", 0.4)
	set("vw", "vw", 0.1)
	set("b", "v", 0.6)
	set("szx", "szx", 0.4)
	set("c", "sz", 0.5)
	set("jy", "jy", 0.3)
	set("i", "jy", 0.15)
	set("j", "gz", 0.5)
	set("h", "kx", 0.6)
	set("x", "k", 0.6)
	set("u", "w", 0.3)
	set("u", "v", 0.5)
	set("o", "w", 0.5)
	set("m", "n", 0.8)
	set("0", "o", 0.2)
	set("1", "li", 0.2)
	set("5", "s", 0.2)
	set("8", "b", 0.2)
	set("2", "z", 0.2)
	set("6", "g", 0.3)
	return t
}()

func index(c byte) int {
	if c >= 'a' {
		return int(c - 'a')
	}
	return int(c-'0') + 26
}

func vowel(c byte) bool {
	switch c {
	case 'a', 'e', 'i', 'o', 'u', 'y':
		return true
	}
	return false
}

// more is what a sign costs that one spelling has and the other has not, by its neighbours.
func more(s string, i int) float32 {
	c := s[i]
	switch {
	case i > 0 && s[i-1] == c:
		return 0.15 // doubled
	case vowel(c):
		if i == 0 {
			return 0.6
		}
		return vowelMore
	case c == 'h':
		return 0.3
	case c == 'c' && i+1 < len(s) && (s[i+1] == 'h' || s[i+1] == 'k'), c == 's' && i+1 < len(s) && s[i+1] == 'c', c == 't' && i+1 < len(s) && (s[i+1] == 's' || s[i+1] == 'c' || s[i+1] == 'z'), c == 'd' && i+1 < len(s) && (s[i+1] == 'j' || s[i+1] == 'z'):
		return 0.3 // sch, ck, tsch, dzh
	case c == 'w':
		return 0.5
	case c == 's' && i == len(s)-1 && i > 3:
		return 0.6
	case c == 'g' && i > 0 && s[i-1] == 'n':
		return 0.5
	}
	return 1
}

const longestWord = 40 // signs of a word that are compared

// distance is the cost from one spelling to another; anything above most is told as more than most.
func distance(a, b string, most float32) float32 {
	a, b = a[:min(len(a), longestWord)], b[:min(len(b), longestWord)]
	if len(a) > len(b) {
		a, b = b, a
	}
	// What both begin and end with costs nothing, and is left out but for one sign, which the next may go with.
	p, q := 0, 0
	for p < len(a) && a[p] == b[p] {
		p++
	}
	for q < len(a)-p && a[len(a)-1-q] == b[len(b)-1-q] {
		q++
	}
	p, q = max(p-1, 0), max(q-1, 0)
	var rows [3][longestWord + 1]float32
	before, last, row := &rows[0], &rows[1], &rows[2]
	var ins [longestWord]float32
	var bi [longestWord]uint8
	wholeA, wholeB := a, b
	a, b = a[p:len(a)-q], b[p:len(b)-q]
	for j := range len(b) {
		ins[j], bi[j] = more(wholeB, p+j), uint8(index(b[j]))
		last[j+1] = last[j] + ins[j]
	}
	leastBefore := float32(0)
	for i := range len(a) {
		del, alike := more(wholeA, p+i), &alikeCosts[index(a[i])]
		row[0] = last[0] + del
		least := row[0]
		left := row[0]
		for j := range len(b) {
			v := last[j] + alike[bi[j]]
			if w := last[j+1] + del; w < v {
				v = w
			}
			if w := left + ins[j]; w < v {
				v = w
			}
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] && a[i] != a[i-1] {
				v = min(v, before[j-1]+swapped)
			}
			// Two signs for one: ph and f, ks and x, rn and m.
			if i > 0 && before[j]+0.2 < v && two(a[i-1], a[i], b[j]) {
				v = before[j] + 0.2
			}
			if j > 0 && last[j-1]+0.2 < v && two(b[j-1], b[j], a[i]) {
				v = last[j-1] + 0.2
			}
			row[j+1] = v
			left = v
			if v < least {
				least = v
			}
		}
		if least > most && leastBefore > most { // a step may leave a row out
			return most + 1
		}
		leastBefore = least
		before, last, row = last, row, before
	}
	return last[len(b)]
}

// measure is distance from one word to many. What a word begins with like the one before is not measured again: words that come in their
// order are measured many times as fast.
type measure struct {
	a      string
	ai     [longestWord]uint8
	del    [longestWord]float32
	rows   [longestWord + 1][longestWord + 1]float32 // after so many signs of b and of a
	least  [longestWord + 1]float32                  // of a row
	before string                                    // the word before
	known  int                                       // how many rows are those of it
}

func newMeasure(a string) *measure {
	m := &measure{a: a[:min(len(a), longestWord)]}
	for j := range len(m.a) {
		m.ai[j], m.del[j] = uint8(index(m.a[j])), more(a, j)
		m.rows[0][j+1] = m.rows[0][j] + m.del[j]
	}
	return m
}

// to is the distance to a word; anything above most is told as more than most. The word must stay as it is until the next.
func (m *measure) to(b string, most float32) float32 {
	b = b[:min(len(b), longestWord)]
	same := 0
	for same < len(b) && same < len(m.before) && b[same] == m.before[same] {
		same++
	}
	// What a sign costs depends on the one behind it.
	m.known, m.before = min(m.known, max(same-1, 0)), b
	a := m.a
	for k := range len(b) {
		if k == m.known {
			m.row(k, a, b)
			m.known++
		}
		if m.least[k+1] > most && m.least[k] > most { // a step may leave a row out
			return most + 1
		}
	}
	return m.rows[len(b)][len(a)]
}

// row measures the k-th sign of b.
func (m *measure) row(k int, a, b string) {
	last, row := &m.rows[k], &m.rows[k+1]
	ins, alike := more(b, k), &alikeCosts[index(b[k])]
	left := last[0] + ins
	row[0] = left
	least := left
	for j := range len(a) {
		v := last[j] + alike[m.ai[j]]
		if w := last[j+1] + ins; w < v {
			v = w
		}
		if w := left + m.del[j]; w < v {
			v = w
		}
		if k > 0 {
			before := &m.rows[k-1]
			if j > 0 && b[k] == a[j-1] && b[k-1] == a[j] && b[k] != b[k-1] {
				v = min(v, before[j-1]+swapped)
			}
			if before[j]+0.2 < v && two(b[k-1], b[k], a[j]) {
				v = before[j] + 0.2
			}
		}
		if j > 0 && last[j-1]+0.2 < v && two(a[j-1], a[j], b[k]) {
			v = last[j-1] + 0.2
		}
		row[j+1] = v
		left = v
		if v < least {
			least = v
		}
	}
	m.least[k+1] = least
}

func two(x, y, one byte) bool {
	switch one {
	case 'f':
		return x == 'p' && y == 'h'
	case 'x':
		return x == 'k' && y == 's' || x == 's' && y == 'h'
	case 'm':
		return x == 'r' && y == 'n'
	case 'd':
		return x == 'c' && y == 'l'
	case 'w':
		return x == 'v' && y == 'v' || x == 'o' && y == 'u'
	case 'j':
		return x == 'd' && y == 'z' || x == 'z' && y == 'h'
	case 'q':
		return x == 'c' && y == 'h'
	case 'z':
		return x == 't' && y == 's'
	case 'u':
		return x == 'o' && (y == 'o' || y == 'u')
	case 'i':
		return x == 'e' && (y == 'e' || y == 'y')
	}
	return false
}

// budget is the cost up to which two spellings of a length may be one word.
func budget(n int) float32 {
	switch {
	case n <= 1:
		return 0
	case n <= 3:
		return 0.5
	case n == 4:
		return 0.9
	case n == 5:
		return 1.2
	case n <= 7:
		return 1.5
	case n <= 9:
		return 1.8
	}
	return 2
}

// skeleton is a word without its vowels, in classes of sounds that languages do not keep apart in writing: what is left of it in
// Arabic and Hebrew.
func skeleton(s string) string {
	var buf [longestWord]byte
	return string(bones(buf[:0], s, true))
}

// sameSkeleton is how many sounds the skeleton of two words has, 0 if they are not the same.
func sameSkeleton(a, b string) int {
	var x, y [longestWord]byte
	p, q := bones(x[:0], a, true), bones(y[:0], b, true)
	if string(p) != string(q) {
		return 0
	}
	return len(p)
}

// bones writes a skeleton; with doubled, a sound that stands twice in a row is one, as it is not where vowels are not written.
func bones(out []byte, s string, doubled bool) []byte {
	last := byte(0) // the class of the sign before, 0 for a vowel: doubled sounds are one, but not those with a vowel between them
	for i := 0; i < len(s) && len(out) < longestWord; i++ {
		next := byte(0)
		if i+1 < len(s) {
			next = s[i+1]
		}
		c := byte(0)
		switch s[i] {
		case 'b':
			c = 'b'
		case 'p':
			c = 'b'
			if next == 'h' {
				c = 'f'
			}
		case 'f':
			c = 'f'
		case 'v', 'w':
			if i == 0 { // elsewhere a vowel where vowels are written with them
				c = 'f'
			}
		case 'd', 't':
			c = 't'
			if rest := s[i+1:]; strings.HasPrefix(rest, "ch") || strings.HasPrefix(rest, "sch") || strings.HasPrefix(rest, "j") || strings.HasPrefix(rest, "zh") {
				c = 0 // tch, tsch, dj, dzh: one sound
			}
		case 'c':
			c = 'k'
			if next == 'h' {
				c = 'c'
			} else if next == 'e' || next == 'i' || next == 'y' {
				c = 's'
			}
		case 'g', 'k', 'q':
			c = 'k'
			if s[i] == 'g' && i > 0 && s[i-1] == 'n' && i+1 == len(s) {
				c = 0
			}
		case 's', 'z':
			c = 's'
			if s[i] == 'z' && next == 'h' {
				c = 'c'
			} else if next == 'h' || s[i] == 's' && next == 'c' && i+2 < len(s) && s[i+2] == 'h' {
				c = 'x'
			}
		case 'x':
			c = 'x'
		case 'j':
			c = 'c'
		case 'h':
			switch last {
			case 'b', 'c', 'f', 'k', 't', 'x', 's':
				continue // part of the sign before it
			}
		default:
			if s[i] >= '0' && s[i] <= '9' || s[i] == 'm' || s[i] == 'n' || s[i] == 'l' || s[i] == 'r' {
				c = s[i]
			}
		}
		if c == 'c' && s[i] == 'c' && last == 'x' {
			continue // sch
		}
		if c != 0 && (c != last || !doubled) {
			out = append(out, c)
		}
		last = c
	}
	return out
}

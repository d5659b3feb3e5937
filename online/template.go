package online

import (
	"math/bits"
	"slices"
)

// Templates are found by the shortest description: to tell a text by what it has in common with another, and how it
// differs, costs fewer bits than to tell it word by word, if they were made from one template. The costs are those of
// InfoShield (Lee et al., ICDE 2021, section 4), which was written for adverts of this kind; pairs are aligned with the
// head of a group here, and not with a graph of all.
const wordBits = 16 // to name a word out of all

// logStar is the length of a number in the universal code for integers.
func logStar(n int) int {
	if n <= 1 {
		return 1
	}
	return 2*bits.Len(uint(n-1)) + 1
}

func log2(n int) int { return bits.Len(uint(max(n, 2) - 1)) }

func costAlone(n int) int { return logStar(n) + n*wordBits }

// alignment is how a text goes along with a head: for each word of the head the place of the equal word in the text, or
// -1.
type alignment struct {
	at    []int16
	cost  int // of the text, told by the head alone
	words int // of the text
}

// aligner holds what alignments need, to be used again.
type aligner struct{ score []int16 }

// align finds the longest common subsequence of two texts and what the second costs by it: h steps, of which each that
// is no match says where it is and what (two bits), and a new word where there is one.
func (al *aligner) align(head, text []uint32) alignment {
	n, m := len(head), len(text)
	w := m + 1
	if need := (n + 1) * w; cap(al.score) < need {
		al.score = make([]int16, need)
	}
	s := al.score[:(n+1)*w]
	for j := range w {
		s[n*w+j] = 0
	}
	for i := n - 1; i >= 0; i-- {
		row, below := s[i*w:i*w+w], s[(i+1)*w:(i+1)*w+w]
		row[m] = 0
		h := head[i]
		for j := m - 1; j >= 0; j-- {
			best := max(below[j], row[j+1])
			if h == text[j] {
				best = max(best, below[j+1]+1)
			}
			row[j] = best
		}
	}
	a := alignment{at: make([]int16, n), words: m}
	common := int(s[0])
	for i := range a.at {
		a.at[i] = -1
	}
	for i, j := 0, 0; i < n && j < m; {
		switch {
		case head[i] == text[j]:
			a.at[i] = int16(j)
			i, j = i+1, j+1
		case s[(i+1)*w+j] >= s[i*w+j+1]:
			i++
		default:
			j++
		}
	}
	// A word that is replaced is one step, so unmatched words of both sides stand against each other.
	gaps := max(n, m) - common
	steps := common + gaps
	a.cost = logStar(steps) + steps + gaps*(log2(steps)+2) + (m-common)*wordBits
	return a
}

// template is what the texts of a family have in common: the constant words of the head, in order, and between which of
// them there are slots.
type template struct {
	constant []bool // of each word of the head
	slot     []bool // before each word of the head, and one more behind the last
	cost     int    // of the template and all its texts
}

// fit makes the cheapest template for texts that were aligned with a head: a word of the head is constant where at least
// a number of texts has it, and that number is searched for.
func fit(head []uint32, list []alignment) template {
	n := len(head)
	support := make([]int, n)
	for _, a := range list {
		for i, j := range a.at {
			if j >= 0 {
				support[i]++
			}
		}
	}
	levels := slices.Clone(support)
	slices.Sort(levels)
	levels = slices.Compact(levels)
	if len(levels) > 12 { // the cost has one valley: steps of a twelfth find it nearly
		few := make([]int, 0, 13)
		for k := range 12 {
			few = append(few, levels[k*len(levels)/12])
		}
		levels = append(few, levels[len(levels)-1])
	}
	best := template{cost: int(^uint(0) >> 1)}
	for _, least := range levels {
		constant := make([]bool, n)
		for i := range constant {
			constant[i] = support[i] >= least && support[i]*2 > len(list)
		}
		if t := price(head, list, constant); t.cost < best.cost {
			best = t
		}
	}
	return best
}

// price tells what the template of these constants and all texts by it cost, with slots where they are cheaper.
func price(head []uint32, list []alignment, constant []bool) template {
	n, v := len(head), 0
	for _, c := range constant {
		if c {
			v++
		}
	}
	t := template{constant: constant, slot: make([]bool, n+1)}
	if v == 0 {
		t.cost = int(^uint(0) >> 1)
		return t
	}
	step := log2(v) + 2
	asSlot, asSteps, words := make([]int, n+1), make([]int, n+1), make([]int, n+1)
	for _, a := range list {
		t.cost += logStar(v) + v
		gap, from := 0, 0 // the gap before constant number gap begins at word from of the text
		between := func(to int) {
			k := to - from
			asSlot[gap] += 1 + logStar(k) + k*wordBits
			asSteps[gap] += k * (step + wordBits)
			words[gap] += k
		}
		for i := range n {
			if !constant[i] {
				continue
			}
			if a.at[i] < 0 {
				t.cost += step // the constant is missing
				continue
			}
			between(int(a.at[i]))
			gap, from = i+1, int(a.at[i])+1
		}
		between(a.words)
	}
	slots := 0
	for g := range asSlot {
		if words[g] > 0 && asSlot[g]+log2(v) < asSteps[g] {
			t.slot[g] = true
			t.cost += asSlot[g]
			slots++
		} else {
			t.cost += asSteps[g]
		}
	}
	t.cost += logStar(v) + v*wordBits + (slots+1)*log2(v)
	return t
}

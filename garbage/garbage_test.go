package garbage

import (
	"runtime/debug"
	"testing"
)

// holds is the percentage that holds.
func holds() int {
	p := debug.SetGCPercent(100)
	debug.SetGCPercent(p)
	return p
}

func TestTheLowestThatWasAskedForHolds(t *testing.T) {
	first := holds()
	defer debug.SetGCPercent(first)
	for _, c := range []struct{ before, ask, then, one, both, left int }{
		{100, 200, 25, 200, 25, 200},
		{100, 25, 200, 25, 25, 25},
		{50, 200, 25, 50, 25, 50},    // sooner
		{10, 200, 25, 10, 10, 10},    // sooner than anybody asks
		{-1, 200, 25, -1, -1, -1},    // never
		{300, 200, 25, 200, 25, 200}, // later
	} {
		debug.SetGCPercent(c.before)
		end := Percent(c.ask)
		if got := holds(); got != c.one {
			t.Errorf("%+v: one asked, %d holds", c, got)
		}
		other := Percent(c.then)
		if got := holds(); got != c.both {
			t.Errorf("%+v: two asked, %d holds", c, got)
		}
		other()
		other()
		if got := holds(); got != c.left {
			t.Errorf("%+v: one is left, %d holds", c, got)
		}
		end()
		if got := holds(); got != c.before {
			t.Errorf("%+v: nobody asks, %d holds", c, got)
		}
	}
}

// Package garbage says how much garbage may lie about before the runtime collects it, while something is done whose use of
// memory is known. The setting is the process's: of several that are in force the lowest holds, and when none is, whatever held
// before.
package garbage

import (
	"runtime/debug"
	"slices"
	"sync"
)

var now struct {
	sync.Mutex
	asked  []int
	before int // what held when nobody had asked
}

// Percent asks that garbage is collected when there is so much of it, in percent of what is in use (GOGC), until end is called.
func Percent(percent int) (end func()) {
	now.Lock()
	defer now.Unlock()
	if len(now.asked) == 0 {
		now.before = debug.SetGCPercent(percent)
	}
	now.asked = append(now.asked, percent)
	set()
	return sync.OnceFunc(func() {
		now.Lock()
		defer now.Unlock()
		i := slices.Index(now.asked, percent)
		now.asked = slices.Delete(now.asked, i, i+1)
		set()
	})
}

// set sets the lowest that was asked for. Where the process was told to collect sooner, or never to, that holds.
func set() {
	percent := now.before
	if len(now.asked) > 0 && (now.before >= 100 || now.before > slices.Min(now.asked)) {
		percent = slices.Min(now.asked)
	}
	debug.SetGCPercent(percent)
}

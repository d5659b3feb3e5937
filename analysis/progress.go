package analysis

import "time"

// Progress is told of the stages of a long piece of work; nil is nobody. Its methods are called by one goroutine but
// for Add, which may be called by several.
type Progress interface {
	// Stage begins a stage of total units ("B" for bytes, else what is counted); 0 where the total is not known.
	Stage(name string, total int64, unit string)
	Add(n int64)
	Done(took time.Duration)
}

// progress lets code report to nobody.
type stage struct {
	p     Progress
	start time.Time
}

type quiet struct{}

func (quiet) Stage(string, int64, string) {}
func (quiet) Add(int64)                   {}
func (quiet) Done(time.Duration)          {}

// Quiet reports to nobody.
var Quiet Progress = quiet{}

func begin(p Progress, name string, total int64, unit string) *stage {
	if p == nil {
		p = Quiet
	}
	p.Stage(name, total, unit)
	return &stage{p, time.Now()}
}

func (s *stage) add(n int64) { s.p.Add(n) }

func (s *stage) done() time.Duration {
	d := time.Since(s.start)
	s.p.Done(d)
	return d
}

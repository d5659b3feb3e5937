package main

import (
	"io"
	"os"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"tarir/analysis"
)

// progress draws a bar a stage on a terminal and nothing elsewhere.
type progress struct {
	p    *mpb.Progress
	bar  *mpb.Bar
	last time.Time
}

var _ analysis.Progress = (*progress)(nil)

func newProgress(w io.Writer, quiet bool) *progress {
	f, ok := w.(*os.File)
	if quiet || !ok || !term.IsTerminal(int(f.Fd())) {
		return &progress{}
	}
	return &progress{p: mpb.New(mpb.WithOutput(w), mpb.WithWidth(40))}
}

func (p *progress) Stage(name string, total int64, unit string) {
	if p.p == nil {
		return
	}
	rate := decor.EwmaSpeed(decor.SizeB1000(0), "% .1f", 30)
	done := decor.CountersKiloByte("% .1f / % .1f")
	if unit != "B" {
		rate = decor.EwmaSpeed(0, "%.0f "+unit+"/s", 30)
		done = decor.CountersNoUnit("%d / %d")
	}
	p.bar = p.p.AddBar(total,
		mpb.PrependDecorators(decor.Name(name, decor.WCSyncSpaceR), done),
		mpb.AppendDecorators(rate, decor.OnComplete(decor.EwmaETA(decor.ET_STYLE_GO, 30), "")),
	)
	p.last = time.Now()
}

func (p *progress) Add(n int64) {
	if p.bar != nil {
		p.bar.EwmaIncrInt64(n, time.Since(p.last))
		p.last = time.Now()
	}
}

func (p *progress) Done(time.Duration) {
	if p.bar != nil {
		p.bar.SetTotal(-1, true)
		p.bar = nil
	}
}

// close ends the drawing; calling it twice does nothing.
func (p *progress) close() {
	if p.p != nil {
		if p.bar != nil {
			p.bar.Abort(false)
		}
		p.p.Wait()
		p.p = nil
	}
}

package node

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"tarir/casework"
	"tarir/chart"
)

// A picture whose reading fails as no error foresees is none; the node goes on, nothing of the entry is told, and it is read again
// when it is asked for again.
func TestAFailureInTheBackgroundEndsNothing(t *testing.T) {
	p := &pictures{}
	defer p.close()
	c := &casework.Case{ID: "c"}
	of := func(read func(context.Context, *drawn) (*chart.Picture, error)) error {
		d, err := p.of(c, time.Now(), read)
		if err != nil {
			t.Fatal(err)
		}
		return d.wait(t.Context(), 0)
	}
	err := of(func(context.Context, *drawn) (*chart.Picture, error) {
		var list []string
		return nil, errors.New(list[len("Ana Ficticia")])
	})
	if !errors.Is(err, errUnsound) || strings.Contains(err.Error(), "Ana") || !strings.Contains(err.Error(), "TestAFailureInTheBackgroundEndsNothing") {
		t.Errorf("told: %v", err)
	}
	if err := of(func(context.Context, *drawn) (*chart.Picture, error) { panic("of Ana Ficticia") }); !errors.Is(err, errUnsound) || strings.Contains(err.Error(), "Ana") {
		t.Errorf("told: %v", err)
	}
	if err := of(func(context.Context, *drawn) (*chart.Picture, error) { return chart.New(), nil }); err != nil {
		t.Errorf("read again: %v", err)
	}
}

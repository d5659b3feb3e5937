package typology

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestTailsAreThoseOfTheTextbook(t *testing.T) {
	for _, c := range []struct {
		got, want float64
	}{
		{binomialTail(8, 10, 0.5), 56.0 / 1024},
		{binomialTail(1, 3, 0.1), 1 - 0.729},
		{binomialTail(4, 3, 0.9), 0},
		{binomialTail(0, 3, 0), 1},
		{poissonTail(1, 2), 1 - math.Exp(-2)},
		{poissonTail(3, 1), 1 - 2.5*math.Exp(-1)},
	} {
		if math.Abs(c.got-c.want) > 1e-9 {
			t.Errorf("want %g, got %g", c.want, c.got)
		}
	}
}

func TestSizeClassesKeepTheOrderOfAmounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.Int64Range(0, 1<<50-1).Draw(t, "a")
		b := rapid.Int64Range(0, 1<<50-1).Draw(t, "b")
		if a <= b && sizeClass(a) > sizeClass(b) || sizeClass(a) >= sizeClasses {
			t.Fatalf("%d is of class %d, %d of %d", a, sizeClass(a), b, sizeClass(b))
		}
		if a >= 32 && sizeClass(a+a/15+1) == sizeClass(a) {
			t.Fatalf("%d and a fifteenth more are of one class", a)
		}
	})
}

package typology

import (
	"testing"

	"tarir/money/flow"
)

func covered(times ...[3]int64) *coverage { // first day, last day, payments a day
	first, last := times[0][0], times[0][1]
	for _, t := range times {
		first, last = min(first, t[0]), max(last, t[1])
	}
	c := newCoverage(first*flow.Day, last*flow.Day)
	for _, t := range times {
		for d := t[0]; d <= t[1]; d++ {
			for range t[2] {
				c.add([]flow.Entry{flow.NewEntry(1, d*flow.Day)})
			}
		}
	}
	c.finish()
	return c
}

func TestCoverageLeavesOutAStrayStatementOfYearsBefore(t *testing.T) {
	c := covered([3]int64{100, 101, 3}, [3]int64{5000, 5240, 50})
	if days := c.total / flow.Day; days < 230 || days > 241 {
		t.Errorf("covered %.0f days; 240 hold nearly all payments", days)
	}
	if since := c.since(5200*flow.Day) / flow.Day; since < 5000 || since > 5030 {
		t.Errorf("watched since day %d; the ledger's bulk begins on day 5000", since)
	}
	if at := int64(3000 * flow.Day); c.since(at) != at {
		t.Error("a time without payments counts as watched")
	}
}

func TestCoverageOfTwoFilesYearsApartIsTheirSum(t *testing.T) {
	c := covered([3]int64{0, 99, 20}, [3]int64{2000, 2199, 30})
	if days := c.total / flow.Day; days < 270 || days > 300 {
		t.Errorf("covered %.0f days of 298", days)
	}
	if since := c.since(2100*flow.Day) / flow.Day; since < 2000 {
		t.Errorf("watched since day %d, across years without a payment", since)
	}
}

func TestCoverageOfASparseLedgerIsItsWholeTime(t *testing.T) {
	var weekly [][3]int64
	for d := int64(0); d < 365; d += 7 {
		weekly = append(weekly, [3]int64{d, d, 1})
	}
	c := covered(weekly...)
	if days := c.total / flow.Day; days != 364 {
		t.Errorf("covered %.0f days of 364", days)
	}
}

func TestCoverageOfOnePaymentIsADay(t *testing.T) {
	if c := covered([3]int64{10, 10, 1}); c.total != flow.Day {
		t.Errorf("covered %.0f seconds", c.total)
	}
}

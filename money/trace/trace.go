package trace

import (
	"fmt"
	"slices"

	"tarir/money/flow"
	"tarir/money/ledger"
)

// Policy says which money leaves an account that holds traced and other money.
type Policy uint8

// The policies.
const (
	Haircut Policy = iota
	FIFO
	LIFO
	Poison
	// Presumed is the presumption of the courts about a wrongdoer: who pays others pays with their own money first (Re
	// Hallett's Estate, 1880), so that what is traced stays as long as the balance covers it and no longer (Roscoe v Winder,
	// 1915); and what goes to those Inside, or pays a Cost of the trade, is what the money is there for. What is drawn in cash
	// is taken to be traced money too: nobody is told to restrain what may have left.
	Presumed
)

var policyNames = []string{"haircut", "fifo", "lifo", "poison", "presumed"}

func (p Policy) String() string { return policyNames[p] }

// ParsePolicy reads a policy's name.
func ParsePolicy(s string) (Policy, error) {
	if i := slices.Index(policyNames, s); i >= 0 {
		return Policy(i), nil
	}
	return 0, fmt.Errorf("there is no policy %q: haircut, fifo, lifo, poison and presumed are the policies", s)
}

// Seed is where traced money starts: an amount that one payment brought to an account (forward), or that it took from
// one (backward).
type Seed struct {
	Row      int64 // ledger row of the payment; -1 where the account's balance itself is traced
	Account  flow.Account
	Peer     flow.Account // the payment's other side
	At       int64
	Amount   int64
	Currency uint8
	How      How // where the payment itself took the money out of the data: Cash, Crypto
}

// Options bound a trace. The zero value follows haircut, forward, without bounds but MaxLots' default.
type Options struct {
	Policy   Policy
	Backward bool
	Until    int64 // last second that is followed; 0: to the end
	Hops     int   // payments a lot may go through; 0: any number
	Dust     int64 // lots of this amount or less, in the currency's unit, are not followed; at least 1
	MaxLots  int   // most lots; 0: ten million
	Hub      func(flow.Account) bool
	Inside   func(flow.Account) bool // those to whom traced money goes first by the policy Presumed; nil: nobody
	Cost     func(row int64) bool    // purchases, by ledger row, that are costs of the trade: paid with traced money first by the policy Presumed; nil: none
	Covered  func(flow.Account) bool // whether the ledger would see the account pay; nil: always
}

// Lot is traced money that a payment brought to an account. A trace may have millions: the fields stand so that each takes 48 bytes.
type Lot struct {
	Row      int64
	At       int64
	Amount   int64
	Rest     int64 // of it, what is still there at the end
	Parent   int32 // lot that it came out of; -1 for a seed. Where an account's lots are pooled, its first.
	Account  flow.Account
	Hops     uint16
	Currency uint8
	How      How // why the trace ends here, if it does
}

// How says why traced money is where it is.
type How uint8

// The ways in which a trace ends.
const (
	Passed      How = iota // it went on
	Held                   // on the account at the end of the data
	Cash                   // drawn in cash
	Outside                // to a side the source does not name
	Institution            // to an institution whose payments the ledger does not have
	Crypto                 // into crypto-assets
	Hub                    // into an account of very many counterparties, where money is pooled
	Limit                  // a bound of the question ended it
)

var howNames = []string{"passed on", "held", "cash", "outside", "other institution", "crypto", "hub", "limit"}

func (h How) String() string { return howNames[h] }

// Rest is traced money at one place.
type Rest struct {
	Account  flow.Account
	How      How
	Amount   int64
	Currency uint8
	At       int64 // when the last of it came
	Lots     []int32
}

// Total is the account of one currency: Started + ExchangedIn = Held + Left + ExchangedOut.
type Total struct {
	Started, ExchangedIn, Held, Left, ExchangedOut int64
}

// Result is what a trace gives.
type Result struct {
	Lots      []Lot
	Rests     []Rest  // largest first, by currency
	Totals    []Total // by currency of the graph
	Truncated bool    // MaxLots was reached: money is where it was then
	Events    int64   // payments looked at
}

// Ends says whether the way of a payment takes money out of the data.
func Ends(c ledger.Channel, backward bool) How {
	switch c {
	case ledger.ChannelCashWithdrawal:
		if !backward {
			return Cash
		}
	case ledger.ChannelCashDeposit:
		if backward {
			return Cash
		}
	case ledger.ChannelCrypto:
		return Crypto
	}
	return Passed
}

// Path lists the lots from a seed to the given lot.
func (r *Result) Path(lot int32) []int32 {
	var out []int32
	for ; lot >= 0; lot = r.Lots[lot].Parent {
		out = append(out, lot)
	}
	slices.Reverse(out)
	return out
}

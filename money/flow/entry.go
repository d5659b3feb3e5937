package flow

import (
	"time"

	"tarir/money/ledger"
)

// Account is an account's number in the ledger; 0 is Outside.
type Account uint32

// Outside is where cash comes from and goes to.
const Outside Account = 0

// Entry is one payment as one of its sides sees it.
type Entry struct {
	peer uint32 // 28 bits account, 4 bits channel
	at   uint32 // seconds since 1970 UTC
	meta uint64 // 1 bit date only, 8 bits currency, 55 bits amount
}

const (
	peerBits    = 28
	maxAccounts = 1 << peerBits
	amountBits  = 55
	amountMask  = 1<<amountBits - 1
	dateOnlyBit = 1 << 63
)

func newEntry(peer uint32, channel ledger.Channel, at uint32, amount int64, currency uint8, dateOnly bool) Entry {
	meta := uint64(currency)<<amountBits | uint64(amount)&amountMask
	if dateOnly {
		meta |= dateOnlyBit
	}
	return Entry{peer | uint32(channel)<<peerBits, at, meta}
}

// Peer is the account on the other side.
func (e Entry) Peer() Account { return Account(e.peer & (maxAccounts - 1)) }

// Channel is the way the payment went.
func (e Entry) Channel() ledger.Channel { return ledger.Channel(e.peer >> peerBits) }

// At is the second since 1970 UTC; for a payment of which only the day is known, the day's first.
func (e Entry) At() int64 { return int64(e.at) }

// Time is At as a time in UTC.
func (e Entry) Time() time.Time { return time.Unix(int64(e.at), 0).UTC() }

// Amount is what this side paid or received, in the graph's unit of Currency (see Graph.Currency).
func (e Entry) Amount() int64 { return int64(e.meta & amountMask) }

// Currency is an index into the graph's currencies. Amounts compare only where it is equal.
func (e Entry) Currency() uint8 { return uint8(e.meta >> amountBits) }

// DateOnly says that the time of the day is not known.
func (e Entry) DateOnly() bool { return e.meta&dateOnlyBit != 0 }

// Day and Week in seconds, the unit of At.
const (
	Hour = 3600
	Day  = 24 * Hour
)

// NewEntry makes an entry of a counterparty and a second alone, for tests of what reads lists.
func NewEntry(peer Account, at int64) Entry { return Entry{peer: uint32(peer), at: uint32(at)} }

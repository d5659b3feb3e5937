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
	meta uint64 // 1 bit date only, 1 bit merchant, 4 bits purpose, 8 bits currency, 50 bits amount
}

const (
	peerBits    = 28
	maxAccounts = 1 << peerBits

	amountBits  = 50
	amountMask  = 1<<amountBits - 1
	amountDigit = 15 // decimal digits that always fit
	purposeAt   = amountBits + 8
	merchantBit = 1 << 62
	dateOnlyBit = 1 << 63
)

// Peer is the account on the other side.
func (e Entry) Peer() Account { return Account(e.peer & (maxAccounts - 1)) }

// Channel is the way the payment went.
func (e Entry) Channel() ledger.Channel { return ledger.Channel(e.peer >> peerBits) }

// At is the second since 1970 UTC; for a payment of which only the day is known, the day's first.
func (e Entry) At() int64 { return int64(e.at) }

// Time is At as a time in UTC.
func (e Entry) Time() time.Time { return time.Unix(int64(e.at), 0).UTC() }

// Amount is what this side paid or received, in the graph's unit of Currency (see Graph.Currencies).
func (e Entry) Amount() int64 { return int64(e.meta & amountMask) }

// Currency is an index into the graph's currencies. Amounts compare only where it is equal.
func (e Entry) Currency() uint8 { return uint8(e.meta >> amountBits) }

// Purpose is what the payment says it is for.
func (e Entry) Purpose() Purpose { return Purpose(e.meta >> purposeAt & 15) }

// Merchant says that the payment names a merchant category; Context has it.
func (e Entry) Merchant() bool { return e.meta&merchantBit != 0 }

// Purchase says that a shop was paid by card.
func (e Entry) Purchase() bool { return e.Merchant() && e.Channel() == ledger.ChannelCard }

// DateOnly says that the time of the day is not known.
func (e Entry) DateOnly() bool { return e.meta&dateOnlyBit != 0 }

// Hour and Day in seconds, the unit of At.
const (
	Hour = 3600
	Day  = 24 * Hour
)

// NewEntry makes an entry of a counterparty and a second alone, for tests of what reads lists.
func NewEntry(peer Account, at int64) Entry { return Entry{peer: uint32(peer), at: uint32(at)} }

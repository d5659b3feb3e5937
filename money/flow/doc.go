// Package flow is the temporal payment graph in memory: for each account its payments out and in, each list in order of
// time, as contiguous arrays that detectors and traces scan.
//
// # Shape
//
// An Entry is 16 bytes: the other side, the channel, the second, the amount and its currency, what the payment is for
// and whether a shop was paid. Each payment has one in its payer's list and one in its receiver's, four bytes that lead
// back to its row in the ledger, and three that lead to its merchant category, place and device: 39 bytes a payment and
// eight per account. Only booked payments are in the graph. Account 0 is the world outside: cash, and sides that the
// source does not name.
//
// Amounts have 50 bits. A currency's unit in the graph is the finest that the ledger holds of it, or coarser where the
// ledger's largest amount would not fit; then amounts are rounded to fifteen digits. The ledger keeps them exact.
//
// # Slabs
//
// The graph is a few slabs, each built from a run of ledger segments and never changed. New segments make a new slab, and
// the last two are merged while the last is at least half as large as the one before it, so adding a day costs that day
// and now and then a merge: n log n over all time. A View joins an account's lists from the slabs in which it occurs.
//
// Slabs are kept in a folder beside the ledger and mapped into memory from there; the checksum of each is verified when
// it is opened, so opening costs one reading of the files and no decoding. A slab that is damaged, or made by another
// version or with other units of money, is built anew.
//
// # Cost
//
// Building reads two columns of each segment to count and the rest to place, with all processors: linear in the payments,
// with one random write a payment and direction. Lists whose rows do not arrive in order of time are sorted afterwards.
// docs/performance.md has the figures.
package flow

// Package flow is the temporal payment graph in memory: for each account its payments out and in, each list in order of
// time, as contiguous arrays that detectors and traces scan.
//
// # Shape
//
// An Entry is 16 bytes: the other side, the channel, the second, the amount and its currency. Each payment has one in
// its payer's list and one in its receiver's, and four bytes that lead back to its row in the ledger: 36 bytes a
// payment, plus four where the payments have a merchant category, place, device or purpose, plus eight per account. Only
// booked payments are in the graph. Account 0 is the world outside: cash, and sides that the source does not name.
//
// The graph is a few slabs, each built from a run of ledger segments. New segments make a new slab, and slabs are merged
// when the new one has grown to half of the one before it, so adding a day costs that day and, now and then, a merge:
// n log n over all time. A View joins an account's lists from the slabs it occurs in.
//
// # Cost
//
// Building reads two columns once to count and the rest once to place: linear in the payments, with one random write a
// payment and direction. docs/performance.md has the figures. Lists whose rows do not arrive in order of time are sorted
// afterwards.
//
// Slabs can be written to a folder and are then memory-mapped: opening a graph of any size takes milliseconds, and the
// operating system decides what stays in memory.
package flow

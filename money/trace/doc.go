// Package trace follows money lot by lot in order of time: forward from payments or accounts to where it rests, leaves
// the data or ends, and backward to where it came from.
//
// # Lots and policies
//
// A lot is an amount of traced money that one payment brought to one account. When an account that holds traced money
// and other money pays, the policy says which of it leaves:
//
//   - Poison: traced money first. Whatever leaves is traced as long as traced money is left. This is the conservative
//     reading of "one drop taints": it marks no more than came in, where marking whole payments would create money.
//   - Haircut: in proportion to what the account holds.
//   - FIFO: what came first leaves first (Clayton's case).
//   - LIFO: what came last leaves first.
//
// Backward the same is read from the end: the money that a payment took from an account, and what stayed there, came from
// the account's credits by the same policy.
//
// What an account held before is what its payments in the ledger leave it, never below zero: an unknown opening balance
// counts as nothing. A payment beyond the known balance takes everything traced with it and the rest from money that the
// ledger does not know.
//
// # What is guaranteed
//
// Traced money is conserved, exactly, in each currency: started + exchanged in = held + left + exchanged out. Nothing is
// rounded away: a share is rounded down and what remains stays in the account; amounts at or below Options.Dust stay
// where they are. The same question gives the same answer.
//
// # Cost
//
// Only accounts that hold traced money are looked at, through a heap of their next payments: m log k for m payments of k
// such accounts, however large the ledger. Memory is one record of 48 bytes a lot. Hubs end a trace: money in a payroll processor's
// or an acquirer's account is pooled beyond following, and is reported as having left into a hub.
package trace

// Package analysis holds the use cases over one ledger: reading inputs into it, analysing it, tracing money, comparing results with
// a known truth, measuring. It knows all packages of that way; the command line and a node know only this one.
package analysis

// Package node holds the use cases: reading inputs into a ledger, analysing it, tracing money, comparing results with
// a known truth, measuring. It alone knows all other packages; the command line and the pages know only this one.
package node

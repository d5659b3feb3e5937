// Package match answers whether a person, an organisation, a vessel, a number or an account is known: an index of records on disk,
// and a score of a record against what is asked that explains itself.
//
//	record.go  what is kept of an entity
//	pairs.go   pairs of names, for measuring
package match

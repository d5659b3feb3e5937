// Package match answers whether a person, an organisation, a vessel, a number or an account is known: an index of records on disk,
// and a score of a record against what is asked that explains itself.
//
//	record.go  what is kept of an entity
//	build.go   from records to a segment
//	segment.go the file of a segment: what stands where
//	index.go   the segments in force, their changes, and questions to them
//	search.go  which records are worth comparing with a question
//	score.go   how much a record and a question agree, and why
//	aliases.go measuring by the aliases of published lists
//	rates.go   how often questions about people are answered rightly, with dates and countries
//	pairs.go   pairs of names, for measuring
package match

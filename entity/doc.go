// Package entity holds who and what: people, companies, accounts and their ties, in the shape of FollowTheMoney
// (https://followthemoney.tech): a schema name and properties, each a list of strings.
//
// Decode and Encode read and write its JSON lines without loss. Selectors (phone, e-mail, IBAN, wallet, plate, document)
// are brought to one spelling here and nowhere else; Finder finds them in running text, however they are written. Resolve
// merges entities that are the same by strong selectors, suggests where weak ones are shared, and refuses to make one
// person of two who contradict each other.
//
// An entity knows where it was told, and a merged one what it was put together from: every value has its provenance, and
// every merge can be undone.
package entity

// Package online reads what adverts and posts show: contacts, near-duplicate families and the template behind each, places
// and movement, prices, and signals of exploitation and recruitment, each with the words it stands on.
//
// Persons in adverts are possible victims. They are never suspects here, wording that points to a minor raises a safeguard
// before anything else, and images are known by perceptual hashes alone.
package online

// Package signal finds the typologies that need more than payments: adverts, journeys, and what is told of people and
// companies, alone or together with payments. Their parameters stand in the same indicator pack as those of payments, and
// what they emit joins the findings of payments by subject (typology.Options.Beside).
//
// One file a typology. A detector is a plain function over the Input; it emits hits with their indicators, the words and
// numbers they stand on, and the records. Nationality, ethnicity, religion, sex and immigration status are never looked at;
// a country enters only as a stop of a route.
//
// Most of these typologies may not stand alone (alone = false in the pack): people share addresses, pay journeys for
// friends and tour with shows. They count where other data point to the same person.
//
// The same input gives the same hits in the same order. Cost: n log n in records.
package signal

// Package vault keeps who possible victims and witnesses are, apart from everything else: under keys of its own, which neither the node nor
// its administrator has; opened by one person with the agreement of another, for a purpose, for half an hour, field by field. Everywhere else they have a
// pseudonym.
//
// What may be told without opening anything (whether the person wants to be contacted and in which language, to which consents may be
// appealed, who is a minor) stands on the card, which names nobody.
//
// Sources: Palermo Protocol, article 6; Council of Europe Convention on action against trafficking, articles 11, 12, 26 and 28; the fields and the consents are
// those of the Human Trafficking Case Data Standard 2.0 (IOM).
package vault

// Package intake turns bytes into records, with nothing dropped in silence.
//
// Open finds the inputs (files, folders, zip members, standard input), Recognise tells each one's format from its
// content, and a Format's Read hands every record it meets to an Out: accepted as a payment, accepted as something else
// that was kept, or rejected with file, line, reason and raw text. For every input Read = Accepted + Rejected, and Out
// enforces it.
//
// Readers stream: what they hold is bounded whatever the input (MaxRecord for one record, MaxDepth for XML), and
// compressed inputs that expand beyond any real file are refused. Each format is a package of its own below this one;
// a new one provides a Format and a fuzz target.
package intake

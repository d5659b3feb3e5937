// Package ledger keeps payments on disk: immutable Parquet segments and one manifest that names them.
//
// # What is promised
//
// An append is atomic. A segment is written to a temporary file, synced, renamed, and only then named by a new
// manifest, itself written, synced and renamed; a process killed at any moment leaves the ledger as it was after the
// last committed segment, and the next Begin clears what was not committed. Every file's SHA-256 stands in the
// manifest and the manifest's own in its last field, so Verify names the file that changed.
//
// A payment is kept once. Its identity is an identifier that its source made for the purpose (Payment.Key), else its
// reference and its content, else its content and how many equal ones stand before it in the same file. Hence reading
// a file twice, reading a file that was cut and then completed, and the order of files all lead to the same set of
// payments.
//
// Amounts are exact decimals: an integer, a scale and a currency per row, never a float.
//
// # Files
//
//	manifest.json            what belongs to the ledger, with checksums
//	payments-000001.parquet  one row per payment; accounts by number
//	accounts-000001.parquet  number, institution and account number of the accounts first seen in that segment
//	keys-000001.bin          sixteen bytes of identity per row, in the order of the rows
//
// docs/ledger.md describes each column and shows the same files queried from DuckDB.
//
// # Cost
//
// About 12 bytes a payment on disk without texts, plus 16 for its identity. An import holds 20 to 60 bytes per payment
// already in the ledger (the identities) and about 40 per account; reading holds only the accounts.
package ledger

// Package records keeps on disk what sources tell beside payments: entities, adverts and journeys.
//
// A folder holds immutable segments (the records one after the other, in the form of flat.go, zstd) and a manifest that names each with its sum. An import writes new
// segments, syncs them, and then replaces the manifest, so a crash at any moment leaves the state before; what the
// manifest does not name is not there. A record met again, in the same words, is known and not kept twice.
//
// Cost: about 150 bytes a record on disk; an import holds 16 bytes for each record that was ever kept.
package records

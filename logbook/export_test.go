package logbook

// SetJournalSize makes the journals of what is opened from now on so large, and gives back the size before.
func SetJournalSize(n int64) (before int64) {
	before, journalSize = journalSize, n
	return before
}

// ParseBatch says whether a text begins with a whole batch, and whether writing that gives the same bytes.
func ParseBatch(text []byte) (whole, same bool) {
	b, rest, ok := parseBatch(text)
	return ok, ok && string(b.text()) == string(text[:len(text)-len(rest)])
}

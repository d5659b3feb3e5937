package store

// Exec runs a statement, for tests.
func (t *Tx) Exec(query string) error {
	_, err := t.exec(query)
	return err
}

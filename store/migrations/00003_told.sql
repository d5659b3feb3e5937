-- What others hear of a case, in the order in which it changed.

-- +goose Up
CREATE INDEX entry_told ON entry (num, changed, seq) WHERE kind IN ('entity', 'finding');

-- +goose Down
DROP INDEX entry_told;

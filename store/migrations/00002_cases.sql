-- What is in cases. num and home are numbers of cases: where an entry is, and where it was put in (another one after cases were merged).

-- +goose Up
CREATE TABLE entry (
    seq BIGINT PRIMARY KEY,
    num BIGINT NOT NULL,
    home BIGINT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    at BIGINT NOT NULL,
    due BIGINT NOT NULL,
    recorded BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    person TEXT NOT NULL,
    version BIGINT NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE UNIQUE INDEX entry_id ON entry (home, kind, id);
CREATE INDEX entry_num ON entry (num, seq);
CREATE INDEX entry_at ON entry (num, at, seq);
CREATE INDEX entry_kind ON entry (num, kind, seq);
CREATE INDEX entry_due ON entry (num, due) WHERE due <> 0;

CREATE TABLE entry_old (
    seq BIGINT NOT NULL,
    version BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    person TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (seq, version)
);

CREATE TABLE word (
    num BIGINT NOT NULL,
    word TEXT NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (num, word, seq)
);
CREATE INDEX word_entry ON word (seq);

-- +goose Down
DROP TABLE word;
DROP TABLE entry_old;
DROP TABLE entry;

-- The same on SQLite and PostgreSQL. Times are microseconds since 1970, texts are JSON where the name says so.

-- +goose Up
CREATE TABLE item (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    owner TEXT NOT NULL,
    state TEXT NOT NULL,
    number TEXT NOT NULL,
    recorded BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    ends BIGINT NOT NULL,
    source TEXT NOT NULL,
    statement TEXT NOT NULL,
    due BIGINT NOT NULL,
    label TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, id)
);
CREATE INDEX item_due ON item (due) WHERE due <> 0;
CREATE INDEX item_ends ON item (ends) WHERE ends <> 0;
CREATE INDEX item_changed ON item (kind, changed);
CREATE INDEX item_source ON item (source) WHERE source <> '';
CREATE INDEX item_statement ON item (statement) WHERE statement <> '';
CREATE INDEX item_number ON item (number) WHERE number <> '';

CREATE TABLE selector (
    value TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (value, kind, id)
);
CREATE INDEX selector_item ON selector (kind, id);

CREATE TABLE outbox (
    id TEXT PRIMARY KEY,
    seq BIGINT NOT NULL,
    urgent BIGINT NOT NULL,
    subject TEXT NOT NULL,
    sent BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    signed TEXT NOT NULL
);
CREATE INDEX outbox_subject ON outbox (subject);

CREATE TABLE delivery (
    statement TEXT NOT NULL,
    recipient TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    changed BIGINT NOT NULL,
    PRIMARY KEY (statement, recipient)
);
CREATE INDEX delivery_queued ON delivery (statement) WHERE state = 'queued';

CREATE TABLE seen (
    sender TEXT NOT NULL,
    statement TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (sender, statement)
);

CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE task (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    due BIGINT NOT NULL,
    done BIGINT NOT NULL,
    note TEXT NOT NULL
);
CREATE INDEX task_open ON task (due) WHERE done = 0;

CREATE TABLE grave (
    mark TEXT PRIMARY KEY,
    at BIGINT NOT NULL,
    ground TEXT NOT NULL
);

-- +goose Down
DROP TABLE grave;
DROP TABLE task;
DROP TABLE setting;
DROP TABLE seen;
DROP TABLE delivery;
DROP TABLE outbox;
DROP TABLE selector;
DROP TABLE item;

-- +goose Up
-- The audit log: a Merkle tree in the form of golang.org/x/mod/sumdb/tlog. A record holds no name; what it is about stands
-- in facts, bound to it by a salted hash, so that a retention delete of salt and facts leaves the tree whole.
-- clock_events keeps what runs before the log recorded; nothing is added to it any more.

CREATE TABLE log (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    origin TEXT NOT NULL
);

CREATE TABLE log_records (
    n      INTEGER PRIMARY KEY,
    record TEXT NOT NULL,
    salt   BLOB,
    facts  TEXT
);

CREATE TABLE log_hashes (
    i    INTEGER PRIMARY KEY,
    hash BLOB NOT NULL
);

CREATE TABLE checkpoints (
    run  TEXT PRIMARY KEY REFERENCES runs (id),
    size INTEGER NOT NULL,
    note TEXT NOT NULL
) WITHOUT ROWID;

-- How links and exclusions stood in the last accepted run, so that the log records each change once.
CREATE TABLE standing (
    what  TEXT NOT NULL,
    id    TEXT NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (what, id)
) WITHOUT ROWID;

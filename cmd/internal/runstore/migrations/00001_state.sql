-- +goose Up
-- Times are UTC text of fixed width, so that they sort as text.

CREATE TABLE runs (
    id            TEXT PRIMARY KEY,
    as_of         TEXT NOT NULL,
    started       TEXT NOT NULL,
    ended         TEXT,
    status        TEXT NOT NULL CHECK (status IN ('running', 'accepted', 'kept', 'refused', 'failed', 'interrupted')),
    exit          INTEGER NOT NULL DEFAULT 0,
    error         TEXT NOT NULL DEFAULT '',
    config_digest TEXT NOT NULL DEFAULT '',
    totals        TEXT NOT NULL DEFAULT '{}',
    population    TEXT NOT NULL DEFAULT '{}',
    manifest      TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX runs_by_as_of ON runs (status, as_of);

CREATE TABLE run_sources (
    run      TEXT NOT NULL REFERENCES runs (id),
    name     TEXT NOT NULL,
    people   INTEGER NOT NULL,
    complete INTEGER NOT NULL,
    detail   TEXT NOT NULL,
    PRIMARY KEY (run, name)
) WITHOUT ROWID;

-- One row: the as-of up to which the history is known.
CREATE TABLE history (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    as_of TEXT NOT NULL
);

-- last_seen is null while the person is there: then it is the as-of of the history. So a quiet night changes no row.
CREATE TABLE people (
    source    TEXT NOT NULL,
    id        TEXT NOT NULL,
    last_seen TEXT,
    digest    BLOB NOT NULL,
    past      TEXT NOT NULL,
    PRIMARY KEY (source, id)
) WITHOUT ROWID;

CREATE TABLE findings (
    id            TEXT PRIMARY KEY,
    source        TEXT NOT NULL,
    account       TEXT NOT NULL,
    kind          TEXT NOT NULL,
    severity      TEXT NOT NULL,
    person        TEXT NOT NULL,
    first_seen    TEXT NOT NULL,
    last_seen     TEXT NOT NULL,
    closed_at     TEXT,
    closed_reason TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX findings_open ON findings (id) WHERE closed_at IS NULL;

CREATE TABLE clocks (
    finding    TEXT PRIMARY KEY,
    rule       TEXT NOT NULL,
    person     TEXT NOT NULL,
    first_seen TEXT NOT NULL,
    basis      TEXT NOT NULL,
    due_at     TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE clock_events (
    run     TEXT NOT NULL REFERENCES runs (id),
    finding TEXT NOT NULL,
    change  TEXT NOT NULL,
    reason  TEXT NOT NULL,
    clock   TEXT NOT NULL
);
CREATE INDEX clock_events_by_finding ON clock_events (finding);

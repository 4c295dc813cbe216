-- +goose Up
-- A clock belongs to a finding, a rule and an owner. Clocks of an older schema get what it did not hold: the account from
-- their finding, the stated end from the basis when that is not the first sight, and the pause from a finding that is gone.

CREATE TABLE ledger (
    finding    TEXT NOT NULL,
    rule       TEXT NOT NULL,
    person     TEXT NOT NULL,
    source     TEXT NOT NULL,
    account    TEXT NOT NULL,
    first_seen TEXT NOT NULL,
    basis      TEXT NOT NULL,
    due_at     TEXT NOT NULL,
    stated_end TEXT NOT NULL,
    paused_at  TEXT NOT NULL,
    PRIMARY KEY (finding, rule, person)
) WITHOUT ROWID;

INSERT INTO ledger (finding, rule, person, source, account, first_seen, basis, due_at, stated_end, paused_at)
SELECT c.finding, c.rule, c.person, f.source, f.account, c.first_seen, c.basis, c.due_at,
       CASE WHEN c.basis = c.first_seen THEN '' ELSE c.basis END,
       CASE WHEN f.closed_reason LIKE 'gone:%' THEN f.closed_at ELSE '' END
FROM clocks c JOIN findings f ON f.id = c.finding;

DROP TABLE clocks;
ALTER TABLE ledger RENAME TO clocks;

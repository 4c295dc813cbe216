-- +goose Up
-- A clock belongs to a finding, a rule, a stage of it and an owner; a rule without stages has one clock, of the stage "".
-- done_at is the as-of of the run that found nothing left to do for the stage; told_at is when the notice that the clock waits for
-- went out, and told_to to which address.

CREATE TABLE staged (
    finding    TEXT NOT NULL,
    rule       TEXT NOT NULL,
    stage      TEXT NOT NULL,
    person     TEXT NOT NULL,
    source     TEXT NOT NULL,
    account    TEXT NOT NULL,
    first_seen TEXT NOT NULL,
    basis      TEXT NOT NULL,
    due_at     TEXT NOT NULL,
    stated_end TEXT NOT NULL,
    paused_at  TEXT NOT NULL,
    done_at    TEXT NOT NULL,
    told_at    TEXT NOT NULL,
    told_to    TEXT NOT NULL,
    PRIMARY KEY (finding, rule, stage, person)
) WITHOUT ROWID;

INSERT INTO staged (finding, rule, stage, person, source, account, first_seen, basis, due_at, stated_end, paused_at, done_at,
                    told_at, told_to)
SELECT finding, rule, '', person, source, account, first_seen, basis, due_at, stated_end, paused_at, '', '', '' FROM clocks;

DROP TABLE clocks;
ALTER TABLE staged RENAME TO clocks;

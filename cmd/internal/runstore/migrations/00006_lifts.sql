-- +goose Up
-- Decisions of people that a limit does not hold one very plan.

CREATE TABLE lifts (
    plan       TEXT NOT NULL,
    limit_name TEXT NOT NULL,
    lift       TEXT NOT NULL,
    PRIMARY KEY (plan, limit_name)
) WITHOUT ROWID;

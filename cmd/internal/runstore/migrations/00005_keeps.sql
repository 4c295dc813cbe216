-- +goose Up
-- Decisions of people that an account may stay for a while. One finding has at most one.

CREATE TABLE keeps (
    finding TEXT PRIMARY KEY,
    kept    TEXT NOT NULL
) WITHOUT ROWID;

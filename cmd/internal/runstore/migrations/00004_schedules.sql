-- +goose Up
-- A run that a schedule started says for which planned time; both are empty for every other run.
ALTER TABLE runs ADD COLUMN schedule TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN planned TEXT NOT NULL DEFAULT '';
CREATE INDEX runs_by_schedule ON runs (schedule, planned) WHERE schedule <> '';
CREATE INDEX runs_by_start ON runs (started);

-- since is the wall clock at which this definition was first seen: what it would have planned before is nobody's miss.
CREATE TABLE schedules (
    name       TEXT PRIMARY KEY,
    definition TEXT NOT NULL,
    since      TEXT NOT NULL
) WITHOUT ROWID;

// Package config reads leaver.yaml into a typed [Config] and resolves what it refers to: paths, time zones, secrets.
//
// Reading is strict. An unknown key, a key that is there twice, a value of the wrong sort, a threshold looser than its
// framework and a secret written out are errors, and each of them names file, line, column, the nearest known key and
// what to do. Every error of the file is told at once, so that a first user mends them in one go.
//
// The keys of a people or account source fall into two groups. The generic ones (name, kind, allocation, canaries, zone)
// are read here; all others belong to the connector, which receives them through [Source.Decode]. [Load] already decodes
// them once, so that a misspelt connector key fails before anything is scanned.
//
// Durations are written as numbers with units: 90d, 24h, 1d12h, 15m. A day is 24 hours.
//
// Secrets are references: env:NAME, file:PATH or systemd:NAME. leaver.yaml holds no secret, so its text can be sealed
// into the run folder as it is.
package config

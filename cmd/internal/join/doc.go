// Package join holds the benchmark of the join and nothing else; all of it is in its tests.
//
// A million people and five million accounts are read from two CSV files of twelve columns each and joined by employee id,
// then by mail address: by leaver on the path that a run takes (scanners/table, the roster and the engine of reconcile) and
// by DuckDB (fixtures/join/duckdb.mjs), in child processes that take turns, with two threads each. Both have to find exactly
// the findings that the generator planted. For each pair the benchmark prints wall time, CPU time and peak memory of both,
// then the medians and their ratios, leaver divided by DuckDB:
//
//	go test ./cmd/internal/join -run '^$' -bench . -timeout 60m
//	go test ./cmd/internal/join -run '^$' -bench . -people 100000 -accounts 500000 -pairs 1
//
// It needs Node.js, whose npm fetches DuckDB into a temporary folder, 2 GB of disk there and 3 GB of memory. Without them
// it is skipped, and fails where CI is "true". The wall time of a shared machine says little; compare CPU time there.
//
// What leaver does beyond the joins: SHA-256 of both files, a check of every byte for what makes a row unusable, ids that
// repeat, keys in every form that names the same person, a dispute where two keys of an account disagree, coverage, and a kind
// for every account. What a run does beyond this benchmark: it seals all that it has read, shows the engine every account twice,
// and asks for the whole verdict of every account.
package join

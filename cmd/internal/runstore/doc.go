// Package runstore keeps what runs leave behind: one folder per run, and the state that one run hands to the next.
//
// The state folder (0700, files 0600) holds
//
//	leaver.db          SQLite: people history, findings, grace clocks, the list of runs, the audit log
//	lock               taken while a run works
//	runs/RUN/          one sealed run: snapshots, verdicts, reports, manifest.json with the SHA-256 of each file
//	runs/RUN.partial/  a run at work, or what a crashed one left
//
// # A run
//
// [Store.Lock], then [Store.Begin], then the files ([Run.CreateAccounts], [Run.CreatePeople], [Run.CreateRejected],
// [Run.CreateVerdicts], [Run.CreateReported], [Run.CreateFile]), then [Run.Seal], and at last one of
//
//   - [Run.Accept]: the run becomes the newest truth; history, findings and clocks advance;
//   - [Run.KeepOnly]: a run for an earlier as-of; its folder is kept, the state is not touched;
//   - [Run.Refuse]: a gate stopped it; its folder is kept, the state is not touched;
//   - [Run.Fail]: no result; the folder goes, the list of runs says why. It needs no seal.
//
// # Why a crash cannot do harm
//
// Every file is written under a temporary name, synced and renamed. The manifest is the last of them. Then one SQLite
// transaction, synced to disk, changes the whole state at once; only afterwards the folder loses its ".partial". A crash
// before the commit leaves the old state and a folder that the next Begin removes. A crash after it leaves the new state
// and a complete folder under its partial name, where it is found, and which the next Begin renames.
//
// # The audit log
//
// The transaction that changes the state also adds to the audit log: a Merkle tree in the form of the Go checksum database
// (tables log_records, log_hashes). A record names no person and no account; what it is about lies beside it as facts, bound
// by a salted hash, so that facts can be purged and the tree stays whole. Each accepted run leaves a checkpoint in the C2SP
// form, signed when there is a key, and each manifest holds the checkpoint that its run found. [Store.VerifyLog] computes it
// all anew. The grace clocks, the decisions to keep and the lifted limits in the state have to be those of which the log tells.
//
// rows.root binds the lines of the report and of what earlier runs knew one by one, in a tree of the same form. So a [Proof]
// leads from one finding over rows.root, the manifest and the record of the run's end to a checkpoint, and shows no other.
//
// # Files of a run
//
// Snapshots are Parquet with zstd, readable by any engine; a fact is two columns, the value (null unless known) and its
// state ("known", "never", "unknown: reason"). They hold every field of an account or a person. Lists are read back as nil
// when they were empty.
package runstore

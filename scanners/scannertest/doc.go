// Package scannertest is the conformance suite that every connector passes, and the surroundings to run one in a test.
//
// A connector's test describes itself as a [Subject] (how to serve n records with a given [Fault]) and calls [Accounts]
// or [People]:
//
//	func TestConformance(t *testing.T) {
//		scannertest.Accounts(t, scannertest.Subject[scanners.Account]{
//			Open: func(t *testing.T, env scanners.Env, n int, fault scannertest.Fault) scanners.Source[scanners.Account] {
//				serve n accounts, suffering fault; open the connector on them with env
//			},
//			Faults:    []scannertest.Fault{scannertest.Truncated, scannertest.Garbled},
//			UnknownID: "00000000-0000-0000-0000-000000000000",
//		})
//	}
//
// The suite proves, in named subtests, what the contract of [scanners.Source] and [scanners.Lookup] says:
//
//   - emit is called once per record, from the calling goroutine, and the records are not touched afterwards;
//   - the first error of emit stops the scan and is returned; a cancelled context is an error; neither leaves a
//     complete verdict;
//   - coverage counts what was read, says why, and is never complete after a truncated read, after an emptied source
//     that cannot prove that it is empty, or when a record without readable id was rejected;
//   - rejected records reach Env.Reject with place and reason, and are counted;
//   - a second scan gives the same records and the same coverage;
//   - no goroutine is left behind;
//   - a lookup finds each id that the scan emitted, answers never for an unknown id, and does not answer never when it
//     could not see everything.
//
// [Env] gives a ready scanners.Env that collects rejections, and [Config] turns a YAML text into a scanners.Decode.
package scannertest

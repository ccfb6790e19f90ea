// Package redistest provides Redis servers and fault injection for the tests of this
// module.
//
//   - [Each] and [Backends] run a test on every kind of Redis that the module supports.
//     Servers are shared, so a test uses only keys that [Redis.Key] and [Redis.TagKey]
//     return. A package that uses them calls [Main] in TestMain.
//   - [StartServer], [StartCluster] and [StartSentinel] start dedicated servers, which the
//     test may kill, freeze and restart.
//   - [CountTrips] counts the round trips of a client and makes its commands fail before
//     they are sent.
//   - [NewProxy] starts a proxy that breaks connections at a request that the test names.
//   - [Eventually] waits for a condition. [Goroutines] finds leaked goroutines. [Seed]
//     makes random tests repeatable. [Bubble] is a server for [testing/synctest].
//
// Real servers run redis-server or valkey-server from PATH. Each has a port of the
// loopback interface and a dedicated directory. If neither is on PATH, the test is
// skipped by name. DESIR_REQUIRE=redis,cluster makes that a failure.
//
// DESIR_SERVERS lists directories of more servers. [Each] and [Backends] also run on each
// of them, standalone and as a cluster, in subtests that are named after product and
// version. Dedicated servers run the one on PATH.
//
// With DESIR_PROTOCOL=2 all clients speak RESP2, unless the test chooses the version.
package redistest

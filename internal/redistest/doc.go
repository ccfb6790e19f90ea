// Package redistest gives the tests of this module their servers.
//
//   - [Each] and [Backends] run a test on every kind of Redis that a promise has
//     to hold on. Names come from [Redis.Key], since servers are shared, and
//     packages that use it end their tests with [Main].
//   - [StartServer], [StartCluster] and [StartSentinel] start servers of a
//     test's own, which may be killed, frozen and restarted.
//   - [CountTrips] counts the round trips of a client and fails commands before
//     they are sent.
//   - [NewProxy] breaks connections at the very request a test names.
//   - [Eventually] waits, [Goroutines] finds leaks, [Seed] makes random tests
//     repeatable, [Bubble] is for [testing/synctest].
//
// Real servers are redis-server, or valkey-server, from PATH, on ports of the
// loopback interface, with directories of their own. Where there is none the
// test is skipped by name; DESIR_REQUIRE=redis,cluster makes that a failure.
//
// DESIR_SERVERS lists folders of more servers. [Each] and [Backends] run on each of
// them, too, alone and as a cluster, in subtests that are named after its product and
// version. Servers of a test's own are those on PATH.
//
// DESIR_PROTOCOL=2 has all clients speak RESP2, unless the test chooses the version.
package redistest

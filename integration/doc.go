// Package integration gives tests a real Redis, and ways to break it.
//
//	func TestCart(t *testing.T) {
//		rdb := integration.New(t).Client()
//		…
//	}
//
// [New] takes the first of these that is there, and says in the test's log which:
//
//   - the server at REDIS_URL: a database that is empty, claimed for the test by
//     a key with an expiry. A database that holds anything is refused, nothing is
//     flushed, and what the test has written is deleted key by key.
//   - redis-server or valkey-server on PATH: a server of the test's own, on the
//     loopback interface, started in some 10 ms and ended with the test.
//   - Docker, or Podman through its Docker socket: a database of the test's own in
//     a container that the tests of the binary share. The image is the official
//     one or the one that DESIR_REDIS_IMAGE names.
//   - none: the test is skipped and says what to install. DESIR_REQUIRE, a list
//     of "redis", "cluster" and "docker", turns such a skip into a failure.
//
// DESIR_SERVERS lists more servers, as PATH lists folders: each entry is a folder that
// holds redis-server or valkey-server, or a folder of such folders. [Matrix] runs on
// each of them in subtests that are named after its product and version. An entry
// without a server is skipped by name, or fails if DESIR_REQUIRE has "servers".
//
// DESIR_PROTOCOL=2 has all clients speak RESP2, unless their options or REDIS_URL choose
// the version. The default is 3.
//
// [Cluster], [Sentinel] and [TLS] start what their names say out of the servers on
// PATH, or out of containers, and [Matrix] runs one test on all of them.
// [Env.Servers] can be killed, frozen and started again, [Env.Partition] cuts those
// of a cluster or of sentinels in containers off from each other, [Env.Proxy] loses
// requests and replies, [Record] tells what a client has sent, and [NoLeaks] fails a test
// that leaves something behind.
//
// Nothing is left when the tests are over: servers end with the test, also with
// one that panics, or with the process on Linux; what a killed process has left
// behind (containers, networks, directories) is removed by the next run. A binary whose tests use containers
// one after the other saves their starts by
//
//	func TestMain(m *testing.M) { os.Exit(integration.Main(m)) }
package integration

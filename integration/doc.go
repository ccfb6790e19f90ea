// Package integration gives tests a real Redis server and the means to make it fail.
//
//	func TestCart(t *testing.T) {
//		rdb := integration.New(t).Client()
//		…
//	}
//
// [New] uses the first of these sources that is available, and logs which one it used:
//
//   - The server at REDIS_URL. New claims an empty database with a key that expires. It
//     refuses a database that holds keys. When the test ends, its keys are deleted with
//     UNLINK, never with FLUSHDB or FLUSHALL.
//   - redis-server or valkey-server on PATH. New starts a dedicated server on the loopback
//     interface. The start takes about 10 ms. The server ends with the test.
//   - Docker, or Podman through its Docker socket. New returns an empty database of a
//     container that all tests of the binary share. The image is redis:8, or the image that
//     DESIR_REDIS_IMAGE names.
//   - If there is none, New skips the test and says what to install. DESIR_REQUIRE, a
//     comma-separated list of "redis", "cluster", "docker" and "servers", makes such a skip
//     a failure.
//
// DESIR_SERVERS lists more servers. It is a path list like PATH. Each entry is a
// directory that holds redis-server or valkey-server, or a directory of such directories.
// [Matrix] runs on each of these servers, in subtests that are named after product and
// version. An entry without a server is skipped by name. It fails if DESIR_REQUIRE
// contains "servers".
//
// With DESIR_PROTOCOL=2 all clients speak RESP2, unless their options or REDIS_URL choose
// the version. The default is 3.
//
// [Cluster], [Sentinel] and [TLS] start the topologies of their names, with the server on
// PATH or in containers. [Matrix] runs one test on every topology.
//
// To test failures:
//
//   - [Server] has methods that kill, freeze and restart a server. [Env.Servers] returns
//     the servers of the test.
//   - [Env.Partition] disconnects servers of a cluster or a Sentinel setup in containers.
//   - [Env.Proxy] returns a proxy that loses or delays requests and replies.
//   - [Record] records the commands that a client sends.
//   - [NoLeaks] fails a test that leaves keys, subscriptions or goroutines behind.
//
// Servers end with their test, even if the test panics. On Linux they also end when the
// test process dies. If a test process was killed, the next run removes what it left:
// containers, networks and directories.
//
// If several tests of a binary use containers, this saves starts:
//
//	func TestMain(m *testing.M) { os.Exit(integration.Main(m)) }
package integration

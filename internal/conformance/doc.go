// Package conformance holds one suite for each type: what its methods promise,
// tried on one backend that is handed in. The tests of collections and counter
// run the suites on every backend of package redistest, other modules on
// servers of their own. A test that needs to kill its server is no part of a
// suite; it stands beside the type.
package conformance

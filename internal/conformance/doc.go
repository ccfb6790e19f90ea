// Package conformance holds one suite for each type: what its methods promise,
// tried on one backend that is handed in. The tests of this package run the suites on
// every backend of package redistest, other modules on servers of their own. A test that
// needs to kill its server is no part of a suite; it stands beside the type.
//
// The suites are not run by the tests of the types' own packages. A package whose tests
// include files of the package itself is compiled again for them, with all that
// imports it: this package would be compiled once for each, in half a minute.
package conformance

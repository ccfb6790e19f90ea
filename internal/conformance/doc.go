// Package conformance contains one test suite for each type of this module. A suite
// checks the promises of the type's methods on one backend. For example, conformance.Map
// is the suite of collections.Map:
//
//	// Map tests collections.Map on a backend.
//	func Map(t *testing.T, r *redistest.Redis) {
//		run(t, r,
//			part{"Model", mapModel},         // random calls, compared with a Go map
//			failures(mapSubject()),          // every method, in many failures
//			costs(mapSubject()),             // the round trips of every method
//			part{"Undecodable", mapUndecodable},
//			…
//		)
//	}
//
// [All] is the list of the types and their suites. The tests of this package run all of
// them on every backend of package redistest.
//
// A [Subject] describes a type as data: all of its methods, each as a [Call] with valid
// arguments and the commands that it sends. Parts such as failures and costs run every
// call of a Subject in one situation, for example with a wrong type at the key or with a
// canceled context. The part failures also fails if a method of the type is missing from
// its calls.
//
// The suites are test code in non-test files, since the module integration imports them:
// it runs them in containers, on a cluster with replicas and with Sentinel. Test files
// cannot be imported.
//
// The tests of a type's own package do not run its suite. If the tests of a package
// include files of the package itself, Go compiles it again for them, together with every
// package that imports it. This package would be compiled once for each type's package,
// which takes half a minute.
//
// A test that kills its server is not part of a suite. It is a test of the type's
// package.
package conformance

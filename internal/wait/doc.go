// Package wait is the only package that blocks on Redis. Any number of receivers wait on Go
// channels, while one connection for each server waits for all of them.
//
// See docs/design/0007-waiting.md for the guarantees and the reasons.
package wait

// Package listen is the only package that subscribes to publish/subscribe channels. All
// subscriptions of a client share one connection; sharded channels use one connection for each
// node. All subscribers of a channel share one subscription.
//
// Missed messages are reported at their position in the sequence: after a full backlog, a
// broken connection, or a skipped number. See docs/design/0008-topics.md for the guarantees
// and the reasons.
package listen

// Package listen is the one place that subscribes: all subscriptions of a
// client share a connection (one for each node where channels are sharded), and
// all subscribers of a channel share one subscription of it.
//
// What was missed is told where it was missed: a full backlog, a connection
// that broke, a number that was passed over. See the design page on topics for
// what is promised and why.
package listen

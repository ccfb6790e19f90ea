// Package counter has numbers that many processes share: [Counter], and [IDs]
// for numbers that only have to differ; [Bounded] for what must not run out or
// over, [Window] for what happened in the last while, [Sharded] for what is
// added to more often than one node can.
//
// A counter is stored as the plain decimal that everyone sees in redis-cli.
// Every number that Next or Add returns is the caller's own: unique and
// increasing in the history of one master. A crash makes gaps; a failover to a
// replica may forget the last numbers and give them out again.
package counter

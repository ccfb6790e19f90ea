// Package counter has numbers that many processes share:
//
//   - [Counter]: a shared number
//   - [IDs]: unique numbers that processes reserve in blocks
//   - [Bounded]: a number between two bounds, such as stock
//   - [Window]: a count of recent events
//   - [Sharded]: a number on several nodes of a cluster, for very frequent additions
//
// A counter is stored as a plain decimal number that redis-cli shows.
//
// The numbers that Next returns, and those that Add returns for a positive n, are
// unique and increasing in the history of one master, as long as nothing lowers the
// value (see [Counter.Set]) and the key is not deleted. A crash leaves gaps. A failover
// to a replica may lose the last numbers, which are then issued again.
package counter

// Package lock has locks that processes share: [Mutex], [RWMutex], [Semaphore] and [Leader].
//
// # What a lock promises
//
// A lock here is a lease: one process holds it for a time that the Redis server measures, 30
// seconds unless [TTL] says otherwise, and renews it in the background until it is released.
// If the process dies, the lock is free when that time is over.
//
// One Redis master decides who holds a lock. This is not Redlock: asking several independent
// masters needs clocks that agree and gives no fencing token, and it still cannot stop a
// process that was paused while it held the lock. Three things can break the exclusion of any
// lock with a time limit, and of this one:
//
//   - The process is paused for longer than the lease lasts: by the scheduler, a suspended
//     machine, or SIGSTOP. It goes on for a moment afterwards, although another has the lock.
//   - A failover promotes a replica that does not know of the lock, since replication is
//     asynchronous. The former holder learns that at its next renewal, after a third of TTL.
//   - The server's clock steps forward by more than a third of the TTL.
//
// In all other cases the holder's context ends before another can have the lock: by a tenth of
// the TTL, at least 100 ms. [Lease.Context] then ends with cause [desir.ErrLost]. Work that
// checks its context stops in time.
//
// # Fencing
//
// For work that must not be done by a former holder, each lease has a token, and later leases
// have higher tokens. A store that remembers the highest token that it has seen, and refuses
// lower ones, is never written by a former holder after a new one has written. The example of
// [Lease.Token] does that with an SQL table in mind. What is in Redis needs no token: with
// [desir.Tx.Require] the server writes only while it has the lease, in one step. See the
// example "FencedWrite". A token orders the holders in the history
// of one master: after a failover they increase as well, unless the new master's clock is
// behind by more than the failover took.
//
// # Waiting
//
// Waiters do not poll. One connection for each server blocks for all locks for which the
// process waits. A release wakes one waiter. The callers of one process are served in their
// order, and a lock that is released goes to the next caller of the same process at most eight
// times in a row while other processes wait.
//
// # Errors
//
// An error of Lock or Acquire means that this process does not hold the lock. There is no
// doubt about a lost reply: the request has an ID, and is sent again with it. If the caller
// gives up meanwhile, the lock is released in the background. Errors of this package are
// [*desir.OpError]; those of the functions that Do runs come out as they are.
package lock

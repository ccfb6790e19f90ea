// Package lease holds claims of this process for a time that the server's clock measures:
// locks, permits of semaphores, leaders. It has the only implementation of a lease's record
// in Redis, of its renewal, and of the holder's context.
//
// See docs/design/0032-leases.md for the guarantees and the reasons.
package lease

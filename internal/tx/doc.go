// Package tx runs the transactions of desir.Atomic: it records what a function reads, queues
// what it writes, and sends both in one script, which compares, checks and only then writes.
// It knows the commands of no type: those come from the types' packages.
package tx

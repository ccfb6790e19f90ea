// Package wire has the bytes of docs/wire.md: frames of calls and results, seals, errors,
// messages, and the names of keys. It sends nothing.
package wire

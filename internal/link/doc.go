// Package link is connections that are not shared: for commands that block, and for one
// goroutine that does nothing else.
package link

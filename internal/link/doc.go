// Package link is connections that are not shared: for commands that block, and for whoever
// exchanges commands with one server at a stretch.
package link

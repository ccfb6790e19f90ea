// Package conn provides dedicated connections to Redis servers, for commands that block
// and for exchanges of many commands with one server.
package conn

// Package conn provides dedicated connections to Redis servers, for commands that block:
// clients with one connection each, and connections without a client.
package conn

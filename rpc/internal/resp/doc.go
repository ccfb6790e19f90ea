// Package resp exchanges commands and replies over dedicated connections, without the
// client library.
package resp

// Package headed names what a letter is to its codec: a value with a head.
package headed

// Of is a value, and what stands in front of it inside all layers of its codec.
type Of[T any] struct {
	Head  string
	Value T
}

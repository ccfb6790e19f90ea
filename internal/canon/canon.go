// Package canon asks a codec whether equal values get equal bytes from it. What
// compares stored bytes (CompareAndSwap, CompareAndDelete, Index, Remove of a
// value) needs that, and refuses other codecs with codec.ErrUnsupported.
//
// The question is a method and not a function of package codec, so that a codec of
// a user can answer it as well.
package canon

// Deterministic tells whether c says of itself that equal values get equal bytes.
// A nil codec is codec.Auto, which does. A codec that does not say is taken not to.
func Deterministic(c any) bool {
	if c == nil {
		return true
	}
	d, ok := c.(interface{ Deterministic() bool })
	return ok && d.Deterministic()
}

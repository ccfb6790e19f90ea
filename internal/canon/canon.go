// Package canon reports whether a codec writes equal values as equal bytes. Operations
// that compare stored bytes (CompareAndSwap, CompareAndDelete, Index, Remove of a value)
// need such a codec, and refuse any other with codec.ErrUnsupported.
//
// A codec declares this with a method, so that codecs of other packages can declare it
// too.
package canon

// Deterministic reports whether c has a method Deterministic that returns true. It is
// true for a nil codec, which stands for codec.Auto.
func Deterministic(c any) bool {
	if c == nil {
		return true
	}
	d, ok := c.(interface{ Deterministic() bool })
	return ok && d.Deterministic()
}

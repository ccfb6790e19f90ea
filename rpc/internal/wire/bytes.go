package wire

import (
	"sync"
	"unsafe"
)

// buffers holds buffers for encoding.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// MaxPooledBuffer is the largest capacity of a buffer that is kept.
const MaxPooledBuffer = 64 << 10

// GetBuffer returns an empty buffer, for [PutBuffer] later.
func GetBuffer() *[]byte { return buffers.Get().(*[]byte) }

// PutBuffer takes a buffer back.
func PutBuffer(b *[]byte) {
	if cap(*b) <= MaxPooledBuffer {
		*b = (*b)[:0]
		buffers.Put(b)
	}
}

// BytesView returns the bytes of a string without copying. They must not be changed or
// kept.
func BytesView(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// StringView returns bytes as a string without copying. They must not change while it is
// in use.
func StringView(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

package rpc

import (
	"sync"
	"unsafe"
)

// buffers holds buffers for encoding.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

const maxPooledBuffer = 64 << 10

func putBuffer(b *[]byte) {
	if cap(*b) <= maxPooledBuffer {
		*b = (*b)[:0]
		buffers.Put(b)
	}
}

// bytesView returns the bytes of a string without copying. They must not be changed or
// kept.
func bytesView(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// stringView returns bytes as a string without copying. They must not change while it is
// in use.
func stringView(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

const maxConcurrentCalls = 1024 // concurrent calls of one CallMany

// forEach calls f for 0 to n-1, up to atOnce at the same time.
func forEach(n int, f func(i int)) {
	var group sync.WaitGroup
	next := make(chan int)
	for range min(n, maxConcurrentCalls) {
		group.Go(func() {
			for i := range next {
				f(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	group.Wait()
}

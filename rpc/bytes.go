package rpc

import (
	"sync"
	"unsafe"
)

// scratch holds buffers for encoding.
var scratch = sync.Pool{New: func() any { return new([]byte) }}

const maxScratch = 64 << 10

func giveBack(b *[]byte) {
	if cap(*b) <= maxScratch {
		*b = (*b)[:0]
		scratch.Put(b)
	}
}

// viewOf returns the bytes of a string without copying. They must not be changed or kept.
func viewOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// textView returns bytes as a string without copying. They must not change while it is in
// use.
func textView(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

const atOnce = 1024 // concurrent calls of one CallMany

// eachOf calls f for 0 to n-1, up to atOnce at the same time.
func eachOf(n int, f func(i int)) {
	var group sync.WaitGroup
	next := make(chan int)
	for range min(n, atOnce) {
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

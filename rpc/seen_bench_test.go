package rpc

import "testing"

// BenchmarkSeen is what a worker pays for each call to know second copies.
func BenchmarkSeen(b *testing.B) {
	s := newSeen()
	var g ids
	b.ReportAllocs()
	for b.Loop() {
		s.first("ABCDEFGHIJKLMNOPQRSTUVWXYZ", g.next(), nil)
	}
}

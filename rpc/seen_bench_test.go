package rpc

import "testing"

// BenchmarkSeen measures the cost per call of recognizing second copies.
func BenchmarkSeen(b *testing.B) {
	s := newSeen()
	var g ids
	b.ReportAllocs()
	for b.Loop() {
		s.first("ABCDEFGHIJKLMNOPQRSTUVWXYZ", g.next(), nil)
	}
}

package rpc

import "testing"

// BenchmarkReplayGuard measures the cost per call of recognizing second copies.
func BenchmarkReplayGuard(b *testing.B) {
	s := newReplayGuard()
	var g callIDs
	b.ReportAllocs()
	for b.Loop() {
		s.start("ABCDEFGHIJKLMNOPQRSTUVWXYZ", g.next(), nil)
	}
}

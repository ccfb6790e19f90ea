package worker

import (
	"testing"

	"github.com/desir-go/desir/rpc/internal/wire"
)

// BenchmarkReplayGuard measures the cost per call of recognizing second copies.
func BenchmarkReplayGuard(b *testing.B) {
	s := newReplayGuard()
	var g wire.CallIDs
	b.ReportAllocs()
	for b.Loop() {
		s.start("ABCDEFGHIJKLMNOPQRSTUVWXYZ", g.Next(), nil)
	}
}

package rpc_test

import (
	"context"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/rpc"
)

// BenchmarkCall calls a worker in another process and measures what the client allocates.
func BenchmarkCall(b *testing.B) {
	srv := redistest.StartServer(b)
	startChild(b, srv.Addr)
	rdb := redis.NewClient(&redis.Options{Addr: srv.Addr})
	defer func() { _ = rdb.Close() }()
	c := rpc.NewClient(rdb, service)
	ctx := context.Background()
	if _, err := sum.Call(ctx, c, nil, waitForWorker); err != nil {
		b.Fatal(err)
	}
	ns := []int{1, 2}
	b.Run("alone", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := sum.Call(ctx, c, ns); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("of256", func(b *testing.B) {
		b.ReportAllocs()
		b.SetParallelism(128)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := sum.Call(ctx, c, ns); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
	b.Run("of256cancelable", func(b *testing.B) {
		b.ReportAllocs()
		b.SetParallelism(128)
		b.RunParallel(func(pb *testing.PB) {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			for pb.Next() {
				if _, err := sum.Call(ctx, c, ns); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
}

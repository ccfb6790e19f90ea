package listen

import (
	"context"
	"errors"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/internal/send"
)

// TestKeyEvents checks that key events of several servers are refused, since one connection
// would receive only a part of them, and that other names are not refused.
func TestKeyEvents(t *testing.T) {
	for _, tt := range []struct {
		kind Kind
		name string
		want bool
	}{
		{Channel, "__keyevent@0__:expired", true},
		{Channel, "__keyspace@0__:k", true},
		{Channel, "__keyboard", false},
		{Channel, "__key*", false},
		{Pattern, "__keyevent@*", true},
		{Pattern, "__key*", true},
		{Pattern, "__keyspace@0__:a[bc]", true},
		{Pattern, "*", false},
		{Pattern, "__keyb*", false},
		{Pattern, "news.*", false},
	} {
		if got := keyEvents(channel{tt.kind, tt.name}); got != tt.want {
			t.Errorf("%v %q: %t", tt.kind, tt.name, got)
		}
	}
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		h, err := clients.Of(r.Client)
		if err != nil {
			t.Fatal(err)
		}
		_, several := r.Client.(*redis.ClusterClient)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		for _, w := range []channel{{Channel, "__keyevent@0__:expired"}, {Pattern, "__keyspace@0__:*"}} {
			s, err := Of(h).Subscribe(ctx, Request{Kind: w.kind, Name: w.name, Backlog: 1})
			if several != errors.Is(err, send.ErrNotSupported) || !several && err != nil {
				t.Errorf("%s: %v", w.name, err)
			}
			if err == nil {
				_ = s.Close()
			}
		}
	})
}

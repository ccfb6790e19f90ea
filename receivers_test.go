package desir_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/rpc"
)

// receivers wait for values that do not come, at an object with this name.
var receivers = map[string]func(ctx context.Context, c redis.UniversalClient, name string) error{
	"Chan.Recv": func(ctx context.Context, c redis.UniversalClient, name string) error {
		return second(channel.NewChan[int](c, name).Recv(ctx))
	},
	"PriorityQueue.Pop": func(ctx context.Context, c redis.UniversalClient, name string) error {
		return second(channel.NewPriorityQueue[int](c, name).Pop(ctx))
	},
	"Mailbox.Recv": func(ctx context.Context, c redis.UniversalClient, name string) error {
		return second(channel.NewMailbox[int](c, name).Recv(ctx))
	},
	"Server.Run": func(ctx context.Context, c redis.UniversalClient, name string) error {
		return rpc.NewServer(c, name).Run(ctx)
	},
}

func second[A any](_ A, err error) error        { return err }
func third[A, B any](_ A, _ B, err error) error { return err }

// TestReceiversEnd makes receivers wait where waiting cannot succeed. They must end
// with the cause.
func TestReceiversEnd(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	admin := s.Client(t)
	as := func(user string, rules ...any) redis.UniversalClient {
		rule := append([]any{"acl", "setuser", user, "on", ">pw"}, rules...)
		if err := admin.Do(ctx, rule...).Err(); err != nil {
			t.Fatal(err)
		}
		return s.Client(t, func(o *redis.Options) { o.Username, o.Password = user, "pw" })
	}
	for name, err := range map[string]error{ // without values the receivers would not try to take any
		"Chan":          channel.NewChan[int](admin, "Chan.Recv").Send(ctx, 1),
		"PriorityQueue": channel.NewPriorityQueue[int](admin, "PriorityQueue.Pop").Push(ctx, 1, 1),
		"Mailbox":       channel.NewMailbox[int](admin, "Mailbox.Recv").Send(ctx, "Mailbox.Recv", 1),
	} {
		if err != nil {
			t.Fatal(name, err)
		}
	}
	c := redistest.StartCluster(t, 0)
	elsewhere := func(key string) redis.UniversalClient {
		for _, n := range c.Nodes {
			if n != c.MasterFor(key) {
				return n.Client(t)
			}
		}
		return nil
	}
	for what, tt := range map[string]struct {
		rdb  redis.UniversalClient
		want error
	}{
		"no command inside scripts": {as("inside", "~*", "&*", "+@all", "-lpop", "-zpopmin", "-zrange", "-zrangebyscore", "-hset", "-zadd", "-lrange"), desir.ErrDenied},
		"no key":                    {as("nokey", "~other", "&*", "+@all"), desir.ErrDenied},
		"no scripts":                {as("noscripts", "~*", "&*", "+@all", "-@scripting"), desir.ErrDenied},
		"a node of a cluster":       {nil, desir.ErrNotSupported},
	} {
		for name, receive := range receivers {
			t.Run(what+"/"+name, func(t *testing.T) {
				t.Parallel()
				ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
				defer cancel()
				rdb := tt.rdb
				if rdb == nil {
					rdb = elsewhere(name)
				}
				if err := receive(ctx, rdb, name); !errors.Is(err, tt.want) || ctx.Err() != nil {
					t.Errorf("%v; want %v, before the context ends", err, tt.want)
				}
			})
		}
	}
}

package conformance

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/internal/redistest"
)

// PriorityQueue tests channel.PriorityQueue on a backend.
func PriorityQueue(t *testing.T, r *redistest.Redis) {
	run(t, r,
		failures(prioritySubject()),
		part{"Model", priorityModel},
		part{"Concurrent", priorityConcurrent},
		part{"Equals", priorityEquals},
		part{"Range", priorityRange},
		part{"Waits", priorityWaits},
		part{"Requeued", priorityRequeued},
		part{"PlainCommands", priorityPlainCommands},
		part{"Undecodable", priorityUndecodable},
		part{"Codecs", priorityCodecs},
		part{"Deadline", priorityDeadline},
		part{"Refused", priorityRefused},
		part{"Costs", priorityCosts},
		part{"HelperKeys", priorityHelperKeys},
	)
}

// prioritySubject contains the calls that do not remove values.
func prioritySubject() Subject {
	return Subject{
		Name: "PriorityQueue", Type: "channel.PriorityQueue", Kind: "zset",
		Calls: func(rdb client, name string) []Call {
			return priorityCalls(channel.NewPriorityQueue[string](rdb, name), marker)
		},
		Fill: func(ctx context.Context, raw client, name string) error {
			return raw.ZAdd(ctx, name, redis.Z{Score: 1, Member: marker}).Err()
		},
		Zero: func() []Call { return priorityCalls(new(channel.PriorityQueue[string]), "v") },
		Unencodable: []func(client, string) []Call{func(rdb client, name string) []Call {
			return priorityCalls(channel.NewPriorityQueue[chan int](rdb, name), nil)
		}},
	}
}

func priorityCalls[T any](q *channel.PriorityQueue[T], v T) []Call {
	return []Call{
		reads("Len", "zcard", func(ctx context.Context) error { return second(q.Len(ctx)) }),
		reads("Exists", "exists", func(ctx context.Context) error { return second(q.Exists(ctx)) }).ofAnyType(),
		writes("Push", "evalsha", func(ctx context.Context) error { return q.Push(ctx, v, 1) }),
		writes("Clear", "evalsha", q.Clear).ofAnyType(),
	}
}

// priorityRefused pops from queues that cannot be popped from, and creates a queue with
// options that do not apply to it.
func priorityRefused(t *testing.T, r *redistest.Redis) {
	key := tagged(t, r, "q")
	must(t, r.Raw().RPush(t.Context(), key, marker).Err())
	for _, tt := range []struct {
		what string
		q    *channel.PriorityQueue[string]
		want error
	}{
		{"a list", channel.NewPriorityQueue[string](r.Client, key), desir.ErrWrongType},
		{"no name", channel.NewPriorityQueue[string](r.Client, ""), desir.ErrName},
		{"braces", channel.NewPriorityQueue[string](r.Client, "a{}b"), desir.ErrName},
		{"no client", channel.NewPriorityQueue[string](nil, "q"), desir.ErrNotSupported},
		{"no constructor", new(channel.PriorityQueue[string]), desir.ErrNotSupported},
	} {
		for op, err := range map[string]error{
			"TryPop": third(tt.q.TryPop(timeoutContext(t))), "Pop": second(tt.q.Pop(timeoutContext(t))), "Push": tt.q.Push(timeoutContext(t), marker, 1),
		} {
			_, ok := errors.AsType[*desir.OpError](err)
			if !ok || !errors.Is(err, tt.want) || errors.Is(err, redis.Nil) || strings.Contains(err.Error(), marker) {
				t.Errorf("%s of %s: %v; want an OpError with %v", op, tt.what, err, tt.want)
			}
		}
	}
	equal(t, "Key of a zero object", new(channel.PriorityQueue[string]).Key(), "")
	equal(t, "Key", channel.NewPriorityQueue[string](r.Client, key).Key(), key)
	if err := channel.NewPriorityQueue[string](r.Client, key, channel.Buffer(3)).Push(t.Context(), "v", 1); err == nil {
		t.Error("a queue with Buffer: no error")
	}
}

// priorityCosts counts the round trips when the server knows the scripts.
func priorityCosts(t *testing.T, r *redistest.Redis) {
	rdb := r.NewClient(t)
	q := channel.NewPriorityQueue[int](rdb, name(t, r, "q"))
	must(t, q.Push(t.Context(), 1, 1))
	must(t, third(q.TryPop(t.Context())))
	must(t, q.Clear(t.Context()))
	trips := redistest.CountTrips(rdb)
	countTrips(t, trips,
		callCost{"Push", 1, 1, func(ctx context.Context) error { return q.Push(ctx, 1, 1) }},
		callCost{"Len", 1, 1, func(ctx context.Context) error { return second(q.Len(ctx)) }},
		callCost{"Exists", 1, 1, func(ctx context.Context) error { return second(q.Exists(ctx)) }},
		callCost{"TryPop", 1, 1, func(ctx context.Context) error { return third(q.TryPop(ctx)) }},
		callCost{"TryPop of nothing", 1, 1, func(ctx context.Context) error { return third(q.TryPop(ctx)) }},
		callCost{"Clear", 1, 1, func(ctx context.Context) error { return q.Clear(ctx) }},
	)
}

// priorityHelperKeys: no helper key without an expiry remains.
func priorityHelperKeys(t *testing.T, r *redistest.Redis) {
	key := name(t, r, "q")
	q := channel.NewPriorityQueue[int](r.Client, key)
	for i := range 10 {
		must(t, q.Push(t.Context(), i, -i))
	}
	persistent := func() (keys []string) {
		for _, k := range r.KeysWithoutExpiry(t) {
			if strings.Contains(k, key) {
				keys = append(keys, k)
			}
		}
		return keys
	}
	equal(t, "keys that never expire, of a queue with values", persistent(), []string{key})
	for range 5 {
		must(t, third(q.TryPop(t.Context())))
		must(t, second(q.Pop(timeoutContext(t))))
	}
	equal(t, "keys that never expire, of an empty queue", persistent(), []string(nil))
	must(t, q.Push(t.Context(), 1, 1))
	must(t, q.Clear(t.Context()))
	equal(t, "keys that never expire, of a cleared queue", persistent(), []string(nil))
}

package counter

import (
	"context"
	"errors"
	"math/big"
	"math/rand/v2"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/script"
	"github.com/desir-go/desir/internal/send"
)

const (
	mostShards = 1024
	readTries  = 4 // of all shards at once
	readPause  = 8 * time.Millisecond
)

// Sharded is a number that is added to more often than one node of a cluster
// can: it is the sum of n counters under n keys, which lie in different slots.
// One of them is the key of the name, so a Sharded of one shard is a [Counter],
// and a Counter can become a Sharded with what it has counted.
//
// Use NewSharded. A Sharded is safe for any number of goroutines and holds no
// number itself. On a single server, or with a {tag} in the name, all shards are
// in one place and a Counter is better.
type Sharded struct {
	h      *hub.Handle
	shards []string
}

// NewSharded names a number in n shards, n from 1 to 1024; a few for each node
// are enough. Everybody who uses the name should say the same n. It may grow;
// when it shrinks, what the last shards hold is out of sight. NewSharded does
// not talk to Redis and cannot fail: a name or an n that cannot work is the
// error of every call.
func NewSharded(rdb redis.UniversalClient, name string, n int) *Sharded {
	err := keys.Check(name)
	if n < 1 || n > mostShards {
		err, n = errors.Join(err, errShards), 1
	}
	shards := make([]string, n)
	for i := range shards {
		shards[i] = keys.Shard(name, i)
	}
	return &Sharded{h: hub.NewHandle(rdb, "counter.Sharded", name, err), shards: shards}
}

var (
	errShards = errors.New("there are 1 to 1024 shards")
	errSum    = errors.New("the sum of the shards does not fit 64 bits")
)

// Add adds n to one of the shards, chosen by chance.
//
// One INCRBY: one round trip, O(1), atomic, sent once; after
// [desir.ErrMaybeRan] look before adding again. An overflow of the shard is an
// error and changes nothing. A shard that holds no decimal number is
// [desir.ErrWrongType].
func (c *Sharded) Add(ctx context.Context, n int64) error {
	s, err := c.h.Send()
	if err == nil {
		_, err = s.IncrBy(ctx, c.shards[rand.IntN(len(c.shards))], n)
	}
	return c.fail("Add", err)
}

// Value returns the sum of all shards; missing ones are 0. It is no snapshot:
// shards are read one after the other, so of two additions the later one may
// be in it without the earlier. What was added before the call is in it. A sum
// beyond 64 bits is an error; a shard that holds no decimal number is a
// [*codec.DecodeError] with its key.
//
// One GET for each shard, in one pipeline for each node at the same time.
func (c *Sharded) Value(ctx context.Context) (int64, error) {
	v, err := c.value(ctx)
	return v, c.fail("Value", err)
}

func (c *Sharded) value(ctx context.Context) (int64, error) {
	all, err := ask(ctx, c, "get", redis.NewStringCmd)
	if err != nil {
		return 0, err
	}
	var sum big.Int // shards may be beyond 64 bits on the way to a sum that is not
	for i, cmd := range all {
		if send.IsNil(cmd.Err()) {
			continue
		}
		v, err := parse(c.shards[i], cmd.Val())
		if err != nil {
			return 0, err
		}
		sum.Add(&sum, big.NewInt(v))
	}
	if !sum.IsInt64() {
		return 0, errSum
	}
	return sum.Int64(), nil
}

// ask sends a command that reads to all shards. What it returns has an answer
// each, which may be redis.Nil.
func ask[C redis.Cmder](ctx context.Context, c *Sharded, command string, make func(context.Context, ...any) C) ([]C, error) {
	hub, err := c.h.Hub()
	if err != nil {
		return nil, err
	}
	pause := readPause
	for try := 1; ; try++ {
		cmds, asked := []redis.Cmder{}, []C{}
		for _, key := range c.shards {
			cmd := make(ctx, command, key)
			cmds, asked = append(cmds, cmd), append(asked, cmd)
		}
		err := readAll(ctx, hub, cmds)
		if try == readTries || !errors.Is(err, desir.ErrUnavailable) || errors.Is(err, redis.ErrClosed) {
			return asked, err
		}
		if !send.Pause(ctx, pause) {
			return nil, ctx.Err()
		}
		pause *= 2
	}
}

// readAll sends one pipeline and returns the first error in it that is not
// redis.Nil.
func readAll(ctx context.Context, h *hub.Hub, cmds []redis.Cmder) error {
	err := h.Send.ReadOn(ctx, h.Client, cmds...)
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err // after the context's end no command may be looked at
	}
	for _, cmd := range cmds {
		_, text := cmd.(*redis.StringCmd) // the others have no null
		if err := cmd.Err(); err != nil && !(text && send.IsNil(err)) {
			return h.Send.Explain(ctx, err)
		}
	}
	if !send.IsNil(err) {
		return err
	}
	return nil
}

// Key returns the Redis key of the first shard, which is the object's name.
func (c *Sharded) Key() string {
	if c.h == nil {
		return ""
	}
	return c.h.Key
}

// Exists reports whether a shard exists. One EXISTS for each, as [Sharded.Value].
func (c *Sharded) Exists(ctx context.Context) (bool, error) {
	all, err := ask(ctx, c, "exists", redis.NewIntCmd)
	if err != nil {
		return false, c.fail("Exists", err)
	}
	for _, cmd := range all {
		if cmd.Val() > 0 {
			return true, nil
		}
	}
	return false, nil
}

// Clear deletes all shards. UNLINK, inside a script: one round trip, on a
// cluster one for each shard, one after the other. Additions beside it may be
// deleted or stay; after an error some shards may be deleted.
func (c *Sharded) Clear(ctx context.Context) error {
	hub, err := c.h.Hub()
	if err != nil {
		return c.fail("Clear", err)
	}
	if !hub.Slotted() {
		_, err := script.Unlink(ctx, hub, c.shards...)
		return c.fail("Clear", err)
	}
	for _, key := range c.shards {
		if _, err := script.Unlink(ctx, hub, key); err != nil {
			return c.fail("Clear", err)
		}
	}
	return nil
}

func (c *Sharded) fail(op string, err error) error { return c.h.Fail(op, err) }

package counter

import (
	"context"
	"errors"
	"math/big"
	"math/rand/v2"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/backoff"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/script"
	"github.com/desir-go/desir/internal/send"
)

const (
	maxShards       = 1024
	maxReadAttempts = 4 // attempts to read all shards
)

// readPauses are the pauses between these attempts.
var readPauses = backoff.Range{First: 8 * time.Millisecond, Last: time.Second}

// Sharded is a number for more additions than one node of a cluster can execute. It is
// the sum of n counters under n keys in different slots. The first key is the name
// itself. So a Sharded with one shard is a [Counter], and a Counter can become a
// Sharded that keeps its value.
//
// Create a Sharded with [NewSharded]. A Sharded is safe for concurrent use and does not
// hold the number itself. On a single server, or with a {tag} in the name, all shards
// are on one node, and a Counter is the better choice.
type Sharded struct {
	h      *clients.Handle
	shards []string
}

// NewSharded returns the number called name with n shards, from 1 to 1024. A few shards
// for each node are enough. All users of the name should use the same n. It may grow.
// If it shrinks, the values of the last shards no longer count.
//
// NewSharded sends nothing and cannot fail. If the name or n is invalid, every call
// returns the error.
func NewSharded(rdb redis.UniversalClient, name string, n int) *Sharded {
	err := keys.Check(name)
	if n < 1 || n > maxShards {
		err, n = errors.Join(err, errShards), 1
	}
	shards := make([]string, n)
	for i := range shards {
		shards[i] = keys.Shard(name, i)
	}
	return &Sharded{h: clients.NewHandle(rdb, "counter.Sharded", name, err), shards: shards}
}

var (
	errShards = errors.New("the number of shards must be from 1 to 1024")
	errSum    = errors.New("the sum of the shards does not fit 64 bits")
)

// Add adds n to a random shard.
//
// Add sends one INCRBY in one round trip, once, and is O(1) and atomic. After
// [desir.ErrMaybeRan], check the value before adding again. If the shard would
// overflow, Add returns an error and changes nothing. If the shard does not hold a
// decimal number, the error is [desir.ErrWrongType].
func (c *Sharded) Add(ctx context.Context, n int64) error {
	s, err := c.h.Sender()
	if err == nil {
		_, err = s.IncrBy(ctx, c.shards[rand.IntN(len(c.shards))], n)
	}
	return c.h.Fail("Add", err)
}

// Value returns the sum of all shards. Missing shards count as 0. The sum includes
// every addition that ended before the call. It is not a snapshot: the shards are not
// read at the same moment, so the sum may include a later addition without an earlier
// one.
//
// If the sum does not fit 64 bits, Value returns an error. If a shard does not hold a
// decimal number, the error is a [*codec.DecodeError] with the shard's key.
//
// Value sends one GET for each shard, in one pipeline for each node, to all nodes at the
// same time. If the server is unavailable it tries up to 4 times.
func (c *Sharded) Value(ctx context.Context) (int64, error) {
	v, err := c.value(ctx)
	return v, c.h.Fail("Value", err)
}

func (c *Sharded) value(ctx context.Context) (int64, error) {
	all, err := readShards(ctx, c, "get", redis.NewStringCmd)
	if err != nil {
		return 0, err
	}
	var sum big.Int // a partial sum may not fit 64 bits although the whole does
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

// readShards sends a read command to all shards. Each returned command has a reply, which
// may be redis.Nil.
func readShards[C redis.Cmder](ctx context.Context, c *Sharded, command string, newCmd func(context.Context, ...any) C) ([]C, error) {
	shared, err := c.h.Shared()
	if err != nil {
		return nil, err
	}
	pause := readPauses.Start()
	for attempt := 1; ; attempt++ {
		cmds, typed := []redis.Cmder{}, []C{}
		for _, key := range c.shards {
			cmd := newCmd(ctx, command, key)
			cmds, typed = append(cmds, cmd), append(typed, cmd)
		}
		err := readAll(ctx, shared, cmds)
		if attempt == maxReadAttempts || !send.Retryable(err) {
			return typed, err
		}
		if !pause.Wait(ctx) {
			return nil, ctx.Err()
		}
	}
}

// readAll sends one pipeline and returns its first error that is not redis.Nil.
func readAll(ctx context.Context, h *clients.Shared, cmds []redis.Cmder) error {
	err := h.Sender.ReadOn(ctx, h.Redis, cmds...)
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err // after the context's end the commands must not be read
	}
	for _, cmd := range cmds {
		_, text := cmd.(*redis.StringCmd) // other commands have no null reply
		if err := cmd.Err(); err != nil && !(text && send.IsNil(err)) {
			return h.Sender.Classify(ctx, err)
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

// Exists reports whether any shard exists. It sends one EXISTS for each shard, as
// [Sharded.Value] sends GET.
func (c *Sharded) Exists(ctx context.Context) (bool, error) {
	all, err := readShards(ctx, c, "exists", redis.NewIntCmd)
	if err != nil {
		return false, c.h.Fail("Exists", err)
	}
	for _, cmd := range all {
		if cmd.Val() > 0 {
			return true, nil
		}
	}
	return false, nil
}

// Clear deletes all shards. It runs UNLINK in a script, in one round trip. On a cluster
// it runs one script for each shard, one after the other. Concurrent additions may be
// deleted or stay. After an error some shards may be deleted.
func (c *Sharded) Clear(ctx context.Context) error {
	shared, err := c.h.Shared()
	if err != nil {
		return c.h.Fail("Clear", err)
	}
	if !shared.Slotted() {
		_, err := script.Unlink(ctx, shared, c.shards...)
		return c.h.Fail("Clear", err)
	}
	for _, key := range c.shards {
		if _, err := script.Unlink(ctx, shared, key); err != nil {
			return c.h.Fail("Clear", err)
		}
	}
	return nil
}

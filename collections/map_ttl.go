package collections

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/send"
)

// SetTTL stores v under key, to expire after ttl, which is more than zero; a fraction of a
// millisecond counts as a whole one. Otherwise as [Map.Set].
//
// Whatever stores a value without a time to live takes the key's away: Set,
// SetMany, Insert, Swap, CompareAndSwap and Update do; Add leaves it. A time to
// live of the whole map ([desir.Object.Expire]) is another thing, and whichever
// ends first counts.
//
// One HSETEX (Redis 8.0, Valkey 9.0) or a script with HSET and HPEXPIRE (Redis
// 7.4), O(1), atomic, sent once. What the server knows is found by asking, once
// for each client. A server with neither is [desir.ErrNotSupported].
func (m *Map[K, V]) SetTTL(ctx context.Context, key K, v V, ttl time.Duration) error {
	if ttl <= 0 {
		return m.fail("SetTTL", errTTL)
	}
	_, field, value, err := m.pair(key, v)
	if err == nil {
		err = m.setTTL(ctx, field, value, send.Millis(ttl))
	}
	return m.fail("SetTTL", err)
}

func (m *Map[K, V]) setTTL(ctx context.Context, field, value string, ms int64) error {
	hub, err := m.h.Hub()
	if err != nil {
		return err
	}
	return fieldTTLs(hub).set.try(errNoSetTTL, func() error {
		return hub.Send.Write(ctx, redis.NewIntCmd(ctx, "hsetex", m.h.Key, "px", ms, "fields", 1, field, value))
	}, func() error {
		_, err := hashSetTTL.Run(ctx, hub, []string{m.h.Key}, field, value, ms)
		return err
	})
}

// ExpireKey lets keys expire after ttl and returns how many of them are there.
// A ttl of zero or less deletes them.
//
// One HPEXPIRE (Redis 7.4, Valkey 9.0), O(len(keys)), atomic, sent once; a
// fraction of a millisecond counts as a whole one. A server that has HEXPIRE
// alone counts whole seconds, rounded up; one that has neither is
// [desir.ErrNotSupported]. To delete it takes one HDEL, which all have.
func (m *Map[K, V]) ExpireKey(ctx context.Context, ttl time.Duration, keys ...K) (n int, err error) {
	if ttl <= 0 {
		n, err = m.remove(ctx, keys)
		return n, m.fail("ExpireKey", err)
	}
	n, err = m.expireKey(ctx, ttl, keys)
	return n, m.fail("ExpireKey", err)
}

func (m *Map[K, V]) expireKey(ctx context.Context, ttl time.Duration, keys []K) (n int, err error) {
	_, fields, err := m.atAll(keys)
	if err != nil || len(keys) == 0 {
		return 0, err
	}
	hub, err := m.h.Hub()
	if err != nil {
		return 0, err
	}
	expire := func(command string, life int64) func() error {
		return func() error {
			cmd := redis.NewIntSliceCmd(ctx, words(command, fields, m.h.Key, life, "fields", len(fields))...)
			if err := hub.Send.Write(ctx, cmd); err != nil {
				return send.Miss(err)
			}
			for _, answer := range cmd.Val() {
				if answer > 0 {
					n++
				}
			}
			return nil
		}
	}
	seconds := int64(math.Ceil(ttl.Seconds()))
	err = fieldTTLs(hub).expire.try(errNoExpireKey, expire("hpexpire", send.Millis(ttl)), expire("hexpire", seconds))
	return n, err
}

// TTLOf returns the time until key expires; ok is false when it is not there
// or never expires by itself. One HPTTL (Redis 7.4, Valkey 9.0), O(1); a server
// without it is [desir.ErrNotSupported].
func (m *Map[K, V]) TTLOf(ctx context.Context, key K) (ttl time.Duration, ok bool, err error) {
	s, field, err := m.at(key)
	if err != nil {
		return 0, false, m.fail("TTLOf", err)
	}
	cmd := redis.NewIntSliceCmd(ctx, "hpttl", m.h.Key, "fields", 1, field)
	if err := s.Read(ctx, cmd); err != nil || len(cmd.Val()) != 1 || cmd.Val()[0] < 0 {
		return 0, false, m.fail("TTLOf", send.Miss(err))
	}
	return send.Duration(cmd.Val()[0]), true, nil
}

var (
	errNoSetTTL    = fmt.Errorf("%w: the server has neither HSETEX (Redis 8.0) nor HPEXPIRE (Redis 7.4)", desir.ErrNotSupported)
	errNoExpireKey = fmt.Errorf("%w: the server has neither HPEXPIRE nor HEXPIRE (Redis 7.4)", desir.ErrNotSupported)
)

// ttlWays is how a client's server lets fields expire.
type ttlWays struct{ set, expire ways }

type ttlPart struct{} // the key of it in a hub

func fieldTTLs(h *hub.Hub) *ttlWays {
	return h.Part(ttlPart{}, func() any { return new(ttlWays) }).(*ttlWays)
}

// ways remembers which of several commands for one thing the server has.
type ways struct{ worked atomic.Int32 }

// try calls the way that worked last, and as long as the server does not know
// it the next one, round to where it began; then the error is none.
func (w *ways) try(none error, calls ...func() error) error {
	first := int(w.worked.Load())
	for i := range calls {
		way := (first + i) % len(calls)
		err := calls[way]()
		if err == nil {
			w.worked.Store(int32(way))
		}
		if !errors.Is(err, desir.ErrNotSupported) {
			return err
		}
	}
	return none
}

package collections

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/batch"
	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/script"
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
// One HSETEX (Redis 8.0, Valkey 9.0), or a share of one when other goroutines store
// with the same ttl at the same time, or a script with HSET and HPEXPIRE (Redis
// 7.4); O(1), atomic, sent once. What the server knows is found by asking, once
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
		return hub.Send.HSetEX(ctx, m.h.Key, field, value, ms)
	}, func() error {
		_, err := hashSetTTL.Run(ctx, hub, []string{m.h.Key}, field, value, ms)
		return err
	})
}

// ExpireKey lets keys expire after ttl and returns how many of them are there. A key
// whose time to live is over is not. A ttl of zero or less deletes them, as
// [Map.Delete] does.
//
// One script with HPTTL and HPEXPIRE (Redis 7.4, Valkey 9.0), or a share of one when
// other goroutines call with the same ttl at the same time; O(len(keys)), atomic,
// sent once; a fraction of a millisecond counts as a whole one. A server that has HEXPIRE
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
	ways := fieldTTLs(hub)
	err = ways.expire.try(errNoExpireKey, func() (err error) {
		n, err = ways.expireThere(ctx, hub, m.h.Key, fields, send.Millis(ttl))
		return err
	}, func() (err error) {
		n, err = expireSeconds(ctx, hub, m.h.Key, fields, int64(math.Ceil(ttl.Seconds())))
		return err
	})
	return n, err
}

// expireThere runs the script, for all callers that are there with one time to live.
func (w *ttlWays) expireThere(ctx context.Context, h *hub.Hub, key string, fields []string, ms int64) (int, error) {
	n, err := h.Send.JoinClass(ctx, w.joint, key, ms, fields)
	if script.Unknown(err) { // not executed; Run finds the way
		var answer any
		answer, err = hashExpire.Run(ctx, h, []string{key}, words(strconv.FormatInt(ms, 10), fields)...)
		there, _ := answer.([]any)
		n = countThere(there)
	}
	return int(n), err
}

// joinExpiries returns how concurrent calls with one time to live become one run of
// the script.
func joinExpiries(h *hub.Hub) *batch.Merger {
	return &batch.Merger{
		Merges: true, Coalesces: true,
		Command: func(ctx context.Context, calls []*batch.Call) redis.Cmder {
			return hashExpire.Command(ctx, h, []string{calls[0].Key}, batch.Args(calls, calls[0].Class)...)
		},
		Share: func(cmd redis.Cmder, calls []*batch.Call) {
			there, _ := cmd.(*redis.Cmd).Val().([]any)
			for _, c := range calls {
				part := len(c.Values)
				if part > len(there) {
					c.Err = errPage
					continue
				}
				c.Count = countThere(there[:part])
				there = there[part:]
			}
		},
	}
}

// countThere adds up the script's answers.
func countThere(there []any) (n int64) {
	for _, one := range there {
		if one == int64(1) {
			n++
		}
	}
	return n
}

// expireSeconds is for servers, such as the embedded one, that have HEXPIRE alone.
func expireSeconds(ctx context.Context, h *hub.Hub, key string, fields []string, seconds int64) (n int, err error) {
	cmd := redis.NewIntSliceCmd(ctx, words("hexpire", fields, key, seconds, "fields", len(fields))...)
	if err := h.Send.Write(ctx, cmd); err != nil {
		return 0, send.Miss(err)
	}
	for _, answer := range cmd.Val() {
		if answer > 0 {
			n++
		}
	}
	return n, nil
}

// TTLOf returns the time until key expires; ok is false when it is not there
// or never expires by itself. One HPTTL (Redis 7.4, Valkey 9.0), or a share of one,
// O(1); a server without it is [desir.ErrNotSupported].
func (m *Map[K, V]) TTLOf(ctx context.Context, key K) (ttl time.Duration, ok bool, err error) {
	s, field, err := m.at(key)
	if err != nil {
		return 0, false, m.fail("TTLOf", err)
	}
	ms, err := s.HPTTL(ctx, m.h.Key, field)
	if err != nil || ms < 0 {
		return 0, false, m.fail("TTLOf", err)
	}
	return send.Duration(ms), true, nil
}

var (
	errNoSetTTL    = fmt.Errorf("%w: the server has neither HSETEX (Redis 8.0) nor HPEXPIRE (Redis 7.4)", desir.ErrNotSupported)
	errNoExpireKey = fmt.Errorf("%w: the server has neither HPEXPIRE nor HEXPIRE (Redis 7.4)", desir.ErrNotSupported)
)

// ttlWays is how a client's server lets fields expire.
type ttlWays struct {
	set, expire ways
	joint       *batch.Merger // of ExpireKey
}

type ttlPart struct{} // the key of it in a hub

func fieldTTLs(h *hub.Hub) *ttlWays {
	return h.Part(ttlPart{}, func() any { return &ttlWays{joint: joinExpiries(h)} }).(*ttlWays)
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

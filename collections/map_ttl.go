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
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/script"
	"github.com/desir-go/desir/internal/send"
)

// SetTTL stores v under key and makes the key expire after ttl. ttl must be positive
// and is rounded up to whole milliseconds. Otherwise SetTTL is as [Map.Set].
//
// Set, SetMany, Insert, Swap, CompareAndSwap and Update store a value without a time to
// live and so remove the key's time to live. [Add] keeps it. The time to live of a key
// is independent of the expiry of the whole map ([desir.Object.Expire]); the earlier of
// the two applies.
//
// SetTTL sends one HSETEX (Redis 8.0, Valkey 9.0), or shares one with concurrent calls
// with the same ttl. On Redis 7.4 it runs a script with HSET and HPEXPIRE. Either is
// O(1) and atomic, and is sent once. The library finds out which commands the server
// has, once for each client. If the server has neither, the error is
// [desir.ErrNotSupported].
func (m *Map[K, V]) SetTTL(ctx context.Context, key K, v V, ttl time.Duration) error {
	if ttl <= 0 {
		return m.h.Fail("SetTTL", errTTL)
	}
	_, field, value, err := m.encodePair(key, v)
	if err == nil {
		err = m.setTTL(ctx, field, value, send.Millis(ttl))
	}
	return m.h.Fail("SetTTL", err)
}

func (m *Map[K, V]) setTTL(ctx context.Context, field, value string, ms int64) error {
	shared, err := m.h.Shared()
	if err != nil {
		return err
	}
	return ttlCommandsOf(shared).set.try(errNoSetTTL, func() error {
		return shared.Sender.HSetEX(ctx, m.h.Key, field, value, ms)
	}, func() error {
		_, err := hashSetTTL.Run(ctx, shared, []string{m.h.Key}, field, value, ms)
		return err
	})
}

// ExpireKey makes keys expire after ttl, rounded up to whole milliseconds, and returns
// how many of the keys exist. A key whose time to live has ended does not exist. If ttl
// is zero or less, ExpireKey deletes the keys as [Map.Delete] does, with one HDEL.
//
// ExpireKey runs one script with HPTTL and HPEXPIRE (Redis 7.4, Valkey 9.0), or shares
// one with concurrent calls with the same ttl. It is O(len(keys)) and atomic, and it is
// sent once. On a server that has only HEXPIRE, ttl is rounded up to whole seconds. If
// the server has neither, the error is [desir.ErrNotSupported].
func (m *Map[K, V]) ExpireKey(ctx context.Context, ttl time.Duration, keys ...K) (n int, err error) {
	if ttl <= 0 {
		n, err = m.remove(ctx, keys)
		return n, m.h.Fail("ExpireKey", err)
	}
	n, err = m.expireKey(ctx, ttl, keys)
	return n, m.h.Fail("ExpireKey", err)
}

func (m *Map[K, V]) expireKey(ctx context.Context, ttl time.Duration, keys []K) (n int, err error) {
	_, fields, err := m.fields(keys)
	if err != nil || len(keys) == 0 {
		return 0, err
	}
	shared, err := m.h.Shared()
	if err != nil {
		return 0, err
	}
	c := ttlCommandsOf(shared)
	err = c.expire.try(errNoExpireKey, func() (err error) {
		n, err = c.expireMillis(ctx, shared, m.h.Key, fields, send.Millis(ttl))
		return err
	}, func() (err error) {
		n, err = expireSeconds(ctx, shared, m.h.Key, fields, int64(math.Ceil(ttl.Seconds())))
		return err
	})
	return n, err
}

// expireMillis runs the script, together with concurrent calls with the same ttl.
func (c *ttlCommands) expireMillis(ctx context.Context, h *clients.Shared, key string, fields []string, ms int64) (int, error) {
	n, err := h.Sender.MergeClass(ctx, c.expireMerger, key, ms, fields)
	if script.Unknown(err) { // not executed; Run sends the script's source
		var reply any
		reply, err = hashExpire.Run(ctx, h, []string{key}, commandArgs(strconv.FormatInt(ms, 10), fields)...)
		existing, _ := reply.([]any)
		n = countExisting(existing)
	}
	return int(n), err
}

// newExpireMerger returns the merger that merges concurrent calls with the same ttl into
// one run of the script.
func newExpireMerger(h *clients.Shared) *batch.Merger {
	return &batch.Merger{
		Merges: true, Coalesces: true,
		Command: func(ctx context.Context, calls []*batch.Call) redis.Cmder {
			return hashExpire.Command(ctx, h, []string{calls[0].Key}, batch.Args(calls, calls[0].Class)...)
		},
		Share: func(cmd redis.Cmder, calls []*batch.Call) {
			existing, _ := cmd.(*redis.Cmd).Val().([]any)
			for _, c := range calls {
				n := len(c.Values)
				if n > len(existing) {
					c.Err = errPage
					continue
				}
				c.Count = countExisting(existing[:n])
				existing = existing[n:]
			}
		},
	}
}

// countExisting counts the keys that exist in the script's reply.
func countExisting(existing []any) (n int64) {
	for _, one := range existing {
		if one == int64(1) {
			n++
		}
	}
	return n
}

// expireSeconds is for servers that have only HEXPIRE, such as the embedded server.
func expireSeconds(ctx context.Context, h *clients.Shared, key string, fields []string, seconds int64) (n int, err error) {
	cmd := redis.NewIntSliceCmd(ctx, commandArgs("hexpire", fields, key, seconds, "fields", len(fields))...)
	if err := h.Sender.Write(ctx, cmd); err != nil {
		return 0, send.IgnoreNil(err)
	}
	for _, reply := range cmd.Val() {
		if reply > 0 {
			n++
		}
	}
	return n, nil
}

// TTLOf returns the time until key expires. ok is false if the key does not exist or
// has no time to live. TTLOf sends one HPTTL (Redis 7.4, Valkey 9.0), or shares one
// with concurrent calls, and is O(1). If the server lacks HPTTL, the error is
// [desir.ErrNotSupported].
func (m *Map[K, V]) TTLOf(ctx context.Context, key K) (ttl time.Duration, ok bool, err error) {
	s, field, err := m.field(key)
	if err != nil {
		return 0, false, m.h.Fail("TTLOf", err)
	}
	ms, err := s.HPTTL(ctx, m.h.Key, field)
	if err != nil || ms < 0 {
		return 0, false, m.h.Fail("TTLOf", err)
	}
	return send.Duration(ms), true, nil
}

var (
	errNoSetTTL    = fmt.Errorf("%w: the server has neither HSETEX (Redis 8.0) nor HPEXPIRE (Redis 7.4)", desir.ErrNotSupported)
	errNoExpireKey = fmt.Errorf("%w: the server has neither HPEXPIRE nor HEXPIRE (Redis 7.4)", desir.ErrNotSupported)
)

// ttlCommands remembers how a client's server sets the expiry of fields.
type ttlCommands struct {
	set, expire  alternatives
	expireMerger *batch.Merger // merges calls of ExpireKey
}

type ttlCommandsKey struct{} // the key of ttlCommands among a client's values

func ttlCommandsOf(h *clients.Shared) *ttlCommands {
	return clients.Value(h, ttlCommandsKey{}, func() *ttlCommands { return &ttlCommands{expireMerger: newExpireMerger(h)} })
}

// alternatives remembers which of several alternative commands the server has.
type alternatives struct{ worked atomic.Int32 }

// try runs the call that worked last. While the server does not support a call, it tries
// the next one. If the server supports none, it returns the error none.
func (a *alternatives) try(none error, calls ...func() error) error {
	first := int(a.worked.Load())
	for n := range calls {
		i := (first + n) % len(calls)
		err := calls[i]()
		if err == nil {
			a.worked.Store(int32(i))
		}
		if !errors.Is(err, desir.ErrNotSupported) {
			return err
		}
	}
	return none
}

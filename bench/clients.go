package main

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"
	"github.com/valkey-io/valkey-go"
)

// client is a peer of the collections, with its operations.
type client struct {
	name      string
	hget      func(ctx context.Context, key, field string) error
	hset      func(ctx context.Context, key, field, value string) error
	sismember func(ctx context.Context, key, member string) error
	incr      func(ctx context.Context, key string) error
	rpush     func(ctx context.Context, key, value string) error
}

// The names of the columns of the peers of the collections.
const (
	rueidisName = "rueidis"
	cachedName  = "rueidis DoCache"
	valkeyName  = "valkey-go"
	poolName    = "go-redis pool"
	autoName    = "AutoPipeline"
	duplexName  = "FullDuplex"
)

// clients returns a client of each peer for the server at addr. They have default
// options, except that the caches of rueidis and valkey-go are off.
func (w *env) rdbs(addr string) ([]client, error) {
	r, err := w.rueidis(addr)
	if err != nil {
		return nil, err
	}
	v, err := valkey.NewClient(valkey.ClientOption{InitAddress: []string{addr}, DisableCache: true})
	if err != nil {
		return nil, err
	}
	w.stops = append(w.stops, v.Close)
	auto, err := w.clientAt(addr).AutoPipeline()
	if err != nil {
		return nil, err
	}
	options := redis.DefaultBlockingAutoPipelineOptions()
	options.FullDuplex, options.MaxFlushDelay = true, 250*time.Microsecond
	duplex, err := w.clientAt(addr).AutoPipelineWithOptions(options)
	if err != nil {
		return nil, err
	}
	return []client{
		ofRueidis(r), ofValkey(v),
		ofGoRedis(poolName, w.clientAt(addr)), ofGoRedis(autoName, auto), ofGoRedis(duplexName, duplex),
	}, nil
}

func (w *env) rueidis(addr string) (rueidis.Client, error) {
	r, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{addr}, DisableCache: true})
	if err == nil {
		w.stops = append(w.stops, r.Close)
	}
	return r, err
}

func ofGoRedis(name string, rdb redis.Cmdable) client {
	return client{
		name: name,
		hget: func(ctx context.Context, key, field string) error { return rdb.HGet(ctx, key, field).Err() },
		hset: func(ctx context.Context, key, field, value string) error {
			return rdb.HSet(ctx, key, field, value).Err()
		},
		sismember: func(ctx context.Context, key, member string) error { return rdb.SIsMember(ctx, key, member).Err() },
		incr:      func(ctx context.Context, key string) error { return rdb.Incr(ctx, key).Err() },
		rpush:     func(ctx context.Context, key, value string) error { return rdb.RPush(ctx, key, value).Err() },
	}
}

func ofRueidis(c rueidis.Client) client {
	return client{
		name: rueidisName,
		hget: func(ctx context.Context, key, field string) error {
			_, err := c.Do(ctx, c.B().Hget().Key(key).Field(field).Build()).ToString()
			return err
		},
		hset: func(ctx context.Context, key, field, value string) error {
			return c.Do(ctx, c.B().Hset().Key(key).FieldValue().FieldValue(field, value).Build()).Error()
		},
		sismember: func(ctx context.Context, key, member string) error {
			return c.Do(ctx, c.B().Sismember().Key(key).Member(member).Build()).Error()
		},
		incr: func(ctx context.Context, key string) error { return c.Do(ctx, c.B().Incr().Key(key).Build()).Error() },
		rpush: func(ctx context.Context, key, value string) error {
			return c.Do(ctx, c.B().Rpush().Key(key).Element(value).Build()).Error()
		},
	}
}

func ofValkey(c valkey.Client) client {
	return client{
		name: valkeyName,
		hget: func(ctx context.Context, key, field string) error {
			_, err := c.Do(ctx, c.B().Hget().Key(key).Field(field).Build()).ToString()
			return err
		},
		hset: func(ctx context.Context, key, field, value string) error {
			return c.Do(ctx, c.B().Hset().Key(key).FieldValue().FieldValue(field, value).Build()).Error()
		},
		sismember: func(ctx context.Context, key, member string) error {
			return c.Do(ctx, c.B().Sismember().Key(key).Member(member).Build()).Error()
		},
		incr: func(ctx context.Context, key string) error { return c.Do(ctx, c.B().Incr().Key(key).Build()).Error() },
		rpush: func(ctx context.Context, key, value string) error {
			return c.Do(ctx, c.B().Rpush().Key(key).Element(value).Build()).Error()
		},
	}
}

// cached returns an operation of rueidis with its client-side cache.
func (w *env) cached(addr string) (func(ctx context.Context, key, field string) error, error) {
	c, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{addr}})
	if err != nil {
		return nil, err
	}
	w.stops = append(w.stops, c.Close)
	return func(ctx context.Context, key, field string) error {
		_, err := c.DoCache(ctx, c.B().Hget().Key(key).Field(field).Cache(), time.Minute).ToString()
		return err
	}, nil
}

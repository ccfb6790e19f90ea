package main

import (
	"context"
	"errors"
	"math"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/hibiken/asynq"
	"github.com/nats-io/nats.go"
	"github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"
)

// endMarker is the value that ends a blocking receiver. One is sent for each receiver.
const endMarker = ""

var endMarkers = func() (all []any) {
	for range receivers {
		all = append(all, endMarker)
	}
	return all
}()

// polled uses a list with a blocking pop for each value.
func polled(pool *redis.Client) flow {
	return func(ctx context.Context, n int) (time.Duration, error) {
		t := newTally(n)
		return t.flow(ctx, n, flowEnds{
			senders: senders, receivers: receivers,
			send: func(int) error { return pool.LPush(ctx, "queue", text).Err() },
			receive: func(ctx context.Context) error {
				return until(ctx, t, func() (string, error) {
					v, err := pool.BRPop(ctx, time.Second, "queue").Result()
					return second(v), err
				})
			},
			last: func() error { return pool.LPush(ctx, "queue", endMarkers...).Err() },
		})
	}
}

// moved uses a list and keeps values in a second list while they are processed.
func moved(pool *redis.Client) flow {
	var ids atomic.Int64
	return func(ctx context.Context, n int) (time.Duration, error) {
		t := newTally(n)
		return t.flow(ctx, n, flowEnds{
			senders: senders, receivers: receivers,
			send: func(int) error { return pool.LPush(ctx, "kept", strconv.FormatInt(ids.Add(1), 10)).Err() },
			receive: func(ctx context.Context) error {
				return until(ctx, t, func() (string, error) {
					v, err := pool.BLMove(ctx, "kept", "work", "right", "left", time.Second).Result()
					if err != nil {
						return "", err
					}
					return v, pool.LRem(ctx, "work", 1, v).Err()
				})
			},
			last: func() error { return pool.LPush(ctx, "kept", endMarkers...).Err() },
		})
	}
}

func polledByRueidis(r rueidis.Client) flow {
	push := func(ctx context.Context, v string) error {
		return r.Do(ctx, r.B().Lpush().Key("rueidis").Element(v).Build()).Error()
	}
	return func(ctx context.Context, n int) (time.Duration, error) {
		t := newTally(n)
		return t.flow(ctx, n, flowEnds{
			senders: senders, receivers: receivers,
			send: func(int) error { return push(ctx, text) },
			receive: func(ctx context.Context) error {
				return until(ctx, t, func() (string, error) {
					v, err := r.Do(ctx, r.B().Brpop().Key("rueidis").Timeout(1).Build()).AsStrSlice()
					if rueidis.IsRedisNil(err) {
						err = redis.Nil
					}
					return second(v), err
				})
			},
			last: func() error {
				for range receivers {
					if err := push(ctx, endMarker); err != nil {
						return err
					}
				}
				return nil
			},
		})
	}
}

// popped uses a sorted set with a blocking pop for each value.
func popped(pool *redis.Client) flow {
	var ids atomic.Int64
	push := func(ctx context.Context, score float64, v string) error {
		return pool.ZAdd(ctx, "zset", redis.Z{Score: score, Member: strconv.FormatInt(ids.Add(1), 10) + v}).Err()
	}
	return func(ctx context.Context, n int) (time.Duration, error) {
		t := newTally(n)
		return t.flow(ctx, n, flowEnds{
			senders: senders, receivers: receivers,
			send: func(left int) error { return push(ctx, float64(left%10), text) },
			receive: func(ctx context.Context) error {
				return until(ctx, t, func() (string, error) {
					z, err := pool.BZPopMin(ctx, time.Second, "zset").Result()
					if err == nil && math.IsInf(z.Score, 1) {
						return endMarker, nil
					}
					return text, err
				})
			},
			last: func() error {
				for range receivers {
					if err := push(ctx, math.Inf(1), endMarker); err != nil {
						return err
					}
				}
				return nil
			},
		})
	}
}

// until counts the values that next returns, until it returns endMarker.
func until(ctx context.Context, t *tally, next func() (string, error)) error {
	for ctx.Err() == nil {
		v, err := next()
		switch {
		case errors.Is(err, redis.Nil):
		case err != nil:
			return err
		case v == endMarker:
			return nil
		default:
			t.add(1)
		}
	}
	return nil
}

// second returns the value of a pair of key and value.
func second(v []string) string {
	if len(v) < 2 {
		return endMarker
	}
	return v[1]
}

// natsQueue uses NATS without storage: a queue group whose members have no limit, and
// senders that wait for the broker as often as SendMany does.
func (w *env) natsQueue() (flow, error) {
	url, err := w.startedRole("broker", "")
	if err != nil {
		return nil, err
	}
	var conns [2]*nats.Conn
	for i := range conns {
		if conns[i], err = nats.Connect(url); err != nil {
			return nil, err
		}
		w.stops = append(w.stops, conns[i].Close)
	}
	from, to := conns[0], conns[1]
	value := []byte(text)
	return func(ctx context.Context, n int) (time.Duration, error) {
		t := newTally(n)
		for range receivers {
			sub, err := to.QueueSubscribe("queue", "group", func(*nats.Msg) { t.add(1) })
			if err != nil {
				return 0, err
			}
			defer func() { _ = sub.Unsubscribe() }()
			if err := sub.SetPendingLimits(-1, -1); err != nil {
				return 0, err
			}
		}
		if err := to.Flush(); err != nil {
			return 0, err
		}
		return t.flow(ctx, n, flowEnds{senders: senders, send: func(left int) error {
			err := from.Publish("queue", value)
			if err == nil && left%many == 1 {
				err = from.Flush()
			}
			return err
		}})
	}, nil
}

// asynqQueue runs a server in this process during its turn.
func asynqQueue(addr string) flow {
	opt := asynq.RedisClientOpt{Addr: addr}
	return func(ctx context.Context, n int) (time.Duration, error) {
		t := newTally(n)
		s := asynq.NewServer(opt, asynq.Config{Concurrency: receivers, TaskCheckInterval: time.Millisecond, LogLevel: asynq.FatalLevel})
		if err := s.Start(asynq.HandlerFunc(func(context.Context, *asynq.Task) error {
			t.add(1)
			return nil
		})); err != nil {
			return 0, err
		}
		defer s.Shutdown()
		c := asynq.NewClient(opt)
		defer func() { _ = c.Close() }()
		return t.flow(ctx, n, flowEnds{senders: senders, send: func(int) error {
			_, err := c.EnqueueContext(ctx, asynq.NewTask("queue", []byte(text)))
			return err
		}})
	}
}

// watermillQueue runs a consumer group with one consumer per receiver during its turn.
func watermillQueue(addr string) flow {
	return func(ctx context.Context, n int) (time.Duration, error) {
		t := newTally(n)
		client := func() *redis.Client { return redis.NewClient(&redis.Options{Addr: addr}) }
		pool := client()
		p, err := redisstream.NewPublisher(redisstream.PublisherConfig{Client: pool}, nil)
		if err != nil {
			return 0, err
		}
		defer func() { _ = p.Close() }()
		if err := pool.Del(ctx, "stream").Err(); err != nil {
			return 0, err
		}
		var all [receivers]<-chan *message.Message
		for i := range all {
			s, err := redisstream.NewSubscriber(redisstream.SubscriberConfig{
				Client: client(), ConsumerGroup: "group", DisableIndefiniteInitialBlock: true,
			}, nil)
			if err != nil {
				return 0, err
			}
			defer func() { _ = s.Close() }()
			if all[i], err = s.Subscribe(ctx, "stream"); err != nil {
				return 0, err
			}
		}
		var next atomic.Int32
		return t.flow(ctx, n, flowEnds{senders: senders, receivers: receivers, send: func(int) error {
			return p.Publish("stream", message.NewMessage(watermill.NewShortUUID(), []byte(text)))
		}, receive: func(ctx context.Context) error {
			own := all[next.Add(1)-1]
			for {
				select {
				case m := <-own:
					m.Ack()
					t.add(1)
				case <-ctx.Done():
					return nil
				}
			}
		}})
	}
}

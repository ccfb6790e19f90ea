package main

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/channel"
)

// backlog is how many messages may wait for a subscriber. When there are more, the
// connection waits: in desir by its policy, in go-redis until a minute has gone.
const backlog = 1024

// topics are the contests of publish and subscribe: every message reaches everybody. A
// publisher waits for the server's answer, so that it is ahead of the subscribers by
// what their connections and backlogs hold, and no more.
func (w *world) topics() ([]contest, error) {
	rdb, pool := w.client(), w.client()
	of := func(work string, must float64, publishers, subscribers int) contest {
		goal := "topic"
		if must == 0 {
			goal = ""
		}
		return contest{
			work: work, callers: publishers + subscribers, spread: true, desir: topicFlow(rdb, publishers, subscribers).runner(),
			peers: []peer{{"go-redis PubSub", goal, must, pubsubFlow(pool, publishers, subscribers).runner()}},
		}
	}
	return []contest{
		of("Topic.Publish, Sub.All", 0.9, 1, 1),
		of("Topic.Publish by 8, Sub.All", 0, senders, 1),
		of("Topic.Publish, 100 × Sub.All, in all", 0, 1, 100),
	}, nil
}

func topicFlow(rdb *redis.Client, publishers, subscribers int) flow {
	topic := channel.NewTopic[string](rdb, "topic")
	return func(ctx context.Context, n int) (time.Duration, error) {
		subs := make([]*channel.Sub[string], subscribers)
		for i := range subs {
			var err error
			if subs[i], err = topic.Subscribe(ctx, channel.Backlog(backlog, channel.Block)); err != nil {
				return 0, err
			}
			defer func() { _ = subs[i].Close() }()
		}
		return each(ctx, n, publishers, subscribers, func() error {
			_, err := topic.Publish(ctx, text)
			return err
		}, func(ctx context.Context, who int, got func(int)) error {
			for _, err := range subs[who].All(ctx) {
				if err != nil {
					return err
				}
				got(1)
			}
			return nil
		})
	}
}

func pubsubFlow(pool *redis.Client, publishers, subscribers int) flow {
	return func(ctx context.Context, n int) (time.Duration, error) {
		subs := make([]<-chan *redis.Message, subscribers)
		for i := range subs {
			sub := pool.Subscribe(ctx, "pubsub")
			defer func() { _ = sub.Close() }()
			if _, err := sub.Receive(ctx); err != nil {
				return 0, err
			}
			subs[i] = sub.Channel(redis.WithChannelSize(backlog))
		}
		return each(ctx, n, publishers, subscribers, func() error {
			return pool.Publish(ctx, "pubsub", text).Err()
		}, func(ctx context.Context, who int, got func(int)) error {
			for {
				select {
				case <-subs[who]:
					got(1)
				case <-ctx.Done():
					return nil
				}
			}
		})
	}
}

// each lets n messages arrive in all, the same ones at each subscriber.
func each(ctx context.Context, n, publishers, subscribers int, publish func() error, receive func(ctx context.Context, who int, got func(int)) error) (time.Duration, error) {
	n /= publishers * subscribers
	n *= publishers
	t := newTally(n * subscribers)
	var next atomic.Int32
	return t.flow(ctx, n, ends{
		senders: publishers, receivers: subscribers,
		send:    func(int) error { return publish() },
		receive: func(ctx context.Context) error { return receive(ctx, int(next.Add(1))-1, t.got) },
	})
}

package main

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/channel"
)

// backlog is the number of messages that may wait for a subscriber. When it is full, the
// connection blocks: in desir by its policy, in go-redis for up to a minute.
const backlog = 1024

// topics returns the contests of publish/subscribe, in which every subscriber gets every
// message. A publisher waits for the server's reply. So it is ahead of the subscribers by
// no more than their connections and backlogs hold.
func (w *env) topics() ([]contest, error) {
	rdb, pool := w.client(), w.client()
	desir, peers := topicFlow(rdb, 1, 1), pubsubFlow(pool, 1, 1)
	of := func(work string, goal string, callers int, desir, pubsub flow) contest {
		p := peer{"go-redis PubSub", goal, 0, pubsub.runner()}
		if goal != "" {
			p.must = 0.9
		}
		return contest{work: work, callers: callers, spread: true, desir: desir.runner(), peers: []peer{p}}
	}
	return []contest{
		of("Topic.Publish, Sub.All", "topic", 2, desir, peers),
		of("Topic.Publish, Sub.All, contexts that can end", "topic", 2, desir.cancelable(), peers.cancelable()),
		of("Topic.Publish by 8, Sub.All", "", senders+1, topicFlow(rdb, senders, 1), pubsubFlow(pool, senders, 1)),
		of("Topic.Publish, 100 × Sub.All, in all", "", 1+100, topicFlow(rdb, 1, 100), pubsubFlow(pool, 1, 100)),
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

// each publishes messages until n have arrived in total. Every subscriber gets the same
// ones.
func each(ctx context.Context, n, publishers, subscribers int, publish func() error, receive func(ctx context.Context, who int, got func(int)) error) (time.Duration, error) {
	n /= publishers * subscribers
	n *= publishers
	t := newTally(n * subscribers)
	var next atomic.Int32
	return t.flow(ctx, n, flowEnds{
		senders: publishers, receivers: subscribers,
		send:    func(int) error { return publish() },
		receive: func(ctx context.Context) error { return receive(ctx, int(next.Add(1))-1, t.add) },
	})
}

package main

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/channel"
)

const (
	senders   = 8
	receivers = 8
	many      = 100
)

// channels returns the contests of values that are sent through a queue. asynq and
// watermill are started for each of their turns, since they never idle.
func (w *env) channels() ([]contest, error) {
	rdb := w.client()
	r, err := w.rueidis(w.addr)
	if err != nil {
		return nil, err
	}
	const (
		pollName, keptName, rueName = "LPUSH, BRPOP", "LPUSH, BLMOVE, LREM", "rueidis LPUSH, BRPOP"
		natsName, asynqName         = "NATS queue group", "asynq, polled each ms"
		millName, zsetName          = "watermill-redisstream", "ZADD, BZPOPMIN"
	)
	poll, kept, rue := polled(w.client()).runner(), moved(w.client()).runner(), polledByRueidis(r).runner()
	task, mill := asynqQueue(w.addr).runner(), watermillQueue(w.addr).runner()
	broker := lazy(func() (runner, error) {
		f, err := w.natsQueue()
		return f.runner(), err
	})
	of := func(work string, desir flow, peers ...peer) contest {
		return contest{work: work, callers: senders + receivers, spread: true, desir: desir.runner(), peers: peers}
	}
	return []contest{
		of("Chan.SendMany(100), Recv", chanFlow(rdb, many, recv), peer{pollName, "G14", 10, poll},
			peer{keptName, "", 0, kept}, peer{rueName, "", 0, rue}, peer{natsName, "", 0, broker},
			peer{asynqName, "G14", 40, task}, peer{millName, "", 0, mill}),
		of("Chan.SendMany(100), All", chanFlow(rdb, many, all(1)), peer{pollName, "G14", 10, poll}),
		of("Chan.SendMany(100), All with Prefetch(100)", chanFlow(rdb, many, all(many)), peer{pollName, "G14", 10, poll},
			peer{natsName, "", 0, broker}, peer{asynqName, "G14", 40, task}),
		of("Chan.SendMany(100), RecvMany(100)", chanFlow(rdb, many, recvMany), peer{pollName, "G14", 10, poll},
			peer{natsName, "", 0, broker}, peer{asynqName, "", 0, task}, peer{millName, "", 0, mill}),
		of("Chan.Send, Recv", chanFlow(rdb, 1, recv), peer{pollName, "chan", 2, poll},
			peer{keptName, "", 0, kept}, peer{rueName, "", 0, rue}),
		of("Chan.Send, All with Prefetch(100)", chanFlow(rdb, 1, all(many)), peer{pollName, "chan", 2, poll}),
		of("Mailbox.Send, Recv", mailFlow(rdb), peer{pollName, "", 0, poll}),
		of("PriorityQueue.Push, Pop", priorityFlow(rdb), peer{zsetName, "", 0, popped(w.client()).runner()}),
	}, nil
}

// chanFlow sends the given number of values in each call.
func chanFlow(rdb *redis.Client, sends int, receive func(ctx context.Context, c *channel.Chan[string], got func(int)) error) flow {
	c := channel.NewChan[string](rdb, "chan")
	values := make([]string, sends)
	for i := range values {
		values[i] = text
	}
	return func(ctx context.Context, n int) (time.Duration, error) {
		if err := c.Clear(ctx); err != nil {
			return 0, err
		}
		t := newTally(n)
		return t.flow(ctx, n, flowEnds{senders: senders, receivers: receivers, send: func(left int) error {
			if left%sends != 0 {
				return nil // an earlier call has sent it
			}
			_, err := c.SendMany(ctx, values...)
			return err
		}, receive: func(ctx context.Context) error { return receive(ctx, c, t.add) }})
	}
}

// recv, recvMany and all are different ways to receive.
func recv(ctx context.Context, c *channel.Chan[string], got func(int)) error {
	for {
		if _, err := c.Recv(ctx); err != nil {
			return err
		}
		got(1)
	}
}

func recvMany(ctx context.Context, c *channel.Chan[string], got func(int)) error {
	for {
		vs, err := c.RecvMany(ctx, many)
		if err != nil {
			return err
		}
		got(len(vs))
	}
}

func all(prefetch int) func(ctx context.Context, c *channel.Chan[string], got func(int)) error {
	return func(ctx context.Context, c *channel.Chan[string], got func(int)) error {
		for _, err := range c.All(ctx, channel.Prefetch(prefetch)) {
			if err != nil {
				return err
			}
			got(1)
		}
		return nil
	}
}

func mailFlow(rdb *redis.Client) flow {
	m := channel.NewMailbox[string](rdb, "mailbox")
	return func(ctx context.Context, n int) (time.Duration, error) {
		t := newTally(n)
		return t.flow(ctx, n, flowEnds{senders: senders, receivers: receivers, send: func(int) error {
			return m.Send(ctx, m.Key(), text)
		}, receive: func(ctx context.Context) error {
			for {
				if _, err := m.Recv(ctx); err != nil {
					return err
				}
				t.add(1)
			}
		}})
	}
}

func priorityFlow(rdb *redis.Client) flow {
	q := channel.NewPriorityQueue[string](rdb, "priority")
	return func(ctx context.Context, n int) (time.Duration, error) {
		t := newTally(n)
		return t.flow(ctx, n, flowEnds{senders: senders, receivers: receivers, send: func(left int) error {
			return q.Push(ctx, text, left%10)
		}, receive: func(ctx context.Context) error {
			for {
				if _, err := q.Pop(ctx); err != nil {
					return err
				}
				t.add(1)
			}
		}})
	}
}

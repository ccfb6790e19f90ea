package channel_test

import (
	"context"
	"math/rand/v2"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/channel"
)

// carrier is an object that passes values: a channel, a mailbox or a queue.
type carrier interface {
	Send(ctx context.Context, m mark) error
	Recv(ctx context.Context) (mark, error)
}

// way is one method of receiving.
type way func(ctx context.Context, rng *rand.Rand) ([]mark, error)

// carrying is a type of this package with the operations that all types have.
type carrying struct {
	name string
	open func(rdb redis.UniversalClient, name string) carrier
	ways func(rdb redis.UniversalClient, name string, i int) []way // of receiver i; one listed twice is twice as likely
}

var (
	chans = carrying{
		"Chan",
		func(rdb redis.UniversalClient, name string) carrier { return channel.NewChan[mark](rdb, name) },
		chanWays,
	}
	mailboxes = carrying{
		"Mailbox",
		func(rdb redis.UniversalClient, name string) carrier { return postTo(rdb, name) },
		mailboxWays,
	}
	queues = carrying{
		"PriorityQueue",
		func(rdb redis.UniversalClient, name string) carrier {
			return queue{channel.NewPriorityQueue[mark](rdb, name)}
		},
		queueWays,
	}
	carriers = []carrying{chans, mailboxes, queues}
)

// post passes marks as letters to one address.
type post struct {
	m  *channel.Mailbox[mark]
	to string
}

func postTo(rdb redis.UniversalClient, name string, opts ...channel.MailboxOption) post {
	return post{channel.NewMailbox[mark](rdb, name, opts...), name}
}

func (p post) Send(ctx context.Context, m mark) error { return p.m.Send(ctx, p.to, m) }

func (p post) Recv(ctx context.Context) (mark, error) {
	l, err := p.m.Recv(ctx)
	return l.Value, err
}

// queue passes marks with five priorities.
type queue struct{ *channel.PriorityQueue[mark] }

func (q queue) Send(ctx context.Context, m mark) error { return q.Push(ctx, m, m.N%5-2) }

func (q queue) Recv(ctx context.Context) (mark, error) { return q.Pop(ctx) }

// only returns a slice with the value, or an empty one if ok is false.
func only(m mark, ok bool, err error) ([]mark, error) {
	if !ok || err != nil {
		return nil, err
	}
	return []mark{m}, nil
}

// someAhead returns Prefetch for every other loop.
func someAhead(rng *rand.Rand) channel.LoopOption {
	if rng.IntN(2) == 0 {
		return nil
	}
	return channel.Prefetch(1 + rng.IntN(10))
}

func chanWays(rdb redis.UniversalClient, name string, _ int) []way {
	c := channel.NewChan[mark](rdb, name)
	recv := func(ctx context.Context, _ *rand.Rand) ([]mark, error) {
		m, err := c.Recv(ctx)
		return only(m, true, err)
	}
	return []way{
		recv, recv,
		func(ctx context.Context, rng *rand.Rand) ([]mark, error) { return c.RecvMany(ctx, 1+rng.IntN(20)) },
		func(ctx context.Context, _ *rand.Rand) ([]mark, error) { return only(c.TryRecv(ctx)) },
		func(ctx context.Context, rng *rand.Rand) (got []mark, err error) {
			n := rng.IntN(4)
			for m, err := range c.All(ctx, someAhead(rng)) {
				if err != nil {
					return got, err
				}
				if got = append(got, m); len(got) > n {
					break
				}
			}
			return got, nil
		},
	}
}

// mailboxWays returns methods that receive at both ends.
func mailboxWays(rdb redis.UniversalClient, name string, i int) []way {
	var opts []channel.MailboxOption
	if i%2 == 1 {
		opts = append(opts, channel.LIFO())
	}
	m := channel.NewMailbox[mark](rdb, name, opts...)
	recv := func(ctx context.Context, _ *rand.Rand) ([]mark, error) {
		l, err := m.Recv(ctx)
		return only(l.Value, true, err)
	}
	pick := func(ctx context.Context, rng *rand.Rand) ([]mark, error) {
		n := rng.IntN(3)
		l, err := m.Receive(ctx, func(l channel.Letter[mark]) bool { return l.Value.N%3 == n })
		return only(l.Value, true, err)
	}
	return []way{
		recv, recv, pick, pick,
		func(ctx context.Context, _ *rand.Rand) ([]mark, error) {
			l, ok, err := m.TryRecv(ctx)
			return only(l.Value, ok, err)
		},
		func(ctx context.Context, rng *rand.Rand) (got []mark, err error) {
			n := rng.IntN(4)
			for l, err := range m.All(ctx, someAhead(rng)) {
				if err != nil {
					return got, err
				}
				if got = append(got, l.Value); len(got) > n {
					break
				}
			}
			return got, nil
		},
	}
}

func queueWays(rdb redis.UniversalClient, name string, _ int) []way {
	q := channel.NewPriorityQueue[mark](rdb, name)
	wait := func(ctx context.Context, _ *rand.Rand) ([]mark, error) {
		m, err := q.Pop(ctx)
		return only(m, true, err)
	}
	return []way{wait, wait, wait, func(ctx context.Context, _ *rand.Rand) ([]mark, error) { return only(q.TryPop(ctx)) }}
}

package channel_test

import (
	"context"
	"math/rand/v2"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/channel"
)

// carrier is an object that passes values: a channel, a mailbox or a queue.
type carrier interface {
	Send(ctx context.Context, m item) error
	Recv(ctx context.Context) (item, error)
}

// receiveMethod is one method of receiving.
type receiveMethod func(ctx context.Context, rng *rand.Rand) ([]item, error)

// carrierType is a type of this package with the operations that all types have.
type carrierType struct {
	name    string
	open    func(rdb redis.UniversalClient, name string) carrier
	methods func(rdb redis.UniversalClient, name string, i int) []receiveMethod // of receiver i; one listed twice is twice as likely
}

var (
	chans = carrierType{
		"Chan",
		func(rdb redis.UniversalClient, name string) carrier { return channel.NewChan[item](rdb, name) },
		chanMethods,
	}
	mailboxes = carrierType{
		"Mailbox",
		func(rdb redis.UniversalClient, name string) carrier { return newMailboxCarrier(rdb, name) },
		mailboxMethods,
	}
	queues = carrierType{
		"PriorityQueue",
		func(rdb redis.UniversalClient, name string) carrier {
			return queueCarrier{channel.NewPriorityQueue[item](rdb, name)}
		},
		queueMethods,
	}
	carriers = []carrierType{chans, mailboxes, queues}
)

// mailboxCarrier passes items as letters to one address.
type mailboxCarrier struct {
	mailbox *channel.Mailbox[item]
	to      string
}

func newMailboxCarrier(rdb redis.UniversalClient, name string, opts ...channel.MailboxOption) mailboxCarrier {
	return mailboxCarrier{channel.NewMailbox[item](rdb, name, opts...), name}
}

func (p mailboxCarrier) Send(ctx context.Context, m item) error { return p.mailbox.Send(ctx, p.to, m) }

func (p mailboxCarrier) Recv(ctx context.Context) (item, error) {
	l, err := p.mailbox.Recv(ctx)
	return l.Value, err
}

// queueCarrier passes items with five priorities.
type queueCarrier struct{ *channel.PriorityQueue[item] }

func (q queueCarrier) Send(ctx context.Context, m item) error { return q.Push(ctx, m, m.N%5-2) }

func (q queueCarrier) Recv(ctx context.Context) (item, error) { return q.Pop(ctx) }

// asSlice returns a slice with the value, or an empty one if ok is false.
func asSlice(m item, ok bool, err error) ([]item, error) {
	if !ok || err != nil {
		return nil, err
	}
	return []item{m}, nil
}

// maybePrefetch returns Prefetch for every other loop.
func maybePrefetch(rng *rand.Rand) channel.LoopOption {
	if rng.IntN(2) == 0 {
		return nil
	}
	return channel.Prefetch(1 + rng.IntN(10))
}

func chanMethods(rdb redis.UniversalClient, name string, _ int) []receiveMethod {
	c := channel.NewChan[item](rdb, name)
	recv := func(ctx context.Context, _ *rand.Rand) ([]item, error) {
		m, err := c.Recv(ctx)
		return asSlice(m, true, err)
	}
	return []receiveMethod{
		recv, recv,
		func(ctx context.Context, rng *rand.Rand) ([]item, error) { return c.RecvMany(ctx, 1+rng.IntN(20)) },
		func(ctx context.Context, _ *rand.Rand) ([]item, error) { return asSlice(c.TryRecv(ctx)) },
		func(ctx context.Context, rng *rand.Rand) (got []item, err error) {
			n := rng.IntN(4)
			for m, err := range c.All(ctx, maybePrefetch(rng)) {
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

// mailboxMethods returns methods that receive at both ends.
func mailboxMethods(rdb redis.UniversalClient, name string, i int) []receiveMethod {
	var opts []channel.MailboxOption
	if i%2 == 1 {
		opts = append(opts, channel.LIFO())
	}
	m := channel.NewMailbox[item](rdb, name, opts...)
	recv := func(ctx context.Context, _ *rand.Rand) ([]item, error) {
		l, err := m.Recv(ctx)
		return asSlice(l.Value, true, err)
	}
	pick := func(ctx context.Context, rng *rand.Rand) ([]item, error) {
		n := rng.IntN(3)
		l, err := m.Receive(ctx, func(l channel.Letter[item]) bool { return l.Value.N%3 == n })
		return asSlice(l.Value, true, err)
	}
	return []receiveMethod{
		recv, recv, pick, pick,
		func(ctx context.Context, _ *rand.Rand) ([]item, error) {
			l, ok, err := m.TryRecv(ctx)
			return asSlice(l.Value, ok, err)
		},
		func(ctx context.Context, rng *rand.Rand) (got []item, err error) {
			n := rng.IntN(4)
			for l, err := range m.All(ctx, maybePrefetch(rng)) {
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

func queueMethods(rdb redis.UniversalClient, name string, _ int) []receiveMethod {
	q := channel.NewPriorityQueue[item](rdb, name)
	wait := func(ctx context.Context, _ *rand.Rand) ([]item, error) {
		m, err := q.Pop(ctx)
		return asSlice(m, true, err)
	}
	return []receiveMethod{wait, wait, wait, func(ctx context.Context, _ *rand.Rand) ([]item, error) { return asSlice(q.TryPop(ctx)) }}
}

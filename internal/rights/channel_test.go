package rights_test

import (
	"context"
	"errors"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/redistest"
)

func (e *env) sendChan() {
	c, admin := channel.NewChan[int](e.rdb, e.name, channel.Buffer(3)), channel.NewChan[int](e.admin, e.name)
	e.record(c.Send(e.ctx(), 1))
	e.record(first(c.TrySend(e.ctx(), 2)))
	e.record(first(c.SendMany(e.ctx(), 3)))
	e.whileWaiting(func(ctx context.Context) error { return c.Send(ctx, 4) }, e.isWaiting, func() { requireNoErr(e, second(admin.TryRecv(e.ctx()))) })
	e.record(first(c.Len(e.ctx())))
	e.record(first(c.Exists(e.ctx())))
	e.record(c.Close(e.ctx()))
	e.record(c.Reopen(e.ctx()))
	e.record(c.Clear(e.ctx()))
}

func (e *env) receiveChan() {
	c, admin := channel.NewChan[int](e.rdb, e.name), channel.NewChan[int](e.admin, e.name)
	e.whileWaiting(func(ctx context.Context) error { return first(c.Recv(ctx)) }, e.isWaiting, func() { requireNoErr(e, admin.Send(e.ctx(), 1)) })
	requireNoErr(e, first(admin.SendMany(e.ctx(), 1, 2, 3, 4, 5, 6)))
	e.deleteToken()
	e.record(first(c.RecvMany(e.ctx(), 2))) // wakes other receivers for the rest
	e.record(second(c.TryRecv(e.ctx())))
	for _, err := range c.All(e.ctx(), channel.Prefetch(3)) { // surplus values go back
		e.record(err)
		break
	}
	if channel.PerhapsLost(e.rdb) > 0 {
		e.record(errLost)
	}
	e.record(first(c.Len(e.ctx())))
	e.record(first(c.Exists(e.ctx())))
	requireNoErr(e, admin.Clear(e.ctx()))
	e.wakeSender(c)
	requireNoErr(e, admin.Close(e.ctx()))
	e.deleteToken()
	if err := first(c.Recv(e.ctx())); !errors.Is(err, desir.ErrClosed) {
		e.record(err)
	}
}

// wakeSender receives from a full channel, where a sender waits.
func (e *env) wakeSender(c *channel.Chan[int]) {
	full := channel.NewChan[int](e.admin, e.name, channel.Buffer(1))
	requireNoErr(e, full.Send(e.ctx(), 1))
	ctx, cancel := context.WithCancel(e.ctx())
	defer cancel()
	sent := make(chan error, 1)
	go func() { sent <- full.Send(ctx, 2) }()
	redistest.Eventually(e.t, 20*time.Second, func() bool {
		return e.admin.Exists(ctx, keys.Part(e.name, "senders")).Val() == 1
	}, "a sender waits")
	err := second(c.TryRecv(e.ctx()))
	e.record(err)
	if err != nil {
		cancel()
	}
	<-sent
}

func (e *env) sendQueue() {
	q := channel.NewPriorityQueue[int](e.rdb, e.name)
	e.record(q.Push(e.ctx(), 1, 1))
	e.record(first(q.Len(e.ctx())))
	e.record(first(q.Exists(e.ctx())))
	e.record(q.Clear(e.ctx()))
}

func (e *env) receiveQueue() {
	q, admin := channel.NewPriorityQueue[int](e.rdb, e.name), channel.NewPriorityQueue[int](e.admin, e.name)
	e.whileWaiting(func(ctx context.Context) error { return first(q.Pop(ctx)) }, e.isWaiting, func() { requireNoErr(e, admin.Push(e.ctx(), 1, 1)) })
	requireNoErr(e, admin.Push(e.ctx(), 1, 1))
	requireNoErr(e, admin.Push(e.ctx(), 2, 2))
	e.deleteToken()
	e.record(first(q.Pop(e.ctx()))) // wakes other receivers for the rest
	e.record(second(q.TryPop(e.ctx())))
	requireNoErr(e, admin.Clear(e.ctx()))
	requireNoErr(e, admin.Push(e.ctx(), 1, 1))
	if e.cancelAfterScript(func(ctx context.Context) error { return second(q.TryPop(ctx)) }) {
		redistest.Eventually(e.t, 20*time.Second, func() bool {
			n, err := admin.Len(e.ctx())
			return err == nil && n == 1 || channel.PerhapsLost(e.rdb) > 0
		}, "what was taken is back, or lost")
	}
	if channel.PerhapsLost(e.rdb) > 0 {
		e.record(errLost)
	}
	e.record(first(q.Len(e.ctx())))
	e.record(first(q.Exists(e.ctx())))
}

func (e *env) sendLetter() {
	e.record(channel.NewMailbox[int](e.rdb, "me").Send(e.ctx(), e.name, 1))
}

func (e *env) receiveLetters() {
	m, admin := channel.NewMailbox[int](e.rdb, e.name), channel.NewMailbox[int](e.admin, "other")
	send := func() { requireNoErr(e, admin.Send(e.ctx(), e.name, 1)) }
	e.whileWaiting(func(ctx context.Context) error { return first(m.Recv(ctx)) }, e.isWaiting, send)
	e.whileWaiting(func(ctx context.Context) error {
		return first(m.Receive(ctx, func(channel.Letter[int]) bool { return true }))
	}, e.isWaiting, send)
	send()
	e.record(second(m.TryRecv(e.ctx())))
	for range 3 {
		send()
	}
	e.whileWaiting(func(ctx context.Context) error {
		return first(m.Receive(ctx, func(l channel.Letter[int]) bool { return l.Value == 2 }))
	}, e.isWaiting, func() {
		requireNoErr(e, second(channel.NewMailbox[int](e.admin, e.name).TryRecv(e.ctx()))) // the letter that was looked at
		requireNoErr(e, admin.Send(e.ctx(), e.name, 2))
	})
	requireNoErr(e, e.admin.Del(e.ctx(), e.name).Err())
	last := channel.NewMailbox[int](e.rdb, e.name, channel.LIFO())
	e.whileWaiting(func(ctx context.Context) error { return first(last.Recv(ctx)) }, e.isWaiting, send)
	for _, m := range []*channel.Mailbox[int]{m, last} {
		for range 4 {
			send()
		}
		e.deleteToken()
		for _, err := range m.All(e.ctx(), channel.Prefetch(3)) { // surplus values go back
			e.record(err)
			break
		}
	}
	if channel.PerhapsLost(e.rdb) > 0 {
		e.record(errLost)
	}
	e.record(first(m.Len(e.ctx())))
	e.record(first(m.Exists(e.ctx())))
	e.record(m.Clear(e.ctx()))
}

// ask sends a question to another mailbox, for which the user has the sender's rights.
func (e *env) ask() {
	m, admin := channel.NewMailbox[int](e.rdb, e.name), channel.NewMailbox[int](e.admin, "other")
	e.whileWaiting(func(ctx context.Context) error { return first(m.Ask(ctx, "other", 1)) },
		func() bool { n, err := admin.Len(e.ctx()); return err == nil && n > 0 && e.isWaiting() },
		func() {
			l, ok, err := admin.TryRecv(e.ctx())
			requireNoErr(e, err)
			if ok {
				requireNoErr(e, l.Reply(e.ctx(), 2))
			}
		})
}

// reply replies to a question of the mailbox, as the receiver of another one.
func (e *env) reply() {
	asked := make(chan error, 1)
	ctx, cancel := context.WithCancel(e.ctx())
	go func() { asked <- first(channel.NewMailbox[int](e.admin, e.name).Ask(ctx, "other", 1)) }()
	l, err := channel.NewMailbox[int](e.rdb, "other").Recv(e.ctx())
	if err == nil {
		err = l.Reply(e.ctx(), 2)
	}
	e.record(err)
	if err != nil {
		cancel()
	}
	<-asked
	cancel()
}

func (e *env) publish() {
	e.record(first(channel.NewTopic[int](e.rdb, e.name).Publish(e.ctx(), 1)))
}

func (e *env) subscribe() { e.subscribeTo() }

func (e *env) publishNumbered() {
	e.record(first(channel.NewTopic[int](e.rdb, e.name, channel.Numbered()).Publish(e.ctx(), 1)))
}

func (e *env) subscribeNumbered() { e.subscribeTo(channel.Numbered()) }

func (e *env) publishSharded() {
	e.record(first(channel.NewTopic[int](e.rdb, e.name, channel.Sharded()).Publish(e.ctx(), 1)))
}

func (e *env) subscribeSharded() { e.subscribeTo(channel.Sharded()) }

// subscribeTo subscribes and receives a message.
func (e *env) subscribeTo(opts ...channel.TopicOption) {
	s, err := channel.NewTopic[int](e.rdb, e.name, opts...).Subscribe(e.ctx())
	e.record(err)
	e.receiveOne(s, err, func() error { return first(channel.NewTopic[int](e.admin, e.name, opts...).Publish(e.ctx(), 1)) })
}

func (e *env) subscribePattern() {
	s, err := channel.NewPattern[int](e.rdb, e.name).Subscribe(e.ctx())
	e.record(err)
	e.receiveOne(s, err, func() error { return first(channel.NewTopic[int](e.admin, e.name).Publish(e.ctx(), 1)) })
}

func (e *env) receiveOne(s *channel.Sub[int], err error, publish func() error) {
	if err != nil {
		return
	}
	requireNoErr(e, publish())
	for _, err := range s.All(e.ctx()) {
		e.record(err)
		break
	}
	e.record(s.Close())
}

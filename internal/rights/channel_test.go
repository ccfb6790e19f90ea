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

func (w *world) sendChan() {
	c, all := channel.NewChan[int](w.rdb, w.name, channel.Buffer(3)), channel.NewChan[int](w.admin, w.name)
	w.do(c.Send(w.ctx(), 1))
	w.do(first(c.TrySend(w.ctx(), 2)))
	w.do(first(c.SendMany(w.ctx(), 3)))
	w.whileWaiting(func(ctx context.Context) error { return c.Send(ctx, 4) }, w.waiting, func() { must(w, second(all.TryRecv(w.ctx()))) })
	w.do(first(c.Len(w.ctx())))
	w.do(first(c.Exists(w.ctx())))
	w.do(c.Close(w.ctx()))
	w.do(c.Reopen(w.ctx()))
	w.do(c.Clear(w.ctx()))
}

func (w *world) receiveChan() {
	c, all := channel.NewChan[int](w.rdb, w.name), channel.NewChan[int](w.admin, w.name)
	w.whileWaiting(func(ctx context.Context) error { return first(c.Recv(ctx)) }, w.waiting, func() { must(w, all.Send(w.ctx(), 1)) })
	must(w, first(all.SendMany(w.ctx(), 1, 2, 3, 4, 5, 6)))
	w.spend()
	w.do(first(c.RecvMany(w.ctx(), 2))) // wakes other receivers for the rest
	w.do(second(c.TryRecv(w.ctx())))
	for _, err := range c.All(w.ctx(), channel.Prefetch(3)) { // surplus values go back
		w.do(err)
		break
	}
	if channel.PerhapsLost(w.rdb) > 0 {
		w.do(errLost)
	}
	w.do(first(c.Len(w.ctx())))
	w.do(first(c.Exists(w.ctx())))
	must(w, all.Clear(w.ctx()))
	w.wakeSender(c)
	must(w, all.Close(w.ctx()))
	w.spend()
	if err := first(c.Recv(w.ctx())); !errors.Is(err, desir.ErrClosed) {
		w.do(err)
	}
}

// wakeSender receives from a full channel, where a sender waits.
func (w *world) wakeSender(c *channel.Chan[int]) {
	full := channel.NewChan[int](w.admin, w.name, channel.Buffer(1))
	must(w, full.Send(w.ctx(), 1))
	ctx, cancel := context.WithCancel(w.ctx())
	defer cancel()
	sent := make(chan error, 1)
	go func() { sent <- full.Send(ctx, 2) }()
	redistest.Eventually(w.t, 20*time.Second, func() bool {
		return w.admin.Exists(ctx, keys.Part(w.name, "senders")).Val() == 1
	}, "a sender waits")
	err := second(c.TryRecv(w.ctx()))
	w.do(err)
	if err != nil {
		cancel()
	}
	<-sent
}

func (w *world) sendQueue() {
	q := channel.NewPriorityQueue[int](w.rdb, w.name)
	w.do(q.Push(w.ctx(), 1, 1))
	w.do(first(q.Len(w.ctx())))
	w.do(first(q.Exists(w.ctx())))
	w.do(q.Clear(w.ctx()))
}

func (w *world) receiveQueue() {
	q, all := channel.NewPriorityQueue[int](w.rdb, w.name), channel.NewPriorityQueue[int](w.admin, w.name)
	w.whileWaiting(func(ctx context.Context) error { return first(q.Pop(ctx)) }, w.waiting, func() { must(w, all.Push(w.ctx(), 1, 1)) })
	must(w, all.Push(w.ctx(), 1, 1))
	must(w, all.Push(w.ctx(), 2, 2))
	w.spend()
	w.do(first(q.Pop(w.ctx()))) // wakes other receivers for the rest
	w.do(second(q.TryPop(w.ctx())))
	must(w, all.Clear(w.ctx()))
	must(w, all.Push(w.ctx(), 1, 1))
	if w.leave(func(ctx context.Context) error { return second(q.TryPop(ctx)) }) {
		redistest.Eventually(w.t, 20*time.Second, func() bool {
			n, err := all.Len(w.ctx())
			return err == nil && n == 1 || channel.PerhapsLost(w.rdb) > 0
		}, "what was taken is back, or lost")
	}
	if channel.PerhapsLost(w.rdb) > 0 {
		w.do(errLost)
	}
	w.do(first(q.Len(w.ctx())))
	w.do(first(q.Exists(w.ctx())))
}

func (w *world) sendLetter() {
	w.do(channel.NewMailbox[int](w.rdb, "me").Send(w.ctx(), w.name, 1))
}

func (w *world) receiveLetters() {
	m, all := channel.NewMailbox[int](w.rdb, w.name), channel.NewMailbox[int](w.admin, "other")
	send := func() { must(w, all.Send(w.ctx(), w.name, 1)) }
	w.whileWaiting(func(ctx context.Context) error { return first(m.Recv(ctx)) }, w.waiting, send)
	w.whileWaiting(func(ctx context.Context) error {
		return first(m.Receive(ctx, func(channel.Letter[int]) bool { return true }))
	}, w.waiting, send)
	send()
	w.do(second(m.TryRecv(w.ctx())))
	for range 3 {
		send()
	}
	w.whileWaiting(func(ctx context.Context) error {
		return first(m.Receive(ctx, func(l channel.Letter[int]) bool { return l.Value == 2 }))
	}, w.waiting, func() {
		must(w, second(channel.NewMailbox[int](w.admin, w.name).TryRecv(w.ctx()))) // the letter that was looked at
		must(w, all.Send(w.ctx(), w.name, 2))
	})
	must(w, w.admin.Del(w.ctx(), w.name).Err())
	last := channel.NewMailbox[int](w.rdb, w.name, channel.LIFO())
	w.whileWaiting(func(ctx context.Context) error { return first(last.Recv(ctx)) }, w.waiting, send)
	for _, box := range []*channel.Mailbox[int]{m, last} {
		for range 4 {
			send()
		}
		w.spend()
		for _, err := range box.All(w.ctx(), channel.Prefetch(3)) { // surplus values go back
			w.do(err)
			break
		}
	}
	if channel.PerhapsLost(w.rdb) > 0 {
		w.do(errLost)
	}
	w.do(first(m.Len(w.ctx())))
	w.do(first(m.Exists(w.ctx())))
	w.do(m.Clear(w.ctx()))
}

// ask sends a question to another mailbox, for which the user has the sender's rights.
func (w *world) ask() {
	m, all := channel.NewMailbox[int](w.rdb, w.name), channel.NewMailbox[int](w.admin, "other")
	w.whileWaiting(func(ctx context.Context) error { return first(m.Ask(ctx, "other", 1)) },
		func() bool { n, err := all.Len(w.ctx()); return err == nil && n > 0 && w.waiting() },
		func() {
			l, ok, err := all.TryRecv(w.ctx())
			must(w, err)
			if ok {
				must(w, l.Reply(w.ctx(), 2))
			}
		})
}

// reply replies to a question of the mailbox, as the receiver of another one.
func (w *world) reply() {
	asked := make(chan error, 1)
	ctx, cancel := context.WithCancel(w.ctx())
	go func() { asked <- first(channel.NewMailbox[int](w.admin, w.name).Ask(ctx, "other", 1)) }()
	l, err := channel.NewMailbox[int](w.rdb, "other").Recv(w.ctx())
	if err == nil {
		err = l.Reply(w.ctx(), 2)
	}
	w.do(err)
	if err != nil {
		cancel()
	}
	<-asked
	cancel()
}

func (w *world) publish() {
	w.do(first(channel.NewTopic[int](w.rdb, w.name).Publish(w.ctx(), 1)))
}

func (w *world) subscribe() { w.listen() }

func (w *world) publishNumbered() {
	w.do(first(channel.NewTopic[int](w.rdb, w.name, channel.Numbered()).Publish(w.ctx(), 1)))
}

func (w *world) subscribeNumbered() { w.listen(channel.Numbered()) }

func (w *world) publishSharded() {
	w.do(first(channel.NewTopic[int](w.rdb, w.name, channel.Sharded()).Publish(w.ctx(), 1)))
}

func (w *world) subscribeSharded() { w.listen(channel.Sharded()) }

// listen subscribes and receives a message.
func (w *world) listen(opts ...channel.TopicOption) {
	s, err := channel.NewTopic[int](w.rdb, w.name, opts...).Subscribe(w.ctx())
	w.do(err)
	w.hear(s, err, func() error { return first(channel.NewTopic[int](w.admin, w.name, opts...).Publish(w.ctx(), 1)) })
}

func (w *world) subscribePattern() {
	s, err := channel.NewPattern[int](w.rdb, w.name).Subscribe(w.ctx())
	w.do(err)
	w.hear(s, err, func() error { return first(channel.NewTopic[int](w.admin, w.name).Publish(w.ctx(), 1)) })
}

func (w *world) hear(s *channel.Sub[int], err error, publish func() error) {
	if err != nil {
		return
	}
	must(w, publish())
	for _, err := range s.All(w.ctx()) {
		w.do(err)
		break
	}
	w.do(s.Close())
}

package channel

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/element"
	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/listen"
)

// Topic is a channel of Redis' publish and subscribe: a message goes to all who
// listen at that moment, in any process, and is kept nowhere. Delivery is at
// most once; a subscriber that misses messages is told so where they are
// missing ([GapError]).
//
// What one goroutine publishes arrives in its order. What is published is the
// encoded value alone, so redis-cli reads and writes it (but see [Numbered]). On
// a cluster messages take a moment from node to node: a new subscriber may hear
// one that was published just before. Topics ignore the database number: all
// databases of a server share them, but for the counter of a [Numbered] topic.
//
// All subscriptions of a client share one connection, beside the client's pool:
// a hundred subscribers of a topic cost one SUBSCRIBE. Sharded topics have one
// more, on a cluster one for each node. It is opened with the first
// subscription and closed a second after the last one. Every 5 s a message to a
// channel of its own tells whether what is published arrives; when it does not
// come back within 5 s, the connection is made anew, and that is a gap: so a
// frozen link, or a server that is not the master any more, is found within
// 10 s. A user who may not publish there has the connection pinged instead,
// which does not find the latter.
//
// Use NewTopic. A Topic is safe for any number of goroutines.
type Topic[T any] struct {
	h      *hub.Handle
	values element.Of[T]
	topicSettings
	seq string // the key of the counter
}

// NewTopic names a topic. It does not talk to Redis and cannot fail: a name or a
// type that cannot work is the error of every call.
func NewTopic[T any](rdb redis.UniversalClient, name string, opts ...TopicOption) *Topic[T] {
	s := gatherTopic(opts)
	check := keys.Check
	if s.sharded || s.numbered {
		check = keys.CheckTag
	}
	values, err := element.Messages[T](element.Scoped(s.codec, "topic", name))
	return &Topic[T]{
		h:             hub.NewHandle(rdb, "channel.Topic", name, errors.Join(err, check(name))),
		values:        values,
		topicSettings: s,
		seq:           keys.Part(name, "seq"),
	}
}

// Key returns the name of the topic. No key of Redis has it.
func (t *Topic[T]) Key() string {
	return keyOf(t.h)
}

// Publish sends v to all who listen, and returns how many connections that
// were; on a cluster only those of the node that took it, which says little.
//
// One PUBLISH, one round trip, O(subscribers), sent once: after
// [desir.ErrMaybeRan] it may have arrived. With [Numbered] a script. More than
// 1 MiB is [codec.ErrTooLarge] (see the package comment), and nothing was sent.
func (t *Topic[T]) Publish(ctx context.Context, v T) (receivers int, err error) {
	receivers, err = t.publish(ctx, v)
	return receivers, t.h.Fail("Publish", err)
}

func (t *Topic[T]) publish(ctx context.Context, v T) (int, error) {
	hub, err := t.h.Hub()
	if err != nil {
		return 0, err
	}
	value, err := t.values.Encode(v)
	if err != nil {
		return 0, err
	}
	if !t.numbered {
		cmd := redis.NewIntCmd(ctx, t.command(), t.h.Key, value)
		cmd.SetFirstKeyPos(1) // one node for all messages of the topic: that keeps their order
		if err := hub.Send.Write(ctx, cmd); err != nil {
			return 0, err
		}
		return int(cmd.Val()), nil
	}
	answer, err := topicPublish.Run(ctx, hub, []string{t.seq}, t.command(), t.h.Key, seqLife.Milliseconds(), value)
	if err != nil {
		return 0, err
	}
	n, _ := answer.(int64)
	return int(n), nil
}

func (t *Topic[T]) command() string {
	if t.sharded {
		return "spublish"
	}
	return "publish"
}

// seqLife is how long the counter of a numbered topic stays after its last
// message.
const seqLife = 24 * time.Hour

// Subscribe listens to the topic. It returns when the server has confirmed that:
// what is published from then on arrives, or is a gap. The caller closes the
// Sub.
//
// One SUBSCRIBE, unless this client listens to the topic already. It fails with
// [desir.ErrDenied] if the user may not listen, with [desir.ErrWrongType] if the
// counter of a [Numbered] topic is something else, and with
// [desir.ErrUnavailable] after four connections that did not work, some 15 s at a server that
// is silent; if ctx ends before, the reason is beside its error. Key events (__keyevent@0__:…)
// through a client of a cluster or a ring are [desir.ErrNotSupported]: each node sends its own.
func (t *Topic[T]) Subscribe(ctx context.Context, opts ...SubOption) (*Sub[T], error) {
	s, err := t.subscribe(ctx, opts)
	if err != nil {
		return nil, t.h.Fail("Subscribe", err)
	}
	return s, nil
}

func (t *Topic[T]) subscribe(ctx context.Context, opts []SubOption) (*Sub[T], error) {
	hub, err := t.h.Hub()
	if err != nil {
		return nil, err
	}
	r := listen.Request{Kind: listen.Channel, Name: t.h.Key}
	if t.sharded {
		r.Kind = listen.Shard
	}
	if t.numbered {
		r.Sync = func(ctx context.Context, mark string) error {
			_, err := topicSync.Run(ctx, hub, []string{t.seq}, t.command(), mark, seqLife.Milliseconds(), t.h.Key)
			return err
		}
	}
	decode := func(payload, topic string) (T, error) { return t.values.Decode(payload, topic, "") }
	return subscribe(ctx, hub, r, decode, opts)
}

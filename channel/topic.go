package channel

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/listen"
	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/internal/stored"
)

// Topic is a Redis publish/subscribe channel. A message goes to all subscribers of that
// moment, in any process. It is not stored. Delivery is at most once. If a subscriber misses
// messages, its loop yields a [*GapError] at their position.
//
// Messages from one goroutine arrive in the order in which it published them. A message is
// the encoded value and nothing else, so redis-cli can read and write it (but see
// [Numbered]). On a cluster, messages take some time to pass from node to node: a new
// subscriber may receive a message that was published just before it subscribed. Topics
// ignore the database number. All databases of a server share them, except for the counter of
// a [Numbered] topic.
//
// All subscriptions of a client share one connection outside the client's pool: a hundred
// subscribers of a topic cost one SUBSCRIBE. Sharded topics use a second connection; on a
// cluster, one for each node. A connection is opened with its first subscription and closed
// one second after the last one has ended.
//
// Every 5 s the client publishes a probe message to a dedicated channel of the connection. If
// the probe does not arrive within 5 s, the client replaces the connection, which is a gap. So
// a frozen connection, or a server that is no longer the master, is detected within 10 s. If
// the user may not publish to that channel, the client sends PING instead, which does not
// detect a server that is no longer the master.
//
// Create a Topic with [NewTopic]. It is safe for concurrent use.
type Topic[T any] struct {
	h      *clients.Handle
	values stored.Codec[T]
	topicSettings
	counterKey string // the key of the counter
}

// NewTopic returns the topic called name. It does not contact Redis and does not fail. If
// the name or the type is invalid, every call returns that error.
func NewTopic[T any](rdb redis.UniversalClient, name string, opts ...TopicOption) *Topic[T] {
	s := newTopicSettings(opts)
	check := keys.Check
	if s.sharded || s.numbered {
		check = keys.CheckTag
	}
	values, err := stored.Messages[T](stored.Scope(s.codec, "topic", name))
	return &Topic[T]{
		h:             clients.NewHandle(rdb, "channel.Topic", name, errors.Join(err, check(name))),
		values:        values,
		topicSettings: s,
		counterKey:    keys.Part(name, "seq"),
	}
}

// Key returns the name of the topic. It is not a key in Redis.
func (t *Topic[T]) Key() string {
	return keyOf(t.h)
}

// Publish sends v to all subscribers. It returns the number of subscribed connections. On a
// cluster it counts only the connections of the node that handled the command, which may be
// a small part.
//
// Publish sends one PUBLISH, or runs one script with [Numbered]: one round trip,
// O(subscribers), sent once. After [desir.ErrMaybeRan] the message may have arrived. If the
// encoded value is longer than 1 MiB, Publish fails with [codec.ErrTooLarge] (see the package
// comment), and nothing was sent.
func (t *Topic[T]) Publish(ctx context.Context, v T) (receivers int, err error) {
	receivers, err = t.publish(ctx, v)
	return receivers, t.h.Fail("Publish", err)
}

func (t *Topic[T]) publish(ctx context.Context, v T) (int, error) {
	shared, err := t.h.Shared()
	if err != nil {
		return 0, err
	}
	value, err := t.values.Encode(v)
	if err != nil {
		return 0, err
	}
	if !t.numbered {
		cmd := redis.NewIntCmd(ctx, t.command(), t.h.Key, value)
		cmd.SetFirstKeyPos(1) // one node for all messages of the topic, to keep their order
		n, err := send.Reply(cmd, shared.Sender.Write(ctx, cmd))
		return int(n), err
	}
	reply, err := topicPublish.Run(ctx, shared, []string{t.counterKey}, t.command(), t.h.Key, counterTTL.Milliseconds(), value)
	if err != nil {
		return 0, err
	}
	n, _ := reply.(int64)
	return int(n), nil
}

func (t *Topic[T]) command() string {
	if t.sharded {
		return "spublish"
	}
	return "publish"
}

// counterTTL is how long the counter of a numbered topic is kept after its last message.
const counterTTL = 24 * time.Hour

// Subscribe subscribes to the topic. It returns when the server has confirmed the
// subscription. Each message published after that arrives or is part of a gap. The caller
// must close the Sub.
//
// Subscribe sends one SUBSCRIBE, unless this client has subscribed to the topic already. It
// fails with:
//   - [desir.ErrDenied], if the user may not subscribe
//   - [desir.ErrWrongType], if the counter key of a [Numbered] topic holds another type
//   - [desir.ErrUnavailable], after four failed connections, which takes about 15 s if the
//     server is silent
//   - the context's error and the reason, if the context ends before that
//   - [desir.ErrNotSupported], for key events (__keyevent@0__:…) through a client of a cluster
//     or a ring, since each node publishes only its own events
func (t *Topic[T]) Subscribe(ctx context.Context, opts ...SubOption) (*Sub[T], error) {
	s, err := t.subscribe(ctx, opts)
	if err != nil {
		return nil, t.h.Fail("Subscribe", err)
	}
	return s, nil
}

func (t *Topic[T]) subscribe(ctx context.Context, opts []SubOption) (*Sub[T], error) {
	shared, err := t.h.Shared()
	if err != nil {
		return nil, err
	}
	r := listen.Request{Kind: listen.Channel, Name: t.h.Key}
	if t.sharded {
		r.Kind = listen.Shard
	}
	if t.numbered {
		r.PublishBarrier = func(ctx context.Context, to string) error {
			_, err := topicBarrier.Run(ctx, shared, []string{t.counterKey}, t.command(), to, counterTTL.Milliseconds(), t.h.Key)
			return err
		}
	}
	decode := func(payload, topic string) (T, error) { return t.values.Decode(payload, topic, "") }
	return subscribe(ctx, shared, r, decode, opts)
}

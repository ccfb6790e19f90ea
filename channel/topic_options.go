package channel

import (
	"errors"

	"github.com/desir-go/desir/codec"
)

// TopicOption configures a [Topic] or a [Pattern]. Options apply to this process only. They
// are not stored.
type TopicOption interface{ applyTopic(*topicSettings) }

type topicSettings struct {
	codec             codec.Codec
	sharded, numbered bool
}

type topicOption func(*topicSettings)

func (o topicOption) applyTopic(s *topicSettings) { o(s) }

// Sharded publishes with SPUBLISH and subscribes with SSUBSCRIBE. On a cluster, a message
// then stays on the node of the topic's slot and is not sent to all nodes. Publishers and
// subscribers must both use Sharded: a sharded topic and a plain topic with the same name are
// two topics. Sharded requires Redis 7.0. The embedded server does not support it
// ([desir.ErrNotSupported]).
func Sharded() TopicOption { return topicOption(func(s *topicSettings) { s.sharded = true }) }

// Numbered gives each message a number, so that the size of each gap is exact as long as
// Redis keeps the counter. Publish runs a script that increments the counter in the hash
// {name}:seq. The hash expires one day after the last message.
//
// Publishers and subscribers must both use Numbered. Other subscribers receive the number
// before the value. Messages from publishers that do not number them are accepted and not
// counted. Publishers and subscribers must also use the same database number, since each
// database has its own counter: a subscriber of another database gets gaps although it
// missed nothing.
//
// If a subscriber reconnects to another server process, after a failover or a restart, it
// also gets a GapError with -1, since that process may have started with an older counter.
// The user needs the permission to send INFO for this.
func Numbered() TopicOption { return topicOption(func(s *topicSettings) { s.numbered = true }) }

func newTopicSettings(opts []TopicOption) topicSettings {
	s := topicSettings{codec: codec.Auto}
	for _, o := range opts {
		if o != nil {
			o.applyTopic(&s)
		}
	}
	return s
}

// Policy determines what happens when a message arrives and the [Backlog] is full. With each
// policy, the subscriber gets a [*GapError] for a dropped message, and [Sub.Dropped] counts
// it.
type Policy int

const (
	// DropOldest drops the oldest message in the backlog and keeps the new one. The
	// subscriber sees the latest messages. It is the default.
	DropOldest Policy = iota

	// DropNewest drops the new message and keeps the backlog.
	DropNewest

	// Block makes the connection wait up to one second for room. The other subscriptions on
	// the connection wait as well. After that the message is dropped. Further messages are
	// dropped without a wait until the subscriber takes a message. If too much output for
	// the connection accumulates in Redis in the meantime, Redis closes the connection.
	Block

	// Fail ends the subscription. The loop yields the messages in the backlog; its last
	// error is [desir.ErrFull] with a [*GapError].
	Fail
)

// SubOption configures one subscription.
type SubOption interface{ applySub(*subSettings) }

type subSettings struct {
	backlog int
	policy  Policy
}

type subOption func(*subSettings)

func (o subOption) applySub(s *subSettings) { o(s) }

// Backlog sets how many messages may wait for the subscriber, n ≥ 1, and what happens when
// the backlog is full. The default is 1024 and [DropOldest].
func Backlog(n int, p Policy) SubOption {
	return subOption(func(s *subSettings) { s.backlog, s.policy = n, p })
}

var (
	errBacklog = errors.New("Backlog: the size must be at least 1")
	errPolicy  = errors.New("Backlog: unknown policy")
)

func newSubSettings(opts []SubOption) (subSettings, error) {
	s := subSettings{backlog: 1024, policy: DropOldest}
	for _, o := range opts {
		if o != nil {
			o.applySub(&s)
		}
	}
	switch {
	case s.backlog < 1:
		return s, errBacklog
	case s.policy < DropOldest || s.policy > Fail:
		return s, errPolicy
	}
	return s, nil
}

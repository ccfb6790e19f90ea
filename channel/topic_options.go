package channel

import (
	"errors"

	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/listen"
)

// TopicOption changes how a [Topic] or a [Pattern] works. Options are what this
// process believes; nothing of them is stored.
type TopicOption interface{ applyTopic(*topicSettings) }

type topicSettings struct {
	codec             codec.Codec
	sharded, numbered bool
}

type topicOption func(*topicSettings)

func (o topicOption) applyTopic(s *topicSettings) { o(s) }

// Sharded publishes by SPUBLISH and subscribes by SSUBSCRIBE: on a cluster a
// message stays with the node of the topic's slot instead of going to all. Both
// sides have to say so: a sharded topic and a plain one of the same name are
// two. Redis 7.0 has it; the embedded server does not ([desir.ErrNotSupported]).
func Sharded() TopicOption { return topicOption(func(s *topicSettings) { s.sharded = true }) }

// Numbered gives every message a number, so that each gap is known exactly, as
// long as Redis keeps what it has counted: publishing is a script that counts
// in the hash {name}:seq, which expires a day after the last message. Both
// sides have to say so: other subscribers see the number in front of the value.
// They also have to use one database number, since each database has a counter
// of its own: messages counted elsewhere arrive with gaps where nothing is
// missing. Messages of publishers that do not number are accepted, and not
// counted. A subscriber that comes back to another process of the server, after a failover or a
// restart, gets a GapError with -1 as well, since that may have begun with an older counter;
// this needs the right to send INFO.
func Numbered() TopicOption { return topicOption(func(s *topicSettings) { s.numbered = true }) }

func gatherTopic(opts []TopicOption) topicSettings {
	s := topicSettings{codec: codec.Auto}
	for _, o := range opts {
		if o != nil {
			o.applyTopic(&s)
		}
	}
	return s
}

// Policy is what happens to a message that finds a [Backlog] full. Whatever it
// is, the subscriber is told, by a [*GapError], and [Sub.Dropped] counts.
type Policy int

const (
	// DropOldest lets the message push out the oldest one that waits: the
	// subscriber sees the present. It is the default.
	DropOldest = Policy(listen.DropOldest)

	// DropNewest drops the message: what waits is what came first.
	DropNewest = Policy(listen.DropNewest)

	// Block lets the connection wait, up to one second, and with it the other
	// subscribers of this client. The message is dropped after that, and so
	// are the next ones, without a wait, until the subscriber takes something.
	// If Redis has to keep too much for the connection meanwhile, it closes it.
	Block = Policy(listen.Block)

	// Fail ends the subscription: after what waits, the loop's last error is
	// [desir.ErrFull] with a [*GapError].
	Fail = Policy(listen.Fail)
)

// SubOption changes one subscription.
type SubOption interface{ applySub(*subSettings) }

type subSettings struct {
	backlog int
	policy  Policy
}

type subOption func(*subSettings)

func (o subOption) applySub(s *subSettings) { o(s) }

// Backlog lets up to n messages wait for the subscriber, n ≥ 1, and says what
// happens when more come. The default is 1024 and [DropOldest].
func Backlog(n int, p Policy) SubOption {
	return subOption(func(s *subSettings) { s.backlog, s.policy = n, p })
}

var (
	errBacklog = errors.New("Backlog: at least one message has to fit")
	errPolicy  = errors.New("Backlog: no such policy")
)

func gatherSub(opts []SubOption) (subSettings, error) {
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

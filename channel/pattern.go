package channel

import (
	"context"
	"errors"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/element"
	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/listen"
	"github.com/desir-go/desir/internal/send"
)

// Pattern listens to all topics whose names fit a glob: * for any characters, ?
// for one, [a-z] for one of those, \ before a character that stands for itself.
// Topics that come into being later are among them; sharded ones never are, and
// Redis has no patterns for them: with [Sharded], Subscribe fails with
// [desir.ErrNotSupported]. With [Numbered] it reads numbered messages, but
// does not count.
//
// Redis sends a message once for each pattern that fits, besides once for the
// topic. See [Topic] for connections and gaps.
//
// Use NewPattern. A Pattern is safe for any number of goroutines.
type Pattern[T any] struct {
	h *hub.Handle
	topicSettings
	values element.Of[T] // unless the codec is bound to the topic

	mu     sync.Mutex
	scoped map[string]*element.Of[T] // by topic, if it is
}

// maxScoped bounds the topics that a Pattern remembers a codec for.
const maxScoped = 1024

// NewPattern names the topics that fit glob. It does not talk to Redis and
// cannot fail: a type that cannot work is the error of every call.
func NewPattern[T any](rdb redis.UniversalClient, glob string, opts ...TopicOption) *Pattern[T] {
	s := gatherTopic(opts)
	values, err := element.Values[T](s.codec)
	if err == nil && s.sharded {
		err = send.Fault(desir.ErrNotSupported, errors.New("patterns for sharded topics"))
	}
	return &Pattern[T]{
		h:             hub.NewHandle(rdb, "channel.Pattern", glob, errors.Join(err, keys.Check(glob))),
		topicSettings: s,
		values:        values,
		scoped:        map[string]*element.Of[T]{},
	}
}

// Subscribe listens to the topics of the pattern; see [Topic.Subscribe]. One
// PSUBSCRIBE, unless this client listens to the pattern already.
func (p *Pattern[T]) Subscribe(ctx context.Context, opts ...SubOption) (*Sub[T], error) {
	hub, err := p.h.Hub()
	if err != nil {
		return nil, p.h.Fail("Subscribe", err)
	}
	r := listen.Request{Kind: listen.Pattern, Name: p.h.Key}
	if p.numbered {
		r.Sync = func(context.Context, string) error { return nil } // never asked
	}
	s, err := subscribe(ctx, hub, r, p.decode, opts)
	if err != nil {
		return nil, p.h.Fail("Subscribe", err)
	}
	return s, nil
}

// decode reads a message of a topic, with the topic's own codec where the codec
// is bound to names.
func (p *Pattern[T]) decode(payload, topic string) (T, error) {
	if _, bound := p.codec.(codec.Scoped); !bound {
		return p.values.Decode(payload, topic, "")
	}
	p.mu.Lock()
	values := p.scoped[topic]
	if values == nil {
		of, err := element.Values[T](element.Scoped(p.codec, "topic", topic))
		if err != nil {
			p.mu.Unlock()
			var zero T
			return zero, err
		}
		if len(p.scoped) >= maxScoped {
			clear(p.scoped)
		}
		values = &of
		p.scoped[topic] = values
	}
	p.mu.Unlock()
	return values.Decode(payload, topic, "")
}

package channel

import (
	"context"
	"errors"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/listen"
	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/internal/stored"
)

// Pattern subscribes to all topics whose names match a glob. In a glob, * matches any
// characters, ? matches one character, [a-z] matches one of the listed characters, and \
// escapes the character that follows. A Pattern also matches topics that are first used after
// the subscription.
//
// A Pattern never matches sharded topics, since Redis has no patterns for them. With
// [Sharded], Subscribe fails with [desir.ErrNotSupported]. With [Numbered], a Pattern reads
// numbered messages, but does not use the numbers to detect gaps.
//
// Redis sends a message once for each matching pattern, and once more for the topic itself.
// See [Topic] for connections and gaps.
//
// Create a Pattern with [NewPattern]. It is safe for concurrent use.
type Pattern[T any] struct {
	h *clients.Handle
	topicSettings
	values stored.Codec[T] // for a codec that is not bound to the topic

	mu     sync.Mutex
	scoped map[string]*stored.Codec[T] // by topic, for a codec that is bound to it
}

// maxScoped is the number of topics whose codecs a Pattern caches.
const maxScoped = 1024

// NewPattern returns the pattern of all topics that match glob. It does not contact Redis
// and does not fail. If the glob, the type or an option is invalid, every call returns that
// error.
func NewPattern[T any](rdb redis.UniversalClient, glob string, opts ...TopicOption) *Pattern[T] {
	s := newTopicSettings(opts)
	values, err := stored.Values[T](s.codec)
	if err == nil && s.sharded {
		err = send.WithClass(desir.ErrNotSupported, errors.New("patterns for sharded topics"))
	}
	return &Pattern[T]{
		h:             clients.NewHandle(rdb, "channel.Pattern", glob, errors.Join(err, keys.Check(glob))),
		topicSettings: s,
		values:        values,
		scoped:        map[string]*stored.Codec[T]{},
	}
}

// Subscribe subscribes to the topics that match the pattern; see [Topic.Subscribe]. It sends
// one PSUBSCRIBE, unless this client has subscribed to the pattern already.
func (p *Pattern[T]) Subscribe(ctx context.Context, opts ...SubOption) (*Sub[T], error) {
	shared, err := p.h.Shared()
	if err != nil {
		return nil, p.h.Fail("Subscribe", err)
	}
	r := listen.Request{Kind: listen.Pattern, Name: p.h.Key}
	if p.numbered {
		r.PublishBarrier = func(context.Context, string) error { return nil } // never called
	}
	s, err := subscribe(ctx, shared, r, p.decode, opts)
	if err != nil {
		return nil, p.h.Fail("Subscribe", err)
	}
	return s, nil
}

// decode decodes a message of a topic. A codec that is bound to names is resolved for the
// topic.
func (p *Pattern[T]) decode(payload, topic string) (T, error) {
	if _, bound := p.codec.(codec.Scoped); !bound {
		return p.values.Decode(payload, topic, "")
	}
	p.mu.Lock()
	values := p.scoped[topic]
	if values == nil {
		c, err := stored.Values[T](stored.Scope(p.codec, "topic", topic))
		if err != nil {
			p.mu.Unlock()
			var zero T
			return zero, err
		}
		if len(p.scoped) >= maxScoped {
			clear(p.scoped)
		}
		values = &c
		p.scoped[topic] = values
	}
	p.mu.Unlock()
	return values.Decode(payload, topic, "")
}

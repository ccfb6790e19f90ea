package channel_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/redistest"
)

const maxMessage = 1 << 20 // for a message whose codec has no Limit

// sendMethods are the methods that send a value.
func sendMethods(rdb redis.UniversalClient, name string, opts ...channel.CodecOption) map[string]func(v string) error {
	var with []channel.Option
	var topic []channel.TopicOption
	for _, o := range opts {
		with, topic = append(with, o), append(topic, o)
	}
	c := channel.NewChan[string](rdb, name, with...)
	news := channel.NewTopic[string](rdb, name, topic...)
	numbered := channel.NewTopic[string](rdb, name, append(topic, channel.Numbered())...)
	q := channel.NewPriorityQueue[string](rdb, name+"q", with...)
	return map[string]func(v string) error{
		"Chan.Send":     func(v string) error { return c.Send(ctx, v) },
		"Chan.TrySend":  func(v string) error { _, err := c.TrySend(ctx, v); return err },
		"Chan.SendMany": func(v string) error { _, err := c.SendMany(ctx, "short", v); return err },
		"Topic.Publish": func(v string) error { _, err := news.Publish(ctx, v); return err },
		"Topic.Publish of a Numbered": func(v string) error {
			_, err := numbered.Publish(ctx, v)
			return err
		},
		"PriorityQueue.Push": func(v string) error { return q.Push(ctx, v, 1) },
	}
}

// TestMessageBound checks that a message of the largest size is sent, and that one byte more
// is refused before anything is sent: with the default bound, and with a codec's Limit.
func TestMessageBound(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		rdb := r.NewClient(t)
		trips := redistest.CountTrips(rdb)
		for _, tt := range []struct {
			name  string
			opts  []channel.CodecOption
			fits  int // length of the longest string
			extra int // number of bytes that the codec adds
		}{
			{name: "Auto", fits: maxMessage},
			{name: "Raw", opts: []channel.CodecOption{channel.WithCodec(codec.Raw)}, fits: maxMessage},
			{"Sign", []channel.CodecOption{channel.WithCodec(codec.Sign(codec.Auto, keyRing{}))}, maxMessage - 38, 38},
			{name: "a smaller Limit", opts: []channel.CodecOption{channel.WithCodec(codec.Limit(codec.Auto, 10))}, fits: 10},
			{name: "a larger Limit", opts: []channel.CodecOption{channel.WithCodec(codec.Limit(codec.Auto, maxMessage+10))}, fits: maxMessage + 10},
			{"a Limit inside", []channel.CodecOption{channel.WithCodec(codec.Sign(codec.Limit(codec.Auto, maxMessage+10), keyRing{}))}, maxMessage + 10, 38},
		} {
			for op, send := range sendMethods(rdb, r.Key(tt.name), tt.opts...) {
				if err := send(strings.Repeat("x", tt.fits)); err != nil {
					t.Errorf("%s: %s of %d bytes: %v", tt.name, op, tt.fits+tt.extra, err)
				}
				trips.Reset()
				err := send(strings.Repeat("x", tt.fits+1))
				if _, ok := errors.AsType[*desir.OpError](err); !ok || !errors.Is(err, codec.ErrTooLarge) || errors.Is(err, desir.ErrMaybeRan) {
					t.Errorf("%s: %s of %d bytes: %v; want an OpError with ErrTooLarge", tt.name, op, tt.fits+tt.extra+1, err)
				}
				if err != nil && strings.Contains(err.Error(), "xxx") {
					t.Errorf("%s: %s: the error shows the value", tt.name, op)
				}
				if n := trips.Count(); n != 0 {
					t.Errorf("%s: %s of too much took %d round trips", tt.name, op, n)
				}
			}
		}
	})
}

// TestMessageBoundOfSenders checks that the bound applies to senders only: a receiver takes
// longer values that others have sent.
func TestMessageBoundOfSenders(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		long, name := strings.Repeat("x", 2*maxMessage), r.Key("c")
		topic := subscribe(t, channel.NewTopic[string](r.Client, name))
		for op, send := range sendMethods(r.NewClient(t), name, channel.WithCodec(codec.Limit(codec.Auto, 3*maxMessage))) {
			if err := send(long); err != nil {
				t.Errorf("%s: %v", op, err)
			}
		}
		soon, cancel := context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
		vs, err := channel.NewChan[string](r.Client, name).RecvMany(soon, 1)
		q, err2 := channel.NewPriorityQueue[string](r.Client, name+"q").Pop(soon)
		if err != nil || err2 != nil || len(vs) != 1 || len(vs[0]) != len(long) && vs[0] != "short" || q != long {
			t.Errorf("received %d values, %v; popped %d bytes, %v", len(vs), err, len(q), err2)
		}
		if got := receive(t, topic, 10*time.Second, 1); len(got) != 1 || len(got[0]) < len(long) {
			t.Errorf("heard %d messages", len(got))
		}
	})
}

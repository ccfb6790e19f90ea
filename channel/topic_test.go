package channel_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/redistest"
)

// receive returns the items of a loop as text: values, and gaps like "gap 3".
func receive[T any](t *testing.T, s *channel.Sub[T], idle time.Duration, n int) []string {
	t.Helper()
	var all []string
	for m, err := range s.All(within(t, 30*time.Second), channel.Idle(idle)) {
		all = append(all, describe(m.Value, err))
		if len(all) == n {
			break
		}
	}
	return all
}

func describe(v any, err error) string {
	gap, isGap := errors.AsType[*channel.GapError](err)
	_, bad := errors.AsType[*codec.DecodeError](err)
	switch {
	case err == nil:
		return fmt.Sprint(v)
	case isGap && errors.Is(err, desir.ErrFull):
		return fmt.Sprint("full ", gap.Missed)
	case isGap:
		return fmt.Sprint("gap ", gap.Missed)
	case bad:
		return "bad"
	default:
		return err.Error()
	}
}

func intRange(from, to int) []string {
	var all []string
	for i := from; i <= to; i++ {
		all = append(all, fmt.Sprint(i))
	}
	return all
}

func subscribe[T any](t *testing.T, topic *channel.Topic[T], opts ...channel.SubOption) *channel.Sub[T] {
	t.Helper()
	s, err := topic.Subscribe(within(t, 30*time.Second), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func publish[T any](t *testing.T, topic *channel.Topic[T], vs ...T) {
	t.Helper()
	for _, v := range vs {
		if _, err := topic.Publish(ctx, v); err != nil {
			t.Fatal(err)
		}
	}
}

// topicKinds are the kinds of topics. Each guarantee holds for all of them.
var topicKinds = []struct {
	name string
	opts []channel.TopicOption
}{
	{"plain", nil},
	{"numbered", []channel.TopicOption{channel.Numbered()}},
	{"sharded", []channel.TopicOption{channel.Sharded()}},
	{"sharded numbered", []channel.TopicOption{channel.Sharded(), channel.Numbered()}},
}

type keyRing struct{}

func (keyRing) Current() (uint32, []byte)    { return 1, []byte(strings.Repeat("k", 32)) }
func (keyRing) Key(id uint32) ([]byte, bool) { return []byte(strings.Repeat("k", 32)), id == 1 }

// subscribers returns how many connections have subscribed to a channel.
func subscribers(t *testing.T, c redis.UniversalClient, name string) int64 {
	t.Helper()
	n, err := c.PubSubNumSub(ctx, name).Result()
	if err != nil {
		t.Fatal(err)
	}
	return n[name]
}

// TestOneSubscription counts the connections and commands of a hundred subscribers.
func TestOneSubscription(t *testing.T) {
	t.Parallel()
	redistest.Goroutines(t)
	srv := redistest.StartServer(t)
	proxy := redistest.NewProxy(t, srv.Addr)
	rdb := srv.Client(t, func(o *redis.Options) { o.Addr = proxy.Addr() })
	raw := srv.Client(t)
	topic := channel.NewTopic[int](rdb, "t")
	var subs []*channel.Sub[int]
	for range 100 {
		subs = append(subs, subscribe(t, topic))
	}
	other := subscribe(t, channel.NewTopic[int](rdb, "other"))
	if n := subscribers(t, raw, "t"); n != 1 {
		t.Errorf("%d connections listen; want 1", n)
	}
	if n := proxy.Count("subscribe"); n != 3 { // two topics and the private channel
		t.Errorf("%d SUBSCRIBE; want 3", n)
	}
	if n := proxy.Conns(); n != 1 {
		t.Errorf("%d connections; want 1", n)
	}
	publish(t, topic, 7)
	for _, s := range subs {
		if got := receive(t, s, 10*time.Second, 1); !slices.Equal(got, []string{"7"}) {
			t.Fatalf("heard %v", got)
		}
		_ = s.Close()
	}
	redistest.Eventually(t, 20*time.Second, func() bool { return subscribers(t, raw, "t") == 0 }, "no connection is subscribed")
	_ = other.Close()
	redistest.Eventually(t, 20*time.Second, func() bool {
		list, err := raw.ClientList(ctx).Result()
		return err == nil && !strings.Contains(list, "sub=1") && !strings.Contains(list, "sub=2")
	}, "the connection is closed")
	again := subscribe(t, topic)
	publish(t, topic, 8)
	if got := receive(t, again, 10*time.Second, 1); !slices.Equal(got, []string{"8"}) {
		t.Errorf("heard %v", got)
	}
}

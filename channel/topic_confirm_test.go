package channel_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/internal/redistest"
)

// isSubscribe matches the commands that subscribe.
func isSubscribe(args []string) bool { return strings.HasSuffix(strings.ToLower(args[0]), "subscribe") }

// unconfirmed drops the replies to the n-th subscription of each kind, and everything after
// them on their connection.
var unconfirmed = map[string]struct {
	opts      []channel.TopicOption
	subscribe func(rdb redis.UniversalClient, name string, opts ...channel.TopicOption) (*channel.Sub[int64], error)
}{
	"plain": {nil, subscribeTo}, "numbered": {[]channel.TopicOption{channel.Numbered()}, subscribeTo},
	"sharded": {[]channel.TopicOption{channel.Sharded()}, subscribeTo},
	"pattern": {nil, func(rdb redis.UniversalClient, name string, _ ...channel.TopicOption) (*channel.Sub[int64], error) {
		return channel.NewPattern[int64](rdb, name+"*").Subscribe(ctx)
	}},
}

func subscribeTo(rdb redis.UniversalClient, name string, opts ...channel.TopicOption) (*channel.Sub[int64], error) {
	return channel.NewTopic[int64](rdb, name, opts...).Subscribe(ctx)
}

// TestSubscribeReplyLost loses the reply to a subscription. The client soon subscribes on
// another connection, and the subscribers of the first one get a gap.
func TestSubscribeReplyLost(t *testing.T) {
	t.Parallel()
	for name, k := range unconfirmed {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, p := redistest.StartServer(t), redistest.NewProxy(t, "")
			for which := range 3 { // the connection's own, the first one, and one beside another
				rdb := s.Client(t, func(o *redis.Options) { o.Dialer = p.Dialer() })
				var first *channel.Sub[int64]
				if which == 2 {
					var err error
					if first, err = k.subscribe(rdb, "first", k.opts...); err != nil {
						t.Fatal(err)
					}
				}
				var met atomic.Int64
				p.Swallow(1, func(args []string) bool { return isSubscribe(args) && met.Add(1) == int64(1+which%2) })
				begun := time.Now()
				sub, err := k.subscribe(rdb, "topic", k.opts...)
				if err != nil {
					t.Fatal(which, err)
				}
				took := time.Since(begun)
				t.Logf("%d: after %v", which, took)
				if took > 7*time.Second { // some 1.1 s, or 2 to 3.1 s beside another
					t.Errorf("%d: subscribed after %v", which, took)
				}
				p.Reset()
				if _, err := channel.NewTopic[int64](rdb, "topic", k.opts...).Publish(ctx, int64(which)); err != nil {
					t.Fatal(err)
				}
				for m, err := range sub.All(within(t, 10*time.Second)) {
					if m.Value != int64(which) || err != nil {
						t.Errorf("%d: %d, %v", which, m.Value, err)
					}
					break
				}
				if first != nil {
					for m, err := range first.All(within(t, 10*time.Second)) {
						if _, gap := errors.AsType[*channel.GapError](err); !gap {
							t.Errorf("beside it came %d, %v; want a gap", m.Value, err)
						}
						break
					}
					_ = first.Close()
				}
				_ = sub.Close()
			}
		})
	}
}

// TestSubscribeWhileServerPauses adds a subscription while the server stands still for 3 s.
// The existing subscribers get no gap.
func TestSubscribeWhileServerPauses(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	rdb := s.Client(t, func(o *redis.Options) { o.ReadTimeout = 10 * time.Second })
	first, err := subscribeTo(rdb, "first")
	if err != nil {
		t.Fatal(err)
	}
	s.Freeze()
	time.AfterFunc(3*time.Second, s.Thaw)
	if _, err := subscribeTo(rdb, "second"); err != nil {
		t.Fatal(err)
	}
	if _, err := channel.NewTopic[int64](rdb, "first").Publish(ctx, 1); err != nil {
		t.Fatal(err)
	}
	for m, err := range first.All(within(t, 10*time.Second)) {
		if err != nil || m.Value != 1 {
			t.Errorf("%d, %v; want 1 and no gap", m.Value, err)
		}
		break
	}
}

// TestMailboxNotifyReplyLost loses the reply to the subscription of a selective receiver,
// which still finds a new letter within a second.
func TestMailboxNotifyReplyLost(t *testing.T) {
	t.Parallel()
	s, p := redistest.StartServer(t), redistest.NewProxy(t, "")
	rdb := s.Client(t, func(o *redis.Options) { o.Dialer = p.Dialer() })
	p.Swallow(-1, isSubscribe)
	m := channel.NewMailbox[int](rdb, "m")
	got := make(chan error, 1)
	go func() {
		_, err := m.Receive(within(t, 20*time.Second), matchAny[int])
		got <- err
	}()
	redistest.Eventually(t, 10*time.Second, func() bool { return p.Count("subscribe") > 0 }, "the receiver subscribes")
	begun := time.Now()
	if err := channel.NewMailbox[int](s.Client(t), "m").Send(ctx, "m", 1); err != nil {
		t.Fatal(err)
	}
	if err := <-got; err != nil || time.Since(begun) > 5*time.Second {
		t.Errorf("%v after %v; want a letter within a second", err, time.Since(begun))
	}
}

// TestSubscribeAway subscribes at servers that do not serve. The error wraps the reason, and
// no deadline that the caller has not set.
func TestSubscribeAway(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]func(*redistest.Server){"away": (*redistest.Server).Kill, "frozen": (*redistest.Server).Freeze} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := redistest.StartServer(t)
			rdb := s.Client(t)
			sub, err := subscribeTo(rdb, "before")
			if err != nil {
				t.Fatal(err)
			}
			harm(s)
			if name == "frozen" {
				defer s.Thaw()
			}
			ctx := within(t, 2*time.Second)
			if _, err := channel.NewTopic[int64](rdb, "t").Subscribe(ctx); !errors.Is(err, desir.ErrUnavailable) {
				t.Errorf("Subscribe: %v; want ErrUnavailable", err)
			}
			if name == "away" {
				for _, err = range sub.All(ctx) {
				}
				if !errors.Is(err, desir.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("All: %v; want the deadline and ErrUnavailable", err)
				}
			}
			if _, err := subscribeTo(s.Client(t), "t"); !errors.Is(err, desir.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Subscribe without a deadline: %v; want ErrUnavailable alone", err)
			}
		})
	}
}

package conformance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/redistest"
)

// Topic tests channel.Topic, channel.Pattern and channel.Sub on a backend.
func Topic(t *testing.T, r *redistest.Redis) {
	run(t, r,
		part{"InOrder", topicInOrder},
		part{"Plain", topicPlain},
		part{"Pattern", patternMatches},
		part{"Policies", topicPolicies},
		part{"Block", topicBlock},
		part{"Ends", subEnds},
		part{"Handle", subHandle},
		part{"Refusals", topicRefusals},
	)
}

// receive returns the items of a loop as text: values, and gaps like "gap 3".
func receive[T any](t *testing.T, s *channel.Sub[T], idle time.Duration, n int) []string {
	t.Helper()
	var all []string
	for m, err := range s.All(timeoutContext(t), channel.Idle(idle)) {
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
	s, err := topic.Subscribe(timeoutContext(t), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func publish[T any](t *testing.T, topic *channel.Topic[T], vs ...T) {
	t.Helper()
	for _, v := range vs {
		if _, err := topic.Publish(t.Context(), v); err != nil {
			t.Fatal(err)
		}
	}
}

func upTo(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
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

// topicInOrder publishes from two clients to subscribers of both.
func topicInOrder(t *testing.T, r *redistest.Redis) {
	for _, k := range topicKinds {
		if r.Name == "embedded" && strings.Contains(k.name, "sharded") {
			continue
		}
		key := name(t, r, k.name)
		topic := channel.NewTopic[int](r.Client, key, k.opts...)
		far := channel.NewTopic[int](r.NewClient(t), key, k.opts...)
		one, two := subscribe(t, topic), subscribe(t, far)
		publish(t, far, upTo(100)...)
		publish(t, topic, 100)
		for _, s := range []*channel.Sub[int]{one, two} {
			if got := receive(t, s, 10*time.Second, 101); !slices.Equal(got, intRange(0, 100)) {
				t.Errorf("%s: heard %v", k.name, got)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
		if left := r.KeysWithoutExpiry(t); len(left) != 0 {
			t.Errorf("%s: keys that never expire: %q", k.name, left)
		}
	}
}

// topicPlain exchanges messages with a plain client.
func topicPlain(t *testing.T, r *redistest.Redis) {
	for i, opts := range [][]channel.TopicOption{nil, {channel.Numbered()}} {
		key := name(t, r, fmt.Sprint("news", i))
		topic := channel.NewTopic[int](r.Client, key)
		bare := r.Raw().Subscribe(t.Context(), key)
		defer bare.Close()
		if _, err := bare.Receive(t.Context()); err != nil {
			t.Fatal(err)
		}
		s := subscribe(t, channel.NewTopic[int](r.NewClient(t), key, opts...))
		publish(t, topic, 1)
		for _, payload := range []string{"2", "rubbish", "\xc1n1:", "3"} {
			if err := r.Master(t, key).Publish(t.Context(), key, payload).Err(); err != nil {
				t.Fatal(err)
			}
		}
		if got := receive(t, s, 10*time.Second, 5); !slices.Equal(got, []string{"1", "2", "bad", "bad", "3"}) {
			t.Errorf("heard %v", got)
		}
		if m, err := bare.ReceiveMessage(t.Context()); err != nil || m.Payload != "1" {
			t.Errorf("a bare client heard %v, %v; want 1", m, err)
		}
	}
}

// patternMatches receives from all topics of a pattern, and from no other.
func patternMatches(t *testing.T, r *redistest.Redis) {
	signed := codec.Sign(codec.Auto, ring(1))
	for i, opts := range [][]channel.TopicOption{nil, {channel.Numbered()}, {channel.WithCodec(signed)}} {
		shop := tagged(t, r, fmt.Sprint("shop", i, ".")) // one slot, so that messages keep their order
		p := channel.NewPattern[int](r.Client, shop+"*", opts...)
		s, err := p.Subscribe(timeoutContext(t))
		if err != nil {
			t.Fatal(err)
		}
		publish(t, channel.NewTopic[int](r.Client, name(t, r, "other"), opts...), 1)
		for i := range 3 {
			publish(t, channel.NewTopic[int](r.Client, fmt.Sprint(shop, i), opts...), i)
		}
		n := 0
		for m, err := range s.All(timeoutContext(t)) {
			if err != nil || m.Topic != fmt.Sprint(shop, n) || m.Value != n {
				t.Errorf("heard %v, %v", m, err)
			}
			if n++; n == 3 {
				break
			}
		}
		_ = s.Close()
	}
	if _, err := channel.NewPattern[int](r.Client, "x*", channel.Sharded()).Subscribe(t.Context()); !errors.Is(err, desir.ErrNotSupported) {
		t.Errorf("sharded pattern: %v; want ErrNotSupported", err)
	}
}

// topicPolicies overruns backlogs with each policy.
func topicPolicies(t *testing.T, r *redistest.Redis) {
	topic := channel.NewTopic[int](r.Client, name(t, r, "t"))
	oldest := subscribe(t, topic, channel.Backlog(10, channel.DropOldest))
	one := subscribe(t, topic, channel.Backlog(1, channel.DropOldest))
	newest := subscribe(t, topic, channel.Backlog(10, channel.DropNewest))
	fails := subscribe(t, topic, channel.Backlog(10, channel.Fail))
	blocks := subscribe(t, topic, channel.Backlog(10, channel.Block))
	all := subscribe(t, topic)
	publish(t, topic, upTo(100)...)
	if got := receive(t, all, 10*time.Second, 100); !slices.Equal(got, intRange(0, 99)) {
		t.Fatalf("default backlog: %v", got)
	}
	for _, tt := range []struct {
		name    string
		sub     *channel.Sub[int]
		want    []string
		dropped int64
	}{
		{"DropOldest", oldest, append([]string{"gap 90"}, intRange(90, 99)...), 90},
		{"DropOldest of one", one, []string{"gap 99", "99"}, 99},
		{"DropNewest", newest, append(intRange(0, 9), "gap 90"), 90},
		{"Fail", fails, append(intRange(0, 9), "full 1"), 1},
		{"Block", blocks, append(intRange(0, 9), "gap 90"), 90},
	} {
		if got := receive(t, tt.sub, 0, -1); !slices.Equal(got, tt.want) {
			t.Errorf("%s: heard %v; want %v", tt.name, got, tt.want)
		}
		if n := tt.sub.Dropped(); n != tt.dropped {
			t.Errorf("%s: Dropped = %d; want %d", tt.name, n, tt.dropped)
		}
	}
	publish(t, topic, 100)
	for _, s := range []*channel.Sub[int]{oldest, one, newest, blocks} {
		if got := receive(t, s, 10*time.Second, 1); !slices.Equal(got, []string{"100"}) {
			t.Errorf("afterwards heard %v", got)
		}
	}
	if got := receive(t, fails, 0, -1); !slices.Equal(got, []string{"full 1"}) {
		t.Errorf("after Fail heard %v", got)
	}
}

// topicBlock has a slow subscriber that makes the connection wait.
func topicBlock(t *testing.T, r *redistest.Redis) {
	topic := channel.NewTopic[int](r.Client, name(t, r, "t"))
	slow := subscribe(t, topic, channel.Backlog(1, channel.Block))
	go func() {
		for i := range 200 {
			_, _ = topic.Publish(t.Context(), i)
		}
	}()
	if got := receive(t, slow, 10*time.Second, 200); !slices.Equal(got, intRange(0, 199)) || slow.Dropped() != 0 {
		t.Errorf("heard %v, dropped %d", got, slow.Dropped())
	}
}

// subEnds leaves loops by break, by the context and by Close.
func subEnds(t *testing.T, r *redistest.Redis) {
	topic := channel.NewTopic[string](r.Client, name(t, r, "t"))
	s := subscribe(t, topic)
	publish(t, topic, "a", "b", "c")
	if got := receive(t, s, 10*time.Second, 1); !slices.Equal(got, []string{"a"}) {
		t.Errorf("heard %v", got)
	}
	if got := receive(t, s, 10*time.Second, 2); !slices.Equal(got, []string{"b", "c"}) {
		t.Errorf("after break heard %v", got)
	}
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	for _, err := range s.All(short) {
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a loop whose context ended: %v", err)
		}
	}
	ended := make(chan int)
	go func() {
		n := 0
		for range s.All(t.Context()) {
			n++
		}
		ended <- n
	}()
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	if n := <-ended; n != 0 {
		t.Errorf("a loop of a closed Sub yielded %d times", n)
	}
	if got := receive(t, s, time.Hour, -1); len(got) != 0 {
		t.Errorf("after Close heard %v", got)
	}
}

// subHandle stops a callback, which waits for the running one.
func subHandle(t *testing.T, r *redistest.Redis) {
	topic := channel.NewTopic[int](r.Client, name(t, r, "t"))
	s := subscribe(t, topic)
	got, hold := make(chan int), make(chan struct{})
	stop := s.Handle(func(m channel.Message[int], err error) {
		if err != nil {
			t.Error(err)
		}
		got <- m.Value
		<-hold
	})
	publish(t, topic, 1, 2)
	if v := <-got; v != 1 {
		t.Errorf("heard %d", v)
	}
	stopped := make(chan struct{})
	go func() { stop(); stop(); close(stopped) }()
	select {
	case <-stopped:
		t.Error("stop did not wait for the callback")
	case <-time.After(20 * time.Millisecond):
	}
	close(hold)
	select {
	case <-stopped:
	case v := <-got: // the loop had taken it before stop
		t.Fatalf("heard %d after stop", v)
	case <-time.After(10 * time.Second):
		t.Fatal("stop does not return")
	}
	if got := receive(t, s, 10*time.Second, 1); !slices.Equal(got, []string{"2"}) {
		t.Errorf("after stop heard %v", got)
	}
}

// topicRefusals makes calls that cannot work.
func topicRefusals(t *testing.T, r *redistest.Redis) {
	done, cancel := context.WithCancel(t.Context())
	cancel()
	good := channel.NewTopic[int](r.Client, name(t, r, "t"))
	var zero channel.Topic[int]
	var zeroPattern channel.Pattern[int]
	for _, tt := range []struct {
		name string
		ctx  context.Context
		on   interface {
			Subscribe(context.Context, ...channel.SubOption) (*channel.Sub[int], error)
		}
		opts []channel.SubOption
		want error
	}{
		{"nil client", t.Context(), channel.NewTopic[int](nil, "t"), nil, desir.ErrNotSupported},
		{"zero Topic", t.Context(), &zero, nil, desir.ErrNotSupported},
		{"zero Pattern", t.Context(), &zeroPattern, nil, desir.ErrNotSupported},
		{"empty name", t.Context(), channel.NewTopic[int](r.Client, ""), nil, desir.ErrName},
		{"empty glob", t.Context(), channel.NewPattern[int](r.Client, ""), nil, desir.ErrName},
		{"braces", t.Context(), channel.NewTopic[int](r.Client, "}{x", channel.Numbered()), nil, desir.ErrName},
		{"ended context", done, good, nil, context.Canceled},
		{"backlog of 0", t.Context(), good, []channel.SubOption{channel.Backlog(0, channel.Fail)}, nil},
		{"policy 9", t.Context(), good, []channel.SubOption{channel.Backlog(1, 9)}, nil},
	} {
		s, err := tt.on.Subscribe(tt.ctx, tt.opts...)
		op, ok := errors.AsType[*desir.OpError](err)
		if s != nil || !ok || !strings.HasSuffix(op.Op, "Subscribe") && tt.name[:4] != "zero" || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%s: Subscribe = %v, %v; want %v", tt.name, s, err, tt.want)
		}
	}
	if _, err := zero.Publish(t.Context(), 1); !errors.Is(err, desir.ErrNotSupported) {
		t.Errorf("zero Topic: Publish: %v", err)
	}
	sharded := channel.NewTopic[int](r.Client, name(t, r, "s"), channel.Sharded())
	s, err := sharded.Subscribe(t.Context())
	if _, perr := sharded.Publish(t.Context(), 1); errors.Is(perr, desir.ErrNotSupported) != (r.Name == "embedded") {
		t.Errorf("sharded Publish: %v", perr)
	}
	if errors.Is(err, desir.ErrNotSupported) != (r.Name == "embedded") || (s == nil) != (r.Name == "embedded") {
		t.Errorf("sharded Subscribe: %v", err)
	} else if s != nil {
		_ = s.Close()
	}
	taker, err := good.Subscribe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range taker.All(t.Context(), channel.Prefetch(2)) {
		if !errors.Is(err, desir.ErrNotSupported) {
			t.Errorf("a Sub's loop with Prefetch: %v", err)
		}
	}
	_ = taker.Close()
	var none channel.Sub[int]
	stop := none.Handle(func(_ channel.Message[int], err error) {
		if !errors.Is(err, desir.ErrNotSupported) {
			t.Errorf("zero Sub: %v", err)
		}
	})
	stop()
	if err := none.Close(); err != nil || none.Dropped() != 0 {
		t.Errorf("zero Sub: Close: %v", err)
	}
}

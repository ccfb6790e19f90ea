package listen

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/internal/send"
)

// notified is a request whose calls of Notify the test can count.
type notified struct {
	Request
	calls chan error
}

func newNotified(name string) notified {
	calls := make(chan error, 100)
	return notified{Request{Class: WakeUps, Kind: Channel, Name: name, Notify: func(_ string, ended error) { calls <- ended }}, calls}
}

// next waits for a call of Notify and returns its argument.
func (n notified) next(t *testing.T) error {
	t.Helper()
	select {
	case err := <-n.calls:
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("Notify was not called")
		return nil
	}
}

// attach subscribes without a wait for the confirmation.
func (n notified) attach(t *testing.T, rdb redis.UniversalClient) (*clients.Shared, *Sub) {
	t.Helper()
	shared, err := clients.Of(rdb)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Of(shared).Attach(t.Context(), n.Request)
	if err != nil {
		t.Fatal(err)
	}
	return shared, s
}

// TestNotify checks that Notify is called after each confirmation, for each message, and at the
// end of the subscription, but not after Close.
func TestNotify(t *testing.T) {
	redistest.Goroutines(t)
	srv := redistest.StartServer(t, redistest.Config("user", "deaf on >x ~* +@all resetchannels"))
	admin, rdb := srv.Client(t), srv.Client(t)
	one, two := newNotified("w"), newNotified("w")
	expect := func(what string, all ...notified) {
		t.Helper()
		for i, n := range all {
			if err := n.next(t); err != nil {
				t.Fatalf("%s: subscriber %d got %v", what, i, err)
			}
		}
	}
	shared, _ := one.attach(t, rdb)
	expect("confirmation", one)
	_, second := two.attach(t, rdb)
	expect("confirmed already", two)
	for range 2 {
		if n := admin.Publish(t.Context(), "w", "").Val(); n != 1 {
			t.Fatalf("%d connections have subscribed; want 1", n)
		}
		expect("message", one, two)
	}
	if n := admin.ClientKillByFilter(t.Context(), "TYPE", "pubsub").Val(); n != 1 {
		t.Fatalf("%d connections cut; want 1", n)
	}
	expect("another connection", one, two)
	_ = second.Close()
	if err := shared.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := one.next(t); !errors.Is(err, send.ErrCloseCalled) {
		t.Errorf("closed client: %v; want ErrCloseCalled", err)
	}
	if len(one.calls)+len(two.calls) > 0 {
		t.Errorf("%d and %d more calls", len(one.calls), len(two.calls))
	}

	denied := newNotified("w")
	_, sub := denied.attach(t, srv.Client(t, func(o *redis.Options) { o.Username, o.Password = "deaf", "x" }))
	if err := denied.next(t); !errors.Is(err, send.ErrDenied) || !errors.Is(sub.Err(), send.ErrDenied) {
		t.Errorf("denied: %v and %v; want ErrDenied", err, sub.Err())
	}
}

// TestAttachOutage attaches while the server is away, for more attempts than Subscribe makes.
func TestAttachOutage(t *testing.T) {
	redistest.Goroutines(t)
	srv := redistest.StartServer(t)
	n := newNotified("w")
	srv.Kill()
	_, s := n.attach(t, srv.Client(t))
	redistest.Eventually(t, 20*time.Second, func() bool {
		s.listener.mu.Lock()
		defer s.listener.mu.Unlock()
		return s.failures > maxTries
	}, "many failed connections")
	srv.Restart()
	if err := n.next(t); err != nil {
		t.Errorf("the subscription has ended: %v", err)
	}
	_ = s.Close()
}

// TestDeposedMaster gives a slot to another server, while the old one still replies to pings and
// keeps its subscriptions. The wake-ups follow the client's slot map.
func TestDeposedMaster(t *testing.T) {
	redistest.Slow(t)
	redistest.Goroutines(t)
	servers := []*redistest.Server{redistest.StartServer(t), redistest.StartServer(t)}
	var master atomic.Int32
	rdb := redis.NewClusterClient(&redis.ClusterOptions{
		ClusterSlots: func(context.Context) ([]redis.ClusterSlot, error) {
			addr := servers[master.Load()].Addr
			return []redis.ClusterSlot{{Start: 0, End: 16383, Nodes: []redis.ClusterNode{{Addr: addr}}}}, nil
		},
		ClusterStateReloadInterval: time.Second,
		DisableIdentity:            true,
	})
	defer func() { _ = rdb.Close() }()
	n := newNotified("w")
	n.Kind = Shard
	_, s := n.attach(t, rdb)
	defer func() { _ = s.Close() }()
	if err := n.next(t); err != nil {
		t.Fatal(err)
	}
	master.Store(1)
	if err := n.next(t); err != nil { // the new server has confirmed it
		t.Fatal(err)
	}
	if got := servers[1].Client(t).SPublish(t.Context(), "w", "").Val(); got != 1 {
		t.Errorf("%d connections have subscribed at the new master; want 1", got)
	}
}

// TestMergeConfirmed moves a subscription to a manager that has a confirmed one to the same
// channel. Its subscribers are informed of the gap, a new one becomes live, and Notify is called.
func TestMergeConfirmed(t *testing.T) {
	ch, l := channel{Shard, "t"}, &Listener{managers: map[endpoint]*manager{}}
	newManager := func(node string) *manager {
		ep := endpoint{shard: true, node: node}
		m := &manager{listener: l, endpoint: ep, wakeup: make(chan struct{}, 1), subscriptions: map[channel]*subscription{}}
		l.managers[ep] = m
		return m
	}
	from, to := newManager("a"), newManager("b")
	n := newNotified("t")
	request := Request{Kind: Shard, Name: "t", Backlog: 1}
	live, fresh, waking := newSub(l, request), newSub(l, request), newSub(l, n.Request)
	live.setLive()
	old := &subscription{channel: ch, manager: from, subs: []*Sub{live, fresh, waking}, confirmed: true}
	from.subscriptions[ch] = old
	to.subscriptions[ch] = &subscription{channel: ch, manager: to, confirmed: true}
	from.move(ch, to.endpoint)
	it, ok, err := live.Next(t.Context(), time.After(0))
	if !ok || it.Missed != -1 || err != nil {
		t.Errorf("the subscriber got %+v, %t, %v; want a gap", it, ok, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	select {
	case <-fresh.started:
	case <-ctx.Done():
		t.Error("the new subscriber still waits for a confirmation")
	}
	if err := n.next(t); err != nil {
		t.Error(err)
	}
}

// TestNodeClosed checks that redis.ErrClosed ends subscriptions only if the whole client is
// closed, and not if a cluster client or a ring has closed the client of one node.
func TestNodeClosed(t *testing.T) {
	for _, tt := range []struct {
		client redis.UniversalClient
		open   bool // want for the open client
	}{
		{redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"}), false},
		{redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{"127.0.0.1:1"}}), true},
		{redis.NewRing(&redis.RingOptions{Addrs: map[string]string{"a": "127.0.0.1:1"}}), true},
	} {
		shared, err := clients.Of(tt.client)
		if err != nil {
			t.Fatal(err)
		}
		m := &manager{listener: Of(shared)}
		if got := m.nodeClosed(redis.ErrClosed); got != tt.open {
			t.Errorf("%T, open: %t; want %t", tt.client, got, tt.open)
		}
		if err := tt.client.Close(); err != nil {
			t.Fatal(err)
		}
		if m.nodeClosed(redis.ErrClosed) {
			t.Errorf("%T, closed: the error counts as that of one node", tt.client)
		}
	}
}

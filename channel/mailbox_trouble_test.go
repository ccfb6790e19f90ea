package channel_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/internal/redistest"
)

func matchAny[T any](channel.Letter[T]) bool { return true }

// TestMailboxSendReplyLost checks that a lost reply is ErrMaybeRan, and that the letter is
// stored exactly once.
func TestMailboxSendReplyLost(t *testing.T) {
	t.Parallel()
	eachFault(t, func(t *testing.T, x *lossyServer) {
		m := channel.NewMailbox[int](x.viaProxy, "m")
		if err := m.Send(ctx, "m", 0); err != nil { // loads the script
			t.Fatal(err)
		}
		x.loseReplies(1, scriptFile(t, "scripts/mailbox_send.lua"))
		if err := m.Send(ctx, "m", 1); !errors.Is(err, desir.ErrMaybeRan) {
			t.Errorf("Send: %v; want ErrMaybeRan", err)
		}
		x.loseReplies(1, scriptFile(t, "scripts/mailbox_send.lua"))
		if _, err := m.Ask(ctx, "m", 2); !errors.Is(err, desir.ErrMaybeRan) {
			t.Errorf("Ask: %v; want ErrMaybeRan", err)
		}
		far := channel.NewMailbox[int](x.direct, "m")
		for want := range 3 {
			if l, err := far.Recv(within(t, 10*time.Second)); l.Value != want || err != nil {
				t.Errorf("Recv = %d, %v; want %d", l.Value, err, want)
			}
		}
		if n, err := far.Len(ctx); n != 0 || err != nil {
			t.Errorf("%d letters are left, %v", n, err)
		}
	})
}

// TestMailboxClaimReplyLost checks that a lost reply to the removal is ErrMaybeRan, since the
// letter is gone, and that a scan whose reply is lost is repeated.
func TestMailboxClaimReplyLost(t *testing.T) {
	t.Parallel()
	eachFault(t, func(t *testing.T, x *lossyServer) {
		m := channel.NewMailbox[int](x.viaProxy, "m")
		for i := range 3 {
			if err := m.Send(ctx, "m", i); err != nil {
				t.Fatal(err)
			}
		}
		x.loseReplies(2, redistest.Command("evalsha"))
		if l, err := m.Receive(within(t, 20*time.Second), matchAny); l.Value != 0 || err != nil {
			t.Errorf("Receive whose looks were lost = %d, %v; want 0", l.Value, err)
		}
		x.loseReplies(1, redistest.Command("lrem"))
		if _, err := m.Receive(within(t, 20*time.Second), matchAny); !errors.Is(err, desir.ErrMaybeRan) {
			t.Errorf("Receive: %v; want ErrMaybeRan", err)
		}
		if l, err := m.Recv(within(t, 20*time.Second)); l.Value != 2 || err != nil {
			t.Errorf("Recv = %d, %v; want 2", l.Value, err)
		}
	})
}

// TestMailboxClaimRefused checks that a letter that could not be removed is still the first
// match when the next letter has arrived.
func TestMailboxClaimRefused(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		rdb := r.NewClient(t)
		m := channel.NewMailbox[int](rdb, r.Key("m"))
		if err := m.Send(ctx, m.Key(), 0); err != nil {
			t.Fatal(err)
		}
		trips := redistest.CountTrips(rdb)
		trips.FailNext(1000, &net.OpError{Op: "dial", Err: errors.New("refused")}, redistest.Command("lrem"))
		asked := 0
		l, err := m.Receive(within(t, 20*time.Second), func(channel.Letter[int]) bool {
			if asked++; asked == 1 {
				if err := m.Send(ctx, m.Key(), 1); err != nil {
					t.Error(err)
				}
			} else {
				trips.Fail(nil)
			}
			return true
		})
		if l.Value != 0 || err != nil || asked != 2 {
			t.Errorf("Receive = %d, %v, after %d letters; want 0, at the second look", l.Value, err, asked)
		}
	})
}

// TestMailboxClaimLeft leaves while the letter is being removed, and checks that it is
// requeued.
func TestMailboxClaimLeft(t *testing.T) {
	t.Parallel()
	s, p := redistest.StartServer(t), redistest.NewProxy(t, "")
	rdb := s.Client(t, func(o *redis.Options) { o.Dialer = p.Dialer() })
	for _, opts := range [][]channel.MailboxOption{nil, {channel.LIFO()}} {
		m := channel.NewMailbox[int](rdb, "m", opts...)
		for i := range 2 {
			if err := m.Send(ctx, "m", i); err != nil {
				t.Fatal(err)
			}
		}
		first, err := m.Receive(within(t, 20*time.Second), matchAny) // loads the scripts
		if err != nil {
			t.Fatal(err)
		}
		claims := p.CountFunc(redistest.Command("lrem"))
		p.Delay(1, 300*time.Millisecond, redistest.Command("lrem"))
		short, cancel := context.WithCancel(within(t, 20*time.Second))
		left := make(chan error, 1)
		go func() {
			_, err := m.Receive(short, matchAny)
			left <- err
		}()
		redistest.Eventually(t, 10*time.Second, func() bool { return claims() == 1 }, "the letter is claimed")
		cancel()
		if err := <-left; !errors.Is(err, context.Canceled) || errors.Is(err, desir.ErrMaybeRan) {
			t.Errorf("Receive: %v; want context.Canceled alone", err)
		}
		l, err := m.Recv(within(t, 20*time.Second))
		if l.Value != 1-first.Value || err != nil {
			t.Errorf("Recv = %d, %v; want %d", l.Value, err, 1-first.Value)
		}
	}
}

// TestMailboxClaimCutAtTheEnd cuts the connection while a letter is being removed for a
// receiver whose context has ended, as a program does that cancels and closes its client
// immediately. The error is ErrMaybeRan, or the letter counts as perhaps lost.
func TestMailboxClaimCutAtTheEnd(t *testing.T) {
	t.Parallel()
	s, p := redistest.StartServer(t), redistest.NewProxy(t, "")
	rdb := s.Client(t, func(o *redis.Options) { o.Dialer = p.Dialer() })
	m := channel.NewMailbox[int](rdb, "m")
	if err := m.Send(ctx, "m", 1); err != nil {
		t.Fatal(err)
	}
	ending, cancel := context.WithCancel(within(t, 20*time.Second))
	defer cancel()
	held, release := p.HoldRequest(1, redistest.Command("lrem"))
	defer release()
	left := make(chan error, 1)
	go func() {
		_, err := m.Receive(ending, matchAny)
		left <- err
	}()
	redistest.Eventually(t, 10*time.Second, func() bool { return held() == 1 }, "the letter is claimed")
	cancel()
	p.CutAll()
	err := <-left
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Receive: %v; want context.Canceled", err)
	}
	if !errors.Is(err, desir.ErrMaybeRan) { // it left before the reply was lost
		redistest.Eventually(t, 10*time.Second, func() bool { return channel.PerhapsLost(rdb) == 1 },
			"the letter that may be lost is counted, since the error is not ErrMaybeRan: "+err.Error())
	}
}

// TestMailboxReceiveWaitsOn checks that a restart of the server does not end a wait.
func TestMailboxReceiveWaitsOn(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t, redistest.AOF("always"))
	rdb, out := s.Client(t), channel.NewMailbox[string](s.Client(t), "out")
	got := make(chan string, 3)
	asked := &replyHook{key: "desk", done: make(chan struct{})}
	rdb.AddHook(asked)
	m := channel.NewMailbox[string](rdb, "m")
	wait := func(receive func(context.Context) (channel.Letter[string], error)) {
		l, err := receive(within(t, 60*time.Second))
		if err != nil {
			t.Error(err)
		}
		got <- l.Value
	}
	fits := func(l channel.Letter[string]) bool { return l.Value == "picked" }
	go wait(func(ctx context.Context) (channel.Letter[string], error) { return m.Receive(ctx, fits) })
	go wait(func(ctx context.Context) (channel.Letter[string], error) { return m.Ask(ctx, "desk", "?") })
	question, err := channel.NewMailbox[string](s.Client(t), "desk").Recv(within(t, 20*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	<-asked.done // otherwise the reply to the send itself may be cut
	for range 2 {
		s.Kill()
		s.Restart()
	}
	send := func(what string, send func(context.Context) error) {
		t.Helper()
		redistest.Eventually(t, 20*time.Second, func() bool { return send(ctx) == nil }, what)
	}
	send("a letter sent", func(ctx context.Context) error { return out.Send(ctx, "m", "picked") })
	if v := <-got; v != "picked" {
		t.Errorf("received %q", v)
	}
	send("an answer", func(ctx context.Context) error { return question.Reply(ctx, "answered") })
	if v := <-got; v != "answered" {
		t.Errorf("received %q", v)
	}
}

// replyHook is a hook that closes done when the reply to a command on key has arrived.
type replyHook struct {
	key  string
	once sync.Once
	done chan struct{}
}

func (r *replyHook) record(cmds ...redis.Cmder) {
	for _, cmd := range cmds {
		if cmd.Err() == nil && slices.Contains(cmd.Args(), any(r.key)) {
			r.once.Do(func() { close(r.done) })
		}
	}
}

func (r *replyHook) DialHook(next redis.DialHook) redis.DialHook { return next }

func (r *replyHook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if err == nil {
			r.record(cmd)
		}
		return err
	}
}

func (r *replyHook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		err := next(ctx, cmds)
		r.record(cmds...)
		return err
	}
}

// TestMailboxDenied has users without some permissions. A user who may not subscribe scans
// once a second. A user who may not publish can still send.
func TestMailboxDenied(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t,
		redistest.Config("user", "deaf on >x ~* +@all resetchannels"),
		redistest.Config("user", "narrow on >x ~good* ~{good* +@all"))
	as := func(user string) redis.UniversalClient {
		return s.Client(t, func(o *redis.Options) { o.Username, o.Password = user, "x" })
	}
	deaf := channel.NewMailbox[int](as("deaf"), "m")
	got := make(chan error, 1)
	go func() {
		_, err := deaf.Receive(within(t, 20*time.Second), func(l channel.Letter[int]) bool { return l.Value == 2 })
		got <- err
	}()
	for i := range 3 {
		if err := deaf.Send(ctx, "m", i); err != nil {
			t.Errorf("Send without the right to publish: %v", err)
		}
	}
	if err := <-got; err != nil {
		t.Errorf("Receive without the right to listen: %v", err)
	}
	narrow := channel.NewMailbox[int](as("narrow"), "good")
	bad := channel.NewMailbox[int](as("narrow"), "bad")
	for what, err := range map[string]error{
		"Send":    narrow.Send(ctx, "bad", 1),
		"Ask":     func() error { _, err := narrow.Ask(ctx, "bad", 1); return err }(),
		"Recv":    func() error { _, err := bad.Recv(within(t, 10*time.Second)); return err }(),
		"Receive": func() error { _, err := bad.Receive(within(t, 10*time.Second), matchAny); return err }(),
	} {
		if !errors.Is(err, desir.ErrDenied) {
			t.Errorf("%s: %v; want ErrDenied", what, err)
		}
	}
	if err := narrow.Send(ctx, "good", 1); err != nil {
		t.Error(err)
	}
	if _, err := narrow.Receive(within(t, 10*time.Second), matchAny); err != nil {
		t.Error(err)
	}
}

// TestMailboxMemoryFull checks that sends fail when memory is full, that receivers still drain
// the mailbox, and that sends then succeed.
func TestMailboxMemoryFull(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t, redistest.Config("maxmemory-policy", "noeviction"))
	m := channel.NewMailbox[string](s.Client(t), "m", channel.LIFO())
	long := string(make([]byte, 100<<10))
	for range 60 {
		if err := m.Send(ctx, "m", long); err != nil {
			t.Fatal(err)
		}
	}
	fillMemory(t, s)
	if err := m.Send(ctx, "m", long); !errors.Is(err, desir.ErrOutOfMemory) {
		t.Errorf("Send: %v; want ErrOutOfMemory", err)
	}
	for i := range 60 {
		receive := m.Recv
		if i%2 == 0 {
			receive = func(ctx context.Context) (channel.Letter[string], error) { return m.Receive(ctx, matchAny) }
		}
		if l, err := receive(within(t, 10*time.Second)); l.Value != long || err != nil {
			t.Fatalf("a letter of %d bytes, %v", len(l.Value), err)
		}
	}
	redistest.Eventually(t, 5*time.Second, func() bool { return m.Send(ctx, "m", "v") == nil }, "a letter sent again")
}

// TestMailboxClosedClient closes the client while receivers wait, and checks that they leave
// nothing behind.
func TestMailboxClosedClient(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		redistest.Goroutines(t)
		rdb := r.NewClient(t)
		m := channel.NewMailbox[int](rdb, r.Key("m"))
		got := make(chan error, 4)
		for _, receive := range []func(context.Context) (channel.Letter[int], error){
			m.Recv,
			func(ctx context.Context) (channel.Letter[int], error) { return m.Receive(ctx, matchAny) },
			func(ctx context.Context) (channel.Letter[int], error) { return m.Ask(ctx, r.Key("nobody"), 1) },
		} {
			go func() {
				_, err := receive(within(t, 30*time.Second))
				got <- err
			}()
		}
		questions := channel.NewMailbox[int](r.Client, r.Key("nobody"))
		redistest.Eventually(t, 20*time.Second, func() bool {
			n, err := questions.Len(ctx)
			return n == 1 && err == nil
		}, "the question is there")
		sleep(300 * time.Millisecond)
		_ = rdb.Close()
		for range 3 {
			err := <-got
			inFlight := errors.Is(err, desir.ErrMaybeRan) && errors.Is(err, net.ErrClosed) // a slow machine looks for longer than the pause
			if !errors.Is(err, redis.ErrClosed) && !inFlight {
				t.Errorf("a call that waited: %v; want redis.ErrClosed", err)
			}
		}
	})
}

// TestAskClosed closes the client while Ask waits for the reply. The question was sent.
func TestAskClosed(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		rdb := r.NewClient(t)
		at := r.Key("oracle")
		got := make(chan error, 1)
		go func() {
			_, err := channel.NewMailbox[int](rdb, r.Key("asker")).Ask(within(t, 20*time.Second), at, 1)
			got <- err
		}()
		questions := channel.NewMailbox[int](r.Client, at)
		redistest.Eventually(t, 10*time.Second, func() bool {
			n, err := questions.Len(ctx)
			return n == 1 && err == nil
		}, "the question is there")
		if err := rdb.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-got; !errors.Is(err, desir.ErrMaybeRan) || errors.Is(err, desir.ErrUnavailable) {
			t.Errorf("Ask = %v; want ErrMaybeRan, and no other class", err)
		}
	})
}

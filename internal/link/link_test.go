package link_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/auth"

	"github.com/desir-go/desir/internal/link"
	"github.com/desir-go/desir/internal/redistest"
)

func TestMain(m *testing.M) { os.Exit(redistest.Main(m)) }

const patience = 20 * time.Second

func open(t *testing.T, node *redis.Client) *link.Link {
	t.Helper()
	l, err := link.Open(t.Context(), node, patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// texts returns a command whose reply is a list of strings.
func texts(words ...string) (c *link.Command, got *[]string) {
	got = new([]string)
	return &link.Command{Words: words, Key: 1, Take: func(r *link.Reply) {
		for n := r.List(); n > 0 && r.Err() == nil; n-- {
			*got = append(*got, r.Text())
		}
	}}, got
}

func plain(words ...string) *link.Command { return &link.Command{Words: words, Key: 1} }

// TestDo sends the same commands over a link and through the client. The replies are
// equal, in both versions of the protocol and for all ways in which the bytes arrive.
func TestDo(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		ways := map[string]func(...*link.Command){
			"through": func(cmds ...*link.Command) {
				link.Through(t.Context(), func(ctx context.Context, cmds ...redis.Cmder) error {
					for _, cmd := range cmds {
						_ = r.Client.Process(ctx, cmd)
					}
					return nil
				}, cmds...)
			},
		}
		if _, auto := r.Client.(*redis.AutoPipeliner); !auto {
			for protocol, name := range map[int]string{2: "RESP2", 3: "RESP3"} {
				o := *r.Master(t, r.Key("k")).Options()
				o.Protocol = protocol
				node := redis.NewClient(&o)
				t.Cleanup(func() { _ = node.Close() })
				ways[name] = func(cmds ...*link.Command) { open(t, node).Do(cmds...) }
			}
		}
		for name, do := range ways {
			t.Run(name, func(t *testing.T) {
				key := r.Key("k")
				r.Client.Del(t.Context(), key)
				large := strings.Repeat("large", 100_000)
				read, got := texts("lrange", key, "0", "-1")
				wrong := plain("hget", key, "f")
				none := plain("lindex", key, "9")
				unread := plain("lrange", key, "0", "-1") // a reply that is skipped
				pushed := plain("rpush", key, "a", "", "\r\n$1\r\n", large)
				again, gotAgain := texts("lrange", key, "0", "1")
				do(pushed, read, wrong, none, unread, again)
				for _, c := range []*link.Command{pushed, read, none, unread, again} {
					if c.Err != nil || c.Null != (c == none) {
						t.Errorf("%s: null %t, %v", c.Words[0], c.Null, c.Err)
					}
				}
				if want := []string{"a", "", "\r\n$1\r\n", large}; !slices.Equal(*got, want) {
					t.Errorf("the list is %.60q", *got)
				}
				if !slices.Equal(*gotAgain, []string{"a", ""}) {
					t.Errorf("after the others: %q", *gotAgain)
				}
				if !redis.HasErrorPrefix(wrong.Err, "WRONGTYPE") {
					t.Errorf("a wrong type: %v", wrong.Err)
				}
			})
		}
	})
}

// TestSlices receives a reply byte by byte.
func TestSlices(t *testing.T) {
	srv := redistest.StartServer(t)
	p := redistest.NewProxy(t, srv.Addr)
	l := open(t, redis.NewClient(&redis.Options{Addr: p.Addr()}))
	p.Slice(true)
	push := plain("rpush", "k", "first", "second")
	read, got := texts("lrange", "k", "0", "-1")
	l.Do(push, read)
	if push.Err != nil || read.Err != nil || !slices.Equal(*got, []string{"first", "second"}) {
		t.Errorf("%v, %v, %q", push.Err, read.Err, *got)
	}
}

// TestInterrupt ends a wait whose reply is received later. An interrupt without a wait
// does not affect reads.
func TestInterrupt(t *testing.T) {
	srv := redistest.StartServer(t)
	rdb := srv.Client(t)
	l := open(t, rdb)
	pop, got := texts("blpop", "k", "0")
	if !l.Send(pop) {
		t.Fatal("not sent")
	}
	for range 3 {
		time.AfterFunc(time.Millisecond, l.Interrupt)
		if err := l.Await(pop); !errors.Is(err, link.ErrInterrupted) {
			t.Fatalf("Await = %v; want ErrInterrupted", err)
		}
	}
	var over atomic.Bool
	defer over.Store(true)
	go func() {
		for !over.Load() {
			l.Interrupt()
		}
	}()
	if err := rdb.RPush(t.Context(), "k", "v").Err(); err != nil {
		t.Fatal(err)
	}
	if err := l.Receive(pop); err != nil || !slices.Equal(*got, []string{"k", "v"}) {
		t.Fatalf("Receive = %v, %q", err, *got)
	}
	for range 1000 {
		ping := plain("ping")
		if l.Do(ping); ping.Err != nil {
			t.Fatalf("ping: %v", ping.Err)
		}
	}
}

// TestPushes interrupts a wait while pushes arrive, which are no replies.
func TestPushes(t *testing.T) {
	srv := redistest.StartServer(t)
	rdb := srv.Client(t, func(o *redis.Options) {
		o.OnConnect = func(ctx context.Context, c *redis.Conn) error {
			return c.Process(ctx, redis.NewStatusCmd(ctx, "client", "tracking", "on", "bcast"))
		}
	})
	l := open(t, rdb)
	pop, got := texts("blpop", "k", "0")
	l.Send(pop)
	// The server notifies the link of it.
	if err := srv.Client(t).Set(t.Context(), "other", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		time.AfterFunc(10*time.Millisecond, l.Interrupt)
		if err := l.Await(pop); !errors.Is(err, link.ErrInterrupted) {
			t.Fatalf("Await = %v; want ErrInterrupted", err)
		}
	}
	if err := rdb.RPush(t.Context(), "k", "v").Err(); err != nil {
		t.Fatal(err)
	}
	if err := l.Await(pop); err != nil || !slices.Equal(*got, []string{"k", "v"}) {
		t.Errorf("Await = %v, %q", err, *got)
	}
}

// passwords is a provider of credentials that change.
type passwords struct{ listener auth.CredentialsListener }

func (p *passwords) Subscribe(l auth.CredentialsListener) (auth.Credentials, auth.UnsubscribeFunc, error) {
	p.listener = l
	return auth.NewBasicCredentials("user", "secret"), func() error { p.listener = nil; return nil }, nil
}

// TestCredentials opens a link with credentials that change: then it is stale.
func TestCredentials(t *testing.T) {
	srv := redistest.StartServer(t)
	if err := srv.Client(t).Do(t.Context(), "acl", "setuser", "user", "on", ">secret", "~*", "+@all").Err(); err != nil {
		t.Fatal(err)
	}
	p := &passwords{}
	l, err := link.Open(t.Context(), redis.NewClient(&redis.Options{Addr: srv.Addr, StreamingCredentialsProvider: p}), patience)
	if err != nil {
		t.Fatal(err)
	}
	who := plain("acl", "whoami")
	var name string
	who.Take = func(r *link.Reply) { name = r.Text() }
	if l.Do(who); who.Err != nil || name != "user" || l.Stale() {
		t.Errorf("it is %q's, %v; stale: %t", name, who.Err, l.Stale())
	}
	p.listener.OnNext(auth.NewBasicCredentials("user", "other"))
	if !l.Stale() {
		t.Error("it is not stale with other credentials")
	}
	l.Close()
	if p.listener != nil {
		t.Error("it still listens")
	}
}

// TestRefused opens links where the greeting is refused, where there is no server, and
// where only the PING is denied, which does not matter.
func TestRefused(t *testing.T) {
	srv := redistest.StartServer(t)
	rdb := srv.Client(t)
	if err := rdb.Do(t.Context(), "acl", "setuser", "quiet", "on", ">secret", "~*", "+@all", "-ping").Err(); err != nil {
		t.Fatal(err)
	}
	l := open(t, srv.Client(t, func(o *redis.Options) { o.Username, o.Password = "quiet", "secret" }))
	if set := plain("set", "k", "v"); !l.Do(set) || set.Err != nil {
		t.Errorf("who may not ping: %v", set.Err)
	}
	_, err := link.Open(t.Context(), srv.Client(t, func(o *redis.Options) { o.Username, o.Password = "quiet", "wrong" }), patience)
	if !redis.HasErrorPrefix(err, "WRONGPASS") {
		t.Errorf("a wrong password: %v", err)
	}
	srv.Kill()
	if _, err := link.Open(t.Context(), rdb, patience); err == nil {
		t.Error("a link to nobody")
	}
}

// TestBroken loses the server within a reply: all replies that are due have the error,
// and later commands are not sent.
func TestBroken(t *testing.T) {
	srv := redistest.StartServer(t)
	p := redistest.NewProxy(t, srv.Addr)
	l := open(t, redis.NewClient(&redis.Options{Addr: p.Addr()}))
	p.HalfReply(1, redistest.Command("get"))
	first, half, last := plain("set", "k", "value"), plain("get", "k"), plain("get", "k")
	if !l.Do(first, half, last) || first.Err != nil || half.Err == nil || last.Err == nil {
		t.Errorf("half an answer: %v, %v, %v", first.Err, half.Err, last.Err)
	}
	if set := plain("set", "k", "other"); l.Do(set) || set.Err == nil {
		t.Errorf("over a broken link: %v", set.Err)
	}
	if err := l.Await(plain("get", "k")); err == nil || errors.Is(err, link.ErrInterrupted) {
		t.Errorf("Await over a broken link: %v", err)
	}
}

// TestSilence checks that an exchange fails when the server is silent.
func TestSilence(t *testing.T) {
	srv := redistest.StartServer(t)
	l, err := link.Open(t.Context(), srv.Client(t), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	pop := plain("blpop", "k", "0")
	if !l.Do(pop) || !errors.Is(pop.Err, os.ErrDeadlineExceeded) {
		t.Errorf("no answer: %v; want a timeout", pop.Err)
	}
}

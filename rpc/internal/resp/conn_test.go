package resp_test

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

	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/rpc/internal/resp"
)

func TestMain(m *testing.M) { os.Exit(redistest.Main(m)) }

const timeout = 20 * time.Second

func open(t *testing.T, node *redis.Client) *resp.Conn {
	t.Helper()
	cn, err := resp.Open(t.Context(), node, timeout)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cn.Close)
	return cn
}

// stringsCommand returns a command whose reply is a list of strings.
func stringsCommand(args ...string) (c *resp.Command, got *[]string) {
	got = new([]string)
	return &resp.Command{Args: args, KeyPos: 1, Decode: func(r *resp.Reply) {
		for n := r.List(); n > 0 && r.Err() == nil; n-- {
			*got = append(*got, r.Text())
		}
	}}, got
}

func command(args ...string) *resp.Command { return &resp.Command{Args: args, KeyPos: 1} }

// TestDo sends the same commands over a Conn and through the client. The replies are
// equal, in both versions of the protocol and for all ways in which the bytes arrive.
func TestDo(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		doers := map[string]func(...*resp.Command){
			"DoVia": func(cmds ...*resp.Command) {
				resp.DoVia(t.Context(), func(ctx context.Context, cmds ...redis.Cmder) error {
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
				doers[name] = func(cmds ...*resp.Command) { open(t, node).Do(cmds...) }
			}
		}
		for name, do := range doers {
			t.Run(name, func(t *testing.T) {
				key := r.Key("k")
				r.Client.Del(t.Context(), key)
				large := strings.Repeat("large", 100_000)
				lrange, got := stringsCommand("lrange", key, "0", "-1")
				wrongType := command("hget", key, "f")
				null := command("lindex", key, "9")
				unread := command("lrange", key, "0", "-1") // a reply that is skipped
				pushed := command("rpush", key, "a", "", "\r\n$1\r\n", large)
				again, gotAgain := stringsCommand("lrange", key, "0", "1")
				do(pushed, lrange, wrongType, null, unread, again)
				for _, c := range []*resp.Command{pushed, lrange, null, unread, again} {
					if c.Err != nil || c.Null != (c == null) {
						t.Errorf("%s: null %t, %v", c.Args[0], c.Null, c.Err)
					}
				}
				if want := []string{"a", "", "\r\n$1\r\n", large}; !slices.Equal(*got, want) {
					t.Errorf("the list is %.60q", *got)
				}
				if !slices.Equal(*gotAgain, []string{"a", ""}) {
					t.Errorf("after the others: %q", *gotAgain)
				}
				if !redis.HasErrorPrefix(wrongType.Err, "WRONGTYPE") {
					t.Errorf("a wrong type: %v", wrongType.Err)
				}
			})
		}
	})
}

// TestByteByByte receives a reply byte by byte.
func TestByteByByte(t *testing.T) {
	srv := redistest.StartServer(t)
	proxy := redistest.NewProxy(t, srv.Addr)
	cn := open(t, redis.NewClient(&redis.Options{Addr: proxy.Addr()}))
	proxy.ByteByByte(true)
	push := command("rpush", "k", "first", "second")
	lrange, got := stringsCommand("lrange", "k", "0", "-1")
	cn.Do(push, lrange)
	if push.Err != nil || lrange.Err != nil || !slices.Equal(*got, []string{"first", "second"}) {
		t.Errorf("%v, %v, %q", push.Err, lrange.Err, *got)
	}
}

// TestInterrupt ends a wait whose reply is received later. An interrupt without a wait
// does not affect reads.
func TestInterrupt(t *testing.T) {
	srv := redistest.StartServer(t)
	rdb := srv.Client(t)
	cn := open(t, rdb)
	pop, got := stringsCommand("blpop", "k", "0")
	if !cn.Send(pop) {
		t.Fatal("not sent")
	}
	for range 3 {
		time.AfterFunc(time.Millisecond, cn.Interrupt)
		if err := cn.ReceiveInterruptible(pop); !errors.Is(err, resp.ErrInterrupted) {
			t.Fatalf("ReceiveInterruptible = %v; want ErrInterrupted", err)
		}
	}
	var over atomic.Bool
	defer over.Store(true)
	go func() {
		for !over.Load() {
			cn.Interrupt()
		}
	}()
	if err := rdb.RPush(t.Context(), "k", "v").Err(); err != nil {
		t.Fatal(err)
	}
	if err := cn.Receive(pop); err != nil || !slices.Equal(*got, []string{"k", "v"}) {
		t.Fatalf("Receive = %v, %q", err, *got)
	}
	for range 1000 {
		ping := command("ping")
		if cn.Do(ping); ping.Err != nil {
			t.Fatalf("ping: %v", ping.Err)
		}
	}
}

// TestPushes interrupts a wait while pushes arrive, which are not replies.
func TestPushes(t *testing.T) {
	srv := redistest.StartServer(t)
	rdb := srv.Client(t, func(o *redis.Options) {
		o.OnConnect = func(ctx context.Context, c *redis.Conn) error {
			return c.Process(ctx, redis.NewStatusCmd(ctx, "client", "tracking", "on", "bcast"))
		}
	})
	cn := open(t, rdb)
	pop, got := stringsCommand("blpop", "k", "0")
	cn.Send(pop)
	// The server pushes an invalidation.
	if err := srv.Client(t).Set(t.Context(), "other", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		time.AfterFunc(10*time.Millisecond, cn.Interrupt)
		if err := cn.ReceiveInterruptible(pop); !errors.Is(err, resp.ErrInterrupted) {
			t.Fatalf("ReceiveInterruptible = %v; want ErrInterrupted", err)
		}
	}
	if err := rdb.RPush(t.Context(), "k", "v").Err(); err != nil {
		t.Fatal(err)
	}
	if err := cn.ReceiveInterruptible(pop); err != nil || !slices.Equal(*got, []string{"k", "v"}) {
		t.Errorf("ReceiveInterruptible = %v, %q", err, *got)
	}
}

// passwords is a provider of credentials that change.
type passwords struct{ listener auth.CredentialsListener }

func (p *passwords) Subscribe(l auth.CredentialsListener) (auth.Credentials, auth.UnsubscribeFunc, error) {
	p.listener = l
	return auth.NewBasicCredentials("user", "secret"), func() error { p.listener = nil; return nil }, nil
}

// TestCredentials opens a connection with credentials that change: then it is stale.
func TestCredentials(t *testing.T) {
	srv := redistest.StartServer(t)
	if err := srv.Client(t).Do(t.Context(), "acl", "setuser", "user", "on", ">secret", "~*", "+@all").Err(); err != nil {
		t.Fatal(err)
	}
	p := &passwords{}
	cn, err := resp.Open(t.Context(), redis.NewClient(&redis.Options{Addr: srv.Addr, StreamingCredentialsProvider: p}), timeout)
	if err != nil {
		t.Fatal(err)
	}
	whoami := command("acl", "whoami")
	var name string
	whoami.Decode = func(r *resp.Reply) { name = r.Text() }
	if cn.Do(whoami); whoami.Err != nil || name != "user" || cn.Expired() {
		t.Errorf("it is %q's, %v; expired: %t", name, whoami.Err, cn.Expired())
	}
	p.listener.OnNext(auth.NewBasicCredentials("user", "other"))
	if !cn.Expired() {
		t.Error("it is not stale with other credentials")
	}
	cn.Close()
	if p.listener != nil {
		t.Error("it still listens")
	}
}

// TestRefused opens connections where the handshake is refused, where there is no server,
// and where only the PING is denied, which does not matter.
func TestRefused(t *testing.T) {
	srv := redistest.StartServer(t)
	rdb := srv.Client(t)
	if err := rdb.Do(t.Context(), "acl", "setuser", "quiet", "on", ">secret", "~*", "+@all", "-ping").Err(); err != nil {
		t.Fatal(err)
	}
	cn := open(t, srv.Client(t, func(o *redis.Options) { o.Username, o.Password = "quiet", "secret" }))
	if set := command("set", "k", "v"); !cn.Do(set) || set.Err != nil {
		t.Errorf("a user that may not ping: %v", set.Err)
	}
	_, err := resp.Open(t.Context(), srv.Client(t, func(o *redis.Options) { o.Username, o.Password = "quiet", "wrong" }), timeout)
	if !redis.HasErrorPrefix(err, "WRONGPASS") {
		t.Errorf("a wrong password: %v", err)
	}
	srv.Kill()
	if _, err := resp.Open(t.Context(), rdb, timeout); err == nil {
		t.Error("connected without a server")
	}
}

// TestBroken loses the server within a reply: all replies that are due have the error,
// and later commands are not sent.
func TestBroken(t *testing.T) {
	srv := redistest.StartServer(t)
	proxy := redistest.NewProxy(t, srv.Addr)
	cn := open(t, redis.NewClient(&redis.Options{Addr: proxy.Addr()}))
	proxy.HalfReply(1, redistest.Command("get"))
	first, half, last := command("set", "k", "value"), command("get", "k"), command("get", "k")
	if !cn.Do(first, half, last) || first.Err != nil || half.Err == nil || last.Err == nil {
		t.Errorf("half a reply: %v, %v, %v", first.Err, half.Err, last.Err)
	}
	if set := command("set", "k", "other"); cn.Do(set) || set.Err == nil {
		t.Errorf("over a broken connection: %v", set.Err)
	}
	if err := cn.ReceiveInterruptible(command("get", "k")); err == nil || errors.Is(err, resp.ErrInterrupted) {
		t.Errorf("ReceiveInterruptible over a broken connection: %v", err)
	}
}

// TestReadTimeout checks that an exchange fails when the server is silent.
func TestReadTimeout(t *testing.T) {
	srv := redistest.StartServer(t)
	cn, err := resp.Open(t.Context(), srv.Client(t), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer cn.Close()
	pop := command("blpop", "k", "0")
	if !cn.Do(pop) || !errors.Is(pop.Err, os.ErrDeadlineExceeded) {
		t.Errorf("no reply: %v; want a timeout", pop.Err)
	}
}

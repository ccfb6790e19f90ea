package redistest

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"
)

// TestProxyInPipeline writes RESP without go-redis, since go-redis returns the error of a
// cut pipeline for all of its commands, including those whose replies arrived.
func TestProxyInPipeline(t *testing.T) {
	p, _, r := proxied(t)
	ctx := context.Background()
	for i, tt := range []struct {
		name string
		rule func(int, Match)
		hear []string // replies before the connection ends or is silent
		runs []any    // how often a, b and c were executed; c must not be forwarded before a cut
	}{
		{"no rule", func(int, Match) {}, []string{":1\r\n", ":1\r\n", ":1\r\n"}, []any{"1", "1", "1"}},
		{"CutReply", p.CutReply, []string{":1\r\n"}, []any{"1", "1"}},
		{"CutRequest", p.CutRequest, []string{":1\r\n"}, []any{"1", nil, nil}},
		{"HalfReply", p.HalfReply, []string{":1\r\n", ":1"}, []any{"1", "1"}},
		{"Swallow", p.Swallow, []string{":1\r\n"}, []any{"1", "1", "1"}},
		{
			"Delay", func(n int, m Match) { p.Delay(n, time.Millisecond, m) },
			[]string{":1\r\n", ":1\r\n", ":1\r\n"},
			[]any{"1", "1", "1"},
		},
	} {
		key := func(k string) string { return r.Key(fmt.Sprint(k, i)) }
		tt.rule(1, All(Command("incr"), Arg(key("b"))))
		c := dialRaw(t, p.Addr())
		c.send("INCR "+key("a"), "INCR "+key("b"), "INCR "+key("c"))
		var got []string
		for range tt.hear {
			v, _ := c.readValue()
			got = append(got, string(v))
		}
		if diff := cmp.Diff(tt.hear, got); diff != "" {
			t.Errorf("%s: replies (-want +got):\n%s", tt.name, diff)
		}
		has := func() bool {
			vals, err := r.Raw().MGet(ctx, key("a"), key("b"), key("c")).Result()
			return err == nil && cmp.Equal(vals[:len(tt.runs)], tt.runs)
		}
		Eventually(t, 20*time.Second, has, fmt.Sprintf("%s: values %v", tt.name, tt.runs))
	}
}

// rawConn is a connection without go-redis.
type rawConn struct {
	respReader
	t    *testing.T
	conn net.Conn
}

func dialRaw(t *testing.T, addr string) rawConn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return rawConn{newRESPReader(conn), t, conn}
}

// send sends inline commands in one packet.
func (c rawConn) send(lines ...string) {
	c.t.Helper()
	if _, err := io.WriteString(c.conn, strings.Join(lines, "\r\n")+"\r\n"); err != nil {
		c.t.Fatal(err)
	}
}

func (c rawConn) expect(want ...string) {
	c.t.Helper()
	for _, w := range want {
		if got, err := c.readValue(); string(got) != w || err != nil {
			c.t.Fatalf("reply %q, %v; want %q", got, err, w)
		}
	}
}

func TestProxyPassesPushes(t *testing.T) {
	for _, protocol := range []int{2, 3} {
		t.Run(fmt.Sprintf("RESP%d", protocol), func(t *testing.T) {
			p, c, r := proxied(t, func(o *redis.UniversalOptions) { o.Protocol = protocol })
			ctx := context.Background()
			news, more := r.Key("news"), r.Key("more")
			sub := c.Subscribe(ctx, news, more)
			defer sub.Close()
			for range 2 {
				if m, err := sub.ReceiveTimeout(ctx, 5*time.Second); err != nil {
					t.Fatalf("confirmation: %v, %v", m, err)
				}
			}
			for _, text := range []string{"one", "two"} {
				if err := r.Raw().Publish(ctx, news, text).Err(); err != nil {
					t.Fatal(err)
				}
				if m, err := sub.ReceiveMessage(ctx); err != nil || m.Payload != text {
					t.Fatalf("message %v, %v; want %q", m, err, text)
				}
			}
			p.CutReply(1, Command("subscribe"))
			_ = sub.Subscribe(ctx, r.Key("third")) // it is written, but the confirmation is cut
			Eventually(t, 20*time.Second, func() bool { return p.Count("subscribe") >= 2 }, "SUBSCRIBE is forwarded")
			// go-redis reconnects and resubscribes to all channels.
			Eventually(t, 20*time.Second, func() bool {
				m, err := sub.ReceiveTimeout(ctx, 5*time.Second)
				s, ok := m.(*redis.Subscription)
				return err == nil && ok && s.Channel == r.Key("third")
			}, "the third subscription is confirmed")
		})
	}
}

// TestProxyPairsReplies mixes invalidations, subscriptions and requests in one
// connection, which go-redis never does.
func TestProxyPairsReplies(t *testing.T) {
	p, _, r := proxied(t)
	c := dialRaw(t, p.Addr())
	k := r.Key("k")
	c.send("HELLO 3")
	if _, err := c.readValue(); err != nil {
		t.Fatal(err)
	}
	bulk := func(s string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(s), s) }
	confirm := func(ch string, n int) string { return fmt.Sprintf(">3\r\n$9\r\nsubscribe\r\n%s:%d\r\n", bulk(ch), n) }
	c.send("CLIENT TRACKING ON", "GET "+k, "SET "+k+" 1", "SUBSCRIBE c1 c2", "PING", "SSUBSCRIBE")
	c.expect("+OK\r\n", "_\r\n")
	two := []string{"+OK\r\n", ">2\r\n$10\r\ninvalidate\r\n*1\r\n" + bulk(k)}
	for range two { // in either order
		if got, err := c.readValue(); err != nil || !slices.Contains(two, string(got)) {
			t.Fatalf("reply %q, %v; want one of %q", got, err, two)
		}
	}
	c.expect(confirm("c1", 1), confirm("c2", 2), "+PONG\r\n")
	if got, err := c.readValue(); err != nil || got[0] != '-' {
		t.Fatalf("SSUBSCRIBE without a channel: %q, %v; want an error", got, err)
	}
	p.CutReply(1, Command("echo"))
	c.send("PING", "MULTI", "SUBSCRIBE c3", "PING", "EXEC", "UNSUBSCRIBE", "ECHO cut", "PING")
	c.expect("+PONG\r\n", "+OK\r\n", "+QUEUED\r\n", "+QUEUED\r\n")
	heard := 0
	for {
		got, err := c.readValue()
		if err != nil {
			break
		}
		if strings.Contains(string(got), "cut") {
			t.Errorf("%q arrived; want it cut", got)
		}
		heard++
	}
	if heard < 3 { // EXEC, and at least the confirmations for c1 and c2
		t.Errorf("%d replies before the cut one; want all", heard)
	}
}

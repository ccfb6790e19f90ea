package desir_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/command"
	"github.com/desir-go/desir/counter"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/rpc"
)

// hostile lists malformed and unexpected replies.
var hostile = []string{
	"*0\r\n", "*-1\r\n", "$-1\r\n", "$0\r\n\r\n", ":1\r\n", ":-9223372036854775808\r\n", "+OK\r\n", "+\r\n", "-ERR no\r\n", "-\r\n",
	"_\r\n", "#t\r\n", ",1.5\r\n", "(12345678901234567890\r\n", "=7\r\ntxt:abc\r\n", "!6\r\nERR no\r\n", "~0\r\n", "%0\r\n", "%1\r\n*0\r\n*0\r\n", "|0\r\n:1\r\n",
	">0\r\n", ">1\r\n:1\r\n", ">1\r\n*0\r\n", "x", "\r\n", "*1\r\n", "$5\r\nab\r\n",
	"*1\r\n$-1\r\n", "*1\r\n:0\r\n", "*1\r\n*0\r\n", "*1\r\n-ERR no\r\n", "*2\r\n:1\r\n*-1\r\n", "*2\r\n*0\r\n*0\r\n", "*3\r\n:1\r\n:2\r\n:3\r\n", "*3\r\n$-1\r\n$-1\r\n$-1\r\n",
	"*2\r\n$1\r\n0\r\n*1\r\n*0\r\n", "*1\r\n*2\r\n:1\r\n:2\r\n", "*1\r\n*2\r\n$1\r\nk\r\n*1\r\n*2\r\n:1\r\n:2\r\n",
	"*1\r\n+subscribe\r\n", "*2\r\n+subscribe\r\n+x\r\n", "*3\r\n+subscribe\r\n+x\r\n+y\r\n", "*3\r\n+subscribe\r\n:1\r\n:1\r\n", "*3\r\n+subscribe\r\n$-1\r\n*0\r\n",
	"*1\r\n+unsubscribe\r\n", "*1\r\n+ssubscribe\r\n", "*1\r\n+sunsubscribe\r\n", "*1\r\n+psubscribe\r\n",
	"*1\r\n+message\r\n", "*3\r\n+message\r\n:1\r\n+x\r\n", "*3\r\n+message\r\n+x\r\n:1\r\n", "*3\r\n+message\r\n+x\r\n*1\r\n:1\r\n", "*2\r\n+smessage\r\n+x\r\n",
	"*1\r\n+pmessage\r\n", "*4\r\n+pmessage\r\n:1\r\n+x\r\n+y\r\n", "*4\r\n+pmessage\r\n+x\r\n+x\r\n:1\r\n",
	"*1\r\n+pong\r\n", "*2\r\n+pong\r\n:1\r\n", ">1\r\n+message\r\n", ">3\r\n+subscribe\r\n+x\r\n+y\r\n",
}

// TestHostileReplies uses servers that send hostile replies to all commands except the
// handshake, or to one command if other commands must succeed before it. No goroutine of
// the library may panic, and every call must return by the end of its context.
func TestHostileReplies(t *testing.T) {
	t.Parallel()
	type scene struct {
		only string // prefix of the commands that get the hostile reply; "" for all
		eval string // reply of scripts that do not get the hostile reply
		run  func(ctx context.Context, rdb redis.UniversalClient)
	}
	const two, empty = "*2\r\n:0\r\n:1\r\n", "*1\r\n:0\r\n"
	add := rpc.NewMethod[int, int]("Add")
	scenes := map[string]scene{
		"topic": {"", two, func(ctx context.Context, rdb redis.UniversalClient) {
			hearTopic(ctx, channel.NewTopic[int](rdb, "t").Subscribe)
		}},
		"numbered": {"eval", two, func(ctx context.Context, rdb redis.UniversalClient) {
			hearTopic(ctx, channel.NewTopic[int](rdb, "t", channel.Numbered()).Subscribe)
		}},
		"pattern": {"", two, func(ctx context.Context, rdb redis.UniversalClient) {
			hearTopic(ctx, channel.NewPattern[int](rdb, "t*").Subscribe)
		}},
		"sharded": {"", two, func(ctx context.Context, rdb redis.UniversalClient) {
			hearTopic(ctx, channel.NewTopic[int](rdb, "t", channel.Sharded()).Subscribe)
		}},
		"receive": {"", two, func(ctx context.Context, rdb redis.UniversalClient) {
			_, _ = channel.NewChan[int](rdb, "c").Recv(ctx)
		}},
		"receive, block": {"blpop", empty, func(ctx context.Context, rdb redis.UniversalClient) {
			_, _ = channel.NewChan[int](rdb, "c").Recv(ctx)
		}},
		"receive, subscription": {"ssubscribe", empty, func(ctx context.Context, rdb redis.UniversalClient) {
			_, _ = channel.NewChan[int](rdb, "c").Recv(ctx)
		}},
		"pop": {"", two, func(ctx context.Context, rdb redis.UniversalClient) {
			_, _ = channel.NewPriorityQueue[int](rdb, "q").Pop(ctx)
		}},
		"letters": {"", two, func(ctx context.Context, rdb redis.UniversalClient) {
			_, _ = channel.NewMailbox[int](rdb, "m").Receive(ctx, func(channel.Letter[int]) bool { return true })
		}},
		"ask": {"blpop", two, func(ctx context.Context, rdb redis.UniversalClient) {
			_, _ = channel.NewMailbox[int](rdb, "m").Ask(ctx, "n", 1)
		}},
		"send": {"", two, func(ctx context.Context, rdb redis.UniversalClient) {
			c := channel.NewChan[int](rdb, "c", channel.Buffer(1))
			_ = c.Send(ctx, 1)
			_, _, _ = c.TryRecv(ctx)
		}},
		"worker": {"", two, func(ctx context.Context, rdb redis.UniversalClient) {
			s := rpc.NewServer(rdb, "s", rpc.Grace(0))
			add.Handle(s, func(context.Context, int) (int, error) { return 0, nil })
			_ = s.Run(ctx)
		}},
		"worker, read": {"b", two, func(ctx context.Context, rdb redis.UniversalClient) {
			s := rpc.NewServer(rdb, "s", rpc.Grace(0))
			add.Handle(s, func(context.Context, int) (int, error) { return 0, nil })
			_ = s.Run(ctx)
		}},
		"call": {"", two, func(ctx context.Context, rdb redis.UniversalClient) {
			c := rpc.NewClient(rdb, "s")
			defer c.Close()
			_, _ = add.Call(ctx, c, 1)
			_, _ = c.Methods(ctx)
		}},
		"call, read": {"x", two, func(ctx context.Context, rdb redis.UniversalClient) {
			c := rpc.NewClient(rdb, "s")
			defer c.Close()
			_, _ = add.Call(ctx, c, 1, rpc.Wait(time.Second))
		}},
		"block": {"", two, func(ctx context.Context, rdb redis.UniversalClient) {
			_, _ = command.New(rdb).Do(ctx, "BLPOP", "l", 1)
		}},
		"walk": {"", two, func(ctx context.Context, rdb redis.UniversalClient) {
			for range collections.NewMap[string, int](rdb, "m").All(ctx) {
			}
		}},
		"many": {"", two, func(ctx context.Context, rdb redis.UniversalClient) {
			var wg sync.WaitGroup
			n := counter.New(rdb, "n")
			for range 8 {
				wg.Go(func() { _, _ = n.Next(ctx) })
			}
			wg.Wait()
		}},
		"check": {"", two, func(ctx context.Context, rdb redis.UniversalClient) { _, _ = desir.Check(ctx, rdb) }},
	}
	for name, s := range scenes {
		for _, form := range []string{"resp2", "resp3", "cluster"} {
			t.Run(name+"/"+form, func(t *testing.T) {
				t.Parallel()
				var wg sync.WaitGroup
				defer wg.Wait()
				room := make(chan struct{}, 16)
				for _, reply := range hostile {
					room <- struct{}{}
					wg.Go(func() {
						h := &nonsense{reply: reply, only: s.only, eval: s.eval, form: form}
						h.addr = redistest.FakeServer(t, h.answer)
						rdb := h.client()
						ctx, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
						s.run(ctx, rdb)
						cancel()
						_ = rdb.Close()
						<-room
					})
				}
			})
		}
	}
}

// hearTopic receives from a topic until the context ends.
func hearTopic(ctx context.Context, subscribe func(context.Context, ...channel.SubOption) (*channel.Sub[int], error)) {
	sub, err := subscribe(ctx)
	if err != nil {
		return
	}
	defer sub.Close()
	for range sub.All(ctx) {
	}
}

// nonsense is a server that sends a hostile reply to some commands or to all.
type nonsense struct{ reply, only, eval, form, addr string }

func (h *nonsense) client() redis.UniversalClient {
	if h.form == "cluster" {
		return redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{h.addr}, Protocol: 2})
	}
	protocol := 2
	if h.form == "resp3" {
		protocol = 3
	}
	return redis.NewClient(&redis.Options{Addr: h.addr, Protocol: protocol})
}

func (h *nonsense) answer(args []string) string {
	word := strings.ToLower(args[0])
	switch {
	case word == "hello" && h.form == "resp3":
		return "%2\r\n$5\r\nproto\r\n:3\r\n$7\r\nversion\r\n$5\r\n7.0.0\r\n"
	case word == "hello":
		return "-ERR unknown command 'hello'\r\n"
	case word == "client" || word == "select":
		return "+OK\r\n"
	case word == "cluster":
		host, port, _ := net.SplitHostPort(h.addr)
		return fmt.Sprintf("*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n$%d\r\n%s\r\n:%s\r\n$4\r\nnode\r\n", len(host), host, port)
	case h.only == "" || strings.HasPrefix(word, h.only):
		return h.reply
	case strings.HasSuffix(word, "subscribe") && len(args) > 1:
		return fmt.Sprintf("*3\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n:1\r\n", len(word), word, len(args[1]), args[1])
	case strings.HasPrefix(word, "eval"):
		return h.eval
	case strings.HasPrefix(word, "bl"), strings.HasPrefix(word, "x"):
		return "" // no reply
	default:
		return ":1\r\n"
	}
}

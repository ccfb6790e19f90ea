package send_test

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/internal/script"
	"github.com/desir-go/desir/internal/send"
)

// refusal is a reason for which a server refuses a command. The command is sent directly,
// inside a script, and inside a script that is sent in a pipeline with other commands.
type refusal struct {
	name string
	rdb  redis.UniversalClient
	cmd  []any
	want error
}

// TestSentences makes the server on PATH refuse commands for every reason that has a
// class. If a server version uses a new text, the test fails and prints the missing line
// of the table.
func TestSentences(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	admin := s.Client(t)
	version := product(admin.Info(ctx, "server").Val())
	as := func(user, password string) redis.UniversalClient {
		return s.Client(t, func(o *redis.Options) { o.Username, o.Password, o.MaxRetries = user, password, -1 })
	}
	for _, rule := range [][]any{
		{"acl", "setuser", "reader", "on", ">pw", "~*", "+@read", "+eval", "+evalsha"},
		{"acl", "setuser", "stranger", "on", ">pw", "~mine:*", "resetchannels", "+@all"},
	} {
		if err := admin.Do(ctx, rule...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	admin.RPush(ctx, "list", "payload")
	admin.Set(ctx, "text", "payload", 0)
	admin.HSet(ctx, "hash", "f", "payload")
	reader, stranger := as("reader", "pw"), as("stranger", "pw")
	replica := redistest.StartServer(t, redistest.ReplicaOf(s)).Client(t)
	short := redistest.StartServer(t, redistest.Config("min-replicas-to-write", "1")).Client(t)
	full := redistest.StartServer(t, redistest.Config("maxmemory", "1")).Client(t)
	down := redistest.StartServer(t, redistest.Config("cluster-enabled", "yes")).Client(t)
	for _, tt := range []refusal{
		{"wrong type", admin, []any{"incr", "list"}, send.ErrWrongType},
		{"not an integer", admin, []any{"incr", "text"}, send.ErrWrongType},
		{"not an integer in a hash", admin, []any{"hincrby", "hash", "f", 1}, send.ErrWrongType},
		{"not a float", admin, []any{"incrbyfloat", "text", 1}, send.ErrWrongType},
		{"not a float in a hash", admin, []any{"hincrbyfloat", "hash", "f", 1}, send.ErrWrongType},
		{"command denied", reader, []any{"set", "k", "payload"}, send.ErrDenied},
		{"key denied", stranger, []any{"get", "k"}, send.ErrDenied},
		{"channel denied", stranger, []any{"publish", "c", "payload"}, send.ErrDenied},
		{"out of memory", full, []any{"set", "k", "payload"}, send.ErrOutOfMemory},
		{"read-only", replica, []any{"set", "k", "payload"}, send.ErrUnavailable},
		{"too few replicas", short, []any{"set", "k", "payload"}, send.ErrUnavailable},
		{"no slots", down, []any{"get", "k"}, send.ErrUnavailable},
		{"unknown command", admin, []any{"nosuch", "payload"}, send.ErrNotSupported},
		{"unknown subcommand", admin, []any{"object", "nosuch", "payload"}, send.ErrNotSupported},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.try(t, version) })
	}
	cluster := redistest.StartServer(t, redistest.Config("cluster-enabled", "yes")).Client(t)
	for _, tt := range []refusal{
		{"not for scripts", admin, []any{"eval", "return redis.call('subscribe', 'c')", 0}, send.ErrNotSupported},
		{"unknown protocol", admin, []any{"hello", "9"}, send.ErrNotSupported},
		{"unknown database", admin, []any{"select", "99"}, send.ErrNotSupported},
		{"database of a cluster", cluster, []any{"select", "99"}, send.ErrNotSupported},
		{"no cluster", admin, []any{"cluster", "slots"}, send.ErrNotSupported},
		{"password of nobody", admin, []any{"auth", "payload"}, send.ErrDenied},
		{"wrong password", as("reader", "payload"), []any{"get", "k"}, send.ErrDenied},
		{"no digest", admin, []any{"evalsha", strings.Repeat("f", 40), 0}, send.ErrBadReply},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cmd := redis.NewCmd(ctx, tt.cmd...)
			tt.check(t, version, send.New(tt.rdb).Read(ctx, cmd))
		})
	}
	t.Run("without a password", func(t *testing.T) {
		locked := redistest.StartServer(t, redistest.Config("requirepass", "pw"))
		err := send.New(locked.Client(t, func(o *redis.Options) { o.Password = "" })).Read(ctx, redis.NewCmd(ctx, "get", "k"))
		refusal{want: send.ErrDenied}.check(t, version, err)
		long := redis.NewCmd(ctx, append([]any{"mget"}, slices.Repeat([]any{"k"}, 20)...)...) // as long as a script with its keys
		err = send.New(locked.Client(t, func(o *redis.Options) { o.Password = "" })).Read(ctx, long)
		refusal{want: send.ErrDenied}.check(t, version, err)
	})
	t.Run("too many clients", func(t *testing.T) {
		crowded := redistest.StartServer(t)
		c := crowded.Client(t)
		c.ConfigSet(ctx, "maxclients", "1")
		conn := c.Conn()
		t.Cleanup(func() { _ = conn.Close() })
		_ = conn.Ping(ctx).Err() // it takes the only connection
		err := send.New(crowded.Client(t, func(o *redis.Options) { o.MaxRetries = -1 })).Read(ctx, redis.NewCmd(ctx, "get", "k"))
		if err == nil {
			t.Skip("a test's own connection leaves room")
		}
		refusal{want: send.ErrUnavailable}.check(t, version, err)
	})
	t.Run("busy, and killed", func(t *testing.T) {
		c := redistest.StartServer(t, redistest.Config("lua-time-limit", "10")).Client(t, func(o *redis.Options) { o.MaxRetries = -1 })
		killed := make(chan error, 1)
		go func() {
			killed <- send.New(c).Read(ctx, redis.NewCmd(ctx, "eval", "while true do end", 0))
		}()
		var err error
		redistest.Eventually(t, 30*time.Second, func() bool {
			err = send.New(c).Read(ctx, redis.NewCmd(ctx, "get", "k"))
			return redis.HasErrorPrefix(err, "BUSY")
		}, "the server is busy")
		refusal{want: send.ErrUnavailable}.check(t, version, err)
		redistest.Eventually(t, 30*time.Second, func() bool { return c.ScriptKill(ctx).Err() == nil }, "the script is killed")
		if err := <-killed; send.IsReply(err) { // otherwise the client gave up first
			refusal{want: send.ErrUnavailable}.check(t, version, err)
		}
	})
}

// try sends the command in all three ways.
func (r refusal) try(t *testing.T, version string) {
	t.Run("alone", func(t *testing.T) {
		r.check(t, version, send.New(r.rdb).Write(ctx, redis.NewCmd(ctx, r.cmd...)))
	})
	words := make([]string, len(r.cmd))
	for i, w := range r.cmd {
		words[i] = fmt.Sprintf("'%v'", w)
	}
	lua := script.FromSource("return redis.call(" + strings.Join(words, ", ") + ")")
	h, err := clients.Of(r.rdb)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("script", func(t *testing.T) {
		_, err := lua.Run(ctx, h, []string{"k"}, "payload")
		r.check(t, version, err)
	})
	t.Run("pipeline", func(t *testing.T) {
		cmd := lua.Command(ctx, h, []string{"k"}, "payload")
		_ = h.Sender.WriteOn(ctx, r.rdb, redis.NewStatusCmd(ctx, "ping"), cmd, redis.NewStatusCmd(ctx, "ping"))
		err := h.Sender.ClassifySent(ctx, cmd.Err())
		if script.Unknown(err) { // refused before the server knew the script
			_, err = lua.Run(ctx, h, []string{"k"}, "payload")
		}
		r.check(t, version, err)
	})
}

// check checks the class of the error, and that its text contains nothing private.
func (r refusal) check(t *testing.T, version string, err error) {
	t.Helper()
	switch {
	case err == nil:
		t.Fatal("no error")
	case !errors.Is(err, r.want):
		t.Errorf("no %q in %q; the table of replies.go lacks a line:\n\t{%q, %s}, // %s", r.want, err, send.Cause(err), name(r.want), version)
	}
	for _, class := range classes {
		if class != r.want && class != send.ErrMaybeRan && errors.Is(err, class) {
			t.Errorf("%q has the class %q too", err, class)
		}
	}
	if bad := private.FindString(err.Error()); bad != "" {
		t.Errorf("the error shows %q: %v", bad, err)
	}
	permanent := r.want != send.ErrUnavailable && r.want != send.ErrOutOfMemory
	if send.Permanent(err) != permanent {
		t.Errorf("Permanent(%q) = %t", err, !permanent)
	}
}

// private matches text that no error may contain: values and the names of scripts.
var private = regexp.MustCompile("payload|user_script|[0-9a-f]{40}")

// product returns the name and version of a server from its INFO.
func product(info string) string {
	found := ""
	for line := range strings.Lines(info) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch name {
		case "redis_version":
			found = "Redis " + value
		case "valkey_version":
			return "Valkey " + value
		}
	}
	return found
}

func name(class error) string {
	for n, c := range map[string]error{
		"ErrMaybeRan": send.ErrMaybeRan, "ErrUnavailable": send.ErrUnavailable, "ErrNotSupported": send.ErrNotSupported, "ErrCrossSlot": send.ErrCrossSlot,
		"ErrWrongType": send.ErrWrongType, "ErrDenied": send.ErrDenied, "ErrOutOfMemory": send.ErrOutOfMemory,
	} {
		if c == class {
			return n
		}
	}
	return "ErrBadReply"
}

// TestClusterByPlainClient uses a client for a single server with a node of a cluster.
func TestClusterByPlainClient(t *testing.T) {
	t.Parallel()
	c := redistest.StartCluster(t, 0)
	for _, tt := range []struct{ name, key, other string }{{"moved", "{s}a", "{s}a"}, {"cross slot", "a", "b"}} {
		for _, node := range c.Nodes {
			if node == c.MasterFor(tt.key) != (tt.name == "cross slot") {
				continue
			}
			s := send.New(node.Client(t))
			for what, err := range map[string]error{
				"write": s.Write(ctx, redis.NewIntCmd(ctx, "del", tt.key, tt.other)),
				"read":  s.Read(ctx, redis.NewIntCmd(ctx, "exists", tt.key, tt.other)),
			} {
				if err == nil {
					t.Errorf("%s, %s: no error", tt.name, what)
					continue
				}
				wantClass(t, err, send.ErrNotSupported)
				if !strings.Contains(err.Error(), "redis+cluster://") || !send.Permanent(err) {
					t.Errorf("%s, %s: %v; permanent %t", tt.name, what, err, send.Permanent(err))
				}
			}
		}
	}
}

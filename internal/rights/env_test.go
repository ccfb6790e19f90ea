package rights_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/internal/rights"
)

// env is the environment of an exercise: a client with the role's rights, a client
// with all rights, and the name of the object.
type env struct {
	t      *testing.T
	server rights.Server
	rdb    redis.UniversalClient // has the role's rights
	admin  redis.UniversalClient
	name   string
	// denied returns what the server has refused.
	denied func() []string

	mu   sync.Mutex
	errs []error
}

// record records the error of a call of the role.
func (e *env) record(err error) {
	if err == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.errs = append(e.errs, err)
}

// ctx returns a context for a call that should return at once.
func (e *env) ctx() context.Context { return redistest.Within(e.t, 20*time.Second) }

// hasCommand reports whether the server has a command.
func (e *env) hasCommand(command string) bool { return e.server.Knows(command) }

func first[A any](_ A, err error) error          { return err }
func second[A, B any](_ A, _ B, err error) error { return err }

// deleteToken removes the wake token of the object, so that the next one is created again.
func (e *env) deleteToken() { requireNoErr(e, e.admin.Del(e.ctx(), keys.Part(e.name, "wake")).Err()) }

// whileWaiting runs a call of the role that waits, calls end as soon as it waits, and
// records its error.
func (e *env) whileWaiting(call func(ctx context.Context) error, waits func() bool, end func()) {
	ended := make(chan error, 1)
	go func() { ended <- call(e.ctx()) }()
	var err error
	redistest.Eventually(e.t, 20*time.Second, func() bool {
		select {
		case err = <-ended:
			ended <- err
			return true
		default:
			return waits()
		}
	}, "a call waits or ends")
	end()
	e.record(<-ended)
}

// isWaiting reports whether a client of the role's user waits for a wake-up, or was
// refused it.
func (e *env) isWaiting() bool {
	if len(e.denied()) > 0 {
		return true
	}
	if news, err := e.admin.PubSubChannels(context.Background(), "*news*").Result(); err == nil && len(news) > 0 {
		return true
	}
	if e.server.Cluster {
		n, err := e.admin.PubSubShardChannels(context.Background(), "*:*").Result()
		return err == nil && len(n) > 0
	}
	info, err := e.admin.Info(context.Background(), "clients").Result()
	return err == nil && !strings.Contains(info, "blocked_clients:0\r")
}

// cancelAfterScript cancels a call after its script has run and before its reply arrives. It
// reports whether that happened.
func (e *env) cancelAfterScript(call func(ctx context.Context) error) bool {
	ctx, cancel := context.WithCancel(e.ctx())
	defer cancel()
	h := &delayReplyHook{cancel: cancel, returned: make(chan struct{})}
	e.rdb.(interface{ AddHook(redis.Hook) }).AddHook(h)
	err := call(ctx)
	close(h.returned)
	if !errors.Is(err, context.Canceled) {
		e.record(err)
		return false
	}
	return true
}

// delayReplyHook delays the reply of the next script until its caller has returned.
type delayReplyHook struct {
	once     sync.Once
	cancel   func()
	returned chan struct{}
}

func (h *delayReplyHook) DialHook(next redis.DialHook) redis.DialHook { return next }

func (h *delayReplyHook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (h *delayReplyHook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if strings.HasPrefix(cmd.Name(), "eval") && err == nil {
			h.once.Do(func() {
				h.cancel()
				<-h.returned
			})
		}
		return err
	}
}

// testServer is a server on which roles are tested.
type testServer struct {
	*redistest.Server
	name   string // name of objects; no other test server has it
	server rights.Server
}

var serverCount atomic.Int64

// startServer starts a server, or a cluster of one node.
func startServer(t *testing.T, cluster bool) *testServer {
	var opts []redistest.ServerOption
	if cluster {
		opts = append(opts, redistest.Config("cluster-enabled", "yes"))
	}
	s := redistest.StartServer(t, opts...)
	p := &testServer{Server: s, name: fmt.Sprintf("cart%03d", serverCount.Add(1)), server: rights.Server{Cluster: cluster}}
	client := s.Client(t)
	p.server.Knows = func(command string) bool {
		name, sub, _ := strings.Cut(command, "|")
		if sub != "" {
			name = command
		}
		info, err := client.Do(context.Background(), "command", "info", name).Slice()
		return err == nil && len(info) == 1 && info[0] != nil
	}
	if cluster {
		if err := client.ClusterAddSlotsRange(t.Context(), 0, 16383).Err(); err != nil {
			t.Fatal(err)
		}
		redistest.Eventually(t, 20*time.Second, func() bool {
			return strings.Contains(client.ClusterInfo(t.Context()).Val(), "cluster_state:ok")
		}, "the cluster is whole")
	}
	return p
}

// adminClient returns a client with all rights. Each exercise has a new one, which knows
// nothing of the server yet.
func (p *testServer) adminClient(t *testing.T) redis.UniversalClient {
	if !p.server.Cluster {
		return p.Client(t)
	}
	c := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{p.Addr}})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// outcome is the result of an exercise.
type outcome struct {
	errs   []error
	denied []string // "command hget", "key cart", "channel news": what the server refused
	logs   []string
}

// logs collects log lines.
var logs logLines

type logLines struct {
	mu  sync.Mutex
	all []string
}

// Write adds a line.
func (l *logLines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, string(b))
	return len(b), nil
}

// take removes and returns the lines that contain a name.
func (l *logLines) take(name string) (taken []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = slices.DeleteFunc(l.all, func(line string) bool {
		if strings.Contains(line, name) {
			taken = append(taken, line)
			return true
		}
		return false
	})
	return taken
}

// run exercises a role as a user with these rules.
func (p *testServer) run(t *testing.T, exercise func(*env), rules []string) outcome {
	t.Helper()
	ctx := context.Background()
	client := p.Client(t)
	args := []any{"acl", "setuser", "user", "reset", "on", ">secret"}
	for _, r := range rules {
		args = append(args, r)
	}
	if err := errors.Join(client.FlushAll(ctx).Err(), client.ScriptFlush(ctx).Err(), client.Do(ctx, "acl", "deluser", "user").Err(),
		client.Do(ctx, args...).Err(), client.Do(ctx, "acl", "log", "reset").Err()); err != nil {
		t.Fatal(rules, err)
	}
	e := &env{t: t, server: p.server, admin: p.adminClient(t), name: p.name, denied: func() []string { return p.denied(t) }}
	scheme := "redis://"
	if p.server.Cluster {
		scheme = "redis+cluster://"
	}
	rdb, err := desir.Open(e.ctx(), scheme+"user:secret@"+p.Addr)
	e.record(err)
	if err == nil {
		e.rdb = rdb
		exercise(e)
		e.record(desir.Close(e.ctx(), rdb))
	}
	return outcome{e.errs, p.denied(t), logs.take(p.name)}
}

// denied returns what the server refused, from ACL LOG.
func (p *testServer) denied(t *testing.T) (all []string) {
	entries, err := p.Client(t).Do(context.Background(), "acl", "log").Slice()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		found := map[string]string{}
		switch e := e.(type) {
		case map[any]any:
			for k, v := range e {
				found[fmt.Sprint(k)] = fmt.Sprint(v)
			}
		case []any:
			for i := 0; i+1 < len(e); i += 2 {
				found[fmt.Sprint(e[i])] = fmt.Sprint(e[i+1])
			}
		}
		all = append(all, found["reason"]+" "+found["object"])
	}
	slices.Sort(all)
	return slices.Compact(all)
}

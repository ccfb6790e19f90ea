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

// world is the environment of an exercise: a client with the role's rights, a client
// with all rights, and the name of the object.
type world struct {
	t     *testing.T
	where rights.Server
	rdb   redis.UniversalClient // has the role's rights
	admin redis.UniversalClient
	name  string
	// denied returns what the server has refused.
	denied func() []string

	mu   sync.Mutex
	errs []error
}

// do records the error of a call of the role.
func (w *world) do(err error) {
	if err == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.errs = append(w.errs, err)
}

// ctx returns a context for a call that should return at once.
func (w *world) ctx() context.Context { return redistest.Within(w.t, 20*time.Second) }

// knows reports whether the server has a command.
func (w *world) knows(command string) bool { return w.where.Knows(command) }

func first[A any](_ A, err error) error          { return err }
func second[A, B any](_ A, _ B, err error) error { return err }

// spend removes the wake token of the object, so that the next one is created again.
func (w *world) spend() { must(w, w.admin.Del(w.ctx(), keys.Part(w.name, "wake")).Err()) }

// whileWaiting runs a call of the role that waits, calls end as soon as it waits, and
// records its error.
func (w *world) whileWaiting(call func(ctx context.Context) error, waits func() bool, end func()) {
	ended := make(chan error, 1)
	go func() { ended <- call(w.ctx()) }()
	var err error
	redistest.Eventually(w.t, 20*time.Second, func() bool {
		select {
		case err = <-ended:
			ended <- err
			return true
		default:
			return waits()
		}
	}, "a call waits or ends")
	end()
	w.do(<-ended)
}

// waiting reports whether a client of the role's user waits for a wake-up, or was
// refused it.
func (w *world) waiting() bool {
	if len(w.denied()) > 0 {
		return true
	}
	if news, err := w.admin.PubSubChannels(context.Background(), "*news*").Result(); err == nil && len(news) > 0 {
		return true
	}
	if w.where.Cluster {
		n, err := w.admin.PubSubShardChannels(context.Background(), "*:*").Result()
		return err == nil && len(n) > 0
	}
	info, err := w.admin.Info(context.Background(), "clients").Result()
	return err == nil && !strings.Contains(info, "blocked_clients:0\r")
}

// leave cancels a call after its script has run and before its reply arrives. It reports
// whether that happened.
func (w *world) leave(call func(ctx context.Context) error) bool {
	ctx, cancel := context.WithCancel(w.ctx())
	defer cancel()
	h := &leaving{cancel: cancel, left: make(chan struct{})}
	w.rdb.(interface{ AddHook(redis.Hook) }).AddHook(h)
	err := call(ctx)
	close(h.left)
	if !errors.Is(err, context.Canceled) {
		w.do(err)
		return false
	}
	return true
}

// leaving delays the reply of the next script until its caller has returned.
type leaving struct {
	once   sync.Once
	cancel func()
	left   chan struct{}
}

func (h *leaving) DialHook(next redis.DialHook) redis.DialHook { return next }

func (h *leaving) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (h *leaving) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if strings.HasPrefix(cmd.Name(), "eval") && err == nil {
			h.once.Do(func() {
				h.cancel()
				<-h.left
			})
		}
		return err
	}
}

// place is a server on which roles are tested.
type place struct {
	*redistest.Server
	name  string // name of objects; no other place has it
	where rights.Server
}

var places atomic.Int64

// start starts a server, or a cluster of one node.
func start(t *testing.T, cluster bool) *place {
	var opts []redistest.ServerOption
	if cluster {
		opts = append(opts, redistest.Config("cluster-enabled", "yes"))
	}
	s := redistest.StartServer(t, opts...)
	p := &place{Server: s, name: fmt.Sprintf("cart%03d", places.Add(1)), where: rights.Server{Cluster: cluster}}
	one := s.Client(t)
	p.where.Knows = func(command string) bool {
		name, sub, _ := strings.Cut(command, "|")
		if sub != "" {
			name = command
		}
		info, err := one.Do(context.Background(), "command", "info", name).Slice()
		return err == nil && len(info) == 1 && info[0] != nil
	}
	if cluster {
		if err := one.ClusterAddSlotsRange(t.Context(), 0, 16383).Err(); err != nil {
			t.Fatal(err)
		}
		redistest.Eventually(t, 20*time.Second, func() bool {
			return strings.Contains(one.ClusterInfo(t.Context()).Val(), "cluster_state:ok")
		}, "the cluster is whole")
	}
	return p
}

// all returns a client with all rights. Each exercise has a new one, which knows nothing of the
// server yet.
func (p *place) all(t *testing.T) redis.UniversalClient {
	if !p.where.Cluster {
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

// logged collects log lines.
var logged lines

type lines struct {
	mu  sync.Mutex
	all []string
}

// Write adds a line.
func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, string(b))
	return len(b), nil
}

// take removes and returns the lines that contain a name.
func (l *lines) take(name string) (some []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = slices.DeleteFunc(l.all, func(line string) bool {
		if strings.Contains(line, name) {
			some = append(some, line)
			return true
		}
		return false
	})
	return some
}

// try exercises a role as a user with these rules.
func (p *place) try(t *testing.T, exercise func(*world), rules []string) outcome {
	t.Helper()
	ctx := context.Background()
	one := p.Client(t)
	words := []any{"acl", "setuser", "user", "reset", "on", ">secret"}
	for _, r := range rules {
		words = append(words, r)
	}
	if err := errors.Join(one.FlushAll(ctx).Err(), one.ScriptFlush(ctx).Err(), one.Do(ctx, "acl", "deluser", "user").Err(),
		one.Do(ctx, words...).Err(), one.Do(ctx, "acl", "log", "reset").Err()); err != nil {
		t.Fatal(rules, err)
	}
	w := &world{t: t, where: p.where, admin: p.all(t), name: p.name, denied: func() []string { return p.denied(t) }}
	scheme := "redis://"
	if p.where.Cluster {
		scheme = "redis+cluster://"
	}
	rdb, err := desir.Open(w.ctx(), scheme+"user:secret@"+p.Addr)
	w.do(err)
	if err == nil {
		w.rdb = rdb
		exercise(w)
		w.do(desir.Close(w.ctx(), rdb))
	}
	return outcome{w.errs, p.denied(t), logged.take(p.name)}
}

// denied returns what the server refused, from ACL LOG.
func (p *place) denied(t *testing.T) (all []string) {
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

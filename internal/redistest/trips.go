package redistest

import (
	"context"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Trips counts the round trips of a client and can make its commands fail before they are
// sent.
//
// A pipeline or a transaction is one round trip. On a cluster it is one for each node
// that it goes to. A redirected command is two. Commands with which go-redis sets up a
// connection or reads the layout of a cluster do not count, and subscriptions do not
// count. A command that go-redis retries counts once on a single server. [Proxy] counts
// each attempt.
type Trips struct {
	mu       sync.Mutex
	count    int
	commands []string
	failures []failure
	hooked   map[*redis.Client]bool // nodes of a cluster that have a hook
}

type failure struct {
	left  int // commands that still fail; negative for all
	match Match
	err   error
}

// CountTrips adds a counter to a client. The counter cannot be removed, so pass a client
// that only this test uses.
func CountTrips(c redis.UniversalClient) *Trips {
	t := &Trips{hooked: map[*redis.Client]bool{}}
	cluster, ok := c.(*redis.ClusterClient)
	if !ok {
		c.AddHook(tripHook{t, true, true})
		return t
	}
	// The hook of the cluster client makes commands fail before a node is chosen. The
	// hooks of the node clients count trips. A command of a node client passes only the
	// latter.
	cluster.AddHook(tripHook{t, false, true})
	cluster.OnNewNode(t.hookNode)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_ = cluster.ForEachShard(ctx, func(_ context.Context, node *redis.Client) error {
		t.hookNode(node) // nodes known before OnNewNode; none if the cluster is unreachable
		return nil
	})
	return t
}

func (t *Trips) hookNode(node *redis.Client) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.hooked[node] {
		t.hooked[node] = true
		node.AddHook(tripHook{t, true, true})
	}
}

// Reset sets the count to zero, forgets the names and ends all failures.
func (t *Trips) Reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count, t.commands, t.failures = 0, nil, nil
}

// Count returns the number of round trips since the last Reset.
func (t *Trips) Count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.count
}

// Commands returns the names of the commands sent since the last Reset, in order and in
// lower case, such as "evalsha" and "hset". A transaction includes "multi" and "exec".
func (t *Trips) Commands() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.commands)
}

// Fail makes every command return err without being sent, until Fail(nil) or Reset.
func (t *Trips) Fail(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failures = nil
	if err != nil {
		t.failures = []failure{{left: -1, match: Any, err: err}}
	}
}

// FailNext makes the next n commands that all of match accept return err without being
// sent. A pipeline with such a command fails as a whole and counts as one command.
func (t *Trips) FailNext(n int, err error, match ...Match) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failures = append(t.failures, failure{left: n, match: All(match...), err: err})
}

// record returns the error that cmds must fail with. If there is none, it counts them.
func (t *Trips) record(cmds []redis.Cmder, count, fail bool) error {
	names := make([]string, 0, len(cmds))
	var args [][]string
	for _, cmd := range cmds {
		a := argStrings(cmd)
		if isConnSetup(a) {
			continue
		}
		names = append(names, strings.ToLower(a[0]))
		args = append(args, a)
	}
	if len(names) == 0 {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if fail {
		if err := t.nextFailure(args); err != nil {
			return err
		}
	}
	if count {
		t.count++
		t.commands = append(t.commands, names...)
	}
	return nil
}

func (t *Trips) nextFailure(cmds [][]string) error {
	for i := range t.failures {
		f := &t.failures[i]
		if f.left != 0 && slices.ContainsFunc(cmds, f.match) {
			f.left--
			return f.err
		}
	}
	return nil
}

// tripHook is the hook of a client. On a cluster the cluster client and each node client
// have one.
type tripHook struct {
	trips         *Trips
	counts, fails bool
}

type failureChecked struct{} // marks the context of a command that has passed the cluster client's hook

func (h tripHook) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (h tripHook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		ctx, err := h.record(ctx, []redis.Cmder{cmd})
		if err != nil {
			return err
		}
		return next(ctx, cmd)
	}
}

func (h tripHook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		ctx, err := h.record(ctx, cmds)
		if err != nil {
			for _, cmd := range cmds {
				cmd.SetErr(err)
			}
			return err
		}
		return next(ctx, cmds)
	}
}

func (h tripHook) record(ctx context.Context, cmds []redis.Cmder) (context.Context, error) {
	err := h.trips.record(cmds, h.counts, h.fails && ctx.Value(failureChecked{}) == nil)
	if !h.counts {
		ctx = context.WithValue(ctx, failureChecked{}, true)
	}
	return ctx, err
}

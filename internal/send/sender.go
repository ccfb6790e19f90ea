package send

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/batch"
)

// MaxAbandoned is the largest number of commands of one client that run for callers whose context
// can end, and so of abandoned commands. A batch counts as one command. On a cluster each
// node beyond the first adds its batches to the limit.
const MaxAbandoned = 64

// batches is how many of them the batchers of one node may have in flight: for reads, writes
// and merged scripts. Posts do not count, since no caller waits for them.
const batches = 3 * batch.MaxInFlight

const (
	repeats    = 3                      // retries of a write that was certainly not executed
	firstPause = 8 * time.Millisecond   // before the first retry; it doubles, with jitter
	lastPause  = 128 * time.Millisecond // the longest pause
	reloadGap  = 200 * time.Millisecond // between two reloads of a cluster's map
	verdict    = 2 * time.Millisecond   // how long a caller that leaves waits to learn that its write was not sent
)

// Sender sends the commands of one client.
type Sender struct {
	*client
	lanes *lanes // nil: each call is sent alone
}

// client is shared by all senders of a client.
type client struct {
	rdb      redis.UniversalClient
	plain    bool          // it is not for clusters
	slots    chan struct{} // one for each command that runs on its own goroutine
	left     atomic.Int64  // abandoned commands and batches
	reloaded atomic.Int64  // when the cluster's slot map was last reloaded, UnixNano
	mapped   atomic.Bool   // the cluster's slot map is loaded
	sizes    *sizes
	calls    batch.Pool
	direct   atomic.Int64   // in flight on their callers' goroutines, outside of batchers
	posted   atomic.Int64   // posts without a reply
	posts    *batch.Batcher // for keys whose node is not known
	shut     atomic.Bool    // nothing may be sent
}

// New returns the sender of rdb. It sends nothing and starts no goroutine.
func New(rdb redis.UniversalClient) *Sender {
	s := &Sender{client: &client{rdb: rdb, plain: plainClient(rdb), slots: make(chan struct{}, MaxAbandoned-batches), sizes: newSizes()}}
	s.lanes = newLanes(s.client)
	s.posts = batch.New(s.writeAll, 0, &s.left).Coalesce(slowBatch)
	return s
}

// Unbatched returns a sender of the same client that does not batch calls.
func (s *Sender) Unbatched() *Sender { return &Sender{client: s.client} }

// Abandoned returns the number of abandoned commands. A batch that all its callers have abandoned
// counts as one.
func (s *Sender) Abandoned() int { return int(s.left.Load()) }

// SlotsLoaded is true when the cluster's slot map is loaded, so that finding a node does not wait.
func (s *Sender) SlotsLoaded() *atomic.Bool { return &s.mapped }

// Read sends a read, which go-redis may retry. The error is redis.Nil, an error with a class
// of this package, the server's error, or the context's error. After a context's error cmd
// must not be used.
func (s *Sender) Read(ctx context.Context, cmd redis.Cmder) error {
	c := s.plainCall(cmd, shortReads)
	defer s.calls.Free(c)
	text, ok := cmd.(*redis.StringCmd)
	if !ok || c.Key == "" {
		return sense(cmd, s.do(ctx, c, false), false)
	}
	size := s.sizes.of(c.Key)
	c.Size += size.guess()
	err := s.do(ctx, c, false)
	if err == nil {
		size.saw(len(text.Val()))
	}
	return err
}

// Write sends a write once. It retries a refusal that proves that nothing was executed, up
// to three times with backoff. If the refusal is TRYAGAIN, because a slot is being moved,
// and the context has a deadline, it retries until the deadline. If the reply is lost it
// returns ErrMaybeRan at once. After an error cmd must not be used.
func (s *Sender) Write(ctx context.Context, cmd redis.Cmder) error {
	c := s.plainCall(cmd, shortWrites)
	err := sense(cmd, s.repeat(ctx, c), true)
	s.calls.Free(c)
	return err
}

// repeat sends a write as [Sender.Write] does.
func (s *Sender) repeat(ctx context.Context, c *batch.Call) error {
	pause := firstPause
	for attempt := 0; ; attempt++ {
		err := s.do(ctx, c, true)
		if !repeatable(err) || attempt >= repeats && !passes(ctx, err) {
			return err
		}
		if !SleepWithJitter(ctx, pause) {
			return WithClass(err, ctx.Err())
		}
		pause = min(2*pause, lastPause)
		c.Retry()
	}
}

// ReadOn sends reads as one pipeline to one node, without retries. The caller handles lost
// connections and redirects. ReadOn returns the first error of the pipeline, and each
// command has its own.
func (s *Sender) ReadOn(ctx context.Context, node redis.Cmdable, cmds ...redis.Cmder) error {
	return s.pipeline(ctx, node, request{}, cmds)
}

// WriteOn is ReadOn for writes. If a reply is lost the error is ErrMaybeRan, and each of the
// commands may have been executed.
func (s *Sender) WriteOn(ctx context.Context, node redis.Cmdable, cmds ...redis.Cmder) error {
	return s.pipeline(ctx, node, request{write: true}, cmds)
}

// PushToken pushes a token to a list on which a client of this library blocks. The list expires
// after life.
func (s *Sender) PushToken(ctx context.Context, node redis.Cmdable, key string, life time.Duration) error {
	return s.WriteOn(ctx, node,
		redis.NewIntCmd(ctx, "rpush", key, "1"),
		redis.NewBoolCmd(ctx, "pexpire", key, life.Milliseconds()))
}

func (s *Sender) pipeline(ctx context.Context, node redis.Cmdable, r request, cmds []redis.Cmder) error {
	run := func(ctx context.Context) error {
		if !s.refuse(cmds) {
			exchangeOnce(ctx, node, cmds)
		}
		return firstError(cmds)
	}
	r.written = true // a command that was not sent has an error of type unsent
	if ctx.Done() == nil {
		s.direct.Add(1)
		defer s.direct.Add(-1)
		return s.finish(ctx, run(ctx), r)
	}
	left, err := s.leavable(ctx, call{run: run, write: r.write})
	if err != nil && !left && firstError(cmds) == nil { // nothing was sent
		for _, cmd := range cmds {
			cmd.SetErr(err)
		}
	}
	return s.finish(ctx, err, r)
}

// Run calls f on a goroutine, and returns when f returns or ctx ends. If ctx ends first, f
// continues and counts as an abandoned command. The error is that of f, the context's, or
// ErrUnavailable if there are too many abandoned commands.
func (s *Sender) Run(ctx context.Context, f func(context.Context) error) error {
	if ctx.Done() == nil {
		s.direct.Add(1)
		defer s.direct.Add(-1)
		if err := s.refusal(); err != nil {
			return err
		}
		return f(ctx)
	}
	_, err := s.leavable(ctx, call{run: f})
	if errors.Is(err, errLeft) {
		return WithClass(ErrUnavailable, err)
	}
	return err
}

// finish classifies err. It reloads the slot map of a cluster client if a node does not reply
// or no longer has the slot. go-redis itself would reload the map only after a minute.
func (s *client) finish(ctx context.Context, err error, r request) error {
	if err == nil {
		return nil
	}
	if isDial(err) || isTimeout(err) || redis.HasErrorPrefix(err, "CLUSTERDOWN") || redis.HasErrorPrefix(err, "MOVED") {
		s.reload(ctx)
	}
	if !r.write && errors.Is(err, net.ErrClosed) && s.closed() { // while it read or connected
		err = redis.ErrClosed
	}
	r.plain = s.plain
	return classify(ctx, err, r)
}

func (s *client) reload(ctx context.Context) {
	cluster, ok := s.rdb.(*redis.ClusterClient)
	if !ok {
		return
	}
	last, now := s.reloaded.Load(), time.Now().UnixNano()
	if now-last > int64(reloadGap) && s.reloaded.CompareAndSwap(last, now) {
		cluster.ReloadState(context.WithoutCancel(ctx))
	}
}

// repeatable reports whether a write with this error was not executed and a retry may
// succeed.
func repeatable(err error) bool {
	return errors.Is(err, ErrUnavailable) &&
		!errors.Is(err, redis.ErrClosed) && !errors.Is(err, errLeft) &&
		!errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}

// passes reports whether a refusal is likely to end before the deadline of the context: the
// key is in a slot that is being moved.
func passes(ctx context.Context, err error) bool {
	_, ok := ctx.Deadline()
	return ok && redis.HasErrorPrefix(err, "TRYAGAIN")
}

// Classify classifies an error that occurred before anything was sent.
func (s *Sender) Classify(ctx context.Context, err error) error {
	return s.finish(ctx, err, request{})
}

// ClassifySent classifies the error of one of the commands that [Sender.WriteOn] sent.
func (s *Sender) ClassifySent(ctx context.Context, err error) error {
	return s.finish(ctx, err, request{write: true, written: true})
}

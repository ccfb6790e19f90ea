package send

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/backoff"
	"github.com/desir-go/desir/internal/batch"
)

// MaxAbandoned is the largest number of commands of one client that run for callers whose
// context can end, and so of abandoned commands. A batch counts as one command. On a
// cluster each node beyond the first adds its batches to the limit.
const MaxAbandoned = 64

// maxBatches is how many of them the batchers of one node may have in flight: for reads,
// writes and merged scripts. Asynchronous writes do not count, since no caller waits for
// them.
const maxBatches = 3 * batch.MaxInFlight

const (
	maxRetries     = 3                      // retries of a write that was certainly not executed
	reloadInterval = 200 * time.Millisecond // between two reloads of a cluster's map
	abandonGrace   = 2 * time.Millisecond   // how long a caller whose context has ended waits to learn that its write was not sent
)

// pauses are the pauses between the retries of a refused write.
var pauses = backoff.Range{First: 8 * time.Millisecond, Last: 128 * time.Millisecond}

// Sender sends the commands of one client.
type Sender struct {
	*client
	nodes *nodes // nil: each call is sent alone
}

// client is shared by all senders of a client.
type client struct {
	rdb              redis.UniversalClient
	ignoresRedirects bool          // it is not for clusters, see ignoresRedirects
	slots            chan struct{} // one for each command that runs on its own goroutine
	abandoned        atomic.Int64  // abandoned commands and batches
	reloaded         atomic.Int64  // when the cluster's slot map was last reloaded, UnixNano
	slotsLoaded      atomic.Bool   // the cluster's slot map is loaded
	sizes            *sizes
	calls            batch.Pool
	direct           atomic.Int64   // in flight on their callers' goroutines, outside of batchers
	asyncWrites      atomic.Int64   // asynchronous writes without a reply
	asyncs           *batch.Batcher // for asynchronous writes to keys whose node is not known
	draining         atomic.Bool    // no operation of several commands may begin
	drained          atomic.Bool    // nothing may be sent
}

// New returns the sender of rdb. It sends nothing and starts no goroutine.
func New(rdb redis.UniversalClient) *Sender {
	s := &Sender{client: &client{rdb: rdb, ignoresRedirects: ignoresRedirects(rdb), slots: make(chan struct{}, MaxAbandoned-maxBatches), sizes: newSizes()}}
	s.nodes = newNodes(s.client)
	s.asyncs = batch.New(s.writeAll, 0, &s.abandoned).Coalesce(slowBatch)
	return s
}

// Unbatched returns a sender of the same client that does not batch calls.
func (s *Sender) Unbatched() *Sender { return &Sender{client: s.client} }

// Abandoned returns the number of abandoned commands. A batch that all its callers have
// abandoned counts as one.
func (s *Sender) Abandoned() int { return int(s.abandoned.Load()) }

// SlotsLoaded is true when the cluster's slot map is loaded, so that finding a node does
// not wait.
func (s *Sender) SlotsLoaded() *atomic.Bool { return &s.slotsLoaded }

// Read sends a read, which go-redis may retry. The error is redis.Nil, an error with a
// class of this package, the server's error, or the context's error. After a context's
// error cmd must not be used.
func (s *Sender) Read(ctx context.Context, cmd redis.Cmder) error {
	c := s.unmergedCall(cmd, shortReads)
	defer s.calls.Free(c)
	text, ok := cmd.(*redis.StringCmd)
	if !ok || c.Key == "" {
		return checkReply(cmd, s.do(ctx, c, false), false)
	}
	size := s.sizes.of(c.Key)
	c.Size += size.guess()
	err := s.do(ctx, c, false)
	if err == nil {
		size.record(len(text.Val()))
	}
	return err
}

// Write sends a write once. It retries a refusal that proves that nothing was executed,
// up to three times with backoff. If the refusal is TRYAGAIN, because a slot is being
// moved, and the context has a deadline, it retries until the deadline. If the reply is
// lost it returns ErrMaybeRan at once. After an error cmd must not be used.
func (s *Sender) Write(ctx context.Context, cmd redis.Cmder) error {
	c := s.unmergedCall(cmd, shortWrites)
	err := checkReply(cmd, s.sendWrite(ctx, c), true)
	s.calls.Free(c)
	return err
}

// sendWrite sends a write as [Sender.Write] does.
func (s *Sender) sendWrite(ctx context.Context, c *batch.Call) error {
	pause := pauses.Start()
	for attempt := 0; ; attempt++ {
		err := s.do(ctx, c, true)
		if !retrySoon(err) || attempt >= maxRetries && !retryUntilDeadline(ctx, err) {
			return err
		}
		if !pause.Wait(ctx) {
			return WithClass(err, ctx.Err())
		}
		c.Retry()
	}
}

// ReadOn sends reads as one pipeline to one node, without retries. The caller handles
// lost connections and redirects. ReadOn returns the first error of the pipeline, and
// each command has its own.
func (s *Sender) ReadOn(ctx context.Context, node redis.Cmdable, cmds ...redis.Cmder) error {
	return s.pipeline(ctx, node, commandInfo{}, cmds)
}

// WriteOn is ReadOn for writes. If a reply is lost the error is ErrMaybeRan, and each of
// the commands may have been executed.
func (s *Sender) WriteOn(ctx context.Context, node redis.Cmdable, cmds ...redis.Cmder) error {
	return s.pipeline(ctx, node, commandInfo{write: true}, cmds)
}

// PushToken pushes a token to a list on which a client of this library blocks. The list
// expires after life.
func (s *Sender) PushToken(ctx context.Context, node redis.Cmdable, key string, life time.Duration) error {
	return s.WriteOn(ctx, node,
		redis.NewIntCmd(ctx, "rpush", key, "1"),
		redis.NewBoolCmd(ctx, "pexpire", key, life.Milliseconds()))
}

func (s *Sender) pipeline(ctx context.Context, node redis.Cmdable, r commandInfo, cmds []redis.Cmder) error {
	run := func(ctx context.Context) error {
		if !s.failIfDrained(cmds) {
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
	abandoned, err := s.runAbandonable(ctx, &task{run: run, write: r.write})
	if err != nil && !abandoned && firstError(cmds) == nil { // nothing was sent
		for _, cmd := range cmds {
			cmd.SetErr(err)
		}
	}
	return s.finish(ctx, err, r)
}

// Run calls f on a goroutine, and returns when f returns or ctx ends. If ctx ends first,
// f continues and counts as an abandoned command. The error is that of f, the context's,
// or ErrUnavailable if there are too many abandoned commands.
func (s *Sender) Run(ctx context.Context, f func(context.Context) error) error {
	if ctx.Done() == nil {
		s.direct.Add(1)
		defer s.direct.Add(-1)
		if err := s.errIfDraining(); err != nil {
			return err
		}
		return f(ctx)
	}
	_, err := s.runAbandonable(ctx, &task{run: f, many: true})
	if errors.Is(err, errTooManyAbandoned) {
		return WithClass(ErrUnavailable, err)
	}
	return err
}

// finish classifies err. It reloads the slot map of a cluster client if a node does not
// reply or no longer has the slot. go-redis itself would reload the map only after a
// minute.
func (s *client) finish(ctx context.Context, err error, r commandInfo) error {
	if err == nil {
		return nil
	}
	if isDial(err) || isTimeout(err) || redis.HasErrorPrefix(err, "CLUSTERDOWN") || redis.HasErrorPrefix(err, "MOVED") {
		s.reload(ctx)
	}
	if !r.write && errors.Is(err, net.ErrClosed) && s.Closed() { // while it read or connected
		err = redis.ErrClosed
	}
	r.ignoresRedirects = s.ignoresRedirects
	return classify(ctx, err, r)
}

func (s *client) reload(ctx context.Context) {
	cluster, ok := s.rdb.(*redis.ClusterClient)
	if !ok {
		return
	}
	last, now := s.reloaded.Load(), time.Now().UnixNano()
	if now-last > int64(reloadInterval) && s.reloaded.CompareAndSwap(last, now) {
		cluster.ReloadState(context.WithoutCancel(ctx))
	}
}

// retryUntilDeadline reports whether a write is retried until the deadline of the
// context: its key is in a slot that is being moved, which is likely to end.
func retryUntilDeadline(ctx context.Context, err error) bool {
	_, ok := ctx.Deadline()
	return ok && redis.HasErrorPrefix(err, "TRYAGAIN")
}

// Classify classifies an error that occurred before anything was sent.
func (s *Sender) Classify(ctx context.Context, err error) error {
	return s.finish(ctx, err, commandInfo{})
}

// ClassifySent classifies the error of one of the commands that [Sender.WriteOn] sent.
func (s *Sender) ClassifySent(ctx context.Context, err error) error {
	return s.finish(ctx, err, commandInfo{write: true, written: true})
}

package send

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/batch"
)

// MaxLeft bounds the commands of one client that run for callers whose
// context can end, and so the commands that such callers leave behind. A batch
// counts as one. (Each node of a cluster but the first may add its batches.)
const MaxLeft = 64

// batches is how many of them one node's combiners may have under way: for reads, writes and
// joint scripts. Nobody waits for posts, or leaves them.
const batches = 3 * batch.MaxInFlight

const (
	repeats    = 3                      // of a write that was proved not executed
	firstPause = 8 * time.Millisecond   // doubles with each repeat, jittered
	lastPause  = 128 * time.Millisecond // and no more than that
	reloadGap  = 200 * time.Millisecond // between two reloads of a cluster's map
	verdict    = 2 * time.Millisecond   // grace in which a left write may say "never sent"
)

// Sender sends the commands of one client.
type Sender struct {
	*client
	lanes *lanes // nil: each call leaves alone
}

// client is what all senders of a client share.
type client struct {
	rdb      redis.UniversalClient
	plain    bool          // not one for clusters
	slots    chan struct{} // one per command in the hands of a goroutine
	left     atomic.Int64  // commands and batches whose callers have left
	reloaded atomic.Int64  // when the cluster's map was asked for, UnixNano
	mapped   atomic.Bool   // a cluster's map is there
	sizes    *sizes
	calls    batch.Pool
	direct   atomic.Int64   // in flight on their callers' goroutines, without a combiner
	posted   atomic.Int64   // posts without a reply
	posts    *batch.Batcher // of what has no lane
	shut     atomic.Bool    // nothing is sent any more
}

// New returns the sender of rdb. It sends nothing and starts nothing.
func New(rdb redis.UniversalClient) *Sender {
	s := &Sender{client: &client{rdb: rdb, plain: plainClient(rdb), slots: make(chan struct{}, MaxLeft-batches), sizes: newSizes()}}
	s.lanes = newLanes(s.client)
	s.posts = batch.New(s.writeAll, 0, &s.left).Coalesce(slowBatch)
	return s
}

// Apart returns a sender of the same client whose calls share nothing with
// those of others.
func (s *Sender) Apart() *Sender { return &Sender{client: s.client} }

// Left returns how many commands run on although their caller has left, a batch
// that all its callers have left being one.
func (s *Sender) Left() int { return int(s.left.Load()) }

// Mapped tells whether a cluster's map is there: to name a node does not wait then.
func (s *Sender) Mapped() *atomic.Bool { return &s.mapped }

// Read sends a command that changes nothing; go-redis may send it again. The
// error is redis.Nil, a class of this package, the server's own, or the
// context's alone. After a context's error cmd must not be touched.
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

// Write sends a command that changes something, once. A refusal that proves
// that it was not executed is repeated up to three times with a growing pause
// while the context lasts, and until its deadline if it has one and a slot is on
// its way to another node; a lost reply is ErrMaybeRan at once. After an error
// cmd must not be touched.
func (s *Sender) Write(ctx context.Context, cmd redis.Cmder) error {
	c := s.plainCall(cmd, shortWrites)
	err := sense(cmd, s.repeat(ctx, c), true)
	s.calls.Free(c)
	return err
}

// repeat sends a call that changes something as [Sender.Write] does.
func (s *Sender) repeat(ctx context.Context, c *batch.Call) error {
	pause := firstPause
	for attempt := 0; ; attempt++ {
		err := s.do(ctx, c, true)
		if !repeatable(err) || attempt >= repeats && !passes(ctx, err) {
			return err
		}
		if !Pause(ctx, pause) {
			return Fault(err, ctx.Err())
		}
		pause = min(2*pause, lastPause)
		c.Retry()
	}
}

// ReadOn sends reads as one pipeline to one node, without any repeat: a lost
// connection or a redirect is the caller's to see. The error is the first of
// the pipeline; each command has its own.
func (s *Sender) ReadOn(ctx context.Context, node redis.Cmdable, cmds ...redis.Cmder) error {
	return s.pipeline(ctx, node, request{}, cmds)
}

// WriteOn is ReadOn for commands that change something: when an answer was
// lost the error is ErrMaybeRan, and it may be so for each of them.
func (s *Sender) WriteOn(ctx context.Context, node redis.Cmdable, cmds ...redis.Cmder) error {
	return s.pipeline(ctx, node, request{write: true}, cmds)
}

// Poke puts a token into a list that a client of ours blocks on, and lets it
// expire after life.
func (s *Sender) Poke(ctx context.Context, node redis.Cmdable, key string, life time.Duration) error {
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
	r.written = true // what was not says so
	if ctx.Done() == nil {
		s.direct.Add(1)
		defer s.direct.Add(-1)
		return s.finish(ctx, run(ctx), r)
	}
	left, err := s.leavable(ctx, call{run: run, write: r.write})
	if err != nil && !left && firstError(cmds) == nil { // it was not run
		for _, cmd := range cmds {
			cmd.SetErr(err)
		}
	}
	return s.finish(ctx, err, r)
}

// Run calls f so that the caller can leave when ctx ends, as it can leave a
// command: f goes on then, and counts as one that was left behind. The error
// is f's, the context's, or that too many were left behind.
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
		return Fault(ErrUnavailable, err)
	}
	return err
}

// finish classifies err and lets a cluster client look for its nodes again
// when one of them does not answer (by itself it would wait a minute) or has
// given a slot away.
func (s *client) finish(ctx context.Context, err error, r request) error {
	if err == nil {
		return nil
	}
	if isDial(err) || isTimeout(err) || redis.HasErrorPrefix(err, "CLUSTERDOWN") || redis.HasErrorPrefix(err, "MOVED") {
		s.reload(ctx)
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

// repeatable reports whether a write that ended with err was not executed and
// may succeed when it is sent again.
func repeatable(err error) bool {
	return errors.Is(err, ErrUnavailable) &&
		!errors.Is(err, redis.ErrClosed) && !errors.Is(err, errLeft) &&
		!errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}

// passes reports whether a refusal ends by itself before the deadline of the
// context, as far as anybody knows: one for the keys of a slot that is half moved.
func passes(ctx context.Context, err error) bool {
	_, ok := ctx.Deadline()
	return ok && redis.HasErrorPrefix(err, "TRYAGAIN")
}

// Explain gives an error that came before anything was sent its class.
func (s *Sender) Explain(ctx context.Context, err error) error {
	return s.finish(ctx, err, request{})
}

// ExplainSent gives the error of one of several commands that [Sender.WriteOn] has sent its
// class.
func (s *Sender) ExplainSent(ctx context.Context, err error) error {
	return s.finish(ctx, err, request{write: true, written: true})
}

package batch

import (
	"context"
	"sync"

	"github.com/redis/go-redis/v9"
)

// Merger describes a kind of call. Calls of one kind and class on one key are a group.
type Merger struct {
	// Merges says that a group becomes one command. Otherwise each of its calls is a
	// command.
	Merges bool

	// Coalesces says that the calls belong to a Batcher with [Batcher.Coalesce].
	Coalesces bool

	// Command returns the command of calls. There are several calls only if Merges is
	// true.
	Command func(ctx context.Context, calls []*Call) redis.Cmder

	// Share gives each call its part of a reply that is no error. cmd is what Command
	// returned for the calls.
	Share func(cmd redis.Cmder, calls []*Call)

	// Split reports whether the error of a merged command proves that nothing was
	// executed and may be caused by some of its calls only. Each call is then sent again
	// alone. Nil means never.
	Split func(err error) bool
}

// Call is the request of one caller, and its reply. It is valid from [Pool.New] to
// [Pool.Free]. The reply must not be read after [Batcher.Do] has returned [Unsent] or
// [Abandoned].
type Call struct {
	Merger *Merger
	Key    string

	// Class divides the calls of a kind on a key. Calls of two classes, for example two
	// times to live, are two groups.
	Class int64

	// The request. Which fields are used depends on the Merger.
	Field, Value string
	Values       []string
	Delta        int64
	Cmd          redis.Cmder

	// Size is the number of bytes that the call adds to its batch, sent or expected.
	// Elements is the number of elements that it adds to a merged command.
	Size, Elements int

	// The reply. Err is an error of go-redis or of the server, redis.Nil included.
	Text  string
	Found bool
	Count int64
	Err   error

	ctx        context.Context
	replied    func(*Call) // takes the reply; nil if a caller waits for it
	prev, next *Call       // among the pending calls
	sent       *sent
	group      int
	abandoned  bool // its caller is gone; a worker may still write to it
	queued     bool // it is pending
	panicked   any
	done       chan struct{}
	self       [1]*Call // the group of a call that is alone
}

// Pool keeps free calls. Each client has its own, since a call made in a bubble of
// [testing/synctest] must stay there.
type Pool struct{ free sync.Pool }

// New returns a call of one element without a request.
func (p *Pool) New(merger *Merger, key string) *Call {
	c, ok := p.free.Get().(*Call)
	if !ok {
		c = &Call{done: make(chan struct{}, 1)}
		c.self[0] = c
	}
	c.Merger, c.Key, c.Elements = merger, key, 1
	return c
}

// Reset prepares a call for another request.
func (c *Call) Reset(merger *Merger, key string) {
	*c = Call{Merger: merger, Key: key, Elements: 1, done: c.done, self: c.self}
}

// Context returns the context that the call was given to a Batcher with.
func (c *Call) Context() context.Context { return c.ctx }

// Free returns a call to the pool. It must not be used afterwards.
func (p *Pool) Free(c *Call) {
	if c.abandoned {
		return // its worker may still write to it
	}
	*c = Call{done: c.done, self: c.self}
	p.free.Put(c)
}

// Args returns the arguments of a merged command: head, then the values of all calls in
// order.
func Args(calls []*Call, head ...any) []any {
	n := len(head)
	for _, c := range calls {
		n += len(c.Values)
	}
	args := append(make([]any, 0, n), head...)
	for _, c := range calls {
		for _, v := range c.Values {
			args = append(args, v)
		}
	}
	return args
}

// Single returns the command of this call alone.
func (c *Call) Single(ctx context.Context) redis.Cmder { return c.Merger.Command(ctx, c.self[:]) }

// Complete takes the reply from the command that [Call.Single] returned.
func (c *Call) Complete(cmd redis.Cmder, err error) {
	if c.Err = err; err == nil {
		c.Merger.Share(cmd, c.self[:])
	}
}

// Retry prepares a call whose reply was an error to be sent again.
func (c *Call) Retry() {
	*c = Call{
		Merger: c.Merger, Key: c.Key, Class: c.Class,
		Field: c.Field, Value: c.Value, Values: c.Values, Delta: c.Delta, Cmd: c.Cmd,
		Size: c.Size, Elements: c.Elements,
		done: c.done, self: c.self,
	}
	if c.Cmd != nil {
		c.Cmd.SetErr(nil)
	}
}

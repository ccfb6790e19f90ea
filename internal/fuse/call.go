package fuse

import (
	"context"
	"sync"

	"github.com/redis/go-redis/v9"
)

// Kind is a sort of call: calls of one kind and one class on one key are a group.
type Kind struct {
	// Joins says that a group becomes one command; else each of its calls
	// remains a command of its own.
	Joins bool

	// Narrow says that its calls belong to a narrow combiner, see [Combiner.Narrow].
	Narrow bool

	// Command returns the command of calls, of several only where the kind
	// joins.
	Command func(ctx context.Context, calls []*Call) redis.Cmder

	// Answer gives each call its share of a reply that is no error. cmd is
	// what Command returned for them.
	Answer func(cmd redis.Cmder, calls []*Call)

	// Apart reports whether an error of a joint command proves that nothing
	// was executed, and may be the fault of some of its calls only. They are
	// then sent again, each on its own. Nil: never.
	Apart func(err error) bool
}

// Call is what one caller asks, and what it is answered, from [Calls.New] to
// [Calls.Free]. No answer is to be read after [Combiner.Do] returned [Unsent]
// or [Left].
type Call struct {
	Kind *Kind
	Key  string

	// Class divides the calls of a kind on a key: calls of two classes, such as two
	// times to live, are two groups.
	Class int64

	// The question, in what the kind uses.
	Field, Value string
	Values       []string
	Delta        int64
	Cmd          redis.Cmder

	// Size is what the call adds to its batch, in bytes sent or expected back;
	// Elements is what it adds to the joint command.
	Size, Elements int

	// The answer. Err is of go-redis or of the server, redis.Nil too.
	Text  string
	Found bool
	Count int64
	Err   error

	ctx        context.Context
	posted     func(*Call) // takes the answer; nil where a caller waits for it
	prev, next *Call       // of those that are pending
	batch      *batch
	group      int
	left       bool // its caller has left; a worker may still write to it
	queued     bool // it is pending
	panicked   any
	done       chan struct{}
	self       [1]*Call // the group of a call that is alone
}

// Calls keeps calls that are free for the next callers. Each client has its
// own: what was made in a bubble of [testing/synctest] stays there.
type Calls struct{ free sync.Pool }

// New returns a call of one element without a question.
func (p *Calls) New(kind *Kind, key string) *Call {
	c, ok := p.free.Get().(*Call)
	if !ok {
		c = &Call{done: make(chan struct{}, 1)}
		c.self[0] = c
	}
	c.Kind, c.Key, c.Elements = kind, key, 1
	return c
}

// Reset makes a call of its owner's ready for another question.
func (c *Call) Reset(kind *Kind, key string) {
	*c = Call{Kind: kind, Key: key, Elements: 1, done: c.done, self: c.self}
}

// Context returns the context that the call was given to a combiner with.
func (c *Call) Context() context.Context { return c.ctx }

// Free takes a call back. It must not be used any more.
func (p *Calls) Free(c *Call) {
	if c.left {
		return // it is the garbage collector's, when its batch has ended
	}
	*c = Call{done: c.done, self: c.self}
	p.free.Put(c)
}

// Args returns the words of a joint command: head, and the values of all calls,
// one call's after the other's.
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
func (c *Call) Single(ctx context.Context) redis.Cmder { return c.Kind.Command(ctx, c.self[:]) }

// Settle takes the answer from the command that [Call.Single] returned.
func (c *Call) Settle(cmd redis.Cmder, err error) {
	if c.Err = err; err == nil {
		c.Kind.Answer(cmd, c.self[:])
	}
}

// Again makes a call that was answered with an error ready to be sent again.
func (c *Call) Again() {
	*c = Call{
		Kind: c.Kind, Key: c.Key, Class: c.Class,
		Field: c.Field, Value: c.Value, Values: c.Values, Delta: c.Delta, Cmd: c.Cmd,
		Size: c.Size, Elements: c.Elements,
		done: c.done, self: c.self,
	}
	if c.Cmd != nil {
		c.Cmd.SetErr(nil)
	}
}

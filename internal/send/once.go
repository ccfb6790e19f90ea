package send

import (
	"sync/atomic"

	"github.com/redis/go-redis/v9"
)

// once is a command that go-redis sends at most once.
//
// NoRetry belongs to the Cmder interface and every retry loop of go-redis asks
// it; embedding the command in a type that answers true is the documented
// property this rests on (a test fails if a new version stops asking).
// The loops that follow MOVED, ASK and READONLY go on: these replies say that
// nothing was executed.
type once struct {
	redis.Cmder
	written atomic.Bool
}

// NoRetry takes the command out of every retry of go-redis.
func (*once) NoRetry() bool { return true }

// Args notes that the command is about to be serialized. Hooks and the cluster
// router ask too, so written means "perhaps": unset is the certain answer.
func (o *once) Args() []any {
	o.written.Store(true)
	return o.Cmder.Args()
}

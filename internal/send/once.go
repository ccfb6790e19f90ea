package send

import (
	"sync/atomic"

	"github.com/redis/go-redis/v9"
)

// onceCmd is a command that go-redis sends at most once.
//
// Every retry loop of go-redis asks the command's NoRetry method. A test fails if a new
// version of go-redis no longer does. go-redis still follows MOVED, ASK and READONLY,
// which prove that nothing was executed.
type onceCmd struct {
	redis.Cmder
	written atomic.Bool
}

// NoRetry keeps go-redis from retrying the command.
func (*onceCmd) NoRetry() bool { return true }

// Args records that the command is about to be serialized. Hooks and the cluster router
// call it too. So if written is unset the command was not sent, and if it is set the
// command may have been sent.
func (o *onceCmd) Args() []any {
	o.written.Store(true)
	return o.Cmder.Args()
}

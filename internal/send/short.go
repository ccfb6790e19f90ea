package send

import (
	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/batch"
)

// shortReads and shortWrites are the commands that may share a pipeline, with the largest
// number of arguments. Their first argument is the key, the server executes them quickly,
// and the reply is short or its size can be estimated. Other commands are sent alone.
var (
	shortReads = map[string]int{
		"exists": 2, "get": 2, "hexists": 3, "hlen": 2, "hstrlen": 3, "lindex": 3, "llen": 2, "pttl": 2, "scard": 2,
		"strlen": 2, "zcard": 2, "zcount": 4, "zrank": 3, "zrevrank": 3, "zscore": 3,
	}
	shortWrites = map[string]int{
		"evalsha": sharedElements, "hdel": sharedElements, "hincrby": 4, "hincrbyfloat": 4, "hset": sharedElements, "hsetnx": 4, "incr": 2,
		"expire": 3, "persist": 2, "pexpire": 3, "pexpireat": 3,
		"linsert": 5, "lmove": 5, "lpop": 2, "lset": 4, "rpop": 2,
		"sadd": sharedElements, "smove": 4, "spop": 2, "srem": sharedElements,
		"set": 8, "setnx": 3, "zadd": sharedElements, "zincrby": 4, "zpopmax": 2, "zpopmin": 2, "zrem": sharedElements,
	}
)

// unmergedCall returns the call of a command that is not merged. The call has no key if
// it must not share a pipeline.
func (s *Sender) unmergedCall(cmd redis.Cmder, short map[string]int) *batch.Call {
	c := s.calls.New(unmerged, "")
	c.Cmd = cmd
	if s.nodes == nil {
		return c
	}
	args := cmd.Args()
	name, _ := args[0].(string)
	if len(args) > short[name] {
		return c
	}
	keyAt := 1
	if name == "evalsha" {
		keyAt = 3 // after the digest and the number of keys
	}
	if keyAt < len(args) {
		c.Key, _ = args[keyAt].(string)
	}
	c.Elements = len(args)
	for _, a := range args {
		if text, ok := a.(string); ok {
			c.Size += len(text)
		}
	}
	return c
}

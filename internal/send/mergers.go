package send

import (
	"context"
	"errors"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/batch"
)

// unmerged is a call that is not merged, but may share a pipeline.
var unmerged = &batch.Merger{
	Command: func(_ context.Context, calls []*batch.Call) redis.Cmder { return calls[0].Cmd },
	Share:   func(redis.Cmder, []*batch.Call) {},
}

// errWrongParts is the error of a reply that does not have one part for each call.
var errWrongParts = WithClass(ErrBadReply, errors.New("it has too few or too many parts"))

// hget is HGET for one and HMGET for many.
var hget = &batch.Merger{
	Merges: true,
	Command: func(ctx context.Context, calls []*batch.Call) redis.Cmder {
		if len(calls) == 1 {
			return redis.NewStringCmd(ctx, "hget", calls[0].Key, calls[0].Field)
		}
		return redis.NewSliceCmd(ctx, fields("hmget", calls)...)
	},
	Share: func(cmd redis.Cmder, calls []*batch.Call) {
		if cmd, ok := cmd.(*redis.StringCmd); ok {
			calls[0].Text, calls[0].Found = cmd.Val(), true
			return
		}
		values := cmd.(*redis.SliceCmd).Val()
		for i, c := range calls {
			if len(values) != len(calls) {
				c.Err = errWrongParts
				continue
			}
			c.Text, c.Found = values[i].(string)
		}
	},
}

// hset is a variadic HSET. If two calls set the same field, the later one wins, as if
// they had been sent one after the other.
var hset = &batch.Merger{
	Merges: true,
	Command: func(ctx context.Context, calls []*batch.Call) redis.Cmder {
		args := make([]any, 2, 2+2*len(calls))
		args[0], args[1] = "hset", calls[0].Key
		for _, c := range calls {
			args = append(args, c.Field, c.Value)
		}
		return redis.NewIntCmd(ctx, args...)
	},
	Share: func(redis.Cmder, []*batch.Call) {},
}

// hsetex is a variadic HSETEX. The class of its calls is the time to live in
// milliseconds. If two calls set the same field, the later one wins.
var hsetex = &batch.Merger{
	Merges: true,
	Command: func(ctx context.Context, calls []*batch.Call) redis.Cmder {
		args := make([]any, 6, 6+2*len(calls))
		copy(args, []any{"hsetex", calls[0].Key, "px", calls[0].Class, "fields", len(calls)})
		for _, c := range calls {
			args = append(args, c.Field, c.Value)
		}
		return redis.NewIntCmd(ctx, args...)
	},
	Share: func(redis.Cmder, []*batch.Call) {},
}

// hpttl is a variadic HPTTL.
var hpttl = &batch.Merger{
	Merges: true,
	Command: func(ctx context.Context, calls []*batch.Call) redis.Cmder {
		args := make([]any, 4, 4+len(calls))
		copy(args, []any{"hpttl", calls[0].Key, "fields", len(calls)})
		for _, c := range calls {
			args = append(args, c.Field)
		}
		return redis.NewIntSliceCmd(ctx, args...)
	},
	Share: func(cmd redis.Cmder, calls []*batch.Call) {
		ends := cmd.(*redis.IntSliceCmd).Val()
		for i, c := range calls {
			if len(ends) != len(calls) {
				c.Err = errWrongParts
				continue
			}
			c.Count = ends[i]
		}
	},
}

// sismember is SISMEMBER for one and SMISMEMBER for many.
var sismember = &batch.Merger{
	Merges: true,
	Command: func(ctx context.Context, calls []*batch.Call) redis.Cmder {
		if len(calls) == 1 {
			return redis.NewIntCmd(ctx, "sismember", calls[0].Key, calls[0].Field)
		}
		return redis.NewBoolSliceCmd(ctx, fields("smismember", calls)...)
	},
	Share: func(cmd redis.Cmder, calls []*batch.Call) {
		if cmd, ok := cmd.(*redis.IntCmd); ok {
			calls[0].Found = cmd.Val() == 1
			return
		}
		found := cmd.(*redis.BoolSliceCmd).Val()
		for i, c := range calls {
			if len(found) != len(calls) {
				c.Err = errWrongParts
				continue
			}
			c.Found = found[i]
		}
	},
}

// fields returns the arguments of a command with the field of each call.
func fields(name string, calls []*batch.Call) []any {
	args := make([]any, 2, 2+len(calls))
	args[0], args[1] = name, calls[0].Key
	for _, c := range calls {
		args = append(args, c.Field)
	}
	return args
}

var rpush, lpush = push("rpush"), push("lpush")

// push pushes the values of all calls in order. The reply is the length after the last
// value.
func push(name string) *batch.Merger {
	return &batch.Merger{
		Merges: true,
		Command: func(ctx context.Context, calls []*batch.Call) redis.Cmder {
			return redis.NewIntCmd(ctx, batch.Args(calls, name, calls[0].Key)...)
		},
		Share: func(cmd redis.Cmder, calls []*batch.Call) {
			length := cmd.(*redis.IntCmd).Val()
			for i := len(calls) - 1; i >= 0; i-- {
				calls[i].Count = length
				length -= int64(len(calls[i].Values))
			}
		},
	}
}

// maxDelta is the largest addition that is merged. The sum of a batch of them fits into
// 64 bits.
const maxDelta = 1 << 53

// incrUp and incrDown are INCRBY of the sum. Positive and negative additions are not
// merged with each other, so the value that a caller gets lies between the value before
// and the value after. If these two do not overflow, no caller's value does. incrLarge is
// never merged.
var incrUp, incrDown, incrLarge = incrBy(true), incrBy(true), incrBy(false)

func incrBy(merges bool) *batch.Merger {
	return &batch.Merger{
		Merges: merges,
		Command: func(ctx context.Context, calls []*batch.Call) redis.Cmder {
			var sum int64
			for _, c := range calls {
				sum += c.Delta
			}
			return redis.NewIntCmd(ctx, "incrby", calls[0].Key, sum)
		},
		Share: func(cmd redis.Cmder, calls []*batch.Call) {
			value := cmd.(*redis.IntCmd).Val()
			for i := len(calls) - 1; i >= 0; i-- {
				calls[i].Count = value
				value -= calls[i].Delta
			}
		},
		Split: func(err error) bool { return strings.Contains(err.Error(), "overflow") },
	}
}

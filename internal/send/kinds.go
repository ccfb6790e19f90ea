package send

import (
	"context"
	"errors"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/batch"
)

// plain is a call that stays a command of its own in a shared pipeline.
var plain = &batch.Merger{
	Command: func(_ context.Context, calls []*batch.Call) redis.Cmder { return calls[0].Cmd },
	Share:   func(redis.Cmder, []*batch.Call) {},
}

// errAnswers is an answer that has not one part for each question.
var errAnswers = Fault(ErrReply, errors.New("it has too few or too many parts"))

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
				c.Err = errAnswers
				continue
			}
			c.Text, c.Found = values[i].(string)
		}
	},
}

// hset is a variadic HSET. Where two calls set one field the later one wins,
// as if they had come one after the other.
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

// hsetex is a variadic HSETEX of one time to live, in milliseconds: the class of its
// calls. Of two on one field the later one wins.
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
				c.Err = errAnswers
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
				c.Err = errAnswers
				continue
			}
			c.Found = found[i]
		}
	},
}

// fields returns the words of a command with the field of each call.
func fields(name string, calls []*batch.Call) []any {
	args := make([]any, 2, 2+len(calls))
	args[0], args[1] = name, calls[0].Key
	for _, c := range calls {
		args = append(args, c.Field)
	}
	return args
}

var rpush, lpush = push("rpush"), push("lpush")

// push is a push of the values of all calls, one call after the other; the
// reply is the length after the last of them.
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

// maxDelta is the largest addition that joins: a batch of them adds up to less
// than 64 bits.
const maxDelta = 1 << 53

// up and down are INCRBY of the sum. Additions of different signs stay apart,
// so that what each caller gets lies between the value before and the one
// after: if neither overflows, none does. far ones join nothing.
var up, down, far = incrBy(true), incrBy(true), incrBy(false)

func incrBy(joins bool) *batch.Merger {
	return &batch.Merger{
		Merges: joins,
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

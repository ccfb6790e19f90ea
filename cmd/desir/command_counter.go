package main

import (
	"context"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
)

// commandCounter is a hook that counts the commands that a client sends.
type commandCounter struct{ commands atomic.Int64 }

// DialHook does nothing.
func (m *commandCounter) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook counts a command.
func (m *commandCounter) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		m.commands.Add(1)
		return next(ctx, cmd)
	}
}

// ProcessPipelineHook counts the commands of a pipeline.
func (m *commandCounter) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		m.commands.Add(int64(len(cmds)))
		return next(ctx, cmds)
	}
}

package main

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/embedded"
)

// silent takes the client's log lines: what matters of them is in the error
// that the tool prints.
type silent struct{}

// Printf drops the line.
func (silent) Printf(context.Context, string, ...any) {}

// connect returns the Redis that url names, or an embedded one, how to call it
// in front of people, and how to end it.
func connect(ctx context.Context, url string) (rdb redis.UniversalClient, name string, end func() error, err error) {
	redis.SetLogger(silent{})
	if url != "" {
		rdb, err := desir.Open(ctx, url)
		if err != nil {
			return nil, "", nil, err
		}
		return rdb, "the Redis of the URL", rdb.Close, nil
	}
	server, err := embedded.Start()
	if err != nil {
		return nil, "", nil, err
	}
	return server.Client(), "an embedded Redis", server.Close, nil
}

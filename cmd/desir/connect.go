package main

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/embedded"
)

// silent discards the client's log lines. The tool prints the relevant errors itself.
type silent struct{}

// Printf discards the line.
func (silent) Printf(context.Context, string, ...any) {}

// connect returns a client of the Redis at url, or of an embedded one if url is empty.
// It also returns a name for it in messages, and a function that closes it.
func connect(ctx context.Context, url string) (rdb redis.UniversalClient, name string, end func() error, err error) {
	redis.SetLogger(silent{})
	if url != "" {
		rdb, err := desir.Open(ctx, url)
		if err != nil {
			return nil, "", nil, err
		}
		return rdb, "the Redis of the URL", func() error { return closeClient(rdb) }, nil
	}
	server, err := embedded.Start()
	if err != nil {
		return nil, "", nil, err
	}
	end = func() error { return errors.Join(closeClient(server.Client()), server.Close()) }
	return server.Client(), "an embedded Redis", end, nil
}

// closeTime bounds the wait for commands in flight when the tool ends.
const closeTime = 5 * time.Second

// closeClient closes a client, also after the command was interrupted.
func closeClient(rdb redis.UniversalClient) error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	return desir.Close(ctx, rdb)
}

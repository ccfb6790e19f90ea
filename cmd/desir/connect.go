package main

import (
	"context"
	"errors"
	"time"

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
		return rdb, "the Redis of the URL", func() error { return closeClient(rdb) }, nil
	}
	server, err := embedded.Start()
	if err != nil {
		return nil, "", nil, err
	}
	end = func() error { return errors.Join(closeClient(server.Client()), server.Close()) }
	return server.Client(), "an embedded Redis", end, nil
}

// closeTime is how long the tool waits, at its end, for what is in flight.
const closeTime = 5 * time.Second

// closeClient ends the use of a client, also after the command was interrupted.
func closeClient(rdb redis.UniversalClient) error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	return desir.Close(ctx, rdb)
}

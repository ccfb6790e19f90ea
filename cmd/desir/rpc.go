package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/oneline"
	"github.com/desir-go/desir/rpc"
)

// rpcCmd calls a service.
type rpcCmd struct {
	Ls   rpcList `cmd:"" help:"List the methods of the workers: name, request type, result type, number of workers, description."`
	Call rpcCall `cmd:"" help:"Call a method and print its result as JSON."`
	Ping rpcPing `cmd:"" help:"Print the round-trip time of an empty call to a worker."`
}

// rpcFlags has the flags of all rpc commands.
type rpcFlags struct {
	Service string        `arg:"" help:"Name of the service."`
	Wait    time.Duration `help:"Wait this long for a worker to start."`
	Timeout time.Duration `default:"1m" help:"Give up after this time; 0 means never."`
}

type rpcList struct {
	rpcFlags `embed:""`
	JSON     bool `help:"Print one JSON object per line."`
}

type rpcCall struct {
	rpcFlags `embed:""`
	Method   string            `arg:"" help:"Name of the method."`
	Value    string            `arg:"" optional:"" name:"json" help:"The request as JSON; an array for several parameters; - for standard input. Leave it out to send no value."`
	Header   map[string]string `mapsep:"none" placeholder:"k=v" help:"Send a header; can be repeated."`
}

type rpcPing struct {
	rpcFlags `embed:""`
}

// online runs f with a client of the service, until the timeout.
func (c *rpcFlags) online(ctx context.Context, flags *cli, f func(context.Context, *rpc.Client) error) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		if c.Timeout > 0 {
			var stop context.CancelFunc
			ctx, stop = context.WithTimeout(ctx, c.Timeout)
			defer stop()
		}
		return workerError(f(ctx, rpc.NewClient(rdb, c.Service)))
	})
}

const retryInterval = 50 * time.Millisecond

// retryNoWorkers retries call until a worker is alive, for the time of --wait.
func (c *rpcFlags) retryNoWorkers(ctx context.Context, call func() error) error {
	for end := time.Now().Add(c.Wait); ; {
		err := call()
		if !errors.Is(err, rpc.ErrNoWorkers) || !time.Now().Before(end) {
			return err
		}
		select {
		case <-time.After(retryInterval):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// workerError formats the error of a worker for a terminal.
func workerError(err error) error {
	e, ok := errors.AsType[*rpc.Error](err)
	if !ok {
		return err
	}
	about := []string{e.Code.String(), "worker " + e.Worker}
	for _, k := range slices.Sorted(maps.Keys(e.Details)) {
		about = append(about, shown(k)+"="+shown(e.Details[k]))
	}
	return fmt.Errorf("%s: %s (%s)", shown(e.Method), oneline.Line(e.Message, maxError), strings.Join(about, ", "))
}

// Run is "desir rpc ls".
func (c *rpcList) Run(ctx context.Context, s streams, flags *cli) error {
	return c.online(ctx, flags, func(ctx context.Context, client *rpc.Client) error {
		var methods []rpc.MethodInfo
		err := c.retryNoWorkers(ctx, func() error {
			workers, err := client.Workers(ctx)
			if err != nil {
				return err
			}
			if len(workers) == 0 {
				return fmt.Errorf("%w: %s", rpc.ErrNoWorkers, shown(c.Service))
			}
			methods, err = client.Methods(ctx)
			return err
		})
		if err != nil {
			return err
		}
		if c.JSON {
			return printLines(s.out, methods)
		}
		table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
		for _, m := range methods {
			fmt.Fprintf(table, "%s\t%s\t%s\t%d", shown(m.Name), shown(m.Request), shown(m.Result), m.Workers)
			if m.Doc != "" {
				fmt.Fprintf(table, "\t%s", shown(m.Doc))
			}
			fmt.Fprintln(table)
		}
		return table.Flush()
	})
}

func printLines(out io.Writer, methods []rpc.MethodInfo) error {
	for _, m := range methods {
		text, err := json.Marshal(m)
		if err != nil {
			return err
		}
		v, err := parseJSON(string(text))
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, string(appendJSON(nil, v))); err != nil {
			return err
		}
	}
	return nil
}

// Run is "desir rpc call".
func (c *rpcCall) Run(ctx context.Context, s streams, flags *cli) error {
	var asked document
	if c.Value != "" {
		text, err := wordOrStream(c.Value, s.in)
		if err == nil {
			if asked.value, err = parseJSON(text); err != nil {
				err = fmt.Errorf(`the request is no JSON (a text has quotes in it: '"text"'): %w`, err)
			}
		}
		if err != nil {
			return err
		}
	}
	opts := []rpc.CallOption{rpc.Wait(c.Wait)}
	for k, v := range c.Header {
		opts = append(opts, rpc.Header(k, v))
	}
	method := rpc.NewMethod[document, document](c.Method) // matches any signature; the worker accepts what it can decode
	return c.online(ctx, flags, func(ctx context.Context, client *rpc.Client) error {
		got, err := method.Call(ctx, client, asked, opts...)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(s.out, string(appendJSON(nil, got.value)))
		return err
	})
}

// Run is "desir rpc ping".
func (c *rpcPing) Run(ctx context.Context, s streams, flags *cli) error {
	return c.online(ctx, flags, func(ctx context.Context, client *rpc.Client) error {
		var took time.Duration
		err := c.retryNoWorkers(ctx, func() (err error) {
			took, err = client.Ping(ctx)
			return err
		})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(s.out, took.Round(time.Microsecond))
		return err
	})
}

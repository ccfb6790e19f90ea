package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/rpc"
)

// often is the method that the other process of a tour serves.
var often = rpc.NewMethod[string, int]("Often", rpc.Doc("returns the number of times that the tour has seen a word"))

var errNoWord = errors.New("the word is empty")

// tourWorkerCmd is the other process: a worker that serves the counts of a tour until
// its standard input ends. The tour starts it.
type tourWorkerCmd struct {
	Number int64 `arg:"" help:"Number of the tour."`
}

// Run is "desir tour-worker".
func (c *tourWorkerCmd) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		go func() {
			_, _ = io.Copy(io.Discard, s.in) // waits for its end
			stop()
		}()
		words := collections.NewMap[string, int](rdb, tourName(c.Number, "words"))
		worker := rpc.NewServer(rdb, tourName(c.Number, "rpc"), rpc.Grace(time.Second))
		often.Handle(worker, func(ctx context.Context, word string) (int, error) {
			if word == "" {
				return 0, rpc.Errorf(rpc.InvalidArgument, "%w", errNoWord)
			}
			n, _, err := words.Get(ctx, word)
			return n, err
		})
		return worker.Run(ctx)
	})
}

const (
	workerTimeout    = 15 * time.Second // for the other process to start and to reply
	workerEndTimeout = 5 * time.Second  // for it to end
)

// callWorker makes calls to another process, one that succeeds and one that fails.
func (t *tour) callWorker(ctx context.Context, out io.Writer, rdb redis.UniversalClient, url string) (err error) {
	life, stop := context.WithTimeout(ctx, workerTimeout)
	worker, err := startWorker(life, stop, t.number, url)
	if err != nil {
		stop()
		return err
	}
	defer func() {
		stop()
		<-worker.ended
		if worker.err != nil && ctx.Err() == nil {
			err = worker.err // the cause of other errors
		}
	}()
	word, _, err := t.top.At(life, 0)
	if err != nil {
		return err
	}
	if word == "" {
		word = "desir"
	}
	client := rpc.NewClient(rdb, tourName(t.number, "rpc"))
	if _, err := often.Call(life, client, word, rpc.Wait(workerTimeout)); err != nil { // until it is up
		return err
	}
	start := time.Now()
	n, err := often.Call(life, client, word)
	if err != nil {
		return err
	}
	took := time.Since(start)
	_, err = often.Call(life, client, "")
	e, ok := errors.AsType[*rpc.Error](err)
	if !ok {
		return errors.Join(errors.New("the worker accepted an empty word"), err)
	}
	_, err = fmt.Fprintf(out, "\nProcess %d serves calls: Often(%q) is %d, in %v; Often(\"\") fails with: %s (%s).\n",
		worker.cmd.Process.Pid, word, n, took.Round(time.Microsecond), e.Message, e.Code)
	return err
}

// tourWorker is the other process.
type tourWorker struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed after it has ended
	err   error         // set before ended is closed, if it failed
}

// startWorker starts this program a second time. When ctx or this process ends, so does
// the standard input of the other process, which then has a moment to end. startWorker
// calls stop when the process has ended.
func startWorker(ctx context.Context, stop func(), number int64, url string) (*tourWorker, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	var errs bytes.Buffer
	w := &tourWorker{cmd: exec.CommandContext(ctx, self, "tour-worker", strconv.FormatInt(number, 10)), ended: make(chan struct{})}
	w.cmd.Env = append(os.Environ(), "DESIR_URL="+url) // not an argument, which a process list would show
	w.cmd.Stderr, w.cmd.WaitDelay = &errs, workerEndTimeout
	stdin, err := w.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	w.cmd.Cancel = func() error {
		_ = stdin.Close()
		return os.ErrProcessDone // it ends by itself
	}
	if err := w.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(w.ended)
		if err := w.cmd.Wait(); err != nil {
			w.err = fmt.Errorf("the tour's worker: %w %s", err, strings.TrimSpace(errs.String()))
		}
		stop()
	}()
	return w, nil
}

// urlOf returns the URL by which another process finds the Redis of a tour.
func urlOf(rdb redis.UniversalClient, flags *cli) string {
	if own, ok := rdb.(*redis.Client); ok && flags.URL == "" {
		return "redis://" + own.Options().Addr // the embedded one
	}
	return flags.URL
}

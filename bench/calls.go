package main

import (
	"context"
	"fmt"
	"net/http"
	netrpc "net/rpc"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"connectrpc.com/connect"
	"github.com/hibiken/asynq"
	"github.com/nats-io/nats.go"
	"github.com/redis/go-redis/v9"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/desir-go/desir/rpc"
)

func checked(got, n int, err error) error {
	if err == nil && got != 2*n {
		return errResult
	}
	return err
}

// clients is the number of clients of a contest with several clients. The callers are
// divided among them.
const rdbs = 16

// calls returns the contests of RPC. The workers and the broker run in separate
// processes. asynq comes last, since it never idles.
func (w *env) calls() ([]contest, error) {
	if _, err := w.startedRole("desir", w.addr); err != nil {
		return nil, err
	}
	var rdb [rdbs]*redis.Client
	for i := range rdb {
		rdb[i] = w.client()
	}
	one, many := desirCalls(rdb[:1]), desirCalls(rdb[:])
	natsOne, natsMany := loops(func() (op, error) { return w.natsCalls(1) }), loops(func() (op, error) { return w.natsCalls(rdbs) })
	old := loops(func() (op, error) { return w.oldCalls(rdb[0]) })
	net, unary, task := loops(w.netCalls), loops(w.connectCalls), loops(w.asynqCalls)
	const (
		natsName, netName, connectName = "NATS request", "net/rpc", "connect-go, HTTP/1.1"
		oldName, asynqName             = "a reply key per call", "asynq, polled each ms"
	)
	of := func(callers int, desir op, peers ...peer) contest {
		return contest{work: "Method[int,int].Call", callers: callers, spread: true, desir: desir.loop(callers), peers: peers}
	}
	divided := of(256, many, peer{natsName, "G19", 1, natsMany(256)})
	divided.work += " over 16 clients"
	return []contest{
		of(256, one, peer{natsName, "G18", 1.4, natsOne(256)}, peer{netName, "G22", 1.5, net(256)},
			peer{connectName, "G22", 8, unary(256)}, peer{oldName, "G21", 8, old(256)}),
		divided,
		of(16, one, peer{natsName, "G20", 0.9, natsOne(16)}, peer{netName, "G22", 0.8, net(16)},
			peer{connectName, "G22", 2.5, unary(16)}, peer{oldName, "G21", 2, old(16)}),
		of(1, one, peer{natsName, "G20", 0.7, natsOne(1)}, peer{netName, "", 0, net(1)},
			peer{connectName, "", 0, unary(1)}, peer{oldName, "G21", 0.85, old(1)}),
		of(16, one, peer{asynqName, "G24", 10, task(16)}),
	}, nil
}

// loops returns the loops of an operation, which share its clients and processes.
func loops(open func() (op, error)) func(callers int) runner {
	do := sync.OnceValues(open)
	return func(callers int) runner {
		return lazy(func() (runner, error) {
			do, err := do()
			return do.loop(callers), err
		})
	}
}

func desirCalls(rdb []*redis.Client) op {
	var all []*rpc.Client
	for _, c := range rdb {
		all = append(all, rpc.NewClient(c, "calc"))
	}
	return func(ctx context.Context, g, i int) error {
		got, err := double.Call(ctx, all[g%len(all)], i)
		return checked(got, i, err)
	}
}

func (w *env) natsCalls(n int) (op, error) {
	url, err := w.startedRole("broker", "")
	if err != nil {
		return nil, err
	}
	if _, err := w.startedRole("nats", url); err != nil {
		return nil, err
	}
	var all []*nats.Conn
	for range n {
		nc, err := nats.Connect(url)
		if err != nil {
			return nil, err
		}
		all = append(all, nc)
		w.stops = append(w.stops, nc.Close)
	}
	return func(_ context.Context, g, i int) error {
		m, err := all[g%n].Request("double", strconv.AppendInt(nil, int64(i), 10), 5*time.Second)
		if err != nil {
			return err
		}
		got, err := strconv.Atoi(string(m.Data))
		return checked(got, i, err)
	}, nil
}

// oldCalls returns the call of the old client, which names a key for its reply.
func (w *env) oldCalls(rdb *redis.Client) (op, error) {
	_, err := w.startedRole("old", w.addr)
	var ids atomic.Int64
	return func(ctx context.Context, _, i int) error {
		key := fmt.Sprintf("reply:%d", ids.Add(1))
		if err := rdb.LPush(ctx, "old", key+" "+strconv.Itoa(i)).Err(); err != nil {
			return err
		}
		reply, err := rdb.BRPop(ctx, 5*time.Second, key).Result()
		if err != nil {
			return err
		}
		got, err := strconv.Atoi(reply[1])
		return checked(got, i, err)
	}, err
}

func (w *env) netCalls() (op, error) {
	addr, err := w.startedRole("net/rpc", "")
	if err != nil {
		return nil, err
	}
	c, err := netrpc.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	w.stops = append(w.stops, func() { _ = c.Close() })
	return func(_ context.Context, _, i int) error {
		var got int
		err := c.Call("Calc.Double", i, &got)
		return checked(got, i, err)
	}, nil
}

func (w *env) connectCalls() (op, error) {
	url, err := w.startedRole("connect", "")
	transport := &http.Transport{MaxIdleConns: 1024, MaxIdleConnsPerHost: 1024}
	c := connect.NewClient[wrapperspb.Int64Value, wrapperspb.Int64Value](&http.Client{Transport: transport}, url+connectPath)
	return func(ctx context.Context, _, i int) error {
		r, err := c.CallUnary(ctx, connect.NewRequest(wrapperspb.Int64(int64(i))))
		if err != nil {
			return err
		}
		return checked(int(r.Msg.GetValue()), i, nil)
	}, err
}

func (w *env) asynqCalls() (op, error) {
	_, err := w.startedRole("asynq", w.addr)
	opt := asynq.RedisClientOpt{Addr: w.addr}
	c, inspector := asynq.NewClient(opt), asynq.NewInspector(opt)
	w.stops = append(w.stops, func() { _, _ = c.Close(), inspector.Close() })
	return func(ctx context.Context, _, i int) error {
		t, err := c.EnqueueContext(ctx, asynq.NewTask("double", strconv.AppendInt(nil, int64(i), 10)), asynq.Retention(time.Minute))
		if err != nil {
			return err
		}
		for {
			info, err := inspector.GetTaskInfo(t.Queue, t.ID)
			if err != nil {
				return err
			}
			if info.State == asynq.TaskStateCompleted {
				got, err := strconv.Atoi(string(info.Result))
				return checked(got, i, err)
			}
			time.Sleep(time.Millisecond)
		}
	}, err
}

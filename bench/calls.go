package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	netrpc "net/rpc"
	"strconv"
	"sync/atomic"
	"time"

	"connectrpc.com/connect"
	"github.com/hibiken/asynq"
	"github.com/nats-io/nats.go"
	"github.com/redis/go-redis/v9"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/desir-go/desir/rpc"
)

var errResult = errors.New("a wrong result")

func checked(got, n int, err error) error {
	if err == nil && got != 2*n {
		return errResult
	}
	return err
}

// calls are the goals of RPC. The workers, and the broker, are processes of their own.
func (w *world) calls() ([]goal, func(), error) {
	var stops []func()
	stop := func() {
		for _, s := range stops {
			s()
		}
	}
	said := map[string]string{}
	for _, role := range []string{"desir", "old", "net/rpc", "connect", "broker", "nats", "asynq"} {
		arg := w.rdb.Options().Addr
		if role == "nats" {
			arg = said["broker"]
		}
		line, end, err := cast(role, arg)
		if err != nil {
			stop()
			return nil, nil, err
		}
		said[role], stops = line, append(stops, end)
	}
	p := peers{w: w}
	if err := p.connect(said); err != nil {
		stop()
		return nil, nil, err
	}
	stops = append(stops, p.close)
	of := func(name string, callers int, desir, peer op, peerName string, must float64) goal {
		return goal{name: name, work: "Method[int,int].Call", callers: callers, desir: desir, peer: peer, peerName: peerName, must: must}
	}
	one, many := p.desir(1), p.desir(16)
	natsOne, natsMany := p.nats(1), p.nats(16)
	return []goal{
		of("G18", 256, one, natsOne, "NATS request", 1.4),
		of("G19", 256, many, natsMany, "NATS request, 16 clients each", 1),
		of("G20", 16, one, natsOne, "NATS request", 0.9),
		of("G20", 1, one, natsOne, "NATS request", 0.7),
		of("G21", 256, one, p.old, "a reply key per call, go-redis", 8),
		of("G21", 16, one, p.old, "a reply key per call, go-redis", 2),
		of("G21", 1, one, p.old, "a reply key per call, go-redis", 0.85),
		of("G22", 256, one, p.call, "net/rpc", 1.5),
		of("G22", 16, one, p.call, "net/rpc", 0.8),
		of("G22", 256, one, p.unary, "connect-go, HTTP/1.1", 8),
		of("G22", 16, one, p.unary, "connect-go, HTTP/1.1", 2.5),
		of("G24", 16, one, p.task, "asynq, result polled each ms", 10),
	}, stop, nil
}

// peers is the clients of those that desir is beside.
type peers struct {
	w         *world
	rdb       [16]*redis.Client
	brokers   [16]*nats.Conn
	net       *netrpc.Client
	http      *connect.Client[wrapperspb.Int64Value, wrapperspb.Int64Value]
	tasks     *asynq.Client
	inspector *asynq.Inspector
	ids       atomic.Int64
}

func (p *peers) connect(said map[string]string) (err error) {
	for i := range p.brokers {
		p.rdb[i] = redis.NewClient(&redis.Options{Addr: p.w.rdb.Options().Addr})
		if p.brokers[i], err = nats.Connect(said["broker"]); err != nil {
			return err
		}
	}
	if p.net, err = netrpc.Dial("tcp", said["net/rpc"]); err != nil {
		return err
	}
	transport := &http.Transport{MaxIdleConns: 1024, MaxIdleConnsPerHost: 1024}
	p.http = connect.NewClient[wrapperspb.Int64Value, wrapperspb.Int64Value](&http.Client{Transport: transport}, said["connect"]+connectPath)
	opt := asynq.RedisClientOpt{Addr: p.w.rdb.Options().Addr}
	p.tasks, p.inspector = asynq.NewClient(opt), asynq.NewInspector(opt)
	return nil
}

func (p *peers) close() {
	for i := range p.brokers {
		p.brokers[i].Close()
		_ = p.rdb[i].Close()
	}
	_ = p.net.Close()
	_ = p.tasks.Close()
	_ = p.inspector.Close()
}

func (p *peers) desir(clients int) op {
	all := make([]*rpc.Client, clients)
	for i := range all {
		all[i] = rpc.NewClient(p.rdb[i], "calc")
	}
	return func(ctx context.Context, g, i int) error {
		got, err := double.Call(ctx, all[g%clients], i)
		return checked(got, i, err)
	}
}

func (p *peers) nats(clients int) op {
	return func(_ context.Context, g, i int) error {
		m, err := p.brokers[g%clients].Request("double", strconv.AppendInt(nil, int64(i), 10), 5*time.Second)
		if err != nil {
			return err
		}
		got, err := strconv.Atoi(string(m.Data))
		return checked(got, i, err)
	}
}

func (p *peers) old(ctx context.Context, _, i int) error {
	key := fmt.Sprintf("reply:%d", p.ids.Add(1))
	if err := p.rdb[0].LPush(ctx, "old", key+" "+strconv.Itoa(i)).Err(); err != nil {
		return err
	}
	reply, err := p.rdb[0].BRPop(ctx, 5*time.Second, key).Result()
	if err != nil {
		return err
	}
	got, err := strconv.Atoi(reply[1])
	return checked(got, i, err)
}

func (p *peers) call(_ context.Context, _, i int) error {
	var got int
	err := p.net.Call("Calc.Double", i, &got)
	return checked(got, i, err)
}

func (p *peers) unary(ctx context.Context, _, i int) error {
	r, err := p.http.CallUnary(ctx, connect.NewRequest(wrapperspb.Int64(int64(i))))
	if err != nil {
		return err
	}
	return checked(int(r.Msg.GetValue()), i, nil)
}

func (p *peers) task(ctx context.Context, _, i int) error {
	t, err := p.tasks.EnqueueContext(ctx, asynq.NewTask("double", strconv.AppendInt(nil, int64(i), 10)), asynq.Retention(time.Minute))
	if err != nil {
		return err
	}
	for {
		info, err := p.inspector.GetTaskInfo(t.Queue, t.ID)
		if err != nil {
			return err
		}
		if info.State == asynq.TaskStateCompleted {
			got, err := strconv.Atoi(string(info.Result))
			return checked(got, i, err)
		}
		time.Sleep(time.Millisecond)
	}
}

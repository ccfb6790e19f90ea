package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	netrpc "net/rpc"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect"
	"github.com/hibiken/asynq"
	broker "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/redis/go-redis/v9"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/desir-go/desir/rpc"
)

// double is the method of all workers.
var double = rpc.NewMethod[int, int]("double", rpc.Doc("twice the number"))

// roles contains the functions of the child processes of this program. A child gets one
// argument, prints a line when it is ready, and ends when its standard input is closed.
var roles = map[string]func(ctx context.Context, arg string) (string, error){
	"desir":   serveDesir,
	"old":     serveOld,
	"net/rpc": serveNetRPC,
	"connect": serveConnect,
	"broker":  serveBroker,
	"nats":    serveNATS,
	"asynq":   serveAsynq,
	"link":    serveLink,
}

// runRole runs a role.
func runRole(role, arg string) error {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	line, err := roles[role](ctx, arg)
	if err != nil {
		return fmt.Errorf("%s: %w", role, err)
	}
	fmt.Println(line)
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// spawn starts a process for a role and returns the line that it prints.
func spawn(role, arg string) (output string, stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	cmd := exec.Command(self, "-role", role, "-arg", arg)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	output, err = bufio.NewReader(out).ReadString('\n')
	stop = func() {
		_ = in.Close()
		timer := time.AfterFunc(5*time.Second, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		timer.Stop()
	}
	if err != nil {
		stop()
		return "", nil, fmt.Errorf("the role %s did not begin: %w", role, err)
	}
	return strings.TrimSpace(output), stop, nil
}

func serveDesir(ctx context.Context, addr string) (string, error) {
	rdb := redis.NewClient(&redis.Options{Addr: addr})
	s := rpc.NewServer(rdb, "calc")
	double.Handle(s, func(_ context.Context, n int) (int, error) { return 2 * n, nil })
	go func() { _ = s.Run(ctx) }()
	_, err := rpc.NewClient(rdb, "calc").Ping(ctx)
	for until := time.Now().Add(5 * time.Second); errors.Is(err, rpc.ErrNoWorkers) && time.Now().Before(until); {
		_, err = rpc.NewClient(rdb, "calc").Ping(ctx)
	}
	return "ready", err
}

// serveOld is a worker with the design of the old client: each call names a key for its
// reply.
func serveOld(ctx context.Context, addr string) (string, error) {
	rdb := redis.NewClient(&redis.Options{Addr: addr})
	for range 16 {
		go func() {
			for ctx.Err() == nil {
				call, err := rdb.BRPop(ctx, time.Second, "old").Result()
				if err != nil {
					continue
				}
				key, text, _ := strings.Cut(call[1], " ")
				n, _ := strconv.Atoi(text)
				pipe := rdb.Pipeline()
				pipe.LPush(ctx, key, 2*n)
				pipe.Expire(ctx, key, time.Minute)
				_, _ = pipe.Exec(ctx)
			}
		}()
	}
	return "ready", rdb.Ping(ctx).Err()
}

// Calc is the receiver for net/rpc.
type Calc struct{}

// Double is the method that net/rpc calls.
func (Calc) Double(n int, out *int) error {
	*out = 2 * n
	return nil
}

func serveNetRPC(_ context.Context, _ string) (string, error) {
	s := netrpc.NewServer()
	if err := s.Register(Calc{}); err != nil {
		return "", err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	go s.Accept(l)
	return l.Addr().String(), nil
}

const connectPath = "/calc.Calc/Double"

func serveConnect(_ context.Context, _ string) (string, error) {
	mux := http.NewServeMux()
	mux.Handle(connectPath, connect.NewUnaryHandler(connectPath,
		func(_ context.Context, r *connect.Request[wrapperspb.Int64Value]) (*connect.Response[wrapperspb.Int64Value], error) {
			return connect.NewResponse(wrapperspb.Int64(2 * r.Msg.GetValue())), nil
		}))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	go func() { _ = http.Serve(l, mux) }()
	return "http://" + l.Addr().String(), nil
}

func serveBroker(_ context.Context, _ string) (string, error) {
	s, err := broker.NewServer(&broker.Options{Host: "127.0.0.1", Port: broker.RANDOM_PORT, NoSigs: true, NoLog: true})
	if err != nil {
		return "", err
	}
	go s.Start()
	if !s.ReadyForConnections(5 * time.Second) {
		return "", errors.New("the broker does not begin")
	}
	return s.ClientURL(), nil
}

func serveNATS(_ context.Context, url string) (string, error) {
	nc, err := nats.Connect(url)
	if err != nil {
		return "", err
	}
	_, err = nc.Subscribe("double", func(m *nats.Msg) {
		n, _ := strconv.Atoi(string(m.Data))
		_ = m.Respond(strconv.AppendInt(nil, int64(2*n), 10))
	})
	if err == nil {
		err = nc.Flush()
	}
	return "ready", err
}

func serveAsynq(_ context.Context, addr string) (string, error) {
	s := asynq.NewServer(asynq.RedisClientOpt{Addr: addr}, asynq.Config{Concurrency: 64, TaskCheckInterval: time.Millisecond, LogLevel: asynq.FatalLevel})
	mux := asynq.NewServeMux()
	mux.HandleFunc("double", func(_ context.Context, t *asynq.Task) error {
		n, err := strconv.Atoi(string(t.Payload()))
		if err == nil {
			_, err = t.ResultWriter().Write(strconv.AppendInt(nil, int64(2*n), 10))
		}
		return err
	})
	return "ready", s.Start(mux)
}

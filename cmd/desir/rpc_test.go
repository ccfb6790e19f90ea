package main

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/rpc"
)

type thing struct {
	Name string
	Many int64
	Half float64
}

// working starts a worker with methods of all kinds, which runs until the test ends.
func working(t *testing.T, rdb redis.UniversalClient) {
	t.Helper()
	s := rpc.NewServer(rdb, "calc")
	rpc.NewMethod[[]int64, int64]("Sum", rpc.Doc("adds\tnumbers")).Handle(s, func(_ context.Context, ns []int64) (sum int64, err error) {
		for _, n := range ns {
			sum += n
		}
		return sum, nil
	})
	rpc.NewMethod[thing, thing]("Twice").Handle(s, func(_ context.Context, v thing) (thing, error) {
		return thing{v.Name + v.Name, 2 * v.Many, 2 * v.Half}, nil
	})
	rpc.NewMethod[struct{}, map[int]string]("Lang").Handle(s, func(ctx context.Context, _ struct{}) (map[int]string, error) {
		info, _ := rpc.InfoFrom(ctx)
		return map[int]string{1: info.Headers["lang"] + info.Headers["a"]}, nil
	})
	rpc.NewMethod[string, struct{}]("Fail").Handle(s, func(_ context.Context, name string) (struct{}, error) {
		e, _ := errors.AsType[*rpc.Error](rpc.Errorf(rpc.NotFound, "open: %w", fs.ErrNotExist))
		return struct{}{}, e.With("name", name).With("by", "id")
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

func TestRPC(t *testing.T) {
	s := redistest.StartServer(t)
	t.Setenv("DESIR_URL", "redis://"+s.Addr)
	for _, args := range [][]string{
		{"ls", "calc"},
		{"ping", "calc"},
		{"call", "calc", "Sum", "[1]", "--wait", "60ms"},
		{"ls", "calc", "--wait", "60ms"},
		{"ping", "calc", "--wait", "1h", "--timeout", "60ms"},
	} {
		status, out, errs := tool(t, append([]string{"rpc"}, args...)...)
		if status != 1 || out != "" || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, "no worker") && !strings.Contains(errs, "deadline") {
			t.Errorf("%q without a worker: exit status %d, %q, %q", args, status, out, errs)
		}
	}
	working(t, s.Client(t))
	follow(t, []step{
		{[]string{"rpc", "call", "calc", "Sum", "[10,20,30,40,50]", "--wait", "20s"}, 0, "150\n"},
		{[]string{"rpc", "call", "calc", "Sum", "[9223372036854775807,-1]"}, 0, "9223372036854775806\n"},
		{[]string{"rpc", "call", "calc", "Sum"}, 0, "0\n"},
		{[]string{"rpc", "call", "calc", "Twice", `{"Name":"a\u001b","Many":9007199254740993,"Half":1}`}, 0, `{"Name":"a\u001ba\u001b","Many":18014398509481986,"Half":2.0}` + "\n"},
		{[]string{"rpc", "call", "calc", "Lang", "--header", "lang=en=1;b=2", "--header", "a=b"}, 0, `{"$map":[[1,"en=1;b=2b"]]}` + "\n"},
		{[]string{"rpc", "ls", "calc"}, 0, "Fail   text   {}          1\nLang   {}     {int:text}  1\nSum    [int]  int         1  \"adds\\tnumbers\"\nTwice  {}     {}          1\n"},
		{[]string{"rpc", "call", "calc", "sum", "[1]"}, 1, ""},
		{[]string{"rpc", "call", "calc", "Sum", "[1.5]"}, 1, ""},
		{[]string{"rpc", "call", "calc", "Sum", "[1"}, 1, ""},
		{[]string{"rpc", "call", "calc", "Sum", "[123456789012345678901]"}, 1, ""},
		{[]string{"rpc", "call", "calc", "Sum", "[1]", "--wait", "x"}, 2, ""},
	})
	if status, out, _ := piped(t, "[1,\n2]\n", "rpc", "call", "calc", "Sum", "-"); status != 0 || out != "3\n" {
		t.Errorf("standard input: exit status %d, %q", status, out)
	}
	status, out, errs := tool(t, "rpc", "call", "calc", "Fail", `"x\ny"`)
	if status != 1 || out != "" || !strings.HasPrefix(errs, "desir: Fail: open: file does not exist (not found, worker ") || !strings.HasSuffix(errs, `, by=id, name="x\ny")`+"\n") {
		t.Errorf("a worker's error: exit status %d, %q, %q", status, out, errs)
	}
	status, out, errs = tool(t, "rpc", "call", "calc", "Sum", "hello")
	if status != 1 || out != "" || !strings.Contains(errs, "the request is no JSON") || !strings.Contains(errs, `'"text"'`) {
		t.Errorf("a word that is no JSON: status %d, %q, %q", status, out, errs)
	}
	status, out, _ = tool(t, "rpc", "ls", "calc", "--json")
	if status != 0 || !strings.Contains(out, `{"name":"Sum","doc":"adds\tnumbers","request":"[int]","result":"int","workers":1}`+"\n") {
		t.Errorf("ls --json: exit status %d, %q", status, out)
	}
	status, out, _ = tool(t, "rpc", "ping", "calc")
	if d, err := time.ParseDuration(strings.TrimSpace(out)); status != 0 || err != nil || d <= 0 {
		t.Errorf("ping: exit status %d, %q", status, out)
	}
}

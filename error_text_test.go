package desir_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"net"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/command"
	"github.com/desir-go/desir/counter"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/rpc"
)

// foreignTexts are texts that can occur in a name, a reply or a handler's error and
// must not occur in a line of a log.
var foreignTexts = map[string]string{
	"line feed":       "carts\n2026/01/01 INFO all is well",
	"carriage return": "carts\rINFO all is well",
	"escape sequence": "carts\x1b[2J\x1b]0;title\x07",
	"CSI":             "carts\u009b2J",
	"bidi":            "carts\u202etrac\u2066",
	"zero width":      "ca\u200brts\u200d\ufeff",
	"line separator":  "carts\u2028carts\u2029",
	"invisible":       "carts\u3164\U000e0041",
	"NUL":             "carts\x00carts",
	"not UTF-8":       "carts\xff\xc3(",
	"long":            strings.Repeat("x", 1<<20),
	"long, escaped":   strings.Repeat("\x1b", 1<<20),
	"long, wide":      "x" + strings.Repeat("数", 1<<18),
}

// unsafe returns a description of what is wrong with a line, or "".
func unsafe(s string) string {
	switch {
	case len(s) >= 1<<10:
		return fmt.Sprintf("%d bytes: %.100q", len(s), s)
	case !utf8.ValidString(s):
		return fmt.Sprintf("not UTF-8: %q", s)
	}
	for _, r := range s {
		if !strconv.IsPrint(r) || r == '\u3164' {
			return fmt.Sprintf("%U in %q", r, s)
		}
	}
	return ""
}

// says is an error from a server, a hook or a handler.
type says string

func (s says) Error() string { return string(s) }
func (says) RedisError()     {}

// TestErrorTypesAreOneLine fills the fields of every exported error type with hostile
// texts. The fields must keep them, and the error text must be one printable line of
// less than 1 KiB.
func TestErrorTypesAreOneLine(t *testing.T) {
	t.Parallel()
	kinds := map[string]func(s string) error{
		"desir.OpError":     func(s string) error { return &desir.OpError{Op: s, Key: s, Err: says(s)} },
		"codec.DecodeError": func(s string) error { return &codec.DecodeError{Key: s, Field: s, Type: s, Codec: s, Err: says(s)} },
		"command.ArgError":  func(s string) error { return &command.ArgError{Command: s, Want: s, Usage: s, Table: s} },
		"channel.GapError":  func(string) error { return &channel.GapError{Missed: 1 << 62} },
		"rpc.Error": func(s string) error {
			return &rpc.Error{Code: 255, Message: s, Method: s, Worker: s, Details: map[string]string{s: s}}
		},
	}
	for _, name := range exportedErrors(t) {
		if kinds[name] == nil {
			t.Errorf("no case for %s", name)
		}
	}
	for name, kind := range kinds {
		for text, s := range foreignTexts {
			err := kind(s)
			for _, err := range []error{err, &desir.OpError{Op: "rpc.Client.Invoke", Key: s, Err: err}} {
				if bad := unsafe(err.Error()); bad != "" {
					t.Errorf("%s, %s: %s", name, text, bad)
				}
			}
			for i := range reflect.TypeOf(err).Elem().NumField() {
				if f := reflect.ValueOf(err).Elem().Field(i); f.Kind() == reflect.String && f.String() != s {
					t.Errorf("%s, %s: field %d does not keep the text", name, text, i)
				}
			}
		}
	}
	lone := &rpc.Error{Message: "a\nb"} // as a handler returns it
	if got := lone.Error(); got != "a; b" {
		t.Errorf("a text of two lines is %q", got)
	}
}

// exportedErrors returns the exported types of the module's public packages that have an
// Error method, as "package.Type".
func exportedErrors(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, p := range packages(t) {
		if name, _ := inside(p.ImportPath); strings.Contains(name, "internal") || strings.HasPrefix(name, "cmd") {
			continue
		}
		for _, file := range p.GoFiles {
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, file), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range f.Decls {
				fn, ok := d.(*ast.FuncDecl)
				if !ok || fn.Recv == nil || fn.Name.Name != "Error" || fn.Type.Results == nil {
					continue
				}
				typ := fn.Recv.List[0].Type
				if star, ok := typ.(*ast.StarExpr); ok {
					typ = star.X
				}
				if id, ok := typ.(*ast.Ident); ok && id.IsExported() {
					found = append(found, f.Name.Name+"."+id.Name)
				}
			}
		}
	}
	if len(found) < 5 {
		t.Fatalf("found %q", found)
	}
	return found
}

// refuses is a hook that returns an error for every command.
type refuses struct{ err error }

func (r refuses) DialHook(redis.DialHook) redis.DialHook {
	return func(context.Context, string, string) (net.Conn, error) { return nil, r.err }
}

func (r refuses) ProcessHook(redis.ProcessHook) redis.ProcessHook {
	return func(_ context.Context, cmd redis.Cmder) error {
		cmd.SetErr(r.err)
		return r.err
	}
}

func (r refuses) ProcessPipelineHook(redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(_ context.Context, cmds []redis.Cmder) error {
		for _, cmd := range cmds {
			cmd.SetErr(r.err)
		}
		return r.err
	}
}

// TestErrorsAreOneLine makes calls that fail because of a hostile name, reply, value or
// option. The error text must be safe.
func TestErrorsAreOneLine(t *testing.T) {
	t.Parallel()
	for text, s := range foreignTexts {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			check := func(what string, err error) {
				t.Helper()
				if err == nil {
					t.Errorf("%s: no error", what)
				} else if bad := unsafe(err.Error()); bad != "" {
					t.Errorf("%s: %s", what, bad)
				}
			}
			for class, answer := range map[string]error{
				"reply": says("ERR " + s), "class": says("WRONGTYPE " + s), "denied": says("NOPERM " + s), "word": says(s),
				"unknown": says("ERR unknown command '" + s + "', with args beginning with: 'x'"), "hook": errors.New(s),
			} {
				rdb := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
				t.Cleanup(func() { _ = rdb.Close() })
				rdb.AddHook(refuses{answer})
				_, err := collections.NewMap[string, int](rdb, s).Update(ctx, s, func(int, bool) (int, bool, error) { return 0, true, nil })
				check(class+": Update", err)
				check(class+": Set", collections.NewMap[string, int](rdb, s).Set(ctx, s, 1))
				_, err = counter.New(rdb, s).Next(ctx)
				check(class+": Next", err)
				check(class+": Send", channel.NewChan[string](rdb, s).Send(ctx, s))
				_, err = command.New(rdb).Do(ctx, "get", s)
				check(class+": Do", err)
				if class != "unknown" { // then Load uses the built-in specification
					_, err = command.Load(ctx, rdb)
					check(class+": Load", err)
				}
				_, err = desir.Check(ctx, rdb)
				check(class+": Check", err)
				_, _, err = collections.NewMap[string, int](rdb, s).Get(ctx, s)
				check(class+": Get", err)
			}
			cluster := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{"127.0.0.1:1"}})
			defer func() { _ = cluster.Close() }()
			_, err := collections.NewSet[int](cluster, s).Union(ctx, collections.NewSet[int](cluster, "other"))
			check("two slots", err)
			_, err = command.New(cluster, command.Allow(s)).Do(ctx, "get", "k")
			check("option of a Runner", err)
			_, err = command.New(cluster, command.Allow("@"+s)).Do(ctx, "get", "k")
			check("category of a Runner", err)
			_, err = command.New(cluster).Do(ctx, s)
			check("unknown command", err)
			_, err = rpc.NewMethod[int, int](s).Call(ctx, rpc.NewClient(cluster, s), 1)
			check("method of a call", err)
			server := rpc.NewServer(cluster, s)
			for range 2 {
				rpc.NewMethod[int, int]("m").Handle(server, func(context.Context, int) (int, error) { return 0, nil })
				rpc.NewMethod[int, int](s).Handle(server, func(context.Context, int) (int, error) { return 0, nil })
			}
			check("methods of a server", server.Run(ctx))
			_, err = desir.Open(ctx, "redis://localhost?"+strings.ReplaceAll(urlEscape(s), "%25", "%")+"=1")
			check("option of a URL", err)
			_, err = desir.Open(ctx, "unix:///nowhere/"+urlEscape(s)+"?max_retries=-1")
			check("path of a socket", err)
			odd := reflect.New(reflect.StructOf([]reflect.StructField{{Name: "C", Type: reflect.TypeFor[chan int](), Tag: reflect.StructTag(s)}})).Elem().Interface()
			_, err = codec.Msgpack.Append(nil, odd)
			check("type", err)
		})
	}
}

// urlEscape percent-encodes every byte of the first 4 KiB of s.
func urlEscape(s string) string {
	s = s[:min(len(s), 4096)]
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, "%%%02x", s[i])
	}
	return b.String()
}

// TestHandlersErrorsAreOneLine makes handlers return and panic with hostile texts. The
// texts of the error and of its causes must be safe, and so must the worker's log
// lines. The message must contain the text up to 1 KiB, also after passing through a
// second worker.
func TestHandlersErrorsAreOneLine(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		var log bytes.Buffer
		server := rpc.NewServer(r.Client, r.Key("svc\n"), rpc.Logger(slog.New(slog.NewJSONHandler(&log, nil))))
		fail, panics := rpc.NewMethod[string, int]("fail"), rpc.NewMethod[string, int]("panic")
		relay := rpc.NewMethod[string, int]("relay")
		client := rpc.NewClient(r.Client, r.Key("svc\n"))
		defer func() { _ = client.Close() }()
		fail.Handle(server, func(_ context.Context, s string) (int, error) {
			return 0, rpc.Errorf(rpc.Internal, "%w", errors.New(s))
		})
		relay.Handle(server, func(ctx context.Context, s string) (int, error) {
			_, err := fail.Call(ctx, client, s)
			e, _ := errors.AsType[*rpc.Error](err)
			return 0, e
		})
		panics.Handle(server, func(_ context.Context, s string) (int, error) { panic(s) })
		running, stop := context.WithCancel(ctx)
		ended := make(chan error)
		go func() { ended <- server.Run(running) }()
		redistest.Eventually(t, 20*time.Second, func() bool {
			_, err := fail.Call(ctx, client, "")
			return !errors.Is(err, rpc.ErrNoWorkers)
		}, "the worker is there")
		for text, s := range foreignTexts {
			s = s[:min(len(s), 500_000)]
			for name, m := range map[string]rpc.Method[string, int]{"fail": fail, "panic": panics, "relay": relay} {
				_, err := m.Call(ctx, client, s)
				e, ok := errors.AsType[*rpc.Error](err)
				if !ok {
					t.Fatalf("%s, %s: %v", name, text, err)
				}
				if plain := strings.ToValidUTF8(s, "\uFFFD"); name != "panic" && !strings.Contains(e.Message, plain[:min(len(plain), 900)]) {
					t.Errorf("%s, %s: the message is %.100q", name, text, e.Message)
				}
				eachCause(err, func(err error) {
					if bad := unsafe(err.Error()); bad != "" {
						t.Errorf("%s, %s: %T: %s", name, text, err, bad)
					}
				})
			}
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		for line := range strings.Lines(log.String()) {
			if strings.Contains(line, `\u001b`) || strings.Contains(line, `svc\n"`) || len(line) > 8<<10 {
				t.Errorf("log line %.300q", line)
			}
		}
	})
}

func eachCause(err error, f func(error)) {
	f(err)
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		if cause := e.Unwrap(); cause != nil {
			eachCause(cause, f)
		}
	case interface{ Unwrap() []error }:
		for _, cause := range slices.Clone(e.Unwrap()) {
			eachCause(cause, f)
		}
	}
}

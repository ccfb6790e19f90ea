package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/internal/redistest"
)

// onServer starts a server for the tool.
func onServer(t *testing.T) *redistest.Server {
	t.Helper()
	s := redistest.StartServer(t)
	t.Setenv("DESIR_URL", "redis://"+s.Addr)
	return s
}

func TestMap(t *testing.T) {
	onServer(t)
	follow(t, []step{
		{[]string{"map", "ls", "m"}, 0, ""},
		{[]string{"map", "len", "m"}, 0, "0\n"},
		{[]string{"map", "set", "m", "ada", `{"Name":"Ada","Age":36}`}, 0, ""},
		{[]string{"map", "ls", "m"}, 0, "ada\t{\"Name\":\"Ada\",\"Age\":36}\n"},
		{[]string{"map", "ls", "m", "--json"}, 0, "{\"key\":\"ada\",\"value\":{\"Name\":\"Ada\",\"Age\":36}}\n"},
		{[]string{"map", "set", "m", "a\tb", "-5"}, 0, ""},
		{[]string{"map", "get", "m", "a\tb"}, 0, "-5\n"},
		{[]string{"map", "get", "m", "a\tb", "--json"}, 0, "\"-5\"\n"},
		{[]string{"map", "set", "m", `{"X":1}`, "--json", `"a\u001bb"`}, 0, ""},
		{[]string{"map", "get", "m", `{"X":1}`}, 0, "\"a\\x1bb\"\n"},
		{[]string{"map", "len", "m"}, 0, "3\n"},
		{[]string{"map", "ls", "m", "-n", "1", "--msgpack"}, 0, "ada\t{\"Name\":\"Ada\",\"Age\":36}\n"},
		{[]string{"map", "get", "m", "bob"}, 1, ""},
		{[]string{"map", "set", "m", "bob", "{"}, 1, ""},
		{[]string{"map", "set", "m", "[", "x"}, 1, ""},
		{[]string{"map", "del", "m", "ada", "bob", "a\tb"}, 0, "2\n"},
		{[]string{"map", "rm", "m", `{"X":1}`}, 0, "1\n"},
		{[]string{"map", "set", "m", "ada"}, 2, ""},
		{[]string{"map", "get", "m"}, 2, ""},
		{[]string{"map", "ls", ""}, 1, ""},
		{[]string{"value", "set", "v", "x"}, 0, ""},
		{[]string{"map", "ls", "v"}, 1, ""},
		{[]string{"map", "get", "v", "x"}, 1, ""},
	})
	if status, _, errs := piped(t, "two\nlines\n", "map", "set", "m", "k", "-"); status != 0 {
		t.Fatalf("exit status %d, %q", status, errs)
	}
	follow(t, []step{{[]string{"map", "ls", "m"}, 0, "k\t\"two\\nlines\"\n"}})
}

func TestSet(t *testing.T) {
	onServer(t)
	follow(t, []step{
		{[]string{"set", "ls", "s"}, 0, ""},
		{[]string{"set", "add", "s", "tea", "tea", `{"X":1}`}, 0, "2\n"},
		{[]string{"set", "has", "s", "tea", "cups", `{"X":1}`}, 0, "true\nfalse\ntrue\n"},
		{[]string{"set", "del", "s", "tea", "cups"}, 0, "1\n"},
		{[]string{"set", "ls", "s"}, 0, "{\"X\":1}\n"},
		{[]string{"set", "add", "s", "--text", `{"X":1}`}, 0, "1\n"},
		{[]string{"set", "rm", "s", `{"X":1}`}, 0, "1\n"},
		{[]string{"set", "ls", "s", "--json"}, 0, "\"{\\\"X\\\":1}\"\n"},
		{[]string{"set", "len", "s"}, 0, "1\n"},
		{[]string{"set", "has", "s"}, 2, ""},
		{[]string{"set", "has", "s", "["}, 1, ""},
		{[]string{"set", "add", "s", "["}, 1, ""},
	})
	if status, out, errs := piped(t, "a\nb\n\na", "set", "add", "s"); status != 0 || out != "3\n" {
		t.Errorf("exit status %d, %q, %q; want three new members", status, out, errs)
	}
}

func TestList(t *testing.T) {
	onServer(t)
	follow(t, []step{
		{[]string{"list", "ls", "l"}, 0, ""},
		{[]string{"list", "pop", "l"}, 1, ""},
		{[]string{"list", "push", "l", "b", "-5", `["c"]`}, 0, "3\n"},
		{[]string{"list", "push", "l", "a", "--front"}, 0, "4\n"},
		{[]string{"list", "ls", "l"}, 0, "a\nb\n-5\n[\"c\"]\n"},
		{[]string{"list", "ls", "l", "--count", "2", "--json"}, 0, "\"a\"\n\"b\"\n"},
		{[]string{"list", "at", "l", "-2"}, 0, "-5\n"},
		{[]string{"list", "at", "l", "4"}, 1, ""},
		{[]string{"list", "at", "l", "x"}, 2, ""},
		{[]string{"list", "pop", "l", "--back", "--json"}, 0, "[\"c\"]\n"},
		{[]string{"list", "pop", "l"}, 0, "a\n"},
		{[]string{"list", "len", "l"}, 0, "2\n"},
	})
	if status, out, errs := piped(t, "x\ny", "list", "push", "l", "-"); status != 0 || out != "4\n" {
		t.Errorf("exit status %d, %q, %q; want a length of 4", status, out, errs)
	}
	if status, out, errs := piped(t, "", "list", "push", "l"); status != 0 || out != "4\n" {
		t.Errorf("nothing pushed: exit status %d, %q, %q; want a length of 4", status, out, errs)
	}
	lines := strings.Repeat("x\n", 3*maxBatch)
	if status, out, errs := piped(t, lines, "list", "push", "long"); status != 0 || out != "1500\n" {
		t.Errorf("exit status %d, %q, %q; want a length of 1500", status, out, errs)
	}
	if status, out, errs := tool(t, "list", "ls", "long"); status != 0 || out != lines {
		t.Errorf("exit status %d, %d lines, %q; want 1500", status, strings.Count(out, "\n"), errs)
	}
}

func TestSortedSet(t *testing.T) {
	onServer(t)
	follow(t, []step{
		{[]string{"sortedset", "ls", "z"}, 0, ""},
		{[]string{"sortedset", "add", "z", "1.5", "tea", `{"X":1}`, "tea"}, 0, "2\n"},
		{[]string{"sortedset", "add", "z", "-2", "-5", "a\x1bb"}, 0, "2\n"},
		{[]string{"sortedset", "add", "z", "1000000", "many"}, 0, "1\n"},
		{[]string{"sortedset", "add", "z", "-inf", "first"}, 0, "1\n"},
		{[]string{"sortedset", "add", "z", "-1e-9", "--text", "["}, 0, "1\n"},
		{[]string{"sortedset", "ls", "z"}, 0, "first\t-inf\n-5\t-2\n\"a\\x1bb\"\t-2\n[\t-1e-09\ntea\t1.5\n{\"X\":1}\t1.5\nmany\t1000000\n"},
		{[]string{"sortedset", "ls", "z", "--reverse", "-n", "2", "--json"}, 0, "{\"member\":\"many\",\"score\":1000000.0}\n{\"member\":{\"X\":1},\"score\":1.5}\n"},
		{[]string{"sortedset", "get", "z", "tea"}, 0, "1.5\n"},
		{[]string{"sortedset", "get", "z", `{"X":1}`}, 0, "1.5\n"},
		{[]string{"sortedset", "get", "z", "none"}, 1, ""},
		{[]string{"sortedset", "len", "z"}, 0, "7\n"},
		{[]string{"sortedset", "pop", "z"}, 0, "first\t-inf\n"},
		{[]string{"sortedset", "pop", "z", "--max", "--json"}, 0, "{\"member\":\"many\",\"score\":1000000.0}\n"},
		{[]string{"sortedset", "rm", "z", "tea", "none"}, 0, "1\n"},
		{[]string{"sortedset", "pop", "none"}, 1, ""},
		{[]string{"sortedset", "add", "z", "nan", "m"}, 2, ""},
		{[]string{"set", "add", "s", "x"}, 0, "1\n"},
		{[]string{"sortedset", "ls", "s"}, 1, ""},
	})
	if status, out, errs := piped(t, "a\nb\n", "sortedset", "add", "piped", "3"); status != 0 || out != "2\n" {
		t.Errorf("exit status %d, %q, %q; want two new members", status, out, errs)
	}
}

func TestPQ(t *testing.T) {
	s := onServer(t)
	follow(t, []step{
		{[]string{"pq", "pop", "q"}, 1, ""},
		{[]string{"pq", "pop", "empty-queue", "--wait", "10ms"}, 1, ""},
		{[]string{"pq", "push", "q", "5", "late", `{"X":1}`, "late"}, 0, ""},
		{[]string{"pq", "push", "q", "-1", "first\x1b[2J"}, 0, ""},
		{[]string{"pq", "ls", "q"}, 0, "-1\t\"first\\x1b[2J\"\n5\tlate\n5\t{\"X\":1}\n5\tlate\n"},
		{[]string{"pq", "ls", "q", "-n", "1", "--json"}, 0, "{\"priority\":-1.0,\"value\":\"first\\u001b[2J\"}\n"},
		{[]string{"pq", "len", "q"}, 0, "4\n"},
		{[]string{"pq", "pop", "q"}, 0, "\"first\\x1b[2J\"\n"},
		{[]string{"pq", "pop", "q", "--wait=-1s"}, 0, "late\n"},
		{[]string{"pq", "pop", "q", "--wait", "1m", "--json"}, 0, "{\"X\":1}\n"},
		{[]string{"pq", "push", "q", "1.5", "x"}, 2, ""},
		{[]string{"set", "add", "s", "x"}, 0, "1\n"},
		{[]string{"pq", "push", "s", "1", "x"}, 1, ""},
	})
	if err := s.Client(t).ZAdd(context.Background(), "plain", redis.Z{Score: 0.5, Member: "by hand"}).Err(); err != nil {
		t.Fatal(err)
	}
	follow(t, []step{{[]string{"pq", "ls", "plain"}, 0, "0.5\tby hand\n"}})
	heard := listening("pq", "pop", "later", "--wait=-1s")
	if status, _, errs := piped(t, "from\na pipe\n", "pq", "push", "later", "3"); status != 0 {
		t.Fatalf("exit status %d, %q", status, errs)
	}
	if got := <-heard; got.status != 0 || got.out != "from\n" && got.out != "a pipe\n" {
		t.Errorf("popped %+v", got)
	}
}

func TestValueAndCounter(t *testing.T) {
	onServer(t)
	follow(t, []step{
		{[]string{"value", "get", "v"}, 1, ""},
		{[]string{"value", "set", "v", "--msgpack", "42"}, 0, ""},
		{[]string{"value", "get", "v", "--msgpack"}, 0, "42\n"},
		{[]string{"value", "get", "v"}, 0, "*\n"},
		{[]string{"value", "del", "v"}, 0, "1\n"},
		{[]string{"value", "rm", "v"}, 0, "0\n"},
		{[]string{"counter", "get", "c"}, 0, "0\n"},
		{[]string{"counter", "next", "c"}, 0, "1\n"},
		{[]string{"counter", "add", "c", "-3"}, 0, "-2\n"},
		{[]string{"counter", "set", "c", "9007199254740993"}, 0, ""},
		{[]string{"counter", "next", "c"}, 0, "9007199254740994\n"},
		{[]string{"counter", "add", "c", "1.5"}, 2, ""},
		{[]string{"counter", "add", "c", "9223372036854775807"}, 1, ""},
		{[]string{"value", "set", "c", "text"}, 0, ""},
		{[]string{"counter", "get", "c"}, 1, ""},
	})
	if status, _, errs := piped(t, "[1,\n 2]\n", "value", "set", "v", "-"); status != 0 {
		t.Fatalf("exit status %d, %q", status, errs)
	}
	follow(t, []step{{[]string{"value", "get", "v"}, 0, "[1,2]\n"}})
}

// user has fields of every type.
type user struct {
	Name   string
	Age    int `msgpack:"age"`
	Size   float32
	Score  float64
	Since  time.Time
	Key    []byte
	Tags   []string
	Visits map[int]int
	Friend *user
	Any    any
}

// TestTyped stores with the tool what a Go program reads, and the reverse, with the
// same bytes.
func TestTyped(t *testing.T) {
	s := onServer(t)
	ctx, rdb := context.Background(), s.Client(t)
	ada := user{
		Name: "Ada", Age: 36, Size: 0.1, Score: 2, Since: time.Date(1815, 12, 10, 0, 0, 0, 5, time.UTC), Key: []byte{0, 0xff},
		Tags: []string{"a", "b"}, Visits: map[int]int{2: 1, 1: 9}, Friend: &user{Name: "Bob"}, Any: map[string]any{"n": nil},
	}
	users := collections.NewMap[string, user](rdb, "users")
	if err := users.Set(ctx, "ada", ada); err != nil {
		t.Fatal(err)
	}
	_, shown, errs := tool(t, "map", "get", "users", "ada")
	if status, _, errs2 := piped(t, shown, "map", "set", "users", "copy", "-"); status != 0 {
		t.Fatalf("%q is not taken: %s%s", shown, errs, errs2)
	}
	if v, ok, err := users.Get(ctx, "copy"); err != nil || !ok || !reflect.DeepEqual(v, ada) {
		t.Errorf("the copy is %+v, %v, %v; want %+v", v, ok, err, ada)
	}
	if swapped, err := users.CompareAndSwap(ctx, "copy", ada, user{}); err != nil || !swapped {
		t.Errorf("the bytes of the copy: CompareAndSwap = %v, %v", swapped, err)
	}
	follow(t, []step{{[]string{"map", "set", "users", "bob", `{"Name":"Bob","age":5,"Score":2,"Friend":{"Name":"Ada"}}`}, 0, ""}})
	want := user{Name: "Bob", Age: 5, Score: 2, Friend: &user{Name: "Ada"}}
	if v, ok, err := users.Get(ctx, "bob"); err != nil || !ok || !reflect.DeepEqual(v, want) {
		t.Errorf("Get(bob) = %+v, %v, %v; want %+v", v, ok, err, want)
	}

	type point struct{ X, Y int8 }
	follow(t, []step{
		{[]string{"set", "add", "points", `{"X":1,"Y":-2}`}, 0, "1\n"},
		{[]string{"map", "set", "flags", "a", "--json", "true"}, 0, ""},
		{[]string{"map", "set", "pointers", "a", "--msgpack", "7"}, 0, ""},
		{[]string{"list", "push", "names", "Ada"}, 0, "1\n"},
		{[]string{"chan", "send", "points2", `{"X":1,"Y":-2}`}, 0, ""},
	})
	if has, err := collections.NewSet[point](rdb, "points").Has(ctx, point{1, -2}); err != nil || !has {
		t.Errorf("the point is there: %v, %v", has, err)
	}
	if v, _, err := collections.NewMap[string, bool](rdb, "flags").Get(ctx, "a"); err != nil || !v {
		t.Errorf("the flag is %v, %v", v, err)
	}
	if v, _, err := collections.NewMap[string, *int](rdb, "pointers").Get(ctx, "a"); err != nil || v == nil || *v != 7 {
		t.Errorf("the pointer is %v, %v", v, err)
	}
	if v, _, err := collections.NewList[string](rdb, "names").At(ctx, 0); err != nil || v != "Ada" {
		t.Errorf("the name is %q, %v", v, err)
	}
	if v, ok, err := channel.NewChan[point](rdb, "points2").TryRecv(ctx); err != nil || !ok || v != (point{1, -2}) {
		t.Errorf("received %v, %v, %v", v, ok, err)
	}
	if err := channel.NewMailbox[point](rdb, "from").Send(ctx, "to", point{3, 4}); err != nil {
		t.Fatal(err)
	}
	follow(t, []step{
		{[]string{"mailbox", "send", "to", "a\x1bb"}, 0, ""},
		{[]string{"mailbox", "recv", "to", "--idle", "0s", "-n", "1"}, 0, "from: {\"X\":3,\"Y\":4}\n"},
		{[]string{"mailbox", "recv", "to", "--idle", "0s", "--json"}, 0, "{\"from\":\"desir\",\"value\":\"a\\u001bb\"}\n"},
		{[]string{"chan", "send", "talk", "a\x1bb", "[1]"}, 0, ""},
		{[]string{"chan", "recv", "talk", "--idle", "0s"}, 0, "\"a\\x1bb\"\n[1]\n"},
	})
}

// TestWalkStreams prints elements before the iteration ends, and stops when the output
// is closed.
func TestWalkStreams(t *testing.T) {
	s := onServer(t)
	ctx, rdb := context.Background(), s.Client(t)
	many := collections.NewList[int](rdb, "many")
	if _, err := many.PushBack(ctx, make([]int, 20_000)...); err != nil {
		t.Fatal(err)
	}
	ls := func() (*io.PipeReader, <-chan int) {
		r, w := io.Pipe()
		done := make(chan int, 1)
		go func() {
			done <- run(ctx, []string{"list", "ls", "many"}, strings.NewReader(""), w, io.Discard)
			_ = w.Close()
		}()
		if _, err := io.ReadFull(r, make([]byte, 2)); err != nil {
			t.Fatal(err)
		}
		return r, done
	}
	gone, done := ls()
	_ = gone.CloseWithError(errors.New("no reader"))
	if status := <-done; status != 1 {
		t.Errorf("exit status %d without a reader, want 1", status)
	}
	r, done := ls()
	if err := many.Clear(ctx); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(r)
	if status := <-done; status != 0 || err != nil || len(rest) > 20_000 {
		t.Errorf("exit status %d, %v; %d bytes came from a list that was gone after its first element", status, err, len(rest))
	}
}

// interrupted matches the error of an interrupted command, with the number of lines
// sent if it reads lines.
var interrupted = regexp.MustCompile(`^desir: interrupted(; [01] lines? before (was|were) (stored|sent))?\n$`)

// TestInterrupt interrupts commands that read input, and commands that receive.
func TestInterrupt(t *testing.T) {
	onServer(t)
	for _, args := range [][]string{{"list", "push", "l"}, {"value", "set", "v", "-"}, {"chan", "send", "c"}, {"chan", "recv", "c"}} {
		ctx, cancel := context.WithCancel(context.Background())
		in, typing := io.Pipe()
		var errs bytes.Buffer
		done := make(chan int)
		go func() { done <- run(ctx, args, in, io.Discard, &errs) }()
		if args[1] != "recv" {
			fmt.Fprintln(typing, "a line") // is read: the command waits for more
		}
		cancel()
		if status := <-done; status != 1 || !interrupted.MatchString(errs.String()) {
			t.Errorf("%q: exit status %d, %q; want 1 and one line", args, status, errs.String())
		}
		_ = typing.Close()
	}
}

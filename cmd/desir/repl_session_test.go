package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/desir-go/desir/internal/redistest"
)

// TestOneConnection verifies that the commands of a session share one connection, as in
// redis-cli.
func TestOneConnection(t *testing.T) {
	s := redistest.StartServer(t)
	for _, tt := range []struct{ name, in, out string }{
		{"transaction", "MULTI\nSET a 1\nINCR a\nEXEC\nGET a\n", "OK\nQUEUED\nQUEUED\n1) \"OK\"\n2) (integer) 2\n2\n"},
		{"given up", "SET b 1\nMULTI\nSET b 2\nDISCARD\nGET b\n", "OK\nOK\nQUEUED\nOK\n1\n"},
		{"watched", "WATCH c\nSET c 1\nMULTI\nGET c\nEXEC\n", "OK\nOK\nOK\nQUEUED\n(nil)\n"},
		{"database", "SET d zero\nSELECT 3\nGET d\nSET d three\nSELECT 0\nGET d\n", "OK\nOK\n(nil)\nOK\nOK\nzero\n"},
		{"name", "CLIENT SETNAME me\nCLIENT GETNAME\n", "OK\nme\n"},
		{"blocking", "RPUSH e x\nBLPOP e 0\nBLPOP e 0.01\nSELECT 5\nGET d\n", "(integer) 1\n1) \"e\"\n2) \"x\"\n(nil)\nOK\n(nil)\n"},
	} {
		for url, embedded := range map[string]bool{"redis://" + s.Addr: false, "": true} {
			if embedded && (tt.name == "name" || tt.name == "blocking") {
				continue // the embedded one has no CLIENT
			}
			t.Setenv("DESIR_URL", url)
			status, out, errs := piped(t, tt.in, "repl", "--allow", "multi,exec,discard,watch,select")
			if status != 0 || out != tt.out || errs != "" {
				t.Errorf("%s, embedded: %t: exit status %d, %q, %q; want %q", tt.name, embedded, status, out, errs, tt.out)
			}
		}
	}
	if got := s.Client(t).Do(context.Background(), "get", "d").Val(); got != "zero" {
		t.Errorf("database 0 has %v", got)
	}
	redistest.Eventually(t, terminalTimeout, func() bool { return !strings.Contains(s.Client(t).ClientList(context.Background()).Val(), "db=5") }, "the session's connection ends with it")
}

// TestRefusedInSession verifies that the error names what to use instead.
func TestRefusedInSession(t *testing.T) {
	s := onServer(t)
	cluster := redistest.StartCluster(t, 0)
	for _, tt := range []struct{ url, line, want string }{
		{"redis://" + s.Addr, "SUBSCRIBE news", "desir topic sub NAME"},
		{"redis://" + s.Addr, "psubscribe n*", "--pattern"},
		{"redis://" + s.Addr, "MONITOR", "redis-cli monitor"},
		{"redis://" + s.Addr, "MULTI", "--allow"},
		{"redis+cluster://" + cluster.Addrs[0], "MULTI", "use the URL of one node"},
		{"redis+cluster://" + cluster.Addrs[0], "SELECT 0", "use the URL of one node"},
		{"redis+cluster://" + cluster.Addrs[0], "CLIENT TRACKING on", "use the URL of one node"},
	} {
		args := []string{"repl", "--url", tt.url}
		if !strings.Contains(tt.want, "--allow") {
			args = append(args, "--allow", "subscribe,psubscribe,monitor,multi,select,client tracking")
		}
		status, out, errs := piped(t, tt.line+"\nPING\n", args...)
		if status != 1 || out != "PONG\n" || !strings.Contains(errs, tt.want) {
			t.Errorf("%s at %s: exit status %d, %q, %q; want %q", tt.line, tt.url, status, out, errs, tt.want)
		}
	}
}

// TestSessionLost verifies that the error reports the lost state, and that the session
// goes on with another connection.
func TestSessionLost(t *testing.T) {
	s := onServer(t)
	admin, ctx := s.Client(t), context.Background()
	in, typing := io.Pipe()
	out, printed := io.Pipe()
	var errs bytes.Buffer
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"repl", "--allow", "select,multi,exec"}, in, printed, &errs)
		_ = printed.Close()
	}()
	lines := bufio.NewScanner(out)
	say := func(line string, want ...string) {
		t.Helper()
		fmt.Fprintln(typing, line)
		for _, w := range want {
			if !lines.Scan() || lines.Text() != w {
				t.Fatalf("%s: %q; want %q", line, lines.Text(), w)
			}
		}
	}
	say("SELECT 2", "OK")
	say("MULTI", "OK")
	say("SET a 1", "QUEUED")
	if n := admin.ClientKillByFilter(ctx, "TYPE", "normal", "SKIPME", "yes").Val(); n == 0 {
		t.Fatal("no client was killed")
	}
	say("EXEC")
	say("SET b 1", "OK")
	say("exit")
	status := <-done
	if text := errs.String(); status != 1 || !strings.Contains(text, "line 4: ") || !strings.Contains(text, "the session's connection was lost, with its transaction") {
		t.Errorf("exit status %d, %q; want an error that says so", status, text)
	}
	if a, b := admin.Exists(ctx, "a").Val(), admin.Exists(ctx, "b").Val(); a != 0 || b != 1 {
		t.Errorf("a: %d, b: %d; want b alone, in the URL's database", a, b)
	}
}

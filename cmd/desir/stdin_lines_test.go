package main

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/desir-go/desir/internal/redistest"
)

// manyLines returns n lines with numbers, except for the invalid one.
func manyLines(n, bad int, text, end string) string {
	var b strings.Builder
	for i := 1; i <= n; i++ {
		if i == bad {
			b.WriteString(text + end)
		} else {
			fmt.Fprintf(&b, "%d%s", i, end)
		}
	}
	return b.String()
}

// TestBadLine verifies that the error has the number of the failed line, and that the
// lines before it are stored.
func TestBadLine(t *testing.T) {
	huge := strings.Repeat("x", 2<<20)
	for _, tt := range []struct {
		args, count []string
		bad         string
		verb        string
	}{
		{[]string{"list", "push", "l"}, []string{"LLEN", "l"}, "{", "stored"},
		{[]string{"list", "push", "l", "--front"}, []string{"LLEN", "l"}, "[1", "stored"},
		{[]string{"set", "add", "s", "--json"}, []string{"SCARD", "s"}, "tea", "stored"},
		{[]string{"chan", "send", "c"}, []string{"LLEN", "c"}, "{", "sent"},
		{[]string{"chan", "send", "c"}, []string{"LLEN", "c"}, huge, "sent"},
		{[]string{"mailbox", "send", "m"}, []string{"LLEN", "m"}, "{", "sent"},
		{[]string{"mailbox", "send", "m"}, []string{"LLEN", "m"}, huge, "sent"},
		{[]string{"topic", "pub", "t"}, nil, "{", "published"},
		{[]string{"sortedset", "add", "z", "-1.5"}, []string{"ZCARD", "z"}, "{", "stored"},
		{[]string{"pq", "push", "q", "-1"}, []string{"ZCARD", "q"}, "{", "pushed"},
		{[]string{"pq", "push", "q", "1"}, []string{"ZCARD", "q"}, huge, "pushed"},
	} {
		for _, end := range []string{"\n", "\r\n"} {
			const n, bad = 1700, 1234
			rdb := onServer(t).Client(t)
			status, out, errs := piped(t, manyLines(n, bad, tt.bad, end), tt.args...)
			if status != 1 || out != "" || !strings.HasPrefix(errs, "desir: line 1234: ") || !strings.HasSuffix(errs, "; 1233 lines before were "+tt.verb+"\n") {
				t.Errorf("%q: exit status %d, %q, %.300q; want the line and the number of those before", tt.args, status, out, errs)
			}
			if tt.count != nil {
				if got, _ := rdb.Do(context.Background(), tt.count[0], tt.count[1]).Int(); got != bad-1 {
					t.Errorf("%q: %d are stored; want %d", tt.args, got, bad-1)
				}
			}
		}
	}
}

// TestLostLines verifies that the error has the lines that may be lost when the server
// goes away.
func TestLostLines(t *testing.T) {
	s := redistest.StartServer(t)
	p := redistest.NewProxy(t, s.Addr)
	t.Setenv("DESIR_URL", "redis://"+p.Addr())
	status, out, errs := piped(t, manyLines(500, 0, "", "\n"), "list", "push", "l")
	if status != 0 || out != "500\n" {
		t.Fatalf("exit status %d, %q, %q", status, out, errs)
	}
	p.CutReply(1, redistest.Command("rpush"))
	status, _, errs = piped(t, manyLines(500, 0, "", "\n"), "list", "push", "l")
	if status != 1 || !strings.HasPrefix(errs, "desir: lines 1 to 500: ") || !strings.Contains(errs, "executed") || !strings.HasSuffix(errs, "; 0 lines before were stored\n") {
		t.Errorf("exit status %d, %q; want the lines", status, errs)
	}
}

// TestLineEnds removes LF and CRLF from the end of a line, and nothing else.
func TestLineEnds(t *testing.T) {
	rdb, ctx := onServer(t).Client(t), context.Background()
	if status, out, errs := piped(t, "a\r\nb\r\r\n\r\n c \nd\r", "list", "push", "l"); status != 0 || out != "5\n" {
		t.Fatalf("exit status %d, %q, %q", status, out, errs)
	}
	if got, want := rdb.LRange(ctx, "l", 0, -1).Val(), []string{"a", "b\r", "", " c ", "d\r"}; strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("%q are stored; want %q", got, want)
	}
	if status, _, errs := piped(t, "one\r\ntwo\r\n", "value", "set", "v", "-"); status != 0 {
		t.Fatalf("exit status %d, %q", status, errs)
	}
	if got := rdb.Get(ctx, "v").Val(); got != "one\r\ntwo" {
		t.Errorf("%q is stored", got)
	}
}

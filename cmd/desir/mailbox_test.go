package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/desir-go/desir/internal/redistest"
)

// outcome is the result of one run of the tool.
type outcome struct {
	status    int
	out, errs string
}

// listening runs the tool concurrently with the test.
func listening(args ...string) <-chan outcome {
	done := make(chan outcome, 1)
	go func() {
		var out, errs bytes.Buffer
		status := run(context.Background(), args, strings.NewReader(""), &out, &errs)
		done <- outcome{status, out.String(), errs.String()}
	}()
	return done
}

// TestMailbox sends letters between two processes through a server.
func TestMailbox(t *testing.T) {
	s := redistest.StartServer(t)
	t.Setenv("DESIR_URL", "redis://"+s.Addr)
	heard := listening("mailbox", "recv", "ada", "-n", "4")
	if status, _, errs := tool(t, "mailbox", "send", "ada", "hello", "two words", "--from", "bob"); status != 0 {
		t.Fatalf("exit status %d, %q", status, errs)
	}
	if status, _, errs := piped(t, "from\na pipe", "mailbox", "send", "ada"); status != 0 {
		t.Fatalf("exit status %d, %q", status, errs)
	}
	if got, want := (<-heard), (outcome{0, "bob: hello\nbob: two words\ndesir: from\ndesir: a pipe\n", ""}); got != want {
		t.Errorf("heard %+v, want %+v", got, want)
	}
	follow(t, []step{
		{[]string{"mailbox", "send", "ada", "left"}, 0, ""},
		{[]string{"mailbox", "len", "ada"}, 0, "1\n"},
		{[]string{"mailbox", "recv", "ada", "--idle", "0s"}, 0, "desir: left\n"},
		{[]string{"mailbox", "recv", "ada", "--idle", "10ms"}, 0, ""},
		{[]string{"chan", "send", "ada", "no letter"}, 0, ""},
		{[]string{"mailbox", "recv", "ada", "--idle", "0s"}, 1, ""},
		{[]string{"mailbox", "send", "", "x"}, 1, ""},
		{[]string{"mailbox", "send", "ada", "x", "--from", ""}, 1, ""},
		{[]string{"mailbox", "send"}, 2, ""},
	})
	t.Setenv("DESIR_URL", "")
	if status, _, errs := tool(t, "mailbox", "len", "ada"); status != 1 || !strings.Contains(errs, "--url") {
		t.Errorf("without a URL: exit status %d, %q", status, errs)
	}
}

package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/desir-go/desir/internal/redistest"
)

// outcome is what one run of the tool has left.
type outcome struct {
	status    int
	out, errs string
}

// listening runs the tool beside the test.
func listening(args ...string) <-chan outcome {
	done := make(chan outcome, 1)
	go func() {
		var out, errs bytes.Buffer
		status := run(context.Background(), args, strings.NewReader(""), &out, &errs)
		done <- outcome{status, out.String(), errs.String()}
	}()
	return done
}

// TestMailbox lets two terminals write to each other through a server.
func TestMailbox(t *testing.T) {
	s := redistest.StartServer(t)
	t.Setenv("DESIR_URL", "redis://"+s.Addr)
	heard := listening("mailbox", "recv", "ada", "-n", "4")
	if status, _, errs := tool(t, "mailbox", "send", "ada", "hello", "two words", "--from", "bob"); status != 0 {
		t.Fatalf("exit status %d, %q", status, errs)
	}
	var out, errs bytes.Buffer
	if status := run(context.Background(), []string{"mailbox", "send", "ada"}, strings.NewReader("from\na pipe"), &out, &errs); status != 0 {
		t.Fatalf("exit status %d, %q", status, errs.String())
	}
	if got, want := (<-heard), (outcome{0, "bob: hello\nbob: two words\ndesir: from\ndesir: a pipe\n", ""}); got != want {
		t.Errorf("heard %+v, want %+v", got, want)
	}
	for _, step := range []struct {
		args   []string
		status int
		out    string
	}{
		{[]string{"mailbox", "send", "ada", "left"}, 0, ""},
		{[]string{"mailbox", "len", "ada"}, 0, "1\n"},
		{[]string{"mailbox", "recv", "ada", "--idle", "0s"}, 0, "desir: left\n"},
		{[]string{"mailbox", "recv", "ada", "--idle", "10ms"}, 0, ""},
		{[]string{"chan", "send", "ada", "no letter"}, 0, ""},
		{[]string{"mailbox", "recv", "ada", "--idle", "0s"}, 1, ""},
		{[]string{"mailbox", "send", "", "x"}, 1, ""},
		{[]string{"mailbox", "send", "ada", "x", "--from", ""}, 1, ""},
		{[]string{"mailbox", "send"}, 2, ""},
	} {
		status, out, errs := tool(t, step.args...)
		lines := 0
		if step.status != 0 {
			lines = 1
		}
		if status != step.status || out != step.out || strings.Count(errs, "\n") != lines {
			t.Errorf("%q: exit status %d, %q, %q; want %d, %q", step.args, status, out, errs, step.status, step.out)
		}
	}
	t.Setenv("DESIR_URL", "")
	if status, _, errs := tool(t, "mailbox", "len", "ada"); status != 1 || !strings.Contains(errs, "--url") {
		t.Errorf("without a URL: exit status %d, %q", status, errs)
	}
}

package main

import (
	"strings"
	"testing"

	"github.com/desir-go/desir/internal/redistest"
)

// TestChan sends values from one process to another through a server.
func TestChan(t *testing.T) {
	s := redistest.StartServer(t)
	t.Setenv("DESIR_URL", "redis://"+s.Addr)
	heard := listening("chan", "recv", "talk", "--count", "4")
	if status, _, errs := tool(t, "chan", "send", "talk", "hello", "two words"); status != 0 {
		t.Fatalf("exit status %d, %q", status, errs)
	}
	if status, _, errs := piped(t, "from\na pipe", "chan", "send", "talk"); status != 0 {
		t.Fatalf("exit status %d, %q", status, errs)
	}
	if got, want := (<-heard), (outcome{0, "hello\ntwo words\nfrom\na pipe\n", ""}); got != want {
		t.Errorf("heard %+v, want %+v", got, want)
	}
	follow(t, []step{
		{[]string{"chan", "send", "talk", "left"}, 0, ""},
		{[]string{"chan", "len", "talk"}, 0, "1\n"},
		{[]string{"chan", "close", "talk"}, 0, ""},
		{[]string{"chan", "send", "talk", "late"}, 1, ""},
		{[]string{"chan", "recv", "talk"}, 0, "left\n"},
		{[]string{"chan", "reopen", "talk"}, 0, ""},
		{[]string{"chan", "recv", "talk", "--idle", "10ms"}, 0, ""},
		{[]string{"chan", "send", "talk", "--buffer=-1", "x"}, 1, ""},
		{[]string{"chan", "send", "", "x"}, 1, ""},
	})
	t.Setenv("DESIR_URL", "")
	if status, _, errs := tool(t, "chan", "len", "talk"); status != 1 || !strings.Contains(errs, "--url") {
		t.Errorf("without a URL: exit status %d, %q", status, errs)
	}
}

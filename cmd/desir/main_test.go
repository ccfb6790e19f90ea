package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"github.com/desir-go/desir/internal/redistest"
)

// asProgram is the first argument with which the test binary is a program that holds a lock.
const asProgram = "program"

// runProgram is that program, where "desir lock run" is tested.
var runProgram func(words []string)

func TestMain(m *testing.M) {
	if runProgram != nil && len(os.Args) > 2 && os.Args[1] == asProgram {
		runProgram(os.Args[2:])
	}
	if os.Getenv(asTool) != "" {
		main()
	}
	if len(os.Args) > 1 && os.Args[1] == "tour-worker" { // a tour runs its own program
		os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(redistest.Main(m))
}

// tool runs the tool and returns its exit status and its output.
func tool(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	return piped(t, "", args...)
}

// piped is tool with standard input.
func piped(t *testing.T, in string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = run(context.Background(), args, strings.NewReader(in), &out, &errs)
	return status, out.String(), errs.String()
}

// step is one run of the tool and its expected result. If the status is not 0, a line
// on standard error is expected too.
type step struct {
	args   []string
	status int
	out    string
}

// follow runs the tool step by step.
func follow(t *testing.T, steps []step) {
	t.Helper()
	for _, s := range steps {
		status, out, errs := tool(t, s.args...)
		lines := 0
		if s.status != 0 {
			lines = 1
		}
		if status != s.status || out != s.out || strings.Count(errs, "\n") != lines {
			t.Errorf("%q: exit status %d, %q, %q; want %d, %q", s.args, status, out, errs, s.status, s.out)
		}
	}
}

func TestWrongUse(t *testing.T) {
	dead := redistest.StartServer(t)
	dead.Kill()
	dir := t.TempDir()
	for name, tt := range map[string]struct {
		args   []string
		status int
		text   string
	}{
		"unknown command":   {[]string{"tuor"}, 2, `did you mean "tour"`},
		"unknown beneath":   {[]string{"map", "gte", "m"}, 2, "see desir map --help"},
		"nothing beneath":   {[]string{"map"}, 2, `expected one of "ls", "get"`},
		"a Redis command":   {[]string{"get", "k"}, 2, "desir do GET key"},
		"flags without URL": {[]string{"map", "ls", "m", "--tls"}, 1, "--url"},
		"TLS to a socket":   {[]string{"map", "ls", "m", "--tls", "--url", "unix:///run/redis"}, 1, "socket"},
		"missing CA file":   {[]string{"map", "ls", "m", "--cacert", "/no/such/file", "--url", "redis://localhost"}, 1, "/no/such/file"},
		"no such shell":     {[]string{"completion", "tcsh"}, 2, "bash"},
		"no score":          {[]string{"sortedset", "add", "z", "x", "m"}, 2, "is not a number"},
		"unknown flag":      {[]string{"tour", "--nope"}, 2, "--nope"},
		"no such file":      {[]string{"tour", "/no/such/file"}, 1, "/no/such/file"},
		"one of two":        {[]string{"tour", "main.go", "/no/such/file"}, 1, "/no/such/file"},
		"a directory":       {[]string{"tour", dir}, 1, "directory"},
		"no workers":        {[]string{"tour", "--workers", "0"}, 1, "--workers"},
		"too many workers":  {[]string{"tour", "--workers", "1000"}, 1, "--workers"},
		"negative top":      {[]string{"tour", "--top=-1"}, 1, "--top"},
		"no server":         {[]string{"tour", "--url", "redis://" + dead.Addr + "?max_retries=-1"}, 1, dead.Addr},
		"no number":         {[]string{"counter", "add", "c", "x"}, 2, "is not a 64-bit integer"},
		"no URL":            {[]string{"map", "ls", "m"}, 1, "--url"},
		"escapes":           {[]string{"tour", "no\x1b[31m"}, 1, `\x1b[31m`},
		"two forms":         {[]string{"value", "set", "v", "--json", "--text", "1"}, 2, "--json"},
		"not a URL":         {[]string{"tour", "--url", "localhost:6379"}, 1, "scheme"},
		"password in a URL": {[]string{"tour", "--url", "redis://u:s3cret@h:x"}, 1, "address"},
	} {
		t.Run(name, func(t *testing.T) {
			status, out, errs := tool(t, tt.args...)
			if status != tt.status || !strings.Contains(errs, tt.text) {
				t.Errorf("exit status %d, %q; want %d and %q", status, errs, tt.status, tt.text)
			}
			if !strings.HasPrefix(errs, "desir: ") || strings.Count(errs, "\n") != 1 {
				t.Errorf("stderr is %q, want one line", errs)
			}
			if out != "" {
				t.Errorf("stdout is %q, want nothing", out)
			}
			if strings.Contains(errs, "\x1b") {
				t.Errorf("stderr has an escape: %q", errs)
			}
			if strings.Contains(errs, "s3cret") {
				t.Errorf("stderr shows the password: %q", errs)
			}
		})
	}
}

func TestHelpAndVersion(t *testing.T) {
	for _, args := range [][]string{nil, {"--help"}, {"ls", "--help"}, {"tour", "--help"}, {"map", "set", "--help"}} {
		status, out, errs := tool(t, args...)
		if status != 0 || !strings.Contains(out, "Usage: desir") || errs != "" {
			t.Errorf("%q: exit status %d, %q, %q", args, status, out, errs)
		}
	}
	_, version, _ := tool(t, "version")
	for _, args := range [][]string{{"version"}, {"--version"}, {"map", "--version"}} {
		status, out, _ := tool(t, args...)
		if status != 0 || !strings.HasPrefix(out, "desir ") || out != version {
			t.Errorf("%q: exit status %d, %q", args, status, out)
		}
	}
	if _, out, _ := tool(t); !strings.Contains(out, "Exit status: 0 on success") {
		t.Errorf("the usage lacks the exit status: %q", out)
	}
}

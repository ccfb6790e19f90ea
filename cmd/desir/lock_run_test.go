//go:build unix

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/lock"
)

func init() { runProgram = heldProgram }

// heldProgram is the program that holds a lock.
func heldProgram(words []string) {
	switch words[0] {
	case "script": // whose programs are the tool
		_ = syscall.Exec(words[1], []string{words[1], "-c", words[2]}, os.Environ())
	case "shell": // with job control, whose programs are the tool
		_ = syscall.Exec(words[1], []string{words[1], "--norc", "--noprofile", "-i"}, os.Environ())
	case "exit":
		status, _ := strconv.Atoi(words[1])
		os.Exit(status)
	case "die": // by a signal
		n, _ := strconv.Atoi(words[1])
		_ = syscall.Kill(os.Getpid(), syscall.Signal(n))
		select {}
	case "token":
		fmt.Println(os.Getenv("DESIR_LOCK_TOKEN"))
	case "copy":
		_, _ = io.Copy(os.Stdout, os.Stdin)
	case "catch": // says which signal it gets
		signals := make(chan os.Signal, 16)
		signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
		fmt.Println("ready", os.Getpid())
		fmt.Println("caught", <-signals)
		os.Exit(7)
	case "stubborn", "parent": // the first one ignores SIGTERM, as the child of both does
		if words[0] == "stubborn" {
			signal.Ignore(syscall.SIGTERM)
		}
		child := exec.Command(os.Args[0], asProgram, "stubborn-child")
		child.Stdout = os.Stdout
		_ = child.Start()
		fmt.Println("ready", os.Getpid())
		select {}
	case "stubborn-child":
		signal.Ignore(syscall.SIGTERM)
		fmt.Println("child", os.Getpid())
		select {}
	case "terminal": // reads lines from the terminal, and counts SIGINT
		signals := make(chan os.Signal, 16)
		signal.Notify(signals, syscall.SIGINT)
		var came atomic.Int64
		go func() {
			for range signals {
				fmt.Println("signal", came.Add(1))
			}
		}()
		fmt.Println("begins")
		lines := bufio.NewReader(os.Stdin)
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				fmt.Println("error", err)
				os.Exit(1)
			}
			fmt.Printf("read %q after %d signals\n", line, came.Load())
			if line == "end\n" {
				os.Exit(0)
			}
		}
	}
	os.Exit(0)
}

// running is "desir lock run" in a process.
type running struct {
	t     *testing.T
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Reader
	errs  bytes.Buffer
	ended chan struct{}
}

// startRun starts "desir lock run" with these arguments. What follows -- is a role of runProgram.
func startRun(t *testing.T, args ...string) *running {
	t.Helper()
	var words []string
	for _, a := range args {
		if words = append(words, a); a == "--" {
			words = append(words, os.Args[0], asProgram)
		}
	}
	r := &running{t: t, cmd: exec.Command(os.Args[0], append([]string{"lock", "run"}, words...)...), ended: make(chan struct{})}
	r.cmd.Env = append(os.Environ(), asTool+"=1")
	r.cmd.Stderr = &r.errs
	out, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.cmd.Stdout, r.out = w, bufio.NewReader(out)
	if r.in, err = r.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	go func() {
		defer close(r.ended)
		_ = r.cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = r.cmd.Process.Kill()
		<-r.ended
		_ = out.Close()
	})
	return r
}

// line returns the next line of output.
func (r *running) line() string {
	r.t.Helper()
	line, err := r.out.ReadString('\n')
	if err != nil {
		r.t.Fatalf("no line: %q, %v, %s", line, err, r.errs.String())
	}
	return strings.TrimSuffix(line, "\n")
}

// pid returns the process ID in the next line, after a word.
func (r *running) pid(word string) int {
	r.t.Helper()
	line := r.line()
	pid, err := strconv.Atoi(strings.TrimPrefix(line, word+" "))
	if err != nil {
		r.t.Fatalf("%q; want %s and a process ID", line, word)
	}
	return pid
}

func (r *running) signal(sig os.Signal) {
	r.t.Helper()
	if err := r.cmd.Process.Signal(sig); err != nil {
		r.t.Error(err)
	}
}

// ends waits for the end and compares the status.
func (r *running) ends(status int, errs string) {
	r.t.Helper()
	select {
	case <-r.ended:
	case <-time.After(time.Minute):
		r.t.Fatal("it does not end")
	}
	if got := r.cmd.ProcessState.ExitCode(); got != status || !strings.Contains(r.errs.String(), errs) || errs == "" && r.errs.Len() > 0 {
		r.t.Errorf("%q: exit status %d, %q; want %d, %q", r.cmd.Args[1:], got, r.errs.String(), status, errs)
	}
}

// gone waits until a process has ended.
func gone(t *testing.T, pid int) {
	t.Helper()
	redistest.Eventually(t, 20*time.Second, func() bool {
		if syscall.Kill(pid, 0) != nil {
			return true
		}
		state, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
		return err == nil && bytes.Contains(state, []byte(") Z ")) // of an orphan, where process 1 does not wait for it
	}, "the process ends")
}

// isFree checks that nobody holds the lock.
func isFree(t *testing.T, name string) {
	t.Helper()
	if status, out, errs := tool(t, "lock", "show", name); status != 1 || !strings.Contains(errs, "nobody holds it") {
		t.Errorf("the lock is not free: exit status %d, %q, %q", status, out, errs)
	}
}

// TestLockRun runs programs to their end.
func TestLockRun(t *testing.T) {
	s := onServer(t)
	for _, c := range []struct {
		args   []string
		status int
		errs   string
	}{
		{[]string{"m", "--", "exit", "0"}, 0, ""},
		{[]string{"m", "--ttl", "5s", "--wait", "1m", "--", "exit", "3"}, 3, ""},
		{[]string{"m", "--skip", "--", "exit", "123"}, 123, ""},
		{[]string{"m", "--", "die", "9"}, 128 + 9, ""},
		{[]string{"m", "--ttl", "5ms", "--", "exit", "0"}, statusNoLock, "5ms"},
		{[]string{"a}b", "--", "exit", "0"}, statusNoLock, "name"},
		{[]string{"m", "--wait", "1s", "--skip", "--", "exit", "0"}, 2, "--skip"},
	} {
		startRun(t, c.args...).ends(c.status, c.errs)
	}
	isFree(t, "m")
	folder := t.TempDir()
	script := filepath.Join(folder, "script")
	if err := os.WriteFile(script, []byte("#!/no/such/interpreter\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	follow(t, []step{
		{[]string{"lock", "run", "m", "--", "no-such-program"}, statusNotFound, ""},
		{[]string{"lock", "run", "m", "--", folder + "/none"}, statusNotFound, ""},
		{[]string{"lock", "run", "m", "--", folder}, statusCannot, ""},
		{[]string{"lock", "run", "m", "--", script}, statusNotFound, ""},
		{[]string{"lock", "run", "m", "--"}, 2, ""},
		{[]string{"lock", "run", "m"}, 2, ""},
	})
	isFree(t, "m")

	var last int64
	for range 2 {
		r := startRun(t, "m", "--", "token")
		token, err := strconv.ParseInt(r.line(), 10, 64)
		if err != nil || token <= last {
			t.Errorf("token %d after %d, %v", token, last, err)
		}
		last = token
		r.ends(0, "")
	}
	r := startRun(t, "m", "--", "copy")
	if _, err := io.WriteString(r.in, "from standard input\n"); err != nil {
		t.Error(err)
	}
	if got := r.line(); got != "from standard input" {
		t.Errorf("the program read %q", got)
	}
	_ = r.in.Close()
	r.ends(0, "")

	s.Kill()
	startRun(t, "m", "--", "exit", "0").ends(statusNoLock, s.Addr)
	t.Setenv("DESIR_URL", "")
	startRun(t, "m", "--", "exit", "0").ends(statusNoLock, "--url")
}

// TestLockRunWaits runs a program while another process holds the lock.
func TestLockRunWaits(t *testing.T) {
	s := onServer(t)
	held, err := lock.NewMutex(s.Client(t), "m").Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	startRun(t, "m", "--skip", "--", "token").ends(statusNotFree, "the lock is not free")
	startRun(t, "m", "--wait", "10ms", "--", "token").ends(statusNotFree, "the lock is not free")
	waits := func() *running {
		t.Helper()
		r := startRun(t, "m", "--", "token")
		redistest.Eventually(t, 20*time.Second, func() bool {
			_, out, _ := tool(t, "lock", "show", "m")
			return strings.Contains(out, "1 process waits")
		}, "it waits")
		return r
	}
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
		r := waits()
		r.signal(sig)
		r.ends(128+int(sig), "interrupted")
		redistest.Eventually(t, 20*time.Second, func() bool {
			_, out, _ := tool(t, "lock", "show", "m")
			return strings.Contains(out, "0 processes wait")
		}, "nobody waits")
	}
	r := waits()
	if err := held.Unlock(t.Context()); err != nil {
		t.Error(err)
	}
	r.line()
	r.ends(0, "")
}

// TestLockRunSignals forwards signals to the program.
func TestLockRunSignals(t *testing.T) {
	onServer(t)
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
		r := startRun(t, "m", "--", "catch")
		r.pid("ready")
		r.signal(sig)
		if got := r.line(); got != "caught "+sig.String() {
			t.Errorf("%v: %q", sig, got)
		}
		r.ends(7, "")
		isFree(t, "m")
	}
}

// TestLockRunLost breaks the lock while programs run.
func TestLockRunLost(t *testing.T) {
	s := onServer(t)
	r := startRun(t, "m", "--ttl", "3s", "--", "catch")
	r.pid("ready")
	if status, _, errs := tool(t, "lock", "break", "m", "--force"); status != 0 {
		t.Errorf("exit status %d, %q", status, errs)
	}
	if got := r.line(); got != "caught terminated" {
		t.Errorf("%q; want SIGTERM", got)
	}
	r.ends(statusLost, "the lock was lost")

	for _, role := range []string{"stubborn", "parent"} {
		r = startRun(t, "m", "--ttl", "1s", "--", role)
		pids := map[string]int{}
		for range 2 {
			word, pid, _ := strings.Cut(r.line(), " ")
			pids[word], _ = strconv.Atoi(pid)
		}
		if status, _, errs := tool(t, "lock", "break", "m"); status != 0 {
			t.Errorf("exit status %d, %q", status, errs)
		}
		r.ends(statusLost, "the lock was lost")
		gone(t, pids["ready"])
		gone(t, pids["child"])
		isFree(t, "m")
	}

	r = startRun(t, "m", "--ttl", "1s", "--", "catch")
	r.pid("ready")
	s.Freeze() // no renewal
	r.ends(statusLost, "the lock was lost")
}

// TestLockRunKilled kills the tool. The lock is free after its TTL, and on Linux the program ends.
func TestLockRunKilled(t *testing.T) {
	onServer(t)
	r := startRun(t, "m", "--ttl", "2s", "--", "catch")
	pid := r.pid("ready")
	r.signal(syscall.SIGKILL)
	r.ends(-1, "")
	if runtime.GOOS == "linux" {
		gone(t, pid)
	} else {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	redistest.Eventually(t, 20*time.Second, func() bool {
		status, _, _ := tool(t, "lock", "show", "m")
		return status == 1
	}, "the lock is free")
}

// TestLockRunAtTerminal has a program read from the terminal, which then sends it Ctrl-C.
func TestLockRunAtTerminal(t *testing.T) {
	onServer(t)
	term := atTerminal(t, "lock", "run", "m", "--", os.Args[0], asProgram, "terminal")
	term.expect("begins")
	term.keys("one\n")
	term.expect(`read "one\n" after 0 signals`)
	term.keys("\x03")
	term.expect("^C")
	term.expect("signal 1")
	term.keys("two\n")
	term.expect(`read "two\n" after 1 signals`)
	term.keys("end\n")
	term.expect(`read "end\n" after 1 signals`)
	select {
	case <-term.ended:
	case <-time.After(terminalTimeout):
		t.Fatal("it goes on")
	}
	if term.err != nil {
		t.Error(term.err)
	}
	isFree(t, "m")
}

// TestLockRunInScript has a script read from the terminal after the program has.
func TestLockRunInScript(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip(err)
	}
	onServer(t)
	script := fmt.Sprintf(`"%[1]s" lock run m -- "%[1]s" %[2]s terminal; read line; echo "the script read $line"`, os.Args[0], asProgram)
	term := atTerminal(t, asProgram, "script", sh, script)
	term.expect("begins")
	term.keys("end\n")
	term.expect(`read "end\n" after 0 signals`)
	term.keys("more\n")
	term.expect("the script read more")
	<-term.ended
}

// TestLockRunSuspended suspends a program from a shell with job control, and continues it.
func TestLockRunSuspended(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip(err)
	}
	onServer(t)
	term := atTerminal(t, asProgram, "shell", bash)
	term.keys("PS1='shell> '\r")
	term.expect("shell> '")
	term.expect("shell> ")
	term.keys(os.Args[0] + " lock run m -- " + os.Args[0] + " " + asProgram + " terminal\r")
	term.expect("begins")
	term.keys("one\r")
	term.expect(`read "one\n" after 0 signals`)
	term.keys("\x1a")
	term.expect("Stopped")
	term.expect("shell> ")
	term.keys("fg\r")
	term.expect("terminal")
	term.keys("two\r")
	term.expect(`read "two\n" after 0 signals`)
	term.keys("end\r")
	term.expect(`read "end\n" after 0 signals`)
	term.expect("shell> ")
	term.keys("exit\r")
	<-term.ended
}

package redistest

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestServersDieWithTheirProgram kills a program that has started a server.
func TestServersDieWithTheirProgram(t *testing.T) {
	const child = "REDISTEST_CHILD"
	needServer(t, "redis")
	if os.Getenv(child) != "" {
		s, err := startServer(nil)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("server %d %s\n", s.PID(), s.Dir)
		select {} // until the process is killed
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), child+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	for in := bufio.NewScanner(out); pid == 0 && in.Scan(); {
		if f := strings.Fields(in.Text()); len(f) == 3 && f[0] == "server" {
			if pid, err = strconv.Atoi(f[1]); err != nil {
				t.Error(err)
			}
			t.Cleanup(func() { _ = os.RemoveAll(f[2]) })
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait() // killed
	if pid == 0 {
		t.Fatal("the program started no server")
	}
	Eventually(t, 10*time.Second, func() bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) },
		fmt.Sprintf("server %d ends with the program that started it", pid))
}

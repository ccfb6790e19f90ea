package integration

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
)

const victim = "DESIR_TEST_VICTIM" // environment variable: how TestVictim ends

// TestVictim starts a container and a cluster of containers and ends its process.
// TestReaper starts it.
func TestVictim(t *testing.T) {
	end := os.Getenv(victim)
	if end == "" {
		t.Skip("not started by TestReaper")
	}
	New(t, Container())
	t.Run("sub", func(t *testing.T) {
		Cluster(t, Container())
		fmt.Println("\nready")
		if end == "panic" {
			panic("as ordered")
		}
		_, _ = io.Copy(io.Discard, os.Stdin) // until the parent ends or kills this process
	})
}

// TestReaper ends a process with shared containers, by a panic and by a signal.
// Nothing remains, or the next process removes it.
func TestReaper(t *testing.T) {
	docker := needEngine(t, "this test needs Docker", "docker")
	for _, end := range []string{"panic", "kill"} {
		t.Run(end, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0], "-test.run=^TestVictim$", "-test.v")
			cmd.Env = append(os.Environ(), victim+"="+end)
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			defer in.Close()
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			owner := strings.TrimSuffix(owner(), fmt.Sprint(os.Getpid())) + fmt.Sprint(cmd.Process.Pid)
			var output strings.Builder
			ready := false
			for lines := bufio.NewScanner(out); lines.Scan(); {
				fmt.Fprintln(&output, lines.Text())
				if lines.Text() == "ready" {
					ready = true
					if end == "kill" {
						if containers, nets := countOwned(t, docker, owner); containers != 4 || nets != 1 {
							t.Errorf("%d containers and %d networks; want 4 and 1", containers, nets)
						}
						_ = cmd.Process.Kill()
					}
				}
			}
			err = cmd.Wait()
			if err == nil && !ready { // TestVictim was skipped
				skipMissing(t, "no cluster of containers here:\n"+output.String(), "docker")
			}
			if err == nil || !ready {
				t.Fatalf("the process ended well, or too early (%v):\n%s", err, output.String())
			}
			if end == "kill" {
				reap(docker, ownerEnded) // what the next process does
			}
			if containers, nets := countOwned(t, docker, owner); containers+nets != 0 {
				t.Errorf("%d containers and %d networks remain; output:\n%s", containers, nets, output.String())
			}
		})
	}
}

// countOwned counts the containers and networks of a process.
func countOwned(t *testing.T, docker *testcontainers.DockerClient, owner string) (containers, nets int) {
	t.Helper()
	its := client.Filters{}.Add("label", ownerLabel+"="+owner)
	all, err := docker.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: its})
	if err != nil {
		t.Fatal(err)
	}
	nn, err := docker.NetworkList(ctx, client.NetworkListOptions{Filters: its})
	if err != nil {
		t.Fatal(err)
	}
	return len(all.Items), len(nn.Items)
}
